import type { Db } from "../db/types.ts";
import { isAhead } from "./transitions.ts";

/**
 * What must never be, looked for among the rows as they are: the guard itself, units held twice, finished reservations
 * that hold, parts held beside their whole, more in use than there are, fewer held than were asked for. Nothing found: an
 * empty list.
 *
 * What ended before its parts or its units were changed keeps what it had, so that only what lies ahead counts there.
 */
export async function findUnsound(db: Db, now: Temporal.Instant): Promise<string[]> {
  const [found] = await db<
    {
      guarded: boolean;
      twice: number;
      finished: number;
      empty: number;
      beside: number;
      above: number;
      fewer: number;
    }[]
  >`
    with held as materialized (
      -- Whatever the guard's own index has lost is in the table: it is asked for in words that no index knows.
      select ctid as place, resource_id, unit, period from allocations where holds::int = 1
    )
    select
      exists (
        select from pg_constraint
        where conrelid = 'allocations'::regclass and contype = 'x' and convalidated) as guarded,
      (select count(*)::int from held a join held b
        on a.resource_id = b.resource_id and a.unit = b.unit and a.period && b.period and a.place < b.place) as twice,
      (select count(*)::int from allocations a join reservations v on v.id = a.reservation_id
        where a.holds and v.status not in ('pending', 'approved', 'checked_in')) as finished,
      (select count(*)::int from reservations v
        where v.status in ('approved', 'checked_in')
          and not exists (select from allocations a where a.reservation_id = v.id and a.holds)) as empty,
      (select count(*)::int from resource_parts_all p
        join allocations whole on whole.resource_id = p.whole_id and whole.holds and whole.asked is not null
        join reservations v on v.id = whole.reservation_id and ${isAhead(db, now)}
        where not exists (
          select from allocations part where part.reservation_id = v.id and part.resource_id = p.part_id
            and part.holds and part.period = whole.period)) as beside,
      (select count(*)::int from allocations a
        join resources r on r.id = a.resource_id join reservations v on v.id = a.reservation_id
        where a.holds and a.unit > r.units and ${isAhead(db, now)}) as above,
      (select count(*)::int from (
        select from allocations a where a.holds and a.whole_id is null and a.reservation_id is not null
        group by a.reservation_id, a.resource_id having count(*) <> coalesce(sum(a.asked), 0)) as one) as fewer`;
  return [
    found.guarded ? "" : "the constraint that guards the allocations is missing",
    found.twice > 0 ? `${found.twice} units are held twice at a time` : "",
    found.finished > 0 ? `${found.finished} finished reservations still hold a unit` : "",
    found.empty > 0 ? `${found.empty} approved reservations hold nothing` : "",
    found.beside > 0 ? `${found.beside} reservations of a whole do not hold all of its parts` : "",
    found.above > 0 ? `${found.above} units are in use of which there are fewer` : "",
    found.fewer > 0 ? `${found.fewer} reservations hold another number of units than was asked for` : "",
  ].filter(Boolean);
}
