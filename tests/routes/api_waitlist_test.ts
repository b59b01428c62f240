import assert from "node:assert/strict";
import { assertSound } from "../support/invariants.ts";
import { reserve, reserved, rooms, TEN } from "../support/rooms.ts";

/** Hall A, which Bob has at ten; what is stored is sound when the test is over. */
async function bobsHall() {
  const scene = await rooms();
  const { sql, site, cast, a, bob } = scene;
  const held = await reserved(bob, a.id);
  const [mallory, sue] = await Promise.all([cast.mallory, cast.sue].map(site.as));
  return {
    ...scene,
    mallory,
    sue,
    held,
    wish: { resource_id: a.id, ...TEN },
    cancel: () => bob.call("POST", `/reservations/${held.id}/cancel`),
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await scene[Symbol.asyncDispose]();
    },
  };
}

Deno.test("Alice joins the waitlist by a program, is offered what Bob cancels, and accepts it", async () => {
  await using scene = await bobsHall();
  const { alice, wish, cancel, site, mallory, a } = scene;
  const joined = await alice.call("POST", "/waitlist", { ...wish, purpose: "Choir" });
  assert.equal(joined.status, 201, joined.text);
  const { id, status, place, offer } = joined.json;
  assert.deepEqual([status, place, offer], ["waiting", 1, null]);
  assert.equal(joined.headers.get("location"), `/api/v1/waitlist/${id}`);
  await cancel();
  const offered = (await alice.call("GET", `/waitlist/${id}`)).json;
  assert.equal(offered.status, "offered");
  const until = `${site.now.add({ minutes: 30 })}`;
  assert.deepEqual(offered.offer, { id: offered.offer.id, ...TEN, expires_at: until });
  const walkIn = await reserve(mallory, a.id);
  assert.equal(walkIn.status, 409);
  assert.deepEqual(walkIn.json.conflicts, [
    { reservation_id: null, resource_id: a.id, ...TEN, offered_until: until },
  ]);
  assert.doesNotMatch(walkIn.text, /Alice|Choir/);
  const accepted = await alice.call("POST", `/waitlist/${id}/accept`, { offer_id: offered.offer.id });
  assert.equal(accepted.status, 200, accepted.text);
  assert.deepEqual([accepted.json.status, accepted.json.purpose], ["approved", "Choir"]);
  assert.equal((await alice.call("POST", `/waitlist/${id}/accept`)).status, 409);
  assert.equal((await alice.call("GET", `/waitlist/${id}`)).json.reservation_id, accepted.json.id);
});

Deno.test("what one call cancels and takes again, all or nothing, is offered to nobody", async () => {
  await using scene = await bobsHall();
  const { alice, bob, wish, held } = scene;
  const { id } = (await alice.call("POST", "/waitlist", wish)).json;
  const body = { mode: "all_or_nothing", cancel: [{ id: held.id }], create: [{ ...wish, purpose: "Anew" }] };
  const swapped = await bob.call("POST", "/reservations/bulk", body);
  assert.equal(swapped.status, 200, swapped.text);
  assert.equal((await alice.call("GET", `/waitlist/${id}`)).json.status, "waiting");
  const anew = swapped.json.results[1].reservation;
  assert.equal((await bob.call("POST", "/reservations/bulk", { cancel: [{ id: anew.id }] })).status, 200);
  assert.equal((await alice.call("GET", `/waitlist/${id}`)).json.status, "offered");
});

Deno.test("what one call cancels and takes again, each by itself, goes to who waits for it", async () => {
  await using scene = await bobsHall();
  const { alice, bob, wish, held } = scene;
  const { id } = (await alice.call("POST", "/waitlist", wish)).json;
  const body = { mode: "each", cancel: [{ id: held.id }], create: [wish] };
  const { json } = await bob.call("POST", "/reservations/bulk", body);
  assert.deepEqual(json.results.map(({ status }) => Number(status)), [200, 409]);
  assert.equal((await alice.call("GET", `/waitlist/${id}`)).json.status, "offered");
});

Deno.test("a program waits for several of what there are several, and reads how many", async () => {
  await using scene = await bobsHall();
  const { alice, bob, wish } = scene;
  const [{ id: desk }] = await scene.sql<{ id: string }[]>`
    update resources set units = 3 where id = ${wish.resource_id} returning id`;
  assert.equal((await bob.call("POST", "/reservations", { ...wish, quantities: { [desk]: 2 } })).status, 201);
  const joined = await alice.call("POST", "/waitlist", { ...wish, quantities: { [desk]: 2 } });
  assert.deepEqual([joined.status, joined.json.quantities], [201, { [desk]: 2 }], joined.text);
  await scene.cancel();
  assert.equal(
    (await alice.call("GET", `/waitlist/${joined.json.id}`)).json.status,
    "waiting",
    "one is free",
  );
});

Deno.test("what Alice declines goes to Mallory, and an entry that is left is off the list", async () => {
  await using scene = await bobsHall();
  const { alice, mallory, wish, cancel } = scene;
  const [first, second] = [
    (await alice.call("POST", "/waitlist", wish)).json,
    (await mallory.call("POST", "/waitlist", wish)).json,
  ];
  await cancel();
  const declined = await alice.call("POST", `/waitlist/${first.id}/decline`);
  assert.deepEqual([declined.status, declined.json.status], [200, "declined"]);
  assert.equal((await mallory.call("GET", `/waitlist/${second.id}`)).json.status, "offered");
  assert.equal((await mallory.call("DELETE", `/waitlist/${second.id}`)).status, 204);
  assert.equal((await mallory.call("DELETE", `/waitlist/${second.id}`)).status, 409);
  assert.equal((await reserve(alice, wish.resource_id)).status, 201);
});

