import { z } from "zod";
import { transaction } from "../db/transaction.ts";
import type { Db, Sql, Tx } from "../db/types.ts";
import { isId, newId } from "../lib/ids.ts";
import { closeOff, queueUp, rejoin, reopen, settle, withdraw } from "./allocations.ts";
import { alternativesTo } from "./alternatives.ts";
import {
  type Closed,
  datesFor,
  keepDates,
  minuteOf,
  mustBeFew,
  type Plan,
  Repeats,
} from "./closure_dates.ts";
import { GiveUp, relocate } from "./edits.ts";
import { Conflict, Invalid, NotFound, rethrow } from "./errors.ts";
import { record, type Subject } from "./history.ts";
import { expireOffers, freeing } from "./offers.ts";
import { withdrawOffers } from "./offers_withdrawn.ts";
import { type Actor, permit } from "./permissions.ts";
import type { Period } from "./periods.ts";
import { quantityOf, wantedBy } from "./quantities.ts";
import { columns, joined, type Reservation } from "./reservations.ts";
import { Why } from "./texts.ts";
import { allows, isAhead, transition } from "./transitions.ts";

const Wall = z.string().refine((text) => readWall(text), "Give a date and a time, such as 2026-05-31T14:30");

/** Why something is closed: everybody reads it. */
export const ClosureReason = Why.refine((reason) => reason.length > 0, "Say why: everybody reads it");

/** A closure as an administrator writes it. */
export const NewClosure = z.object({
  reason: ClosureReason,
  everything: z.boolean("Say true or false").default(false),
  resource_ids: z.array(z.guid("Give the id of a resource").toLowerCase()).max(1000).default([]),
  start_wall: Wall,
  end_wall: Wall,
  /** Whose clock; none: that of each resource's own zone. */
  time_zone: z.literal("UTC").nullable().default(null),
  repeats: Repeats.nullable().default(null),
  /** What becomes of reservations that are in the way; where it is not said, they are listed and nothing is done. */
  reservations: z.enum(["leave", "cancel", "move"], "Say leave, cancel or move").optional(),
}).refine(({ everything, resource_ids }) => everything !== resource_ids.length > 0, {
  path: ["resource_ids"],
  message: "Choose what is closed: resources, or everything",
});
export type NewClosure = z.infer<typeof NewClosure>;

/** What became of a reservation that was in the way. */
export interface Outcome {
  reservation: Reservation;
  outcome: "left" | "cancelled" | "moved";
  /** Where it was moved to. */
  to?: Period & { resource_id: string; resource_name: string; time_zone: string };
}

/** Reservations are in the way of a closure, and it was not said what becomes of them. */
export class InTheWayOfClosure extends Conflict {
  override name = "InTheWayOfClosure";
  constructor(readonly affected: readonly Reservation[], again: boolean) {
    const many = affected.length === 1 ? "1 reservation is" : `${affected.length} reservations are`;
    super(
      again
        ? `${many} in the way now, not all of them listed before: look at them again`
        : `${many} in the way: say whether to leave, cancel or move ${affected.length === 1 ? "it" : "them"}`,
      {
        conflicts: affected.flatMap((v) =>
          v.resources.map((r) => ({
            reservation_id: v.id,
            resource_id: r.id,
            start_time: v.start_time,
            end_time: v.end_time,
          }))
        ),
      },
    );
  }
}

const MOST_AFFECTED = 500;

/**
 * Closes resources: all of it, or nothing. What is being stored at the same moment is either among the reservations
 * that are in the way, or refused.
 *
 * @param seen the reservations that were listed before; where others came since, they are listed anew
 * @throws {InTheWayOfClosure} where reservations are in the way and it is not said what becomes of them
 */
