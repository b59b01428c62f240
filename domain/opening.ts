import { clock, dateIn, merged, momentOf, type Period } from "./periods.ts";

/**
 * When a resource is open: for each weekday, Monday first, stretches in minutes from that day's midnight on the wall
 * clock of the resource. A stretch may end after midnight, up to 48:00, and belongs to the day on which it begins.
 */
export type Opening = readonly (readonly Stretch[])[];
export type Stretch = readonly [from: number, to: number];

/** The names of the weekdays, in the order of `Opening`. */
export const WEEKDAYS = [
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
  "Sunday",
] as const;

/**
 * The periods in which a resource is open, as far as they touch `window`, with those that meet made one. A stretch
 * that begins at a wall time which the clock leaves out begins when the clock goes on; one whose edge the clock shows
 * twice is open for all of that hour.
 */
export function openPeriods(opening: Opening, window: Period, zone: string): Period[] {
  const last = dateIn(window.end_time, zone);
  const periods: Period[] = [];
  // A stretch of the day before may reach past midnight.
  for (
    let day = dateIn(window.start_time, zone).subtract({ days: 1 });
    compare(day, last) <= 0;
    day = day.add(ONE)
  ) {
    for (const [from, to] of opening[day.dayOfWeek - 1] ?? []) {
      periods.push({
        start_time: momentOf(day, from, zone, "earlier"),
        end_time: momentOf(day, to, zone, "later"),
      });
    }
  }
  return merged(periods.filter((period) => later(period.end_time, period.start_time))).filter((period) =>
    later(period.end_time, window.start_time) && later(window.end_time, period.start_time)
  );
}

/** Whether a resource is open for the whole of a period. */
export function isOpenFor(opening: Opening, period: Period, zone: string): boolean {
  return openPeriods(opening, period, zone).some((open) =>
    !later(open.start_time, period.start_time) && !later(period.end_time, open.end_time)
  );
}

/** The hours of a date in words: `08:00–12:00 and 13:00–18:00`, `18:00–02:00`, `closed`. */
export function hoursOn(opening: Opening, date: Temporal.PlainDate): string {
  const stretches = opening[date.dayOfWeek - 1] ?? [];
  return stretches.map(inHours).join(" and ") || "closed";
}

/** `08:00–12:00`; past midnight as the clock shows it: `18:00–02:00`. */
export function inHours([from, to]: Stretch): string {
  return `${clock(from)}–${clock(to > 24 * 60 ? to - 24 * 60 : to)}`;
}

/**
 * Reads hours as a person writes them: `8:00-12:00, 13-18`, `18:00–02:00`, nothing for closed.
 *
 * @returns undefined where they cannot be read, or overlap
 */
export function readHours(text: string): Stretch[] | undefined {
  const parts = text.split(/[,;]|\band\b/).map((part) => part.trim()).filter(Boolean);
  const stretches = parts.map(readStretch);
  if (!stretches.every((stretch) => stretch !== undefined)) return undefined;
  const sorted = stretches.toSorted(([a], [b]) => a - b);
  return sorted.every(([from], index) => index === 0 || from >= sorted[index - 1][1]) ? sorted : undefined;
}

const ONE = { days: 1 };
const DAY = 24 * 60;
const compare = Temporal.PlainDate.compare;
const later = (a: Temporal.Instant, b: Temporal.Instant) => Temporal.Instant.compare(a, b) > 0;

function readStretch(text: string): Stretch | undefined {
  const [, from, fromMinutes = "0", to, toMinutes = "0"] =
    /^(\d{1,2})(?::(\d{2}))?\s*[-–—]\s*(\d{1,2})(?::(\d{2}))?$/.exec(text) ?? [];
  if (from === undefined) return undefined;
  const [start, end] = [Number(from) * 60 + Number(fromMinutes), Number(to) * 60 + Number(toMinutes)];
  if (Number(fromMinutes) > 59 || Number(toMinutes) > 59 || start >= DAY || end > DAY) return undefined;
  return [start, end > start ? end : end + DAY];
}
