-- What approvers need to decide: the queue in the order of its priorities.

create index reservations_queue on reservations (priority desc, start_time, created_at, id) where status = 'pending';
