import type { Db, Fragment, Tx } from "../db/types.ts";
import { cutShort, release } from "./allocations.ts";
import type { CheckInTimes } from "./check_in_times.ts";
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
  /** Which must have passed. */
  after?: "start_time" | "check_in_from";
}

/** The status diagram. */
const ARROWS = {
  approve: { from: ["pending"], to: ["approved"], before: "start_time" },
  deny: { from: ["pending"], to: ["denied"], before: "start_time" },
  cancel: { from: ["pending", "approved"], to: ["cancelled"], before: "end_time" },
  restore: { from: ["cancelled"], to: ["pending", "approved"], before: "end_time" },
  bump: { from: ["approved"], to: ["bumped"], before: "end_time" },
  check_in: { from: ["approved"], to: ["checked_in"], after: "check_in_from", before: "end_time" },
  end: { from: ["approved", "checked_in"], to: ["completed"], after: "start_time", before: "end_time" },
  reschedule: { from: ["pending", "approved", "bumped"], to: ["pending", "approved"], before: "end_time" },
} as const satisfies Partial<Record<Verb, Arrow>>;

export type Transition = keyof typeof ARROWS;

/** What only an approver does to another's reservation: who it was stands on it. */
const DECISIONS: readonly Transition[] = ["approve", "deny", "bump"];

/** The status in which a new reservation begins. */
export function firstStatus(needsApproval: boolean): Status {
  return needsApproval ? "pending" : "approved";
}

/** What the status is told by, together with the clock. */
export type Timed = { status: Status } & Period & Pick<CheckInTimes, "check_in_until">;

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
  period?: Period & CheckInTimes & { time_zone: string };
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
  const { from, to: targets, before, after }: Arrow = ARROWS[action];
  const to = step.to ?? targets[0];
  const zone = period?.time_zone ?? null;
  const decides = DECISIONS.includes(action);
  // Whatever ends early has lasted until now.
  const end_time = action === "end" ? now : period?.end_time ?? null;
  const times = period ?? { check_in_from: null, check_in_until: null };
  const [moved] = await tx<(Moved & { previous_state: State; after_state: State })[]>`
    with old as (
      select id, status, start_time, end_time, check_in_until, decision_reason, purpose from reservations
      where id = ${id} and status = any(${[...from]}) and (${version}::int is null or version = ${version})
        and (${before ?? null}::text is null
          or case when ${before ?? null} = 'start_time' then start_time else end_time end > ${now})
        and case ${after ?? null}::text when 'start_time' then start_time < ${now}
          when 'check_in_from' then check_in_from <= ${now} else true end
        -- What nobody decided in time has expired, and who did not come in time has lost it, also where the sweep has
        -- not said so yet.
        and (status <> 'pending' or start_time > ${now})
        and (status <> 'approved' or check_in_until is null or check_in_until > ${now})
      for update
    )
    update reservations v set status = ${to}, version = v.version + 1, updated_at = ${now},
      decision_reason = ${reason ?? null}, held_until = ${step.held_until ?? null},
      decided_by = case when ${decides} then ${actor.id}::uuid else v.decided_by end,
      decided_at = case when ${decides} then ${now}::timestamptz else v.decided_at end,
      start_time = coalesce(${period?.start_time ?? null}, v.start_time),
      end_time = coalesce(${end_time}, v.end_time),
      check_in_from = case when ${period !== undefined} then ${times.check_in_from}::timestamptz
        when v.check_in_from is not null then least(v.check_in_from, ${end_time}) end,
      check_in_until = case when ${period !== undefined} then ${times.check_in_until}::timestamptz
        when v.check_in_until is not null then least(v.check_in_until, ${end_time}) end,
      time_zone = coalesce(${zone}, v.time_zone),
      start_wall = coalesce(${
    period?.start_time ?? null
  }, v.start_time) at time zone coalesce(${zone}, v.time_zone),
      end_wall = coalesce(${end_time}, v.end_time) at time zone coalesce(${zone}, v.time_zone)
    from old where v.id = old.id
    returning v.id, v.requester_id, v.status, v.start_time, v.end_time,
      jsonb_build_object('status', old.status, 'start_time', old.start_time, 'end_time', old.end_time,
        'purpose', old.purpose, 'decision_reason', old.decision_reason) || case when old.check_in_until is null
        then '{}' else jsonb_build_object('check_in_until', old.check_in_until) end as previous_state,
      json_build_object('status', v.status, 'start_time', v.start_time, 'end_time', v.end_time,
        'decision_reason', v.decision_reason) as after_state`;
  if (!moved) throw await whyNot(tx, actor, step, now);

  const { previous_state, after_state, ...result } = moved;
  // A change that was asked for is about the slot that it had until now. A statement of its own: the one above does not
  // see what was asked for while it waited for the row.
  await tx`delete from proposals where reservation_id = ${id}`;
  if (action === "end") {
    await cutShort(tx, id, now.until(Temporal.Instant.from(`${previous_state.end_time}`)), now);
  } else if (to !== "pending" && !HOLDING.includes(to)) await release(tx, [id]);
  const details = { ...step.details, ...(reason ? { reason } : {}) };
  await record(tx, actor, { reservation_id: id, action, details, previous_state, after_state }, now);
  await announce(tx, `reservation.${pastOf(action)}`, id, now);
  return result;
}

