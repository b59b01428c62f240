import assert from "node:assert/strict";
import { approve } from "../../domain/approvals.ts";
import { cancel } from "../../domain/edits.ts";
import type { Period } from "../../domain/periods.ts";
import { request } from "../../domain/requests.ts";
import type { NewResource } from "../../domain/resources.ts";
import { sweep } from "../../domain/sweep.ts";
import { transitionDue } from "../../domain/transitions.ts";
import { newId } from "../../lib/ids.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const TEN = on("2026-05-04", "10:00", "11:00");
const { start_time: BEGUN, end_time: OVER } = TEN;
const LONG_AFTER = OVER.add({ hours: 24 * 30 });

/** A room and a hall that wants approval; what is stored is sound when the test is over. */
async function oneHouse() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const room = await makeResource(sql, cast.ada, { name: "Room" });
  const hall = await makeResource(sql, cast.ada, { name: "Hall", requires_approval: true });
  const ask = async (resource = room, period: Period = TEN) =>
    (await request(sql, cast.bob, { ...period, resource_ids: [resource.id] }, NOW)).id;
  return {
    ...database,
    cast,
    room,
    hall,
    ask,
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}
type Scene = Awaited<ReturnType<typeof oneHouse>>;

async function stateOf({ sql }: Scene, id: string) {
  const [row] = await sql`
    select v.status, a.holds from reservations v join allocations a on a.reservation_id = v.id where v.id = ${id}`;
  return Object.values(row);
}

/** How many reservations have each status, and how many rows tell of what was done to them. */
async function counts({ sql }: Scene) {
  const [row] = await sql<Record<string, number>[]>`
    select (select count(*) from reservations where status = 'completed')::int as completed,
      (select count(*) from history where action = 'complete')::int as in_history,
      (select count(*) from outbox where event = 'reservation.completed')::int as in_outbox,
      (select count(*) from allocations where holds)::int as holding`;
  return Object.values(row);
}

/** So many reservations of five minutes each in a room with as many units, as `request` stores them. */
async function makeMany({ sql, cast }: Scene, count: number, resource: Partial<NewResource> = {}) {
  const period = { ...on("2026-05-04", "10:00", "10:05") };
  const { id } = await makeResource(sql, cast.ada, { name: "Desks", units: 500, ...resource });
  for (let hour = 0; count > 0; hour++, count -= 500) {
    const start_time = period.start_time.add({ minutes: 5 * hour });
    const end_time = start_time.add({ minutes: 5 });
    await sql`
      with made as (
        insert into reservations (id, requester_id, status, start_time, end_time, time_zone, start_wall, end_wall,
          created_at, updated_at)
        select gen_random_uuid(), ${cast.bob.id}, 'approved', ${start_time}, ${end_time}, 'Europe/Berlin',
          ${start_time}::timestamptz at time zone 'Europe/Berlin',
          ${end_time}::timestamptz at time zone 'Europe/Berlin', ${NOW}, ${NOW}
        from generate_series(1, ${Math.min(count, 500)})
        returning id
      ), taken as (
        insert into allocations (reservation_id, resource_id, unit, period, holds, asked)
        select id, ${id}, row_number() over (), tstzrange(${start_time}, ${end_time}), true, 1 from made
      ), recorded as (
        insert into history (reservation_id, actor_id, action, details, after_state, at)
        select made.id, ${cast.bob.id}, 'request', '{"status": "approved"}',
          jsonb_build_object('status', 'approved', 'resource_ids', jsonb_build_array(${id}::uuid)), ${NOW}
        from made
      )
      insert into outbox (event, reservation_id, created_at) select 'reservation.approved', id, ${NOW} from made`;
  }
}

Deno.test("an approved reservation is completed when its end has come, and lets its slot go", async () => {
  await using scene = await oneHouse();
  const id = await scene.ask();
  await sweep(scene.sql, OVER);
  assert.deepEqual(await stateOf(scene, id), ["completed", false]);
});

Deno.test("an approved reservation stays what it is until its last second", async () => {
  await using scene = await oneHouse();
  const id = await scene.ask();
  await sweep(scene.sql, OVER.subtract({ seconds: 1 }));
  assert.deepEqual(await stateOf(scene, id), ["approved", true]);
});

Deno.test("a request that nobody decided expires at its start", async () => {
  await using scene = await oneHouse();
  const id = await scene.ask(scene.hall);
  await sweep(scene.sql, BEGUN);
  assert.deepEqual(await stateOf(scene, id), ["expired", false]);
});

Deno.test("a request stays open until the second before its start", async () => {
  await using scene = await oneHouse();
  const id = await scene.ask(scene.hall);
  await sweep(scene.sql, BEGUN.subtract({ seconds: 1 }));
  assert.deepEqual(await stateOf(scene, id), ["pending", false]);
});

Deno.test("a request that held its slot while it waited lets it go when it expires", async () => {
  await using scene = await oneHouse();
  const row = { id: newId(), name: "Holds", pending_holds: true, created_at: `${NOW}`, updated_at: `${NOW}` };
  await scene.sql`insert into policies ${scene.sql(row)}`;
  await scene.sql`update resources set policy_id = ${row.id}, version = version + 1`;
  const id = await scene.ask(scene.hall);
  assert.deepEqual(await stateOf(scene, id), ["pending", true]);
  await sweep(scene.sql, BEGUN);
  assert.deepEqual(await stateOf(scene, id), ["expired", false]);
});

