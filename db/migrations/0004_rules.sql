-- Rules beyond length and notice: hours, grid, gaps, quotas, what is asked, and when somebody has to decide.

alter table policies
  -- Seven lists of [from, to], Monday first, in minutes from the day's midnight; none: always open.
  add opening jsonb,
  add slot_minutes int constraint policies_slot_is_sane check (slot_minutes between 5 and 1440),
  add buffer_before int not null default 0 constraint policies_buffer_before_is_sane check (buffer_before between 0 and 1440),
  add buffer_after int not null default 0 constraint policies_buffer_after_is_sane check (buffer_after between 0 and 1440),
  -- [{"per": "day" | "week" | "month", "count"?: n, "minutes"?: n}]
  add quotas jsonb not null default '[]',
  add open_at_most int constraint policies_open_at_most_is_positive check (open_at_most > 0),
  add cancel_minutes int constraint policies_cancel_minutes_is_not_negative check (cancel_minutes >= 0),
  add approval text not null default 'never'
    constraint policies_approval_is_known check (approval in ('never', 'always', 'when')),
  -- For 'when': any of these asks for a decision.
  add approval_longer_than int constraint policies_approval_longer_is_positive check (approval_longer_than > 0),
  add approval_outside_hours boolean not null default false,
  add approval_more_people_than int constraint policies_approval_people_is_positive check (approval_more_people_than > 0),
  -- For so long a pending request holds its slot; none: until it is decided.
  add hold_minutes int constraint policies_hold_is_positive check (hold_minutes > 0),
  -- What a requester has to tick, and to answer: [{"key", "label", "type": "text" | "number" | "choice", "choices"?, "required"}].
  add attestations text[] not null default '{}',
  add fields jsonb not null default '[]',
  -- Whether only staff see what others' reservations are for.
  add details_for_staff boolean not null default false;

-- Whose requests are approved at once, although the policy wants a decision.
create table policy_trusts (
  policy_id uuid not null constraint policy_trusts_belong_to_policy references policies on delete cascade,
  user_id uuid not null constraint policy_trusts_trust_user references users,
  constraint policy_trusts_once primary key (policy_id, user_id)
);

alter table reservations
  add attendees int constraint reservations_attendees_are_positive check (attendees > 0),
  add answers jsonb not null default '{}',
  add held_until timestamptz,
  -- Why an approver set the rules aside for it.
  add override_reason text constraint reservations_override_is_short check (length(override_reason) <= 500);
-- What a person has had and has open, for quotas.
create index reservations_held_until on reservations (held_until) where status = 'pending' and held_until is not null;
