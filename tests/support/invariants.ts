import assert from "node:assert/strict";
import type { Db } from "../../db/types.ts";
import type { Status } from "../../domain/transitions.ts";
import { type Told, unrecorded } from "./recorded.ts";

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
const DIAGRAM: Told[] = Object.entries({ ...ARROWS, ...ASIDE }).map(([action, told]) => ({
  action,
  ...told,
}));

/**
 * What is true of every database after every change, whoever made it: no unit is held twice at a time, statuses and
 * allocations agree, what is closed is free nowhere, and the history and the outbox tell how each status came about.
 */
export async function assertSound(db: Db): Promise<void> {
  const twice = await db`
    with ${stored(db)}
    select r.name, a.unit, coalesce(a.reservation_id, a.closure_id, a.offer_id) as one,
      coalesce(b.reservation_id, b.closure_id, b.offer_id) as other
    from allocations a
    join allocations b on b.resource_id = a.resource_id and b.unit = a.unit and b.period && a.period
      and b.place > a.place
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

  assert.deepEqual(await wrongHolds(db), [], "a status and what is held do not agree");
  assert.deepEqual(await unrecorded(db, DIAGRAM), [], "the record does not tell what happened");
  assert.deepEqual(await notAsAskedFor(db), [], "a reservation has something else than was asked for");
  assert.deepEqual(await moreThanThereAre(db), [], "more is in use at an instant than there is");
  assert.deepEqual(await besideTheirWhole(db), [], "a part is held by one, and its whole by another");
  const words = "an offer holds what it does not offer, or the waitlist does not add up";
  assert.deepEqual(await brokenOffers(db), [], words);
}

// All that is stored in the table, in place of it: the index behind its constraint is among what is judged here, and what
// that has lost would be found by nobody who asks it.
function stored(db: Db) {
  return db`allocations as materialized (select *, ctid as place from public.allocations)`;
}

// When a reservation is over by the clock, whether the sweep has said so since or not: a request that nobody answered when
// it begins, what nobody has come to when the grace has passed.
function over(db: Db, v = db`v`) {
  return db`least(${v}.end_time,
    case ${v}.status when 'pending' then ${v}.start_time when 'approved' then ${v}.check_in_until end)`;
}

// As many units as were asked for, said once; and with what is composed of parts each of them, unless it was over by
// the time at which something was composed otherwise.
async function notAsAskedFor(db: Db) {
  const found = await db`
    with composed as (
      select coalesce(max(at), '-infinity') as at from history where after_state ? 'parts'
    )
    select v.reference, r.name, count(*)::int as units, sum(a.asked)::int as asked
    from allocations a join reservations v on v.id = a.reservation_id join resources r on r.id = a.resource_id
    where a.whole_id is null
    group by v.reference, r.name having count(*) <> coalesce(sum(a.asked), 0) or count(a.asked) <> 1
    union all
    select v.reference, r.name, 0, 0
    from allocations a join reservations v on v.id = a.reservation_id
    join resource_parts_all p on p.whole_id = a.resource_id join resources r on r.id = p.part_id
    where a.asked is not null and v.status in ('pending', 'approved', 'checked_in')
      and ${over(db)} > (select at from composed) and not exists (
      select from allocations part where part.reservation_id = a.reservation_id and part.resource_id = p.part_id
        and part.whole_id = a.resource_id and part.period = a.period and part.holds = a.holds)
    union all
    select v.reference, r.name, 0, 1
    from allocations part join reservations v on v.id = part.reservation_id join resources r on r.id = part.resource_id
    where part.whole_id is not null and v.status in ('pending', 'approved', 'checked_in')
      and ${over(db)} > (select at from composed) and (
      not exists (
        select from resource_parts_all p where p.whole_id = part.whole_id and p.part_id = part.resource_id)
      or not exists (select from allocations a
        where a.reservation_id = part.reservation_id and a.resource_id = part.whole_id and a.asked is not null))`;
  return [...found];
}

// Since there are as many as there are: what lay before that was of another number.
async function moreThanThereAre(db: Db) {
  const found = await db`
    with ${stored(db)}, stock as (
      select r.id, r.name, r.units, coalesce((
        select max(h.at) from history h where h.subject_id = r.id and h.after_state ? 'units'), r.created_at) as since
      from resources r
    ), used as (
      select s.*, a.unit, greatest(lower(a.period), s.since) as instant, a.period,
        coalesce(${over(db)}, o.end_time, upper(a.period)) as ends
      from stock s join allocations a on a.resource_id = s.id and a.holds
      left join reservations v on v.id = a.reservation_id left join offers o on o.id = a.offer_id
    )
    -- The buffer of what was over by then is nobody's any more.
    select u.name, u.instant, count(*)::int as used, u.units from used u
    join allocations b on b.resource_id = u.id and b.holds and b.period @> u.instant
    where u.ends > u.since and not isempty(u.period)
    group by u.name, u.instant, u.units, u.unit having count(*) > u.units
    union all
    select name, instant, unit, units from used where unit > units and ends > since`;
  return [...found];
}

// By what is composed of what, not by the rows that come along.
async function besideTheirWhole(db: Db) {
  const found = await db`
    with recursive ${stored(db)}, deep as (
      select whole_id, part_id from resource_parts
      union
      select d.whole_id, p.part_id from deep d join resource_parts p on p.whole_id = d.part_id
    )
    select whole.name, part.name as part, coalesce(a.reservation_id, a.offer_id) as one,
      coalesce(b.reservation_id, b.offer_id) as other
    from deep
    join allocations a on a.resource_id = deep.whole_id and a.holds
    join allocations b on b.resource_id = deep.part_id and b.holds and b.period && a.period
      and coalesce(b.reservation_id, b.offer_id) <> coalesce(a.reservation_id, a.offer_id)
    join resources whole on whole.id = deep.whole_id join resources part on part.id = deep.part_id
    left join reservations one on one.id = a.reservation_id left join reservations other on other.id = b.reservation_id
    -- What was over by the time at which something was composed otherwise was so by what was composed then.
    where least(${over(db, db`one`)}, ${over(db, db`other`)}, upper(a.period * b.period)) > (
      select max(at) from history where after_state ? 'parts')`;
  return [...found];
}

// An offer that has not ended holds each of its resources for its slot, with the buffers that there were, and belongs
// to an entry that is offered it; one that has ended holds nothing. An entry has come to be what it is in steps of which
// each is on record and told once.
async function brokenOffers(db: Db) {
  const found = await db`
    select o.id, 'holds something, or not what it offers' as why from offers o
    where (o.ended_at is null) <> (o.resource_ids = array(
      select a.resource_id from allocations a
      where a.offer_id = o.id and a.asked is not null and a.holds and a.period @> tstzrange(o.start_time, o.end_time, '[)') order by 1))
    union all
    select o.id, 'holds another number than is waited for' from offers o join waitlist e on e.id = o.entry_id
    join allocations a on a.offer_id = o.id and a.whole_id is null
    group by o.id, e.quantities, e.any_of, a.resource_id
    having count(*) <> coalesce((e.quantities ->> a.resource_id::text)::int, (e.any_of ->> 'quantity')::int, 1) or sum(a.asked) <> count(*)
    union all
    select o.id, 'holds a whole without one of its parts, or a part too much' from offers o
    where o.ended_at is null and array(
      select a.resource_id from allocations a where a.offer_id = o.id and a.whole_id is not null order by 1) <> array(
      select p.part_id from resource_parts_all p where p.whole_id = any(o.resource_ids) order by 1)
    union all
    select e.id, 'was made other offers than are on record' from waitlist e
    where (select count(*) from offers o where o.entry_id = e.id)
      <> (select count(*) from history h where h.subject_id = e.id and h.action = 'offer')
      or (select count(*) from offers o where o.entry_id = e.id and o.ended_at is not null)
      <> (select count(*) from history h where h.subject_id = e.id and h.previous_state ->> 'status' = 'offered')
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
    where case when e.any_of is null then o.resource_ids <> e.resource_ids else cardinality(o.resource_ids) <> 1 end
      or o.start_time < e.start_time or o.end_time > e.end_time
      or o.end_time - o.start_time <> coalesce(make_interval(mins => e.minutes), e.end_time - e.start_time)
    union all
    select o.id, 'is of what is not like what is wanted' from offers o join waitlist e on e.id = o.entry_id
    join resources r on r.id = any(o.resource_ids)
    where o.ended_at is null and e.any_of is not null and (r.kind <> coalesce(e.any_of ->> 'kind', r.kind)
      or not r.tags @> array_remove(array[e.any_of ->> 'tag'], null) or r.accessory or r.deactivated_at is not null)
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
  const found = await db<{ what: string; reference: string }[]>`
    with dates as (
      select v.*, s.version as series_version, s.requester_id as whose, s.resource_ids as places,
        array(select a.resource_id from allocations a
          where a.reservation_id = v.id and a.asked is not null order by 1) as takes
      from reservations v join series s on s.id = v.series_id
    )
    select s.id::text as reference, 'a series of nothing' as what from series s
    where not exists (select from dates d where d.series_id = s.id)
    union all
    select reference, 'is a date of another person''s series' from dates where requester_id <> whose
    union all
    select reference, 'is a date that is left out' from dates d
    where exists (select from series_skips k where k.series_id = d.series_id and k.start_wall = d.series_wall)
    union all
    select reference, 'takes something else than its series, and nobody has moved it' from dates d
    where series_version = 1 and takes <> places
      and not exists (select from history h where h.reservation_id = d.id and h.action = 'reschedule')
    union all
    select string_agg(reference, ', '), 'are one date of a series' from dates
    group by series_id, series_wall having count(*) > 1`;
  return found.map(({ reference, what }) => `${reference}: ${what}`);
}

