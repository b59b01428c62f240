import type { Db, Fragment } from "../db/types.ts";
import { heldUnits, taking } from "./allocations.ts";
import { type AnyOf, asKept, likeInWords, thatOne } from "./alike.ts";
import { Invalid } from "./errors.ts";
import type { Period } from "./periods.ts";
import { type Rules, rulesOf } from "./policies.ts";
import { quotasWithin } from "./quotas.ts";
import { type Asked, needsDecision, type Reason, reasons } from "./reasons.ts";
import { standingOf } from "./trust.ts";

/** A wish for any one resource, as far as it decides which will do: how many people come says which is the best. */
export interface WantedAny extends Asked {
  any_of: AnyOf;
  requester_id: string;
  /** Why an approver sets the rules aside. */
  override?: string;
}

/** A resource that is like what is wanted, and whether as many of it are free as are. */
export interface Alike {
  id: string;
  free: boolean;
}

/** All that is like what is wanted, and large enough; the smallest first, of equals by name. */
export function alikeOf(
  db: Db,
  { any_of, attendees, ...period }: Pick<WantedAny, "any_of" | "attendees"> & Period,
  now: Temporal.Instant,
): Promise<Alike[]> {
  const { quantity = 1 } = any_of;
  return db<Alike[]>`
    select r.id, r.units >= ${quantity}::int + ${heldUnits(db, taking(db, period), now)} as free
    from resources r left join policies p on p.id = r.policy_id
    where r.deactivated_at is null and r.units >= ${quantity}::int
      and ${isLike(db, db`${db.json(asKept(any_of))}::jsonb`)}
      and coalesce(r.capacity, 0) * ${quantity}::int >=
        case when r.capacity is null then 0 else ${attendees ?? 0}::int end
      and not exists (
        select from resource_parts_all a join resources part on part.id = a.part_id
        where a.whole_id = r.id and part.deactivated_at is not null)
    order by r.capacity nulls last, lower(r.name), r.id`;
}

/** Whether a resource `r` is of the kind and has the tag that are wanted, whatever else it is; to be put into a query. */
export function isLike(db: Db, any_of: Fragment) {
  return db`(not r.accessory and r.kind = coalesce(${any_of} ->> 'kind', r.kind)
    and (${any_of} ->> 'tag' is null or r.tags @> array[${any_of} ->> 'tag']))`;
}

/** What of all that is alike can be had, by the rules and by what the person has already. */
export interface Choice {
  /** What can be had as it stands, the best first. */
  fitting: Rules[];
  /** What stands against the rest of what is free. */
  against: Reason[];
}

/**
 * Of what is alike and free, what the rules allow this person: what nobody has to decide on first. The number of
 * statements has a bound, whatever the number of resources.
 *
 * @param options.anyhow whether to leave out who has what, and what the person has
 */
export async function choose(
  sql: Db,
  wanted: WantedAny,
  alike: readonly Alike[],
  { now, fresh, anyhow = false }: { now: Temporal.Instant; fresh: boolean; anyhow?: boolean },
): Promise<Choice> {
  const looked = alike.filter(({ free }) => free || anyhow).map(({ id }) => id);
  const rules = await rulesOf(sql, looked, { fresh });
  const judge = await judging(sql, wanted, rules, { now, anyhow });
  const known = rules.map((one) => ({ one, said: judge(one) }));
  const fitting = known.filter(({ said }) => said.length === 0).map(({ one }) => one);
  return {
    fitting: await undecidedFirst(sql, wanted, fitting),
    against: known.flatMap(({ said }) => said),
  };
}

/** What nobody has to decide on for this person before what somebody has, else in the order they come in. */
export async function undecidedFirst(sql: Db, wanted: WantedAny, rules: readonly Rules[]): Promise<Rules[]> {
  const standing = await standingOf(sql, rules, wanted.requester_id);
  const decided = (one: Rules) => Number(Boolean(needsDecision(one, wanted, standing)));
  return rules.toSorted((a, b) => decided(a) - decided(b));
}

// What the rules of a resource, and what the requester has already, say against it.
async function judging(
  sql: Db,
  wanted: WantedAny,
  rules: readonly Rules[],
  { now, anyhow }: { now: Temporal.Instant; anyhow: boolean },
) {
  if (wanted.override) return () => [];
  const bound = !anyhow &&
    rules.some(({ policy }) => policy && (policy.quotas.length > 0 || policy.open_at_most));
  const quotas = bound ? await quotasWithin(sql, wanted.requester_id, wanted, now) : () => [];
  return (one: Rules) => {
    const wish = thatOne(wanted, one.resource_id);
    return [...reasons(one, wish, now), ...quotas(one, wish)];
  };
}

/** Where nothing but answers is missing: which; undefined where something else is, too. */
export function onlyAsked(against: readonly Reason[]): Invalid | undefined {
  const asks = against.flatMap(({ path, message }) => path ? [{ path, message }] : []);
  if (asks.length === 0 || asks.length < against.length) return undefined;
  return new Invalid(asks.filter(({ path }, i) => asks.findIndex((other) => other.path === path) === i));
}

/** So many of the rules that are against it are told. */
export const MOST_REASONS = 20;
const MOST_SENTENCES = 3;

/** What the rules of several resources say, in words; empty where they say nothing. */
export function saidAgainst(against: readonly Reason[]): string {
  const said = [...new Set(against.filter(({ path }) => !path).map(({ message }) => message))];
  const more = said.length - MOST_SENTENCES;
  return said.slice(0, MOST_SENTENCES).join("; ") +
    (more > 0 ? `; and ${more} more rules are against it` : "");
}

/** Where there is nothing at all that would do. */
export function nothingAlike(wanted: Pick<WantedAny, "any_of" | "attendees">): Invalid {
  return new Invalid([{ path: "any_of", message: `There is no ${likeInWords(wanted)}: ask for less` }]);
}
