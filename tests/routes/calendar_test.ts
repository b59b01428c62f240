import assert from "node:assert/strict";
import { close, NewClosure } from "../../domain/closures.ts";
import { request } from "../../domain/requests.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { one, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

/** A hall that Bob has on Tuesday in private, a closure on Wednesday, a van, and something of Bob's in June. */
async function town() {
  const scene = await openScene();
  const { sql, cast } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Great Hall" });
  const van = await makeResource(sql, cast.ada, { name: "Van", kind: "vehicle" });
  const ask = (id: string, period: ReturnType<typeof on>, purpose: string) =>
    request(sql, cast.bob, { ...period, resource_ids: [id], purpose, private: true }, NOW);
  await ask(hall.id, on("2026-05-05", "07:00", "20:00"), "Interview of Zoe");
  await ask(van.id, on("2026-05-05", "09:00", "10:00"), "Fetch chairs");
  await ask(van.id, on("2026-06-20", "09:00", "10:00"), "Return chairs");
  const shut = { reason: "Painters", resource_ids: [hall.id], reservations: "leave" };
  const dates = { start_wall: "2026-05-06T00:00", end_wall: "2026-05-06T24:00" };
  await close(sql, cast.ada, NewClosure.parse({ ...shut, ...dates }), NOW);
  return { ...scene, hall, bob: await scene.site.as(cast.bob), alice: await scene.site.as(cast.alice) };
}

Deno.test("the month of a resource", async (t) => {
  await using scene = await town();
  const { alice, bob, hall } = scene;
  const month = (query = "") => `/resources/${hall.id}/month${query}`;
  const cell = (page: ReturnType<typeof read>, date: string) =>
    one(page, `td:has(a[href^="/schedule?date=${date}"])`);

  await t.step("is this one, with whole weeks from Monday, where none is named", async () => {
    const page = read(await alice.get(month()));
    assert.equal(words(one(page, "h1")), "Great Hall, May 2026");
    assert.deepEqual(page.querySelectorAll(".month thead th").map(words), [
      ...["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    ]);
    assert.equal(page.querySelectorAll(".month td a").length, 31);
    assert.equal(page.querySelectorAll(".month tbody tr").length, 5);
  });

  await t.step("says in words how much of a day is taken, and what is closed", async () => {
    const page = read(await alice.get(month("?month=2026-05")));
    assert.match(words(cell(page, "2026-05-05")), /1 reservation 100% taken$/);
    assert.match(words(cell(page, "2026-05-06")), /closed$/);
    assert.match(words(cell(page, "2026-05-07")), /free$/);
    assert.match(words(cell(read(await bob.get(month())), "2026-05-05")), /1 reservation, 1 mine/);
  });

  await t.step("marks today in words as well", async () => {
    const page = read(await alice.get(month()));
    assert.match(words(one(page, '.month [aria-current="date"]')), /Monday 4 May 2026, today/);
  });

  await t.step("leads to the month before and after, to the day and to the week", async () => {
    const page = read(await alice.get(month("?month=2026-12")));
    const links = page.querySelectorAll("nav.tabs a").map((a) => a.getAttribute("href"));
    assert.deepEqual(links, [
      "/schedule?date=2026-12-01&q=Great%20Hall",
      `/resources/${hall.id}?week=2026-12-01`,
      month("?month=2026-12"),
      month("?month=2026-11"),
      month(),
      month("?month=2027-01"),
    ]);
  });

  await t.step("that is none shows this one", async () => {
    for (const typed of ["2026-13", "May", "0000-01", "'"]) {
      const { status, text } = await alice.get(month(`?month=${typed}`));
      assert.deepEqual([status, /May 2026/.test(text)], [200, true], typed);
    }
  });

  await t.step("has as many days where a clock is changed", async () => {
    for (const typed of ["2026-03", "2026-10"]) {
      const page = read(await alice.get(month(`?month=${typed}`)));
      assert.equal(page.querySelectorAll(".month td a").length, 31, typed);
    }
  });
});

Deno.test("the week of several resources", async (t) => {
  await using scene = await town();
  const { alice } = scene;

  await t.step("has a row for each, and a column for each day from Monday", async () => {
    const page = read(await alice.get("/schedule/week?date=2026-05-07"));
    assert.equal(words(one(page, "h1")), "Week of Monday 4 May 2026");
    assert.deepEqual(page.querySelectorAll(".week th[scope=row]").map(words), ["Great Hall", "Van"]);
    const cells = page.querySelectorAll(".week tbody tr").map((row) => row.querySelectorAll("td").map(words));
    assert.deepEqual(cells, [
      ["free", "1 reservation 100% taken", "closed", "free", "free", "free", "free"],
      ["free", "1 reservation 8% taken", "free", "free", "free", "free", "free"],
    ]);
  });

  await t.step("marks today in words as well", async () => {
    const page = read(await alice.get("/schedule/week"));
    assert.equal(words(one(page, '.week [aria-current="date"]')), "Mon 4 today");
  });

  await t.step("keeps its filters on the way to other weeks, and to the day", async () => {
    const page = read(await alice.get("/schedule/week?date=2026-05-07&kind=vehicle&q=v"));
    assert.deepEqual(page.querySelectorAll(".week th[scope=row]").map(words), ["Van"]);
    assert.deepEqual(page.querySelectorAll("nav.tabs a").map((a) => a.getAttribute("href")), [
      "/schedule?date=2026-05-04&kind=vehicle&q=v",
      "/schedule/week?date=2026-05-04&kind=vehicle&q=v",
      "/schedule/week?date=2026-04-27&kind=vehicle&q=v",
      "/schedule/week?date=2026-05-04&kind=vehicle&q=v",
      "/schedule/week?date=2026-05-11&kind=vehicle&q=v",
    ]);
  });

  await t.step("says where nothing matches, and leads back to all", async () => {
    const page = read(await alice.get("/schedule/week?q=nothing"));
    assert.match(words(one(page, "main")), /No resource matches.*Show all of them/);
  });
});

Deno.test("the agenda", async (t) => {
  await using scene = await town();
  const { alice, bob } = scene;

  await t.step("has mine of the next thirty days, day by day", async () => {
    const page = read(await bob.get("/agenda"));
    assert.deepEqual(page.querySelectorAll(".agenda h2").map(words), ["Tue 5 May"]);
    assert.deepEqual(page.querySelectorAll(".agenda li").map(words), [
      "07:00–20:00 Great Hall Interview of Zoe Approved",
      "09:00–10:00 Van Fetch chairs Approved",
    ]);
  });

  await t.step("shows more at each step", async () => {
    const more = one(read(await bob.get("/agenda")), "main a", "Show more").getAttribute("href") ?? "";
    const page = read(await bob.get(more));
    assert.deepEqual(page.querySelectorAll(".agenda h2").map(words), ["Tue 5 May", "Sat 20 Jun"]);
    assert.doesNotMatch((await bob.get("/agenda?days=360")).text, /Show more/);
  });

  await t.step("has what runs already under today", async () => {
    scene.site.now = on("2026-05-05", "08:00", "09:00").start_time;
    const page = read(await bob.get("/agenda"));
    assert.equal(words(one(page, '.agenda [aria-current="date"]')), "Tue 5 May today");
    scene.site.now = NOW;
  });

  await t.step("is Alice's own, and says what to do where it is empty", async () => {
    assert.match(
      words(one(read(await alice.get("/agenda")), "main")),
      /Nothing in the next 30 days.*Find a slot/,
    );
  });
});
