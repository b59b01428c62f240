import type { Db, Ground } from "../db/types.ts";
import { type AnyOf, likeInWords, thatOne } from "./alike.ts";
import {
  type Alike,
  alikeOf,
  type Choice,
  choose,
  MOST_REASONS,
  nothingAlike,
  onlyAsked,
  saidAgainst,
} from "./choices.ts";
import { type Alternative, alternativesTo } from "./alternatives.ts";
import { Conflict } from "./errors.ts";
import { freeUnitsOf } from "./free_units.ts";
import { letGo } from "./offers.ts";
import type { Actor } from "./permissions.ts";
import type { Period } from "./periods.ts";
import { mustLieAhead, permitted, tryFor } from "./requests.ts";
import type { NewReservation, Stored } from "./storing.ts";

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
      const wish = thatOne(wanted, resource_id);
      const stored = await tryOne(sql, actor, wish, now);
      if (stored) return stored;
      if (!await isFree(sql, wish, now)) continue;
      // It was judged by older rules, or the sweep has not said yet that nobody came, or accepted it.
      await letGo(sql, { ...wish, resource_ids: choice.fitting.map((one) => one.resource_id) }, now);
      break;
    }
  }
  throw new Conflict(`Every ${likeInWords(wanted)} was wanted by too many at once: try again`);
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

async function refusal(
  sql: Db,
  wanted: Wanted,
  alike: readonly Alike[],
  { against }: Choice,
  now: Temporal.Instant,
): Promise<Error> {
  const unanswered = onlyAsked(against);
  if (unanswered) return unanswered;
  const alternatives = await insteadOf(sql, wanted, alike, now);
  const said = saidAgainst(against);
  if (!said) return new Conflict(`No ${likeInWords(wanted)} is free then`, { alternatives });
  return new Conflict(said, { reasons: against.slice(0, MOST_REASONS), alternatives });
}

// The nearest times of those that would fit best; nothing that is not like this.
async function insteadOf(
  sql: Db,
  wanted: Wanted,
  alike: readonly Alike[],
  now: Temporal.Instant,
): Promise<Alternative[]> {
  const best = alike.slice(0, INSTEAD);
  const found = await Promise.all(best.map(({ id }) => alternativesTo(sql, thatOne(wanted, id), now)));
  const distance = ({ start_time }: Period) =>
    Math.abs(start_time.epochMilliseconds - wanted.start_time.epochMilliseconds);
  const like = found.flat().filter((slot) => alike.some(({ id }) => id === slot.resource_id));
  const slots = new Map(like.map((slot) => [`${slot.resource_id} ${slot.start_time}`, slot]));
  return [...slots.values()].sort((a, b) => distance(a) - distance(b)).slice(0, 2 * INSTEAD);
}

type One = ReturnType<typeof thatOne<Wanted>>;
