import type { Db } from "../db/types.ts";
import { type InTheWay, takenInWords, type Wish } from "./availability.ts";
import { type Actor, may } from "./permissions.ts";
import { dateIn, type Period } from "./periods.ts";
import type { Rules } from "./policies.ts";
import { quantityOf } from "./quantities.ts";
import { hasQuota, quotasWithin } from "./quotas.ts";
import { type Asked, needsDecision, type Reason, reasons } from "./reasons.ts";
import type { Occurrence } from "./recurrence.ts";
import type { Standing } from "./trust.ts";

/** What becomes of dates that cannot be had: nothing is stored at all, they are left out, or moved nearby. */
export const CHOICES = ["all_or_nothing", "skip", "move"] as const;
export type Choice = typeof CHOICES[number];

/** One date of a series as it would be. */
export interface PlannedDate {
  start_wall: Temporal.PlainDateTime;
  /** When it would take place; undefined where it would not. */
  period?: Period;
  /** Whether `period` is another than the one that was asked for. */
  moved: boolean;
  /** What stands in the way of the time that was asked for, in sentences; empty where nothing does. */
  problems: string[];
  reasons: Reason[];
  conflicts: InTheWay[];
  /** Why an approver decides on it; undefined where nobody has to. */
  needs_approval?: string;
}

/** What is asked for of each date. */
export type Each = Asked & { requester_id: string };

/** What has a resource's time, in milliseconds: to be compared many times. */
interface Taken {
  unit: number;
  from: number;
  to: number;
  what: Omit<InTheWay, keyof Period> & Period;
}

/** How far from the wish a date is moved at most: it stays on its day. */
const NEAR_HOURS = 24;
const STEP_MINUTES = 15;

/**
 * What would become of each date, by the same rules as a reservation of its own: all dates count against a quota, those
 * beyond the horizon are problems of their own. A fixed number of questions to the database, however many dates. Explains;
 * the constraint decides.
 */
export async function planDates(
  db: Db,
  actor: Actor,
  { occurrences, wish, rules, standing, choice }: {
    occurrences: readonly Occurrence[];
    wish: Omit<Each, keyof Period>;
    rules: readonly Rules[];
    standing: Standing;
    choice: Choice;
  },
  now: Temporal.Instant,
): Promise<PlannedDate[]> {
  const periods = occurrences.flatMap(({ period }) => period ?? []);
  const taken = await takenAround(db, actor, rules, periods, choice === "move" ? NEAR_HOURS : 0);
  const counted = rules.some(hasQuota) && periods.length > 0;
  const quota = counted
    ? await quotasWithin(db, wish.requester_id, {
      start_time: periods[0].start_time,
      end_time: periods.at(-1)!.end_time,
    }, now)
    : undefined;
  // What the requester has still to fill in stands in the way of no date.
  const against = (period: Period) =>
    rules.flatMap((r) => reasons(r, { ...wish, ...period }, now)).filter(({ path }) => path === undefined);
  const blockers = (period: Period) =>
    rules.flatMap((r) => {
      const quantity = quantityOf(wish.quantities, r.resource_id);
      return inTheWay(r, taken.get(r.resource_id) ?? [], { period, quantity });
    });

  // Which can be had as they are: the others must keep clear of them.
  const first = occurrences.map(({ period }) => {
    const found = { reasons: period ? against(period) : [], conflicts: period ? blockers(period) : [] };
    return { ...found, free: Boolean(period) && found.reasons.length + found.conflicts.length === 0 };
  });
  const own: Period[] = occurrences.flatMap(({ period }, i) => period && first[i].free ? [period] : []);
  const had: Period[] = [];
  const tooMuch = (period: Period): Reason[] => {
    if (!quota) return [];
    const whole: Wish = { ...wish, ...period, resource_ids: rules.map((r) => r.resource_id) };
    const bound = [...new Map(rules.filter(hasQuota).map((r) => [r.policy_id, r])).values()];
    return bound.flatMap((r) => quota(r, whole, had));
  };

  return occurrences.map(({ start_wall, period, missing }, i): PlannedDate => {
    if (!period) return { start_wall, moved: false, problems: [missing], reasons: [], conflicts: [] };
    const stands = [...first[i].reasons, ...first[i].free ? tooMuch(period) : []];
    const { conflicts } = first[i];
    const close = tooClose(rules, period, had);
    const problems = [
      ...new Set([
        ...stands.map(({ message }) => message),
        ...conflicts.map(takenInWords),
        ...close ? ["The date before it is too close: time is kept free between"] : [],
      ]),
    ];
    const found = problems.length === 0
      ? period
      : choice === "move"
      ? nearest(period, rules, (slot) =>
        !tooClose(rules, slot, [...own, ...had]) && blockers(slot).length === 0 &&
        against(slot).length === 0 &&
        tooMuch(slot).length === 0)
      : undefined;
    if (found) had.push(found);
    return {
      ...{ start_wall, period: found, moved: Boolean(found) && found !== period, problems, conflicts },
      reasons: stands,
      needs_approval: found &&
        rules.map((r) => needsDecision(r, { ...wish, ...found, recurring: true }, standing)).find(Boolean),
    };
  });
}

