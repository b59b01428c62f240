import assert from "node:assert/strict";
import { connect } from "../../db/connect.ts";
import { dump, dumpTo } from "../../db/backup/dump.ts";
import { restore, type RestoreOptions } from "../../db/backup/restore.ts";
import { verify } from "../../db/backup/verify.ts";
import { fillDemo } from "../../db/demo.ts";
import type { Head } from "../../db/backup/format.ts";
import { applyExactly, migrate } from "../../db/migrate.ts";
import type { Sql } from "../../db/types.ts";
import { request } from "../../domain/requests.ts";
import { gunzipSync, gzipSync } from "node:zlib";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

/** A backup in memory. */
async function bytesOf(sql: Sql, now = NOW): Promise<Uint8Array<ArrayBuffer>> {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const [bytes] = await Promise.all([new Response(readable).bytes(), dump(sql, now, writable)]);
  return bytes;
}

const streamOf = (bytes: Uint8Array<ArrayBuffer>) => new Blob([bytes]).stream();
const put = (sql: Sql, bytes: Uint8Array<ArrayBuffer>, options?: RestoreOptions) =>
  restore(sql, streamOf(bytes), NOW, options);
/** The same backup, of which something else is said. */
const changed = (bytes: Uint8Array, change: (text: string) => string) =>
  new Uint8Array(gzipSync(change(gunzipSync(bytes).toString())));

/** A database in which nothing is. */
async function emptyDatabase() {
  const database = await testDatabase();
  await database.sql`drop schema public cascade`;
  await database.sql`create schema public`;
  return database;
}

/** What a database is made of, in words that are the same for the same. */
async function shapeOf(sql: Sql) {
  const rows = await sql<{ line: string }[]>`
    select format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as line
    from pg_constraint where connamespace = 'public'::regnamespace
    union all
    select format('%s %s %s', tgrelid::regclass, pg_get_triggerdef(oid), tgenabled) from pg_trigger where not tgisinternal
    union all
    select indexdef from pg_indexes where schemaname = 'public'
    order by 1`;
  return rows.map(({ line }) => line);
}

Deno.test("a lively site that is restored is what it was, byte by byte, and sound", async (t) => {
  await using source = await testDatabase();
  await fillDemo(source.sql, { now: NOW, timeZone: "Europe/Berlin", reservations: 60 });
  await source
    .sql`update resources set description = ${'a\ttab, a \\ and "quotes",\r\nlines\nand \\N'} where name = (
    select min(name) from resources)`;
  await source.sql`insert into replies (user_id, key, fingerprint, status, body, created_at)
    select id, 'key', 'print', 200, '\\x00ff5c6e0a'::bytea, created_at from users limit 1`;
  const bytes = await bytesOf(source.sql);

  await t.step("into a database in which nothing is", async () => {
    await using target = await emptyDatabase();
    const { head, applied } = await put(target.sql, bytes);
    assert.deepEqual([head.taken_at, applied], [`${NOW}`, []]);
    assert.deepEqual(await bytesOf(target.sql), bytes);
    await assertSound(target.sql);
  });
  await t.step("into one that a Holdfast has been started on; its shape is that of any other", async () => {
    await using target = await testDatabase();
    await target.sql`insert into runs (job, started_at, duration_ms, changed) values ('sweep', ${NOW}, 1, 0)`;
    const before = await shapeOf(target.sql);
    await put(target.sql, bytes);
    assert.deepEqual(await bytesOf(target.sql), bytes);
    assert.deepEqual(await shapeOf(target.sql), before);
    assert(before.some((line) => line.includes("history_is_append_only") && line.endsWith(" A")));

    // And it goes on from there.
    const cast = await makeCast(target.sql);
    const hall = await makeResource(target.sql, cast.ada, { name: "A new hall" });
    const [{ last }] = await target.sql`select max(number)::int as last from reservations`;
    const { reference } = await request(target.sql, cast.bob, {
      ...on("2026-05-05", "10:00", "11:00"),
      resource_ids: [hall.id],
    }, NOW);
    assert.equal(reference, `R-${Number(last) + 1}`);
    await assertSound(target.sql);
  });
  await t.step("a site that is there is left as it is, unless that is forced", async () => {
    await using target = await testDatabase();
    await makeCast(target.sql);
    await assert.rejects(put(target.sql, bytes), {
      name: "RestoreRefused",
      message: "This database is not empty: its table “users” has rows. --force throws away what is there",
    });
    const before = await bytesOf(target.sql);
    const broken = bytes.slice(0, bytes.length - 300);
    await assert.rejects(put(target.sql, broken, { force: true }), /cut off/);
    assert.deepEqual(await bytesOf(target.sql), before);
    await put(target.sql, bytes, { force: true });
    assert.deepEqual(await bytesOf(target.sql), bytes);
  });
  await t.step("a database that a Holdfast works on is left alone, forced or not", async () => {
    await using target = await testDatabase();
    const server = connect(target.where, { max: 1 });
    await server`select 1`;
    const command = connect(target.where, { max: 2, name: "holdfast command" });
    await assert.rejects(
      put(command, bytes, { force: true }),
      /A Holdfast is at work on this database: stop it first/,
    );
    await Promise.all([server.end(), command.end()]);
  });
  await t.step(
    "it verifies: restored into a scratch database, which is gone then, everything is the same",
    async () => {
      const scratch: string[] = [];
      const { sums } = await verify(source.sql, source.where, streamOf(bytes), NOW, async (sql) => {
        const [{ name }] = await sql`select current_database() as name`;
        scratch.push(name);
        await assertSound(sql);
      });
      assert(sums.reservations.rows > 50 && sums.history.rows > sums.reservations.rows);
      assert.deepEqual([...await source.sql`select from pg_database where datname = any (${scratch})`], []);
      assert.equal(scratch.length, 1);
    },
  );
});

