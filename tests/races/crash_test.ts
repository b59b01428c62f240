import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connect } from "../../db/connect.ts";
import { findRunning } from "../../db/embedded.ts";
import type { Sql } from "../../db/types.ts";
import { freePort } from "../../prove/programs.ts";
import type { Json } from "../support/app.ts";
import { assertSound } from "../support/invariants.ts";

// The program as an operator starts it, with the permissions of the task and no others.

const ROOT = join(import.meta.dirname ?? ".", "../..");
const ADA = { email: "ada@holdfast.test", password: "correct horse battery" };
const CLIENTS = 4;
const children = new Set<Deno.ChildProcess>();

Deno.test("a Holdfast killed under load keeps every reservation that it acknowledged, with its history", async () => {
  await inFolder(async (folder) => {
    const kept: Acknowledged[] = [];
    for (let round = 0; round < 2; round++) {
      const server = await open(folder);
      const load = await startLoad(server, round);
      await until(() => load.acknowledged.length >= 60);
      await server.kill();
      kept.push(...await load.end());
    }
    const server = await open(folder);
    await assertKept(server, kept);
    await server.end();
  });
});

Deno.test("a Holdfast whose PostgreSQL is killed under load says so, comes back by itself and has lost nothing", async () => {
  await inFolder(async (folder) => {
    const server = await open(folder);
    const load = await startLoad(server, 0);
    await until(() => load.acknowledged.length >= 40);
    const before = await postmasterOf(folder);
    Deno.kill(before, "SIGKILL");
    await until(() => server.said().includes("PostgreSQL stopped unexpectedly"));
    const lost = load.acknowledged.length;
    await until(() => load.acknowledged.length >= lost + 40);
    const back = [...load.answers];
    await until(() => load.answers.every((count, i) => count >= back[i] + 10));
    // No request may wait for seconds for a database that answers others thousands of times meanwhile.
    assert(load.answers.every((count, i) => count < back[i] + 1_000), "Somebody was left behind");
    const kept = await load.end();
    assert.notEqual(await postmasterOf(folder), before);
    assert.deepEqual([...load.statuses].filter((status) => ![201, 409, 503].includes(status)), []);
    await assertKept(server, kept);
    assert.equal((await fetchJson(server, "/health")).status, "healthy");
    await server.end();
  });
});

Deno.test("while PostgreSQL is away Holdfast lives, and says that it is not ready", async () => {
  await inFolder(async (folder) => {
    const server = await open(folder);
    const postmaster = await postmasterOf(folder);
    Deno.kill(postmaster, "SIGSTOP"); // it keeps its connections, and takes no new ones: nobody may restart it
    for (const pid of await childrenOf(postmaster)) Deno.kill(pid, "SIGSTOP");
    const answers = await Promise.all(["/live", "/ready", "/health"].map((path) => statusOf(server, path)));
    for (const pid of [...await childrenOf(postmaster), postmaster]) Deno.kill(pid, "SIGCONT");
    assert.deepEqual(answers, [200, 503, 503]);
    await until(async () => await statusOf(server, "/ready") === 200);
    await server.end();
  });
});

Deno.test("a Holdfast whose PostgreSQL cannot be started any more ends with a clear line, for others to start it again", async () => {
  await inFolder(async (folder) => {
    const server = await open(folder);
    const load = await startLoad(server, 0);
    await until(() => load.acknowledged.length >= 20);
    const kept = await load.end();
    const control = join(folder, "db/global/pg_control");
    await Deno.rename(control, `${control}.away`);
    Deno.kill(await postmasterOf(folder), "SIGKILL");
    const { code } = await server.ended;
    assert.equal(code, 1);
    assert.match(
      server.said(),
      /^Holdfast ends: PostgreSQL failed \d+ times within a minute: giving up; see \S+$/m,
    );
    await assertNothingRuns(folder);

    await Deno.rename(`${control}.away`, control);
    const again = await open(folder);
    await assertKept(again, kept);
    await again.end();
  });
});

Deno.test("a Holdfast that is told to end in the moment in which its PostgreSQL dies ends with code 0", async () => {
  await inFolder(async (folder) => {
    const server = await open(folder);
    await signIn(server); // so that some connections are open
    Deno.kill(await postmasterOf(folder), "SIGKILL");
    Deno.kill(server.pid, "SIGTERM");
    const { code } = await server.ended;
    assert.equal(code, 0, server.said());
    await assertNothingRuns(folder);
  });
});

Deno.test("a second Holdfast on the same folder ends with a clear line, and the first goes on", async () => {
  await inFolder(async (folder) => {
    const first = await open(folder);
    const second = start(folder, freePort());
    const { code } = await second.ended;
    assert.equal(code, 1);
    const line = `Holdfast cannot start: ${folder} is in use by another Holdfast (process ${first.pid})`;
    assert(second.said().split("\n").includes(line), second.said());
    assert.equal(await statusOf(first, "/health"), 200);
    await first.end();
  });
});

