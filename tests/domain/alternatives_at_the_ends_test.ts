import assert from "node:assert/strict";
import { alternativesTo } from "../../domain/alternatives.ts";
import { Conflict } from "../../domain/errors.ts";
import { createPolicy, type NewPolicy, NO_RULES } from "../../domain/policies.ts";
import { explain, request } from "../../domain/requests.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const OFFICE = Array.from({ length: 7 }, (): [number, number][] => [[8 * 60, 18 * 60]]);

/** A room under a policy. NOW is Monday 4 May, 09:00; what is stored is sound when the test is over. */
async function room(policy: Partial<NewPolicy>) {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const policy_id = await createPolicy(sql, cast.ada, { ...NO_RULES, name: "Rules", ...policy }, NOW);
  const { id } = await makeResource(sql, cast.ada, { name: "Room", policy_id });
  const ask = (period: ReturnType<typeof on>) =>
    request(sql, cast.bob, { ...period, resource_ids: [id] }, NOW);
  return {
    ...database,
    ...{ cast, id, ask },
    /** Where it would be free instead, by the clock in Berlin; each can be had. */
    instead: async (period: ReturnType<typeof on>) => {
      const refused = await ask(period).then(() => undefined, (error) => error);
      assert(refused instanceof Conflict, `Expected a Conflict: ${refused}`);
      const wish = { ...period, resource_ids: [id], requester_id: cast.bob.id };
      for (const slot of await alternativesTo(sql, wish, NOW)) {
        const { reasons, conflicts } = await explain(sql, cast.bob, { ...wish, ...slot }, NOW);
        assert.deepEqual([reasons, conflicts], [[], []]);
      }
      return refused.alternatives.map(({ start_time }) =>
        start_time.toZonedDateTimeISO("Europe/Berlin").toPlainDateTime().toString({ smallestUnit: "minute" })
      );
    },
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

for (const date of ["2026-06-04", "2026-06-10", "2026-09-01"]) {
  Deno.test(`a wish beyond the horizon, ${date}, gets its hour on the last day within it`, async () => {
    await using scene = await room({ horizon_days: 30 });
    assert.deepEqual(await scene.instead(on(date, "10:00", "11:00")), ["2026-06-03T10:00"]);
  });
}

Deno.test("a wish beyond the horizon whose hour is taken on the last day gets the nearest on both sides of that", async () => {
  await using scene = await room({ horizon_days: 30, opening: OFFICE });
  await scene.ask(on("2026-06-03", "09:30", "11:30"));
  assert.deepEqual(await scene.instead(on("2026-09-01", "10:00", "11:00")), [
    "2026-06-03T08:30",
    "2026-06-03T11:30",
    "2026-06-02T17:00",
  ]);
});

Deno.test("a wish beyond the horizon for an hour at which it is closed gets the nearest open one", async () => {
  await using scene = await room({ horizon_days: 30, opening: OFFICE });
  const [first] = await scene.instead(on("2026-09-01", "20:00", "21:00"));
  assert.equal(first, "2026-06-03T17:00");
});

Deno.test("a wish beyond the horizon keeps its wall time, also where the clock is changed in between", async () => {
  await using scene = await room({ horizon_days: 30 });
  assert.deepEqual(await scene.instead(on("2026-12-01", "10:00", "11:00")), ["2026-06-03T10:00"]);
});

Deno.test("a wish on the last day within the horizon needs no other", async () => {
  await using scene = await room({ horizon_days: 30 });
  await scene.ask(on("2026-06-03", "10:00", "11:00"));
});

for (const days of [2, 7, 30]) {
  Deno.test(`a wish before the notice of ${days} days gets the first moment that keeps it`, async () => {
    await using scene = await room({ notice_minutes: days * 1440 });
    const first = NOW.add({ hours: days * 24 }).toZonedDateTimeISO("Europe/Berlin").toPlainDateTime();
    assert.deepEqual(await scene.instead(on("2026-05-04", "10:00", "11:00")), [
      first.toString({ smallestUnit: "minute" }),
    ]);
  });
}

Deno.test("a wish before a long notice gets the first open hours after it", async () => {
  await using scene = await room({ notice_minutes: 20 * 1440 - 60, opening: OFFICE });
  await scene.ask(on("2026-05-24", "08:00", "12:00"));
  const [first, second] = await scene.instead(on("2026-05-04", "10:00", "11:00"));
  assert.deepEqual([first, second], ["2026-05-24T12:00", "2026-05-25T08:00"]);
});

Deno.test("where the notice reaches beyond the horizon, nothing is offered", async () => {
  await using scene = await room({ notice_minutes: 10 * 1440, horizon_days: 5 });
  assert.deepEqual(await scene.instead(on("2026-05-20", "10:00", "11:00")), []);
  assert.deepEqual(await scene.instead(on("2026-05-04", "10:00", "11:00")), []);
});
