import assert from "node:assert/strict";
import fc from "fast-check";
import { approve } from "../../domain/approvals.ts";
import { availabilityOf } from "../../domain/availability.ts";
import { bump } from "../../domain/bumps.ts";
import { close, deleteClosure, NewClosure } from "../../domain/closures.ts";
import { cancel, change, restore } from "../../domain/edits.ts";
import { Conflict, Invalid } from "../../domain/errors.ts";
import type { Actor } from "../../domain/permissions.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { getPending } from "../../domain/queue.ts";
import { request } from "../../domain/requests.ts";
import { getReservation } from "../../domain/reservations.ts";
import { listResources } from "../../domain/resource_list.ts";
import {
  changeResource,
  deactivateResource,
  deleteResource,
  type NewResource,
  reactivateResource,
} from "../../domain/resources.ts";
import { listLanes } from "../../domain/schedule.ts";
import { createSeries, previewSeries } from "../../domain/series.ts";
import { sweep } from "../../domain/sweep.ts";
import { at, makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const DAY = "2026-05-05";
const TEN = on(DAY, "10:00", "11:00");

/** A great hall of halls A and B, of which A is a stage and a floor; sound when the test is over. */
async function greatHall() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const make = (name: string, resource: Partial<NewResource> = {}) =>
    makeResource(sql, cast.ada, { name, ...resource });
  const stage = await make("Stage");
  const floor = await make("Floor");
  const a = await make("Hall A", { part_ids: [stage.id, floor.id] });
  const b = await make("Hall B");
  const great = await make("Great Hall", { part_ids: [a.id, b.id] });
  const ask = (who: Actor, id: string, period = TEN) =>
    request(sql, who, { ...period, resource_ids: [id] }, NOW);
  return {
    ...{ ...database, cast, make, ask, stage, floor, a, b, great },
    recompose: (id: string, parts: { id: string }[]) =>
      changeResource(sql, cast.ada, { id, part_ids: parts.map((part) => part.id) }, NOW),
    shut: (id: string) =>
      close(
        sql,
        cast.ada,
        NewClosure.parse({
          ...{ reason: "Paint", resource_ids: [id], reservations: "leave" },
          ...{ start_wall: `${DAY}T10:00`, end_wall: `${DAY}T12:00` },
        }),
        NOW,
      ),
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

async function refused(work: Promise<unknown>): Promise<Conflict> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error;
}

async function invalid(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Invalid, `Expected an Invalid: ${error}`);
  return error.issues.map(({ path, message }) => `${path}: ${message}`).join();
}

Deno.test("whoever has a hall has all of its parts, at any depth, and is told so in words", async () => {
  await using scene = await greatHall();
  const { cast, ask, great, a, b, stage, sql } = scene;
  const { id } = await ask(cast.alice, great.id);
  for (const [part, name] of [[a, "Hall A"], [b, "Hall B"], [stage, "Stage"]] as const) {
    const error = await refused(ask(cast.bob, part.id));
    assert.equal(error.message, `${name} is already taken by Alice Asker: all of Great Hall`);
    assert.deepEqual(error.conflicts.map((one) => one.reservation_id), [id]);
    assert(error.alternatives.length > 0);
  }
  const { resources } = await getReservation(sql, cast.alice, id);
  assert.deepEqual(resources.map(({ name }) => name), ["Great Hall"], "what was asked for");
  await cancel(sql, cast.alice, { id }, NOW);
  assert.equal((await ask(cast.bob, stage.id)).status, "approved");
});

Deno.test("whoever has a part keeps the whole from others, and leaves its other parts free", async () => {
  await using scene = await greatHall();
  const { cast, ask, great, a, b, stage, floor } = scene;
  await ask(cast.alice, stage.id);
  const whole = await refused(ask(cast.bob, great.id));
  assert.equal(whole.message, "Part of Great Hall is already taken by Alice Asker: Stage");
  assert.deepEqual(whole.conflicts.map(({ resource_id, part_id }) => ({ resource_id, part_id })), [
    { resource_id: great.id, part_id: stage.id },
  ]);
  assert.equal(
    (await refused(ask(cast.bob, a.id))).message,
    "Part of Hall A is already taken by Alice Asker: Stage",
  );
  for (const free of [floor, b]) assert.equal((await ask(cast.bob, free.id)).status, "approved");
});

