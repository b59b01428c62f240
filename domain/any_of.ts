import { z } from "zod";
import { transaction } from "../db/transaction.ts";
import type { Db, Ground } from "../db/types.ts";
import { notMissed, taking } from "./allocations.ts";
import { type Alternative, alternativesTo } from "./availability.ts";
import { Conflict, Invalid } from "./errors.ts";
import { freeUnitsOf } from "./free_units.ts";
import type { Actor } from "./permissions.ts";
import type { Period } from "./periods.ts";
import { type Rules, rulesOf } from "./policies.ts";
import { quotasWithin } from "./quotas.ts";
import { needsDecision, type Reason, reasons } from "./reasons.ts";
import { mustLieAhead, type NewReservation, permitted, type Stored, tryFor } from "./requests.ts";
import { text } from "./texts.ts";
import { letGoMissed } from "./transitions.ts";
import { standingOf } from "./trust.ts";

/** What a resource has to be like, where any will do. */
export const AnyOf = z.object({
  kind: text(40).optional(),
  tag: text(60).transform((tag) => tag.toLowerCase()).optional(),
  quantity: z.int("Give a whole number").min(1, "Give a number from 1").max(500, "At most 500").optional()
    .describe("So many units of one resource; without it, one"),
}).refine(({ kind, tag }) => kind || tag, { path: ["kind"], message: "Name a kind or a tag" });
export type AnyOf = z.infer<typeof AnyOf>;

/** A wish for any one resource of a kind; how many people come decides which is the best. */
export interface NewAny extends Omit<NewReservation, "resource_ids" | "quantities"> {
  any_of: AnyOf;
}

type Wanted = NewAny & { requester_id: string };

/** How often it is looked again what is free, when everything that was has been taken meanwhile. */
const LOOKS = 4;
/** So many of what is free are tried at each look, the best first. */
const TRIES = 12;
/** Of so many that would fit, the nearest free time is offered where none is free. */
const INSTEAD = 3;

/**
 * Asks for whichever resource fits best of those that are alike and free for the whole period:
 *
 * - what nobody has to decide on for this person before what somebody has;
 * - of those the one with the fewest places that are enough for the people who come, and what does not say how many it
 *   holds after all that do;
 * - of equals the first by name.
 *
 * When it is taken at that very moment, the next best is had: of two who ask at once, each gets another. What would
 * first have to be confirmed or answered, and was not, is left out. The number of statements has a bound, whatever the
 * number of resources.
 *
 * @throws {Invalid} when nothing is like this at all, when the time cannot be, or everything asks for an answer first
 * @throws {Conflict} when none is free, or a rule is against each, with the nearest times of those that would fit best
 */
export async function requestAny(
  sql: Ground,
  actor: Actor,
  asked: NewAny,
  now: Temporal.Instant,
): Promise<Stored> {
  const wanted = permitted(actor, asked);
  await mustLieAhead(sql, { ...wanted, resource_ids: [] }, now);
  for (let look = 1; look <= LOOKS; look++) {
    const alike = await alikeOf(sql, wanted, now);
    if (alike.length === 0) throw nothingAlike(wanted);
    const choice = await choose(sql, wanted, alike, { now, fresh: look > 1 });
    if (choice.fitting.length === 0) {
      // The rules may be older than the database's: no refusal by memory alone.
      if (look === 1 && choice.against.length > 0) continue;
      throw await refusal(sql, wanted, alike, choice, now);
    }
    for (const { resource_id } of choice.fitting.slice(0, TRIES)) {
      const wish = wishFor(wanted, resource_id);
      const stored = await tryOne(sql, actor, wish, now);
      if (stored) return stored;
      if (!await isFree(sql, wish, now)) continue;
      // It was judged by older rules, or the sweep has not said yet that nobody came.
      await transaction(sql, (tx) => letGoMissed(tx, wish, now));
      break;
    }
  }
  throw new Conflict(`Every ${wordsOf(wanted)} was wanted by too many at once: try again`);
}

async function tryOne(sql: Ground, actor: Actor, wish: One, now: Temporal.Instant) {
  try {
    return await tryFor(sql, actor, wish, now, { fresh: false });
  } catch (error) {
    // What was allowed a moment ago is not any more: another may be.
    if (error instanceof Conflict) return undefined;
    throw error;
  }
}

async function isFree(sql: Db, wish: One, now: Temporal.Instant): Promise<boolean> {
  const [found] = await freeUnitsOf(sql, wish, now);
  return found.free_units >= wish.quantities[found.id];
}

interface Alike {
  id: string;
  free: boolean;
}

