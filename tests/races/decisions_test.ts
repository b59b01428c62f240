import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import type { Sql } from "../../db/types.ts";
import { request } from "../../domain/requests.ts";
import { type Answer, type Client, serveSite } from "../support/app.ts";
import { type Cast, makeCast, makeCrowd, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const ROUNDS = 20;
const AT_ONCE = 50;
const reason = "The mayor comes";

/** A server on the loopback, approvers with several windows each, and a hall that wants approval. */
async function openServer() {
  const stack = new AsyncDisposableStack();
  const { sql } = stack.use(await testDatabase({ max: 20 }));
  const cast = await makeCast(sql);
  const crowd = await makeCrowd(sql, AT_ONCE);
  const server = stack.use(await serveSite(sql, NOW, { TIME_ZONE: "Europe/Berlin" }));
  const windows = (who: keyof Cast) => Promise.all([1, 2, 3].map(() => server.as(cast[who])));
  const [sams, sues, bobs] = await Promise.all([windows("sam"), windows("sue"), windows("bob")]);
  const people = await Promise.all(crowd.slice(0, AT_ONCE / 2).map((person) => server.as(person)));
  const hall = await makeResource(sql, cast.ada, { name: "Great Hall", requires_approval: true });
  const room = await makeResource(sql, cast.ada, { name: "Room" });
  const approvers = [...sams, ...sues];
  return {
    ...{ sql, cast, bobs, people, approvers, hall, room },
    /** Bob's request for the hall, of its own day. */
    ask: (round: number, who: "bob" | "alice" = "bob") =>
      request(sql, cast[who], { ...slot(round), resource_ids: [hall.id] }, NOW),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const dayOf = (round: number) => Temporal.PlainDate.from("2026-05-05").add({ days: round }).toString();
const slot = (round: number) => on(dayOf(round), "10:00", "11:00");

/** Fifty requests at the same moment: by turns one of each kind, another of them first in each round. */
function storm(round: number, kinds: ((i: number) => Promise<Answer>)[]): Promise<Answer[][]> {
  const all = Array.from({ length: AT_ONCE }, (_, i) => ({ kind: (i + round) % kinds.length, i }))
    .map(async ({ kind, i }) => ({ kind, answer: await kinds[kind](i) }));
  return Promise.all(all).then((done) =>
    kinds.map((_, kind) => done.filter((one) => one.kind === kind).map(({ answer }) => answer))
  );
}

/** How many succeeded; all others were refused in words. */
function successes(answers: Answer[]): number {
  for (const { status, text } of answers) {
    assert([200, 201, 303, 409].includes(status), `${status}: ${text.slice(0, 500)}`);
  }
  return answers.filter(({ status }) => status === 200 || status === 201).length;
}

async function stateOf(sql: Sql, id: string) {
  const [row] = await sql<{ status: string; holds: boolean; hours: number; version: number }[]>`
    select v.status, bool_or(a.holds) as holds, v.version,
      extract(epoch from v.end_time - v.start_time)::float / 3600 as hours
    from reservations v join allocations a on a.reservation_id = v.id where v.id = ${id} group by v.id`;
  return row;
}

const times = (sql: Sql, id: string, action: string) =>
  sql<{ n: number }[]>`
    select count(*)::int as n from history where reservation_id = ${id} and action = ${action}`.then((
    [{ n }],
  ) => n);

const call = (who: Client, id: string, verb: string, body?: unknown) =>
  who.call("POST", `/reservations/${id}/${verb}`, body);

Deno.test("Approving against cancelling, fifty at once: what is cancelled stays so, and each happens once at most", async () => {
  await using server = await openServer();
  const { sql, approvers, bobs } = server;
  const ends = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const { id } = await server.ask(round);
    const [approved, cancelled] = await storm(round, [
      (i) => call(approvers[i % 6], id, "approve"),
      // Cancelling asks the database once less: in some rounds it begins a little later.
      (i) => pause(round % 5 * 4).then(() => call(bobs[i % 3], id, "cancel")),
    ]);
    // Whoever cancels can do so before and after: it always happens, and once.
    assert.equal(successes(cancelled), 1);
    const { status, holds } = await stateOf(sql, id);
    assert.deepEqual([status, holds], ["cancelled", false]);
    assert.deepEqual([await times(sql, id, "approve"), await times(sql, id, "cancel")], [
      successes(approved),
      1,
    ]);
    ends.add(`${successes(approved)} approved before`);
  }
  assert.equal(ends.size, 2, "One of them was always the faster: nothing was raced");
  await assertSound(sql);
});

Deno.test("Approving by what was seen against changing it, fifty at once: nothing is approved that was not seen", async () => {
  await using server = await openServer();
  const { sql, approvers, bobs } = server;
  const ends = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const { id } = await server.ask(round);
    const end_time = on(dayOf(round), "10:00", "12:00").end_time;
    const seen = { version: "1" };
    const [approved, changed] = await storm(round, [
      (i) => approvers[i % 6].post(`/reservations/${id}/approve`, seen, { "hx-request": "true" }),
      (i) => bobs[i % 3].call("PATCH", `/reservations/${id}`, { end_time }),
    ]);
    const { status, hours, holds } = await stateOf(sql, id);
    const [{ asked }] = await sql`select count(*)::int as asked from proposals where reservation_id = ${id}`;
    successes(changed);
    if (successes(approved) > 0) {
      // The hour that was seen is approved; two hours are asked for, at most.
      assert.deepEqual([successes(approved), status, hours, holds], [1, "approved", 1, true]);
      assert.equal(asked, successes(changed) > 0 ? 1 : 0);
    } else assert.deepEqual([status, hours, holds, asked], ["pending", 2, false, 0]);
    assert.equal(await times(sql, id, "approve"), successes(approved));
    ends.add(status);
  }
  assert.equal(ends.size, 2, "One of them was always the faster: nothing was raced");
  await assertSound(sql);
});

Deno.test("An override against new reservations, fifty at once: the slot has one holder, and everybody a story", async () => {
  await using server = await openServer();
  const { sql, cast, approvers, people, room } = server;
  let stored = 0;
  for (let round = 0; round < ROUNDS; round++) {
    // A request for the room that wants approval only for as long as it is asked for.
    await sql`update resources set requires_approval = true, version = version + 1 where id = ${room.id}`;
    const { id } = await request(sql, cast.bob, { ...slot(round), resource_ids: [room.id] }, NOW);
    await sql`update resources set requires_approval = false, version = version + 1 where id = ${room.id}`;
    const wish = { resource_id: room.id, ...slot(round) };
    const [overridden, reserved] = await storm(round, [
      (i) => call(approvers[i % 6], id, "approve", { force_override: true, reason }),
      (i) => people[Math.floor(i / 2)].call("POST", "/reservations", wish),
    ]);
    assert.equal(successes(overridden), 1);
    const holders = await sql`
      select v.id, v.status from allocations a join reservations v on v.id = a.reservation_id
      where a.resource_id = ${room.id} and a.holds and a.period && tstzrange(${wish.start_time}, ${wish.end_time})`;
    assert.deepEqual(holders.map((row) => row.id), [id]);
    // Whoever was told that it is theirs was bumped, and can read so.
    for (const { json } of reserved.filter((answer) => answer.status === 201)) {
      stored++;
      assert.equal((await stateOf(sql, json.id)).status, "bumped");
      assert.equal(await times(sql, json.id, "bump"), 1);
    }
    assert.equal(await times(sql, id, "approve"), 1);
  }
  assert(stored > 0, "The override was always the faster: nothing was raced");
  await assertSound(sql);
});

Deno.test("Bumps and an override of one victim, fifty at once: it is bumped once", async () => {
  await using server = await openServer();
  const { sql, approvers } = server;
  for (let round = 0; round < ROUNDS; round++) {
    const { id } = await server.ask(round);
    const rival = await server.ask(round, "alice");
    assert.equal((await call(approvers[0], id, "approve")).status, 200);
    const [bumped, overridden] = await storm(round, [
      (i) => call(approvers[i % 6], id, "bump", { reason }),
      (i) => call(approvers[i % 6], rival.id, "approve", { force_override: true, reason }),
    ]);
    assert.equal(successes(overridden), 1);
    assert(successes(bumped) <= 1);
    const { status, holds } = await stateOf(sql, id);
    assert.deepEqual([status, holds, await times(sql, id, "bump")], ["bumped", false, 1]);
    assert.equal((await stateOf(sql, rival.id)).status, "approved");
  }
  await assertSound(sql);
});

Deno.test("Bumping against what its requester does, fifty at once: nothing comes back unapproved", async () => {
  await using server = await openServer();
  const { sql, approvers, bobs } = server;
  for (let round = 0; round < ROUNDS; round++) {
    const { id } = await server.ask(round);
    assert.equal((await call(approvers[0], id, "approve")).status, 200);
    const shorter = { end_time: on(dayOf(round), "10:00", "10:30").end_time };
    const [bumped, edited, cancelled] = await storm(round, [
      (i) => call(approvers[i % 6], id, "bump", { reason }),
      (i) => bobs[i % 3].call("PATCH", `/reservations/${id}`, shorter),
      (i) => call(bobs[i % 3], id, "cancel"),
    ]);
    successes(edited);
    const { status, holds } = await stateOf(sql, id);
    assert(["bumped", "cancelled", "pending"].includes(status), status);
    assert.equal(holds, false);
    assert(successes(bumped) <= 1 && successes(cancelled) <= 1);
    assert.equal(await times(sql, id, "bump"), successes(bumped));
  }
  await assertSound(sql);
});
