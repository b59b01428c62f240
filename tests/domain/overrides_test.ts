import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { transaction } from "../../db/transaction.ts";
import type { Sql } from "../../db/types.ts";
import { approve } from "../../domain/approvals.ts";
import { bump, holdersInTheWay } from "../../domain/bumps.ts";
import { cancel } from "../../domain/edits.ts";
import { Conflict } from "../../domain/errors.ts";
import { listHistory, listNews } from "../../domain/history.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { listPending } from "../../domain/queue.ts";
import { request } from "../../domain/requests.ts";
import type { NewReservation } from "../../domain/storing.ts";
import { changeResource } from "../../domain/resources.ts";
import { sweep } from "../../domain/sweep.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const TEN = on("2026-05-05", "10:00", "11:00");
const ELEVEN = on("2026-05-05", "11:00", "12:00");
const BOTH = on("2026-05-05", "10:00", "12:00");
const reason = "The mayor comes";

/** A hall that wants approval; what is stored is sound when the test is over. */
async function oneHall({ units = 1 } = {}) {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const hall = await makeResource(sql, cast.ada, { name: "Hall", requires_approval: true, units });
  const ask = (who: keyof typeof cast, asked: Partial<NewReservation> = {}) =>
    request(sql, cast[who], { ...TEN, resource_ids: [hall.id], ...asked }, NOW).then(({ id }) => id);
  const has = async (who: keyof typeof cast, asked: Partial<NewReservation> = {}) => {
    const id = await ask(who, asked);
    await approve(sql, cast.sue, { id }, NOW);
    return id;
  };
  return {
    ...database,
    cast,
    hall,
    ask,
    has,
    override: (id: string, more: { bumps?: string[]; reason?: string } = { reason }) =>
      approve(sql, cast.sam, { id, force_override: true, ...more }, NOW),
    statusOf: async (...ids: string[]) => {
      const rows = await sql<{ id: string; status: string; holds: boolean }[]>`
        select v.id, v.status, bool_or(a.holds) as holds from reservations v
        join allocations a on a.reservation_id = v.id group by v.id`;
      return ids.map((id) => {
        const { status, holds } = rows.find((row) => row.id === id)!;
        return `${status}${holds ? ", holds" : ""}`;
      });
    },
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

// Until somebody waits for a lock.
async function waiting(sql: Sql) {
  for (let tries = 0; tries < 1_000; tries++) {
    const found = await sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    if (found.length > 0) return;
    await pause(5);
  }
  assert.fail("Nobody ever waited");
}

async function refused(work: Promise<unknown>): Promise<Conflict> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error;
}

Deno.test("without an override what is taken is refused, with who has it, and waits on", async () => {
  await using scene = await oneHall();
  const his = await scene.ask("bob");
  const hers = await scene.has("alice");
  const error = await refused(approve(scene.sql, scene.cast.sam, { id: his }, NOW));
  assert.deepEqual(error.conflicts.map((one) => one.reservation_id), [hers]);
  assert.deepEqual(await scene.statusOf(his, hers), ["pending", "approved, holds"]);
});

Deno.test("an override bumps everything in the way, and approves", async () => {
  await using scene = await oneHall();
  const his = await scene.ask("bob", BOTH);
  const [one, two] = [await scene.has("alice"), await scene.has("mallory", ELEVEN)];
  await scene.override(his);
  assert.deepEqual(await scene.statusOf(his, one, two), ["approved, holds", "bumped", "bumped"]);
});

Deno.test("an override leaves alone what is beside the time", async () => {
  await using scene = await oneHall();
  const his = await scene.ask("bob");
  const [one, two] = [await scene.has("alice"), await scene.has("mallory", ELEVEN)];
  await scene.override(his);
  assert.deepEqual(await scene.statusOf(one, two), ["bumped", "approved, holds"]);
});

Deno.test("an override where nothing is in the way is an approval", async () => {
  await using scene = await oneHall();
  const his = await scene.ask("bob");
  await scene.override(his);
  assert.deepEqual(await scene.statusOf(his), ["approved, holds"]);
});

Deno.test("those who are bumped read the reason, and the history says for what", async () => {
  await using scene = await oneHall();
  const his = await scene.ask("bob");
  const hers = await scene.has("alice");
  await scene.override(his);
  const [bumped] = (await listHistory(scene.sql, hers)).slice(-1);
  assert.deepEqual([bumped.action, bumped.details, bumped.actor_name], [
    "bump",
    { for: his, reason },
    "Sam Says",
  ]);
  const [approved] = (await listHistory(scene.sql, his)).slice(-1);
  assert.deepEqual([approved.action, approved.details], ["approve", { bumped: [hers], reason }]);
});

Deno.test("those who are bumped without a word read one all the same", async () => {
  await using scene = await oneHall();
  const his = await scene.ask("bob");
  const hers = await scene.has("alice");
  await scene.override(his, {});
  const [{ decision_reason }] = await scene.sql`select decision_reason from reservations where id = ${hers}`;
  assert.equal(decision_reason, "Its time was given to another reservation");
});

Deno.test("an override takes several resources, or nothing at all", async () => {
  await using scene = await oneHall();
  const van = await makeResource(scene.sql, scene.cast.ada, { name: "Van" });
  const his = await scene.ask("bob", { resource_ids: [scene.hall.id, van.id] });
  const hers = await scene.has("alice");
  const { id: theirs } = await request(
    scene.sql,
    scene.cast.mallory,
    { ...TEN, resource_ids: [van.id] },
    NOW,
  );
  await scene.sql`update reservations set status = 'checked_in' where id = ${theirs}`;
  const error = await refused(scene.override(his));
  assert.equal(
    error.message,
    "Van is in use by Mallory Outside: whoever has checked in is not bumped",
  );
  assert.deepEqual(await scene.statusOf(his, hers), ["pending", "approved, holds"]);
  // Nobody has to check in there: the test's own change is taken back before it is judged.
  await scene.sql`update reservations set status = 'approved' where id = ${theirs}`;
});

Deno.test("of several units an override takes the one whose holder matters least", async () => {
  await using scene = await oneHall({ units: 3 });
  const his = await scene.ask("bob");
  const [high, low, middle] = [
    await scene.has("alice", { priority: 9 }),
    await scene.has("mallory", { priority: 1 }),
    await scene.has("alice", { priority: 5 }),
  ];
  await scene.override(his);
  assert.deepEqual(await scene.statusOf(high, low, middle), [
    "approved, holds",
    "bumped",
    "approved, holds",
  ]);
});

Deno.test("of several units an override takes none while one is free", async () => {
  await using scene = await oneHall({ units: 2 });
  const his = await scene.ask("bob");
  const hers = await scene.has("alice");
  assert.equal((await holdersInTheWay(scene.sql, his, NOW)).length, 0);
  await scene.override(his);
  assert.deepEqual(await scene.statusOf(his, hers), ["approved, holds", "approved, holds"]);
});

/** The hall of `oneHall`, which Bob has asked for, and which Alice's request holds for an hour while it waits. */
async function heldByAlice() {
  const scene = await oneHall();
  const his = await scene.ask("bob");
  const rules = { ...NO_RULES, name: "Holds", pending_holds: true, hold_minutes: 60 };
  const policy_id = await createPolicy(scene.sql, scene.cast.ada, rules, NOW);
  await changeResource(scene.sql, scene.cast.ada, { id: scene.hall.id, policy_id }, NOW);
  const hers = await scene.ask("alice");
  assert.deepEqual(await scene.statusOf(hers), ["pending, holds"]);
  return { ...scene, his, hers };
}

Deno.test("a request that holds its time while it waits gives it up, and waits on", async () => {
  await using scene = await heldByAlice();
  await scene.override(scene.his);
  assert.deepEqual(await scene.statusOf(scene.his, scene.hers), ["approved, holds", "pending"]);
});

Deno.test("whose request gave up its time reads so among the news, and is not told again when the hold would have ended", async () => {
  await using scene = await heldByAlice();
  const { sql, cast, hers } = scene;
  await scene.override(scene.his);
  assert.deepEqual((await listNews(sql, cast.alice, NOW)).map(({ action }) => action), ["edit"]);
  await sweep(sql, NOW.add({ hours: 2 }));
  assert.deepEqual((await listHistory(sql, hers)).map(({ action }) => action), ["request", "edit"]);
});

Deno.test("a request that is approved while an override is about to take its time is bumped, and holds all or nothing", async () => {
  await using scene = await heldByAlice();
  const { sql, cast, his, hers } = scene;
  let overriding: Promise<unknown> | undefined;
  // The override has seen that she waits, and before it takes her time away she is approved.
  await transaction(sql, async (tx) => {
    // His approval cannot be written down meanwhile: whoever did it is locked.
    await tx`select from users where id = ${cast.sam.id} for update`;
    overriding = scene.override(his);
    await waiting(sql);
    await approve(tx as unknown as Sql, cast.sue, { id: hers }, NOW);
  });
  await overriding;
  assert.deepEqual(await scene.statusOf(his, hers), ["approved, holds", "bumped"]);
});

Deno.test("an override that was shown something else is refused, and nothing is bumped", async () => {
  await using scene = await oneHall();
  const his = await scene.ask("bob", BOTH);
  const hers = await scene.has("alice");
  const late = await scene.has("mallory", ELEVEN);
  const error = await refused(scene.override(his, { reason, bumps: [hers] }));
  assert.match(error.message, /^What is in the way has changed/);
  assert.deepEqual(await scene.statusOf(his, hers, late), ["pending", "approved, holds", "approved, holds"]);
});

Deno.test("an override that was shown more than is in the way now does the rest", async () => {
  await using scene = await oneHall();
  const his = await scene.ask("bob", BOTH);
  const hers = await scene.has("alice");
  const gone = await scene.has("mallory", ELEVEN);
  await cancel(scene.sql, scene.cast.mallory, { id: gone }, NOW);
  await scene.override(his, { reason, bumps: [hers, gone] });
  assert.deepEqual(await scene.statusOf(his, hers, gone), ["approved, holds", "bumped", "cancelled"]);
});

Deno.test("an approval of what was changed since it was looked at is refused", async () => {
  await using scene = await oneHall();
  const id = await scene.ask("bob");
  const error = await refused(approve(scene.sql, scene.cast.sam, { id, version: 2 }, NOW));
  assert.equal(
    error.message,
    "This reservation cannot be approved: it was changed since you looked at it",
  );
});

Deno.test("two overrides that are in each other's way at once: one is approved, or the second bumps the first", async () => {
  await using scene = await oneHall();
  for (let round = 0; round < 20; round++) {
    const day = Temporal.PlainDate.from("2026-05-06").add({ days: round }).toString();
    const period = on(day, "10:00", "11:00");
    const [his, hers] = [await scene.ask("bob", period), await scene.ask("alice", period)];
    await Promise.all([scene.override(his), scene.override(hers)]);
    assert.deepEqual((await scene.statusOf(his, hers)).sort(), ["approved, holds", "bumped"]);
  }
});

Deno.test("a bump and an override of one victim at once: it is bumped once", async () => {
  await using scene = await oneHall();
  const { sql, cast } = scene;
  for (let round = 0; round < 20; round++) {
    const day = Temporal.PlainDate.from("2026-05-06").add({ days: round }).toString();
    const his = await scene.ask("bob", on(day, "10:00", "11:00"));
    const hers = await scene.has("alice", on(day, "10:00", "11:00"));
    await Promise.allSettled([scene.override(his), bump(sql, cast.sue, { id: hers, reason }, NOW)]);
    assert.deepEqual(await scene.statusOf(his, hers), ["approved, holds", "bumped"]);
  }
});

Deno.test("the queue has the higher priority first, then the soonest", async () => {
  await using scene = await oneHall();
  const plain = await scene.ask("bob");
  const urgentLate = await scene.ask("bob", { ...ELEVEN, priority: 5 });
  const urgent = await scene.ask("alice", { priority: 5 });
  const first = await scene.ask("alice", { ...ELEVEN, priority: 6 });
  const queue = await listPending(scene.sql, scene.cast.sam, { limit: 10 }, NOW);
  assert.deepEqual(queue.map(({ id }) => id), [first, urgent, urgentLate, plain]);
});
