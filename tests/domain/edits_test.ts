import assert from "node:assert/strict";
import { approve } from "../../domain/approvals.ts";
import { cancel, change, describe, reschedule } from "../../domain/edits.ts";
import { Conflict, Invalid, NotFound } from "../../domain/errors.ts";
import { request } from "../../domain/requests.ts";
import type { NewResource } from "../../domain/resources.ts";
import { newId } from "../../lib/ids.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const TEN = on("2026-05-05", "10:00", "11:00");
const ELEVEN = on("2026-05-05", "11:00", "12:00");
const TWELVE = on("2026-05-05", "12:00", "13:00");
const ROUNDS = 20;

/** A room that Bob has from ten to eleven, and another one; what is stored is sound when the test is over. */
async function twoRooms(resource: Partial<NewResource> = {}) {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const a = await makeResource(sql, cast.ada, { name: "Room A", ...resource });
  const b = await makeResource(sql, cast.ada, { name: "Room B" });
  const ask = (who: keyof typeof cast, period = TEN, room = a, purpose = "") =>
    request(sql, cast[who], { ...period, resource_ids: [room.id], purpose }, NOW).then(({ id }) => id);
  const bobs = await ask("bob", TEN, a, "Choir");
  return {
    ...database,
    cast,
    a,
    b,
    ask,
    bobs,
    move: (who: keyof typeof cast, slot: Parameters<typeof reschedule>[3], id = bobs, now = NOW) =>
      reschedule(sql, cast[who], id, slot, now),
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}
type Scene = Awaited<ReturnType<typeof twoRooms>>;

async function slotOf({ sql, bobs }: Pick<Scene, "sql" | "bobs">) {
  const [row] = await sql`
    select r.name, to_char(v.start_time at time zone 'Europe/Berlin', 'HH24:MI') as from,
      to_char(v.end_time at time zone 'Europe/Berlin', 'HH24:MI') as to, v.status, a.holds
    from reservations v join allocations a on a.reservation_id = v.id join resources r on r.id = a.resource_id
    where v.id = ${bobs}`;
  return Object.values(row);
}

async function everything({ sql }: Scene): Promise<string> {
  return JSON.stringify([
    await sql`select * from reservations order by number`,
    await sql`select reservation_id, resource_id, unit, period::text, holds from allocations order by 1, 2`,
    await sql`select * from history order by id`,
    await sql`select * from outbox order by id`,
  ]);
}

async function refused(work: Promise<unknown>): Promise<Conflict> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error;
}

/** What became of things done at once: nothing but Conflict may go wrong. */
async function outcomes(work: Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(work);
  return settled.map((one) => {
    if (one.status === "fulfilled") return "done";
    assert(one.reason instanceof Conflict, `Expected a Conflict: ${one.reason}`);
    return "refused";
  });
}

Deno.test("Bob moves his reservation to a free hour", async () => {
  await using scene = await twoRooms();
  await scene.move("bob", TWELVE);
  assert.deepEqual(await slotOf(scene), ["Room A", "12:00", "13:00", "approved", true]);
});

Deno.test("the hour that Bob moves away from is Alice's to have", async () => {
  await using scene = await twoRooms();
  await scene.move("bob", TWELVE);
  assert(await scene.ask("alice", TEN));
});

Deno.test("Bob moves his reservation by half an hour, over what he has", async () => {
  await using scene = await twoRooms();
  await scene.move("bob", on("2026-05-05", "10:30", "11:30"));
  assert.deepEqual((await slotOf(scene)).slice(1, 3), ["10:30", "11:30"]);
});

Deno.test("Bob moves his reservation onto itself, and nothing is written", async () => {
  await using scene = await twoRooms();
  const before = await everything(scene);
  await scene.move("bob", TEN);
  assert.equal(await everything(scene), before);
});

Deno.test("Bob cannot move his reservation onto Alice's, and is told so", async () => {
  await using scene = await twoRooms();
  await scene.ask("alice", ELEVEN);
  const { message } = await refused(scene.move("bob", on("2026-05-05", "10:30", "11:30")));
  assert.equal(message, "Room A is already taken by Alice Asker");
});

Deno.test("Bob's move onto Alice's reservation changes nothing", async () => {
  await using scene = await twoRooms();
  await scene.ask("alice", ELEVEN);
  const before = await everything(scene);
  await refused(scene.move("bob", ELEVEN));
  assert.equal(await everything(scene), before);
});

Deno.test("Bob's move that is refused leaves his words as they were, too", async () => {
  await using scene = await twoRooms();
  await scene.ask("alice", ELEVEN);
  const before = await everything(scene);
  await refused(change(scene.sql, scene.cast.bob, scene.bobs, { ...ELEVEN, purpose: "Orchestra" }, NOW));
  assert.equal(await everything(scene), before);
});

