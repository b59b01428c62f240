import assert from "node:assert/strict";
import { requestAny } from "../../domain/any_of.ts";
import { Conflict } from "../../domain/errors.ts";
import { request } from "../../domain/requests.ts";
import { makeCast, makeCrowd, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { holdUp } from "../support/gate.ts";
import { assertSound } from "../support/invariants.ts";

const TEN = on("2026-05-05", "10:00", "11:00");
const FREE = 5;

Deno.test("Of twice as many as there are rooms, who ask for any at once, each room is had by one, and the rest is told what else there is", async () => {
  await using database = await testDatabase({ max: 20 });
  const { sql } = database;
  const { ada, alice } = await makeCast(sql);
  const crowd = await makeCrowd(sql, 2 * FREE);
  const ids: string[] = [];
  for (let i = 1; i <= FREE; i++) {
    ids.push((await makeResource(sql, ada, { name: `Room ${i}`, capacity: 4 * i })).id);
  }
  const wish = { ...TEN, any_of: { kind: "room" }, attendees: 2 };
  // Somebody has the best of them for a moment, and steps back: until then everybody waits for it.
  const gate = await holdUp(database, (tx) => request(tx, alice, { ...TEN, resource_ids: [ids[0]] }, NOW));
  const racing = Promise.allSettled(crowd.map((person) => requestAny(sql, person, wish, NOW)));
  await gate.crowded(2 * FREE);
  await gate.open();
  const settled = await racing;
  const had = settled.flatMap((one) => one.status === "fulfilled" ? one.value.resource_ids : []);
  assert.deepEqual(had.toSorted(), ids.toSorted());
  const refused = settled.flatMap((one) => one.status === "rejected" ? [one.reason] : []);
  assert.equal(refused.length, FREE);
  for (const reason of refused) {
    assert(reason instanceof Conflict, `${reason?.stack}`);
    assert.equal(reason.message, "No room for 2 people is free then");
    assert(reason.alternatives.length > 0, "nothing is offered instead");
  }
  await assertSound(sql);
});
