-- How many of each somebody waits for, where that is more than one: {"<resource_id>": n}.

alter table waitlist add quantities jsonb not null default '{}';
