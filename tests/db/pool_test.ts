import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { batchesOf } from "../../db/batches.ts";
import { poolOf } from "../../db/pool.ts";
import { transaction } from "../../db/transaction.ts";
import { pidOf, testDatabase } from "../support/database.ts";

const idle = (size: number) => ({ size, in_use: 0, waiting: 0 });

Deno.test("who asks one after the other is always given the same connection", async () => {
  await using database = await testDatabase({ max: 5 });
  const { sql } = database;
  const pids = new Set<number>();
  for (let i = 0; i < 10; i++) pids.add(await pidOf(sql));
  pids.add(await transaction(sql, pidOf));
  const kept = await sql.reserve();
  pids.add(await pidOf(kept));
  kept.release();
  pids.add(await pidOf(sql));
  assert.equal(pids.size, 1);
});

Deno.test("who asks at the same moment is given a connection each, as far as there are any", async () => {
  await using database = await testDatabase({ max: 3 });
  const { sql } = database;
  const asked = Array.from({ length: 5 }, async () => {
    const [{ pid }] = await sql<
      { pid: number }[]
    >`select pg_backend_pid() as pid, pg_sleep(0.05)::text as slept`;
    return pid;
  });
  while (poolOf(sql).in_use < 3) await pause(1);
  assert.deepEqual(poolOf(sql), { size: 3, in_use: 3, waiting: 2 });
  assert.equal(new Set(await Promise.all(asked)).size, 3);
  assert.deepEqual(poolOf(sql), idle(3));
});

Deno.test("a part of a statement takes no connection", async () => {
  await using database = await testDatabase({ max: 1 });
  const { sql } = database;
  const [{ sum }] = await sql<{ sum: number }[]>`select ${sql`1 + ${sql`2`}`} as sum`;
  assert.equal(sum, 3);
  assert.deepEqual(poolOf(sql), idle(1));
});

Deno.test("what fails gives its connection back", async (t) => {
  await using database = await testDatabase({ max: 1 });
  const { sql } = database;
  const fails: [string, () => Promise<unknown>][] = [
    ["a statement that PostgreSQL refuses", async () => await sql`select 1 / 0`],
    ["a statement that is not one", async () => await sql`select from where`],
    ["a value that the driver cannot send", async () => await sql`select ${undefined as never}::int`],
    ["a transaction", () => transaction(sql, (tx) => tx`select 1 / 0`)],
    [
      "a statement whose connection is lost",
      async () => await sql`select pg_terminate_backend(pg_backend_pid())`,
    ],
    [
      "a transaction whose connection is lost",
      () => transaction(sql, (tx) => tx`select pg_terminate_backend(pg_backend_pid())`),
    ],
    [
      "a download whose connection is lost",
      () => Array.fromAsync(batchesOf(sql, (db) => db`select pg_terminate_backend(pg_backend_pid())`)),
    ],
  ];
  for (const [what, fail] of fails) {
    await t.step(what, async () => {
      await assert.rejects(fail());
      await pause(1);
      assert.deepEqual(poolOf(sql), idle(1));
      assert.deepEqual([...await sql`select 1 as one`], [{ one: 1 }]);
    });
  }
});

Deno.test("whose database was stopped while nobody asked it anything, has a pool that works as if nothing had been", async () => {
  await using database = await testDatabase({ max: 3 });
  await using killer = await testDatabase({ max: 1 });
  const { sql } = database;
  const ask = async () =>
    (await sql<{ one: number }[]>`select 1 as one, pg_sleep(0.02)::text as slept`)[0].one;
  assert.deepEqual(await Promise.all([ask(), ask(), ask()]), [1, 1, 1]);
  await killer.sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${database.name}`;
  await pause(50);
  assert.deepEqual(await Promise.all([ask(), ask(), ask()]), [1, 1, 1]);
});

Deno.test("a pool that is ended leaves no connection open", async () => {
  await using database = await testDatabase({ max: 3 });
  await using watching = await testDatabase({ max: 1 });
  const { sql } = database;
  const pids = await Promise.all([1, 2, 3].map(() => pidOf(sql)));
  await sql.end();
  const left = () => watching.sql`select from pg_stat_activity where pid = any(${pids}::int[])`;
  // PostgreSQL's process is gone a moment after its connection.
  for (let i = 0; i < 100 && (await left()).length > 0; i++) await pause(20);
  assert.equal((await left()).length, 0);
});
