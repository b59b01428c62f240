import assert from "node:assert/strict";
import { request } from "../../domain/requests.ts";
import type { Answer } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { one, press, read, valuesOf, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

/** Two rooms, two desks and a van. Bob has the blue room and one desk on Tuesday from ten to eleven. */
async function fleet() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const make = (resource: Parameters<typeof makeResource>[2]) => makeResource(sql, cast.ada, resource);
  const blue = await make({ name: "Blue room", capacity: 6, location: "North wing", tags: ["screen"] });
  const red = await make({ name: "red room", capacity: 12, tags: ["kitchen", "screen"] });
  const desks = await make({ name: "Desks", kind: "desk", units: 2 });
  await make({ name: "Van", kind: "vehicle", capacity: 9, requires_approval: true });
  const gone = await make({ name: "Attic" });
  await sql`update resources set deactivated_at = ${NOW} where id = ${gone.id}`;
  for (const { id } of [blue, desks]) {
    await request(sql, cast.bob, { resource_ids: [id], ...on("2026-05-05", "10:00", "11:00") }, NOW);
  }
  const [alice, ada] = await Promise.all([cast.alice, cast.ada].map(site.as));
  return { ...scene, blue, red, desks, gone, alice, ada };
}

const names = (answer: Answer) => read(answer).querySelectorAll("table.list td.when").map(words);
const free = (start: string, end: string) => ({ free_date: "2026-05-05", free_start: start, free_end: end });

Deno.test("Alice finds what she asks for", async (t) => {
  await using scene = await fleet();
  const FOUND: [search: Record<string, string>, names: string[]][] = [
    [{}, ["Blue room", "Desks", "red room", "Van"]],
    [{ q: "NORTH" }, ["Blue room"]],
    [{ q: "kitchen" }, ["red room"]],
    [{ q: "attic" }, []],
    [{ q: "%" }, []],
    [{ kind: "desk" }, ["Desks"]],
    [{ tag: "screen" }, ["Blue room", "red room"]],
    [{ min_capacity: "9" }, ["red room", "Van"]],
    [{ min_capacity: "9", kind: "room" }, ["red room"]],
    [free("10:00", "11:00"), ["Desks", "red room", "Van"]],
    [free("09:00", "10:00"), ["Blue room", "Desks", "red room", "Van"]],
    [free("11:00", "12:00"), ["Blue room", "Desks", "red room", "Van"]],
    [free("10:59", "11:01"), ["Desks", "red room", "Van"]],
    [{ ...free("10:00", "11:00"), kind: "room", tag: "screen" }, ["red room"]],
  ];
  for (const [search, expected] of FOUND) {
    await t.step(JSON.stringify(search), async () => {
      const page = await scene.alice.get(`/resources?${new URLSearchParams(search)}`);
      assert.deepEqual([page.status, names(page)], [200, expected]);
    });
  }
});

Deno.test("Alice searches with the form, and finds in it what she chose", async () => {
  await using scene = await fleet();
  const typed = { q: "room", kind: "room", tag: "screen", min_capacity: "7", ...free("10:00", "11:00") };
  const page = await press(scene.alice, await scene.alice.get("/resources"), "Search", typed);
  assert.deepEqual([names(page), valuesOf(one(read(page), "form[role=search]"))], [["red room"], typed]);
});

Deno.test("Alice, who lives elsewhere, asks for what is free by her own clock", async () => {
  await using scene = await fleet();
  await scene.alice.post("/account", { name: "Alice Asker", time_zone: "Europe/London" });
  const query = new URLSearchParams({ ...free("09:00", "10:00"), kind: "room" });
  assert.deepEqual(names(await scene.alice.get(`/resources?${query}`)), ["red room"]);
});

