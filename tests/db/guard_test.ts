import assert from "node:assert/strict";
import type { Sql } from "../../db/types.ts";
import { close, NewClosure } from "../../domain/closures.ts";
import { migrate } from "../../db/migrate.ts";
import { makeCast, makeResource, NOW } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";

// See the migration that lets the guard grow: what PostgreSQL does to a GiST index that outgrows its first page.

/** Has a closure take two hundred hours of a room, one by one, as far as nothing has them; answers how many it took. */
async function takeHours(sql: Sql, closure_id: string, resource_id: string): Promise<number> {
  return await sql.begin(async (tx) => {
    await tx`set local enable_seqscan = off`;
    await tx`set local enable_bitmapscan = off`;
    const taken = await tx`
      insert into allocations (closure_id, resource_id, unit, period, holds)
      select ${closure_id}, ${resource_id}, 1, w.period, true
      from (
        select tstzrange(at, at + interval '1 hour', '[)') as period
        from generate_series(timestamptz '2026-06-01', timestamptz '2026-06-01' + interval '199 hours', '1 hour') as at
      ) w
      cross join lateral (
        select coalesce(range_agg(a.period), '{}') as periods from allocations a
        where a.holds and a.resource_id = ${resource_id} and a.unit = 1 and a.period && w.period
      ) t
      where not w.period <@ t.periods
      on conflict do nothing returning 1`;
    return taken.length;
  });
}

Deno.test("what was taken and given up before, in a young house, is taken once and not twice", async () => {
  await using database = await testDatabase();
  const { sql } = database;
  const { ada } = await makeCast(sql);
  const room = await makeResource(sql, ada, { name: "Room" });
  const reason = { reason: "Paint", start_wall: "2026-05-05T10:00", end_wall: "2026-05-05T12:00" };
  const { id } = await close(sql, ada, NewClosure.parse({ ...reason, resource_ids: [room.id] }), NOW);
  await sql`
    insert into allocations (closure_id, resource_id, unit, period, holds)
    select ${id}, ${room.id}, 1, tstzrange(at, at + interval '1 hour', '[)'), true
    from generate_series(timestamptz '2026-06-01', timestamptz '2026-06-01' + interval '59 hours', '1 hour') as at`;
  await sql`delete from allocations where closure_id = ${id}`;
  assert.equal(await takeHours(sql, id, room.id), 200);
  assert.equal(await takeHours(sql, id, room.id), 0);
});

Deno.test("a guard that was built anew has grown again after the next start", async () => {
  await using database = await testDatabase();
  const { sql } = database;
  const pages = async () => {
    const [{ pages }] = await sql<{ pages: number }[]>`
      select (pg_relation_size('allocations_never_overlap') / current_setting('block_size')::int)::int as pages`;
    return pages;
  };
  await sql`vacuum allocations`;
  await sql`reindex index allocations_never_overlap`;
  assert.equal(await pages(), 1);
  await migrate(sql, NOW);
  assert((await pages()) > 1);
  const left = await sql`
    select id from users union all select id from resources union all select id from closures
    union all select resource_id from allocations`;
  assert.equal(left.length, 0);
});
