import assert from "node:assert/strict";
import { openDoor } from "../../domain/doors.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { request } from "../../domain/requests.ts";
import { codeOfDoor } from "../../routes/signatures.ts";
import { SECRET_KEY } from "../support/app.ts";
import { at, makeResource, NOW, on } from "../support/cast.ts";
import { follow, one, press, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

const DAY = "2026-05-04";

/** A hall in which one has to check in; Bob has it from ten to twelve, and it is just ten. */
async function hallAtTen() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const policy_id = await createPolicy(sql, cast.ada, { ...NO_RULES, name: "Come", check_in: true }, NOW);
  const hall = await makeResource(sql, cast.ada, { name: "Great Hall", policy_id });
  const wish = { ...on(DAY, "10:00", "12:00"), resource_ids: [hall.id], purpose: "Choir" };
  const { id, reference } = await request(sql, cast.bob, wish, NOW);
  const door = await openDoor(sql, cast.ada, { resource_id: hall.id, names: false }, NOW);
  const [ada, bob, sam, mallory] = await Promise.all(
    [cast.ada, cast.bob, cast.sam, cast.mallory].map(site.as),
  );
  const doorPage = one(
    read(await ada.get(`/admin/resources/${hall.id}/door`)),
    "main .card a[href*='key=']",
  ).getAttribute("href")!;
  site.now = at(`${DAY} 10:00`);
  return {
    ...scene,
    ...{ hall, id, reference, door, ada, bob, sam, mallory },
    path: `/reservations/${reference}`,
    code: `/in/${codeOfDoor(SECRET_KEY, door)}`,
    onTheDoor: async () => {
      const { pathname, search } = new URL(doorPage);
      return (await site.visitor().get(pathname + search)).text;
    },
    status: async () => (await sql`select status from reservations where id = ${id}`)[0].status,
  };
}

Deno.test("Bob checks in with one button on his reservation, and is told until when it is his", async () => {
  await using scene = await hallAtTen();
  const page = await scene.bob.get(scene.path);
  assert.match(
    words(one(read(page), ".facts")),
    /Check in 09:45 to 10:15; whoever has not come by then loses it/,
  );
  const after = await follow(scene.bob, await press(scene.bob, page, /^Check in/));
  assert.match(words(one(read(after), "#notices")), /Checked in: it is yours until 12:00/);
  assert.match(words(one(read(after), "main .status")), /^Checked in$/);
  assert.match(words(one(read(after), ".history")), /Requested .* Checked in/);
});

Deno.test("Bob finds the same button on his first page, and ends it when he leaves", async () => {
  await using scene = await hallAtTen();
  const { bob, site, path } = scene;
  await press(bob, await bob.get("/"), /^Check in/);
  assert.equal(await scene.status(), "checked_in");
  site.now = at(`${DAY} 11:00`);
  const after = await follow(bob, await press(bob, await bob.get(path), "End it now"));
  assert.match(words(one(read(after), "main")), /Completed .*10:00–11:00.* Ended early/);
});

Deno.test("who comes too late reads on the page that it is a no-show, also before the sweep", async () => {
  await using scene = await hallAtTen();
  const { bob, site, path } = scene;
  const page = await bob.get(path);
  site.now = at(`${DAY} 10:15`);
  const refused = await press(bob, page, /^Check in/);
  assert.equal(refused.status, 409);
  assert.match(words(one(read(refused), "main")), /No show .*cannot be checked in: it is already no show/);
  assert.equal(read(refused).querySelectorAll("form[action$='/check_in'], form[action$='/end']").length, 0);
});

Deno.test("Sam sees who has to come, and checks Bob in; Mallory sees nothing", async () => {
  await using scene = await hallAtTen();
  const { sam, mallory } = scene;
  assert.doesNotMatch((await mallory.get("/check-in")).text, /Choir|Bob/);
  assert.match(words(one(read(await sam.get("/approvals")), "a[href='/check-in']")), /Check people in/);
  const page = await sam.get("/check-in");
  assert.match(words(one(read(page), "main li")), /Choir Great Hall, .*10:00–12:00, Bob Booker; until 10:15/);
  const after = await follow(sam, await press(sam, page, /^Check Bob Booker in/));
  assert.match(words(one(read(after), "#notices")), /it is Bob Booker’s until 12:00/);
});

