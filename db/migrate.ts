import { createHash } from "node:crypto";
import type { Sql, Tx } from "./types.ts";

const FOLDER = new URL("./migrations/", import.meta.url);
/** Any number will do, as long as every replica takes the same. */
export const LOCK = 7_421_063;

/** Thrown where the database and the files disagree; the message says which file and how. */
export class MigrationRefused extends Error {}

/**
 * Brings the database to the newest shape: each file of `db/migrations` that was not yet applied, in order, in a
 * transaction of its own, all under one advisory lock, so that replicas that start together wait for each other.
 *
 * @returns the names of the files applied now
 * @throws {MigrationRefused} when an applied file was edited since, or the database is newer than these files
 */
export async function migrate(sql: Sql, now: Temporal.Instant): Promise<string[]> {
  const files = await readMigrations();
  const connection = await sql.reserve();
  try {
    // What a statement may take is meant for requests: a large table takes long, and who waits for another waits for it.
    await connection`set statement_timeout = 0`;
    await connection`select pg_advisory_lock(${LOCK})`;
    await connection`create table if not exists migrations (
      name text primary key, checksum text not null, applied_at timestamptz not null)`;
    const done = await connection<Applied[]>`select name, checksum from migrations`;
    const applied = new Map(done.map((row) => [row.name, row.checksum]));
    refuseStrangers(files, applied);
    const missing = files.filter((file) => !applied.has(file.name));
    for (const file of missing) await apply(connection as unknown as Tx, file, now);
    await connection`select let_the_guard_grow()`;
    return missing.map((file) => file.name);
  } finally {
    await connection`select pg_advisory_unlock(${LOCK})`.catch(() => {});
    await connection`reset statement_timeout`.catch(() => {});
    connection.release();
  }
}

/**
 * The names of the files that the database still lacks; all of them where it is empty.
 *
 * @throws {MigrationRefused} as `migrate` does
 */
export async function pendingMigrations(sql: Sql): Promise<string[]> {
  const files = await readMigrations();
  const [{ begun }] = await sql<{ begun: boolean }[]>`select to_regclass('migrations') is not null as begun`;
  const done = begun ? await sql<Applied[]>`select name, checksum from migrations` : [];
  const applied = new Map(done.map((row) => [row.name, row.checksum]));
  refuseStrangers(files, applied);
  return files.filter((file) => !applied.has(file.name)).map((file) => file.name);
}

/**
 * Brings an empty database to an older shape, inside a transaction, as if it had come there at the times that are told.
 *
 * @throws {MigrationRefused} where one of these migrations is not ours, or is another now
 */
export async function applyExactly(
  tx: Tx,
  wanted: readonly (Applied & { applied_at: string })[],
): Promise<void> {
  const files = await readMigrations();
  refuseStrangers(files, new Map(wanted.map(({ name, checksum }) => [name, checksum])), "The backup");
  await tx`create table migrations (name text primary key, checksum text not null, applied_at timestamptz not null)`;
  for (const { name, checksum, applied_at } of wanted) {
    await tx.unsafe(files.find((file) => file.name === name)!.text);
    await tx`insert into migrations ${tx({ name, checksum, applied_at })}`;
  }
}

type Applied = Pick<Migration, "name" | "checksum">;

interface Migration {
  name: string;
  text: string;
  checksum: string;
}

async function readMigrations(): Promise<Migration[]> {
  const names = (await Array.fromAsync(Deno.readDir(FOLDER)))
    .map((entry) => entry.name).filter((name) => name.endsWith(".sql")).sort();
  return Promise.all(names.map(async (name) => {
    const text = await Deno.readTextFile(new URL(name, FOLDER));
    return { name, text, checksum: createHash("sha256").update(text).digest("hex") };
  }));
}

function refuseStrangers(files: Migration[], applied: Map<string, string>, where = "The database") {
  const known = new Map(files.map((file) => [file.name, file.checksum]));
  for (const [name, checksum] of applied) {
    const here = known.get(name);
    if (!here) {
      throw new MigrationRefused(
        `${where} is newer than this Holdfast: it has "${name}". Start the newer one`,
      );
    }
    if (here !== checksum) {
      throw new MigrationRefused(
        `Migration "${name}" was edited after it was applied. Restore it and add a new one`,
      );
    }
  }
}

// On a reserved connection there is no `begin()`; the lock is held by the session, so the transaction is written out.
async function apply(connection: Tx, { name, text, checksum }: Migration, now: Temporal.Instant) {
  await connection`begin`;
  try {
    await connection.unsafe(text);
    await connection`insert into migrations ${connection({ name, checksum, applied_at: now.toString() })}`;
    await connection`commit`;
  } catch (error) {
    await connection`rollback`;
    throw error;
  }
}
