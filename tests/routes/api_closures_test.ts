import assert from "node:assert/strict";
import { request } from "../../domain/requests.ts";
import type { Client, Json } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

const REASON = "The floor is being sanded";
const TEN = on("2026-05-05", "10:00", "11:00");

/** A hall, with Ada who closes it, and Bob who does not. */
async function site() {
  const scene = await openScene();
  const hall = await makeResource(scene.sql, scene.cast.ada, { name: "Hall", capacity: 10 });
  const [ada, bob, sam] = await Promise.all(
    [scene.cast.ada, scene.cast.bob, scene.cast.sam].map(scene.site.as),
  );
  const ask = () => request(scene.sql, scene.cast.bob, { ...TEN, resource_ids: [hall.id] }, NOW);
  const closure = { resource_id: hall.id, reason: REASON, ...on("2026-05-05", "09:00", "12:00") };
  return { ...scene, hall, ada, bob, sam, ask, closure };
}

async function closed(who: Client, closure: unknown): Promise<Json> {
  const answer = await who.call("POST", "/closures", closure);
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

Deno.test("Ada closes a hall by moments and is answered 201 with all of it", async () => {
  await using scene = await site();
  const { status, json, headers } = await scene.ada.call("POST", "/closures", scene.closure);
  assert.deepEqual<unknown>([status, json], [201, {
    id: json.id,
    reason: REASON,
    everything: false,
    resource_ids: [scene.hall.id],
    start_time: "2026-05-05T07:00:00Z",
    end_time: "2026-05-05T10:00:00Z",
    start_wall: "2026-05-05T07:00",
    end_wall: "2026-05-05T10:00",
    time_zone: "UTC",
    repeats: null,
    dates: 1,
    ended_at: null,
    created_at: "2026-05-04T07:00:00Z",
    updated_at: "2026-05-04T07:00:00Z",
    reservations: [],
  }]);
  assert.equal(headers.get("location"), `/api/v1/closures/${json.id}`);
  const { reservations: _, ...rest } = json as unknown as Record<string, unknown>;
  assert.deepEqual<unknown>((await scene.bob.call("GET", `/closures/${json.id}`)).json, rest);
});

Deno.test("Ada closes everything on Fridays by the clock on the wall", async () => {
  await using scene = await site();
  const { dates, everything, repeats, start_time } = await closed(scene.ada, {
    everything: true,
    reason: REASON,
    start_wall: "2026-05-05T12:00",
    end_wall: "2026-05-05T24:00",
    repeats: { frequency: "weekly", weekdays: [5], count: 8 },
  });
  assert.deepEqual<unknown>([dates, everything, repeats, start_time], [
    8,
    true,
    { frequency: "weekly", weekdays: [5], count: 8 },
    "2026-05-08T10:00:00Z",
  ]);
});

Deno.test("Bob who asks for what is closed is told which closure it is, and why", async () => {
  await using scene = await site();
  const { id } = await closed(scene.ada, scene.closure);
  const wish = { resource_id: scene.hall.id, ...TEN };
  const { status, json } = await scene.bob.call("POST", "/reservations", wish);
  assert.deepEqual<unknown>([status, json.detail, json.conflicts], [
    409,
    `Hall is closed then: ${REASON}`,
    [{
      reservation_id: null,
      closure_id: id,
      reason: REASON,
      resource_id: scene.hall.id,
      start_time: "2026-05-05T07:00:00Z",
      end_time: "2026-05-05T10:00:00Z",
    }],
  ]);
  assert(json.alternatives.length > 0);
});

Deno.test("A closure over a reservation is refused with the reservation, and stored when it says what becomes of it", async () => {
  await using scene = await site();
  const { id, reference } = await scene.ask();
  const refused = await scene.ada.call("POST", "/closures", scene.closure);
  assert.equal(refused.status, 409);
  assert.match(refused.json.detail, /1 reservation is in the way/);
  assert.deepEqual(refused.json.conflicts.map((one) => one.reservation_id), [id]);
  const { reservations } = await closed(scene.ada, { ...scene.closure, reservations: "cancel" });
  assert.deepEqual<unknown>(reservations, [{ reservation_id: id, reference, outcome: "cancelled" }]);
  assert.equal((await scene.bob.call("GET", `/reservations/${id}`)).json.status, "cancelled");
});

Deno.test("A reservation that was moved says where to", async () => {
  await using scene = await site();
  const { id } = await scene.ask();
  const { reservations: [{ outcome, to }] } = await closed(scene.ada, {
    ...scene.closure,
    reservations: "move",
  });
  assert.deepEqual<unknown>([outcome, to], ["moved", {
    resource_id: scene.hall.id,
    start_time: "2026-05-05T06:00:00Z",
    end_time: "2026-05-05T07:00:00Z",
  }]);
  assert.equal((await scene.bob.call("GET", `/reservations/${id}`)).json.start_time, to.start_time);
});

Deno.test("Ada's deleted closure is gone, and its time can be had", async () => {
  await using scene = await site();
  const { id } = await closed(scene.ada, scene.closure);
  assert.equal((await scene.ada.call("DELETE", `/closures/${id}`)).status, 204);
  assert.equal((await scene.ada.call("DELETE", `/closures/${id}`)).status, 404);
  assert.equal((await scene.ada.call("GET", `/closures/${id}`)).status, 404);
  await scene.ask();
});

Deno.test("Ada changes the reason, and nothing else", async () => {
  await using scene = await site();
  const { id, start_time } = await closed(scene.ada, scene.closure);
  const { status, json } = await scene.ada.call("PATCH", `/closures/${id}`, { reason: "Painting" });
  assert.deepEqual([status, json.reason, json.start_time], [200, "Painting", start_time]);
  assert.equal((await scene.ada.call("PATCH", `/closures/${id}`, { reason: " " })).status, 422);
});

Deno.test("Bob and Sam read closures, and write none", async () => {
  await using scene = await site();
  const { id } = await closed(scene.ada, scene.closure);
  for (const who of [scene.bob, scene.sam]) {
    assert.deepEqual((await who.call("GET", "/closures")).json.data.map((one) => one.id), [id]);
    assert.equal((await who.call("POST", "/closures", scene.closure)).status, 403);
    assert.equal((await who.call("PATCH", `/closures/${id}`, { reason: "x" })).status, 403);
    assert.equal((await who.call("DELETE", `/closures/${id}`)).status, 403);
  }
});

Deno.test("Closures are found by resource and time, page by page", async () => {
  await using scene = await site();
  const other = await makeResource(scene.sql, scene.cast.ada, { name: "Other" });
  const first = await closed(scene.ada, scene.closure);
  const second = await closed(scene.ada, {
    ...scene.closure,
    resource_id: other.id,
    ...on("2026-05-06", "09:00", "12:00"),
  });
  const ids = async (query: string) =>
    (await scene.bob.call("GET", `/closures?${query}`)).json.data.map((one) => one.id);
  assert.deepEqual(await ids(""), [first.id, second.id]);
  assert.deepEqual(await ids(`resource_id=${other.id}`), [second.id]);
  assert.deepEqual(await ids("from=2026-05-05T10:00:00Z"), [second.id]);
  assert.deepEqual(await ids("to=2026-05-06T07:00:00Z"), [first.id]);
  const { json } = await scene.bob.call("GET", "/closures?limit=1");
  assert.deepEqual(await ids(`limit=1&cursor=${json.next_cursor}`), [second.id]);
});

const WRONG: [what: string, change: Record<string, unknown>, path: string][] = [
  ["without a reason", { reason: "" }, "reason"],
  ["of nothing", { resource_id: undefined }, "resource_ids"],
  ["of a resource and of everything", { everything: true }, "resource_ids"],
  ["without an end", { end_time: undefined }, "end_wall"],
  ["that ends before it begins", { end_time: "2026-05-05T06:00:00Z" }, "end_wall"],
  ["that repeats for ever", { repeats: { frequency: "daily" } }, "repeats.until"],
  ["that repeats hourly", { repeats: { frequency: "hourly", count: 2 } }, "repeats.frequency"],
  [
    "with an eighth weekday",
    { repeats: { frequency: "weekly", weekdays: [8], count: 2 } },
    "repeats.weekdays.0",
  ],
  ["that would burn reservations", { reservations: "burn" }, "reservations"],
];
for (const [what, change, path] of WRONG) {
  Deno.test(`A closure ${what} is refused with 422`, async () => {
    await using scene = await site();
    const { status, json } = await scene.ada.call("POST", "/closures", { ...scene.closure, ...change });
    assert.equal(status, 422);
    assert(json.errors.some((error) => error.path === path), JSON.stringify(json.errors));
  });
}

Deno.test("The availability of a hall says when it is busy, closed included, and when it is free", async () => {
  await using scene = await site();
  await scene.ask();
  await closed(scene.ada, { ...scene.closure, ...on("2026-05-05", "13:00", "14:00") });
  const path = `/resources/${scene.hall.id}/availability`;
  const { status, json } = await scene.bob.call(
    "GET",
    `${path}?from=2026-05-05T07:00:00Z&to=2026-05-05T13:00:00Z`,
  );
  assert.equal(status, 200);
  const { busy, free } = json;
  assert.deepEqual<unknown>({ busy, free }, {
    busy: [
      { start_time: "2026-05-05T08:00:00Z", end_time: "2026-05-05T09:00:00Z" },
      { start_time: "2026-05-05T11:00:00Z", end_time: "2026-05-05T12:00:00Z" },
    ],
    free: [
      { start_time: "2026-05-05T07:00:00Z", end_time: "2026-05-05T08:00:00Z" },
      { start_time: "2026-05-05T09:00:00Z", end_time: "2026-05-05T11:00:00Z" },
      { start_time: "2026-05-05T12:00:00Z", end_time: "2026-05-05T13:00:00Z" },
    ],
  });
  for (
    const query of ["", "?from=2026-05-05T07:00:00Z", "?from=2026-05-05T07:00:00Z&to=2030-05-05T07:00:00Z"]
  ) {
    assert.equal((await scene.bob.call("GET", path + query)).status, 422);
  }
  const nobodys = "018f0000-0000-7000-8000-000000000000";
  const none = await scene.bob.call(
    "GET",
    `/resources/${nobodys}/availability?from=2026-05-05T07:00:00Z&to=2026-05-06T07:00:00Z`,
  );
  assert.equal(none.status, 404);
});
