import { transaction } from "../db/transaction.ts";
import type { Db, Ground, Tx } from "../db/types.ts";
import { newId } from "../lib/ids.ts";
import { closeOff, giveUpOffered, take, taking } from "./allocations.ts";
import { minuteOf } from "./closure_dates.ts";
import { Conflict } from "./errors.ts";
import { type Deed, type Doer, record, type State, type Subject } from "./history.ts";
import { heed, isWaiting, LIST, OFFERING, sharing, type Where } from "./offer_locks.ts";
import { slotsFor, type Wished, type WishedSlot } from "./offer_slots.ts";
import { announceWaitlist } from "./outbox.ts";
import type { Period } from "./periods.ts";
import { rulesOf } from "./policies.ts";
import { letGoMissed } from "./transitions.ts";

export const WAITLIST_STATUSES = ["waiting", "offered", "accepted", "declined", "left", "expired"] as const;
/** Of those that end it: it led to a reservation, was not wanted, was given up, or ran out. */
export type WaitlistStatus = typeof WAITLIST_STATUSES[number];

/** For how long an offer holds where no policy says so. */
const OFFER_MINUTES = 30;

/**
 * Runs what frees time, in one transaction with the offers of it: nobody else can have it before the first who waits
 * for it. Inside a transaction it is a part of that one.
 */
export function freeing<T>(
  sql: Ground,
  where: Where,
  work: (tx: Tx) => Promise<T>,
  now: Temporal.Instant,
): Promise<T> {
  return transaction(sql, async (tx) => {
    await heed(tx, where);
    const done = await work(tx);
    await offerFreed(tx, where, now);
    return done;
  });
}

/**
 * Runs several commands that free time in one transaction. What they free is offered when all of them are done, as far
 * as it is free then: what one of them gives up, a later one may take, as a move does, and it has never come free.
 */
export async function freeingTogether<T>(
  tx: Tx,
  where: Where,
  work: () => Promise<T>,
  now: Temporal.Instant,
): Promise<T> {
  await heed(tx, where);
  const later = (yes: boolean) => tx`select set_config(${LATER}, ${String(yes)}, true)`;
  await later(true);
  const done = await work();
  await later(false);
  await offerFreed(tx, where, now);
  return done;
}

// Says within a transaction that offers are made at its end. It goes with the transaction, whatever becomes of that.
const LATER = "holdfast.offers_later";

/** An entry of the waitlist, as far as an offer has to know it. */
interface Waiting extends Wished {
  id: string;
  resource_ids: string[];
  name: string;
}

/**
 * Offers what is free to those who wait for it, in their order: who was bumped, then who came first. An offer holds
 * the slot; what the first gets, the next is not offered.
 *
 * @returns how many offers were made
 */
export async function offerFreed(tx: Tx, where: Where, now: Temporal.Instant): Promise<number> {
  const [anybody] = await tx`
    select pg_advisory_xact_lock(${LIST}, ${OFFERING})
    where coalesce(current_setting(${LATER}, true), '') <> 'true' and exists (
      select from waitlist e where ${isWaiting(tx, where)} and e.last_start > ${now})`;
  if (!anybody) return 0;
  let made = 0;
  for (const entry of await inOrder(tx, where, now)) {
    for (const slot of await slotsFor(tx, entry, now)) {
      if (!await offer(tx, entry, slot, now)) continue;
      made++;
      break;
    }
  }
  return made;
}

/** The same for what these reservations held. */
export async function offerFreedBy(tx: Tx, reservation_ids: readonly string[], now: Temporal.Instant) {
  await offerFreed(tx, await resourcesOf(tx, reservation_ids), now);
}

// The resources that these reservations take or wanted.
async function resourcesOf(db: Db, reservation_ids: readonly string[]): Promise<string[]> {
  const rows = await db<{ resource_id: string }[]>`
    select distinct resource_id from allocations where reservation_id = any(${[...reservation_ids]})`;
  return rows.map(({ resource_id }) => resource_id);
}

// Those who may get something: of who waits for one slot, those alone to whom it is free on all that they want.
function inOrder(tx: Tx, where: Where, now: Temporal.Instant): Promise<Waiting[]> {
  const wish = { start_time: tx`e.start_time`, end_time: tx`e.end_time` };
  return tx<Waiting[]>`
    select e.id, e.requester_id, e.resource_ids, e.quantities, e.any_of, e.start_time, e.end_time, e.minutes, e.attendees,
      e.answers, e.attested, ${nameOf(tx)} as name, ${passedBy(tx)} as passed
    from waitlist e join users u on u.id = e.requester_id
    where ${isWaiting(tx, where)} and e.last_start > ${now} and u.disabled_at is null
      and (e.minutes is not null or not exists (
        select from resources r left join policies p on p.id = r.policy_id
        join compositions t on t.resource_id = r.id join resources one on one.id = t.taken_id
        where r.id = any(e.resource_ids) and (r.deactivated_at is not null or one.units < (
          case when t.taken_id = r.id then coalesce((e.quantities ->> r.id::text)::int, 1) else 1 end) + (
          select count(distinct a.unit) from allocations a
          where a.holds and a.resource_id = one.id and a.unit <= one.units and a.period && ${
    taking(tx, wish)
  }))))
    order by e.bumped_id is null, e.number`.then((rows) => rows.map(withInstants));
}

