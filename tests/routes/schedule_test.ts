import assert from "node:assert/strict";
import { cancel } from "../../domain/edits.ts";
import { request } from "../../domain/requests.ts";
import type { Answer } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { one, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

/** A scene with a hall that Bob has, privately, on Tuesday from ten to eleven. */
async function bobsHall() {
  const scene = await openScene();
  const hall = await makeResource(scene.sql, scene.cast.ada, { name: "Great Hall", capacity: 10 });
  const secret = { purpose: "Interview of Zoe", private: true };
  const wish = { resource_ids: [hall.id], ...on("2026-05-05", "10:00", "11:00"), ...secret };
  const his = await request(scene.sql, scene.cast.bob, wish, NOW);
  return { ...scene, hall, his };
}

const TUESDAY = "/schedule?date=2026-05-05";
const blocks = (page: Answer) => read(page).querySelectorAll("#timeline td.b").map(words);
const free = (page: Answer) => read(page).querySelectorAll("#timeline td.f").map(words);

Deno.test("Bob sees his own reservation as his, though Alice looked first", async () => {
  await using scene = await bobsHall();
  await (await scene.site.as(scene.cast.alice)).get(TUESDAY);
  const page = await (await scene.site.as(scene.cast.bob)).get(TUESDAY);
  assert.deepEqual(blocks(page), ["10:00–11:00 Interview of Zoe me Great Hall, Approved"]);
});

Deno.test("Alice does not see what is private, though Bob looked first", async () => {
  await using scene = await bobsHall();
  await (await scene.site.as(scene.cast.bob)).get(TUESDAY);
  const page = await (await scene.site.as(scene.cast.alice)).get(TUESDAY);
  assert.deepEqual(blocks(page), ["10:00–11:00 Private Great Hall, Approved"]);
});

Deno.test("Alice does not see what is private, though Sam, who may, looked first", async () => {
  await using scene = await bobsHall();
  await (await scene.site.as(scene.cast.sam)).get(TUESDAY);
  const page = await (await scene.site.as(scene.cast.alice)).get(TUESDAY);
  assert.doesNotMatch(page.text, /Bob|Interview|Zoe/);
});

Deno.test("Sam sees what is private, though Alice looked first", async () => {
  await using scene = await bobsHall();
  await (await scene.site.as(scene.cast.alice)).get(TUESDAY);
  const page = await (await scene.site.as(scene.cast.sam)).get(TUESDAY);
  assert.deepEqual(blocks(page), ["10:00–11:00 Interview of Zoe Bob Booker Great Hall, Approved"]);
});

Deno.test("Alice cannot open Bob's reservation from the schedule", async () => {
  await using scene = await bobsHall();
  const page = await (await scene.site.as(scene.cast.alice)).get(TUESDAY);
  assert.equal(read(page).querySelectorAll("#timeline td.b a").length, 0);
});

Deno.test("Bob opens his reservation from the schedule", async () => {
  await using scene = await bobsHall();
  const bob = await scene.site.as(scene.cast.bob);
  const link = one(read(await bob.get(TUESDAY)), "#timeline td.b a").getAttribute("href") ?? "";
  assert.equal((await bob.get(link)).status, 200);
});

Deno.test("What was cancelled a moment ago is free when the schedule is next looked at", async () => {
  await using scene = await bobsHall();
  const alice = await scene.site.as(scene.cast.alice);
  await alice.get(TUESDAY);
  await cancel(scene.sql, scene.cast.bob, { id: scene.his.id }, NOW);
  assert.deepEqual(blocks(await alice.get(TUESDAY)), []);
});

Deno.test("A free stretch opens the form filled in", async () => {
  await using scene = await bobsHall();
  const alice = await scene.site.as(scene.cast.alice);
  const link = read(await alice.get(TUESDAY)).querySelectorAll("#timeline td.f a")[1].getAttribute("href");
  assert.equal(link, `/reservations/new?resource=${scene.hall.id}&date=2026-05-05&start=11:00&end=12:00`);
});

Deno.test("What has passed of today is not offered as free", async () => {
  await using scene = await bobsHall();
  const page = await (await scene.site.as(scene.cast.alice)).get("/schedule");
  assert.deepEqual(free(page), ["09:00–20:00 free"]);
});

Deno.test("What has passed meanwhile is not offered as free any more", async () => {
  await using scene = await bobsHall();
  const alice = await scene.site.as(scene.cast.alice);
  await alice.get("/schedule");
  scene.site.now = NOW.add({ minutes: 14 });
  assert.deepEqual(free(await alice.get("/schedule")), ["09:15–20:00 free"]);
});

Deno.test("A day before and a day after are one click away, and keep the filters", async () => {
  await using scene = await bobsHall();
  const page = read(await (await scene.site.as(scene.cast.alice)).get(`${TUESDAY}&kind=room&q=hall`));
  const links = page.querySelectorAll('nav[aria-label="Day"] a').map((a) => a.getAttribute("href"));
  assert.deepEqual(links, [
    "/schedule?date=2026-05-04&kind=room&q=hall",
    "/schedule?date=2026-05-04&kind=room&q=hall",
    "/schedule?date=2026-05-06&kind=room&q=hall",
  ]);
});

Deno.test("A date that is none shows today", async () => {
  await using scene = await bobsHall();
  const page = await (await scene.site.as(scene.cast.alice)).get("/schedule?date=2026-02-30");
  assert.deepEqual([page.status, words(one(read(page), "h1"))], [200, "Monday 4 May 2026"]);
});

Deno.test("Only resources of the kind that was chosen are shown", async () => {
  await using scene = await bobsHall();
  await makeResource(scene.sql, scene.cast.ada, { name: "Van", kind: "vehicle" });
  const page = read(await (await scene.site.as(scene.cast.alice)).get(`${TUESDAY}&kind=vehicle`));
  assert.deepEqual(page.querySelectorAll("#timeline th a").map(words), ["Van"]);
});

Deno.test("Where nothing matches, the schedule says so and leads back to all", async () => {
  await using scene = await bobsHall();
  const page = read(await (await scene.site.as(scene.cast.alice)).get("/schedule?q=nothing"));
  assert.match(words(one(page, "main")), /No resource matches.*Show all of them/);
});

Deno.test("Where there is no resource yet, Ada is told to add one", async () => {
  await using scene = await openScene();
  const page = read(await (await scene.site.as(scene.cast.ada)).get("/schedule"));
  assert.equal(words(one(page, "main a.button")), "Add the first resource");
});

Deno.test("The fifty-first resource is on the second page", async () => {
  await using scene = await openScene();
  for (let n = 1; n <= 51; n++) {
    await makeResource(scene.sql, scene.cast.ada, {
      name: `Desk ${String(n).padStart(2, "0")}`,
      kind: "desk",
    });
  }
  const alice = await scene.site.as(scene.cast.alice);
  const first = read(await alice.get("/schedule"));
  const next = one(first, 'a[rel="next"]', /^(?!→)/).getAttribute("href") ?? "";
  const second = read(await alice.get(next));
  const names = (page: typeof first) => page.querySelectorAll("#timeline th a").map(words);
  assert.deepEqual([names(first).length, names(second)], [50, ["Desk 51"]]);
});
