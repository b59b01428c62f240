import assert from "node:assert/strict";
import { transaction } from "../../db/transaction.ts";
import { cancel } from "../../domain/edits.ts";
import { Conflict } from "../../domain/errors.ts";
import { request } from "../../domain/requests.ts";
import type { Stored } from "../../domain/storing.ts";
import { makeCast, makeCrowd, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { holdUp } from "../support/gate.ts";
import { assertSound } from "../support/invariants.ts";

const TEN = on("2026-05-05", "10:00", "11:00");

/** What came of many at once; whatever is not stored has to be refused as taken. */
async function outcomes(attempts: readonly Promise<Stored>[]) {
  const settled = await Promise.allSettled(attempts);
  return settled.map((one) => {
    if (one.status === "fulfilled") return one.value;
    assert(one.reason instanceof Conflict, `${one.reason?.stack}`);
    return undefined;
  });
}

Deno.test("Of many who want several units at once, as many get theirs as fit, and nobody a part of it", async () => {
  await using database = await testDatabase({ max: 20 });
  const { sql } = database;
  const { ada, alice } = await makeCast(sql);
  const crowd = await makeCrowd(sql, 16);
  const { id } = await makeResource(sql, ada, { name: "Chairs", units: 7 });
  const wish = (quantity: number) => ({ ...TEN, resource_ids: [id], quantities: { [id]: quantity } });
  // Somebody has all of them for a moment, and steps back: until then everybody waits.
  const gate = await holdUp(database, (tx) => request(tx, alice, wish(7), NOW));
  const racing = outcomes(crowd.map((person) => request(sql, person, wish(2), NOW)));
  await gate.crowded(10);
  await gate.open();
  const had = (await racing).filter((one) => one !== undefined);
  assert.equal(had.length, 3, "three pairs of seven");
  const rows = await sql<{ unit: number }[]>`select unit from allocations where holds order by unit`;
  assert.deepEqual(rows.map(({ unit }) => unit), [1, 2, 3, 4, 5, 6]);
  await assertSound(sql);
});

Deno.test("Takings of different sizes and lengths at once never exceed what there is, at any instant", async () => {
  await using database = await testDatabase({ max: 20 });
  const { sql } = database;
  const { ada } = await makeCast(sql);
  const crowd = await makeCrowd(sql, 40);
  const { id } = await makeResource(sql, ada, { name: "Chairs", units: 9 });
  const made = await outcomes(crowd.map((person, i) => {
    const from = 8 + (i * 7) % 9;
    const clock = (hour: number) => `${String(hour).padStart(2, "0")}:00`;
    const wish = {
      ...{ ...on("2026-05-05", clock(from), clock(from + 1 + i % 4)), resource_ids: [id] },
      quantities: { [id]: 1 + (i * 5) % 6 },
    };
    return request(sql, person, wish, NOW).then(async (stored) => {
      if (i % 5 === 0) await cancel(sql, person, { id: stored.id }, NOW);
      return stored;
    });
  }));
  assert(made.filter((one) => one !== undefined).length >= 5);
  const [{ most }] = await sql<{ most: number }[]>`
    select max((select count(*) from allocations o where o.holds and o.period @> lower(a.period)))::int as most
    from allocations a where a.holds`;
  assert(most <= 9, `${most} of 9 are in use`);
  await assertSound(sql);
});

Deno.test("Several units that cannot be had inside a larger transaction leave the rest of it alone", async () => {
  await using database = await testDatabase({ max: 4 });
  const { sql } = database;
  const { ada, alice, bob } = await makeCast(sql);
  const { id } = await makeResource(sql, ada, { name: "Chairs", units: 3 });
  const wish = (quantity: number) => ({ ...TEN, resource_ids: [id], quantities: { [id]: quantity } });
  await transaction(sql, async (tx) => {
    await request(tx, alice, wish(2), NOW);
    await assert.rejects(request(tx, bob, wish(2), NOW), Conflict);
    await request(tx, bob, wish(1), NOW);
  });
  const [{ count }] = await sql<
    { count: number }[]
  >`select count(*)::int as count from allocations where holds`;
  assert.equal(count, 3);
  await assertSound(sql);
});
