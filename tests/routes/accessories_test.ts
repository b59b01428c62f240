import assert from "node:assert/strict";
import { makeResource } from "../support/cast.ts";
import { assertSound } from "../support/invariants.ts";
import { complaint, field, follow, one, press, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";
import { counts, send } from "../support/transfers.ts";

const TEN = { start_time: "2026-05-05T08:00:00Z", end_time: "2026-05-05T09:00:00Z" };
const FORM = { date: "2026-05-05", start: "10:00", end_date: "2026-05-05", end: "11:00" };

/** A room, and ten chairs to have with it. */
async function room() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const { id } = await makeResource(sql, cast.ada, { name: "Room" });
  const den = await makeResource(sql, cast.ada, { name: "Den" });
  const chairs = await makeResource(sql, cast.ada, {
    name: "Chairs",
    kind: "accessory",
    units: 10,
    accessory: true,
  });
  const [alice, bob, sam, ada] = await Promise.all([cast.alice, cast.bob, cast.sam, cast.ada].map(site.as));
  return { ...scene, id, den, chairs, alice, bob, sam, ada };
}

Deno.test("a person says how many chairs in the plain form, reads how many are free, and changes it later", async () => {
  await using scene = await room();
  const { alice, bob, id, den, chairs } = scene;
  await bob.call("POST", "/reservations", {
    ...{ ...TEN, resource_ids: [den.id, chairs.id], quantities: { [chairs.id]: 7 } },
  });
  const form = await alice.get(`/reservations/new?${new URLSearchParams({ resource: id, ...FORM })}`);
  assert.match(words(one(read(form), "#verdict")), /3 of 10 Chairs free then/);
  const name = `with_${chairs.id}`;
  const refused = await press(alice, form, "Reserve", { [name]: "4" });
  assert.equal(refused.status, 409);
  assert.equal(field(read(refused), "Chairs, of 10").getAttribute("value"), "4", "what was typed stays");
  const wrong = await press(alice, form, "Reserve", { [name]: "some" });
  assert.deepEqual([wrong.status, complaint(read(wrong), "Chairs, of 10")], [422, "Give a whole number"]);
  const made = await follow(alice, await press(alice, form, "Reserve", { [name]: "3" }));
  assert.match(words(one(read(made), ".facts")), /Room , 3 × Chairs|Room, 3 × Chairs/);
  const [{ reference }] = await scene.sql<{ reference: string }[]>`
    select reference from reservations order by number desc limit 1`;
  const edit = await alice.get(`/reservations/${reference}/edit`);
  assert.equal(field(read(edit), "Chairs, of 10").getAttribute("value"), "3");
  const fewer = await follow(alice, await press(alice, edit, "Save the change", { [name]: "2" }));
  assert.match(words(one(read(fewer), ".facts")), /2 × Chairs/);
  const none = await press(alice, await alice.get(`/reservations/${reference}/edit`), "Save the change", {
    [name]: "",
  });
  assert.doesNotMatch(words(one(read(await follow(alice, none)), ".facts")), /Chairs/);
  await assertSound(scene.sql);
});

Deno.test("what is no more than an accessory is not listed among what one reserves, and programs tell them apart", async () => {
  await using scene = await room();
  const { alice, ada, chairs, id } = scene;
  for (const path of ["/resources", "/schedule?date=2026-05-05"]) {
    assert.doesNotMatch(words(one(read(await alice.get(path)), "main")), /Chairs/);
  }
  const { json } = await alice.call("GET", "/resources?accessory=true");
  assert.deepEqual((json.data as unknown as { id: string }[]).map((one) => one.id), [chairs.id]);
  const changed = await ada.call("PATCH", `/resources/${chairs.id}`, { offered_with: [id] });
  assert.deepEqual<unknown>([changed.json.accessory, changed.json.offered_with], [true, [id]]);
  const alone = await alice.call("POST", "/reservations", { ...TEN, resource_id: chairs.id });
  assert.equal(alone.status, 422);
  assert.equal((await ada.call("PATCH", `/resources/${id}`, { offered_with: [chairs.id] })).status, 422);
});

Deno.test("an administrator says in the form with what an accessory is offered, and a file says it as well", async () => {
  await using scene = await room();
  const { ada, alice, chairs, den } = scene;
  const form = await ada.get(`/admin/resources/${chairs.id}/edit`);
  const wrong = await press(ada, form, "Save", { offered_with: "Attic" });
  assert.equal(complaint(read(wrong), "Offered with"), "There is no resource called “Attic”");
  await press(ada, form, "Save", { offered_with: "Room" });
  const elsewhere = await alice.get(
    `/reservations/new?${new URLSearchParams({ resource: den.id, ...FORM })}`,
  );
  assert.doesNotMatch(elsewhere.text, /Chairs/);
  const file = (await ada.get("/api/v1/resources/export.csv")).text;
  assert.match(file, /Chairs,accessory.*,true,Room\r?\n/);
  assert.equal(counts(await send(ada, "/resources/import", file)).unchanged, 3);
  assert.equal(counts(await send(ada, "/resources/import", "name,offered_with\nChairs,\n")).updated, 1);
  const there = await alice.get(`/reservations/new?${new URLSearchParams({ resource: den.id, ...FORM })}`);
  assert.match(there.text, /Chairs, of 10/);
});
