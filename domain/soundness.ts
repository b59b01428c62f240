import type { Db } from "../db/types.ts";

/**
 * What must never be, looked for among the rows as they are: the guard itself, units held twice, finished
 * reservations that hold. Nothing found: an empty list.
 */
export async function findUnsound(db: Db): Promise<string[]> {
  const [found] = await db<{ guarded: boolean; twice: number; finished: number; empty: number }[]>`
    select
      exists (
        select from pg_constraint
        where conrelid = 'allocations'::regclass and contype = 'x' and convalidated) as guarded,
      (select count(*)::int from allocations a join allocations b
        on a.resource_id = b.resource_id and a.unit = b.unit and a.period && b.period and a.ctid < b.ctid
        where a.holds and b.holds) as twice,
      (select count(*)::int from allocations a join reservations v on v.id = a.reservation_id
        where a.holds and v.status not in ('pending', 'approved', 'checked_in')) as finished,
      (select count(*)::int from reservations v
        where v.status in ('approved', 'checked_in')
          and not exists (select from allocations a where a.reservation_id = v.id and a.holds)) as empty`;
  return [
    found.guarded ? "" : "the constraint that guards the allocations is missing",
    found.twice > 0 ? `${found.twice} units are held twice at a time` : "",
    found.finished > 0 ? `${found.finished} finished reservations still hold a unit` : "",
    found.empty > 0 ? `${found.empty} approved reservations hold nothing` : "",
  ].filter(Boolean);
}