Deno.test("Bob moves his reservation to another room at the same hour", async () => {
  await using scene = await twoRooms();
  await scene.move("bob", { resource_ids: [scene.b.id] });
  assert.deepEqual(await slotOf(scene), ["Room B", "10:00", "11:00", "approved", true]);
});

Deno.test("Bob's reservation takes a second room along, if that is free as well", async () => {
  await using scene = await twoRooms();
  await scene.ask("alice", TEN, scene.b);
  const before = await everything(scene);
  await refused(scene.move("bob", { resource_ids: [scene.a.id, scene.b.id] }));
  assert.equal(await everything(scene), before);
});

Deno.test("Bob cannot move his reservation into the past", async () => {
  await using scene = await twoRooms();
  await assert.rejects(scene.move("bob", on("2026-05-04", "08:00", "09:00")), Invalid);
});

Deno.test("Bob cannot move the end of his reservation before its start", async () => {
  await using scene = await twoRooms();
  await assert.rejects(scene.move("bob", { end_time: TEN.start_time }), Invalid);
});

Deno.test("Bob may end earlier what has begun", async () => {
  await using scene = await twoRooms();
  const halfPast = TEN.start_time.add({ minutes: 30 });
  await scene.move("bob", { end_time: halfPast }, scene.bobs, TEN.start_time.add({ minutes: 10 }));
  assert.deepEqual((await slotOf(scene)).slice(1, 3), ["10:00", "10:30"]);
});

Deno.test("Bob cannot end what has begun earlier than now", async () => {
  await using scene = await twoRooms();
  const begun = on("2026-05-05", "10:45", "11:00").start_time;
  const earlier = { end_time: on("2026-05-05", "10:30", "11:00").start_time };
  await assert.rejects(scene.move("bob", earlier, scene.bobs, begun), Invalid);
  assert.deepEqual(await slotOf(scene), ["Room A", "10:00", "11:00", "approved", true]);
});

Deno.test("Bob may end earlier what has begun, also where the room wants notice", async () => {
  await using scene = await twoRooms();
  const row = {
    id: newId(),
    name: "Notice",
    notice_minutes: 60,
    created_at: `${NOW}`,
    updated_at: `${NOW}`,
  };
  await scene.sql`insert into policies ${scene.sql(row)}`;
  await scene.sql`update resources set policy_id = ${row.id}, version = version + 1`;
  const halfPast = TEN.start_time.add({ minutes: 30 });
  await scene.move("bob", { end_time: halfPast }, scene.bobs, TEN.start_time.add({ minutes: 10 }));
  assert.deepEqual((await slotOf(scene)).slice(1, 3), ["10:00", "10:30"]);
});

Deno.test("Bob cannot change what is over", async () => {
  await using scene = await twoRooms();
  const { message } = await refused(
    scene.move("bob", { end_time: ELEVEN.end_time }, scene.bobs, TEN.end_time),
  );
  assert.equal(message, "This reservation cannot be rescheduled: it is already completed");
});

Deno.test("Bob cannot move what he has cancelled", async () => {
  await using scene = await twoRooms();
  await cancel(scene.sql, scene.cast.bob, { id: scene.bobs }, NOW);
  const { message } = await refused(scene.move("bob", TWELVE));
  assert.equal(message, "This reservation cannot be rescheduled: it is already cancelled by you, 09:00");
});

Deno.test("Alice does not find Bob's reservation to move it", async () => {
  await using scene = await twoRooms();
  await assert.rejects(scene.move("alice", TWELVE), NotFound);
});

Deno.test("Sam, who is staff, moves Bob's reservation", async () => {
  await using scene = await twoRooms();
  await scene.move("sam", TWELVE);
  const [{ actor_id }] = await scene.sql`select actor_id from history order by id desc limit 1`;
  assert.deepEqual([(await slotOf(scene))[1], actor_id], ["12:00", scene.cast.sam.id]);
});

Deno.test("a room that was deactivated while Bob's move waited is not moved to", async () => {
  await using scene = await twoRooms();
  let moving: Promise<unknown> | undefined;
  await scene.sql.begin(async (tx) => {
    await tx`update resources set deactivated_at = ${NOW}, version = version + 1 where id = ${scene.b.id}`;
    moving = refused(scene.move("bob", { resource_ids: [scene.b.id] }));
    await untilSomebodyWaits(scene);
  });
  assert.equal((await moving as Conflict).message, "Room B cannot be reserved at present");
});

