import assert from "node:assert/strict";
import { connect } from "../../db/connect.ts";
import { approve } from "../../domain/approvals.ts";
import { availabilityOf, conflictsOf } from "../../domain/availability.ts";
import { bump, holdersInTheWay } from "../../domain/bumps.ts";
import { checkIn, endEarly, isCheckInDue, listToCheckIn } from "../../domain/check_in.ts";
import { close, NewClosure } from "../../domain/closures.ts";
import { change } from "../../domain/edits.ts";
import { Conflict, NotFound } from "../../domain/errors.ts";
import { createPolicy, getPolicy, type NewPolicy, NO_RULES } from "../../domain/policies.ts";
import { changePolicy } from "../../domain/policy_changes.ts";
import { getReservationAt } from "../../domain/past.ts";
import { request } from "../../domain/requests.ts";
import { getReservation, listReservations } from "../../domain/reservations.ts";
import { listLanes } from "../../domain/schedule.ts";
import { sweep } from "../../domain/sweep.ts";
import { type Status, statusAt } from "../../domain/transitions.ts";
import { at, makeCast, makeCrowd, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const DAY = "2026-05-05";
const TEN = on(DAY, "10:00", "12:00");
const clock = (wall: string) => at(`${DAY} ${wall}`);
/** The last moment at which it is not yet too late. */
const JUST_IN_TIME = clock("10:15").subtract({ seconds: 1 });

/** A room in which one has to check in, from ten minutes before to a quarter of an hour after; Bob has it from ten to twelve. */
async function bobsRoom(rules: Partial<NewPolicy> = {}) {
  const database = await testDatabase({ max: 10 });
  const { sql } = database;
  const cast = await makeCast(sql);
  const policy = { ...NO_RULES, name: "Come in time", check_in: true, check_in_opens_minutes: 10, ...rules };
  const policy_id = await createPolicy(sql, cast.ada, policy, NOW);
  const room = await makeResource(sql, cast.ada, { name: "Room", policy_id });
  const { id } = await request(sql, cast.bob, { ...TEN, resource_ids: [room.id] }, NOW);
  return {
    ...database,
    ...{ cast, room, id, policy_id },
    reservation: () => getReservation(sql, cast.sam, id),
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error.message;
}

Deno.test("Bob checks in from the moment at which it opens to the last before the grace is over", async (t) => {
  for (const when of [clock("09:50"), clock("10:00"), JUST_IN_TIME]) {
    await t.step(`${when}`, async () => {
      await using scene = await bobsRoom();
      await checkIn(scene.sql, scene.cast.bob, scene.id, when);
      assert.equal((await scene.reservation()).status, "checked_in");
    });
  }
});

Deno.test("too early and too late are told in words, and change nothing", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, id } = scene;
  assert.equal(
    await refusal(checkIn(sql, cast.bob, id, clock("09:50").subtract({ seconds: 1 }))),
    "This reservation cannot be checked in: check-in opens at 09:50",
  );
  assert.equal(
    await refusal(checkIn(sql, cast.bob, id, clock("10:15"))),
    "This reservation cannot be checked in: it is already no show",
  );
  assert.equal((await scene.reservation()).version, 1);
});

Deno.test("Sam checks Bob in, and Mallory finds nothing to check in for", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, id } = scene;
  await assert.rejects(checkIn(sql, cast.mallory, id, clock("10:00")), NotFound);
  await checkIn(sql, cast.sam, id, clock("10:00"));
  assert.equal((await scene.reservation()).status, "checked_in");
});

Deno.test("who may check in now is listed: for Bob his own, for Sam everybody’s who asks, and only while it is open", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, room } = scene;
  const listed = async (who: typeof cast.bob, now: Temporal.Instant, everybodys = true) =>
    (await listToCheckIn(sql, who, { everybodys, resource_id: room.id }, now)).length;
  assert.deepEqual([await listed(cast.bob, clock("10:00")), await listed(cast.mallory, clock("10:00"))], [
    1,
    0,
  ]);
  assert.deepEqual(
    [await listed(cast.sam, clock("10:00")), await listed(cast.sam, clock("10:00"), false)],
    [1, 0],
  );
  assert.deepEqual(
    [
      await isCheckInDue(sql, room.id, clock("09:49")),
      await isCheckInDue(sql, room.id, clock("09:50")),
      await isCheckInDue(sql, room.id, clock("10:15")),
    ],
    [false, true, false],
  );
});

