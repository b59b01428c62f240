import { transaction } from "../db/transaction.ts";
import type { Db, Ground, Sql, Tx } from "../db/types.ts";
import { closeOff, queueUp, take, withdraw } from "./allocations.ts";
import { mayDecide, permitDecision } from "./approvers.ts";
import type { Wish } from "./availability.ts";
import { checkInAfterMove } from "./check_in_times.ts";
import { Conflict } from "./errors.ts";
import { record, type State } from "./history.ts";
import { freeing, letGo } from "./offers.ts";
import { type Actor, may, permit } from "./permissions.ts";
import type { Period } from "./periods.ts";
import { type Rules, rulesOf, stillBind } from "./policies.ts";
import { isWithin, type Quantities, quantityDetails, wantedBy, wantedOf, wantSame } from "./quantities.ts";
import { hasQuota, lockQuotas } from "./quotas.ts";
import { propose } from "./proposals.ts";
import { inWords, needsDecision } from "./reasons.ts";
import { holdOf } from "./keeping.ts";
import { judged, mustBeWithin, mustLieAhead, refuseIfTaken } from "./requests.ts";
import { getReservation, type Reservation } from "./reservations.ts";
import { allows, letGoMissed, type Status, statusAt, transition } from "./transitions.ts";
import { standingOf } from "./trust.ts";

/** What a change of a reservation may name; what it does not name stays. */
export interface Change extends Partial<Period> {
  resource_ids?: readonly string[];
  /** How many of those; what was there before and is not named here stays as many. */
  quantities?: Quantities;
  purpose?: string;
  private?: boolean;
  /** Why it was moved, where that was somebody else. */
  reason?: string;
}

/** What of a change is about the slot. */
type Slot = Pick<Change, "start_time" | "end_time" | "resource_ids" | "quantities">;

/** What a change leads to: a status, or a wish that waits for a decision. */
export type Changed = Status | "proposed";

/**
 * Changes the slot of a reservation, or its words, or both: all of it or nothing. The old slot is given up only
 * together with the taking of the new one. Where a resource wants approval and an approved reservation is to grow or
 * to move, it stays as it is, and the change waits for a decision, unless it is an approver who moves it.
 *
 * @throws {NotFound} {Forbidden} {Invalid} {Conflict} as `request`; nothing has changed then
 */
export async function change(
  sql: Ground,
  actor: Actor,
  id: string,
  asked: Change,
  now: Temporal.Instant,
): Promise<Changed> {
  const before = await getReservation(sql, actor, id);
  permit(actor, "edit_reservation", before.requester_id);
  const move = await plannedMove(sql, actor, before, asked, now);
  const words = { purpose: asked.purpose ?? before.purpose, private: asked.private ?? before.private };
  const reworded = words.purpose !== before.purpose || words.private !== before.private;
  if (move?.to === "proposed" || reworded && !move) mustBeOpen(before, now);
  if (!move && !reworded) return before.status;
  // A wish for what is taken would wait for nothing.
  if (move?.to === "proposed") await refuseIfTaken(sql, actor, move.wish, now);
  const where = [...move?.wish.resource_ids ?? [], ...before.resources.map((r) => r.id)];
  if (move && move.to !== "proposed" && allows(before, "reschedule", now)) await letGo(sql, move.wish, now);
  const work = async (tx: Tx) => {
    if (move?.to === "proposed") await propose(tx, actor, before, move.wish, now);
    else if (move) {
      await queueUp(tx, where);
      if (move.rules.some(hasQuota)) await lockQuotas(tx, before.requester_id);
      await moveSlot(tx, actor, before, { ...move, to: move.to, reason: asked.reason }, now);
    }
    if (reworded) await reword(tx, actor, { ...asked, id: before.id }, now);
    return true;
  };
  const frees = move && move.to !== "proposed";
  const done = await (frees ? freeing(sql, where, work, now) : transaction(sql, work)).catch((error) => {
    if (error instanceof GiveUp) return false;
    throw error;
  });
  if (done) return move?.to ?? before.status;
  if (move) {
    await judged(sql, move.wish, now, { fresh: true });
    await refuseIfTaken(sql, actor, move.wish, now);
  }
  throw new Conflict("This time was taken, or its rules were changed, a moment ago: try again");
}

