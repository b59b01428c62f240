import assert from "node:assert/strict";
import { cancel, reschedule } from "../../domain/edits.ts";
import { Conflict, Forbidden, Invalid } from "../../domain/errors.ts";
import { createPolicy, type NewPolicy, NO_RULES } from "../../domain/policies.ts";
import { changePolicy } from "../../domain/policy_changes.ts";
import { calendarOf } from "../../domain/quotas.ts";
import { explain, request } from "../../domain/requests.ts";
import type { NewReservation } from "../../domain/storing.ts";
import type { NewResource } from "../../domain/resources.ts";
import { sweep } from "../../domain/sweep.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const OFFICE = Array.from({ length: 7 }, (): [number, number][] => [[8 * 60, 18 * 60]]);
const TUESDAY = "2026-05-05";
type Who = "alice" | "bob" | "sam" | "ada";

/** Two rooms under one policy; what is stored is sound when the test is over. */
async function twoRooms(policy: Partial<NewPolicy>, room: Partial<NewResource> = {}) {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const rules = { ...NO_RULES, name: "House rules", ...policy };
  const policy_id = await createPolicy(sql, cast.ada, rules, NOW);
  const a = await makeResource(sql, cast.ada, { name: "Room A", policy_id, ...room });
  const b = await makeResource(sql, cast.ada, { name: "Room B", policy_id, ...room });
  const wish = (period: ReturnType<typeof on>, more: Partial<NewReservation> = {}) => ({
    ...period,
    resource_ids: [a.id],
    ...more,
  });
  return {
    ...database,
    cast,
    policy_id,
    rules,
    a,
    b,
    wish,
    ask: (who: Who, period: ReturnType<typeof on>, more: Partial<NewReservation> = {}, now = NOW) =>
      request(sql, cast[who], wish(period, more), now),
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

async function refused(work: Promise<unknown>) {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return { codes: error.reasons.map(({ code }) => code), message: error.message, error };
}

const seconds = (period: ReturnType<typeof on>, start: number, end: number) => ({
  start_time: period.start_time.add({ seconds: start }),
  end_time: period.end_time.add({ seconds: end }),
});

Deno.test("Bob may reserve from the minute of opening to that of closing, and not a second around", async () => {
  await using scene = await twoRooms({ opening: OFFICE });
  const whole = on(TUESDAY, "08:00", "18:00");
  for (const beyond of [seconds(whole, -1, 0), seconds(whole, 0, 1)]) {
    const { codes, message } = await refused(scene.ask("bob", beyond));
    assert.deepEqual([codes, message], [["closed"], "Room A is open 08:00–18:00 that day"]);
  }
  assert.equal((await scene.ask("bob", whole)).status, "approved");
});

Deno.test("the alternatives to a closed hour lie within the opening hours", async () => {
  await using scene = await twoRooms({ opening: OFFICE });
  const { error } = await refused(scene.ask("bob", on(TUESDAY, "19:00", "20:00")));
  const here = error.alternatives.filter(({ resource_id }) => resource_id === scene.a.id);
  assert.deepEqual(here.slice(0, 1).map(({ start_time }) => start_time), [
    on(TUESDAY, "17:00", "18:00").start_time,
  ]);
});

Deno.test("Bob may begin and end on the grid, by the clock on the wall of Kathmandu, and not a second off it", async () => {
  await using scene = await twoRooms({ slot_minutes: 30 }, { time_zone: "Asia/Kathmandu" });
  const slot = {
    start_time: Temporal.Instant.from("2026-05-05T10:00:00+05:45"),
    end_time: Temporal.Instant.from("2026-05-05T11:30:00+05:45"),
  };
  for (const off of [seconds(slot, 1, 0), seconds(slot, 0, -1)]) {
    assert.deepEqual((await refused(scene.ask("bob", off))).codes, ["off_grid"]);
  }
  assert.equal((await scene.ask("bob", slot)).status, "approved");
});

Deno.test("between two reservations lie the buffers of both, to the second", async () => {
  await using scene = await twoRooms({ buffer_before: 10, buffer_after: 20 });
  await scene.ask("alice", on(TUESDAY, "10:00", "11:00"));
  const after = on(TUESDAY, "11:30", "12:00");
  const before = on(TUESDAY, "09:00", "09:30");
  for (const close of [seconds(after, -1, 0), seconds(before, 0, 1)]) {
    assert.match((await refused(scene.ask("bob", close))).message, /already taken by Alice/);
  }
  await scene.ask("bob", after);
  await scene.ask("bob", before);
});

Deno.test("the alternatives leave room for the buffers", async () => {
  await using scene = await twoRooms({ buffer_before: 10, buffer_after: 20 });
  await scene.ask("alice", on(TUESDAY, "10:00", "11:00"));
  const { error } = await refused(scene.ask("bob", on(TUESDAY, "10:00", "11:00")));
  const here = error.alternatives.filter(({ resource_id }) => resource_id === scene.a.id);
  assert(here.length > 1);
  for (const { start_time, end_time } of here) {
    await scene.ask("bob", { start_time, end_time }).catch(assert.fail);
  }
});

Deno.test("people read a reservation without its buffers", async () => {
  await using scene = await twoRooms({ buffer_before: 10, buffer_after: 20 });
  await scene.ask("alice", on(TUESDAY, "10:00", "11:00"));
  const { error } = await refused(scene.ask("bob", on(TUESDAY, "10:00", "11:00")));
  const [{ start_time, end_time }] = error.conflicts;
  assert.deepEqual({ start_time, end_time }, on(TUESDAY, "10:00", "11:00"));
});

Deno.test("Bob's third reservation of a week is one too many; next week's is not, nor is Alice's", async () => {
  await using scene = await twoRooms({ quotas: [{ per: "week", count: 2 }] });
  await scene.ask("bob", on(TUESDAY, "10:00", "11:00"));
  await scene.ask("bob", on("2026-05-10", "23:00", "23:30"));
  const { codes, message } = await refused(
    scene.ask("bob", on(TUESDAY, "14:00", "15:00"), { resource_ids: [scene.b.id] }),
  );
  assert.deepEqual([codes, message], [
    ["quota_count"],
    "House rules allows 2 reservations a week to each person",
  ]);
  await scene.ask("bob", on("2026-05-11", "00:00", "01:00"));
  await scene.ask("alice", on(TUESDAY, "14:00", "15:00"));
});

Deno.test("a minute more than the hours of a day is one too many", async () => {
  await using scene = await twoRooms({ quotas: [{ per: "day", minutes: 120 }] });
  await scene.ask("bob", on(TUESDAY, "10:00", "11:00"));
  assert.deepEqual((await refused(scene.ask("bob", on(TUESDAY, "12:00", "13:01")))).codes, ["quota_time"]);
  await scene.ask("bob", on(TUESDAY, "12:00", "13:00"));
});

Deno.test("what Bob cancels counts no more, and what he moves counts once", async () => {
  await using scene = await twoRooms({ quotas: [{ per: "day", count: 1 }] });
  const { id } = await scene.ask("bob", on(TUESDAY, "10:00", "11:00"));
  await reschedule(scene.sql, scene.cast.bob, id, on(TUESDAY, "15:00", "16:00"), NOW);
  await cancel(scene.sql, scene.cast.bob, { id }, NOW);
  await scene.ask("bob", on(TUESDAY, "10:00", "11:00"));
});

Deno.test("Bob has as many open as he may, and one more when one is given up", async () => {
  await using scene = await twoRooms({ open_at_most: 1 });
  const { id } = await scene.ask("bob", on(TUESDAY, "10:00", "11:00"));
  assert.deepEqual((await refused(scene.ask("bob", on("2026-06-09", "10:00", "11:00")))).codes, [
    "too_many_open",
  ]);
  await cancel(scene.sql, scene.cast.bob, { id }, NOW);
  await scene.ask("bob", on("2026-06-09", "10:00", "11:00"));
});

Deno.test("of twenty wishes of Bob's at once, over two rooms, a quota of one lets one through", async () => {
  await using scene = await twoRooms({ quotas: [{ per: "day", count: 1 }] });
  const answers = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) =>
      scene.ask(
        "bob",
        on(TUESDAY, `${String(i + 1).padStart(2, "0")}:00`, `${String(i + 2).padStart(2, "0")}:00`),
        {
          resource_ids: [i % 2 ? scene.a.id : scene.b.id],
        },
      )),
  );
  assert.equal(answers.filter(({ status }) => status === "fulfilled").length, 1);
  const others = answers.flatMap((answer) => answer.status === "rejected" ? [answer.reason] : []);
  assert(
    others.every((error) => error instanceof Conflict),
    String(others.find((e) => !(e instanceof Conflict))),
  );
});

