import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import postgres from "postgres";
import { failure, furnish, type Home, lock, logSince, logSize, readPidFile } from "./embedded_files.ts";
import { awaitEnd, EmbeddedFailed, guard, type Guarded } from "./embedded_process.ts";

export { DataDirInUse } from "./embedded_files.ts";
export { EmbeddedFailed } from "./embedded_process.ts";

/** A PostgreSQL that runs as our child on a socket, and is started again when it fails. */
export interface Embedded {
  /** What postgres.js needs to connect; the host is the folder of the socket. */
  connection: { host: string; database: string; username: string; port?: number };
  /** Stops it: open transactions are rolled back. May be called twice. Resolves when it is gone. */
  stop(): Promise<void>;
  /** The process id of the server, a new one after each restart. */
  pid(): Promise<number>;
}

/** Who is told of starts and failures. */
export interface EmbeddedLog {
  info(message: string): void;
  warn(message: string): void;
  /** It failed so often that it is not started again. */
  lost?(message: string): void;
}

type Connection = Embedded["connection"];
type Answer = "ready" | "starting" | "no database" | "silent";

const PORT = 5432; // only part of the socket's name
const NAME = "holdfast";
const MOST_FAILURES_A_MINUTE = 5;
const LONGEST_SILENCE = 60_000;
const LONGEST_CLEARING = 10_000;
// The children of a killed server need a moment to notice that it is gone.
const STILL_CLEARING = /pre-existing shared memory block|lock file ".*" already exists/;

/**
 * Starts the PostgreSQL of a data directory, and creates it on the first run.
 *
 * @throws {DataDirInUse} when another Holdfast has the directory open
 * @throws {EmbeddedFailed} when it cannot run here, with the reason
 */
export async function startEmbedded(dataDir: string, log: EmbeddedLog): Promise<Embedded> {
  const dir = resolve(dataDir);
  const held = await lock(dir);
  const stopping = new AbortController();
  try {
    const home = await furnish(dir, () => log.info(`Creating a database in ${dir}`));
    const server = await bringUp(home, stopping.signal);
    const watch = keepUp(server, home, log, stopping.signal);
    let stopped: Promise<void> | undefined;
    const stop = async () => {
      stopping.abort();
      await watch;
      held.close();
    };
    return {
      connection: connectionOf(home.run),
      stop: () => stopped ??= stop(),
      pid: () => pidOf(home),
    };
  } catch (error) {
    held.close();
    throw error;
  }
}

/** How to connect to the PostgreSQL that runs in a data directory now; undefined when none does. */
export async function findRunning(dataDir: string): Promise<Connection | undefined> {
  const found = await readPidFile(join(resolve(dataDir), "db"));
  if (!found) return undefined;
  const connection = connectionOf(found.run);
  return await ask(connection) === "ready" ? connection : undefined;
}

async function bringUp(home: Home, signal: AbortSignal): Promise<Guarded> {
  const deadline = performance.now() + LONGEST_CLEARING;
  while (true) {
    signal.throwIfAborted();
    const left = await readPidFile(home.db);
    if (left) await awaitEnd(left.pid, home.db);
    const from = await logSize(home);
    signal.throwIfAborted(); // a signal that was given while we waited reaches no server that is launched after it
    const server = launch(home, left?.pid, signal);
    if (await untilReady(server, home).catch(endWith(server))) return server;
    signal.throwIfAborted();
    const said = await logSince(home, from);
    if (performance.now() > deadline || !STILL_CLEARING.test(said)) {
      throw failure("PostgreSQL does not start", home, said);
    }
    await pause(100, undefined, { signal });
  }
}

function launch(home: Home, stalePid: number | undefined, signal: AbortSignal): Guarded {
  const settings = {
    listen_addresses: "",
    unix_socket_directories: `"${home.run.replaceAll('"', '""')}"`,
    unix_socket_permissions: "0700",
    port: PORT,
    max_connections: 100,
    timezone: "UTC",
    log_timezone: "UTC",
    jit: "off",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const argv = [join(home.binaries, "bin/postgres"), "-D", home.db, ...options];
  // The process id in the pid file of a killed server may be somebody else's by now (in a container nearly
  // always). The server takes its grandparent's for harmless, and still looks for what it left in memory.
  const env: Record<string, string> = stalePid ? { PG_GRANDPARENT_PID: String(stalePid) } : {};
  const server = guard(argv, home.log, home.account, env);
  signal.addEventListener("abort", server.close);
  server.ended.finally(() => signal.removeEventListener("abort", server.close));
  return server;
}

// Recovery after a crash may take minutes, and as long as the server says so it is given them.
async function untilReady(server: Guarded, home: Home): Promise<boolean> {
  const connection = connectionOf(home.run);
  let heard = performance.now();
  while (server.isRunning()) {
    const answer = await ask(connection);
    if (answer === "ready") return true;
    if (answer === "no database") await createDatabase(connection);
    if (answer !== "silent") heard = performance.now();
    if (performance.now() - heard > LONGEST_SILENCE) {
      throw new EmbeddedFailed(`PostgreSQL runs but does not answer; its log is ${home.log}`);
    }
    await pause(20);
  }
  return false;
}

function endWith(server: Guarded): (error: unknown) => Promise<never> {
  return async (error) => {
    server.close();
    await server.ended;
    throw error;
  };
}

async function keepUp(first: Guarded, home: Home, log: EmbeddedLog, signal: AbortSignal): Promise<void> {
  let server: Guarded | undefined = first;
  let failures: number[] = [];
  while (true) {
    const code = await server?.ended;
    if (signal.aborted) return;
    const now = performance.now();
    failures = [...failures.filter((time) => now - time < 60_000), now];
    if (failures.length > MOST_FAILURES_A_MINUTE) {
      const message =
        `PostgreSQL failed ${failures.length} times within a minute: giving up; see ${home.log}`;
      log.warn(message);
      return log.lost?.(message);
    }
    if (server) log.warn(`PostgreSQL stopped unexpectedly (code ${code}): starting it again`);
    server = await revive(failures.length, home, log, signal);
    if (server) log.info("PostgreSQL runs again");
  }
}

async function revive(failures: number, home: Home, log: EmbeddedLog, signal: AbortSignal) {
  try {
    if (failures > 1) await pause(250 * 2 ** failures, undefined, { signal });
    return await bringUp(home, signal);
  } catch (error) {
    if (!signal.aborted) log.warn(error instanceof Error ? error.message : String(error));
  }
}

async function ask(connection: Connection): Promise<Answer> {
  const sql = open(connection);
  try {
    await sql`select 1`;
    return "ready";
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) return "silent";
    if (error.code === "57P03") return "starting";
    if (error.code === "3D000") return "no database";
    if (error.code === "53300") return "ready"; // the pools were faster and hold all connections
    throw error;
  } finally {
    await sql.end();
  }
}

async function createDatabase(connection: Connection): Promise<void> {
  const sql = open({ ...connection, database: "postgres" });
  try {
    await sql`create database ${sql(NAME)}`;
  } finally {
    await sql.end();
  }
}

function open(connection: Connection) {
  return postgres({ ...connection, max: 1, connect_timeout: 5, fetch_types: false, onnotice: () => {} });
}

function connectionOf(run: string): Connection {
  return { host: run, port: PORT, database: NAME, username: NAME };
}

async function pidOf(home: Home): Promise<number> {
  const found = await readPidFile(home.db);
  if (!found) throw new EmbeddedFailed("PostgreSQL does not run");
  return found.pid;
}
