import assert from "node:assert/strict";
import type { Actor } from "../../domain/permissions.ts";
import { request } from "../../domain/requests.ts";
import { newId } from "../../lib/ids.ts";
import type { Answer, Client } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { assertSound } from "../support/invariants.ts";
import { complaint, follow, one, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

/** Three requests for a hall: Bob's and Alice's for the same hour, and Mallory's for the next. */
async function threeRequests() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Hall", requires_approval: true });
  const ask = (who: Actor, from: string, to: string) =>
    request(sql, who, { resource_ids: [hall.id], ...on("2026-05-05", from, to) }, NOW);
  const bobs = await ask(cast.bob, "10:00", "11:00");
  const alices = await ask(cast.alice, "10:00", "11:00");
  const mallorys = await ask(cast.mallory, "11:00", "12:00");
  const sam = await site.as(cast.sam);
  const states = async () => {
    const rows = await sql<{ status: string }[]>`select status from reservations order by number`;
    return rows.map((row) => row.status);
  };
  return {
    ...scene,
    ask,
    ...{ bobs, alices, mallorys, sam, states },
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await scene[Symbol.asyncDispose]();
    },
  };
}

const boxes = (answer: Answer) => read(answer).querySelectorAll("input[name=tick]");
const ticks = (answer: Answer) => boxes(answer).map((box) => box.getAttribute("value") ?? "");
const lines = (answer: Answer) => read(answer).querySelectorAll("ul.several li").map(words);

/** Sends the form as a browser does: a field for each box that is ticked. */
function send(who: Client, verb: string, tick: readonly string[], reason = "") {
  const form = new URLSearchParams([["verb", verb], ["reason", reason], ...tick.map((t) => ["tick", t])]);
  return who.send("/approvals/several", {
    method: "POST",
    body: form.toString(),
    headers: { "content-type": "application/x-www-form-urlencoded", origin: "http://holdfast.test" },
  });
}

Deno.test("every box belongs to the form that decides on several, and is named by its request", async () => {
  await using scene = await threeRequests();
  const queue = await scene.sam.get("/approvals");
  assert.equal(boxes(queue).length, 3);
  const page = read(queue);
  for (const box of boxes(queue)) {
    assert.equal(box.getAttribute("form"), one(page, "form.several").getAttribute("id"));
    assert.match(words(one(page, `[id="${box.getAttribute("aria-labelledby")}"]`)), /^Hall/);
  }
});

Deno.test("Sam approves all at once: who comes first has the hour, and he reads why the other has not", async () => {
  await using scene = await threeRequests();
  const page = await follow(
    scene.sam,
    await send(scene.sam, "approve", ticks(await scene.sam.get("/approvals"))),
  );
  assert.deepEqual(await scene.states(), ["approved", "pending", "approved"]);
  assert.equal(words(one(read(page), "h1")), "2 requests approved, 1 not");
  const [failed, first, second] = lines(page);
  assert.match(failed, /Alice Asker ?Not approved: Hall is already taken by Bob Booker/);
  assert.match(first, /^Hall, Tue 5 May, 10:00–11:00 ?Bob Booker ?Approved$/);
  assert.match(second, /^Hall, Tue 5 May, 11:00–12:00 ?Mallory Outside ?Approved$/);
});

Deno.test("the summary says the same when it is read again, and decides nothing", async () => {
  await using scene = await threeRequests();
  const sent = await send(scene.sam, "approve", ticks(await scene.sam.get("/approvals")));
  const [once, twice] = [await follow(scene.sam, sent), await follow(scene.sam, sent)];
  assert.deepEqual(lines(once), lines(twice));
  assert.equal((await scene.sql`select from history where reservation_id is not null`).length, 5);
});

Deno.test("Sam denies two with one reason, which both read", async () => {
  await using scene = await threeRequests();
  const [first, second] = ticks(await scene.sam.get("/approvals"));
  const page = await follow(scene.sam, await send(scene.sam, "deny", [first, second], "Being painted"));
  assert.equal(words(one(read(page), "h1")), "2 requests denied");
  assert.deepEqual(await scene.states(), ["denied", "denied", "pending"]);
  const reasons = await scene.sql`select decision_reason from reservations where status = 'denied'`;
  assert.deepEqual(reasons.map((row) => row.decision_reason), ["Being painted", "Being painted"]);
});