Deno.test("a week begins on Monday and a month on its first, on the calendar of the place", () => {
  const zone = "Pacific/Kiritimati";
  const sunday = Temporal.Instant.from("2026-05-31T23:59:59+14:00");
  const days = (per: "week" | "month") => {
    const { start_time, end_time } = calendarOf(per, sunday, zone);
    return [start_time, end_time].map((instant) => `${instant.toZonedDateTimeISO(zone).toPlainDateTime()}`);
  };
  assert.deepEqual(days("week"), ["2026-05-25T00:00:00", "2026-06-01T00:00:00"]);
  assert.deepEqual(days("month"), ["2026-05-01T00:00:00", "2026-06-01T00:00:00"]);
});

Deno.test("Bob may cancel up to the cut-off, and not a second later; Sam may", async () => {
  await using scene = await twoRooms({ cancel_minutes: 120 });
  const [first, second] = [on(TUESDAY, "10:00", "11:00"), on(TUESDAY, "12:00", "13:00")];
  const { id } = await scene.ask("bob", first);
  const cutoff = first.start_time.subtract({ hours: 2 });
  const late = await refused(cancel(scene.sql, scene.cast.bob, { id }, cutoff.add({ seconds: 1 })));
  assert.match(late.message, /up to 2 hours before its start/);
  await cancel(scene.sql, scene.cast.bob, { id }, cutoff);
  const other = await scene.ask("bob", second);
  await cancel(scene.sql, scene.cast.sam, { id: other.id }, second.start_time.subtract({ minutes: 1 }));
});

