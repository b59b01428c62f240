import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "../db/connect.ts";
import { type Embedded, startEmbedded } from "../db/embedded.ts";
import { migrate } from "../db/migrate.ts";

// Runs the tests on a PostgreSQL of their own: `deno task test [files and options of deno test]`.

const TEMPLATE = "template_holdfast";
const given = Deno.args;
const paths = given.some((arg) => !arg.startsWith("-")) ? [] : ["tests/"];

const dataDir = await Deno.makeTempDir({ prefix: "holdfast-test-" });
await Deno.chmod(dataDir, 0o711);
let server: Embedded | undefined;
let inMemory: string | undefined;
let tests: Deno.ChildProcess | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => tests?.kill(signal));
}

const quiet = { info: () => {}, warn: console.warn };
let code = 1;
try {
  await (await startEmbedded(dataDir, quiet)).stop();
  inMemory = await moveToMemory(join(dataDir, "db"));
  server = await startEmbedded(dataDir, quiet);
  await makeTemplate(server);
  code = await run(server);
} finally {
  await server?.stop();
  await Deno.remove(dataDir, { recursive: true });
  if (inMemory) await Deno.remove(inMemory, { recursive: true });
}
Deno.exit(code);

// A database a test is thousands of small files made and removed: in memory the run takes two thirds of the time.
// The tests that kill a database keep their own data on the disk.
async function moveToMemory(folder: string): Promise<string | undefined> {
  const memory = "/dev/shm";
  try {
    const { bavail, bsize } = await statfs(memory);
    if (Math.min(bavail * bsize, Deno.systemMemoryInfo().available) < 6 * 2 ** 30) return undefined;
  } catch {
    return undefined; // not a Linux: the disk does
  }
  const target = await Deno.makeTempDir({ dir: memory, prefix: "holdfast-test-" });
  await Deno.chmod(target, 0o711);
  const moved = await new Deno.Command("mv", { args: [folder, target] }).output();
  if (!moved.success) throw new Error(new TextDecoder().decode(moved.stderr));
  await Deno.symlink(join(target, "db"), folder);
  return target;
}

// Migrated once; each test file works on a copy.
async function makeTemplate({ connection }: Embedded) {
  const admin = connect(connection, { max: 1 });
  await admin`create database ${admin(TEMPLATE)}`;
  await admin.end();
  const sql = connect({ ...connection, database: TEMPLATE }, { max: 2 });
  await migrate(sql, Temporal.Now.instant());
  await sql.end();
}

async function run({ connection }: Embedded): Promise<number> {
  const env = {
    HOLDFAST_TEST_DATABASE: JSON.stringify({ ...connection, template: TEMPLATE }),
    DENO_JOBS: "2",
    NO_COLOR: "1",
  };
  const args = ["test", "-A", "--parallel", ...given, ...paths];
  tests = new Deno.Command(Deno.execPath(), { args, env, stdin: "null", stdout: "piped", stderr: "inherit" })
    .spawn();
  let last = "";
  for await (const text of tests.stdout.pipeThrough(new TextDecoderStream())) {
    last = (last + text).slice(-4_000);
    await Deno.stdout.write(new TextEncoder().encode(text));
  }
  const { code } = await tests.status;
  const [, passed = "0", failed = "0"] = /(\d+) passed.*?\| (\d+) failed/.exec(last) ?? [];
  console.log(`${passed} passed, ${failed} failed`);
  return code;
}