const DUE = {
  // That a time is over is no news.
  complete: { to: "completed", event: "reservation.completed", news: false },
  expire: { to: "expired", event: "reservation.expired", news: true },
  no_show: { to: "no_show", event: "reservation.no_show", news: true },
} as const;

/**
 * Moves what time has decided, at most `limit` at once: in use and past becomes completed, pending at its start
 * becomes expired, approved without the check-in that it needed becomes a no-show. Rows that another server works on
 * are passed over.
 *
 * @returns how many moved
 */
export async function transitionDue(
  tx: Tx,
  action: keyof typeof DUE,
  now: Temporal.Instant,
  limit: number,
): Promise<number> {
  const due = action === "complete"
    ? tx`status in ('approved', 'checked_in') and end_time <= ${now}
        and (status = 'checked_in' or check_in_until is null) order by end_time`
    : action === "expire"
    ? tx`status = 'pending' and start_time <= ${now} order by start_time`
    : tx`status = 'approved' and check_in_until <= ${now} order by check_in_until`;
  const moved = await moveDue(tx, action, { due: tx`${due} limit ${limit} for update skip locked` }, now);
  return moved.length;
}

/**
 * Lets go, before the sweep does, of what a period of these resources is held for by those who have not checked in in
 * time. Waits for whoever is doing the same.
 *
 * @returns the ids of those reservations
 */
export async function letGoMissed(
  tx: Tx,
  { resource_ids, start_time, end_time }: Period & { resource_ids: readonly string[] },
  now: Temporal.Instant,
): Promise<string[]> {
  // A day more than wanted, as far as the longest buffers reach.
  const due = tx`status = 'approved' and check_in_until <= ${now}
    and start_time < ${end_time.add({ hours: 48 })} and end_time > ${start_time.subtract({ hours: 48 })}
    and exists (
      select from allocations a
      where a.reservation_id = reservations.id and a.holds and a.resource_id = any(array(
        select taken_id from compositions where resource_id = any(${[...resource_ids]}))))
    order by id for update`;
  return await moveDue(tx, "no_show", { due }, now);
}

async function moveDue(
  tx: Tx,
  action: keyof typeof DUE,
  { due }: { due: Fragment },
  now: Temporal.Instant,
): Promise<string[]> {
  const { to, event, news } = DUE[action];
  const moved = await tx<{ id: string }[]>`
    with due as (
      select id, status, start_time, end_time from reservations where ${due}
    ), moved as (
      update reservations v set status = ${to}, version = v.version + 1, updated_at = ${now}, held_until = null
      from due where v.id = due.id
      returning v.id, v.requester_id, due.status, due.start_time, due.end_time
    ), recorded as (
      insert into history (reservation_id, action, previous_state, after_state, at, news_for)
      select id, ${action}, json_build_object('status', status, 'start_time', start_time, 'end_time', end_time),
        json_build_object('status', ${to}::text), ${now}, case when ${news} then requester_id end
      from moved order by id
    ), announced as (
      insert into outbox (event, reservation_id, created_at) select ${event}, id, ${now} from moved order by id
    )
    select id from moved`;
  // Statements of their own: a row that was moved to another time a moment before it was locked has allocations that
  // the statement above does not see, and one that was to be changed has a wish that it does not see.
  const ids = moved.map(({ id }) => id);
  if (ids.length === 0) return ids;
  await tx`delete from proposals where reservation_id = any(${ids})`;
  await release(tx, ids, { over: action === "complete" });
  return ids;
}

/**
 * The status as it is at `now`, right even where the sweep is late: an approved reservation whose end has passed is
 * completed, a pending one whose start has passed is expired, one that nobody came to in time is a no-show.
 */
export function statusAt(
  { status, start_time, end_time, check_in_until }: Timed,
  now: Temporal.Instant,
): Status {
  const past = (instant: Temporal.Instant) => Temporal.Instant.compare(instant, now) <= 0;
  const missed = check_in_until !== null && past(check_in_until);
  return statusOnce(status, { begun: past(start_time), over: past(end_time), missed });
}

