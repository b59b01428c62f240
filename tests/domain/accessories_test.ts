import assert from "node:assert/strict";
import { availabilityOf } from "../../domain/availability.ts";
import { cancel, change } from "../../domain/edits.ts";
import { Conflict, Invalid } from "../../domain/errors.ts";
import { listAccessories } from "../../domain/accessories.ts";
import { explain, request } from "../../domain/requests.ts";
import { getReservation } from "../../domain/reservations.ts";
import { changeResource } from "../../domain/resources.ts";
import { findLanes } from "../../domain/schedule.ts";
import { createSeries, getSeries } from "../../domain/series.ts";
import { makeCast, makeCrowd, makeResource, NOW, on, ZONE } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const DAY = "2026-05-05";
const TEN = on(DAY, "10:00", "11:00");

/** Two rooms, ten chairs for any of them, and kits for the first alone; sound when the test is over. */
async function rooms() {
  const database = await testDatabase({ max: 20 });
  const { sql } = database;
  const cast = await makeCast(sql);
  const chairs = await makeResource(sql, cast.ada, {
    name: "Chairs",
    kind: "accessory",
    units: 10,
    accessory: true,
  });
  const [a, b] = [
    await makeResource(sql, cast.ada, { name: "A" }),
    await makeResource(sql, cast.ada, { name: "B" }),
  ];
  const kits = await makeResource(sql, cast.ada, {
    ...{ name: "Kits", kind: "accessory", units: 2, accessory: true, offered_with: [a.id] },
  });
  const wish = (room: { id: string }, some: number, period = TEN, accessory = chairs) => ({
    ...{ ...period, resource_ids: [room.id, accessory.id], quantities: { [accessory.id]: some } },
  });
  return {
    ...{ ...database, cast, chairs, kits, a, b, wish },
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

async function refused(
  work: Promise<unknown>,
  kind: typeof Conflict | typeof Invalid = Conflict,
): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof kind, `Expected a ${kind.name}: ${error}`);
  return error.message;
}

Deno.test("an accessory comes with what it is offered with, and never alone", async () => {
  await using scene = await rooms();
  const { sql, cast, a, b, chairs, kits, wish } = scene;
  const names = async (id: string) => (await listAccessories(sql, id)).map(({ name }) => name);
  assert.deepEqual([await names(a.id), await names(b.id)], [["Chairs", "Kits"], ["Chairs"]]);
  const alone = request(sql, cast.alice, { ...TEN, resource_ids: [chairs.id] }, NOW);
  assert.equal(await refused(alone, Invalid), "Chairs is an accessory: reserve something with it");
  assert.equal(
    await refused(request(sql, cast.alice, wish(b, 1, TEN, kits), NOW), Invalid),
    "Kits is not offered with B",
  );
  const { id } = await request(sql, cast.alice, wish(a, 4), NOW);
  const { resources } = await getReservation(sql, cast.alice, id);
  assert.deepEqual(resources.map(({ name, quantity }) => [name, quantity]), [["A", 1], ["Chairs", 4]]);
  const lanes = await findLanes(sql, TEN, { limit: 9 });
  assert.deepEqual(lanes.map(({ name }) => name), ["A", "B"], "it is not on the schedule");
});

Deno.test("the time of a reservation is that of its room, whichever id comes first", async () => {
  await using scene = await rooms();
  const far = await makeResource(scene.sql, scene.cast.ada, { name: "Far", time_zone: "America/New_York" });
  const { id } = await request(scene.sql, scene.cast.alice, scene.wish(far, 1), NOW);
  const [{ time_zone }] = await scene.sql<
    { time_zone: string }[]
  >`select time_zone from reservations where id = ${id}`;
  assert.deepEqual([time_zone, scene.chairs.time_zone], ["America/New_York", ZONE]);
});

