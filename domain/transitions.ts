import type { Db, Tx } from "../db/types.ts";
import { release } from "./allocations.ts";
import { Conflict, NotFound } from "./errors.ts";
import { record, type State, type Verb } from "./history.ts";
import { announce } from "./outbox.ts";
import type { Actor } from "./permissions.ts";
import type { Period } from "./periods.ts";

export const STATUSES = [
  "pending",
  "approved",
  "denied",
  "expired",
  "checked_in",
  "completed",
  "no_show",
  "bumped",
  "cancelled",
] as const;
export type Status = typeof STATUSES[number];

/** The states that hold their slot, whatever the policy. */
export const HOLDING: readonly Status[] = ["approved", "checked_in"];

interface Arrow {
  from: readonly Status[];
  /** Where it leads; several where the policy decides. */
  to: readonly Status[];
  /** Which moment of the reservation must still lie ahead. */
  before?: "start_time" | "end_time";
}

/** The status diagram. */
const ARROWS = {
  approve: { from: ["pending"], to: ["approved"], before: "start_time" },
  deny: { from: ["pending"], to: ["denied"], before: "start_time" },
  cancel: { from: ["pending", "approved"], to: ["cancelled"], before: "end_time" },
  restore: { from: ["cancelled"], to: ["pending", "approved"], before: "end_time" },
  bump: { from: ["approved"], to: ["bumped"], before: "end_time" },
  reschedule: { from: ["pending", "approved", "bumped"], to: ["pending", "approved"], before: "end_time" },
} as const satisfies Partial<Record<Verb, Arrow>>;

export type Transition = keyof typeof ARROWS;

/** What only an approver does to another's reservation: who it was stands on it. */
const DECISIONS: readonly Transition[] = ["approve", "deny", "bump"];

/** The status in which a new reservation begins. */
export function firstStatus(needsApproval: boolean): Status {
  return needsApproval ? "pending" : "approved";
}

/** What a transition leaves behind. */
export interface Moved {
  id: string;
  requester_id: string;
  status: Status;
  start_time: Temporal.Instant;
  end_time: Temporal.Instant;
}

export interface Step {
  id: string;
  action: Transition;
  /** Where the arrow leads to one of several. */
  to?: Status;
  reason?: string;
  /** The version that was looked at: where the reservation has changed since, it is left alone. */
  version?: number;
  /** The new period and the zone its clock shows, for `reschedule`. */
  period?: Period & { time_zone: string };
  /** Until when it holds its slot while it waits; every status that does not wait has no such limit. */
  held_until?: Temporal.Instant | null;
  details?: Record<string, unknown>;
}

/**
 * Moves one reservation along one arrow: compare and swap on the status, what it held let go where the new status
 * holds nothing, one history row, one event. Together with `transitionDue` and the statement that stores a new
 * reservation, the only writer of `status`.
 *
 * @throws {NotFound} when there is no such reservation
 * @throws {Conflict} when its status, or the time, does not allow the arrow; the words say who did what, when
 */
export async function transition(tx: Tx, actor: Actor, step: Step, now: Temporal.Instant): Promise<Moved> {
  const { id, action, reason, period, version = null } = step;
  const { from, to: targets, before }: Arrow = ARROWS[action];
  const to = step.to ?? targets[0];
  const zone = period?.time_zone ?? null;
  const decides = DECISIONS.includes(action);
  const [moved] = await tx<(Moved & { previous_state: State; after_state: State })[]>`
    with old as (
      select id, status, start_time, end_time, decision_reason, purpose from reservations
      where id = ${id} and status = any(${[...from]}) and (${version}::int is null or version = ${version})
        and (${before ?? null}::text is null
          or case when ${before ?? null} = 'start_time' then start_time else end_time end > ${now})
        -- What nobody decided in time has expired, also where the sweep has not said so yet.
        and (status <> 'pending' or start_time > ${now})
      for update
    ), overtaken as (
      -- A change that was asked for is about the slot that it had until now.
      delete from proposals where reservation_id in (select id from old)
    )
    update reservations v set status = ${to}, version = v.version + 1, updated_at = ${now},
      decision_reason = ${reason ?? null}, held_until = ${step.held_until ?? null},
      decided_by = case when ${decides} then ${actor.id}::uuid else v.decided_by end,
      decided_at = case when ${decides} then ${now}::timestamptz else v.decided_at end,
      start_time = coalesce(${period?.start_time ?? null}, v.start_time),
      end_time = coalesce(${period?.end_time ?? null}, v.end_time),
      time_zone = coalesce(${zone}, v.time_zone),
      start_wall = coalesce(${
    period?.start_time ?? null
  }, v.start_time) at time zone coalesce(${zone}, v.time_zone),
      end_wall = coalesce(${period?.end_time ?? null}, v.end_time) at time zone coalesce(${zone}, v.time_zone)
    from old where v.id = old.id
    returning v.id, v.requester_id, v.status, v.start_time, v.end_time,
      json_build_object('status', old.status, 'start_time', old.start_time, 'end_time', old.end_time,
        'purpose', old.purpose, 'decision_reason', old.decision_reason) as previous_state,
      json_build_object('status', v.status, 'start_time', v.start_time, 'end_time', v.end_time,
        'decision_reason', v.decision_reason) as after_state`;
  if (!moved) throw await whyNot(tx, actor, step, now);

  const { previous_state, after_state, ...result } = moved;
  if (to !== "pending" && !HOLDING.includes(to)) await release(tx, [id]);
  const details = { ...step.details, ...(reason ? { reason } : {}) };
  await record(tx, actor, { reservation_id: id, action, details, previous_state, after_state }, now);
  await announce(tx, `reservation.${pastOf(action)}`, id, now);
  return result;
}

