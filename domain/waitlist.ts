import { transaction } from "../db/transaction.ts";
import type { Db, Sql, Tx } from "../db/types.ts";
import { isId, newId } from "../lib/ids.ts";
import { conflictsOf, type Wish } from "./availability.ts";
import { Conflict, Invalid, NotFound, rethrow } from "./errors.ts";
import { record } from "./history.ts";
import { alone, heed, theOffers } from "./offer_locks.ts";
import { slotFor, type Wished } from "./offer_slots.ts";
import {
  endOffer,
  letGo,
  move,
  nameOf,
  offerFreed,
  type OpenOffer,
  openOffer,
  subjectOf,
  type WaitlistStatus,
} from "./offers.ts";
import { announceWaitlist } from "./outbox.ts";
import { type Actor, may, permit } from "./permissions.ts";
import { minutesOf, type Period } from "./periods.ts";
import { rulesOf } from "./policies.ts";
import { type Quantities, wantedOf } from "./quantities.ts";
import { inWords, reasons } from "./reasons.ts";
import { judged, told } from "./requests.ts";

/** A wish for what is taken, as somebody has it: the very slot, or any of so many minutes within a period. */
export interface Joining extends Period {
  resource_ids: readonly string[];
  /** How many of each; of what is not named, one. */
  quantities?: Quantities;
  minutes?: number | null;
  purpose?: string;
  private?: boolean;
  attendees?: number | null;
  answers?: Record<string, string>;
  attested?: boolean;
  /** For whom, where that is somebody else. */
  requester_id?: string;
}

/** The offer that somebody on the waitlist has at this moment. */
export interface Offer extends Period {
  id: string;
  /** Until when it holds the slot. */
  expires_at: Temporal.Instant;
}

/** An entry of the waitlist as it is at an instant. */
export interface Entry extends Period {
  id: string;
  requester_id: string;
  requester_name: string;
  resources: { id: string; name: string; time_zone: string; quantity: number }[];
  /** How many of each, where that is more than one. */
  quantities: Quantities;
  /** How long a slot within the period is wanted; null where it is the period itself. */
  minutes: number | null;
  attendees: number | null;
  purpose: string;
  private: boolean;
  answers: Record<string, string>;
  /** Whether what they had was given to another: they go first. */
  bumped: boolean;
  status: WaitlistStatus;
  /** From 1: how many are before them, for what shares a moment with it, and they; null where they do not wait. */
  place: number | null;
  offer: Offer | null;
  /** What came of it. */
  reservation_id: string | null;
  version: number;
  created_at: Temporal.Instant;
  updated_at: Temporal.Instant;
}

/** So far a window reaches at most. */
export const WINDOW_DAYS = 31;
/** For so much at once one person can wait. */
export const AT_MOST = 50;

/**
 * Puts somebody on the waitlist for a time that is taken. Whoever was bumped from what they wait for goes first, the
 * others in the order in which they came.
 *
 * @throws {NotFound} for a resource that does not exist
 * @throws {Invalid} where it has begun, the window is wrong, or the policy asks what was not answered
 * @throws {Conflict} where a rule is against it, it is free, it is theirs already, or they wait for it already
 */
