import { firstOf, unshown, unshownId } from "../db/plans.ts";
import type { Db, Fragment, Tx } from "../db/types.ts";
import { isId } from "../lib/ids.ts";
import { NotFound } from "./errors.ts";
import { type Actor, may } from "./permissions.ts";
import type { Period } from "./periods.ts";
import { hasStatus, type Status, STATUSES } from "./transitions.ts";

export interface ReservedResource {
  id: string;
  name: string;
  kind: string;
  location: string;
  time_zone: string;
  requires_approval: boolean;
  /** How many units of it were asked for. */
  quantity: number;
  /** Whether it is had only with the others. */
  accessory: boolean;
}

export interface Reservation extends Period {
  id: string;
  reference: string;
  requester_id: string;
  requester_name: string;
  status: Status;
  purpose: string;
  private: boolean;
  priority: number;
  attendees: number | null;
  /** What was answered to the questions of the policy, by key. */
  answers: Record<string, string>;
  /** Why an approver set the rules aside for it. */
  override_reason: string | null;
  decision_reason: string | null;
  decided_by_name: string | null;
  decided_at: Temporal.Instant | null;
  /** From when on one can check in, and when it is too late; null where nobody has to. */
  check_in_from: Temporal.Instant | null;
  check_in_until: Temporal.Instant | null;
  /** The series that it is a date of. */
  series_id: string | null;
  version: number;
  created_at: Temporal.Instant;
  updated_at: Temporal.Instant;
  /** What was asked for, sorted by id, accessories last; at least one. Parts that come along with it are not named. */
  resources: ReservedResource[];
}

const REFERENCE = /^r-(\d{1,15})$/i;

/** Whether a text has the form of the reference that people read aloud. */
export function isReference(text: string): boolean {
  return REFERENCE.test(text);
}

/**
 * One reservation, by id or reference, as far as the actor may see it.
 *
 * @throws {NotFound} also where it is somebody else's
 */
export async function getReservation(db: Db, actor: Actor, id: string): Promise<Reservation> {
  const number = REFERENCE.exec(id)?.[1];
  if (!number && !isId(id)) throw new NotFound("This reservation");
  const [row] = await db<Reservation[]>`
    select ${columns(db)} from ${joined(db)}
    where ${number ? db`v.number = ${number}` : db`v.id = ${id}`}`;
  if (!row || !may(actor, "see_reservation", row.requester_id)) throw new NotFound("This reservation");
  return row;
}

/** Keeps a reservation as it is until the transaction ends. No key changes, so what refers to it may be stored meanwhile. */
export async function lockReservation(tx: Tx, id: string): Promise<void> {
  await tx`select id from reservations where id = ${id} for no key update`;
}

/** The columns of a `Reservation`, for a query over `joined()`. */
export function columns(db: Db) {
  return db`v.id, v.reference, v.requester_id, u.name as requester_name, v.status, v.start_time, v.end_time,
    v.purpose, v.private, v.priority, v.attendees, v.answers, v.override_reason, v.decision_reason, d.name as decided_by_name, v.decided_at,
    v.check_in_from, v.check_in_until, v.series_id, v.version, v.created_at, v.updated_at, (
      select coalesce(json_agg(json_build_object('id', r.id, 'name', r.name, 'kind', r.kind, 'location', r.location,
        'time_zone', r.time_zone, 'requires_approval', r.requires_approval, 'quantity', a.asked,
        'accessory', r.accessory) order by r.accessory, r.id), '[]')
      from allocations a join resources r on r.id = a.resource_id
      where a.reservation_id = v.id and a.asked is not null) as resources`;
}

/** Reservations `v`, all or those of a query, with their requester `u` and who decided `d`. */
export function joined(db: Db, source: Fragment = db`reservations`) {
  return db`${source} v join users u on u.id = v.requester_id left join users d on d.id = v.decided_by`;
}

