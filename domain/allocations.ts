import { unshown } from "../db/plans.ts";
import type { Db, Fragment, Tx } from "../db/types.ts";
import type { Period } from "./periods.ts";
import { type Quantities, quantityOf, type Wanted } from "./quantities.ts";

/** A taking of several resources' time: all of them, or none; for a reservation or for an offer. */
export interface Taking extends Period, Wanted {
  reservation_id?: string;
  offer_id?: string;
  holds: boolean;
}

/** A period as a program knows it, or as a query has it in its columns. */
type Sought = Period | Record<keyof Period, Fragment>;

/**
 * What a period takes of a resource `r` under its policy `p`: the period itself, and the buffers before and after.
 * For a query over both.
 */
export function taking(db: Db, { start_time, end_time }: Sought) {
  return db`tstzrange(${start_time}::timestamptz - make_interval(mins => coalesce(p.buffer_before, 0)),
    ${end_time}::timestamptz + make_interval(mins => coalesce(p.buffer_after, 0)), '[)')`;
}

/**
 * What holds any of a resource `r` within a period, of the whole or of a part of it: a query for allocations `a`. Each
 * part is looked up by itself: to the planner few rows seem to overlap, and it would go through those of the whole house.
 *
 * @param except a reservation whose own do not count
 */
export function heldOf(db: Db, period: Fragment, now: Temporal.Instant, except?: string | null) {
  return db`(select a.* from compositions t cross join lateral (
      select * from allocations a
      where a.holds and a.resource_id = t.taken_id and a.period && ${period} and ${notOf(db, except)}
        and ${notMissed(db, now)}
      offset 0) a
    where t.resource_id = r.id)`;
}

/** How many units of a resource `r` are held within a period, of the whole or of a part of it; to be put into a query. */
export function heldUnits(db: Db, period: Fragment, now: Temporal.Instant, except?: string | null) {
  return db`(select count(distinct a.unit) from ${
    heldOf(db, period, now, except)
  } a where a.unit <= r.units)`;
}

/**
 * What a wish would take, as a query for `resource_id`, `period` and `quantity`: each resource that is named, and one of
 * each of its parts.
 */
export function wouldTake(
  db: Db,
  wish: Sought & { resource_ids: readonly string[] | Fragment; quantities?: Quantities | Fragment },
) {
  const ids = Array.isArray(wish.resource_ids) ? [...wish.resource_ids] : wish.resource_ids as Fragment;
  const { quantities = {} } = wish;
  const many = "then" in quantities
    ? quantities as Fragment
    : db`${db.json(quantities as Quantities)}::jsonb`;
  return db`select t.taken_id as resource_id, ${taking(db, wish)} as period,
      case when t.taken_id = r.id then coalesce((${many} ->> r.id::text)::int, 1) else 1 end as quantity
    from resources r join compositions t on t.resource_id = r.id left join policies p on p.id = r.policy_id
    where r.id = any(${ids})`;
}

/** What a reservation `v` takes or wants, as such a query. */
export function takes(db: Db, id: string | Fragment) {
  return db`select resource_id, period, count(*)::int as quantity from allocations where reservation_id = ${id}
    group by resource_id, period`;
}

/**
 * The units that rows of a query `w` take, to be joined to it: of the resource that is named as many as are wanted, the
 * lowest that are free, and of each of its parts the one that there is. `w` has `resource_id`, `units`, `quantity` and
 * `period`. Where something is not free, rows are missing (see `rowsFor`).
 */
export function unitsFor(db: Db) {
  return db`cross join lateral (
      select w.resource_id as taken_id, null::uuid as whole_id, w.units, w.quantity
      union all
      select part_id, w.resource_id, 1, 1 from resource_parts_all where whole_id = w.resource_id
    ) as need
    cross join lateral (
      select free.unit, case when need.whole_id is null and nth = 1 then need.quantity end as asked
      from unnest(array(
        select unit from generate_series(1, need.units) as unit
        where not exists (
          select from allocations a where a.holds and a.resource_id = need.taken_id and a.unit = unit.unit
            and a.period && w.period)
        order by unit limit need.quantity)) with ordinality as free (unit, nth)
    ) as one`;
}

/** How many rows a wish is, where it is had as a whole. */
export function rowsFor(
  rules: readonly { resource_id: string; part_ids: readonly string[] }[],
  quantities?: Quantities,
): number {
  return rules.reduce(
    (sum, { resource_id, part_ids }) => sum + quantityOf(quantities, resource_id) + part_ids.length,
    0,
  );
}

/**
 * Makes edits of the same resources wait for each other, in one order. A move releases and takes anew; without this,
 * two moves that swap slots would wait for each other's release until the database ends one of them.
 */