function passedBy(db: Db) {
  return db`(
    select coalesce(json_agg(json_build_object('start_time', o.start_time, 'end_time', o.end_time)), '[]')
    from offers o where o.entry_id = e.id and o.outcome in ('declined', 'expired'))`;
}

// JSON from the database carries instants as text.
function withInstants<T extends { passed?: readonly Period[] }>(row: T): T {
  const read = (text: unknown) => Temporal.Instant.from(String(text));
  const passed = row.passed?.map(({ start_time, end_time }) => ({
    start_time: read(start_time),
    end_time: read(end_time),
  }));
  return { ...row, passed };
}

/** What an entry `e` is called on record: the resources that it is for, or what they have to be like. */
export function nameOf(db: Db) {
  return db`coalesce(
    (select string_agg(r.name, ', ' order by r.name) from resources r where r.id = any(e.resource_ids)),
    concat('Any ', coalesce(e.any_of ->> 'kind', 'resource'), ' with “' || (e.any_of ->> 'tag') || '”'))`;
}

/** An entry as the record names it. */
export function subjectOf({ id, name }: { id: string; name: string }): Subject {
  return { kind: "waitlist", id, name };
}

/** Others were faster. */
class Gone extends Error {}

async function offer(tx: Tx, entry: Waiting, wished: WishedSlot, now: Temporal.Instant): Promise<boolean> {
  const { id: entry_id } = entry;
  const { resource_ids, quantities, ...slot } = wished;
  const expires_at = await untilWhen(tx, resource_ids, slot, now);
  if (Temporal.Instant.compare(expires_at, now) <= 0) return false;
  const id = newId(now.epochMilliseconds);
  return await tx.savepoint(async (inner) => {
    await inner`
      insert into offers (id, entry_id, resource_ids, start_time, end_time, made_at, expires_at)
      values (${id}, ${entry_id}, ${[...resource_ids]}, ${slot.start_time}, ${slot.end_time}, ${now},
        ${expires_at})`;
    if (!await take(inner, { offer_id: id, resource_ids, quantities, ...slot, holds: true })) {
      throw new Gone();
    }
    const after = { ...slot, expires_at, ...entry.any_of ? { resource_ids } : {} };
    const step = { action: "offer", from: "waiting", to: "offered", after } as const;
    await move(inner, null, entry, { ...step, event: "offer.made" }, now);
    return true;
  }).catch((error) => {
    if (error instanceof Gone) return false;
    throw error;
  });
}

// The shortest of the policies; never beyond the moment at which the slot begins, or can no longer be asked for.
async function untilWhen(tx: Tx, resource_ids: readonly string[], slot: Period, now: Temporal.Instant) {
  const policies = (await rulesOf(tx, resource_ids)).map(({ policy }) => policy);
  const minutes = Math.min(...policies.map((policy) => policy?.offer_minutes ?? OFFER_MINUTES));
  const notice = Math.max(...policies.map((policy) => policy?.notice_minutes ?? 0));
  const until = now.add({ minutes });
  const last = slot.start_time.subtract({ minutes: notice });
  return Temporal.Instant.compare(until, last) < 0 ? until : last;
}

/** An offer that has not ended, with the entry that it was made to. */
export interface OpenOffer extends Period {
  id: string;
  entry_id: string;
  name: string;
  resource_ids: string[];
  expires_at: Temporal.Instant;
  /** Whether they wait for any slot within a window, and when the last such begins. */
  windowed: boolean;
  last_start: Temporal.Instant;
}

const ENDINGS = {
  accepted: { action: "accept", event: "offer.accepted" },
  declined: { action: "decline", event: "offer.declined" },
  expired: { action: "let_pass", event: "offer.expired" },
  withdrawn: { action: "withdraw_offer", event: "offer.withdrawn" },
} as const satisfies Record<string, { action: Deed; event: string }>;
export type Outcome = keyof typeof ENDINGS;

/**
 * Ends an offer, and what it holds. Who waits for any slot within a window goes on waiting for another; whoever was
 * offered the very slot has had their turn, unless it was withdrawn.
 *
 * @param options.to where that leads for whoever was offered it, where it is something else
 * @param options.as what was done, where it was more than that
 */
