import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import postgres from "postgres";
import {
  DataDirInUse,
  type Embedded,
  type EmbeddedLog,
  findRunning,
  startEmbedded,
} from "../../db/embedded.ts";

const ROOT = join(import.meta.dirname ?? ".", "../..");
const NOBODY = 65534;
const isRoot = Deno.uid() === 0;
const children = new Set<Deno.ChildProcess>();
const silent: EmbeddedLog = { info: () => {}, warn: () => {} };

Deno.test("a new folder gets a database, which a later start finds with its rows", async () => {
  await inFolder(async (folder) => {
    const said: string[] = [];
    const log = {
      info: (message: string) => said.push(message),
      warn: (message: string) => said.push(message),
    };
    await whileOpen(folder, (sql) => sql`create table kept as select 'still here' as words`, log);
    assert.deepEqual(said, [`Creating a database in ${folder}`]);
    await whileOpen(folder, async (sql) => {
      assert.deepEqual([...await sql`select words from kept`], [{ words: "still here" }]);
      const [shown] = await sql`select current_setting('fsync') as fsync, current_setting('TimeZone') as zone,
        current_setting('listen_addresses') as listen, current_setting('server_encoding') as encoding`;
      assert.deepEqual(shown, { fsync: "on", zone: "UTC", listen: "", encoding: "UTF8" });
    }, log);
    assert.equal(said.length, 1);
  });
});

Deno.test("a folder is open once: a second start names the folder and the process that has it", async () => {
  await inFolder(async (folder) => {
    const server = await startEmbedded(folder, silent);
    await assert.rejects(startEmbedded(folder, silent), (error) => {
      assert(error instanceof DataDirInUse);
      assert.equal(error.message, `${folder} is in use by another Holdfast (process ${Deno.pid})`);
      return true;
    });
    assert.deepEqual(await findRunning(folder), server.connection);
    await server.stop();
    assert.equal(await findRunning(folder), undefined);
  });
});

Deno.test("stop may be called twice, at once and later, and leaves no process", async () => {
  await inFolder(async (folder) => {
    const server = await startEmbedded(folder, silent);
    const pid = await server.pid();
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
    assert(!await isAlive(pid));
    assert.deepEqual(await processesOf(folder), []);
  });
});

Deno.test("a server killed under load comes back by itself with every acknowledged row", async () => {
  await inFolder(async (folder) => {
    const server = await startEmbedded(folder, silent);
    const sql = postgres({ ...server.connection, max: 4, onnotice: () => {} });
    await sql`create table rows (id bigint generated always as identity primary key)`;
    const before = await server.pid();
    const load = startLoad(sql);
    await until(() => load.ids.length > 50);
    Deno.kill(before, "SIGKILL");
    await until(() => load.failures > 0);
    const lost = load.ids.length;
    await until(() => load.ids.length > lost + 50);
    await load.stop();
    assert.notEqual(await server.pid(), before);
    await assertKept(sql, load.ids);
    await sql.end();
    await server.stop();
  });
});

Deno.test("stop right after the server was killed ends it for good", async () => {
  await inFolder(async (folder) => {
    const server = await startEmbedded(folder, silent);
    Deno.kill(await server.pid(), "SIGKILL");
    await server.stop();
    await until(async () => (await processesOf(folder)).length === 0);
    await whileOpen(folder, (sql) => sql`select 1`);
  });
});

Deno.test("a killed Holdfast leaves no orphan, and the next start finds every acknowledged row", async () => {
  await inFolder(async (folder) => {
    for (let round = 0; round < 3; round++) {
      const child = startChild(folder);
      await until(() => child.rows().length > 50 * (round + 1));
      const rows = child.rows();
      Deno.kill(child.pid, "SIGKILL");
      await child.ended;
      // At once, and so while the server of the killed one is still shutting down.
      await whileOpen(folder, (sql) => assertKept(sql, rows));
      assert(!await isAlive(child.serverPid()));
      assert.deepEqual(await processesOf(folder), []);
    }
  });
});