Deno.test("people see their own entries, staff everybody's, and nobody another's", async () => {
  await using scene = await bobsHall();
  const { alice, mallory, sam, wish, b, bob } = scene;
  const { id } = (await alice.call("POST", "/waitlist", wish)).json;
  await mallory.call("POST", "/waitlist", wish);
  await reserved(bob, b.id);
  await alice.call("POST", "/waitlist", { ...wish, resource_id: b.id });
  const ids = async (who: typeof alice, query = "") =>
    (await who.call("GET", `/waitlist${query}`)).json.data.length;
  assert.deepEqual(
    [await ids(alice), await ids(mallory), await ids(sam), await ids(sam, `?resource_id=${b.id}`)],
    [2, 1, 3, 1],
  );
  assert.equal(await ids(sam, "?status=offered"), 0);
  for (const [method, path] of [["GET", ""], ["DELETE", ""], ["POST", "/accept"], ["POST", "/decline"]]) {
    assert.equal((await mallory.call(method, `/waitlist/${id}${path}`)).status, 404, `${method} ${path}`);
  }
});

Deno.test("the list comes page by page, in the order in which people came", async () => {
  await using scene = await bobsHall();
  const { alice, mallory, sue, sam, wish } = scene;
  for (const who of [sue, alice, mallory]) await who.call("POST", "/waitlist", wish);
  const first = (await sam.call("GET", "/waitlist?limit=2")).json;
  const second = (await sam.call("GET", `/waitlist?limit=2&cursor=${first.next_cursor}`)).json;
  const places = [...first.data, ...second.data].map((entry) => Number(entry.place));
  assert.deepEqual([places, second.next_cursor], [[1, 2, 3], null]);
});

Deno.test("a stale tag, another offer than the one seen, and wrong input are refused in words", async () => {
  await using scene = await bobsHall();
  const { alice, wish, cancel } = scene;
  const joined = await alice.call("POST", "/waitlist", wish);
  const path = `/waitlist/${joined.json.id}`;
  await cancel();
  const stale = { "if-match": joined.headers.get("etag")! };
  assert.equal((await alice.call("DELETE", path, undefined, stale)).status, 412);
  const other = await alice.call("POST", `${path}/accept`, { offer_id: joined.json.id });
  assert.match(other.json.detail, /another was made since/);
  const wrong = await alice.call("POST", "/waitlist", { ...wish, minutes: 600 });
  assert.deepEqual([wrong.status, wrong.json.errors], [422, [
    { path: "minutes", message: "No slot of 10 hours fits between the two" },
  ]]);
  assert.equal((await alice.call("POST", "/waitlist", { ...wish, minutes: 0 })).status, 422);
});

Deno.test("a program waits for any room, and reads which one is offered", async () => {
  await using scene = await bobsHall();
  const { alice, bob, sql, a, b, cancel } = scene;
  await sql`update resources set tags = '{screen}' where id = any(${[a.id, b.id]})`;
  await reserved(bob, b.id);
  const wish = { ...TEN, any_of: { kind: "room", tag: "Screen" }, attendees: 3 };
  const joined = await alice.call("POST", "/waitlist", wish);
  assert.equal(joined.status, 201, joined.text);
  assert.deepEqual(
    [joined.json.resource_ids, joined.json.any_of, joined.json.status],
    [[], { kind: "room", tag: "screen" }, "waiting"],
  );
  const path = `/waitlist/${joined.json.id}`;
  assert.equal((await alice.call("GET", `/waitlist?resource_id=${a.id}`)).json.data.length, 1);
  await cancel();
  const offered = (await alice.call("GET", path)).json;
  assert.deepEqual([offered.status, offered.resource_ids], ["offered", [scene.wish.resource_id]]);
  const accepted = await alice.call("POST", `${path}/accept`);
  assert.deepEqual([accepted.status, accepted.json.resource_ids], [200, [scene.wish.resource_id]]);
  const wrong: [Record<string, unknown>, string][] = [
    [{ any_of: {} }, "any_of.kind"],
    [{ resource_id: a.id }, "any_of"],
    [{ any_of: undefined }, "resource_id"],
    [{ any_of: { kind: "boat" } }, "any_of"],
  ];
  for (const [change, field] of wrong) {
    const refused = await alice.call("POST", "/waitlist", { ...wish, ...change });
    assert.equal(refused.status, 422, refused.text);
    const errors = refused.json.errors as unknown as { path: string }[];
    assert(errors.some(({ path }) => path === field), refused.text);
  }
});

Deno.test("the same wish sent again with its key is one entry, and without it told to be there", async () => {
  await using scene = await bobsHall();
  const { alice, wish } = scene;
  const key = { "idempotency-key": "once" };
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => alice.call("POST", "/waitlist", wish, key)),
  );
  assert.deepEqual(new Set(answers.map(({ json }) => json.id)).size, 1);
  const again = await alice.call("POST", "/waitlist", wish);
  assert.deepEqual([again.status, again.json.detail], [409, "You are on the waitlist for this already"]);
});
