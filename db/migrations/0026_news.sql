-- What is news to somebody is found by itself: one look-up for each of their reservations took longer with every level of the index.

-- Whose reservation it is, where it was somebody else, or the clock, that did something to it; that its time is over is
-- no news. Whoever stores a reservation of their own writes nothing of it, and no entry of the index.
alter table history add column news_for uuid;
alter table history disable trigger history_is_append_only;
update history h set news_for = v.requester_id
from reservations v
where v.id = h.reservation_id and h.action <> 'complete' and h.actor_id is distinct from v.requester_id;
alter table history enable always trigger history_is_append_only;
alter table history
  add constraint history_is_news_for_user foreign key (news_for) references users;
create index history_news on history (news_for, at, id) where news_for is not null;
drop index reservations_changed_of_requester;
