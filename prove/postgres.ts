import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connect } from "../db/connect.ts";
import { furnish } from "../db/embedded_files.ts";
import type { Account } from "../db/embedded_process.ts";
import { childrenOf, freePort, launch, type Program, send, until } from "./programs.ts";

/** A PostgreSQL of a run: on a port of the loopback, whoever may connect is trusted. */
export interface Postgres {
  port: number;
  data: string;
  account: Account;
  /** The folder of its programs. */
  binaries: string;
  /** Its address for whoever connects to it. */
  url: string;
  /** Starts it where it does not run, recovery included. Resolves when it answers. */
  start(): Promise<void>;
  /** Asks it to end: open transactions are rolled back. */
  stop(): Promise<void>;
  /** `kill -9` for all of its processes at once: what was not written yet is gone. */
  kill(): Promise<void>;
  /** Holds up all of its processes, as a machine does that hangs; and lets them go on. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  said(): Promise<string>;
}

export interface PostgresOptions {
  name?: string;
  /** Lines of `postgresql.conf`. */
  settings?: Record<string, string | number>;
}

const NAME = "holdfast";

/** Makes a database cluster in a folder, of the binaries that Holdfast brings along, and starts it. */
export async function openPostgres(
  folder: string,
  { name = "postgres", settings = {} }: PostgresOptions = {},
): Promise<Postgres> {
  const { binaries, db, account } = await furnish(join(folder, name), () => {});
  const place = join(folder, `${name}-runs`);
  await Deno.mkdir(place);
  await Deno.chmod(place, 0o777);
  const server = runsIn({
    name,
    folder: place,
    data: db,
    account,
    binaries: join(binaries, "bin"),
    settings,
  });
  await server.start();
  await createDatabase(server);
  return server;
}

interface Cluster extends Required<PostgresOptions> {
  /** For its log and its socket. */
  folder: string;
  data: string;
  account: Account;
  binaries: string;
  port?: number;
}

/** A cluster that is there already; it is not started yet. */
export function runsIn(
  { name, folder, data, account, binaries, settings, port = freePort() }: Cluster,
): Postgres {
  let program: Program | undefined;
  const url = `postgres://${NAME}@127.0.0.1:${port}/${NAME}`;
  const given = {
    ...{ listen_addresses: "127.0.0.1", port, unix_socket_directories: folder, timezone: "UTC", jit: "off" },
    ...settings,
  };
  const options = Object.entries(given).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
  const all = async () => program?.isRunning() ? [program.pid, ...await childrenOf(program.pid)] : [];
  const signal = async (which: Deno.Signal) => (await all()).forEach((pid) => send(pid, which));

  async function start() {
    if (program?.isRunning()) return;
    const deadline = performance.now() + 60_000;
    while (true) {
      const argv = [join(binaries, "postgres"), "-D", data, ...options];
      program = await launch({ name, argv, folder, account });
      await until("PostgreSQL answers", async () => !program!.isRunning() || await answers(url));
      if (program.isRunning()) return;
      // The children of one that was killed need a moment to notice that it is gone.
      if (performance.now() > deadline) {
        throw new Error(`PostgreSQL does not start:\n${await program.said()}`);
      }
      await pause(100);
    }
  }

  return {
    ...{ port, data, account, binaries, url, start },
    async stop() {
      await signal("SIGCONT");
      await program?.end("SIGINT");
    },
    async kill() {
      await signal("SIGKILL");
      await program?.ended;
    },
    freeze: () => signal("SIGSTOP"),
    thaw: () => signal("SIGCONT"),
    said: async () => await program?.said() ?? "",
  };
}

async function answers(url: string): Promise<boolean> {
  const sql = connect(url, { max: 1, name: "prove" });
  try {
    await sql`select 1`;
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "3D000"; // no database of ours in it yet
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function createDatabase({ url }: Postgres): Promise<void> {
  const sql = connect(url.replace(/[^/]+$/, "postgres"), { max: 1, name: "prove" });
  await sql`create database ${sql(NAME)}`;
  await sql.end();
}