Deno.test("with nobody to start it again, the server of a killed Holdfast ends by itself", async () => {
  await inFolder(async (folder) => {
    const child = startChild(folder);
    await until(() => child.rows().length > 0);
    Deno.kill(child.pid, "SIGKILL");
    await child.ended;
    await until(async () => !await isAlive(child.serverPid()) && (await processesOf(folder)).length === 0);
  });
});

Deno.test("a first start that was killed halfway is done again", async () => {
  await inFolder(async (folder) => {
    const child = startChild(folder);
    await until(() => namesIn(folder).some((name) => name.startsWith("db.new-")));
    Deno.kill(child.pid, "SIGKILL");
    await child.ended;
    await whileOpen(folder, (sql) => sql`select 1`);
    await whileOpen(folder, (sql) => sql`select 1`); // the first may have met the killed one still at work
    assert.deepEqual(namesIn(folder), ["db", "holdfast.lock", "postgres", "postgres.log", "run"]);
  });
});

Deno.test("Ctrl-C reaches Holdfast and not its database", async () => {
  await inFolder(async (folder) => {
    const child = startChild(folder, { detached: true });
    await until(() => child.rows().length > 0);
    Deno.kill(-child.pid, "SIGINT"); // the whole group, as a terminal does
    const { success } = await child.ended;
    assert(success);
    assert.deepEqual(child.said("answers"), [String(child.serverPid())]);
    assert.deepEqual(child.said("warn"), []);
  });
});

Deno.test("a stale pid file that names a process of somebody else does not keep the server from starting", async () => {
  await inFolder(async (folder) => {
    await whileOpen(folder, (sql) => sql`select 1`);
    const { uid, gid } = await Deno.stat(join(folder, "db"));
    const ids = isRoot ? { uid: uid ?? 0, gid: gid ?? 0 } : {};
    const other = new Deno.Command("/bin/sh", { args: ["-c", "exec sleep 600"], cwd: "/", ...ids }).spawn();
    const file = join(folder, "db/postmaster.pid");
    await Deno.writeTextFile(file, `${other.pid}\n${folder}/db\n1\n5432\n${folder}/run\n\n`);
    await whileOpen(folder, (sql) => sql`select 1`);
    assert(await isAlive(other.pid));
    other.kill("SIGKILL");
    await other.status;
  });
});

Deno.test("a folder too deep for a socket has its socket elsewhere, for its owner only", async () => {
  await inFolder(async (top) => {
    const folder = join(top, "deep".repeat(20), "er".repeat(40));
    const server = await startEmbedded(folder, silent);
    const { host } = server.connection;
    assert.match(host, /^\/tmp\/holdfast-[0-9a-f]{16}$/);
    assert.equal((await Deno.lstat(host)).mode! & 0o777, 0o700);
    assert.deepEqual(await findRunning(folder), server.connection);
    await server.stop();
    await Deno.remove(host, { recursive: true });
  });
});

Deno.test("a folder with a space, an apostrophe and a comma in its name works", async () => {
  await inFolder((top) => whileOpen(join(top, "it's a, b"), (sql) => sql`select 1`));
});

Deno.test({
  name: "an ordinary user runs the database as itself",
  ignore: !isRoot, // an ordinary user has just seen that in every other test
  fn: () =>
    inFolder(async (folder) => {
      await Deno.mkdir(folder);
      await Deno.chown(folder, NOBODY, NOBODY);
      const child = startChild(folder, { user: NOBODY });
      await until(() => child.rows().length > 0);
      assert.equal((await Deno.stat(join(folder, "db"))).uid, NOBODY);
      Deno.kill(child.pid, "SIGINT");
      assert((await child.ended).success);
      await whileOpen(folder, (sql) => assertKept(sql, child.rows())); // root goes on as that user
      assert.equal((await Deno.stat(join(folder, "db"))).uid, NOBODY);
    }),
});

Deno.test({
  name: "root may keep the database below a folder that only root may enter",
  ignore: !isRoot,
  fn: () =>
    inFolder(async (folder) => {
      await whileOpen(folder, (sql) => sql`create table kept ()`);
      await whileOpen(folder, (sql) => sql`select from kept`);
      assert.notEqual((await Deno.stat(join(folder, "db"))).uid, 0);
    }, 0o700),
});