Deno.test("a part that two halls share is taken by either", async () => {
  await using scene = await greatHall();
  const { cast, ask, make, b, a } = scene;
  const c = await make("Hall C");
  const east = await make("East", { part_ids: [b.id, c.id] });
  const west = await make("West", { part_ids: [a.id, b.id] });
  await ask(cast.alice, east.id);
  const error = await refused(ask(cast.bob, west.id));
  assert.equal(error.message, "Part of West is already taken by Alice Asker: Hall B, all of East");
  const both = request(scene.sql, cast.bob, {
    ...on(DAY, "14:00", "15:00"),
    resource_ids: [east.id, west.id],
  }, NOW);
  assert.equal(
    await invalid(both),
    "resource_ids: East and West share a part: reserve one of the two".replace(
      "East and West",
      east.id < west.id ? "East and West" : "West and East",
    ),
  );
});

Deno.test("a whole and a part of it in one reservation are refused in words", async () => {
  await using scene = await greatHall();
  const { cast, sql, great, stage } = scene;
  const both = request(sql, cast.bob, { ...TEN, resource_ids: [great.id, stage.id] }, NOW);
  assert.equal(await invalid(both), "resource_ids: Stage is a part of Great Hall: reserve one of the two");
});

Deno.test("busy, found and drawn alike: what is taken of a hall or of its parts", async () => {
  await using scene = await greatHall();
  const { cast, ask, sql, great, a, b, stage } = scene;
  await ask(cast.alice, stage.id);
  await ask(cast.bob, b.id, on(DAY, "12:00", "13:00"));
  const window = on(DAY, "09:00", "14:00");
  const { busy } = await availabilityOf(sql, great.id, window, NOW);
  assert.deepEqual(busy, [TEN, on(DAY, "12:00", "13:00")]);
  const free = (await listResources(sql, { free: TEN, limit: 9 }, NOW)).map(({ name }) => name);
  assert.deepEqual(free, ["Floor", "Hall B"]);
  const lanes = await listLanes(sql, cast.alice, window, { limit: 9 }, NOW);
  const drawn = (id: string) =>
    lanes.find((lane) => lane.id === id)!.blocks.map(({ part, whole }) => [part, whole]);
  assert.deepEqual(drawn(great.id), [["Stage", undefined], ["Hall B", undefined]]);
  assert.deepEqual(drawn(a.id), [["Stage", undefined]]);
  await ask(cast.mallory, great.id, on(DAY, "09:00", "10:00"));
  const again = await listLanes(sql, cast.alice, window, { limit: 9 }, NOW);
  const first = (id: string) =>
    again.find((lane) => lane.id === id)!.blocks.filter(({ from }) =>
      from === window.start_time.epochMilliseconds
    ).map(({ part, whole }) => [part, whole]);
  assert.deepEqual(first(great.id), [[undefined, undefined]], "once, as itself");
  assert.deepEqual(first(stage.id), [[undefined, "Great Hall"]]);
});

Deno.test("a hall is moved, cancelled, restored and bumped with its parts", async () => {
  await using scene = await greatHall();
  const { cast, ask, sql, great, stage, b } = scene;
  const { id } = await ask(cast.alice, great.id);
  // Over its own parts: what it has itself is not in its way.
  await change(sql, cast.alice, id, on(DAY, "10:30", "11:30"), NOW);
  await refused(ask(cast.bob, stage.id, on(DAY, "11:00", "12:00")));
  await change(sql, cast.alice, id, { resource_ids: [b.id] }, NOW);
  const early = await ask(cast.bob, stage.id);
  await refused(change(sql, cast.alice, id, { resource_ids: [great.id] }, NOW));
  await cancel(sql, cast.bob, { id: early.id }, NOW);
  await change(sql, cast.alice, id, { resource_ids: [great.id] }, NOW);
  await refused(restore(sql, cast.bob, early.id, NOW));
  await bump(sql, cast.sam, { id, reason: "The mayor" }, NOW);
  assert.equal((await ask(cast.bob, stage.id)).status, "approved");
});

