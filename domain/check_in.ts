import { transaction } from "../db/transaction.ts";
import type { Db, Sql } from "../db/types.ts";
import { freeing } from "./offers.ts";
import { type Actor, may, permit } from "./permissions.ts";
import { columns, getReservation, joined, type Reservation } from "./reservations.ts";
import { hasStatus, type Moved, transition } from "./transitions.ts";

/**
 * Says that whoever a reservation is for has come: they say it themselves, or staff do for them.
 *
 * @throws {NotFound} {Forbidden}
 * @throws {Conflict} where it is too early, too late, not needed, or the slot was given to another
 */
export async function checkIn(sql: Sql, actor: Actor, id: string, now: Temporal.Instant): Promise<Moved> {
  const before = await getReservation(sql, actor, id);
  permit(actor, "check_in", before.requester_id);
  return await transaction(sql, (tx) => transition(tx, actor, { id: before.id, action: "check_in" }, now));
}

/**
 * Ends a reservation before its time: it lasted until `now`, and the rest of its slot is free at once. The history
 * keeps until when it was to last.
 *
 * @throws {NotFound} {Forbidden}
 * @throws {Conflict} where it has not begun, or is over
 */
export async function endEarly(sql: Sql, actor: Actor, id: string, now: Temporal.Instant): Promise<Moved> {
  const before = await getReservation(sql, actor, id);
  permit(actor, "end", before.requester_id);
  const where = before.resources.map((r) => r.id);
  const step = { id: before.id, action: "end" } as const;
  return await freeing(sql, where, (tx) => transition(tx, actor, step, now), now);
}

/** So many are shown of those who may check in at one moment. */
const AT_MOST = 50;

/**
 * The reservations in which somebody can check in at `now`, soonest too late first: the actor's own; those of
 * everybody, for staff who ask for them.
 */
export function listToCheckIn(
  db: Db,
  actor: Actor,
  { resource_id, everybodys = false }: { resource_id?: string; everybodys?: boolean },
  now: Temporal.Instant,
): Promise<Reservation[]> {
  return db<Reservation[]>`
    select ${columns(db)} from ${joined(db)}
    where ${hasStatus(db, "approved", now)} and v.check_in_until > ${now} and v.check_in_from <= ${now}
      ${everybodys && may(actor, "check_in") ? db`` : db`and v.requester_id = ${actor.id}`}
      ${
    resource_id
      ? db`and exists (select from allocations a where a.reservation_id = v.id and a.resource_id = ${resource_id})`
      : db``
  }
    order by v.check_in_until, v.id limit ${AT_MOST}`;
}

/** Whether a check-in is due on a resource, whoever has it: for a page that names nobody. */
export async function isCheckInDue(db: Db, resource_id: string, now: Temporal.Instant): Promise<boolean> {
  const [{ due }] = await db<{ due: boolean }[]>`
    select exists (
      select from reservations v join allocations a on a.reservation_id = v.id
      where a.resource_id = ${resource_id} and a.holds and ${hasStatus(db, "approved", now)}
        and v.check_in_until > ${now} and v.check_in_from <= ${now}) as due`;
  return due;
}
