-- When somebody has to have come, and what is free again where nobody did.

alter table policies
  add check_in boolean not null default false,
  -- How early before the start, and how late after it.
  add check_in_opens_minutes int not null default 15
    constraint policies_check_in_opens_is_sane check (check_in_opens_minutes between 0 and 1440),
  add check_in_grace_minutes int not null default 15
    constraint policies_check_in_grace_is_sane check (check_in_grace_minutes between 1 and 1440);

-- From when on one can check in, and when it is too late; none: nobody has to. Kept as it was when the slot was chosen.
alter table reservations
  add check_in_from timestamptz,
  add check_in_until timestamptz,
  add constraint reservations_check_in_has_both_ends
    check ((check_in_from is null) = (check_in_until is null)),
  add constraint reservations_check_in_is_in_time
    check (check_in_from <= check_in_until and check_in_until <= end_time);
create index reservations_to_miss on reservations (check_in_until)
  where status = 'approved' and check_in_until is not null;
