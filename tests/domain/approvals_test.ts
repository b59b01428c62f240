import assert from "node:assert/strict";
import { approve, deny } from "../../domain/approvals.ts";
import { countPending, getPending, listPending } from "../../domain/queue.ts";
import { cancel } from "../../domain/edits.ts";
import { Conflict, Forbidden, NotFound } from "../../domain/errors.ts";
import type { NewReservation } from "../../domain/storing.ts";
import { request } from "../../domain/requests.ts";
import { getReservation } from "../../domain/reservations.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const TEN = on("2026-05-05", "10:00", "11:00");
const HALF_PAST = on("2026-05-05", "10:30", "11:30");
const ELEVEN = on("2026-05-05", "11:00", "12:00");
const ROUNDS = 20;
const later = (minutes: number) => NOW.add({ minutes });

/** A hall whose time an approver gives; what is stored is sound when the test is over. */
async function oneHall({ units = 1 } = {}) {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const hall = await makeResource(sql, cast.ada, { name: "Hall", requires_approval: true, units });
  const ask = (who: keyof typeof cast, asked: Partial<NewReservation> = {}, now = NOW) =>
    request(sql, cast[who], { ...TEN, resource_ids: [hall.id], ...asked }, now).then(({ id }) => id);
  return {
    ...database,
    cast,
    hall,
    ask,
    approve: (who: keyof typeof cast, id: string, now = later(4), reason?: string) =>
      approve(sql, cast[who], { id, reason }, now),
    deny: (who: keyof typeof cast, id: string, now = later(4)) =>
      deny(sql, cast[who], { id, reason: "Being painted" }, now),
    queue: (now = NOW) => listPending(sql, cast.sam, { limit: 100 }, now),
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}
type Scene = Awaited<ReturnType<typeof oneHall>>;

async function stateOf({ sql }: Scene, id: string) {
  const rows = await sql`
    select v.status, a.holds from reservations v join allocations a on a.reservation_id = v.id where v.id = ${id}`;
  return rows.flatMap((row) => Object.values(row));
}

async function refused(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error.message;
}

/** What several did at once: who succeeded, and what the others were told. */
async function atOnce(work: Promise<unknown>[]) {
  const settled = await Promise.allSettled(work);
  const told = settled.flatMap((one) => one.status === "rejected" ? [one.reason] : []);
  for (const error of told) assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return { won: settled.map((one) => one.status === "fulfilled"), told: told.map((e) => e.message) };
}

Deno.test("Sam approves Bob's request, which then holds its hour", async () => {
  await using scene = await oneHall();
  const id = await scene.ask("bob");
  await scene.approve("sam", id);
  assert.deepEqual(await stateOf(scene, id), ["approved", true]);
});

Deno.test("Bob reads who approved, when, and with which words", async () => {
  await using scene = await oneHall();
  const id = await scene.ask("bob");
  await scene.approve("sam", id, later(4), "Mind the piano");
  const bobs = await getReservation(scene.sql, scene.cast.bob, id);
  assert.deepEqual([bobs.decided_by_name, `${bobs.decided_at}`, bobs.decision_reason], [
    "Sam Says",
    `${later(4)}`,
    "Mind the piano",
  ]);
});

Deno.test("Sam denies Bob's request, and Bob reads why", async () => {
  await using scene = await oneHall();
  const id = await scene.ask("bob");
  await scene.deny("sam", id);
  const { status, decision_reason } = await getReservation(scene.sql, scene.cast.bob, id);
  assert.deepEqual([status, decision_reason], ["denied", "Being painted"]);
});

Deno.test("Sam cannot approve what Sue has denied", async () => {
  await using scene = await oneHall();
  const id = await scene.ask("bob");
  await scene.deny("sue", id);
  assert.match(await refused(scene.approve("sam", id, later(5))), /already denied by Sue Settles, 09:04$/);
  assert.deepEqual(await stateOf(scene, id), ["denied", false]);
});

Deno.test("Sam cannot deny what Sue has approved", async () => {
  await using scene = await oneHall();
  const id = await scene.ask("bob");
  await scene.approve("sue", id);
  assert.match(await refused(scene.deny("sam", id, later(5))), /already approved by Sue Settles, 09:04$/);
  assert.deepEqual(await stateOf(scene, id), ["approved", true]);
});

Deno.test("Sam cannot approve what Bob has cancelled", async () => {
  await using scene = await oneHall();
  const id = await scene.ask("bob");
  await cancel(scene.sql, scene.cast.bob, { id }, later(2));
  assert.match(await refused(scene.approve("sam", id)), /already cancelled by Bob Booker, 09:02$/);
});

Deno.test("Sam cannot approve at the start what nobody decided before it", async () => {
  await using scene = await oneHall();
  const id = await scene.ask("bob");
  assert.match(await refused(scene.approve("sam", id, TEN.start_time)), /already expired$/);
});

Deno.test("Sam cannot approve Alice's request over what Bob has, and it stays pending", async () => {
  await using scene = await oneHall();
  const [bobs, hers] = [await scene.ask("bob"), await scene.ask("alice", HALF_PAST)];
  await scene.approve("sam", bobs);
  assert.equal(await refused(scene.approve("sam", hers)), "Hall is already taken by Bob Booker");
  assert.deepEqual(await stateOf(scene, hers), ["pending", false]);
});

Deno.test("Sam approves two requests back to back", async () => {
  await using scene = await oneHall();
  const [bobs, hers] = [await scene.ask("bob"), await scene.ask("alice", ELEVEN)];
  await scene.approve("sam", bobs);
  assert.equal((await scene.approve("sam", hers)).status, "approved");
});

Deno.test("Sam approves as many requests for an hour as there are units", async () => {
  await using scene = await oneHall({ units: 2 });
  const ids = [await scene.ask("bob"), await scene.ask("alice"), await scene.ask("mallory")];
  await scene.approve("sam", ids[0]);
  await scene.approve("sam", ids[1]);
  assert.equal(await refused(scene.approve("sam", ids[2])), "Hall is already taken by Bob Booker");
});

Deno.test("Sam approves a request for several resources whole, or not at all", async () => {
  await using scene = await oneHall();
  const kit = await makeResource(scene.sql, scene.cast.ada, { name: "Kit", kind: "kit" });
  const bobs = await scene.ask("bob", { resource_ids: [scene.hall.id, kit.id] });
  await scene.ask("alice", { resource_ids: [kit.id] });
  assert.equal(await refused(scene.approve("sam", bobs)), "Kit is already taken by Alice Asker");
  assert.deepEqual(await stateOf(scene, bobs), ["pending", false, "pending", false]);
});

Deno.test("Sam may not approve what he asked for himself", async () => {
  await using scene = await oneHall();
  const id = await scene.ask("sam");
  await assert.rejects(
    scene.approve("sam", id),
    new Forbidden("You may not decide on this request: it is your own"),
  );
});

Deno.test("Sam may not deny what he asked for himself", async () => {
  await using scene = await oneHall();
  const id = await scene.ask("sam");
  await assert.rejects(scene.deny("sam", id), Forbidden);
});

Deno.test("Ada, who administers, may not approve what she asked for herself", async () => {
  await using scene = await oneHall();
  const id = await scene.ask("ada");
  await assert.rejects(
    scene.approve("ada", id),
    new Forbidden("You may not decide on this request: it is your own"),
  );
});

Deno.test("Bob may not approve his own request", async () => {
  await using scene = await oneHall();
  await assert.rejects(scene.approve("bob", await scene.ask("bob")), Forbidden);
});

Deno.test("Mallory may not deny Bob's request", async () => {
  await using scene = await oneHall();
  await assert.rejects(scene.deny("mallory", await scene.ask("bob")), Forbidden);
});

Deno.test("Sam finds no request that does not exist", async () => {
  await using scene = await oneHall();
  await assert.rejects(scene.approve("sam", crypto.randomUUID()), NotFound);
});

Deno.test("of Sam and Sue who approve at once, one succeeds and the other is told who, twenty times", async () => {
  await using scene = await oneHall();
  for (let round = 0; round < ROUNDS; round++) {
    const id = await scene.ask("bob");
    const { won, told } = await atOnce([scene.approve("sam", id), scene.approve("sue", id)]);
    const winner = won[0] ? "Sam Says" : "Sue Settles";
    assert.deepEqual(told, [
      `This reservation cannot be approved: it is already approved by ${winner}, 09:04`,
    ]);
    await cancel(scene.sql, scene.cast.bob, { id }, later(5));
  }
});

Deno.test("of Sam who approves and Sue who denies at once, one succeeds, twenty times", async () => {
  await using scene = await oneHall();
  for (let round = 0; round < ROUNDS; round++) {
    const id = await scene.ask("bob", on("2026-05-05", "10:00", "10:30"));
    const { won } = await atOnce([scene.approve("sam", id), scene.deny("sue", id)]);
    const [status] = await stateOf(scene, id);
    assert.deepEqual([won[0] !== won[1], status], [true, won[0] ? "approved" : "denied"]);
    if (won[0]) await cancel(scene.sql, scene.cast.bob, { id }, later(5));
  }
});

Deno.test("of two requests for the same hour that are approved at once, one gets it, twenty times", async () => {
  await using scene = await oneHall();
  for (let round = 0; round < ROUNDS; round++) {
    const [bobs, hers] = [await scene.ask("bob"), await scene.ask("alice", HALF_PAST)];
    const { won } = await atOnce([scene.approve("sam", bobs), scene.approve("sue", hers)]);
    assert.deepEqual(won.toSorted(), [false, true]);
    for (const id of [bobs, hers]) await cancel(scene.sql, scene.cast.ada, { id }, later(5));
  }
});

Deno.test("of two units and two requests that are approved at once, each gets one in the end", async () => {
  await using scene = await oneHall({ units: 2 });
  const ids = [await scene.ask("bob"), await scene.ask("alice")];
  const { won } = await atOnce([scene.approve("sam", ids[0]), scene.approve("sue", ids[1])]);
  for (const [i, done] of won.entries()) if (!done) await scene.approve("sam", ids[i]);
  assert.deepEqual((await Promise.all(ids.map((id) => stateOf(scene, id)))).flat(), [
    "approved",
    true,
    "approved",
    true,
  ]);
});

Deno.test("the queue has the soonest first, and of the same start the first who asked", async () => {
  await using scene = await oneHall();
  const late = await scene.ask("alice", ELEVEN, later(1));
  const second = await scene.ask("bob", {}, later(3));
  const first = await scene.ask("mallory", {}, later(2));
  assert.deepEqual((await scene.queue()).map((p) => p.id), [first, second, late]);
});

Deno.test("the queue, and its count, leave out what is decided and what has begun", async () => {
  await using scene = await oneHall();
  const bobs = await scene.ask("bob");
  await scene.ask("alice");
  const hers = await scene.ask("alice", ELEVEN);
  await scene.approve("sam", bobs);
  const found = await scene.queue(TEN.start_time);
  assert.deepEqual([found.map((p) => p.id), await countPending(scene.sql, scene.cast.sam, TEN.start_time)], [[
    hers,
  ], 1]);
});

Deno.test("the queue comes in parts", async () => {
  await using scene = await oneHall();
  await scene.ask("bob");
  const second = await scene.ask("alice", ELEVEN);
  const found = await listPending(scene.sql, scene.cast.sam, { limit: 1, offset: 1 }, NOW);
  assert.deepEqual(found.map((p) => p.id), [second]);
});

Deno.test("a request in the queue stands beside what is in its way", async () => {
  await using scene = await oneHall();
  const bobs = await scene.ask("bob", { purpose: "Choir" });
  const hers = await scene.ask("alice", HALF_PAST);
  await scene.approve("sam", bobs);
  const { conflicts, competitors } = await getPending(scene.sql, scene.cast.sam, hers, NOW);
  assert.deepEqual(
    [conflicts.map((c) => ({ ...c, start_time: `${c.start_time}`, end_time: `${c.end_time}` })), competitors],
    [[{
      reservation_id: bobs,
      reference: "R-1",
      resource_name: "Hall",
      requester_name: "Bob Booker",
      purpose: "Choir",
      start_time: `${TEN.start_time}`,
      end_time: `${TEN.end_time}`,
    }], []],
  );
});

Deno.test("a request in the queue stands beside those who want the same time", async () => {
  await using scene = await oneHall();
  const bobs = await scene.ask("bob");
  const hers = await scene.ask("alice", HALF_PAST);
  await scene.ask("mallory", ELEVEN);
  const { conflicts, competitors } = await getPending(scene.sql, scene.cast.sam, bobs, NOW);
  assert.deepEqual([conflicts, competitors.map((c) => c.reservation_id)], [[], [hers]]);
});

Deno.test("nothing is in the way of a request as long as a unit is free", async () => {
  await using scene = await oneHall({ units: 2 });
  await scene.approve("sam", await scene.ask("bob"));
  const { conflicts } = await getPending(scene.sql, scene.cast.sam, await scene.ask("alice"), NOW);
  assert.deepEqual(conflicts, []);
});

Deno.test("Bob may not see the queue", async () => {
  await using scene = await oneHall();
  await assert.rejects(listPending(scene.sql, scene.cast.bob, { limit: 10 }, NOW), Forbidden);
});
