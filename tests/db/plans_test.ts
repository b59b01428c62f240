import assert from "node:assert/strict";
import { beginningAt, firstOf } from "../../db/plans.ts";
import { testDatabase } from "../support/database.ts";

Deno.test("lists of any size that begin anywhere have as many rows as are wanted, and leave few statements prepared", async () => {
  await using database = await testDatabase({ max: 1 });
  const { sql } = database;
  const list = async (wanted: number, offset: number) => {
    const rows = await firstOf(sql, wanted, (first) =>
      sql<{ n: number }[]>`
        select n from generate_series(1, 3000) n order by n ${first} ${beginningAt(sql, offset)}`);
    return rows.map(({ n }) => n);
  };
  for (let wanted = 1; wanted <= 201; wanted++) {
    for (const offset of [0, wanted, 10 * wanted]) {
      assert.deepEqual(await list(wanted, offset), Array.from({ length: wanted }, (_, i) => offset + i + 1));
    }
  }
  assert.equal((await list(2500, 0)).length, 2500);
  const [{ prepared }] = await sql<{ prepared: number }[]>`
    select count(*)::int as prepared from pg_prepared_statements where statement like '%generate_series%'`;
  assert.ok(prepared <= 20, `${prepared} are prepared`);
});