const DUE = {
  complete: { to: "completed", event: "reservation.completed" },
  expire: { to: "expired", event: "reservation.expired" },
} as const;

/**
 * Moves what time has decided, at most `limit` at once: approved and past becomes completed, pending at its start
 * becomes expired. Rows that another server works on are passed over.
 *
 * @returns how many moved
 */
export async function transitionDue(
  tx: Tx,
  action: keyof typeof DUE,
  now: Temporal.Instant,
  limit: number,
): Promise<number> {
  const { to, event } = DUE[action];
  const due = action === "complete"
    ? tx`status in ('approved', 'checked_in') and end_time <= ${now} order by end_time`
    : tx`status = 'pending' and start_time <= ${now} order by start_time`;
  const moved = await tx<{ id: string }[]>`
    with due as (
      select id, status, start_time, end_time from reservations where ${due} limit ${limit} for update skip locked
    ), moved as (
      update reservations v set status = ${to}, version = v.version + 1, updated_at = ${now}
      from due where v.id = due.id
      returning v.id, due.status, due.start_time, due.end_time
    ), overtaken as (
      delete from proposals p using moved where p.reservation_id = moved.id
    ), recorded as (
      insert into history (reservation_id, action, previous_state, after_state, at)
      select id, ${action}, json_build_object('status', status, 'start_time', start_time, 'end_time', end_time),
        json_build_object('status', ${to}::text), ${now}
      from moved order by id
    ), announced as (
      insert into outbox (event, reservation_id, created_at) select ${event}, id, ${now} from moved order by id
    )
    select id from moved`;
  // A statement of its own: a row that was moved to another time a moment before it was locked has allocations that
  // the statement above does not see.
  if (moved.length > 0) await release(tx, moved.map(({ id }) => id), { over: action === "complete" });
  return moved.length;
}

/**
 * The status as it is at `now`, right even where the sweep is late: an approved reservation whose end has passed is
 * completed, a pending one whose start has passed is expired.
 */
export function statusAt(
  { status, start_time, end_time }: { status: Status } & Period,
  now: Temporal.Instant,
): Status {
  const past = (instant: Temporal.Instant) => Temporal.Instant.compare(instant, now) <= 0;
  return statusOnce(status, { begun: past(start_time), over: past(end_time) });
}

/** The same for who knows already whether it has begun, and whether it is over. */
export function statusOnce(status: Status, { begun, over }: { begun: boolean; over: boolean }): Status {
  if (HOLDING.includes(status) && over) return "completed";
  if (status === "pending" && begun) return "expired";
  return status;
}

/** The same in SQL, for a query over reservations `v`: those whose status is this one at `now`. */
export function hasStatus(db: Db, status: Status, now: Temporal.Instant) {
  if (status === "pending") return db`(v.status = 'pending' and v.start_time > ${now})`;
  if (status === "expired") {
    return db`(v.status = 'expired' or v.status = 'pending' and v.start_time <= ${now})`;
  }
  if (HOLDING.includes(status)) return db`(v.status = ${status} and v.end_time > ${now})`;
  if (status === "completed") {
    return db`(v.status = 'completed' or v.status = any(${[...HOLDING]}) and v.end_time <= ${now})`;
  }
  return db`v.status = ${status}`;
}

/** Whether the diagram has this arrow from the status as it is at `now`. */
export function allows(
  reservation: { status: Status } & Period,
  action: Transition,
  now: Temporal.Instant,
): boolean {
  const { from, before }: Arrow = ARROWS[action];
  if (before && Temporal.Instant.compare(reservation[before], now) <= 0) return false;
  return from.includes(statusAt(reservation, now));
}

const PAST: Record<Transition, string> = {
  approve: "approved",
  deny: "denied",
  cancel: "cancelled",
  restore: "restored",
  bump: "bumped",
  reschedule: "rescheduled",
};

/** The past form of a verb of the diagram: what an event and a message call it. */
export function pastOf(action: Transition): string {
  return PAST[action];
}

// The compare and swap found nothing: read once more, and say why in words.
async function whyNot(tx: Tx, actor: Actor, { id, action }: Step, now: Temporal.Instant) {
  const [row] = await tx<
    ({ status: Status; by: string | null; by_id: string | null; at: Temporal.Instant | null } & Period)[]
  >`
    select v.status, v.start_time, v.end_time, h.at, u.name as by, h.actor_id as by_id
    from reservations v
    left join lateral (
      -- Whoever gave it this status, not who changed anything else after that.
      select actor_id, at from history
      where reservation_id = v.id and previous_state ->> 'status' is distinct from v.status
      order by id desc limit 1
    ) h on true
    left join users u on u.id = h.actor_id
    where v.id = ${id}`;
  if (!row) return new NotFound("This reservation");
  if (allows(row, action, now)) {
    return new Conflict(
      `This reservation cannot be ${pastOf(action)}: it was changed since you looked at it`,
    );
  }
  const status = statusAt(row, now);
  const said = status === row.status && row.by && row.at
    ? `${status} by ${row.by_id === actor.id ? "you" : row.by}, ${clockOf(row.at, actor.time_zone, now)}`
    : status;
  return new Conflict(
    `This reservation cannot be ${pastOf(action)}: it is already ${said.replaceAll("_", " ")}`,
  );
}

// Only the time where it was today, as a person would say it.
function clockOf(at: Temporal.Instant, zone: string, now: Temporal.Instant): string {
  const there = at.toZonedDateTimeISO(zone);
  const time = there.toPlainTime().toString({ smallestUnit: "minute" });
  const today = there.toPlainDate().equals(now.toZonedDateTimeISO(zone).toPlainDate());
  return today ? time : `${there.toPlainDate()} ${time}`;
}
