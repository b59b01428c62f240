-- Groups whose members' requests a policy approves at once, and whom an entry on record speaks of beside its thing.

create table policy_trusted_groups (
  policy_id uuid not null constraint policy_trusted_groups_belong_to_policy references policies on delete cascade,
  group_id uuid not null constraint policy_trusted_groups_trust_group references groups,
  constraint policy_trusted_groups_once primary key (policy_id, group_id)
);
create index policy_trusted_groups_by_group on policy_trusted_groups (group_id);

-- Who was taken into a group, named to decide, or stands in: found by them as well as by the thing.
create index history_by_other on history ((details ->> 'other_id'), at, id)
  where details ->> 'other_id' is not null;
