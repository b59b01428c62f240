import assert from "node:assert/strict";
import type { Answer } from "../support/app.ts";
import { assertSound } from "../support/invariants.ts";
import { reserve, reserved, rooms, TEN } from "../support/rooms.ts";

const NOBODYS = "018f0000-0000-7000-8000-000000000000";

const paths = (answer: Answer) => answer.json.errors.map((error) => error.path);

Deno.test("Bob reserves and is answered 201", async () => {
  await using scene = await rooms();
  assert.equal((await reserve(scene.bob, scene.a.id)).status, 201);
});

Deno.test("Bob is answered every member of the reservation that he made", async () => {
  await using scene = await rooms();
  const made = await reserved(scene.bob, scene.a.id, { purpose: "Choir", priority: 7 });
  assert.match(made.id, /^[0-9a-f-]{36}$/);
  assert.match(made.reference, /^R-\d+$/);
  assert.deepEqual(made, {
    id: made.id,
    reference: made.reference,
    resource_ids: [scene.a.id],
    resource_id: scene.a.id,
    quantities: { [scene.a.id]: 1 },
    requester_id: scene.cast.bob.id,
    ...TEN,
    status: "approved",
    purpose: "Choir",
    private: false,
    priority: 7,
    attendees: null,
    answers: {},
    decision_reason: null,
    check_in_from: null,
    check_in_until: null,
    series_id: null,
    created_at: "2026-05-04T07:00:00Z",
    updated_at: "2026-05-04T07:00:00Z",
  });
});

Deno.test("Bob reads later exactly what he was answered when he reserved", async () => {
  await using scene = await rooms();
  const made = await reserved(scene.bob, scene.a.id, { purpose: "Choir", priority: 7, private: true });
  assert.deepEqual((await scene.bob.call("GET", `/reservations/${made.id}`)).json, made);
});

Deno.test("Bob finds his new reservation where the Location header says", async () => {
  await using scene = await rooms();
  const answer = await reserve(scene.bob, scene.a.id);
  assert.equal(answer.headers.get("location"), `/api/v1/reservations/${answer.json.id}`);
});

Deno.test("Bob's reservation of what wants approval begins as pending", async () => {
  await using scene = await rooms();
  assert.equal((await reserved(scene.bob, scene.great.id)).status, "pending");
});

Deno.test("Bob reserves several resources at once", async () => {
  await using scene = await rooms();
  const resource_ids = [scene.a.id, scene.b.id].sort();
  const answer = await scene.bob.call("POST", "/reservations", { resource_ids, ...TEN });
  assert.deepEqual([answer.status, answer.json.resource_ids], [201, resource_ids]);
});

Deno.test("Bob gets none of several resources where one is taken", async () => {
  await using scene = await rooms();
  await reserved(scene.alice, scene.b.id);
  const resource_ids = [scene.a.id, scene.b.id];
  const answer = await scene.bob.call("POST", "/reservations", { resource_ids, ...TEN });
  assert.equal(answer.status, 409);
  const free = await reserve(scene.bob, scene.a.id);
  assert.equal(free.status, 201, "Hall A is still free");
  await assertSound(scene.sql);
});

Deno.test("Bob, second to ask, is answered 409 as problem+json", async () => {
  await using scene = await rooms();
  await reserved(scene.alice, scene.a.id);
  const late = await reserve(scene.bob, scene.a.id);
  assert.deepEqual([late.status, late.headers.get("content-type")], [409, "application/problem+json"]);
});

Deno.test("Bob, second to ask, is told in type, title, status and detail", async () => {
  await using scene = await rooms();
  await reserved(scene.alice, scene.a.id);
  const { type, title, status, detail } = (await reserve(scene.bob, scene.a.id)).json;
  assert.deepEqual<unknown>({ type, title, status, detail }, {
    type: "about:blank",
    title: "Conflict",
    status: 409,
    detail: "Hall A is already taken by Alice Asker",
  });
});

Deno.test("Bob, second to ask, is told what is in the way", async () => {
  await using scene = await rooms();
  const hers = await reserved(scene.alice, scene.a.id);
  const wish = { start_time: "2026-05-05T08:30:00Z", end_time: "2026-05-05T09:30:00Z" };
  const late = await reserve(scene.bob, scene.a.id, wish);
  assert.deepEqual(late.json.conflicts, [{ reservation_id: hers.id, resource_id: scene.a.id, ...TEN }]);
});

