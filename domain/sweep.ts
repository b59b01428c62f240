import type { Sql } from "../db/types.ts";
import { expireChanges } from "./proposals.ts";
import { transitionDue } from "./transitions.ts";

const BATCH = 500;

/**
 * What time decides: approved reservations that have ended are completed, requests that nobody decided before their
 * start expire, and so do changes that nobody decided on. In batches, each a statement of its own; several servers at once share the work and do none of it
 * twice, and running it again does no harm.
 *
 * @returns how many reservations moved
 */
export async function sweep(sql: Sql, now: Temporal.Instant): Promise<number> {
  let changed = 0;
  const due = [
    () => expireChanges(sql, now, BATCH),
    () => transitionDue(sql, "complete", now, BATCH),
    () => transitionDue(sql, "expire", now, BATCH),
  ];
  for (const work of due) {
    for (let moved = BATCH; moved === BATCH;) {
      moved = await work();
      changed += moved;
    }
  }
  return changed;
}
