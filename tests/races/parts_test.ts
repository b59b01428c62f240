import assert from "node:assert/strict";
import { cancel, change } from "../../domain/edits.ts";
import { Conflict } from "../../domain/errors.ts";
import { request } from "../../domain/requests.ts";
import type { Stored } from "../../domain/storing.ts";
import { changeResource } from "../../domain/resources.ts";
import { createSeries } from "../../domain/series.ts";
import { makeCast, makeCrowd, makeResource, NOW, on } from "../support/cast.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { holdUp } from "../support/gate.ts";
import { assertSound } from "../support/invariants.ts";

const DAY = "2026-05-05";

/** A hall of two parts, one of which is made of two. */
async function hall(database: TestDatabase) {
  const { sql } = database;
  const cast = await makeCast(sql);
  const make = (name: string, parts: { id: string }[] = []) =>
    makeResource(sql, cast.ada, { name, part_ids: parts.map(({ id }) => id) });
  const [b, stage, floor] = [await make("Hall B"), await make("Stage"), await make("Floor")];
  const a = await make("Hall A", [stage, floor]);
  return { ...cast, a, b, stage, floor, whole: await make("Great Hall", [a, b]) };
}

/** What came of many at once: refusals are those of a taken time, and nothing else. */
async function stored<T>(attempts: readonly Promise<T>[]): Promise<(T | undefined)[]> {
  const settled = await Promise.allSettled(attempts);
  return settled.map((one) => {
    if (one.status === "fulfilled") return one.value;
    assert(one.reason instanceof Conflict, `${one.reason?.stack}`);
    return undefined;
  });
}

for (const first of ["the whole", "a part"] as const) {
  Deno.test(`A hall and its parts wanted at once, ${first} first: whoever has the whole has it alone`, async () => {
    await using database = await testDatabase({ max: 20 });
    const { sql } = database;
    const { whole, stage, b, alice } = await hall(database);
    const crowd = await makeCrowd(sql, 16);
    for (let round = 0; round < 4; round++) {
      const period = on(DAY, `${10 + round}:00`, `${11 + round}:00`);
      const ids = first === "the whole" ? [whole.id, stage.id, b.id] : [stage.id, b.id, whole.id];
      const gate = await holdUp(
        database,
        (tx) => request(tx, alice, { ...period, resource_ids: [whole.id] }, NOW),
      );
      const wants = crowd.map((person, i) => ({ person, id: ids[i % 3] }));
      const racing: Promise<Stored>[] = [];
      for (const { person, id } of wants) {
        const attempt = request(sql, person, { ...period, resource_ids: [id] }, NOW);
        // Who is refused early is asked about later.
        attempt.catch(() => {});
        racing.push(attempt);
        if (racing.length === 6) await gate.crowded(6);
      }
      await gate.crowded(12);
      await gate.open();
      const had = (await stored(racing)).flatMap((one, i) => one ? [wants[i].id] : []).sort();
      const apart = [stage.id, b.id].sort();
      const alone = had.length === 1 && had[0] === whole.id;
      assert(alone || had.join() === apart.join(), `${had.length} had it`);
    }
    await assertSound(sql);
  });
}

Deno.test("Series over a hall and over its parts in opposite order end whole or not at all, and no deadlock is seen", async () => {
  await using database = await testDatabase({ max: 12 });
  const { sql } = database;
  const { whole, stage, a, b } = await hall(database);
  const crowd = await makeCrowd(sql, 8);
  const wall = (time: string) => Temporal.PlainDateTime.from(`${DAY}T${time}`);
  const made = await stored(crowd.map((person, i) =>
    createSeries(sql, person, {
      resource_ids: [[whole.id], [b.id, stage.id], [a.id, b.id], [stage.id]][i % 4],
      ...{ rule: { frequency: "daily", count: 10 }, start_wall: wall("10:00"), end_wall: wall("11:00") },
    }, NOW)
  ));
  assert(made.some((one) => one !== undefined));
  await assertSound(sql);
});

Deno.test("Moves that swap a hall and its parts at once leave each with what it had, or with what it wanted", async () => {
  await using database = await testDatabase({ max: 12 });
  const { sql } = database;
  const { whole, stage, b, alice, bob, mallory } = await hall(database);
  for (let round = 0; round < 8; round++) {
    const [ten, one] = [
      on(`2026-06-${10 + round}`, "10:00", "11:00"),
      on(`2026-06-${10 + round}`, "13:00", "14:00"),
    ];
    const had = [
      await request(sql, alice, { ...ten, resource_ids: [whole.id] }, NOW),
      await request(sql, bob, { ...one, resource_ids: [stage.id] }, NOW),
      await request(sql, mallory, { ...one, resource_ids: [b.id] }, NOW),
    ];
    await stored<unknown>([
      change(sql, alice, had[0].id, one, NOW),
      change(sql, bob, had[1].id, ten, NOW),
      change(sql, mallory, had[2].id, { ...ten, resource_ids: [whole.id] }, NOW),
      cancel(sql, bob, { id: had[1].id }, NOW),
    ]);
  }
  await assertSound(sql);
});

Deno.test("A hall that gets a part while everybody reserves: whoever has the hall has the part, or the change is refused", async () => {
  await using database = await testDatabase({ max: 20 });
  const { sql } = database;
  const { whole, a, b, ada } = await hall(database);
  const crowd = await makeCrowd(sql, 18);
  let refusals = 0;
  for (let round = 0; round < 6; round++) {
    const balcony = await makeResource(sql, ada, { name: `Balcony ${round}` });
    const period = on(`2026-06-${10 + round}`, "10:00", "11:00");
    const composing = () =>
      changeResource(sql, ada, { id: whole.id, part_ids: [a.id, b.id, balcony.id] }, NOW);
    const reserving = (person: typeof ada, i: number) =>
      request(
        sql,
        person,
        { ...period, resource_ids: [[whole.id], [balcony.id], [a.id]][(i + round) % 3] },
        NOW,
      );
    const racing = crowd.slice(0, 9).map(reserving);
    const composed = stored([composing()]);
    await stored([...racing, ...crowd.slice(9).map(reserving)]);
    if ((await composed)[0] === undefined) refusals++;
    await assertSound(sql);
  }
  assert(refusals < 6, "it was never composed: nothing was shown");
  await request(sql, ada, { ...on("2026-07-01", "10:00", "11:00"), resource_ids: [whole.id] }, NOW);
  await assertSound(sql);
});
