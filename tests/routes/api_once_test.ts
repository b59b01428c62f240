import assert from "node:assert/strict";
import type { Answer, Client, Json } from "../support/app.ts";
import { makeResource, NOW } from "../support/cast.ts";
import { sweep } from "../../domain/sweep.ts";
import { assertSound } from "../support/invariants.ts";
import { openScene, type Scene } from "../support/scene.ts";

const TEN = { start_time: "2026-05-05T08:00:00Z", end_time: "2026-05-05T09:00:00Z" };
const NOON = { start_time: "2026-05-05T10:00:00Z", end_time: "2026-05-05T11:00:00Z" };

async function house() {
  const scene = await openScene();
  const hall = await makeResource(scene.sql, scene.cast.ada, { name: "Hall" });
  const [ada, alice, bob] = await Promise.all(
    [scene.cast.ada, scene.cast.alice, scene.cast.bob].map(scene.site.as),
  );
  const reserve = (who: Client, key: string, slot: Record<string, unknown> = TEN) =>
    who.call("POST", "/reservations", { resource_id: hall.id, ...slot }, { "idempotency-key": key });
  return { ...scene, hall, ada, alice, bob, reserve };
}

const stored = async ({ sql }: Scene) => (await sql`select id from reservations`).length;
const told = (
  { status, text, headers }: Answer,
) => [status, text, headers.get("location"), headers.get("etag")];

Deno.test("The same request with the same key is done once, and answered the same", async () => {
  await using scene = await house();
  const first = await scene.reserve(scene.bob, "one");
  const second = await scene.reserve(scene.bob, "one");
  assert.equal(first.status, 201);
  assert.deepEqual(told(second), told(first));
  assert.deepEqual([first.headers.get("idempotent-replayed"), second.headers.get("idempotent-replayed")], [
    null,
    "true",
  ]);
  assert.equal(await stored(scene), 1);
});

Deno.test("Twenty at once with the same key make one reservation, and all read the same answer", async () => {
  await using scene = await house();
  const answers = await Promise.all(Array.from({ length: 20 }, () => scene.reserve(scene.bob, "twenty")));
  assert.equal(new Set(answers.map((answer) => JSON.stringify(told(answer)))).size, 1);
  assert.deepEqual([answers[0].status, await stored(scene)], [201, 1]);
  await assertSound(scene.sql);
});

Deno.test("A refusal is an answer, too: it stays what it was although the slot is free by now", async () => {
  await using scene = await house();
  const hers = (await scene.reserve(scene.alice, "hers")).json;
  const refused = await scene.reserve(scene.bob, "his");
  await scene.alice.call("POST", `/reservations/${hers.id}/cancel`);
  assert.deepEqual([refused.status, told(await scene.reserve(scene.bob, "his"))], [409, told(refused)]);
  assert.equal((await scene.reserve(scene.bob, "another")).status, 201);
});

Deno.test("What was not understood is not kept: the same key may come with it put right", async () => {
  await using scene = await house();
  assert.equal((await scene.reserve(scene.bob, "one", { ...TEN, priority: -1 })).status, 422);
  assert.equal((await scene.reserve(scene.bob, "one")).status, 201);
});

Deno.test("A key that comes with another request is refused, and nothing is done", async (t) => {
  await using scene = await house();
  const first = (await scene.reserve(scene.bob, "one")).json;
  await t.step("another body", async () => {
    const { status, json } = await scene.reserve(scene.bob, "one", NOON);
    assert.deepEqual<unknown>([status, json.errors[0].path], [422, "Idempotency-Key"]);
  });
  await t.step("another call", async () => {
    const { status } = await scene.bob.call("POST", `/reservations/${first.id}/cancel`, undefined, {
      "idempotency-key": "one",
    });
    assert.equal(status, 422);
  });
  assert.equal((await scene.bob.call("GET", `/reservations/${first.id}`)).json.status, "approved" as Json);
});

Deno.test("A key is its person’s own", async () => {
  await using scene = await house();
  await scene.reserve(scene.bob, "one");
  assert.equal((await scene.reserve(scene.alice, "one", NOON)).status, 201);
});

Deno.test("A key that nobody could send again is refused", async (t) => {
  await using scene = await house();
  for (const key of ["", " ", "two words", "x".repeat(256)]) {
    await t.step(`${key.slice(0, 12)}, ${key.length} long`, async () => {
      const { status, json } = await scene.reserve(scene.bob, key);
      assert.deepEqual<unknown>([status, json.errors[0].path], [422, "Idempotency-Key"]);
    });
  }
});

Deno.test("What breaks in the middle leaves neither a reservation nor a key behind", async () => {
  await using scene = await house();
  await scene.sql`alter table replies add constraint nothing_is_kept check (status is null)`;
  const broken = await scene.reserve(scene.bob, "one");
  assert.deepEqual([broken.status, await stored(scene)], [500, 0]);
  await scene.sql`alter table replies drop constraint nothing_is_kept`;
  assert.deepEqual([(await scene.reserve(scene.bob, "one")).status, await stored(scene)], [201, 1]);
});

Deno.test("A key whose server died in the middle is free again, and nothing is done twice", async () => {
  await using scene = await house();
  const dead = await scene.sql.reserve();
  await dead`begin`;
  await dead`
    insert into replies (user_id, key, fingerprint, created_at) values (${scene.cast.bob.id}, 'one', '?', ${NOW})`;
  const waiting = scene.reserve(scene.bob, "one");
  const [{ pid }] = await dead<{ pid: number }[]>`select pg_backend_pid() as pid`;
  await scene.sql`select pg_terminate_backend(${pid})`;
  assert.deepEqual([(await waiting).status, await stored(scene)], [201, 1]);
  dead.release();
});

Deno.test("An answer is kept for a day: then the key is as new", async (t) => {
  for (const how of ["also where nobody has swept", "and is swept away"]) {
    await t.step(how, async () => {
      await using scene = await house();
      await scene.reserve(scene.bob, "one");
      scene.site.now = NOW.add({ hours: 24 });
      if (how.includes("swept away")) await sweep(scene.sql, scene.site.now);
      const bob = await scene.site.as(scene.cast.bob);
      const later = { start_time: "2026-05-06T08:00:00Z", end_time: "2026-05-06T09:00:00Z" };
      assert.equal((await scene.reserve(bob, "one", later)).status, 201);
    });
  }
});

Deno.test("The sweep leaves answers that are not a day old", async () => {
  await using scene = await house();
  await scene.reserve(scene.bob, "one");
  await sweep(scene.sql, NOW.add({ hours: 23 }));
  assert.equal((await scene.sql`select key from replies`).length, 1);
});

Deno.test("The secret of a token is answered again, and cannot be read in the database", async () => {
  await using scene = await house();
  const make = () => scene.bob.call("POST", "/auth/tokens", { name: "Door" }, { "idempotency-key": "door" });
  const [first, second] = [await make(), await make()];
  assert.deepEqual([first.status, second.text], [201, first.text]);
  const [{ kept }] = await scene.sql<{ kept: string }[]>`select encode(body, 'escape') as kept from replies`;
  assert(!kept.includes("hf_") && !kept.includes("Door"));
});

Deno.test("A call without a key asks the database not one question more", async () => {
  await using scene = await house();
  await scene.bob.call("POST", "/reservations", { resource_id: scene.hall.id, ...TEN });
  scene.statements.length = 0;
  await scene.bob.call("POST", "/reservations", { resource_id: scene.hall.id, ...NOON });
  assert.equal(scene.statements.filter((statement) => !/pg_catalog/.test(statement)).length, 1);
});
