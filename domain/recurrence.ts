import { z } from "zod";
import { datesOf } from "../lib/recurrence.ts";
import { Invalid } from "./errors.ts";
import { readDate, resolve } from "./periods.ts";
import type { Period } from "./periods.ts";
import { ENDS_ONCE, endsOnce, IS_WEEKLY, isWeekly, timesUpTo, Until, Weekdays } from "./repeating.ts";

/** A series has at most so many dates. */
export const MOST_DATES = 500;

/** How reservations repeat: until a date, that one included, or so many times. */
export const Recurrence = z.object({
  frequency: z.enum(["daily", "weekly", "monthly", "yearly"], "It repeats daily, weekly, monthly or yearly"),
  interval: z.int("Give a whole number").min(1, "At least 1").max(99, "At most 99").optional()
    .describe("Each so many days, weeks, months or years; each one where it is not said"),
  weekdays: Weekdays
    .describe("Of what repeats weekly: 1 is Monday; the weekday of the start where none is named"),
  nth: z.literal([1, 2, 3, 4, 5, -1], "It is the first (1) to fifth (5), or the last (-1)").optional()
    .describe(
      "Of what repeats monthly: which of the weekday of the start, -1 the last; else its day of the month",
    ),
  until: Until
    .describe("The last day on which it may begin"),
  count: timesUpTo(MOST_DATES),
}).refine(endsOnce, ENDS_ONCE).refine(isWeekly, IS_WEEKLY).refine(
  ({ frequency, nth }) => frequency === "monthly" || !nth,
  {
    path: ["nth"],
    message: "Which weekday of the month is for what repeats monthly",
  },
).meta({ id: "Recurrence", examples: [{ frequency: "weekly", count: 4 }] });
export type Recurrence = z.infer<typeof Recurrence>;

/** When a series takes place, by the clock on the wall of its zone: the first date that may be, and its end. */
export interface Plan {
  start_wall: Temporal.PlainDateTime;
  end_wall: Temporal.PlainDateTime;
  time_zone: string;
  rule: Recurrence;
}

/** One date of a series: where the clock leaves its start or its end out, it has no period but a reason why. */
export type Occurrence =
  & { start_wall: Temporal.PlainDateTime }
  & ({ period: Period; missing?: undefined } | { period?: undefined; missing: string });

/**
 * Every date of a series, in order. The wall time stays whatever the clock does: what the clock shows twice is the
 * earlier, and a date on which the clock leaves a time out is told as that, neither dropped nor moved.
 *
 * @throws {Invalid} where the dates are none, too many, or begin again before they end
 */
export function occurrencesOf(plan: Plan): Occurrence[] {
  const days = daysOf(plan);
  const { start_wall, end_wall, time_zone } = plan;
  const lasting = start_wall.until(end_wall, { largestUnit: "days" });
  return days.map((day) => {
    const start = day.toPlainDateTime(start_wall.toPlainTime());
    const [begins, ends] = [start, start.add(lasting)].map((wall) => instantOf(wall, time_zone));
    if (typeof begins === "string") return { start_wall: start, missing: begins };
    if (typeof ends === "string") return { start_wall: start, missing: ends };
    return { start_wall: start, period: { start_time: begins, end_time: ends } };
  });
}

/** The days on which a series begins. @throws {Invalid} */
export function daysOf({ start_wall, end_wall, rule }: Omit<Plan, "time_zone">): Temporal.PlainDate[] {
  const refuse = (path: string, message: string) => new Invalid([{ path, message }]);
  if (Temporal.PlainDateTime.compare(end_wall, start_wall) <= 0) {
    throw refuse("end_time", "The end must be after the start");
  }
  const first = start_wall.toPlainDate();
  const until = readDate(rule.until);
  if (until && Temporal.PlainDate.compare(until, first) < 0) {
    throw refuse("recurrence.until", "The last date lies before the first");
  }
  const days = datesOf(first, { ...rule, until }, MOST_DATES + 1);
  if (days.length === 0) throw refuse("recurrence.until", "No date is left between the first and the last");
  if (days.length > MOST_DATES) {
    throw refuse("recurrence.until", `A series has at most ${MOST_DATES} dates: let it end earlier`);
  }
  if (rule.count && days.length < rule.count) {
    throw refuse("recurrence.count", "It would go on beyond the years that are understood: fewer times");
  }
  const lasting = start_wall.until(end_wall, { largestUnit: "days" });
  const again = days.slice(1).some((day, i) =>
    Temporal.PlainDateTime.compare(
      days[i].toPlainDateTime(start_wall.toPlainTime()).add(lasting),
      day.toPlainDateTime(start_wall.toPlainTime()),
    ) > 0
  );
  if (again) throw refuse("end_time", "It would begin again before it ends: make it shorter");
  return days;
}

