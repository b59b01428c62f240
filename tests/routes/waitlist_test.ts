import assert from "node:assert/strict";
import { bump } from "../../domain/bumps.ts";
import { cancel } from "../../domain/edits.ts";
import { request } from "../../domain/requests.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { assertSound } from "../support/invariants.ts";
import { follow, one, press, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

const DAY = "2026-05-05";
const HTMX = { "hx-request": "true" };

/** A hall that Bob has from ten to eleven; what is stored is sound when the test is over. */
async function bobsHall() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Great Hall", capacity: 20 });
  const wish = { ...on(DAY, "10:00", "11:00"), resource_ids: [hall.id], purpose: "Choir" };
  const { id, reference } = await request(sql, cast.bob, wish, NOW);
  const [alice, bob, sam, mallory] = await Promise.all(
    [cast.alice, cast.bob, cast.sam, cast.mallory].map(site.as),
  );
  const form = `/reservations/new?resource=${hall.id}&date=${DAY}&start=10:00&end=11:00`;
  return {
    ...scene,
    ...{ hall, id, reference, alice, bob, sam, mallory, form },
    cancelled: () => cancel(sql, cast.bob, { id }, site.now),
    joins: async (who: typeof alice, typed: Record<string, string> = {}) =>
      await follow(who, await press(who, await who.get(form), "Join the waitlist for this time", typed)),
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await scene[Symbol.asyncDispose]();
    },
  };
}

Deno.test("Alice joins with one tap from the form that was refused, and sees her place", async () => {
  await using scene = await bobsHall();
  const { alice, mallory, joins, hall } = scene;
  await joins(mallory);
  const refused = await alice.post("/reservations", {
    ...{ resource: hall.id, date: DAY, start: "10:00", end: "11:00", purpose: "Yoga" },
  });
  assert.equal(refused.status, 409);
  const list = await follow(alice, await press(alice, refused, "Join the waitlist for this time"));
  assert.match(words(one(read(list), "#notices")), /You are on the waitlist/);
  assert.match(
    words(one(read(list), "main table")),
    /Tue 5 May, 10:00–11:00 Great Hall Yoga Number 2 in order/,
  );
  assert.match(words(one(read(await alice.get("/")), "main")), /I wait for .*Great Hall .*Number 2 in order/);
});

Deno.test("the part that htmx swaps has the same button as the page", async () => {
  await using scene = await bobsHall();
  const part = await scene.alice.get(scene.form, HTMX);
  const [whole] = [await scene.alice.get(scene.form)];
  assert(whole.text.includes(part.text));
  one(read(part), "button", "Join the waitlist for this time");
});

Deno.test("Alice finds the offer on her first page and accepts it with one tap", async () => {
  await using scene = await bobsHall();
  const { alice, joins, cancelled, mallory, form } = scene;
  await joins(alice, { purpose: "Yoga" });
  await cancelled();
  const home = await alice.get("/");
  assert.match(
    words(one(read(home), ".offer")),
    /It came free for you: Great Hall, Tue 5 May, 10:00–11:00.*Held until 09:30/,
  );
  const told = words(one(read(await mallory.get(form)), "#verdict"));
  assert.match(told, /Great Hall is offered to somebody on the waitlist until 09:30/);
  assert.doesNotMatch(told, /Alice|Yoga/);
  const after = await follow(alice, await press(alice, home, /^Accept/));
  assert.match(words(one(read(after), "#notices")), /Accepted: it is reserved/);
  assert.match(words(one(read(after), "main")), /Yoga Approved/);
});

Deno.test("who declines leaves it to the next; who is too late reads since when, on the same page", async () => {
  await using scene = await bobsHall();
  const { alice, mallory, joins, cancelled, site } = scene;
  await joins(alice);
  await joins(mallory);
  await cancelled();
  await press(alice, await alice.get("/waitlist"), /^Decline/);
  const offer = await mallory.get("/waitlist");
  one(read(offer), ".offer");
  site.now = site.now.add({ minutes: 31 });
  const late = await press(mallory, offer, /^Accept/);
  assert.equal(late.status, 409);
  assert.match(words(one(read(late), ".alert")), /it expired at 09:30/);
});

Deno.test("Alice waits for any hour of the day, leaves, and finds all of it on the entry's page", async () => {
  await using scene = await bobsHall();
  const { alice, sql, cast, hall } = scene;
  await request(sql, cast.bob, { ...on(DAY, "00:00", "10:00"), resource_ids: [hall.id] }, NOW);
  await request(sql, cast.bob, { ...on(DAY, "11:00", "23:45"), resource_ids: [hall.id] }, NOW);
  const wide = await press(alice, await alice.get(scene.form), /^Or for any time that day/);
  assert.equal(wide.status, 200);
  const wrong = await press(alice, wide, "Join the waitlist", { minutes: "" });
  assert.deepEqual([wrong.status, words(one(read(wrong), ".error"))], [422, "Give a length in minutes"]);
  const list = await follow(alice, await press(alice, wide, "Join the waitlist"));
  assert.match(words(one(read(list), "main table")), /1 hour within Tue 5 May, 00:00–24:00/);
  const entry = await alice.get(one(read(list), "main table a").getAttribute("href")!);
  const left = await follow(alice, await press(alice, entry, /^Leave/));
  assert.match(words(one(read(left), "main")), /Off the waitlist .*You wait for nothing/);
  const again = await alice.get(
    one(read(await alice.get("/waitlist?show=all")), "main table a").getAttribute("href")!,
  );
  assert.match(words(one(read(again), ".history")), /Joined the waitlist You, .* Left the waitlist You,/);
});

