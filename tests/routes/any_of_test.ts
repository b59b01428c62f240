import assert from "node:assert/strict";
import { makeResource } from "../support/cast.ts";
import { assertSound } from "../support/invariants.ts";
import { complaint, field, follow, one, press, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

const TEN = { start_time: "2026-05-05T08:00:00Z", end_time: "2026-05-05T09:00:00Z" };

/** Two rooms with a screen and one without. */
async function rooms() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const small = await makeResource(sql, cast.ada, { name: "Alder", capacity: 4, tags: ["screen"] });
  const large = await makeResource(sql, cast.ada, { name: "Birch", capacity: 12, tags: ["screen"] });
  await makeResource(sql, cast.ada, { name: "Cedar", capacity: 12 });
  const [alice, bob] = await Promise.all([cast.alice, cast.bob].map(site.as));
  return { ...scene, small, large, alice, bob };
}

Deno.test("a program asks for any room that will do", async (t) => {
  await using scene = await rooms();
  const { alice, bob, small, large } = scene;
  const wish = { ...TEN, any_of: { kind: "room", tag: "Screen" }, attendees: 3 };

  await t.step("and reads which one it became", async () => {
    const made = await alice.call("POST", "/reservations", wish);
    assert.equal(made.status, 201, made.text);
    assert.deepEqual(made.json.resource_ids, [small.id]);
    assert.deepEqual(made.json.quantities, { [small.id]: 1 });
    const read = await alice.call("GET", `/reservations/${made.json.id}`);
    assert.deepEqual(read.json.resource_ids, [small.id]);
    assert.equal(read.headers.get("etag"), made.headers.get("etag"));
  });

  await t.step("the next person gets another", async () => {
    const made = await bob.call("POST", "/reservations", wish);
    assert.deepEqual(made.json.resource_ids, [large.id]);
  });

  await t.step("where none is left it is told the nearest times of those that would do", async () => {
    const refused = await bob.call("POST", "/reservations", wish);
    assert.equal(refused.status, 409);
    assert.equal(refused.json.detail, "No room with “screen” for 3 people is free then");
    const instead = refused.json.alternatives as unknown as { resource_id: string; start_time: string }[];
    assert(instead.length > 0, refused.text);
    assert(instead.every(({ resource_id }) => [small.id, large.id].includes(resource_id)));
    const { resource_id, ...slot } = instead[0];
    const made = await bob.call("POST", "/reservations", {
      ...{ ...slot, resource_id, resource_name: undefined, time_zone: undefined },
    });
    assert.equal(made.status, 201, "what is offered can be had");
  });

  await t.step("the same call sent twice under one key gets one room", async () => {
    const day = { start_time: "2026-05-06T08:00:00Z", end_time: "2026-05-06T09:00:00Z" };
    const headers = { "idempotency-key": "any-room-of-wednesday" };
    const first = await alice.call("POST", "/reservations", { ...wish, ...day }, headers);
    const again = await alice.call("POST", "/reservations", { ...wish, ...day }, headers);
    assert.equal(first.json.id, again.json.id);
  });

  await t.step("several of them in one call are several rooms, all or nothing", async () => {
    const day = { start_time: "2026-05-07T08:00:00Z", end_time: "2026-05-07T09:00:00Z" };
    const many = (count: number) =>
      alice.call("POST", "/reservations/bulk", { create: Array(count).fill({ ...wish, ...day }) });
    assert.equal((await many(3)).status, 409);
    const made = await many(2);
    assert.equal(made.status, 200, made.text);
    const results = made.json.results as unknown as { reservation: { resource_id: string } }[];
    assert.deepEqual(results.map(({ reservation }) => reservation.resource_id), [small.id, large.id]);
  });

  const wrong: [string, Record<string, unknown>, string][] = [
    ["neither a kind nor a tag", { any_of: {} }, "any_of.kind"],
    ["also a resource", { resource_id: small.id }, "any_of"],
    ["also quantities", { quantities: { [small.id]: 2 } }, "any_of"],
    ["no units", { any_of: { kind: "room", quantity: 0 } }, "any_of.quantity"],
    ["a kind that is a number", { any_of: { kind: 4 } }, "any_of.kind"],
    ["a kind that nothing is of", { any_of: { kind: "boat" } }, "any_of"],
  ];
  for (const [name, change, path] of wrong) {
    await t.step(`${name} is refused, naming ${path}`, async () => {
      const refused = await alice.call("POST", "/reservations", { ...wish, ...change });
      assert.equal(refused.status, 422, refused.text);
      const errors = refused.json.errors as unknown as { path: string }[];
      assert(errors.some((error) => error.path === path), refused.text);
    });
  }

  await t.step("a series is of named resources", async () => {
    const body = { ...wish, recurrence: { frequency: "daily", count: 2 } };
    assert.equal((await alice.call("POST", "/series", body)).status, 422);
  });
  await assertSound(scene.sql);
});

