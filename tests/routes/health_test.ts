import assert from "node:assert/strict";
import { transaction } from "../../db/transaction.ts";
import { lastRuns, recordRun } from "../../domain/runs.ts";
import { secondsBetween } from "../../lib/cron.ts";
import { JOBS } from "../../jobs.ts";
import { NOW } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

const RUN = { job: "sweep", duration_ms: 3, changed: 0, error: null };

Deno.test("the health of a site has every part in it, each with how long it took to look", async () => {
  await using scene = await openScene({ DATA_DIR: "/tmp" });
  await recordRun(scene.sql, { ...RUN, started_at: NOW });
  const { status, json } = await scene.site.nobody.get("/health");
  assert.equal(status, 200);
  assert.equal(json.status, "healthy");
  assert.deepEqual(Object.keys(json.checks), ["database", "disk", "outbox", "sweep"]);
  for (const part of ["database", "disk", "outbox"]) {
    assert.equal(json.checks[part].status, "healthy");
    assert(Number(json.checks[part].latency_ms) >= 0, part);
  }
});

Deno.test("a job that should have run by now is late, and the site is degraded but in service", async (t) => {
  await using scene = await openScene();
  const { site, sql } = scene;
  const health = async (minutes: number) => {
    site.now = NOW.add({ minutes });
    const { status, json } = await site.nobody.get("/health");
    return [status, json.status, json.checks.sweep?.status ?? "not told"];
  };
  await t.step("it is given time after the start", async () => {
    assert.deepEqual(await health(15), [200, "healthy", "not told"]);
  });
  await t.step("where it never ran it is late after that", async () => {
    assert.deepEqual(await health(16), [200, "degraded", "late"]);
  });
  await t.step("a run makes it well again, until the next two did not come", async () => {
    await recordRun(sql, { ...RUN, started_at: NOW.add({ minutes: 17 }) });
    assert.deepEqual(await health(32), [200, "healthy", "healthy"]);
    assert.deepEqual(await health(33), [200, "degraded", "late"]);
  });
  await t.step("one that failed is degraded, too", async () => {
    await recordRun(sql, { ...RUN, started_at: NOW.add({ minutes: 34 }), error: "no" });
    assert.deepEqual(await health(35), [200, "degraded", "failed"]);
  });
  await t.step("it is ready meanwhile", async () => {
    assert.equal((await site.nobody.get("/ready")).status, 200);
  });
});

Deno.test("a part that cannot be looked at is unknown, and hides nothing else", async () => {
  await using scene = await openScene();
  await scene.sql`alter table outbox rename to elsewhere`;
  await recordRun(scene.sql, { ...RUN, started_at: NOW });
  const { status, json } = await scene.site.nobody.get("/health");
  assert.deepEqual([status, json.status, json.checks.outbox.status, json.checks.sweep.status], [
    ...[200, "degraded", "unknown", "healthy"],
  ]);
});

Deno.test("the last runs are found by a step in the index for each job, however many runs there were", async () => {
  await using scene = await openScene();
  const { sql } = scene;
  await sql`
    insert into runs (job, started_at, duration_ms, changed)
    select case when n % 2 = 0 then 'sweep' else 'another' end, ${NOW}::timestamptz + n * interval '1 minute', 1, n
    from generate_series(1, 20000) n`;
  await sql`analyze runs`;
  const { json } = await scene.site.nobody.get("/health");
  assert.deepEqual([json.checks.another.changed, json.checks.sweep.changed], [19_999, 20_000]);
  const [{ rows }] = await transaction(sql, async (tx) => {
    await lastRuns(tx);
    return await tx`
      select (seq_tup_read + idx_tup_fetch)::int as rows from pg_stat_xact_user_tables where relname = 'runs'`;
  });
  assert(rows < 20, `it reads ${rows} rows`);
});

Deno.test("how often a job runs is read from its schedule", () => {
  const schedules = ["*/5 * * * *", "* * * * *", "17 * * * *", "0 */6 * * *", "30 2 * * *", "0 3 * * 1"];
  const [minute, hour, day] = [60, 3_600, 86_400];
  assert.deepEqual(schedules.map(secondsBetween), [5 * minute, minute, hour, 6 * hour, day, day]);
  assert(JOBS.every(({ schedule }) => secondsBetween(schedule) <= hour));
});