Deno.test("the stock is shared by all rooms: too few are told with how many there are, and slots with enough are offered", async () => {
  await using scene = await rooms();
  const { sql, cast, a, b, chairs, wish } = scene;
  await request(sql, cast.alice, wish(a, 7), NOW);
  const error = await request(sql, cast.bob, wish(b, 4), NOW).catch((error) => error);
  assert.equal(error.message, "Only 3 of 10 Chairs are free then");
  assert(error.alternatives.length > 0, "B itself at other times");
  for (const { resource_id, start_time, end_time } of error.alternatives) {
    const { id } = await request(sql, cast.bob, wish({ id: resource_id }, 4, { start_time, end_time }), NOW);
    await cancel(sql, cast.bob, { id }, NOW);
  }
  const { free_units } = await explain(sql, cast.bob, wish(b, 3), NOW);
  assert.deepEqual(free_units.map(({ name, free_units }) => [name, free_units]), [["Chairs", 3]]);
  const { counts } = await availabilityOf(sql, chairs.id, TEN, NOW);
  assert.deepEqual(counts.map((one) => one.free_units), [3]);
});

Deno.test("how many is changed later, they move with the reservation, and are free again when it is cancelled", async () => {
  await using scene = await rooms();
  const { sql, cast, a, b, chairs, wish } = scene;
  const { id } = await request(sql, cast.alice, wish(a, 7), NOW);
  await change(sql, cast.alice, id, { quantities: { [chairs.id]: 9 } }, NOW);
  await change(sql, cast.alice, id, on(DAY, "14:00", "15:00"), NOW);
  await request(sql, cast.bob, wish(b, 10), NOW);
  assert.equal(
    await refused(request(sql, cast.bob, wish(b, 2, on(DAY, "14:30", "15:30")), NOW)),
    "Only 1 of 10 Chairs is free then",
  );
  await change(sql, cast.alice, id, { resource_ids: [a.id] }, NOW);
  await request(sql, cast.bob, wish(b, 10, on(DAY, "14:30", "15:30")), NOW);
  assert.equal(
    await refused(change(sql, cast.alice, id, { resource_ids: [chairs.id] }, NOW), Invalid),
    "Chairs is an accessory: reserve something with it",
  );
});

Deno.test("every date of a series has its accessories", async () => {
  await using scene = await rooms();
  const { sql, cast, a, b, chairs, wish } = scene;
  const wall = (time: string) => Temporal.PlainDateTime.from(`${DAY}T${time}`);
  const id = await createSeries(sql, cast.alice, {
    ...{
      resource_ids: [a.id, chairs.id],
      quantities: { [chairs.id]: 8 },
      rule: { frequency: "daily", count: 3 },
    },
    ...{ start_wall: wall("10:00"), end_wall: wall("11:00") },
  }, NOW);
  assert.deepEqual((await getSeries(sql, cast.alice, id)).resources.map(({ quantity }) => quantity), [1, 8]);
  await refused(request(sql, cast.bob, wish(b, 3, on("2026-05-07", "10:30", "11:30")), NOW));
});

Deno.test("what is reserved by itself does not become an accessory under whoever has it", async () => {
  await using scene = await rooms();
  const { sql, cast, a } = scene;
  const { reference } = await request(sql, cast.alice, { ...TEN, resource_ids: [a.id] }, NOW);
  const turned = changeResource(sql, cast.ada, { id: a.id, accessory: true }, NOW);
  assert.equal(
    await refused(turned),
    `A cannot become an accessory: it is reserved by itself, by ${reference}`,
  );
});

Deno.test("many who want chairs for rooms of their own at overlapping times never have more of them than there are", async () => {
  await using scene = await rooms();
  const { sql, cast, chairs } = scene;
  const crowd = await makeCrowd(sql, 24);
  const own = await Promise.all(crowd.map((_, i) => makeResource(sql, cast.ada, { name: `Room ${i}` })));
  const settled = await Promise.allSettled(crowd.map((person, i) => {
    const from = 8 + i % 3;
    const period = on(DAY, `${String(from).padStart(2, "0")}:00`, `${from + 1 + i % 4}:00`.padStart(5, "0"));
    return request(sql, person, scene.wish(own[i], 1 + i % 4, period), NOW);
  }));
  for (const one of settled) {
    if (one.status === "rejected") assert(one.reason instanceof Conflict, one.reason?.stack);
  }
  assert(
    settled.some(({ status }) => status === "fulfilled") &&
      settled.some(({ status }) => status === "rejected"),
  );
  const [{ most }] = await sql<{ most: number }[]>`
    select max((select count(*) from allocations o
      where o.holds and o.resource_id = a.resource_id and o.period @> lower(a.period)))::int as most
    from allocations a where a.holds and a.resource_id = ${chairs.id}`;
  assert(most <= 10, `${most} of 10 are in use`);
});
