import { z } from "zod";
import { transaction } from "../db/transaction.ts";
import type { Db, Sql } from "../db/types.ts";
import { take, withdraw } from "./allocations.ts";
import type { InTheWay } from "./availability.ts";
import { Conflict, NotFound } from "./errors.ts";
import { type Actor, permit } from "./permissions.ts";
import { refuseIfTaken } from "./requests.ts";
import { columns, getReservation, joined, type Reservation } from "./reservations.ts";
import { Why } from "./texts.ts";
import { type Moved, transition } from "./transitions.ts";

export const Approval = z.object({ reason: Why.optional() });
export const Denial = z.object({
  reason: Why.refine((reason) => reason.length > 0, "Say why: the person who asked will read it"),
});

/**
 * Approves a pending request: takes its slot, all of it, or refuses.
 *
 * @throws {Conflict} when somebody has the slot, or the request was decided already: by whom, and when
 */
export async function approve(
  sql: Sql,
  actor: Actor,
  { id, reason }: { id: string; reason?: string },
  now: Temporal.Instant,
): Promise<Moved> {
  const before = await decidable(sql, actor, id);
  const approved = await transaction(sql, async (tx) => {
    const moved = await transition(tx, actor, { id: before.id, action: "approve", reason }, now);
    const resource_ids = await withdraw(tx, before.id);
    if (!await take(tx, { reservation_id: before.id, resource_ids, ...moved, holds: true })) {
      throw new SlotIsTaken();
    }
    return moved;
  }).catch((error) => {
    if (!(error instanceof SlotIsTaken)) throw error;
  });
  if (approved) return approved;
  const wish = { ...before, resource_ids: before.resources.map((r) => r.id), except: before.id };
  await refuseIfTaken(sql, actor, wish, now);
  throw new Conflict("This time was wanted by another at the same moment: try again");
}

/** Denies a pending request, with a reason that the requester reads. */
export async function deny(
  sql: Sql,
  actor: Actor,
  { id, reason }: { id: string; reason: string },
  now: Temporal.Instant,
): Promise<Moved> {
  const before = await decidable(sql, actor, id);
  return transaction(sql, (tx) => transition(tx, actor, { id: before.id, action: "deny", reason }, now));
}

/** A request in the queue, with what stands in its way and who else wants the time. */
export interface Pending extends Reservation {
  conflicts: Rival[];
  competitors: Rival[];
}

/** Another reservation over the same time on the same resource. */
export type Rival = Pick<InTheWay, "reservation_id" | "resource_name" | "requester_name" | "purpose"> & {
  /** None where it is a closure: its purpose is why. */
  reference: string | null;
  start_time: Temporal.Instant;
  end_time: Temporal.Instant;
};

/** The pending requests that can still be decided, soonest first. */
export async function listPending(
  db: Db,
  actor: Actor,
  { limit, offset = 0 }: { limit: number; offset?: number },
  now: Temporal.Instant,
): Promise<Pending[]> {
  permit(actor, "see_queue");
  return await queue(db, db`v.status = 'pending' and v.start_time > ${now}`, { limit, offset });
}

/** One request as the queue shows it, whatever its status; for the row that changes. */
export async function getPending(db: Db, actor: Actor, id: string): Promise<Pending> {
  permit(actor, "see_queue");
  const { id: known } = await getReservation(db, actor, id);
  const [row] = await queue(db, db`v.id = ${known}`, { limit: 1, offset: 0 });
  if (!row) throw new NotFound("This request");
  return row;
}

/** How many requests wait for a decision. */
export async function countPending(db: Db, now: Temporal.Instant): Promise<number> {
  const [{ count }] = await db<{ count: number }[]>`
    select count(*)::int as count from reservations where status = 'pending' and start_time > ${now}`;
  return count;
}

class SlotIsTaken extends Error {}

async function decidable(sql: Sql, actor: Actor, id: string): Promise<Reservation> {
  permit(actor, "see_queue");
  const before = await getReservation(sql, actor, id);
  permit(actor, "decide", before.requester_id);
  return before;
}

// Competitors are found among the pending ones only: they are few, and a partial index has them by their start.
async function queue(db: Db, which: ReturnType<Db>, { limit, offset }: { limit: number; offset: number }) {
  const rival =
    db`json_build_object('reservation_id', o.id, 'reference', o.reference, 'resource_name', r.name,
    'requester_name', ou.name, 'purpose', o.purpose, 'start_time', o.start_time, 'end_time', o.end_time)
    order by o.start_time, o.created_at, o.id`;
  const full = db`r.units <= (select count(distinct h.unit) from allocations h
    where h.holds and h.resource_id = r.id and h.period && mine.period and h.reservation_id is distinct from v.id)`;
  const rows = await db<(Pending & { closures: Rival[] })[]>`
    select ${columns(db)},
      coalesce((
        select json_agg(${rival})
        from allocations mine join allocations a on a.resource_id = mine.resource_id and a.holds
          and a.period && mine.period and a.reservation_id <> v.id
        join resources r on r.id = a.resource_id
        join reservations o on o.id = a.reservation_id
        join users ou on ou.id = o.requester_id
        where mine.reservation_id = v.id and ${full}), '[]')
        as conflicts,
      coalesce((
        select json_agg(json_build_object('reservation_id', null, 'reference', null, 'resource_name', k.name,
          'requester_name', '', 'purpose', k.reason, 'start_time', k.start_time, 'end_time', k.end_time)
          order by k.start_time)
        from (
          select distinct r.name, c.id, c.reason, lower(d.period) as start_time, upper(d.period) as end_time
          from allocations mine join allocations a on a.resource_id = mine.resource_id and a.holds
            and a.period && mine.period
          join closures c on c.id = a.closure_id
          join closure_dates d on d.closure_id = c.id and d.resource_id = a.resource_id and d.period && a.period
          join resources r on r.id = a.resource_id
          where mine.reservation_id = v.id and ${full}
        ) k), '[]') as closures,
      coalesce((
        select json_agg(${rival})
        from reservations o
        join allocations a on a.reservation_id = o.id
        join allocations mine on mine.resource_id = a.resource_id and mine.period && a.period
        join resources r on r.id = a.resource_id
        join users ou on ou.id = o.requester_id
        where mine.reservation_id = v.id and o.status = 'pending' and o.id <> v.id
          and o.start_time < v.end_time and o.end_time > v.start_time), '[]') as competitors
    from ${joined(db)}
    where ${which}
    order by v.start_time, v.created_at, v.id
    limit ${limit} offset ${offset}`;
  return rows.map(({ closures, ...row }) => ({
    ...row,
    conflicts: [...closures, ...row.conflicts].map(withInstants),
    competitors: row.competitors.map(withInstants),
  }));
}

// JSON from the database carries instants as text.
function withInstants(rival: Rival): Rival {
  const instant = (text: unknown) => Temporal.Instant.from(String(text));
  return { ...rival, start_time: instant(rival.start_time), end_time: instant(rival.end_time) };
}
