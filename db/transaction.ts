import type { Ground, Tx } from "./types.ts";

/** Serialization failure and deadlock: the database asks for the same thing once more. */
const TRY_AGAIN = new Set(["40001", "40P01"]);
const ATTEMPTS = 4;

/**
 * Runs one transaction and commits it. It runs again when the database gave it up for another's sake; whatever
 * else is thrown rolls it back and reaches the caller. Inside a transaction it is a part of that one, which goes back
 * alone when something is thrown.
 */
export async function transaction<T>(sql: Ground, work: (tx: Tx) => Promise<T>): Promise<T> {
  if (isInside(sql)) return await sql.savepoint(work) as T;
  for (let attempt = 1;; attempt++) {
    try {
      return await sql.begin(work) as T;
    } catch (error) {
      if (attempt === ATTEMPTS || !TRY_AGAIN.has((error as { code?: string }).code ?? "")) throw error;
    }
  }
}

/** Whether this is a transaction under way. */
export function isInside(sql: Ground): sql is Tx {
  return "savepoint" in sql;
}