Deno.test("where nobody came in time the sweep frees the rest, and Alice has it", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, room } = scene;
  assert.equal(await sweep(sql, JUST_IN_TIME), 0);
  assert.equal(await sweep(sql, clock("10:15")), 1);
  assert.equal((await scene.reservation()).status, "no_show");
  await request(sql, cast.alice, { ...on(DAY, "10:16", "12:00"), resource_ids: [room.id] }, clock("10:16"));
  assert.equal(await sweep(sql, clock("10:17")), 0);
});

Deno.test("where the sweep is late the clock says all the same that it is a no-show, and what is free", async (t) => {
  await using scene = await bobsRoom();
  const { sql, cast, room, id } = scene;
  const now = clock("11:00");
  const rest = on(DAY, "11:00", "12:00");
  const listed = async (is: Status) =>
    (await listReservations(sql, cast.sam, { status: { is, at: now }, limit: 5 })).length;

  await t.step("its status", async () => {
    assert.equal(statusAt(await scene.reservation(), now), "no_show");
    assert.deepEqual([await listed("approved"), await listed("no_show")], [0, 1]);
  });
  await t.step("it stays one when its end has passed", async () => {
    assert.equal(statusAt(await scene.reservation(), clock("13:00")), "no_show");
  });
  await t.step("it is in nobody's way", async () => {
    assert.deepEqual(await conflictsOf(sql, cast.alice, { ...rest, resource_ids: [room.id] }, now), []);
  });
  await t.step("the resource is free", async () => {
    assert.deepEqual((await availabilityOf(sql, room.id, rest, now)).busy, []);
  });
  await t.step("the schedule does not show it", async () => {
    const [lane] = await listLanes(sql, cast.bob, on(DAY, "00:00", "23:59"), { limit: 1 }, now);
    assert.deepEqual(lane.blocks, []);
  });
  await t.step("nothing is done with it any more", async () => {
    assert.match(await refusal(endEarly(sql, cast.bob, id, now)), /already no show/);
    assert.match(await refusal(bump(sql, cast.sam, { id, reason: "No" }, now)), /already no show/);
  });
  await t.step("Alice gets the rest of it, and it is on record that nobody came", async () => {
    await request(sql, cast.alice, { ...rest, resource_ids: [room.id] }, now);
    assert.equal((await scene.reservation()).status, "no_show");
  });
});

Deno.test("what Alice had elsewhere moves to where nobody came, before the sweep", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, room } = scene;
  const other = await makeResource(sql, cast.ada, { name: "Other" });
  const hers = await request(
    sql,
    cast.alice,
    { ...on(DAY, "11:00", "12:00"), resource_ids: [other.id] },
    NOW,
  );
  await change(sql, cast.alice, hers.id, { resource_ids: [room.id] }, clock("10:30"));
  assert.equal((await scene.reservation()).status, "no_show");
});

Deno.test("Alice's request for where nobody came is approved, before the sweep", async () => {
  await using scene = await bobsRoom({ approval: "always" });
  const { sql, cast, room, id } = scene;
  const wish = { ...on(DAY, "11:00", "12:00"), resource_ids: [room.id] };
  const hers = await request(sql, cast.alice, wish, NOW);
  await approve(sql, cast.sam, { id }, NOW);
  await approve(sql, cast.sam, { id: hers.id }, clock("10:30"));
  assert.equal((await scene.reservation()).status, "no_show");
});

Deno.test("who did not come in time is not bumped by an override, and is not shown as in its way", async () => {
  await using scene = await bobsRoom({ approval: "always" });
  const { sql, cast, room, id } = scene;
  const wish = { ...on(DAY, "11:00", "12:00"), resource_ids: [room.id] };
  const hers = await request(sql, cast.alice, wish, NOW);
  await approve(sql, cast.sam, { id }, NOW);
  const inTheWay = async (wall: string) => (await holdersInTheWay(sql, hers.id, clock(wall))).length;
  assert.deepEqual([await inTheWay("10:14"), await inTheWay("10:15")], [1, 0]);
  await approve(sql, cast.sam, { id: hers.id, force_override: true }, clock("10:30"));
  assert.equal((await scene.reservation()).status, "no_show");
});

