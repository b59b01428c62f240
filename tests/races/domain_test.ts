import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import { connect } from "../../db/connect.ts";
import { transaction } from "../../db/transaction.ts";
import type { Sql } from "../../db/types.ts";
import { approve, deny } from "../../domain/approvals.ts";
import { cancel, change, describe, reschedule, restore } from "../../domain/edits.ts";
import { Conflict, Forbidden, Invalid, NotFound } from "../../domain/errors.ts";
import type { Actor } from "../../domain/permissions.ts";
import { request } from "../../domain/requests.ts";
import type { Stored } from "../../domain/storing.ts";
import { sweep } from "../../domain/sweep.ts";
import { transition } from "../../domain/transitions.ts";
import { newId } from "../../lib/ids.ts";
import { type Cast, makeCast, makeCrowd, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const DAY = "2026-05-05";

/** One database, and two pools to it: what two replicas are to each other. */
async function openReplicas() {
  const stack = new AsyncDisposableStack();
  const { sql, where } = stack.use(await testDatabase({ max: 10 }));
  const other = connect(where, { max: 10 });
  stack.defer(() => other.end({ timeout: 5 }));
  const cast = await makeCast(sql);
  return { sql, other, pools: [sql, other], cast, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

function hourOf(hour: number) {
  const clock = (hour: number) => `${String(hour).padStart(2, "0")}:00`;
  return on(DAY, clock(hour), clock(hour + 1));
}

/** What came of many at once: the answers, and the refusals in words. Any other failure is one. */
async function outcomes<T>(attempts: Promise<T>[]) {
  const settled = await Promise.allSettled(attempts);
  const answers: T[] = [];
  const refusals: string[] = [];
  for (const one of settled) {
    if (one.status === "fulfilled") answers.push(one.value);
    else if (isRefusal(one.reason)) refusals.push(one.reason.message);
    else throw one.reason;
  }
  return { answers, refusals };
}

function isRefusal(error: unknown): error is Error {
  return [Conflict, NotFound, Invalid, Forbidden].some((kind) => error instanceof kind);
}

Deno.test("Of fifty who ask two replicas for one slot at once exactly one gets it", async () => {
  await using scene = await openReplicas();
  const { id } = await makeResource(scene.sql, scene.cast.ada, { name: "Hall" });
  const crowd = await makeCrowd(scene.sql, 50);
  for (let hour = 8; hour < 18; hour++) {
    const wish = { resource_ids: [id], ...hourOf(hour) };
    const { answers, refusals } = await outcomes(
      crowd.map((person, i) => request(scene.pools[i % 2], person, wish, NOW)),
    );
    assert.deepEqual([answers.length, refusals.length], [1, 49]);
    for (const words of refusals) assert.match(words, /^Hall is already taken by Person \d+$/);
  }
  await assertSound(scene.sql);
});

Deno.test("Two replicas give a resource's units out to the last one, and none of them twice", async () => {
  await using scene = await openReplicas();
  const { id } = await makeResource(scene.sql, scene.cast.ada, { name: "Bicycles", units: 30 });
  const crowd = await makeCrowd(scene.sql, 50);
  const wish = { resource_ids: [id], ...on(DAY, "10:00", "11:00") };
  const { answers } = await outcomes(
    crowd.map((person, i) => request(scene.pools[i % 2], person, wish, NOW)),
  );
  assert.equal(answers.length, 30);
  await assertSound(scene.sql);
});

Deno.test("Who asks for several resources at once gets all of them or none, in whatever order they are named", async () => {
  await using scene = await openReplicas();
  const { sql, cast, pools } = scene;
  const [a, b, c] = await Promise.all(
    ["A", "B", "C"].map((name) => makeResource(sql, cast.ada, { name }).then((resource) => resource.id)),
  );
  const crowd = await makeCrowd(sql, 24);
  const wanted = [[a, b], [b, a], [b, c], [c, a], [a], [b], [c], [c, b, a]];
  for (let hour = 8; hour < 18; hour++) {
    const slot = hourOf(hour);
    const { answers } = await outcomes(
      crowd.map((person, i) =>
        request(pools[i % 2], person, { resource_ids: wanted[i % wanted.length], ...slot }, NOW)
      ),
    );
    assert(answers.length > 0);
    for (const { id, resource_ids } of answers) {
      const rows = await sql`select from allocations where reservation_id = ${id} and holds`;
      assert.equal(rows.length, resource_ids.length);
    }
  }
  await assertSound(sql);
});

Deno.test("Two who swap their slots at the same moment are both refused in words, and stay where they are", async () => {
  await using scene = await openReplicas();
  const { sql, other, cast } = scene;
  const { id } = await makeResource(sql, cast.ada, { name: "Hall" });
  const early = on(DAY, "10:00", "11:00");
  const late = on(DAY, "11:00", "12:00");
  const first = await request(sql, cast.alice, { resource_ids: [id], ...early }, NOW);
  const second = await request(sql, cast.bob, { resource_ids: [id], ...late }, NOW);
  for (let round = 0; round < 20; round++) {
    const { answers } = await outcomes([
      reschedule(sql, cast.alice, first.id, late, NOW),
      reschedule(other, cast.bob, second.id, early, NOW),
    ]);
    assert.deepEqual(answers, []);
  }
  await assertSound(sql);
});

Deno.test("Two who move to the same free slot at once: one moves, and the other stays where it was", async () => {
  await using scene = await openReplicas();
  const { sql, other, cast } = scene;
  const { id } = await makeResource(sql, cast.ada, { name: "Hall" });
  for (let day = 5; day < 25; day++) {
    const date = `2026-05-${String(day).padStart(2, "0")}`;
    const one = await request(sql, cast.alice, { resource_ids: [id], ...on(date, "08:00", "09:00") }, NOW);
    const two = await request(sql, cast.bob, { resource_ids: [id], ...on(date, "09:00", "10:00") }, NOW);
    const { answers, refusals } = await outcomes([
      reschedule(sql, cast.alice, one.id, on(date, "12:00", "13:00"), NOW),
      reschedule(other, cast.bob, two.id, on(date, "12:30", "13:30"), NOW),
    ]);
    assert.deepEqual([answers.length, refusals.length], [1, 1]);
  }
  await assertSound(sql);
});

Deno.test("Two sweeps at once share the work and do none of it twice", async () => {
  await using scene = await openReplicas();
  const { sql, other, cast } = scene;
  const { id } = await makeResource(sql, cast.ada, { name: "Lockers", units: 400 });
  const { id: asked } = await makeResource(sql, cast.ada, { name: "Great Hall", requires_approval: true });
  const slot = on(DAY, "10:00", "11:00");
  const count = 300;
  for (let i = 0; i < count; i++) {
    await request(scene.pools[i % 2], cast.alice, { resource_ids: [i % 3 ? id : asked], ...slot }, NOW);
  }
  const later = slot.end_time.add({ minutes: 1 });
  const changed = await Promise.all([sweep(sql, later), sweep(other, later), sweep(sql, later)]);
  // What one of them has in hand the others pass over: it is done once, or by the next run.
  assert.equal(changed.reduce((sum, n) => sum + n) + await sweep(sql, later), count);
  const [kept] = await sql<{ completed: number; expired: number }[]>`
    select count(*) filter (where status = 'completed')::int as completed,
      count(*) filter (where status = 'expired')::int as expired from reservations`;
  assert.deepEqual(kept, { completed: 200, expired: 100 });
  await assertSound(sql);
});

Deno.test("A description that comes while the reservation is being cancelled is refused, and leaves no trace", async () => {
  await using scene = await openReplicas();
  const { sql, other, cast } = scene;
  const { id: hall } = await makeResource(sql, cast.ada, { name: "Hall" });
  const { id } = await request(
    sql,
    cast.alice,
    { resource_ids: [hall], ...on(DAY, "10:00", "11:00") },
    NOW,
  );
  let late: Promise<unknown> | undefined;
  await transaction(sql, async (tx) => {
    await transition(tx, cast.alice, { id, action: "cancel" }, NOW);
    late = describe(other, cast.sam, id, { purpose: "Choir" }, NOW).catch((error) => error);
    await waitingFor(sql);
  });
  const refused = await late;
  assert(refused instanceof Conflict, String(refused));
  assert.match(refused.message, /cannot be changed/);
  const [{ purpose }] = await sql`select purpose from reservations where id = ${id}`;
  assert.equal(purpose, "");
  await assertSound(sql);
});

Deno.test("Of two who change words at once each changes what they name, and the history tells what it was", async () => {
  await using scene = await openReplicas();
  const { sql, other, cast } = scene;
  const { id: hall } = await makeResource(sql, cast.ada, { name: "Hall" });
  const wish = { resource_ids: [hall], ...on(DAY, "10:00", "11:00") };
  const { id } = await request(sql, cast.alice, wish, NOW);
  let late: Promise<unknown> | undefined;
  await transaction(sql, async (tx) => {
    await change(tx, cast.alice, id, { purpose: "Choir" }, NOW);
    late = change(other, cast.sam, id, { private: true }, NOW);
    await waitingFor(sql);
  });
  await late;
  const [kept] = await sql`select purpose, private from reservations where id = ${id}`;
  assert.deepEqual({ ...kept }, { purpose: "Choir", private: true });
  await assertSound(sql);
});

// Until somebody in this database waits for a lock.
async function waitingFor(sql: Sql) {
  for (let tries = 0; tries < 3_000; tries++) {
    const [{ waiting }] = await sql<{ waiting: number }[]>`
      select count(*)::int as waiting from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    if (waiting > 0) return;
    await pause(10);
  }
  assert.fail("Nobody ever waited");
}

type Verb = "request" | "approve" | "deny" | "cancel" | "restore" | "reschedule" | "describe" | "sweep";

interface Deed {
  verb: Verb;
  replica: number;
  who: number;
  which: number;
  resource: number;
  hour: number;
  hours: number;
  /** By how many minutes this replica's clock runs ahead. */
  ahead: number;
}

const VERBS: Verb[] = [
  ...["request", "request", "approve", "deny", "cancel", "restore"] as const,
  ...["reschedule", "reschedule", "describe", "sweep"] as const,
];
const deed: fc.Arbitrary<Deed> = fc.record({
  verb: fc.constantFrom(...VERBS),
  replica: fc.nat(1),
  who: fc.nat(3),
  which: fc.nat(100),
  resource: fc.nat(3),
  hour: fc.nat(5),
  hours: fc.integer({ min: 1, max: 2 }),
  ahead: fc.constantFrom(0, 0, 0, 5, 61, 125),
});

Deno.test("Whatever two replicas do to the same few slots at once, every promise of the database is kept", async () => {
  await using scene = await openReplicas();
  const { sql, cast } = scene;
  const holding = await policyThatHolds(sql);
  const done = new Map<Verb, number>();
  let round = 0;
  const property = fc.asyncProperty(fc.array(deed, { minLength: 20, maxLength: 40 }), async (deeds) => {
    // Each round has its own rooms and hours; what is left of the others would only make it slower.
    const name = `Round ${++round}`;
    const ada = cast.ada;
    const rooms = await Promise.all([
      makeResource(sql, ada, { name: `${name} hall` }),
      makeResource(sql, ada, { name: `${name} great hall`, requires_approval: true }),
      makeResource(sql, ada, { name: `${name} held hall`, requires_approval: true, policy_id: holding }),
      makeResource(sql, ada, { name: `${name} bays`, units: 2 }),
    ]);
    const ids = rooms.map((room) => room.id);
    const begun = await prepare(sql, cast, ids);
    const now = NOW.add({ hours: 1 });
    await outcomes(deeds.map(async (one) => {
      await act(scene.pools[one.replica], cast, one, ids, begun, now.add({ minutes: one.ahead }));
      done.set(one.verb, (done.get(one.verb) ?? 0) + 1);
    }));
    await assertSound(sql);
  });
  await fc.assert(property, { numRuns: 40, endOnFailure: true, seed: 20260504 });
  assert.deepEqual(new Set(done.keys()), new Set(VERBS), "Some of it never succeeded");
});

// Some that are approved, some that wait and some that were cancelled a moment ago, to be raced for.
async function prepare(sql: Sql, cast: Cast, rooms: string[]): Promise<string[]> {
  const begun: Stored[] = [];
  for (const [i, room] of [...rooms, ...rooms].entries()) {
    const slot = slotAt(i < rooms.length ? 0 : 3, 1);
    const wish = { resource_ids: [room], ...slot };
    begun.push(await request(sql, i % 2 ? cast.alice : cast.bob, wish, NOW));
  }
  for (const { id } of begun.slice(5)) await cancel(sql, cast.sam, { id }, NOW.add({ minutes: 59 }));
  return begun.map((one) => one.id);
}

async function act(sql: Sql, cast: Cast, deed: Deed, rooms: string[], ids: string[], now: Temporal.Instant) {
  const people: Actor[] = [cast.alice, cast.bob, cast.sam, cast.sue];
  const who = people[deed.who];
  const id = ids[deed.which % ids.length];
  const room = rooms[deed.resource];
  const slot = slotAt(deed.hour, deed.hours);
  switch (deed.verb) {
    case "request":
      return await request(sql, who, { resource_ids: deed.which % 4 ? [room] : rooms, ...slot }, now);
    case "approve":
      return await approve(sql, deed.who % 2 ? cast.sam : cast.sue, { id }, now);
    case "deny":
      return await deny(sql, deed.who % 2 ? cast.sam : cast.sue, { id, reason: "No" }, now);
    case "cancel":
      return await cancel(sql, who, { id }, now);
    case "restore":
      return await restore(sql, who, id, now);
    case "reschedule":
      return await reschedule(sql, who, id, deed.which % 3 ? slot : { ...slot, resource_ids: [room] }, now);
    case "describe":
      return await describe(sql, who, id, { purpose: `Wish ${deed.which}` }, now);
    case "sweep":
      return await sweep(sql, now);
  }
}

function slotAt(hour: number, hours: number) {
  const start_time = NOW.add({ minutes: 75 + 30 * hour });
  return { start_time, end_time: start_time.add({ minutes: 30 * hours }) };
}

async function policyThatHolds(sql: Sql): Promise<string> {
  const id = newId();
  await sql`insert into policies (id, name, pending_holds, created_at, updated_at)
    values (${id}, 'Held while it waits', true, ${NOW}, ${NOW})`;
  return id;
}
