import type { Db } from "../../db/types.ts";

/** An arrow of the diagram, or what is told of a reservation and leaves its status alone (no `to`). */
export interface Told {
  action: string;
  from: readonly string[];
  to?: readonly string[];
  event?: string;
}

/** What a reservation's version does not count: it is about the reservation, and leaves its row alone. */
const BESIDE = ["ask", "answer", "propose", "deny_change", "withdraw_change", "expire_change"];

/**
 * Whether the record tells how each reservation came to be what it is: one row for each change, each beginning where
 * the one before ended, the last ending at what is stored; one event for each that has one. In SQL of its own, apart
 * from the code that it judges.
 *
 * @returns what is wrong, in sentences
 */
export async function unrecorded(db: Db, diagram: readonly Told[]): Promise<string[]> {
  const found = await db<{ reference: string; what: string }[]>`
    with diagram as (
      select * from jsonb_to_recordset(${db.json(diagram as never)})
        as d (action text, "from" text[], "to" text[], event text)
    ), steps as materialized (
      select h.id, v.reference, h.reservation_id, h.action, h.details, h.previous_state as before, h.after_state as after,
        h.at, row_number() over (partition by h.reservation_id order by h.id) as place
      from history h join reservations v on v.id = h.reservation_id
    ), said as (
      -- Each step as it tells of each column; a column that was never told of is null.
      select s.reference, s.reservation_id, s.id, s.place, s.action, k.key, s.before ? k.key as has_before,
        told.before, told.after, count(*) filter (where s.after ? k.key) over sofar as telling
      from steps s
      cross join (values ('status'), ('start_time'), ('end_time'), ('purpose'), ('private'), ('decision_reason'))
        as k (key)
      cross join lateral (
        select case when k.key like '%_time' then to_jsonb((s.before ->> k.key)::timestamptz)
            else nullif(s.before -> k.key, 'null') end as before,
          case when k.key like '%_time' then to_jsonb((s.after ->> k.key)::timestamptz)
            else nullif(s.after -> k.key, 'null') end as after
      ) told
      window sofar as (partition by s.reservation_id, k.key order by s.id)
    ), known as (
      select *, first_value(after) over (partition by reservation_id, key, telling order by id) as present from said
    ), chained as (
      select *, lag(present) over (partition by reservation_id, key order by id) as past,
        lag(telling) over (partition by reservation_id, key order by id) as told,
        lead(id) over (partition by reservation_id, key order by id) is null as last from known
    ), slots as (
      select s.*, array(select jsonb_array_elements_text(
          case action when 'request' then after -> 'resource_ids' else details -> 'resource_ids' end) order by 1) as ids,
        array(select jsonb_array_elements_text(details -> 'previous_resource_ids') order by 1) as past_ids,
        coalesce(case action when 'request' then after -> 'quantities' else details -> 'quantities' end, '{}') as many,
        row_number() over (partition by reservation_id order by id) as nth,
        row_number() over (partition by reservation_id order by id desc) as nth_last
      from steps s where action in ('request', 'reschedule')
    ), events as (
      select s.reservation_id, s.at, case when s.action <> 'request' then d.event
        when s.after ->> 'status' = 'approved' then 'reservation.approved' else 'reservation.requested' end as event
      from steps s left join diagram d on d.action = s.action
    ), expected as (
      select reservation_id, event, at from events where event is not null
    ), announced as (
      select reservation_id, event, created_at from outbox
    )
    select v.reference, 'was requested ' || count(s.id) filter (where s.action = 'request') || ' times' as what
    from reservations v left join steps s on s.reservation_id = v.id group by v.reference
    having count(s.id) filter (where s.action = 'request') <> 1
    union all
    select reference, 'its history does not begin with its request' from steps
    where (place = 1) <> (action = 'request')
    union all
    select s.reference, 'the diagram has no ' || s.action || ' from ' || coalesce(s.before ->> 'status', 'nothing')
      || ' to ' || coalesce(s.after ->> 'status', 'the same')
    from steps s left join diagram d on d.action = s.action
    where s.action <> 'request' and (d.action is null or not coalesce(s.before ->> 'status' = any(d."from"), false)
      or not case when d."to" is null then coalesce(s.after ->> 'status', s.before ->> 'status') = s.before ->> 'status'
        else coalesce(s.after ->> 'status' = any(d."to"), false) end)
    union all
    select reference, action || ' begins with ' || key || ' ' || coalesce(before #>> '{}', 'nothing') || ', where it was '
      || coalesce(past #>> '{}', 'nothing')
    from chained where told > 0 and has_before and before is distinct from past
    union all
    select v.reference, 'its ' || c.key || ' is ' || coalesce(to_jsonb(v) ->> c.key, 'nothing')
      || ', but its history ends at ' || coalesce(c.present #>> '{}', 'nothing')
    from chained c join reservations v on v.id = c.reservation_id
    where c.last and c.telling > 0 and c.present is distinct from nullif(to_jsonb(v) -> c.key, 'null')
    union all
    select s.reference, 'it takes other resources than its history says' from slots s
    where s.nth_last = 1 and s.ids <> array(
      select distinct resource_id::text from allocations a
      where a.reservation_id = s.reservation_id and a.asked is not null order by 1)
    union all
    select s.reference, 'it takes other quantities than its history says' from slots s
    where s.nth_last = 1 and exists (
      select from allocations a where a.reservation_id = s.reservation_id and a.asked is not null
        and a.asked <> coalesce((s.many ->> a.resource_id::text)::int, 1))
    union all
    select s.reference, 'it left other resources than it had' from slots s
    join slots earlier on earlier.reservation_id = s.reservation_id and earlier.nth = s.nth - 1
    where s.past_ids <> earlier.ids
    union all
    select v.reference, 'its version is ' || v.version || ', and ' || count(*) || ' changes are told'
    from reservations v join steps s on s.reservation_id = v.id and s.action <> all(${BESIDE})
    group by v.id having v.version <> count(*)
    union all
    select v.reference, 'it says that it was changed at ' || v.updated_at || ', its history at ' || (array_agg(s.at order by s.id desc))[1]
    from reservations v join steps s on s.reservation_id = v.id and s.action <> all(${BESIDE})
    group by v.id having v.updated_at <> (array_agg(s.at order by s.id desc))[1]
    union all
    select v.reference, 'its ' || h.action || ' is news for somebody else, or not for whose it is'
    from history h join reservations v on v.id = h.reservation_id
    where h.news_for is distinct from case when h.action <> 'complete' and h.actor_id is distinct from v.requester_id
      then v.requester_id end
    union all
    select v.reference, 'nobody is told: ' || event
    from (select * from expected except all select * from announced) e join reservations v on v.id = e.reservation_id
    union all
    select v.reference, 'told, and did not happen: ' || event
    from (select * from announced except all select * from expected) e join reservations v on v.id = e.reservation_id
    union all
    select v.reference, 'a change is asked for, and its history does not say so, or the other way round'
    from reservations v
    left join (
      select distinct on (reservation_id) reservation_id, action from steps
      where action not in ('ask', 'answer', 'edit') order by reservation_id, id desc
    ) last on last.reservation_id = v.id
    where (last.action is not distinct from 'propose') <> exists (select from proposals p where p.reservation_id = v.id)
    union all
    select v.reference, 'a question is open, and its history does not say so, or the other way round'
    from reservations v
    left join (
      select reservation_id, count(*) filter (where action = 'ask') - count(*) filter (where action = 'answer') as open
      from steps group by reservation_id
    ) said on said.reservation_id = v.id
    left join (
      select reservation_id, count(*) as open from questions where answered_at is null group by reservation_id
    ) there on there.reservation_id = v.id
    where coalesce(there.open, 0) <> coalesce(said.open, 0)`;
  return found.map(({ reference, what }) => `${reference}: ${what}`);
}

