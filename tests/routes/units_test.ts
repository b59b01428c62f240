import assert from "node:assert/strict";
import { makeResource } from "../support/cast.ts";
import { assertSound } from "../support/invariants.ts";
import { field, follow, one, press, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";
import { counts, send } from "../support/transfers.ts";

const TEN = { start_time: "2026-05-05T08:00:00Z", end_time: "2026-05-05T09:00:00Z" };
const FORM = { date: "2026-05-05", start: "10:00", end_date: "2026-05-05", end: "11:00" };

/** Five projectors and a room, for Alice and Bob. */
async function projectors() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const { id } = await makeResource(sql, cast.ada, { name: "Projector", kind: "equipment", units: 5 });
  const room = await makeResource(sql, cast.ada, { name: "Room" });
  const [alice, bob, sam, ada] = await Promise.all([cast.alice, cast.bob, cast.sam, cast.ada].map(site.as));
  return { ...scene, id, room, alice, bob, sam, ada };
}

Deno.test("a program asks for several units, reads how many it has, and changes that alone", async () => {
  await using scene = await projectors();
  const { alice, bob, id, room } = scene;
  const wish = { ...TEN, resource_ids: [id, room.id], quantities: { [id]: 3 } };
  const made = await alice.call("POST", "/reservations", wish);
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(made.json.quantities, { [id]: 3, [room.id]: 1 });
  const path = `/reservations/${made.json.id}`;
  assert.deepEqual((await alice.call("GET", path)).json.quantities, made.json.quantities);

  const changed = await alice.call("PATCH", path, { quantities: { [id]: 4 } });
  assert.deepEqual(changed.json.quantities, { [id]: 4, [room.id]: 1 });
  const refused = await bob.call("POST", "/reservations", {
    ...TEN,
    resource_id: id,
    quantities: { [id]: 2 },
  });
  assert.equal(refused.status, 409);
  assert.equal(refused.json.detail, "Only 1 of 5 Projector is free then");
  for (const quantities of [{ [id]: 0 }, { [id]: 1.5 }, { [id]: 501 }, { nothing: 1 }, { [room.id]: 1 }]) {
    const bad = await bob.call("POST", "/reservations", { ...TEN, resource_id: id, quantities });
    assert.equal(bad.status, 422, JSON.stringify(quantities));
    assert.match(JSON.stringify(bad.json.errors), /quantities/);
  }
  await assertSound(scene.sql);
});

Deno.test("a program reads how many are free when, and finds what has enough", async () => {
  await using scene = await projectors();
  const { alice, id } = scene;
  await alice.call("POST", "/reservations", { ...TEN, resource_id: id, quantities: { [id]: 3 } });
  const window = "from=2026-05-05T07:00:00Z&to=2026-05-05T10:00:00Z";
  const { json } = await alice.call("GET", `/resources/${id}/availability?${window}&units=3`);
  assert.deepEqual(json.busy, [TEN]);
  assert.deepEqual(
    (json.counts as unknown as { free_units: number }[]).map(({ free_units }) => free_units),
    [5, 2, 5],
  );
  const free = `free_from=${TEN.start_time}&free_to=${TEN.end_time}&kind=equipment`;
  const found = async (units: number) =>
    (await alice.call("GET", `/resources?${free}&free_units=${units}`)).json.data as unknown as unknown[];
  assert.deepEqual([(await found(2)).length, (await found(3)).length], [1, 0]);
});

Deno.test("a person says how many in a plain form, reads how many are free, and changes it there", async () => {
  await using scene = await projectors();
  const { alice, bob, id } = scene;
  const address = `/reservations/new?${new URLSearchParams({ resource: id, ...FORM })}`;
  const page = await follow(alice, await press(alice, await alice.get(address), "Reserve", { units: "3" }));
  assert.match(words(one(read(page), ".facts")), /3 × Projector/);

  const form = await bob.get(address);
  assert.match(words(one(read(form), "#verdict")), /Free\..* 2 of 5 Projector free then\./);
  const refused = await press(bob, form, "Reserve", { units: "3", purpose: "Class" });
  assert.equal(refused.status, 409);
  const again = read(refused);
  assert.match(
    words(one(again, "#verdict")),
    /Projector is taken by Alice Asker.* 2 of 5 Projector free then/,
  );
  assert.equal(field(again, "How many, of 5").getAttribute("value"), "3", "what was typed stays");
  const wrong = await press(bob, form, "Reserve", { units: "many" });
  assert.equal(wrong.status, 422);
  assert.equal(words(one(read(wrong), "#f-units-error")), "Give a whole number");

  const [{ reference }] = await scene.sql<{ reference: string }[]>`select reference from reservations`;
  const edit = await alice.get(`/reservations/${reference}/edit`);
  assert.equal(field(read(edit), "How many, of 5").getAttribute("value"), "3");
  const after = await follow(alice, await press(alice, edit, "Save the change", { units: "2" }));
  assert.match(words(one(read(after), ".facts")), /2 × Projector/);
  assert.match(words(one(read(await alice.get("/reservations")), "main")), /2 × Projector/);
  assert.match((await scene.sam.get(`/admin/audit?q=${reference}`)).text, /3 × Projector.*2 × Projector/s);
  await assertSound(scene.sql);
});

Deno.test("the schedule and the page of a resource say how many are free", async () => {
  await using scene = await projectors();
  const { alice, id } = scene;
  await alice.call("POST", "/reservations", { ...TEN, resource_id: id, quantities: { [id]: 3 } });
  const schedule = read(await alice.get("/schedule?date=2026-05-05"));
  assert.match(words(one(schedule, "th", /Projector/)), /2 of 5 free all day/);
  const week = read(await alice.get(`/resources/${id}?week=2026-05-05`));
  assert.deepEqual(
    [...week.querySelectorAll("tbody th")].map((head) => /, (.*)$/.exec(words(head))?.[1]),
    ["all 5 free", "2 of 5 free all day", ...Array(5).fill("all 5 free")],
  );
});

Deno.test("how many goes out in a file and comes in again, and a file changes it", async () => {
  await using scene = await projectors();
  const { alice, bob, sam, id, room } = scene;
  await alice.call("POST", "/reservations", { ...TEN, resource_ids: [id, room.id], quantities: { [id]: 3 } });
  const file = (await sam.get("/api/v1/reservations/export.csv")).text;
  assert.match(file, /"Projector,Room",.*,"3,1"\r?\n/);
  assert.deepEqual(counts(await send(sam, "/reservations/import", file)).errors, []);
  assert.equal(
    counts(await send(sam, "/reservations/import", file)).updated,
    0,
    "a round trip changes nothing",
  );
  const more = await send(sam, "/reservations/import", file.replace('"3,1"', '"4,1"'));
  assert.equal(counts(more).updated, 1, more.text);
  const fresh = (quantities: string) =>
    `requester,resources,quantities,start_time,end_time\nbob@holdfast.test,Projector,${quantities},` +
    `${TEN.start_time},${TEN.end_time}\n`;
  assert.equal((await send(sam, "/reservations/import", fresh("2"))).status, 422, "one is left");
  assert.equal((await send(sam, "/reservations/import", fresh('"1,2"'))).status, 422);
  assert.equal(counts(await send(sam, "/reservations/import", fresh("1"))).created, 1);
  const { json } = await bob.call("GET", "/reservations");
  assert.deepEqual((json.data as unknown as { quantities: unknown }[])[0].quantities, { [id]: 1 });
  await assertSound(scene.sql);
});
