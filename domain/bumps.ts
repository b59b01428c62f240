import { z } from "zod";
import type { Db, Fragment, Sql, Tx } from "../db/types.ts";
import { notMissed, takes } from "./allocations.ts";
import { lockToDecide } from "./approvers.ts";
import { type Alternative, alternativesTo } from "./alternatives.ts";
import { Conflict } from "./errors.ts";
import { giveUpHold } from "./holds.ts";
import { freeing } from "./offers.ts";
import { type Actor, may, permit } from "./permissions.ts";
import type { Period } from "./periods.ts";
import { wantedBy } from "./quantities.ts";
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
  const { resources } = await getReservation(sql, actor, id);
  return await freeing(sql, resources.map((r) => r.id), async (tx) => {
    const before = await lockToDecide(tx, actor, id, now, "bump");
    return await transition(tx, actor, { id: before.id, action: "bump", reason }, now);
  }, now);
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
 * What has to give way for reservation `id` to have what is `wanted`, which is what it asked for
 * where nothing else is named; in the order of ids. Of a resource with several units, too few of
 * them free, it is the units whose holders matter least, as many as are missing: nobody who has checked in, then the
 * lowest priority, then the fewest, then the newest. Who has not checked in in time is in nobody's way at `now`.
 */
export function holdersInTheWay(
  db: Db,
  id: string,
  now: Temporal.Instant,
  wanted: Fragment = takes(db, id),
): Promise<Holder[]> {
  return db<Holder[]>`
    with holders as (
      select a.resource_id, a.unit, mine.quantity, v.id, v.status, v.priority, v.created_at
      from (${wanted}) mine
      join allocations a on a.resource_id = mine.resource_id and a.period && mine.period and a.holds
      join reservations v on v.id = a.reservation_id
      where a.reservation_id <> ${id} and ${notMissed(db, now)}
    ), units as (
      select h.resource_id, h.unit, max(h.quantity) as quantity, bool_or(h.status = 'checked_in') as used, max(h.priority) as priority,
        count(*) as holders, max(h.created_at) as newest
      from holders h join resources r on r.id = h.resource_id and h.unit <= r.units
      group by h.resource_id, h.unit
    ), chosen as (
      select u.resource_id, u.unit from (
        select *, row_number() over (partition by resource_id
            order by used, priority, holders, newest desc, unit) as place,
          count(*) over (partition by resource_id) as held
        from units
      ) u join resources r on r.id = u.resource_id
      where u.place <= u.quantity + u.held - r.units
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

/** A date of a closure that no override opens. */
export interface ClosedThen extends Period {
  resource_name: string;
  reason: string;
}

/**
 * What is closed of what is wanted for reservation `id`: also where somebody was left in it, for it takes what they
 * give up. What the reservation itself holds of it stays its own.
 */
export function closuresInTheWay(
  db: Db,
  id: string,
  wanted: Fragment = takes(db, id),
): Promise<ClosedThen[]> {
  return db<ClosedThen[]>`
    select r.name as resource_name, c.reason, lower(d.period) as start_time, upper(d.period) as end_time
    from (${wanted}) mine
    join closure_dates d on d.resource_id = mine.resource_id and d.period && mine.period
    join closures c on c.id = d.closure_id
    join resources r on r.id = d.resource_id
    where not tstzmultirange(d.period * mine.period) <@ (
      select coalesce(range_agg(a.period), '{}') from allocations a
      where a.reservation_id = ${id} and a.resource_id = mine.resource_id and a.holds)
    order by lower(d.period), c.id, r.id`;
}

/** How often an override begins anew because what is in the way has changed under it. */
export const ATTEMPTS = 12;

/** What those are told who are bumped without a word. */
const NO_REASON = "Its time was given to another reservation";

/** The slot cannot be had after all: what was done for it is taken back with its transaction. */
export class SlotIsTaken extends Error {}

/** For whom others give way. */
interface Favoured {
  id: string;
  reason?: string;
  /** What the approver was shown that this bumps: where it is something else by now, nothing is done. */
  bumps?: readonly string[];
}

/**
 * Bumps what is in the way of a reservation, all of it, in the transaction that gives it the slot.
 *
 * @throws {Conflict} where it is something else than what was shown, or is in use
 * @throws {SlotIsTaken} where it was given up or moved a moment ago: what is in the way now is to be looked at anew
 */
export async function giveWay(
  tx: Tx,
  actor: Actor,
  { id, reason, bumps }: Favoured,
  inTheWay: readonly Holder[],
  now: Temporal.Instant,
): Promise<void> {
  if (bumps && inTheWay.some((holder) => !bumps.includes(holder.id))) {
    throw new Conflict("What is in the way has changed since you looked at it: look at it again");
  }
  for (const holder of inTheWay) await push(tx, actor, holder, { id, reason: reason || NO_REASON }, now);
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
    ...wantedBy({ resources }),
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

// What waits for a decision itself and holds its slot meanwhile has nothing that could be bumped: it waits on, without.
async function push(
  tx: Tx,
  actor: Actor,
  holder: Holder,
  { id, reason }: { id: string; reason: string },
  now: Temporal.Instant,
) {
  if (holder.status === "checked_in") {
    const { resource_name, requester_name } = holder;
    throw new Conflict(
      `${resource_name} is in use by ${requester_name}: whoever has checked in is not bumped`,
    );
  }
  if (holder.status === "pending") {
    if (!await giveUpHold(tx, actor, holder, reason, now)) throw new SlotIsTaken();
    return;
  }
  const { version } = holder;
  const step = { id: holder.id, action: "bump", reason, version, details: { for: id } } as const;
  await transition(tx, actor, step, now).catch((error) => {
    // It was given up or moved a moment ago: what is in the way now is looked at anew.
    throw error instanceof Conflict ? new SlotIsTaken() : error;
  });
}