// What no closure has of its dates, and nobody who was there before. Only of dates that lay ahead when they were made:
// of the others a part had passed. What reservations have had is theirs, also when it is held no longer. What comes to a
// whole while that is closed is closed from then on: its date is that of the whole.
async function openings(db: Db) {
  const found = await db`
    with ${stored(db)}
    select c.reason, r.name, unit.unit, due.periods - taken.periods as free
    from closure_dates d
    join closures c on c.id = d.closure_id
    join resources r on r.id = d.resource_id
    cross join generate_series(1, r.units) as unit
    -- A unit that is added is closed from then on.
    cross join lateral (
      select coalesce(range_agg(d.period * tstzrange(greatest(added.at, composed.at), null)), '{}') as periods from (
        select max(h.at) as at from history h
        where h.subject_id = r.id and (h.previous_state ->> 'units')::int < unit.unit
      ) added, (
        select max(h.at) as at from history h where h.after_state ? 'parts' and h.action = 'change'
      ) composed
    ) due
    cross join lateral (
      select coalesce(range_agg(a.period), '{}') as periods
      from allocations a left join reservations v on v.id = a.reservation_id
      where a.resource_id = r.id and a.unit = unit.unit
        and (a.holds or a.closure_id is not null or v.status in ('completed', 'no_show'))
    ) as taken
    where lower(d.period) >= c.created_at and lower(d.period) >= r.created_at
      and not due.periods <@ taken.periods`;
  return [...found];
}

