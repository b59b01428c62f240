import { z } from "zod";
import { transaction } from "../db/transaction.ts";
import type { Sql } from "../db/types.ts";
import { permitDecision } from "./approvers.ts";
import { type Alternative, alternativesTo } from "./availability.ts";
import { type Actor, may, permit } from "./permissions.ts";
import { getReservation, listReservations, type Reservation } from "./reservations.ts";
import { Why } from "./texts.ts";
import { allows, type Moved, transition } from "./transitions.ts";

export const Bump = z.object({
  reason: Why.refine((reason) => reason.length > 0, "Say why: the person whose time it is will read it"),
});

/**
 * Takes the slot of an approved reservation, for another with more right to it. Its requester reads the reason, and
 * may move it to another time.
 *
 * @throws {Conflict} when it is no longer approved: what it is, by whom, and since when
 */
export async function bump(
  sql: Sql,
  actor: Actor,
  { id, reason }: { id: string; reason: string },
  now: Temporal.Instant,
): Promise<Moved> {
  permit(actor, "see_queue");
  const before = await getReservation(sql, actor, id);
  await permitDecision(sql, actor, before, "bump");
  return transaction(sql, (tx) => transition(tx, actor, { id: before.id, action: "bump", reason }, now));
}

/**
 * What is free instead of a reservation that was bumped, for those who may take it; undefined for others, and for
 * reservations that have their slot.
 */
export async function insteadOf(
  sql: Sql,
  actor: Actor,
  reservation: Reservation,
  now: Temporal.Instant,
): Promise<Alternative[] | undefined> {
  const { status, requester_id, start_time, end_time, resources } = reservation;
  if (status !== "bumped" || !allows(reservation, "reschedule", now)) return undefined;
  if (!may(actor, "edit_reservation", requester_id)) return undefined;
  const wish = { start_time, end_time, resource_ids: resources.map((r) => r.id), except: reservation.id };
  return await alternativesTo(sql, wish, now);
}

/** So many bumped reservations are shown to whoever they were taken from. */
const SHOWN = 5;

/** What was taken from a person and still lies ahead, soonest first, and what is free instead of the first of them. */
export async function listBumped(sql: Sql, actor: Actor, now: Temporal.Instant) {
  const bumped = (await listReservations(sql, actor, {
    requester_id: actor.id,
    status: { is: "bumped", at: now },
    from: now,
    limit: SHOWN,
  })).slice(0, SHOWN);
  // Only one of them is looked at as closely: a page asks a fixed number of questions.
  return {
    bumped,
    alternatives: bumped.length > 0 ? await insteadOf(sql, actor, bumped[0], now) : undefined,
  };
}
