import type { Db } from "../db/types.ts";
import { notMissed, taking } from "./allocations.ts";
import type { Wish } from "./availability.ts";

/** How many units of a resource are free for the whole of a wish, of how many that there are. */
export interface FreeUnits {
  id: string;
  name: string;
  units: number;
  free_units: number;
}

/**
 * How many units of each resource of a wish are free all the time, buffers included; what is composed of parts is free
 * where all of them are. Explains; the constraint decides.
 */
export function freeUnitsOf(
  db: Db,
  wish: Pick<Wish, "start_time" | "end_time" | "resource_ids" | "except">,
  now: Temporal.Instant,
): Promise<FreeUnits[]> {
  const { resource_ids, except = null } = wish;
  return db<FreeUnits[]>`
    select r.id, r.name, r.units, r.units - (
      select count(distinct a.unit) from compositions t join allocations a on a.resource_id = t.taken_id
      where t.resource_id = r.id and a.holds and a.unit <= r.units and a.period && ${taking(db, wish)}
        and a.reservation_id is distinct from ${except} and ${notMissed(db, now)})::int as free_units
    from resources r left join policies p on p.id = r.policy_id
    where r.id = any(${[...resource_ids]}) order by lower(r.name)`;
}
