import assert from "node:assert/strict";
import fc from "fast-check";
import { close, NewClosure } from "../../domain/closures.ts";
import { cancel } from "../../domain/edits.ts";
import { Conflict } from "../../domain/errors.ts";
import { find, type Slot } from "../../domain/find.ts";
import type { Actor } from "../../domain/permissions.ts";
import { createPolicy, type NewPolicy, NO_RULES } from "../../domain/policies.ts";
import { request } from "../../domain/requests.ts";
import { Find, settle } from "../../domain/wishes.ts";
import { makeResource, NOW, on, ZONE } from "../support/cast.ts";
import { type House, house } from "../support/house.ts";

type Typed = Record<string, string>;

/** What Bob finds on a Monday at nine, who asks for an hour in the week that follows. */
const found = ({ sql, cast }: House, typed: Typed = {}, who: Actor = cast.bob, now = NOW) =>
  find(sql, who, settle(Find.parse(typed), ZONE, now), now);
const wall = ({ start_time, time_zone, resource_name }: Slot) => {
  const at = start_time.toZonedDateTimeISO(time_zone);
  return `${resource_name} ${at.toPlainDate()} ${at.toPlainTime().toString({ smallestUnit: "minute" })}`;
};
const policyOf = ({ sql, cast }: House, name: string, rules: Partial<NewPolicy>, trusts: string[] = []) =>
  createPolicy(sql, cast.ada, { ...NO_RULES, name, ...rules, trusts }, NOW);
const daily = (from: number, to: number) =>
  Array.from({ length: 7 }, (): [number, number][] => [[from * 60, to * 60]]);

Deno.test("the first free hour of each of the next days is found", async () => {
  await using scene = await house();
  const room = await scene.make({ name: "Room" });
  await scene.ask(room.id, on("2026-05-04", "09:00", "10:30"));
  const { slots } = await found(scene, { to: "2026-05-05" });
  assert.deepEqual(slots.map(wall), ["Room 2026-05-04 10:30", "Room 2026-05-05 07:00"]);
});

Deno.test("a slot lies within the part of the day that was asked for, from end to end", async () => {
  await using scene = await house();
  const room = await scene.make({ name: "Room" });
  await scene.ask(room.id, on("2026-05-05", "06:00", "10:45"));
  const morning = { part: "morning", from: "2026-05-05", to: "2026-05-05" };
  assert.deepEqual((await found(scene, { ...morning, minutes: "75" })).slots.map(wall), [
    "Room 2026-05-05 10:45",
  ]);
  assert.deepEqual((await found(scene, { ...morning, minutes: "90" })).slots, []);
});

Deno.test("at night a slot is offered only where the day has no other, and says so", async () => {
  await using scene = await house();
  const room = await scene.make({ name: "Room" });
  await scene.ask(room.id, on("2026-05-05", "07:00", "20:00"));
  const { slots } = await found(scene, { from: "2026-05-05", to: "2026-05-06" });
  assert.deepEqual(slots.map(wall), ["Room 2026-05-06 07:00", "Room 2026-05-05 00:00"]);
  assert.deepEqual(slots[1].merits.filter(({ drawback }) => drawback).map(({ code }) => code), ["night"]);
});

Deno.test("only resources of the kind, with all of the tags and enough places are offered", async () => {
  await using scene = await house();
  await scene.make({ name: "Wanted", tags: ["screen", "video"], capacity: 8 });
  await scene.make({ name: "Small", tags: ["screen", "video"], capacity: 4 });
  await scene.make({ name: "Blind", tags: ["video"], capacity: 8 });
  await scene.make({ name: "Van", kind: "vehicle", tags: ["screen", "video"], capacity: 8 });
  const { slots } = await found(scene, { kind: "room", tags: "Screen, video", attendees: "6" });
  assert.deepEqual([...new Set(slots.map(({ resource_name }) => resource_name))], ["Wanted"]);
});

Deno.test("a place may be named by a resource that stands there", async () => {
  await using scene = await house();
  await scene.make({ name: "Far", location: "Birch House" });
  await scene.make({ name: "Near", location: "Alder House, attic" });
  await scene.make({ name: "Printer", kind: "device", location: "Alder House, attic" });
  const { slots } = await found(scene, { kind: "room", near: "printer" });
  assert.equal(slots[0].resource_name, "Near");
  assert.equal(slots[0].merits[1].message, "in Alder House, attic, as you asked");
});

Deno.test("a room with a unit to spare is free, and not one whose units are all taken", async () => {
  await using scene = await house();
  const kits = await scene.make({ name: "Kits", units: 2 });
  const day = { from: "2026-05-05", to: "2026-05-05" };
  await scene.ask(kits.id, on("2026-05-05", "07:00", "12:00"));
  assert.deepEqual((await found(scene, day)).slots.map(wall), ["Kits 2026-05-05 07:00"]);
  await scene.ask(kits.id, on("2026-05-05", "07:00", "10:00"));
  assert.deepEqual((await found(scene, day)).slots.map(wall), ["Kits 2026-05-05 10:00"]);
});

