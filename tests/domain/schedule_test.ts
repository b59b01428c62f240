import assert from "node:assert/strict";
import { approve, deny } from "../../domain/approvals.ts";
import { cancel } from "../../domain/edits.ts";
import { dayIn, type Period } from "../../domain/periods.ts";
import { request } from "../../domain/requests.ts";
import type { NewReservation } from "../../domain/storing.ts";
import { deactivateResource, type NewResource } from "../../domain/resources.ts";
import { findLanes, type Lane, type LaneFilter, listLanes, viewpointOf } from "../../domain/schedule.ts";
import { sweep } from "../../domain/sweep.ts";
import { at, makeCast, makeResource, NOW, on, ZONE } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const TEN = on("2026-05-05", "10:00", "11:00");
const DAY = dayIn(Temporal.PlainDate.from("2026-05-05"), ZONE);

/** A room; what is stored is sound when the test is over. */
async function oneRoom(resource: Partial<NewResource> = {}) {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const make = (resource: Partial<NewResource> & { name: string }) => makeResource(sql, cast.ada, resource);
  const room = await make({ name: "Room", ...resource });
  return {
    ...database,
    cast,
    room,
    make,
    ask: (who: keyof typeof cast, period: Period = TEN, rest: Partial<NewReservation> = {}) =>
      request(sql, cast[who], { ...period, resource_ids: [room.id], ...rest }, NOW),
    lanes: (who: keyof typeof cast, filter: Partial<LaneFilter> = {}, window: Period = DAY, now = NOW) =>
      listLanes(sql, cast[who], window, { limit: 50, ...filter }, now),
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

/** From when to when each block of a schedule lasts, on the clock of Berlin. */
function times(lanes: readonly Lane[]): string[] {
  const clock = (ms: number) =>
    Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(ZONE).toPlainDateTime()
      .toString({ smallestUnit: "minute" }).slice(5).replace("T", " ");
  return lanes.flatMap((lane) => lane.blocks.map((block) => `${clock(block.from)}–${clock(block.to)}`));
}

Deno.test("a reservation is a block of its room, with all that a program needs to draw it", async () => {
  await using scene = await oneRoom({ location: "Attic", capacity: 4 });
  await scene.ask("bob", TEN, { purpose: "Choir" });
  assert.deepEqual(await scene.lanes("bob"), [{
    id: scene.room.id,
    name: "Room",
    kind: "room",
    location: "Attic",
    capacity: 4,
    units: 1,
    time_zone: ZONE,
    requires_approval: false,
    deactivated: false,
    blocks: [{
      from: TEN.start_time.epochMilliseconds,
      to: TEN.end_time.epochMilliseconds,
      unit: 1,
      status: "approved",
      holds: true,
      mine: true,
      open: true,
      reference: "R-1",
      purpose: "Choir",
      requester_name: "Bob Booker",
      hidden: false,
    }],
  }]);
});

Deno.test("a room that nobody reserved is there, empty", async () => {
  await using scene = await oneRoom();
  assert.deepEqual((await scene.lanes("alice")).map((lane) => [lane.name, lane.blocks]), [["Room", []]]);
});

const VIEWERS: [viewer: "alice" | "bob" | "sam" | "ada", secret: boolean, sees: Record<string, unknown>][] = [
  ["alice", false, { mine: false, open: false, reference: "", hidden: false, requester_name: "Bob Booker" }],
  ["alice", true, { mine: false, open: false, reference: "", hidden: true, requester_name: "" }],
  ["bob", true, { mine: true, open: true, reference: "R-1", hidden: false, requester_name: "Bob Booker" }],
  ["sam", true, { mine: false, open: true, reference: "R-1", hidden: false, requester_name: "Bob Booker" }],
  ["ada", true, { mine: false, open: true, reference: "R-1", hidden: false, requester_name: "Bob Booker" }],
];
for (const [viewer, secret, sees] of VIEWERS) {
  const what = `${secret ? "private" : "open"} reservation of Bob's`;
  Deno.test(`${viewer} sees ${sees.hidden ? "that there is a" : "whose it is, of a"} ${what}`, async () => {
    await using scene = await oneRoom();
    await scene.ask("bob", TEN, { private: secret, purpose: "Choir" });
    const [{ blocks: [block] }] = await scene.lanes(viewer);
    const { mine, open, reference, hidden, requester_name, purpose } = block;
    assert.deepEqual({ mine, open, reference, hidden, requester_name }, sees);
    assert.equal(purpose, sees.hidden ? "" : "Choir");
  });
}

Deno.test("Alice gets nothing of a private reservation that her page could give away", async () => {
  await using scene = await oneRoom();
  const { id } = await scene.ask("bob", TEN, { private: true, purpose: "Interview of Zoe" });
  const handed = JSON.stringify(await scene.lanes("alice"));
  const secrets = ["Bob", "Zoe", "Interview", "R-1", id, scene.cast.bob.id];
  assert.deepEqual(secrets.filter((secret) => handed.includes(secret)), []);
});

const AT_THE_EDGES: [string, Period, boolean][] = [
  ["ends when the day begins", { start_time: at("2026-05-04 22:00"), end_time: DAY.start_time }, false],
  [
    "ends a minute into the day",
    { start_time: at("2026-05-04 22:00"), end_time: at("2026-05-05 00:01") },
    true,
  ],
  ["begins a minute before the day ends", {
    start_time: at("2026-05-05 23:59"),
    end_time: at("2026-05-06 02:00"),
  }, true],
  ["begins when the day ends", { start_time: DAY.end_time, end_time: at("2026-05-06 02:00") }, false],
  ["lasts for exactly the day", DAY, true],
  ["lasts for a day from noon to noon", {
    start_time: at("2026-05-04 12:00"),
    end_time: at("2026-05-05 12:00"),
  }, true],
  ["lasts for a day and a second, into the day", {
    start_time: at("2026-05-04 10:00"),
    end_time: at("2026-05-05 10:00").add({ seconds: 1 }),
  }, true],
  ["lasts for a month around the day", {
    start_time: at("2026-05-04 12:00"),
    end_time: at("2026-06-04 12:00"),
  }, true],
];
for (const [what, period, shown] of AT_THE_EDGES) {
  Deno.test(`a reservation that ${what} is ${shown ? "in it, whole" : "not in it"}`, async () => {
    await using scene = await oneRoom();
    await scene.ask("bob", period);
    const [{ blocks }] = await scene.lanes("alice");
    const whole = { from: period.start_time.epochMilliseconds, to: period.end_time.epochMilliseconds };
    assert.deepEqual(blocks.map(({ from, to }) => ({ from, to })), shown ? [whole] : []);
  });
}

Deno.test("a stay of weeks is in the last of its days, too", async () => {
  await using scene = await oneRoom();
  await scene.ask("bob", { start_time: at("2026-05-05 12:00"), end_time: at("2026-06-04 12:00") });
  const window = dayIn(Temporal.PlainDate.from("2026-06-04"), ZONE);
  assert.deepEqual(times(await scene.lanes("alice", {}, window)), ["05-05 12:00–06-04 12:00"]);
});

Deno.test("what is on both sides of a day's edge is drawn once on each day, not twice on one", async () => {
  await using scene = await oneRoom();
  await scene.ask("bob", { start_time: at("2026-05-04 20:00"), end_time: at("2026-05-06 20:00") });
  for (const date of ["2026-05-04", "2026-05-05", "2026-05-06"]) {
    const window = dayIn(Temporal.PlainDate.from(date), ZONE);
    assert.equal(times(await scene.lanes("alice", {}, window)).length, 1, date);
  }
});

for (const [date, hours] of [["2027-03-28", 23], ["2026-10-25", 25]] as const) {
  Deno.test(`a day of ${hours} hours has what begins in any of them, and nothing of the days around it`, async () => {
    await using scene = await oneRoom();
    const window = dayIn(Temporal.PlainDate.from(date), ZONE);
    for (let hour = -2; hour < hours + 2; hour++) {
      const start_time = window.start_time.add({ hours: hour });
      await scene.ask("bob", { start_time, end_time: start_time.add({ hours: 1 }) });
    }
    const [{ blocks }] = await scene.lanes("alice", {}, window);
    assert.deepEqual(
      [blocks.length, blocks[0].from, blocks.at(-1)?.to],
      [hours, window.start_time.epochMilliseconds, window.end_time.epochMilliseconds],
    );
  });
}

Deno.test("blocks come by unit, then by time", async () => {
  await using scene = await oneRoom({ units: 2 });
  const periods = [on("2026-05-05", "12:00", "13:00"), TEN, on("2026-05-05", "10:30", "11:30")];
  for (const period of periods) await scene.ask("bob", period);
  const [{ blocks }] = await scene.lanes("alice");
  assert.deepEqual(blocks.map((block) => [block.unit, block.reference === "", block.from]), [
    [1, true, TEN.start_time.epochMilliseconds],
    [1, true, periods[0].start_time.epochMilliseconds],
    [2, true, periods[2].start_time.epochMilliseconds],
  ]);
});

Deno.test("what was cancelled or denied is not in the schedule", async () => {
  await using scene = await oneRoom({ requires_approval: true });
  const { sql, cast } = scene;
  const [one, other] = [await scene.ask("bob"), await scene.ask("alice")];
  await cancel(sql, cast.bob, { id: one.id }, NOW);
  await deny(sql, cast.sam, { id: other.id, reason: "Being painted" }, NOW);
  assert.deepEqual(times(await scene.lanes("sam")), []);
});

Deno.test("a request is in the schedule until its start, and gone then, before the sweep has said so", async () => {
  await using scene = await oneRoom({ requires_approval: true });
  await scene.ask("bob");
  const moments = [TEN.start_time.subtract({ seconds: 1 }), TEN.start_time];
  const statuses = [];
  for (const now of moments) {
    const [{ blocks }] = await scene.lanes("alice", {}, DAY, now);
    statuses.push(blocks.map((block) => [block.status, block.holds]));
  }
  assert.deepEqual(statuses, [[["pending", false]], []]);
});

Deno.test("a reservation is completed at its end, whether or not the sweep has said so", async () => {
  await using scene = await oneRoom({ requires_approval: true });
  const { id } = await scene.ask("bob");
  await approve(scene.sql, scene.cast.sam, { id }, NOW);
  const statusThen = async () => (await scene.lanes("alice", {}, DAY, TEN.end_time))[0].blocks[0].status;
  const before = await statusThen();
  await sweep(scene.sql, TEN.end_time);
  assert.deepEqual([before, await statusThen()], ["completed", "completed"]);
});

Deno.test("rooms come by name, those that are asked for, one more than the limit", async () => {
  await using scene = await oneRoom();
  for (const name of ["attic", "Bath", "Cellar"]) await scene.make({ name, kind: "cave", location: "House" });
  const asked: Partial<LaneFilter>[] = [
    {},
    { kind: "cave" },
    { q: "ELL" },
    { q: "house" },
    { q: "%" },
    { id: scene.room.id },
    { limit: 1 },
    { limit: 1, offset: 2 },
  ];
  const found = [];
  for (const filter of asked) found.push((await scene.lanes("alice", filter)).map((lane) => lane.name));
  assert.deepEqual(found, [
    ["attic", "Bath", "Cellar", "Room"],
    ["attic", "Bath", "Cellar"],
    ["Cellar"],
    ["attic", "Bath", "Cellar"],
    [],
    ["Room"],
    ["attic", "Bath"],
    ["Cellar", "Room"],
  ]);
});

Deno.test("a room out of service is only there for who asks for it alone", async () => {
  await using scene = await oneRoom();
  const { id } = scene.room;
  await deactivateResource(scene.sql, scene.cast.ada, { id, future: "keep" }, NOW);
  assert.deepEqual([await scene.lanes("alice"), (await scene.lanes("alice", { id }))[0].deactivated], [
    [],
    true,
  ]);
});

Deno.test("a schedule of many rooms is one statement", async () => {
  await using scene = await oneRoom();
  for (let i = 0; i < 20; i++) await scene.make({ name: `Room ${i}` });
  await scene.lanes("alice");
  scene.statements.length = 0;
  assert.equal((await scene.lanes("alice")).length, 21);
  assert.equal(scene.statements.length, 1);
});

Deno.test("those who have nothing in it, and the same role, see a schedule alike; who has, sees their own", async () => {
  await using scene = await oneRoom();
  const { cast } = scene;
  await scene.ask("bob", TEN, { private: true });
  const lanes = await findLanes(scene.sql, DAY, { limit: 50 });
  const views = [cast.alice, cast.mallory, cast.bob, cast.sam, cast.sue, cast.ada];
  assert.deepEqual(
    views.map((actor) => viewpointOf(actor, lanes)),
    ["user", "user", cast.bob.id, "staff", "staff", "admin"],
  );
});