Deno.test("a request for a hall shows who has its parts, and an override bumps all of them", async () => {
  await using scene = await greatHall();
  const { cast, ask, sql, great, stage, b } = scene;
  await changeResource(sql, cast.ada, { id: great.id, requires_approval: true }, NOW);
  const wanted = await ask(cast.alice, great.id);
  const [one, other] = [await ask(cast.bob, stage.id), await ask(cast.mallory, b.id)];
  const { conflicts } = await getPending(sql, cast.sam, wanted.id, NOW);
  assert.deepEqual(conflicts.map(({ resource_name }) => resource_name).sort(), ["Hall B", "Stage"]);
  await refused(approve(sql, cast.sam, { id: wanted.id }, NOW));
  await approve(sql, cast.sam, { id: wanted.id, force_override: true }, NOW);
  for (const { id } of [one, other]) assert.equal((await getReservation(sql, cast.sam, id)).status, "bumped");
});

Deno.test("every date of a series over a hall has its parts, and the preview says which part is taken", async () => {
  await using scene = await greatHall();
  const { cast, ask, sql, great, stage } = scene;
  await ask(cast.bob, stage.id, on("2026-05-06", "10:00", "11:00"));
  const wall = (time: string) => Temporal.PlainDateTime.from(`${DAY}T${time}`);
  const asked = {
    ...{ resource_ids: [great.id], rule: { frequency: "daily" as const, count: 3 }, choice: "skip" as const },
    ...{ start_wall: wall("10:00"), end_wall: wall("11:00") },
  };
  const { dates } = await previewSeries(sql, cast.alice, asked, NOW);
  assert.deepEqual(dates.map(({ problems }) => problems), [
    [],
    ["Part of Great Hall is already taken by Bob Booker: Stage"],
    [],
  ]);
  await createSeries(sql, cast.alice, asked, NOW);
  const error = await refused(ask(cast.bob, stage.id, on("2026-05-07", "10:30", "11:30")));
  assert.equal(error.message, "Stage is already taken by Alice Asker: all of Great Hall");
});

Deno.test("to close a hall closes its parts, and a closed part keeps the hall from everybody", async () => {
  await using scene = await greatHall();
  const { cast, ask, sql, great, stage, b } = scene;
  const closure = await scene.shut(great.id);
  assert.equal((await refused(ask(cast.bob, stage.id))).message, "Stage is closed then: Paint");
  assert.equal((await refused(ask(cast.bob, great.id))).message, "Great Hall is closed then: Paint");
  await deleteClosure(sql, cast.ada, closure.id, NOW);
  await scene.shut(stage.id);
  assert.equal(
    (await refused(ask(cast.bob, great.id))).message,
    "Part of Great Hall is closed then: Stage, Paint",
  );
  assert.equal((await ask(cast.bob, b.id)).status, "approved");
});

Deno.test("a part out of service keeps its hall from being reserved until it is back", async () => {
  await using scene = await greatHall();
  const { cast, ask, sql, great, stage } = scene;
  const ahead = await ask(cast.alice, great.id);
  await ask(cast.alice, great.id, on(DAY, "15:00", "16:00")).then(({ id }) =>
    cancel(sql, cast.alice, { id }, NOW)
  );
  await deactivateResource(sql, cast.ada, { id: stage.id, future: "keep" }, NOW);
  const error = await refused(ask(cast.bob, great.id, on(DAY, "15:00", "16:00")));
  assert.equal(error.message, "Great Hall cannot be reserved at present: Stage is a part of it");
  assert.equal((await getReservation(sql, cast.sam, ahead.id)).status, "approved");
  await reactivateResource(sql, cast.ada, stage.id, NOW);
  assert.equal((await ask(cast.bob, great.id, on(DAY, "15:00", "16:00"))).status, "approved");
  await deactivateResource(sql, cast.ada, { id: stage.id, future: "cancel" }, NOW);
  assert.equal((await getReservation(sql, cast.sam, ahead.id)).status, "cancelled");
});

