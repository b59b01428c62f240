import type { Fragment, Tx } from "../db/types.ts";
import { unitsFor } from "./allocations.ts";
import type { Period } from "./periods.ts";

/** What comes along with a whole that is reserved, and is taken by somebody else. */
export interface CannotComeAlong {
  whole_name: string;
  part_name: string;
  /** The reference of the reservation that has it; null where it is a closure. */
  by: string | null;
  reason: string | null;
}

/**
 * Gives reservations of wholes the parts that have newly come to them, as they hold the whole; where nobody else takes
 * anything meanwhile (see `settle`).
 *
 * @param which of reservations `v`
 * @returns what could not be had, and who has it; then the caller must give the transaction up
 */
export async function comeAlong(
  tx: Tx,
  come: readonly { whole_id: string; part_id: string }[],
  which: Fragment,
): Promise<CannotComeAlong[]> {
  const wanted = tx`
    select a.reservation_id, come.part_id, a.period, a.holds, come.whole_id
    from unnest(${come.map((one) => one.whole_id)}::uuid[], ${come.map((one) => one.part_id)}::uuid[])
      as come (whole_id, part_id)
    join allocations a on a.resource_id = come.whole_id and a.asked is not null
    join reservations v on v.id = a.reservation_id
    where ${which}`;
  await tx`
    insert into allocations (reservation_id, resource_id, unit, period, holds, whole_id)
    select reservation_id, part_id, 1, period, holds, whole_id from (${wanted}) as wanted
    order by part_id, lower(period)
    on conflict do nothing`;
  return await tx<CannotComeAlong[]>`
    select distinct whole.name as whole_name, part.name as part_name, v.reference as by, c.reason
    from (${wanted}) as wanted
    join resources whole on whole.id = wanted.whole_id
    join resources part on part.id = wanted.part_id
    join allocations other on other.resource_id = wanted.part_id
      and (other.reservation_id = wanted.reservation_id or other.holds and other.period && wanted.period)
    left join reservations v on v.id = other.reservation_id
    left join closures c on c.id = other.closure_id
    where not exists (
      select from allocations mine where mine.reservation_id = wanted.reservation_id
        and mine.resource_id = wanted.part_id and mine.whole_id = wanted.whole_id)
    order by whole_name, part_name, by limit 20`;
}

/** Gives up the parts that belong to a whole no longer, where the reservation is not over. */
export async function leaveOut(
  tx: Tx,
  gone: readonly { whole_id: string; part_id: string }[],
  now: Temporal.Instant,
): Promise<void> {
  await tx`
    delete from allocations a
    using unnest(${gone.map((one) => one.whole_id)}::uuid[], ${gone.map((one) => one.part_id)}::uuid[])
      as gone (whole_id, part_id)
    where a.whole_id = gone.whole_id and a.resource_id = gone.part_id and upper(a.period) > ${now}`;
}

/** Gives up what closures have ahead of now of units that there are no more. */
export async function forgetAbove(
  tx: Tx,
  { id, units }: { id: string; units: number },
  now: Temporal.Instant,
) {
  await tx`
    delete from allocations
    where resource_id = ${id} and unit > ${units} and closure_id is not null and upper(period) > ${now}`;
}

/**
 * Has a reservation hold the lowest units of one resource that are free, in place of those that it had, for the same
 * time; where nobody else takes anything meanwhile (see `settle`).
 *
 * @returns whether there are enough; where not, the caller must give the transaction up
 */
export async function retake(
  tx: Tx,
  { id, resource_id, quantity }: { id: string; resource_id: string; quantity: number },
): Promise<boolean> {
  const [{ start_time, end_time, holds }] = await tx<(Period & { holds: boolean })[]>`
    delete from allocations where reservation_id = ${id} and resource_id = ${resource_id}
    returning lower(period) as start_time, upper(period) as end_time, holds`;
  const taken = await tx`
    insert into allocations (reservation_id, resource_id, unit, period, holds, asked)
    select ${id}, need.taken_id, one.unit, w.period, ${holds}, one.asked
    from (
      select id as resource_id, units, ${quantity}::int as quantity,
        tstzrange(${start_time}, ${end_time}, '[)') as period
      from resources where id = ${resource_id}
    ) as w
    ${unitsFor(tx)}
    on conflict do nothing returning 1`;
  return taken.length === quantity;
}
