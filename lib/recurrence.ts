import { RRuleTemporal } from "rrule-temporal";

/**
 * How dates repeat: each so many days, on weekdays of each so many weeks (1 is Monday), in months on the day of the
 * first or on a weekday of theirs, or each so many years; up to a date, or so many times.
 */
export interface Rule {
  frequency: "daily" | "weekly" | "monthly" | "yearly";
  /** Each so many; each one where it is not said. */
  interval?: number;
  weekdays?: readonly number[];
  /** Of months: the first to fifth of the weekday of the first date, or the last (-1); not the day of the month. */
  nth?: number;
  until?: Temporal.PlainDate;
  count?: number;
}

const DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
/** Temporal reads years of four digits; nobody asks for more. */
const LAST_YEAR = 8999;

/**
 * The dates of a rule from `first` on, `atMost` of them (RFC 5545: what a month or a year does not have, such as a 31st,
 * a fifth Monday or a 29 February, is passed over and moves nothing after it). Dates without times: what a time of the
 * day means is for a zone to say.
 */
export function datesOf(first: Temporal.PlainDate, rule: Rule, atMost: number): Temporal.PlainDate[] {
  const { frequency, interval = 1, weekdays = [], nth, until, count } = rule;
  const dates = new RRuleTemporal({
    freq: frequency.toUpperCase() as Uppercase<Rule["frequency"]>,
    interval,
    wkst: "MO",
    dtstart: first.toZonedDateTime("UTC"),
    ...frequency === "weekly" && weekdays.length > 0 ? { byDay: weekdays.map((day) => DAYS[day - 1]) } : {},
    ...frequency === "monthly" && nth ? { byDay: [`${nth}${DAYS[first.dayOfWeek - 1]}`] } : {},
    ...frequency === "monthly" && !nth ? { byMonthDay: [first.day] } : {},
    ...until ? { until: until.toZonedDateTime("UTC") } : {},
    ...count ? { count } : {},
  });
  return dates.all((date, index) => index < atMost && date.year <= LAST_YEAR).map((date) =>
    date.toPlainDate()
  );
}
