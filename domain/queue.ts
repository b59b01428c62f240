import { beginningAt, firstOf, unshown } from "../db/plans.ts";
import type { Db, Fragment } from "../db/types.ts";
import { isId } from "../lib/ids.ts";
import { notMissed, takes, wouldTake } from "./allocations.ts";
import { decidable, theirs } from "./approvers.ts";
import type { InTheWay } from "./availability.ts";
import { NotFound } from "./errors.ts";
import { type Actor, permit } from "./permissions.ts";
import { type Proposal, proposed } from "./proposals.ts";
import { statusAt } from "./transitions.ts";
import { columns, getReservation, joined, type Reservation } from "./reservations.ts";

/** A request in the queue, with what stands in its way and who else wants the time. */
export interface Pending extends Reservation {
  conflicts: Rival[];
  competitors: Rival[];
  decided_by_id: string | null;
  /** What is asked about it and not answered yet. */
  question: string | null;
  /** Whether the one who looks may decide on it. */
  may_decide: boolean;
}

/** Another reservation over the same time on the same resource. */
export type Rival = Pick<InTheWay, "reservation_id" | "resource_name" | "requester_name" | "purpose"> & {
  /** None where it is a closure, of which its purpose is why, or an offer. */
  reference: string | null;
  /** Whether it is held for somebody on the waitlist. */
  offered?: boolean;
  start_time: Temporal.Instant;
  end_time: Temporal.Instant;
};

/**
 * The pending requests that can still be decided: those of higher priority first, then the soonest.
 *
 * @param asked those that wait for an answer of their requester, instead of those that do not
 * @param all whatever the actor may decide, not only what is theirs before it is an administrator's
 */
export async function listPending(
  db: Db,
  actor: Actor,
  { limit, offset = 0, asked = false, all = false }: {
    limit: number;
    offset?: number;
    asked?: boolean;
    all?: boolean;
  },
  now: Temporal.Instant,
): Promise<Pending[]> {
  permit(actor, "see_queue");
  const apart = asked ? isAsked(db) : db`not ${isAsked(db)}`;
  const whose = (all ? decidable : theirs)(db, actor, now, wanted(db));
  const which = db`v.status = 'pending' and v.start_time > ${unshown(db, now)} and ${apart} and ${whose}`;
  return await queue(db, actor, now, which, { limit, offset });
}

// What a request wants, and what a change wants instead: whoever decides there decides.
function wanted(db: Db) {
  return db`select resource_id from allocations where reservation_id = v.id and asked is not null`;
}

function wantedInstead(db: Db) {
  return db`select unnest(p.resource_ids) as resource_id`;
}

// Those are few, and a partial index has them.
function isAsked(db: Db) {
  return db`exists (select from questions q where q.reservation_id = v.id and q.answered_at is null)`;
}

/** One request as the queue shows it, whatever its status; for the row that changes. */
export async function getPending(
  db: Db,
  actor: Actor,
  id: string,
  now: Temporal.Instant,
): Promise<Pending> {
  permit(actor, "see_queue");
  const { id: known } = await getReservation(db, actor, id);
  const [row] = await queue(db, actor, now, db`v.id = ${known}`, { limit: 1, offset: 0 });
  if (!row) throw new NotFound("This request");
  return row;
}

/** Several requests as the queue shows them, whatever their status, by their ids. */
export async function listPendingById(
  db: Db,
  actor: Actor,
  ids: readonly string[],
  now: Temporal.Instant,
): Promise<Pending[]> {
  permit(actor, "see_queue");
  const rows = await queue(db, actor, now, db`v.id = any(${ids.filter(isId)})`, {
    limit: ids.length,
    offset: 0,
  });
  return rows.map((row) => ({ ...row, status: statusAt(row, now) }));
}

/** How much waits for a decision of `actor`: requests, and changes of what is approved; not what waits for an answer. */
export async function countPending(db: Db, actor: Actor, now: Temporal.Instant): Promise<number> {
  const [{ count }] = await db<{ count: number }[]>`
    select (
      select count(*) from reservations v
      where v.status = 'pending' and v.start_time > ${now} and not ${isAsked(db)}
        and ${theirs(db, actor, now, wanted(db))})::int + (
      select count(*) from proposals p join reservations v on v.id = p.reservation_id
      where p.decide_by > ${now} and ${theirs(db, actor, now, wantedInstead(db))})::int as count`;
  return count;
}

/** An approved reservation of which a change is asked for, with what stands in the way of that. */
export interface PendingChange extends Reservation {
  proposal: Proposal;
  conflicts: Rival[];
  may_decide: boolean;
}

/** The changes that wait for a decision, soonest to decide first. */
export async function listChanges(
  db: Db,
  actor: Actor,
  { limit, all = false }: { limit: number; all?: boolean },
  now: Temporal.Instant,
): Promise<PendingChange[]> {
  permit(actor, "see_queue");
  const whose = (all ? decidable : theirs)(db, actor, now, wantedInstead(db));
  const wish = {
    start_time: db`wish.start_time`,
    end_time: db`wish.end_time`,
    resource_ids: db`wish.resource_ids`,
    quantities: db`wish.quantities`,
  };
  const rows = await db<(PendingChange & InJson & { proposal: Record<string, string> })[]>`
    select ${columns(db)}, true as may_decide,
      (select row_to_json(one) from (select ${proposed(db)}) as one) as proposal,
      ${inTheWay(db, wouldTake(db, wish), now)}
    from ${joined(db)} join proposals p on p.reservation_id = v.id
    cross join lateral (select p.start_time, p.end_time, p.resource_ids, p.quantities) as wish
    where p.decide_by > ${now} and ${whose}
    order by v.priority desc, p.decide_by, p.id
    limit ${limit}`;
  return rows.map(({ proposal, ...row }) => ({ ...withConflicts(row), proposal: readProposal(proposal) }));
}

