import assert from "node:assert/strict";
import type { Sql } from "../../db/types.ts";
import { request } from "../../domain/requests.ts";
import { type Answer, type Client, serveSite } from "../support/app.ts";
import { type Cast, makeCast, makeCrowd, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { holdUp } from "../support/gate.ts";
import { assertSound } from "../support/invariants.ts";

/** Each of them held up at a gate, so that by turns one side and the other is the first. */
const ROUNDS = 6;
const AT_ONCE = 50;
/** As many as the server has connections: all others of the fifty wait for one. */
const CONNECTIONS = 20;
const reason = "The mayor comes";

/** A server on the loopback, approvers with several windows each, and a hall that wants approval. */
async function openServer() {
  const stack = new AsyncDisposableStack();
  const database = stack.use(await testDatabase({ max: CONNECTIONS }));
  const { sql } = database;
  const cast = await makeCast(sql);
  const crowd = await makeCrowd(sql, AT_ONCE / 2);
  const server = stack.use(await serveSite(sql, NOW, { TIME_ZONE: "Europe/Berlin" }));
  const windows = (who: keyof Cast) => Promise.all([1, 2, 3].map(() => server.as(cast[who])));
  const [sams, sues, bobs] = await Promise.all([windows("sam"), windows("sue"), windows("bob")]);
  const people = await Promise.all(crowd.map((person) => server.as(person)));
  const hall = await makeResource(sql, cast.ada, { name: "Great Hall", requires_approval: true });
  const room = await makeResource(sql, cast.ada, { name: "Room" });
  const approvers = [...sams, ...sues];
  return {
    ...{ database, sql, cast, sams, sues, bobs, people, approvers, hall, room },
    /** Bob's request for the hall, of its own day. */
    ask: (round: number, who: "bob" | "alice" = "bob") =>
      request(sql, cast[who], { ...slot(round), resource_ids: [hall.id] }, NOW),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
type Server = Awaited<ReturnType<typeof openServer>>;

const dayOf = (round: number) => Temporal.PlainDate.from("2026-05-05").add({ days: round }).toString();
const slot = (round: number) => on(dayOf(round), "10:00", "11:00");

/** Fifty requests at the same moment: by turns one of each kind, another of them first in each round. */
async function storm(
  round: number,
  kinds: ((i: number) => Promise<Answer>)[],
  between: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Answer[][]> {
  const start = async (i: number) => {
    const kind = (i + round) % kinds.length;
    return { kind, answer: await kinds[kind](i) };
  };
  const first = start(0);
  await between();
  const done = await Promise.all([first, ...Array.from({ length: AT_ONCE - 1 }, (_, i) => start(i + 1))]);
  return kinds.map((_, kind) => done.filter((one) => one.kind === kind).map(({ answer }) => answer));
}

/** The same while a reservation is locked: the first one comes to it alone, then all others, then it is let go. */
async function heldUp(
  { database }: Server,
  round: number,
  id: string,
  kinds: ((i: number) => Promise<Answer>)[],
): Promise<Answer[][]> {
  const gate = await holdUp(database, (tx) => tx`select from reservations where id = ${id} for update`);
  const storming = storm(round, kinds, () => gate.crowded(1));
  await gate.crowded(CONNECTIONS);
  await gate.open();
  return await storming;
}

/** How many succeeded; all others were refused in words. */
function successes(answers: Answer[]): number {
  for (const { status, text } of answers) {
    assert([200, 201, 303, 409].includes(status), `${status}: ${text.slice(0, 500)}`);
  }
  return answers.filter(({ status }) => status === 200 || status === 201).length;
}

const details = (answers: Answer[]) =>
  new Set(answers.filter(({ status }) => status === 409).map(({ json }) => json.detail as string));

/** All that is known of a reservation: where it ended, and each step and each event on the way, in order. */
async function storyOf(sql: Sql, id: string) {
  const [row] = await sql<{ status: string; holds: boolean; hours: number; asked: number }[]>`
    select v.status, bool_or(a.holds) as holds, extract(epoch from v.end_time - v.start_time)::float / 3600 as hours,
      (select count(*)::int from proposals where reservation_id = v.id) as asked
    from reservations v join allocations a on a.reservation_id = v.id where v.id = ${id} group by v.id`;
  const steps = await sql<{ action: string }[]>`
    select action from history where reservation_id = ${id} order by id`;
  const events = await sql<{ event: string }[]>`
    select event from outbox where reservation_id = ${id} order by id`;
  return {
    ...row,
    history: steps.map(({ action }) => action),
    outbox: events.map(({ event }) => event.replace("reservation.", "")),
  };
}

const call = (who: Client, id: string, verb: string, body?: unknown) =>
  who.call("POST", `/reservations/${id}/${verb}`, body);
const repeated = (count: number, word: string) => Array.from({ length: count }, () => word);

Deno.test("Approving against cancelling, fifty at once: what is cancelled stays so, and each happens once at most", async () => {
  await using server = await openServer();
  const { sql, approvers, bobs } = server;
  const ends = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    const { id } = await server.ask(round);
    const [approved, cancelled] = await heldUp(server, round, id, [
      (i) => call(approvers[i % 6], id, "approve"),
      (i) => call(bobs[i % 3], id, "cancel"),
    ]);
    // Whoever cancels can do so before and after: it always happens, and once.
    assert.equal(successes(cancelled), 1);
    const before = successes(approved);
    assert(before <= 1);
    assert.deepEqual(await storyOf(sql, id), {
      ...{ status: "cancelled", holds: false, hours: 1, asked: 0 },
      history: ["request", ...repeated(before, "approve"), "cancel"],
      outbox: ["requested", ...repeated(before, "approved"), "cancelled"],
    });
    const told = before ? /already (approved by (Sam|Sue|you)|cancelled by Bob)/ : /already cancelled by Bob/;
    for (const detail of details(approved)) assert.match(detail, told);
    for (const detail of details(cancelled)) assert.match(detail, /already cancelled by you, 09:00$/);
    ends.add(before);
  }
  assert.deepEqual([...ends].sort(), [0, 1], "One of them was always the first: nothing was raced");
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
    const [approved, changed] = await heldUp(server, round, id, [
      (i) => approvers[i % 6].post(`/reservations/${id}/approve`, seen, { "hx-request": "true" }),
      (i) => bobs[i % 3].call("PATCH", `/reservations/${id}`, { end_time }),
    ]);
    const changes = successes(changed);
    const story = await storyOf(sql, id);
    if (successes(approved) > 0) {
      // The hour that was seen is approved; two hours are asked for, at most.
      assert.equal(successes(approved), 1);
      assert.deepEqual(story, {
        ...{ status: "approved", holds: true, hours: 1, asked: Math.min(changes, 1) },
        history: ["request", "approve", ...repeated(changes, "propose")],
        outbox: ["requested", "approved", ...repeated(changes, "change_requested")],
      });
    } else {
      assert(changes > 0);
      assert.deepEqual(story, {
        ...{ status: "pending", holds: false, hours: 2, asked: 0 },
        history: ["request", "reschedule"],
        outbox: ["requested", "rescheduled"],
      });
    }
    ends.add(story.status);
  }
  assert.equal(ends.size, 2, "One of them was always the first: nothing was raced");
  await assertSound(sql);
});

/** Bob's request for the room, which wants approval only for as long as he asks. */
async function askForRoom({ sql, cast, room }: Server, round: number): Promise<string> {
  await sql`update resources set requires_approval = true, version = version + 1 where id = ${room.id}`;
  const { id } = await request(sql, cast.bob, { ...slot(round), resource_ids: [room.id] }, NOW);
  await sql`update resources set requires_approval = false, version = version + 1 where id = ${room.id}`;
  return id;
}

Deno.test("An override against new reservations, fifty at once: the slot has one holder, and everybody a story", async () => {
  await using server = await openServer();
  const { database, sql, approvers, people, room } = server;
  let stored = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const id = await askForRoom(server, round);
    const wish = { resource_id: room.id, ...slot(round) };
    const override = (i: number) => call(approvers[i % 6], id, "approve", { force_override: true, reason });
    const reserve = (i: number) => people[i % people.length].call("POST", "/reservations", wish);
    // By turns the override waits for the request itself, with the slot free for others; or all of them wait for the slot.
    const rival = await server.ask(round, "alice");
    const gate = await holdUp(
      database,
      (tx) =>
        round % 2 === 0 ? tx`select from reservations where id = ${id} for update` : tx`
          insert into allocations (reservation_id, resource_id, unit, period, holds)
          values (${rival.id}, ${room.id}, 1, tstzrange(${wish.start_time}, ${wish.end_time}, '[)'), true)`,
    );
    const overriding = Array.from({ length: 5 }, (_, i) => override(i));
    await gate.crowded(5);
    const reserving = Array.from({ length: AT_ONCE / 2 }, (_, i) => reserve(i));
    if (round % 2 === 0) await Promise.all(reserving);
    else await gate.crowded(CONNECTIONS);
    overriding.push(...Array.from({ length: AT_ONCE / 2 - 5 }, (_, i) => override(i + 5)));
    await gate.open();
    const [overridden, reserved] = await Promise.all([Promise.all(overriding), Promise.all(reserving)]);
    assert.equal(successes(overridden), 1);
    for (const detail of details(overridden)) assert.match(detail, /already approved by (Sam|Sue|you)/);
    const holders = await sql`
      select a.reservation_id as id from allocations a
      where a.resource_id = ${room.id} and a.holds and a.period && tstzrange(${wish.start_time}, ${wish.end_time})`;
    assert.deepEqual(holders.map((row) => row.id), [id]);
    assert.deepEqual(await storyOf(sql, id), {
      ...{ status: "approved", holds: true, hours: 1, asked: 0 },
      history: ["request", "approve"],
      outbox: ["requested", "approved"],
    });
    // Whoever was told that it is theirs was bumped, and can read so.
    const had = reserved.filter((answer) => answer.status === 201);
    assert.equal(successes(reserved), had.length);
    if (round % 2 === 0) assert.equal(had.length, 1);
    for (const { json } of had) {
      assert.deepEqual(await storyOf(sql, json.id), {
        ...{ status: "bumped", holds: false, hours: 1, asked: 0 },
        history: ["request", "bump"],
        outbox: ["approved", "bumped"],
      });
    }
    const [{ count }] = await sql`
      select count(distinct reservation_id)::int as count from allocations
      where resource_id = ${room.id} and period && tstzrange(${wish.start_time}, ${wish.end_time})`;
    assert.equal(count, had.length + 1, "somebody was refused, and stored all the same");
    stored += had.length;
  }
  assert(stored > 0, "The override was always the first: nothing was raced");
  await assertSound(sql);
});

Deno.test("Two approvers who bump one victim, fifty at once: the first one does, and all others read who did", async () => {
  await using server = await openServer();
  const { sql, sams, sues } = server;
  for (let round = 0; round < ROUNDS; round++) {
    const { id } = await server.ask(round);
    assert.equal((await call(sams[0], id, "approve")).status, 200);
    const bumped = await heldUp(server, round, id, [
      (i) => call(sams[i % 3], id, "bump", { reason: "Sam's reason" }),
      (i) => call(sues[i % 3], id, "bump", { reason: "Sue's reason" }),
    ]);
    // Whoever came to it first had it: Sam and Sue by turns.
    const first = round % 2;
    assert.deepEqual(bumped.map(successes), first === 0 ? [1, 0] : [0, 1]);
    assert.deepEqual([...details(bumped[first])], [
      "This reservation cannot be bumped: it is already bumped by you, 09:00",
    ]);
    const name = ["Sam Says", "Sue Settles"][first];
    assert.deepEqual([...details(bumped[1 - first])], [
      `This reservation cannot be bumped: it is already bumped by ${name}, 09:00`,
    ]);
    assert.deepEqual(await storyOf(sql, id), {
      ...{ status: "bumped", holds: false, hours: 1, asked: 0 },
      history: ["request", "approve", "bump"],
      outbox: ["requested", "approved", "bumped"],
    });
    const [{ decision_reason }] = await sql`select decision_reason from reservations where id = ${id}`;
    assert.equal(decision_reason, ["Sam's reason", "Sue's reason"][first]);
  }
  await assertSound(sql);
});

Deno.test("Bumps and an override of one victim, fifty at once: it is bumped once", async () => {
  await using server = await openServer();
  const { sql, approvers } = server;
  const ends = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    const { id } = await server.ask(round);
    const rival = await server.ask(round, "alice");
    assert.equal((await call(approvers[0], id, "approve")).status, 200);
    const [bumped, overridden] = await heldUp(server, round, id, [
      (i) => call(approvers[i % 6], id, "bump", { reason }),
      (i) => call(approvers[i % 6], rival.id, "approve", { force_override: true, reason }),
    ]);
    assert.equal(successes(overridden), 1);
    assert(successes(bumped) <= 1);
    ends.add(successes(bumped));
    assert.deepEqual(await storyOf(sql, id), {
      ...{ status: "bumped", holds: false, hours: 1, asked: 0 },
      history: ["request", "approve", "bump"],
      outbox: ["requested", "approved", "bumped"],
    });
    assert.deepEqual(await storyOf(sql, rival.id), {
      ...{ status: "approved", holds: true, hours: 1, asked: 0 },
      history: ["request", "approve"],
      outbox: ["requested", "approved"],
    });
  }
  assert.equal(ends.size, 2, "One of them was always the first: nothing was raced");
  await assertSound(sql);
});

