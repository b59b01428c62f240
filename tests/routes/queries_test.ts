import assert from "node:assert/strict";
import { close, NewClosure } from "../../domain/closures.ts";
import { createSeries } from "../../domain/series.ts";
import { join } from "../../domain/waitlist.ts";
import { request } from "../../domain/requests.ts";
import { makeCrowd, makeResource, NOW, on } from "../support/cast.ts";
import { openScene, type Scene } from "../support/scene.ts";

/** So much may a page ask, however much there is: the most that any of them asked when this was written. */
const AT_MOST = 8;

/** A hall, a van that wants approval, and so many more rooms, each with reservations on the day of the tests. */
async function siteWith(rooms: number) {
  const scene = await openScene();
  const { sql, cast } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "A hall" });
  const van = await makeResource(sql, cast.ada, { name: "A van", kind: "vehicle", requires_approval: true });
  const more = await Promise.all(
    Array.from(
      { length: rooms },
      (_, i) => makeResource(sql, cast.ada, { name: `Room ${i}`, tags: [`tag ${i}`] }),
    ),
  );
  const crowd = await makeCrowd(sql, rooms);
  const ask = (who: typeof cast.bob, resource: { id: string }, hour: number) =>
    request(
      sql,
      who,
      { ...on("2026-05-05", `${hour}:00`, `${hour + 1}:00`), resource_ids: [resource.id] },
      NOW,
    );
  const { id, reference } = await ask(cast.bob, hall, 10);
  for (const [i, room] of more.entries()) {
    await Promise.all([
      ask(crowd[i], room, 10),
      ask(cast.bob, room, 11),
      ask(crowd[i], van, 10),
      ask(cast.bob, van, 10),
    ]);
  }
  const closure = NewClosure.parse({
    ...{
      reason: "Stocktaking",
      resource_ids: [hall.id, ...more.map((room) => room.id)],
      reservations: "leave",
    },
    ...{ start_wall: "2026-05-05T09:00", end_wall: "2026-05-05T12:00" },
    repeats: { frequency: "daily", count: rooms },
  });
  const closure_id = (await close(sql, cast.ada, closure, NOW)).id;
  const walls = ["2026-09-01T10:00", "2026-09-01T11:00"].map((wall) => Temporal.PlainDateTime.from(wall));
  const recurring = { resource_ids: [hall.id], start_wall: walls[0], end_wall: walls[1] };
  const rule = { frequency: "daily", count: rooms } as const;
  const series = await createSeries(sql, cast.bob, { ...recurring, rule }, NOW);
  const [{ one }] = await sql`select reference as one from reservations where series_id = ${series} limit 1`;
  const waits = { ...on("2026-05-05", "10:00", "11:00"), resource_ids: [more[0].id] };
  const entry = (await join(sql, cast.bob, waits, NOW)).id;
  for (const who of crowd.slice(1)) await join(sql, who, waits, NOW);
  return { ...scene, hall, id, reference, closure_id, series, one, entry };
}

/** The statements that each page sends, on a site that has just been written to. */
async function asked(
  scene:
    & Scene
    & { hall: { id: string } }
    & Record<"id" | "reference" | "closure_id" | "series" | "one" | "entry", string>,
) {
  const { hall, id, reference, closure_id, series, one, entry, sql, cast, statements } = scene;
  const pages = {
    bob: [
      "/",
      "/schedule?date=2026-05-05",
      "/schedule/week?date=2026-05-05",
      `/resources/${hall.id}/month?month=2026-05`,
      "/agenda",
      "/find",
      "/find?from=2026-05-05&to=2026-05-05",
      "/find?tags=no-such-tag&minutes=90",
      "/api/v1/find?from=2026-05-05&to=2026-05-05",
      "/resources",
      "/resources?free_date=2026-05-05&free_start=10:00&free_end=11:00",
      `/resources/${hall.id}?week=2026-05-05`,
      `/reservations/new?resource=${hall.id}&date=2026-05-05&start=10:00&end=11:00`,
      "/reservations/any?kind=room&date=2026-05-05&start=10:00&end=11:00",
      "/reservations",
      "/reservations?q=room",
      `/reservations/${reference}`,
      `/reservations/${reference}/edit`,
      `/series/new?resource=${hall.id}&date=2026-05-05&start=10:00&end=11:00&repeats=daily&count=20&mode=move`,
      `/series/${series}`,
      `/reservations/${one}`,
      `/api/v1/series/${series}`,
      "/waitlist",
      `/waitlist/${entry}`,
      `/waitlist/new?resource=${hall.id}`,
      "/api/v1/waitlist",
      "/account",
      "/account/second-factor",
      "/check-in",
      "/api/v1/resources",
      "/api/v1/reservations",
      `/api/v1/reservations/${id}`,
      `/api/v1/reservations/${id}/history`,
      `/api/v1/resources/${hall.id}/availability?from=2026-05-05T00:00:00Z&to=2026-05-06T00:00:00Z`,
      "/api/v1/closures",
    ],
    sam: [
      "/",
      "/waitlist?who=everybody",
      "/check-in",
      "/approvals",
      `/reservations/${reference}/reschedule`,
      `/reservations/${reference}/override`,
      `/approvals/several?verb=approve&of=${id}`,
      "/admin/audit",
      "/admin/audit?person=bob&resource=hall",
      "/api/v1/audit-logs",
      "/reservations/import",
    ],
    ada: [
      "/approvals?show=all",
      "/admin/groups",
      `/admin/resources/${hall.id}/approvers`,
      `/admin/resources/${hall.id}/door`,
      "/admin/policies",
      "/admin/resources",
      "/admin/users",
      `/admin/users/${scene.cast.bob.id}`,
      `/admin/users/${scene.cast.bob.id}/deactivate`,
      `/admin/resources/${hall.id}/remove`,
      "/admin/resources/import",
      "/admin/resources/export.csv",
      "/api/v1/users/export.csv",
      "/admin/closures",
      "/admin/closures/new",
      `/admin/closures/${closure_id}`,
      "/api/v1/users",
      "/api/v1/policies",
      "/api/v1/groups",
      "/api/v1/delegations",
    ],
  } as const;
  const found: Record<string, number> = {};
  for (const [name, paths] of Object.entries(pages)) {
    const client = await scene.site.as(cast[name as keyof typeof pages]);
    for (const path of paths) {
      await client.get("/reservations");
      await sql`insert into runs (job, started_at, duration_ms, changed) values ('nothing', ${NOW}, 0, 0)`;
      statements.length = 0;
      const answer = await client.get(path);
      assert.equal(answer.status, 200, `${path}: ${answer.text.slice(0, 200)}`);
      found[
        path.replace(hall.id, "HALL").replace(cast.bob.id, "BOB").replace(id, "ID").replace(series, "SERIES")
          .replace(one, "ONE").replace(entry, "ENTRY").replace(reference, "REF")
          .replace(
            closure_id,
            "CLOSURE",
          )
      ] = statements.length;
    }
  }
  return found;
}

