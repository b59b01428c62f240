-- Reservations that recur: what was asked for as a whole, which dates were left out, and which reservation is which date.

create table series (
  id uuid constraint series_have_one_id primary key,
  requester_id uuid not null constraint series_belong_to_user references users,
  -- {"frequency": "daily" | "weekly" | "monthly" | "yearly", "interval"?: n, "weekdays"?: [1..7], "nth"?: 1..5 or -1,
  -- "until"?: date, "count"?: n}
  rule jsonb not null,
  -- What the person said, on the clock of the wall: a change of the law can be recomputed.
  time_zone text not null,
  start_wall timestamp not null,
  end_wall timestamp not null,
  resource_ids uuid[] not null constraint series_name_a_resource check (cardinality(resource_ids) > 0),
  purpose text not null default '' constraint series_purpose_is_short check (length(purpose) <= 500),
  private boolean not null default false,
  attendees int constraint series_attendees_are_positive check (attendees > 0),
  answers jsonb not null default '{}',
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint series_end_after_start check (end_wall > start_wall)
);
create index series_of_requester on series (requester_id, created_at);

-- Dates that could not be had, and why; gone when one of them is had after all.
create table series_skips (
  series_id uuid not null constraint series_skips_are_of_series references series on delete cascade,
  start_wall timestamp not null,
  reason text not null,
  constraint series_skips_are_told_once primary key (series_id, start_wall)
);

alter table reservations
  add series_id uuid constraint reservations_are_of_series references series,
  -- The date of its series that it is, wherever it has been moved since.
  add series_wall timestamp,
  add constraint reservations_have_their_date check (num_nonnulls(series_id, series_wall) in (0, 2));
create unique index series_have_each_date_once on reservations (series_id, series_wall) where series_id is not null;