// Of one resource that has too few units left for the whole of it, what has them; of what is composed of parts, each
// once.
function inTheWay(
  { units, policy }: Rules,
  taken: readonly Taken[],
  { period, quantity }: { period: Period; quantity: number },
): InTheWay[] {
  const from = period.start_time.epochMilliseconds - (policy?.buffer_before ?? 0) * 60_000;
  const to = period.end_time.epochMilliseconds + (policy?.buffer_after ?? 0) * 60_000;
  const found = taken.filter((one) => one.from < to && one.to > from);
  const free_units = units - new Set(found.map(({ unit }) => unit)).size;
  if (free_units >= quantity) return [];
  const said = new Map(
    found.map(({ what }) => [`${what.reservation_id ?? what.closure_id} ${what.start_time}`, what]),
  );
  return [...said.values()].map((what) => ({ ...what, free_units }));
}

// Two dates of one series, with the time that is kept free around each.
function tooClose(rules: readonly Rules[], period: Period, others: readonly Period[]): boolean {
  const gap = Math.max(
    ...rules.map(({ policy }) => (policy?.buffer_before ?? 0) + (policy?.buffer_after ?? 0)),
  );
  const ms = ({ start_time, end_time }: Period) => [start_time.epochMilliseconds, end_time.epochMilliseconds];
  const [from, to] = ms(period);
  return others.some((other) => {
    if (other === period) return false;
    const [begins, ends] = ms(other);
    return begins < to + gap * 60_000 && ends + gap * 60_000 > from;
  });
}

// The nearest time of the same length on the same day of the calendar that will do; of two, the earlier.
function nearest(wish: Period, [{ time_zone, policy }]: readonly Rules[], fits: (slot: Period) => boolean) {
  const step = policy?.slot_minutes ?? STEP_MINUTES;
  const day = dateIn(wish.start_time, time_zone);
  for (let away = step; away < NEAR_HOURS * 60; away += step) {
    for (const minutes of [-away, away]) {
      const start_time = wish.start_time.add({ minutes });
      if (!dateIn(start_time, time_zone).equals(day)) continue;
      const slot = { start_time, end_time: wish.end_time.add({ minutes }) };
      if (fits(slot)) return slot;
    }
  }
}

interface Row extends Omit<InTheWay, "hidden" | "mine"> {
  unit: number;
  requester_id: string | null;
  private: boolean;
  from_time: Temporal.Instant;
  to_time: Temporal.Instant;
}

async function takenAround(
  db: Db,
  actor: Actor,
  rules: readonly Rules[],
  periods: readonly Period[],
  hours: number,
): Promise<Map<string, Taken[]>> {
  const rows = await db<Row[]>`
    select distinct r.id as resource_id, a.unit, r.units, lower(a.period) as from_time, upper(a.period) as to_time, a.reservation_id,
      a.closure_id, c.reason, r.name as resource_name, v.requester_id, coalesce(u.name, '') as requester_name,
      coalesce(v.purpose, '') as purpose, coalesce(v.start_time, lower(a.period)) as start_time,
      coalesce(v.end_time, upper(a.period)) as end_time,
      coalesce(v.private, false) or coalesce(p.details_for_staff, false) as private,
      part.id as part_id, part.name as part_name, whole.name as whole_name
    from unnest(${periods.map((p) => `${p.start_time}`)}::timestamptz[],
      ${periods.map((p) => `${p.end_time}`)}::timestamptz[]) as d (start_time, end_time)
    cross join resources r left join policies p on p.id = r.policy_id
    join compositions t on t.resource_id = r.id
    join allocations a on a.resource_id = t.taken_id and a.holds and a.unit <= r.units
      and a.period && tstzrange(
        d.start_time - make_interval(mins => coalesce(p.buffer_before, 0), hours => ${hours}::int),
        d.end_time + make_interval(mins => coalesce(p.buffer_after, 0), hours => ${hours}::int), '[)')
    left join reservations v on v.id = a.reservation_id
    left join users u on u.id = v.requester_id
    left join closures c on c.id = a.closure_id
    left join resources part on part.id = a.resource_id and part.id <> r.id
    left join resources whole on whole.id = a.whole_id and whole.id <> r.id
    where r.id = any(${rules.map((r) => r.resource_id)})
    order by start_time, part_name desc nulls last`;
  const taken = rows.map(({ unit, from_time, to_time, private: secret, requester_id, ...row }) => {
    const hidden = requester_id !== null && secret && !may(actor, "see_details", requester_id);
    const what: InTheWay = {
      ...{
        reservation_id: row.reservation_id,
        resource_id: row.resource_id,
        resource_name: row.resource_name,
      },
      ...{ start_time: row.start_time, end_time: row.end_time, hidden, mine: requester_id === actor.id },
      ...row.closure_id ? { closure_id: row.closure_id, reason: row.reason } : {},
      ...{ units: row.units, free_units: 0 },
      ...{ part_id: row.part_id, part_name: row.part_name, whole_name: row.whole_name },
      ...{ requester_name: hidden ? "" : row.requester_name, purpose: hidden ? "" : row.purpose },
    };
    return { unit, from: from_time.epochMilliseconds, to: to_time.epochMilliseconds, what };
  });
  return Map.groupBy(taken, ({ what }) => what.resource_id);
}
