import type { Db, Ground, Sql } from "../db/types.ts";
import { isPool } from "../db/transaction.ts";
import { gather } from "../lib/gather.ts";
import { newId } from "../lib/ids.ts";
import { rowsFor, taking, unitsFor } from "./allocations.ts";
import { type CheckInTimes, checkInTimes } from "./check_in_times.ts";
import { newsFor } from "./history.ts";
import { holdOf, keptOf } from "./keeping.ts";
import type { Actor } from "./permissions.ts";
import type { Rules } from "./policies.ts";
import { type Quantities, quantityOf, severalOf } from "./quantities.ts";
import { type Asked, needsDecision } from "./reasons.ts";
import { firstStatus, type Status } from "./transitions.ts";
import { type Standing, standingOf } from "./trust.ts";

/** What a person asks for, beside time and resource. */
export interface NewReservation extends Asked {
  resource_ids: readonly string[];
  purpose?: string;
  private?: boolean;
  priority?: number;
  /** For whom, where that is somebody else: the rules are theirs, and theirs is the reservation. */
  requester_id?: string;
  /** Why an approver sets the rules aside for it; not the allocation, which nobody can. */
  override?: string;
  /** Until when at least it holds its slot while it waits for a decision: it was promised that. */
  kept_until?: Temporal.Instant;
  /** The zone in which its times were typed, as the first of its resources was known: in another they are others. */
  typed_in?: string;
}

/** What a new reservation is, as far as its storing tells. */
export interface Stored extends CheckInTimes {
  id: string;
  reference: string;
  status: Status;
  resource_ids: string[];
  /** How many of each, where that is more than one. */
  quantities: Quantities;
}

/** A wish that the rules allow, as whoever may have it. */
export type Allowed = NewReservation & { requester_id: string };

/**
 * Stores a reservation with what it takes, its history and its news, where everything that it was judged by still
 * stands and as many units as are wanted are free.
 *
 * @returns undefined where not all of it could be had at this moment
 */
export async function store(
  sql: Ground,
  actor: Actor,
  wish: Allowed,
  rules: readonly Rules[],
  now: Temporal.Instant,
): Promise<Stored | undefined> {
  const standing = await standingOf(sql, rules, wish.requester_id);
  const entry = entryOf(actor, wish, rules, standing, now);
  const [reference] = isPool(sql) && mayGoTogether(rules, wish, standing)
    ? [await together(sql)(entry)]
    : await write(sql, [entry], { standing });
  const { id, status, check_in_from, check_in_until } = entry;
  const [resource_ids, quantities] = [[...entry.resource_ids], entry.quantities];
  return reference
    ? { id, reference, status, resource_ids, quantities, check_in_from, check_in_until }
    : undefined;
}

/**
 * A reservation as it is written: its columns, what it takes, and by which versions of the rules it was judged; and all
 * of that as text.
 */
export type Entry = ReturnType<typeof entryOf>;

/** What is written for a wish. */
export function entryOf(
  actor: Actor,
  wish: Allowed,
  rules: readonly Rules[],
  standing: Standing,
  now: Temporal.Instant,
) {
  const status = firstStatus(rules.some((r) => needsDecision(r, wish, standing)));
  const quantities = severalOf(wish);
  const { requester_id, start_time, end_time, purpose = "", priority = 0, private: secret = false } = wish;
  const { attendees, answers = {}, override } = wish;
  const row = {
    id: newId(now.epochMilliseconds),
    ...{ requester_id, status, start_time, end_time, time_zone: rules[0].time_zone },
    ...{ purpose, private: secret, priority, attendees, answers, override_reason: override },
    ...{ at: now, actor_id: actor.id, request_id: actor.request_id, news_for: newsFor(actor, wish) },
    ...keptOf(holdOf(status, rules, now), status, wish.kept_until),
    ...checkInTimes(wish, rules, now),
    details: { status, ...override ? { override } : {} },
    told: told(quantities),
    resource_ids: rules.map((r) => r.resource_id),
    versions: rules.map((r) => r.version),
    policy_versions: rules.map((r) => r.policy_version),
    wanted: rules.map((r) => quantityOf(wish.quantities, r.resource_id)),
    rows: rowsFor(rules, wish.quantities),
  };
  // As text already: once there is a lane for it, everybody in it would wait until that is made.
  return { ...row, quantities, text: JSON.stringify(row) };
}

// Of a resource with one unit, nothing can be had in part, and whoever else in the group wants the same time is simply
// later: each is stored or not whatever becomes of the others.
function mayGoTogether(rules: readonly Rules[], wish: Allowed, { groups }: Standing): boolean {
  return rules.every(({ units }) => units === 1) && rowsFor(rules, wish.quantities) === 1 &&
    groups.length === 0;
}

/**
 * Of a statement of this size, PostgreSQL spends most on preparing to run it, whatever it is run for: a group of eight
 * takes 370 µs for each, one by itself 930. A second lane makes groups half as large, and the same work a quarter dearer.
 */
const LIMITS = { lanes: 1, seats: 32 };
const known = new WeakMap<Sql, (entry: Entry) => Promise<string | undefined>>();

function together(sql: Sql): (entry: Entry) => Promise<string | undefined> {
  const there = known.get(sql);
  if (there) return there;
  const made = gather((entries: Entry[]) => writeAll(sql, entries), LIMITS);
  known.set(sql, made);
  return made;
}

// Whoever waits for somebody else's transaction leaves the lane to others, and waits alone. Nor does anybody share the lot
// of one who is refused: nothing is stored then, and each is written by itself.
async function writeAll(sql: Sql, entries: Entry[]) {
  try {
    return await write(sql, entries, { patience_ms: 100 });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return entries.map((entry) => write(sql, [entry]).then(([reference]) => reference));
  }
}

