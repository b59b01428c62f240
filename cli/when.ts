import { Ended, EXIT } from "./exits.ts";

/** A period that somebody named; half-open. */
export interface When {
  start_time: Temporal.Instant;
  end_time: Temporal.Instant;
}

const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const TIME = String.raw`(?:\d{1,2}:\d{2}(?:\s?[ap]m)?|\d{1,2}\s?[ap]m|noon|midnight)`;
const ISO = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?`;
const LENGTH = String.raw`(?:\d+(?::\d\d|(?:\.\d+)?\s?[a-z]+(?:\s?\d+\s?[a-z]+)?))`;
const PERIOD = new RegExp(
  `^(?:(?<iso>${ISO})|(?:(?<day>.*?)[\\s,]+(?:at\\s+)?)?(?<time>${TIME}))` +
    `(?:\\s*(?:\\+|\\bfor\\s)\\s*(?<length>${LENGTH})|\\s*(?:-|–|/|\\bto\\b|\\buntil\\b)\\s*(?:(?<end_iso>${ISO})|(?<end_time>${TIME})))$`,
  "i",
);

/** Examples of what is understood, for the help and for those who were not. */
export const EXAMPLES = [
  "tomorrow 14:00 +90m",
  "friday 9am to 11am",
  "2026-06-01 22:00-01:00",
  "1.6. 9:00 for 2 hours",
  "2026-06-01T14:00+02:00 +1h30m",
];

/**
 * Reads a period as people write it, by the clock of `zone`. A weekday is the next one, never today; an end before
 * the start is on the day after. A day is written 2026-06-01 or 1.6.2026: with slashes it would mean one thing here
 * and another there, so it is refused.
 *
 * @throws {Ended} where it is not understood, or there is no such time
 */
export function readPeriod(text: string, zone: string, now: Temporal.Instant): When {
  const found = PERIOD.exec(text.trim())?.groups;
  if (!found) throw notUnderstood(text);
  const start = found.iso
    ? readIso(found.iso, zone)
    : at(readDay(found.day ?? "", zone, now), found.time, zone, text);
  const end = found.length
    ? start.add(readLength(found.length))
    : found.end_iso
    ? readIso(found.end_iso, zone)
    : endOf(start, found.end_time, zone, text);
  if (Temporal.ZonedDateTime.compare(end, start) <= 0) {
    throw new Ended(EXIT.usage, `“${text}” ends before it begins`);
  }
  return { start_time: start.toInstant(), end_time: end.toInstant() };
}

/**
 * Reads one moment: "tomorrow 14:00", "friday" (its first moment), an ISO time.
 *
 * @throws {Ended} where it is not understood
 */
export function readMoment(text: string, zone: string, now: Temporal.Instant): Temporal.Instant {
  const trimmed = text.trim();
  if (/^now$/i.test(trimmed)) return now;
  if (new RegExp(`^${ISO}$`, "i").test(trimmed)) return readIso(trimmed, zone).toInstant();
  const found = new RegExp(`^(?:(?<day>.*?)[\\s,]+(?:at\\s+)?)?(?<time>${TIME})$`, "i").exec(trimmed)?.groups;
  const day = readDay(found ? found.day ?? "" : trimmed, zone, now);
  return found
    ? at(day, found.time, zone, text).toInstant()
    : day.toZonedDateTime({ timeZone: zone }).toInstant();
}

/** A length: 90m, 1h30m, 1:30, 2 hours; a day is a day of the calendar. @throws {Ended} */
export function readLength(text: string): Temporal.Duration {
  const clock = /^(\d+):([0-5]\d)$/.exec(text);
  if (clock) return Temporal.Duration.from({ hours: Number(clock[1]), minutes: Number(clock[2]) });
  const length = { days: 0, minutes: 0 };
  for (const [, figure, unit] of text.matchAll(/(\d+(?:\.\d+)?)\s?([a-z]+)/gi)) {
    const whole = Number.isInteger(Number(figure));
    if (/^(d|days?)$/i.test(unit) && whole) length.days += Number(figure);
    else if (/^(h|hr|hrs|hours?)$/i.test(unit)) length.minutes += Math.round(Number(figure) * 60);
    else if (/^(m|min|mins|minutes?)$/i.test(unit) && whole) length.minutes += Number(figure);
    else length.days = NaN;
  }
  if (!(length.days + length.minutes > 0)) {
    throw new Ended(EXIT.usage, `“${text}” is no length. Examples: 90m, 1h30m, 2 hours, 1:30`);
  }
  return Temporal.Duration.from(length);
}

function readDay(text: string, zone: string, now: Temporal.Instant): Temporal.PlainDate {
  const today = now.toZonedDateTimeISO(zone).toPlainDate();
  const word = text.trim().toLowerCase().replace(/^(on|next|this)\s+/, "");
  if (word === "" || word === "today") return today;
  if (word === "tomorrow") return today.add({ days: 1 });
  const later = /^in (\d{1,4}) (days?|weeks?)$/.exec(word);
  if (later) {
    return today.add(later[2].startsWith("day") ? { days: Number(later[1]) } : { weeks: Number(later[1]) });
  }
  const weekday = word.length < 3 ? -1 : DAYS.findIndex((day) => day.startsWith(word.replace(/\.$/, "")));
  if (weekday >= 0) return today.add({ days: (weekday + 1 - today.dayOfWeek + 6) % 7 + 1 });
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(word);
  if (iso) return date(Number(iso[1]), Number(iso[2]), Number(iso[3]), text);
  const dotted = /^(\d{1,2})\.(\d{1,2})\.(\d{4})?$/.exec(word);
  if (!dotted) throw notUnderstood(text);
  const [, day, month, year] = dotted;
  if (year) return date(Number(year), Number(month), Number(day), text);
  const thisYear = date(today.year, Number(month), Number(day), text);
  return Temporal.PlainDate.compare(thisYear, today) < 0
    ? date(today.year + 1, Number(month), Number(day), text)
    : thisYear;
}

function date(year: number, month: number, day: number, text: string): Temporal.PlainDate {
  try {
    return Temporal.PlainDate.from({ year, month, day }, { overflow: "reject" });
  } catch {
    throw new Ended(EXIT.usage, `There is no day ${text.trim()}`);
  }
}

function at(day: Temporal.PlainDate, time: string, zone: string, text: string): Temporal.ZonedDateTime {
  const { hour, minute } = readTime(time, text);
  const wall = (hour === 24 ? day.add({ days: 1 }) : day).toPlainDateTime({ hour: hour % 24, minute });
  const zoned = wall.toZonedDateTime(zone);
  // Where the clock is set forward it shows another time than the one that was asked for.
  if (!zoned.toPlainDateTime().equals(wall)) {
    throw new Ended(EXIT.usage, `There is no ${time} on ${day} in ${zone}: the clock is set forward`);
  }
  return zoned;
}

function endOf(
  start: Temporal.ZonedDateTime,
  time: string,
  zone: string,
  text: string,
): Temporal.ZonedDateTime {
  const sameDay = at(start.toPlainDate(), time, zone, text);
  return Temporal.ZonedDateTime.compare(sameDay, start) > 0
    ? sameDay
    : at(start.toPlainDate().add({ days: 1 }), time, zone, text);
}

function readTime(time: string, text: string): { hour: number; minute: number } {
  if (/^noon$/i.test(time)) return { hour: 12, minute: 0 };
  if (/^midnight$/i.test(time)) return { hour: 24, minute: 0 };
  const [, figure, minutes = "0", half] = /^(\d{1,2})(?::(\d{2}))?\s?([ap]m)?$/i.exec(time) ?? [];
  const hour = half ? Number(figure) % 12 + (/p/i.test(half) ? 12 : 0) : Number(figure);
  const minute = Number(minutes);
  const right = minute < 60 && (hour < 24 || hour === 24 && minute === 0) &&
    (!half || Number(figure) >= 1 && Number(figure) <= 12);
  if (!right) throw new Ended(EXIT.usage, `There is no time ${time} (in “${text}”)`);
  return { hour, minute };
}

function readIso(text: string, zone: string): Temporal.ZonedDateTime {
  try {
    return /(Z|[+-]\d\d:?\d\d)$/i.test(text)
      ? Temporal.Instant.from(text).toZonedDateTimeISO(zone)
      : Temporal.PlainDateTime.from(text).toZonedDateTime(zone, { disambiguation: "reject" });
  } catch {
    try {
      // Said twice by the clock: the earlier, as in the forms.
      const wall = Temporal.PlainDateTime.from(text);
      const earlier = wall.toZonedDateTime(zone, { disambiguation: "earlier" });
      if (earlier.toPlainDateTime().equals(wall)) return earlier;
    } catch {
      // No such day or hour at all.
    }
    throw new Ended(EXIT.usage, `There is no time ${text} in ${zone}`);
  }
}

function notUnderstood(text: string): Ended {
  return new Ended(
    EXIT.usage,
    `“${text.trim()}” is not understood. Examples:\n${EXAMPLES.map((e) => `  ${e}`).join("\n")}`,
  );
}