Deno.test("Sam, who denies without a reason, finds his ticks again and what is wrong beside the field", async () => {
  await using scene = await threeRequests();
  const [first, , third] = ticks(await scene.sam.get("/approvals"));
  const again = await send(scene.sam, "deny", [first, third], " ");
  assert.equal(again.status, 422);
  assert.equal(
    complaint(read(again), "Reason, for all who asked"),
    "Say why: the person who asked will read it",
  );
  assert.deepEqual(boxes(again).map((box) => box.hasAttribute("checked")), [true, false, true]);
  assert.deepEqual(await scene.states(), ["pending", "pending", "pending"]);
});

Deno.test("Sam, who ticks nothing, is told to", async () => {
  await using scene = await threeRequests();
  const again = await send(scene.sam, "approve", []);
  assert.deepEqual([again.status, words(one(read(again), "[role=alert]"))], [
    422,
    "Tick at least one request",
  ]);
});

Deno.test("Sam ticks all with a link", async () => {
  await using scene = await threeRequests();
  const href = one(read(await scene.sam.get("/approvals")), "a", "tick all").getAttribute("href")!;
  assert.equal(boxes(await scene.sam.get(href)).filter((box) => box.hasAttribute("checked")).length, 3);
});

Deno.test("Sam reads of each why it was not done: decided, changed, gone", async () => {
  await using scene = await threeRequests();
  const all = ticks(await scene.sam.get("/approvals"));
  const sue = await scene.site.as(scene.cast.sue);
  await sue.post(`/reservations/${scene.bobs.id}/deny`, { reason: "No" });
  const mallory = await scene.site.as(scene.cast.mallory);
  await mallory.call("PATCH", `/reservations/${scene.mallorys.id}`, { purpose: "Rave" });
  const page = await follow(scene.sam, await send(scene.sam, "approve", [...all, `${newId()}:1`]));
  assert.equal(words(one(read(page), "h1")), "1 request approved, 2 not");
  const why = lines(page).join("\n");
  assert.match(why, /Bob Booker ?Not approved: It is already denied by Sue Settles/);
  assert.match(why, /Mallory Outside: Rave ?Not approved: It was changed since you looked at it/);
  assert.deepEqual(await scene.states(), ["denied", "approved", "pending"]);
});

Deno.test("what is sent by hand and makes no sense is refused in words", async (t) => {
  await using scene = await threeRequests();
  for (
    const [what, verb, tick] of [
      ["no verb", "", [`${scene.bobs.id}:1`]],
      ["an unknown verb", "cancel", [`${scene.bobs.id}:1`]],
      ["no version", "approve", [scene.bobs.id]],
      ["too many", "approve", Array.from({ length: 51 }, () => `${newId()}:1`)],
    ] as const
  ) {
    await t.step(what, async () => {
      const again = await send(scene.sam, verb, tick);
      assert.equal(again.status, 422);
      assert(words(one(read(again), "[role=alert]")).length > 5);
    });
  }
  await t.step("ids that are none", async () => {
    const page = await follow(scene.sam, await send(scene.sam, "approve", ["nonsense:1"]));
    assert.equal(words(one(read(page), ".empty")), "None of these requests was found");
  });
  assert.deepEqual(await scene.states(), ["pending", "pending", "pending"]);
});

Deno.test("Sam's own wish is not in his queue, and a tick sent by hand does not decide on it", async () => {
  await using scene = await threeRequests();
  const own = await scene.ask(scene.cast.sam, "14:00", "15:00");
  assert(!ticks(await scene.sam.get("/approvals")).some((tick) => tick.startsWith(own.id)));
  const page = await follow(scene.sam, await send(scene.sam, "approve", [`${own.id}:1`]));
  assert.match(lines(page)[0], /Not approved: You may not decide on it/);
});
