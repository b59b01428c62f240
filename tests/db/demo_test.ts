import assert from "node:assert/strict";
import { type DemoOptions, type DemoSummary, fillDemo } from "../../db/demo.ts";
import type { Sql } from "../../db/types.ts";
import { listPending } from "../../domain/queue.ts";
import { listNews } from "../../domain/history.ts";
import type { Actor } from "../../domain/permissions.ts";
import { dateIn, dayIn } from "../../domain/periods.ts";
import { listReservations } from "../../domain/reservations.ts";
import { listLanes } from "../../domain/schedule.ts";
import { stopHashing, verifyPassword } from "../../lib/passwords.ts";
import { testDatabase } from "../support/database.ts";

const ZONE = "Europe/Berlin";
const WEDNESDAY = Temporal.Instant.from("2026-10-14T09:20:00Z");
const SATURDAY = Temporal.Instant.from("2026-10-17T09:20:00Z");

Deno.test("the demo has over a hundred resources of every kind and forty people who share a password", async () => {
  await withDemo(async (sql, summary) => {
    assert.deepEqual(
      { people: summary.people, resources: summary.resources, reservations: summary.reservations },
      { people: 40, resources: 106, reservations: 404 },
    );
    const [{ kinds, asked, zones, retired }] = await sql`
      select count(distinct kind)::int as kinds, count(*) filter (where requires_approval)::int as asked,
        count(distinct time_zone)::int as zones, count(deactivated_at)::int as retired from resources`;
    assert.deepEqual({ kinds, asked, zones, retired }, { kinds: 7, asked: 15, zones: 2, retired: 2 });
    const roles = await sql`select role, count(*)::int as count from users group by role order by role`;
    assert.deepEqual([...roles], [
      { role: "admin", count: 1 },
      { role: "staff", count: 5 },
      { role: "user", count: 34 },
    ]);
    assert.deepEqual(summary.sign_in.map((one) => one.email), [
      "ada@demo.example",
      "sam@demo.example",
      "bob@demo.example",
    ]);
    const [{ password_hash }] = await sql`select password_hash from users where email = 'bob@demo.example'`;
    assert(await verifyPassword(summary.password, password_hash));
  });
});

Deno.test("the demo is the same on two databases, down to the reference numbers", async () => {
  const contents: unknown[][] = [];
  for (let i = 0; i < 2; i++) await withDemo(async (sql) => contents.push(await contentOf(sql)));
  assert.equal(contents[0].length, 404);
  assert.deepEqual(contents[0], contents[1]);
});

Deno.test("no unit is held twice at a time in the demo, and everything was asked for before it began", async () => {
  await withDemo(async (sql) => {
    const [{ held, twice }] = await sql`
      select (select count(*)::int from allocations where holds) as held, count(*)::int as twice
      from allocations a join allocations b on a.resource_id = b.resource_id and a.unit = b.unit
        and a.period && b.period and a.reservation_id < b.reservation_id
      where a.holds and b.holds`;
    assert(held > 100);
    assert.equal(twice, 0);
    const [{ late, future, disordered }] = await sql`
      select count(*) filter (where created_at >= start_time)::int as late,
        count(*) filter (where updated_at > ${WEDNESDAY})::int as future,
        count(*) filter (where created_at < before)::int as disordered
      from (select *, lag(created_at) over (order by number) as before from reservations) v`;
    assert.deepEqual({ late, future, disordered }, { late: 0, future: 0, disordered: 0 });
  });
});

Deno.test("the demo has a hall that divides, several units of one thing, and accessories, all of them reserved", async () => {
  await withDemo(async (sql) => {
    const told = await sql<{ name: string; asked: number | null; whole: string | null }[]>`
      select r.name, a.asked, w.name as whole from allocations a
      join reservations v on v.id = a.reservation_id join resources r on r.id = a.resource_id
      left join resources w on w.id = a.whole_id
      where v.purpose in ('Exhibition of the weaving course', 'Summer party of the dye works')
        and v.number > 400 and (a.asked is not null or a.whole_id is not null)
      order by v.number, r.name`;
    assert.deepEqual([...told], [
      { name: "Catering kit", asked: 2, whole: null },
      { name: "Chairs", asked: 60, whole: null },
      { name: "Gallery east", asked: null, whole: "Weir Gallery" },
      { name: "Gallery west", asked: null, whole: "Weir Gallery" },
      { name: "Weir Gallery", asked: 1, whole: null },
      { name: "Garden tent", asked: 3, whole: null },
    ]);
  });
});

Deno.test("every status that can be reached is in the demo, and the past is over", async () => {
  await withDemo(async (sql) => {
    const there = await sql`select distinct status from reservations order by status`;
    assert.deepEqual(there.map((row) => row.status), [
      "approved",
      "cancelled",
      "completed",
      "denied",
      "expired",
      "pending",
    ]);
    const [{ overdue }] = await sql`
      select count(*)::int as overdue from reservations
      where (status = 'approved' and end_time <= ${WEDNESDAY}) or (status = 'pending' and start_time <= ${WEDNESDAY})`;
    assert.equal(overdue, 0);
  });
});

