import { together } from "../db/transaction.ts";
import type { Sql, Tx } from "../db/types.ts";
import { cancel, change } from "./edits.ts";
import { Conflict, Invalid, NotFound } from "./errors.ts";
import { freeingTogether } from "./offers.ts";
import { type Actor, permit } from "./permissions.ts";
import { readDate } from "./periods.ts";
import { type Quantities, type Wanted, wantedOf } from "./quantities.ts";
import { daysOf, instantOf, type Recurrence } from "./recurrence.ts";
import { getSeries, lengthOf, lockSeries, type Series, type SeriesDate } from "./series.ts";
import { reshapeSeries, splitSeries, wallText } from "./series_store.ts";
import { allows } from "./transitions.ts";

/** How much of a series is meant: one date, that one and all after it, those after it alone, or all that lie ahead. */
export const SCOPES = ["this", "following", "after", "all"] as const;
export type Scope = typeof SCOPES[number];

/** Which dates of which series. */
export interface Which {
  id: string;
  scope: Scope;
  /** The reservation that was looked at; of `all`, none is needed. */
  reservation_id?: string;
}

/** What became of a cancellation. */
export interface Cancelled {
  cancelled: number;
  /** Dates that cannot be cancelled any more, and why. */
  left: { reference: string; why: string }[];
}

/**
 * Gives dates of a series up, those that were moved as well; what has begun stays as it is. Of several, those past
 * their cut-off are left and told; of one, that is refused.
 *
 * @throws {NotFound} {Conflict} where none can be cancelled
 */
export function cancelDates(
  sql: Sql,
  actor: Actor,
  { reason, ...which }: Which & { reason?: string },
  now: Temporal.Instant,
): Promise<Cancelled> {
  return inOneGo(sql, async (sql) => {
    const series = await getSeries(sql, actor, which.id);
    permit(actor, "cancel", series.requester_id);
    const outcome: Cancelled = { cancelled: 0, left: [] };
    for (const { id, reference } of meant(series, which, now)) {
      try {
        await cancel(sql, actor, { id, reason }, now);
        outcome.cancelled++;
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        outcome.left.push({ reference, why: error.message });
      }
    }
    if (outcome.cancelled === 0) throw new Conflict(outcome.left[0].why);
    return outcome;
  }, now);
}

// What one date leaves, the next may take: it is offered when all of them are done.
function inOneGo<T>(sql: Sql, work: (sql: Sql, tx: Tx) => Promise<T>, now: Temporal.Instant): Promise<T> {
  return together(sql, (sql, tx) => freeingTogether(tx, "anywhere", () => work(sql, tx), now));
}

/** What of a series is to be otherwise; what is not named stays. */
export interface SeriesChange {
  /** On the clock of the wall, on the day of each date: `14:00`. */
  start?: string;
  /** When each ends; without it, it lasts as long as before. */
  end?: string;
  resource_ids?: readonly string[];
  quantities?: Quantities;
  purpose?: string;
  private?: boolean;
}

/**
 * Changes dates of a series: all of those that are meant, or none. A date that was moved by itself keeps its slot and
 * has the new words. With `following` the dates become a series of their own.
 *
 * @returns the id of the series in which the changed dates are
 * @throws {NotFound} {Invalid} {Conflict} as a change of one, naming the date
 */
export function changeDates(
  sql: Sql,
  actor: Actor,
  { change: asked, ...which }: Which & { change: SeriesChange },
  now: Temporal.Instant,
): Promise<string> {
  return inOneGo(sql, async (sql, tx) => {
    const known = await getSeries(sql, actor, which.id);
    permit(actor, "edit_reservation", known.requester_id);
    await lockSeries(tx, known.id);
    // Another may have made two of it a moment ago.
    const series = await getSeries(sql, actor, known.id);
    const dates = meant(series, which, now);
    const shape = shapeOf(series, asked);
    const earlier = shape.start < Temporal.PlainDateTime.from(series.start_wall).toPlainTime().toString();
    const moved: SeriesDate[] = [];
    // What goes to a later time makes way for the one before it.
    for (const date of earlier ? dates : dates.toReversed()) {
      const { start, end, resource_ids, quantities, ...words } = asked;
      const wanted = start ?? end ?? resource_ids ?? quantities;
      const slot = wanted && !isException(series, date) ? slotOf(date, shape, series.time_zone) : {};
      if ("start_time" in slot) moved.push(date);
      const ids = "start_time" in slot ? { resource_ids, quantities } : {};
      await change(sql, actor, date.id, { ...words, ...slot, ...ids }, now).catch((error) => {
        throw named(error, date);
      });
    }
    if (which.scope === "this") return series.id;
    const whole = {
      ...shape,
      wanted: wantedAfter(series, asked),
      purpose: asked.purpose,
      private: asked.private,
    };
    const first = Temporal.PlainDateTime.from(dates[0].series_wall);
    // Where nothing but dates that were left out lies before it, there is nothing to split off.
    if (which.scope === "all" || series.dates[0].series_wall === dates[0].series_wall) {
      await reshapeSeries(tx, { id: series.id, ...whole, moved: moved.map(({ id }) => id) }, now);
      return series.id;
    }
    const rules = splitRule(series, first);
    const id = await splitSeries(tx, { id: series.id, from: wallText(first), ...rules }, now);
    await reshapeSeries(tx, { id, ...whole, moved: moved.map(({ id }) => id) }, now);
    return id;
  }, now);
}

