import { RRuleTemporal } from "rrule-temporal";

/** How dates repeat: each day, on weekdays of each week (1 is Monday), or each year; up to a date, or so many times. */
export interface Rule {
  frequency: "daily" | "weekly" | "yearly";
  weekdays?: readonly number[];
  until?: Temporal.PlainDate;
  count?: number;
}

const DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/**
 * The dates of a rule from `first` on, `atMost` of them (RFC 5545: a 29 February comes in leap years only). Dates
 * without times: what a time of the day means is for a zone to say.
 */
export function datesOf(first: Temporal.PlainDate, rule: Rule, atMost: number): Temporal.PlainDate[] {
  const { frequency, weekdays = [], until, count } = rule;
  const dates = new RRuleTemporal({
    freq: frequency.toUpperCase() as "DAILY" | "WEEKLY" | "YEARLY",
    dtstart: first.toZonedDateTime("UTC"),
    ...frequency === "weekly" && weekdays.length > 0 ? { byDay: weekdays.map((day) => DAYS[day - 1]) } : {},
    ...until ? { until: until.toZonedDateTime("UTC") } : {},
    ...count ? { count } : {},
  });
  return dates.all((_, index) => index < atMost).map((date) => date.toPlainDate());
}
