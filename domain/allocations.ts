import type { Db, Fragment, Tx } from "../db/types.ts";
import type { Period } from "./periods.ts";

/** A taking of several resources' time: all of them, or none; for a reservation or for an offer. */
export interface Taking extends Period {
  reservation_id?: string;
  offer_id?: string;
  resource_ids: readonly string[];
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

/** What a wish would take, as a query for `resource_id` and `period`. */
export function wouldTake(db: Db, wish: Sought & { resource_ids: readonly string[] | Fragment }) {
  const ids = Array.isArray(wish.resource_ids) ? [...wish.resource_ids] : wish.resource_ids as Fragment;
  return db`select r.id as resource_id, ${taking(db, wish)} as period
    from resources r left join policies p on p.id = r.policy_id where r.id = any(${ids})`;
}

/** What a reservation `v` takes or wants, as such a query. */
export function takes(db: Db, id: string | Fragment) {
  return db`select resource_id, period from allocations where reservation_id = ${id}`;
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
export async function take(tx: Tx, wanted: Taking) {
  const { reservation_id = null, offer_id = null, resource_ids, start_time, end_time, holds } = wanted;
  const taken = await tx`
    insert into allocations (reservation_id, offer_id, resource_id, unit, period, holds)
    select ${reservation_id}::uuid, ${offer_id}::uuid, r.id, free.unit, span.period, ${holds}
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

/** Gives up what offers hold; what they were for stays on record with them. */
export async function giveUpOffered(tx: Tx, offer_ids: readonly string[]): Promise<void> {
  await tx`delete from allocations where offer_id = any(${[...offer_ids]})`;
}

/** The resources that these reservations take or wanted. */
export async function resourcesOf(db: Db, reservation_ids: readonly string[]): Promise<string[]> {
  const rows = await db<{ resource_id: string }[]>`
    select distinct resource_id from allocations where reservation_id = any(${[...reservation_ids]})`;
  return rows.map(({ resource_id }) => resource_id);
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
  return db`coalesce(${a}.reservation_id <> all(array(
    select id from reservations where status = 'approved' and check_in_until <= ${now})), true)
    and coalesce(${a}.offer_id <> all(array(
    select id from offers where ended_at is null and expires_at <= ${now})), true)`;
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
  const closures = await tx<{ id: string }[]>`
    select distinct d.closure_id as id from ${merged} as s
    join closure_dates d on d.resource_id = s.resource_id and d.period && s.period order by id`;
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