Deno.test("Alice takes the time that she asked for along into the form", async () => {
  await using scene = await fleet();
  const page = await scene.alice.get(`/resources?${new URLSearchParams(free("10:00", "11:00"))}`);
  const link = one(read(page), 'a[aria-label="Reserve red room"]').getAttribute("href") ?? "";
  const { date, start, end } = valuesOf(one(read(await scene.alice.get(link)), "form#reserve"));
  assert.deepEqual([date, start, end], ["2026-05-05", "10:00", "11:00"]);
});

const UNCLEAR: [what: string, typed: Record<string, string>, told: RegExp][] = [
  ["without an end", { free_date: "2026-05-05", free_start: "10:00" }, /^Give a time, such as 14:30$/],
  ["without a date", { free_start: "10:00", free_end: "11:00" }, /^Give a date, such as 2026-05-31/],
  ["whose end comes first", free("11:00", "10:00"), /^The end must be after the start/],
  ["that is none", free("25:00", "26:00"), /^Give a time, such as 14:30/],
];

Deno.test("Alice is told what is unclear about a time", async (t) => {
  await using scene = await fleet();
  for (const [what, typed, told] of UNCLEAR) {
    const page = await scene.alice.get(`/resources?${new URLSearchParams(typed)}`);
    await t.step(what, () => {
      assert.equal(page.status, 422);
      assert.match(words(one(read(page), "form [role=alert]")), told);
    });
  }
});

Deno.test("Alice, for whom nothing matches, finds the way back to everything", async () => {
  await using scene = await fleet();
  const page = read(await scene.alice.get("/resources?q=castle"));
  assert.deepEqual([words(one(page, ".empty .lead")), words(one(page, '.empty a[href="/resources"]'))], [
    "No resource matches",
    "Show all of them",
  ]);
});

Deno.test("Alice sees what is in use at this moment, and until when", async () => {
  await using scene = await fleet();
  scene.site.now = on("2026-05-05", "10:20", "11:00").start_time;
  const page = read(await (await scene.site.as(scene.cast.alice)).get("/resources"));
  const states = page.querySelectorAll("td .status").map(words);
  assert.deepEqual(states, ["In use until 11:00", "Available", "Available", "Available"]);
});

Deno.test("Alice pages through a long list without a gap and without a double", async () => {
  await using scene = await fleet();
  for (let i = 10; i < 58; i++) await makeResource(scene.sql, scene.cast.ada, { name: `Cabin ${i}` });
  const first = await scene.alice.get("/resources");
  const second = await scene.alice.get(one(read(first), "a[rel=next]").getAttribute("href") ?? "");
  const all = [...names(first), ...names(second)];
  assert.deepEqual([names(first).length, all.length, new Set(all).size], [50, 52, 52]);
});

Deno.test("Alice finds in the search only kinds and tags of what can be reserved", async () => {
  await using scene = await fleet();
  await scene.sql`update resources set kind = 'loft', tags = '{dusty}' where id = ${scene.gone.id}`;
  const page = read(await scene.alice.get("/resources"));
  const choices = page.querySelectorAll("form[role=search] option").map((option) =>
    option.getAttribute("value")
  );
  assert.deepEqual(choices, ["", "desk", "room", "vehicle", "", "kitchen", "screen"]);
});

const blocks = (answer: Answer) => read(answer).querySelectorAll("#timeline td.b").map(words);
const days = (answer: Answer) => read(answer).querySelectorAll("#timeline tbody th").map(words);

Deno.test("Alice sees a resource's week from Monday to Sunday", async () => {
  await using scene = await fleet();
  const page = await scene.alice.get(`/resources/${scene.blue.id}`);
  assert.deepEqual(days(page), ["Mon 4", "Tue 5", "Wed 6", "Thu 7", "Fri 8", "Sat 9", "Sun 10"]);
});

Deno.test("Alice sees on a resource's week who has it when", async () => {
  await using scene = await fleet();
  const page = await scene.alice.get(`/resources/${scene.blue.id}`);
  assert.equal(blocks(page).length, 1);
  assert.match(blocks(page)[0], /^10:00–11:00 Reserved Bob Booker/);
});

