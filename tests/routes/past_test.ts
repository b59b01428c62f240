import assert from "node:assert/strict";
import { cancel, describe } from "../../domain/edits.ts";
import { request } from "../../domain/requests.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { one, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

/** Bob has asked for the hall, said more of it five minutes later, and given it up after ten. */
async function bobs() {
  const scene = await openScene();
  const { sql, cast } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Hall" });
  const wish = { ...on("2026-05-05", "10:00", "11:00"), resource_ids: [hall.id], purpose: "Choir" };
  const { id } = await request(sql, cast.bob, wish, NOW);
  await describe(sql, cast.bob, id, { purpose: "Choir with guests" }, NOW.add({ minutes: 5 }));
  await cancel(sql, cast.bob, { id }, NOW.add({ minutes: 10 }));
  scene.site.now = NOW.add({ minutes: 20 });
  return { ...scene, id, bob: await scene.site.as(cast.bob) };
}

Deno.test("Each entry of the history leads to the reservation as it was then, clearly the past", async () => {
  await using scene = await bobs();
  const present = read(await scene.bob.get("/reservations/R-1"));
  const links = present.querySelectorAll(".history a").map((a) => a.getAttribute("href")!);
  assert.equal(links.length, 3);
  const shown = [];
  for (const link of links) {
    const answer = await scene.bob.get(link);
    const page = read(answer);
    assert.equal(answer.status, 200, link);
    assert.equal(one(page, "[role=note] a", "See it as it is now").getAttribute("href"), "/reservations/R-1");
    assert.equal(page.querySelectorAll("main form, main button").length, 0, "the past can be changed");
    shown.push([
      words(one(page, "h1")),
      words(one(page, ".status")),
      words(one(page, "[role=note]")).slice(0, 58),
    ]);
  }
  assert.deepEqual(shown, [
    ["Choir", "Approved", "This is the past: R-1 as it was on Mon 4 May at 09:00. See"],
    ["Choir with guests", "Approved", "This is the past: R-1 as it was on Mon 4 May at 09:05. See"],
    ["Choir with guests", "Cancelled", "This is the past: R-1 as it was on Mon 4 May at 09:10. See"],
  ]);
});

const MOMENTS: [at: string, status: number, said: RegExp][] = [
  ["2026-05-04T09:06:00%2B02:00", 200, /Choir with guests/],
  ["2026-05-04T09:06:00+02:00", 200, /Choir with guests/],
  ["2026-05-04T06:59:59Z", 404, /was not found/],
  ["2026-05-04T07:20:01Z", 422, /That moment lies ahead/],
  ["yesterday", 422, /Give a moment with its offset/],
  ["", 422, /Give a moment with its offset/],
  ["9999999-01-01T00:00:00Z", 422, /Give a moment/],
];
for (const [at, status, said] of MOMENTS) {
  Deno.test(`the reservation at “${at}” answers ${status}`, async () => {
    await using scene = await bobs();
    const answer = await scene.bob.get(`/reservations/R-1?at=${at}`);
    assert.equal(answer.status, status);
    assert.match(words(one(read(answer), "main")), said);
  });
}

Deno.test("Alice finds no past of what is not hers", async () => {
  await using scene = await bobs();
  const alice = await scene.site.as(scene.cast.alice);
  const answer = await alice.get("/reservations/R-1?at=2026-05-04T07:06:00Z");
  assert.equal(answer.status, 404);
  assert.doesNotMatch(answer.text, /Choir|Bob/);
});
