-- The record: what anybody did to anything, as it was before and after, which nobody can change or take away.

-- An entry is about a reservation, or about something else that is named by its kind, its id and the name that it had.
-- No foreign key leads to that: what is deleted stays on record.
alter table history
  alter column reservation_id drop not null,
  add column subject_kind text not null default 'reservation',
  add column subject_id uuid,
  add column subject_name text,
  add column after_state jsonb,
  add column request_id text,
  add constraint history_has_one_subject check (
    (subject_kind = 'reservation') = (reservation_id is not null)
    and (subject_kind = 'reservation') = (subject_id is null)),
  drop constraint history_of_reservation,
  add constraint history_of_reservation foreign key (reservation_id) references reservations;

-- Whatever is asked for comes newest first, so each index ends with the time.
create index history_by_time on history (at, id);
create index history_by_actor on history (actor_id, at, id);
create index history_by_action on history (action, at, id);
create index history_by_subject on history (subject_id, at, id) where subject_id is not null;

-- For each statement, not for each row: so it holds for truncate and for what a cascade would do, too.
create function refuse_change_of_history() returns trigger language plpgsql as $$
begin
  raise exception 'history is append-only: % is refused', tg_op using errcode = 'restrict_violation';
end $$;
create trigger history_is_append_only
  before update or delete or truncate on history
  for each statement execute function refuse_change_of_history();
alter table history enable always trigger history_is_append_only;
