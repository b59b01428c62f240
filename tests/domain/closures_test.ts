import assert from "node:assert/strict";
import { approve } from "../../domain/approvals.ts";
import { alternativesTo } from "../../domain/alternatives.ts";
import { availabilityOf, conflictsOf } from "../../domain/availability.ts";
import { getClosure, listClosedDates, listClosures } from "../../domain/closure_lists.ts";
import { changeReason, close, deleteClosure, InTheWayOfClosure, NewClosure } from "../../domain/closures.ts";
import { cancel, change } from "../../domain/edits.ts";
import { Conflict, Forbidden, Invalid } from "../../domain/errors.ts";
import { listHistory } from "../../domain/history.ts";
import type { Period } from "../../domain/periods.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { request } from "../../domain/requests.ts";
import { listResources } from "../../domain/resource_list.ts";
import { changeResource, deleteResource, type NewResource } from "../../domain/resources.ts";
import { sweep } from "../../domain/sweep.ts";
import { at, makeCast, makeResource, NOW, on, ZONE } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const TEN = on("2026-05-05", "10:00", "11:00");
const SANDED = "The floor is being sanded";

/** A room; what is stored is sound when the test is over. */
async function oneRoom(resource: Partial<NewResource> = {}) {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const make = (resource: Partial<NewResource> & { name: string }) => makeResource(sql, cast.ada, resource);
  const room = await make({ name: "Room", capacity: 10, ...resource });
  const ask = (period: Period, id = room.id, who: keyof typeof cast = "bob", now = NOW) =>
    request(sql, cast[who], { ...period, resource_ids: [id] }, now);
  return {
    ...database,
    cast,
    room,
    make,
    ask,
    /** Closes the room on a Tuesday from nine to noon, unless something else is said. */
    shut: (closure: Partial<NewClosure> & { seen?: string[] } = {}, now = NOW) =>
      close(sql, cast.ada, {
        ...NewClosure.parse({
          reason: SANDED,
          resource_ids: closure.everything ? [] : [room.id],
          start_wall: "2026-05-05T09:00",
          end_wall: "2026-05-05T12:00",
          ...closure,
        }),
        seen: closure.seen,
      }, now),
    status: async (id: string) => (await sql`select status from reservations where id = ${id}`)[0]?.status,
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

type Scene = Awaited<ReturnType<typeof oneRoom>>;

/** What closures have, as `unit from–to` on the clock of Berlin. */
async function shutTimes({ sql }: Scene, zone = ZONE) {
  const rows = await sql<{ unit: number; from: Temporal.Instant; to: Temporal.Instant }[]>`
    select unit, lower(period) as from, upper(period) as to from allocations
    where closure_id is not null and holds order by unit, period`;
  const wall = (instant: Temporal.Instant) =>
    instant.toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: "minute" }).slice(5)
      .replace("T", " ");
  return rows.map(({ unit, from, to }) => `${unit}: ${wall(from)}–${wall(to)}`);
}

Deno.test("a room that is closed cannot be reserved, and whoever tries reads why", async () => {
  await using scene = await oneRoom();
  const { id } = await scene.shut();
  await assert.rejects(scene.ask(TEN), (error: Conflict) => {
    assert.equal(error.message, `Room is closed then: ${SANDED}`);
    const whole = on("2026-05-05", "09:00", "12:00");
    assert.deepEqual(error.conflicts, [
      { reservation_id: null, closure_id: id, reason: SANDED, resource_id: scene.room.id, ...whole },
    ]);
    assert.deepEqual(error.alternatives.map((a) => `${a.start_time}`).slice(0, 2), [
      `${at("2026-05-05 08:00")}`,
      `${at("2026-05-05 12:00")}`,
    ]);
    return true;
  });
});

Deno.test("a reservation may end when a closure begins, and begin when it ends", async () => {
  await using scene = await oneRoom();
  await scene.shut();
  await scene.ask(on("2026-05-05", "08:00", "09:00"));
  await scene.ask(on("2026-05-05", "12:00", "13:00"));
});

Deno.test("the buffer of a reservation does not reach into a closure, which has none itself", async () => {
  await using scene = await oneRoom();
  const { sql, cast, room } = scene;
  const policy = await createPolicy(sql, cast.ada, { ...NO_RULES, name: "Buffered", buffer_after: 30 }, NOW);
  await changeResource(sql, cast.ada, { id: room.id, policy_id: policy }, NOW);
  await scene.shut();
  assert.deepEqual(await shutTimes(scene), ["1: 05-05 09:00–05-05 12:00"]);
  await assert.rejects(scene.ask(on("2026-05-05", "08:00", "08:45")), Conflict);
  await scene.ask(on("2026-05-05", "08:00", "08:30"));
});

