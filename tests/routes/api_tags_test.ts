import assert from "node:assert/strict";
import type { Client, Json } from "../support/app.ts";
import { makeResource, NOW } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

const TEN = { start_time: "2026-05-05T08:00:00Z", end_time: "2026-05-05T09:00:00Z" };

async function house() {
  const scene = await openScene();
  const hall = await makeResource(scene.sql, scene.cast.ada, { name: "Hall" });
  const [ada, bob, sam] = await Promise.all(
    [scene.cast.ada, scene.cast.bob, scene.cast.sam].map(scene.site.as),
  );
  const his: Json = (await bob.call("POST", "/reservations", { resource_id: hall.id, ...TEN })).json;
  const closed = {
    resource_id: hall.id,
    start_time: "2026-05-07T08:00:00Z",
    end_time: "2026-05-07T09:00:00Z",
  };
  const closure = (await ada.call("POST", "/closures", { ...closed, reason: "Painters" })).json;
  return { ...scene, hall, ada, bob, sam, his, closure };
}

const tagOf = async (who: Client, path: string) => (await who.call("GET", path)).headers.get("etag") ?? "";

Deno.test("Whoever reads what they have already is told that it is the same", async (t) => {
  await using scene = await house();
  const { ada, his, hall, closure, cast } = scene;
  const PATHS = [`/reservations/${his.id}`, `/resources/${hall.id}`, `/closures/${closure.id}`];
  for (const path of [...PATHS, `/users/${cast.bob.id}`, "/reservations", "/resources?q=hall", "/auth/me"]) {
    await t.step(path.replace(/[0-9a-f-]{36}/, "{id}"), async () => {
      const tag = await tagOf(ada, path);
      assert.match(tag, /^"[^"]+"$/);
      const again = await ada.call("GET", path, undefined, { "if-none-match": `"other", W/${tag}` });
      assert.deepEqual([again.status, again.text, again.headers.get("etag")], [304, "", tag]);
      const other = await ada.call("GET", path, undefined, { "if-none-match": '"other"' });
      assert.equal(other.status, 200);
    });
  }
});

Deno.test("A change of what has changed meanwhile is refused with 412, and nothing is changed", async (t) => {
  await using scene = await house();
  const { ada, bob, sam, his, hall, closure, cast } = scene;
  const CHANGES: [who: Client, method: string, path: string, of: string, body: unknown][] = [
    [bob, "PATCH", `/reservations/${his.id}`, `/reservations/${his.id}`, { purpose: "Mine" }],
    [bob, "POST", `/reservations/${his.id}/cancel`, `/reservations/${his.id}`, undefined],
    [bob, "DELETE", `/reservations/${his.id}`, `/reservations/${his.id}`, undefined],
    [sam, "POST", `/reservations/${his.id}/bump`, `/reservations/${his.id}`, { reason: "No" }],
    [ada, "PATCH", `/resources/${hall.id}`, `/resources/${hall.id}`, { location: "Mine" }],
    [ada, "DELETE", `/resources/${hall.id}`, `/resources/${hall.id}`, undefined],
    [ada, "PATCH", `/closures/${closure.id}`, `/closures/${closure.id}`, { reason: "Mine" }],
    [ada, "DELETE", `/closures/${closure.id}`, `/closures/${closure.id}`, undefined],
    [ada, "PATCH", `/users/${cast.bob.id}`, `/users/${cast.bob.id}`, { role: "staff" }],
    [ada, "DELETE", `/users/${cast.bob.id}`, `/users/${cast.bob.id}`, undefined],
  ];
  for (const [who, method, path, of, body] of CHANGES) {
    await t.step(`${method} ${path.replace(/[0-9a-f-]{36}/, "{id}")}`, async () => {
      const before = (await ada.call("GET", of)).text;
      const stale = await who.call(method, path, body, { "if-match": '"of yesterday"' });
      assert.deepEqual([stale.status, stale.headers.get("content-type")], [412, "application/problem+json"]);
      assert.equal((await ada.call("GET", of)).text, before);
    });
  }
});

Deno.test("A change of what is still as it was read is done, and answers the new tag", async () => {
  await using scene = await house();
  const path = `/reservations/${scene.his.id}`;
  const tag = await tagOf(scene.bob, path);
  const done = await scene.bob.call("PATCH", path, { purpose: "Choir" }, { "if-match": tag });
  assert.deepEqual([done.status, done.headers.get("etag")], [200, await tagOf(scene.bob, path)]);
  assert.notEqual(done.headers.get("etag"), tag);
  assert.equal((await scene.bob.call("PATCH", path, { purpose: "Band" }, { "if-match": tag })).status, 412);
});

Deno.test("The answer that made it has the tag that reading it has", async () => {
  await using scene = await house();
  const noon = { start_time: "2026-05-05T10:00:00Z", end_time: "2026-05-05T11:00:00Z" };
  const made = await scene.bob.call("POST", "/reservations", { resource_id: scene.hall.id, ...noon });
  assert.equal(made.headers.get("etag"), await tagOf(scene.bob, `/reservations/${made.json.id}`));
});

Deno.test("A star means whatever is there, and a call without the header asks for nothing", async () => {
  await using scene = await house();
  const path = `/reservations/${scene.his.id}`;
  assert.equal((await scene.bob.call("PATCH", path, { purpose: "Choir" }, { "if-match": "*" })).status, 200);
  assert.equal((await scene.bob.call("PATCH", path, { purpose: "Band" })).status, 200);
});

Deno.test("Of ten who change the same thing as they read it, one does", async () => {
  await using scene = await house();
  const path = `/reservations/${scene.his.id}`;
  const tag = await tagOf(scene.bob, path);
  const answers = await Promise.all(
    Array.from(
      { length: 10 },
      (_, i) => scene.bob.call("PATCH", path, { purpose: `Choir ${i}` }, { "if-match": tag }),
    ),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(9).fill(412)]);
});

Deno.test("What time has changed has another tag", async () => {
  await using scene = await house();
  const path = `/reservations/${scene.his.id}`;
  const tag = await tagOf(scene.bob, path);
  scene.site.now = NOW.add({ hours: 48 });
  const bob = await scene.site.as(scene.cast.bob);
  assert.notEqual(await tagOf(bob, path), tag);
});

Deno.test("Somebody else’s reservation is not found, whatever its tag", async () => {
  await using scene = await house();
  const mallory = await scene.site.as(scene.cast.mallory);
  const { status } = await mallory.call("PATCH", `/reservations/${scene.his.id}`, { purpose: "Mine" }, {
    "if-match": await tagOf(scene.bob, `/reservations/${scene.his.id}`),
  });
  assert.equal(status, 404);
});

Deno.test("A compressed answer has a tag of its own, which is as good", async () => {
  await using scene = await house();
  for (let i = 0; i < 5; i++) {
    await makeResource(scene.sql, scene.cast.ada, { name: `Room ${i}`, description: "Quiet. ".repeat(20) });
  }
  const packed = await scene.bob.call("GET", "/resources", undefined, { "accept-encoding": "gzip" });
  const tag = packed.headers.get("etag") ?? "";
  assert.deepEqual([packed.headers.get("content-encoding"), tag.endsWith('-gzip"')], ["gzip", true]);
  assert.match(packed.headers.get("vary") ?? "", /accept-encoding/i);
  assert.equal((await scene.bob.call("GET", "/resources", undefined, { "if-none-match": tag })).status, 304);
});
