import assert from "node:assert/strict";
import { request } from "../../domain/requests.ts";
import type { Actor } from "../../domain/permissions.ts";
import type { Answer } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { assertSound } from "../support/invariants.ts";
import { complaint, follow, one, press, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

const HTMX = { "hx-request": "true" };

/** Bob's hour of a hall, approved, which he asks to make two on its page. */
async function bobsWish() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Hall", requires_approval: true });
  const [sam, bob] = await Promise.all([cast.sam, cast.bob].map(site.as));
  const has = async (who: Actor, from: string, to: string) => {
    const wish = { resource_ids: [hall.id], ...on("2026-05-05", from, to), purpose: "Choir" };
    const made = await request(sql, who, wish, NOW);
    await sam.post(`/reservations/${made.id}/approve`);
    return made;
  };
  const his = await has(cast.bob, "10:00", "11:00");
  const path = `/reservations/${his.reference}`;
  const asked = await press(bob, await bob.get(`${path}/edit`), "Save the change", { end: "12:00" });
  const time = async () => words(one(read(await bob.get(path)), "dl"));
  return {
    ...scene,
    ...{ has, his, path, sam, bob, asked, time },
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await scene[Symbol.asyncDispose]();
    },
  };
}

const notice = (answer: Answer) => words(one(read(answer), "#notices"));

Deno.test("Bob reads on the page that he asks for it, and that his time is kept", async () => {
  await using scene = await bobsWish();
  const page = await follow(scene.bob, scene.asked);
  assert.match(notice(page), /^Asked for: an approver decides on the change, and your time is kept/);
  assert.match(
    words(one(read(page), ".asked")),
    /^Asked for instead: Hall, Tue 5 May, 10:00–12:00\. An approver decides on it/,
  );
  assert.match(await scene.time(), /10:00–11:00/);
  assert.match(words(one(read(page), ".history")), /Change asked for from .* to Tue 5 May, 10:00–12:00/);
});

Deno.test("Bob withdraws his wish with a button", async () => {
  await using scene = await bobsWish();
  const page = await follow(
    scene.bob,
    await press(scene.bob, await scene.bob.get(scene.path), "Withdraw the change"),
  );
  assert.equal(notice(page), "The change is withdrawn");
  assert.equal(read(page).querySelectorAll(".asked").length, 0);
});

Deno.test("Sam sees old and new in the queue, approves, and it has moved", async () => {
  await using scene = await bobsWish();
  const queue = await scene.sam.get("/approvals");
  assert.equal(words(one(read(queue), "#waiting")), "1");
  const row = words(one(read(queue), ".request"));
  assert.match(
    row,
    /^Hall ?Tue 5 May, 10:00–11:00 ?Instead: Hall, Tue 5 May, 10:00–12:00 ?Bob Booker: Choir/,
  );
  const after = await follow(scene.sam, await press(scene.sam, queue, "Approve the change"));
  assert.equal(notice(after), "The change is approved: Bob Booker can read it");
  assert.equal(words(one(read(after), "#waiting")), "0");
  assert.match(await scene.time(), /10:00–12:00/);
});

Deno.test("Sam denies with a reason, which Bob reads; without one he is told beside the field", async () => {
  await using scene = await bobsWish();
  const again = await press(scene.sam, await scene.sam.get("/approvals"), "Deny the change", { reason: " " });
  assert.equal(again.status, 422);
  assert.match(complaint(read(again), "Reason, for Bob Booker"), /^Say why/);
  await press(scene.sam, again, "Deny the change", { reason: "Being painted" });
  assert.match(await scene.time(), /10:00–11:00/);
  const page = read(await scene.bob.get(scene.path));
  assert.match(words(one(page, ".history")), /Change denied.*Being painted/);
  assert.match(words(one(read(await scene.bob.get("/")), "ul.rows")), /Change denied.*Being painted/);
});

Deno.test("Sam's answer by htmx is the row alone, with the number in the menu", async () => {
  await using scene = await bobsWish();
  const queue = read(await scene.sam.get("/approvals"));
  const change = one(queue, "form[action$=approve] [name=change]").getAttribute("value")!;
  const part = await scene.sam.post(`${scene.path}/deny`, { change, reason: "" }, HTMX);
  assert.deepEqual([part.status, part.text.includes("<html")], [422, false]);
  assert.match(complaint(read(part), "Reason, for Bob Booker"), /^Say why/);
  const done = await scene.sam.post(`${scene.path}/approve`, { change }, HTMX);
  assert.equal(words(one(read(done), ".decided")), "The change is approved");
  assert.equal(words(one(read(done), "hx-partial")), "0");
  const late = await scene.sam.post(`${scene.path}/approve`, { change }, HTMX);
  assert.equal(late.status, 409);
  assert.match(words(one(read(late), ".decided")), /no longer asked for/);
});

