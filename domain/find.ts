import { unshown, unshownIds } from "../db/plans.ts";
import type { Db } from "../db/types.ts";
import { notMissed } from "./allocations.ts";
import type { Wish } from "./availability.ts";
import type { Actor } from "./permissions.ts";
import { dateIn, dayIn, type Period } from "./periods.ts";
import { type KeptPolicy, partColumns, policiesById, type Rules } from "./policies.ts";
import { memberships } from "./groups.ts";
import type { Standing } from "./trust.ts";
import { hasQuota, quotasWithin } from "./quotas.ts";
import { isSettled, type Merit, type Option, rank, type Ranked } from "./ranking.ts";
import { needsDecision, type Reason, reasons } from "./reasons.ts";
import { startsOf, type Taken } from "./slots.ts";
import { LATER, type Looser, looser, type Sought } from "./wishes.ts";

/** So many days are looked at first. */
const SOON = 2;
/** At most so many resources are looked at, those whose names come first. */
const CANDIDATES = 5_000;

/** A free slot that the person who asked may have at once. */
export interface Slot extends Period {
  resource_id: string;
  resource_name: string;
  kind: string;
  location: string;
  capacity: number | null;
  time_zone: string;
  /** Why an approver decides on it; undefined where nobody does. */
  needs_approval?: string;
  /** Whether something has to be confirmed or answered first. */
  asks: boolean;
  merits: Merit[];
}

/** A wish that, had it not been made, would have found something: what to change, and what is found then. */
export interface Loosening extends Omit<Looser, "change"> {
  change: Record<string, string>;
  slot: Slot;
}

export interface Found {
  slots: Slot[];
  /** Where nothing was found: which wish to loosen. */
  loosen: Loosening[];
  /** Where nothing was found: what the person has already and stands in the way. */
  quotas: string[];
}

/**
 * The best slots for a wish across all resources, the best first (`rank` says by which rule). Each keeps every rule of
 * its policy for this person, and is free at this moment; whoever is faster may still have it.
 *
 * The soonest days are looked at first: where what they have cannot be outdone by later ones, those are not read. Where
 * they have nothing, all days are read, and what else there is, to say which wish to loosen. It asks the database a
 * fixed number of times, however many resources there are.
 */
export async function find(db: Db, actor: Actor, wish: Sought, now: Temporal.Instant): Promise<Found> {
  const latest = wish.to.add({ days: LATER });
  const [candidates, policies, quotas] = await Promise.all([
    candidatesFor(db, wish, "matching"),
    policiesById(db),
    quotasWithin(db, actor.id, daysFrom(wish.from, latest, []), now),
  ]);
  const named = [...policies.values()].flatMap(({ trusted_groups }) => trusted_groups);
  const standing = { id: actor.id, groups: await memberships(db, actor.id, named) };
  const known = { standing, policies, quotas, now };
  const soonest = earlier(wish.from.add({ days: SOON - 1 }), wish.to);
  const first = proposing(
    known,
    candidates,
    await takenOf(db, candidates, policies, { ...wish, to: soonest }, now),
  );
  const chosen = first({ ...wish, to: soonest }, wish.limit);
  const later = wish.to.equals(soonest) ? undefined : daysFrom(soonest, wish.to, candidates).end_of_first;
  if (chosen.slots.length > 0) {
    if (!later || isSettled(chosen.ranked, wish.limit, later)) {
      return { slots: chosen.slots, loosen: [], quotas: [] };
    }
    const whole = proposing(known, candidates, await takenOf(db, candidates, policies, wish, now));
    return { slots: whole(wish, wish.limit).slots, loosen: [], quotas: [] };
  }
  const others = await candidatesFor(db, wish, "nearly");
  const taken = await takenOf(db, others, policies, { ...wish, to: latest }, now);
  const anything = proposing(known, others, taken);
  const { slots, against } = anything(wish, wish.limit);
  if (slots.length > 0) return { slots, loosen: [], quotas: [] };
  const loosen = looser(wish).flatMap(({ change, ...one }): Loosening[] => {
    const [slot] = anything({ ...wish, ...change }, 1).slots;
    const typed = Object.entries(change).map(([name, value]) => [name, String(value ?? "")]);
    return slot ? [{ ...one, change: Object.fromEntries(typed), slot }] : [];
  });
  return { slots, loosen, quotas: against };
}

interface Candidate extends Omit<Rules, "policy" | "policy_version"> {
  kind: string;
  location: string;
  tags: string[];
  /** Where the resource stands that was named as the place. */
  place: string | null;
}

