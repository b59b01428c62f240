import assert from "node:assert/strict";
import { request } from "../../domain/requests.ts";
import type { Answer } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { assertSound } from "../support/invariants.ts";
import { complaint, field, follow, one, press, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

const HTMX = { "hx-request": "true" };

/** Bob's request for a hall. */
async function bobsRequest() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Hall", requires_approval: true });
  const wish = { resource_ids: [hall.id], ...on("2026-05-05", "10:00", "11:00"), purpose: "Choir" };
  const his = await request(sql, cast.bob, wish, NOW);
  const [sam, bob] = await Promise.all([cast.sam, cast.bob].map(site.as));
  const path = `/reservations/${his.reference}`;
  return {
    ...scene,
    ...{ his, path, sam, bob },
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await scene[Symbol.asyncDispose]();
    },
  };
}

const notice = (answer: Answer) => words(one(read(answer), "#notices"));
const question = "How many come?";

Deno.test("Sam asks in the queue, Bob answers on the reservation's page, and it is back", async () => {
  await using scene = await bobsRequest();
  const asked = await follow(
    scene.sam,
    await press(scene.sam, await scene.sam.get("/approvals"), "Ask", { question }),
  );
  assert.equal(notice(asked), "Asked: Bob Booker can read it");
  assert.match(
    words(one(read(asked), ".apart")),
    /^1 request waits for an answer.*Waits for an answer: ?How many/,
  );
  assert.equal(words(one(read(asked), "#waiting")), "0");

  assert.match(words(one(read(await scene.bob.get("/")), "ul.rows")), /for your answer.*How many come/);
  const page = await scene.bob.get(scene.path);
  assert.match(words(one(read(page), ".asked")), /^Sam Says asks just now: ?How many come\?/);
  const after = await follow(scene.bob, await press(scene.bob, page, "Answer", { answer: "Twelve" }));
  assert.equal(notice(after), "Answered: an approver decides on it now");
  assert.match(words(one(read(after), ".history")), /A question.*How many come\?.*Answered.*Twelve/);

  const queue = read(await scene.sam.get("/approvals"));
  assert.deepEqual([queue.querySelectorAll(".apart").length, words(one(queue, "#waiting"))], [0, "1"]);
});

Deno.test("Sam, who asks nothing or too much, reads beside the field what is wrong, and keeps his words", async () => {
  await using scene = await bobsRequest();
  const none = await press(scene.sam, await scene.sam.get("/approvals"), "Ask", { question: " " });
  assert.deepEqual([none.status, complaint(read(none), "Question, for Bob Booker")], [422, "Ask something"]);
  const long = "x".repeat(501);
  const again = await press(scene.sam, none, "Ask", { question: long });
  assert.equal(field(read(again), "Question, for Bob Booker").text.trim(), long);
  assert.equal(read(again).querySelectorAll("[aria-invalid]").length, 1);
});

Deno.test("Sam's question by htmx changes the row alone, and the number in the menu", async () => {
  await using scene = await bobsRequest();
  const part = await scene.sam.post(`${scene.path}/ask`, { question }, HTMX);
  assert.deepEqual([part.status, part.text.includes("<html")], [200, false]);
  assert.match(words(one(read(part), ".request")), /Waits for an answer: ?How many come/);
  assert.equal(words(one(read(part), "hx-partial")), "0");
});

Deno.test("Bob, who answers nothing, reads beside the field that he must", async () => {
  await using scene = await bobsRequest();
  await scene.sam.post(`${scene.path}/ask`, { question });
  const again = await press(scene.bob, await scene.bob.get(scene.path), "Answer", { answer: "" });
  assert.deepEqual([again.status, complaint(read(again), "Your answer")], [422, "Write an answer"]);
});

Deno.test("Bob, who answers what is decided already, is told what it is", async () => {
  await using scene = await bobsRequest();
  await scene.sam.post(`${scene.path}/ask`, { question });
  const page = await scene.bob.get(scene.path);
  await scene.sam.post(`${scene.path}/deny`, { reason: "No" });
  const again = await press(scene.bob, page, "Answer", { answer: "Twelve" });
  assert.equal(again.status, 409);
  assert.match(words(one(read(again), "[role=alert]")), /it is already denied$/);
});

Deno.test("Sue sees the question on the page, and nothing to answer with", async () => {
  await using scene = await bobsRequest();
  await scene.sam.post(`${scene.path}/ask`, { question });
  const sue = await scene.site.as(scene.cast.sue);
  const page = read(await sue.get(scene.path));
  assert.match(words(one(page, ".asked")), /It waits for an answer/);
  assert.equal(page.querySelectorAll("#answer").length, 0);
  assert.equal((await sue.post(`${scene.path}/answer`, { answer: "Twelve" })).status, 403);
});

Deno.test("programs ask and answer", async () => {
  await using scene = await bobsRequest();
  const url = `/reservations/${scene.his.id}`;
  assert.equal((await scene.bob.call("POST", `${url}/ask`, { question })).status, 403);
  assert.equal((await scene.sam.call("POST", `${url}/ask`, {})).status, 422);
  assert.equal((await scene.sam.call("POST", `${url}/ask`, { question })).json.status, "pending");
  assert.equal((await scene.sam.call("POST", `${url}/ask`, { question })).status, 409);
  assert.equal((await scene.bob.call("POST", `${url}/answer`, { answer: "Twelve" })).status, 200);
  assert.equal((await scene.bob.call("POST", `${url}/answer`, { answer: "Twelve" })).status, 409);
});
