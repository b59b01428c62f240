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