Deno.test("what needs an approval says so, but not to who is trusted", async () => {
  await using scene = await house();
  const policy_id = await policyOf(scene, "Halls", { approval: "always" }, [scene.cast.alice.id]);
  await scene.make({ name: "Hall", policy_id });
  const ofBob = (await found(scene)).slots[0];
  assert.equal(ofBob.needs_approval, "Halls wants an approval");
  assert.equal(ofBob.merits.at(-1)?.message, "needs approval: Halls wants an approval");
  const ofAlice = (await found(scene, {}, scene.cast.alice)).slots[0];
  assert.equal(ofAlice.needs_approval, undefined);
});

Deno.test("what needs an approval does not begin at this very moment: it would have expired", async () => {
  await using scene = await house();
  await scene.make({ name: "Hall", requires_approval: true });
  await scene.make({ name: "Room" });
  const { slots } = await found(scene, { to: "2026-05-04" });
  assert.deepEqual(slots.map(wall), ["Room 2026-05-04 09:00", "Hall 2026-05-04 09:15"]);
});

Deno.test("outside the hours a slot is offered where an approver may allow it, after those within", async () => {
  await using scene = await house();
  const rules = { opening: daily(9, 17), approval: "when", approval_outside_hours: true } as const;
  await scene.make({ name: "Room", policy_id: await policyOf(scene, "Hours", rules) });
  const day = { from: "2026-05-05", to: "2026-05-05" };
  assert.deepEqual((await found(scene, day)).slots.map(({ needs_approval }) => needs_approval), [undefined]);
  const [evening] = (await found(scene, { ...day, part: "evening" })).slots;
  assert.deepEqual([wall(evening), evening.needs_approval], [
    "Room 2026-05-05 18:00",
    "Outside the opening hours",
  ]);
});

Deno.test("what has to be confirmed or answered is said, and is in the way of no slot", async () => {
  await using scene = await house();
  await scene.make({
    name: "Lathe",
    policy_id: await policyOf(scene, "Safety", { attestations: ["I wear goggles"] }),
  });
  assert.equal((await found(scene)).slots[0].asks, true);
});

Deno.test("whose quota is used up finds nothing, and reads why", async () => {
  await using scene = await house();
  const room = await scene.make({
    name: "Room",
    policy_id: await policyOf(scene, "House rules", { quotas: [{ per: "week", count: 1 }] }),
  });
  await scene.ask(room.id, on("2026-05-05", "07:00", "08:00"));
  const week = { from: "2026-05-04", to: "2026-05-10" };
  const { slots, quotas, loosen } = await found(scene, week);
  assert.deepEqual([slots, quotas], [[], ["House rules allows 1 reservation a week to each person"]]);
  assert.deepEqual(loosen.map(({ message, slot }) => [message, wall(slot)]), [
    ["7 days longer", "Room 2026-05-11 07:00"],
  ]);
  assert.equal((await found(scene, week, scene.cast.alice)).slots.length > 0, true);
});

Deno.test("where nothing is found, each wish that stands in the way by itself is named, with what there is without it", async () => {
  await using scene = await house();
  await scene.make({ name: "Room", tags: ["screen"], capacity: 8 });
  await scene.make({ name: "Garage", kind: "bay", tags: ["screen", "video"], capacity: 8 });
  const { slots, loosen } = await found(scene, { kind: "room", tags: "screen,video", attendees: "8" });
  assert.deepEqual(slots, []);
  assert.deepEqual(loosen.map(({ wish, message, slot }) => [wish, message, slot.resource_name]), [
    ["tags", "without “video”", "Room"],
    ["kind", "of any kind", "Garage"],
    ["tags", "without any of the tags", "Room"],
  ]);
});

Deno.test("a room that is free only at another time of day, or only for less, says so", async () => {
  await using scene = await house();
  const room = await scene.make({ name: "Room" });
  await scene.ask(room.id, on("2026-05-05", "06:00", "11:00"));
  const { loosen } = await found(scene, {
    part: "morning",
    minutes: "120",
    from: "2026-05-05",
    to: "2026-05-05",
  });
  assert.deepEqual(loosen.map(({ wish, slot }) => [wish, wall(slot)]), [
    ["part", "Room 2026-05-05 11:00"],
    ["to", "Room 2026-05-06 06:00"],
    ["minutes", "Room 2026-05-05 11:00"],
  ]);
});

Deno.test("the best of the whole week is found, although the first days have enough", async () => {
  await using scene = await house();
  for (let n = 1; n <= 12; n++) await scene.make({ name: `Far ${n}`, location: "Birch House" });
  const near = await scene.make({ name: "Near", location: "Alder House" });
  await scene.ask(near.id, on("2026-05-04", "09:00", "23:59"));
  await scene.ask(near.id, on("2026-05-05", "00:00", "23:59"));
  const { slots } = await found(scene, { near: "Alder House", limit: "6" });
  assert(slots.map(wall).includes("Near 2026-05-06 07:00"), slots.map(wall).join("; "));
});