// Competitors are found among the pending ones only: they are few, and a partial index has them by their start.
async function queue(
  db: Db,
  actor: Actor,
  now: Temporal.Instant,
  which: Fragment,
  { limit, offset }: { limit: number; offset: number },
) {
  const rows = await firstOf(db, limit, (first) =>
    db<(Pending & InJson)[]>`
    select ${columns(db)}, ${
      decidable(db, actor, now, wanted(db))
    } as may_decide, v.decided_by as decided_by_id,
      (select question from questions q where q.reservation_id = v.id and q.answered_at is null) as question,
      ${inTheWay(db, takes(db, db`v.id`), now)},
      coalesce((
        select json_agg(${rival(db)})
        from (
          select distinct a.reservation_id, a.resource_id
          from reservations o
          join allocations a on a.reservation_id = o.id
          join allocations mine on mine.resource_id = a.resource_id and mine.period && a.period
          where mine.reservation_id = v.id and o.status = 'pending' and o.id <> v.id
            -- As far as two buffers reach, by the index; what they take is compared above.
            and o.start_time < v.end_time + interval '2 days' and o.end_time > v.start_time - interval '2 days'
        ) a
        join reservations o on o.id = a.reservation_id
        join resources r on r.id = a.resource_id
        join users ou on ou.id = o.requester_id), '[]') as competitors
    from ${joined(db)}
    where ${which}
    order by v.priority desc, v.start_time, v.created_at, v.id
    ${first} ${beginningAt(db, offset)}`);
  return rows.map((row) => ({ ...withConflicts(row), competitors: row.competitors.map(withInstants) }));
}

interface InJson {
  conflicts: Rival[];
  closures: Rival[];
}

function withConflicts<T extends InJson>({ closures, conflicts, ...row }: T) {
  return { ...row, conflicts: [...closures, ...conflicts].map(withInstants) };
}

// What the constraint would find in the way of reservation `v` having `wanted`: of each resource that has too few units
// left for it, the reservations as `conflicts`, and the dates of closures as `closures`.
function inTheWay(db: Db, wanted: Fragment, now: Temporal.Instant) {
  const full = db`r.units < mine.quantity + (select count(distinct h.unit) from allocations h
    where h.holds and h.resource_id = r.id and h.period && mine.period and h.reservation_id is distinct from v.id
      and ${notMissed(db, now, db`h`)})`;
  return db`coalesce((
        select json_agg(${rival(db)})
        from (
          select distinct a.reservation_id, a.resource_id
          from (${wanted}) mine join allocations a on a.resource_id = mine.resource_id and a.holds
            and a.period && mine.period and a.reservation_id <> v.id and ${notMissed(db, now)}
          join resources r on r.id = a.resource_id
          where ${full}
        ) a
        join resources r on r.id = a.resource_id
        join reservations o on o.id = a.reservation_id
        join users ou on ou.id = o.requester_id), '[]') as conflicts,
      coalesce((
        select json_agg(json_build_object('reservation_id', null, 'reference', null, 'resource_name', k.name,
          'requester_name', '', 'purpose', k.reason, 'offered', k.offered, 'start_time', k.start_time, 'end_time', k.end_time)
          order by k.start_time)
        from (
          select distinct r.name, c.id, c.reason, lower(d.period) as start_time, upper(d.period) as end_time, false
          from (${wanted}) mine join allocations a on a.resource_id = mine.resource_id and a.holds
            and a.period && mine.period
          join closures c on c.id = a.closure_id
          join closure_dates d on d.closure_id = c.id and d.resource_id = a.resource_id and d.period && a.period
          join resources r on r.id = a.resource_id
          where ${full}
          union all
          select distinct r.name, s.id, '', s.start_time, s.end_time, true
          from (${wanted}) mine join allocations a on a.resource_id = mine.resource_id and a.holds
            and a.period && mine.period and ${notMissed(db, now)}
          join offers s on s.id = a.offer_id
          join resources r on r.id = a.resource_id
          where ${full}
        ) k (name, id, reason, start_time, end_time, offered)), '[]') as closures`;
}

// Of a reservation `o` with its requester `ou` on a resource `r`, in the order of time.
function rival(db: Db) {
  return db`json_build_object('reservation_id', o.id, 'reference', o.reference, 'resource_name', r.name,
    'requester_name', ou.name, 'purpose', o.purpose, 'start_time', o.start_time, 'end_time', o.end_time)
    order by o.start_time, o.created_at, o.id`;
}

function readProposal(row: Record<string, string>): Proposal {
  const instants = ["start_time", "end_time", "proposed_at", "decide_by"]
    .map((name) => [name, Temporal.Instant.from(row[name])]);
  return { ...row, ...Object.fromEntries(instants) };
}

// JSON from the database carries instants as text.
function withInstants(rival: Rival): Rival {
  const instant = (text: unknown) => Temporal.Instant.from(String(text));
  return { ...rival, start_time: instant(rival.start_time), end_time: instant(rival.end_time) };
}