Deno.test("who joins twice, or for what is free, is told so on the form", async () => {
  await using scene = await bobsHall();
  const { alice, joins, form, cancelled, mallory } = scene;
  await joins(alice);
  const twice = await press(alice, await alice.get(form), "Join the waitlist for this time");
  assert.equal(twice.status, 409);
  const before = await mallory.get(form);
  const seen = await alice.get("/waitlist");
  await cancelled();
  await press(alice, seen, /^Leave/);
  const free = await press(mallory, before, "Join the waitlist for this time");
  assert.equal(free.status, 409);
  assert.match(words(one(read(free), "main")), /There is nothing to wait for: it is free, reserve it/);
});

Deno.test("Bob, who was bumped, waits before all others with one tap", async () => {
  await using scene = await bobsHall();
  const { sql, cast, bob, joins, mallory, id, reference } = scene;
  await joins(mallory);
  await bump(sql, cast.sam, { id, reason: "The mayor comes" }, NOW);
  // Mallory is offered it, and it is held for her.
  const page = await bob.get(`/reservations/${reference}`);
  const list = await follow(bob, await press(bob, page, "Wait for it, before all others"));
  assert.match(words(one(read(list), "main table")), /Choir First in order, was bumped/);
});

Deno.test("Sam sees who waits for what, by resource, and takes an entry off the list", async () => {
  await using scene = await bobsHall();
  const { alice, sam, joins, hall, mallory } = scene;
  await joins(alice, { purpose: "Yoga" });
  const all = await sam.get(`/waitlist?who=everybody&resource=${hall.id}`);
  assert.match(words(one(read(all), "main table")), /Alice Asker: Yoga First in order/);
  assert.doesNotMatch((await mallory.get("/waitlist?who=everybody")).text, /Alice|Yoga/);
  await press(sam, all, /^Take off/);
  assert.match(words(one(read(await alice.get("/waitlist?show=all")), "main table")), /Left/);
});

Deno.test("what is offered is no free time on the schedule, and names nobody", async () => {
  await using scene = await bobsHall();
  const { alice, mallory, joins, cancelled } = scene;
  await joins(alice, { purpose: "Yoga" });
  await cancelled();
  const others = await mallory.get(`/schedule?date=${DAY}`);
  assert.match(words(one(read(others), "main table")), /10:00–11:00 Offered/);
  assert.doesNotMatch(others.text, /Alice|Yoga/);
  const own = read(await alice.get(`/schedule?date=${DAY}`));
  assert.equal(one(own, "td.b a", /Offered/).getAttribute("href"), "/waitlist");
});

Deno.test("Alice asks for any room, waits for one where none is free, and accepts the one that is added", async () => {
  await using scene = await bobsHall();
  const { alice, sql, cast } = scene;
  const typed = { kind: "room", attendees: "6", purpose: "Yoga", date: DAY, start: "10:00", end: "11:00" };
  const refused = await press(alice, await alice.get("/reservations/any"), "Reserve", {
    ...typed,
    end_date: DAY,
  });
  assert.equal(refused.status, 409);
  const list = await follow(alice, await press(alice, refused, "Join the waitlist for this time"));
  assert.match(words(one(read(list), "#notices")), /You are on the waitlist/);
  assert.match(
    words(one(read(list), "main table")),
    /Tue 5 May, 10:00–11:00 Any room for 6 people Yoga First in order/,
  );
  const again = await press(alice, refused, "Join the waitlist for this time");
  assert.equal(again.status, 409);
  assert.match(words(one(read(again), "main")), /You are on the waitlist for this already/);
  await makeResource(sql, cast.ada, { name: "Annex", capacity: 8 });
  const home = await alice.get("/");
  assert.match(words(one(read(home), ".offer")), /It came free for you: Annex, Tue 5 May, 10:00–11:00/);
  const entry = await alice.get(one(read(home), ".offer a").getAttribute("href")!);
  assert.match(words(one(read(entry), ".facts")), /Wanted Any room for 6 people/);
  const after = await follow(alice, await press(alice, home, /^Accept/));
  assert.match(words(one(read(after), "main")), /Yoga Approved .*Annex/);
});

Deno.test("Alice waits for an hour in any room that day, and reads beside the field what is wrong", async () => {
  await using scene = await bobsHall();
  const { alice, sql, cast, hall } = scene;
  for (const [from, to] of [["00:00", "10:00"], ["11:00", "23:45"]]) {
    await request(sql, cast.bob, { ...on(DAY, from, to), resource_ids: [hall.id] }, NOW);
  }
  const typed = { kind: "room", date: DAY, start: "10:00", end_date: DAY, end: "11:00" };
  const refused = await press(alice, await alice.get("/reservations/any"), "Reserve", typed);
  const wide = await press(alice, refused, /^Or for any time that day/);
  assert.equal(wide.status, 200);
  assert.match(words(one(read(wide), "h1")), /Wait for any room/);
  const wrong = await press(alice, wide, "Join the waitlist", { minutes: "2000" });
  assert.deepEqual([wrong.status, words(one(read(wrong), ".error"))], [
    422,
    "No slot of 1 day 9 hours 20 minutes fits between the two",
  ]);
  const list = await follow(alice, await press(alice, wrong, "Join the waitlist", { minutes: "60" }));
  assert.match(words(one(read(list), "main table")), /1 hour within Tue 5 May, 00:00–24:00 Any room/);
});