Deno.test("a closure counts who did not come in time among nobody whom it would meet", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, room } = scene;
  const shut = NewClosure.parse({
    ...{ reason: "Painters", resource_ids: [room.id] },
    ...{ start_wall: `${DAY}T11:00`, end_wall: `${DAY}T18:00` },
  });
  await assert.rejects(close(sql, cast.ada, shut, clock("10:14")), Conflict);
  await close(sql, cast.ada, shut, clock("10:30"));
  assert.equal(await sweep(sql, clock("10:31")), 1);
});

Deno.test("what nobody checked in for was that from the end of the grace on, in the past as well", async () => {
  await using scene = await bobsRoom();
  await sweep(scene.sql, clock("13:00"));
  const was = async (wall: string) =>
    (await getReservationAt(scene.sql, scene.cast.bob, { id: scene.id, at: clock(wall) }, clock("14:00")))
      .reservation.status;
  assert.deepEqual([await was("10:14"), await was("10:15"), await was("13:01")], [
    "approved",
    "no_show",
    "no_show",
  ]);
});

Deno.test("the grace ends with a short reservation at the latest", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, room } = scene;
  const short = { ...on(DAY, "14:00", "14:05"), resource_ids: [room.id] };
  const { check_in_from, check_in_until } = await request(sql, cast.bob, short, NOW);
  assert.deepEqual([`${check_in_from}`, `${check_in_until}`], [`${clock("13:50")}`, `${clock("14:05")}`]);
});

Deno.test("of several resources the strictest policy counts", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, room } = scene;
  const rules = { ...NO_RULES, name: "Other", check_in: true, check_in_grace_minutes: 5 };
  const other = await makeResource(sql, cast.ada, {
    name: "Other",
    policy_id: await createPolicy(sql, cast.ada, rules, NOW),
  });
  const wish = { ...on(DAY, "14:00", "15:00"), resource_ids: [room.id, other.id] };
  const { check_in_from, check_in_until } = await request(sql, cast.bob, wish, NOW);
  assert.deepEqual([`${check_in_from}`, `${check_in_until}`], [`${clock("13:50")}`, `${clock("14:05")}`]);
});

Deno.test("what was reserved under other rules keeps its own", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, policy_id } = scene;
  const { id, version: _, ...policy } = await getPolicy(sql, policy_id);
  const lax = { ...policy, id, check_in: false, opening: null };
  await changePolicy(sql, cast.ada, lax, NOW);
  assert.equal(`${(await scene.reservation()).check_in_until}`, `${clock("10:15")}`);
});

Deno.test("a move to another time moves the check-in along; a change of the end gives no more time to come", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, id } = scene;
  const until = async () => `${(await scene.reservation()).check_in_until}`;
  await change(sql, cast.bob, id, { end_time: clock("11:00") }, clock("10:10"));
  assert.equal(await until(), `${clock("10:15")}`);
  await change(sql, cast.bob, id, on(DAY, "14:00", "15:00"), clock("10:11"));
  assert.equal(await until(), `${clock("14:15")}`);
});

Deno.test("Bob ends early: it lasted until then, the rest is free, and the old end is on record", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, room, id } = scene;
  await checkIn(sql, cast.bob, id, clock("10:00"));
  await endEarly(sql, cast.bob, id, clock("11:00"));
  const { status, end_time } = await scene.reservation();
  assert.deepEqual([status, `${end_time}`], ["completed", `${clock("11:00")}`]);
  const [last] = await sql`select action, previous_state from history order by id desc limit 1`;
  assert.deepEqual(
    [last.action, `${Temporal.Instant.from(last.previous_state.end_time)}`],
    ["end", `${TEN.end_time}`],
  );
  await request(sql, cast.alice, { ...on(DAY, "11:00", "12:00"), resource_ids: [room.id] }, clock("11:00"));
});

