import assert from "node:assert/strict";
import { request } from "../domain/requests.ts";
import { JOBS, runJob } from "../jobs.ts";
import { makeResource, NOW, on } from "./support/cast.ts";
import type { TestDatabase } from "./support/database.ts";
import { assertSound } from "./support/invariants.ts";
import { openScene, type Scene } from "./support/scene.ts";
import { inPipe } from "./support/terminal.ts";

const SLOT = on("2026-05-04", "10:00", "11:00");
const AFTERWARDS = SLOT.end_time.add({ minutes: 2 });
const [sweep] = JOBS;

/** One reservation that is approved and one that waits, both for the same hour. */
async function twoReservations() {
  const scene = await openScene();
  const { sql, cast } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Hall" });
  const great = await makeResource(sql, cast.ada, { name: "Great Hall", requires_approval: true });
  for (const { id } of [hall, great]) await request(sql, cast.alice, { resource_ids: [id], ...SLOT }, NOW);
  return scene;
}

async function statuses({ sql }: Scene): Promise<string[]> {
  const rows = await sql<{ status: string }[]>`select status from reservations order by number`;
  return rows.map((row) => row.status);
}

interface Shown {
  status: string;
  last_run: string;
  changed: number;
  duration_ms: number;
}

/** What the operator is shown of the sweep. */
async function shown(scene: Scene) {
  const { status, json } = await scene.site.nobody.get("/health");
  const { duration_ms, ...run } = json.checks.sweep as unknown as Shown;
  assert(Number.isInteger(duration_ms) && duration_ms >= 0);
  return { status, run };
}

Deno.test("every job has a name of its own and a schedule, and the command line runs it by that name", async () => {
  const names = JOBS.map((job) => job.name);
  assert.deepEqual(names, [...new Set(names)]);
  for (const { schedule } of JOBS) assert.match(schedule, /^(\S+ ){4}\S+$/);
  const { printed } = await command(["--help"]);
  for (const name of names) assert.match(printed, new RegExp(`^  ${name} +run the job`, "m"));
});

Deno.test("a run is remembered with what it changed, and shown to the operator", async () => {
  await using scene = await twoReservations();
  assert.equal(await runJob(scene.sql, sweep, AFTERWARDS), 2);
  assert.deepEqual(await statuses(scene), ["completed", "expired"]);
  assert.deepEqual(await shown(scene), {
    status: 200,
    run: { status: "healthy", last_run: `${AFTERWARDS}`, changed: 2 },
  });
  await assertSound(scene.sql);
});

Deno.test("a run that finds nothing to do is remembered too, and is the one that is shown", async () => {
  await using scene = await twoReservations();
  const next = AFTERWARDS.add({ minutes: 5 });
  await runJob(scene.sql, sweep, AFTERWARDS);
  assert.equal(await runJob(scene.sql, sweep, next), 0);
  const { run } = await shown(scene);
  assert.deepEqual(run, { status: "healthy", last_run: `${next}`, changed: 0 });
});

Deno.test("before its first run the operator is shown nothing of a job", async () => {
  await using scene = await openScene();
  const { json } = await scene.site.nobody.get("/health");
  assert(!("sweep" in json.checks));
  assert.equal(json.status, "healthy");
});

Deno.test("a run that fails is remembered with its reason, shown as failed, and the next one makes up for it", async () => {
  await using scene = await twoReservations();
  await scene.sql`alter table outbox rename to elsewhere`;
  await assert.rejects(runJob(scene.sql, sweep, AFTERWARDS), /relation "outbox" does not exist/);
  const failed = await shown(scene);
  assert.deepEqual(failed, {
    status: 200,
    run: { status: "failed", last_run: `${AFTERWARDS}`, changed: 0 },
  });
  const [{ error }] = await scene.sql`select error from runs`;
  assert.match(error, /relation "outbox" does not exist/);
  assert.deepEqual(await statuses(scene), ["approved", "pending"]);

  await scene.sql`alter table elsewhere rename to outbox`;
  assert.equal(await runJob(scene.sql, sweep, AFTERWARDS), 2);
  assert.equal((await shown(scene)).run.status, "healthy");
});

Deno.test("a run whose failure cannot even be remembered still says why it failed", async () => {
  await using scene = await twoReservations();
  await scene.sql`alter table outbox rename to elsewhere`;
  await scene.sql`drop table runs`;
  await assert.rejects(runJob(scene.sql, sweep, AFTERWARDS), /relation "outbox" does not exist/);
});

Deno.test("the operator is not shown the words of a failure, which may name what is private", async () => {
  await using scene = await twoReservations();
  await scene.sql`alter table outbox rename to elsewhere`;
  await assert.rejects(runJob(scene.sql, sweep, AFTERWARDS));
  const { text } = await scene.site.nobody.get("/health");
  assert.doesNotMatch(text, /relation|does not exist/);
});

Deno.test("the sweep that is run by hand does what is due by the clock of the machine, and says how much", async () => {
  await using scene = await openScene();
  const { sql, cast } = scene;
  const { id } = await makeResource(sql, cast.ada, { name: "Hall" });
  const begun = Temporal.Now.instant().round("second").subtract({ hours: 5 });
  const slot = (hours: number) => ({
    start_time: begun.add({ hours }),
    end_time: begun.add({ hours: hours + 1 }),
  });
  for (const hours of [0, 1, 48]) {
    await request(sql, cast.alice, { resource_ids: [id], ...slot(hours) }, begun);
  }

  const first = await command(["sweep"], scene);
  assert.deepEqual([first.code, first.printed], [0, "2 rows changed\n"], first.said);
  assert.deepEqual(await statuses(scene), ["completed", "completed", "approved"]);
  const { run } = await shown(scene);
  assert.equal(run.status, "healthy");

  const second = await command(["sweep"], scene);
  assert.deepEqual([second.code, second.printed], [0, "0 rows changed\n"], second.said);
  const runs = await sql<{ changed: number }[]>`select changed from runs order by id`;
  assert.deepEqual(runs.map((row) => row.changed), [2, 0]);
  await assertSound(sql);
});

Deno.test("a command that does not exist ends with a non-zero code and the list of those that do", async () => {
  const { code, said } = await command(["swep"]);
  assert.equal(code, 2);
  assert.match(said, /unknown command 'swep'/);
  assert.match(said, /^ {2}sweep /m);
});

// Over the test's own database.
function command(args: string[], database?: TestDatabase) {
  const { host, database: name, username } = database?.where ?? { host: "", database: "", username: "" };
  const env: Record<string, string> = {
    ...{ DATABASE_URL: database ? `postgres:///${name}` : "", PGHOST: host, PGUSER: username },
    SECRET_KEY: "a secret of the tests, long enough to sign with",
  };
  return inPipe(args, { env });
}
