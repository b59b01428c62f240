import assert from "node:assert/strict";
import type { Client, Json } from "../support/app.ts";
import { makeResource } from "../support/cast.ts";
import { assertSound } from "../support/invariants.ts";
import { openScene, type Scene } from "../support/scene.ts";

/** An hour of the next day, from this hour on in UTC. */
const hour = (from: number) => {
  const two = (n: number) => String(n).padStart(2, "0");
  return { start_time: `2026-05-05T${two(from)}:00:00Z`, end_time: `2026-05-05T${two(from + 1)}:00:00Z` };
};

async function halls() {
  const scene = await openScene();
  const hall = await makeResource(scene.sql, scene.cast.ada, { name: "Hall" });
  const great = await makeResource(scene.sql, scene.cast.ada, {
    name: "Great Hall",
    requires_approval: true,
  });
  const [alice, bob] = await Promise.all([scene.cast.alice, scene.cast.bob].map(scene.site.as));
  const taken: Json = (await alice.call("POST", "/reservations", { resource_id: hall.id, ...hour(8) })).json;
  const wish = (from: number, of = hall) => ({ resource_id: of.id, ...hour(from) });
  const bulk = (who: Client, body: Record<string, unknown>, key?: string) =>
    who.call("POST", "/reservations/bulk", body, key ? { "idempotency-key": key } : {});
  return { ...scene, hall, great, alice, bob, taken, wish, bulk };
}

const statuses = (json: Json) => json.results.map(({ status }) => Number(status));
const kept = async ({ sql }: Scene) =>
  (await sql<{ status: string; count: number }[]>`
    select status, count(*)::int from reservations group by status order by status`).map((row) => ({
    ...row,
  }));

Deno.test("All of many are made, each as it would have been alone", async () => {
  await using scene = await halls();
  const { bob, wish, great, bulk } = scene;
  const { status, json } = await bulk(bob, { create: [wish(10), wish(11), wish(12, great)] });
  assert.deepEqual([status, statuses(json)], [200, [201, 201, 201]]);
  assert.deepEqual<unknown>(json.results.map((one) => one.reservation.status), [
    "approved",
    "approved",
    "pending",
  ]);
  await assertSound(scene.sql);
});

Deno.test("Where one of all is refused nothing is done, and each says why or that it would have been", async () => {
  await using scene = await halls();
  const { bob, wish, bulk, taken } = scene;
  const before = await kept(scene);
  const { status, json } = await bulk(bob, { create: [wish(10), wish(8), wish(11)] });
  assert.deepEqual([status, statuses(json)], [409, [424, 409, 424]]);
  assert.equal(json.results[1].problem.conflicts[0].reservation_id, taken.id);
  assert.deepEqual(await kept(scene), before);
  await assertSound(scene.sql);
});

Deno.test("Each for itself: what can be done is done", async () => {
  await using scene = await halls();
  const { bob, wish, bulk } = scene;
  const { status, json } = await bulk(bob, { mode: "each", create: [wish(10), wish(8), wish(11)] });
  assert.deepEqual([status, statuses(json)], [200, [201, 409, 201]]);
  assert.deepEqual(await kept(scene), [{ status: "approved", count: 3 }]);
  await assertSound(scene.sql);
});

Deno.test("What is cancelled goes first, so that its slot can be had in the same call", async () => {
  await using scene = await halls();
  const { alice, wish, bulk, taken } = scene;
  const { status, json } = await bulk(alice, {
    cancel: [{ id: taken.id, reason: "Swap" }],
    create: [wish(8)],
  });
  assert.deepEqual([status, statuses(json)], [200, [200, 201]]);
  assert.equal(json.results[0].reservation.decision_reason, "Swap" as Json);
  await assertSound(scene.sql);
});

Deno.test("A cancellation is taken back with the rest", async () => {
  await using scene = await halls();
  const { alice, wish, bulk, taken } = scene;
  const past = { ...wish(9), start_time: "2026-05-03T09:00:00Z" };
  const { status, json } = await bulk(alice, { cancel: [{ id: taken.id }], create: [past] });
  assert.deepEqual([status, statuses(json)], [409, [424, 422]]);
  assert.deepEqual(await kept(scene), [{ status: "approved", count: 1 }]);
});

Deno.test("Nobody cancels what is another’s, also among many", async () => {
  await using scene = await halls();
  const { json } = await scene.bulk(scene.bob, { mode: "each", cancel: [{ id: scene.taken.id }] });
  assert.deepEqual(statuses(json), [404]);
});

Deno.test("Two who want the same many slots at once: one has all of them, the other none", async () => {
  await using scene = await halls();
  const { alice, bob, wish, bulk } = scene;
  const slots = [10, 11, 12, 13, 14].map((from) => wish(from));
  const answers = await Promise.all([
    bulk(alice, { create: slots }),
    bulk(bob, { create: slots.toReversed() }),
  ]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
  assert.deepEqual(await kept(scene), [{ status: "approved", count: 6 }]);
  await assertSound(scene.sql);
});

Deno.test("Sent again with its key, many are made once", async (t) => {
  for (const mode of ["all_or_nothing", "each"]) {
    await t.step(mode, async () => {
      await using scene = await halls();
      const { bob, wish, bulk } = scene;
      const body = { mode, create: [wish(10), wish(mode === "each" ? 8 : 11)] };
      const answers = [await bulk(bob, body, "many"), await bulk(bob, body, "many")];
      assert.equal(answers[0].text, answers[1].text);
      assert.deepEqual(await kept(scene), [{ status: "approved", count: mode === "each" ? 2 : 3 }]);
      await assertSound(scene.sql);
    });
  }
});

Deno.test("What is not understood is refused as a whole, with its place", async (t) => {
  await using scene = await halls();
  const { bob, wish, bulk } = scene;
  const BAD: [what: string, body: Record<string, unknown>, path: string][] = [
    ["nothing at all", {}, "create"],
    ["201 of them", { create: Array(201).fill(wish(10)) }, "create"],
    ["no list", { create: wish(10) }, "create"],
    ["another mode", { mode: "some", create: [wish(10)] }, "mode"],
    [
      "a wish without a start",
      { create: [wish(10), { ...wish(11), start_time: undefined }] },
      "create.1.start_time",
    ],
    ["no id", { cancel: [{ id: "R-1" }] }, "cancel.0.id"],
  ];
  for (const [what, body, path] of BAD) {
    await t.step(what, async () => {
      const { status, json } = await bulk(bob, body);
      assert.deepEqual<unknown>([status, json.errors[0].path], [422, path]);
    });
  }
});
