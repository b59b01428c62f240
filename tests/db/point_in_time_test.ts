import assert from "node:assert/strict";
import { join } from "node:path";
import { connect } from "../../db/connect.ts";
import { startEmbedded } from "../../db/embedded.ts";
import { migrate } from "../../db/migrate.ts";
import type { Sql } from "../../db/types.ts";
import { request } from "../../domain/requests.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { assertSound } from "../support/invariants.ts";
import { until } from "../support/program.ts";

const QUIET = { info: () => {}, warn: () => {} };

/** Does something while a PostgreSQL runs on a folder. */
async function running<T>(folder: string, work: (sql: Sql) => Promise<T>): Promise<T> {
  const server = await startEmbedded(folder, QUIET);
  const sql = connect(server.connection, { max: 2 });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
    await server.stop();
  }
}

async function shell(script: string, ...args: string[]) {
  const { success, stderr } = await new Deno.Command("/bin/sh", { args: ["-ec", script, "sh", ...args] })
    .output();
  assert(success, new TextDecoder().decode(stderr));
}

Deno.test("with the log that PostgreSQL keeps a site goes back to any moment", async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "holdfast-moment-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  await Deno.chmod(folder, 0o711);
  const [site, archive, base, again] = ["site", "archive", "base", "again"].map((name) => join(folder, name));
  await shell('mkdir "$1" && chmod 777 "$1"', archive);

  // The log is kept from the next start on.
  await running(site, async (sql) => {
    await migrate(sql, NOW);
    await sql`alter system set archive_mode = on`;
    // The database reads a setting as it is: there are no parameters in this statement.
    await sql.unsafe(`alter system set archive_command = 'test ! -f ${archive}/%f && cp %p ${archive}/%f'`);
  });
  const kept = await running(site, async (sql) => {
    const cast = await makeCast(sql);
    const hall = await makeResource(sql, cast.ada, { name: "Hall" });
    const ask = async (hour: number) => {
      const period = on("2026-05-05", `${hour}:00`, `${hour + 1}:00`);
      return (await request(sql, cast.bob, { ...period, resource_ids: [hall.id] }, NOW)).reference;
    };
    const first = await ask(10);
    // A copy of the files, made while the database works.
    const session = await sql.reserve();
    await session`select pg_backup_start('a copy to begin from', true)`;
    await shell('cp -a "$1/db" "$2" && rm -rf "$2"/pg_wal/* "$2/postmaster.pid"', site, base);
    const [{ label }] = await session`select labelfile as label from pg_backup_stop(false)`;
    session.release();
    await Deno.writeTextFile(join(base, "backup_label"), label);

    const second = await ask(11);
    const [{ moment }] = await sql<{ moment: string }[]>`select clock_timestamp()::text as moment`;
    await sql`select pg_sleep(0.05)`;
    const mistake = await ask(12);
    const [{ file }] = await sql<{ file: string }[]>`select pg_walfile_name(pg_switch_wal()) as file`;
    let archived = "";
    const look = setInterval(async () => {
      const [{ last }] = await sql`select coalesce(last_archived_wal, '') as last from pg_stat_archiver`;
      archived = last;
    }, 100);
    await until(() => archived >= file, 30).finally(() => clearInterval(look));
    return { before: [first, second], mistake, moment };
  });

  // The site is lost; the copy takes its place and reads the log up to the moment.
  await shell('mkdir -m 711 "$2" && cp -a "$1" "$2/db" && touch "$2/db/recovery.signal"', base, again);
  await Deno.writeTextFile(
    join(again, "db/postgresql.auto.conf"),
    [
      `restore_command = 'cp ${archive}/%f %p'`,
      `recovery_target_time = '${kept.moment}'`,
      ...["recovery_target_action = 'promote'", "hot_standby = 'off'", ""],
    ].join("\n"),
  );
  await shell('if [ "$(id -u)" = 0 ]; then chown --reference="$1/PG_VERSION" "$1"/*; fi', join(again, "db"));
  await running(again, async (sql) => {
    const found = await sql<{ reference: string }[]>`select reference from reservations order by number`;
    assert.deepEqual(found.map(({ reference }) => reference), kept.before);
    assert(!kept.before.includes(kept.mistake));
    await assertSound(sql);
  });
});
