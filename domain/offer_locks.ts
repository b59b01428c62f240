import type { Db, Tx } from "../db/types.ts";
import { isLike } from "./choices.ts";

/** Of which resources time has come free; of any, where that is not known before. */
export type Where = readonly string[] | "anywhere";

// Two locks of the whole list. Who frees time shares the first, and who joins has it alone: nobody begins to wait
// unseen for what is just coming free. The second is had by one at a time who makes or ends an offer. Both are taken
// before anything else, so that nobody waits for them crosswise; while nobody waits, the second is taken by nobody.
export const LIST = 12_150;
const JOINING = 1;
export const OFFERING = 2;

/** To be called before anything else by what may free time, or take an offer back: see `freeing`. */
export async function heed(tx: Tx, where: Where): Promise<void> {
  await tx`select pg_advisory_xact_lock_shared(${LIST}, ${JOINING})`;
  await tx`select pg_advisory_xact_lock(${LIST}, ${OFFERING}) where exists (
    select from waitlist e where e.status in ('waiting', 'offered') ${on(tx, where)})`;
}

/** Waits until whatever is being freed is free, and has the list alone: to join it. */
export async function alone(tx: Tx): Promise<void> {
  await tx`select pg_advisory_xact_lock(${LIST}, ${JOINING})`;
  await theOffers(tx);
}

/** Has all offers alone: to answer one. */
export async function theOffers(tx: Tx): Promise<void> {
  await tx`select pg_advisory_xact_lock(${LIST}, ${OFFERING})`;
}

/** Of entries `e`: those who wait for something of these resources. */
export function isWaiting(db: Db, where: Where) {
  return db`e.status = 'waiting' ${on(db, where)}`;
}

function on(db: Db, where: Where) {
  if (where === "anywhere") return db``;
  return db`and (e.resource_ids && ${sharing(db, where)} or e.any_of is not null and exists (
    select from resources r where r.id = any(${sharing(db, where)}) and ${isLike(db, db`e.any_of`)}))`;
}

/** The resources that an entry `e` is for: those it names, or all that are like what it says. */
export function wouldDo(db: Db, e = db`e`) {
  return db`case when ${e}.any_of is null then ${e}.resource_ids else array(
    select r.id from resources r where ${isLike(db, db`${e}.any_of`)}) end`;
}

/** These resources, what they are composed of, and what has a part in common with them. */
export function sharing(db: Db, resource_ids: readonly string[]) {
  return db`array(
    select b.resource_id from compositions a join compositions b on b.taken_id = a.taken_id
    where a.resource_id = any(${[...resource_ids]}::uuid[]))`;
}
