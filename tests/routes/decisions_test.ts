import assert from "node:assert/strict";
import { request } from "../../domain/requests.ts";
import type { Actor } from "../../domain/permissions.ts";
import type { Answer } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { assertSound } from "../support/invariants.ts";
import { complaint, field, follow, one, press, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

/** A hall that Bob has from ten to eleven, and another one. */
async function bobsHall() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Hall A" });
  const other = await makeResource(sql, cast.ada, { name: "Hall B" });
  const ask = (who: Actor, from: string, to: string, purpose = "", resource = hall) =>
    request(sql, who, { resource_ids: [resource.id], ...on("2026-05-05", from, to), purpose }, NOW);
  const his = await ask(cast.bob, "10:00", "11:00", "Choir");
  const [sam, bob, alice] = await Promise.all([cast.sam, cast.bob, cast.alice].map(site.as));
  const path = `/reservations/${his.reference}`;
  const statusOf = async ({ id }: { id: string }) => {
    const [{ status }] = await sql`select status from reservations where id = ${id}`;
    return status;
  };
  return {
    ...scene,
    hall,
    other,
    ask,
    his,
    sam,
    bob,
    alice,
    path,
    statusOf,
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await scene[Symbol.asyncDispose]();
    },
  };
}

const notice = (answer: Answer) => words(one(read(answer), "#notices"));
const told = (answer: Answer) => words(one(read(answer), "section.bumped"));
const reason = "The mayor comes";

Deno.test("Sam bumps Bob's reservation on its page, and reads what came of it", async () => {
  await using scene = await bobsHall();
  const page = await scene.sam.get(scene.path);
  const after = await follow(scene.sam, await press(scene.sam, page, "Bump this reservation", { reason }));
  assert.equal(notice(after), "Bumped: its time is free, and Bob Booker is offered others");
  assert.equal(await scene.statusOf(scene.his), "bumped");
});

Deno.test("Sam, who bumps without a reason, reads beside the field that one is needed", async () => {
  await using scene = await bobsHall();
  const again = await press(scene.sam, await scene.sam.get(scene.path), "Bump this reservation", {
    reason: " ",
  });
  assert.equal(again.status, 422);
  assert.equal(
    complaint(read(again), "Why it is bumped, for Bob Booker"),
    "Say why: the person whose time it is will read it",
  );
  assert.equal(await scene.statusOf(scene.his), "approved");
});

Deno.test("Sam, whose reason is too long, gets it back as he typed it, in an open form", async () => {
  await using scene = await bobsHall();
  const typed = "x".repeat(501);
  const again = await scene.sam.post(`${scene.path}/bump`, { reason: typed });
  const input = one(read(again), "#bump-reason");
  assert.deepEqual([again.status, input.getAttribute("value")], [422, typed]);
  assert(input.closest("details")?.hasAttribute("open"));
});

Deno.test("Sam, second to bump, reads who was first", async () => {
  await using scene = await bobsHall();
  const sue = await scene.site.as(scene.cast.sue);
  const page = await scene.sam.get(scene.path);
  await sue.post(`${scene.path}/bump`, { reason });
  const again = await press(scene.sam, page, "Bump this reservation", { reason });
  assert.deepEqual([again.status, words(one(read(again), "[role=alert]"))], [
    409,
    "This reservation cannot be bumped: it is already bumped by Sue Settles, 09:00",
  ]);
});

Deno.test("Bob finds no way to bump, nor Sam on what is his own", async () => {
  await using scene = await bobsHall();
  const own = await scene.ask(scene.cast.sam, "12:00", "13:00");
  const pages = [await scene.bob.get(scene.path), await scene.sam.get(`/reservations/${own.reference}`)];
  for (const page of pages) assert.equal(read(page).querySelectorAll("#bump-reason").length, 0);
});

Deno.test("Bob reads on his first page that he was bumped, by whom, why, and what is free instead", async () => {
  await using scene = await bobsHall();
  await scene.sam.post(`${scene.path}/bump`, { reason });
  await scene.ask(scene.cast.alice, "10:00", "11:00");
  const page = await scene.bob.get("/");
  assert.match(
    told(page),
    /^Choir was bumped by Sam Says ?: Hall A, Tue 5 May, 10:00–11:00, is no longer yours. ?The mayor comes/,
  );
  assert.deepEqual(read(page).querySelectorAll("section.bumped button").map(words), [
    "Tue 5 May, 09:00–10:00",
    "Tue 5 May, 11:00–12:00",
    "Hall B Tue 5 May, 10:00–11:00",
    "Wait for it, before all others",
  ]);
});

