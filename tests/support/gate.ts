import assert from "node:assert/strict";
import { connect } from "../../db/connect.ts";
import type { Tx } from "../../db/types.ts";
import type { TestDatabase } from "./database.ts";

/** Something that is locked in the database until the gate is opened. */
export interface Gate {
  /** Waits until so many stand before a lock: whatever they do next, they are in the midst of it together. */
  crowded(count: number): Promise<void>;
  open(): Promise<void>;
}

const PATIENCE_MS = 10_000;

/**
 * Takes a lock that others will want, so that a race is one on every machine: they come one after the other, wait in
 * the order in which they came, and are let go all at once.
 *
 * @param stays whether what `lock` wrote meanwhile stays, as what somebody else does at that moment would
 */
export async function holdUp(
  { where }: TestDatabase,
  lock: (tx: Tx) => PromiseLike<unknown>,
  { stays = false } = {},
): Promise<Gate> {
  const sql = connect(where, { max: 2, name: "gate" });
  const locked = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const over = new Error("nothing that the gate did stays");
  const held = sql.begin(async (tx) => {
    await lock(tx);
    locked.resolve();
    await opened.promise;
    if (!stays) throw over;
  }).catch((error) => error === over || locked.reject(error));
  await locked.promise;
  return {
    async crowded(count) {
      const until = performance.now() + PATIENCE_MS;
      for (;;) {
        const [{ waiting }] = await sql<{ waiting: number }[]>`
          select count(*)::int as waiting from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`;
        if (waiting >= count) return;
        assert(performance.now() < until, `${waiting} of ${count} wait at the gate: it is no race`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async open() {
      opened.resolve();
      await held;
      await sql.end();
    },
  };
}