Deno.test("a page asks the database as often on a large site as on a small one", async () => {
  await using small = await siteWith(2);
  await using large = await siteWith(70);
  const few = await asked(small);
  assert.deepEqual(await asked(large), few);
});

Deno.test(`no page asks the database more than ${AT_MOST} times`, async () => {
  await using scene = await siteWith(3);
  const counts = await asked(scene);
  assert(Object.values(counts).every((count) => count > 0), "pages that ask nothing: is anything counted?");
  assert.deepEqual(Object.entries(counts).filter(([, count]) => count > AT_MOST), []);
});

Deno.test("with 10,000 requests each page of the queue asks as often as with one, and the index gives the order", async () => {
  await using scene = await siteWith(1);
  const { sql, cast, site, statements, hall } = scene;
  const PAGES = [["sam", ""], ["sam", "?page=2"], ["sam", "?tick=all"], ["ada", ""], [
    "ada",
    "?show=all",
  ]] as const;
  const visit = async () => {
    const asked: Record<string, number> = {};
    let most = 0;
    const texts: string[] = [];
    for (const [who, query] of PAGES) {
      const client = await site.as(cast[who]);
      await client.get("/reservations");
      statements.length = 0;
      const began = performance.now();
      const answer = await client.get(`/approvals${query}`);
      assert.equal(answer.status, 200);
      asked[`${who} ${query}`] = statements.length;
      most = Math.max(most, performance.now() - began);
      texts.push(answer.text);
    }
    return { asked, ms: most, text: texts[0] };
  };
  const few = await visit();
  await sql`
    with made as (
      insert into reservations (id, requester_id, status, start_time, end_time, time_zone, start_wall, end_wall,
        priority, created_at, updated_at)
      select gen_random_uuid(), ${cast.bob.id}, 'pending', at, at + interval '1 hour', 'UTC', at at time zone 'UTC',
        (at + interval '1 hour') at time zone 'UTC', n % 3, ${NOW}, ${NOW}
      from generate_series(1, 10000) as n, lateral (select ${NOW}::timestamptz + n * interval '1 hour' as at) as t
      returning id, start_time, end_time
    )
    insert into allocations (reservation_id, resource_id, unit, period, holds, asked)
    select id, ${hall.id}, 1, tstzrange(start_time, end_time, '[)'), false, 1 from made`;
  await sql`
    insert into resource_approvers (resource_id, user_id) values (${hall.id}, ${cast.sam.id})`;
  await sql`analyze`;
  await visit();
  const many = await visit();
  assert.deepEqual(many.asked, few.asked);
  assert.match(many.text, /10,002 requests wait/);
  assert(many.ms < 2_000, `${many.ms} ms`);
  const plan = await sql<{ "QUERY PLAN": string }[]>`
    explain select id from reservations v where v.status = 'pending' and v.start_time > ${NOW}
    order by v.priority desc, v.start_time, v.created_at, v.id limit 51`;
  assert.match(
    plan.map((row) => row["QUERY PLAN"]).join("\n"),
    /Index (Only )?Scan using reservations_queue/,
  );
});
