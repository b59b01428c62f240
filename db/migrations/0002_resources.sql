-- What can be reserved, and the rules that resources share.

create table policies (
  id uuid constraint policies_have_one_id primary key,
  name text not null constraint policies_name_is_unique unique
    constraint policies_have_a_name check (length(name) between 1 and 120),
  min_minutes int constraint policies_min_minutes_is_positive check (min_minutes > 0),
  max_minutes int constraint policies_max_minutes_is_positive check (max_minutes > 0),
  notice_minutes int constraint policies_notice_is_not_negative check (notice_minutes >= 0),
  horizon_days int constraint policies_horizon_is_positive check (horizon_days > 0),
  pending_holds boolean not null default false,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint policies_min_is_not_above_max check (min_minutes <= max_minutes)
);

create table resources (
  id uuid constraint resources_have_one_id primary key,
  name text not null constraint resources_have_a_name check (length(name) between 1 and 120),
  kind text not null constraint resources_have_a_kind check (length(kind) between 1 and 40),
  description text not null default '',
  location text not null default '',
  capacity int constraint resources_capacity_is_positive check (capacity > 0),
  units int not null default 1 constraint resources_units_are_sane check (units between 1 and 500),
  time_zone text not null,
  tags text[] not null default '{}',
  policy_id uuid constraint resources_follow_policy references policies,
  requires_approval boolean not null default false,
  deactivated_at timestamptz,
  -- Grows with every change: a reservation is stored only against the rules that were checked.
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create unique index resources_name_is_unique on resources (lower(name));
create index resources_by_kind on resources (kind, lower(name)) where deactivated_at is null;
create index resources_by_tag on resources using gin (tags);
