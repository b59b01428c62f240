import assert from "node:assert/strict";
import { fuzz } from "../fuzz/run.ts";
import { testDatabase } from "../support/database.ts";

// The same requests each time; `deno task fuzz` draws others.
Deno.test("whatever two thousand requests made of the document have in them, nothing breaks and all is answered as it says", async () => {
  await using database = await testDatabase();
  const { failures, asked, calls, succeeded, statuses } = await fuzz(database.sql, {
    seed: 1,
    requests: 2_000,
  });
  assert.deepEqual(failures, [], failures.join("\n"));
  assert.equal(asked, calls);
  assert(succeeded > calls / 2, `only ${succeeded} of ${calls} calls did anything`);
  assert(statuses[422] > 100 && statuses[409] > 20, JSON.stringify(statuses));
});
