-- The index behind allocations_never_overlap is brought past its first page, for PostgreSQL can lose entries of one that outgrows it.

-- A statement that looks a GiST index up again and again remembers which entries it has seen to be dead. As long as the
-- index is one page, it marks none of them; when that page is divided while the statement runs, be it by its own rows,
-- it marks others in their place, which are alive: they are found no more, and the constraint lets their time be taken
-- twice. An index of several pages never becomes one page again, but where it is built anew: so it is called at each
-- start.
create function let_the_guard_grow() returns void language plpgsql as $$
declare
  one uuid := gen_random_uuid();
begin
  if pg_relation_size('allocations_never_overlap') > current_setting('block_size')::int then return; end if;
  insert into users (id, email, name, role, password_hash, created_at, updated_at)
    values (one, one || '@holdfast.invalid', 'Nobody', 'user', '', '-infinity', '-infinity');
  insert into resources (id, name, kind, time_zone, created_at, updated_at)
    values (one, one::text, 'room', 'UTC', '-infinity', '-infinity');
  insert into closures (id, reason, start_wall, end_wall, created_by, created_at, updated_at)
    values (one, 'Nothing', '2000-01-01', '2000-01-02', one, '-infinity', '-infinity');
  insert into allocations (closure_id, resource_id, unit, period, holds)
    select one, one, 1, tstzrange(at, at + interval '1 hour', '[)'), true
    from generate_series(timestamptz '2000-01-01 00:00Z', '2000-01-17 00:00Z', interval '1 hour') as at;
  delete from allocations where closure_id = one;
  delete from closures where id = one;
  delete from resources where id = one;
  delete from users where id = one;
end $$;
select let_the_guard_grow();