// All that is like this and large enough, the smallest first.
function alikeOf(db: Db, { any_of, attendees, ...period }: Wanted, now: Temporal.Instant) {
  const { kind = "", tag = "", quantity = 1 } = any_of;
  return db<Alike[]>`
    select r.id, r.units >= ${quantity}::int + (
      select count(distinct a.unit) from compositions t join allocations a on a.resource_id = t.taken_id
      where t.resource_id = r.id and a.holds and a.unit <= r.units and a.period && ${taking(db, period)}
        and ${notMissed(db, now)}) as free
    from resources r left join policies p on p.id = r.policy_id
    where r.deactivated_at is null and not r.accessory and r.units >= ${quantity}::int
      and ${kind} in ('', r.kind) and (${tag} = '' or r.tags @> ${tag ? [tag] : []}::text[])
      and coalesce(r.capacity, 0) * ${quantity}::int >=
        case when r.capacity is null then 0 else ${attendees ?? 0}::int end
      and not exists (
        select from resource_parts_all a join resources part on part.id = a.part_id
        where a.whole_id = r.id and part.deactivated_at is not null)
    order by r.capacity nulls last, lower(r.name), r.id`;
}

interface Choice {
  /** What can be had as it stands, the best first. */
  fitting: Rules[];
  /** What stands against the rest of what is free. */
  against: Reason[];
}

async function choose(
  sql: Db,
  wanted: Wanted,
  alike: readonly Alike[],
  { now, fresh }: { now: Temporal.Instant; fresh: boolean },
): Promise<Choice> {
  const rules = await rulesOf(sql, alike.filter(({ free }) => free).map(({ id }) => id), { fresh });
  const judge = await judging(sql, wanted, rules, now);
  const known = rules.map((one) => ({ one, said: judge(one) }));
  const standing = await standingOf(sql, rules, wanted.requester_id);
  const decided = (one: Rules) => Number(Boolean(needsDecision(one, wanted, standing)));
  return {
    fitting: known.filter(({ said }) => said.length === 0).map(({ one }) => one)
      .sort((a, b) => decided(a) - decided(b)),
    against: known.flatMap(({ said }) => said),
  };
}

// What the rules of a resource, and what the requester has already, say against it.
async function judging(sql: Db, wanted: Wanted, rules: readonly Rules[], now: Temporal.Instant) {
  if (wanted.override) return () => [];
  const bound = rules.some(({ policy }) => policy && (policy.quotas.length > 0 || policy.open_at_most));
  const quotas = bound ? await quotasWithin(sql, wanted.requester_id, wanted, now) : () => [];
  return (one: Rules) => {
    const wish = wishFor(wanted, one.resource_id);
    return [...reasons(one, wish, now), ...quotas(one, wish)];
  };
}

async function refusal(
  sql: Db,
  wanted: Wanted,
  alike: readonly Alike[],
  { against }: Choice,
  now: Temporal.Instant,
): Promise<Error> {
  const asks = against.flatMap(({ path, message }) => path ? [{ path, message }] : []);
  const only = asks.filter(({ path }, i) => asks.findIndex((other) => other.path === path) === i);
  if (asks.length > 0 && asks.length === against.length) return new Invalid(only);
  const alternatives = await insteadOf(sql, wanted, alike, now);
  const said = [...new Set(against.filter(({ path }) => !path).map(({ message }) => message))];
  if (said.length === 0) return new Conflict(`No ${wordsOf(wanted)} is free then`, { alternatives });
  const more = said.length > INSTEAD ? `; and ${said.length - INSTEAD} more rules are against it` : "";
  const words = said.slice(0, INSTEAD).join("; ");
  return new Conflict(words + more, { reasons: against.slice(0, 20), alternatives });
}

// The nearest times of those that would fit best; nothing that is not like this.
async function insteadOf(
  sql: Db,
  wanted: Wanted,
  alike: readonly Alike[],
  now: Temporal.Instant,
): Promise<Alternative[]> {
  const best = alike.slice(0, INSTEAD);
  const found = await Promise.all(best.map(({ id }) => alternativesTo(sql, wishFor(wanted, id), now)));
  const distance = ({ start_time }: Period) =>
    Math.abs(start_time.epochMilliseconds - wanted.start_time.epochMilliseconds);
  const like = found.flat().filter((slot) => alike.some(({ id }) => id === slot.resource_id));
  const slots = new Map(like.map((slot) => [`${slot.resource_id} ${slot.start_time}`, slot]));
  return [...slots.values()].sort((a, b) => distance(a) - distance(b)).slice(0, 2 * INSTEAD);
}

type One = ReturnType<typeof wishFor>;

function wishFor({ any_of, ...wanted }: Wanted, id: string) {
  return { ...wanted, resource_ids: [id], quantities: { [id]: any_of.quantity ?? 1 } };
}

function nothingAlike(wanted: Wanted): Invalid {
  return new Invalid([{ path: "any_of", message: `There is no ${wordsOf(wanted)}: ask for less` }]);
}

// What is wanted, in words: `room with “screen” for 6 people`.
function wordsOf({ any_of: { kind, tag, quantity = 1 }, attendees }: Wanted): string {
  return [
    kind || "resource",
    tag && `with “${tag}”`,
    quantity > 1 && `of which there are ${quantity}`,
    attendees && `for ${attendees} ${attendees === 1 ? "person" : "people"}`,
  ].filter(Boolean).join(" ");
}
