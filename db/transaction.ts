import { type Line, onLine, tellsOfLoss } from "./lost.ts";
import type { Ground, Sql, Tx } from "./types.ts";

/** Serialization failure and deadlock: the database asks for the same thing once more. */
const TRY_AGAIN = new Set(["40001", "40P01"]);
const ATTEMPTS = 4;

/**
 * Runs one transaction and commits it. It runs again when the database gave it up for another's sake; whatever
 * else is thrown rolls it back and reaches the caller. Inside a transaction it is a part of that one: a savepoint,
 * which goes back alone when something is thrown.
 */
export async function transaction<T>(sql: Ground, work: (tx: Tx) => Promise<T>): Promise<T> {
  if (isInside(sql)) return await sql.savepoint(work) as T;
  for (let attempt = 1;; attempt++) {
    const line: Line = { lost: false };
    try {
      return await sql.begin(onLine(line, work)) as T;
    } catch (error) {
      line.lost ||= tellsOfLoss(error); // whatever of the work still goes on sends nothing more

      if (attempt === ATTEMPTS || !asksForAnother(error)) throw error;
    }
  }
}

/**
 * Runs several commands in one transaction: all of them are kept, or none. `work` is given what a command takes; it may
 * run more than once.
 */
export function together<T>(sql: Sql, work: (sql: Sql, tx: Tx) => Promise<T>): Promise<T> {
  return transaction(sql, (tx) => work(tx as unknown as Sql, tx));
}

/** Whether the database gave a transaction up for another's sake: the whole of it has to run again. */
export function asksForAnother(error: unknown): boolean {
  return TRY_AGAIN.has((error as { code?: string } | undefined)?.code ?? "");
}

/** Whether this is a transaction under way. */
export function isInside(sql: Ground): sql is Tx {
  return "savepoint" in sql;
}

/** Whether this is a pool, and not a transaction or one connection that is kept for somebody. */
export function isPool(sql: Ground): sql is Sql {
  return !isInside(sql) && !("release" in sql);
}
