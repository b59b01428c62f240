-- What approvers need to decide: the queue in the order of its priorities.

create index reservations_queue on reservations (priority desc, start_time, created_at, id) where status = 'pending';

-- What a requester wants of an approved reservation, and an approver decides on: until then nothing moves, and what
-- is asked for holds nothing. Gone when it is decided, withdrawn, or when the reservation itself moves.
create table proposals (
  reservation_id uuid constraint proposals_are_one_each primary key
    constraint proposals_change_reservation references reservations on delete cascade,
  id uuid not null constraint proposals_have_one_id unique,
  start_time timestamptz not null,
  end_time timestamptz not null,
  resource_ids uuid[] not null constraint proposals_name_a_resource check (cardinality(resource_ids) > 0),
  proposed_at timestamptz not null,
  -- When it is too late to decide.
  decide_by timestamptz not null,
  constraint proposals_end_after_start check (end_time > start_time)
);
create index proposals_due on proposals (decide_by);

-- What an approver wants to know before deciding; one at a time. The request waits for its answer meanwhile.
create table questions (
  id uuid constraint questions_have_one_id primary key,
  reservation_id uuid not null constraint questions_about_reservation references reservations on delete cascade,
  asked_by uuid not null constraint questions_asked_by_user references users,
  question text not null constraint questions_say_something check (length(question) between 1 and 500),
  asked_at timestamptz not null,
  answer text constraint questions_answer_is_short check (length(answer) between 1 and 500),
  answered_at timestamptz
);
create unique index questions_are_asked_one_at_a_time on questions (reservation_id) where answered_at is null;
create index questions_of_reservation on questions (reservation_id, asked_at);

-- Who decides: groups of people, the approvers that a resource names, and who stands in for whom.
create table groups (
  id uuid constraint groups_have_one_id primary key,
  name text not null constraint groups_have_a_name check (length(name) between 1 and 120),
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create unique index groups_name_is_unique on groups (lower(name));

create table group_members (
  group_id uuid not null constraint group_members_are_of_group references groups on delete cascade,
  user_id uuid not null constraint group_members_are_users references users on delete cascade,
  constraint group_members_are_in_once primary key (group_id, user_id)
);
create index group_members_by_user on group_members (user_id);

create table resource_approvers (
  resource_id uuid not null constraint resource_approvers_of_resource references resources on delete cascade,
  user_id uuid constraint resource_approvers_are_users references users on delete cascade,
  group_id uuid constraint resource_approvers_are_groups references groups,
  constraint resource_approvers_are_one_or_the_other check (num_nonnulls(user_id, group_id) = 1),
  constraint resource_approvers_are_named_once unique nulls not distinct (resource_id, user_id, group_id)
);

create table delegations (
  id uuid constraint delegations_have_one_id primary key,
  user_id uuid not null constraint delegations_of_user references users on delete cascade,
  to_user_id uuid not null constraint delegations_to_user references users on delete cascade,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  created_at timestamptz not null,
  constraint delegations_are_to_another check (to_user_id <> user_id),
  constraint delegations_end_after_start check (ends_at > starts_at)
);
create index delegations_by_delegate on delegations (to_user_id, ends_at);
create index delegations_by_user on delegations (user_id, ends_at);

-- Who a resource's approvers are, one by one: whoever is no longer an approver decides no longer.
create view approvers as
  select named.resource_id, u.id as user_id
  from (
    select resource_id, user_id from resource_approvers where user_id is not null
    union
    select ra.resource_id, m.user_id from resource_approvers ra join group_members m on m.group_id = ra.group_id
  ) named
  join users u on u.id = named.user_id
  where u.disabled_at is null and u.role in ('staff', 'admin');

-- Whether an approver may decide on a request of their own.
alter table policies add column self_approval boolean not null default false;
