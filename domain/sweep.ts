import { transaction } from "../db/transaction.ts";
import type { Sql, Tx } from "../db/types.ts";
import { lapseClosures } from "./allocations.ts";
import { lapseHolds } from "./holds.ts";
import { forgetReplies } from "./replies.ts";
import { heed } from "./offer_locks.ts";
import { expireOffers, offerFreed } from "./offers.ts";
import { forgetRuns } from "./runs.ts";
import { expireChanges } from "./proposals.ts";
import { forgetExpired } from "./transfers/staging.ts";
import { transitionDue } from "./transitions.ts";
import { expireEntries } from "./waitlist.ts";

const BATCH = 500;

/**
 * What time decides: what nobody checked in for within the grace is a no-show and free again; approved reservations
 * that have ended are completed, requests that nobody decided before their start expire, and so do changes that nobody
 * decided on, offers that nobody accepted and what somebody waited for until it began; requests that held their slot
 * for as long as they may let it go, and so do closures that are over; what is free is offered to who waits for it;
 * answers that were kept for a day and files that nobody imported are forgotten, as are runs of long ago.
 * In batches, each a transaction of its own; several servers at once share the work and do none of it twice, and
 * running it again does no harm.
 *
 * @returns how many reservations moved, periods of closures ended, and answers, files and runs were forgotten
 */
export async function sweep(sql: Sql, now: Temporal.Instant): Promise<number> {
  let changed = 0;
  // What comes free is offered in the same transaction.
  const offering = (work: (tx: Tx) => Promise<number>) => async (tx: Tx) => {
    await heed(tx, "anywhere");
    const freed = await work(tx);
    if (freed > 0) await offerFreed(tx, "anywhere", now);
    return freed;
  };
  const due: ((tx: Tx) => Promise<number>)[] = [
    (tx) => expireChanges(tx, now, BATCH),
    offering((tx) => transitionDue(tx, "no_show", now, BATCH)),
    (tx) => transitionDue(tx, "complete", now, BATCH),
    offering((tx) => transitionDue(tx, "expire", now, BATCH)),
    offering((tx) => lapseHolds(tx, now, BATCH)),
    offering((tx) => expireOffers(tx, "anywhere", now, BATCH)),
    (tx) => expireEntries(tx, now, BATCH),
    // Whatever came free without anybody seeing it, such as by a change of the rules.
    (tx) => offerFreed(tx, "anywhere", now),
    (tx) => lapseClosures(tx, now, BATCH),
    (tx) => forgetReplies(tx, now, BATCH),
    (tx) => forgetExpired(tx, now, BATCH),
    (tx) => forgetRuns(tx, now, BATCH),
  ];
  for (const work of due) {
    for (let moved = BATCH; moved === BATCH;) {
      moved = await transaction(sql, work);
      changed += moved;
    }
  }
  return changed;
}
