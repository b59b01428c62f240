-- Who there is, and where they are signed in.

create table users (
  id uuid constraint users_have_one_id primary key,
  email text not null
    constraint users_email_is_unique unique
    constraint users_email_is_lower_case check (email = lower(email) and length(email) between 3 and 254),
  name text not null constraint users_have_a_name check (length(name) between 1 and 120),
  password_hash text not null,
  role text not null default 'user' constraint users_role_is_known check (role in ('user', 'staff', 'admin')),
  time_zone text,
  disabled_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

-- A session is a family of refresh tokens: each use replaces the token, and the one before it is remembered so that
-- a second use gives the theft away.
create table sessions (
  id uuid constraint sessions_have_one_id primary key,
  user_id uuid not null constraint sessions_belong_to_user references users on delete cascade,
  kind text not null constraint sessions_kind_is_known check (kind in ('browser', 'api')),
  refresh_hash text not null,
  previous_hash text,
  device text not null default '',
  created_at timestamptz not null,
  rotated_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create index sessions_of_user on sessions (user_id, rotated_at desc);

-- Servers remember who a session belongs to for a few seconds; they hear at once when that is no longer true.
create function tell_identity_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('identity_changed', coalesce(old.id, new.id)::text);
  return null;
end $$;
create trigger users_tell_identity_changed
  after update of role, disabled_at, name, time_zone, email or delete on users
  for each row execute function tell_identity_changed();
create trigger sessions_tell_identity_changed
  after update of revoked_at or delete on sessions
  for each row execute function tell_identity_changed();