export async function join(sql: Sql, actor: Actor, asked: Joining, now: Temporal.Instant): Promise<Entry> {
  permit(actor, "reserve");
  const { requester_id = actor.id } = asked;
  if (requester_id !== actor.id) permit(actor, "reserve_for");
  const { resource_ids, quantities } = wantedOf(
    asked.resource_ids.map((id) => id.toLowerCase()),
    asked.quantities,
  );
  const { minutes = null, attendees = null, answers = {}, attested = false } = asked;
  const { start_time, end_time } = asked;
  const wished: Wished = {
    ...{ start_time, end_time, requester_id, resource_ids, quantities, minutes, attendees, answers },
  };
  mustLieAhead(wished, now);
  await mustBeAllowed(sql, wished, attested, now);
  await letGo(sql, wished, now);
  const id = newId(now.epochMilliseconds);
  await transaction(sql, async (tx) => {
    await alone(tx);
    await mustBeTaken(tx, actor, wished, now);
    await mustBeFew(tx, requester_id);
    const { purpose = "", private: secret = false } = asked;
    const [{ name }] = await tx<{ name: string }[]>`
      insert into waitlist as e (id, requester_id, resource_ids, quantities, start_time, end_time, minutes, last_start, attendees,
        purpose, private, answers, bumped_id, status, created_at, updated_at)
      values (${id}, ${requester_id}, ${resource_ids}, ${
      tx.json(quantities)
    }, ${start_time}, ${end_time}, ${minutes}, ${lastStart(wished)},
        ${attendees}, ${purpose}, ${secret}, ${tx.json(answers)}, ${
      bumpedFrom(tx, wished)
    }, 'waiting', ${now}, ${now})
      returning ${nameOf(tx)} as name`;
    const after_state = {
      ...{ status: "waiting", start_time, end_time, minutes, resource_ids, purpose },
      ...told(quantities),
    };
    await record(tx, actor, { subject: subjectOf({ id, name }), action: "join", after_state }, now);
    await announceWaitlist(tx, "waitlist.joined", id, now);
  }).catch(rethrow);
  return await getEntry(sql, actor, id, now);
}

/** The last instant at which what is wished for can begin. */
function lastStart({ start_time, end_time, minutes }: Wished): Temporal.Instant {
  return minutes === null ? start_time : end_time.subtract({ minutes });
}

function mustLieAhead(wished: Wished, now: Temporal.Instant): void {
  const { start_time, end_time, minutes } = wished;
  const refuse = (path: string, message: string) => {
    throw new Invalid([{ path, message }]);
  };
  if (minutesOf({ start_time, end_time }) <= 0) refuse("end_time", "The end must be after the start");
  if (minutes !== null && minutes > minutesOf(wished)) {
    refuse("minutes", `No slot of ${inWords(minutes)} fits between the two`);
  }
  if (minutes !== null && minutesOf(wished) > WINDOW_DAYS * 1440) {
    refuse("end_time", `Look for a slot within at most ${WINDOW_DAYS} days`);
  }
  if (Temporal.Instant.compare(lastStart(wished), now) <= 0) {
    refuse("start_time", "This has begun: choose a time that lies ahead");
  }
}

// By the same rules as a reservation. Of a window, there has to be a slot that they allow, whoever has it.
async function mustBeAllowed(sql: Sql, wished: Wished, attested: boolean, now: Temporal.Instant) {
  if (wished.minutes === null) {
    await judged(sql, { ...wished, attested }, now, { fresh: true });
    return;
  }
  const known = wished.resource_ids.every(isId);
  const rules = known ? await rulesOf(sql, wished.resource_ids, { fresh: true }) : [];
  if (rules.length === 0 || rules.length < wished.resource_ids.length) {
    throw new NotFound("This resource");
  }
  const end_time = wished.start_time.add({ minutes: wished.minutes });
  const against = rules.flatMap((one) => reasons(one, { ...wished, end_time, attested }, now));
  const issues = against.flatMap(({ path, message }) => path ? [{ path, message }] : []);
  if (issues.length > 0) throw new Invalid(issues);
  if (await slotFor(sql, wished, now, { anyhow: true })) return;
  const why = against.map(({ message }) => message).join("; ") || "it lies outside the opening hours";
  throw new Conflict(`No slot between the two is within the rules: ${why}`, { reasons: against });
}

async function mustBeTaken(tx: Tx, actor: Actor, wished: Wished, now: Temporal.Instant) {
  const present = await rulesOf(tx, wished.resource_ids, { fresh: true });
  if (present.length < wished.resource_ids.length) throw new NotFound("This resource");
  const free = await slotFor(tx, wished, now);
  if (free) {
    const [rules] = await rulesOf(tx, wished.resource_ids);
    const alternatives = wished.resource_ids.length > 1 ? [] : [{
      ...free,
      resource_id: rules.resource_id,
      resource_name: rules.name,
      time_zone: rules.time_zone,
    }];
    throw new Conflict("There is nothing to wait for: it is free, reserve it", { alternatives });
  }
  if (wished.minutes !== null || wished.requester_id !== actor.id) return;
  const wish: Wish = { ...wished, resource_ids: wished.resource_ids };
  const conflicts = await conflictsOf(tx, actor, wish, now);
  if (conflicts.length > 0 && conflicts.every(({ mine }) => mine)) {
    throw new Conflict("There is nothing to wait for: this time is yours already", { conflicts: [] });
  }
}

