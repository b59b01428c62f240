import type { Db } from "../db/types.ts";
import { type AnyOf, quantitiesOf } from "./alike.ts";
import { alikeOf, choose, undecidedFirst } from "./choices.ts";
import { onGrid } from "./alternatives.ts";
import type { Wish } from "./availability.ts";
import { takenByUnit, takenOfEach } from "./free_units.ts";
import { openPeriods } from "./opening.ts";
import { dateIn, overlap, type Period } from "./periods.ts";
import { type Rules, rulesOf } from "./policies.ts";
import { type Quantities, quantityOf } from "./quantities.ts";
import { quotasWithin } from "./quotas.ts";
import { reasons } from "./reasons.ts";

/** What somebody waits for: a slot as it is, or one of so many minutes within a window. */
export interface Wished extends Period {
  requester_id: string;
  /** All of them, or none; empty where any will do. */
  resource_ids: readonly string[];
  /** How many of each; of what is not named, one. */
  quantities: Quantities;
  /** What a resource has to be like, where any one will do. */
  any_of: AnyOf | null;
  /** How long the slot is that is wanted within the period; null where the period itself is wanted. */
  minutes: number | null;
  attendees: number | null;
  answers: Record<string, string>;
  /** Whether what a policy wants confirmed has been. */
  attested: boolean;
  /** What was offered to them already, and not taken. */
  passed?: readonly Period[];
}

/** A slot with what it is of. */
export interface WishedSlot extends Period {
  resource_ids: readonly string[];
  quantities: Quantities;
}

/** So many of what would do are named, the best first, where any will do: others may be faster with some. */
const CHOICES = 12;

/**
 * The slots that can be had of what somebody waits for, the best first: always of the whole length, on all of the
 * resources, and of each as many as they want. Of a window it is the earliest that begins on the grid of the first
 * resource (a quarter of an hour where it has none), within the opening hours of each. Never one that has begun, that a
 * rule or a quota refuses them, or that shares a moment with what they were offered before and did not take.
 *
 * Of named resources there is at most one. Where any will do, each is of another resource, and they are in the order in
 * which a request would choose (see `requestAny`); of a window the earliest first.
 *
 * @param options.anyhow whether to leave out who has what, and what the person has: whether there could be such a slot at all
 * @returns none where there is none at `now`
 */
export async function slotsFor(
  db: Db,
  wished: Wished,
  now: Temporal.Instant,
  options: { anyhow?: boolean } = {},
): Promise<WishedSlot[]> {
  if (wished.any_of) return await slotsOfAny(db, { ...wished, any_of: wished.any_of }, now, options);
  const { resource_ids, quantities } = wished;
  const rules = await rulesOf(db, resource_ids, { fresh: true });
  if (rules.length < resource_ids.length) return [];
  const busy = options.anyhow
    ? []
    : await Promise.all(rules.map((one) => takenByUnit(db, one, windowOf(wished), now)));
  const first = await firstAmong(db, wished, now, options);
  const slot = first(rules, quantities, busy);
  return slot ? [{ ...slot, resource_ids, quantities }] : [];
}

async function slotsOfAny(
  db: Db,
  wished: Wished & { any_of: AnyOf },
  now: Temporal.Instant,
  { anyhow = false }: { anyhow?: boolean },
): Promise<WishedSlot[]> {
  const { any_of } = wished;
  const of = (slot: Period, { resource_id }: Rules): WishedSlot => ({
    ...{ start_time: slot.start_time, end_time: slot.end_time },
    ...{ resource_ids: [resource_id], quantities: quantitiesOf(any_of, resource_id) },
  });
  const alike = await alikeOf(db, wished, now);
  if (wished.minutes === null) {
    if (Temporal.Instant.compare(wished.start_time, now) <= 0) return [];
    if (wished.passed?.some((one) => overlap(one, wished))) return [];
    const { fitting } = await choose(db, wished, alike, { now, fresh: true, anyhow });
    return fitting.slice(0, CHOICES).map((one) => of(wished, one));
  }
  const rules = await rulesOf(db, alike.map(({ id }) => id), { fresh: true });
  const ordered = await undecidedFirst(db, { ...wished, ...firstOf(wished) }, rules);
  const taken = anyhow ? () => [] : await takenOfEach(db, ordered, windowOf(wished), now);
  const first = await firstAmong(db, wished, now, { anyhow });
  const found = ordered.flatMap((one) => {
    const quantities = quantitiesOf(any_of, one.resource_id);
    const slot = first([one], quantities, [taken(one)]);
    return slot ? [of(slot, one)] : [];
  });
  return found.toSorted((a, b) => Temporal.Instant.compare(a.start_time, b.start_time)).slice(0, CHOICES);
}

const windowOf = ({ start_time, end_time }: Period): Period => ({ start_time, end_time });

// A slot of the length that is wanted: whether somebody has to decide may depend on that.
function firstOf({ start_time, end_time, minutes }: Wished): Period {
  return { start_time, end_time: minutes === null ? end_time : start_time.add({ minutes }) };
}

type First = (
  rules: readonly Rules[],
  quantities: Quantities,
  busy: readonly (readonly (readonly Period[])[])[],
) => Period | undefined;

// Finds the first slot on resources of which is known what is taken of each of their units.
async function firstAmong(
  db: Db,
  wished: Wished,
  now: Temporal.Instant,
  { anyhow = false }: { anyhow?: boolean },
): Promise<First> {
  const quotas = anyhow ? () => [] : await quotasWithin(db, wished.requester_id, windowOf(wished), now);
  const { requester_id, attendees, answers, attested } = wished;
  // Resources that share hours, grid and zone share the slots that there are.
  const slots = new Map<string, Iterable<Period>>();
  const slotsOn = (rules: readonly Rules[]) => {
    const key = rules.map(({ policy_id, time_zone }) => `${policy_id} ${time_zone}`).join();
    if (!slots.has(key)) slots.set(key, remembered(slotsOf(wished, rules, now)));
    return slots.get(key)!;
  };
  return (rules, quantities, busy) => {
    const resource_ids = rules.map(({ resource_id }) => resource_id);
    const isFree = freeAmong(busy.map((taken, i) => ({
      enough: rules[i].units - quantityOf(quantities, rules[i].resource_id),
      taken: taken.map((unit) => unit.map(inMilliseconds)),
    })));
    for (const slot of slotsOn(rules)) {
      if (Temporal.Instant.compare(slot.start_time, now) <= 0 || !isFree(inMilliseconds(slot))) continue;
      if (wished.passed?.some((one) => overlap(one, slot))) continue;
      const asked: Wish = { ...slot, requester_id, resource_ids, quantities, attendees, answers, attested };
      if (!rules.some((one) => reasons(one, asked, now).length + quotas(one, asked).length > 0)) return slot;
    }
  };
}

// To be gone through again and again, as far as it was needed.
function remembered<T>(source: Iterator<T>): Iterable<T> {
  const known: T[] = [];
  return {
    *[Symbol.iterator]() {
      for (let i = 0;; i++) {
        if (i === known.length) {
          const next = source.next();
          if (next.done) return;
          known.push(next.value);
        }
        yield known[i];
      }
    },
  };
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
