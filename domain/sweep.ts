import { transaction } from "../db/transaction.ts";
import type { Sql } from "../db/types.ts";
import { lapseClosures } from "./allocations.ts";
import { lapseHolds } from "./holds.ts";
import { transitionDue } from "./transitions.ts";

const BATCH = 500;

/**
 * What time decides: approved reservations that have ended are completed, requests that nobody decided before their
 * start expire, and those that held their slot for as long as they may let it go. Closures that are over leave what is held. In
 * batches, each a transaction of its own; several servers at once share the work and do none of it twice, and running
 * it again does no harm.
 *
 * @returns how many reservations moved, and periods of closures ended
 */
export async function sweep(sql: Sql, now: Temporal.Instant): Promise<number> {
  let changed = 0;
  for (const action of ["complete", "expire"] as const) {
    for (let moved = BATCH; moved === BATCH;) {
      moved = await transaction(sql, (tx) => transitionDue(tx, action, now, BATCH));
      changed += moved;
    }
  }
  for (let lapsed = BATCH; lapsed === BATCH;) {
    lapsed = await transaction(sql, (tx) => lapseHolds(tx, now, BATCH));
    changed += lapsed;
  }
  for (let lapsed = BATCH; lapsed === BATCH;) {
    lapsed = await transaction(sql, (tx) => lapseClosures(tx, now, BATCH));
    changed += lapsed;
  }
  return changed;
}