// What each status has of the time that it wants.
async function wrongHolds(db: Db) {
  const found = await db<{ reference: string; what: string }[]>`
    with taken as (
      select v.id, v.reference, v.status, v.held_until, count(a.*) as allocations, count(*) filter (where a.holds) as holding,
        v.start_time < v.end_time and bool_and(
          -- The buffers may have been others when it was taken.
          case when coalesce(p.buffer_before + p.buffer_after, 0) = 0 and not exists (
            select from history h where h.subject_id in (r.id, p.id) and h.action = 'change'
              and h.after_state ?| array['policy_id', 'buffer_before', 'buffer_after'])
          then a.period = tstzrange(v.start_time, v.end_time, '[)')
          else a.period @> tstzrange(v.start_time, v.end_time, '[)') end) as fits
      from reservations v
      left join allocations a on a.reservation_id = v.id
      left join resources r on r.id = coalesce(a.whole_id, a.resource_id) left join policies p on p.id = r.policy_id
      group by v.id
    )
    select reference, 'takes nothing' as what from taken where allocations = 0
    union all
    select reference, 'ends before it starts, or takes another period than its own' from taken where not fits
    union all
    select reference, status || ', and does not hold all that it takes' from taken
    where status = any(${HOLDING}) and holding < allocations
    union all
    select reference, 'pending, and holds a part of what it wants' from taken
    where status = 'pending' and holding not in (0, allocations)
    union all
    select reference, status || ', and still holds something' from taken
    where status <> 'pending' and status <> all(${HOLDING}) and holding > 0
    union all
    select reference, 'holds nothing, and is to let it go at ' || held_until from taken
    where held_until is not null and holding = 0`;
  return found.map(({ reference, what }) => `${reference}: ${what}`);
}
