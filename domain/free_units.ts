import type { Db } from "../db/types.ts";
import { heldUnits, notMissed, notOf, taking } from "./allocations.ts";
import type { Wish } from "./availability.ts";
import type { Period } from "./periods.ts";
import type { Rules } from "./policies.ts";
import { quantityOf } from "./quantities.ts";

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
  const { resource_ids, except } = wish;
  return db<FreeUnits[]>`
    select r.id, r.name, r.units, r.units - ${heldUnits(db, taking(db, wish), now, except)}::int as free_units
    from resources r left join policies p on p.id = r.policy_id
    where r.id = any(${[...resource_ids]}) order by lower(r.name)`;
}

/** What is taken of each unit that is taken at all; of what is composed of parts, whatever is taken of them. */
export async function takenByUnit(
  db: Db,
  { resource_id, units, policy }: Rules,
  window: Period,
  now: Temporal.Instant,
  except?: string,
): Promise<Period[][]> {
  // Wider by the buffers that the wish brings along: what lies between is free for the wish itself.
  const before = policy?.buffer_after ?? 0;
  const after = policy?.buffer_before ?? 0;
  const rows = await db<{ unit: number; start_time: Temporal.Instant; end_time: Temporal.Instant }[]>`
    select unit, lower(period) - make_interval(mins => ${before}::int) as start_time,
      upper(period) + make_interval(mins => ${after}::int) as end_time
    from compositions t join allocations a on a.resource_id = t.taken_id
    where holds and t.resource_id = ${resource_id}
      and period && tstzrange(${window.start_time.subtract({ minutes: after })},
        ${window.end_time.add({ minutes: before })}, '[)')
      and ${notOf(db, except)} and ${notMissed(db, now)}`;
  return [...Map.groupBy(rows.filter((row) => row.unit <= units), (row) => row.unit).values()];
}

/** The same of several resources over one window, in one query whatever their number. */
export async function takenOfEach(
  db: Db,
  rules: readonly Rules[],
  window: Period,
  now: Temporal.Instant,
): Promise<(rules: Rules) => Period[][]> {
  const widest = (of: (policy: Rules["policy"]) => number | undefined) =>
    Math.max(0, ...rules.map(({ policy }) => of(policy) ?? 0));
  const before = widest((policy) => policy?.buffer_before);
  const after = widest((policy) => policy?.buffer_after);
  const rows = await db<
    { id: string; unit: number; start_time: Temporal.Instant; end_time: Temporal.Instant }[]
  >`
    select t.resource_id as id, unit, lower(period) as start_time, upper(period) as end_time
    from compositions t join allocations a on a.resource_id = t.taken_id
    where holds and t.resource_id = any(${rules.map(({ resource_id }) => resource_id)})
      and period && tstzrange(${window.start_time.subtract({ minutes: before })},
        ${window.end_time.add({ minutes: after })}, '[)')
      and ${notMissed(db, now)}`;
  const found = Map.groupBy(rows, ({ id }) => id);
  return ({ resource_id, units, policy }) => {
    const taken = (found.get(resource_id) ?? []).filter(({ unit }) => unit <= units).map((row) => ({
      unit: row.unit,
      start_time: row.start_time.subtract({ minutes: policy?.buffer_after ?? 0 }),
      end_time: row.end_time.add({ minutes: policy?.buffer_before ?? 0 }),
    }));
    return [...Map.groupBy(taken, ({ unit }) => unit).values()];
  };
}

/** Those slots in which enough of the accessories of a wish are free as well. */
export async function withAccessories<T extends Period>(
  sql: Db,
  { wish, accessories, slots }: { wish: Wish; accessories: readonly Rules[]; slots: readonly T[] },
  now: Temporal.Instant,
): Promise<T[]> {
  if (accessories.length === 0) return [...slots];
  const ids = accessories.map(({ resource_id }) => resource_id);
  const free = await Promise.all(
    slots.map(({ start_time, end_time }) =>
      freeUnitsOf(sql, { start_time, end_time, resource_ids: ids, except: wish.except }, now)
    ),
  );
  return slots.filter((_, i) =>
    free[i].every(({ id, free_units }) => free_units >= quantityOf(wish.quantities, id))
  );
}
