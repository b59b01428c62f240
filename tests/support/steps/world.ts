import fc from "fast-check";
import { connect } from "../../../db/connect.ts";
import type { Db, Sql } from "../../../db/types.ts";
import { addMember, createGroup } from "../../../domain/groups.ts";
import type { WaitlistStatus } from "../../../domain/offers.ts";
import type { Actor } from "../../../domain/permissions.ts";
import { createPolicy, type NewPolicy, NO_RULES } from "../../../domain/policies.ts";
import type { Status } from "../../../domain/transitions.ts";
import { type Cast, makeCast, makeResource, NOW } from "../cast.ts";
import { testDatabase } from "../database.ts";

/** A house of its own for one walk: a handful of resources of every kind, and who does things there. */
export interface World extends AsyncDisposable {
  /** Two servers with a memory and connections of their own. */
  replicas: readonly [Sql, Sql];
  /** Whoever looks at it, and does nothing: one connection, on which what is asked again and again is planned once. */
  onlooker: Sql;
  cast: Cast;
  resources: readonly { id: string; name: string }[];
  /** An accessory of them. */
  chairs: string;
  policies: readonly string[];
  group: string;
  /** How things stood when the moment began: whatever happens in it is aimed at that. */
  seen: Seen;
}

export interface Seen {
  reservations: readonly SeenReservation[];
  series: readonly { id: string; requester_id: string; skips: string[] }[];
  closures: readonly { id: string }[];
  entries: readonly SeenEntry[];
  absences: readonly { id: string; user_id: string }[];
}

export interface SeenReservation {
  id: string;
  reference: string;
  status: Status;
  requester_id: string;
  resource_ids: readonly string[];
  version: number;
  series_id: string | null;
  start_time: string;
  end_time: string;
  check_in_from: string | null;
  check_in_until: string | null;
  updated_at: string;
  /** Whether somebody decided on it. */
  decided: boolean;
  /** The change that is asked for. */
  change: string | null;
  /** Whether a question is open. */
  asked: boolean;
  /** Whether somebody waits for a time that it has a part of. */
  waited: boolean;
}

/** An entry of the waitlist. */
export interface SeenEntry {
  id: string;
  status: WaitlistStatus;
  requester_id: string;
  version: number;
  /** The offer that has not ended. */
  offer_id: string | null;
}

/** One thing that can be done, as an entry of the table. */
// deno-lint-ignore no-explicit-any
export interface Action<A = any> {
  name: string;
  /** How often it is drawn, beside the others. */
  often: number;
  /** About how often it is done among 10,000 steps; far below that, the walk tells nothing of it. */
  least: number;
  /** What it is done with. */
  args: fc.Arbitrary<A>;
  /**
   * Does it. What it is done to is chosen of what was seen, before anything is waited for.
   *
   * @throws {Nothing} where there is nothing that it could be done to, or nothing came of it
   */
  act(world: World, sql: Sql, args: A, now: Temporal.Instant): Promise<unknown>;
}

/** There is nothing that it could be done to. */
export class Nothing extends Error {
  override name = "Nothing";
}

export function action<A>(
  name: string,
  often: number,
  least: number,
  args: { [K in keyof A]: fc.Arbitrary<A[K]> },
  act: Action<A>["act"],
): Action<A> {
  return { name, often, least, args: fc.record(args) as fc.Arbitrary<A>, act };
}

const POLICIES: Record<string, Partial<NewPolicy>> = {
  Held: { approval: "always", pending_holds: true, hold_minutes: 90, offer_minutes: 60 },
  Visited: { check_in: true, check_in_opens_minutes: 240, buffer_before: 5, buffer_after: 10 },
  Rationed: {
    ...{ quotas: [{ per: "day", count: 3 }], open_at_most: 8, cancel_minutes: 30 },
    ...{ approval: "when", approval_longer_than: 60, approval_recurring: true },
  },
};

