import { z } from "zod";
import { readDate } from "./periods.ts";

// What closures and series say alike of how they repeat.

/** The days of a week, 1 is Monday: each once, in their order. */
export const Weekdays = z.array(z.int("Weekdays are 1 (Monday) to 7").min(1).max(7)).max(7)
  .overwrite((days) => [...new Set(days)].sort()).optional();

/** The last day. */
export const Until = z.string().refine((text) => readDate(text), "Give a date, such as 2026-05-31")
  .optional();

/** How many times, and at most. */
export const timesUpTo = (most: number) =>
  z.int("Give a whole number").min(1, "At least once").max(most, `At most ${most} times`).optional();

interface Ending {
  until?: string;
  count?: number;
}

/** Whether it ends, and in one way. */
export const endsOnce = ({ until, count }: Ending) => Boolean(until) !== Boolean(count);
export const ENDS_ONCE = { path: ["until"], message: "Say until when, or how many times" };

/** Whether days of the week are named only where it repeats by the week. */
export const isWeekly = ({ frequency, weekdays }: { frequency: string; weekdays?: number[] }) =>
  frequency === "weekly" || !weekdays?.length;
export const IS_WEEKLY = { path: ["weekdays"], message: "Weekdays are for what repeats weekly" };