Deno.test("Bob and Sam may not close anything", async () => {
  await using scene = await oneRoom();
  const closure = NewClosure.parse({
    reason: SANDED,
    resource_ids: [scene.room.id],
    start_wall: "2026-05-05T09:00",
    end_wall: "2026-05-05T12:00",
  });
  for (const who of ["bob", "sam"] as const) {
    await assert.rejects(close(scene.sql, scene.cast[who], closure, NOW), Forbidden);
  }
});

const WRONG: [what: string, closure: Partial<NewClosure>, path: string][] = [
  ["ends when it begins", { end_wall: "2026-05-05T09:00" }, "end_wall"],
  ["has passed", { start_wall: "2026-05-01T09:00", end_wall: "2026-05-04T08:59" }, "end_wall"],
  ["lasts for a century", { end_wall: "2126-05-05T09:00" }, "end_wall"],
  ["begins again before it ends", {
    end_wall: "2026-05-06T09:01",
    repeats: { frequency: "daily", count: 2 },
  }, "end_wall"],
  ["has 401 dates", { repeats: { frequency: "daily", until: "2027-06-09" } }, "repeats.until"],
  ["stops repeating before it begins", {
    repeats: { frequency: "daily", until: "2026-05-04" },
  }, "repeats.until"],
  ["falls on no weekday", {
    repeats: { frequency: "weekly", weekdays: [1], until: "2026-05-10" },
  }, "repeats.until"],
  ["is of a resource that does not exist", {
    resource_ids: ["018f0000-0000-7000-8000-000000000000"],
  }, "resource_ids"],
];
for (const [what, closure, path] of WRONG) {
  Deno.test(`a closure that ${what} is refused`, async () => {
    await using scene = await oneRoom();
    await assert.rejects(scene.shut(closure), (error: Invalid) => {
      assert(error instanceof Invalid, `${error}`);
      assert.deepEqual(error.issues.map((issue) => issue.path), [path]);
      return true;
    });
    assert.deepEqual(await shutTimes(scene), []);
    assert.deepEqual([...await scene.sql`select id from closures`], []);
  });
}

Deno.test("400 dates are not too many", async () => {
  await using scene = await oneRoom();
  await scene.shut({ repeats: { frequency: "daily", until: "2027-06-08" } });
  assert.equal((await shutTimes(scene)).length, 400);
});

Deno.test("a closure that began this morning takes what is left of it", async () => {
  await using scene = await oneRoom();
  await scene.shut({ start_wall: "2026-05-04T06:00", end_wall: "2026-05-04T12:00" });
  assert.deepEqual(await shutTimes(scene), ["1: 05-04 09:00–05-04 12:00"]);
});

Deno.test("a closure on weekdays begins on the first of them and keeps its wall time over both clock changes", async () => {
  await using scene = await oneRoom();
  const repeats = { frequency: "weekly" as const, weekdays: [7], until: "2026-11-01" };
  await scene.shut({ start_wall: "2026-10-16T01:00", end_wall: "2026-10-16T04:00", repeats });
  assert.deepEqual(await shutTimes(scene), [
    "1: 10-18 01:00–10-18 04:00",
    "1: 10-25 01:00–10-25 04:00",
    "1: 11-01 01:00–11-01 04:00",
  ]);
  const [, long] = await scene.sql`
    select extract(epoch from upper(period) - lower(period))::int / 3600 as hours from allocations order by period`;
  assert.equal(long.hours, 4);
});

Deno.test("a closure at a time that the clock leaves out begins when the clock goes on", async () => {
  await using scene = await oneRoom();
  const repeats = { frequency: "daily" as const, count: 3 };
  await scene.shut({ start_wall: "2027-03-27T02:30", end_wall: "2027-03-27T05:00", repeats });
  assert.deepEqual(await shutTimes(scene), [
    "1: 03-27 02:30–03-27 05:00",
    "1: 03-28 03:00–03-28 05:00",
    "1: 03-29 02:30–03-29 05:00",
  ]);
});