interface Known {
  /** Who asks. */
  standing: Standing;
  policies: Map<string, KeptPolicy>;
  quotas: (rules: Rules, wish: Wish) => Reason[];
  now: Temporal.Instant;
}

type Ranking = Ranked<Proposal>;

// Answers any wish for these resources and days from memory.
function proposing(
  { standing, policies, quotas, now }: Known,
  candidates: readonly Candidate[],
  taken: (resource_id: string) => Taken[],
) {
  const known = candidates.map((candidate) => {
    const policy = policies.get(candidate.policy_id ?? "") ?? null;
    return { candidate, rules: { ...candidate, policy, policy_version: policy?.version ?? 0 } };
  });
  return (sought: Sought, limit: number): { slots: Slot[]; ranked: Ranking[]; against: string[] } => {
    const starts = startsOf(sought, now);
    const against = new Map<string, string[]>();
    // What a quota says is the same for all of a day.
    const isOver = (rules: Rules, asked: Wish) => {
      if (!hasQuota(rules)) return false;
      const key = `${rules.policy_id} ${rules.time_zone} ${dateIn(asked.start_time, rules.time_zone)}`;
      if (!against.has(key)) against.set(key, quotas(rules, asked).map(({ message }) => message));
      return against.get(key)!.length > 0;
    };
    const proposals = known.filter(({ candidate }) => matches(candidate, sought)).flatMap((one) => {
      const { candidate, rules } = one;
      const asked = wishFor(standing, sought, rules);
      const decision = needsDecision(within(rules), asked(0), standing);
      return starts(rules, taken(rules.resource_id), decision !== undefined)
        .filter(({ at }) => !isOver(rules, asked(at)))
        .map(({ at, night, outside }): Proposal => {
          const approval = outside ? needsDecision(rules, asked(at), standing) : decision;
          const { resource_id, name, capacity, location } = candidate;
          return { ...{ resource_id, name, capacity, location, at, night, approval }, ...one };
        });
    });
    return { ...judged(proposals, sought, limit), against: [...new Set([...against.values()].flat())] };
  };

  // The rules themselves have the last word, on what would be shown.
  function judged(proposals: readonly Proposal[], sought: Sought, limit: number) {
    const preference = { attendees: sought.attendees, near: candidates[0]?.place || sought.near };
    const refused = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const left = refused.size > 0 ? proposals.filter((one) => !refused.has(keyOf(one))) : proposals;
      const ranked = rank(left, preference, limit);
      const slots = ranked.map((one) => slotOf(one, sought, standing, now));
      if (slots.every((slot) => slot !== undefined)) return { slots, ranked };
      ranked.forEach((one, index) => slots[index] ?? refused.add(keyOf(one)));
    }
    return { slots: [], ranked: [] };
  }
}

/** So often the next best is looked at, where a rule says no to what looked free. */
const ROUNDS = 50;
const keyOf = ({ resource_id, at }: Option) => `${resource_id} ${at}`;

type Proposal = Option & { candidate: Candidate; rules: Rules };

function wishFor({ id }: Standing, { minutes, attendees }: Sought, { resource_id }: Rules) {
  return (at: number): Wish => {
    const start_time = Temporal.Instant.fromEpochMilliseconds(at);
    const resource_ids = [resource_id];
    return {
      resource_ids,
      start_time,
      end_time: start_time.add({ minutes }),
      attendees,
      requester_id: id,
    };
  };
}

// The same rules for what lies within the opening hours.
function within(rules: Rules): Rules {
  return rules.policy ? { ...rules, policy: { ...rules.policy, approval_outside_hours: false } } : rules;
}

// Undefined where a rule says no after all; what the requester has still to fill in is no reason against it.
function slotOf(
  { candidate, rules, at, merits }: Proposal & { merits: Merit[] },
  sought: Sought,
  standing: Standing,
  now: Temporal.Instant,
): Slot | undefined {
  const wish = wishFor(standing, sought, rules)(at);
  const said: Reason[] = reasons(rules, wish, now);
  if (said.some(({ path }) => path === undefined)) return undefined;
  const { resource_id, name: resource_name, kind, location, capacity, time_zone } = candidate;
  const { start_time, end_time } = wish;
  return {
    ...{ resource_id, resource_name, start_time, end_time, kind, location, capacity, time_zone, merits },
    needs_approval: needsDecision(rules, wish, standing),
    asks: said.length > 0,
  };
}

