import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { connect, type ConnectOptions } from "../../db/connect.ts";
import { transaction } from "../../db/transaction.ts";
import { pidOf, testDatabase } from "../support/database.ts";

/** A pool whose connections live shortly. */
async function open(options: ConnectOptions) {
  const database = await testDatabase({ max: 1 });
  const sql = connect(database.where, options);
  return {
    sql,
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: 1 });
      await database[Symbol.asyncDispose]();
    },
  };
}

Deno.test("each connection of a pool is given a lifetime of its own, so that they are not renewed all at once", async () => {
  let given = 0;
  await using pool = await open({ max: 3, lifetime: () => 100 + given++ });
  assert.equal(await pidOf(pool.sql), await pidOf(pool.sql));
  assert.equal(given, 3);
});

Deno.test("connections are renewed under statements and transactions without anybody noticing", async () => {
  await using pool = await open({ max: 3, lifetime: () => 0.05 + Math.random() * 0.1 });
  const { sql } = pool;
  const pids = new Set<number>();
  const ask = async (i: number) => {
    const [row] = await sql<{ i: number; pid: number }[]>`
      select ${i}::int as i, pg_backend_pid() as pid, pg_sleep(${Math.random() * 0.01})::text`;
    assert.equal(row.i, i);
    pids.add(row.pid);
  };
  const change = () =>
    transaction(sql, async (tx) => {
      const before = await pidOf(tx);
      await pause(Math.random() * 200);
      assert.equal(await pidOf(tx), before);
    });
  let on = true;
  const work = [ask, ask, ask, ask, change, change].map(async (one, i) => {
    while (on) await one(i);
  });
  while (pids.size < 20) await Promise.race([pause(10), ...work]);
  on = false;
  await Promise.all(work);
});

Deno.test("a connection that is kept beyond its lifetime stays the same, and is renewed afterwards without anybody noticing", async () => {
  let given = 0;
  // The first of them grows old, and the other never.
  await using pool = await open({ max: 2, lifetime: () => given++ === 0 ? 0.1 : 100 });
  const { sql } = pool;
  const kept = await sql.reserve();
  const old = await pidOf(kept);
  await Promise.all([pidOf(kept), pidOf(sql)]);
  await pause(300);
  assert.equal(await pidOf(kept), old);
  kept.release();
  const pids = new Set<number>();
  await Promise.all(Array.from({ length: 5 }, async () => {
    for (let i = 0; i < 100; i++) pids.add(await pidOf(sql));
  }));
  assert.ok(!pids.has(old));
});

Deno.test("who waits for a connection to keep is given one, though it is renewed meanwhile", async () => {
  await using pool = await open({ max: 1, lifetime: () => 0.1 });
  const { sql } = pool;
  for (let i = 0; i < 5; i++) {
    const long = sql`select pg_backend_pid() as pid, pg_sleep(0.2)::text`.execute();
    await pause(10); // it has the connection
    const [, kept] = await Promise.all([long, sql.reserve()]);
    await pidOf(kept);
    kept.release();
  }
});

Deno.test("a connection that is lost while it is kept fails those who use it, and leaves a pool that works again", async () => {
  await using pool = await open({ max: 2 });
  const { sql } = pool;
  const kept = await sql.reserve();
  await sql`select pg_terminate_backend(${await pidOf(kept)})`;
  await assert.rejects(async () => {
    while (true) await pidOf(kept);
  });
  kept.release();
  await Promise.all(Array.from({ length: 40 }, () => pidOf(sql)));
});
