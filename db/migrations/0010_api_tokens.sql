-- Personal tokens: what lets a program act for a person for a long time, and no more than it needs.

create table api_tokens (
  id uuid constraint api_tokens_have_one_id primary key,
  user_id uuid not null constraint api_tokens_belong_to_user references users on delete cascade,
  name text not null constraint api_tokens_have_a_name check (length(name) between 1 and 120),
  scope text not null constraint api_tokens_scope_is_known check (scope in ('read', 'write', 'admin')),
  -- SHA-256 of 256 random bits: nothing that could be guessed, so nothing that has to be slow.
  token_hash text not null constraint api_tokens_secret_is_unique unique,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  -- To the hour: enough to know whether it is still needed.
  last_used_at timestamptz,
  revoked_at timestamptz
);
create index api_tokens_of_user on api_tokens (user_id, created_at desc);

create trigger api_tokens_tell_identity_changed
  after update of revoked_at or delete on api_tokens
  for each row execute function tell_identity_changed();