/** Changes the period or the resources of a reservation, or both; see `change`. */
export function reschedule(
  sql: Sql,
  actor: Actor,
  id: string,
  slot: Slot,
  now: Temporal.Instant,
): Promise<Changed> {
  return change(sql, actor, id, slot, now);
}

/**
 * Moves another's reservation, as an approver: it stays approved, and keeps its old slot until it has the new one.
 *
 * @throws {Forbidden} where the actor does not decide on it
 * @throws {Conflict} as `change`
 */
export async function rescheduleAsApprover(
  sql: Sql,
  actor: Actor,
  { id, ...slot }: Slot & { id: string; reason?: string },
  now: Temporal.Instant,
): Promise<Changed> {
  permit(actor, "see_queue");
  await permitDecision(sql, actor, await getReservation(sql, actor, id), now);
  return change(sql, actor, id, slot, now);
}

/**
 * The same inside a transaction in which nobody else takes anything (see `settle`), with the reason for it.
 *
 * @throws {GiveUp} {Invalid} {Conflict} where the slot cannot be had
 */
export async function relocate(
  tx: Tx,
  actor: Actor,
  before: Reservation,
  { reason, ...slot }: Slot & { reason: string },
  now: Temporal.Instant,
): Promise<void> {
  permit(actor, "edit_reservation", before.requester_id);
  const move = await plannedMove(tx, actor, before, slot, now);
  if (!move) return;
  if (move.to === "proposed") throw new GiveUp();
  await moveSlot(tx, actor, before, { ...move, to: move.to, reason }, now);
}

/** Changes what a reservation is for and who may read it; its slot and status stay. */
export async function describe(
  sql: Sql,
  actor: Actor,
  id: string,
  words: Pick<Change, "purpose" | "private">,
  now: Temporal.Instant,
): Promise<void> {
  await change(sql, actor, id, words, now);
}

/** Gives a reservation up. Its slot is free at once. */
export async function cancel(
  sql: Sql,
  actor: Actor,
  { id, reason }: { id: string; reason?: string },
  now: Temporal.Instant,
): Promise<void> {
  const before = await getReservation(sql, actor, id);
  permit(actor, "cancel", before.requester_id);
  await mustBeInTime(sql, actor, before, now);
  const step = { id: before.id, action: "cancel", reason } as const;
  await freeing(sql, before.resources.map((r) => r.id), (tx) => transition(tx, actor, step, now), now);
}

// What is approved may have a cut-off; a request that waits can always be withdrawn, and an approver is not bound.
async function mustBeInTime(sql: Sql, actor: Actor, before: Reservation, now: Temporal.Instant) {
  if (before.status !== "approved" || may(actor, "override")) return;
  const left = (before.start_time.epochMilliseconds - now.epochMilliseconds) / 60_000;
  const rules = await rulesOf(sql, before.resources.map((r) => r.id));
  const late = rules.find(({ policy }) => policy?.cancel_minutes && left < policy.cancel_minutes);
  if (!late) return;
  const cutoff = inWords(late.policy!.cancel_minutes!);
  throw new Conflict(`${late.name} can be cancelled up to ${cutoff} before its start: ask an approver`);
}

/** For so long a cancellation can be taken back. */
export const UNDO_MINUTES = 10;

/**
 * Takes a cancellation back while it is fresh: the reservation is what it was, if its slot is still free. Only who
 * cancelled, or an approver, may.
 *
 * @throws {Conflict} when it was cancelled too long ago, or somebody has the slot now
 */