/** What to look for among the reservations that the actor may see. All of it must hold. */
export interface Filter {
  requester_id?: string;
  resource_id?: string;
  /** The status as it is at that moment. */
  status?: { is: Status; at: Temporal.Instant };
  /** Words in the purpose, the reference or the name of a resource. */
  q?: string;
  /** Those that overlap the period from here … */
  from?: Temporal.Instant;
  /** … to here. */
  to?: Temporal.Instant;
  /** Those that are over by then. */
  ended_by?: Temporal.Instant;
  /** Only those that still take or want their time. */
  ahead?: boolean;
  /** The order of their start; ascending where not said. */
  newestFirst?: boolean;
  limit: number;
  /** The last one of the page before. */
  after?: { start_time: Temporal.Instant; id: string };
}

/**
 * Reservations in the order of their start, one more than `limit` where there are more. What begins after `from`, or up
 * to a day before it, is found by start; what lasts longer than a day has an index of its own: however many are over by
 * then, they are not looked at.
 */
export function listReservations(db: Db, actor: Actor, filter: Filter): Promise<Reservation[]> {
  const { newestFirst } = filter;
  const from = filter.from && unshown(db, filter.from);
  const order = newestFirst ? db`v.start_time desc, v.id desc` : db`v.start_time, v.id`;
  const found = (among: Fragment, first: Fragment) =>
    db`
    (select v.* from ${among} v where true ${fitting(db, actor, filter)} order by ${order} ${first})`;
  const source = (first: Fragment) =>
    from
      ? db`(${
        found(
          db`(select * from reservations
        where start_time >= ${from} - interval '1 day' and end_time > ${from})`,
          first,
        )
      } union all ${
        // By itself: to the planner, all that somebody has ever had would seem less than what is long.
        found(
          db`(select * from reservations
        where start_time < ${from} - interval '1 day' and end_time > ${from}
          and end_time - start_time > interval '1 day' offset 0)`,
          first,
        )})`
      : found(db`reservations`, first);
  return firstOf(db, filter.limit + 1, (first) =>
    db<Reservation[]>`
    select ${columns(db)} from ${joined(db, source(first))}
    order by ${order} ${first}`);
}

// What else must hold of a reservation `v`.
function fitting(db: Db, actor: Actor, filter: Filter): Fragment {
  const { requester_id, resource_id, status, q, to, ended_by, ahead, newestFirst, after } = filter;
  // What is over has begun before: what lies ahead is not looked at.
  const over = ended_by && unshown(db, ended_by);
  const words = q && `%${q.replace(/[\\%_]/g, "\\$&")}%`;
  return db`
    ${may(actor, "see_reservation") ? db`` : db`and v.requester_id = ${unshownId(db, actor.id)}`}
    ${requester_id ? db`and v.requester_id = ${unshownId(db, requester_id)}` : db``}
    ${status ? db`and ${hasStatus(db, status.is, status.at)}` : db``}
    ${to ? db`and v.start_time < ${to}` : db``}
    ${ahead ? db`and v.status in ('pending', 'approved', 'checked_in')` : db``}
    ${over ? db`and v.end_time <= ${over} and v.start_time < ${over}` : db``}
    ${
    resource_id
      ? db`and exists (select from allocations a where a.reservation_id = v.id and a.resource_id = ${resource_id})`
      : db``
  }
    ${
    words
      ? db`and (v.purpose ilike ${words} or v.reference ilike ${words} or exists (
          select from allocations a join resources r on r.id = a.resource_id
          where a.reservation_id = v.id and a.asked is not null and r.name ilike ${words}))`
      : db``
  }
    ${
    after
      ? newestFirst
        ? db`and (v.start_time, v.id) < (${after.start_time}, ${after.id})`
        : db`and (v.start_time, v.id) > (${after.start_time}, ${after.id})`
      : db``
  }`;
}

/** Whether a text names a status. */
export function isStatus(text: string | undefined): text is Status {
  return STATUSES.some((status) => status === text);
}
