-- What people asked for, what it takes, what happened to it, and what others are to be told.
create extension if not exists btree_gist;

create table reservations (
  id uuid constraint reservations_have_one_id primary key,
  number bigint generated always as identity constraint reservations_number_is_unique unique,
  reference text generated always as ('R-' || number) stored,
  requester_id uuid not null constraint reservations_belong_to_user references users,
  status text not null constraint reservations_status_is_known check (status in (
    'pending', 'approved', 'denied', 'expired', 'checked_in', 'completed', 'no_show', 'bumped', 'cancelled')),
  start_time timestamptz not null,
  end_time timestamptz not null,
  -- What the clock on the wall shows there: kept, so that a change of the law can be recomputed.
  time_zone text not null,
  start_wall timestamp not null,
  end_wall timestamp not null,
  purpose text not null default '' constraint reservations_purpose_is_short check (length(purpose) <= 500),
  private boolean not null default false,
  priority int not null default 0 constraint reservations_priority_is_sane check (priority between 0 and 100),
  decided_by uuid constraint reservations_decided_by_user references users,
  decided_at timestamptz,
  decision_reason text,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint reservations_end_after_start check (end_time > start_time)
);
create index reservations_of_requester on reservations (requester_id, start_time);
create index reservations_pending on reservations (start_time) where status = 'pending';
create index reservations_to_complete on reservations (end_time) where status in ('approved', 'checked_in');

-- One unit of one resource over one half-open period. Whatever takes a resource's time is a row here, and the
-- constraint is the only judge of whether it may.
create table allocations (
  reservation_id uuid not null
    constraint allocations_belong_to_reservation references reservations on delete cascade,
  resource_id uuid not null constraint allocations_take_resource references resources,
  unit int not null default 1 constraint allocations_unit_is_positive check (unit > 0),
  period tstzrange not null
    constraint allocations_period_is_bounded check (
      not isempty(period) and not lower_inf(period) and not upper_inf(period)
      and lower_inc(period) and not upper_inc(period)),
  holds boolean not null,
  constraint allocations_once_per_reservation primary key (reservation_id, resource_id, unit),
  constraint allocations_never_overlap exclude using gist (resource_id with =, unit with =, period with &&)
    where (holds)
);
-- A day of many resources rides on the first; what began before that day and lasts long is found by the second.
create index allocations_by_start on allocations (resource_id, lower(period));
create index allocations_long on allocations (resource_id, upper(period))
  where upper(period) - lower(period) > interval '1 day';

create table history (
  id bigint generated always as identity constraint history_has_one_id primary key,
  reservation_id uuid not null constraint history_of_reservation references reservations on delete cascade,
  actor_id uuid constraint history_actor_is_user references users,
  action text not null,
  details jsonb not null default '{}',
  previous_state jsonb,
  at timestamptz not null
);
create index history_by_reservation on history (reservation_id, id);

create table outbox (
  id bigint generated always as identity constraint outbox_has_one_id primary key,
  event text not null,
  reservation_id uuid not null constraint outbox_about_reservation references reservations on delete cascade,
  payload jsonb not null default '{}',
  created_at timestamptz not null,
  delivered_at timestamptz
);
create index outbox_undelivered on outbox (id) where delivered_at is null;

-- When each background job ran, for how long, and what it did.
create table runs (
  id bigint generated always as identity constraint runs_have_one_id primary key,
  job text not null,
  started_at timestamptz not null,
  duration_ms int not null,
  changed int not null,
  error text
);
create index runs_by_job on runs (job, id desc);