export async function close(
  sql: Sql,
  actor: Actor,
  { seen, ...asked }: NewClosure & { seen?: readonly string[] },
  now: Temporal.Instant,
): Promise<{ id: string; outcomes: Outcome[] }> {
  permit(actor, "manage_resources");
  const plan = planOf(asked);
  const mustBeSaid = (affected: readonly Reservation[]) => {
    if (affected.length > MOST_AFFECTED) {
      throw new Conflict(`More than ${MOST_AFFECTED} reservations are in the way: close less at once`);
    }
    const unseen = seen !== undefined && affected.some(({ id }) => !seen.includes(id));
    if (affected.length > 0 && (!asked.reservations || unseen)) {
      throw new InTheWayOfClosure(affected, unseen && asked.reservations !== undefined);
    }
  };
  return await freeing(sql, "anywhere", async (tx) => {
    await expireOffers(tx, "anywhere", now);
    const id = newId(now.epochMilliseconds);
    await keep(tx, actor, { id, ...asked }, now);
    const subject = subjectOf(id, asked.reason);
    await record(tx, actor, { subject, action: "create", after_state: { ...asked } }, now);
    const resources = await lockResources(tx, asked);
    const dates = datesFor(plan, resources, now);
    if (dates.length === 0) {
      throw new Invalid([{ path: "end_wall", message: "This has passed: choose a time that lies ahead" }]);
    }
    mustBeFew(dates, resources);
    // Rows before the table, as everybody has it: whoever decides on one of them meanwhile is not waited for crosswise.
    const known = await affectedBy(tx, dates, now);
    mustBeSaid(known);
    await tx`select id from reservations where id = any(${known.map((v) => v.id)}) order by id for update`;
    await settle(tx);
    const affected = await affectedBy(tx, dates, now);
    mustBeSaid(affected);
    if (asked.reservations === "cancel") await cancelAll(tx, actor, affected, asked.reason, resources, now);
    await keepDates(tx, id, dates);
    await withdrawOffers(tx, actor, dates, now);
    await closeOff(tx, resources.map((r) => r.id), minuteOf(now));
    const outcomes: Outcome[] = [];
    for (const reservation of affected) {
      outcomes.push(await outcomeOf(tx, actor, reservation, asked, resources, now));
    }
    if (outcomes.some(({ outcome }) => outcome === "moved")) {
      await rejoin(tx, id, resources.map((r) => r.id), minuteOf(now));
    }
    return { id, outcomes };
  }, now).catch(rethrow);
}

/** Changes what people read about a closure. */
export async function changeReason(
  sql: Sql,
  actor: Actor,
  { id, reason }: { id: string; reason: string },
  now: Temporal.Instant,
): Promise<void> {
  permit(actor, "manage_resources");
  await transaction(sql, async (tx) => {
    const [before] = isId(id)
      ? await tx<{ reason: string }[]>`select reason from closures where id = ${id} for update`
      : [];
    if (!before) throw new NotFound("This closure");
    await tx`update closures set reason = ${reason}, version = version + 1, updated_at = ${now} where id = ${id}`;
    const states = { previous_state: { reason: before.reason }, after_state: { reason } };
    await record(tx, actor, { subject: subjectOf(id, reason), action: "change", ...states }, now);
  });
}

/**
 * Gives up what lies ahead of a closure: it can be reserved at once. What has passed of it stays on record; where
 * nothing has, nothing stays.
 *
 * @throws {Conflict} where it is over
 */
