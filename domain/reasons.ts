import { hoursOn, isOpenFor } from "./opening.ts";
import { dateIn, minutesOf, type Period } from "./periods.ts";
import type { Field, Policy, Rules } from "./policies.ts";
import { type Quantities, quantityOf } from "./quantities.ts";
import { type Standing, trusts } from "./trust.ts";

/** A rule that says no: `code` for programs, `message` for people, `figure` what it allows, `whose` rule it is. */
export interface Reason {
  code:
    | "deactivated"
    | "too_few_units"
    | "too_short"
    | "too_long"
    | "too_soon"
    | "too_far"
    | "closed"
    | "off_grid"
    | "too_many_people"
    | "quota_count"
    | "quota_time"
    | "too_many_open"
    | "not_attested"
    | "not_answered";
  message: string;
  figure: number | null;
  whose: string;
  resource_id: string;
  /** The field that wants something else, where it is one that the requester fills in. */
  path?: string;
}

/** What a rule may look at, beside the time. */
export interface Asked extends Period {
  attendees?: number | null;
  quantities?: Quantities;
  answers?: Record<string, string>;
  /** Whether it is a date of a series. */
  recurring?: boolean;
  /** Whether everything that has to be ticked was ticked. */
  attested?: boolean;
}

/**
 * Every rule that stands in the way of a wish, as far as the wish alone tells; empty where none does. Days are
 * counted on the calendar of the resource, so that a change of the clock moves nothing.
 */
export function reasons(rules: Rules, wish: Asked, now: Temporal.Instant): Reason[] {
  const { policy, name, resource_id, capacity, units, part_missing } = rules;
  const quantity = quantityOf(wish.quantities, resource_id);
  const found: Reason[] = [];
  const say = (code: Reason["code"], figure: number | null, message: string, whose = policy?.name ?? name) =>
    found.push({ code, message, figure, whose, resource_id });
  if (rules.deactivated) say("deactivated", null, `${name} cannot be reserved at present`, name);
  else if (part_missing) {
    say("deactivated", null, `${name} cannot be reserved at present: ${part_missing} is a part of it`, name);
  }
  if (quantity > units) {
    say(
      "too_few_units",
      units,
      units === 1 ? `There is only one ${name}` : `There are ${units} of ${name}`,
      name,
    );
  }
  // Each unit has room for as many.
  const room = capacity && capacity * quantity;
  if (room && wish.attendees && wish.attendees > room) {
    const of = quantity > 1 ? `${quantity} × ${name} are` : `${name} is`;
    say("too_many_people", room, `${of} for at most ${room} people`, name);
  }
  if (!policy) return found;

  const minutes = minutesOf(wish);
  const { min_minutes, max_minutes, notice_minutes, horizon_days, slot_minutes, opening } = policy;
  if (min_minutes !== null && minutes < min_minutes) {
    say("too_short", min_minutes, `${name} is reserved for at least ${inWords(min_minutes)}`);
  }
  if (max_minutes !== null && minutes > max_minutes) {
    say("too_long", max_minutes, `${name} is reserved for at most ${inWords(max_minutes)}`);
  }
  // From the minute that runs: a person who reads a clock without seconds is not refused for them.
  const ahead = wish.start_time.epochMilliseconds / 60_000 - Math.floor(now.epochMilliseconds / 60_000);
  if (notice_minutes !== null && ahead < notice_minutes) {
    say("too_soon", notice_minutes, `${name} wants ${inWords(notice_minutes)} of notice`);
  }
  const last = horizon_days === null ? undefined : dateIn(now, rules.time_zone).add({ days: horizon_days });
  if (last && Temporal.PlainDate.compare(dateIn(wish.start_time, rules.time_zone), last) > 0) {
    say("too_far", horizon_days, `${name} can be reserved ${horizon_days} days ahead, up to ${last}`);
  }
  if (isOutside(rules, wish) && !(policy.approval === "when" && policy.approval_outside_hours)) {
    const hours = hoursOn(opening!, dateIn(wish.start_time, rules.time_zone));
    const open = hours === "closed" ? "closed that day" : `open ${hours} that day`;
    say("closed", null, `${name} is ${open}`);
  }
  if (slot_minutes !== null && !(isOnGrid(rules, wish.start_time) && isOnGrid(rules, wish.end_time))) {
    const example = slot_minutes < 60
      ? `such as :00 and :${String(slot_minutes).padStart(2, "0")}`
      : "from midnight";
    say("off_grid", slot_minutes, `${name} begins and ends on steps of ${inWords(slot_minutes)}, ${example}`);
  }
  found.push(...unanswered(rules, policy, wish));
  return found;
}