Deno.test("a request that was approved does not expire at its start", async () => {
  await using scene = await oneHouse();
  const id = await scene.ask(scene.hall);
  await approve(scene.sql, scene.cast.sam, { id }, NOW);
  await sweep(scene.sql, BEGUN);
  assert.deepEqual(await stateOf(scene, id), ["approved", true]);
});

Deno.test("what was cancelled stays cancelled, however much later", async () => {
  await using scene = await oneHouse();
  const id = await scene.ask();
  await cancel(scene.sql, scene.cast.bob, { id }, NOW);
  assert.equal(await sweep(scene.sql, LONG_AFTER), 0);
  assert.deepEqual(await stateOf(scene, id), ["cancelled", false]);
});

// Nothing checks in yet, so the status is put there and taken back.
Deno.test("what has been checked in is due when its end has come", async () => {
  await using scene = await oneHouse();
  const id = await scene.ask();
  const takenBack = new Error("taken back");
  await assert.rejects(
    scene.sql.begin(async (tx) => {
      await tx`update reservations set status = 'checked_in' where id = ${id}`;
      assert.equal(await transitionDue(tx, "complete", OVER, 10), 1);
      throw takenBack;
    }),
    takenBack,
  );
});

Deno.test("the sweep leaves a row of history that nobody did, with what was before", async () => {
  await using scene = await oneHouse();
  const id = await scene.ask();
  await sweep(scene.sql, OVER);
  const rows = await scene.sql`
    select action, actor_id, previous_state ->> 'status' as before, at from history where reservation_id = ${id}
    order by id offset 1`;
  assert.deepEqual(rows.map(({ at, ...row }) => ({ ...row, at: `${at}` })), [{
    action: "complete",
    actor_id: null,
    before: "approved",
    at: `${OVER}`,
  }]);
});

Deno.test("the sweep leaves one event for each that moves", async () => {
  await using scene = await oneHouse();
  await scene.ask();
  await scene.ask(scene.hall);
  await sweep(scene.sql, OVER);
  const rows = await scene.sql<{ event: string }[]>`select event from outbox order by id offset 2`;
  assert.deepEqual(rows.map((row) => row.event), ["reservation.completed", "reservation.expired"]);
});

Deno.test("the sweep says how many it moved", async () => {
  await using scene = await oneHouse();
  await scene.ask();
  await scene.ask(scene.hall);
  await scene.ask(scene.room, on("2026-05-06", "10:00", "11:00"));
  assert.equal(await sweep(scene.sql, OVER), 2);
});

Deno.test("a second sweep has nothing to do, and writes nothing", async () => {
  await using scene = await oneHouse();
  await scene.ask();
  await sweep(scene.sql, OVER);
  const before = await counts(scene);
  assert.deepEqual([await sweep(scene.sql, LONG_AFTER), await counts(scene)], [0, before]);
});

Deno.test("what is more than one batch is done in one sweep", async () => {
  await using scene = await oneHouse();
  await makeMany(scene, 1_203);
  assert.equal(await sweep(scene.sql, OVER), 1_203);
  assert.deepEqual(await counts(scene), [1_203, 1_203, 1_203, 0]);
});

Deno.test("what is exactly one batch is done in one sweep", async () => {
  await using scene = await oneHouse();
  await makeMany(scene, 500);
  assert.equal(await sweep(scene.sql, OVER), 500);
});

Deno.test("four sweeps at once share the work and do none of it twice", async () => {
  await using scene = await oneHouse();
  await makeMany(scene, 2_000);
  const moved = await Promise.all(Array.from({ length: 4 }, () => sweep(scene.sql, OVER)));
  assert.equal(moved.reduce((sum, count) => sum + count, 0), 2_000);
  assert.deepEqual(await counts(scene), [2_000, 2_000, 2_000, 0]);
});

Deno.test("a sweep passes over what somebody else works on, and does not wait for it", async () => {
  await using scene = await oneHouse();
  const [locked, other] = [await scene.ask(), await scene.ask(scene.hall)];
  await scene.sql.begin(async (tx) => {
    await tx`select from reservations where id = ${locked} for update`;
    assert.equal(await sweep(scene.sql, OVER), 1);
  });
  assert.deepEqual([await stateOf(scene, locked), await stateOf(scene, other)], [
    ["approved", true],
    ["expired", false],
  ]);
});

Deno.test("of a sweep and a decision at the last moment, one moves the request, twenty times", async () => {
  await using scene = await oneHouse();
  for (let round = 0; round < 20; round++) {
    const id = await scene.ask(scene.hall);
    const decided = approve(scene.sql, scene.cast.sam, { id }, BEGUN.subtract({ seconds: 1 }));
    const [moved, decision] = await Promise.allSettled([sweep(scene.sql, BEGUN), decided]);
    assert.equal(moved.status, "fulfilled");
    const [status] = await stateOf(scene, id);
    assert.equal(status, decision.status === "fulfilled" ? "approved" : "expired");
    if (status === "approved") await cancel(scene.sql, scene.cast.bob, { id }, BEGUN);
  }
});
