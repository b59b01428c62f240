import type { Fragment, Tx } from "../db/types.ts";
import { isLike } from "./choices.ts";
import type { Doer } from "./history.ts";
import { sharing } from "./offer_locks.ts";
import { endOffer, type OpenOffer, openOffer } from "./offers.ts";
import type { Period } from "./periods.ts";

// Offers that are taken back. Who had one waits on, in their place; what that leaves is offered anew by whoever calls
// these (see `freeing`).

/** Takes back the offers that share a moment with these dates of resources. */
export function withdrawOffers(
  tx: Tx,
  actor: Doer,
  dates: readonly (Period & { resource_id: string })[],
  now: Temporal.Instant,
): Promise<void> {
  const met = tx`exists (
      select from allocations a
      join unnest(${dates.map((d) => d.resource_id)}::uuid[], ${
    dates.map((d) => `${d.start_time}`)
  }::timestamptz[], ${dates.map((d) => `${d.end_time}`)}::timestamptz[]) as d (id, start_time, end_time)
        on d.id = a.resource_id and a.period && tstzrange(d.start_time, d.end_time, '[)')
      where a.offer_id = o.id)`;
  return withdraw(tx, actor, met, now);
}

/** Takes back every offer of these resources, of what they are composed of, and of what has a part in common with them. */
export function withdrawAllOffers(
  tx: Tx,
  actor: Doer,
  resource_ids: readonly string[],
  now: Temporal.Instant,
): Promise<void> {
  return withdraw(tx, actor, tx`o.resource_ids && ${sharing(tx, resource_ids)}`, now);
}

/** Takes back the offers of a resource to those who would do with any, where it is not like what they want any more. */
export function withdrawUnlike(
  tx: Tx,
  actor: Doer,
  resource_id: string,
  now: Temporal.Instant,
): Promise<void> {
  const unlike = tx`e.any_of is not null and exists (
    select from resources r where r.id = ${resource_id} and r.id = any(o.resource_ids)
      and (not ${isLike(tx, tx`e.any_of`)}
        or r.capacity * coalesce((e.any_of ->> 'quantity')::int, 1) < e.attendees))`;
  return withdraw(tx, actor, unlike, now);
}

/** Takes back every offer that somebody has. */
export function withdrawOffersOf(
  tx: Tx,
  actor: Doer,
  requester_id: string,
  now: Temporal.Instant,
): Promise<void> {
  return withdraw(tx, actor, tx`e.requester_id = ${requester_id}`, now);
}

async function withdraw(tx: Tx, actor: Doer, which: Fragment, now: Temporal.Instant): Promise<void> {
  const met = await tx<OpenOffer[]>`
    select ${openOffer(tx)} from offers o join waitlist e on e.id = o.entry_id
    where o.ended_at is null and ${which} order by o.id`;
  for (const offer of met) await endOffer(tx, actor, offer, { outcome: "withdrawn" }, now);
}
