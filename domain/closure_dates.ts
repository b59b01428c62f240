import { z } from "zod";
import type { Db, Tx } from "../db/types.ts";
import { datesOf } from "../lib/recurrence.ts";
import { closeOff } from "./allocations.ts";
import { Invalid } from "./errors.ts";
import { inCalendar, momentOf, type Period, readDate } from "./periods.ts";
import { ENDS_ONCE, endsOnce, IS_WEEKLY, isWeekly, timesUpTo, Until, Weekdays } from "./repeating.ts";

/** A closure has at most so many dates. */
export const MOST_DATES = 400;
/** … and takes at most so many periods of units, for the whole house waits meanwhile. */
export const MOST_PERIODS = 20_000;
const LONGEST_DAYS = 3660;

/** How a closure repeats: until a date, or so many times. */
export const Repeats = z.object({
  frequency: z.enum(["daily", "weekly", "yearly"], "It repeats daily, weekly or yearly"),
  weekdays: Weekdays,
  until: Until,
  count: timesUpTo(MOST_DATES),
}).refine(endsOnce, ENDS_ONCE).refine(isWeekly, IS_WEEKLY);
export type Repeats = z.infer<typeof Repeats>;

/** When something is closed, by the clock on the wall. */
export interface Plan {
  start: Temporal.PlainDateTime;
  end: Temporal.PlainDateTime;
  /** Whose clock; null: that of each resource's own zone. */
  time_zone: string | null;
  repeats: Repeats | null;
}

/**
 * The days on which a plan begins.
 *
 * @throws {Invalid} where they are too many, or none
 */
export function daysOf({ start, end, repeats }: Plan): Temporal.PlainDate[] {
  const refuse = (path: string, message: string) => new Invalid([{ path, message }]);
  if (Temporal.PlainDateTime.compare(end, start) <= 0) {
    throw refuse("end_wall", "The end must be after the start");
  }
  if (start.until(end).total({ unit: "days", relativeTo: start }) > LONGEST_DAYS) {
    throw refuse("end_wall", "A closure lasts at most ten years");
  }
  const first = start.toPlainDate();
  if (!repeats) return [first];
  const until = readDate(repeats.until);
  if (until && Temporal.PlainDate.compare(until, first) < 0) {
    throw refuse("repeats.until", "The last date lies before the first");
  }
  const days = datesOf(first, { ...repeats, until }, MOST_DATES + 1);
  if (days.length === 0) throw refuse("repeats.until", "No date is left between the first and the last");
  if (days.length > MOST_DATES) {
    throw refuse("repeats.until", `A closure has at most ${MOST_DATES} dates: let it end earlier`);
  }
  const length = start.until(end);
  const next = days.slice(1).find((day, i) =>
    Temporal.PlainDateTime.compare(
      days[i].toPlainDateTime(start).add(length),
      day.toPlainDateTime(start),
    ) > 0
  );
  if (next) throw refuse("end_wall", "It would begin again before it ends: make it shorter");
  return days;
}

/**
 * The periods of these days on the clock of a zone. A time that the clock leaves out is the first that exists; of one
 * that it shows twice, a closure has both. What is nothing on a day has no period.
 */
export function periodsOf(plan: Plan, days: readonly Temporal.PlainDate[], zone: string): Period[] {
  const { start, end } = plan;
  const lasting = start.toPlainDate().until(end.toPlainDate()).days;
  const periods: Period[] = [];
  for (const day of days) {
    const begins = momentOf(day, minutesIn(start), zone, "earlier");
    const ends = momentOf(day.add({ days: lasting }), minutesIn(end), zone, "later");
    const last = periods.at(-1)?.end_time;
    // Where the clock goes back at the very edge, the one before has that hour.
    const start_time = last && Temporal.Instant.compare(begins, last) < 0 ? last : begins;
    if (Temporal.Instant.compare(ends, start_time) > 0) periods.push({ start_time, end_time: ends });
  }
  if (!periods.every(({ start_time, end_time }) => inCalendar(start_time) && inCalendar(end_time))) {
    throw new Invalid([{ path: "start_wall", message: "A date lies beyond the years that are understood" }]);
  }
  return periods;
}

const minutesIn = ({ hour, minute }: Temporal.PlainDateTime) => hour * 60 + minute;

/** A resource, as far as a closure has to know it. */
export interface Closed {
  id: string;
  units: number;
  time_zone: string;
}

