import assert from "node:assert/strict";
import type { Tx } from "../../db/types.ts";
import { request } from "../../domain/requests.ts";
import { findUnsound } from "../../domain/soundness.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { holdUnseen } from "../support/lost_entries.ts";

const FAULTS: [
  name: string,
  fault: (tx: Tx, ids: Record<string, string>) => Promise<unknown>,
  found: RegExp,
][] = [
  [
    "a part that somebody has beside the whole",
    (tx, { east }) => tx`delete from allocations where resource_id = ${east}`,
    /1 reservations of a whole do not hold all of its parts/,
  ],
  [
    "more in use than there are",
    (tx, { chairs }) => tx`update resources set units = 2 where id = ${chairs}`,
    /1 units are in use of which there are fewer/,
  ],
  [
    "fewer than were asked for",
    (tx, { chairs }) => tx`delete from allocations where resource_id = ${chairs} and asked is null`,
    /1 reservations hold another number of units/,
  ],
  [
    "what is held twice, and the index of the constraint has lost sight of,",
    (tx, { first, second }) => holdUnseen(tx, { reservation_id: second, beside: first }),
    /1 units are held twice at a time/,
  ],
  [
    "an approval that holds nothing",
    (tx) => tx`update allocations set holds = false`,
    /3 approved reservations hold nothing/,
  ],
];

Deno.test("the operator's check looks at parts and stock as well", async (t) => {
  await using database = await testDatabase();
  const { sql } = database;
  const { ada, bob } = await makeCast(sql);
  const { id: east } = await makeResource(sql, ada, { name: "East" });
  const { id: west } = await makeResource(sql, ada, { name: "West" });
  const { id: hall } = await makeResource(sql, ada, { name: "Hall", part_ids: [east, west] });
  const { id: chairs } = await makeResource(sql, ada, { name: "Chairs", units: 5, accessory: true });
  const wish = {
    ...on("2026-05-05", "10:00", "11:00"),
    resource_ids: [hall, chairs],
    quantities: { [chairs]: 3 },
  };
  await request(sql, bob, wish, NOW);
  const { id: room } = await makeResource(sql, ada, { name: "Room" });
  const ask = (from: string, to: string) =>
    request(sql, bob, { ...on("2026-05-05", from, to), resource_ids: [room] }, NOW);
  const [{ id: first }, { id: second }] = [await ask("10:00", "11:00"), await ask("11:00", "12:00")];

  await t.step("a sound house has nothing to tell", async () => {
    assert.deepEqual(await findUnsound(sql, NOW), []);
  });
  for (const [name, fault, expected] of FAULTS) {
    await t.step(`${name} is found`, async () => {
      const over = new Error("nothing of it stays");
      await sql.begin(async (tx) => {
        await fault(tx, { east, chairs, first, second });
        assert.match((await findUnsound(tx, NOW)).join("; "), expected);
        throw over;
      }).catch((error) => assert.equal(error, over));
    });
  }
});
