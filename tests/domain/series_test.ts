import assert from "node:assert/strict";
import { close, NewClosure } from "../../domain/closures.ts";
import { Conflict, Invalid, NotFound } from "../../domain/errors.ts";
import { createPolicy, type NewPolicy, NO_RULES } from "../../domain/policies.ts";
import { request } from "../../domain/requests.ts";
import { addSkipped, createSeries, getSeries, type NewSeries, previewSeries } from "../../domain/series.ts";
import { approve } from "../../domain/approvals.ts";
import { cancel, reschedule } from "../../domain/edits.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const wall = (text: string) => Temporal.PlainDateTime.from(text.replace(" ", "T"));
/** Tuesdays from ten to eleven. */
const TUESDAYS = {
  start_wall: wall("2026-05-05 10:00"),
  end_wall: wall("2026-05-05 11:00"),
  rule: { frequency: "weekly", count: 4 },
} as const;

async function rooms(count: number, rules?: Partial<NewPolicy>) {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const policy_id = rules &&
    await createPolicy(sql, cast.ada, { ...NO_RULES, name: "House rules", ...rules }, NOW);
  const ids: string[] = [];
  for (let i = 1; i <= count; i++) {
    ids.push((await makeResource(sql, cast.ada, { name: `Room ${i}`, policy_id })).id);
  }
  const wish = (asked: Partial<NewSeries> = {}): NewSeries => ({ ...TUESDAYS, resource_ids: ids, ...asked });
  return {
    ...{ ...database, cast, ids, wish },
    ask: (who: keyof typeof cast, asked: Partial<NewSeries> = {}) =>
      createSeries(sql, cast[who], wish(asked), NOW),
    preview: async (who: keyof typeof cast, asked: Partial<NewSeries> = {}) =>
      (await previewSeries(sql, cast[who], wish(asked), NOW)).dates,
    /** Alice has the first room on the second Tuesday. */
    inTheWay: (asked: { private?: boolean } = {}) =>
      request(sql, cast.alice, {
        ...{
          resource_ids: [ids[0]],
          ...on("2026-05-12", "10:30", "11:30"),
          purpose: "Secret plans",
          ...asked,
        },
      }, NOW),
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

async function refused(work: Promise<unknown>): Promise<Conflict> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error;
}

Deno.test("Bob's four Tuesdays are four reservations, each approved at ten by the clock on the wall", async () => {
  await using scene = await rooms(2);
  const id = await scene.ask("bob", { purpose: "Choir" });
  const { dates, skips, purpose } = await getSeries(scene.sql, scene.cast.bob, id);
  assert.deepEqual(dates.map(({ series_wall, status }) => `${series_wall} ${status}`), [
    ...["2026-05-05T10:00 approved", "2026-05-12T10:00 approved", "2026-05-19T10:00 approved"],
    "2026-05-26T10:00 approved",
  ]);
  assert.deepEqual([dates.map(({ reference }) => reference), skips.length, purpose], [
    ["R-1", "R-2", "R-3", "R-4"],
    0,
    "Choir",
  ]);
});

Deno.test("each date of a series has one row of history and one event of its own", async () => {
  await using scene = await rooms(1);
  await scene.ask("bob");
  const [left] = await scene.sql`
    select (select count(*)::int from history where reservation_id is not null) as history,
      (select count(*)::int from outbox) as outbox, (select count(*)::int from allocations) as allocations`;
  assert.deepEqual({ ...left }, { history: 4, outbox: 4, allocations: 4 });
});

Deno.test("of 500 dates over three resources are sent as many statements as of two over one", async () => {
  const count = async (resources: number, times: number) => {
    await using scene = await rooms(resources, { quotas: [{ per: "month", count: 10_000 }] });
    scene.statements.length = 0;
    await scene.ask("bob", { rule: { frequency: "daily", count: times }, choice: "skip" });
    const sent = scene.statements.length;
    const [{ stored }] = await scene.sql`select count(*)::int as stored from allocations`;
    assert.equal(stored, times * resources);
    return sent;
  };
  const few = await count(1, 2);
  assert(few < 12, `${few} statements`);
  assert.equal(await count(3, 500), few);
});

Deno.test("a preview tells what is in the way of which date, and stores nothing", async () => {
  await using scene = await rooms(2);
  await scene.inTheWay();
  const dates = await scene.preview("bob", { choice: "skip" });
  assert.deepEqual(dates.map(({ problems }) => problems), [
    [],
    ["Room 1 is already taken by Alice Asker"],
    [],
    [],
  ]);
  assert.deepEqual([...await scene.sql`select id from series`], []);
});

Deno.test("who has what is private is not told", async () => {
  await using scene = await rooms(1);
  await scene.inTheWay({ private: true });
  const [, second] = await scene.preview("bob");
  assert.deepEqual(second.problems, ["Room 1 is already taken"]);
  assert(!JSON.stringify(second).includes("Alice") && !JSON.stringify(second).includes("Secret"));
});

Deno.test("all or nothing stores nothing where one date is taken, and says which", async () => {
  await using scene = await rooms(1);
  const { id } = await scene.inTheWay();
  const error = await refused(scene.ask("bob"));
  assert.equal(
    error.message,
    "1 of 4 dates cannot be had. 12 May 2026: Room 1 is already taken by Alice Asker",
  );
  assert.deepEqual(error.conflicts.map(({ reservation_id }) => reservation_id), [id]);
  assert.deepEqual([...await scene.sql`select id from series`], []);
});

Deno.test("a date that is left out is kept with the reason, and can be had when it comes free", async () => {
  await using scene = await rooms(1);
  const { id: alices } = await scene.inTheWay();
  const id = await scene.ask("bob", { choice: "skip" });
  const skip = { id, start_wall: "2026-05-12T10:00" };
  const before = await getSeries(scene.sql, scene.cast.bob, id);
  assert.deepEqual(before.dates.length, 3);
  assert.deepEqual(before.skips.map((one) => ({ ...one })), [
    { start_wall: skip.start_wall, reason: "Room 1 is already taken by Alice Asker" },
  ]);
  await refused(addSkipped(scene.sql, scene.cast.bob, skip, NOW));
  await cancel(scene.sql, scene.cast.alice, { id: alices }, NOW);
  await addSkipped(scene.sql, scene.cast.bob, skip, NOW);
  const { dates, skips } = await getSeries(scene.sql, scene.cast.bob, id);
  assert.deepEqual([dates.map(({ series_wall }) => series_wall)[1], dates.length, skips.length], [
    skip.start_wall,
    ...[4, 0],
  ]);
  await refused(addSkipped(scene.sql, scene.cast.bob, skip, NOW));
});

Deno.test("a date that is moved has the nearest time of its day, and stays the date that it is", async () => {
  await using scene = await rooms(1);
  await scene.inTheWay();
  const id = await scene.ask("bob", { choice: "move" });
  const { dates } = await getSeries(scene.sql, scene.cast.bob, id);
  assert.deepEqual(
    dates.map(({ start_time }) => `${start_time.toZonedDateTimeISO("Europe/Berlin").toPlainTime()}`),
    [
      ...["10:00:00", "09:30:00", "10:00:00", "10:00:00"],
    ],
  );
  assert.equal(dates[1].series_wall, "2026-05-12T10:00");
});

Deno.test("a date that the clock leaves out is left out with its words", async () => {
  await using scene = await rooms(1);
  const id = await scene.ask("bob", {
    ...{ start_wall: wall("2027-03-27 02:30"), end_wall: wall("2027-03-27 03:30"), choice: "move" },
    rule: { frequency: "daily", count: 3 },
  });
  const { dates, skips } = await getSeries(scene.sql, scene.cast.bob, id);
  assert.deepEqual([dates.length, skips.map(({ reason }) => reason)], [
    2,
    ["There is no 02:30 on 28 March 2027: the clocks go forward"],
  ]);
});

const RULES: [string, Partial<NewPolicy>, (string | undefined)[]][] = [
  [
    "all dates count against a quota",
    { quotas: [{ per: "month", count: 2 }] },
    [undefined, undefined, ...Array(2).fill("House rules allows 2 reservations a month to each person")],
  ],
  [
    "dates beyond the horizon are problems of their own",
    { horizon_days: 15 },
    [undefined, undefined, undefined, "Room 1 can be reserved 15 days ahead, up to 2026-05-19"],
  ],
  [
    "all dates count as open",
    { open_at_most: 3 },
    [undefined, undefined, undefined, "House rules allows 3 reservations open at once"],
  ],
];
for (const [what, rules, expected] of RULES) {
  Deno.test(what, async () => {
    await using scene = await rooms(1, rules);
    const dates = await scene.preview("bob");
    assert.deepEqual(dates.map(({ problems }) => problems[0]), expected);
  });
}

Deno.test("a closure is in the way of the dates that it covers, with its reason", async () => {
  await using scene = await rooms(1);
  const closure = NewClosure.parse({
    ...{
      reason: "Repairs",
      resource_ids: scene.ids,
      start_wall: "2026-05-19T00:00",
      end_wall: "2026-05-20T00:00",
    },
  });
  await close(scene.sql, scene.cast.ada, closure, NOW);
  const dates = await scene.preview("bob");
  assert.deepEqual(dates.map(({ problems }) => problems[0]), [
    ...[undefined, undefined, "Room 1 is closed then: Repairs", undefined],
  ]);
});

Deno.test("dates between which time is to be kept free do not stand in each other's way", async () => {
  await using scene = await rooms(1, { buffer_after: 60 });
  const asked = {
    ...{ start_wall: wall("2026-05-05 00:00"), end_wall: wall("2026-05-05 23:30"), choice: "skip" as const },
    rule: { frequency: "daily" as const, count: 4 },
  };
  const { dates, skips } = await getSeries(scene.sql, scene.cast.bob, await scene.ask("bob", asked));
  assert.deepEqual([dates.length, skips.map(({ reason }) => reason)], [
    2,
    Array(2).fill("The date before it is too close: time is kept free between"),
  ]);
});

Deno.test("a resource that wants approval makes every date wait", async () => {
  await using scene = await rooms(1, { approval: "always" });
  const { dates } = await getSeries(scene.sql, scene.cast.bob, await scene.ask("bob"));
  assert.deepEqual(dates.map(({ status }) => status), Array(4).fill("pending"));
});

Deno.test("what the policy asks is wanted once, for all dates", async () => {
  await using scene = await rooms(1, { attestations: ["I clean up"] });
  const error = await scene.ask("bob").then(() => undefined, (error) => error);
  assert(error instanceof Invalid);
  assert.deepEqual(error.issues.map(({ path }) => path), ["attested"]);
  await scene.ask("bob", { attested: true });
});

Deno.test("a series that has begun already, and one of nothing that exists, are refused", async () => {
  await using scene = await rooms(1);
  const past = { start_wall: wall("2026-05-04 08:59"), end_wall: wall("2026-05-04 10:00") };
  await assert.rejects(scene.ask("bob", past), Invalid);
  await assert.rejects(scene.ask("bob", { resource_ids: [scene.cast.bob.id] }), NotFound);
  await assert.rejects(scene.ask("bob", { resource_ids: ["x"] }), NotFound);
});

Deno.test("Alice's series is nobody else's to see, but staff's", async () => {
  await using scene = await rooms(1);
  const id = await scene.ask("alice");
  await assert.rejects(getSeries(scene.sql, scene.cast.bob, id), NotFound);
  assert.equal((await getSeries(scene.sql, scene.cast.sam, id)).dates.length, 4);
});

Deno.test("each date of a series wants its own check-in, where the policy wants one", async () => {
  await using scene = await rooms(1, { check_in: true });
  await scene.ask("bob");
  const times = await scene.sql<{ from: number; until: number }[]>`
    select (extract(epoch from start_time - check_in_from) / 60)::int as from,
      (extract(epoch from check_in_until - start_time) / 60)::int as until
    from reservations order by start_time`;
  assert.deepEqual([...times], Array(4).fill({ from: 15, until: 15 }));
});

Deno.test("where a policy wants an approval of what recurs, each date of a series waits and a single wish does not", async () => {
  await using scene = await rooms(1, { approval: "when", approval_recurring: true });
  const { sql, cast, ids } = scene;
  await scene.ask("bob");
  const single = await request(
    sql,
    cast.bob,
    { resource_ids: ids, ...on("2026-05-06", "10:00", "11:00") },
    NOW,
  );
  assert.equal(single.status, "approved");
  const waiting = await sql`select from reservations where status = 'pending' and series_id is not null`;
  assert.equal(waiting.length, 4);
  const [first] = await scene.preview("alice", {
    start_wall: wall("2026-05-07 10:00"),
    end_wall: wall("2026-05-07 11:00"),
  });
  assert.equal(first.needs_approval, "It recurs");
});

Deno.test("a date of a series that is moved where recurring wants an approval waits for it, and keeps its slot", async () => {
  await using scene = await rooms(1, { approval: "when", approval_recurring: true });
  const { sql, cast } = scene;
  await scene.ask("bob");
  const [{ id }] = await sql<{ id: string }[]>`select id from reservations order by start_time limit 1`;
  await approve(sql, cast.sam, { id }, NOW);
  const moved = await reschedule(sql, cast.bob, id, on("2026-05-05", "14:00", "15:00"), NOW);
  assert.equal(moved, "proposed");
});
