import assert from "node:assert/strict";
import { approve, deny } from "../../domain/approvals.ts";
import { cancel, restore } from "../../domain/edits.ts";
import { Conflict, Forbidden, NotFound } from "../../domain/errors.ts";
import { listHistory } from "../../domain/history.ts";
import { answer, ask, openQuestion } from "../../domain/questions.ts";
import { countPending, listPending } from "../../domain/queue.ts";
import { request } from "../../domain/requests.ts";
import { getReservation } from "../../domain/reservations.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const TEN = on("2026-05-05", "10:00", "11:00");
const later = (minutes: number) => NOW.add({ minutes });

/** Bob's request for a hall; what is stored is sound when the test is over. */
async function bobsRequest() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const hall = await makeResource(sql, cast.ada, { name: "Hall", requires_approval: true });
  const { id } = await request(sql, cast.bob, { ...TEN, resource_ids: [hall.id] }, NOW);
  const queue = async (asked = false) =>
    (await listPending(sql, cast.sam, { limit: 10, asked }, later(5))).map((row) => row.id);
  return {
    ...database,
    ...{ cast, id, queue },
    ask: (who: keyof typeof cast = "sam", question = "How many come?", now = later(1)) =>
      ask(sql, cast[who], { id, question }, now),
    answer: (who: keyof typeof cast = "bob", said = "Twelve", now = later(2)) =>
      answer(sql, cast[who], { id, answer: said }, now),
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

async function refused(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error.message;
}

Deno.test("what Sam asks about stands apart in the queue, and stays pending", async () => {
  await using scene = await bobsRequest();
  assert.deepEqual([await scene.queue(), await scene.queue(true)], [[scene.id], []]);
  await scene.ask();
  assert.deepEqual([await scene.queue(), await scene.queue(true)], [[], [scene.id]]);
  assert.equal(await countPending(scene.sql, scene.cast.sam, later(5)), 0);
  assert.equal((await getReservation(scene.sql, scene.cast.bob, scene.id)).status, "pending");
});

Deno.test("what Bob has answered is back in the queue", async () => {
  await using scene = await bobsRequest();
  await scene.ask();
  await scene.answer();
  assert.deepEqual([await scene.queue(), await scene.queue(true)], [[scene.id], []]);
  assert.equal(await countPending(scene.sql, scene.cast.sam, later(5)), 1);
});

Deno.test("the history has question and answer, once each", async () => {
  await using scene = await bobsRequest();
  await scene.ask();
  await scene.answer();
  const entries = (await listHistory(scene.sql, scene.id)).slice(1);
  assert.deepEqual(entries.map(({ action, actor_name, details }) => [action, actor_name, details]), [
    ["ask", "Sam Says", { question: "How many come?" }],
    ["answer", "Bob Booker", { answer: "Twelve" }],
  ]);
});

Deno.test("one thing is asked at a time, and another when that is answered", async () => {
  await using scene = await bobsRequest();
  await scene.ask();
  assert.equal(
    await refused(scene.ask("sue")),
    "Something is asked about this request already: wait for the answer",
  );
  await scene.answer();
  await scene.ask("sue", "With music?");
  assert.equal((await openQuestion(scene.sql, scene.id))?.question, "With music?");
});

Deno.test("of Sam and Sue who ask at once one does, twenty times", async () => {
  await using scene = await bobsRequest();
  for (let round = 0; round < 20; round++) {
    const settled = await Promise.allSettled([scene.ask("sam"), scene.ask("sue")]);
    assert.deepEqual(settled.map((one) => one.status).sort(), ["fulfilled", "rejected"]);
    await scene.answer();
  }
});

Deno.test("nobody answers what is not asked, nor twice", async () => {
  await using scene = await bobsRequest();
  assert.equal(await refused(scene.answer()), "Nothing is asked about this request any more");
  await scene.ask();
  await scene.answer();
  await refused(scene.answer());
});

Deno.test("only approvers ask, not of themselves, and only the requester answers", async () => {
  await using scene = await bobsRequest();
  await assert.rejects(scene.ask("bob"), Forbidden);
  await assert.rejects(scene.ask("alice"), Forbidden);
  await scene.ask();
  await assert.rejects(scene.answer("sam"), new Forbidden("You may not answer for this request"));
  await assert.rejects(scene.answer("alice"), NotFound);
});

Deno.test("what waits for an answer can be decided all the same, and is not answered after that", async () => {
  await using scene = await bobsRequest();
  await scene.ask();
  await approve(scene.sql, scene.cast.sue, { id: scene.id }, later(2));
  assert.match(await refused(scene.answer("bob", "Twelve", later(3))), /it is already approved$/);
  assert.match(
    await refused(scene.ask("sam", "Why?", later(3))),
    /cannot be asked about: it is already approved$/,
  );
});

Deno.test("what was cancelled and restored waits for its answer still", async () => {
  await using scene = await bobsRequest();
  await scene.ask();
  await cancel(scene.sql, scene.cast.bob, { id: scene.id }, later(2));
  assert.match(await refused(scene.answer("bob", "Twelve", later(3))), /it is already cancelled$/);
  await restore(scene.sql, scene.cast.bob, scene.id, later(3));
  assert.deepEqual(await scene.queue(true), [scene.id]);
});

Deno.test("nobody asks about what has expired, before the sweep has said so", async () => {
  await using scene = await bobsRequest();
  assert.match(await refused(scene.ask("sam", "Why?", TEN.start_time)), /it is already expired$/);
});

Deno.test("of answering and denying at once the denial stands, twenty times", async () => {
  await using scene = await bobsRequest();
  const { sql, cast } = scene;
  const hall = (await getReservation(sql, cast.bob, scene.id)).resources[0];
  for (let round = 0; round < 20; round++) {
    const day = Temporal.PlainDate.from("2026-05-06").add({ days: round }).toString();
    const wish = { ...on(day, "10:00", "11:00"), resource_ids: [hall.id] };
    const { id } = await request(sql, cast.bob, wish, NOW);
    await ask(sql, cast.sam, { id, question: "Why?" }, later(1));
    await Promise.allSettled([
      answer(sql, cast.bob, { id, answer: "So" }, later(2)),
      deny(sql, cast.sue, { id, reason: "No" }, later(2)),
    ]);
    assert.equal((await getReservation(sql, cast.bob, id)).status, "denied");
  }
});
