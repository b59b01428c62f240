import type { Sql } from "../../db/types.ts";
import type { Site } from "../../bench/fill.ts";

/** So many at once: each batch is a transaction. */
const BATCH = 50_000;
const HOUR = 3_600;

/**
 * Adds completed reservations, with what each left behind: its allocation that holds nothing, two entries of history,
 * two events that were delivered. Resource by resource an hour apart, backwards from where the fill of the bench ends.
 */
export async function addPast(
  sql: Sql,
  { people, time_zone }: Pick<Site, "people" | "time_zone">,
  { from, to, before }: { from: number; to: number; before: Temporal.Instant },
  onProgress: (done: number) => void,
): Promise<void> {
  const requesters = people.map(({ id }) => id);
  for (let first = from; first < to; first += BATCH) {
    const last = Math.min(first + BATCH, to) - 1;
    await sql.begin(async (tx) => {
      // Foreign keys are not looked up ten million times; what they would find is made in the same statement.
      await tx`set local session_replication_role = replica`;
      await tx`set local synchronous_commit = off`;
      await tx`
        with house as (
          select id, row_number() over (order by id) - 1 as place, count(*) over () as many
          from resources where units = 1 and id not in (select whole_id from resource_parts)
        ), numbered as (
          select gen_random_uuid() as id, n, h.id as resource_id,
            (${requesters}::uuid[])[1 + n % ${requesters.length}] as requester_id,
            ${before}::timestamptz - make_interval(secs => ${HOUR} * (1 + n / h.many)) as start_time
          from generate_series(${first}::bigint, ${last}::bigint) as n join house h on h.place = n % h.many
        ), past as materialized (
          select *, start_time + interval '45 minutes' as end_time, start_time - interval '3 days' as asked_at
          from numbered
        ), reserved as (
          insert into reservations (id, requester_id, status, start_time, end_time, time_zone, start_wall, end_wall,
            purpose, created_at, updated_at)
          select id, requester_id, 'completed', start_time, end_time, ${time_zone},
            start_time at time zone ${time_zone}, end_time at time zone ${time_zone}, 'Weekly planning', asked_at, end_time
          from past
        ), taken as (
          insert into allocations (reservation_id, resource_id, unit, period, holds, asked)
          select id, resource_id, 1, tstzrange(start_time, end_time, '[)'), false, 1 from past
        ), told as (
          insert into outbox (event, reservation_id, created_at, delivered_at)
          select 'reservation.approved', id, asked_at, asked_at from past
          union all
          select 'reservation.completed', id, end_time, end_time from past
        )
        insert into history (reservation_id, actor_id, action, details, at)
        select id, requester_id, 'request', '{"status": "approved"}'::jsonb, asked_at from past
        union all
        select id, null, 'complete', '{}'::jsonb, end_time from past`;
    });
    onProgress(last + 1);
  }
  await sql`vacuum (analyze) reservations, allocations, history, outbox`;
}

/** Adds resources, as many as are wanted in all, each a copy of one that is there. */
export async function addResources(sql: Sql, wanted: number): Promise<void> {
  await sql`
    insert into resources (id, name, kind, location, capacity, units, time_zone, policy_id, created_at, updated_at)
    select gen_random_uuid(), r.name || ' · ' || (n * r.many + r.place), r.kind, r.location, r.capacity, 1, r.time_zone, r.policy_id,
      r.created_at, r.updated_at
    from (select *, row_number() over (order by id) as place, count(*) over () as many from resources) r
    cross join lateral generate_series(1, ${wanted}) as n
    where (n - 1) * r.many + r.place <= ${wanted} - r.many`;
  await sql`vacuum (analyze) resources`;
}
