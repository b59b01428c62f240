import type { Sql } from "../db/types.ts";
import type { Rules } from "../domain/policies.ts";
import { newId } from "../lib/ids.ts";
import type { Slot } from "./slots.ts";

/**
 * What `request()` of the domain sends for one resource that needs no approval, word for word, with nothing before
 * it and nothing after it: the floor under a reservation. A change there belongs here too.
 */
export function storeBare(sql: Sql, requester_id: string, slot: Slot, rules: Rules, now: Temporal.Instant) {
  const id = newId(now.epochMilliseconds);
  const { start_time, end_time } = slot;
  return sql<{ reference: string }[]>`
    with wanted as (
      select need.taken_id, one.unit, w.period, one.asked, need.whole_id
      from (
        select r.id as resource_id, r.units, judged.quantity,
          tstzrange(${start_time}::timestamptz - make_interval(mins => coalesce(p.buffer_before, 0)),
            ${end_time}::timestamptz + make_interval(mins => coalesce(p.buffer_after, 0)), '[)') as period
        from unnest(${[rules.resource_id]}::uuid[], ${[rules.version]}::int[], ${[
    rules.policy_version,
  ]}::int[],
          ${[1]}::int[]) as judged (id, version, policy_version, quantity)
        join resources r on r.id = judged.id and r.version = judged.version
        left join policies p on p.id = r.policy_id
        where coalesce(p.version, 0) = judged.policy_version
      ) as w
      cross join lateral (
        select w.resource_id as taken_id, null::uuid as whole_id, w.units, w.quantity
        union all
        select part_id, w.resource_id, 1, 1 from resource_parts_all where whole_id = w.resource_id
      ) as need
      cross join lateral (
        select free.unit, case when need.whole_id is null and nth = 1 then need.quantity end as asked
        from unnest(array(
          select unit from generate_series(1, need.units) as unit
          where not exists (
            select from allocations a where a.holds and a.resource_id = need.taken_id and a.unit = unit.unit
              and a.period && w.period)
          order by unit limit need.quantity)) with ordinality as free (unit, nth)
      ) as one
      order by need.taken_id, one.unit
    ), taken as (
      insert into allocations (reservation_id, resource_id, unit, period, holds, asked, whole_id)
      select ${id}, taken_id, unit, period, ${true}, asked, whole_id from wanted
      on conflict do nothing returning 1
    ), reserved as (
      insert into reservations (id, requester_id, status, start_time, end_time, time_zone, start_wall, end_wall,
        purpose, private, priority, attendees, answers, held_until, override_reason, created_at, updated_at)
      select ${id}, ${requester_id}, ${"approved"}, ${start_time}, ${end_time}, ${rules.time_zone},
        ${start_time}::timestamptz at time zone ${rules.time_zone},
        ${end_time}::timestamptz at time zone ${rules.time_zone},
        ${"Bench"}, ${false}, ${0}, ${null}, ${sql.json({})}, ${null}, ${null}, ${now}, ${now}
      where (select count(*) from taken) = ${1}
      returning reference, status, start_time, end_time, purpose, private, attendees, answers
    ), recorded as (
      insert into history (reservation_id, actor_id, action, details, after_state, request_id, at)
      select ${id}, ${requester_id}, 'request', ${sql.json({ status: "approved" })},
        jsonb_build_object('status', status, 'start_time', start_time, 'end_time', end_time, 'purpose', purpose,
          'private', private, 'attendees', attendees, 'answers', answers,
          'resource_ids', ${sql.json([rules.resource_id])}::jsonb),
        ${"a request of the bench"}, ${now}
      from reserved
    ), announced as (
      insert into outbox (event, reservation_id, created_at)
      select 'reservation.' || ${"approved"}, ${id}, ${now} from reserved
    )
    select reference from reserved`;
}
