-- Answers that were given once and are given again to whoever sends the same Idempotency-Key.

create table replies (
  user_id uuid not null constraint replies_belong_to_user references users on delete cascade,
  key text not null constraint replies_key_is_short check (length(key) between 1 and 255),
  -- Of the method, the address and the body: what else comes with the same key is another request.
  fingerprint text not null,
  -- Null only inside the transaction that does the work: nobody else ever sees it.
  status int,
  headers jsonb not null default '{}',
  -- Sealed with the site's secret: an answer may have a token in it.
  body bytea,
  created_at timestamptz not null,
  constraint replies_are_one_each primary key (user_id, key)
);
create index replies_by_age on replies (created_at);
