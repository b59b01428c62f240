-- What recurs may want an approval where a single wish wants none.

alter table policies add approval_recurring boolean not null default false;