Deno.test("what would close a circle, has several units or does not exist is no part", async () => {
  await using scene = await greatHall();
  const { cast, sql, great, a, stage, make } = scene;
  const desks = await make("Desks", { units: 4 });
  assert.equal(
    await invalid(scene.recompose(stage.id, [great])),
    "part_ids: Great Hall is composed of Stage, and cannot be a part of it",
  );
  assert.equal(await invalid(scene.recompose(a.id, [a])), "part_ids: Hall A cannot be a part of itself");
  assert.equal(
    await invalid(scene.recompose(great.id, [desks])),
    "part_ids: Desks has 4 units: a part has one",
  );
  assert.equal(
    await invalid(scene.recompose(desks.id, [stage])),
    "part_ids: What is composed of others has one unit",
  );
  assert.equal(
    await invalid(scene.recompose(great.id, [{ id: crypto.randomUUID() }])),
    "part_ids: A part does not exist",
  );
  assert.equal(
    await invalid(changeResource(sql, cast.ada, { id: stage.id, units: 2 }, NOW)),
    "units: Stage is a part of Hall A: of such there is one",
  );
  assert.equal(
    (await refused(deleteResource(sql, cast.ada, stage.id, NOW))).message,
    "Stage cannot be deleted: it is a part of Hall A. Take it out there first",
  );
});

Deno.test("a hall that gets a part has it in every reservation that lies ahead, and one that loses it gives it back", async () => {
  await using scene = await greatHall();
  const { cast, ask, make, sql, great, a, b } = scene;
  const ahead = await ask(cast.alice, great.id);
  await changeResource(sql, cast.ada, { id: great.id, requires_approval: true }, NOW);
  const pending = await ask(cast.mallory, great.id, on(DAY, "12:00", "13:00"));
  const balcony = await make("Balcony");
  await scene.recompose(great.id, [a, b, balcony]);
  assert.equal(
    (await refused(ask(cast.bob, balcony.id))).message,
    "Balcony is already taken by Alice Asker: all of Great Hall",
  );
  await approve(sql, cast.sam, { id: pending.id }, NOW);
  await refused(ask(cast.bob, balcony.id, on(DAY, "12:00", "13:00")));
  await scene.recompose(great.id, [a, balcony]);
  assert.equal((await ask(cast.bob, b.id)).status, "approved");
  assert.equal((await getReservation(sql, cast.sam, ahead.id)).status, "approved");
});

Deno.test("a hall cannot get a part that somebody has while it is reserved: they are named, and nothing changes", async () => {
  await using scene = await greatHall();
  const { cast, ask, make, great, a, b } = scene;
  await ask(cast.alice, great.id);
  const balcony = await make("Balcony");
  const rival = await ask(cast.bob, balcony.id, on(DAY, "10:30", "11:30"));
  const error = await refused(scene.recompose(great.id, [a, b, balcony]));
  assert.equal(
    error.message,
    `What it is composed of cannot be changed: Balcony is taken while Great Hall is reserved, by ${rival.reference}. ` +
      "Move or cancel those first",
  );
  // Deep down it counts as well: what A gets, the great hall gets.
  await refused(scene.recompose(a.id, [balcony]));
  assert.equal((await ask(cast.mallory, balcony.id, on(DAY, "12:00", "13:00"))).status, "approved");
});

