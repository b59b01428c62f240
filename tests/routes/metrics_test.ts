import assert from "node:assert/strict";
import { poolOf } from "../../db/pool.ts";
import { transaction } from "../../db/transaction.ts";
import { recordRun } from "../../domain/runs.ts";
import { readVitals } from "../../domain/vitals.ts";
import { request } from "../../domain/requests.ts";
import { cancel } from "../../domain/edits.ts";
import { newId } from "../../lib/ids.ts";
import { makeCrowd, makeResource, NOW, on } from "../support/cast.ts";
import { promtool, readExposition } from "../support/exposition.ts";
import { openScene, type Scene } from "../support/scene.ts";

const TOKEN = "a token for whoever scrapes";
const HERE = { remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 } } as Deno.ServeHandlerInfo<
  Deno.NetAddr
>;
const ELSEWHERE = { remoteAddr: { ...HERE.remoteAddr, hostname: "192.0.2.7" } } as Deno.ServeHandlerInfo<
  Deno.NetAddr
>;

const ask = ({ site }: Scene, headers: Record<string, string> = {}, from = HERE) =>
  site.fetch(new Request("http://localhost/metrics", { headers }), from);

/** The figures after a moment in which what was told before is forgotten. */
async function scrape(scene: Scene) {
  scene.site.now = scene.site.now.add({ seconds: 20 });
  const answer = await ask(scene);
  assert.equal(answer.status, 200);
  const families = readExposition(await answer.text());
  return (name: string, labels: Record<string, string> = {}) => {
    const sample = families.get(name)?.samples.find((one) =>
      Object.entries(labels).every(([key, value]) => one.labels[key] === value)
    );
    return sample?.value;
  };
}

Deno.test("figures are for a program of this machine that asks by itself; to others there is no such page", async (t) => {
  await using scene = await openScene();
  const told = (answer: Response) =>
    [answer.status, ...[...answer.headers].filter(([name]) => !/request-id|policy/.test(name))]
      .map((one) => `${one}`.replace(/metrics|nowhere/, "…"));
  const nowhere = await scene.site.fetch(new Request("http://localhost/nowhere"), ELSEWHERE);
  const cases: [string, Record<string, string>, Deno.ServeHandlerInfo<Deno.NetAddr> | undefined][] = [
    ["from another machine", {}, ELSEWHERE],
    ["from nowhere known", {}, undefined],
    ["by a proxy of this machine", { "x-forwarded-for": "192.0.2.7" }, HERE],
    ["by a proxy that says so otherwise", { forwarded: "for=192.0.2.7" }, HERE],
    ["from another machine that says it is this one", { "x-forwarded-for": "127.0.0.1" }, ELSEWHERE],
  ];
  for (const [name, headers, from] of cases) {
    await t.step(name, async () => {
      const answer = await scene.site.fetch(new Request("http://localhost/metrics", { headers }), from);
      assert.deepEqual(told(answer), told(nowhere));
      assert.equal(await answer.text(), "");
    });
  }
  await t.step("somebody who is signed in, from elsewhere", async () => {
    const ada = await scene.site.as(scene.cast.ada);
    assert.equal((await ada.get("/metrics")).status, 404);
  });
  await t.step("from this machine", async () => {
    const answer = await ask(scene);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
    assert.match(await answer.text(), /^holdfast_database_up 1$/m);
  });
});

Deno.test("with a token in the settings the figures are for who has it, from anywhere, and for nobody else", async () => {
  await using scene = await openScene({ METRICS_TOKEN: TOKEN.replaceAll(" ", "-") });
  const bearer = { authorization: `Bearer ${TOKEN.replaceAll(" ", "-")}` };
  const told = [
    await ask(scene),
    await ask(scene, { authorization: "Bearer another-token-of-28-letters" }),
    await ask(scene, bearer),
    await ask(scene, bearer, ELSEWHERE),
  ];
  for (const answer of told) await answer.body?.cancel();
  assert.deepEqual(told.map(({ status }) => status), [303, 303, 200, 200]);
});

