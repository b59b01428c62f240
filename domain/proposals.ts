import { transaction } from "../db/transaction.ts";
import type { Db, Sql, Tx } from "../db/types.ts";
import { newId } from "../lib/ids.ts";
import { closeOff, queueUp, take, withdraw, wouldTake } from "./allocations.ts";
import { permitDecision } from "./approvers.ts";
import type { Wish } from "./availability.ts";
import { ATTEMPTS, closuresInTheWay, giveWay, holdersInTheWay, SlotIsTaken } from "./bumps.ts";
import { checkInAfterMove } from "./check_in_times.ts";
import { Conflict } from "./errors.ts";
import { record, type Verb } from "./history.ts";
import { freeing, letGo, offerFreedBy } from "./offers.ts";
import { announce } from "./outbox.ts";
import { type Actor, permit } from "./permissions.ts";
import type { Period } from "./periods.ts";
import { rulesOf } from "./policies.ts";
import { type Quantities, quantityDetails, severalOf } from "./quantities.ts";
import { refuseIfTaken } from "./requests.ts";
import { getReservation, type Reservation } from "./reservations.ts";
import { letGoMissed, type Moved, type Status, statusAt, type Timed, transition } from "./transitions.ts";

/** What is wanted of an approved reservation, in place of the slot that it keeps meanwhile. */
export interface Proposal extends Period {
  id: string;
  resource_ids: string[];
  /** How many of each, where that is more than one. */
  quantities: Quantities;
  /** The names of those resources, and the zone of the first. */
  resource_name: string;
  time_zone: string;
  proposed_at: Temporal.Instant;
  decide_by: Temporal.Instant;
}

/** Which change an approver decides on: as it was looked at. */
export interface ChangeDecision {
  id: string;
  /** The id of the proposal. */
  change: string;
  reason?: string;
}

/**
 * Asks for another slot in place of the one that an approved reservation has, and keeps. A later wish takes the place
 * of an earlier one. For `change`, which has judged it.
 */
export async function propose(tx: Tx, actor: Actor, before: Reservation, wish: Wish, now: Temporal.Instant) {
  const { id: reservation_id, version } = before;
  const [still] = await tx`
    select from reservations where id = ${reservation_id} and status = 'approved' and version = ${version}
    for update`;
  if (!still) {
    throw new Conflict("This reservation cannot be changed: it was changed since you looked at it");
  }
  const { start_time, end_time, resource_ids } = wish;
  await tx`
    insert into proposals (reservation_id, id, start_time, end_time, resource_ids, quantities, proposed_at, decide_by)
    values (${reservation_id}, ${newId(now.epochMilliseconds)}, ${start_time}, ${end_time},
      ${[...resource_ids]}, ${tx.json(severalOf(wish))}, ${now}, ${decideBy(before, wish, now)})
    on conflict (reservation_id) do update set id = excluded.id, start_time = excluded.start_time,
      end_time = excluded.end_time, resource_ids = excluded.resource_ids,
      quantities = excluded.quantities, proposed_at = excluded.proposed_at,
      decide_by = excluded.decide_by`;
  await tell(tx, actor, before, "propose", { ...slotOf(wish), ...quantityDetails(before, wish) }, now);
}

// Before either slot begins; what has begun and is only to last longer, before it ends.
function decideBy(before: Period, wish: Period, now: Temporal.Instant): Temporal.Instant {
  const begun = Temporal.Instant.compare(before.start_time, now) <= 0;
  if (begun) return before.end_time;
  return Temporal.Instant.compare(wish.start_time, before.start_time) < 0
    ? wish.start_time
    : before.start_time;
}

/** The change that is asked for of a reservation, where there is one that can still be decided. */
export async function getProposal(
  db: Db,
  reservation_id: string,
  now: Temporal.Instant,
): Promise<Proposal | undefined> {
  const [row] = await db<Proposal[]>`
    select ${
    proposed(db)
  } from proposals p where p.reservation_id = ${reservation_id} and p.decide_by > ${now}`;
  return row;
}

