-- Lists begin where they are asked to, and what is new to somebody is found by itself, however much lies behind them.
create index reservations_by_start on reservations (start_time, id);
create index reservations_long on reservations (end_time) where end_time - start_time > interval '1 day';
create index reservations_changed_of_requester on reservations (requester_id, updated_at);
