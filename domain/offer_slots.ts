import type { Db } from "../db/types.ts";
import { onGrid, type Wish } from "./availability.ts";
import { takenByUnit } from "./free_units.ts";
import { openPeriods } from "./opening.ts";
import { dateIn, overlap, type Period } from "./periods.ts";
import { type Rules, rulesOf } from "./policies.ts";
import { type Quantities, quantityOf } from "./quantities.ts";
import { quotasWithin } from "./quotas.ts";
import { reasons } from "./reasons.ts";

/** What somebody waits for: a slot as it is, or one of so many minutes within a window. */
export interface Wished extends Period {
  requester_id: string;
  /** All of them, or none. */
  resource_ids: readonly string[];
  /** How many of each; of what is not named, one. */
  quantities: Quantities;
  /** How long the slot is that is wanted within the period; null where the period itself is wanted. */
  minutes: number | null;
  attendees: number | null;
  answers: Record<string, string>;
  /** What was offered to them already, and not taken. */
  passed?: readonly Period[];
}

/**
 * The slot that can be had of what somebody waits for: always of the whole length, on all of the resources, and of each
 * as many as they want. Of a window it is the earliest that begins on the grid of the first resource (a quarter of an
 * hour where it has none), within the opening hours of each. Never one that has begun, that a rule or a quota refuses
 * them, or that shares a moment with what they were offered before and did not take.
 *
 * @param anyhow whether to leave out who has what, and what the person has: whether there could be such a slot at all
 * @returns undefined where there is none at `now`
 */
export async function slotFor(
  db: Db,
  wished: Wished,
  now: Temporal.Instant,
  { anyhow = false } = {},
): Promise<Period | undefined> {
  const rules = await rulesOf(db, wished.resource_ids, { fresh: true });
  if (rules.length < wished.resource_ids.length) return undefined;
  const window = { start_time: wished.start_time, end_time: wished.end_time };
  const busy = anyhow ? [] : await Promise.all(rules.map((one) => takenByUnit(db, one, window, now)));
  const quotas = anyhow ? () => [] : await quotasWithin(db, wished.requester_id, window, now);
  const { requester_id, resource_ids, quantities, attendees, answers } = wished;
  const wish: Wish = {
    ...window,
    requester_id,
    resource_ids,
    quantities,
    attendees,
    answers,
    attested: true,
  };
  const isFree = freeAmong(busy.map((taken, i) => ({
    enough: rules[i].units - quantityOf(quantities, rules[i].resource_id),
    taken: taken.map((unit) => unit.map(inMilliseconds)),
  })));
  for (const slot of slotsOf(wished, rules, now)) {
    if (Temporal.Instant.compare(slot.start_time, now) <= 0 || !isFree(inMilliseconds(slot))) continue;
    if (wished.passed?.some((one) => overlap(one, slot))) continue;
    const asked = { ...wish, ...slot };
    const against = rules.some((one) => reasons(one, asked, now).length + quotas(one, asked).length > 0);
    if (!against) return slot;
  }
}

type Span = readonly [from: number, to: number];
const inMilliseconds = ({ start_time, end_time }: Period): Span => [
  start_time.epochMilliseconds,
  end_time.epochMilliseconds,
];

// Whether each resource has as many units as are wanted that are free for the whole of a slot.
function freeAmong(busy: readonly { enough: number; taken: readonly (readonly Span[])[] }[]) {
  return ([from, to]: Span) =>
    busy.every(({ enough, taken }) =>
      taken.filter((unit) => unit.some(([begins, ends]) => begins < to && ends > from)).length <= enough
    );
}

const QUARTER = 15;

// In the order in which they begin.
function* slotsOf(wished: Wished, rules: readonly Rules[], now: Temporal.Instant): Generator<Period> {
  const { start_time, end_time, minutes } = wished;
  if (minutes === null) {
    yield { start_time, end_time };
    return;
  }
  const [first] = rules;
  const step = first.policy?.slot_minutes ?? QUARTER;
  const open = rules.map(({ policy, time_zone }) =>
    (policy?.opening ? openPeriods(policy.opening, wished, time_zone) : [wished]).map(inMilliseconds)
  );
  const later = Temporal.Instant.compare(now, start_time) > 0 ? now : start_time;
  for (let at = onGrid(later, first, "ceil");; at = following(at, step, first)) {
    const slot = { start_time: at, end_time: at.add({ minutes }) };
    if (Temporal.Instant.compare(slot.end_time, end_time) > 0) return;
    const [from, to] = inMilliseconds(slot);
    if (open.every((hours) => hours.some(([opens, closes]) => opens <= from && to <= closes))) yield slot;
  }
}

// The next on the grid, which begins anew at each midnight.
function following(at: Temporal.Instant, step: number, rules: Rules): Temporal.Instant {
  const next = at.add({ minutes: step });
  const day = dateIn(next, rules.time_zone);
  if (day.equals(dateIn(at, rules.time_zone))) return onGrid(next, rules, "ceil");
  return rules.policy?.slot_minutes ? day.toZonedDateTime(rules.time_zone).toInstant() : next;
}