/**
 * The same of resources, policies, closures, groups, approvers and absences, for a site in which all of it was made
 * through the domain.
 *
 * @returns what is wrong, in sentences
 */
export async function unrecordedThings(db: Db): Promise<string[]> {
  const found = await db<{ name: string; what: string }[]>`
    with told as (
      select h.id, h.subject_kind as kind, h.subject_id as thing, h.action, d.key, h.previous_state -> d.key as before,
        h.after_state -> d.key as after
      from history h cross join lateral jsonb_object_keys(coalesce(h.after_state, '{}')) as d (key)
      where h.subject_kind in ('resource', 'policy') and h.action in ('create', 'change', 'deactivate', 'reactivate')
    ), chained as (
      select *, lag(after) over each as past, lead(id) over each is null as last
      from told window each as (partition by thing, key order by id)
    ), present as (
      select id, name, to_jsonb(r) || jsonb_build_object('active', r.deactivated_at is null) as state from resources r
      union all
      select id, name, to_jsonb(p) from policies p
    ), taken_up as (
      select subject_id as whose, (details ->> 'other_id')::uuid as who, case
          when action in ('add_member', 'name_approver', 'delegate') then 1 else -1 end as one,
        case when action in ('add_member', 'remove_member') then 'member' when action like '%_approver' then 'approver'
          else 'stand-in' end as what
      from history where action in ('add_member', 'remove_member', 'name_approver', 'drop_approver', 'delegate',
        'end_delegation')
    ), there as (
      select group_id as whose, user_id as who, 'member' as what from group_members
      union all
      select resource_id, coalesce(user_id, group_id), 'approver' from resource_approvers
      union all
      select user_id, to_user_id, 'stand-in' from delegations
    )
    select p.name, c.key || ' was ' || coalesce(c.past #>> '{}', 'nothing') || ', and its change tells of '
      || coalesce(c.before #>> '{}', 'nothing') as what
    from chained c join present p on p.id = c.thing
    where c.past is not null and c.past <> c.before
    union all
    select p.name, c.key || ' is ' || coalesce(p.state ->> c.key, 'nothing') || ', but its history ends at '
      || coalesce(c.after #>> '{}', 'nothing')
    from chained c join present p on p.id = c.thing
    where c.last and p.state ? c.key and p.state -> c.key is distinct from c.after
    union all
    select u.name, 'an account that was closed or opened without a word' from users u
    where (u.disabled_at is null) <> coalesce((
      select (h.after_state -> 'active')::bool from history h
      where h.subject_id = u.id and h.after_state ? 'active' order by h.id desc limit 1), true)
    union all
    select p.name, 'nobody is on record as having made it' from present p
    where not exists (select from told where thing = p.id and action = 'create')
    union all
    select c.reason, 'a closure, made or ended without a word'
    from closures c left join history h on h.subject_id = c.id
    group by c.id having count(*) filter (where h.action = 'create') <> 1
      or (c.ended_at is not null) <> (count(*) filter (where h.action = 'delete') > 0)
    union all
    select h.subject_name, 'a closure that is gone without a word' from history h
    where h.subject_kind = 'closure' and h.action = 'create'
      and not exists (select from closures c where c.id = h.subject_id)
      and not exists (select from history d where d.subject_id = h.subject_id and d.action = 'delete')
    union all
    select coalesce(t.what, s.what), 'there ' || coalesce(t.count, 0) || ' times, on record ' || coalesce(s.count, 0)
    from (select whose, who, what, count(*) from there group by 1, 2, 3) t
    full join (select whose, who, what, sum(one) as count from taken_up group by 1, 2, 3) s
      on s.whose = t.whose and s.who = t.who and s.what = t.what
    where coalesce(t.count, 0) <> coalesce(s.count, 0)`;
  return found.map(({ name, what }) => `${name}: ${what}`);
}