Deno.test("the door shows the code only while somebody can check in, as a picture and without a script", async () => {
  await using scene = await hallAtTen();
  const { site } = scene;
  const shown: boolean[] = [];
  for (const wall of ["09:44", "09:45", "10:14", "10:15"]) {
    site.now = at(`${DAY} ${wall}`);
    shown.push((await scene.onTheDoor()).includes("<svg"));
  }
  assert.deepEqual(shown, [false, true, true, false]);
  site.now = at(`${DAY} 10:00`);
  assert.doesNotMatch(await scene.onTheDoor(), /<script|<img|style="|R-1|Choir|Bob/);
  await scene.bob.post(`${scene.path}/check_in`);
  assert.doesNotMatch(await scene.onTheDoor(), /<svg/);
});

Deno.test("the address behind the code leads to signing in and back, and then to a button", async () => {
  await using scene = await hallAtTen();
  const { site, bob, code } = scene;
  const sent = await site.visitor().get(code);
  assert.deepEqual([sent.status, sent.headers.get("location")], [
    303,
    `/login?next=${encodeURIComponent(code)}`,
  ]);
  assert(code.length < 50, "it is short");
  const page = await bob.get(code);
  assert.match(words(one(read(page), "main h1")), /^Check in to Great Hall$/);
  assert.equal(await scene.status(), "approved");
  await press(bob, page, /^Check in/);
  assert.equal(await scene.status(), "checked_in");
  assert.match(words(one(read(await bob.get(code)), "main")), /Nothing of yours to check in for now/);
});

Deno.test("a code that was changed or guessed, and that of a door that was closed, lead nowhere", async () => {
  await using scene = await hallAtTen();
  const { ada, bob, code, hall, door } = scene;
  const other = codeOfDoor("another secret, as long as the one of the site", door);
  for (const wrong of [`${code}A`, code.slice(0, -1), `${code.slice(0, -2)}__`, `/in/${other}`, "/in/none"]) {
    assert.equal((await bob.get(wrong)).status, 404, wrong);
  }
  await ada.post(`/admin/resources/${hall.id}/door/close`);
  assert.equal((await bob.get(code)).status, 404);
});

Deno.test("a program checks in and ends by calls, and reads from when to when one can check in", async () => {
  await using scene = await hallAtTen();
  const { cast, id, site } = scene;
  const [bob, sam, mallory] = await Promise.all([cast.bob, cast.sam, cast.mallory].map(site.as));
  const { json } = await bob.call("GET", `/reservations/${id}`);
  assert.deepEqual([json.check_in_from, json.check_in_until], [
    "2026-05-04T07:45:00Z",
    "2026-05-04T08:15:00Z",
  ]);
  assert.equal((await mallory.call("POST", `/reservations/${id}/check_in`)).status, 404);
  const came = await sam.call("POST", `/reservations/${id}/check_in`);
  assert.deepEqual([came.status, came.json.status], [200, "checked_in"]);
  const again = await bob.call("POST", `/reservations/${id}/check_in`);
  assert.equal(again.status, 409);
  assert.match(again.json.detail, /already checked in by Sam Says, 10:00/);
  site.now = at(`${DAY} 11:30`);
  const later = await site.as(cast.bob);
  const ended = await later.call("POST", `/reservations/${id}/end`);
  assert.deepEqual(
    [ended.json.status, ended.json.end_time],
    ["completed", "2026-05-04T09:30:00Z"],
  );
});

Deno.test("Ada asks for a check-in in the form of a policy, and is told that what is reserved stays without one", async () => {
  await using scene = await hallAtTen();
  const { ada, sql, cast } = scene;
  const policy_id = await createPolicy(sql, cast.ada, { ...NO_RULES, name: "Lax" }, NOW);
  const hut = await makeResource(sql, cast.ada, { name: "Hut", policy_id });
  await request(sql, cast.bob, { ...on(DAY, "14:00", "15:00"), resource_ids: [hut.id] }, NOW);
  const form = await ada.get(`/admin/policies/${policy_id}`);
  const typed = { check_in: "on", check_in_opens_minutes: "30", check_in_grace_minutes: "10" };
  const told = await press(ada, form, "What would it change?", typed);
  assert.match(words(one(read(told), ".verdict")), /1 reservation ahead stays without a check-in/);
  await press(ada, told, "Save");
  assert.match(
    words(one(read(await ada.get("/admin/policies")), "main")),
    /Lax 1 resource checked in from 30 minutes before to 10 minutes after the start/,
  );
  const wrong = await press(ada, form, "Save", { ...typed, check_in_grace_minutes: "0" });
  assert.equal(wrong.status, 422);
});
