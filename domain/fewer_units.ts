import type { Tx } from "../db/types.ts";
import { settle } from "./allocations.ts";
import { Conflict } from "./errors.ts";
import type { Doer } from "./history.ts";
import { withdrawAllOffers } from "./offers_withdrawn.ts";
import { isAhead } from "./transitions.ts";
import { forgetAbove, retake } from "./retaking.ts";

/**
 * Has everybody who holds a unit that there is no more hold another, after the number of units was made smaller: so that
 * never more are in use than there are. Offers of it are taken back: what is left is offered anew, in order, by whoever
 * calls this (see `freeing`).
 *
 * @throws {Conflict} naming the reservations for which too few are left
 */
export async function doWithFewer(
  tx: Tx,
  actor: Doer,
  { id, name, units }: { id: string; name: string; units: number },
  now: Temporal.Instant,
): Promise<void> {
  await settle(tx);
  await withdrawAllOffers(tx, actor, [id], now);
  await forgetAbove(tx, { id, units }, now);
  const over = await tx<{ id: string; reference: string; quantity: number }[]>`
    select v.id, v.reference, a.asked as quantity
    from reservations v join allocations a on a.reservation_id = v.id and a.asked is not null
    where a.resource_id = ${id} and ${isAhead(tx, now)} and exists (
      select from allocations above
      where above.reservation_id = v.id and above.resource_id = ${id} and above.unit > ${units})
    order by v.start_time, v.created_at, v.id`;
  const without: string[] = [];
  for (const one of over) {
    if (!await retake(tx, { ...one, resource_id: id })) without.push(one.reference);
  }
  if (without.length === 0) return;
  const more = without.length > 10 ? ` and ${without.length - 10} more` : "";
  throw new Conflict(
    `${name} cannot have ${units === 1 ? "one unit" : `${units} units`}: more are reserved, by ${
      without.slice(0, 10).join(", ")
    }${more}. Move or cancel those first`,
  );
}