/** The same for who knows already whether it has begun, whether it is over, and whether its check-in was missed. */
export function statusOnce(
  status: Status,
  { begun, over, missed }: { begun: boolean; over: boolean; missed: boolean },
): Status {
  if (status === "approved" && missed) return "no_show";
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
  const came = db`(v.status = 'checked_in' or v.check_in_until is null or v.check_in_until > ${now})`;
  if (HOLDING.includes(status)) return db`(v.status = ${status} and v.end_time > ${now} and ${came})`;
  if (status === "completed") {
    return db`(v.status = 'completed' or v.status = any(${[
      ...HOLDING,
    ]}) and v.end_time <= ${now} and ${came})`;
  }
  if (status === "no_show") {
    return db`(v.status = 'no_show' or v.status = 'approved' and v.check_in_until <= ${now})`;
  }
  return db`v.status = ${status}`;
}

/** The same for those that still take or want their time at `now`. */
export function isAhead(db: Db, now: Temporal.Instant) {
  const [pending, approved, checkedIn] = (["pending", "approved", "checked_in"] as const)
    .map((status) => hasStatus(db, status, now));
  return db`(${pending} or ${approved} or ${checkedIn})`;
}

/** Whether the diagram has this arrow from the status as it is at `now`. */
export function allows(
  reservation: Timed & CheckInTimes,
  action: Transition,
  now: Temporal.Instant,
): boolean {
  const { from, before, after }: Arrow = ARROWS[action];
  if (after && !hasCome(reservation, after, now)) return false;
  if (before && Temporal.Instant.compare(reservation[before], now) <= 0) return false;
  return from.includes(statusAt(reservation, now));
}

// A slot that begins at this very moment has lasted for no time yet.
function hasCome(
  { start_time, check_in_from }: Period & CheckInTimes,
  after: NonNullable<Arrow["after"]>,
  now: Temporal.Instant,
): boolean {
  if (after === "start_time") return Temporal.Instant.compare(start_time, now) < 0;
  return check_in_from !== null && Temporal.Instant.compare(check_in_from, now) <= 0;
}

const PAST: Record<Transition, string> = {
  approve: "approved",
  deny: "denied",
  cancel: "cancelled",
  restore: "restored",
  bump: "bumped",
  check_in: "checked_in",
  end: "ended",
  reschedule: "rescheduled",
};

/** The past form of a verb of the diagram: what an event and a message call it. */
export function pastOf(action: Transition): string {
  return PAST[action];
}

// The compare and swap found nothing: read once more, and say why in words.
async function whyNot(tx: Tx, actor: Actor, { id, action }: Step, now: Temporal.Instant) {
  const [row] = await tx<
    ({ by: string | null; by_id: string | null; at: Temporal.Instant | null } & Timed & CheckInTimes)[]
  >`
    select v.status, v.start_time, v.end_time, v.check_in_from, v.check_in_until, h.at, u.name as by, h.actor_id as by_id
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
  const cannot = `This reservation cannot be ${pastOf(action).replaceAll("_", " ")}`;
  if (allows(row, action, now)) {
    return new Conflict(`${cannot}: it was changed since you looked at it`);
  }
  const status = statusAt(row, now);
  const { from, after }: Arrow = ARROWS[action];
  if (after && from.includes(status) && !hasCome(row, after, now)) {
    return new Conflict(`${cannot}: ${notYet(row, after, actor, now)}`);
  }
  const said = status === row.status && row.by && row.at
    ? `${status} by ${row.by_id === actor.id ? "you" : row.by}, ${clockOf(row.at, actor.time_zone, now)}`
    : status;
  return new Conflict(`${cannot}: it is already ${said.replaceAll("_", " ")}`);
}

function notYet(
  { check_in_from }: CheckInTimes,
  after: NonNullable<Arrow["after"]>,
  actor: Actor,
  now: Temporal.Instant,
): string {
  if (after === "start_time") return "it has not begun";
  return check_in_from
    ? `check-in opens at ${clockOf(check_in_from, actor.time_zone, now)}`
    : "nobody has to check in for it";
}

/** An instant as a person would say it: only the time where it was today. */
export function clockOf(at: Temporal.Instant, zone: string, now: Temporal.Instant): string {
  const there = at.toZonedDateTimeISO(zone);
  const time = there.toPlainTime().toString({ smallestUnit: "minute" });
  const today = there.toPlainDate().equals(now.toZonedDateTimeISO(zone).toPlainDate());
  return today ? time : `${there.toPlainDate()} ${time}`;
}