Deno.test("Sam finds requests to decide within two weeks, with conflicts and competitors beside them", async () => {
  for (const now of [WEDNESDAY, SATURDAY]) {
    await withDemo(async (sql, summary) => {
      const waiting = await listPending(sql, await actor(sql, "sam"), { limit: 100 }, now);
      assert.equal(waiting.length, summary.pending);
      assert(waiting.length >= 25 && waiting.length <= 40);
      assert(waiting.filter((one) => one.conflicts.length > 0).length >= 5);
      assert(waiting.filter((one) => one.competitors.length > 0).length >= 10);
      assert(waiting.some((one) => one.conflicts.length === 0 && one.competitors.length === 0));
      const twoWeeks = now.add({ hours: 24 * 14 });
      assert(waiting.every((one) => Temporal.Instant.compare(one.start_time, twoWeeks) < 0));
      assert(waiting.every((one) => one.purpose !== ""));
    }, { now });
  }
});

Deno.test("Bob finds something ahead, something that waits, something past, and news", async () => {
  await withDemo(async (sql) => {
    const bob = await actor(sql, "bob");
    const mine = await listReservations(sql, bob, { requester_id: bob.id, limit: 200 });
    const count = (status: string) => mine.filter((one) => one.status === status).length;
    assert(count("approved") >= 5);
    assert(count("pending") >= 1);
    assert(count("completed") >= 1);
    const [latest] = await listNews(sql, bob, WEDNESDAY.subtract({ hours: 24 }));
    assert.equal(latest.action, "cancel");
    assert.equal(latest.actor_name, "Sam Achterberg");
    assert.notEqual(latest.reason, null);
  });
});

Deno.test("today and tomorrow are busy on the schedule's first page, also on a weekend, and leave something free", async () => {
  for (const now of [WEDNESDAY, SATURDAY]) {
    const least = now === SATURDAY ? 20 : 60;
    await withDemo(async (sql) => {
      const sam = await actor(sql, "sam");
      for (const days of [0, 1]) {
        const window = dayIn(dateIn(now, ZONE).add({ days }), ZONE);
        const lanes = (await listLanes(sql, sam, window, { limit: 50 }, now)).slice(0, 50);
        const blocks = lanes.reduce((sum, lane) => sum + lane.blocks.length, 0);
        assert(blocks >= least, `${blocks} blocks ${days} days after ${now}`);
        assert(lanes.some((lane) => lane.blocks.length === 0));
      }
    }, { now });
  }
});

Deno.test("the demo fits a site in New York and says how far it is", async () => {
  const said: string[] = [];
  await withDemo(async (sql, summary) => {
    assert.equal(summary.reservations, 124);
    const zones = await sql`select distinct time_zone from resources order by time_zone`;
    assert.deepEqual(zones.map((row) => row.time_zone), ["America/Los_Angeles", "America/New_York"]);
  }, {
    timeZone: "America/New_York",
    reservations: 120,
    onProgress: (done, total, what) => said.push(`${what} ${done === total}`),
  });
  for (const what of ["reservations", "decisions", "days"]) assert(said.includes(`${what} true`), what);
});

// One test's demo, small enough to be there in a second.
async function withDemo(
  test: (sql: Sql, summary: DemoSummary) => unknown,
  { now = WEDNESDAY, timeZone = ZONE, reservations = 400, ...options }: Partial<DemoOptions> = {},
) {
  await using database = await testDatabase();
  try {
    await test(database.sql, await fillDemo(database.sql, { now, timeZone, reservations, ...options }));
  } finally {
    stopHashing();
  }
}

// Everything but the ids, which are made of chance.
async function contentOf(sql: Sql) {
  const rows = await sql`
    select v.reference, v.status, u.email, v.purpose, v.private, v.start_time, v.end_time, v.time_zone,
      v.created_at, v.updated_at, v.decision_reason, d.email as decided_by, v.decided_at,
      (select string_agg(r.name || ' ' || a.unit || ' ' || a.holds, ', ' order by r.name, a.unit)
        from allocations a join resources r on r.id = a.resource_id where a.reservation_id = v.id) as taken,
      (select string_agg(concat_ws(' ', h.action, hu.email, h.at, h.details), ', ' order by h.id)
        from history h left join users hu on hu.id = h.actor_id where h.reservation_id = v.id) as history
    from reservations v join users u on u.id = v.requester_id left join users d on d.id = v.decided_by
    order by v.number`;
  return rows.map((row) => JSON.stringify(row));
}

async function actor(sql: Sql, first: string): Promise<Actor> {
  const [row] = await sql<Omit<Actor, "time_zone">[]>`
    select id, email, name, role from users where email = ${`${first}@demo.example`}`;
  return { ...row, time_zone: ZONE };
}
