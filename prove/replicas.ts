import { join } from "node:path";
import { connect } from "../db/connect.ts";
import type { Account } from "../db/embedded_process.ts";
import { type Postgres, runsIn } from "./postgres.ts";
import { freePort, launch, type Program, root, until } from "./programs.ts";
import { openProxy, type Proxy } from "./proxy.ts";
import { command, openFolder, type Run } from "./run.ts";

/** A machine of a production set-up: PostgreSQL with PgBouncer beside it. */
export interface Node {
  name: string;
  postgres: Postgres;
  /** Where Holdfast reaches it. */
  port: number;
  bouncer: Program;
  /** The network over which its standby follows it. */
  link: Proxy;
  startBouncer(): Promise<void>;
}

/** Two of them, the second a standby of the first. */
export interface Replicas {
  nodes: [Node, Node];
  /** The address of both, for Holdfast. */
  url: string;
  /** Makes a standby the primary, by the script of `deploy/`. */
  promote(node: Node): Promise<void>;
  /** Makes a node a standby of the other, by the script of `deploy/`, and waits until it follows. */
  rebuild(node: Node, from: Node): Promise<void>;
}

const TOOLS = "apt-get install postgresql postgresql-client nginx pgbouncer";

/** Where Debian puts a program. @throws with what to install where it is missing */
export async function debian(path: string): Promise<string> {
  if (await Deno.stat(path).then(() => true, () => false)) return path;
  throw new Error(`${path} is missing: ${TOOLS}`);
}

/** The newest PostgreSQL that Debian has installed: the folder of its programs. */
async function postgresBinaries(): Promise<string> {
  const versions = await Array.fromAsync(Deno.readDir("/usr/lib/postgresql")).catch(() => []);
  const newest = Math.max(0, ...versions.map(({ name }) => Number(name)));
  const folder = `/usr/lib/postgresql/${newest}/bin`;
  await debian(`${folder}/pg_basebackup`);
  return folder;
}

/** Starts a primary and a standby. `synchronous`: nothing is acknowledged that the standby does not have. */
export async function openReplicas(run: Run, { synchronous }: { synchronous: boolean }): Promise<Replicas> {
  const binaries = await postgresBinaries();
  const account = await databaseAccount();
  const options = { cwd: "/", ...account.ids };
  const nodes: Node[] = [];
  for (const name of ["database-1", "database-2"]) {
    const folder = await openFolder(run, name);
    const data = join(folder, "data");
    const settings = { fsync: "on", shared_buffers: "64MB", hot_standby: "on" };
    const postgres = runsIn({
      name: "postgres",
      folder,
      data,
      account,
      binaries,
      settings,
      port: freePort(),
    });
    const port = freePort();
    const startBouncer = async () =>
      void (node.bouncer = await launchBouncer(folder, postgres.port, port, account));
    const link = openProxy(postgres.port);
    run.ends.defer(() => link.close());
    const node = { name, postgres, port, link, startBouncer, bouncer: undefined as unknown as Program };
    await startBouncer();
    run.ends.defer(async () => void await Promise.all([postgres.stop(), node.bouncer.end("SIGINT")]));
    nodes.push(node);
  }
  const [first, second] = nodes;
  await command(
    join(binaries, "initdb"),
    ["-D", first.postgres.data, "-U", "holdfast", "-A", "trust"],
    options,
  );
  await first.postgres.start();
  await ask(first, (sql) => sql`create database holdfast`, "postgres");
  for (const limit of ["statement_timeout = '15s'", "idle_in_transaction_session_timeout = '30s'"]) {
    await ask(first, (sql) => sql.unsafe(`alter role holdfast set ${limit}`));
  }
  const script = (name: string) => join(root, "deploy", name);
  const replicas: Replicas = {
    nodes: [first, second],
    url:
      `postgres://holdfast@127.0.0.1:${first.port},127.0.0.1:${second.port}/holdfast?target_session_attrs=read-write`,
    async promote({ postgres: { data, port } }) {
      await command("/bin/sh", [
        "-c",
        await Deno.readTextFile(script("promote.sh")),
        "sh",
        binaries,
        data,
        `${port}`,
      ], options);
    },
    async rebuild(node, from) {
      const given = [binaries, node.postgres.data, "127.0.0.1", `${from.link.port}`];
      await command(
        "/bin/sh",
        ["-c", await Deno.readTextFile(script("rebuild.sh")), "sh", ...given],
        options,
      );
      await node.postgres.start();
      if (!node.bouncer.isRunning()) await node.startBouncer();
      if (synchronous) {
        await ask(from, (sql) => sql`alter system set synchronous_standby_names = '*'`);
        await ask(from, (sql) => sql`select pg_reload_conf()`);
      }
      const state = synchronous ? "sync" : "async";
      await until(`${node.name} follows`, async () => {
        const [found] = await ask(from, (sql) => sql`select sync_state, state from pg_stat_replication`);
        return found?.state === "streaming" && found.sync_state === state;
      });
    },
  };
  await replicas.rebuild(second, first);
  return replicas;
}

