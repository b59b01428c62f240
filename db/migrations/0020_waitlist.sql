-- Who waits for a time that is taken, and to whom it was offered when it came free: an offer holds it as a reservation would.

create table waitlist (
  id uuid constraint waitlist_has_one_id primary key,
  -- The order in which they came.
  number bigint generated always as identity constraint waitlist_number_is_unique unique,
  requester_id uuid not null constraint waitlist_belongs_to_user references users,
  resource_ids uuid[] not null constraint waitlist_names_a_resource check (cardinality(resource_ids) > 0),
  -- The very slot that is wanted; or within what a slot of so many minutes is.
  start_time timestamptz not null,
  end_time timestamptz not null,
  minutes int constraint waitlist_length_is_positive check (minutes > 0),
  -- The last instant at which such a slot can begin: from then on it is too late.
  last_start timestamptz not null,
  attendees int constraint waitlist_attendees_are_positive check (attendees > 0),
  purpose text not null default '' constraint waitlist_purpose_is_short check (length(purpose) <= 500),
  private boolean not null default false,
  answers jsonb not null default '{}',
  -- The reservation that was taken from them: they go first.
  bumped_id uuid constraint waitlist_is_for_what_was_bumped references reservations,
  status text not null constraint waitlist_status_is_known check (status in (
    'waiting', 'offered', 'accepted', 'declined', 'left', 'expired')),
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint waitlist_ends_after_start check (end_time > start_time),
  constraint waitlist_length_fits check (minutes * interval '1 minute' <= end_time - start_time)
);
create unique index waitlist_is_joined_once on waitlist
  (requester_id, resource_ids, start_time, end_time, coalesce(minutes, 0)) where status in ('waiting', 'offered');
create index waitlist_of_requester on waitlist (requester_id, number);
create index waitlist_by_resource on waitlist using gin (resource_ids) where status in ('waiting', 'offered');
create index waitlist_due on waitlist (last_start) where status = 'waiting';

create table offers (
  id uuid constraint offers_have_one_id primary key,
  entry_id uuid not null constraint offers_are_to_who_waits references waitlist,
  resource_ids uuid[] not null constraint offers_name_a_resource check (cardinality(resource_ids) > 0),
  start_time timestamptz not null,
  end_time timestamptz not null,
  made_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  outcome text constraint offers_outcome_is_known check (outcome in ('accepted', 'declined', 'expired', 'withdrawn')),
  reservation_id uuid constraint offers_become_reservation references reservations,
  constraint offers_end_after_start check (end_time > start_time),
  constraint offers_end_before_the_slot_begins check (made_at < expires_at and expires_at <= start_time),
  constraint offers_have_ended_somehow check (num_nonnulls(ended_at, outcome) in (0, 2)),
  constraint offers_were_accepted_for_something check ((outcome is not distinct from 'accepted') = (reservation_id is not null))
);
create unique index offers_are_made_one_at_a_time on offers (entry_id) where ended_at is null;
create index offers_of_entry on offers (entry_id, made_at);
create index offers_due on offers (expires_at) where ended_at is null;

alter table allocations
  add offer_id uuid constraint allocations_belong_to_offer references offers on delete cascade,
  drop constraint allocations_have_one_owner,
  add constraint allocations_have_one_owner check (num_nonnulls(reservation_id, closure_id, offer_id) = 1);
create unique index allocations_once_per_offer on allocations (offer_id, resource_id, unit) where offer_id is not null;

alter table policies
  add offer_minutes int not null default 30
    constraint policies_offer_is_sane check (offer_minutes between 1 and 10080);

-- What is told of the waitlist is told of no reservation.
alter table outbox
  alter reservation_id drop not null,
  add waitlist_id uuid constraint outbox_about_waitlist references waitlist on delete cascade,
  add constraint outbox_is_about_one_thing check (num_nonnulls(reservation_id, waitlist_id) = 1);
