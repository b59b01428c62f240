import { isInside, transaction } from "../db/transaction.ts";
import type { Db, Ground, Sql } from "../db/types.ts";
import { isId } from "../lib/ids.ts";
import { mustBeOffered } from "./accessories.ts";
import { rowsFor } from "./allocations.ts";
import { alternativesTo } from "./alternatives.ts";
import { conflictsOf, type InTheWay, type Wish } from "./availability.ts";
import { bare, takenInWords } from "./conflict_words.ts";
import { Conflict, Invalid, NotFound } from "./errors.ts";
import { freeUnitsOf } from "./free_units.ts";
import { type Actor, permit } from "./permissions.ts";
import { mustBeApart } from "./parts.ts";
import { type Rules, rulesOf } from "./policies.ts";
import { wantedOf } from "./quantities.ts";
import { hasQuota, lockQuotas, quotaReasons } from "./quotas.ts";
import { needsDecision, type Reason, reasons } from "./reasons.ts";
import { letGo } from "./offers.ts";
import { type Allowed, type NewReservation, store, type Stored } from "./storing.ts";
import { clockOf } from "./transitions.ts";
import { standingOf, trusts } from "./trust.ts";

/** How often a slot that looked free is tried again when others were faster. */
const ATTEMPTS = 24;

/**
 * Asks for one or several resources over one period: all of them, or none. Approved at once, unless a resource wants
 * a decision. One round trip to the database where nothing is in the way.
 *
 * @throws {NotFound} for a resource that does not exist
 * @throws {Invalid} when the end is not after the start, or the start has passed
 * @throws {Invalid} also for what the policy asks and was not answered
 * @throws {Conflict} when a rule or another reservation is in the way, with the nearest alternatives
 */
export async function request(
  sql: Ground,
  actor: Actor,
  asked: NewReservation,
  now: Temporal.Instant,
): Promise<Stored> {
  const wish = { ...permitted(actor, asked), ...wantedOf(asked.resource_ids, asked.quantities) };
  await mustLieAhead(sql, wish, now);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const stored = await tryFor(sql, actor, wish, now, { fresh: attempt > 1 });
    if (stored) return stored;
    await refuseIfTaken(sql, actor, wish, now);
    await letGo(sql, wish, now);
  }
  throw new Conflict("This time was wanted by too many at once: try again");
}

/**
 * A wish with whose it is, where the actor may ask for them and as is said.
 *
 * @throws {Forbidden}
 */
export function permitted<T extends Pick<NewReservation, "override" | "requester_id">>(
  actor: Actor,
  asked: T,
): T & { requester_id: string } {
  permit(actor, "reserve");
  if (asked.override) permit(actor, "override");
  const { requester_id = actor.id } = asked;
  if (requester_id !== actor.id) permit(actor, "reserve_for");
  return { ...asked, requester_id };
}

/**
 * Judges a wish and stores it, once.
 *
 * @returns undefined where not all of it could be had at this moment
 * @throws {NotFound} {Invalid} {Conflict} for what is not a matter of who was faster
 */
export async function tryFor(
  sql: Ground,
  actor: Actor,
  wish: Allowed,
  now: Temporal.Instant,
  options: { fresh: boolean },
): Promise<Stored | undefined> {
  const rules = await judged(sql, wish, now, options);
  if (wish.typed_in && rules[0].time_zone !== wish.typed_in) {
    const { name, time_zone } = rules[0];
    throw new Conflict(`The time zone of ${name} is now ${time_zone}: look at the times again`);
  }
  const counted = rules.some(hasQuota) && !wish.override;
  // What of several could not be had fails, and would take a transaction under way with it.
  const apart = counted || (isInside(sql) && rowsFor(rules, wish.quantities) > 1);
  if (!apart) return await store(sql, actor, wish, rules, now);
  return await transaction(sql, async (tx) => {
    if (counted) {
      await lockQuotas(tx, wish.requester_id);
      await mustBeWithin(tx, rules, wish, now);
    }
    const made = await store(tx, actor, wish, rules, now);
    if (!made) throw new StepBack();
    return made;
  }).catch(steppedBack);
}

/**
 * What would be refused, said before anything is stored: every rule that stands in the way, whoever has the time, and
 * the nearest slots that satisfy all of it. The one answer of the form, the errors of the API and the try-out.
 */
export async function explain(sql: Sql, actor: Actor, asked: Wish, now: Temporal.Instant) {
  const wish = { requester_id: actor.id, ...asked };
  const rules = await rulesOf(sql, wish.resource_ids, { fresh: true });
  const against = await reasonsAgainst(sql, wish, rules, now);
  const conflicts = await conflictsOf(sql, actor, wish, now);
  const standing = await standingOf(sql, rules, wish.requester_id);
  const several = rules.some(({ units }) => units > 1);
  const blocked = against.length > 0 || conflicts.length > 0;
  return {
    reasons: against,
    conflicts,
    alternatives: blocked ? await alternativesTo(sql, wish, now) : [],
    /** Of what there are several: how many are free. */
    free_units: several ? (await freeUnitsOf(sql, wish, now)).filter(({ units }) => units > 1) : [],
    /** Why an approver has to decide; undefined where nobody has to. */
    needs_approval: rules.map((r) => needsDecision(r, wish, standing)).find(Boolean),
    /** The policies that want a decision, and approve what this person asks for at once all the same. */
    trusted_by: rules.flatMap(({ policy, requires_approval }) =>
      policy && (requires_approval || policy.approval !== "never") && trusts(policy, standing)
        ? [policy.name]
        : []
    ),
  };
}

