import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { applyExactly, LOCK, migrate } from "../migrate.ts";
import type { Sql, Tx } from "../types.ts";
import { BackupBroken, RestoreRefused } from "./errors.ts";
import {
  beginOf,
  END_OF_TABLE,
  type Head,
  readBegin,
  readHead,
  readSequence,
  readTail,
  type Sums,
} from "./format.ts";
import { readLines } from "./lines.ts";
import { clear, dismantle, findRows } from "./place.ts";
import { listTables } from "./tables.ts";

export interface RestoreOptions {
  /** Whether what is there is thrown away. */
  force?: boolean;
  /** Whether the database is brought to the newest shape afterwards. */
  forward?: boolean;
  onProgress?: (rows: number, what: string) => void;
}

export interface Restored {
  head: Head;
  sums: Sums;
  /** The migrations that were applied afterwards. */
  applied: string[];
}

/**
 * Puts a backup into a database: all of it in one transaction, or nothing. Every row is held against the constraints
 * of its table, also the one that guards the allocations: those that take an index, and what leads from table to table,
 * are checked at the end, when they cost least.
 *
 * @throws {BackupBroken} where the backup cannot be read, or is not whole
 * @throws {RestoreRefused} where the database has something in it, or is in use
 * @throws {MigrationRefused} where the backup is of a newer Holdfast
 */
export async function restore(
  sql: Sql,
  from: ReadableStream<Uint8Array<ArrayBuffer>>,
  now: Temporal.Instant,
  { force = false, forward = true, onProgress }: RestoreOptions = {},
): Promise<Restored> {
  const lines = reader(from);
  const { head, sums } = await sql.begin((tx) => restoreIn(tx, lines, force, onProgress)).finally(
    lines.close,
  );
  const applied = forward ? await migrate(sql, now) : [];
  await sql`analyze`.catch(() => {}); // the planner learns by itself, too
  return { head, sums, applied };
}

async function restoreIn(tx: Tx, lines: Lines, force: boolean, onProgress: RestoreOptions["onProgress"]) {
  await tx`
    select set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
      set_config('lock_timeout', '10s', true), set_config('datestyle', 'ISO', true),
      set_config('timezone', 'UTC', true)`;
  await tx`select pg_advisory_xact_lock(${LOCK})`;
  await refuseWhereUsed(tx);
  const found = await findRows(tx);
  if (found && !force) {
    throw new RestoreRefused(`This database is not empty: ${found}. --force throws away what is there`);
  }
  const head = readHead(await lines.next(), await lines.next());
  await clear(tx);
  await applyExactly(tx, head.migrations);
  const reassemble = await dismantle(tx);
  const sums = await readAll(tx, lines, onProgress);
  await reassemble().catch((error) => {
    if (!error.code?.startsWith("23")) throw error;
    throw breaksARule(error.table_name);
  });
  return { head, sums };
}

/** A server goes on with what it remembers of the rows, and with statements for tables that are gone. */
async function refuseWhereUsed(tx: Tx) {
  const [{ users }] = await tx<{ users: number }[]>`
    select count(*)::int as users from pg_stat_activity
    where datname = current_database() and application_name = 'holdfast' and pid <> pg_backend_pid()`;
  if (users > 0) throw new RestoreRefused("A Holdfast is at work on this database: stop it first");
}

async function readAll(tx: Tx, lines: Lines, onProgress?: RestoreOptions["onProgress"]): Promise<Sums> {
  const wanted = new Map((await listTables(tx)).map(({ name, columns }) => [name, columns]));
  const read: Sums = {};
  let rows = 0;
  while (true) {
    const line = await lines.next();
    if (line === undefined) throw new BackupBroken("This backup is broken: it was cut off");
    const begin = readBegin(line);
    const sequence = readSequence(line);
    if (begin) {
      const columns = wanted.get(begin.table);
      if (!columns || columns.join() !== begin.columns.join()) {
        throw new BackupBroken(
          `This backup is broken: its table “${begin.table}” is not as it was in its time`,
        );
      }
      wanted.delete(begin.table);
      read[begin.table] = await copy(tx, begin, lines);
      rows += read[begin.table].rows;
      onProgress?.(rows, begin.table);
    } else if (sequence) {
      const { table, column, last_value, is_called } = sequence;
      await tx`select setval(pg_get_serial_sequence(quote_ident(${table}), ${column}), ${last_value}, ${is_called})`;
    } else {
      const sums = readTail(line);
      if (
        JSON.stringify(sums) !== JSON.stringify(read) || wanted.size > 0 || await lines.next() !== undefined
      ) {
        throw new BackupBroken("This backup is broken: its rows are not those that were written");
      }
      return sums;
    }
  }
}

async function copy(tx: Tx, { table, columns }: { table: string; columns: string[] }, lines: Lines) {
  const hash = createHash("sha256");
  let rows = 0;
  const into: Writable = await tx.unsafe(beginOf(table, columns)).writable();
  const done = finished(into);
  done.catch(() => {}); // it is awaited below, where nothing else fails first
  try {
    for (let batch = await lines.until(END_OF_TABLE); batch; batch = await lines.until(END_OF_TABLE)) {
      const text = `${batch.join("\n")}\n`;
      hash.update(text);
      rows += batch.length;
      if (!into.write(text)) await Promise.race([once(into, "drain"), done]);
    }
  } catch (error) {
    into.destroy(error as Error);
    await done.catch(() => {});
    throw error;
  }
  await Promise.race([end(into), done]);
  try {
    // What the database has against the rows it says when it has them all; the driver hears it and tells nobody. Whoever
    // asks next is told that the transaction is over.
    await tx`select 1`;
  } catch (error) {
    if ((error as { code?: string }).code !== "25P02") throw error;
    throw breaksARule(table);
  }
  await done;
  return { rows, sha256: hash.digest("hex") };
}

function breaksARule(table: string): BackupBroken {
  return new BackupBroken(
    `This backup is broken: what stands in its table “${table}” breaks a rule of that table`,
  );
}

/** Sends the end of the rows, and does not wait for the answer. */
function end(into: Writable): Promise<void> {
  return new Promise((resolve) => {
    const send = into._final;
    into._final = function (callback) {
      send.call(this, callback);
      resolve();
    };
    into.end();
  });
}

type Lines = ReturnType<typeof reader>;

function reader(from: ReadableStream<Uint8Array<ArrayBuffer>>) {
  const batches = readLines(from);
  let batch: string[] = [];
  let at = 0;
  async function more(): Promise<boolean> {
    while (at >= batch.length) {
      const { value, done } = await batches.next();
      if (done) return false;
      [batch, at] = [value, 0];
    }
    return true;
  }
  return {
    /** Lets go of what it reads from. */
    async close() {
      await batches.return(undefined);
      if (!from.locked) await from.cancel();
    },
    next: async () => await more() ? batch[at++] : undefined,
    /** The lines that are at hand, up to one that says `end`; nothing where that is the next. */
    async until(end: string): Promise<string[] | undefined> {
      if (!await more()) throw new BackupBroken("This backup is broken: it was cut off");
      const ends = batch.indexOf(end, at);
      if (ends === at) {
        at++;
        return undefined;
      }
      const found = batch.slice(at, ends < 0 ? undefined : ends);
      at += found.length;
      return found;
    },
  };
}