Deno.test("what is broken is refused in words, and nothing of it stays", async (t) => {
  await using source = await testDatabase();
  const cast = await makeCast(source.sql);
  const hall = await makeResource(source.sql, cast.ada, { name: "Hall" });
  await request(
    source.sql,
    cast.bob,
    { ...on("2026-05-05", "10:00", "11:00"), resource_ids: [hall.id] },
    NOW,
  );
  const bytes = await bytesOf(source.sql);
  await using target = await emptyDatabase();
  const flipped = bytes.slice();
  flipped[Math.floor(bytes.length / 2)] ^= 0x10;
  const again = (change: (text: string) => string) => changed(bytes, change);
  const cases: [string, Uint8Array<ArrayBuffer>, RegExp][] = [
    ["a file that was cut off", bytes.slice(0, 1_000), /was cut off/],
    ["one whose last byte is missing", bytes.slice(0, -1), /was cut off/],
    [
      "one in which a bit has changed",
      flipped,
      /cut off, or changed|rows are not those|not as it was|invalid|broken/,
    ],
    [
      "one that was cut off before it was compressed",
      again((text) => text.slice(0, -400)),
      /cut off|says nothing of/,
    ],
    [
      "one that ends between two lines",
      again((text) => text.slice(0, text.lastIndexOf("\n", text.length - 2) + 1)),
      /was cut off/,
    ],
    [
      "one in which a row was changed",
      again((text) => text.replace("Bob Booker", "Rob Booker")),
      /rows are not those/,
    ],
    [
      "one in which a row is missing",
      again((text) => text.replace(/.*Mallory Outside.*\n/, "")),
      /rows are not those/,
    ],
    [
      "one that lost a table",
      again((text) => text.replace(/COPY "doors".*\n\\\.\n/, "")),
      /rows are not those/,
    ],
    ["one with more after its end", again((text) => `${text}drop table users;\n`), /rows are not those/],
    [
      "one with a statement of somebody's own",
      again((text) => text.replace("COPY", "drop table users;\nCOPY")),
      /says nothing of its tables/,
    ],
    [
      "one that writes into another table",
      again((text) => text.replace('COPY "doors"', 'COPY "pg_authid"')),
      /“pg_authid” is not as it was/,
    ],
    ["a file of something else", new Uint8Array(gzipSync("hello\n")), /This is no backup of Holdfast/],
    ["a file that is not even compressed", new TextEncoder().encode("hello\n"), /was cut off, or changed/],
    ["nothing at all", new Uint8Array(), /cut off|no backup/],
    [
      "one of a later form",
      again((text) => text.replace("backup 1", "backup 2")),
      /made by a newer Holdfast/,
    ],
    [
      "one of a later shape",
      again((text) => text.replace("0001_people", "9999_people")),
      /The backup is newer than this Holdfast/,
    ],
    [
      "one of a shape that was another",
      again((text) => text.replace(/"checksum":"\w{8}/, '"checksum":"00000000')),
      /was edited after it was applied/,
    ],
  ];
  for (const [name, file, words] of cases) {
    await t.step(name, async () => {
      await assert.rejects(put(target.sql, file), (error: Error) => {
        assert.match(error.message, words);
        return true;
      });
      assert.deepEqual([
        ...await target.sql`select relname from pg_class where relnamespace = 'public'::regnamespace`,
      ], []);
    });
  }
  await t.step("the same place takes one that is whole", async () => {
    await put(target.sql, bytes);
    await assertSound(target.sql);
  });
});

Deno.test("a double booking in a backup is refused by the constraint that guards the allocations", async () => {
  await using source = await testDatabase();
  const cast = await makeCast(source.sql);
  const hall = await makeResource(source.sql, cast.ada, { name: "Hall" });
  for (const [who, from, to] of [[cast.alice, "10:00", "11:00"], [cast.bob, "12:00", "13:00"]] as const) {
    await request(source.sql, who, { ...on("2026-05-05", from, to), resource_ids: [hall.id] }, NOW);
  }
  await source.sql`alter table allocations drop constraint allocations_never_overlap`;
  await source.sql`update allocations set period = (select period from allocations order by period limit 1)`;
  await using target = await emptyDatabase();
  await assert.rejects(
    put(target.sql, await bytesOf(source.sql)),
    /what stands in its table “allocations” breaks a rule of that table/,
  );
  assert.equal((await target.sql`select 1 as one`)[0].one, 1);
});

Deno.test("what leads nowhere in a backup is refused, with the table that it stands in", async () => {
  await using source = await testDatabase();
  const cast = await makeCast(source.sql);
  const hall = await makeResource(source.sql, cast.ada, { name: "Hall" });
  await request(
    source.sql,
    cast.alice,
    { ...on("2026-05-05", "10:00", "11:00"), resource_ids: [hall.id] },
    NOW,
  );
  await source.sql`alter table outbox drop constraint outbox_about_reservation`;
  await source
    .sql`update outbox set reservation_id = ${crypto.randomUUID()}`;
  await using target = await emptyDatabase();
  await assert.rejects(
    put(target.sql, await bytesOf(source.sql)),
    /what stands in its table “outbox” breaks a rule of that table/,
  );
});

Deno.test("a backup of an older shape is restored as it was, and then brought forward", async () => {
  await using today = await testDatabase();
  const all = await today.sql<Head["migrations"]>`
    select name, checksum, '2026-01-01T00:00:00Z' as applied_at from migrations order by name`;
  await using source = await emptyDatabase();
  await source.sql.begin((tx) => applyExactly(tx, all.slice(0, -2)));
  await makeCast(source.sql);

  await using target = await emptyDatabase();
  const { applied } = await put(target.sql, await bytesOf(source.sql));
  assert.deepEqual(applied, all.slice(-2).map(({ name }) => name));
  assert.deepEqual(await migrate(target.sql, NOW), []);
  assert.equal((await target.sql`select from users`).count, 6);
  assert.deepEqual(await shapeOf(target.sql), await shapeOf(today.sql));
});

Deno.test("a backup under load is one moment: sound, with all that was stored before it began", async () => {
  await using source = await testDatabase();
  const { sql } = source;
  const cast = await makeCast(sql);
  const halls = await Promise.all(
    Array.from(
      { length: 8 },
      (_, i) => makeResource(sql, cast.ada, { name: `Hall ${i}`, requires_approval: i % 2 === 0 }),
    ),
  );
  const acknowledged: string[] = [];
  let busy = true;
  let day = 0;
  const write = async (hall: typeof halls[number]) => {
    while (busy) {
      const date = Temporal.PlainDate.from("2026-05-05").add({ days: day++ }).toString();
      const { id } = await request(
        sql,
        cast.bob,
        { ...on(date, "10:00", "11:00"), resource_ids: [hall.id] },
        NOW,
      );
      acknowledged.push(id);
    }
  };
  const writers = halls.slice(0, 4).map(write);
  const backups: { before: string[]; bytes: Uint8Array<ArrayBuffer> }[] = [];
  while (acknowledged.length < 40) await new Promise((resolve) => setTimeout(resolve, 5));
  for (let i = 0; i < 3; i++) {
    const before = [...acknowledged];
    backups.push({ before, bytes: await bytesOf(sql) });
  }
  busy = false;
  await Promise.all(writers);
  assert(acknowledged.length > backups.at(-1)!.before.length, "nothing was written meanwhile");

  for (const { before, bytes } of backups) {
    await using target = await emptyDatabase();
    await put(target.sql, bytes);
    await assertSound(target.sql);
    const kept = new Set(
      (await target.sql<{ id: string }[]>`select id from reservations`).map(({ id }) => id),
    );
    assert.deepEqual(before.filter((id) => !kept.has(id)), []);
  }
});

Deno.test("the file is its owner's alone, and has its name only once it is whole", async (t) => {
  await using source = await testDatabase();
  await makeCast(source.sql);
  const folder = await Deno.makeTempDir();
  const path = `${folder}/backup.sql.gz`;
  await t.step("as it is written", async () => {
    await dumpTo(path, source.sql, NOW);
    const { mode } = await Deno.stat(path);
    assert.equal(mode! & 0o777, 0o600);
    assert.deepEqual(await Deno.readFile(path), await bytesOf(source.sql));
    assert.deepEqual((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), [
      "backup.sql.gz",
    ]);
  });
  await t.step("one that fails leaves the one before it as it was, and nothing else", async () => {
    const before = await Deno.readFile(path);
    await assert.rejects(dumpTo(path, failing(source), NOW), /gone/);
    assert.deepEqual(await Deno.readFile(path), before);
    assert.deepEqual((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), [
      "backup.sql.gz",
    ]);
  });
  await Deno.remove(folder, { recursive: true });
});

// Its connection goes in the middle.
function failing({ sql }: TestDatabase): Sql {
  const begin = (options: string, work: (tx: unknown) => Promise<unknown>) =>
    sql.begin(options, (tx) =>
      work(
        new Proxy(tx, {
          get(target, name) {
            if (name === "unsafe") {
              return (text: string) => {
                if (text.includes('from "reservations"')) throw new Error("gone");
                return target.unsafe(text);
              };
            }
            return Reflect.get(target, name);
          },
        }),
      ));
  return { begin } as unknown as Sql;
}
