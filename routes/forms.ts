import type { z } from "zod";
import { Conflict, Invalid, type Issue, Taken } from "../domain/errors.ts";
import { readDate, resolve, type Resolved, type WallTime } from "../domain/periods.ts";
import { tellConflict } from "./begin.ts";
import type { Context } from "./env.ts";

/** What was typed, field by field. */
export type Values = Record<string, string | undefined>;

/** What was wrong with a form: by field, and what stands in the way as a whole. */
export interface Problem {
  status: 409 | 422;
  errors: Record<string, string>;
  /** What belongs to no field. */
  message?: string;
  cause: Invalid | Conflict;
}

/** The fields of a posted form. The line ends that browsers send become those that were typed. */
export async function fields(c: Context): Promise<Values> {
  const texts = await textsOf(c);
  return Object.fromEntries(texts.map(([name, value]) => [name, value.replaceAll("\r\n", "\n")]));
}

/** All values of a field that a form may send several times: boxes that were ticked. */
export async function every(c: Context, name: string): Promise<string[]> {
  return (await textsOf(c)).filter(([one]) => one === name).map(([, value]) => value);
}

// What cannot be read has no fields: each that is missed is asked for.
async function textsOf(c: Context): Promise<[name: string, text: string][]> {
  const isPlain = /^application\/x-www-form-urlencoded\b/i.test(c.req.header("content-type") ?? "");
  // The common case, and the quick one: to read a form of any kind, it is made an answer first.
  if (isPlain) return [...new URLSearchParams(new TextDecoder().decode(await c.req.arrayBuffer()))];
  const body = await c.req.parseBody({ all: true }).catch(() => ({}));
  return Object.entries(body)
    .flatMap(([name, values]) => [values].flat().map((value): [string, unknown] => [name, value]))
    .filter((entry): entry is [string, string] => typeof entry[1] === "string");
}

/**
 * What a schema makes of values.
 *
 * @throws {Invalid} with one message per field
 */
export function check<T>(schema: z.ZodType<T>, values: unknown): T {
  const read = schema.safeParse(values);
  if (read.success) return read.data;
  throw new Invalid(read.error.issues.map(({ path, message }) => ({ path: path.join("."), message })));
}

/** Does the work of a form; where it is refused, the same form is drawn again with the reasons on it. */
export async function orAgain(
  work: () => Promise<Response>,
  again: (problem: Problem) => Response | Promise<Response>,
): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Conflict) tellConflict(error);
    if (error instanceof Taken) return again(problemOf(error, 409, [error.issue]));
    if (error instanceof Invalid) return again(problemOf(error, 422, error.issues));
    if (error instanceof Conflict) {
      return again({ status: 409, errors: {}, message: error.message, cause: error });
    }
    throw error;
  }
}

function problemOf(cause: Invalid | Conflict, status: 409 | 422, issues: Issue[]): Problem {
  const errors: Record<string, string> = {};
  for (const { path, message } of issues) errors[path] ??= message;
  return { status, errors, message: errors[""], cause };
}

/** The two moments of a form's period, as they were typed. */
export interface TypedPeriod {
  date?: string;
  start?: string;
  end_date?: string;
  end?: string;
  start_which?: string;
  end_which?: string;
}

export interface ReadPeriod {
  start_time: Temporal.Instant;
  end_time: Temporal.Instant;
  /** Which of the two the clock shows twice on that day. */
  twice: { start: boolean; end: boolean };
}

/**
 * What a typed period means on the clock of `zone`. No end date means the day of the start.
 *
 * @throws {Invalid} naming each field that cannot be read, or whose time does not exist, with the nearest that does
 */
export function readPeriod(typed: TypedPeriod, zone: string): ReadPeriod {
  const issues: Issue[] = [];
  const start = moment(
    issues,
    "start",
    { date: typed.date, time: typed.start, which: typed.start_which },
    zone,
  );
  const end = moment(
    issues,
    "end",
    { date: typed.end_date || typed.date, time: typed.end, which: typed.end_which },
    zone,
  );
  if (start && end && Temporal.Instant.compare(end.instant, start.instant) <= 0) {
    issues.push({ path: "end", message: endWords(typed, start.instant, end.instant, zone) });
  }
  if (issues.length > 0 || !start || !end) throw new Invalid(issues);
  return {
    start_time: start.instant,
    end_time: end.instant,
    twice: { start: start.twice, end: end.twice },
  };
}

function moment(
  issues: Issue[],
  field: "start" | "end",
  typed: { date?: string; time?: string; which?: string },
  zone: string,
): Extract<Resolved, { instant: unknown }> | undefined {
  const { date = "", time = "" } = typed;
  const dateField = field === "start" ? "date" : "end_date";
  if (!readDate(date)) {
    issues.push({ path: dateField, message: "Give a date, such as 2026-05-31" });
    return undefined;
  }
  const wall: WallTime = { date, time, which: typed.which === "later" ? "later" : "earlier" };
  const read = resolve(wall, zone);
  if (!read) {
    issues.push({ path: field, message: "Give a time, such as 14:30" });
    return undefined;
  }
  if ("missing" in read) {
    const nearest = read.nearest.toZonedDateTimeISO(zone).toPlainTime().toString({ smallestUnit: "minute" });
    issues.push({
      path: field,
      message: `${time} does not exist that night: the clocks go forward. The nearest time is ${nearest}`,
    });
    return undefined;
  }
  return read;
}

// The likely meanings of an end that is not after its start: another day, or an hour more.
function endWords(typed: TypedPeriod, start: Temporal.Instant, end: Temporal.Instant, zone: string): string {
  const wall = (instant: Temporal.Instant) => instant.toZonedDateTimeISO(zone);
  const time = (at: Temporal.ZonedDateTime) => at.toPlainTime().toString({ smallestUnit: "minute" });
  if (end.epochMilliseconds === start.epochMilliseconds) {
    return `The end must be after the start. Did you mean ${time(wall(start).add({ hours: 1 }))}?`;
  }
  if (typed.end_date && typed.end_date !== typed.date) {
    return "The end must be after the start: look at its date";
  }
  const next = wall(end).add({ days: 1 });
  return `The end must be after the start. Until ${
    time(next)
  } the next day? Then the end date is ${next.toPlainDate()}`;
}

/** A whole number within bounds, or the default. */
export function number(
  text: string | undefined,
  { min, max, otherwise }: { min: number; max: number; otherwise: number },
) {
  const value = Number(text);
  return text && Number.isInteger(value) && value >= min && value <= max ? value : otherwise;
}