export async function queueUp(tx: Tx, resource_ids: readonly string[]): Promise<void> {
  await tx`
    select id from resources
    where id = any(array(select taken_id from compositions where resource_id = any(${[...resource_ids]})))
    order by id for no key update`;
}

/**
 * Waits until everything that is being taken at this moment is taken or given up, and lets nobody take anything until
 * the transaction ends. Only for what is rare: it stops the whole house for a moment.
 */
export async function settle(tx: Tx): Promise<void> {
  await tx`lock table allocations in share row exclusive mode`;
}

/**
 * Takes the lowest free units of each resource, and its parts. `on conflict do nothing` waits for whoever is taking the
 * same slot at the same moment and then steps back, where a plain insert would end in deadlocks; in one order, so that
 * two who want the same never wait for each other crosswise.
 *
 * @returns whether all of it could be taken; where not, the caller must give the transaction up
 */
export async function take(tx: Tx, wish: Taking): Promise<boolean> {
  const { reservation_id = null, offer_id = null, resource_ids, quantities, start_time, end_time, holds } =
    wish;
  const ids = [...resource_ids];
  const [{ complete }] = await tx<{ complete: boolean }[]>`
    with wanted as (
      select need.taken_id, one.unit, w.period, one.asked, need.whole_id
      from (
        select r.id as resource_id, r.units, q.quantity, ${taking(tx, { start_time, end_time })} as period
        from unnest(${ids}::uuid[], ${ids.map((id) => quantityOf(quantities, id))}::int[]) as q (id, quantity)
        join resources r on r.id = q.id left join policies p on p.id = r.policy_id
      ) as w
      ${unitsFor(tx)}
      order by need.taken_id, one.unit
    ), taken as (
      insert into allocations (reservation_id, offer_id, resource_id, unit, period, holds, asked, whole_id)
      select ${reservation_id}::uuid, ${offer_id}::uuid, taken_id, unit, period, ${holds}, asked, whole_id from wanted
      on conflict do nothing
      returning 1
    )
    select (select count(*) from taken) = ${ids.reduce((sum, id) => sum + quantityOf(quantities, id), 0)}::int
      + (select count(*) from resource_parts_all where whole_id = any(${ids})) as complete`;
  return complete;
}

/**
 * Gives up what a reservation takes, and forgets it: a new taking follows in the same transaction.
 *
 * @returns every resource of which it had something, parts as well
 */
export async function withdraw(tx: Tx, reservation_id: string): Promise<string[]> {
  const gone = await tx<{ resource_id: string }[]>`
    delete from allocations where reservation_id = ${reservation_id} returning resource_id`;
  return [...new Set(gone.map((row) => row.resource_id))].sort();
}

/** Gives up what offers hold; what they were for stays on record with them. */
export async function giveUpOffered(tx: Tx, offer_ids: readonly string[]): Promise<void> {
  await tx`delete from allocations where offer_id = any(${[...offer_ids]})`;
}

/**
 * Lets others have what these reservations held; what they asked for stays on record. Where a closure was made around
 * them, it takes what they leave.
 *
 * @param over whether their time has passed, so that nobody can take it
 */
export async function release(
  tx: Tx,
  reservation_ids: readonly string[],
  { over = false }: { over?: boolean } = {},
): Promise<void> {
  const ids = [...reservation_ids];
  const released = await tx<{ closed: boolean }[]>`
    update allocations a set holds = false where reservation_id = any(${ids}) and holds
    returning exists (
      select from closure_dates d where d.resource_id = a.resource_id and d.period && a.period) as closed`;
  if (over || !released.some(({ closed }) => closed)) return;
  await closeWithin(
    tx,
    tx`select resource_id, unit, period from allocations where reservation_id = any(${ids})`,
  );
}

/**
 * Cuts what a reservation takes down to where it ended early, with the buffer after it, and lets the rest go. What is
 * closed of the rest is closed from then on.
 *
 * @param early by how much it ended too early
 */
export async function cutShort(
  tx: Tx,
  reservation_id: string,
  early: Temporal.Duration,
  now: Temporal.Instant,
): Promise<void> {
  const cut = await tx<{ resource_id: string }[]>`
    update allocations
    set holds = false, period = tstzrange(lower(period), upper(period) - ${`${early}`}::interval, '[)')
    where reservation_id = ${reservation_id} returning resource_id`;
  await closeOff(tx, cut.map(({ resource_id }) => resource_id), now);
}

/**
 * Of allocations `a` that hold: leaves out those of reservations in which nobody has checked in in time, and those of
 * offers that nobody accepted in time, which hold nothing by the clock, also where the sweep has not said so yet. They
 * are few, and found by indexes of their own.
 *
 * @param a what the allocations are called in the query
 */
