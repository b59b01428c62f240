import assert from "node:assert/strict";
import type { Answer, Client, Json } from "../support/app.ts";
import { makeResource } from "../support/cast.ts";
import { assertSound } from "../support/invariants.ts";
import { openScene, type Scene } from "../support/scene.ts";

const TEN = { start_time: "2026-05-05T08:00:00Z", end_time: "2026-05-05T09:00:00Z" };
const TWELVE = { start_time: "2026-05-05T10:00:00Z", end_time: "2026-05-05T11:00:00Z" };
const NOBODYS = "018f0000-0000-7000-8000-000000000000";

/** Bob's choir from ten to eleven, Alice's book club from twelve to one, and Bob's wish for the Great Hall. */
async function threeReservations() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Hall A" });
  const other = await makeResource(sql, cast.ada, { name: "Hall B" });
  const great = await makeResource(sql, cast.ada, { name: "Great Hall", requires_approval: true });
  const [alice, bob, sam, sue] = await Promise.all([cast.alice, cast.bob, cast.sam, cast.sue].map(site.as));
  const his = await reserved(bob, { resource_id: hall.id, ...TEN, purpose: "Choir" });
  const hers = await reserved(alice, { resource_id: hall.id, ...TWELVE, purpose: "Book club" });
  const wish = await reserved(bob, { resource_id: great.id, ...TEN, purpose: "Concert" });
  return { ...scene, hall, other, great, alice, bob, sam, sue, his, hers, wish };
}

