-- How many units are asked for at once, and which resources are made of others.

alter table allocations
  -- How many of this resource were asked for; on one row of each resource that was, and on no other. What a
  -- reservation asked for is found by it, whatever else comes along.
  add asked int default 1 constraint allocations_ask_for_some check (asked > 0),
  -- The resource that was asked for, where this one comes along as a part of it.
  add whole_id uuid constraint allocations_come_with_whole references resources,
  add constraint allocations_are_asked_for_or_come_along check (asked is null or whole_id is null);
-- Every row so far is the only one of its resource. A default fills them without writing each.
alter table allocations alter asked drop default;
update allocations set asked = null where closure_id is not null;
alter table allocations
  add constraint allocations_of_closures_ask_for_nothing check (closure_id is null or num_nonnulls(asked, whole_id) = 0);

-- How many of each are wanted, where that is more than one: {"<resource_id>": n}.
alter table proposals add quantities jsonb not null default '{}';
alter table series add quantities jsonb not null default '{}';

-- What a resource is composed of: a hall that divides. A part may belong to several.
create table resource_parts (
  whole_id uuid not null constraint resource_parts_make_a_whole references resources on delete cascade,
  part_id uuid not null constraint resource_parts_are_resources references resources,
  constraint resource_parts_are_named_once primary key (whole_id, part_id),
  constraint resource_parts_are_not_themselves check (whole_id <> part_id)
);
create index resource_parts_by_part on resource_parts (part_id);

-- The same at any depth, kept together with it: what is reserved most often is looked up, not walked through.
create table resource_parts_all (
  whole_id uuid not null constraint resource_parts_all_make_a_whole references resources on delete cascade,
  part_id uuid not null constraint resource_parts_all_are_resources references resources,
  constraint resource_parts_all_are_named_once primary key (whole_id, part_id),
  -- Which parts in turn a part has is known before it becomes one: no circle ever closes.
  constraint resource_parts_all_are_not_themselves check (whole_id <> part_id)
);
create index resource_parts_all_by_part on resource_parts_all (part_id);

-- What is taken when a resource is reserved: itself, and every part of it.
create view compositions as
  select id as resource_id, id as taken_id from resources
  union all
  select whole_id, part_id from resource_parts_all;
