/** A half-open stretch of time, `[start_time, end_time)`. */
export interface Period {
  start_time: Temporal.Instant;
  end_time: Temporal.Instant;
}

/** What a person typed: a day and a time on the clock of some place. `time` is `HH:MM`, up to `24:00`. */
export interface WallTime {
  date: string;
  time: string;
  /** Where the clock shows it twice: which of the two. */
  which?: "earlier" | "later";
}

/** What a wall time means. A clock that goes forward leaves times out; one that goes back shows some twice. */
export type Resolved =
  | { instant: Temporal.Instant; twice: boolean }
  | { missing: true; nearest: Temporal.Instant };

const compare = Temporal.Instant.compare;

/** Whether two periods share a moment. One that ends where the other begins does not. */
export function overlap(a: Period, b: Period): boolean {
  return compare(a.start_time, b.end_time) < 0 && compare(b.start_time, a.end_time) < 0;
}

/** How long a period is, in minutes. */
export function minutesOf({ start_time, end_time }: Period): number {
  return (end_time.epochMilliseconds - start_time.epochMilliseconds) / 60_000;
}

/** The periods in order, with those that overlap or touch made one. */
export function merged(periods: readonly Period[]): Period[] {
  const result: Period[] = [];
  for (const period of [...periods].sort((a, b) => compare(a.start_time, b.start_time))) {
    const last = result.at(-1);
    if (last && compare(period.start_time, last.end_time) <= 0) {
      if (compare(period.end_time, last.end_time) > 0) last.end_time = period.end_time;
    } else {
      result.push({ ...period });
    }
  }
  return result;
}

/** What is left of `window` when everything in `busy` is taken out, in order. */
export function freeWithin(window: Period, busy: readonly Period[]): Period[] {
  const free: Period[] = [];
  let from = window.start_time;
  for (const taken of merged(busy)) {
    if (compare(taken.end_time, window.start_time) <= 0) continue;
    if (compare(taken.start_time, window.end_time) >= 0) break;
    if (compare(taken.start_time, from) > 0) free.push({ start_time: from, end_time: taken.start_time });
    if (compare(taken.end_time, from) > 0) from = taken.end_time;
  }
  if (compare(from, window.end_time) < 0) free.push({ start_time: from, end_time: window.end_time });
  return free;
}

/** The day in a zone as a period: 23 or 25 hours where the clock is changed. */
export function dayIn(date: Temporal.PlainDate, zone: string): Period {
  return {
    start_time: date.toZonedDateTime(zone).toInstant(),
    end_time: date.add({ days: 1 }).toZonedDateTime(zone).toInstant(),
  };
}

/** The date in a zone at an instant. */
export function dateIn(instant: Temporal.Instant, zone: string): Temporal.PlainDate {
  return instant.toZonedDateTimeISO(zone).toPlainDate();
}

// What lies outside can neither be stored nor asked for: PostgreSQL has no year 0, writes years of five digits
// otherwise than Temporal, and what is looked for around a period may lie days beside it.
const CALENDAR = { first: Date.UTC(1000, 0), end: Date.UTC(9000, 0) };

/** Whether a moment lies in the years that are understood. */
export function inCalendar(instant: Temporal.Instant): boolean {
  // Rounded down to milliseconds, which both ends of it are.
  const { epochMilliseconds } = instant;
  return epochMilliseconds >= CALENDAR.first && epochMilliseconds < CALENDAR.end;
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})$/;

/** Reads a moment with its offset (RFC 3339); undefined when it is none. */
export function readInstant(text: string | undefined): Temporal.Instant | undefined {
  if (!text || !RFC3339.test(text)) return undefined;
  try {
    const instant = Temporal.Instant.from(text);
    return inCalendar(instant) ? instant : undefined;
  } catch {
    return undefined;
  }
}

/** Reads `YYYY-MM-DD` in the years that are understood; undefined when it is none. */
export function readDate(text: string | undefined): Temporal.PlainDate | undefined {
  if (!text || !/^[1-8]\d{3}-\d{2}-\d{2}$/.test(text)) return undefined;
  try {
    return Temporal.PlainDate.from(text, { overflow: "reject" });
  } catch {
    return undefined;
  }
}

/** Reads `HH:MM` (also `H:MM` and `HH:MM:SS`) up to `24:00`, as minutes from midnight; undefined when it is none. */
export function readMinutes(text: string | undefined): number | undefined {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})(?::\d{2})?$/.exec(text?.trim() ?? "") ?? [];
  if (hours === undefined) return undefined;
  const total = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && total <= 24 * 60 ? total : undefined;
}

/** `HH:MM` of a number of minutes from midnight. */
export function clock(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

/**
 * What a wall time means in a zone (RFC 5545's and Temporal's reading: `24:00` is the next midnight). A time that the
 * clock leaves out is not moved silently: the nearest that exists comes back for the person to take.
 *
 * @returns undefined when date or time cannot be read
 */
export function resolve({ date, time, which = "earlier" }: WallTime, zone: string): Resolved | undefined {
  const day = readDate(date);
  const minutes = readMinutes(time);
  if (!day || minutes === undefined) return undefined;
  return resolveWall(day.toPlainDateTime().add({ minutes }), which, zone);
}

/**
 * The moment of a rule such as opening hours, in minutes from a day's midnight (more than a day's for the days after):
 * of a time that the clock shows twice the one named, of one that it leaves out the first that exists.
 */
export function momentOf(
  date: Temporal.PlainDate,
  minutes: number,
  zone: string,
  which: "earlier" | "later",
): Temporal.Instant {
  const resolved = resolveWall(date.toPlainDateTime().add({ minutes }), which, zone);
  return "missing" in resolved ? resolved.nearest : resolved.instant;
}

function resolveWall(wall: Temporal.PlainDateTime, which: "earlier" | "later", zone: string): Resolved {
  const early = wall.toZonedDateTime(zone, { disambiguation: "earlier" });
  const late = wall.toZonedDateTime(zone, { disambiguation: "later" });
  if (early.epochMilliseconds === late.epochMilliseconds) return { instant: early.toInstant(), twice: false };
  if (early.toPlainDateTime().equals(wall)) {
    return { instant: (which === "later" ? late : early).toInstant(), twice: true };
  }
  return { missing: true, nearest: firstAfterGap(early) };
}

// Both readings of a left-out time lie on either side of the gap; the gap's end is the first moment that exists.
function firstAfterGap(early: Temporal.ZonedDateTime): Temporal.Instant {
  return early.getTimeZoneTransition("next")?.toInstant() ?? early.toInstant();
}

/** As much of a period as lies within a window that it overlaps. */
export function cut(stretch: Period, window: Period): Period {
  const earliest = Temporal.Instant.compare(stretch.start_time, window.start_time) < 0;
  const latest = Temporal.Instant.compare(stretch.end_time, window.end_time) > 0;
  return {
    start_time: earliest ? window.start_time : stretch.start_time,
    end_time: latest ? window.end_time : stretch.end_time,
  };
}
