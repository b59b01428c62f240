import assert from "node:assert/strict";
import { request } from "../../domain/requests.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { assertSound } from "../support/invariants.ts";
import { one, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

/** A hall of which Alice has the second Tuesday, and Bob's form for four of them. */
async function site(resource: { requires_approval?: boolean } = {}) {
  const scene = await openScene();
  const { sql, cast } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Hall", ...resource });
  const [bob, mallory, sam] = await Promise.all([cast.bob, cast.mallory, cast.sam].map(scene.site.as));
  const typed = {
    ...{ resource: hall.id, date: "2026-05-05", start: "10:00", end_date: "2026-05-05", end: "11:00" },
    ...{ repeats: "weekly", interval: "1", count: "4", purpose: "Choir" },
  };
  const takeSecond = () =>
    request(sql, cast.alice, { resource_ids: [hall.id], ...on("2026-05-12", "10:30", "11:30") }, NOW);
  const made = async () => (await bob.post("/series", typed)).headers.get("location")!;
  return { ...scene, hall, bob, mallory, sam, typed, takeSecond, made };
}

Deno.test("the form that says how it repeats leads to every date, with what is in its way, and stores nothing", async () => {
  await using scene = await site();
  await scene.takeSecond();
  const sent = await scene.bob.post("/reservations", scene.typed);
  assert.equal(sent.status, 303);
  const page = read(await scene.bob.get(sent.headers.get("location")!));
  assert.match(words(one(page, "h1")), /4 dates of Hall/);
  assert.match(words(one(page, "main")), /Every Tuesday, 4 times/);
  assert.deepEqual(
    page.querySelectorAll("ol.rows li").map((row) => /Free|Not to be had/.exec(words(row))?.[0]),
    [
      ...["Free", "Not to be had", "Free", "Free"],
    ],
  );
  assert.match(words(page.querySelectorAll("ol.rows li")[1]), /Hall is already taken by Alice Asker/);
  assert.equal((await scene.sql`select id from series`).length, 0);
});

Deno.test("several resources are ticked in the form: each date has all of them, or says which is in the way", async () => {
  await using scene = await site();
  const { sql, cast, bob, typed } = scene;
  const beamer = await makeResource(sql, cast.ada, { name: "Beamer" });
  const form = read(await bob.get(`/reservations/new?${new URLSearchParams({ resource: typed.resource })}`));
  assert.equal(words(one(form, "fieldset.others label")), "Beamer");
  await request(sql, cast.alice, { resource_ids: [beamer.id], ...on("2026-05-19", "10:00", "11:00") }, NOW);
  await scene.takeSecond();
  const both = { ...typed, [`also_${beamer.id}`]: "on" };
  const sent = await bob.post("/reservations", both);
  const page = read(await bob.get(sent.headers.get("location")!));
  assert.match(words(one(page, "h1")), /4 dates of Hall, Beamer/);
  const rows = page.querySelectorAll("ol.rows li").map(words);
  assert.match(rows[1], /Hall is already taken by Alice Asker/);
  assert.match(rows[2], /Beamer is already taken by Alice Asker/);
  const stored = await bob.post("/series", { ...both, mode: "skip" });
  const series = read(await bob.get(stored.headers.get("location")!));
  assert.match(words(one(series, "main")), /Hall, Beamer|Beamer, Hall/);
  assert.equal(series.querySelectorAll("ol.rows li").length, 2);
  await assertSound(sql);
});

Deno.test("the queue shows the dates of a series as one row: all are answered together, or each by itself", async () => {
  await using scene = await site({ requires_approval: true });
  const { sam, sql, made } = scene;
  await made();
  const page = read(await sam.get("/approvals"));
  const group = one(page, "#queue > .request");
  assert.equal(page.querySelectorAll("#queue > .request").length, 1);
  assert.match(words(group), /Hall ?4 dates of a series Bob Booker: Choir/);
  assert.equal(group.querySelectorAll(".dates > .request").length, 4);
  const [date] = await sql<{ id: string; version: number }[]>`
    select id, version from reservations order by start_time limit 1`;
  const alone = { reason: "A holiday", version: `${date.version}` };
  assert.equal((await sam.post(`/reservations/${date.id}/deny`, alone)).status, 303);
  const left = one(read(await sam.get("/approvals")), "#queue > .request");
  const tick = left.querySelectorAll(".answers input[name=tick]").map((input) => input.getAttribute("value"));
  const ticks = [...new Set(tick)].map((value) => ["tick", value!]);
  const body = new URLSearchParams([...ticks, ["verb", "approve"]]);
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const answer = await sam.send("/approvals/several", { method: "POST", body: `${body}`, headers });
  assert.equal(answer.status, 303, answer.text);
  const rows = await sql<{ status: string }[]>`select status from reservations order by start_time`;
  assert.deepEqual(rows.map(({ status }) => status), ["denied", "approved", "approved", "approved"]);
  await assertSound(sql);
});

Deno.test("what is confirmed is stored, and its page has the dates, those left out, and a way to add them", async () => {
  await using scene = await site();
  const { id } = await scene.takeSecond();
  const { status, headers } = await scene.bob.post("/series", { ...scene.typed, mode: "skip" });
  const path = headers.get("location")!;
  assert.equal(status, 303);
  const page = read(await scene.bob.get(path));
  assert.equal(page.querySelectorAll("ol.rows li").length, 3);
  assert.match(
    words(one(page, "ul.rows")),
    /Tuesday 12 May 2026, 10:00 Hall is already taken by Alice Asker/,
  );
  const add = { start_wall: "2026-05-12T10:00" };
  const refused = read(await scene.bob.post(`${path}/add`, add));
  assert.match(words(one(refused, "[role=alert]")), /already taken/);
  await (await scene.site.as(scene.cast.alice)).post(`/reservations/${id}/cancel`);
  assert.equal((await scene.bob.post(`${path}/add`, add)).status, 303);
  assert.equal(read(await scene.bob.get(path)).querySelectorAll("ol.rows li").length, 4);
  await assertSound(scene.sql);
});

Deno.test("all or nothing that cannot be had comes back with why, and what was typed", async () => {
  await using scene = await site();
  await scene.takeSecond();
  const answer = await scene.bob.post("/series", { ...scene.typed, mode: "all_or_nothing" });
  const page = read(answer);
  assert.equal(answer.status, 409);
  assert.match(words(one(page, "[role=alert]")), /1 of 4 dates cannot be had/);
  assert.equal(one(page, "input[name=purpose]").getAttribute("value"), "Choir");
});

const WRONG: [string, Record<string, string>, string][] = [
  ["no end", { count: "" }, "until"],
  ["an end before the start", { count: "", until: "2026-05-04" }, "until"],
  ["too many times", { count: "501" }, "count"],
  ["no number of weeks", { interval: "0" }, "interval"],
  ["an unknown rhythm", { repeats: "hourly" }, "repeats"],
  ["a start that has passed", { date: "2026-05-01", end_date: "2026-05-01" }, "start"],
];
Deno.test("what is wrong is said beside its field, on the form as it was filled in", async (t) => {
  await using scene = await site();
  for (const [what, wrong, field] of WRONG) {
    await t.step(what, async () => {
      const query = new URLSearchParams({ ...scene.typed, ...wrong });
      const answer = await scene.bob.get(`/series/new?${query}`);
      assert.equal(answer.status, 422);
      const page = read(answer);
      assert(words(one(page, `#f-${field}-error`)));
      assert.equal(words(one(page, "textarea[name=purpose]")), "Choir");
    });
  }
});

Deno.test("a reservation names its series and its place in it, and leads there", async () => {
  await using scene = await site();
  const path = await scene.made();
  const page = read(await scene.bob.get("/reservations/R-3"));
  assert.match(words(one(page, "dl.facts")), /every Tuesday, 4 times\s*: 3 of 4/);
  assert.match(one(page, `dl.facts a[href^="${path}"]`).getAttribute("href")!, /\?date=/);
});

Deno.test("this and the following are cancelled, and the others stay", async () => {
  await using scene = await site();
  const path = await scene.made();
  const [{ id }] = await scene.sql`select id from reservations where reference = 'R-3'`;
  const answer = await scene.bob.post(`${path}/cancel`, { scope: "following", reservation_id: id });
  assert.equal(answer.status, 303);
  const page = read(await scene.bob.get(path));
  assert.deepEqual(page.querySelectorAll("ol.rows .status").map(words), [
    "Approved",
    "Approved",
    "Cancelled",
    "Cancelled",
  ]);
});

Deno.test("all dates go to another time, or none does and it is said why", async () => {
  await using scene = await site();
  const path = await scene.made();
  await request(scene.sql, scene.cast.alice, {
    ...{ resource_ids: [scene.hall.id], ...on("2026-05-19", "15:00", "16:00") },
  }, NOW);
  const change = { scope: "all", start: "15:00", end: "16:00", purpose: "Choir" };
  const refused = await scene.bob.post(`${path}/change`, change);
  assert.equal(refused.status, 409);
  assert.match(words(one(read(refused), "[role=alert]")), /2026-05-19: Hall is already taken by Alice Asker/);
  const done = await scene.bob.post(`${path}/change`, {
    ...change,
    start: "13:00",
    end: "14:00",
    purpose: "Band",
  });
  assert.equal(done.status, 303);
  const page = read(await scene.bob.get(done.headers.get("location")!));
  assert.match(words(one(page, "h1")), /Band/);
  assert(page.querySelectorAll("ol.rows li").every((row) => /13:00–14:00/.test(words(row))));
});

Deno.test("Sam approves every date of Bob's series at once, from its page", async () => {
  await using scene = await site({ requires_approval: true });
  const path = await scene.made();
  const page = read(await scene.sam.get(path));
  assert.match(words(one(page, "form[action='/approvals/several']")), /Approve 4 dates/);
  const ticks = page.querySelectorAll("input[name=tick]").map((input) => input.getAttribute("value")!);
  assert.equal(ticks.length, 4);
  assert.equal(read(await scene.bob.get(path)).querySelectorAll("input[name=tick]").length, 0);
});

Deno.test("Bob's series is not found by Mallory, whatever she sends", async () => {
  await using scene = await site();
  const path = await scene.made();
  assert.equal((await scene.mallory.get(path)).status, 404);
  for (const verb of ["cancel", "change"]) {
    const sent = { scope: "all", start: "12:00", end: "13:00", purpose: "Mine" };
    assert.equal((await scene.mallory.post(`${path}/${verb}`, sent)).status, 404);
  }
});