Deno.test("a person asks for any room that will do, without scripts", async (t) => {
  await using scene = await rooms();
  const { alice, bob, small, large } = scene;
  const typed = {
    ...{ kind: "room", tag: "screen", attendees: "3", purpose: "Choir" },
    ...{ date: "2026-05-05", start: "10:00", end_date: "2026-05-05", end: "11:00" },
  };

  await t.step("from the list, with what was searched for, and from where slots are found", async () => {
    const list = read(await alice.get("/resources?kind=room&tag=screen&min_capacity=6&free_date=2026-05-05"));
    const form = read(await alice.get(one(list, "a", "Any that will do").getAttribute("href")!));
    assert.equal(field(form, "People").getAttribute("value"), "6");
    assert.equal(one(form, "select[name=tag] option[selected]").getAttribute("value"), "screen");
    for (const path of ["/find", "/schedule?date=2026-05-05&kind=room"]) {
      assert(one(read(await alice.get(path)), "main a", "Any that will do"));
    }
  });

  await t.step("and reads which one it became", async () => {
    const form = await alice.get("/reservations/any");
    const page = read(await follow(alice, await press(alice, form, "Reserve", typed)));
    assert.match(words(one(page, "[role=status]")), /Reserved: Alder/);
    assert.match(words(one(page, ".facts")), /Alder/);
    const next = await follow(bob, await press(bob, await bob.get("/reservations/any"), "Reserve", typed));
    assert.match(words(one(read(next), "[role=status]")), /Reserved: Birch/);
  });

  await t.step("where none is free, what else there is can be had with one tap", async () => {
    const refused = await press(bob, await bob.get("/reservations/any"), "Reserve", typed);
    assert.equal(refused.status, 409);
    const page = read(refused);
    assert.match(words(one(page, "[role=alert]")), /No room with “screen” for 3 people is free then/);
    assert.equal(field(page, "People").getAttribute("value"), "3", "what was typed stays");
    const first = page.querySelectorAll("button[name=take]")[0];
    const [id] = first.getAttribute("value")!.split(" ");
    assert([small.id, large.id].includes(id));
    const values = { ...typed, units: "1", take: first.getAttribute("value")! };
    const made = await follow(bob, await bob.post("/reservations/any", values));
    assert.match(words(one(read(made), "[role=status]")), /Reserved: (Alder|Birch)/);
    assert.match(words(one(read(made), "main")), /Choir/);
    assert.equal((await bob.post("/reservations/any", values)).status, 409, "it is taken now");
  });

  await t.step("what is wrong stands beside its field", async () => {
    const form = await alice.get("/reservations/any");
    const send = async (change: Record<string, string>) =>
      read(await press(alice, form, "Reserve", { ...typed, ...change }));
    assert.match(complaint(await send({ kind: "", tag: "" }), "Kind"), /Name a kind or a tag/);
    assert.match(complaint(await send({ attendees: "many" }), "People"), /whole number/);
    assert.match(complaint(await send({ units: "0" }), "How many of it"), /from 1/);
    assert.match(words(one(await send({ end: "09:00" }), "#f-end-error")), /after the start/);
    assert.match(
      words(one(await send({ date: "2026-05-03", end_date: "2026-05-03" }), "#f-start-error")),
      /passed/,
    );
    assert.match(words(one(await send({ attendees: "400" }), "[role=alert]")), /There is no room/);
  });
  await assertSound(scene.sql);
});
