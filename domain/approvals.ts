import { z } from "zod";
import type { Sql, Tx } from "../db/types.ts";
import { queueUp, take, withdraw } from "./allocations.ts";
import { lockToDecide } from "./approvers.ts";
import { ATTEMPTS, giveWay, type Holder, holdersInTheWay, SlotIsTaken } from "./bumps.ts";
import { Conflict } from "./errors.ts";
import { freeing, letGo, offerFreedBy } from "./offers.ts";
import { type Actor, permit } from "./permissions.ts";
import { type Wanted, wantedBy } from "./quantities.ts";
import { refuseIfTaken } from "./requests.ts";
import { getReservation } from "./reservations.ts";
import { Why } from "./texts.ts";
import { letGoMissed, type Moved, transition } from "./transitions.ts";

// The change of an approved reservation that is decided on, not the reservation.
const Change = z.string("Give the id of the proposed change");

export const Approval = z.object({
  reason: Why.optional(),
  force_override: z.boolean("Say true or false").optional(),
  change: Change.optional(),
});
export const Denial = z.object({
  change: Change.optional(),
  reason: Why.refine((reason) => reason.length > 0, "Say why: the person who asked will read it"),
});

/** Which request, and as it was when it was looked at. */
export interface Decision {
  id: string;
  reason?: string;
  /** Where the request has another version by now, nothing is decided. */
  version?: number;
}

export interface Approving extends Decision {
  /** Whether to bump what is in the way; all of it, or nothing is done. */
  force_override?: boolean;
  /** What the approver was shown that this bumps: where it is something else by now, nothing is done. */
  bumps?: readonly string[];
}

/**
 * Approves a pending request: takes its slot, all of it, or refuses. With `force_override` whatever is in the way is
 * bumped in the same transaction.
 *
 * @throws {Conflict} when somebody has the slot, or the request was decided already: by whom, and when
 */
export async function approve(
  sql: Sql,
  actor: Actor,
  decision: Approving,
  now: Temporal.Instant,
): Promise<Moved> {
  permit(actor, "see_queue");
  const before = await getReservation(sql, actor, decision.id);
  const step = { ...decision, id: before.id };
  const wish = { ...before, ...wantedBy(before), except: before.id };
  if (before.status === "pending") await letGo(sql, wish, now);
  for (let attempt = 1; attempt <= (decision.force_override ? ATTEMPTS : 1); attempt++) {
    const approved = await freeing(sql, wish.resource_ids, async (tx) => {
      if (decision.force_override) {
        await queueUp(tx, wish.resource_ids);
        await letGoMissed(tx, wish, now);
      }
      const present = await lockToDecide(tx, actor, before.id, now);
      const inTheWay = decision.force_override ? await holdersInTheWay(tx, before.id, now) : [];
      return await grant(tx, actor, { ...step, ...wantedBy(present) }, now, inTheWay);
    }, now).catch((error) => {
      if (!(error instanceof SlotIsTaken)) throw error;
    });
    if (approved) return approved;
  }
  await refuseIfTaken(sql, actor, wish, now);
  throw new Conflict("This time was wanted by another at the same moment: try again");
}

/** Denies a pending request, with a reason that the requester reads. */
export async function deny(
  sql: Sql,
  actor: Actor,
  { id, reason, version }: Decision & { reason: string },
  now: Temporal.Instant,
): Promise<Moved> {
  permit(actor, "see_queue");
  const { resources } = await getReservation(sql, actor, id);
  return await freeing(sql, resources.map((r) => r.id), async (tx) => {
    const before = await lockToDecide(tx, actor, id, now);
    return await transition(tx, actor, { id: before.id, action: "deny", reason, version }, now);
  }, now);
}

async function grant(
  tx: Tx,
  actor: Actor,
  { id, reason, version, bumps, ...wanted }: Approving & Wanted,
  now: Temporal.Instant,
  inTheWay: readonly Holder[] = [],
): Promise<Moved> {
  const ids = inTheWay.map((holder) => holder.id);
  const details = ids.length > 0 ? { bumped: ids } : undefined;
  const moved = await transition(tx, actor, { id, action: "approve", reason, version, details }, now);
  await giveWay(tx, actor, { id, reason, bumps }, inTheWay, now);
  await withdraw(tx, id);
  await letGoMissed(tx, { ...moved, ...wanted }, now);
  if (!await take(tx, { reservation_id: id, ...wanted, ...moved, holds: true })) throw new SlotIsTaken();
  // What those who gave way had beside it.
  if (ids.length > 0) await offerFreedBy(tx, ids, now);
  return moved;
}