Deno.test("a hall that is closed closes a part that comes to it, unless somebody has that", async () => {
  await using scene = await greatHall();
  const { cast, ask, make, great, a, b } = scene;
  await scene.shut(great.id);
  const [balcony, lobby] = [await make("Balcony"), await make("Lobby")];
  const inside = await ask(cast.bob, lobby.id);
  await scene.recompose(great.id, [a, b, balcony]);
  assert.equal((await refused(ask(cast.bob, balcony.id))).message, "Balcony is closed then: Paint");
  const error = await refused(scene.recompose(great.id, [a, b, lobby]));
  assert.match(
    error.message,
    new RegExp(`Lobby would be closed then \\(Paint\\), and is reserved by ${inside.reference}`),
  );
});

Deno.test("a part that comes to a hall while that is closed is closed from then on, and was open before", async () => {
  await using scene = await greatHall();
  const { sql, cast, ask, make, great, a, b } = scene;
  await scene.shut(great.id);
  const balcony = await make("Balcony");
  await ask(cast.bob, balcony.id, on(DAY, "10:00", "10:30"));
  const [halfPast, noon] = [at(`${DAY} 10:30`), at(`${DAY} 12:00`)];
  await sweep(sql, halfPast);
  const part_ids = [a, b, balcony].map(({ id }) => id);
  await changeResource(sql, cast.ada, { id: great.id, part_ids }, halfPast);
  const closed = await sql`
    select lower(period) as from, upper(period) as to from allocations
    where resource_id = ${balcony.id} and closure_id is not null`;
  assert.deepEqual([...closed].map(({ from, to }) => [`${from}`, `${to}`]), [[`${halfPast}`, `${noon}`]]);
});

Deno.test("the parts of a hall are held as long as the hall, with its buffers, whatever their own rules say", async () => {
  await using scene = await greatHall();
  const { sql, cast, ask, great, stage } = scene;
  const rules = { ...NO_RULES, name: "Aired", buffer_before: 5, buffer_after: 10 };
  const policy_id = await createPolicy(sql, cast.ada, rules, NOW);
  await changeResource(sql, cast.ada, { id: great.id, policy_id }, NOW);
  const { id } = await ask(cast.bob, great.id);
  const taken = await sql`
    select distinct lower(period) as from, upper(period) as to from allocations where reservation_id = ${id}`;
  assert.deepEqual([...taken].map(({ from, to }) => [`${from}`, `${to}`]), [
    [`${at(`${DAY} 09:55`)}`, `${at(`${DAY} 11:10`)}`],
  ]);
  await refused(ask(cast.alice, stage.id, on(DAY, "11:00", "12:00")));
});

Deno.test("whatever is asked for and given back of a hall and its parts: nobody ever holds one beside the other", async () => {
  await using scene = await greatHall();
  const { cast, ask, sql } = scene;
  const things = [scene.great, scene.a, scene.b, scene.stage, scene.floor];
  const under: Record<string, string[]> = {
    "Great Hall": ["Stage", "Floor", "Hall B", "Hall A", "Great Hall"],
    "Hall A": ["Stage", "Floor", "Hall A"],
  };
  const leaves = (name: string) => under[name] ?? [name];
  const step = fc.record({
    thing: fc.nat(4),
    from: fc.nat(5),
    length: fc.integer({ min: 1, max: 3 }),
    gives: fc.boolean(),
  });
  let day = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async (steps) => {
      const start = on("2026-06-01", "08:00", "09:00").start_time.add({ hours: 24 * day++ });
      const held: { id: string; name: string; from: number; to: number }[] = [];
      for (const { thing, from, length, gives } of steps) {
        const { id, name } = things[thing];
        const to = from + length;
        const taken = held.some((one) =>
          one.from < to && one.to > from && leaves(one.name).some((leaf) => leaves(name).includes(leaf))
        );
        const period = { start_time: start.add({ hours: from }), end_time: start.add({ hours: to }) };
        const made = await ask(cast.alice, id, period).catch((error) =>
          void assert(error instanceof Conflict, error)
        );
        assert.equal(made === undefined, taken, `${name} ${from}–${to}`);
        if (made) held.push({ id: made.id, name, from, to });
        const given = gives ? held.shift() : undefined;
        if (given) await cancel(sql, cast.alice, { id: given.id }, NOW);
      }
    }),
    { numRuns: 25 },
  );
});