export async function deleteClosure(
  sql: Sql,
  actor: Actor,
  id: string,
  now: Temporal.Instant,
): Promise<"deleted" | "ended"> {
  permit(actor, "manage_resources");
  const from = minuteOf(now);
  return await freeing(sql, "anywhere", async (tx) => {
    if (!isId(id)) throw new NotFound("This closure");
    // Before the closure, as whoever closes them has it: of two closures of one resource neither waits for the other.
    await queueUp(
      tx,
      (await tx<
        { id: string }[]
      >`select distinct resource_id as id from closure_dates where closure_id = ${id}`)
        .map((row) => row.id),
    );
    const [closure] = await tx<{ reason: string }[]>`select reason from closures where id = ${id} for update`;
    if (!closure) throw new NotFound("This closure");
    const ahead = await tx<{ resource_id: string }[]>`
      select distinct resource_id from closure_dates where closure_id = ${id} and upper(period) > ${from}`;
    if (ahead.length === 0) throw new Conflict("This closure is over: it stays on record");
    await reopen(tx, id, from);
    await tx`delete from closure_dates where closure_id = ${id} and lower(period) >= ${from}`;
    await tx`
      update closure_dates set period = tstzrange(lower(period), ${from}, '[)')
      where closure_id = ${id} and upper(period) > ${from}`;
    const gone = await tx`
      delete from closures c where id = ${id}
        and not exists (select from closure_dates d where d.closure_id = c.id) returning id`;
    await tx`update closures set ended_at = ${now}, version = version + 1, updated_at = ${now} where id = ${id}`;
    // What it had may be another closure's, too.
    await closeOff(tx, ahead.map((row) => row.resource_id), from);
    const previous_state = { reason: closure.reason };
    await record(
      tx,
      actor,
      { subject: subjectOf(id, closure.reason), action: "delete", previous_state },
      now,
    );
    return gone.length > 0 ? "deleted" : "ended";
  }, now);
}

const subjectOf = (id: string, name: string): Subject => ({ kind: "closure", id, name });

function planOf({ start_wall, end_wall, time_zone, repeats }: NewClosure): Plan {
  return { start: readWall(start_wall)!, end: readWall(end_wall)!, time_zone, repeats };
}

/** Reads `2026-05-31T14:30` in the years that are understood; `24:00` is the next midnight. */
export function readWall(text: string): Temporal.PlainDateTime | undefined {
  const [, date, hours, minutes] = /^([1-8]\d{3}-\d{2}-\d{2})T(\d{2}):(\d{2})$/.exec(text) ?? [];
  if (!date || Number(minutes) > 59 || Number(hours) * 60 + Number(minutes) > 1440) return undefined;
  try {
    const day = Temporal.PlainDate.from(date, { overflow: "reject" });
    return day.toPlainDateTime().add({ minutes: Number(hours) * 60 + Number(minutes) });
  } catch {
    return undefined;
  }
}

async function keep(tx: Tx, actor: Actor, asked: NewClosure & { id: string }, now: Temporal.Instant) {
  const { start, end } = planOf(asked);
  await tx`
    insert into closures (id, reason, everything, start_wall, end_wall, time_zone, repeats, created_by, created_at, updated_at)
    values (${asked.id}, ${asked.reason}, ${asked.everything}, ${`${start}`}::text::timestamp,
      ${`${end}`}::text::timestamp, ${asked.time_zone}, ${asked.repeats && tx.json(asked.repeats)},
      ${actor.id}, ${now}, ${now})`;
}

// After the closure itself: whoever adds a resource holds that off until it is there, or is held off.
async function lockResources(tx: Tx, { everything, resource_ids }: NewClosure) {
  const ids = everything
    ? (await tx<{ id: string }[]>`select id from resources`).map(({ id }) => id)
    : [...new Set(resource_ids)];
  await queueUp(tx, ids);
  // Whoever closes a hall closes what it is composed of.
  const resources = await tx<(Closed & { name: string })[]>`
    select id, name, units, time_zone from resources
    where id in (select taken_id from compositions where resource_id = any(${ids})) order by id`;
  if (!ids.every((id) => resources.some((r) => r.id === id))) {
    throw new Invalid([{ path: "resource_ids", message: "A resource does not exist" }]);
  }
  if (resources.length === 0) {
    throw new Invalid([{ path: "resource_ids", message: "There is nothing to close" }]);
  }
  return resources;
}

