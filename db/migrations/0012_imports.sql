-- Files on their way in: what was read of them is kept for whoever sent them, until it is stored or forgotten.

create table imports (
  id uuid constraint imports_have_one_id primary key,
  user_id uuid not null constraint imports_belong_to_user references users on delete cascade,
  kind text not null constraint imports_kind_is_known check (kind in ('resources', 'users', 'reservations')),
  file_name text not null default '',
  columns text[] not null default '{}',
  -- What was wrong with the file before anybody looked at what it says: [{"line", "field", "message"}].
  problems jsonb not null default '[]',
  -- What would come of it, or what has: counts, the first differences, the first problems.
  outcome jsonb,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  -- When it was stored; its lines are gone then.
  done_at timestamptz
);
create index imports_by_expiry on imports (expires_at);

create table import_lines (
  import_id uuid not null constraint import_lines_belong_to_import references imports on delete cascade,
  line int not null,
  -- One text for each of the file's columns.
  cells jsonb not null,
  constraint import_lines_are_read_once primary key (import_id, line)
);
