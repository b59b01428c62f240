import type { Verb } from "../domain/history.ts";
import type { WaitlistStatus } from "../domain/offers.ts";
import type { Role } from "../domain/permissions.ts";
import type { Period } from "../domain/periods.ts";
import type { Status } from "../domain/transitions.ts";

const formats = new Map<string, Intl.DateTimeFormat>();

// Making a formatter costs a hundred times what using it does.
function format(zone: string, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone} ${name}`;
  let found = formats.get(key);
  if (!found) formats.set(key, found = new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }));
  return found;
}

/** `14:30` */
export function timeOf(instant: Temporal.Instant, zone: string): string {
  return format(zone, "time", { hour: "2-digit", minute: "2-digit" }).format(instant.epochMilliseconds);
}

/** `Mon 4 May`, with the year where it is not the year of `now`. */
export function dayOf(instant: Temporal.Instant, zone: string, now: Temporal.Instant): string {
  const options = { weekday: "short", day: "numeric", month: "short" } as const;
  const sameYear = yearOf(instant, zone) === yearOf(now, zone);
  const shown = sameYear
    ? format(zone, "day", options)
    : format(zone, "day of a year", { ...options, year: "numeric" });
  return shown.format(instant.epochMilliseconds).replace(",", "");
}

const yearOf = (instant: Temporal.Instant, zone: string) =>
  format(zone, "year", { year: "numeric" }).format(instant.epochMilliseconds);

/** `Monday 4 May 2026` */
export function longDate(date: Temporal.PlainDate): string {
  const options = { weekday: "long", day: "numeric", month: "long", year: "numeric" } as const;
  return format("UTC", "long", options).format(date.toZonedDateTime("UTC").epochMilliseconds).replace(
    ",",
    "",
  );
}

/** `May 2026` */
export function monthOf(month: Temporal.PlainYearMonth): string {
  const first = month.toPlainDate({ day: 1 }).toZonedDateTime("UTC").epochMilliseconds;
  return format("UTC", "month", { month: "long", year: "numeric" }).format(first);
}

/** `Mon 4` */
export function shortDate(date: Temporal.PlainDate): string {
  const options = { weekday: "short", day: "numeric" } as const;
  return format("UTC", "short", options).format(date.toZonedDateTime("UTC").epochMilliseconds).replace(
    ",",
    "",
  );
}

/** `Mon 4 May, 09:00–10:30`, or with both days where it spans more than one. */
export function periodOf({ start_time, end_time }: Period, zone: string, now: Temporal.Instant): string {
  const from = `${dayOf(start_time, zone, now)}, ${timeOf(start_time, zone)}`;
  const day = dayOf(start_time, zone, now);
  const until = timeOf(end_time, zone);
  // A midnight belongs to the day that ends with it.
  const lastDay = dayOf(end_time.subtract({ nanoseconds: 1 }), zone, now);
  if (lastDay === day) return `${from}–${until === "00:00" ? "24:00" : until}`;
  return `${from} – ${dayOf(end_time, zone, now)}, ${until}`;
}

/** `just now`, `12 minutes ago`, `yesterday`, or the day. */
export function agoOf(instant: Temporal.Instant, zone: string, now: Temporal.Instant): string {
  const minutes = Math.floor((now.epochMilliseconds - instant.epochMilliseconds) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} minute${minutes === 1 ? "" : "s"} ago`;
  if (minutes < 12 * 60) return `${Math.floor(minutes / 60)} hour${minutes < 120 ? "" : "s"} ago`;
  return `${dayOf(instant, zone, now)}, ${timeOf(instant, zone)}`;
}

/** The address of a reservation's page. */
export function reservationPath(reference: string): string {
  return `/reservations/${reference}`;
}

export const STATUS_WORDS: Record<Status, string> = {
  pending: "Pending",
  approved: "Approved",
  denied: "Denied",
  expired: "Expired",
  checked_in: "Checked in",
  completed: "Completed",
  no_show: "No show",
  bumped: "Bumped",
  cancelled: "Cancelled",
};

export const WAITLIST_WORDS: Record<WaitlistStatus, string> = {
  waiting: "Waiting",
  offered: "Offered",
  accepted: "Accepted",
  declined: "Declined",
  left: "Left",
  expired: "Expired",
};

export const ACTION_WORDS: Record<Verb, string> = {
  request: "Requested",
  approve: "Approved",
  deny: "Denied",
  cancel: "Cancelled",
  restore: "Cancellation taken back",
  reschedule: "Rescheduled",
  bump: "Bumped",
  edit: "Details changed",
  lapse: "Waits on, and holds its time no longer",
  ask: "A question",
  answer: "Answered",
  propose: "Change asked for",
  deny_change: "Change denied",
  withdraw_change: "Change withdrawn",
  expire_change: "Change expired: nobody decided in time",
  check_in: "Checked in",
  end: "Ended early",
  no_show: "Not used: nobody checked in in time",
  complete: "Completed",
  expire: "Expired: nobody decided before its start",
};

export const ROLE_WORDS: Record<Role, string> = {
  user: "User: reserves",
  staff: "Staff: also decides on requests",
  admin: "Administrator: also manages resources and people",
};

/** `1 request`, `3 requests` */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString("en-GB")} ${n === 1 ? one : many}`;
}