for (const [where, path] of [["first page", "/"], ["reservation's page", undefined]] as const) {
  Deno.test(`Bob takes an alternative with one tap on the ${where}, and keeps his words`, async () => {
    await using scene = await bobsHall();
    await scene.bob.post(`${scene.path}/edit`, {
      ...{ resource: scene.hall.id, date: "2026-05-05", start: "10:00", end: "11:00" },
      ...{ purpose: "Choir", private: "on" },
    });
    await scene.sam.post(`${scene.path}/bump`, { reason });
    const page = await follow(
      scene.bob,
      await press(scene.bob, await scene.bob.get(path ?? scene.path), /^Hall B/),
    );
    assert.equal(notice(page), "Changed");
    assert.equal(await scene.statusOf(scene.his), "approved");
    assert.equal(words(one(read(page), "h1")), "Choir");
    assert.match(words(one(read(page), "dl")), /Hall B.*Others see only/);
    assert.equal(read(await scene.bob.get("/")).querySelectorAll("section.bumped").length, 0);
  });
}

Deno.test("Bob, whose alternative is taken meanwhile, is offered others in the form", async () => {
  await using scene = await bobsHall();
  await scene.sam.post(`${scene.path}/bump`, { reason });
  const page = await scene.bob.get("/");
  await scene.ask(scene.cast.alice, "10:00", "11:00");
  await scene.ask(scene.cast.alice, "10:00", "11:00", "", scene.other);
  const again = await press(scene.bob, page, /^Hall B/);
  assert.equal(again.status, 409);
  assert.equal(words(one(read(again), "#reserve [role=alert]")), "Hall B is already taken by Alice Asker");
  assert.equal(field(read(again), "What for").text, "Choir");
  assert(read(again).querySelectorAll("#verdict button[name=take]").length > 0);
  assert.equal(await scene.statusOf(scene.his), "bumped");
});

Deno.test("Bob, whose room wants approval, asks for it with the tap, and reads so", async () => {
  await using scene = await bobsHall();
  await scene.sam.post(`${scene.path}/bump`, { reason });
  await scene.sql`update resources set requires_approval = true, version = version + 1`;
  const page = await scene.bob.get("/");
  assert.match(told(page), /An approver decides on it/);
  const after = await follow(scene.bob, await press(scene.bob, page, /^Hall B/));
  assert.equal(notice(after), "Requested: an approver decides on it");
  assert.equal(await scene.statusOf(scene.his), "pending");
});

Deno.test("a program bumps with a reason, and is refused without one", async () => {
  await using scene = await bobsHall();
  const bump = (body: unknown) => scene.sam.call("POST", `/reservations/${scene.his.id}/bump`, body);
  const none = await bump({});
  assert.deepEqual([none.status, none.json.errors[0].path], [422, "reason"]);
  const done = await bump({ reason });
  assert.deepEqual([done.status, done.json.status, done.json.decision_reason], [200, "bumped", reason]);
  const twice = await bump({ reason });
  assert.equal(twice.status, 409);
  assert.match(twice.json.detail, /already bumped by you, 09:00/);
});

/** Alice's wish for a hall that wants approval, over what Bob and Mallory have there. */
async function crowdedHall() {
  const scene = await bobsHall();
  const { cast, sql, sam } = scene;
  const great = await makeResource(sql, cast.ada, { name: "Great Hall", requires_approval: true });
  const hers = await scene.ask(cast.alice, "10:00", "12:00", "Lecture", great);
  const [one, two] = [
    await scene.ask(cast.bob, "10:00", "11:00", "Dance", great),
    await scene.ask(cast.mallory, "11:00", "12:00", "", great),
  ];
  for (const { id } of [one, two]) await sam.post(`/reservations/${id}/approve`);
  const way = `/reservations/${hers.reference}/override`;
  return { ...scene, great, hers, one, two, way };
}

Deno.test("Sam reaches from the queue what an override would bump, and does it with a reason", async () => {
  await using scene = await crowdedHall();
  const queue = read(await scene.sam.get("/approvals"));
  assert.equal(one(queue, "a", "Approve and bump …").getAttribute("href"), scene.way);
  const page = await scene.sam.get(scene.way);
  assert.match(words(one(read(page), "form.card")), /^This bumps 2 reservations/);
  assert.deepEqual(read(page).querySelectorAll("form.card li").map(words), [
    "Bob Booker, Great Hall, Tue 5 May, 10:00–11:00 Dance",
    "Mallory Outside, Great Hall, Tue 5 May, 11:00–12:00",
  ]);
  const after = await follow(scene.sam, await press(scene.sam, page, "Approve and bump", { reason }));
  assert.equal(notice(after), "Approved: Alice Asker can read it; 2 others gave way");
  const states = await Promise.all([scene.hers, scene.one, scene.two].map(scene.statusOf));
  assert.deepEqual(states, ["approved", "bumped", "bumped"]);
  const page2 = await scene.bob.get(`/reservations/${scene.one.reference}`);
  assert.match(told(page2), /was bumped by Sam Says.*The mayor comes/);
});