/** Opens a house of its own. */
export async function openWorld(): Promise<World> {
  house ??= furnish();
  const { name, ...furnished } = await house;
  await using stack = new AsyncDisposableStack();
  const { sql, where } = stack.use(await testDatabase({ max: 4, like: name }));
  const open = (max: number) => stack.adopt(connect(where, { max }), (sql) => sql.end({ timeout: 5 }));
  const [other, onlooker] = [open(4), open(1)];
  const kept = stack.move();
  return {
    ...{ ...furnished, replicas: [sql, other], onlooker },
    seen: { reservations: [], series: [], closures: [], entries: [], absences: [] },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The house as each walk finds it, made once and copied for each of them. It goes with the server of the tests. */
let house: ReturnType<typeof furnish> | undefined;

async function furnish() {
  const { sql, name } = await testDatabase({ max: 1 });
  const cast = await makeCast(sql);
  const { ada } = cast;
  const policies: string[] = [];
  for (const [name, rules] of Object.entries(POLICIES)) {
    policies.push(await createPolicy(sql, ada, { ...NO_RULES, name, ...rules }, NOW));
  }
  const [held, visited, rationed] = policies;
  const group = await createGroup(sql, ada, { name: "Wardens" }, NOW);
  await addMember(sql, ada, { id: group, email: cast.sam.email }, NOW);
  const resources = [
    await makeResource(sql, ada, { name: "Hall", capacity: 30, tags: ["stage"] }),
    await makeResource(sql, ada, { name: "Bays", units: 3, capacity: 4 }),
    await makeResource(sql, ada, { name: "Great Hall", requires_approval: true, tags: ["stage"] }),
    await makeResource(sql, ada, { name: "Held Hall", policy_id: held }),
    await makeResource(sql, ada, { name: "Visited Hall", policy_id: visited, units: 2 }),
    await makeResource(sql, ada, { name: "Rationed Hall", policy_id: rationed }),
  ];
  const [hall, , great, , , rationed_hall] = resources.map(({ id }) => id);
  const wing = await makeResource(sql, ada, { name: "Wing", part_ids: [great, rationed_hall] });
  resources.push(await makeResource(sql, ada, { name: "Manor", part_ids: [hall, wing.id] }), wing);
  const { id: chairs } = await makeResource(sql, ada, { name: "Chairs", units: 4, accessory: true });
  await sql.end({ timeout: 5 });
  return { name, cast, policies, group, resources, chairs };
}

/** How things stand. */
export async function look(db: Db): Promise<Seen> {
  const [{ seen }] = await db<{ seen: Seen }[]>`
    select json_build_object(
      'reservations', (select coalesce(json_agg(one order by one.number), '[]') from (
        select v.number, v.id, v.reference, array(
            select a.resource_id from allocations a join resources r on r.id = a.resource_id
            where a.reservation_id = v.id and a.asked is not null order by r.name) as resource_ids, v.status, v.requester_id, v.version, v.series_id, v.start_time, v.end_time,
          v.check_in_from, v.check_in_until, v.updated_at, v.decided_at is not null as decided, p.id as change, exists (
            select from questions q where q.reservation_id = v.id and q.answered_at is null) as asked, exists (
            select from waitlist e where e.status = 'waiting' and e.start_time < v.end_time and e.end_time > v.start_time
              and exists (select from allocations a where a.reservation_id = v.id and a.resource_id = any(e.resource_ids))
          ) as waited
        from reservations v left join proposals p on p.reservation_id = v.id) one),
      'series', (select coalesce(json_agg(one order by one.created_at, one.id), '[]') from (
        select s.id, s.created_at, s.requester_id, array(
          select to_char(k.start_wall, 'YYYY-MM-DD"T"HH24:MI') from series_skips k where k.series_id = s.id order by 1) as skips
        from series s) one),
      'closures', (select coalesce(json_agg(one order by one.created_at, one.id), '[]') from (
        select id, created_at from closures where ended_at is null) one),
      'entries', (select coalesce(json_agg(one order by one.number), '[]') from (
        select e.number, e.id, e.status, e.requester_id, e.version, o.id as offer_id
        from waitlist e left join offers o on o.entry_id = e.id and o.ended_at is null) one),
      'absences', (select coalesce(json_agg(one order by one.created_at, one.id), '[]') from (
        select id, user_id, created_at from delegations) one)) as seen`;
  return seen;
}

/** Who does things; by the index that was drawn. */
export const WHO = ["alice", "bob", "mallory", "sam", "sue", "ada"] as const;
export const anybody = fc.constantFrom(...WHO);
export const staff = fc.constantFrom("sam", "sue", "ada");
export const requester = fc.constantFrom("alice", "bob", "mallory");
export const which = fc.nat(999);

/** One of these, by a number that was drawn. @throws {Nothing} where there are none */
export function pick<T>(these: readonly T[], which: number): T {
  if (these.length === 0) throw new Nothing();
  return these[which % these.length];
}

/** One that is as wanted; each ninth time any, and any where none is. */
export function aim(
  { seen }: World,
  which: number,
  wanted: (one: SeenReservation) => unknown,
): SeenReservation {
  const found = which % 9 === 0 ? [] : seen.reservations.filter(wanted);
  return pick(found.length > 0 ? found : seen.reservations, which);
}

/** Whoever a reservation is for, as a rule; each seventh time somebody else. */
export function ownerOf({ cast }: World, id: string, which: number): Actor {
  const people = WHO.map((name) => cast[name]);
  return which % 7 === 0 ? people[which % people.length] : people.find((person) => person.id === id)!;
}

/** A slot soon after the moment: half hours from its hour on. */
export const slot = fc.record({ half: fc.nat(24), halves: fc.integer({ min: 1, max: 4 }) });
export type Slot = typeof slot extends fc.Arbitrary<infer T> ? T : never;

export function periodOf({ half, halves }: Slot, now: Temporal.Instant) {
  const hour = now.round({ smallestUnit: "hour", roundingMode: "floor" });
  const start_time = hour.add({ minutes: 30 * half });
  return { start_time, end_time: start_time.add({ minutes: 30 * halves }) };
}

/** One resource or a few of them. */
export const places = fc.uniqueArray(fc.nat(7), { minLength: 1, maxLength: 3 });
export const place = fc.nat(7);

export const idsOf = ({ resources }: World, places: readonly number[]) =>
  places.map((place) => resources[place % resources.length].id);