Deno.test("requests are counted by the pattern of their route", async (t) => {
  await using scene = await openScene();
  const { site, cast, sql } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Hall" });
  const bob = await site.as(cast.bob);
  for (const id of [hall.id, newId(), "none"]) await bob.get(`/resources/${id}`);
  await site.nobody.get(`/resources/${hall.id}`);
  for (let i = 0; i < 30; i++) await site.nobody.get(`/${crypto.randomUUID()}/${i}`);
  await site.nobody.call("GET", `/no-such-call/${crypto.randomUUID()}`);
  await site.nobody.get("/live");
  await site.nobody.send("/live", { method: "BREW" });
  const text = await (await ask(scene)).text();
  const samples = readExposition(text).get("holdfast_http_requests_total")!.samples;
  const counted = (route: string) =>
    samples.filter(({ labels }) => labels.route === route)
      .map(({ labels, value }) => `${labels.method} ${labels.status} ${value}`).sort();

  await t.step("whatever the id is, found or not, signed in or not", () => {
    assert.deepEqual(counted("/resources/:id"), ["GET 200 1", "GET 303 1", "GET 404 2"]);
  });
  await t.step("addresses that lead nowhere are one, and so are methods that nobody has heard of", () => {
    assert.deepEqual(counted("other"), ["GET 303 30", "GET 404 1", "other 303 1"]);
    assert.deepEqual(counted("/live"), ["GET 200 1"]);
  });
  await t.step("no id and no address that somebody made up is in any label", () => {
    assert.doesNotMatch(text, /[\da-f]{8}-[\da-f]{4}-|BREW|no-such-call/);
  });
  await t.step("how long they took is told for each", () => {
    const durations = readExposition(text).get("holdfast_http_request_duration_seconds")!.samples;
    const [count] = durations.filter(({ name, labels }) =>
      name.endsWith("_count") && labels.route === "/resources/:id"
    );
    assert.equal(count.value, 4);
  });
});

Deno.test("a request that is refused because something is in its way counts as a conflict of its kind", async () => {
  await using scene = await openScene();
  const { site, cast, sql } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Hall" });
  const body = { resource_id: hall.id, start_time: "2026-05-05T10:00:00Z", end_time: "2026-05-05T11:00:00Z" };
  const bob = await site.as(cast.bob);
  const { json } = await bob.call("POST", "/reservations", body);
  const figures = async () => {
    const read = await scrape(scene);
    return ["slot", "rule", "name", "state"].map((kind) => read("holdfast_conflicts_total", { kind }));
  };
  assert.deepEqual(await figures(), [0, 0, 0, 0]);

  const alice = await site.as(cast.alice);
  assert.equal((await alice.call("POST", "/reservations", body)).status, 409);
  const typed = { resource: hall.id, date: "2026-05-05", start: "12:00", end: "12:30" };
  assert.equal((await alice.post("/reservations", typed)).status, 409);
  assert.equal((await bob.call("POST", `/reservations/${json.id}/cancel`)).status, 200);
  assert.equal((await bob.call("POST", `/reservations/${json.id}/cancel`)).status, 409);
  const ada = await site.as(cast.ada);
  assert.equal((await ada.call("POST", "/resources", { name: "hall", kind: "room" })).status, 409);
  assert.deepEqual(await figures(), [2, 0, 1, 1]);
});

Deno.test("the figures of the site are those of its database", async (t) => {
  await using scene = await openScene();
  const { sql, cast } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Hall" });
  const van = await makeResource(sql, cast.ada, { name: "Van", requires_approval: true });
  const { id } = await request(sql, cast.bob, {
    ...on("2026-05-05", "10:00", "11:00"),
    resource_ids: [hall.id],
  }, NOW);
  for (const minutes of [90, 10, 1]) {
    const wish = { ...on("2026-05-05", "10:00", "11:00"), resource_ids: [van.id] };
    await request(sql, cast.bob, wish, NOW.subtract({ minutes }));
  }
  await cancel(sql, cast.bob, { id }, NOW);

  await t.step("reservations by status, and how long requests have waited", async () => {
    const read = await scrape(scene);
    assert.equal(read("holdfast_reservations", { status: "cancelled" }), 1);
    assert.equal(read("holdfast_reservations", { status: "pending" }), 3);
    assert.equal(read("holdfast_reservations", { status: "approved" }), undefined);
    assert.equal(read("holdfast_approvals_waiting"), 3);
    assert.equal(read("holdfast_approvals_waiting_oldest_seconds"), 90 * 60 + 20);
    assert.equal(read("holdfast_approvals_waiting_median_seconds"), 10 * 60 + 20);
  });
  await t.step("what waits in the outbox", async () => {
    await sql`update outbox set delivered_at = created_at where id not in (select max(id) from outbox)`;
    const read = await scrape(scene);
    assert.equal(read("holdfast_outbox_undelivered"), 1);
    assert.equal(read("holdfast_outbox_lag_seconds"), 40);
    await sql`update outbox set delivered_at = created_at`;
    assert.equal((await scrape(scene))("holdfast_outbox_lag_seconds"), 0);
  });
  await t.step("when each job ran, with what success, and whether it is late", async () => {
    const run = { job: "sweep", duration_ms: 1_500, changed: 7 };
    await recordRun(sql, { ...run, started_at: NOW, error: null });
    await recordRun(sql, { ...run, started_at: NOW.add({ minutes: 5 }), error: "the disk is full" });
    const read = await scrape(scene);
    const job = (name: string) => read(`holdfast_job_${name}`, { job: "sweep" });
    assert.equal(job("last_run_timestamp_seconds"), NOW.epochMilliseconds / 1000 + 300);
    assert.equal(job("last_success_timestamp_seconds"), NOW.epochMilliseconds / 1000);
    assert.deepEqual(["last_duration_seconds", "last_changed_rows", "failed", "late"].map(job), [
      1.5,
      7,
      1,
      0,
    ]);
    scene.site.now = NOW.add({ minutes: 25 });
    assert.equal((await scrape(scene))("holdfast_job_late", { job: "sweep" }), 1);
  });
  await t.step("several that ask at once cost the database one question", async () => {
    scene.site.now = scene.site.now.add({ minutes: 1 });
    const before = scene.statements.length;
    await Promise.all(Array.from({ length: 20 }, async () => await (await ask(scene)).text()));
    const asked = scene.statements.slice(before).filter((statement) => /from outbox/.test(statement));
    assert.equal(asked.length, 1);
  });
});