/** The moment of a time on the wall, or the words for a time that the clock leaves out. */
export function instantOf(wall: Temporal.PlainDateTime, zone: string): Temporal.Instant | string {
  const [date, time] = [`${wall.toPlainDate()}`, wall.toPlainTime().toString({ smallestUnit: "minute" })];
  const found = resolve({ date, time }, zone);
  if (found && "instant" in found) return found.instant;
  return `There is no ${time} on ${dayInWords(wall.toPlainDate())}: the clocks go forward`;
}

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS = [
  ...["January", "February", "March", "April", "May", "June", "July"],
  ...["August", "September", "October", "November", "December"],
];
const ORDINALS = [
  "",
  "",
  "second",
  "third",
  "fourth",
  "fifth",
  "sixth",
  "seventh",
  "eighth",
  "ninth",
  "tenth",
];
const NTH: Record<string, string> = {
  ...{ "1": "first", "2": "second", "3": "third", "4": "fourth", "5": "fifth", "-1": "last" },
};
const UNITS = { daily: "day", weekly: "week", monthly: "month", yearly: "year" } as const;

/**
 * A rule as a person would say it: “every second Tuesday and Thursday until 18 June, 31 times”.
 *
 * @param first the day from which it repeats
 * @param times how many dates it has, where that is known
 */
export function recurrenceInWords(rule: Recurrence, first: Temporal.PlainDate, times = rule.count): string {
  const until = readDate(rule.until);
  const year = until && until.year !== first.year ? ` ${until.year}` : "";
  const ending = until ? ` until ${dayInWords(until, { year: false })}${year}` : "";
  const often = times === undefined ? "" : `, ${times === 1 ? "once" : `${times} times`}`;
  return `${rhythm(rule, first)}${ending}${often}`;
}

function rhythm(
  { frequency, interval = 1, weekdays = [], nth }: Recurrence,
  first: Temporal.PlainDate,
): string {
  const every = (what: string, many: string) =>
    interval === 1
      ? `every ${what}`
      : ORDINALS[interval]
      ? `every ${ORDINALS[interval]} ${what}`
      : `every ${interval} ${many}`;
  const unit = every(UNITS[frequency], `${UNITS[frequency]}s`);
  if (frequency === "daily") return unit;
  if (frequency === "weekly") {
    const days = listed((weekdays.length > 0 ? weekdays : [first.dayOfWeek]).map((day) => WEEKDAYS[day - 1]));
    return interval === 1 || ORDINALS[interval] ? every(days, "") : `${unit} on ${days}`;
  }
  if (frequency === "monthly" && nth) {
    const rare = nth === 5 ? ", in months that have one" : "";
    return `${unit} on the ${NTH[nth]} ${WEEKDAYS[first.dayOfWeek - 1]}${rare}`;
  }
  if (frequency === "monthly") {
    const rare = first.day > 28 ? ", in months that have one" : "";
    return `${unit} on the ${first.day}${suffix(first.day)}${rare}`;
  }
  const rare = first.month === 2 && first.day === 29 ? ", in leap years" : "";
  return `${unit} on ${first.day} ${MONTHS[first.month - 1]}${rare}`;
}

/** `29 March 2026`. */
export function dayInWords({ day, month, year }: Temporal.PlainDate, { year: withYear = true } = {}): string {
  return `${day} ${MONTHS[month - 1]}${withYear ? ` ${year}` : ""}`;
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

function suffix(day: number): string {
  if (day > 10 && day < 14) return "th";
  return ["th", "st", "nd", "rd"][day % 10] ?? "th";
}