Deno.test("Sam, who overrides without a reason, reads beside the field that one is needed", async () => {
  await using scene = await crowdedHall();
  const again = await press(scene.sam, await scene.sam.get(scene.way), "Approve and bump", { reason: "" });
  assert.deepEqual([again.status, complaint(read(again), "Reason, for those who are bumped")], [
    422,
    "Say why: the person whose time it is will read it",
  ]);
  assert.equal(await scene.statusOf(scene.hers), "pending");
});

Deno.test("Sam is shown anew what has come into the way since, and nothing is bumped", async () => {
  await using scene = await crowdedHall();
  await scene.sam.post(`/reservations/${scene.two.id}/bump`, { reason });
  const page = await scene.sam.get(scene.way);
  assert.match(words(one(read(page), "form.card")), /^This bumps 1 reservation\b/);
  const late = await scene.ask(scene.cast.bob, "11:00", "12:00", "Late", scene.great);
  await scene.sam.post(`/reservations/${late.id}/approve`);
  const again = await press(scene.sam, page, "Approve and bump", { reason });
  assert.equal(again.status, 409);
  assert.match(words(one(read(again), "[role=alert]")), /^What is in the way has changed/);
  assert.match(words(one(read(again), "form.card")), /This bumps 2 reservations.*Late/);
  assert.equal(await scene.statusOf(scene.one), "approved");
});

Deno.test("Sam, for whom nothing is in the way any more, approves plainly", async () => {
  await using scene = await crowdedHall();
  for (const { id } of [scene.one, scene.two]) await scene.sam.post(`/reservations/${id}/bump`, { reason });
  const after = await follow(scene.sam, await press(scene.sam, await scene.sam.get(scene.way), "Approve"));
  assert.equal(notice(after), "Approved: Alice Asker can read it");
});

Deno.test("Sam, who would override what is decided already, reads what it is", async () => {
  await using scene = await crowdedHall();
  const page = await scene.sam.get(scene.way);
  const sue = await scene.site.as(scene.cast.sue);
  await sue.post(`/reservations/${scene.hers.id}/deny`, { reason: "Being painted" });
  const again = await press(scene.sam, page, "Approve and bump", { reason });
  assert.equal(again.status, 409);
  assert.match(words(one(read(again), "[role=alert]")), /it is already denied by Sue Settles, 09:00$/);
});

Deno.test("Sam does not decide by an old page on what Alice has changed since", async () => {
  await using scene = await crowdedHall();
  for (const { id } of [scene.one, scene.two]) await scene.sam.post(`/reservations/${id}/bump`, { reason });
  const queue = await scene.sam.get("/approvals");
  await scene.alice.call("PATCH", `/reservations/${scene.hers.id}`, { purpose: "Rave" });
  const after = await follow(scene.sam, await press(scene.sam, queue, "Approve"));
  assert.equal(notice(after), "This reservation cannot be approved: it was changed since you looked at it.");
  assert.equal(await scene.statusOf(scene.hers), "pending");
});

Deno.test("a program overrides with force_override, and is told of the conflicts without it", async () => {
  await using scene = await crowdedHall();
  const approve = (body?: unknown) => scene.sam.call("POST", `/reservations/${scene.hers.id}/approve`, body);
  const plain = await approve();
  const ids = (plain.json.conflicts as unknown as { reservation_id: string }[]).map((one) =>
    one.reservation_id
  );
  assert.deepEqual([plain.status, ids], [409, [scene.one.id, scene.two.id]]);
  assert.equal(await scene.statusOf(scene.hers), "pending");
  assert.equal((await approve({ force_override: "yes" })).status, 422);
  const done = await approve({ force_override: true, reason });
  assert.deepEqual([done.status, done.json.status], [200, "approved"]);
  assert.deepEqual(await Promise.all([scene.one, scene.two].map(scene.statusOf)), ["bumped", "bumped"]);
});

const MOVED = { date: "2026-05-05", start: "14:00", end_date: "2026-05-05", end: "15:00" };

