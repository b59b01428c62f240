import type { Db, Tx } from "../db/types.ts";
import { newId } from "../lib/ids.ts";
import { rowsFor, taking, unitsFor } from "./allocations.ts";
import { newsFor } from "./history.ts";
import type { Actor } from "./permissions.ts";
import type { Period } from "./periods.ts";
import type { Rules } from "./policies.ts";
import { type Quantities, quantityOf, severalOf, type Wanted } from "./quantities.ts";
import type { Recurrence } from "./recurrence.ts";
import { holdOf } from "./keeping.ts";
import { stillStands, told } from "./storing.ts";
import type { PlannedDate } from "./series_plan.ts";
import { checkInTimes } from "./check_in_times.ts";
import { firstStatus } from "./transitions.ts";
import type { Standing } from "./trust.ts";

/** A series as it is kept, without its dates. */
export interface KeptSeries {
  id: string;
  requester_id: string;
  requester_name: string;
  rule: Recurrence;
  time_zone: string;
  /** Of the first date that may be, on the clock of the wall: `2026-05-05T10:00`. */
  start_wall: string;
  end_wall: string;
  resource_ids: string[];
  /** How many of each, where that is more than one. */
  quantities: Quantities;
  purpose: string;
  private: boolean;
  attendees: number | null;
  answers: Record<string, string>;
  version: number;
  created_at: Temporal.Instant;
  updated_at: Temporal.Instant;
}

/** A wall time as the database has it: to the minute. */
export const wallText = (wall: Temporal.PlainDateTime) => wall.toString({ smallestUnit: "minute" });

/** Keeps what was asked for as a whole. */
export async function keepSeries(
  tx: Tx,
  series: Omit<KeptSeries, "requester_name" | "version" | "created_at" | "updated_at">,
  now: Temporal.Instant,
): Promise<void> {
  const { id, requester_id, rule, time_zone, start_wall, end_wall, resource_ids } = series;
  await tx`
    insert into series (id, requester_id, rule, time_zone, start_wall, end_wall, resource_ids, quantities, purpose,
      private, attendees, answers, created_at, updated_at)
    values (${id}, ${requester_id}, ${tx.json(rule as never)}, ${time_zone}, ${start_wall}::text::timestamp,
      ${end_wall}::text::timestamp, ${[...resource_ids]}::uuid[], ${
    tx.json(series.quantities)
  }, ${series.purpose}, ${series.private},
      ${series.attendees}, ${tx.json(series.answers)}, ${now}, ${now})`;
}

/** Keeps which dates were left out, and why. */
export async function keepSkips(tx: Tx, series_id: string, skipped: readonly PlannedDate[]): Promise<void> {
  await tx`
    insert into series_skips (series_id, start_wall, reason)
    select ${series_id}, wall, reason
    from unnest(${skipped.map(({ start_wall }) => wallText(start_wall))}::timestamp[],
      ${skipped.map(({ problems }) => problems.join("; "))}::text[]) as s (wall, reason)`;
}

/** Forgets that a date was left out: it is had after all. @returns whether it was */
export async function dropSkip(tx: Tx, series_id: string, start_wall: string): Promise<boolean> {
  const gone = await tx`
    delete from series_skips where series_id = ${series_id} and start_wall = ${start_wall}::text::timestamp returning 1`;
  return gone.length > 0;
}

/**
 * The one statement that stores every date of a series: reservations, allocations, history and events. In one order,
 * the resources' and the time's, so that two series over the same resources never wait for each other crosswise. All of
 * them or none: where others were faster, or rules have changed, nothing is stored.
 *
 * @returns whether they are stored; where not, the caller must give the transaction up
 */
