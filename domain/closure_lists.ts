import type { Db, Tx } from "../db/types.ts";
import { isId } from "../lib/ids.ts";
import { type KeptPlan, planColumns } from "./closure_dates.ts";
import { NotFound } from "./errors.ts";
import type { Period } from "./periods.ts";
import { columns, joined, type Reservation } from "./reservations.ts";
import { isAhead } from "./transitions.ts";

/** A closure as it is kept, over all its resources. */
export interface Closure extends KeptPlan, Period {
  reason: string;
  everything: boolean;
  ended_at: Temporal.Instant | null;
  created_by_name: string;
  created_at: Temporal.Instant;
  updated_at: Temporal.Instant;
  resource_ids: string[];
  /** In the order of names, not of `resource_ids`. */
  resource_names: string[];
  /** How many dates it has. */
  dates: number;
  /** The first date that is not over; none where all are. */
  next_start_time: Temporal.Instant | null;
  next_end_time: Temporal.Instant | null;
}

/** Keeps a closure as it is until the transaction ends. */
export async function lockClosure(tx: Tx, id: string): Promise<void> {
  await tx`select id from closures where id = ${id} for update`;
}

/** What to look for; all of it must hold. */
export interface ClosureFilter {
  /** Those that are not over, soonest first; or those that are, latest first. Without it all, in the order of start. */
  when?: "ahead" | "past";
  resource_id?: string;
  /** Those with a date that overlaps the period from here … */
  from?: Temporal.Instant;
  /** … to here. */
  to?: Temporal.Instant;
  limit: number;
  offset?: number;
  /** The last one of the page before. */
  after?: { start_time: Temporal.Instant; id: string };
}

/** Closures, one more than `limit` where there are more. */
export function listClosures(db: Db, filter: ClosureFilter, now: Temporal.Instant): Promise<Closure[]> {
  const { when, resource_id, from = null, to = null, limit, offset = 0, after } = filter;
  return db<Closure[]>`
    ${selected(db, now)}
    where true
      ${
    when === "ahead" ? db`and d.end_time > ${now}` : when === "past" ? db`and d.end_time <= ${now}` : db``
  }
      ${
    resource_id || from || to
      ? db`and exists (select from closure_dates o where o.closure_id = c.id
          ${resource_id ? db`and o.resource_id = ${resource_id}` : db``}
          and o.period && tstzrange(${from}, ${to}, '[)'))`
      : db``
  }
      ${after ? db`and (d.start_time, c.id) > (${after.start_time}, ${after.id})` : db``}
    order by ${
    when === "ahead"
      ? db`d.next_start_time, c.id`
      : when === "past"
      ? db`d.end_time desc, c.id desc`
      : db`d.start_time, c.id`
  }
    limit ${limit + 1} offset ${offset}`;
}

/** @throws {NotFound} */
export async function getClosure(db: Db, id: string, now: Temporal.Instant): Promise<Closure> {
  const [row] = isId(id) ? await db<Closure[]>`${selected(db, now)} where c.id = ${id}` : [];
  if (!row) throw new NotFound("This closure");
  return row;
}

/** One period in which one resource is closed. */
export interface ClosureDate extends Period {
  closure_id: string;
  reason: string;
}

/** The next dates on which a resource is closed, those that run first. */
export function listClosedDates(
  db: Db,
  { resource_id, limit }: { resource_id: string; limit: number },
  now: Temporal.Instant,
): Promise<ClosureDate[]> {
  return db<ClosureDate[]>`
    select d.closure_id, c.reason, lower(d.period) as start_time, upper(d.period) as end_time
    from closure_dates d join closures c on c.id = d.closure_id
    where d.resource_id = ${resource_id} and d.period && tstzrange(${now}, null, '[)')
    order by lower(d.period), c.id limit ${limit}`;
}

/** The reservations that still hold a part of what a closure closes: those that were left in it. */
export function listLeft(db: Db, closure_id: string, now: Temporal.Instant): Promise<Reservation[]> {
  return db<Reservation[]>`
    select ${columns(db)} from ${joined(db)}
    where ${isAhead(db, now)} and exists (
      select from closure_dates d join allocations a on a.resource_id = d.resource_id and a.period && d.period
      where d.closure_id = ${closure_id} and a.reservation_id = v.id)
    order by v.start_time, v.id limit 100`;
}

// A closure all of whose resources were deleted is none any more.
function selected(db: Db, now: Temporal.Instant) {
  return db`
    select ${planColumns(db)}, c.reason, c.everything, c.ended_at, u.name as created_by_name, c.created_at,
      c.updated_at, d.*
    from closures c
    join users u on u.id = c.created_by
    join lateral (
      select min(lower(o.period)) as start_time, max(upper(o.period)) as end_time,
        array_agg(distinct o.resource_id order by o.resource_id) as resource_ids,
        array(select r.name from resources r where r.id = any(array_agg(distinct o.resource_id)) order by lower(r.name))
          as resource_names,
        round(count(*)::numeric / count(distinct o.resource_id))::int as dates,
        min(lower(o.period)) filter (where upper(o.period) > ${now}) as next_start_time,
        min(upper(o.period)) filter (where upper(o.period) > ${now}) as next_end_time
      from closure_dates o where o.closure_id = c.id
    ) d on d.start_time is not null`;
}
