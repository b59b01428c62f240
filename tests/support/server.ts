import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "../../db/connect.ts";
import { type Embedded, startEmbedded } from "../../db/embedded.ts";
import { migrate } from "../../db/migrate.ts";

const TEMPLATE = "template_holdfast";
const quiet = { info: () => {}, warn: console.warn };

/** Starts a PostgreSQL for tests, does the work with what `testDatabase()` reads from the environment, and ends it. */
export async function withServer<T>(
  work: (environment: { HOLDFAST_TEST_DATABASE: string }) => Promise<T>,
): Promise<T> {
  const dataDir = await Deno.makeTempDir({ prefix: "holdfast-test-" });
  await Deno.chmod(dataDir, 0o711);
  let server: Embedded | undefined;
  let inMemory: string | undefined;
  try {
    await (await startEmbedded(dataDir, quiet)).stop();
    inMemory = await moveToMemory(join(dataDir, "db"));
    server = await startEmbedded(dataDir, quiet);
    await makeTemplate(server);
    const told = JSON.stringify({ ...server.connection, template: TEMPLATE });
    return await work({ HOLDFAST_TEST_DATABASE: told });
  } finally {
    await server?.stop();
    await Deno.remove(dataDir, { recursive: true });
    if (inMemory) await Deno.remove(inMemory, { recursive: true });
  }
}

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
