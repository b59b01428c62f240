import assert from "node:assert/strict";
import type { Sql } from "../../db/types.ts";
import { type AuditFilter, type AuditKey, selectAudit } from "../../domain/audit.ts";
import { makeCast, makeCrowd, makeResource, NOW } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";

const ROWS = 1_000_000;
const RESERVATIONS = 100_000;

interface Node {
  "Node Type": string;
  "Relation Name"?: string;
  "Actual Rows"?: number;
  "Actual Loops"?: number;
  "Rows Removed by Filter"?: number;
  Plans?: Node[];
}

/** A site that has been used for years: a million entries about reservations, people and resources. */
async function oldSite() {
  const database = await testDatabase();
  const { sql } = database;
  const { ada } = await makeCast(sql);
  const people = (await makeCrowd(sql, 200)).map(({ id }) => id);
  const rooms: string[] = [];
  for (let i = 0; i < 100; i++) rooms.push((await makeResource(sql, ada, { name: `Room ${i}` })).id);
  await fill(sql, people, rooms);
  const [{ id }] = await sql<
    { id: string }[]
  >`select id from reservations order by number offset 777 limit 1`;
  return { ...database, person: people[42], room: rooms[42], reservation: id };
}

// Years before the tests, each entry half a minute after the one before; foreign keys are not looked up a million times.
async function fill(sql: Sql, people: string[], rooms: string[]) {
  await sql.begin(async (tx) => {
    await tx`set local statement_timeout = 0`;
    await tx`set local session_replication_role = replica`;
    const start = NOW.subtract({ hours: 24 * 400 });
    await tx`
      insert into reservations (id, requester_id, status, start_time, end_time, time_zone, start_wall, end_wall,
        created_at, updated_at)
      select gen_random_uuid(), (${people}::uuid[])[1 + i % 200], 'completed', t, t + interval '1 hour', 'UTC',
        t at time zone 'UTC', (t + interval '1 hour') at time zone 'UTC', t, t
      from generate_series(1, ${RESERVATIONS}::int) i
      cross join lateral (select ${start}::timestamptz + i * interval '5 minutes' as t) at`;
    await tx`
      insert into allocations (reservation_id, resource_id, period, holds, asked)
      select id, (${rooms}::uuid[])[1 + number % 100], tstzrange(start_time, end_time, '[)'), false, 1
      from reservations`;
    await tx`create temp table ids on commit drop as select id, number from reservations`;
    await tx`create unique index on ids (number)`;
    await tx`
      insert into history (reservation_id, subject_kind, subject_id, subject_name, actor_id, action, details, at)
      select r.id, case when r.id is null then 'user' else 'reservation' end,
        case when r.id is null then (${people}::uuid[])[1 + i % 200] end, case when r.id is null then 'Somebody' end,
        (${people}::uuid[])[1 + (i * 7) % 200],
        case when i % 100000 = 0 then 'role' when r.id is null then 'sign_in' when i % 3 = 0 then 'complete'
          when i % 3 = 1 then 'request' else 'cancel' end,
        '{}', ${start}::timestamptz + i * interval '30 seconds'
      from generate_series(1, ${ROWS}::int) i
      left join ids r on i % 10 <> 0 and r.number = 1 + i % ${RESERVATIONS}::int`;
  });
  await sql.begin((tx) => tx`set local statement_timeout = 0`);
  await sql`analyze history`;
  await sql`analyze reservations, allocations, users, resources`;
}

async function planOf(sql: Sql, filter: AuditFilter, after?: AuditKey): Promise<{ plan: Node; ms: number }> {
  const [row] = await sql<{ "QUERY PLAN": [{ Plan: Node; "Execution Time": number }] }[]>`
    explain (analyze, format json) ${selectAudit(sql, filter, after)} limit 51`;
  const [{ Plan, "Execution Time": ms }] = row["QUERY PLAN"];
  return { plan: Plan, ms };
}

const nodes = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodes)];

Deno.test("with a million entries the first page of any filter is found by an index", async (t) => {
  await using site = await oldSite();
  const { sql, person, room, reservation } = site;
  const [{ count }] = await sql<{ count: number }[]>`select count(*)::int as count from history`;
  assert(count >= ROWS);
  const from = NOW.subtract({ hours: 24 * 390 });
  const to = NOW.subtract({ hours: 24 * 380 });
  const filters: Record<string, AuditFilter> = {
    "nothing": {},
    "who did it": { actor_id: person },
    "a person": { people: [person] },
    "several people": { people: [person, site.room] },
    "a resource": { resources: [room] },
    "a reservation": { reservation_id: reservation },
    "an action that is frequent": { action: "request" },
    "an action that is rare": { action: "role" },
    "an action that there is not": { action: "none" },
    "a time long ago": { from, to },
    "what came after": { from: NOW.add({ hours: 24 }) },
    "a person and a time": { people: [person], from, to },
    "who did it, and an action that is rare": { actor_id: person, action: "role" },
    "a resource, an action and a time": { resources: [room], action: "cancel", from, to },
    "a person, a resource and an action": { people: [person], resources: [room], action: "request" },
    "everything at once": {
      actor_id: person,
      people: [person],
      resources: [room],
      reservation_id: reservation,
      action: "cancel",
      from,
      to,
    },
  };
  for (const [name, filter] of Object.entries(filters)) {
    await t.step(name, async () => assertByIndex(name, await planOf(sql, filter)));
  }

  // The page and the calls offer these together in any way: each with each other is asked, and the page after the first.
  const offered: AuditFilter[][] = [
    [{}, { actor_id: person }],
    [{}, { people: [person] }],
    [{}, { resources: [room] }],
    [{}, { reservation_id: reservation }],
    [{}, { action: "request" }, { action: "role" }],
    [{}, { from }, { to }, { from, to }],
  ];
  const together = offered.reduce<AuditFilter[]>(
    (all, choices) => all.flatMap((filter) => choices.map((choice) => ({ ...filter, ...choice }))),
    [{}],
  );
  assert.equal(together.length, 2 ** 4 * 3 * 4);
  await t.step(`all ${together.length} ways to put them together, and the page after`, async () => {
    const last = { at: to, id: "500000" };
    for (const filter of together) {
      for (const after of [undefined, last]) {
        assertByIndex(Object.keys(filter).join(" and "), await planOf(sql, filter, after));
      }
    }
  });
});

function assertByIndex(name: string, { plan, ms }: { plan: Node; ms: number }) {
  const scans = nodes(plan).filter((node) => node["Relation Name"] === "history");
  assert(scans.length > 0 || plan["Actual Rows"] === 0, `${name}: history is not read at all?`);
  assert.deepEqual(scans.map((node) => node["Node Type"]).filter((type) => type === "Seq Scan"), [], name);
  // What is read and thrown away costs as much as what is found.
  const seen = scans.map((scan) =>
    ((scan["Actual Rows"] ?? 0) + (scan["Rows Removed by Filter"] ?? 0)) * (scan["Actual Loops"] ?? 1)
  );
  const read = Math.max(0, ...seen);
  assert(read < ROWS / 20, `${name}: ${read} rows were read, in ${ms} ms: ${JSON.stringify(scans)}`);
  if (Deno.env.get("SHOW_PLANS")) {
    console.log(name, Math.round(read), ms, scans.map((scan) => scan["Node Type"]));
  }
}
