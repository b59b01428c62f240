import { z } from "zod";
import { transaction } from "../db/transaction.ts";
import type { Db, Sql } from "../db/types.ts";
import { permitDecision } from "./approvers.ts";
import { type Alternative, alternativesTo } from "./availability.ts";
import { type Actor, may, permit } from "./permissions.ts";
import { getReservation, listReservations, type Reservation } from "./reservations.ts";
import { Why } from "./texts.ts";
import { allows, type Moved, type Status, transition } from "./transitions.ts";

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
  await permitDecision(sql, actor, before, now, { action: "bump" });
  return transaction(sql, (tx) => transition(tx, actor, { id: before.id, action: "bump", reason }, now));
}

/** Who has the time that a request wants. */
export interface Holder {
  id: string;
  reference: string;
  version: number;
  status: Status;
  requester_name: string;
  purpose: string;
  resource_name: string;
  start_time: Temporal.Instant;
  end_time: Temporal.Instant;
}

/**
 * What has to give way for a request to be approved, in the order of ids. Of a resource with several units, none of
 * them free, it is the unit whose holders matter least: nobody who has checked in, then the lowest priority, then the
 * fewest, then the newest.
 */
export function holdersInTheWay(db: Db, id: string): Promise<Holder[]> {
  return db<Holder[]>`
    with holders as (
      select a.resource_id, a.unit, v.id, v.status, v.priority, v.created_at
      from allocations mine
      join allocations a on a.resource_id = mine.resource_id and a.period && mine.period and a.holds
      join reservations v on v.id = a.reservation_id
      where mine.reservation_id = ${id} and a.reservation_id <> ${id}
    ), units as (
      select h.resource_id, h.unit, bool_or(h.status = 'checked_in') as used, max(h.priority) as priority,
        count(*) as holders, max(h.created_at) as newest
      from holders h join resources r on r.id = h.resource_id and h.unit <= r.units
      group by h.resource_id, h.unit
    ), chosen as (
      select distinct on (u.resource_id) u.resource_id, u.unit
      from units u join resources r on r.id = u.resource_id
      where r.units <= (select count(*) from units other where other.resource_id = u.resource_id)
      order by u.resource_id, u.used, u.priority, u.holders, u.newest desc, u.unit
    )
    select v.id, v.reference, v.version, v.status, u.name as requester_name, v.purpose, v.start_time, v.end_time,
      string_agg(distinct r.name, ', ' order by r.name) as resource_name
    from chosen c
    join holders h on h.resource_id = c.resource_id and h.unit = c.unit
    join reservations v on v.id = h.id
    join users u on u.id = v.requester_id
    join resources r on r.id = c.resource_id
    group by v.id, u.name
    order by v.id`;
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
  const wish = {
    start_time,
    end_time,
    resource_ids: resources.map((r) => r.id),
    except: reservation.id,
    lost: true,
  };
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
