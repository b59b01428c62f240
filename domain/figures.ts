import type { Db } from "../db/types.ts";
import { notMissed } from "./allocations.ts";
import { type Actor, permit } from "./permissions.ts";
import { dateIn, dayIn } from "./periods.ts";
import { hasStatus } from "./transitions.ts";

/** How a site stands today, for those who keep it running. */
export interface Figures {
  resources: number;
  /** How many of them have something that runs now. */
  in_use: number;
  /** How many reservations touch today. */
  today: number;
  pending: number;
  /** Of the pending ones that begin within a week, those that want what is taken. */
  conflicting: number;
  /** So many were not used in the last 30 days. */
  no_shows: number;
  /** For each hour of today, how many resources are taken in it. */
  hours: { hour: number; taken: number }[];
  /** For each of the next seven days, today first, how many reservations begin. */
  days: { date: string; reservations: number }[];
}

const WEEK = 7;
const NO_SHOW_DAYS = 30;

/** The figures of a site at `now`, on the calendar of whoever looks, by one question to the database. */
export async function getFigures(db: Db, actor: Actor, now: Temporal.Instant): Promise<Figures> {
  permit(actor, "see_queue");
  const zone = actor.time_zone;
  const date = dateIn(now, zone);
  const { start_time, end_time } = dayIn(date, zone);
  const week_end = dayIn(date.add({ days: WEEK - 1 }), zone).end_time;
  const [row] = await db<Figures[]>`
    with held as (
      select a.resource_id, a.reservation_id, a.period
      from resources r cross join lateral (
        select resource_id, reservation_id, period, holds from allocations
        where resource_id = r.id and lower(period) >= ${start_time}::timestamptz - interval '1 day'
          and lower(period) < ${week_end} and upper(period) > ${start_time}
        union all
        select resource_id, reservation_id, period, holds from allocations
        where resource_id = r.id and upper(period) > ${start_time} and upper(period) - lower(period) > interval '1 day'
          and lower(period) < ${start_time}::timestamptz - interval '1 day'
      ) a
      -- What was over earlier today holds nothing any more, and counts all the same.
      where a.reservation_id is not null and ${notMissed(db, now)} and (a.holds or exists (
        select from reservations v where v.id = a.reservation_id and v.status = 'completed'))
    )
    select
      (select count(*) from resources where deactivated_at is null and not accessory)::int as resources,
      (select count(distinct resource_id) from held where period @> ${now}::timestamptz)::int as in_use,
      (select count(distinct reservation_id) from held where period && tstzrange(${start_time}, ${end_time}, '[)'))::int
        as today,
      (select count(*) from reservations where status = 'pending' and start_time > ${now})::int as pending,
      (select count(*) from reservations v
        where v.status = 'pending' and v.start_time > ${now} and v.start_time < ${week_end} and exists (
          select from allocations mine join resources r on r.id = mine.resource_id
          where mine.reservation_id = v.id and r.units < coalesce(mine.asked, 1) + (
            select count(distinct o.unit) from allocations o
            where o.holds and o.resource_id = mine.resource_id and o.period && mine.period
              and o.reservation_id is distinct from v.id)))::int as conflicting,
      (select count(*) from reservations v where ${hasStatus(db, "no_show", now)}
        and start_time > ${
    now.subtract({ hours: 24 * NO_SHOW_DAYS })
  } and start_time <= ${now})::int as no_shows,
      (select json_agg(json_build_object('hour', extract(hour from begins at time zone ${zone})::int, 'taken', (
          select count(distinct resource_id) from held
          where period && tstzrange(begins, begins + interval '1 hour', '[)'))) order by begins)
        from generate_series(${start_time}::timestamptz, ${end_time}::timestamptz - interval '1 hour', '1 hour') begins)
        as hours,
      (select json_agg(json_build_object('date', day::date, 'reservations', (
          select count(distinct reservation_id) from held
          where (lower(period) at time zone ${zone})::date = day::date)) order by day)
        from generate_series(${String(date)}::date::timestamp, ${
    String(date.add({ days: WEEK - 1 }))
  }::date::timestamp, '1 day') day) as days`;
  return row;
}

/** What waits for a person: questions to answer, and changes that somebody has still to decide on. */
export interface Waiting {
  reference: string;
  purpose: string;
  resource_name: string;
  start_time: Temporal.Instant;
  /** What is asked; none where it is a change that waits for others. */
  question: string | null;
}

/** What waits on a person's own reservations, soonest first: at most ten. */
export function listWaiting(db: Db, actor: Actor, now: Temporal.Instant): Promise<Waiting[]> {
  return db<Waiting[]>`
    select v.reference, v.purpose, v.start_time, w.question,
      (select string_agg(case when a.asked > 1 then a.asked || ' × ' else '' end || r.name, ', ' order by r.name)
        from allocations a join resources r on r.id = a.resource_id
        where a.reservation_id = v.id and a.asked is not null) as resource_name
    from reservations v
    join lateral (
      select q.question from questions q
      where q.reservation_id = v.id and q.answered_at is null and v.status = 'pending' and v.start_time > ${now}
      union all
      select null from proposals p where p.reservation_id = v.id and p.decide_by > ${now}
    ) w on true
    where v.requester_id = ${actor.id} and v.end_time > ${now} and v.status in ('pending', 'approved')
    order by v.start_time, v.id limit 10`;
}