Deno.test("of a large table those that lie ahead are counted by their index, and those that are over are estimated", async () => {
  await using scene = await openScene();
  const { sql, cast } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Hall" });
  const [person] = await makeCrowd(sql, 1);
  const base = { requester_id: person.id, time_zone: "UTC", created_at: `${NOW}`, updated_at: `${NOW}` };
  await sql`
    insert into reservations (id, requester_id, status, start_time, end_time, time_zone, start_wall, end_wall,
      created_at, updated_at)
    select gen_random_uuid(), ${base.requester_id}, case when n % 10 = 0 then 'cancelled' else 'completed' end,
      ${NOW}, ${NOW.add({ hours: 1 })}, 'UTC', '2026-05-04', '2026-05-05', ${NOW}, ${NOW}
    from generate_series(1, 30000) n`;
  await request(sql, cast.bob, { ...on("2026-05-05", "10:00", "11:00"), resource_ids: [hall.id] }, NOW);
  await sql`analyze reservations`;
  const { reservations } = await readVitals(sql, NOW, { countUpTo: 0 });
  const figure = (status: string) => reservations.find((one) => one.status === status)?.count ?? 0;
  assert.deepEqual([figure("approved"), figure("pending")], [1, 0]);
  assert(Math.abs(figure("completed") - 27_000) < 600, `${figure("completed")} completed`);
  assert(Math.abs(figure("cancelled") - 3_000) < 600, `${figure("cancelled")} cancelled`);

  const plans = await Promise.all([
    sql`explain select status, count(*) from reservations where status in ('approved', 'checked_in') group by status`,
    sql`explain select count(*) from reservations where status = 'pending'`,
  ]);
  for (const plan of plans) {
    const lines = plan.map((row) => row["QUERY PLAN"]).join("\n");
    assert.match(lines, /Index.* using? ?reservations_|Bitmap Index Scan on reservations_/);
    assert.doesNotMatch(lines, /Seq Scan/);
  }
});

Deno.test("the pool is told as busy as it is", async () => {
  await using scene = await openScene();
  const { sql } = scene;
  await sql`select 1`;
  assert.deepEqual(poolOf(sql), { size: 10, in_use: 0, waiting: 0 });

  let open = () => {};
  const gate = new Promise<void>((resolve) => open = resolve);
  const begun: Promise<unknown>[] = [];
  let inside = 0;
  for (let i = 0; i < 12; i++) {
    begun.push(transaction(sql, async (tx) => {
      await tx`select 1`;
      inside++;
      await gate;
    }));
  }
  while (inside < 10) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(poolOf(sql), { size: 10, in_use: 10, waiting: 2 });
  open();
  await Promise.all(begun);
  assert.deepEqual(poolOf(sql), { size: 10, in_use: 0, waiting: 0 });

  const connection = await sql.reserve();
  assert.equal(poolOf(sql).in_use, 1);
  connection.release();
  await assert.rejects(async () => await sql`select 1 / 0`, /division by zero/);
  await assert.rejects(transaction(sql, (tx) => tx`select 1 / 0`), /division by zero/);
  assert.deepEqual(poolOf(sql), { size: 10, in_use: 0, waiting: 0 });
});

Deno.test("where the database does not answer the figures say so, and tell nothing that was true before", async () => {
  await using scene = await openScene();
  assert.equal((await scrape(scene))("holdfast_approvals_waiting"), 0);
  await scene.sql`alter table outbox rename to elsewhere`;
  const read = await scrape(scene);
  assert.equal(read("holdfast_database_up"), 0);
  assert.deepEqual(["approvals_waiting", "outbox_lag_seconds"].map((name) => read(`holdfast_${name}`)), [
    undefined,
    undefined,
  ]);
  assert(read("process_resident_memory_bytes")! > 10e6);
  await scene.sql`alter table elsewhere rename to outbox`;
  assert.equal((await scrape(scene))("holdfast_database_up"), 1);
});

Deno.test("Prometheus' own tool has nothing against the figures", async () => {
  await using scene = await openScene();
  await scene.site.nobody.get("/login");
  await recordRun(scene.sql, { job: "sweep", duration_ms: 1, changed: 0, started_at: NOW, error: null });
  const text = await (await ask(scene)).text();
  assert(readExposition(text).size > 20);
  assert(["", undefined].includes(await promtool(["check", "metrics"], text)));
});