/** The columns of a `Proposal`, for a query over proposals `p`. */
export function proposed(db: Db) {
  return db`p.id, p.start_time, p.end_time, p.resource_ids, p.quantities, p.proposed_at, p.decide_by,
    (select string_agg(coalesce((p.quantities ->> r.id::text) || ' × ', '') || r.name, ', ' order by r.id) from resources r where r.id = any(p.resource_ids))
      as resource_name,
    (select r.time_zone from resources r where r.id = p.resource_ids[1]) as time_zone`;
}

/** Which change an approver approves, and at whose expense. */
export interface ApprovingChange extends ChangeDecision {
  /** Whether to bump what is in the way; all of it, or nothing is done. */
  force_override?: boolean;
  /** What the approver was shown that this bumps: where it is something else by now, nothing is done. */
  bumps?: readonly string[];
}

/**
 * Moves a reservation to where its requester wanted it: the old slot is given up with the taking of the new one. With
 * `force_override` whatever is in the way there is bumped in the same transaction.
 *
 * @throws {Conflict} when somebody has the new slot, or the change is no longer asked for
 */
export async function approveChange(
  sql: Sql,
  actor: Actor,
  decision: ApprovingChange,
  now: Temporal.Instant,
): Promise<Moved> {
  const { before, wish, which } = await decidable(sql, actor, decision, now);
  const asked = { before, wish, which, ...decision };
  const where = [...wish.resource_ids, ...before.resources.map((r) => r.id)];
  await letGo(sql, wish, now);
  for (let attempt = 1; attempt <= (decision.force_override ? ATTEMPTS : 1); attempt++) {
    const moved = await freeing(sql, where, (tx) => grant(tx, actor, asked, now), now).catch((error) => {
      if (!(error instanceof SlotIsTaken)) throw error;
    });
    if (moved) return moved;
  }
  await refuseIfTaken(sql, actor, wish, now);
  throw new Conflict("This time was wanted by another at the same moment: try again");
}

/** What would have to give way for a change to be approved, and the closures in its way, which cannot. */
export async function inTheWayOfChange(db: Db, id: string, proposal: Proposal, now: Temporal.Instant) {
  return {
    holders: await holdersInTheWay(db, id, now, wouldTake(db, proposal)),
    closures: await closuresInTheWay(db, id, wouldTake(db, proposal)),
  };
}

/** Leaves a reservation as it is, with a reason that its requester reads. */
export async function denyChange(
  sql: Sql,
  actor: Actor,
  decision: ChangeDecision & { reason: string },
  now: Temporal.Instant,
): Promise<void> {
  const { before, which } = await decidable(sql, actor, decision, now);
  await transaction(sql, async (tx) => {
    await end(tx, which, "denied", now);
    await tell(tx, actor, before, "deny_change", { reason: decision.reason }, now);
  });
}

/** Takes the wish for a change back: the reservation stays as it is. */
export async function withdrawChange(
  sql: Sql,
  actor: Actor,
  { id, change }: Pick<ChangeDecision, "id" | "change">,
  now: Temporal.Instant,
): Promise<void> {
  const before = await getReservation(sql, actor, id);
  permit(actor, "edit_reservation", before.requester_id);
  await transaction(sql, async (tx) => {
    await end(tx, { id: before.id, change }, "withdrawn", now);
    await tell(tx, actor, before, "withdraw_change", {}, now);
  });
}

/** Ends what nobody decided in time, at most `limit` at once. @returns how many */
export async function expireChanges(db: Db, now: Temporal.Instant, limit: number): Promise<number> {
  const [{ count }] = await db<{ count: number }[]>`
    with due as (
      select v.id, v.requester_id, v.status, v.start_time, v.end_time
      from proposals p join reservations v on v.id = p.reservation_id
      where p.decide_by <= ${now} order by p.decide_by limit ${limit} for update of v skip locked
    ), ended as (
      delete from proposals where reservation_id in (select id from due) and decide_by <= ${now}
      returning reservation_id
    ), recorded as (
      insert into history (reservation_id, action, previous_state, at, news_for)
      select id, 'expire_change',
        json_build_object('status', status, 'start_time', start_time, 'end_time', end_time), ${now}, requester_id
      from due join ended on reservation_id = id order by id
    ), announced as (
      insert into outbox (event, reservation_id, created_at)
      select 'reservation.change_expired', reservation_id, ${now} from ended order by reservation_id
    )
    select count(*)::int as count from ended`;
  return count;
}