Deno.test("a closure whose edges the clock shows twice has both hours, and none of it twice", async () => {
  await using scene = await oneRoom();
  const repeats = { frequency: "daily" as const, count: 3 };
  await scene.shut({ start_wall: "2026-10-24T02:30", end_wall: "2026-10-25T02:30", repeats });
  const [row] = await scene.sql`
    select sum(extract(epoch from upper(period) - lower(period)))::int / 3600 as hours,
      range_agg(period)::text as all from allocations`;
  assert.equal(row.hours, 3 * 24 + 1);
  assert.equal(row.all.split("),[").length, 1);
});

Deno.test("a closure that vanishes on the day of the change has no date that day", async () => {
  await using scene = await oneRoom();
  const repeats = { frequency: "daily" as const, count: 3 };
  await scene.shut({ start_wall: "2027-03-27T02:10", end_wall: "2027-03-27T02:50", repeats });
  assert.deepEqual(await shutTimes(scene), ["1: 03-27 02:10–03-27 02:50", "1: 03-29 02:10–03-29 02:50"]);
});

Deno.test("a closure every year on 29 February is in leap years", async () => {
  await using scene = await oneRoom();
  const repeats = { frequency: "yearly" as const, count: 2 };
  await scene.shut({ start_wall: "2028-02-29T00:00", end_wall: "2028-02-29T24:00", repeats });
  const [a, b] = await scene.sql`select lower(period)::text as from from allocations order by period`;
  assert.deepEqual([a.from, b.from], ["2028-02-28 23:00:00+00", "2032-02-28 23:00:00+00"]);
});

for (
  const [zone, from, to] of [
    ["Asia/Kathmandu", "2026-05-06T03:15:00Z", "2026-05-06T06:15:00Z"],
    ["Pacific/Kiritimati", "2026-05-05T19:00:00Z", "2026-05-05T22:00:00Z"],
    ["Pacific/Pago_Pago", "2026-05-06T20:00:00Z", "2026-05-06T23:00:00Z"],
  ]
) {
  Deno.test(`nine o'clock in ${zone} is nine o'clock there, beside Berlin's own`, async () => {
    await using scene = await oneRoom();
    const there = await scene.make({ name: "There", time_zone: zone });
    await scene.shut({
      resource_ids: [scene.room.id, there.id],
      start_wall: "2026-05-06T09:00",
      end_wall: "2026-05-06T12:00",
    });
    const [own, theirs] = await Promise.all(
      [scene.room.id, there.id].map((resource_id) =>
        listClosedDates(scene.sql, { resource_id, limit: 5 }, NOW)
      ),
    );
    assert.deepEqual([`${theirs[0].start_time}`, `${theirs[0].end_time}`], [from, to]);
    assert.deepEqual(`${own[0].start_time}`, "2026-05-06T07:00:00Z");
  });
}

Deno.test("a closure by the clock of UTC is at the same moment everywhere", async () => {
  await using scene = await oneRoom();
  const there = await scene.make({ name: "There", time_zone: "Asia/Kathmandu" });
  await scene.shut({ resource_ids: [scene.room.id, there.id], time_zone: "UTC" });
  const rows = await scene.sql`select distinct lower(period)::text as from from allocations`;
  assert.deepEqual(rows.map((row) => row.from), ["2026-05-05 09:00:00+00"]);
});

Deno.test("a closure is of every unit, and of those that are added while it lies ahead", async () => {
  await using scene = await oneRoom({ units: 2 });
  await scene.shut();
  await assert.rejects(scene.ask(TEN), Conflict);
  await changeResource(scene.sql, scene.cast.ada, { id: scene.room.id, units: 3 }, NOW);
  assert.equal((await shutTimes(scene)).length, 3);
  await assert.rejects(scene.ask(TEN), Conflict);
});

Deno.test("where everything is closed, so is what is added later", async () => {
  await using scene = await oneRoom();
  const repeats = { frequency: "daily" as const, count: 2 };
  const { id } = await scene.shut({ everything: true, repeats });
  const added = await scene.make({ name: "Added", units: 2 });
  await assert.rejects(scene.ask(TEN, added.id), /Added is closed then/);
  const { resource_names } = await getClosure(scene.sql, id, NOW);
  assert.deepEqual(resource_names, ["Added", "Room"]);
  await deleteResource(scene.sql, scene.cast.ada, added.id, NOW);
  assert.deepEqual((await getClosure(scene.sql, id, NOW)).resource_names, ["Room"]);
});

