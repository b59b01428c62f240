import assert from "node:assert/strict";
import { connect } from "../../db/connect.ts";
import type { Sql } from "../../db/types.ts";
import { Conflict } from "../../domain/errors.ts";
import type { Period } from "../../domain/periods.ts";
import { explain, request } from "../../domain/requests.ts";
import type { NewResource } from "../../domain/resources.ts";
import { newId } from "../../lib/ids.ts";
import { at, makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const TEN_TO_ELEVEN = on("2026-05-05", "10:00", "11:00");
const ELEVEN_TO_TWELVE = on("2026-05-05", "11:00", "12:00");

interface Policy {
  min_minutes?: number;
  max_minutes?: number;
  notice_minutes?: number;
  horizon_days?: number;
}

/** A room with a policy, and Bob's way to ask for it. */
async function oneRoom(policy: Policy = {}, resource: Partial<NewResource> = {}) {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const row = { id: newId(), name: "House rules", ...policy, created_at: `${NOW}`, updated_at: `${NOW}` };
  await sql`insert into policies ${sql(row)}`;
  const room = await makeResource(sql, cast.ada, { name: "Room", policy_id: row.id, ...resource });
  const ask = (period: Period, now = NOW) =>
    request(sql, cast.bob, { ...period, resource_ids: [room.id] }, now);
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

/** The period of so many minutes from a time in Berlin. */
function lasting(minutes: number, from = "2026-05-05 10:00"): Period {
  return { start_time: at(from), end_time: at(from).add({ seconds: Math.round(minutes * 60) }) };
}

async function refused(work: Promise<unknown>): Promise<Conflict> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error;
}

/** Somebody changes the room on another server, of which this one has not heard. */
async function elsewhere(where: Parameters<typeof connect>[0], work: (sql: Sql) => PromiseLike<unknown>) {
  const other = connect(where, { max: 1 });
  try {
    await work(other);
  } finally {
    await other.end();
  }
}

interface Edge {
  rule: string;
  policy: Policy;
  last: Period;
  beyond: Period;
  code: string;
  message: string;
}

// NOW is 09:00 on the fourth of May.
const EDGES: Edge[] = [
  {
    rule: "the shortest duration",
    policy: { min_minutes: 30 },
    last: lasting(30),
    beyond: lasting(29.99),
    code: "too_short",
    message: "Room is reserved for at least 30 minutes",
  },
  {
    rule: "the longest duration",
    policy: { max_minutes: 90 },
    last: lasting(90),
    beyond: lasting(90.02),
    code: "too_long",
    message: "Room is reserved for at most 1 hour 30 minutes",
  },
  {
    rule: "the notice",
    policy: { notice_minutes: 60 },
    last: lasting(30, "2026-05-04 10:00"),
    beyond: lasting(30, "2026-05-04 09:59"),
    code: "too_soon",
    message: "Room wants 1 hour of notice",
  },
  {
    rule: "the horizon",
    policy: { horizon_days: 7 },
    last: lasting(30, "2026-05-11 23:59"),
    beyond: lasting(30, "2026-05-12 00:00"),
    code: "too_far",
    message: "Room can be reserved 7 days ahead, up to 2026-05-11",
  },
];

for (const { rule, policy, last, beyond, code, message } of EDGES) {
  Deno.test(`Bob may go up to ${rule}`, async () => {
    await using scene = await oneRoom(policy);
    assert.equal((await scene.ask(last)).status, "approved");
  });

  Deno.test(`Bob may not go beyond ${rule}, and is told the rule, its figure and whose it is`, async () => {
    await using scene = await oneRoom(policy);
    const error = await refused(scene.ask(beyond));
    assert.equal(error.message, message);
    const [figure] = Object.values(policy);
    const whose = { whose: "House rules", resource_id: scene.room.id };
    assert.deepEqual(error.reasons, [{ code, message, figure, ...whose }]);
  });

  Deno.test(`nothing is stored of what goes beyond ${rule}`, async () => {
    await using scene = await oneRoom(policy);
    await refused(scene.ask(beyond));
    assert.deepEqual([...await scene.sql`select reference from reservations`], []);
  });
}

Deno.test("the notice is counted from the minute that runs, as the start is", async () => {
  await using scene = await oneRoom({ notice_minutes: 0 });
  assert.equal(
    (await scene.ask(lasting(30, "2026-05-04 09:00"), NOW.add({ seconds: 59 }))).status,
    "approved",
  );
});

Deno.test("Bob is told every rule that stands in the way, not only the first", async () => {
  await using scene = await oneRoom({ max_minutes: 30, horizon_days: 7 });
  const { reasons } = await refused(scene.ask(lasting(60, "2026-05-20 10:00")));
  assert.deepEqual(reasons.map((r) => r.code), ["too_long", "too_far"]);
});

Deno.test("what Bob is offered in place of what is too soon satisfies the rules: he gets it", async () => {
  await using scene = await oneRoom({ notice_minutes: 60 });
  const { alternatives } = await refused(scene.ask(lasting(30, "2026-05-04 09:30")));
  assert.equal(`${alternatives[0]?.start_time}`, `${at("2026-05-04 10:00")}`);
  const [{ start_time, end_time }] = alternatives;
  assert.equal((await scene.ask({ start_time, end_time })).status, "approved");
});

Deno.test("what Bob is told beforehand is what he is told when he asks", async () => {
  await using scene = await oneRoom({ min_minutes: 90 });
  const wish = { ...TEN_TO_ELEVEN, resource_ids: [scene.room.id] };
  const { reasons, needs_approval } = await explain(scene.sql, scene.cast.bob, wish, NOW);
  assert.deepEqual([reasons, needs_approval], [(await refused(scene.ask(TEN_TO_ELEVEN))).reasons, undefined]);
});

Deno.test("a room that has come to want approval on another server is judged by its new rule", async () => {
  await using scene = await oneRoom();
  await scene.ask(ELEVEN_TO_TWELVE);
  await elsewhere(
    scene.where,
    (sql) => sql`update resources set requires_approval = true, version = version + 1`,
  );
  assert.equal((await scene.ask(TEN_TO_ELEVEN)).status, "pending");
});

Deno.test("a room that was deactivated on another server is refused at once", async () => {
  await using scene = await oneRoom();
  await scene.ask(ELEVEN_TO_TWELVE);
  await elsewhere(
    scene.where,
    (sql) => sql`update resources set deactivated_at = ${NOW}, version = version + 1`,
  );
  const { message, reasons } = await refused(scene.ask(TEN_TO_ELEVEN));
  assert.deepEqual([message, reasons[0].code], ["Room cannot be reserved at present", "deactivated"]);
});

Deno.test("a policy that was tightened on another server binds at once", async () => {
  await using scene = await oneRoom({ max_minutes: 60 });
  await scene.ask(ELEVEN_TO_TWELVE);
  await elsewhere(scene.where, (sql) => sql`update policies set max_minutes = 30, version = version + 1`);
  assert.equal((await refused(scene.ask(TEN_TO_ELEVEN))).reasons[0].code, "too_long");
});

Deno.test("a policy that was loosened on another server binds no more", async () => {
  await using scene = await oneRoom({ max_minutes: 30 });
  await refused(scene.ask(TEN_TO_ELEVEN));
  await elsewhere(scene.where, (sql) => sql`update policies set max_minutes = 60, version = version + 1`);
  assert.equal((await scene.ask(TEN_TO_ELEVEN)).status, "approved");
});
