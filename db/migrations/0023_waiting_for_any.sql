-- Who waits for whichever resource will do, of a kind or with a tag, instead of those that are named.

alter table waitlist
  -- {"kind", "tag", "quantity"}, as far as they were said; which resource it is, each offer says.
  add any_of jsonb,
  -- Whether they have confirmed whatever a policy wants confirmed.
  add attested boolean not null default true,
  drop constraint waitlist_names_a_resource,
  add constraint waitlist_names_resources_or_what_will_do check ((any_of is null) = (cardinality(resource_ids) > 0));
drop index waitlist_is_joined_once;
create unique index waitlist_is_joined_once on waitlist
  (requester_id, resource_ids, coalesce(any_of, 'null'), start_time, end_time, coalesce(minutes, 0))
  where status in ('waiting', 'offered');
create index waitlist_for_any on waitlist (number) where any_of is not null and status in ('waiting', 'offered');
