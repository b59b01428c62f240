import type { Sql } from "./types.ts";

/**
 * Answers the question that `load` asks the database, or remembers what it answered last time under this key, if
 * nothing has been written since. Only for answers that depend on the key and the database alone: neither on who
 * asks nor on what time it is.
 */
export type Recall = <T>(key: string, load: () => Promise<T>) => Promise<T>;

/** What was read from a database, for as long as it is true. */
export interface Memory {
  /** Finds out, by one small query, whether anything has changed; what is recalled after that is never older. */
  open(): Promise<Recall>;
}

/**
 * A memory of at most so many answers. There is nothing to invalidate: a snapshot names the transactions that a
 * query can see, and as long as it stays the same, so does every answer. (On a standby it would not name all that
 * are under way: `forgetful` is for those.)
 *
 * @see https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
 */
export function remember(sql: Sql, atMost = 200): Memory {
  const kept = new Map<string, { snapshot: string; answer: Promise<unknown> }>();
  return {
    async open() {
      const [{ snapshot }] = await sql<{ snapshot: string }[]>`
        select pg_current_snapshot()::text as snapshot`;
      return <T>(key: string, load: () => Promise<T>) => {
        const found = kept.get(key);
        if (found?.snapshot === snapshot) return found.answer as Promise<T>;
        const answer = load();
        kept.delete(key);
        if (kept.size >= atMost) kept.delete(kept.keys().next().value!);
        kept.set(key, { snapshot, answer });
        answer.catch(() => kept.get(key)?.answer === answer && kept.delete(key));
        return answer;
      };
    },
  };
}

/** A memory that keeps nothing: for a database whose snapshots do not tell whether anything was written. */
export const forgetful: Memory = { open: () => Promise.resolve((_key, load) => load()) };
