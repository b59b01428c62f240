-- A second factor: what people prove who they are with beside the password, codes by the clock and codes to fall back on.

create table second_factors (
  user_id uuid constraint second_factors_are_one_each primary key
    constraint second_factors_belong_to_user references users on delete cascade,
  -- Sealed with the key of the site: whoever has the database alone makes no codes.
  secret bytea not null,
  created_at timestamptz not null,
  -- Until then it is being set up, and asked of nobody.
  confirmed_at timestamptz,
  -- The last half minute whose code was taken: no code is good twice.
  last_step bigint,
  -- SHA-256 of 120 random bits each: nothing that could be guessed. One that was used is gone.
  backup_hashes text[] not null default '{}'
);

create function tell_second_factor_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('identity_changed', old.user_id::text);
  return null;
end $$;
create trigger second_factors_tell_identity_changed
  after update of confirmed_at or delete on second_factors
  for each row execute function tell_second_factor_changed();
