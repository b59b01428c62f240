import type { Period } from "./periods.ts";
import type { Rules } from "./policies.ts";

/** From when on one can check in, and when it is too late; null where nobody has to. */
export interface CheckInTimes {
  check_in_from: Temporal.Instant | null;
  check_in_until: Temporal.Instant | null;
}

/**
 * When whoever reserves has to come, by the strictest of the policies: the latest to open, the shortest grace, and
 * never beyond the end. It stands in the reservation from the moment at which its slot is chosen: what a policy
 * becomes later does not change it. Of a slot that has begun when it is chosen the grace counts from that moment.
 */
export function checkInTimes(
  { start_time, end_time }: Period,
  rules: readonly Rules[],
  now: Temporal.Instant,
): CheckInTimes {
  const wanting = rules.flatMap(({ policy }) => policy?.check_in ? [policy] : []);
  if (wanting.length === 0) return { check_in_from: null, check_in_until: null };
  const opens = Math.min(...wanting.map((policy) => policy.check_in_opens_minutes));
  const grace = Math.min(...wanting.map((policy) => policy.check_in_grace_minutes));
  const begins = Temporal.Instant.compare(start_time, now) < 0 ? now : start_time;
  return {
    check_in_from: start_time.subtract({ minutes: opens }),
    check_in_until: earlier(begins.add({ minutes: grace }), end_time),
  };
}

/**
 * The same after a move, or a change of its length. A start that has passed and stays gives nobody more time to come:
 * who is late already stays so.
 */
export function checkInAfterMove(
  before: Period & CheckInTimes & { status: string },
  slot: Period,
  rules: readonly Rules[],
  now: Temporal.Instant,
): CheckInTimes {
  const { start_time, status, check_in_from, check_in_until } = before;
  const stays = Temporal.Instant.compare(start_time, slot.start_time) === 0 &&
    Temporal.Instant.compare(start_time, now) < 0;
  if (!stays || status !== "approved") return checkInTimes(slot, rules, now);
  return { check_in_from, check_in_until: check_in_until && earlier(check_in_until, slot.end_time) };
}

const earlier = (one: Temporal.Instant, other: Temporal.Instant) =>
  Temporal.Instant.compare(one, other) < 0 ? one : other;
