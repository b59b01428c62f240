import assert from "node:assert/strict";
import { cancel, reschedule } from "../../domain/edits.ts";
import { Conflict, NotFound } from "../../domain/errors.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { createSeries, getSeries } from "../../domain/series.ts";
import { cancelDates, changeDates, type Which } from "../../domain/series_changes.ts";
import { at, makeCast, makeResource, NOW, on, ZONE } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";
import { request } from "../../domain/requests.ts";

const wall = (text: string) => Temporal.PlainDateTime.from(text.replace(" ", "T"));

/** Bob has a room on six Tuesdays from the fifth of May, from ten to eleven. */
async function sixTuesdays(
  { rule = { frequency: "weekly", count: 6 } as const, cancel_minutes = null as number | null } = {},
) {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const { bob } = cast;
  const policy_id = await createPolicy(
    sql,
    cast.ada,
    { ...NO_RULES, name: "House rules", cancel_minutes },
    NOW,
  );
  const room = await makeResource(sql, cast.ada, { name: "Room", policy_id });
  const other = await makeResource(sql, cast.ada, { name: "Other" });
  const id = await createSeries(sql, bob, {
    ...{ resource_ids: [room.id], rule, purpose: "Choir" },
    ...{ start_wall: wall("2026-05-05 10:00"), end_wall: wall("2026-05-05 11:00") },
  }, NOW);
  const { dates } = await getSeries(sql, bob, id);
  const shown = async (of = id) =>
    (await getSeries(sql, bob, of)).dates.map(({ start_time, end_time, status }) => {
      const clock = (time: Temporal.Instant) =>
        time.toZonedDateTimeISO(ZONE).toPlainTime().toString().slice(0, 5);
      const day = start_time.toZonedDateTimeISO(ZONE).toPlainDate().toString().slice(5);
      return `${day} ${clock(start_time)}–${clock(end_time)} ${status}`;
    });
  return {
    ...{ ...database, cast, room, other, id, dates, shown },
    which: (scope: Which["scope"], index?: number): Which => ({
      id,
      scope,
      reservation_id: dates[index ?? 0].id,
    }),
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

const CANCELLATIONS: [Which["scope"], string[]][] = [
  ["this", ["approved", "approved", "cancelled", "approved", "approved", "approved"]],
  ["following", ["approved", "approved", "cancelled", "cancelled", "cancelled", "cancelled"]],
  ["after", ["approved", "approved", "approved", "cancelled", "cancelled", "cancelled"]],
  ["all", Array(6).fill("cancelled")],
];
for (const [scope, expected] of CANCELLATIONS) {
  Deno.test(`cancelling ${scope} from the third of six on leaves the others as they are`, async () => {
    await using scene = await sixTuesdays();
    await cancelDates(scene.sql, scene.cast.bob, scene.which(scope, 2), NOW);
    const { dates } = await getSeries(scene.sql, scene.cast.bob, scene.id);
    assert.deepEqual(dates.map(({ status }) => status), expected);
  });
}

Deno.test("what has begun is not cancelled with all", async () => {
  await using scene = await sixTuesdays();
  const later = at("2026-05-12 10:30");
  assert.equal((await cancelDates(scene.sql, scene.cast.bob, scene.which("all"), later)).cancelled, 4);
});

Deno.test("a date past its cut-off is left and told, where several are cancelled", async () => {
  await using scene = await sixTuesdays({ cancel_minutes: 1440 });
  const later = at("2026-05-04 12:00");
  const { cancelled, left } = await cancelDates(scene.sql, scene.cast.bob, scene.which("all"), later);
  assert.deepEqual([cancelled, left], [
    5,
    [{ reference: "R-1", why: "Room can be cancelled up to 1 day before its start: ask an approver" }],
  ]);
});

Deno.test("all dates that lie ahead go to another time, and the series reads so", async () => {
  await using scene = await sixTuesdays();
  const change = { start: "10:30", end: "12:00" };
  await changeDates(scene.sql, scene.cast.bob, { ...scene.which("all"), change }, at("2026-05-06 10:00"));
  const [first, ...others] = await scene.shown();
  assert.equal(first, "05-05 10:00–11:00 approved");
  assert(others.every((one) => one.endsWith("10:30–12:00 approved")), others.join());
  const { start_wall, end_wall, dates } = await getSeries(scene.sql, scene.cast.bob, scene.id);
  assert.deepEqual([start_wall, end_wall, dates[1].series_wall], [
    ...["2026-05-05T10:30", "2026-05-05T12:00", "2026-05-12T10:30"],
  ]);
});

Deno.test("a date that was moved by itself keeps its time, and has the new words", async () => {
  await using scene = await sixTuesdays();
  const { sql, cast: { bob }, dates, which } = scene;
  await reschedule(sql, bob, dates[1].id, on("2026-05-13", "15:00", "16:00"), NOW);
  await changeDates(sql, bob, { ...which("all"), change: { start: "09:00", purpose: "Band" } }, NOW);
  assert.deepEqual((await scene.shown()).slice(0, 3), [
    ...["05-05 09:00–10:00 approved", "05-13 15:00–16:00 approved", "05-19 09:00–10:00 approved"],
  ]);
  const words = await sql`select distinct purpose from reservations`;
  assert.deepEqual(words.map(({ purpose }) => purpose), ["Band"]);
});

for (const ending of [{ count: 6 }, { until: "2026-06-09" }]) {
  Deno.test(`this and the following become a series of their own, of a rule with ${Object.keys(ending)}`, async () => {
    await using scene = await sixTuesdays({ rule: { frequency: "weekly", ...ending } as never });
    const { sql, cast: { bob }, which, other } = scene;
    const change = { start: "14:00", resource_ids: [other.id] };
    const id = await changeDates(sql, bob, { ...which("following", 4), change }, NOW);
    assert.deepEqual([await scene.shown(), await scene.shown(id)], [
      ["05-05", "05-12", "05-19", "05-26"].map((day) => `${day} 10:00–11:00 approved`),
      ["06-02", "06-09"].map((day) => `${day} 14:00–15:00 approved`),
    ]);
    const [before, after] = [await getSeries(sql, bob, scene.id), await getSeries(sql, bob, id)];
    assert.deepEqual([before.rule, after.rule, after.resource_ids, after.start_wall], [
      { frequency: "weekly", ..."count" in ending ? { count: 4 } : { until: "2026-06-01" } },
      { frequency: "weekly", ..."count" in ending ? { count: 2 } : ending },
      ...[[other.id], "2026-06-02T14:00"],
    ]);
  });
}

Deno.test("where only dates that were left out lie before it, this and the following are the series itself", async () => {
  await using scene = await sixTuesdays();
  const { sql, cast: { alice, bob }, other } = scene;
  await request(sql, alice, { resource_ids: [other.id], ...on("2026-05-05", "10:00", "11:00") }, NOW);
  const id = await createSeries(sql, bob, {
    ...{ resource_ids: [other.id], rule: { frequency: "weekly", count: 3 }, choice: "skip" },
    ...{ start_wall: wall("2026-05-05 10:00"), end_wall: wall("2026-05-05 11:00") },
  }, NOW);
  const { dates } = await getSeries(sql, bob, id);
  const which = { id, scope: "following" as const, reservation_id: dates[0].id };
  assert.equal(await changeDates(sql, bob, { ...which, change: { purpose: "Band" } }, NOW), id);
  assert.equal((await getSeries(sql, bob, id)).skips.length, 1);
});

Deno.test("of two who change this and the following at once the second finds what the first has left", async () => {
  await using scene = await sixTuesdays();
  const { sql, cast: { bob, sam } } = scene;
  const change = { purpose: "Band" };
  const both = await Promise.allSettled([
    changeDates(sql, bob, { ...scene.which("following", 3), change }, NOW),
    changeDates(sql, sam, { ...scene.which("following", 3), change }, NOW),
  ]);
  const why = both.flatMap((one) => one.status === "rejected" ? one.reason : []);
  assert.deepEqual(why.map(({ name }) => name), ["NotFound"]);
  const [{ count }] = await sql`select count(*)::int as count from series`;
  assert.equal(count, 2);
});

Deno.test("where one of the dates cannot move none does, and it is named", async () => {
  await using scene = await sixTuesdays();
  const { sql, cast: { bob, alice }, which, room } = scene;
  await request(sql, alice, { resource_ids: [room.id], ...on("2026-05-19", "13:00", "14:00") }, NOW);
  const before = await scene.shown();
  const error = await changeDates(sql, bob, { ...which("all"), change: { start: "13:00" } }, NOW)
    .then(() => undefined, (error) => error);
  assert(error instanceof Conflict);
  assert.equal(error.message, "2026-05-19: Room is already taken by Alice Asker");
  assert.deepEqual(await scene.shown(), before);
});

Deno.test("Alice neither changes nor cancels Bob's series", async () => {
  await using scene = await sixTuesdays();
  const { sql, cast: { alice }, which } = scene;
  await assert.rejects(cancelDates(sql, alice, which("all"), NOW), NotFound);
  await assert.rejects(
    changeDates(sql, alice, { ...which("all"), change: { start: "12:00" } }, NOW),
    NotFound,
  );
});

Deno.test("where nothing lies ahead there is nothing to cancel", async () => {
  await using scene = await sixTuesdays();
  const { sql, cast: { bob }, which, dates } = scene;
  for (const { id } of dates) await cancel(sql, bob, { id }, NOW);
  await assert.rejects(cancelDates(sql, bob, which("all"), NOW), Conflict);
});