Deno.test("a Holdfast whose port is taken ends with a non-zero code and leaves no process", async () => {
  await inFolder(async (folder) => {
    const taken = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const child = start(folder, taken.addr.port);
    const { code } = await child.ended;
    taken.close();
    assert.equal(code, 1);
    assert.match(child.said(), /^Holdfast cannot start: .*in use/mi);
    await assertNothingRuns(folder);
  });
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} under load finishes what is under way, ends with code 0 and leaves no process`, async () => {
    await inFolder(async (folder) => {
      const server = await open(folder);
      const load = await startLoad(server, 0);
      await until(() => load.acknowledged.length >= 20);
      Deno.kill(server.pid, signal);
      const { code } = await server.ended;
      assert.equal(code, 0, server.said());
      await assertNothingRuns(folder);
      const kept = await load.end();
      assert.deepEqual([...load.statuses].filter((status) => ![201, 409].includes(status)), []);

      const from = performance.now();
      const again = await open(folder);
      console.log(`A second start answered after ${Math.round(performance.now() - from)} ms`);
      await assertKept(again, kept);
      await again.end();
    });
  });
}

Deno.test("a command beside a running Holdfast shares its database", async () => {
  await inFolder(async (folder) => {
    const server = await open(folder);
    const command = start(folder, 0, { task: "cli", args: ["sweep"] });
    const { code } = await command.ended;
    assert.deepEqual([code, command.printed()], [0, "0 rows changed\n"], command.said());
    assert.equal(await statusOf(server, "/ready"), 200);
    await server.end();
  });
});

Deno.test("a command works where no Holdfast runs, and leaves no process", async () => {
  await inFolder(async (folder) => {
    await (await open(folder)).end();
    const command = start(folder, 0, { task: "cli", args: ["migrate"] });
    const { code } = await command.ended;
    assert.deepEqual([code, command.printed()], [0, "Nothing to do: the database is up to date\n"]);
    await assertNothingRuns(folder);
  });
});

interface Acknowledged {
  id: string;
  resource_id: string;
  start_time: string;
  end_time: string;
  purpose: string;
}

type Server = Awaited<ReturnType<typeof open>>;

/** Starts the program, and waits until it answers. */
async function open(folder: string) {
  const port = freePort();
  const child = start(folder, port);
  const origin = `http://127.0.0.1:${port}`;
  let failed = false;
  child.ended.then(() => failed = true);
  await until(async () => {
    assert(!failed, child.said());
    return await fetch(`${origin}/health`).then(
      async (answer) => (await answer.text(), answer.ok),
      () => false,
    );
  });
  return { ...child, origin, folder };
}

/** Starts a task of deno.json, as `deno task` would, but so that a signal reaches the program itself. */
function start(folder: string, port: number, { task = "start", args = [] as string[] } = {}) {
  const { tasks } = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json")));
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", `exec ${tasks[task].command} "$@"`, "sh", ...args],
    cwd: ROOT,
    clearEnv: true,
    env: {
      PATH: `${join(Deno.execPath(), "..")}:${Deno.env.get("PATH")}`,
      HOME: Deno.env.get("HOME") ?? "/",
      ...(Deno.env.has("DENO_DIR") ? { DENO_DIR: Deno.env.get("DENO_DIR")! } : {}),
      ...{ DATA_DIR: folder, PORT: String(port), RATE_LIMIT: "off", LOG_FORMAT: "json", NO_COLOR: "1" },
      ...{ ADMIN_EMAIL: ADA.email, ADMIN_PASSWORD: ADA.password },
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  children.add(child);
  const texts = { printed: "", said: "" };
  const reading = Promise.all([
    gather(child.stdout, (text) => texts.printed += text),
    gather(child.stderr, (text) => texts.said += text),
  ]);
  const ended = Promise.all([child.status, reading]).then(([status]) => {
    children.delete(child);
    return status;
  });
  const send = async (signal: Deno.Signal) => {
    child.kill(signal);
    return await ended;
  };
  return {
    pid: child.pid,
    ended,
    printed: () => texts.printed,
    said: () => texts.said,
    kill: () => send("SIGKILL"),
    end: async () => assert.equal((await send("SIGTERM")).code, 0, texts.said),
  };
}

async function gather(stream: ReadableStream<Uint8Array<ArrayBuffer>>, keep: (text: string) => void) {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) keep(text);
}