export function notMissed(db: Db, now: Temporal.Instant, a = db`a`) {
  // Of what lies between two bounds the planner expects few, whichever they are; of what lies below one, a third of all.
  const past = db`between '-infinity' and ${unshown(db, now)}`;
  return db`coalesce(${a}.reservation_id <> all(array(
    select id from reservations where status = 'approved' and check_in_until ${past})), true)
    and coalesce(${a}.offer_id <> all(array(
    select id from offers where ended_at is null and expires_at ${past})), true)`;
}

/** Of allocations `a`: leaves out those of one reservation. Closures and offers are nobody's own, and never left out. */
export function notOf(db: Db, reservation_id: string | null | undefined) {
  return reservation_id ? db`a.reservation_id is distinct from ${reservation_id}` : db`true`;
}

/** Makes every closure of these resources take what is free of it from an instant on, on each of their units. */
export async function closeOff(
  tx: Tx,
  resource_ids: readonly string[],
  from: Temporal.Instant,
): Promise<void> {
  await closeWithin(
    tx,
    tx`select r.id as resource_id, unit, tstzrange(${from}, null, '[)') as period
      from resources r cross join generate_series(1, r.units) as unit where r.id = any(${[...resource_ids]})`,
  );
}

// One closure after the other, the oldest first: each takes what those before it leave. Within one statement two of
// them would want the same time, and the second would lose the rest of its own.
async function closeWithin(tx: Tx, spans: ReturnType<Tx>) {
  const merged = tx`(
    select resource_id, unit, unnest(range_agg(period)) as period from (${spans}) as span group by resource_id, unit)`;
  // Whoever is giving one of them up is waited for: what it has is read after that.
  const closures = await tx<{ id: string }[]>`
    select id from closures where id in (
      select d.closure_id from ${merged} as s
      join closure_dates d on d.resource_id = s.resource_id and d.period && s.period)
    order by id for key share`;
  for (const { id } of closures) {
    await tx`
      insert into allocations (closure_id, resource_id, unit, period, holds)
      select ${id}, s.resource_id, s.unit, free.period, true
      from ${merged} as s
      join closure_dates d on d.closure_id = ${id} and d.resource_id = s.resource_id and d.period && s.period
      cross join lateral (
        select unnest(tstzmultirange(d.period * s.period) - coalesce(range_agg(a.period), '{}')) as period
        from allocations a
        where a.holds and a.resource_id = s.resource_id and a.unit = s.unit and a.period && (d.period * s.period)
      ) as free
      order by s.resource_id, s.unit, free.period
      on conflict do nothing`;
  }
}

/** Makes a closure that was taken in pieces whole again, where nobody else takes anything meanwhile (see `settle`). */
export async function rejoin(
  tx: Tx,
  closure_id: string,
  resource_ids: readonly string[],
  from: Temporal.Instant,
) {
  await tx`delete from allocations where closure_id = ${closure_id}`;
  await closeOff(tx, resource_ids, from);
}

/** Gives up what a closure has ahead of an instant, and the rest of what runs. What has passed stays on record. */
export async function reopen(tx: Tx, closure_id: string, from: Temporal.Instant): Promise<void> {
  await tx`delete from allocations where closure_id = ${closure_id} and lower(period) >= ${from}`;
  await tx`
    update allocations set holds = false, period = tstzrange(lower(period), ${from}, '[)')
    where closure_id = ${closure_id} and upper(period) > ${from}`;
}

/** Gives up what these closures have of one resource ahead of an instant: they are to take other time of it. */
export async function retreat(
  tx: Tx,
  { closure_ids, resource_id, from }: {
    closure_ids: readonly string[];
    resource_id: string;
    from: Temporal.Instant;
  },
): Promise<void> {
  await tx`
    delete from allocations
    where resource_id = ${resource_id} and closure_id = any(${[
    ...closure_ids,
  ]}) and lower(period) >= ${from}`;
}

/** Takes what closures have of a resource away with it. */
export async function forget(tx: Tx, resource_id: string): Promise<void> {
  await tx`delete from allocations where resource_id = ${resource_id} and closure_id is not null`;
}

/**
 * Lets what closures have had leave the index of what is held, at most `limit` at once.
 *
 * @returns how many were let go
 */
export async function lapseClosures(tx: Tx, now: Temporal.Instant, limit: number): Promise<number> {
  const lapsed = await tx`
    update allocations set holds = false where ctid = any(array(
      select ctid from allocations where closure_id is not null and holds and upper(period) <= ${now}
      limit ${limit} for update skip locked))
    returning closure_id`;
  return lapsed.length;
}