async function untilSomebodyWaits({ sql }: Scene) {
  for (let attempt = 0; attempt < 200; attempt++) {
    const [{ waiting }] = await sql`
      select count(*)::int as waiting from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    if (waiting > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("Nobody came to wait");
}

const MOVES: [string, keyof Scene["cast"], ReturnType<typeof on>, string][] = [
  ["Bob's longer", "bob", on("2026-05-05", "10:00", "11:15"), "pending"],
  ["Bob's later", "bob", TWELVE, "pending"],
  ["Bob's shorter", "bob", on("2026-05-05", "10:15", "10:45"), "approved"],
  ["Sam's later", "sam", TWELVE, "approved"],
];
for (const [whose, who, slot, status] of MOVES) {
  Deno.test(`${whose} time for an approved reservation leaves it ${status}`, async () => {
    await using scene = await twoRooms({ requires_approval: true });
    await approve(scene.sql, scene.cast.sue, { id: scene.bobs }, NOW);
    assert.equal(await scene.move(who, slot), status);
    assert.deepEqual((await slotOf(scene)).slice(3), [status, status === "approved"]);
  });
}

Deno.test("Sam's later time for a request leaves the decision open", async () => {
  await using scene = await twoRooms({ requires_approval: true });
  assert.equal(await scene.move("sam", TWELVE), "pending");
});

Deno.test("Bob's approved reservation that moves to a room with approval waits for a decision", async () => {
  await using scene = await twoRooms();
  const hall = await makeResource(scene.sql, scene.cast.ada, { name: "Hall", requires_approval: true });
  assert.equal(await scene.move("bob", { resource_ids: [hall.id] }), "pending");
});

Deno.test("Bob's request that moves to a room without approval is approved", async () => {
  await using scene = await twoRooms({ requires_approval: true });
  assert.equal(await scene.move("bob", { resource_ids: [scene.b.id] }), "approved");
});

Deno.test("Bob and Alice who move onto each other's hour at once are refused, not stuck", async () => {
  await using scene = await twoRooms();
  const hers = await scene.ask("alice", ELEVEN);
  for (let round = 0; round < ROUNDS; round++) {
    const said = await outcomes([scene.move("bob", ELEVEN), scene.move("alice", TEN, hers)]);
    assert.deepEqual(said, ["refused", "refused"]);
  }
});

Deno.test("Bob and Alice who move into each other's room at once are refused, not stuck", async () => {
  await using scene = await twoRooms();
  const hers = await scene.ask("alice", TEN, scene.b);
  for (let round = 0; round < ROUNDS; round++) {
    const said = await outcomes([
      scene.move("bob", { resource_ids: [scene.b.id] }),
      scene.move("alice", { resource_ids: [scene.a.id] }, hers),
    ]);
    assert.deepEqual(said, ["refused", "refused"]);
  }
});

Deno.test("of Bob and Alice who move to the same free hour at once, one gets it", async () => {
  await using scene = await twoRooms();
  const hers = await scene.ask("alice", ELEVEN);
  for (let round = 0; round < ROUNDS; round++) {
    const said = await outcomes([scene.move("bob", TWELVE), scene.move("alice", TWELVE, hers)]);
    assert.deepEqual(said.toSorted(), ["done", "refused"]);
    await Promise.all([scene.move("bob", TEN), scene.move("alice", ELEVEN, hers)]);
  }
});

Deno.test("Bob's new words leave slot and status as they were, and one row of history", async () => {
  await using scene = await twoRooms();
  const before = await slotOf(scene);
  await describe(scene.sql, scene.cast.bob, scene.bobs, { purpose: "Orchestra", private: true }, NOW);
  const entries = await scene.sql`
    select action, details, previous_state from history where reservation_id = ${scene.bobs} order by id offset 1`;
  assert.deepEqual([await slotOf(scene), ...entries], [before, {
    action: "edit",
    details: { purpose: "Orchestra", private: true },
    previous_state: { status: "approved", purpose: "Choir", private: false },
  }]);
});

Deno.test("Bob's old words once more write nothing", async () => {
  await using scene = await twoRooms();
  const before = await everything(scene);
  await describe(scene.sql, scene.cast.bob, scene.bobs, { purpose: "Choir" }, NOW);
  assert.equal(await everything(scene), before);
});

Deno.test("Bob cannot find new words for what is cancelled", async () => {
  await using scene = await twoRooms();
  await cancel(scene.sql, scene.cast.bob, { id: scene.bobs }, NOW);
  const { message } = await refused(
    describe(scene.sql, scene.cast.bob, scene.bobs, { purpose: "Orchestra" }, NOW),
  );
  assert.equal(message, "This reservation cannot be changed: it is already cancelled");
});

Deno.test("Bob's new words and his cancellation at once tell one story in the history", async () => {
  await using scene = await twoRooms();
  for (let round = 0; round < ROUNDS; round++) {
    const id = await scene.ask("bob", TWELVE);
    const [, cancelled] = await outcomes([
      describe(scene.sql, scene.cast.bob, id, { purpose: `Round ${round}` }, NOW),
      cancel(scene.sql, scene.cast.bob, { id }, NOW),
    ]);
    assert.equal(cancelled, "done");
    await assertSound(scene.sql);
  }
});
