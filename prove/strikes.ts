import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { openPostgres, type Postgres } from "./postgres.ts";
import { childrenOf, freePort, send, until } from "./programs.ts";
import { openProxy } from "./proxy.ts";
import { command, type Run } from "./run.ts";
import { type Server, startServer } from "./site.ts";

/** One thing that goes wrong. Resolves with the moment at which all that the site needs was there again. */
export interface Strike {
  kind: string;
  /** Whether a process is killed for it. */
  kills: boolean;
  /** Whether the site has to come back by itself: nobody starts a server for it. */
  alone: boolean;
  /** `pick` draws how long it lasts. */
  do(pick: (below: number) => number): Promise<number>;
}

/** A site that can be struck. */
export interface Site {
  /** Where its servers are reached. */
  origins: string[];
  /** Where the audit reaches its database. */
  database(): Promise<string | { host: string; database: string; username: string }>;
  strikes: Strike[];
  said(): Promise<string>;
}

/** A Holdfast with the database that it brings along: a killed database is its own to start again. */
export async function openEmbeddedSite(run: Run, folder: string): Promise<Site> {
  const options = { name: "holdfast", folder, port: freePort() };
  let server: Server = await startServer(options);
  run.ends.defer(async () => void await server.end());
  const data = join(folder, "data");
  const pidFile = async () => (await Deno.readTextFile(join(data, "db/postmaster.pid"))).split("\n");
  const killDatabase = async (whole: boolean) => {
    const postmaster = Number((await pidFile())[0]);
    const all = whole ? [postmaster, ...await childrenOf(postmaster)] : [postmaster];
    all.forEach((pid) => send(pid, "SIGKILL"));
  };
  const restart = async () => {
    server = await startServer(options);
    return performance.now();
  };
  return {
    origins: [server.origin],
    database: async () => ({ host: (await pidFile())[4], database: "holdfast", username: "holdfast" }),
    said: async () => (await server.said()).trim().split("\n").slice(-12).join("\n"),
    strikes: [
      {
        ...{ kind: "database", kills: true, alone: true },
        async do(pick) {
          await killDatabase(pick(2) === 0);
          return performance.now();
        },
      },
      {
        ...{ kind: "server", kills: true, alone: false },
        async do() {
          await server.kill();
          return await restart();
        },
      },
      {
        ...{ kind: "both", kills: true, alone: false },
        async do() {
          await Promise.all([server.kill(), killDatabase(true)]);
          return await restart();
        },
      },
    ],
  };
}

export interface ExternalOptions {
  servers: number;
  /** Lines of `postgresql.conf`. */
  settings?: Record<string, string | number>;
}

/** Several Holdfasts on one database of its own, which they reach over a network that can be broken. */
export async function openExternalSite(run: Run, folder: string, options: ExternalOptions): Promise<Site> {
  const disk = await smallDisk(run, folder);
  const settings = { max_wal_size: "64MB", min_wal_size: "32MB", ...options.settings };
  const database = await openPostgres(disk ?? folder, { settings });
  run.ends.defer(() => database.stop());
  const network = openProxy(database.port);
  run.ends.defer(() => network.close());
  const env = { DATABASE_URL: database.url.replace(`:${database.port}/`, `:${network.port}/`) };
  const named = Array.from({ length: options.servers }, (_, i) => ({
    ...{ name: `holdfast-${i + 1}`, folder, port: freePort(), env },
  }));
  const servers: Server[] = [];
  for (const one of named) servers.push(await startServer(one));
  run.ends.defer(async () => void await Promise.all(servers.map((server) => server.end())));
  const restart = async (which: number) => void (servers[which] = await startServer(named[which]));
  const back = async () => {
    await database.start();
    return performance.now();
  };
  const during = async (
    begin: () => void | Promise<unknown>,
    ms: number,
    end: () => void | Promise<unknown>,
  ) => {
    await begin();
    await pause(ms);
    await end();
    return performance.now();
  };

  return {
    origins: servers.map(({ origin }) => origin),
    database: () => Promise.resolve(database.url),
    said: async () => {
      const all = [...servers.map((one) => ({ ...one, up: one.isRunning() })), {
        ...database,
        name: "database",
        up: true,
      }];
      const told = all.map(async ({ name, up, said }) =>
        `${name}${up ? "" : " has ended"}:\n${(await said()).trim().split("\n").slice(-12).join("\n")}`
      );
      return (await Promise.all(told)).join("\n");
    },
    strikes: [
      {
        ...{ kind: "database", kills: true, alone: true },
        async do(pick) {
          await database.kill();
          await pause(pick(1_500));
          return await back();
        },
      },
      {
        ...{ kind: "server", kills: true, alone: false },
        async do(pick) {
          const which = pick(servers.length);
          await servers[which].kill();
          await restart(which);
          return performance.now();
        },
      },
      {
        ...{ kind: "both", kills: true, alone: false },
        async do() {
          await Promise.all([database.kill(), ...servers.map((server) => server.kill())]);
          await back();
          await Promise.all(servers.map((_, which) => restart(which)));
          return performance.now();
        },
      },
      {
        ...{ kind: "database hangs", kills: false, alone: true },
        do: (pick) => during(database.freeze, 500 + pick(2_500), database.thaw),
      },
      {
        ...{ kind: "network cut", kills: false, alone: true },
        do: (pick) => during(network.cut, 200 + pick(2_000), network.heal),
      },
      {
        ...{ kind: "network silent", kills: false, alone: true },
        do: (pick) => during(network.hold, 500 + pick(2_500), network.heal),
      },
      {
        ...{ kind: "network slow", kills: false, alone: true },
        do: (pick) => during(() => network.slow(20 + pick(60)), 2_000, network.heal),
      },
      ...(disk ? [full(disk, database, back)] : []),
    ],
  };
}

// A disk that is full stops PostgreSQL in the middle of its log: it ends, and cannot recover until there is room.
function full(disk: string, database: Postgres, back: () => Promise<number>): Strike {
  const ballast = join(disk, "ballast");
  return {
    ...{ kind: "disk full", kills: false, alone: true },
    async do(pick) {
      await command("/bin/sh", ["-c", `cat /dev/zero >"$1" 2>/dev/null || true`, "sh", ballast]);
      await pause(1_000 + pick(2_000));
      await Deno.remove(ballast);
      await pause(50);
      await back();
      await until("the database takes changes", () => takesChanges(database));
      return performance.now();
    },
  };
}

async function takesChanges({ url }: Postgres): Promise<boolean> {
  const { connect } = await import("../db/connect.ts");
  const sql = connect(url, { max: 1, name: "prove" });
  try {
    await sql`create table probe ()`;
    await sql`drop table probe`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** A disk in memory with little room. Only root can have one: undefined for everybody else. */
async function smallDisk(run: Run, folder: string): Promise<string | undefined> {
  const disk = join(folder, "disk");
  await Deno.mkdir(disk);
  const options = ["-t", "tmpfs", "-o", "size=400m,mode=0711", "tmpfs", disk];
  try {
    await command("mount", options);
  } catch (error) {
    run.say(`No disk can be filled up here: ${(error as Error).message}`);
    return undefined;
  }
  run.ends.defer(async () => void await command("umount", ["-l", disk]));
  return disk;
}
