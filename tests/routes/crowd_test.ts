import assert from "node:assert/strict";
import { holdUp } from "../support/gate.ts";
import { openScene } from "../support/scene.ts";

// More than are served at once, also while none of them has come as far as the database.
const MANY = 80;

Deno.test("where more come than can be served, further ones are told so at once", async (t) => {
  await using scene = await openScene();
  const { site, cast } = scene;
  const bob = await site.as(cast.bob);
  const [, script] = /src="(\/static\/app[^"]+)"/.exec((await bob.get("/resources")).text)!;
  const gate = await holdUp(scene, (tx) => tx`lock table resources in access exclusive mode`);
  const waiting = Array.from({ length: MANY }, () => bob.get("/resources"));
  await gate.crowded(1);
  const page = await refusalOf(() => bob.get("/schedule"));
  await t.step("a page says so, and what to do", () => {
    assert.equal(page.headers.get("retry-after"), "2");
    assert.match(page.text, /<title>Too many at once.*try again in a moment/s);
  });
  await t.step("so does a call", async () => {
    const { status, headers, json } = await bob.call("GET", "/resources");
    assert.deepEqual([status, headers.get("content-type")], [503, "application/problem+json"]);
    assert.equal(json.title, "Too many at once");
  });
  await t.step("so is who sends a form", async () => {
    assert.equal((await bob.post("/reservations", { purpose: "In a crowd" })).status, 503);
  });
  await t.step(
    "a load balancer is answered all the same, and nobody is without the scripts of their page",
    async () => {
      assert.equal((await site.nobody.get("/live")).status, 200);
      assert.equal((await site.nobody.get(script)).status, 200);
    },
  );
  await gate.open();
  await t.step("who was let in is served", async () => {
    const statuses = (await Promise.all(waiting)).map(({ status }) => status);
    assert.deepEqual(new Set(statuses), new Set([200]));
  });
  await t.step("and then everybody is", async () => {
    assert.equal((await bob.get("/schedule")).status, 200);
  });
});

// When the queue has stood for too long is a matter of the machine's clock.
async function refusalOf(ask: () => Promise<{ status: number; headers: Headers; text: string }>) {
  const asked = [];
  for (let tries = 0; tries < 200; tries++) {
    const answer = ask();
    const first = await Promise.race([answer, new Promise<void>((resolve) => setTimeout(resolve, 50))]);
    if (first?.status === 503) return first;
    asked.push(answer);
  }
  throw new Error("nobody was turned away");
}
