import { onGrid } from "./alternatives.ts";
import { openPeriods } from "./opening.ts";
import { dateIn, dayIn, momentOf } from "./periods.ts";
import type { Rules } from "./policies.ts";

/** The parts of a day by the clock of the resource, in minutes from midnight: a slot lies within one from end to end. */
export const PARTS = {
  morning: [6 * 60, 12 * 60],
  afternoon: [12 * 60, 18 * 60],
  evening: [18 * 60, 24 * 60],
} as const;
export type Part = keyof typeof PARTS | "any";

/** When most people are about: outside of it a slot is only offered where the day has no other. */
const DAYTIME = [7 * 60, 20 * 60] as const;

/** What takes a unit's time, buffers included; instants as milliseconds of the epoch. */
export type Taken = readonly [unit: number, from: number, to: number];

/** The wish, as far as it says where on the calendar a slot may lie. Both days are meant. */
export interface When {
  minutes: number;
  from: Temporal.PlainDate;
  to: Temporal.PlainDate;
  part: Part;
}

/** When a slot begins, in milliseconds of the epoch, and what speaks against it. */
export interface Start {
  at: number;
  /** Outside of the day's usual hours, because the day has nothing else. */
  night: boolean;
  /** Outside of the opening hours, where somebody decides on that. */
  outside: boolean;
}

/**
 * The first free start of each day on each of several resources: within the opening hours, on the grid, with room for
 * the buffers, after the notice and before the horizon. Counts in milliseconds, for there may be thousands of them,
 * and what zones and policies have in common is looked up once. What somebody has to decide on (`decided`) begins after
 * this moment: a request expires at its start. It proposes; `reasons()` and the constraint judge.
 */
export function startsOf(when: When, now: Temporal.Instant) {
  const calendars = new Map<string, DayOn[]>();
  const openings = new Map<string, Stretch[]>();
  const length = when.minutes * 60_000;

  function daysIn(zone: string): DayOn[] {
    let days = calendars.get(zone);
    if (!days) calendars.set(zone, days = daysOf(when, zone));
    return days;
  }

  function hoursOf({ policy, policy_id, time_zone }: Rules, days: readonly DayOn[]): Stretch[] | undefined {
    if (!policy?.opening) return undefined;
    const key = `${policy_id} ${time_zone}`;
    let hours = openings.get(key);
    if (!hours) {
      const instant = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms);
      const window = { start_time: instant(days[0].from), end_time: instant(days.at(-1)!.to + length) };
      hours = openPeriods(policy.opening, window, time_zone)
        .map(({ start_time, end_time }) => [start_time.epochMilliseconds, end_time.epochMilliseconds]);
      openings.set(key, hours);
    }
    return hours;
  }

  return (rules: Rules, taken: readonly Taken[], decided: boolean): Start[] => {
    const { policy } = rules;
    const days = daysIn(rules.time_zone);
    if (days.length === 0 || !allowsLength(rules, when.minutes)) return [];
    const hours = hoursOf(rules, days);
    // Where outside the hours somebody decides, it is offered after what is within them.
    const tries = hours && policy!.approval === "when" && policy!.approval_outside_hours
      ? [hours, undefined]
      : [hours];
    const soonest = Math.floor(now.epochMilliseconds / 60_000 + (policy?.notice_minutes ?? 0)) * 60_000;
    const last = lastDay(rules, now);
    const units = byUnit(rules.units, taken);
    const around = {
      before: (policy?.buffer_before ?? 0) * 60_000,
      after: (policy?.buffer_after ?? 0) * 60_000,
    };
    return days.flatMap((day): Start[] => {
      if (last && Temporal.PlainDate.compare(day.date, last) > 0) return [];
      for (const open of tries) {
        const outside = Boolean(hours) && open === undefined;
        for (const [within, night] of day.parts) {
          let at = Infinity;
          for (const stretch of open ? between(open, within) : [within]) {
            const from = Math.max(stretch[0], soonest, now.epochMilliseconds + (decided || outside ? 1 : 0));
            for (const busy of units) {
              at = Math.min(at, firstFree(busy, [from, stretch[1]], { day, rules, length, ...around }));
            }
          }
          if (at < Infinity) return [{ at, night, outside }];
        }
      }
      return [];
    });
  };
}