export async function restore(sql: Sql, actor: Actor, id: string, now: Temporal.Instant): Promise<Status> {
  const before = await getReservation(sql, actor, id);
  const last = await lastCancellation(sql, before.id);
  permit(actor, "restore", last?.actor_id ?? before.requester_id);
  // What is not cancelled at all is left to the diagram, which says what it is.
  if (before.status === "cancelled" && !restorable(before, now)) {
    const begun = Temporal.Instant.compare(before.start_time, now) <= 0;
    const why = begun ? "the start has passed" : `${UNDO_MINUTES} minutes have passed`;
    throw new Conflict(`This cancellation can no longer be taken back: ${why}`);
  }
  const wish: Wish = { ...before, ...wantedBy(before), except: before.id };
  const rules = await rulesOf(sql, wish.resource_ids, { fresh: true });
  const gone = rules.find((r) => r.deactivated);
  if (gone) throw new Conflict(`${gone.name} cannot be reserved at present`);
  const to = last?.status ?? "pending";
  if (before.status === "cancelled") await letGo(sql, wish, now);
  const back = await transaction(sql, async (tx) => {
    const { holds, held_until } = holdOf(to, rules, now);
    await transition(tx, actor, { id: before.id, action: "restore", to, held_until }, now);
    await withdraw(tx, before.id);
    await letGoMissed(tx, wish, now);
    if (!await take(tx, { reservation_id: before.id, ...wish, holds })) throw new GiveUp();
    return true;
  }).catch((error) => {
    if (!(error instanceof GiveUp)) throw error;
  });
  if (back) return to;
  await refuseIfTaken(sql, actor, wish, now);
  throw new Conflict("This time was taken a moment ago");
}

/** Whether a cancellation is fresh enough to be taken back at `now`. */
export function restorable(reservation: Reservation, now: Temporal.Instant): boolean {
  const until = reservation.updated_at.add({ minutes: UNDO_MINUTES });
  const begins = reservation.start_time;
  return reservation.status === "cancelled" && Temporal.Instant.compare(now, until) < 0 &&
    Temporal.Instant.compare(now, begins) < 0;
}

/** The slot cannot be had after all: what was done for it is taken back with its transaction. */
export class GiveUp extends Error {}

interface Move {
  wish: Wish;
  rules: Rules[];
  to: Changed;
}

// Undefined where the slot stays as it is.
async function plannedMove(
  sql: Db,
  actor: Actor,
  before: Reservation,
  asked: Change,
  now: Temporal.Instant,
): Promise<Move | undefined> {
  const had = wantedBy(before);
  const ids = asked.resource_ids ?? had.resource_ids;
  const kept = Object.entries(had.quantities).filter(([id]) => ids.includes(id));
  const wish: Wish = {
    start_time: asked.start_time ?? before.start_time,
    end_time: asked.end_time ?? before.end_time,
    ...wantedOf(ids, { ...Object.fromEntries(kept), ...asked.quantities }),
    except: before.id,
    requester_id: before.requester_id,
    attendees: before.attendees ?? undefined,
    answers: before.answers,
    attested: true,
  };
  // What was bumped has lost its slot: to ask for it again is a move as well.
  const asks = before.status === "bumped" &&
    Boolean(asked.start_time ?? asked.end_time ?? asked.resource_ids ?? asked.quantities);
  if (!asks && sameSlot(before, wish)) return undefined;
  // What has begun may still be made longer or shorter; only a start that is moved must lie ahead.
  wish.keeps_start = Temporal.Instant.compare(wish.start_time, before.start_time) === 0;
  await mustLieAhead(sql, wish, now);
  const rules = await judged(sql, wish, now, { fresh: true });
  return { wish, rules, to: await statusAfterMove(sql, actor, before, wish, rules, now) };
}