Deno.test("where two closures meet, what both close stays closed when one is given up", async () => {
  await using scene = await oneRoom();
  const { id } = await scene.shut();
  await scene.shut({ start_wall: "2026-05-05T11:00", end_wall: "2026-05-05T13:00", reason: "Painting" });
  assert.deepEqual(await shutTimes(scene), ["1: 05-05 09:00–05-05 12:00", "1: 05-05 12:00–05-05 13:00"]);
  await deleteClosure(scene.sql, scene.cast.ada, id, NOW);
  await scene.ask(TEN);
  await assert.rejects(scene.ask(on("2026-05-05", "11:00", "11:30")), /Painting/);
});

Deno.test("reservations in the way are listed, and nothing is closed, until it is said what becomes of them", async () => {
  await using scene = await oneRoom();
  const kept = await scene.ask(TEN);
  await assert.rejects(scene.shut(), (error: InTheWayOfClosure) => {
    assert(error instanceof InTheWayOfClosure, `${error}`);
    assert.deepEqual(error.affected.map((v) => v.id), [kept.id]);
    assert.match(error.message, /^1 reservation is in the way: say whether to leave, cancel or move it/);
    return true;
  });
  assert.deepEqual([...await scene.sql`select id from closures`], []);
});

Deno.test("what came since it was listed is listed again, whatever was said", async () => {
  await using scene = await oneRoom();
  const first = await scene.ask(TEN);
  const later = await scene.ask(on("2026-05-05", "11:00", "11:30"));
  await assert.rejects(
    scene.shut({ reservations: "cancel", seen: [first.id] }),
    /2 reservations are in the way now/,
  );
  assert.equal(await scene.status(first.id), "approved");
  await scene.shut({ reservations: "cancel", seen: [first.id, later.id] });
  assert.equal(await scene.status(later.id), "cancelled");
});

Deno.test("reservations that are left keep their unit, and the closure takes what is around them", async () => {
  await using scene = await oneRoom({ units: 2 });
  const left = await scene.ask(TEN);
  const { outcomes } = await scene.shut({ reservations: "leave" });
  assert.deepEqual(outcomes.map((o) => [o.reservation.id, o.outcome]), [[left.id, "left"]]);
  assert.deepEqual(await shutTimes(scene), [
    "1: 05-05 09:00–05-05 10:00",
    "1: 05-05 11:00–05-05 12:00",
    "2: 05-05 09:00–05-05 12:00",
  ]);
  assert.equal(await scene.status(left.id), "approved");
});

Deno.test("what a reservation in a closure gives up, the closure takes", async () => {
  await using scene = await oneRoom();
  const [one, other] = [await scene.ask(TEN), await scene.ask(on("2026-05-05", "11:00", "12:00"))];
  await scene.shut({ reservations: "leave" });
  await cancel(scene.sql, scene.cast.bob, { id: one.id }, NOW);
  await assert.rejects(scene.ask(TEN), /closed then/);
  const shorter = { end_time: at("2026-05-05 11:30") };
  await change(scene.sql, scene.cast.bob, other.id, shorter, NOW);
  await assert.rejects(scene.ask(on("2026-05-05", "11:30", "12:00")), /closed then/);
});

Deno.test("reservations that are cancelled are told why, and the closure has their time", async () => {
  await using scene = await oneRoom();
  const [one, other] = [await scene.ask(TEN), await scene.ask(on("2026-05-05", "14:00", "15:00"))];
  const { outcomes } = await scene.shut({ reservations: "cancel" });
  assert.deepEqual(outcomes.map((o) => o.outcome), ["cancelled"]);
  assert.deepEqual([await scene.status(one.id), await scene.status(other.id)], ["cancelled", "approved"]);
  const last = (await listHistory(scene.sql, one.id)).at(-1)!;
  assert.deepEqual([last.action, last.actor_name, last.details.reason], [
    "cancel",
    "Ada Admin",
    `Room is closed then: ${SANDED}`,
  ]);
  assert.deepEqual(await shutTimes(scene), ["1: 05-05 09:00–05-05 12:00"]);
});

Deno.test("a request that waits is in the way too, and cannot be approved where it is left", async () => {
  await using scene = await oneRoom({ requires_approval: true });
  const { id } = await scene.ask(TEN);
  const { outcomes } = await scene.shut({ reservations: "leave" });
  assert.deepEqual(outcomes.map((o) => o.outcome), ["left"]);
  await assert.rejects(approve(scene.sql, scene.cast.sam, { id }, NOW), /closed then/);
});