async function mustBeFew(tx: Tx, requester_id: string) {
  const [{ count }] = await tx<{ count: number }[]>`
    select count(*)::int as count from waitlist
    where requester_id = ${requester_id} and status in ('waiting', 'offered')`;
  if (count < AT_MOST) return;
  throw new Conflict(`One person can wait for at most ${AT_MOST} times at once: leave one of them first`);
}

// What was taken from them, where it is on one of these resources, and within what they wait for.
function bumpedFrom(db: Db, { requester_id, resource_ids, start_time, end_time }: Wished) {
  return db`(
    select v.id from reservations v
    where v.requester_id = ${requester_id} and v.status = 'bumped'
      and v.start_time < ${end_time} and v.end_time > ${start_time}
      and exists (select from allocations a where a.reservation_id = v.id and a.resource_id = any(${[
    ...resource_ids,
  ]}))
      and not exists (select from waitlist b where b.bumped_id = v.id and b.status in ('waiting', 'offered'))
    order by v.start_time, v.id limit 1)`;
}

/** Takes an entry off the list, with the offer that it may have: the next in order is offered that. */
export async function leave(
  sql: Sql,
  actor: Actor,
  { id, version }: { id: string; version?: number },
  now: Temporal.Instant,
): Promise<void> {
  const { requester_id } = await getEntry(sql, actor, id, now);
  permit(actor, "leave_waitlist", requester_id);
  await transaction(sql, async (tx) => {
    await lockEntry(tx);
    const entry = await getEntry(tx, actor, id, now);
    if (version !== undefined && version !== entry.version) {
      throw new Conflict("This entry cannot be taken off the list: it was changed since you looked at it");
    }
    const { status } = entry;
    if (status !== "waiting" && status !== "offered") {
      throw new Conflict(`This entry cannot be taken off the list: it is already ${status}`);
    }
    const as = { action: "leave", event: "waitlist.left" } as const;
    const offer = await openOfferOf(tx, entry.id);
    if (offer) await endOffer(tx, actor, offer, { outcome: "withdrawn", to: "left", as }, now);
    else {
      const named = { id: entry.id, name: entry.resources.map((r) => r.name).join(", ") };
      await move(tx, actor, named, { ...as, from: "waiting", to: "left" }, now);
    }
    await offerFreed(tx, entry.resources.map((r) => r.id), now);
  });
}

/** Keeps every entry as it is until the transaction ends. */
export async function lockEntry(tx: Tx): Promise<void> {
  await heed(tx, "anywhere");
  await theOffers(tx);
}

/** The offer that an entry has and that has not ended, be it only because the sweep is late. */
export async function openOfferOf(db: Db, entry_id: string): Promise<OpenOffer | undefined> {
  const [row] = await db<OpenOffer[]>`
    select ${openOffer(db)} from offers o join waitlist e on e.id = o.entry_id
    where o.entry_id = ${entry_id} and o.ended_at is null`;
  return row;
}

/** @throws {NotFound} also where it is somebody else's */
export async function getEntry(db: Db, actor: Actor, id: string, now: Temporal.Instant): Promise<Entry> {
  const [row] = isId(id)
    ? await db<Row[]>`select ${columns(db, now)} from ${joined(db)} where e.id = ${id}`
    : [];
  if (!row || !may(actor, "see_waitlist", row.requester_id)) throw new NotFound("This entry");
  return entryOf(row);
}

export interface WaitlistFilter {
  requester_id?: string;
  resource_id?: string;
  status?: WaitlistStatus;
  /** Only those who wait or have an offer. */
  open?: boolean;
  limit: number;
  /** The last one of the page before: its place in the list. */
  after?: { number: string };
}

