import assert from "node:assert/strict";
import { makeResource } from "../support/cast.ts";
import { assertSound } from "../support/invariants.ts";
import { complaint, field, follow, one, press, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

const TEN = { start_time: "2026-05-05T08:00:00Z", end_time: "2026-05-05T09:00:00Z" };
const FORM = { date: "2026-05-05", start: "10:00", end_date: "2026-05-05", end: "11:00" };

/** A room, projectors of which there are five, and chairs to have with either. */
async function house() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const room = await makeResource(sql, cast.ada, { name: "Room" });
  const projectors = await makeResource(sql, cast.ada, { name: "Projector", kind: "equipment", units: 5 });
  const chairs = await makeResource(sql, cast.ada, { name: "Chairs", units: 10, accessory: true });
  const [alice, bob, sam] = await Promise.all([cast.alice, cast.bob, cast.sam].map(site.as));
  return { ...scene, room, projectors, chairs, alice, bob, sam };
}

Deno.test("a wish that repeats keeps how many, and what it has with it, through the preview into what is stored", async () => {
  await using scene = await house();
  const { alice, bob, projectors, chairs, sql } = scene;
  const wish = { ...TEN, resource_ids: [projectors.id, chairs.id], quantities: { [chairs.id]: 8 } };
  assert.equal((await bob.call("POST", "/reservations", wish)).status, 201);
  const form = await alice.get(
    `/reservations/new?${new URLSearchParams({ resource: projectors.id, ...FORM })}`,
  );
  const name = `with_${chairs.id}`;
  const typed = { units: "3", [name]: "4", repeats: "daily", count: "3" };
  const preview = await follow(alice, await press(alice, form, "Reserve", typed));
  assert.equal(words(one(read(preview), "h1")), "3 dates of 3 × Projector, 4 × Chairs");
  assert.deepEqual(
    read(preview).querySelectorAll("ol.rows .status").map((mark) => words(mark)),
    ["Not to be had", "Free", "Free"],
  );
  assert.match(words(one(read(preview), "ol.rows .error")), /Only 2 of 10 Chairs are free/);

  const back = await alice.get(one(read(preview), "a", "Change it").getAttribute("href")!);
  assert.equal(field(read(back), "Chairs, of 10").getAttribute("value"), "4", "what was typed stays");
  assert.equal(field(read(back), "How many, of 5").getAttribute("value"), "3");

  const made = await follow(alice, await press(alice, preview, "Reserve 2 dates"));
  assert.match(words(one(read(made), "main")), /3 × Projector, 4 × Chairs/);
  const stored = await sql<{ name: string; asked: number }[]>`
    select r.name, a.asked from allocations a join resources r on r.id = a.resource_id
    join reservations v on v.id = a.reservation_id
    where v.series_id is not null and a.asked is not null order by v.start_time, r.name`;
  assert.deepEqual(stored.map(({ name, asked }) => `${asked} ${name}`), [
    ...["4 Chairs", "3 Projector", "4 Chairs", "3 Projector"],
  ]);

  const wrong = await press(alice, form, "Reserve", { ...typed, [name]: "some" });
  const refused = read(await follow(alice, wrong));
  assert.equal(complaint(refused, "Chairs, of 10"), "Give a whole number");
  await assertSound(sql);
});

Deno.test("the form that changes a reservation of several resources shows all of them, and what is typed of each", async (t) => {
  await using scene = await house();
  const { alice, sam, sql, cast, room, projectors, chairs } = scene;
  const { id: den } = await makeResource(sql, cast.ada, { name: "Den" });
  const quantities = { [projectors.id]: 2, [chairs.id]: 4 };
  const resource_ids = [room.id, projectors.id, chairs.id, den];
  const { json } = await alice.call("POST", "/reservations", { ...TEN, resource_ids, quantities });
  const path = `/reservations/${json.id}`;
  const has = async () => {
    const { json } = await alice.call("GET", path);
    const names = new Map([[room.id, "Room"], [projectors.id, "Projector"], [chairs.id, "Chairs"], [
      den,
      "Den",
    ]]);
    return Object.entries(json.quantities as unknown as Record<string, number>)
      .map(([id, quantity]) => `${quantity} ${names.get(id)}`).toSorted();
  };
  // The form begins with the first by id; the others stand below it.
  const [first] = resource_ids.filter((id) => id !== chairs.id).toSorted();
  const others = ["Room", "Projector", "Den"].filter((_, i) => [room.id, projectors.id, den][i] !== first);
  const nameOf = { Room: room.id, Projector: projectors.id, Den: den } as Record<string, string>;

  await t.step("with how many of each", async () => {
    const page = read(await alice.get(`${path}/edit`));
    for (const name of others) {
      assert.equal(field(page, name).getAttribute("value"), name === "Projector" ? "2" : "1");
    }
    assert.equal(field(page, "Chairs, of 10").getAttribute("value"), "4");
  });

  await t.step("another time keeps them all", async () => {
    const form = await alice.get(`${path}/edit`);
    await press(alice, form, "Save the change", { start: "12:00", end: "13:00" });
    assert.deepEqual(await has(), ["1 Den", "1 Room", "2 Projector", "4 Chairs"]);
  });

  await t.step("what is wrong is said beside its field, and nothing is changed", async () => {
    const form = await alice.get(`${path}/edit`);
    const field = `and_${nameOf[others[0]]}`;
    const refused = await press(alice, form, "Save the change", { [field]: "-1" });
    assert.equal(refused.status, 422);
    assert.equal(complaint(read(refused), others[0]), "Give a number from 0");
    assert.deepEqual(await has(), ["1 Den", "1 Room", "2 Projector", "4 Chairs"]);
  });

  await t.step("an approver who moves it sees and keeps them, too", async () => {
    const form = await sam.get(`${path}/reschedule`);
    for (const name of others) assert(field(read(form), name));
    assert.equal((await press(sam, form, "Reschedule", { start: "14:00", end: "15:00" })).status, 303);
    assert.deepEqual(await has(), ["1 Den", "1 Room", "2 Projector", "4 Chairs"]);
  });

  await t.step("none of one leaves it out", async () => {
    const form = await alice.get(`${path}/edit`);
    await press(alice, form, "Save the change", { [`and_${nameOf[others[0]]}`]: "0" });
    assert(!(await has()).some((one) => one.endsWith(others[0])));
    assert.equal((await has()).length, 3);
  });
  await assertSound(sql);
});
