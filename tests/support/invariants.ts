import assert from "node:assert/strict";
import type { Db } from "../../db/types.ts";
import type { Status } from "../../domain/transitions.ts";

interface Step {
  action: string;
  /** The status before the step, as the history has it. */
  before: Status | null;
  /** The status that a request begins with. */
  first: Status | null;
}

interface Kept {
  reference: string;
  status: Status;
  fits: boolean;
  allocations: number;
  holding: number;
  steps: Step[];
  events: string[];
}

// The diagram once more, written down apart from the code that it judges.
const OPEN: Status[] = ["pending", "approved"];
const ARROWS: Record<string, { from: Status[]; to: Status[]; event: string }> = {
  approve: { from: ["pending"], to: ["approved"], event: "reservation.approved" },
  deny: { from: ["pending"], to: ["denied"], event: "reservation.denied" },
  cancel: { from: OPEN, to: ["cancelled"], event: "reservation.cancelled" },
  restore: { from: ["cancelled"], to: OPEN, event: "reservation.restored" },
  bump: { from: ["approved"], to: ["bumped"], event: "reservation.bumped" },
  reschedule: { from: [...OPEN, "bumped"], to: OPEN, event: "reservation.rescheduled" },
  check_in: { from: ["approved"], to: ["checked_in"], event: "reservation.checked_in" },
  end: { from: ["approved", "checked_in"], to: ["completed"], event: "reservation.ended" },
  no_show: { from: ["approved"], to: ["no_show"], event: "reservation.no_show" },
  complete: { from: ["approved", "checked_in"], to: ["completed"], event: "reservation.completed" },
  expire: { from: ["pending"], to: ["expired"], event: "reservation.expired" },
};
/** What is told of a reservation and leaves its status alone. */
const ASIDE: Record<string, { from: Status[]; event?: string }> = {
  edit: { from: OPEN },
  lapse: { from: ["pending"] },
  ask: { from: ["pending"], event: "reservation.asked" },
  answer: { from: ["pending"], event: "reservation.answered" },
  propose: { from: ["approved"], event: "reservation.change_requested" },
  deny_change: { from: ["approved"], event: "reservation.change_denied" },
  withdraw_change: { from: ["approved"], event: "reservation.change_withdrawn" },
  expire_change: { from: ["approved"], event: "reservation.change_expired" },
};
const HOLDING: Status[] = ["approved", "checked_in"];

/**
 * What is true of every database after every change, whoever made it: no unit is held twice at a time, statuses and
 * allocations agree, what is closed is free nowhere, and the history and the outbox tell how each status came about.
 */
export async function assertSound(db: Db): Promise<void> {
  const twice = await db`
    select r.name, a.unit, coalesce(a.reservation_id, a.closure_id, a.offer_id) as one,
      coalesce(b.reservation_id, b.closure_id, b.offer_id) as other
    from allocations a
    join allocations b on b.resource_id = a.resource_id and b.unit = a.unit and b.period && a.period
      and b.ctid > a.ctid
    join resources r on r.id = a.resource_id
    where a.holds and b.holds`;
  assert.deepEqual([...twice], [], "a unit is held twice at the same time");

  const lost = await db`
    select v.reference from proposals p join reservations v on v.id = p.reservation_id where v.status <> 'approved'`;
  assert.deepEqual([...lost], [], "a change is asked for of what is not approved");
  const beside = await db`
    select a.closure_id, a.period from allocations a
    where a.closure_id is not null and not exists (
      select from closure_dates d
      where d.closure_id = a.closure_id and d.resource_id = a.resource_id and d.period @> a.period)`;
  assert.deepEqual([...beside], [], "a closure has what it does not close");
  assert.deepEqual(await openings(db), [], "a unit is free although it is closed");

  assert.deepEqual(await brokenSeries(db), [], "a series is half there, or has a date twice");

  assert.deepEqual(
    await brokenOffers(db),
    [],
    "an offer holds what it does not offer, or the waitlist does not add up",
  );

  for (const one of await readAll(db)) check(one);
}

// An offer that has not ended holds each of its resources for its slot, with the buffers that there were, and belongs
// to an entry that is offered it; one that has ended holds nothing. An entry has come to be what it is in steps of which
// each is on record and told once.
async function brokenOffers(db: Db) {
  const found = await db`
    select o.id, 'holds something, or not what it offers' as why from offers o
    where (o.ended_at is null) <> (o.resource_ids = array(
      select a.resource_id from allocations a
      where a.offer_id = o.id and a.holds and a.period @> tstzrange(o.start_time, o.end_time, '[)') order by 1))
    union all
    select o.id, 'has ended and still holds something' from offers o
    where o.ended_at is not null and exists (select from allocations a where a.offer_id = o.id)
    union all
    select e.id, 'offered without an offer, or the other way round' from waitlist e
    where (e.status = 'offered') <> exists (select from offers o where o.entry_id = e.id and o.ended_at is null)
    union all
    select e.id, 'accepted, and no reservation of theirs came of it' from waitlist e
    where (e.status = 'accepted') <> exists (
      select from offers o join reservations v on v.id = o.reservation_id
      where o.entry_id = e.id and o.outcome = 'accepted' and v.requester_id = e.requester_id)
    union all
    select o.id, 'was offered what nobody waited for' from offers o join waitlist e on e.id = o.entry_id
    where o.resource_ids <> e.resource_ids or o.start_time < e.start_time or o.end_time > e.end_time
      or o.end_time - o.start_time <> coalesce(make_interval(mins => e.minutes), e.end_time - e.start_time)
    union all
    select e.id, 'not as many steps on record and told as there were' from waitlist e
    cross join lateral (
      select count(*) as steps, bool_and(h.previous_state ->> 'status' is not distinct from h.before) as linked,
        max(h.after_state ->> 'status') filter (where h.last) as status
      from (
        select h.*, lag(h.after_state ->> 'status') over (order by h.id) as before,
          lead(h.id) over (order by h.id) is null as last
        from history h where h.subject_id = e.id) h
    ) h
    where h.steps <> e.version or not h.linked or h.status <> e.status
      or h.steps <> (select count(*) from outbox x where x.waitlist_id = e.id)`;
  return [...found];
}