Deno.test("Bumping against what its requester does, fifty at once: nothing comes back unapproved", async () => {
  await using server = await openServer();
  const { sql, approvers, bobs } = server;
  const ends = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const { id } = await server.ask(round);
    assert.equal((await call(approvers[0], id, "approve")).status, 200);
    const shorter = { end_time: on(dayOf(round), "10:00", "10:30").end_time };
    const [bumped, edited, cancelled] = await heldUp(server, round, id, [
      (i) => call(approvers[i % 6], id, "bump", { reason }),
      (i) => bobs[i % 3].call("PATCH", `/reservations/${id}`, shorter),
      (i) => call(bobs[i % 3], id, "cancel"),
    ]);
    successes(edited);
    const { status, holds, history, outbox } = await storyOf(sql, id);
    assert(["bumped", "cancelled", "pending"].includes(status), status);
    assert.equal(holds, false);
    const times = (verb: string) => history.filter((action) => action === verb).length;
    assert.deepEqual([times("bump"), times("cancel")], [successes(bumped), successes(cancelled)]);
    assert(times("bump") <= 1 && times("cancel") <= 1);
    assert.equal(outbox.length, history.length);
    ends.add(status);
  }
  assert(ends.size > 1, "One of them was always the first: nothing was raced");
  await assertSound(sql);
});