/** Entries in the order in which they came, one more than `limit` where there are more: the actor's own, and everybody's for staff. */
export async function listWaitlist(
  db: Db,
  actor: Actor,
  { requester_id, resource_id, status, open = false, limit, after }: WaitlistFilter,
  now: Temporal.Instant,
): Promise<(Entry & { number: string })[]> {
  const whose = may(actor, "see_waitlist") ? requester_id : actor.id;
  if (whose !== requester_id && requester_id !== undefined) return [];
  if ([whose, resource_id].some((id) => id !== undefined && !isId(id))) return [];
  const rows = await db<(Row & { number: string })[]>`
    select ${columns(db, now)}, e.number::text as number from ${joined(db)}
    where ${whose ? db`e.requester_id = ${whose}` : db`true`}
      ${resource_id ? db`and e.resource_ids && ${[resource_id]}::uuid[]` : db``}
      ${status ? db`and ${statusAt(db, now)} = ${status}` : db``}
      ${
    open
      ? db`and e.status in ('waiting', 'offered') and ${statusAt(db, now)} in ('waiting', 'offered')`
      : db``
  }
      ${after ? db`and e.number > ${after.number}` : db``}
    order by e.number limit ${limit + 1}`;
  return rows.map((row) => ({ ...entryOf(row), number: row.number }));
}

/**
 * Ends the waiting for what has begun, at most `limit` at once.
 *
 * @returns how many
 */
export async function expireEntries(tx: Tx, now: Temporal.Instant, limit: number): Promise<number> {
  const [due] = await tx`select from waitlist where status = 'waiting' and last_start <= ${now} limit 1`;
  if (!due) return 0;
  await theOffers(tx);
  const over = await tx<{ id: string; name: string }[]>`
    select e.id, ${nameOf(tx)} as name from waitlist e
    where e.status = 'waiting' and e.last_start <= ${now} order by e.last_start limit ${limit}`;
  const step = { action: "run_out", from: "waiting", to: "expired", event: "waitlist.expired" } as const;
  for (const entry of over) await move(tx, null, entry, step, now);
  return over.length;
}

interface Row extends Omit<Entry, "offer"> {
  offer_id: string | null;
  offer_start: Temporal.Instant;
  offer_end: Temporal.Instant;
  expires_at: Temporal.Instant;
}

function entryOf({ offer_id, offer_start, offer_end, expires_at, ...row }: Row): Entry {
  const { number: _, ...entry } = row as typeof row & { number?: string };
  const offered = entry.status === "offered" && offer_id;
  const offer = offered ? { id: offer_id, start_time: offer_start, end_time: offer_end, expires_at } : null;
  return { ...entry, offer };
}

// By the clock: what has begun is waited for by nobody, and an offer that nobody accepted in time has gone.
function statusAt(db: Db, now: Temporal.Instant) {
  return db`case
    when e.status = 'offered' and o.expires_at <= ${now}
      then case when e.minutes is not null and e.last_start > ${now} then 'waiting' else 'expired' end
    when e.status = 'waiting' and e.last_start <= ${now} then 'expired' else e.status end`;
}

function joined(db: Db) {
  return db`waitlist e join users u on u.id = e.requester_id
    left join offers o on o.entry_id = e.id and o.ended_at is null`;
}

function columns(db: Db, now: Temporal.Instant) {
  return db`e.id, e.requester_id, u.name as requester_name, e.start_time, e.end_time, e.minutes, e.attendees,
    e.quantities, e.purpose, e.private, e.answers, e.bumped_id is not null as bumped, ${
    statusAt(db, now)
  } as status,
    o.id as offer_id, o.start_time as offer_start, o.end_time as offer_end, o.expires_at,
    (select b.reservation_id from offers b where b.entry_id = e.id and b.outcome = 'accepted') as reservation_id,
    e.version, e.created_at, e.updated_at, (
      select json_agg(json_build_object('id', r.id, 'name', r.name, 'time_zone', r.time_zone,
        'quantity', coalesce((e.quantities ->> r.id::text)::int, 1)) order by r.id)
      from resources r where r.id = any(e.resource_ids)) as resources,
    case when ${statusAt(db, now)} = 'waiting' then 1 + (
      select count(*)::int from waitlist x
      where x.status in ('waiting', 'offered') and x.last_start > ${now} and x.resource_ids && e.resource_ids
        and x.start_time < e.end_time and x.end_time > e.start_time
        and (x.bumped_id is null, x.number) < (e.bumped_id is null, e.number)) end as place`;
}
