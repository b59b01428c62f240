import assert from "node:assert/strict";
import { makeResource } from "../support/cast.ts";
import { assertSound } from "../support/invariants.ts";
import { complaint, field, follow, one, press, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";
import { counts, send } from "../support/transfers.ts";

const TEN = { start_time: "2026-05-05T08:00:00Z", end_time: "2026-05-05T09:00:00Z" };
const FORM = { date: "2026-05-05", start: "10:00", end_date: "2026-05-05", end: "11:00" };

/** A great hall of halls A and B. */
async function greatHall() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const a = await makeResource(sql, cast.ada, { name: "Hall A" });
  const b = await makeResource(sql, cast.ada, { name: "Hall B" });
  const great = await makeResource(sql, cast.ada, { name: "Great Hall", part_ids: [a.id, b.id] });
  const [alice, bob, ada] = await Promise.all([cast.alice, cast.bob, cast.ada].map(site.as));
  return { ...scene, a, b, great, alice, bob, ada };
}

Deno.test("a program composes a hall, reads what it is composed of, and is told of the part that is taken", async () => {
  await using scene = await greatHall();
  const { alice, bob, ada, a, b, great } = scene;
  const path = `/resources/${great.id}`;
  assert.deepEqual((await bob.call("GET", path)).json.part_ids, [a.id, b.id].sort());
  const taken = await alice.call("POST", "/reservations", { ...TEN, resource_id: a.id });
  const refused = await bob.call("POST", "/reservations", { ...TEN, resource_id: great.id });
  assert.equal(refused.status, 409);
  assert.equal(refused.json.detail, "Part of Great Hall is already taken by Alice Asker: Hall A");
  assert.deepEqual<unknown>(refused.json.conflicts, [
    { reservation_id: taken.json.id, resource_id: great.id, part_id: a.id, ...TEN },
  ]);
  const changed = await ada.call("PATCH", path, { part_ids: [b.id] });
  assert.deepEqual(changed.json.part_ids, [b.id]);
  assert.equal((await bob.call("POST", "/reservations", { ...TEN, resource_id: great.id })).status, 201);
  const back = await ada.call("PATCH", path, { part_ids: [a.id, b.id] });
  assert.equal(back.status, 409);
  assert.match(String(back.json.detail), /Hall A is taken while Great Hall is reserved, by R-/);
  const circle = await ada.call("PATCH", `/resources/${b.id}`, { part_ids: [great.id] });
  assert.equal(circle.status, 422);
  const both = await bob.call("POST", "/reservations", { ...TEN, resource_ids: [b.id, great.id] });
  assert.equal(both.status, 422);
  const { json: history } = await ada.call("GET", "/audit-logs?action=change");
  const [entry] = history.data as unknown as { after_state: { parts: string[] } }[];
  assert.deepEqual(entry.after_state.parts, ["Hall B"]);
  await assertSound(scene.sql);
});

Deno.test("an administrator composes a hall in the form, by names, and what is wrong is said beside them", async () => {
  await using scene = await greatHall();
  const { ada, bob, great } = scene;
  await makeResource(scene.sql, scene.cast.ada, { name: "Foyer, the large one" });
  const form = await ada.get(`/admin/resources/${great.id}/edit`);
  assert.equal(field(read(form), "Composed of").getAttribute("value"), "Hall A,Hall B");
  const wrong = await press(ada, form, "Save", { parts: "Hall A, Hall X" });
  assert.equal(wrong.status, 422);
  assert.equal(complaint(read(wrong), "Composed of"), "There is no resource called “Hall X”");
  const circle = await press(ada, form, "Save", { parts: "Great Hall" });
  assert.equal(complaint(read(circle), "Composed of"), "Great Hall cannot be a part of itself");
  const page = read(
    await follow(ada, await press(ada, form, "Save", { parts: 'hall a, "Foyer, the large one"' })),
  );
  assert.match(words(one(page, "main")), /Composed of: Foyer, the large one, Hall A/);
  const part = read(await bob.get(`/resources/${scene.a.id}`));
  assert.match(words(one(part, "main")), /Part of: Great Hall/);
});

Deno.test("a person reads in the form, on the schedule and at the hall's page which part is taken", async () => {
  await using scene = await greatHall();
  const { alice, bob, a, great } = scene;
  await alice.call("POST", "/reservations", { ...TEN, resource_id: a.id, purpose: "Choir" });
  const form = await bob.get(`/reservations/new?${new URLSearchParams({ resource: great.id, ...FORM })}`);
  assert.match(words(one(read(form), "#verdict")), /^Part of Great Hall is taken by Alice Asker \(Hall A\),/);
  const schedule = read(await bob.get("/schedule?date=2026-05-05"));
  const row = schedule.querySelectorAll("tbody").find((body) => /Great Hall/.test(words(one(body, "th"))));
  assert.match(words(row ?? null), /Hall A: Choir Alice Asker/);
  assert.match(
    words(one(read(await bob.get(`/resources/${great.id}?week=2026-05-05`)), "main")),
    /Hall A: Choir/,
  );
  await bob.call("POST", "/reservations", {
    ...{ start_time: "2026-05-05T12:00:00Z", end_time: "2026-05-05T13:00:00Z" },
    ...{ resource_id: great.id, purpose: "Fair" },
  });
  assert.match(
    words(one(read(await bob.get(`/resources/${a.id}?week=2026-05-05`)), "main")),
    /Great Hall: Fair/,
  );
});

Deno.test("what is composed of what goes out in a file and comes in again, also where parts come further down", async () => {
  await using scene = await greatHall();
  const { ada, bob } = scene;
  const file = (await ada.get("/api/v1/resources/export.csv")).text;
  assert.match(file, /,"Hall A,Hall B",/);
  const again = counts(await send(ada, "/resources/import", file));
  assert.deepEqual([again.errors, again.unchanged], [[], 3]);
  const fresh = 'name,kind,parts\nWing,room,"Den, Nook, Hall A"\nDen,room,\nNook,room,\n';
  assert.equal(counts(await send(ada, "/resources/import", fresh)).created, 3);
  const wing = (await bob.call("GET", "/resources?q=Wing")).json.data as unknown as { part_ids: string[] }[];
  assert.equal(wing[0].part_ids.length, 3);
  const bad = await send(ada, "/resources/import", "name,parts\nWing,Attic\nHall A,Great Hall\n");
  assert.equal(bad.status, 422);
  assert.deepEqual<unknown>(bad.json.errors, [
    { line: 2, field: "parts", path: "parts", message: "There is no resource called “Attic”" },
    {
      line: 3,
      field: "parts",
      path: "parts",
      message: "Great Hall is composed of Hall A, and cannot be a part of it",
    },
  ]);
  assert.equal(counts(await send(ada, "/resources/import", "name,parts\nWing,\n")).updated, 1);
});