for (
  const [name, policy, period, more, status] of [
    ["always", { approval: "always" }, on(TUESDAY, "10:00", "11:00"), {}, "pending"],
    ["never", { approval: "never" }, on(TUESDAY, "10:00", "11:00"), {}, "approved"],
    [
      "up to a length",
      { approval: "when", approval_longer_than: 60 },
      on(TUESDAY, "10:00", "11:00"),
      {},
      "approved",
    ],
    [
      "beyond a length",
      { approval: "when", approval_longer_than: 60 },
      on(TUESDAY, "10:00", "11:01"),
      {},
      "pending",
    ],
    [
      "up to so many people",
      { approval: "when", approval_more_people_than: 10 },
      on(TUESDAY, "10:00", "11:00"),
      { attendees: 10 },
      "approved",
    ],
    [
      "for more people",
      { approval: "when", approval_more_people_than: 10 },
      on(TUESDAY, "10:00", "11:00"),
      { attendees: 11 },
      "pending",
    ],
    [
      "within the hours",
      { approval: "when", approval_outside_hours: true, opening: OFFICE },
      on(TUESDAY, "17:00", "18:00"),
      {},
      "approved",
    ],
    [
      "outside the hours",
      { approval: "when", approval_outside_hours: true, opening: OFFICE },
      on(TUESDAY, "17:00", "18:01"),
      {},
      "pending",
    ],
  ] as const
) {
  Deno.test(`a policy that wants an approval ${name}: ${status}`, async () => {
    await using scene = await twoRooms(policy as Partial<NewPolicy>);
    assert.equal((await scene.ask("bob", period, more)).status, status);
  });
}

Deno.test("whom a policy trusts is approved at once, others wait", async () => {
  await using scene = await twoRooms({ approval: "always" });
  await changePolicy(scene.sql, scene.cast.ada, {
    ...scene.rules,
    id: scene.policy_id,
    trusts: [scene.cast.bob.id],
  }, NOW);
  assert.equal((await scene.ask("bob", on(TUESDAY, "10:00", "11:00"))).status, "approved");
  assert.equal((await scene.ask("alice", on(TUESDAY, "12:00", "13:00"))).status, "pending");
});

Deno.test("more people than the room is for are refused", async () => {
  await using scene = await twoRooms({}, { capacity: 12 });
  const period = on(TUESDAY, "10:00", "11:00");
  const { codes } = await refused(scene.ask("bob", period, { attendees: 13 }));
  assert.deepEqual(codes, ["too_many_people"]);
  await scene.ask("bob", period, { attendees: 12 });
});