async function grant(
  tx: Tx,
  actor: Actor,
  { before, wish, which, reason, force_override, bumps }: ApprovingChange & Decided,
  now: Temporal.Instant,
): Promise<Moved> {
  const { id, resources } = before;
  const previous_resource_ids = resources.map((r) => r.id);
  await queueUp(tx, [...wish.resource_ids, ...previous_resource_ids]);
  await end(tx, which, "approved", now);
  await letGoMissed(tx, wish, now);
  const inTheWay = force_override ? await holdersInTheWay(tx, id, now, wouldTake(tx, wish)) : [];
  const bumped = inTheWay.length > 0 ? { bumped: inTheWay.map((holder) => holder.id) } : {};
  const details = {
    ...{ ...slotOf(wish), previous_resource_ids },
    ...{ ...quantityDetails(before, wish), ...bumped },
  };
  const rules = await rulesOf(tx, wish.resource_ids, { fresh: true });
  const period = { ...wish, ...checkInAfterMove(before, wish, rules, now) };
  const step = { id, action: "reschedule", to: "approved", period, details, reason } as const;
  const moved = await transition(tx, actor, step, now);
  await giveWay(tx, actor, { id, reason, bumps }, inTheWay, now);
  const left = await withdraw(tx, id);
  if (!await take(tx, { reservation_id: id, ...wish, holds: true })) throw new SlotIsTaken();
  await closeOff(tx, left, now);
  if (inTheWay.length > 0) await offerFreedBy(tx, inTheWay.map((holder) => holder.id), now);
  return moved;
}

/** A change that the actor may decide on. */
type Decided = Awaited<ReturnType<typeof decidable>>;

async function decidable(sql: Sql, actor: Actor, decision: ChangeDecision, now: Temporal.Instant) {
  permit(actor, "see_queue");
  const before = await getReservation(sql, actor, decision.id);
  const proposal = await getProposal(sql, before.id, now);
  // Where it is to be is what has to be allowed.
  await permitDecision(sql, actor, before, now, { resource_ids: proposal?.resource_ids });
  if (proposal?.id !== decision.change) throw gone("decided", statusAt(before, now));
  const { start_time, end_time, resource_ids, quantities, time_zone } = proposal;
  const wish = { start_time, end_time, resource_ids, quantities, time_zone, except: before.id };
  return { before, wish, which: { id: before.id, change: proposal.id } };
}

// The reservation first, as whoever changes it does: nobody waits crosswise.
async function end(tx: Tx, { id, change }: ChangeDecision, how: string, now: Temporal.Instant) {
  const [present] = await tx<Timed[]>`
    select status, start_time, end_time, check_in_until from reservations where id = ${id} for update`;
  const ended = await tx`
    delete from proposals where reservation_id = ${id} and id::text = ${change} and decide_by > ${now}
    returning id`;
  if (ended.length === 0) throw gone(how, statusAt(present, now));
}

function gone(how: string, status: Status) {
  const why = status === "approved" ? "" : `, the reservation is already ${status.replace("_", " ")}`;
  return new Conflict(`This change cannot be ${how}: it is no longer asked for${why}`);
}

const EVENTS = {
  propose: "reservation.change_requested",
  deny_change: "reservation.change_denied",
  withdraw_change: "reservation.change_withdrawn",
} as const satisfies Partial<Record<Verb, string>>;

async function tell(
  tx: Tx,
  actor: Actor,
  { id, start_time, end_time }: Reservation,
  action: keyof typeof EVENTS,
  details: Record<string, unknown>,
  now: Temporal.Instant,
) {
  const previous_state = { status: "approved", start_time, end_time };
  await record(tx, actor, { reservation_id: id, action, details, previous_state }, now);
  await announce(tx, EVENTS[action], id, now);
}

function slotOf({ start_time, end_time, resource_ids }: Wish) {
  return { start_time, end_time, resource_ids };
}
