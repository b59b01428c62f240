import assert from "node:assert/strict";
import type { Tx } from "../../db/types.ts";
import { Conflict } from "../../domain/errors.ts";
import { dayIn, type Period } from "../../domain/periods.ts";
import {
  createPolicy,
  deletePolicy,
  listPolicies,
  NewPolicy,
  NO_RULES,
  type Policy,
  type Rules,
  rulesOf,
  stillBind,
} from "../../domain/policies.ts";
import { inWords, reasons } from "../../domain/reasons.ts";
import { changeResource } from "../../domain/resources.ts";
import { newId } from "../../lib/ids.ts";
import { at, makeCast, makeResource, NOW } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { holdUp } from "../support/gate.ts";

const MIDDAY = at("2026-05-05 12:00");

/** The rules of a room with a policy. */
function rules(policy: Partial<Policy> | null, rest: Partial<Rules> = {}): Rules {
  return {
    resource_id: "0196f7b0-0000-7000-8000-000000000001",
    name: "Room",
    units: 1,
    capacity: null,
    policy_id: null,
    time_zone: "Europe/Berlin",
    requires_approval: false,
    deactivated: false,
    part_ids: [],
    part_missing: null,
    accessory: false,
    offered_with: [],
    version: 1,
    policy_version: 1,
    policy: policy && {
      ...NO_RULES,
      name: "House rules",
      trusts: [],
      trusted_groups: [],
      ...policy,
    },
    ...rest,
  };
}

function lasting(seconds: number, start_time = MIDDAY): Period {
  return { start_time, end_time: start_time.add({ seconds }) };
}

const codes = (r: Rules, wish: Period, now = NOW) => reasons(r, wish, now).map((reason) => reason.code);

/** A house with a policy and a room that follows it. */
async function house() {
  const database = await testDatabase();
  const { sql } = database;
  const { ada } = await makeCast(sql);
  const row = {
    id: newId(),
    name: "House rules",
    max_minutes: 60,
    created_at: `${NOW}`,
    updated_at: `${NOW}`,
  };
  await sql`insert into policies ${sql(row)}`;
  const room = await makeResource(sql, ada, { name: "Room", policy_id: row.id });
  return { ...database, ada, room, policy_id: row.id };
}

Deno.test("nothing is against a wish where there is no policy", () => {
  assert.deepEqual(codes(rules(null), lasting(1)), []);
});

Deno.test("nothing is against a wish where no rule of the policy binds", () => {
  assert.deepEqual(codes(rules({}), lasting(60 * 60 * 24 * 400)), []);
});

const LENGTHS: [string, Partial<Policy>, number, string[]][] = [
  ["as short as allowed", { min_minutes: 30 }, 1800, []],
  ["a second too short", { min_minutes: 30 }, 1799, ["too_short"]],
  ["as long as allowed", { max_minutes: 30 }, 1800, []],
  ["a second too long", { max_minutes: 30 }, 1801, ["too_long"]],
  ["as long as the only length there is", { min_minutes: 30, max_minutes: 30 }, 1800, []],
];
for (const [what, policy, seconds, expected] of LENGTHS) {
  Deno.test(`a wish ${what} is judged ${expected.join() || "good"}`, () => {
    assert.deepEqual(codes(rules(policy), lasting(seconds)), expected);
  });
}

Deno.test("a wish with exactly the notice that is wanted is good", () => {
  assert.deepEqual(codes(rules({ notice_minutes: 45 }), lasting(60, NOW.add({ minutes: 45 }))), []);
});

Deno.test("a wish with a second less than the notice that is wanted is too soon", () => {
  const start = NOW.add({ minutes: 45 }).subtract({ seconds: 1 });
  assert.deepEqual(codes(rules({ notice_minutes: 45 }), lasting(60, start)), ["too_soon"]);
});

Deno.test("the seconds of the minute that runs do not count against the notice", () => {
  const now = NOW.add({ seconds: 59 });
  assert.deepEqual(codes(rules({ notice_minutes: 45 }), lasting(60, NOW.add({ minutes: 45 })), now), []);
});

Deno.test("the last day of the horizon is good to its last minute", () => {
  assert.deepEqual(codes(rules({ horizon_days: 1 }), lasting(60, at("2026-05-05 23:59"))), []);
});

Deno.test("the first minute after the horizon is too far", () => {
  assert.deepEqual(codes(rules({ horizon_days: 1 }), lasting(60, at("2026-05-06 00:00"))), ["too_far"]);
});

Deno.test("only the start counts for the horizon, not the end", () => {
  assert.deepEqual(codes(rules({ horizon_days: 1 }), lasting(3600 * 48, at("2026-05-05 23:59"))), []);
});

Deno.test("the horizon is counted on the calendar of the resource", () => {
  // In Tokyo the fifth of May ends when Berlin has 17 o'clock.
  const tokyo = rules({ horizon_days: 1 }, { time_zone: "Asia/Tokyo" });
  const wishes = [lasting(60, at("2026-05-05 16:59")), lasting(60, at("2026-05-05 17:00"))];
  assert.deepEqual(wishes.map((wish) => codes(tokyo, wish)), [[], ["too_far"]]);
});

