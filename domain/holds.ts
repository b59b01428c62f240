import type { Tx } from "../db/types.ts";
import { release } from "./allocations.ts";
import { type Doer, record } from "./history.ts";

/**
 * Lets go of what pending requests have held for as long as their policy lets them; they go on waiting for a decision,
 * without it. At most `limit` at once; rows that another server works on are passed over.
 *
 * @returns how many let go
 */
export async function lapseHolds(tx: Tx, now: Temporal.Instant, limit: number): Promise<number> {
  const lapsed = await tx<{ id: string; status: string }[]>`
    update reservations set held_until = null, version = version + 1, updated_at = ${now}
    where id in (
      select id from reservations where status = 'pending' and held_until <= ${now}
      order by held_until limit ${limit} for update skip locked)
    returning id, status`;
  await release(tx, lapsed.map(({ id }) => id));
  for (const { id, status } of lapsed) {
    await record(tx, null, { reservation_id: id, action: "lapse", previous_state: { status } }, now);
  }
  return lapsed.length;
}

/**
 * Takes from a pending request what it holds, for another's sake; it goes on waiting for a decision, without it.
 *
 * @returns whether it did: not where it was decided or changed since it was looked at
 */
export async function giveUpHold(
  tx: Tx,
  actor: Doer,
  { id, version }: { id: string; version: number },
  reason: string,
  now: Temporal.Instant,
): Promise<boolean> {
  const waiting = await tx`
    update reservations set held_until = null, version = version + 1, updated_at = ${now}
    where id = ${id} and status = 'pending' and version = ${version} returning id`;
  if (waiting.length === 0) return false;
  await release(tx, [id]);
  const details = { holds: false, reason };
  const previous_state = { status: "pending" };
  await record(tx, actor, { reservation_id: id, action: "edit", details, previous_state }, now);
  return true;
}