/** Several clients that ask for slot after slot, some of them all for the same, until they are told to end. */
async function startLoad(server: Server, round: number) {
  const token = await signIn(server);
  const names = [`Hall ${round}`, `Bay ${round}`];
  const resources = await Promise.all(
    names.map((name) =>
      call(server, token, "POST", "/resources", { name, kind: "room" }).then(({ status, json }) => {
        assert.equal(status, 201);
        return json.id as string;
      })
    ),
  );
  const acknowledged: Acknowledged[] = [];
  const statuses = new Set<number>();
  const answers = Array.from({ length: CLIENTS }, () => 0);
  let ending = false;
  const noon = Temporal.Now.instant().round("hour").add({ hours: 48 });

  async function reserve(client: number) {
    for (let step = 0; !ending; step++) {
      const start_time = noon.add({ hours: step });
      const wish = {
        resource_id: resources[client % resources.length],
        start_time: `${start_time}`,
        end_time: `${start_time.add({ hours: 1 })}`,
        purpose: `Client ${client}, step ${step}`,
      };
      try {
        const { status, json } = await call(server, token, "POST", "/reservations", wish);
        statuses.add(status);
        answers[client]++;
        if (status === 201) acknowledged.push({ ...wish, id: json.id });
        if (status === 503) await pause(20);
      } catch {
        await pause(20); // nobody answers: whether it was stored is not known
      }
    }
  }

  const clients = Array.from({ length: CLIENTS }, (_, i) => reserve(i));
  return {
    acknowledged,
    statuses,
    answers,
    async end() {
      ending = true;
      await Promise.all(clients);
      return acknowledged;
    },
  };
}

/** Each is there over the API as it was acknowledged, with its history, and the database is sound. */
async function assertKept(server: Server, acknowledged: Acknowledged[]) {
  assert(acknowledged.length > 0);
  const token = await signIn(server);
  for (const { id, resource_id, start_time, purpose } of acknowledged) {
    const { status, json } = await call(server, token, "GET", `/reservations/${id}`);
    assert.equal(status, 200, `The reservation of ${purpose} is lost`);
    assert.deepEqual([json.resource_id, json.start_time, json.purpose, json.status], [
      ...[resource_id, start_time, purpose, "approved"],
    ]);
    const { json: history } = await call(server, token, "GET", `/reservations/${id}/history`);
    assert.deepEqual(history.data.map((entry) => entry.action), ["request"]);
  }
  await inDatabase(server.folder, assertSound);
}

async function inDatabase(folder: string, work: (sql: Sql) => Promise<void>) {
  const where = await findRunning(folder);
  assert(where, "There is no database to look into");
  const sql = connect(where, { max: 2 });
  await work(sql).finally(() => sql.end());
}

async function signIn(server: Server): Promise<string> {
  const { status, json } = await call(server, "", "POST", "/auth/login", ADA);
  assert.equal(status, 200);
  return json.access_token;
}

async function call(server: Server, token: string, method: string, path: string, body?: unknown) {
  const answer = await fetch(`${server.origin}/api/v1${path}`, {
    method,
    headers: { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: answer.status, json: await answer.json() as Json };
}

async function fetchJson(server: Server, path: string): Promise<Json> {
  return await (await fetch(server.origin + path)).json();
}

async function statusOf(server: Server, path: string): Promise<number> {
  const answer = await fetch(server.origin + path);
  await answer.text();
  return answer.status;
}

async function postmasterOf(folder: string): Promise<number> {
  const text = await Deno.readTextFile(join(folder, "db/postmaster.pid"));
  return Number(text.split("\n")[0]);
}

async function childrenOf(pid: number): Promise<number[]> {
  const found = await sh(
    `ps -A -o pid= -o ppid= | awk -v parent="$1" '$2 == parent { print $1 }'`,
    String(pid),
  );
  return found.split("\n").filter(Boolean).map(Number);
}

async function assertNothingRuns(folder: string) {
  assert.equal(await sh(`ps -A -o pid= -o args= | grep -F -- "$1" | grep -v -F grep`, folder), "");
}

async function sh(script: string, ...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command("/bin/sh", { args: ["-c", script, "sh", ...args] }).output();
  return new TextDecoder().decode(stdout).trim();
}

async function inFolder(body: (folder: string) => Promise<void>) {
  const top = await Deno.makeTempDir({ prefix: "crash-" });
  try {
    await Deno.chmod(top, 0o711);
    await body(join(top, "data"));
  } finally {
    for (const child of children) child.kill("SIGKILL"); // of a test that failed
    await Promise.all([...children].map((child) => child.status));
    await removed(top);
  }
}

// What a failed test leaves may take a moment to end.
async function removed(folder: string) {
  await until(() => Deno.remove(folder, { recursive: true }).then(() => true, () => false));
}

async function until(condition: () => boolean | Promise<boolean>) {
  const deadline = performance.now() + 120_000;
  while (!await condition()) {
    assert(performance.now() < deadline, "it never came to that");
    await pause(20);
  }
}