/** Asks a node directly, beside whatever Holdfast goes through. */
export async function ask<T>(
  { postgres: { url } }: Node,
  question: (sql: ReturnType<typeof connect>) => PromiseLike<T>,
  database = "holdfast",
): Promise<T> {
  const sql = connect(url.replace(/[^/]+$/, database), { max: 1, name: "prove" });
  try {
    return await question(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

// Neither of them may be run by root.
async function databaseAccount(): Promise<Account> {
  if (Deno.uid() !== 0) return { prefix: [] };
  const [uid, gid] = await Promise.all(["-u", "-g"].map((flag) => command("id", [flag, "postgres"])));
  return { prefix: [], ids: { uid: Number(uid), gid: Number(gid) } };
}

/** PgBouncer by the file of `deploy/`, but for where it listens and whom it lets in. */
async function launchBouncer(folder: string, to: number, port: number, account: Account): Promise<Program> {
  const users = join(folder, "userlist.txt");
  await Deno.writeTextFile(users, `"holdfast" ""\n`, { mode: 0o644 });
  const file = join(folder, "pgbouncer.ini");
  const given = (await Deno.readTextFile(join(root, "deploy/pgbouncer.ini")))
    .replace("port=5432", `port=${to}`).replace("listen_port = 6432", `listen_port = ${port}`)
    .replace("0.0.0.0", "127.0.0.1").replace("scram-sha-256", "trust").replace(
      "/etc/pgbouncer/userlist.txt",
      users,
    );
  await Deno.writeTextFile(file, given, { mode: 0o644 });
  return await launch({
    name: "pgbouncer",
    argv: [await debian("/usr/sbin/pgbouncer"), file],
    folder,
    account,
  });
}

/** nginx by the file of `deploy/`, but for where it listens and what is behind it. */
export async function launchNginx(
  run: Run,
  to: number[],
): Promise<{ origin: string; said: Program["said"] }> {
  const folder = await openFolder(run, "nginx");
  const port = freePort();
  const servers = to.map((one) => `server 127.0.0.1:${one} max_fails=3 fail_timeout=2s;`).join("\n    ");
  const given = (await Deno.readTextFile(join(root, "deploy/nginx.conf")))
    .replace(/server 10\.0\.0\.11[\s\S]*?10\.0\.0\.12[^\n]*/, servers)
    .replace(
      /listen 443 ssl;\s*ssl_certificate [^\n]*\s*ssl_certificate_key [^\n]*/,
      `listen 127.0.0.1:${port};`,
    )
    .replace("/run/nginx.pid", join(folder, "nginx-master.pid")).replace("/var/log/nginx/error.log", "stderr")
    .replace("http {", `http {\n${temporary(folder)}`);
  const file = join(folder, "nginx.conf");
  await Deno.writeTextFile(file, given);
  const argv = [
    await debian("/usr/sbin/nginx"),
    "-c",
    file,
    "-p",
    folder,
    "-e",
    "stderr",
    "-g",
    "daemon off;",
  ];
  const nginx = await launch({ name: "nginx", argv, folder });
  run.ends.defer(async () => void await nginx.end("SIGTERM"));
  return { origin: `http://127.0.0.1:${port}`, said: nginx.said };
}

function temporary(folder: string): string {
  return ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `  ${name}_temp_path ${folder}/${name};`).join("\n");
}
