-- A page beside a resource's door that shows without a sign-in who has it when, for as long as an administrator wants.

create table doors (
  id uuid constraint doors_have_one_id primary key,
  resource_id uuid not null constraint doors_show_resource references resources on delete cascade,
  -- Whether what is not private is named; otherwise only times are.
  names boolean not null,
  opened_by uuid not null constraint doors_are_opened_by_user references users,
  created_at timestamptz not null,
  closed_at timestamptz
);
create unique index doors_are_one_each on doors (resource_id) where closed_at is null;

-- What was not used lately, out of years of what was.
create index reservations_not_used on reservations (start_time) where status = 'no_show';