Deno.test("on the night when the clocks go forward a slot keeps its length", async () => {
  await using scene = await house();
  const now = Temporal.Instant.from("2026-03-28T22:50:00Z");
  await makeResource(scene.sql, scene.cast.ada, {
    name: "Room",
    policy_id: await policyOf(scene, "Hours", { slot_minutes: 30 }),
  }, now);
  const room = (await scene.names({}, now)).length;
  assert.equal(room, 1);
  const { slots } = await found(
    scene,
    { from: "2026-03-29", to: "2026-03-29", minutes: "120" },
    scene.cast.bob,
    now,
  );
  assert.deepEqual(slots.map(wall), ["Room 2026-03-29 07:00"]);
});

Deno.test("each slot that is offered can be reserved at once by whom it is offered to", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  let tried = 0;
  let round = 0;
  const rules = fc.record({
    opening: fc.constantFrom(null, daily(8, 18), daily(20, 28), [...daily(9, 12).slice(0, 5), [], []]),
    slot_minutes: fc.constantFrom(null, 15, 30, 60, 45),
    min_minutes: fc.constantFrom(null, 30, 60),
    max_minutes: fc.constantFrom(null, 60, 180),
    notice_minutes: fc.constantFrom(null, 0, 90, 1440),
    horizon_days: fc.constantFrom(null, 1, 3),
    buffer_before: fc.constantFrom(0, 10, 60),
    buffer_after: fc.constantFrom(0, 5, 45),
    quotas: fc.constantFrom<NewPolicy["quotas"][]>([], [{ per: "day" as const, count: 1 }], [{
      per: "week" as const,
      minutes: 200,
    }]),
    open_at_most: fc.constantFrom(null, null, 2),
    approval: fc.constantFrom("never" as const, "always" as const, "when" as const),
    approval_outside_hours: fc.boolean(),
    pending_holds: fc.boolean(),
  });
  const things = fc.record({
    rules,
    units: fc.constantFrom(1, 1, 2),
    time_zone: fc.constantFrom(ZONE, "America/New_York", "Asia/Kathmandu"),
    taken: fc.array(fc.tuple(fc.nat(60), fc.constantFrom(30, 60, 240)), { maxLength: 6 }),
    closed: fc.boolean(),
  });
  const wishes = fc.record({
    minutes: fc.constantFrom("30", "45", "60", "90", "200"),
    part: fc.constantFrom("any", "morning", "afternoon", "evening"),
    now: fc.nat(3 * 1440),
  });
  const offered = fc.asyncProperty(
    fc.array(things, { minLength: 1, maxLength: 3 }),
    wishes,
    async (kinds, { now: after, ...typed }) => {
      const kind = `kind ${++round}`;
      for (const [n, { rules, taken, closed, ...thing }] of kinds.entries()) {
        const policy_id = await policyOf(scene, `${kind} ${n}`, rules);
        const { id } = await scene.make({ name: `${kind} ${n}`, kind, policy_id, ...thing });
        for (const [hour, minutes] of taken) {
          const start_time = NOW.add({ hours: hour });
          const wish = {
            resource_ids: [id],
            start_time,
            end_time: start_time.add({ minutes }),
            override: "Test",
          };
          await request(sql, n === 0 ? cast.sam : cast.ada, wish, NOW).catch((error) =>
            assert(error instanceof Conflict)
          );
        }
        if (!closed) continue;
        const shut = { reason: "Shut", resource_ids: [id], reservations: "leave" };
        const dates = { start_wall: "2026-05-05T06:00", end_wall: "2026-05-05T15:00" };
        await close(sql, cast.ada, NewClosure.parse({ ...shut, ...dates }), NOW);
      }
      const now = NOW.add({ minutes: after });
      const { slots } = await found(scene, { ...typed, kind, limit: "5" }, cast.bob, now);
      for (const slot of slots) {
        const { resource_id, start_time, end_time } = slot;
        const wish = { resource_ids: [resource_id], start_time, end_time };
        const { id, status } = await request(sql, cast.bob, wish, now).catch((error) =>
          assert.fail(`${wall(slot)} was offered at ${now}, and is refused: ${error.message}`)
        );
        assert.equal(status, slot.needs_approval ? "pending" : "approved", wall(slot));
        await cancel(sql, cast.ada, { id }, now);
        tried++;
      }
    },
  );
  // Chance may draw wishes that nothing answers: then more are drawn, until enough was offered to say something.
  for (let more = 0; tried <= 15 && more < 5; more++) await fc.assert(offered, { numRuns: 15 });
  assert(tried > 15, `only ${tried} slots were tried: does it offer anything?`);
});

Deno.test("however many resources there are, the busy times are asked for once", async () => {
  await using scene = await house();
  const count = async () => {
    scene.statements.length = 0;
    await found(scene);
    return scene.statements.filter((statement) => /from allocations\s/.test(statement)).length;
  };
  await scene.make({ name: "Room 0" });
  const one = await count();
  for (let n = 1; n <= 30; n++) await scene.make({ name: `Room ${n}` });
  const many = await count();
  assert.equal(one, 2, "one resource has two slots in two days, so the rest of the week is read");
  assert.equal(many, 1);
});