function matches({ kind, tags, capacity }: Candidate, sought: Sought): boolean {
  return (!sought.kind || kind === sought.kind) && sought.tags.every((tag) => tags.includes(tag)) &&
    (!sought.attendees || capacity === null || capacity >= sought.attendees);
}

// What matches the wish, or does so in all but one respect, too.
function candidatesFor(db: Db, { kind, tags, attendees, near }: Sought, which: "matching" | "nearly") {
  return db<Candidate[]>`
    select r.id as resource_id, r.name, r.units, r.capacity, r.time_zone, r.requires_approval, false as deactivated,
      r.policy_id, r.version, r.kind, r.location, r.tags, ${
    partColumns(db)
  }, r.accessory, '{}'::uuid[] as offered_with,
      ${
    near ? db`(select n.location from resources n where lower(n.name) = lower(${near}))` : db`null`
  } as place
    from resources r
    where r.deactivated_at is null and not r.accessory and not exists (
        select from resource_parts_all a join resources part on part.id = a.part_id
        where a.whole_id = r.id and part.deactivated_at is not null)
      and (
      case when ${kind} in ('', kind) then 0 else 1 end
      + case when tags @> ${tags} then 0 else 1 end
      + case when ${attendees ?? 0}::int <= coalesce(capacity, ${attendees ?? 0}::int) then 0 else 1 end)
      <= ${which === "nearly" ? 1 : 0}
    order by lower(name), id limit ${CANDIDATES}`;
}

/** What is held of these resources on the days of a wish, by their ids, in one query whatever their number. */
async function takenOf(
  db: Db,
  candidates: readonly Candidate[],
  policies: Map<string, KeptPolicy>,
  { from, to, minutes }: Sought,
  now: Temporal.Instant,
) {
  const { start_time, end_time } = daysFrom(from, to, candidates);
  const buffers = [...policies.values()].flatMap((
    { buffer_before, buffer_after },
  ) => [buffer_before, buffer_after]);
  const buffer = { minutes: Math.max(0, ...buffers) };
  const first = (Temporal.Instant.compare(start_time, now) < 0 ? now : start_time).subtract(buffer);
  const last = end_time.add({ minutes }).add(buffer);
  const ids = candidates.map(({ resource_id }) => resource_id);
  // Three lists for each resource, in one value: thousands of rows would take longer to read than to find.
  const [{ taken }] = await db<{ taken: Record<string, [number[], number[], number[]]> }[]>`
    select coalesce(json_object_agg(resource_id, json_build_array(units, starts, ends)), '{}') as taken
    from (
      select t.resource_id, array_agg(unit) as units, array_agg(floor(extract(epoch from lower(period)))) as starts,
        array_agg(ceil(extract(epoch from upper(period)))) as ends
      from allocations a join compositions t on t.taken_id = a.resource_id
      where holds and ${notMissed(db, now)} and t.resource_id = any(${unshownIds(db, ids)})
        and period && tstzrange(${unshown(db, first)}, ${unshown(db, last)}, '[)')
      group by t.resource_id
    ) as found`;
  return (id: string): Taken[] => {
    const [units, starts, ends] = taken[id] ?? [[], [], []];
    return units.map((unit, i) => [unit, starts[i] * 1000, ends[i] * 1000]);
  };
}

// From the first of the days to the end of the last, in all the zones that these resources are in.
function daysFrom(from: Temporal.PlainDate, to: Temporal.PlainDate, candidates: readonly Candidate[]) {
  const zones = [...new Set(candidates.map(({ time_zone }) => time_zone))];
  const ms = (day: (zone: string) => Temporal.Instant, pick: (...of: number[]) => number, around: number) =>
    zones.length > 0
      ? pick(...zones.map((zone) => day(zone).epochMilliseconds))
      : day("UTC").epochMilliseconds + around * DAY;
  const instant = (at: number) => Temporal.Instant.fromEpochMilliseconds(at);
  return {
    start_time: instant(ms((zone) => dayIn(from, zone).start_time, Math.min, -1)),
    end_time: instant(ms((zone) => dayIn(to, zone).end_time, Math.max, 1)),
    end_of_first: ms((zone) => dayIn(from, zone).end_time, Math.min, -1),
  };
}

const DAY = 86_400_000;
const earlier = (a: Temporal.PlainDate, b: Temporal.PlainDate) =>
  Temporal.PlainDate.compare(a, b) < 0 ? a : b;
