import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { connect } from "../../db/connect.ts";
import { transaction } from "../../db/transaction.ts";
import type { Sql, Tx } from "../../db/types.ts";
import { testDatabase } from "../support/database.ts";

/** What the database does to a connection when it ends. */
async function hangUp(sql: Sql, tx: Tx) {
  const [{ pid }] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
  await sql`select pg_terminate_backend(${pid})`;
}

const CLOSED = { code: /^(CONNECTION_CLOSED|ECONNRESET)$/ };

/** A connection of its own for the work, so that the one that hangs up goes on. */
async function open() {
  const database = await testDatabase({ max: 2 });
  const sql = connect(database.where, { max: 2 });
  return {
    killer: database.sql,
    sql,
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: 1 });
      await database[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a transaction whose connection is lost under it", async (t) => {
  await using database = await open();
  const { sql, killer } = database;
  const rejected = async (work: (tx: Tx) => Promise<unknown>) => {
    await assert.rejects(transaction(sql, work), CLOSED);
    await pause(60); // the work may go on for longer
  };

  await t.step("is rejected where a statement was under way", () =>
    rejected(async (tx) => {
      const [{ pid }] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
      const waiting = tx`select pg_sleep(10)`;
      await Promise.all([waiting, pause(50).then(() => killer`select pg_terminate_backend(${pid})`)]);
    }));

  await t.step(
    "is rejected where its work goes on with other statements, as if nothing had been",
    () =>
      rejected(async (tx) => {
        await hangUp(killer, tx);
        await pause(50);
        for (let i = 0; i < 3; i++) await tx`select ${i}`.catch(() => {});
      }),
  );

  await t.step(
    "is rejected where it ends without another statement: nothing was committed",
    () =>
      rejected(async (tx) => {
        await hangUp(killer, tx);
        await pause(50);
      }),
  );

  await t.step(
    "is rejected from within a part of it",
    () =>
      rejected((tx) =>
        transaction(tx, async (part) => {
          await hangUp(killer, part);
          await part`select 1`;
        })
      ),
  );

  await t.step("leaves a pool that works again", async () => {
    const add = (i: number) =>
      transaction(sql, async (tx) => (await tx<{ i: number }[]>`select ${i}::int as i`)[0].i);
    assert.deepEqual(await Promise.all([1, 2, 3, 4].map(add)), [1, 2, 3, 4]);
  });
});

Deno.test("a part of a transaction that fails goes back alone, and the rest of it is kept", async () => {
  await using database = await open();
  const { sql } = database;
  await sql`create table notes (text text)`;
  await transaction(sql, async (tx) => {
    await tx`insert into notes values ('whole')`;
    const part = transaction(tx, async (part) => {
      await part`insert into notes values ('part')`;
      throw new Error("no");
    });
    await assert.rejects(part, /^Error: no$/);
  });
  assert.deepEqual([...await sql`select text from notes`], [{ text: "whole" }]);
});