async function affectedBy(db: Db, dates: ReturnType<typeof datesFor>, now: Temporal.Instant) {
  return await db<Reservation[]>`
    with closing as (
      select d.id, tstzrange(d.start_time, d.end_time, '[)') as period
      from unnest(${dates.map((d) => d.resource_id)}::uuid[], ${
    dates.map((d) => `${d.start_time}`)
  }::timestamptz[],
        ${dates.map((d) => `${d.end_time}`)}::timestamptz[]) as d (id, start_time, end_time)
    ), hit as (
      select distinct v.id
      from reservations v
      join allocations a on a.reservation_id = v.id
      join closing on closing.id = a.resource_id and closing.period && a.period
      where ${isAhead(db, now)}
    )
    select ${columns(db)} from ${joined(db)} where v.id in (select id from hit)
    order by v.start_time, v.id limit ${MOST_AFFECTED + 1}`;
}

async function cancelAll(
  tx: Tx,
  actor: Actor,
  affected: readonly Reservation[],
  reason: string,
  resources: readonly { id: string; name: string }[],
  now: Temporal.Instant,
) {
  for (const v of affected) {
    if (!allows(v, "cancel", now)) continue;
    await transition(tx, actor, { id: v.id, action: "cancel", reason: told(v, reason, resources) }, now);
  }
}

async function outcomeOf(
  tx: Tx,
  actor: Actor,
  reservation: Reservation,
  { reservations, reason }: NewClosure,
  resources: readonly (Closed & { name: string })[],
  now: Temporal.Instant,
): Promise<Outcome> {
  if (reservations === "cancel") {
    return { reservation, outcome: allows(reservation, "cancel", now) ? "cancelled" : "left" };
  }
  const begun = Temporal.Instant.compare(reservation.start_time, now) <= 0;
  if (reservations !== "move" || begun || !allows(reservation, "reschedule", now)) {
    return { reservation, outcome: "left" };
  }
  const to = await moved(tx, actor, reservation, told(reservation, reason, resources), now);
  return to ? { reservation, outcome: "moved", to } : { reservation, outcome: "left" };
}

// Inside a savepoint, in which its own slot is closed already: what cannot be moved is where it was.
async function moved(
  tx: Tx,
  actor: Actor,
  before: Reservation,
  reason: string,
  now: Temporal.Instant,
): Promise<Outcome["to"]> {
  const { start_time, end_time, requester_id, answers, attendees } = before;
  const wanted = wantedBy(before);
  const wish = { start_time, end_time, ...wanted, requester_id, answers, attendees, except: before.id };
  return await tx.savepoint(async (inner) => {
    const left = await withdraw(inner, before.id);
    await closeOff(inner, left, minuteOf(now));
    const offered = await alternativesTo(inner, { ...wish, attested: true }, now);
    const sameTime = offered.find((slot) => Temporal.Instant.compare(slot.start_time, start_time) === 0);
    const to = sameTime ?? offered[0];
    if (!to) throw new GiveUp();
    const [quantity] = wanted.resource_ids.map((id) => quantityOf(wanted.quantities, id));
    const slot = {
      ...{ start_time: to.start_time, end_time: to.end_time, reason },
      ...{ resource_ids: [to.resource_id], quantities: { [to.resource_id]: quantity } },
    };
    await relocate(inner, actor, before, slot, now);
    return to;
  }).catch((error) => {
    if (error instanceof GiveUp || error instanceof Conflict || error instanceof Invalid) return undefined;
    throw error;
  });
}

function told(v: Reservation, reason: string, resources: readonly { id: string; name: string }[]): string {
  const names = resources.filter(({ id }) => v.resources.some((r) => r.id === id)).map(({ name }) => name);
  // Only a part of what it has is closed.
  if (names.length === 0) {
    return `Part of ${v.resources.map((r) => r.name).join(" and ")} is closed then: ${reason}`;
  }
  return `${names.join(" and ")} ${names.length > 1 ? "are" : "is"} closed then: ${reason}`;
}