Deno.test("Bob, second to ask, can have every alternative that he is offered", async () => {
  await using scene = await rooms();
  await reserved(scene.alice, scene.a.id);
  const { alternatives } = (await reserve(scene.bob, scene.a.id)).json;
  assert(alternatives.length >= 3, "before, after, and a like room");
  for (const { resource_id, start_time, end_time } of alternatives) {
    assert.equal((await reserve(scene.bob, resource_id, { start_time, end_time })).status, 201);
  }
});

Deno.test("Bob cannot reserve what does not exist", async () => {
  await using scene = await rooms();
  assert.equal((await reserve(scene.bob, NOBODYS)).status, 404);
});

Deno.test("Bob names a resource with an id in capitals", async () => {
  await using scene = await rooms();
  const made = await reserved(scene.bob, scene.a.id.toUpperCase());
  assert.equal(made.resource_id, scene.a.id);
});

Deno.test("Bob may send both names of one resource back, as they were answered", async () => {
  await using scene = await rooms();
  const both = { resource_ids: [scene.a.id, scene.b.id], resource_id: scene.a.id };
  const answer = await scene.bob.call("POST", "/reservations", { ...both, ...TEN });
  assert.equal(answer.status, 201);
});

Deno.test("Bob who names one resource twice takes it once", async () => {
  await using scene = await rooms();
  const resource_ids = [scene.a.id, scene.a.id, scene.a.id.toUpperCase()];
  const answer = await scene.bob.call("POST", "/reservations", { resource_ids, ...TEN });
  assert.deepEqual(answer.json.resource_ids, [scene.a.id]);
});

Deno.test("Bob reserves under the second name of the router", async () => {
  await using scene = await rooms();
  const made = await scene.bob.call("POST", "/bookings", { resource_id: scene.a.id, ...TEN });
  const shown = await scene.bob.call("GET", `/bookings/${made.json.id}`);
  assert.deepEqual([made.status, shown.json], [201, made.json]);
});

const WRITTEN: [how: string, start_time: string, stored: string][] = [
  ["with an offset", "2026-05-05T10:00:00+02:00", "2026-05-05T08:00:00Z"],
  ["with an offset of half an hour", "2026-05-05T03:30:00-04:30", "2026-05-05T08:00:00Z"],
  ["in small letters", "2026-05-05t08:00:00z", "2026-05-05T08:00:00Z"],
  ["without seconds", "2026-05-05T08:00Z", "2026-05-05T08:00:00Z"],
  ["with milliseconds", "2026-05-05T08:00:00.123Z", "2026-05-05T08:00:00.123Z"],
  ["with microseconds, which are cut off", "2026-05-05T08:00:00.123987Z", "2026-05-05T08:00:00.123Z"],
  ["with nanoseconds, which are cut off", "2026-05-05T08:00:00.123999999Z", "2026-05-05T08:00:00.123Z"],
];

Deno.test("Bob writes a time as RFC 3339 allows", async (t) => {
  await using scene = await rooms();
  for (const [how, start_time, stored] of WRITTEN) {
    await t.step(`${how}, and reads it in UTC with a Z`, async () => {
      const made = await reserved(scene.bob, scene.a.id, { start_time });
      const shown = await scene.bob.call("GET", `/reservations/${made.id}`);
      assert.deepEqual([made.start_time, shown.json.start_time], [stored, stored]);
      await scene.bob.call("DELETE", `/reservations/${made.id}`);
    });
  }
});

Deno.test("Bob's end is cut to the millisecond too", async () => {
  await using scene = await rooms();
  const made = await reserved(scene.bob, scene.a.id, { end_time: "2026-05-05T09:00:00.0019Z" });
  assert.equal(made.end_time, "2026-05-05T09:00:00.001Z");
});

Deno.test("Bob cannot reserve less than a millisecond", async () => {
  await using scene = await rooms();
  const none = await reserve(scene.bob, scene.a.id, { end_time: "2026-05-05T08:00:00.0009Z" });
  assert.deepEqual([none.status, paths(none)], [422, ["end_time"]]);
});