Deno.test("Sam reschedules a request from the queue, and is back there", async () => {
  await using scene = await crowdedHall();
  const link = one(read(await scene.sam.get("/approvals")), "a", "Reschedule …").getAttribute("href")!;
  const page = await scene.sam.get(link);
  assert.match(words(one(read(page), "#verdict")), /Great Hall is taken by Bob Booker.*Free instead/);
  const sent = await press(scene.sam, page, "Reschedule", { ...MOVED, reason: "Later is quieter" });
  assert.equal(sent.headers.get("location"), "/approvals");
  assert.equal(notice(await follow(scene.sam, sent)), "Rescheduled: Alice Asker can read it");
  const after = words(
    read(await scene.alice.get(`/reservations/${scene.hers.reference}`)).querySelector("main"),
  );
  assert.match(after, /Pending.*14:00–15:00.*Later is quieter/);
});

Deno.test("Sam reschedules what is approved, which stays so, on the reservation's page", async () => {
  await using scene = await crowdedHall();
  const path = `/reservations/${scene.one.reference}`;
  const link = one(read(await scene.sam.get(path)), "a", "Reschedule").getAttribute("href")!;
  const typed = { ...MOVED, reason: "The piano is tuned" };
  const after = await follow(
    scene.sam,
    await press(scene.sam, await scene.sam.get(link), "Reschedule", typed),
  );
  assert.match(words(one(read(after), "dl")), /14:00–15:00.*The piano is tuned/);
  assert.equal(await scene.statusOf(scene.one), "approved");
});

Deno.test("Sam's rescheduling onto what is taken keeps the old time, and offers others with one tap", async () => {
  await using scene = await crowdedHall();
  const path = `/reservations/${scene.one.reference}/reschedule`;
  const typed = { ...MOVED, start: "11:00", end: "12:00", reason: "Later" };
  const again = await press(scene.sam, await scene.sam.get(path), "Reschedule", typed);
  assert.equal(again.status, 409);
  assert.match(words(one(read(again), "#reserve [role=alert]")), /already taken by Mallory Outside/);
  assert.equal(field(read(again), "Reason, for Bob Booker").getAttribute("value"), "Later");
  const kept = await scene.sam.call("GET", `/reservations/${scene.one.id}`);
  assert.equal(`${kept.json.start_time}`, "2026-05-05T08:00:00Z");
  const after = await follow(scene.sam, await press(scene.sam, again, /12:00–13:00/));
  assert.match(words(one(read(after), "dl")), /12:00–13:00.*Later/);
});

Deno.test("Sam, whose times cannot be read, finds what he typed beside what is wrong", async () => {
  await using scene = await crowdedHall();
  const path = `/reservations/${scene.one.reference}/reschedule`;
  const typed = { ...MOVED, end: "13:00", reason: "x".repeat(501) };
  const again = await press(scene.sam, await scene.sam.get(path), "Reschedule", typed);
  assert.equal(again.status, 422);
  assert.match(complaint(read(again), "Reason, for Bob Booker"), /at most 500/);
  assert.equal(one(read(again), "[name=end]").getAttribute("value"), "13:00");
});

Deno.test("while Sam types, only the verdict is sent", async () => {
  await using scene = await crowdedHall();
  const query = new URLSearchParams({ resource: scene.great.id, ...MOVED });
  const path = `/reservations/${scene.one.reference}/reschedule?${query}`;
  const part = await scene.sam.get(path, { "hx-request": "true" });
  assert.equal(words(read(part)), "Free. It moves as soon as you reschedule it.");
});

Deno.test("a program reschedules, is refused what is taken, and a user may not", async () => {
  await using scene = await crowdedHall();
  const url = `/reservations/${scene.one.id}/reschedule`;
  const to = (from: string, until: string) => ({
    start_time: `2026-05-05T${from}:00+02:00`,
    end_time: `2026-05-05T${until}:00+02:00`,
  });
  const taken = await scene.sam.call("POST", url, to("11:00", "12:00"));
  assert.deepEqual([taken.status, taken.json.conflicts.length], [409, 1]);
  const done = await scene.sam.call("POST", url, {
    ...to("14:00", "15:00"),
    resource_id: scene.hall.id,
    reason,
  });
  assert.deepEqual([done.status, done.json.status, done.json.resource_id, done.json.decision_reason], [
    200,
    "approved",
    scene.hall.id,
    reason,
  ]);
  assert.equal((await scene.sam.call("POST", url, {})).status, 422);
  assert.equal((await scene.bob.call("POST", url, to("16:00", "17:00"))).status, 403);
});