Deno.test("Sam reads in the row what has taken the new time meanwhile", async () => {
  await using scene = await bobsWish();
  await scene.has(scene.cast.alice, "11:00", "12:00");
  const queue = await scene.sam.get("/approvals");
  assert.match(words(one(read(queue), ".rivals")), /^In the way Alice Asker, Tue 5 May, 11:00–12:00/);
  const again = await press(scene.sam, queue, "Approve the change");
  assert.equal(again.status, 409);
  assert.equal(words(one(read(again), "[role=alert]")), "Hall is already taken by Alice Asker");
  assert.match(await scene.time(), /10:00–11:00/);
});

Deno.test("Sam reaches from the queue what a change would bump, and does it with a reason", async () => {
  await using scene = await bobsWish();
  const hers = await scene.has(scene.cast.alice, "11:00", "12:00");
  const link = one(read(await scene.sam.get("/approvals")), ".request a", "Approve and bump …");
  const page = await scene.sam.get(link.getAttribute("href")!);
  assert.match(words(one(read(page), "h1")), /^Approve the change of R-1 and bump what is in the way\?$/);
  assert.match(
    words(one(read(page), "form.card")),
    /This bumps 1 reservation Alice Asker, Hall, .*11:00–12:00/,
  );
  const again = await press(scene.sam, page, "Approve and bump", { reason: "" });
  assert.equal(again.status, 422);
  assert.match(complaint(read(again), "Reason, for those who are bumped"), /^Say why/);
  const after = await press(scene.sam, again, "Approve and bump", { reason: "The mayor comes" });
  assert.equal(
    notice(await follow(scene.sam, after)),
    "The change is approved: Bob Booker can read it; 1 other gave way",
  );
  assert.match(await scene.time(), /10:00–12:00/);
  assert.match((await scene.sam.get(`/reservations/${hers.reference}`)).text, /The mayor comes/);
});

Deno.test("Sam is shown anew what has come into the way of a change since, and nothing is bumped", async () => {
  await using scene = await bobsWish();
  const change = (await scene.bob.call("GET", `/reservations/${scene.his.id}`)).json.proposed_change.id;
  const page = await scene.sam.get(`${scene.path}/override?change=${change}`);
  assert.match(words(one(read(page), "form.card")), /^Nothing is in the way any more/);
  await scene.has(scene.cast.alice, "11:00", "12:00");
  const again = await press(scene.sam, page, "Approve the change");
  assert.equal(again.status, 409);
  assert.match(words(one(read(again), "form.card")), /This bumps 1 reservation/);
  assert.match(await scene.time(), /10:00–11:00/);
});

Deno.test("Sam, who would override a change that is withdrawn, reads that it is", async () => {
  await using scene = await bobsWish();
  await scene.has(scene.cast.alice, "11:00", "12:00");
  const change = (await scene.bob.call("GET", `/reservations/${scene.his.id}`)).json.proposed_change.id;
  const page = await scene.sam.get(`${scene.path}/override?change=${change}`);
  await scene.bob.post(`${scene.path}/withdraw_change`, { change });
  const again = await press(scene.sam, page, "Approve and bump", { reason: "The mayor comes" });
  assert.equal(again.status, 409);
  assert.match(words(one(read(again), "main")), /no longer asked for/);
});

Deno.test("a program overrides a change with force_override, and is told of the conflicts without it", async () => {
  await using scene = await bobsWish();
  const hers = await scene.has(scene.cast.alice, "11:00", "12:00");
  const change = (await scene.bob.call("GET", `/reservations/${scene.his.id}`)).json.proposed_change.id;
  const approve = (more = {}) =>
    scene.sam.call("POST", `/reservations/${scene.his.id}/approve`, { change, ...more });
  const plain = await approve();
  assert.deepEqual([plain.status, plain.json.conflicts.map((one) => one.reservation_id)], [409, [hers.id]]);
  const done = await approve({ force_override: true, reason: "The mayor comes" });
  assert.deepEqual([done.status, done.json.end_time], [200, "2026-05-05T10:00:00Z"]);
  const lost = await scene.sam.call("GET", `/reservations/${hers.id}`);
  assert.equal(lost.json.status, "bumped");
});

Deno.test("Bob, and what is no change at all, are refused in words", async () => {
  await using scene = await bobsWish();
  const change = (await scene.bob.call("GET", `/reservations/${scene.his.id}`)).json.proposed_change.id;
  assert.equal((await scene.bob.post(`${scene.path}/approve`, { change })).status, 403);
  assert.equal((await scene.sam.post(`${scene.path}/approve`, { change: "nonsense" })).status, 409);
  assert.equal((await scene.bob.post(`${scene.path}/withdraw_change`, {})).status, 409);
  assert.match(await scene.time(), /10:00–11:00/);
});
