-- Links by which a person sets a new password once; only the hash of what stands in the link is kept.

create table password_resets (
  id uuid constraint password_resets_have_one_id primary key,
  user_id uuid not null constraint password_resets_belong_to_user references users,
  token_hash text not null constraint password_resets_token_is_unique unique,
  made_by uuid not null constraint password_resets_made_by_user references users,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index password_resets_of_user on password_resets (user_id) where used_at is null;