Deno.test("reservations are moved to a like room at the same time, else to the nearest time that is free", async () => {
  await using scene = await oneRoom();
  const like = await scene.make({ name: "Like", capacity: 12 });
  const [first, second] = [await scene.ask(TEN), await scene.ask(on("2026-05-05", "11:00", "12:00"))];
  await scene.ask(on("2026-05-05", "11:00", "12:00"), like.id, "alice");
  const { outcomes } = await scene.shut({ reservations: "move" });
  const where = outcomes.map((o) => [o.outcome, o.to?.resource_name, `${o.to?.start_time}`]);
  assert.deepEqual(where, [
    ["moved", "Like", `${TEN.start_time}`],
    ["moved", "Room", `${at("2026-05-05 12:00")}`],
  ]);
  assert.deepEqual([await scene.status(first.id), await scene.status(second.id)], ["approved", "approved"]);
  const last = (await listHistory(scene.sql, second.id)).at(-1)!;
  assert.deepEqual([last.action, last.details.reason], ["reschedule", `Room is closed then: ${SANDED}`]);
  assert.deepEqual(await shutTimes(scene), ["1: 05-05 09:00–05-05 12:00"]);
});

Deno.test("two that would be moved to one place go to two", async () => {
  await using scene = await oneRoom({ units: 2 });
  await scene.make({ name: "Like", capacity: 12 });
  await scene.ask(TEN);
  await scene.ask(TEN, scene.room.id, "alice");
  const { outcomes } = await scene.shut({ reservations: "move" });
  assert.deepEqual(outcomes.map((o) => o.outcome), ["moved", "moved"]);
  assert.notEqual(
    `${outcomes[0].to!.resource_id} ${outcomes[0].to!.start_time}`,
    `${outcomes[1].to!.resource_id} ${outcomes[1].to!.start_time}`,
  );
});

Deno.test("what cannot be moved is left where it was, on its unit, and said", async () => {
  await using scene = await oneRoom();
  const kit = await scene.make({ name: "Kit", kind: "kit" });
  const both = await request(
    scene.sql,
    scene.cast.bob,
    { ...TEN, resource_ids: [scene.room.id, kit.id] },
    NOW,
  );
  const begun = await scene.ask(on("2026-05-04", "09:00", "19:00"));
  const { outcomes } = await scene.shut({ start_wall: "2026-05-04T10:00", reservations: "move" }, NOW);
  assert.deepEqual(outcomes.map((o) => [o.reservation.id, o.outcome]), [[begun.id, "left"], [
    both.id,
    "left",
  ]]);
  assert.deepEqual(await shutTimes(scene), [
    "1: 05-04 19:00–05-05 10:00",
    "1: 05-05 11:00–05-05 12:00",
  ]);
});

Deno.test("where one thing fails nothing has happened", async () => {
  await using scene = await oneRoom();
  const { id } = await scene.ask(TEN);
  await scene
    .sql`create function no() returns trigger language plpgsql as 'begin raise exception $$no$$; end'`;
  await scene.sql`create trigger no before insert on closure_dates execute function no()`;
  await assert.rejects(scene.shut({ reservations: "cancel" }), /no/);
  assert.equal(await scene.status(id), "approved");
  assert.deepEqual([...await scene.sql`select id from closures`], []);
});

Deno.test("what lies ahead of a deleted closure is free at once, and nothing stays of it", async () => {
  await using scene = await oneRoom({ units: 2 });
  const { id } = await scene.shut({ repeats: { frequency: "daily", count: 5 } });
  assert.equal(await deleteClosure(scene.sql, scene.cast.ada, id, NOW), "deleted");
  await scene.ask(TEN);
  assert.deepEqual([...await scene.sql`select id from closures`], []);
});

Deno.test("a closure that has begun ends when it is given up, and what has passed of it stays on record", async () => {
  await using scene = await oneRoom();
  const { id } = await scene.shut({ repeats: { frequency: "daily", count: 3 } });
  const during = at("2026-05-06 10:00");
  assert.equal(await deleteClosure(scene.sql, scene.cast.ada, id, during), "ended");
  await scene.ask(on("2026-05-06", "10:00", "11:00"), scene.room.id, "bob", during);
  const closure = await getClosure(scene.sql, id, during);
  assert.deepEqual([closure.dates, `${closure.end_time}`], [2, `${during}`]);
  await assert.rejects(deleteClosure(scene.sql, scene.cast.ada, id, during), /is over: it stays on record/);
});

Deno.test("a reason can be changed, and is what people read then", async () => {
  await using scene = await oneRoom();
  const { id } = await scene.shut();
  await changeReason(scene.sql, scene.cast.ada, { id, reason: "Painting" }, NOW);
  await assert.rejects(scene.ask(TEN), /Room is closed then: Painting/);
  await assert.rejects(changeReason(scene.sql, scene.cast.sam, { id, reason: "x" }, NOW), Forbidden);
});