Deno.test("what a policy asks has to be confirmed and answered", async () => {
  await using scene = await twoRooms({
    attestations: ["I leave it as I found it"],
    fields: [
      { key: "cost_centre", label: "Cost centre", type: "number", required: true },
      { key: "layout", label: "Layout", type: "choice", choices: ["rows", "circle"], required: false },
    ],
  });
  const period = on(TUESDAY, "10:00", "11:00");
  const paths = (error: unknown) => error instanceof Invalid && error.issues.map(({ path }) => path).join();
  await assert.rejects(scene.ask("bob", period), (error) => paths(error) === "attested,answers.cost_centre");
  const wrong = { attested: true, answers: { cost_centre: "four", layout: "square" } };
  await assert.rejects(scene.ask("bob", period, wrong), {
    message: "“Cost centre” wants a number; “Layout” is one of: rows, circle",
  });
  const { id } = await scene.ask("bob", period, {
    attested: true,
    answers: { cost_centre: "4711", layout: "circle" },
  });
  const [row] = await scene.sql`select answers from reservations where id = ${id}`;
  assert.deepEqual(row.answers, { cost_centre: "4711", layout: "circle" });
});

Deno.test("Sam sets a rule aside with a reason, which the history keeps; not the allocation", async () => {
  await using scene = await twoRooms({ opening: OFFICE, max_minutes: 60 });
  const late = on(TUESDAY, "19:00", "22:00");
  const { id } = await scene.ask("sam", late, { override: "The mayor comes" });
  const [{ details }] = await scene.sql`select details from history where reservation_id = ${id}`;
  assert.deepEqual(details, { status: "approved", override: "The mayor comes" });
  const { message } = await refused(scene.ask("sam", late, { override: "The mayor comes" }));
  assert.match(message, /already taken by you/);
});

Deno.test("Bob may not set a rule aside", async () => {
  await using scene = await twoRooms({ opening: OFFICE });
  const work = scene.ask("bob", on(TUESDAY, "19:00", "20:00"), { override: "Please" });
  await assert.rejects(work, Forbidden);
});

Deno.test("what Bob is told beforehand names every rule, its figure and whose it is", async () => {
  await using scene = await twoRooms({
    opening: OFFICE,
    max_minutes: 60,
    quotas: [{ per: "day", count: 1 }],
  });
  await scene.ask("bob", on(TUESDAY, "08:00", "09:00"));
  const told = await explain(scene.sql, scene.cast.bob, scene.wish(on(TUESDAY, "17:00", "19:00")), NOW);
  assert.deepEqual(told.reasons.map(({ code, figure, whose }) => [code, figure, whose]), [
    ["too_long", 60, "House rules"],
    ["closed", null, "House rules"],
    ["quota_count", 1, "House rules"],
  ]);
});

Deno.test("a request holds its slot for as long as the policy says, and then waits without it", async () => {
  await using scene = await twoRooms({ approval: "always", pending_holds: true, hold_minutes: 60 });
  const period = on(TUESDAY, "10:00", "11:00");
  const { id } = await scene.ask("bob", period);
  const hour = NOW.add({ hours: 1 });
  assert.equal(await sweep(scene.sql, hour.subtract({ seconds: 1 })), 0);
  assert.match((await refused(scene.ask("alice", period))).message, /already taken by Bob/);
  assert.equal(await sweep(scene.sql, hour), 1);
  assert.equal((await scene.ask("alice", period, {}, hour)).status, "pending");
  const [{ status }] = await scene.sql`select status from reservations where id = ${id}`;
  assert.equal(status, "pending");
});

Deno.test("a policy that changes leaves what is reserved as it is", async () => {
  await using scene = await twoRooms({});
  const { id } = await scene.ask("bob", on(TUESDAY, "20:00", "22:00"));
  await changePolicy(
    scene.sql,
    scene.cast.ada,
    { ...scene.rules, id: scene.policy_id, opening: OFFICE },
    NOW,
  );
  const [row] = await scene.sql`select status from reservations where id = ${id}`;
  assert.equal(row.status, "approved");
});
