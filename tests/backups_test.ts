import assert from "node:assert/strict";
import { backUpWhenDue, lastDue, newestIn } from "../backups.ts";
import { restore } from "../db/backup/restore.ts";
import { lastRuns } from "../domain/runs.ts";
import { at, makeCast } from "./support/cast.ts";
import { testDatabase } from "./support/database.ts";
import { openScene } from "./support/scene.ts";

const settings = (DATA_DIR: string, more = {}) => ({
  ...{ DATA_DIR, BACKUP_AT: "02:30", BACKUP_KEEP: 3, TIME_ZONE: "Europe/Berlin" },
  ...more,
});

async function stage() {
  const stack = new AsyncDisposableStack();
  const database = stack.use(await testDatabase());
  await makeCast(database.sql);
  const folder = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const names = async () =>
    (await Array.fromAsync(Deno.readDir(`${folder}/backups`))).map(({ name }) => name).sort();
  return { ...database, folder, names, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

Deno.test("a backup is due at its time of day on the clock of the site, also where that is shown twice or not at all", () => {
  const due = (now: string, BACKUP_AT = "02:30") => `${lastDue(settings("", { BACKUP_AT }), at(now))}`;
  assert.equal(due("2026-05-05 02:29"), `${at("2026-05-04 02:30")}`);
  assert.equal(due("2026-05-05 02:30"), `${at("2026-05-05 02:30")}`);
  assert.equal(due("2026-05-05 23:59"), `${at("2026-05-05 02:30")}`);
  assert.equal(due("2026-03-29 12:00"), "2026-03-29T01:30:00Z");
  assert.equal(due("2026-10-25 12:00"), "2026-10-25T00:30:00Z");
  assert.equal(lastDue(settings("", { BACKUP_AT: undefined }), at("2026-05-05 12:00")), undefined);
});

Deno.test("the daily backup is made once a day, when its time has come, and made up for when it was missed", async (t) => {
  await using scene = await stage();
  const { sql, folder, names } = scene;
  const look = (now: string, more = {}) => backUpWhenDue(sql, settings(folder, more), at(now));
  await t.step("never where it is not set", async () => {
    assert.equal(await look("2026-05-05 12:00", { BACKUP_AT: undefined }), undefined);
  });
  await t.step("at once where there is none yet", async () => {
    assert.equal(await look("2026-05-04 22:00"), `${folder}/backups/daily-20260504T200000Z.sql.gz`);
    assert.equal((await Deno.stat(`${folder}/backups`)).mode! & 0o777, 0o700);
  });
  await t.step("then at its time, once, whoever looks how often", async () => {
    assert.equal(await look("2026-05-05 02:25"), undefined);
    const made = await Promise.all(Array.from({ length: 4 }, () => look("2026-05-05 02:30")));
    assert.equal(made.filter(Boolean).length, 1);
    assert.equal(await look("2026-05-05 02:35"), undefined);
  });
  await t.step("the run is remembered, with how many rows there were", async () => {
    const [{ job, changed, error }] = await lastRuns(sql);
    assert.deepEqual([job, changed > 5, error], ["backup", true, null]);
  });
  await t.step("late where nobody was there at its time", async () => {
    assert(await look("2026-05-06 09:00"));
  });
  await t.step("one that fails is tried again", async () => {
    await Deno.chmod(folder, 0o755);
    await Deno.rename(`${folder}/backups`, `${folder}/elsewhere`);
    await Deno.writeTextFile(`${folder}/backups`, "in the way");
    await assert.rejects(look("2026-05-07 02:30"));
    const [{ error, succeeded_at }] = await lastRuns(sql);
    assert.deepEqual([Boolean(error), `${succeeded_at}`], [true, `${at("2026-05-06 09:00")}`]);
    await Deno.remove(`${folder}/backups`);
    await Deno.rename(`${folder}/elsewhere`, `${folder}/backups`);
    assert(await look("2026-05-07 02:35"));
  });
  await t.step(
    "so many are kept as are to be, what was made by hand, and nothing that was left half done",
    async () => {
      for (
        const name of ["holdfast-20260101T000000Z.sql.gz", "daily-20260101T000000Z.sql.gz.part", "notes.txt"]
      ) {
        await Deno.writeTextFile(`${folder}/backups/${name}`, "");
      }
      await look("2026-05-08 02:30");
      assert.deepEqual(await names(), [
        ...["20260506T070000Z", "20260507T003500Z", "20260508T003000Z"].map((time) => `daily-${time}.sql.gz`),
        ...["holdfast-20260101T000000Z.sql.gz", "notes.txt"],
      ]);
    },
  );
  await t.step("the newest can be restored", async () => {
    const path = await newestIn(folder);
    assert.equal(path, `${folder}/backups/daily-20260508T003000Z.sql.gz`);
    await using target = await testDatabase();
    const { sums } = await restore(target.sql, (await Deno.open(path!)).readable, at("2026-05-08 03:00"));
    assert.equal(sums.users.rows, 6);
  });
});

Deno.test("a daily backup that does not come is late after a day and two hours, and the site degraded", async () => {
  await using scene = await openScene({ BACKUP_AT: "02:30" });
  const health = async (hours: number) => {
    const { sql, site } = scene;
    site.now = site.now.add({ hours });
    await sql`insert into runs (job, started_at, duration_ms, changed) values ('sweep', ${site.now}, 1, 0)`;
    const { json } = await site.nobody.get("/health");
    return [json.status, json.checks.backup?.status];
  };
  assert.deepEqual(await health(26), ["healthy", undefined]);
  assert.deepEqual(await health(1), ["degraded", "late"]);
});