export async function endOffer(
  tx: Tx,
  actor: Doer | null,
  offer: OpenOffer,
  { outcome, reservation_id = null, ...options }: {
    outcome: Outcome;
    reservation_id?: string | null;
    to?: WaitlistStatus;
    as?: { action: Deed; event: string };
  },
  now: Temporal.Instant,
): Promise<void> {
  await tx`
    update offers set ended_at = ${now}, outcome = ${outcome}, reservation_id = ${reservation_id}
    where id = ${offer.id}`;
  await giveUpOffered(tx, [offer.id]);
  const to = options.to ?? afterwards(offer, outcome, now);
  const { start_time, end_time, entry_id: id, name } = offer;
  const details = { start_time, end_time, ...reservation_id ? { reservation_id } : {} };
  const step = { ...options.as ?? ENDINGS[outcome], from: "offered", to, details } as const;
  await move(tx, actor, { id, name }, step, now);
  // What was closed meanwhile is closed from now on.
  if (outcome !== "accepted") await closeOff(tx, offer.resource_ids, minuteOf(now));
}

/** What becomes of who was made an offer that ended so. */
export function afterwards(
  { windowed, last_start }: Pick<OpenOffer, "windowed" | "last_start">,
  outcome: Outcome,
  now: Temporal.Instant,
): WaitlistStatus {
  if (outcome === "accepted") return "accepted";
  const waits = windowed || outcome === "withdrawn";
  if (waits && Temporal.Instant.compare(last_start, now) > 0) return "waiting";
  return outcome === "declined" ? "declined" : "expired";
}

interface Move {
  action: Deed;
  from: WaitlistStatus;
  to: WaitlistStatus;
  event: string;
  details?: State;
  after?: State;
}

/** Moves an entry from one state to another: with its history, and its news. The list is had alone by then. */
export async function move(
  tx: Tx,
  actor: Doer | null,
  entry: { id: string; name: string },
  { action, from, to, event, details, after }: Move,
  now: Temporal.Instant,
): Promise<void> {
  const [moved] = await tx`
    update waitlist e set status = ${to}, version = version + 1, updated_at = ${now}
    where id = ${entry.id} and status = ${from} returning id`;
  if (!moved) throw new Conflict("This entry was changed a moment ago: look at it again");
  const states = { previous_state: { status: from }, after_state: { status: to, ...after } };
  await record(tx, actor, { subject: subjectOf(entry), action, details, ...states }, now);
  await announceWaitlist(tx, event, entry.id, now);
}

/** The columns of an `OpenOffer`, for a query over offers `o` and their entries `e`. */
export function openOffer(db: Db) {
  return db`o.id, o.entry_id, ${nameOf(db)} as name, o.resource_ids, o.start_time, o.end_time, o.expires_at,
    e.minutes is not null as windowed, e.last_start`;
}

/**
 * Ends the offers that nobody accepted in time, at most `limit` at once; those of some resources, or all.
 *
 * @returns how many
 */
export async function expireOffers(
  tx: Tx,
  where: Where,
  now: Temporal.Instant,
  limit = 1000,
): Promise<number> {
  const due = tx`o.ended_at is null and o.expires_at <= ${now}
    ${where === "anywhere" ? tx`` : tx`and o.resource_ids && ${sharing(tx, where)}`}`;
  const [any] = await tx`
    select pg_advisory_xact_lock(${LIST}, ${OFFERING}) where exists (select from offers o where ${due})`;
  if (!any) return 0;
  const lapsed = await tx<OpenOffer[]>`
    select ${openOffer(tx)} from offers o join waitlist e on e.id = o.entry_id
    where ${due} order by o.expires_at, o.id limit ${limit}`;
  for (const offer of lapsed) await endOffer(tx, null, offer, { outcome: "expired" }, now);
  return lapsed.length;
}

/**
 * Lets go, before the sweep does, of what is held by nobody any more: by whom did not check in in time, and by offers
 * that nobody accepted in time. Who waits for it is offered it before whoever asks now. A transaction of its own,
 * where something is to be let go of.
 */
export async function letGo(
  sql: Ground,
  wish: Period & { resource_ids: readonly string[] },
  now: Temporal.Instant,
): Promise<void> {
  const ids = [...wish.resource_ids];
  const [{ due }] = await sql<{ due: boolean }[]>`
    select exists (
      select from reservations v join allocations a on a.reservation_id = v.id
      where v.status = 'approved' and v.check_in_until <= ${now} and a.holds and a.resource_id = any(${
    sharing(sql, ids)
  }))
    or exists (
      select from offers where ended_at is null and expires_at <= ${now} and resource_ids && ${
    sharing(sql, ids)
  }) as due`;
  if (!due) return;
  await transaction(sql, async (tx) => {
    await heed(tx, "anywhere");
    const missed = await letGoMissed(tx, wish, now);
    await expireOffers(tx, ids, now);
    await offerFreed(tx, [...ids, ...await resourcesOf(tx, missed)], now);
  });
}
