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
