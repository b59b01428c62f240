import { connect, type Where } from "../connect.ts";
import type { Sql } from "../types.ts";
import { sumsOf } from "./dump.ts";
import { BackupBroken, RestoreRefused } from "./errors.ts";
import type { Sums } from "./format.ts";
import { restore, type Restored, type RestoreOptions } from "./restore.ts";

/**
 * Puts a backup into a database that is made for it, and compares what is there then with what was written: how many rows
 * each table has, and the SHA-256 of them. The database is gone afterwards.
 *
 * @param look is given the database once it is compared and brought to the newest shape
 * @throws {BackupBroken} where anything differs
 * @throws {RestoreRefused} where no database may be made
 */
export async function verify(
  sql: Sql,
  where: Where,
  from: ReadableStream<Uint8Array<ArrayBuffer>>,
  now: Temporal.Instant,
  look: (scratch: Sql) => Promise<void>,
  onProgress?: RestoreOptions["onProgress"],
): Promise<Restored> {
  const name = `holdfast_verify_${crypto.randomUUID().slice(0, 8)}`;
  try {
    await sql`create database ${sql(name)} template template0`;
  } catch (error) {
    if ((error as { code?: string }).code !== "42501") throw error;
    throw new RestoreRefused(
      "This account may not make a database to try the backup in: alter role … createdb",
    );
  }
  const scratch = connect(at(where, name), { max: 2, name: "holdfast verification" });
  try {
    const restored = await restore(scratch, from, now, { forward: false, onProgress });
    const found = await sumsOf(scratch);
    const wrong = differing(restored.sums, found);
    if (wrong.length > 0) {
      throw new BackupBroken(`This backup restores to something else: ${wrong.join(", ")} differ`);
    }
    const { migrate } = await import("../migrate.ts");
    const applied = await migrate(scratch, now);
    await look(scratch);
    return { ...restored, applied };
  } finally {
    await scratch.end({ timeout: 5 });
    await sql`drop database if exists ${sql(name)} with (force)`;
  }
}

/** The same server, another database. */
function at(where: Where, database: string): Where {
  if (typeof where !== "string") return { ...where, database };
  const url = new URL(where);
  url.pathname = `/${database}`;
  return url.href;
}

function differing(wanted: Sums, found: Sums): string[] {
  const names = new Set([...Object.keys(wanted), ...Object.keys(found)]);
  return [...names].filter((name) =>
    wanted[name]?.rows !== found[name]?.rows || wanted[name]?.sha256 !== found[name]?.sha256
  );
}