// What a policy asks beside the time: to tick, and to answer.
function unanswered({ name, resource_id }: Rules, policy: Policy, wish: Asked): Reason[] {
  const { attestations, fields } = policy;
  const whose = policy.name;
  const missing = attestations.length > 0 && !wish.attested
    ? [{
      code: "not_attested" as const,
      path: "attested",
      message: `${name} wants this confirmed: ${attestations.join("; ")}`,
    }]
    : [];
  const wrong = fields.flatMap((field) => {
    const message = wrongAnswer(field, wish.answers?.[field.key]?.trim() ?? "");
    return message ? [{ code: "not_answered" as const, path: `answers.${field.key}`, message }] : [];
  });
  return [...missing, ...wrong].map((reason) => ({ ...reason, figure: null, whose, resource_id }));
}

function wrongAnswer({ label, type, choices = [], required }: Field, answer: string): string | undefined {
  if (!answer) return required ? `“${label}” wants an answer` : undefined;
  if (type === "number" && !/^-?\d{1,12}([.,]\d{1,6})?$/.test(answer)) return `“${label}” wants a number`;
  if (type === "choice" && !choices.includes(answer)) return `“${label}” is one of: ${choices.join(", ")}`;
}

/** Whether a wish lies outside the opening hours, at least in part. */
export function isOutside({ policy, time_zone }: Rules, wish: Period): boolean {
  return Boolean(policy?.opening) && !isOpenFor(policy!.opening!, wish, time_zone);
}

/** Whether a moment lies on the grid of a resource, by its own wall clock. */
export function isOnGrid({ policy, time_zone }: Rules, instant: Temporal.Instant): boolean {
  const wall = instant.toZonedDateTimeISO(time_zone);
  const seconds = wall.hour * 3600 + wall.minute * 60 + wall.second + wall.millisecond / 1000;
  return !policy?.slot_minutes || seconds % (policy.slot_minutes * 60) === 0;
}

/** Whether somebody has to decide on a wish, and why: undefined where nobody has to. */
export function needsDecision(rules: Rules, wish: Asked, who: Standing): string | undefined {
  const { policy, name } = rules;
  if (policy && trusts(policy, who)) return undefined;
  if (rules.requires_approval) return `${name} needs an approval`;
  if (!policy || policy.approval === "never") return undefined;
  if (policy.approval === "always") return `${policy.name} wants an approval`;
  const { approval_longer_than: longest, approval_more_people_than: most } = policy;
  if (longest && minutesOf(wish) > longest) return `Longer than ${inWords(longest)}`;
  if (most && wish.attendees && wish.attendees > most) return `More than ${most} people`;
  if (policy.approval_outside_hours && isOutside(rules, wish)) return "Outside the opening hours";
  if (policy.approval_recurring && wish.recurring) return "It recurs";
}

/** A duration in words: `45 minutes`, `1 hour`, `1 hour 30 minutes`, `2 days`. */
export function inWords(minutes: number): string {
  const count = (n: number, word: string) => n === 0 ? [] : [`${n} ${word}${n === 1 ? "" : "s"}`];
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor((minutes % 1440) / 60);
  return [...count(days, "day"), ...count(hours, "hour"), ...count(minutes % 60, "minute")].join(" ") ||
    "0 minutes";
}