export async function storeDates(
  db: Db,
  actor: Actor,
  { series, dates, rules, standing }: {
    series: Pick<
      KeptSeries,
      "id" | "requester_id" | "time_zone" | "quantities" | "purpose" | "private" | "attendees" | "answers"
    >;
    dates: readonly (PlannedDate & { period: Period })[];
    rules: readonly Rules[];
    standing: Standing;
  },
  now: Temporal.Instant,
): Promise<boolean> {
  const rows = dates.map((date) => {
    const status = firstStatus(date.needs_approval !== undefined);
    const times = { ...holdOf(status, rules, now), ...checkInTimes(date.period, rules, now) };
    return { ...date, ...times, id: newId(now.epochMilliseconds), status };
  });
  try {
    const stored = await db`
      with dates as (
        select * from unnest(${rows.map(({ id }) => id)}::uuid[],
          ${rows.map(({ period }) => `${period.start_time}`)}::timestamptz[],
          ${rows.map(({ period }) => `${period.end_time}`)}::timestamptz[],
          ${rows.map(({ start_wall }) => wallText(start_wall))}::timestamp[],
          ${rows.map(({ status }) => status)}::text[], ${rows.map(({ holds }) => `${holds}`)}::text[]::bool[],
          ${rows.map(({ held_until }) => held_until && `${held_until}`)}::timestamptz[],
          ${rows.map(({ check_in_from }) => check_in_from && `${check_in_from}`)}::timestamptz[],
          ${rows.map(({ check_in_until }) => check_in_until && `${check_in_until}`)}::timestamptz[])
          as d (id, start_time, end_time, wall, status, holds, held_until, check_in_from, check_in_until)
      ), wanted as (
        select w.reservation_id, need.taken_id, one.unit, w.period, w.holds, one.asked, need.whole_id
        from (
          select d.id as reservation_id, d.holds, r.id as resource_id, r.units, judged.quantity,
            ${taking(db, { start_time: db`d.start_time`, end_time: db`d.end_time` })} as period
          from unnest(${rules.map((r) => r.resource_id)}::uuid[], ${rules.map((r) => r.version)}::int[],
            ${rules.map((r) => r.policy_version)}::int[],
            ${rules.map((r) => quantityOf(series.quantities, r.resource_id))}::int[])
            as judged (id, version, policy_version, quantity)
          join resources r on r.id = judged.id and r.version = judged.version
          left join policies p on p.id = r.policy_id
          cross join dates d
          where coalesce(p.version, 0) = judged.policy_version ${stillStands(db, standing)}
        ) as w
        ${unitsFor(db)}
      ), taken as (
        insert into allocations (reservation_id, resource_id, unit, period, holds, asked, whole_id)
        select reservation_id, taken_id, unit, period, holds, asked, whole_id from wanted
        order by taken_id, lower(period), unit
        on conflict do nothing returning reservation_id
      ), reserved as (
        insert into reservations (id, requester_id, status, start_time, end_time, time_zone, start_wall, end_wall,
          purpose, private, attendees, answers, held_until, check_in_from, check_in_until, series_id, series_wall,
          created_at, updated_at)
        select d.id, ${series.requester_id}, d.status, d.start_time, d.end_time, ${series.time_zone},
          d.start_time at time zone ${series.time_zone}, d.end_time at time zone ${series.time_zone},
          ${series.purpose}, ${series.private}, ${series.attendees}, ${db.json(series.answers)}, d.held_until,
          d.check_in_from, d.check_in_until, ${series.id}, d.wall, ${now}, ${now}
        from dates d
        where (select count(*) from taken) = ${rows.length * rowsFor(rules, series.quantities)}
        order by d.start_time
        returning id, status, start_time, end_time, purpose, private, attendees, answers
      ), recorded as (
        insert into history (reservation_id, actor_id, action, details, after_state, request_id, at, news_for)
        select id, ${actor.id}, 'request', jsonb_build_object('status', status, 'series_id', ${series.id}::uuid),
          jsonb_build_object('status', status, 'start_time', start_time, 'end_time', end_time, 'purpose', purpose,
            'private', private, 'attendees', attendees, 'answers', answers,
            'resource_ids', ${db.json(rules.map((r) => r.resource_id))}::jsonb) || ${
      db.json(told(series.quantities))
    }::jsonb,
          ${actor.request_id ?? null}, ${now}, ${newsFor(actor, series)}
        from reserved order by start_time
      ), announced as (
        insert into outbox (event, reservation_id, created_at)
        select case status when 'pending' then 'reservation.requested' else 'reservation.approved' end, id, ${now}
        from reserved order by start_time
      )
      select id from reserved`;
    return stored.length === rows.length;
  } catch (error) {
    // Some of it could not be had: what was taken belongs to reservations that are not stored.
    if ((error as { constraint_name?: string }).constraint_name === "allocations_belong_to_reservation") {
      return false;
    }
    throw error;
  }
}

/** Ends a series before one of its dates, and makes that and all after it a series of their own. @returns its id */
export async function splitSeries(
  tx: Tx,
  { id, from, before, after }: { id: string; from: string; before: Recurrence; after: Recurrence },
  now: Temporal.Instant,
): Promise<string> {
  const fresh = newId(now.epochMilliseconds);
  await tx`
    insert into series (id, requester_id, rule, time_zone, start_wall, end_wall, resource_ids, quantities, purpose,
      private, attendees, answers, created_at, updated_at)
    select ${fresh}, requester_id, ${tx.json(after as never)}, time_zone, ${from}::text::timestamp,
      ${from}::text::timestamp + (end_wall - start_wall), resource_ids, quantities, purpose, private, attendees,
      answers, ${now}, ${now}
    from series where id = ${id}`;
  await tx`
    update series set rule = ${tx.json(before as never)}, version = version + 1, updated_at = ${now}
    where id = ${id}`;
  await tx`
    update reservations v set series_id = ${fresh} where series_id = ${id} and series_wall >= ${from}::text::timestamp`;
  await tx`
    update series_skips s set series_id = ${fresh} where series_id = ${id} and start_wall >= ${from}::text::timestamp`;
  return fresh;
}

/** Keeps what a series is now: when by the clock on the wall its dates are, and of those that were moved with it. */
export async function reshapeSeries(
  tx: Tx,
  { id, start, lasting, moved, ...words }: {
    id: string;
    start: string;
    lasting: Temporal.Duration;
    moved: readonly string[];
    wanted?: Wanted;
    purpose?: string;
    private?: boolean;
  },
  now: Temporal.Instant,
): Promise<void> {
  const { wanted, purpose, private: secret } = words;
  const ids = wanted ? [...wanted.resource_ids] : null;
  const quantities = wanted ? tx.json(severalOf(wanted)) : null;
  await tx`
    update series s set start_wall = s.start_wall::date + ${start}::text::time,
      end_wall = s.start_wall::date + ${start}::text::time + ${`${lasting}`}::text::interval,
      resource_ids = coalesce(${ids}::uuid[], resource_ids), quantities = coalesce(${quantities}::jsonb, quantities),
      purpose = coalesce(${purpose ?? null}, purpose),
      private = coalesce(${secret ?? null}, private), version = version + 1, updated_at = ${now}
    where id = ${id}`;
  await tx`
    update reservations v set series_wall = v.series_wall::date + ${start}::text::time
    where id = any(${[...moved]})`;
  await tx`
    update series_skips s set start_wall = s.start_wall::date + ${start}::text::time
    where series_id = ${id}`;
}