Deno.test("what is closed around what ends early, or was missed, is closed from then on", async (t) => {
  const painters = (id: string) =>
    NewClosure.parse({
      ...{ reason: "Painters", resource_ids: [id], reservations: "leave" },
      ...{ start_wall: `${DAY}T09:00`, end_wall: `${DAY}T18:00` },
    });
  await t.step("ended early", async () => {
    await using scene = await bobsRoom();
    const { sql, cast, room, id } = scene;
    await close(sql, cast.ada, painters(room.id), NOW);
    await checkIn(sql, cast.bob, id, clock("10:00"));
    await endEarly(sql, cast.bob, id, clock("11:00"));
    const wish = { ...on(DAY, "11:00", "12:00"), resource_ids: [room.id] };
    assert.match(await refusal(request(sql, cast.alice, wish, clock("11:00"))), /closed then: Painters/);
  });
  await t.step("missed", async () => {
    await using scene = await bobsRoom();
    const { sql, cast, room } = scene;
    await close(sql, cast.ada, painters(room.id), NOW);
    await sweep(sql, clock("10:20"));
    const wish = { ...on(DAY, "11:00", "12:00"), resource_ids: [room.id] };
    assert.match(await refusal(request(sql, cast.alice, wish, clock("10:20"))), /closed then: Painters/);
  });
});

Deno.test("another's reservation right behind stays as it is when the one before ends early", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, room, id } = scene;
  const hers = await request(sql, cast.alice, { ...on(DAY, "12:00", "13:00"), resource_ids: [room.id] }, NOW);
  await checkIn(sql, cast.bob, id, clock("10:00"));
  await endEarly(sql, cast.bob, id, clock("11:30"));
  assert.equal((await getReservation(sql, cast.alice, hers.id)).version, 1);
});

Deno.test("at the edge of the grace Bob's check-in and the sweep both try, and one of them has it", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, room, where } = scene;
  const other = connect(where, { max: 5 });
  try {
    for (let i = 0; i < 24; i++) {
      const day = `${Temporal.PlainDate.from("2026-05-06").add({ days: i })}`;
      const { id } = await request(
        sql,
        cast.bob,
        { ...on(day, "10:00", "12:00"), resource_ids: [room.id] },
        NOW,
      );
      const edge = at(`${day} 10:15`);
      const came = () =>
        checkIn(sql, cast.bob, id, edge.subtract({ nanoseconds: 1000 })).then(() => true, () => false);
      const swept = () => sweep(other, edge);
      const [first] = i % 2
        ? await Promise.all([came(), swept()])
        : (await Promise.all([swept(), came()])).reverse();
      const { status } = await getReservation(sql, cast.bob, id);
      assert.equal(status, first ? "checked_in" : "no_show");
      const told = await sql`select 1 from history where reservation_id = ${id} and action <> 'request'`;
      assert.equal(told.length, 1);
    }
  } finally {
    await other.end({ timeout: 5 });
  }
});

Deno.test("Bob checks in while Sam bumps him: one of them is told that the other was faster", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, room } = scene;
  for (let i = 0; i < 12; i++) {
    const day = `${Temporal.PlainDate.from("2026-05-06").add({ days: i })}`;
    const { id } = await request(
      sql,
      cast.bob,
      { ...on(day, "10:00", "12:00"), resource_ids: [room.id] },
      NOW,
    );
    const now = at(`${day} 10:00`);
    const both = [checkIn(sql, cast.bob, id, now), bump(sql, cast.sam, { id, reason: "The mayor" }, now)];
    const settled = await Promise.allSettled(i % 2 ? both : both.reverse());
    assert.equal(settled.filter(({ status }) => status === "fulfilled").length, 1);
  }
});

Deno.test("of thirty who want at once what nobody came to, before the sweep, one gets it", async () => {
  await using scene = await bobsRoom();
  const { sql, room } = scene;
  const crowd = await makeCrowd(sql, 30);
  const wish = { ...on(DAY, "11:00", "12:00"), resource_ids: [room.id] };
  const settled = await Promise.allSettled(crowd.map((person) => request(sql, person, wish, clock("10:30"))));
  const refused = settled.flatMap((one) => one.status === "rejected" ? [one.reason] : []);
  assert.deepEqual([refused.length, refused.every((error) => error instanceof Conflict)], [29, true]);
});