async function reserved(who: Client, wish: Record<string, unknown>): Promise<Json> {
  const answer = await who.call("POST", "/reservations", wish);
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

const patch = (who: Client, { id }: Json, change: unknown) =>
  who.call("PATCH", `/reservations/${id}`, change);
const step = (who: Client, { id }: Json, verb: string, body?: unknown) =>
  who.call("POST", `/reservations/${id}/${verb}`, body);

/** Everything that a change could touch, as text. */
async function everything({ sql }: Scene): Promise<string> {
  const rows = await sql`
    select v.*, a.resource_id, a.unit, a.holds, a.period::text as period,
      (select count(*) from history) as entries, (select count(*) from outbox) as events
    from reservations v join allocations a on a.reservation_id = v.id order by v.number, a.resource_id`;
  return JSON.stringify(rows);
}

const detail = (answer: Answer) => answer.json.detail;

Deno.test("Bob changes the purpose, and its time stays", async () => {
  await using scene = await threeReservations();
  const { status, json } = await patch(scene.bob, scene.his, { purpose: "Orchestra" });
  assert.deepEqual<unknown>([status, json], [200, { ...copy(scene.his), purpose: "Orchestra" }]);
});

Deno.test("Bob changes the time, and its purpose stays", async () => {
  await using scene = await threeReservations();
  const end_time = "2026-05-05T09:30:00Z";
  const { status, json } = await patch(scene.bob, scene.his, { end_time });
  assert.deepEqual<unknown>([status, json], [200, { ...copy(scene.his), end_time }]);
});

Deno.test("Bob changes the resource, and its time stays", async () => {
  await using scene = await threeReservations();
  const { json } = await patch(scene.bob, scene.his, { resource_id: scene.other.id });
  assert.deepEqual([json.resource_ids, json.start_time], [[scene.other.id], TEN.start_time]);
});

Deno.test("Bob changes time, resource and purpose at once", async () => {
  await using scene = await threeReservations();
  const change = { ...TWELVE, resource_id: scene.other.id, purpose: "Orchestra" };
  const { json } = await patch(scene.bob, scene.his, change);
  const there = { resource_ids: [scene.other.id], quantities: { [scene.other.id]: 1 } };
  assert.deepEqual<unknown>(json, { ...copy(scene.his), ...change, ...there });
});

Deno.test("Bob's change of time and purpose is told in the history as both", async () => {
  await using scene = await threeReservations();
  await patch(scene.bob, scene.his, { end_time: "2026-05-05T09:30:00Z", purpose: "Orchestra" });
  const { data } = (await scene.bob.call("GET", `/reservations/${scene.his.id}/history`)).json;
  assert.deepEqual(data.map((entry) => entry.action), ["request", "reschedule", "edit"]);
  await assertSound(scene.sql);
});

Deno.test("Bob's change that changes nothing leaves nothing behind", async () => {
  await using scene = await threeReservations();
  const before = await everything(scene);
  await patch(scene.bob, scene.his, { ...TEN, resource_id: scene.hall.id, purpose: "Choir", private: false });
  assert.equal(await everything(scene), before);
});

Deno.test("Bob's move onto Alice's reservation is answered 409 with hers in the way", async () => {
  await using scene = await threeReservations();
  const { status, json } = await patch(scene.bob, scene.his, TWELVE);
  const conflicts = [{ reservation_id: scene.hers.id, resource_id: scene.hall.id, ...TWELVE }];
  assert.deepEqual<unknown>([status, json.conflicts], [409, conflicts]);
});

Deno.test("Bob's move onto Alice's reservation, with a new purpose, changes nothing at all", async () => {
  await using scene = await threeReservations();
  const before = await everything(scene);
  const refused = await patch(scene.bob, scene.his, { ...TWELVE, purpose: "Orchestra", private: true });
  assert.deepEqual([refused.status, await everything(scene)], [409, before]);
});

Deno.test("Bob's move is taken back where the words that come with it cannot be stored", async () => {
  await using scene = await threeReservations();
  await scene.sql`alter table reservations add constraint no_trumpets check (purpose <> 'Trumpets')`;
  const before = await everything(scene);
  await patch(scene.bob, scene.his, { end_time: "2026-05-05T09:30:00Z", purpose: "Trumpets" });
  assert.equal(await everything(scene), before);
});

Deno.test("Bob's change in the form is taken back, too, where its words cannot be stored", async () => {
  await using scene = await threeReservations();
  await scene.sql`alter table reservations add constraint no_trumpets check (purpose <> 'Trumpets')`;
  const before = await everything(scene);
  const day = { date: "2026-05-05", start: "10:00", end_date: "2026-05-05", end: "11:30" };
  const form = { ...day, resource: scene.hall.id, purpose: "Trumpets" };
  await scene.bob.post(`/reservations/${scene.his.id}/edit`, form);
  assert.equal(await everything(scene), before);
});

Deno.test("Bob renames and shortens what is running, in one call", async () => {
  await using scene = await threeReservations();
  scene.site.now = Temporal.Instant.from("2026-05-05T08:20:00Z");
  const bob = await scene.site.as(scene.cast.bob);
  const end_time = "2026-05-05T08:30:00Z";
  const { status, json } = await patch(bob, scene.his, { end_time, purpose: "Rehearsal" });
  assert.deepEqual<unknown>([status, json.end_time, json.purpose], [200, end_time, "Rehearsal"]);
});

Deno.test("Bob's end before its start is refused with the path of the end", async () => {
  await using scene = await threeReservations();
  const refused = await patch(scene.bob, scene.his, { end_time: "2026-05-05T07:00:00Z" });
  assert.deepEqual([refused.status, refused.json.errors[0].path], [422, "end_time"]);
});

Deno.test("Bob cannot name two resources that contradict each other", async () => {
  await using scene = await threeReservations();
  const change = { resource_id: scene.hall.id, resource_ids: [scene.other.id] };
  const refused = await patch(scene.bob, scene.his, change);
  assert.deepEqual([refused.status, refused.json.errors[0].path], [422, "resource_id"]);
});

Deno.test("Bob's reservation can be changed by Sam, who is staff", async () => {
  await using scene = await threeReservations();
  assert.equal((await patch(scene.sam, scene.his, { purpose: "Orchestra" })).json.purpose, "Orchestra");
});

Deno.test("Bob's approved reservation that is to grow keeps its time, and the answer has what waits", async () => {
  await using scene = await threeReservations();
  await step(scene.sam, scene.wish, "approve");
  const end_time = "2026-05-05T10:00:00Z";
  const { status, json } = await patch(scene.bob, scene.wish, { end_time });
  assert.deepEqual([status, json.status, json.end_time, json.proposed_change.end_time], [
    200,
    "approved",
    TEN.end_time,
    end_time,
  ]);
  const change = json.proposed_change.id;
  assert.equal((await step(scene.sam, scene.wish, "approve")).status, 409);
  const done = await step(scene.sam, scene.wish, "approve", { change });
  assert.deepEqual([done.status, done.json.end_time, done.json.proposed_change], [200, end_time, undefined]);
});

Deno.test("A program denies a change with a reason, and Bob's withdraws one", async () => {
  await using scene = await threeReservations();
  await step(scene.sam, scene.wish, "approve");
  const ask = async () =>
    (await patch(scene.bob, scene.wish, { end_time: "2026-05-05T10:00:00Z" })).json.proposed_change.id;
  const change = await ask();
  assert.equal((await step(scene.sam, scene.wish, "deny", { change })).status, 422);
  assert.equal((await step(scene.sam, scene.wish, "deny", { change, reason: "No" })).status, 200);
  const again = await ask();
  assert.equal((await step(scene.bob, scene.wish, "withdraw_change", { change })).status, 409);
  const kept = await step(scene.bob, scene.wish, "withdraw_change", { change: again });
  assert.deepEqual([kept.status, kept.json.end_time, kept.json.proposed_change], [
    200,
    TEN.end_time,
    undefined,
  ]);
  assert.equal((await step(scene.alice, scene.wish, "withdraw_change", { change: again })).status, 404);
  await assertSound(scene.sql);
});

Deno.test("Bob cancels and reads that it is cancelled", async (t) => {
  await using scene = await threeReservations();
  await t.step("by POST", async () => {
    const { status, json } = await step(scene.bob, scene.his, "cancel");
    assert.deepEqual([status, json.status], [200, "cancelled"]);
  });
  await t.step("by DELETE", async () => {
    const { status, json } = await scene.bob.call("DELETE", `/reservations/${scene.wish.id}`);
    assert.deepEqual([status, json.status], [200, "cancelled"]);
  });
});

Deno.test("Bob's reason for cancelling is kept", async () => {
  await using scene = await threeReservations();
  const { json } = await step(scene.bob, scene.his, "cancel", { reason: "The tenor is ill" });
  assert.equal(json.decision_reason, "The tenor is ill");
});

Deno.test("Bob's cancelled time can be had by Alice", async () => {
  await using scene = await threeReservations();
  await step(scene.bob, scene.his, "cancel");
  await reserved(scene.alice, { resource_id: scene.hall.id, ...TEN });
  await assertSound(scene.sql);
});

Deno.test("Bob is told the status that stands in the way of what he asks for", async (t) => {
  await using scene = await threeReservations();
  await step(scene.bob, scene.his, "cancel");
  const asked: [what: string, () => Promise<Answer>][] = [
    ["cancelling", () => step(scene.bob, scene.his, "cancel")],
    ["a new purpose", () => patch(scene.bob, scene.his, { purpose: "Orchestra" })],
    ["a new time", () => patch(scene.bob, scene.his, { end_time: "2026-05-05T09:30:00Z" })],
    ["approval", () => step(scene.sam, scene.his, "approve")],
    ["denial", () => step(scene.sam, scene.his, "deny", { reason: "No" })],
  ];
  for (const [what, ask] of asked) {
    await t.step(what, async () => {
      const refused = await ask();
      assert.equal(refused.status, 409);
      assert.match(detail(refused), /already cancelled/);
    });
  }
});

Deno.test("Sam approves, with a reason and without", async (t) => {
  await using scene = await threeReservations();
  const later = await reserved(scene.bob, { resource_id: scene.great.id, ...TWELVE });
  await t.step("without a body", async () => {
    const { status, json } = await step(scene.sam, scene.wish, "approve");
    assert.deepEqual<unknown>([status, json.status, json.decision_reason], [200, "approved", null]);
  });
  await t.step("with a reason", async () => {
    const { json } = await step(scene.sam, later, "approve", { reason: "Gladly" });
    assert.deepEqual([json.status, json.decision_reason], ["approved", "Gladly"]);
  });
});

Deno.test("Sam cannot approve two wishes for one slot, and is told which has it", async () => {
  await using scene = await threeReservations();
  const rival = await reserved(scene.alice, { resource_id: scene.great.id, ...TEN });
  await step(scene.sam, scene.wish, "approve");
  const refused = await step(scene.sam, rival, "approve");
  const conflicts = [{ reservation_id: scene.wish.id, resource_id: scene.great.id, ...TEN }];
  assert.deepEqual<unknown>([refused.status, refused.json.conflicts], [409, conflicts]);
  await assertSound(scene.sql);
});

Deno.test("Sue, second to decide, is told that Sam has, and when", async () => {
  await using scene = await threeReservations();
  await step(scene.sam, scene.wish, "approve");
  const late = await step(scene.sue, scene.wish, "deny", { reason: "No" });
  assert.equal(
    detail(late),
    "This reservation cannot be denied: it is already approved by Sam Says, 09:00",
  );
});

Deno.test("Sam denies with a reason that Bob reads", async () => {
  await using scene = await threeReservations();
  await step(scene.sam, scene.wish, "deny", { reason: "The hall is being painted" });
  const { json } = await scene.bob.call("GET", `/reservations/${scene.wish.id}`);
  assert.deepEqual([json.status, json.decision_reason], ["denied", "The hall is being painted"]);
});

Deno.test("Sam cannot deny without a reason", async (t) => {
  await using scene = await threeReservations();
  for (const body of [{}, { reason: "" }, { reason: "   " }, { reason: 7 }, { reason: null }]) {
    await t.step(JSON.stringify(body), async () => {
      const refused = await step(scene.sam, scene.wish, "deny", body);
      assert.deepEqual([refused.status, refused.json.errors[0].path], [422, "reason"]);
    });
  }
});

Deno.test("Sam cannot approve a wish of his own", async () => {
  await using scene = await threeReservations();
  const own = await reserved(scene.sam, { resource_id: scene.great.id, ...TEN });
  assert.equal((await step(scene.sam, own, "approve")).status, 403);
});

Deno.test("Bob may not decide, not even on a wish of his own", async (t) => {
  await using scene = await threeReservations();
  for (const verb of ["approve", "deny"]) {
    await t.step(verb, async () => {
      assert.equal((await step(scene.bob, scene.wish, verb, { reason: "Please" })).status, 403);
    });
  }
});

Deno.test("Alice reads nothing of Bob's history", async () => {
  await using scene = await threeReservations();
  assert.equal((await scene.alice.call("GET", `/reservations/${scene.his.id}/history`)).status, 404);
});

Deno.test("Bob reads in the history who did what, when, and what it was before", async () => {
  await using scene = await threeReservations();
  await step(scene.sam, scene.wish, "deny", { reason: "Painted" });
  const { data } = (await scene.bob.call("GET", `/reservations/${scene.wish.id}/history`)).json;
  assert.deepEqual<unknown>(data, [
    {
      id: data[0].id,
      actor_id: scene.cast.bob.id,
      action: "request",
      details: { status: "pending" },
      previous_state: null,
      at: "2026-05-04T07:00:00Z",
    },
    {
      id: data[1].id,
      actor_id: scene.cast.sam.id,
      action: "deny",
      details: { reason: "Painted" },
      previous_state: { status: "pending", ...TEN, purpose: "Concert", decision_reason: null },
      at: "2026-05-04T07:00:00Z",
    },
  ]);
});

Deno.test("Somebody else's reservation, and one that never was, are both not found", async (t) => {
  await using scene = await threeReservations();
  const CALLS: [method: string, path: string, body?: unknown][] = [
    ["GET", ""],
    ["PATCH", "", { purpose: "Mine" }],
    ["DELETE", ""],
    ["POST", "/cancel"],
    ["GET", "/history"],
  ];
  for (const id of [scene.his.id, NOBODYS, "R-1", "no-id"]) {
    for (const [method, path, body] of CALLS) {
      await t.step(`${method} /reservations/${id === scene.his.id ? "his" : id}${path}`, async () => {
        const answer = await scene.alice.call(method, `/reservations/${id}${path}`, body);
        assert.deepEqual([answer.status, detail(answer)], [404, "This reservation was not found"]);
      });
    }
  }
});

// Json is a text as well as an object, so that it cannot be spread.
function copy(json: Json): Record<string, unknown> {
  return Object.fromEntries(Object.entries(json));
}
