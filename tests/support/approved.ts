import assert from "node:assert/strict";
import type { Db } from "../../db/types.ts";

/**
 * Where somebody has to decide, somebody did: each reservation that has its time where an approval is needed was
 * approved, or moved there, by one who may decide on it, and has grown, gone elsewhere or been lost in no way since.
 * Asked of the record in SQL of its own, apart from the code that it judges. For a site whose rules and approvers are
 * what they were when it was decided.
 */
export async function assertDecided(db: Db): Promise<void> {
  const found = await db`
    with needing as (
      select v.id, v.reference, v.requester_id, v.start_time, v.end_time,
        array_agg(a.resource_id order by a.resource_id) as resource_ids
      from reservations v
      join allocations a on a.reservation_id = v.id
      where v.status in ('approved', 'checked_in', 'completed', 'no_show') and exists (
        select from allocations a join resources r on r.id = a.resource_id left join policies p on p.id = r.policy_id
        where a.reservation_id = v.id
          and not exists (select from policy_trusts t where t.policy_id = p.id and t.user_id = v.requester_id)
          and (r.requires_approval or p.approval = 'always' or p.approval = 'when' and (
            v.end_time - v.start_time > make_interval(mins => p.approval_longer_than)
            or v.attendees > p.approval_more_people_than)))
      group by v.id
    ), granting as (
      select n.*, h.id as step, h.actor_id, h.at, (h.after_state ->> 'start_time')::timestamptz as granted_start,
        (h.after_state ->> 'end_time')::timestamptz as granted_end, (
          select array(select (jsonb_array_elements_text(
            coalesce(slot.details -> 'resource_ids', slot.after_state -> 'resource_ids')))::uuid order by 1)
          from history slot
          where slot.reservation_id = n.id and slot.id <= h.id and slot.action in ('request', 'reschedule')
          order by slot.id desc limit 1) as granted_ids
      from needing n join history h on h.reservation_id = n.id
      where h.action in ('approve', 'reschedule') and h.after_state ->> 'status' = 'approved'
    ), decided as (
      select g.id from granting g join users u on u.id = g.actor_id
      where u.role in ('staff', 'admin') and u.id <> g.requester_id
        and g.granted_ids = g.resource_ids
        and g.granted_start <= g.start_time and g.granted_end >= g.end_time
        -- Whoever decides there by name or group, or stands in for somebody who does; all staff where nobody is named.
        and (u.role = 'admin' or not exists (
          select from unnest(g.resource_ids) as wanted (id)
          where exists (select from resource_approvers named where named.resource_id = wanted.id)
            and not exists (
              select from resource_approvers named
              left join group_members m on m.group_id = named.group_id
              where named.resource_id = wanted.id and coalesce(named.user_id, m.user_id) in (
                select u.id union all
                select d.user_id from delegations d
                where d.to_user_id = u.id and d.user_id <> g.requester_id and d.starts_at <= g.at and d.ends_at > g.at))))
        and not exists (
          select from history later
          where later.reservation_id = g.id and later.id > g.step and (
            later.action = 'bump' or later.after_state ->> 'status' = 'pending'
            or later.action = 'reschedule' and (
              (later.after_state ->> 'start_time')::timestamptz < (later.previous_state ->> 'start_time')::timestamptz
              or (later.after_state ->> 'end_time')::timestamptz > (later.previous_state ->> 'end_time')::timestamptz
              or later.details -> 'resource_ids' <> later.details -> 'previous_resource_ids')))
    )
    select n.reference from needing n where n.id not in (select id from decided)`;
  assert.deepEqual(found.map((row) => row.reference), [], "approved, and nobody who may has decided");
}