// A series has reservations; each of its dates once, as a reservation of its requester that was asked for once, or as
// one that was left out; and each takes all that the series is over, unless it was changed by itself.
async function brokenSeries(db: Db) {
  const found = await db`
    select s.id from series s
    where not exists (select from reservations v where v.series_id = s.id)
      or exists (
        select from reservations v where v.series_id = s.id and (v.requester_id <> s.requester_id
          or exists (select from series_skips k where k.series_id = s.id and k.start_wall = v.series_wall)
          or (select count(*) from history h where h.reservation_id = v.id and h.action = 'request') <> 1
          or not exists (select from history h where h.reservation_id = v.id and h.action = 'reschedule')
            and s.version = 1 and s.resource_ids <> array(
              select a.resource_id from allocations a where a.reservation_id = v.id order by 1)))
    union all
    select series_id from reservations where series_id is not null
    group by series_id, series_wall having count(*) > 1`;
  return [...found];
}

// What no closure has of its dates, and nobody who was there before. Only of dates that lay ahead when they were made:
// of the others a part had passed. What reservations have had is theirs, also when it is held no longer.
async function openings(db: Db) {
  const found = await db`
    select c.reason, r.name, unit, tstzmultirange(d.period) - taken.periods as free
    from closure_dates d
    join closures c on c.id = d.closure_id
    join resources r on r.id = d.resource_id
    cross join generate_series(1, r.units) as unit
    cross join lateral (
      select coalesce(range_agg(a.period), '{}') as periods
      from allocations a left join reservations v on v.id = a.reservation_id
      where a.resource_id = r.id and a.unit = unit.unit
        and (a.holds or a.closure_id is not null or v.status in ('completed', 'no_show'))
    ) as taken
    where lower(d.period) >= c.created_at and lower(d.period) >= r.created_at
      and not tstzmultirange(d.period) <@ taken.periods`;
  return [...found];
}

function check({ reference, status, fits, allocations, holding, steps, events }: Kept) {
  assert(fits, `${reference}: ends before it starts, or takes another period than its own`);
  assert(allocations > 0, `${reference}: takes nothing`);
  if (HOLDING.includes(status)) {
    assert.equal(holding, allocations, `${reference}: ${status}, and does not hold all that it takes`);
  } else if (status === "pending") {
    assert(
      holding === 0 || holding === allocations,
      `${reference}: pending, and holds a part of what it wants`,
    );
  } else assert.equal(holding, 0, `${reference}: ${status}, and still holds something`);

  const requests = steps.filter((step) => step.action === "request").length;
  assert.equal(requests, 1, `${reference}: was requested ${requests} times`);
  const expected = follow(reference, status, steps);
  assert.deepEqual(events.toSorted(), expected.toSorted(), `${reference}: one event for each transition`);
}

// Walks through the history, and comes out at the status; answers the events that belong to it.
function follow(reference: string, status: Status, [first, ...steps]: Step[]): string[] {
  assert.equal(first.action, "request", `${reference}: its history begins with ${first.action}`);
  const events = [first.first === "approved" ? "reservation.approved" : "reservation.requested"];
  let possible = [first.first ?? "pending"];
  for (const { action, before } of steps) {
    assert(before && possible.includes(before), `${reference}: ${action} from ${before}, not ${possible}`);
    const aside = ASIDE[action];
    if (aside) {
      assert(aside.from.includes(before), `${reference}: ${action} while it is ${before}`);
      possible = [before];
      if (aside.event) events.push(aside.event);
      continue;
    }
    const arrow = ARROWS[action];
    assert(arrow?.from.includes(before), `${reference}: the diagram has no ${action} from ${before}`);
    possible = arrow.to;
    events.push(arrow.event);
  }
  assert(possible.includes(status), `${reference}: ${status}, but its history ends at ${possible}`);
  return events;
}

function readAll(db: Db) {
  return db<Kept[]>`
    select v.reference, v.status, coalesce(a.fits and v.start_time < v.end_time, false) as fits,
      coalesce(a.count, 0)::int as allocations, coalesce(a.holding, 0)::int as holding,
      coalesce((
        select json_agg(json_build_object('action', h.action, 'before', h.previous_state ->> 'status',
          'first', h.details ->> 'status') order by h.id)
        from history h where h.reservation_id = v.id), '[]') as steps,
      array(select o.event from outbox o where o.reservation_id = v.id order by o.id) as events
    from reservations v
    left join lateral (
      select count(*), count(*) filter (where holds) as holding,
        bool_and(case when coalesce(p.buffer_before + p.buffer_after, 0) = 0
          then period = tstzrange(v.start_time, v.end_time, '[)')
          -- The buffers may have been others when it was taken.
          else period @> tstzrange(v.start_time, v.end_time, '[)') end) as fits
      from allocations a join resources r on r.id = a.resource_id left join policies p on p.id = r.policy_id
      where reservation_id = v.id
    ) a on true
    order by v.number`;
}