/** @throws {Conflict} when what the requester has already leaves no room for the wish */
export async function mustBeWithin(
  db: Db,
  rules: readonly Rules[],
  wish: Wish,
  now: Temporal.Instant,
): Promise<void> {
  const against = await quotaReasons(db, rules, wish, now);
  if (against.length > 0) throw new Conflict(against.map((r) => r.message).join("; "), { reasons: against });
}

/**
 * The end after the start, and the start not before this minute; of what keeps its start, which may have passed, the
 * end.
 *
 * @throws {Invalid} with a proposal
 */
export async function mustLieAhead(sql: Db, wish: Wish, now: Temporal.Instant): Promise<void> {
  const { start_time, end_time } = wish;
  if (Temporal.Instant.compare(end_time, start_time) <= 0) {
    const message = `The end must be after the start, such as ${start_time.add({ hours: 1 })}`;
    throw new Invalid([{ path: "end_time", message }]);
  }
  if (wish.keeps_start && isPast(end_time, now)) {
    throw new Invalid([{ path: "end_time", message: "This end has passed: choose a time from now on" }]);
  }
  if (!wish.keeps_start && isPast(start_time, now)) {
    const message = "The start has passed: choose a time from now on";
    const alternatives = wish.resource_ids.every(isId) ? await alternativesTo(sql, wish, now) : [];
    throw new Invalid([{ path: "start_time", message }], alternatives);
  }
}

/** Whether an instant lies before the minute of `now`. */
export function isPast(instant: Temporal.Instant, now: Temporal.Instant): boolean {
  const minute = now.round({ smallestUnit: "minute", roundingMode: "floor" });
  return Temporal.Instant.compare(instant, minute) < 0;
}

/**
 * The rules of what is wished for, none of which is against it.
 *
 * @throws {NotFound} {Conflict}
 */
export async function judged(
  sql: Db,
  wish: Wish,
  now: Temporal.Instant,
  options: { fresh: boolean },
): Promise<Rules[]> {
  const known = wish.resource_ids.every(isId);
  const rules = known && wish.resource_ids.length > 0 ? await rulesOf(sql, wish.resource_ids, options) : [];
  if (rules.length !== wish.resource_ids.length || rules.length === 0) throw new NotFound("This resource");
  mustBeApart(rules);
  mustBeOffered(rules);
  const against = await reasonsAgainst(sql, wish, rules, now);
  if (against.length > 0) {
    // The rules may be older than the database's: no refusal by memory alone.
    if (!options.fresh) return judged(sql, wish, now, { fresh: true });
    const asked = against.flatMap(({ path, message }) => path ? [{ path, message }] : []);
    if (asked.length > 0) throw new Invalid(asked);
    const alternatives = await alternativesTo(sql, wish, now);
    throw new Conflict(against.map((r) => r.message).join("; "), { reasons: against, alternatives });
  }
  return rules;
}

async function reasonsAgainst(
  sql: Db,
  wish: Wish & { override?: string },
  rules: readonly Rules[],
  now: Temporal.Instant,
): Promise<Reason[]> {
  const found = rules.flatMap((r) => reasons(r, wish, now));
  if (wish.override) return found.filter(({ code }) => code === "deactivated" || code === "too_few_units");
  const bound = wish.keeps_start ? found.filter((r) => r.code !== "too_soon" && r.code !== "too_far") : found;
  return [...bound, ...await quotaReasons(sql, rules, wish, now)];
}

/** @throws {Conflict} saying who has what is wished for, with alternatives; nothing when it is free */
export async function refuseIfTaken(sql: Db, actor: Actor, wish: Wish, now: Temporal.Instant) {
  const conflicts = await conflictsOf(sql, actor, wish, now);
  if (conflicts.length === 0) return;
  const first = conflicts.find(({ closure_id }) => closure_id) ?? conflicts[0];
  const { offered_until } = first;
  const words = offered_until ? offeredInWords(first, offered_until, actor, now) : takenInWords(first);
  throw new Conflict(words, {
    conflicts: bare(conflicts),
    alternatives: await alternativesTo(sql, wish, now),
  });
}

function offeredInWords(
  { resource_name, mine }: InTheWay,
  until: Temporal.Instant,
  { time_zone }: Actor,
  now: Temporal.Instant,
): string {
  const clock = clockOf(until, time_zone, now);
  return mine
    ? `${resource_name} is offered to you until ${clock}: accept the offer`
    : `${resource_name} is offered to somebody on the waitlist until ${clock}`;
}

/** Others were faster: what was begun goes back, and is tried again. */
class StepBack extends Error {}

function steppedBack(error: unknown): undefined {
  if (!(error instanceof StepBack)) throw error;
}