Deno.test("a closure hides from nobody: Alice reads of it what Ada reads", async () => {
  await using scene = await oneRoom();
  await scene.shut();
  const wish = { ...TEN, resource_ids: [scene.room.id] };
  const [alices, adas] = await Promise.all(
    (["alice", "ada"] as const).map((who) => conflictsOf(scene.sql, scene.cast[who], wish, NOW)),
  );
  assert.deepEqual(alices, adas);
  assert.deepEqual([alices[0].reason, alices[0].hidden], [SANDED, false]);
});

Deno.test("no alternative lies in a closure, nor reaches into one", async () => {
  await using scene = await oneRoom();
  await scene.shut({ start_wall: "2026-05-04T00:00", end_wall: "2026-05-10T00:00" });
  const offered = await alternativesTo(scene.sql, { ...TEN, resource_ids: [scene.room.id] }, NOW);
  assert.deepEqual(offered.map((slot) => `${slot.start_time}`), [`${at("2026-05-10 00:00")}`]);
});

Deno.test("a room is closed until its closure ends, in the list of resources", async () => {
  await using scene = await oneRoom();
  await scene.shut();
  const listed = async (wall: string) =>
    (await listResources(scene.sql, { limit: 5 }, at(wall)))[0].closed_until;
  assert.equal(await listed("2026-05-05 08:59"), null);
  assert.equal(`${await listed("2026-05-05 09:00")}`, `${at("2026-05-05 12:00")}`);
  assert.equal(await listed("2026-05-05 12:00"), null);
});

Deno.test("what is closed is busy, and neither free nor found by a search for what is free", async () => {
  await using scene = await oneRoom({ units: 2 });
  await scene.shut();
  await scene.ask(on("2026-05-05", "13:00", "14:00"));
  const window = on("2026-05-05", "08:00", "15:00");
  const { busy, free } = await availabilityOf(scene.sql, scene.room.id, window, NOW);
  assert.deepEqual({ busy, free }, {
    busy: [on("2026-05-05", "09:00", "12:00")],
    free: [on("2026-05-05", "08:00", "09:00"), on("2026-05-05", "12:00", "15:00")],
  });
  assert.deepEqual([...await listResources(scene.sql, { free: TEN, limit: 5 }, NOW)], []);
});

Deno.test("closures are listed by what lies ahead, and by what has passed", async () => {
  await using scene = await oneRoom();
  const one = await scene.shut();
  const daily = await scene.shut({
    start_wall: "2026-05-04T20:00",
    end_wall: "2026-05-04T21:00",
    repeats: { frequency: "daily", count: 10 },
  });
  const ids = async (when: "ahead" | "past", now: Temporal.Instant) =>
    (await listClosures(scene.sql, { when, limit: 10 }, now)).map(({ id }) => id);
  assert.deepEqual(await ids("ahead", NOW), [daily.id, one.id]);
  assert.deepEqual(await ids("past", NOW), []);
  assert.deepEqual(await ids("ahead", at("2026-05-08 12:00")), [daily.id]);
  assert.deepEqual(await ids("past", at("2026-05-08 12:00")), [one.id]);
});

Deno.test("the sweep lets go of closures that are over, and they stay on the record", async () => {
  await using scene = await oneRoom({ units: 3 });
  await scene.shut();
  assert.equal(await sweep(scene.sql, at("2026-05-05 11:59")), 0);
  assert.equal(await sweep(scene.sql, at("2026-05-05 12:00")), 3);
  assert.equal(await sweep(scene.sql, at("2026-05-05 12:00")), 0);
  const [{ count }] = await scene.sql`select count(*)::int as count from allocations where not holds`;
  assert.equal(count, 3);
});

Deno.test("the record keeps who closed what, changed why, and opened it again", async () => {
  await using scene = await oneRoom();
  const { id } = await scene.shut({ everything: true });
  await changeReason(scene.sql, scene.cast.ada, { id, reason: "The pipes" }, NOW);
  await deleteClosure(scene.sql, scene.cast.ada, id, NOW);
  const rows = await scene.sql`select action, actor_id from history where subject_id = ${id} order by id`;
  assert.deepEqual(rows.map((row) => Object.values(row)), [
    ["create", scene.cast.ada.id],
    ["change", scene.cast.ada.id],
    ["delete", scene.cast.ada.id],
  ]);
});
