import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import postgres from "postgres";
import { connect } from "../../db/connect.ts";
import { migrate, MigrationRefused } from "../../db/migrate.ts";
import type { Sql } from "../../db/types.ts";
import { CONSTRAINT_WORDS } from "../../domain/errors.ts";
import { NOW } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";

const LATER = NOW.add({ hours: 1 });
const FILES = [...Deno.readDirSync(new URL("../../db/migrations", import.meta.url))]
  .map((file) => file.name).sort();

/** A database as a new server has it: nothing in it. */
async function emptyDatabase() {
  const stack = new AsyncDisposableStack();
  const { sql, where } = stack.use(await testDatabase({ max: 3 }));
  await sql.unsafe("drop schema public cascade; create schema public");
  const other = connect(where, { max: 3 });
  stack.defer(() => other.end({ timeout: 5 }));
  return { sql, other, where, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** The names that the database remembers, in the order in which they were committed. */
async function applied(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`select name from migrations order by xmin::text::bigint`;
  return rows.map((row) => row.name);
}

async function tables(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select tablename as name from pg_tables where schemaname = 'public' order by tablename`;
  return rows.map((row) => row.name);
}

Deno.test("migrations are numbered, no two alike, and begin with their reason", async () => {
  assert.equal(new Set(FILES.map((name) => name.slice(0, 4))).size, FILES.length);
  for (const name of FILES) {
    assert.match(name, /^\d{4}_[a-z0-9_]+\.sql$/);
    const text = await Deno.readTextFile(new URL(`../../db/migrations/${name}`, import.meta.url));
    assert.match(text, /^-- \w.*\.\n/, name);
  }
});

Deno.test("an empty database gets each migration once, in order, and a second time nothing is done", async () => {
  await using scene = await emptyDatabase();
  assert.deepEqual(await migrate(scene.sql, NOW), FILES);
  assert.deepEqual(await migrate(scene.sql, LATER), []);
  assert.deepEqual(await applied(scene.sql), FILES);
  const times = await scene.sql<{ applied_at: Temporal.Instant }[]>`
    select distinct applied_at from migrations`;
  assert.deepEqual(times.map((row) => `${row.applied_at}`), [`${NOW}`]);
});

Deno.test("replicas that start together all succeed, and each migration is applied once", async () => {
  await using scene = await emptyDatabase();
  const done = await Promise.all(
    [scene.sql, scene.other, scene.sql, scene.other].map((sql) => migrate(sql, NOW)),
  );
  assert.deepEqual(done.filter((names) => names.length > 0), [FILES]);
  assert.deepEqual(await applied(scene.sql), FILES);
});

Deno.test("a replica that starts while another migrates waits for it, longer than any request may take", async () => {
  await using scene = await emptyDatabase();
  // As the pool of the site, with less patience.
  const milliseconds = 300;
  await using hasty = hastyPool(scene.where, milliseconds);
  const busy = await scene.other.reserve();
  await busy`select pg_advisory_lock(7421063)`;
  const release = async () => {
    await pause(3 * milliseconds);
    await busy`select pg_advisory_unlock(7421063)`;
    busy.release();
  };
  const [done] = await Promise.all([migrate(hasty.sql, NOW), release()]);
  assert.deepEqual(done, FILES);
  const [shown] = await hasty.sql`select current_setting('statement_timeout') as patience`;
  assert.equal(shown.patience, `${milliseconds}ms`);
});

function hastyPool(where: Awaited<ReturnType<typeof emptyDatabase>>["where"], milliseconds: number) {
  const connection = { statement_timeout: milliseconds };
  const sql = postgres({ ...where, max: 1, onnotice: () => {}, connection }) as unknown as Sql;
  return { sql, [Symbol.asyncDispose]: () => sql.end({ timeout: 5 }) };
}

Deno.test("a migration that was edited after it was applied is refused by its name, and nothing is done", async () => {
  await using scene = await emptyDatabase();
  await migrate(scene.sql, NOW);
  const [last] = FILES.slice(-1);
  await scene.sql`update migrations set checksum = 'of another text' where name = ${FILES[0]}`;
  await scene.sql`delete from migrations where name = ${last}`;
  await assert.rejects(migrate(scene.sql, NOW), (error) => {
    assert(error instanceof MigrationRefused);
    const words = `Migration "${FILES[0]}" was edited after it was applied. Restore it and add a new one`;
    assert.equal(error.message, words);
    return true;
  });
  assert.deepEqual((await applied(scene.sql)).sort(), FILES.slice(0, -1));
});

Deno.test("an older Holdfast does not touch the database of a newer one", async () => {
  await using scene = await emptyDatabase();
  await migrate(scene.sql, NOW);
  await scene.sql`insert into migrations values ('9999_from_the_future.sql', 'x', ${NOW})`;
  await assert.rejects(migrate(scene.sql, NOW), {
    message:
      'The database is newer than this Holdfast: it has "9999_from_the_future.sql". Start the newer one',
  });
});

Deno.test("a migration that fails leaves nothing of itself, and is done again when its cause is gone", async () => {
  await using scene = await emptyDatabase();
  // Somebody's own table stands where the last but one of the third migration's is to be.
  await scene.sql`create table outbox (theirs int)`;
  const failing = FILES.findIndex((name) => name.startsWith("0003_"));
  await assert.rejects(migrate(scene.sql, NOW), /relation "outbox" already exists/);
  assert.deepEqual(await applied(scene.sql), FILES.slice(0, failing));
  const left = await tables(scene.sql);
  assert.deepEqual(left.filter((name) => ["reservations", "allocations", "history"].includes(name)), []);
  const extensions = await scene.sql`select from pg_extension where extname = 'btree_gist'`;
  assert.equal(extensions.length, 0);

  await scene.sql`drop table outbox`;
  // By another pool: the first no longer has the lock.
  assert.deepEqual(await migrate(scene.other, NOW), FILES.slice(failing));
});

Deno.test("after a refusal the connection is as before, and nobody has to wait for the lock", async () => {
  await using scene = await emptyDatabase();
  await migrate(scene.sql, NOW);
  await scene.sql`update migrations set checksum = 'of another text'`;
  await assert.rejects(migrate(scene.sql, NOW), MigrationRefused);
  const locks = await scene.sql`
    select from pg_locks where locktype = 'advisory'
      and database = (select oid from pg_database where datname = current_database())`;
  assert.equal(locks.length, 0);
});

Deno.test("every constraint of the schema has words, and no words are left over", async () => {
  await using database = await testDatabase({ max: 1 });
  // Of what must not be null the code makes sure; the table of migrations is written by nobody else.
  const rows = await database.sql<{ name: string }[]>`
    select conname as name from pg_constraint c
    where connamespace = 'public'::regnamespace and contype <> 'n' and conrelid <> 'migrations'::regclass
    union
    select indexrelid::regclass::text from pg_index i join pg_class t on t.oid = i.indrelid
    where t.relnamespace = 'public'::regnamespace and indisunique and indrelid <> 'migrations'::regclass
    order by name`;
  assert(rows.length > 0);
  assert.deepEqual(rows.map((row) => row.name), Object.keys(CONSTRAINT_WORDS).sort());
});

Deno.test("the words of a constraint are a sentence about a field", () => {
  for (const [name, { path, message }] of Object.entries(CONSTRAINT_WORDS)) {
    assert.match(path, /^[a-z_]+$/, name);
    assert.match(message, /^[A-Z].*[^.]$/, name);
  }
});
