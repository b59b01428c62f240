import fc from "fast-check";
import assert from "node:assert/strict";
import { alternativesTo } from "../../domain/alternatives.ts";
import { conflictsOf, type Wish } from "../../domain/availability.ts";
import { bare } from "../../domain/conflict_words.ts";
import { cancel } from "../../domain/edits.ts";
import { dayIn, minutesOf, type Period } from "../../domain/periods.ts";
import { request } from "../../domain/requests.ts";
import type { NewReservation } from "../../domain/storing.ts";
import { deactivateResource, type NewResource } from "../../domain/resources.ts";
import { newId } from "../../lib/ids.ts";
import { at, makeCast, makeResource, NOW, on, ZONE } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const TEN = on("2026-05-05", "10:00", "11:00");

/** A room for ten; what is stored is sound when the test is over. */
async function oneRoom(resource: Partial<NewResource> = {}) {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const make = (resource: Partial<NewResource> & { name: string }) => makeResource(sql, cast.ada, resource);
  const room = await make({ name: "Room", capacity: 10, location: "Attic", ...resource });
  const ids = [room.id];
  return {
    ...database,
    cast,
    room,
    make,
    ask: (who: keyof typeof cast, period: Period, rest: Partial<NewReservation> = {}) =>
      request(sql, cast[who], { ...period, resource_ids: ids, ...rest }, NOW),
    conflicts: (who: keyof typeof cast, period: Period, rest: Partial<Wish> = {}) =>
      conflictsOf(sql, cast[who], { ...period, resource_ids: ids, ...rest }, NOW),
    alternatives: (period: Period, rest: Partial<Wish> = {}, now = NOW) =>
      alternativesTo(sql, { ...period, resource_ids: ids, ...rest }, now),
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

const berlin = (instant: Temporal.Instant) =>
  instant.toZonedDateTimeISO(ZONE).toPlainDateTime().toString({ smallestUnit: "minute" }).replace("T", " ");
const inBerlin = (periods: readonly Period[]) =>
  periods.map((p) => [berlin(p.start_time), berlin(p.end_time)]);

Deno.test("nothing is in the way of a free hour", async () => {
  await using scene = await oneRoom();
  await scene.ask("bob", on("2026-05-05", "09:00", "10:00"));
  await scene.ask("bob", on("2026-05-05", "11:00", "12:00"));
  assert.deepEqual(await scene.conflicts("alice", TEN), []);
});

Deno.test("everything that overlaps a wish is in its way, in order", async () => {
  await using scene = await oneRoom();
  for (const [from, to] of [["10:45", "11:30"], ["09:30", "10:15"], ["10:15", "10:45"]]) {
    await scene.ask("bob", on("2026-05-05", from, to));
  }
  const found = await scene.conflicts("alice", TEN);
  assert.deepEqual(found.map((c) => berlin(c.start_time).slice(-5)), ["09:30", "10:15", "10:45"]);
});

Deno.test("what was cancelled is in nobody's way", async () => {
  await using scene = await oneRoom();
  const { id } = await scene.ask("bob", TEN);
  await cancel(scene.sql, scene.cast.bob, { id }, NOW);
  assert.deepEqual(await scene.conflicts("alice", TEN), []);
});

Deno.test("a request that waits for a decision is in nobody's way", async () => {
  await using scene = await oneRoom({ requires_approval: true });
  await scene.ask("bob", TEN);
  assert.deepEqual(await scene.conflicts("alice", TEN), []);
});

Deno.test("a reservation that is moved is not in its own way", async () => {
  await using scene = await oneRoom();
  const { id } = await scene.ask("bob", TEN);
  assert.deepEqual(await scene.conflicts("bob", TEN, { except: id }), []);
});

Deno.test("nothing is in the way while a unit is free for the whole period", async () => {
  await using scene = await oneRoom({ units: 2 });
  await scene.ask("bob", on("2026-05-05", "10:00", "10:30"));
  assert.deepEqual(await scene.conflicts("alice", TEN), []);
});

Deno.test("of several resources, those that are taken are named", async () => {
  await using scene = await oneRoom();
  const kit = await scene.make({ name: "Kit", kind: "kit" });
  await scene.ask("bob", TEN);
  const found = await scene.conflicts("alice", TEN, { resource_ids: [scene.room.id, kit.id] });
  assert.deepEqual(found.map((c) => c.resource_name), ["Room"]);
});

const VIEWERS: [viewer: "alice" | "bob" | "sam" | "ada", secret: boolean, sees: unknown[]][] = [
  ["alice", false, ["Bob Booker", "Choir", false, false]],
  ["alice", true, ["", "", true, false]],
  ["bob", true, ["Bob Booker", "Choir", false, true]],
  ["sam", true, ["Bob Booker", "Choir", false, false]],
  ["ada", true, ["Bob Booker", "Choir", false, false]],
];
for (const [viewer, secret, sees] of VIEWERS) {
  const what = `${secret ? "private" : "open"} reservation of Bob's that is in the way`;
  Deno.test(`${viewer} sees ${sees[2] ? "only the time of the" : "the"} ${what}`, async () => {
    await using scene = await oneRoom();
    await scene.ask("bob", TEN, { private: secret, purpose: "Choir" });
    const [found] = await scene.conflicts(viewer, TEN);
    assert.deepEqual([found.requester_name, found.purpose, found.hidden, found.mine], sees);
    assert.deepEqual(inBerlin([found]), inBerlin([TEN]));
  });
}

Deno.test("a program is told of conflicts without names", async () => {
  await using scene = await oneRoom();
  const { id } = await scene.ask("bob", TEN, { purpose: "Choir" });
  const [{ start_time: _, end_time: __, ...rest }] = bare(await scene.conflicts("sam", TEN));
  assert.deepEqual(rest, { reservation_id: id, resource_id: scene.room.id });
});

Deno.test("the nearest free slots before and after are offered, the nearer first", async () => {
  await using scene = await oneRoom();
  await scene.ask("bob", on("2026-05-05", "09:30", "11:00"));
  assert.deepEqual(inBerlin(await scene.alternatives(TEN)), [
    ["2026-05-05 11:00", "2026-05-05 12:00"],
    ["2026-05-05 08:30", "2026-05-05 09:30"],
  ]);
});

Deno.test("a gap that is too short is not offered", async () => {
  await using scene = await oneRoom();
  await scene.ask("bob", TEN);
  await scene.ask("bob", on("2026-05-05", "11:45", "13:00"));
  const offered = inBerlin(await scene.alternatives(TEN)).map(([from]) => from.slice(-5));
  assert.deepEqual(offered, ["09:00", "13:00"]);
});

Deno.test("a slot that is offered begins on a quarter of an hour", async () => {
  await using scene = await oneRoom();
  await scene.ask("bob", on("2026-05-05", "09:50", "11:07"));
  const offered = inBerlin(await scene.alternatives(TEN)).map(([from]) => from.slice(-5));
  assert.deepEqual(offered.toSorted(), ["08:45", "11:15"]);
});

Deno.test("a slot that is offered is as long as what was asked for, to the second", async () => {
  await using scene = await oneRoom();
  await scene.ask("bob", TEN);
  const wish = { ...TEN, end_time: TEN.start_time.add({ minutes: 20, seconds: 30 }) };
  const lengths = (await scene.alternatives(wish)).map(minutesOf);
  assert(lengths.length > 0);
  assert.deepEqual(lengths, lengths.map(() => 20.5));
});

Deno.test("what has passed is not offered: the next that comes is", async () => {
  await using scene = await oneRoom();
  const yesterday = on("2026-05-03", "10:00", "11:00");
  const offered = await scene.alternatives(yesterday, {}, NOW.add({ minutes: 1 }));
  assert.deepEqual(inBerlin(offered)[0], ["2026-05-04 09:15", "2026-05-04 10:15"]);
});

Deno.test("nothing is offered where a week around the wish is taken, nor another kind", async () => {
  await using scene = await oneRoom();
  await scene.make({ name: "Van", kind: "vehicle", capacity: 10 });
  await scene.ask("bob", { start_time: NOW, end_time: TEN.end_time.add({ hours: 24 * 7 }) });
  assert.deepEqual(await scene.alternatives(TEN), []);
});

Deno.test("a like resource is offered at the very same time: the same place first, then the nearest in size", async () => {
  await using scene = await oneRoom();
  await scene.make({ name: "Smaller", capacity: 9 });
  await scene.make({ name: "Huge", capacity: 90 });
  await scene.make({ name: "Larger", capacity: 12 });
  await scene.make({ name: "Larger, here", capacity: 20, location: "Attic" });
  await scene.make({ name: "Car", kind: "vehicle", capacity: 10 });
  await scene.ask("bob", TEN);
  const others = (await scene.alternatives(TEN)).filter((a) => a.resource_id !== scene.room.id);
  assert.deepEqual(others.map((a) => [a.resource_name, ...inBerlin([a])[0]]), [
    ["Larger, here", "2026-05-05 10:00", "2026-05-05 11:00"],
    ["Larger", "2026-05-05 10:00", "2026-05-05 11:00"],
    ["Huge", "2026-05-05 10:00", "2026-05-05 11:00"],
  ]);
});

Deno.test("a like resource that is taken, or out of service, or against its rules, is not offered", async () => {
  await using scene = await oneRoom();
  const { sql, cast } = scene;
  const row = { id: newId(), name: "Short", max_minutes: 30, created_at: `${NOW}`, updated_at: `${NOW}` };
  await sql`insert into policies ${sql(row)}`;
  const taken = await scene.make({ name: "Taken", capacity: 10 });
  const gone = await scene.make({ name: "Gone", capacity: 10 });
  await scene.make({ name: "Short", capacity: 10, policy_id: row.id });
  await deactivateResource(sql, cast.ada, { id: gone.id, future: "keep" }, NOW);
  await scene.ask("bob", TEN, { resource_ids: [scene.room.id, taken.id] });
  const others = (await scene.alternatives(TEN)).filter((a) => a.resource_id !== scene.room.id);
  assert.deepEqual(others, []);
});

Deno.test("nothing is offered in place of several resources, nor of a period of no length", async () => {
  await using scene = await oneRoom();
  const other = await scene.make({ name: "Other" });
  const several = await scene.alternatives(TEN, { resource_ids: [scene.room.id, other.id] });
  const none = await scene.alternatives({ start_time: TEN.start_time, end_time: TEN.start_time });
  assert.deepEqual([several, none], [[], []]);
});

Deno.test("whatever is offered is free: who takes it gets it, until the day is full", async () => {
  await using scene = await oneRoom({ units: 2 });
  for (const quarter of fc.sample(fc.integer({ min: 0, max: 56 }), { numRuns: 20, seed: 7 })) {
    const start_time = at("2026-05-05 06:00").add({ minutes: quarter * 15 });
    await scene.ask("bob", { start_time, end_time: start_time.add({ minutes: 50 }) }).catch(() => {});
  }
  for (let round = 0; round < 30; round++) {
    const start_time = at("2026-05-05 06:00").add({ minutes: 30 * round });
    const [slot] = await scene.alternatives({ start_time, end_time: start_time.add({ minutes: 50 }) });
    await scene.ask("alice", { start_time: slot.start_time, end_time: slot.end_time });
  }
});

Deno.test("a slot is offered only where one and the same unit is free for all of it", async () => {
  await using scene = await oneRoom({ units: 2 });
  const [first, second] = [on("2026-05-05", "10:00", "10:30"), on("2026-05-05", "10:30", "11:00")];
  await scene.ask("bob", first);
  const { id } = await scene.ask("mallory", second);
  await scene.ask("alice", second);
  await cancel(scene.sql, scene.cast.mallory, { id }, NOW);
  assert.deepEqual(inBerlin(await scene.alternatives(TEN)).toSorted(), [
    ["2026-05-05 09:00", "2026-05-05 10:00"],
    ["2026-05-05 09:30", "2026-05-05 10:30"],
    ["2026-05-05 10:30", "2026-05-05 11:30"],
  ]);
});

Deno.test("a reservation that is moved is not in the way of its alternatives", async () => {
  await using scene = await oneRoom();
  const { id } = await scene.ask("bob", TEN);
  await scene.ask("alice", on("2026-05-05", "11:15", "12:00"));
  const [slot] = await scene.alternatives(on("2026-05-05", "10:30", "11:30"), { except: id });
  assert.deepEqual(inBerlin([slot]), [["2026-05-05 10:15", "2026-05-05 11:15"]]);
});

for (const [date, hours] of [["2027-03-28", 23], ["2026-10-25", 25], ["2026-05-05", 24]] as const) {
  Deno.test(`around a day of ${hours} hours that is taken, the hours before and after it are offered`, async () => {
    await using scene = await oneRoom();
    const day = dayIn(Temporal.PlainDate.from(date), ZONE);
    assert.equal(minutesOf(day), hours * 60);
    await scene.ask("bob", day);
    const offered = await scene.alternatives(on(date, "12:00", "13:00"));
    assert.deepEqual(
      offered.map((slot) => [`${slot.start_time}`, `${slot.end_time}`]).toSorted(),
      [
        [`${day.start_time.subtract({ hours: 1 })}`, `${day.start_time}`],
        [`${day.end_time}`, `${day.end_time.add({ hours: 1 })}`],
      ],
    );
  });
}