/** What a plan means for resources: only what is not over by `now`. */
export function datesFor(plan: Plan, resources: readonly Closed[], now: Temporal.Instant) {
  const days = daysOf(plan);
  const byZone = new Map<string, Period[]>();
  const dates = resources.flatMap(({ id, time_zone }) => {
    const zone = plan.time_zone ?? time_zone;
    let periods = byZone.get(zone);
    if (!periods) {
      periods = periodsOf(plan, days, zone).filter((p) => Temporal.Instant.compare(p.end_time, now) > 0);
      byZone.set(zone, periods);
    }
    return periods.map((period) => ({ resource_id: id, ...period }));
  });
  return dates;
}

/** @throws {Invalid} where a closure would keep the whole house waiting */
export function mustBeFew(dates: ReturnType<typeof datesFor>, resources: readonly Closed[]): void {
  const units = new Map(resources.map(({ id, units }) => [id, units]));
  const periods = dates.reduce((sum, { resource_id }) => sum + units.get(resource_id)!, 0);
  if (periods <= MOST_PERIODS) return;
  const message = "This is too much at once: name fewer resources, or fewer dates";
  throw new Invalid([{ path: "resource_ids", message }]);
}

/** Keeps what a closure is meant to close. */
export async function keepDates(tx: Tx, closure_id: string, dates: ReturnType<typeof datesFor>) {
  await tx`
    insert into closure_dates (closure_id, resource_id, period)
    select ${closure_id}, d.id, tstzrange(d.start_time, d.end_time, '[)')
    from unnest(${dates.map((d) => d.resource_id)}::uuid[], ${
    dates.map((d) => `${d.start_time}`)
  }::timestamptz[],
      ${dates.map((d) => `${d.end_time}`)}::timestamptz[]) as d (id, start_time, end_time)`;
}

/** Forgets what a closure is meant to close of one resource, where it has not begun. */
export async function dropDates(
  tx: Tx,
  { closure_id, resource_id, from }: { closure_id: string; resource_id: string; from: Temporal.Instant },
) {
  await tx`
    delete from closure_dates
    where closure_id = ${closure_id} and resource_id = ${resource_id} and lower(period) >= ${from}`;
}

/** Has what closes a whole from an instant on close the parts that have newly come to it, too. */
export async function closeAlong(
  tx: Tx,
  come: readonly { whole_id: string; part_id: string }[],
  from: Temporal.Instant,
): Promise<void> {
  await tx`
    insert into closure_dates (closure_id, resource_id, period)
    select distinct d.closure_id, come.part_id, d.period
    from unnest(${come.map((one) => one.whole_id)}::uuid[], ${come.map((one) => one.part_id)}::uuid[])
      as come (whole_id, part_id)
    join closure_dates d on d.resource_id = come.whole_id and upper(d.period) > ${from}
    on conflict do nothing`;
}

/** A closure's plan as the database has it. */
export interface KeptPlan {
  id: string;
  start_wall: string;
  end_wall: string;
  time_zone: string | null;
  repeats: Repeats | null;
}

/** The columns of a `KeptPlan`, of closures `c`. */
export function planColumns(db: Db) {
  return db`c.id, to_char(c.start_wall, 'YYYY-MM-DD"T"HH24:MI') as start_wall,
    to_char(c.end_wall, 'YYYY-MM-DD"T"HH24:MI') as end_wall, c.time_zone, c.repeats`;
}

/** Closes what was just added wherever everything is closed, and makes closures that are being made wait for it. */
export async function closeAdded(
  tx: Tx,
  resources: readonly Closed[],
  now: Temporal.Instant,
): Promise<void> {
  await tx`lock table closures in share mode`;
  const kept = await tx<KeptPlan[]>`
    select ${planColumns(tx)} from closures c
    where c.everything and exists (
      select from closure_dates d where d.closure_id = c.id and upper(d.period) > ${now})`;
  for (const { id, start_wall, end_wall, ...rest } of kept) {
    const plan = {
      ...rest,
      start: Temporal.PlainDateTime.from(start_wall),
      end: Temporal.PlainDateTime.from(end_wall),
    };
    await keepDates(tx, id, datesFor(plan, resources, now));
  }
  if (kept.length > 0) await closeOff(tx, resources.map(({ id }) => id), minuteOf(now));
}

/** The minute that runs: what is closed from now on is closed from there. */
export function minuteOf(now: Temporal.Instant): Temporal.Instant {
  return now.round({ smallestUnit: "minute", roundingMode: "floor" });
}