async function moveSlot(
  tx: Tx,
  actor: Actor,
  before: Reservation,
  { wish, rules, to, reason }: Omit<Move, "to"> & { to: Status; reason?: string },
  now: Temporal.Instant,
) {
  if (!await stillBind(tx, rules)) throw new GiveUp();
  if (rules.some(hasQuota)) await mustBeWithin(tx, rules, wish, now);
  const times = checkInAfterMove(before, wish, rules, now);
  const period = { ...wish, ...times, time_zone: rules[0].time_zone };
  const details = slotDetails(before, wish);
  const { id, version } = before;
  const { holds, held_until } = holdOf(to, rules, now);
  const step = { id, action: "reschedule", to, reason, period, details, version, held_until } as const;
  await transition(tx, actor, step, now);
  const left = await withdraw(tx, before.id);
  await letGoMissed(tx, wish, now);
  if (!await take(tx, { reservation_id: before.id, ...wish, holds })) throw new GiveUp();
  await closeOff(tx, left, now);
}

function mustBeOpen(before: Reservation, now: Temporal.Instant) {
  if (allows(before, "cancel", now)) return;
  const status = statusAt(before, now).replace("_", " ");
  throw new Conflict(`This reservation cannot be changed: it is already ${status}`);
}

// What is not named stays as it is by now, and what it was is told as it was: others may be changing it, too.
async function reword(
  tx: Tx,
  actor: Actor,
  { id, ...words }: Pick<Change, "purpose" | "private"> & { id: string },
  now: Temporal.Instant,
) {
  const [row] = await tx<Record<"previous_state" | "after_state" | "details", State>[]>`
    with old as (
      select id, status, purpose, private from reservations
      where id = ${id} and status in ('pending', 'approved') for update
    )
    update reservations v set purpose = coalesce(${words.purpose ?? null}, v.purpose),
      private = coalesce(${words.private ?? null}, v.private),
      version = v.version + 1, updated_at = ${now}
    from old where v.id = old.id
    returning json_build_object('status', old.status, 'purpose', old.purpose, 'private', old.private) as previous_state,
      json_build_object('status', v.status, 'purpose', v.purpose, 'private', v.private) as after_state,
      json_build_object('purpose', v.purpose, 'private', v.private) as details`;
  if (!row) throw new Conflict("This reservation was closed a moment ago: it cannot be changed");
  await record(tx, actor, { reservation_id: id, action: "edit", ...row }, now);
}

function sameSlot(before: Reservation, wish: Wish): boolean {
  return Temporal.Instant.compare(before.start_time, wish.start_time) === 0 &&
    Temporal.Instant.compare(before.end_time, wish.end_time) === 0 && wantSame(wantedBy(before), wish);
}

async function statusAfterMove(
  sql: Db,
  actor: Actor,
  before: Reservation,
  wish: Wish,
  rules: Rules[],
  now: Temporal.Instant,
): Promise<Changed> {
  const standing = await standingOf(sql, rules, before.requester_id);
  const asked = { ...wish, recurring: before.series_id !== null };
  if (!rules.some((r) => needsDecision(r, asked, standing))) return "approved";
  if (before.status !== "approved" && before.status !== "bumped") return "pending";
  const same = isWithin(wish, wantedBy(before));
  const within = Temporal.Instant.compare(wish.start_time, before.start_time) >= 0 &&
    Temporal.Instant.compare(wish.end_time, before.end_time) <= 0;
  const smaller = before.status === "approved" && same && within;
  // An approver of both: who decides only where it was does not decide where it is to be.
  const byApprover = actor.id !== before.requester_id && await mayDecide(sql, actor, before, now) &&
    await mayDecide(sql, actor, before, now, wish.resource_ids);
  if (smaller || byApprover) return "approved";
  return before.status === "approved" ? "proposed" : "pending";
}

function slotDetails(before: Reservation, wish: Wish) {
  return {
    start_time: wish.start_time,
    end_time: wish.end_time,
    resource_ids: wish.resource_ids,
    previous_resource_ids: before.resources.map((r) => r.id),
    ...quantityDetails(before, wish),
  };
}

async function lastCancellation(db: Db, id: string) {
  const [row] = await db<{ actor_id: string; status: Status }[]>`
    select actor_id, previous_state ->> 'status' as status from history
    where reservation_id = ${id} and action = 'cancel' order by id desc limit 1`;
  return row;
}