type Stretch = [from: number, to: number];

interface DayOn {
  date: Temporal.PlainDate;
  zone: string;
  from: number;
  to: number;
  /** Where a slot may lie, the best first, and whether that is at night. */
  parts: [Stretch, boolean][];
}

function daysOf({ from, to, part, minutes }: When, zone: string): DayOn[] {
  const days: DayOn[] = [];
  for (let date = from; Temporal.PlainDate.compare(date, to) <= 0; date = date.add({ days: 1 })) {
    const { start_time, end_time } = dayIn(date, zone);
    const [begins, ends] = [start_time.epochMilliseconds, end_time.epochMilliseconds];
    const cut = ([a, b]: readonly [number, number]): Stretch => [
      momentOf(date, a, zone, "earlier").epochMilliseconds,
      momentOf(date, b, zone, "later").epochMilliseconds,
    ];
    const any: [Stretch, boolean][] = [[cut(DAYTIME), false], [[begins, ends + minutes * 60_000], true]];
    days.push({
      date,
      zone,
      from: begins,
      to: ends,
      parts: part === "any" ? any : [[cut(PARTS[part]), false]],
    });
  }
  return days;
}

/** Whether the rules allow this length at all; of what lasts longer than a day, the clock may say otherwise. */
export function allowsLength({ policy }: Rules, minutes: number): boolean {
  const { min_minutes = null, max_minutes = null, slot_minutes = null } = policy ?? {};
  return minutes >= (min_minutes ?? 0) && minutes <= (max_minutes ?? Infinity) &&
    minutes % (slot_minutes ?? 1) === 0;
}

function lastDay({ policy, time_zone }: Rules, now: Temporal.Instant): Temporal.PlainDate | undefined {
  const days = policy?.horizon_days ?? null;
  return days === null ? undefined : dateIn(now, time_zone).add({ days });
}

// What is taken of each unit, in order; one that is not taken at all stands for all such.
function byUnit(units: number, taken: readonly Taken[]): Stretch[][] {
  const lists = new Map<number, Stretch[]>();
  for (const [unit, from, to] of taken) {
    if (unit > units) continue;
    const list = lists.get(unit);
    if (list) list.push([from, to]);
    else lists.set(unit, [[from, to]]);
  }
  const found = [...lists.values()].map((list) => list.sort(([a], [b]) => a - b));
  return found.length < units ? [[]] : found;
}

function between(open: readonly Stretch[], [from, to]: Stretch): Stretch[] {
  return open.filter(([a, b]) => a < to && b > from).map(([a, b]) => [Math.max(a, from), Math.min(b, to)]);
}

interface Fit {
  day: DayOn;
  rules: Rules;
  length: number;
  before: number;
  after: number;
}

// The first start on the grid of a day at which the whole slot lies in the stretch, clear of what is taken.
function firstFree(busy: readonly Stretch[], [from, to]: Stretch, fit: Fit): number {
  const { length, before, after, day } = fit;
  let at = gridded(from, fit);
  for (const [begins, ends] of busy) {
    if (ends + before <= at) continue;
    if (at + length + after <= begins) break;
    at = gridded(ends + before, fit);
    if (at + length > to) return Infinity;
  }
  return at + length <= to && at < day.to ? at : Infinity;
}

const QUARTER = 15;

// On days on which no clock is changed, a division does.
function gridded(at: number, { day, rules }: Fit): number {
  const step = (rules.policy?.slot_minutes ?? QUARTER) * 60_000;
  if (day.to - day.from === 86_400_000 && at >= day.from) {
    return day.from + Math.ceil((at - day.from) / step) * step;
  }
  return onGrid(Temporal.Instant.fromEpochMilliseconds(at), rules, "ceil").epochMilliseconds;
}
