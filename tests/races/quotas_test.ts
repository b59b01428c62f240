import assert from "node:assert/strict";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { serveSite } from "../support/app.ts";
import { at, makeCast, makeResource, NOW } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { holdUp } from "../support/gate.ts";
import { assertSound } from "../support/invariants.ts";

const ROUNDS = 6;
const AT_ONCE = 50;
const CONNECTIONS = 20;

Deno.test("Of fifty wishes of Bob's at once, over two rooms, a quota of one a day lets exactly the first one through", async () => {
  await using database = await testDatabase({ max: CONNECTIONS });
  const { sql } = database;
  const cast = await makeCast(sql);
  const quotas = [{ per: "day" as const, count: 1 }];
  const policy_id = await createPolicy(sql, cast.ada, { ...NO_RULES, name: "One a day", quotas }, NOW);
  const rooms = [
    await makeResource(sql, cast.ada, { name: "Room A", policy_id }),
    await makeResource(sql, cast.ada, { name: "Room B", policy_id }),
  ];
  await using server = await serveSite(sql, NOW, { TIME_ZONE: "Europe/Berlin" });
  const windows = await Promise.all([1, 2, 3].map(() => server.as(cast.bob)));
  for (let round = 0; round < ROUNDS; round++) {
    const day = Temporal.PlainDate.from("2026-05-05").add({ days: round });
    // Twenty minutes each, one after the other: nothing is in the way of any of them but the quota.
    const wish = (i: number) => {
      const start_time = at(`${day} 00:00`).add({ minutes: 20 * i });
      const resource_id = rooms[(i + round) % 2].id;
      return windows[i % 3].call("POST", "/reservations", {
        ...{ resource_id, start_time, end_time: start_time.add({ minutes: 20 }) },
      });
    };
    // Whatever counts what Bob has waits for whoever counts it already.
    const gate = await holdUp(
      database,
      (tx) => tx`select from users where id = ${cast.bob.id} for no key update`,
    );
    const first = wish(0);
    await gate.crowded(1);
    const others = Array.from({ length: AT_ONCE - 1 }, (_, i) => wish(i + 1));
    await gate.crowded(CONNECTIONS);
    await gate.open();
    const { status, json } = await first;
    assert.deepEqual([status, json.resource_id], [201, rooms[round % 2].id]);
    for (const refused of await Promise.all(others)) {
      assert.equal(refused.status, 409, refused.text);
      assert.deepEqual(refused.json.reasons.map(({ code }) => code), ["quota_count"]);
      assert.equal(refused.json.detail, "One a day allows 1 reservation a day to each person");
    }
    const [left] = await sql`
      select (select count(*)::int from reservations) as reservations, (select count(*)::int from allocations)
        as allocations, (select count(*)::int from history where reservation_id is not null) as history,
        (select count(*)::int from outbox) as outbox`;
    const each = round + 1;
    assert.deepEqual(left, { reservations: each, allocations: each, history: each, outbox: each });
  }
  await assertSound(sql);
});