async function inFolder(body: (folder: string) => Promise<unknown>, mode = 0o711) {
  const top = await Deno.makeTempDir({ prefix: "embedded-" });
  try {
    await Deno.chmod(top, mode);
    await body(join(top, "data"));
  } finally {
    for (const child of children) child.kill("SIGKILL"); // of a test that failed
    await Deno.remove(top, { recursive: true });
  }
}

async function whileOpen(
  folder: string,
  body: (sql: postgres.Sql) => PromiseLike<unknown>,
  log: EmbeddedLog = silent,
) {
  const server: Embedded = await startEmbedded(folder, log);
  const sql = postgres({ ...server.connection, onnotice: () => {} });
  try {
    await body(sql);
  } finally {
    await sql.end();
    await server.stop();
  }
}

function startLoad(sql: postgres.Sql) {
  const load = { ids: [] as string[], failures: 0, stop };
  let stopped = false;
  async function insertRows() {
    while (!stopped) {
      try {
        const [row] = await sql`insert into rows default values returning id`;
        load.ids.push(row.id);
      } catch {
        load.failures++;
        await pause(10);
      }
    }
  }
  const workers = [1, 2, 3, 4].map(insertRows);
  async function stop() {
    stopped = true;
    await Promise.all(workers);
  }
  return load;
}

async function assertKept(sql: postgres.Sql, ids: string[]) {
  assert(ids.length > 0);
  const kept = new Set((await sql`select id from rows`).map((row) => row.id));
  assert.deepEqual(ids.filter((id) => !kept.has(id)), []);
}

// With the permissions that Holdfast has, and no more.
function startChild(folder: string, { user, detached }: { user?: number; detached?: boolean } = {}) {
  const run = [
    "run",
    "--no-prompt",
    "--cached-only",
    "--allow-net",
    "--allow-env=PG*",
    "--allow-run=/bin/sh",
  ];
  const files = [`--allow-read=.,/tmp,${folder}`, `--allow-write=/tmp,${folder}`];
  const deno = [Deno.execPath(), ...run, ...files, "tests/support/embedded_child.ts", folder];
  // The one capability lets the user read the cache of packages, wherever it is.
  const look = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"];
  const bits = "--securebits=+no_setuid_fixup";
  const become = ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups", bits, ...look];
  const [program, ...args] = user ? [...become, ...deno] : deno;
  const child = new Deno.Command(program, { args, cwd: ROOT, stdout: "piped", stderr: "inherit", detached })
    .spawn();
  const lines: string[] = [];
  const reading = readLines(child.stdout, lines);
  const said = (what: string) =>
    lines.filter((l) => l.startsWith(`${what} `)).map((l) => l.slice(what.length + 1));
  let broken = false;
  children.add(child);
  child.status.then(({ success, signal }) => {
    broken = !success && !signal;
    children.delete(child);
  });
  return {
    pid: child.pid,
    said,
    rows: () => {
      assert(!broken, "the child could not start");
      return said("row");
    },
    serverPid: () => Number(said("ready")[0]),
    ended: Promise.all([child.status, reading]).then(([status]) => status),
  };
}

// A last line without an end was cut by the kill, and counts for nothing.
async function readLines(stream: ReadableStream<Uint8Array<ArrayBuffer>>, lines: string[]) {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  }
}

async function until(condition: () => boolean | Promise<boolean>) {
  const deadline = performance.now() + 120_000;
  while (!await condition()) {
    assert(performance.now() < deadline, "it never came to that");
    await pause(10);
  }
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  } catch {
    return []; // not there yet
  }
}

async function isAlive(pid: number): Promise<boolean> {
  return (await sh(`kill -0 "$1" 2>/dev/null && echo yes`, String(pid))) === "yes";
}

async function processesOf(folder: string): Promise<string[]> {
  const found = await sh(`ps -A -o pid= -o args= | grep -F -- "$1" | grep -v -F grep`, join(folder, "db"));
  return found ? found.split("\n") : [];
}

async function sh(script: string, ...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command("/bin/sh", { args: ["-c", script, "sh", ...args] }).output();
  return new TextDecoder().decode(stdout).trim();
}