Deno.test("Alice does not see on a resource's week whose a private reservation is", async () => {
  await using scene = await fleet();
  const wish = { resource_ids: [scene.red.id], ...on("2026-05-06", "10:00", "11:00"), purpose: "Interview" };
  await request(scene.sql, scene.cast.bob, { ...wish, private: true }, NOW);
  const page = await scene.alice.get(`/resources/${scene.red.id}`);
  assert.equal(blocks(page).length, 1);
  assert.doesNotMatch(page.text, /Bob|Interview/);
});

Deno.test("Alice turns the weeks of a resource", async () => {
  await using scene = await fleet();
  const page = await scene.alice.get(`/resources/${scene.blue.id}`);
  const next = await scene.alice.get(one(read(page), "a[rel=next]").getAttribute("href") ?? "");
  const back = await scene.alice.get(one(read(next), "a[rel=prev]").getAttribute("href") ?? "");
  assert.deepEqual([days(next)[0], blocks(next).length, days(back)[0], blocks(back).length], [
    "Mon 11",
    0,
    "Mon 4",
    1,
  ]);
});

Deno.test("A week that is none is the present one", async (t) => {
  await using scene = await fleet();
  for (const week of ["soon", "2026-02-30", "", "%00"]) {
    await t.step(JSON.stringify(week), async () => {
      assert.equal(days(await scene.alice.get(`/resources/${scene.blue.id}?week=${week}`))[0], "Mon 4");
    });
  }
});

Deno.test("The week in which the clocks go forward has seven days", async () => {
  await using scene = await fleet();
  const page = await scene.alice.get(`/resources/${scene.blue.id}?week=2027-03-28`);
  assert.deepEqual([days(page)[0], days(page).length], ["Mon 22", 7]);
});

Deno.test("Alice reads what is known of a resource", async () => {
  await using scene = await fleet();
  const page = read(await scene.alice.get(`/resources/${scene.blue.id}`));
  assert.deepEqual(page.querySelectorAll(".tags li").map(words), ["room", "North wing", "for 6", "screen"]);
});

Deno.test("Alice finds what is out of service marked so, and no button to reserve it", async () => {
  await using scene = await fleet();
  const page = read(await scene.alice.get(`/resources/${scene.gone.id}`));
  assert.match(words(one(page, "main .alert")), /out of service/);
  assert.equal(page.querySelectorAll("a.button[href^='/reservations/new']").length, 0);
});

Deno.test("Only Ada finds the buttons that manage", async () => {
  await using scene = await fleet();
  const buttons = async (path: string) =>
    await Promise.all(
      [scene.alice, scene.ada].map(async (who) =>
        read(await who.get(path)).querySelectorAll("main a[href^='/admin/']").length
      ),
    );
  // Of a resource she edits it, closes it, opens its page at the door, and reads who did what to it.
  const found = [await buttons("/resources"), await buttons(`/resources/${scene.blue.id}`)];
  assert.deepEqual(found, [[0, 1], [0, 4]]);
});

Deno.test("A resource that is not there is answered with a page that says so", async (t) => {
  await using scene = await fleet();
  for (const id of ["018f0000-0000-7000-8000-000000000000", "blue-room", "%00"]) {
    await t.step(id, async () => {
      const page = await scene.alice.get(`/resources/${id}`);
      assert.deepEqual([page.status, words(one(read(page), "h1"))], [404, "Not found"]);
    });
  }
});

Deno.test("A capacity that is no number is left out of the search, and stays to be corrected", async () => {
  await using scene = await fleet();
  const page = await scene.alice.get("/resources?min_capacity=many");
  const { min_capacity } = valuesOf(one(read(page), "form[role=search]"));
  assert.deepEqual([names(page).length, min_capacity], [4, "many"]);
});
