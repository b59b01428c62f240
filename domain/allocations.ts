import type { Db, Tx } from "../db/types.ts";
import type { Period } from "./periods.ts";

/** A taking of several resources' time: all of them, or none. */
export interface Taking extends Period {
  reservation_id: string;
  resource_ids: readonly string[];
  holds: boolean;
}

/**
 * What a period takes of a resource `r` under its policy `p`: the period itself, and the buffers before and after.
 * For a query over both.
 */
export function taking(db: Db, { start_time, end_time }: Period) {
  return db`tstzrange(${start_time}::timestamptz - make_interval(mins => coalesce(p.buffer_before, 0)),
    ${end_time}::timestamptz + make_interval(mins => coalesce(p.buffer_after, 0)), '[)')`;
}

/**
 * Makes edits of the same resources wait for each other, in one order. A move releases and takes anew; without this,
 * two moves that swap slots would wait for each other's release until the database ends one of them.
 */
export async function queueUp(tx: Tx, resource_ids: readonly string[]): Promise<void> {
  await tx`select id from resources where id = any(${[...resource_ids]}) order by id for no key update`;
}

/**
 * Waits until everything that is being taken at this moment is taken or given up, and lets nobody take anything until
 * the transaction ends. Only for what is rare: it stops the whole house for a moment.
 */
export async function settle(tx: Tx): Promise<void> {
  await tx`lock table allocations in share row exclusive mode`;
}

/**
 * Takes the lowest free unit of each resource. `on conflict do nothing` waits for whoever is taking the same slot at
 * the same moment and then steps back, where a plain insert would end in deadlocks.
 *
 * @returns whether every resource could be taken; where not, the caller must give the transaction up
 */
export async function take(tx: Tx, { reservation_id, resource_ids, start_time, end_time, holds }: Taking) {
  const taken = await tx`
    insert into allocations (reservation_id, resource_id, unit, period, holds)
    select ${reservation_id}, r.id, free.unit, span.period, ${holds}
    from resources r
    left join policies p on p.id = r.policy_id
    cross join lateral (select ${taking(tx, { start_time, end_time })} as period) as span
    cross join lateral (
      select unit from generate_series(1, r.units) as unit
      where not exists (
        select from allocations a where a.holds and a.resource_id = r.id and a.unit = unit.unit
          and a.period && span.period)
      order by unit limit 1
    ) as free
    where r.id = any(${[...resource_ids]})
    order by r.id
    on conflict do nothing
    returning resource_id`;
  return taken.length === resource_ids.length;
}

/** Gives up what a reservation takes, and forgets it: a new taking follows in the same transaction. */
export async function withdraw(tx: Tx, reservation_id: string): Promise<string[]> {
  const gone = await tx<{ resource_id: string }[]>`
    delete from allocations where reservation_id = ${reservation_id} returning resource_id`;
  return [...new Set(gone.map((row) => row.resource_id))].sort();
}

/** Lets others have what these reservations held; what they asked for stays on record. */
export async function release(tx: Tx, reservation_ids: readonly string[]): Promise<void> {
  await tx`
    update allocations set holds = false where reservation_id = any(${[...reservation_ids]}) and holds`;
}