/** PostgreSQL has run a statement, and gone back behind it: for what is in it, for others' sake, or as it took too long. */
const REFUSALS = /^(22|23|40|55)|^57014$/;

// What became of a statement whose connection is lost nobody knows: it must not be sent again.
function isRefusal(error: unknown): boolean {
  return REFUSALS.test(String((error as { code?: unknown } | null)?.code ?? ""));
}

/**
 * The one statement that writes four tables: reservation, allocations, history and event, for the sake of one round
 * trip; and that for several who have nothing to do with each other. Nothing is stored of whom a resource has not the
 * version any more that it was judged by, or not as many free units as are wanted. Where only some could be had of
 * several, the reservation is not stored, the allocations' foreign key fails at the end of the statement, and with it
 * everything: such a one is written by itself. Resources are taken in one order, and each of them from its earliest
 * time on, so that no two statements wait for each other crosswise.
 *
 * @param options.standing the groups by which one that is written by itself was judged: who left one meanwhile is judged
 *   anew
 * @param options.patience_ms how long it may wait for somebody else's transaction, where that is not as long as it takes
 * @returns the reference of each that is stored
 */
export async function write(
  db: Db,
  entries: readonly Entry[],
  { standing, patience_ms }: { standing?: Standing; patience_ms?: number } = {},
): Promise<(string | undefined)[]> {
  const patience = patience_ms
    ? db`where set_config('lock_timeout', ${`${patience_ms}ms`}, true) <> ''`
    : db``;
  try {
    const stored = await db<{ id: string; reference: string }[]>`
      with wish as materialized (
        select * from json_to_recordset(${`[${entries.map(({ text }) => text).join()}]`}::text::json) as w (
          id uuid, requester_id uuid, status text, start_time timestamptz, end_time timestamptz, time_zone text,
          purpose text, private boolean, priority int, attendees int, answers jsonb, override_reason text,
          at timestamptz, actor_id uuid, request_id text, news_for uuid, holds boolean, held_until timestamptz,
          check_in_from timestamptz, check_in_until timestamptz, details jsonb, told jsonb,
          resource_ids uuid[], versions int[], policy_versions int[], wanted int[], rows int)
        ${patience}
      ), wanted as (
        select w.id, w.holds, need.taken_id, one.unit, w.period, one.asked, need.whole_id
        from (
          select wish.id, wish.holds, r.id as resource_id, r.units, judged.quantity, ${
      taking(db, { start_time: db`wish.start_time`, end_time: db`wish.end_time` })
    } as period
          from wish
          cross join lateral unnest(resource_ids, versions, policy_versions, wanted)
            as judged (id, version, policy_version, quantity)
          -- Each by itself: the planner expects a hundred wishes, and would go through everything there is.
          cross join lateral (
            select id, units, policy_id from resources where id = judged.id and version = judged.version offset 0) r
          left join lateral (
            select version, buffer_before, buffer_after from policies where id = r.policy_id offset 0) p on true
          where coalesce(p.version, 0) = judged.policy_version ${standing ? stillStands(db, standing) : db``}
        ) as w
        ${unitsFor(db)}
        order by need.taken_id, lower(w.period), one.unit
      ), taken as (
        insert into allocations (reservation_id, resource_id, unit, period, holds, asked, whole_id)
        select id, taken_id, unit, period, holds, asked, whole_id from wanted
        on conflict do nothing returning reservation_id
      ), reserved as (
        insert into reservations (id, requester_id, status, start_time, end_time, time_zone, start_wall, end_wall,
          purpose, private, priority, attendees, answers, held_until, check_in_from, check_in_until,
          override_reason, created_at, updated_at)
        select id, requester_id, status, start_time, end_time, time_zone, start_time at time zone time_zone,
          end_time at time zone time_zone, purpose, private, priority, attendees, answers, held_until,
          check_in_from, check_in_until, override_reason, at, at
        from wish where (select count(*) from taken where reservation_id = wish.id) = wish.rows
        returning id, reference
      ), recorded as (
        insert into history (reservation_id, actor_id, action, details, after_state, request_id, at, news_for)
        select wish.id, actor_id, 'request', details,
          jsonb_build_object('status', status, 'start_time', start_time, 'end_time', end_time, 'purpose', purpose,
            'private', private, 'attendees', attendees, 'answers', answers,
            'resource_ids', to_jsonb(resource_ids)) || told,
          request_id, at, news_for
        from reserved join wish on wish.id = reserved.id
      ), announced as (
        insert into outbox (event, reservation_id, created_at)
        select case status when 'pending' then 'reservation.requested' else 'reservation.approved' end, wish.id, at
        from reserved join wish on wish.id = reserved.id
      )
      select id, reference from reserved`;
    return entries.map(({ id }) => stored.find((one) => one.id === id)?.reference);
  } catch (error) {
    if ((error as { constraint_name?: string }).constraint_name === "allocations_belong_to_reservation") {
      return entries.map(() => undefined);
    }
    throw error;
  }
}

/** How many of each, as the record has it: where they are all one, nothing is said. */
export function told(quantities: Quantities): { quantities?: Quantities } {
  return Object.keys(quantities).length > 0 ? { quantities } : {};
}

/** Whether a person is still in the groups by which they were judged; to be put into a statement. */
export function stillStands(db: Db, { id, groups }: Standing) {
  if (groups.length === 0) return db``;
  return db`and ${groups.length} = (
    select count(*) from group_members m where m.user_id = ${id} and m.group_id = any(${[...groups]}))`;
}
