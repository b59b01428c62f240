import type { Tx } from "../db/types.ts";
import { release } from "./allocations.ts";
import { record } from "./history.ts";

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