for (const [change, date] of [["spring", "2027-03-28"], ["autumn", "2026-10-25"]]) {
  Deno.test(`the horizon of a day over the change of the clock in ${change} is one day on the calendar`, () => {
    const day = Temporal.PlainDate.from(date);
    const { start_time: first, end_time: next } = dayIn(day, "Europe/Berlin");
    const eve = dayIn(day.subtract({ days: 1 }), "Europe/Berlin").start_time;
    const wishes = [lasting(60, first), lasting(60, next.subtract({ seconds: 1 })), lasting(60, next)];
    const judged = wishes.map((wish) => codes(rules({ horizon_days: 1 }), wish, eve));
    assert.deepEqual(judged, [[], [], ["too_far"]]);
  });
}

Deno.test("a deactivated resource says no for itself, also without a policy", () => {
  const { resource_id } = rules(null);
  assert.deepEqual(reasons(rules(null, { deactivated: true }), lasting(60), NOW), [
    {
      code: "deactivated",
      message: "Room cannot be reserved at present",
      figure: null,
      whose: "Room",
      resource_id,
    },
  ]);
});

Deno.test("every rule that stands in the way is named", () => {
  const all = rules({ min_minutes: 60, notice_minutes: 9_000 }, { deactivated: true });
  assert.deepEqual(codes(all, lasting(60)), ["deactivated", "too_short", "too_soon"]);
});

const DURATIONS: [number, string][] = [
  [0, "0 minutes"],
  [1, "1 minute"],
  [45, "45 minutes"],
  [60, "1 hour"],
  [90, "1 hour 30 minutes"],
  [121, "2 hours 1 minute"],
  [1440, "1 day"],
  [2880, "2 days"],
  [1501, "1 day 1 hour 1 minute"],
];
for (const [minutes, said] of DURATIONS) {
  Deno.test(`${minutes} in words is ${said}`, () => assert.equal(inWords(minutes), said));
}

Deno.test("the rules of a room are those of its policy", async () => {
  await using scene = await house();
  assert.deepEqual(await rulesOf(scene.sql, [scene.room.id]), [
    rules({ max_minutes: 60 }, { resource_id: scene.room.id, policy_id: scene.room.policy_id }),
  ]);
});

Deno.test("rules come in the order of the ids, and an unknown resource is missing", async () => {
  await using scene = await house();
  const van = await makeResource(scene.sql, scene.ada, { name: "Van" });
  const found = await rulesOf(scene.sql, [van.id, crypto.randomUUID(), scene.room.id]);
  assert.deepEqual(found.map((r) => r.name), ["Van", "Room"]);
});

Deno.test("rules that are known are not read again", async () => {
  await using scene = await house();
  await rulesOf(scene.sql, [scene.room.id]);
  scene.statements.length = 0;
  await rulesOf(scene.sql, [scene.room.id]);
  assert.deepEqual(scene.statements, []);
});

Deno.test("rules are read again for who wants them fresh", async () => {
  await using scene = await house();
  await rulesOf(scene.sql, [scene.room.id]);
  await scene.sql`update policies set max_minutes = 30, version = version + 1`;
  const [fresh] = await rulesOf(scene.sql, [scene.room.id], { fresh: true });
  assert.deepEqual([fresh.policy?.max_minutes, fresh.policy_version], [30, 2]);
});

Deno.test("rules that nobody touched still bind", async () => {
  await using scene = await house();
  assert.equal(await stillBind(scene.sql, await rulesOf(scene.sql, [scene.room.id])), true);
});

Deno.test("rules of a resource that was changed bind no more", async () => {
  await using scene = await house();
  const known = await rulesOf(scene.sql, [scene.room.id]);
  await changeResource(scene.sql, scene.ada, { id: scene.room.id, requires_approval: true }, NOW);
  assert.equal(await stillBind(scene.sql, known), false);
});

Deno.test("rules of a policy that was changed bind no more", async () => {
  await using scene = await house();
  const known = await rulesOf(scene.sql, [scene.room.id]);
  await scene.sql`update policies set max_minutes = 30, version = version + 1`;
  assert.equal(await stillBind(scene.sql, known), false);
});

Deno.test("policies are listed by name", async () => {
  await using scene = await house();
  for (const name of ["zoo", "Attic", "beds"]) {
    const row = { id: newId(), name, created_at: `${NOW}`, updated_at: `${NOW}` };
    await scene.sql`insert into policies ${scene.sql(row)}`;
  }
  assert.deepEqual((await listPolicies(scene.sql)).map((p) => p.name), [
    "Attic",
    "beds",
    "House rules",
    "zoo",
  ]);
});

Deno.test("a policy that a resource begins to follow at that moment is not deleted, and is said to be followed", async () => {
  await using database = await testDatabase();
  const { sql } = database;
  const { ada } = await makeCast(sql);
  const policy = await createPolicy(sql, ada, NewPolicy.parse({ ...NO_RULES, name: "Quiet" }), NOW);
  const hall = await makeResource(sql, ada, { name: "Hall" });
  const following = (tx: Tx) => tx`update resources set policy_id = ${policy} where id = ${hall.id}`;
  const gate = await holdUp(database, following, { stays: true });
  const deleted = assert.rejects(deletePolicy(sql, ada, policy, NOW), Conflict);
  await gate.crowded(1);
  await gate.open();
  await deleted;
});
