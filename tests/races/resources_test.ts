import assert from "node:assert/strict";
import { changeResource } from "../../domain/resources.ts";
import { makeCast, makeResource, NOW } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { unrecordedThings } from "../support/recorded.ts";

Deno.test("two who change an accessory at once: each change tells what the one before it left", async () => {
  await using database = await testDatabase();
  const { sql } = database;
  const { ada } = await makeCast(sql);
  const hall = await makeResource(sql, ada, { name: "Hall" });
  const { id } = await makeResource(sql, ada, { name: "Chairs", units: 4, accessory: true });
  for (let round = 0; round < 10; round++) {
    await Promise.all([
      changeResource(sql, ada, { id, offered_with: round % 2 ? [] : [hall.id] }, NOW),
      changeResource(sql, ada, { id, units: 5 + round }, NOW),
    ]);
  }
  assert.deepEqual(await unrecordedThings(sql), []);
});