function wantedAfter(series: Series, { resource_ids, quantities }: SeriesChange): Wanted | undefined {
  if (!resource_ids && !quantities) return undefined;
  const ids = resource_ids ?? series.resource_ids;
  const kept = Object.entries(series.quantities).filter(([id]) => ids.includes(id));
  return wantedOf(ids, { ...Object.fromEntries(kept), ...quantities });
}

// Those that lie ahead and can still be changed.
function meant(series: Series, { scope, reservation_id }: Which, now: Temporal.Instant): SeriesDate[] {
  const chosen = series.dates.find(({ id }) => id === reservation_id);
  if (!chosen && scope !== "all") throw new NotFound("This date of the series");
  if (scope === "this") return [chosen!];
  const from = chosen?.series_wall ?? "";
  const found = series.dates.filter((date) =>
    allows(date, "cancel", now) && Temporal.Instant.compare(date.start_time, now) > 0 &&
    (scope === "all" || date.series_wall > from || scope === "following" && date.series_wall === from)
  );
  if (found.length === 0) throw new Conflict("No date of this series lies ahead any more");
  return found;
}

interface Shape {
  start: string;
  end: string;
  lasting: Temporal.Duration;
}

function shapeOf(series: Series, { start, end }: SeriesChange): Shape {
  const present = Temporal.PlainDateTime.from(series.start_wall);
  const day = present.toPlainDate();
  const begins = start === undefined ? present : day.toPlainDateTime(start);
  let ends = end === undefined ? begins.add(lengthOf(series)) : day.toPlainDateTime(end);
  if (Temporal.PlainDateTime.compare(ends, begins) <= 0) ends = ends.add({ days: 1 });
  // Refused where it would begin again before it ends.
  daysOf({ start_wall: begins, end_wall: ends, rule: series.rule });
  const text = (wall: Temporal.PlainDateTime) => wall.toPlainTime().toString();
  return { start: text(begins), end: text(ends), lasting: begins.until(ends, { largestUnit: "days" }) };
}

function slotOf({ series_wall }: SeriesDate, { start, lasting }: Shape, zone: string) {
  const wall = Temporal.PlainDateTime.from(series_wall).toPlainDate().toPlainDateTime(start);
  const [start_time, end_time] = [wall, wall.add(lasting)].map((at) => instantOf(at, zone));
  if (typeof start_time === "string") throw new Conflict(start_time);
  if (typeof end_time === "string") throw new Conflict(end_time);
  return { start_time, end_time };
}

// Whether a date is no longer when it was meant: somebody has moved it by itself.
function isException(series: Series, date: SeriesDate): boolean {
  const wall = Temporal.PlainDateTime.from(date.series_wall);
  const [begins, ends] = [wall, wall.add(lengthOf(series))].map((at) => instantOf(at, series.time_zone));
  return `${begins}` !== `${date.start_time}` || `${ends}` !== `${date.end_time}`;
}

// The rule up to a date, and from it on.
function splitRule(series: Series, from: Temporal.PlainDateTime): { before: Recurrence; after: Recurrence } {
  const [start_wall, end_wall] = [series.start_wall, series.end_wall].map((wall) =>
    Temporal.PlainDateTime.from(wall)
  );
  const { rule } = series;
  const day = from.toPlainDate();
  const until = readDate(rule.until);
  if (until) return { before: { ...rule, until: `${day.subtract({ days: 1 })}` }, after: rule };
  const earlier = daysOf({ start_wall, end_wall, rule })
    .filter((one) => Temporal.PlainDate.compare(one, day) < 0).length;
  return { before: { ...rule, count: earlier }, after: { ...rule, count: rule.count! - earlier } };
}

function named(error: unknown, { series_wall }: SeriesDate): unknown {
  const day = series_wall.slice(0, 10);
  if (error instanceof Conflict) {
    const { conflicts, reasons } = error;
    return new Conflict(`${day}: ${error.message}`, { conflicts, reasons });
  }
  if (error instanceof Invalid) {
    return new Invalid(error.issues.map(({ path, message }) => ({ path, message: `${day}: ${message}` })));
  }
  return error;
}
