import assert from "node:assert/strict";
import type { Sql } from "../../db/types.ts";
import { Conflict, Invalid, NotFound } from "../../domain/errors.ts";
import { request } from "../../domain/requests.ts";
import type { NewReservation } from "../../domain/storing.ts";
import type { NewResource } from "../../domain/resources.ts";
import { newId } from "../../lib/ids.ts";
import { at, makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const TEN_TO_ELEVEN = on("2026-05-05", "10:00", "11:00");
const HALF_TO_HALF = on("2026-05-05", "10:30", "11:30");
const ELEVEN_TO_TWELVE = on("2026-05-05", "11:00", "12:00");

interface Rules {
  min_minutes?: number;
  max_minutes?: number;
  notice_minutes?: number;
  horizon_days?: number;
  pending_holds?: boolean;
}

/** A room, and a way to ask for it; what is stored is sound when the test is over. */
async function oneRoom(resource: Partial<NewResource> = {}, rules?: Rules) {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const policy_id = rules && await insertPolicy(sql, rules);
  const room = await makeResource(sql, cast.ada, { name: "Room", policy_id, ...resource });
  const ask = (who: keyof typeof cast, asked: Partial<NewReservation>, now = NOW) =>
    request(sql, cast[who], { ...TEN_TO_ELEVEN, resource_ids: [room.id], ...asked }, now);
  return {
    ...database,
    cast,
    room,
    ask,
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

async function insertPolicy(sql: Sql, rules: Rules): Promise<string> {
  const row = { id: newId(), name: "House rules", ...rules, created_at: `${NOW}`, updated_at: `${NOW}` };
  const [{ id }] = await sql<{ id: string }[]>`insert into policies ${sql(row)} returning id`;
  return id;
}

async function refused(work: Promise<unknown>): Promise<Conflict> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error;
}

async function storedIn(sql: Sql) {
  const [row] = await sql<Record<string, number>[]>`
    select (select count(*) from reservations)::int as reservations, (select count(*) from allocations)::int as allocations,
      (select count(*) from history where reservation_id is not null)::int as history, (select count(*) from outbox)::int as outbox`;
  return Object.values(row);
}

Deno.test("Bob's request for a free hour is approved at once", async () => {
  await using scene = await oneRoom();
  const { status, reference, resource_ids } = await scene.ask("bob", {});
  assert.deepEqual([status, reference, resource_ids], ["approved", "R-1", [scene.room.id]]);
});

Deno.test("what Bob asks for is stored as he said it", async () => {
  await using scene = await oneRoom();
  await scene.ask("bob", { purpose: "Choir — “Händel” 🎵", private: true, priority: 7 });
  const [row] = await scene.sql`
    select requester_id, purpose, private, priority, time_zone, start_time::text, end_time::text,
      to_char(start_wall, 'HH24:MI') as start_wall, to_char(end_wall, 'HH24:MI') as end_wall, created_at
    from reservations`;
  assert.deepEqual({ ...row, created_at: `${row.created_at}` }, {
    requester_id: scene.cast.bob.id,
    purpose: "Choir — “Händel” 🎵",
    private: true,
    priority: 7,
    time_zone: "Europe/Berlin",
    start_time: "2026-05-05 08:00:00+00",
    end_time: "2026-05-05 09:00:00+00",
    start_wall: "10:00",
    end_wall: "11:00",
    created_at: `${NOW}`,
  });
});

Deno.test("a request writes one reservation, one allocation, one row of history and one event", async () => {
  await using scene = await oneRoom();
  await scene.ask("bob", {});
  assert.deepEqual(await storedIn(scene.sql), [1, 1, 1, 1]);
});

Deno.test("Alice may begin when Bob ends", async () => {
  await using scene = await oneRoom();
  await scene.ask("bob", TEN_TO_ELEVEN);
  assert.equal((await scene.ask("alice", ELEVEN_TO_TWELVE)).status, "approved");
});

Deno.test("Alice may end when Bob begins", async () => {
  await using scene = await oneRoom();
  await scene.ask("bob", ELEVEN_TO_TWELVE);
  assert.equal((await scene.ask("alice", TEN_TO_ELEVEN)).status, "approved");
});

const OVERLAPS: [string, NewReservation | ReturnType<typeof on>][] = [
  ["the same hour", TEN_TO_ELEVEN],
  ["its second half and more", HALF_TO_HALF],
  ["its first half and more", on("2026-05-05", "09:30", "10:30")],
  ["the middle of it", on("2026-05-05", "10:15", "10:45")],
  ["all of it and more", on("2026-05-05", "09:00", "12:00")],
  ["its last second", { ...ELEVEN_TO_TWELVE, start_time: at("2026-05-05 10:59").add({ seconds: 59 }) }],
  ["its first second", {
    start_time: at("2026-05-05 09:00"),
    end_time: TEN_TO_ELEVEN.start_time.add({ seconds: 1 }),
  }],
];

for (const [what, wish] of OVERLAPS) {
  Deno.test(`Alice, who wants ${what} that Bob has, is refused, and nothing is stored`, async () => {
    await using scene = await oneRoom();
    await scene.ask("bob", TEN_TO_ELEVEN);
    await refused(scene.ask("alice", wish));
    assert.deepEqual(await storedIn(scene.sql), [1, 1, 1, 1]);
  });
}

Deno.test("Alice is told what is in the way: which reservation, of what, and when", async () => {
  await using scene = await oneRoom();
  const { id } = await scene.ask("bob", TEN_TO_ELEVEN);
  const { message, conflicts } = await refused(scene.ask("alice", HALF_TO_HALF));
  assert.equal(message, "Room is already taken by Bob Booker");
  assert.deepEqual(
    conflicts.map((c) => ({ ...c, start_time: `${c.start_time}`, end_time: `${c.end_time}` })),
    [{
      reservation_id: id,
      resource_id: scene.room.id,
      start_time: `${TEN_TO_ELEVEN.start_time}`,
      end_time: `${TEN_TO_ELEVEN.end_time}`,
    }],
  );
});

Deno.test("Alice is offered the nearest free hours, each of which she then gets", async () => {
  await using scene = await oneRoom();
  await scene.ask("bob", TEN_TO_ELEVEN);
  const { alternatives } = await refused(scene.ask("alice", TEN_TO_ELEVEN));
  assert.deepEqual(alternatives.map((a) => `${a.start_time}`), [
    `${at("2026-05-05 09:00")}`,
    `${at("2026-05-05 11:00")}`,
  ]);
  for (const { start_time, end_time } of alternatives) await scene.ask("alice", { start_time, end_time });
});

Deno.test("Bob, who asks twice, is told that he has it already", async () => {
  await using scene = await oneRoom();
  await scene.ask("bob", {});
  assert.equal((await refused(scene.ask("bob", {}))).message, "Room is already taken by you");
});

Deno.test("Alice does not learn who has the room where the reservation is private", async () => {
  await using scene = await oneRoom();
  await scene.ask("bob", { private: true, purpose: "Interview of Zoe" });
  const error = await refused(scene.ask("alice", {}));
  assert.equal(error.message, "Room is already taken");
  assert.doesNotMatch(JSON.stringify([error.conflicts, error.alternatives]), /Bob|Zoe|Interview/);
});

Deno.test("Sam, who is staff, learns who has the room where the reservation is private", async () => {
  await using scene = await oneRoom();
  await scene.ask("bob", { private: true });
  assert.equal((await refused(scene.ask("sam", {}))).message, "Room is already taken by Bob Booker");
});

Deno.test("a resource of three units is given out three times, each unit once", async () => {
  await using scene = await oneRoom({ units: 3 });
  for (const who of ["alice", "bob", "mallory"] as const) await scene.ask(who, {});
  const rows = await scene.sql<{ unit: number }[]>`select unit from allocations order by unit`;
  assert.deepEqual(rows.map((row) => row.unit), [1, 2, 3]);
});

Deno.test("a resource of two units is refused to the third, who learns of both in the way", async () => {
  await using scene = await oneRoom({ units: 2 });
  await scene.ask("alice", {});
  await scene.ask("bob", HALF_TO_HALF);
  assert.equal((await refused(scene.ask("mallory", on("2026-05-05", "10:45", "10:50")))).conflicts.length, 2);
});

Deno.test("a unit that is free for the whole period is found behind one that is free for half of it", async () => {
  await using scene = await oneRoom({ units: 2 });
  await scene.ask("alice", ELEVEN_TO_TWELVE);
  assert.equal((await scene.ask("bob", on("2026-05-05", "10:00", "12:00"))).status, "approved");
});

Deno.test("Bob gets several resources at once", async () => {
  await using scene = await oneRoom();
  const kit = await makeResource(scene.sql, scene.cast.ada, { name: "Kit", kind: "kit" });
  const { resource_ids } = await scene.ask("bob", { resource_ids: [kit.id, scene.room.id] });
  assert.deepEqual(resource_ids, [scene.room.id, kit.id].sort());
});

Deno.test("Bob gets none of several resources where one is taken", async () => {
  await using scene = await oneRoom();
  const kit = await makeResource(scene.sql, scene.cast.ada, { name: "Kit", kind: "kit" });
  await scene.ask("alice", { resource_ids: [kit.id] });
  const { message } = await refused(scene.ask("bob", { resource_ids: [scene.room.id, kit.id] }));
  assert.deepEqual([message, await storedIn(scene.sql)], [
    "Kit is already taken by Alice Asker",
    [1, 1, 1, 1],
  ]);
});

Deno.test("a resource that is named twice is taken once", async () => {
  await using scene = await oneRoom({ units: 2 });
  await scene.ask("bob", { resource_ids: [scene.room.id, scene.room.id] });
  assert.deepEqual(await storedIn(scene.sql), [1, 1, 1, 1]);
});

Deno.test("several resources wait for a decision where one of them wants it", async () => {
  await using scene = await oneRoom();
  const hall = await makeResource(scene.sql, scene.cast.ada, { name: "Hall", requires_approval: true });
  assert.equal((await scene.ask("bob", { resource_ids: [scene.room.id, hall.id] })).status, "pending");
});

Deno.test("requests that wait for a decision do not stand in each other's way", async () => {
  await using scene = await oneRoom({ requires_approval: true });
  const both = [await scene.ask("alice", {}), await scene.ask("bob", {})];
  assert.deepEqual(both.map((r) => r.status), ["pending", "pending"]);
});

Deno.test("a request that waits for a decision keeps others out where the policy says that it holds", async () => {
  await using scene = await oneRoom({ requires_approval: true }, { pending_holds: true });
  assert.equal((await scene.ask("alice", {})).status, "pending");
  assert.equal((await refused(scene.ask("bob", {}))).message, "Room is already taken by Alice Asker");
});

const nobody = crypto.randomUUID();
for (const [what, ids] of [["an unknown resource", [nobody]], ["no id at all", ["room"]], ["nothing", []]]) {
  Deno.test(`Bob, who asks for ${what}, finds nothing`, async () => {
    await using scene = await oneRoom();
    await assert.rejects(scene.ask("bob", { resource_ids: ids as string[] }), NotFound);
  });
}

Deno.test("Bob gets none of several resources where one does not exist", async () => {
  await using scene = await oneRoom();
  await assert.rejects(scene.ask("bob", { resource_ids: [scene.room.id, nobody] }), NotFound);
  assert.deepEqual(await storedIn(scene.sql), [0, 0, 0, 0]);
});

const IMPOSSIBLE: [string, ReturnType<typeof on>, string][] = [
  ["that ends before it starts", on("2026-05-05", "11:00", "10:00"), "end_time"],
  ["of no length", on("2026-05-05", "10:00", "10:00"), "end_time"],
  ["that began a minute ago", on("2026-05-04", "08:59", "10:00"), "start_time"],
  ["of yesterday", on("2026-05-03", "10:00", "11:00"), "start_time"],
];
for (const [what, wish, path] of IMPOSSIBLE) {
  Deno.test(`a period ${what} is refused beside its ${path}`, async () => {
    await using scene = await oneRoom();
    const error = await scene.ask("bob", wish).then(() => undefined, (error) => error);
    assert(error instanceof Invalid, `Expected Invalid: ${error}`);
    assert.deepEqual([error.issues.map((i) => i.path), await storedIn(scene.sql)], [[path], [0, 0, 0, 0]]);
  });
}

Deno.test("Bob may begin in the minute that runs", async () => {
  await using scene = await oneRoom();
  const asked = scene.ask("bob", on("2026-05-04", "09:00", "10:00"), NOW.add({ seconds: 59 }));
  assert.equal((await asked).status, "approved");
});

Deno.test("a request where nothing is in the way is one statement", async () => {
  await using scene = await oneRoom();
  await scene.ask("bob", TEN_TO_ELEVEN);
  scene.statements.length = 0;
  await scene.ask("bob", ELEVEN_TO_TWELVE);
  assert.equal(scene.statements.length, 1);
});
