-- Periods in which resources cannot be reserved: what takes a resource's time is a reservation or a closure.

create table closures (
  id uuid constraint closures_have_one_id primary key,
  reason text not null constraint closures_have_a_reason check (length(reason) between 1 and 500),
  -- Whether it is of all resources, also those that are added while it lies ahead.
  everything boolean not null default false,
  -- The first date, on the clock of the wall; of each resource's own zone where no other is named.
  start_wall timestamp not null,
  end_wall timestamp not null,
  time_zone text,
  -- {"frequency": "daily" | "weekly" | "yearly", "weekdays"?: [1..7], "until"?: date, "count"?: n}; none: once.
  repeats jsonb,
  -- When somebody gave up what was ahead of it; what had passed is kept.
  ended_at timestamptz,
  created_by uuid not null constraint closures_are_made_by_user references users,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint closures_end_after_start check (end_wall > start_wall)
);

-- What a closure is meant to close. What it has is in its allocations: less, where reservations were left in it.
create table closure_dates (
  closure_id uuid not null constraint closure_dates_belong_to_closure references closures on delete cascade,
  resource_id uuid not null constraint closure_dates_close_resource references resources on delete cascade,
  period tstzrange not null
    constraint closure_dates_are_bounded check (
      not isempty(period) and not lower_inf(period) and not upper_inf(period)
      and lower_inc(period) and not upper_inc(period)),
  constraint closure_dates_never_overlap exclude using gist (closure_id with =, resource_id with =, period with &&)
);
create index closure_dates_by_resource on closure_dates using gist (resource_id, period);

alter table allocations
  -- A key would want a reservation in every row; the same name still says the same of those that have one.
  drop constraint allocations_once_per_reservation,
  alter reservation_id drop not null,
  add closure_id uuid constraint allocations_belong_to_closure references closures on delete cascade;
alter table allocations
  add constraint allocations_once_per_reservation unique (reservation_id, resource_id, unit),
  add constraint allocations_have_one_owner check (num_nonnulls(reservation_id, closure_id) = 1);
create index allocations_of_closure on allocations (closure_id) where closure_id is not null;
create index allocations_of_closures_by_end on allocations (upper(period)) where closure_id is not null and holds;
