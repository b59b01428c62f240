import assert from "node:assert/strict";
import { close, NewClosure } from "../../domain/closures.ts";
import { changeResource } from "../../domain/resources.ts";
import { makeResource, NOW } from "../support/cast.ts";
import { openScene, type Scene } from "../support/scene.ts";
import { counts, send } from "../support/transfers.ts";

const OFFICES = await Deno.readTextFile(new URL("../support/offices.csv", import.meta.url));
const HEAD = "name,kind,tags,capacity\n";

const names = async ({ sql }: Scene) =>
  (await sql<{ name: string }[]>`select name from resources order by name`).map((row) => row.name);
const entries = async ({ sql }: Scene) => {
  const rows = await sql<{ said: string }[]>`
    select action || ' ' || subject_kind || ' ' || subject_name as said from history
    where action <> 'sign_in' order by id`;
  return rows.map((row) => row.said);
};
const good = (created: number, updated: number, unchanged: number) => ({
  ...{ status: 200, created, updated, unchanged },
  errors: [],
});

Deno.test("a house's list of a hundred things", async (t) => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  const size = OFFICES.split("\n").filter((line) => line && !line.startsWith("#")).length - 1;

  await t.step("is looked at without storing anything", async () => {
    const answer = await send(ada, "/resources/import?dry_run=true", OFFICES);
    assert.deepEqual(counts(answer), good(size, 0, 0));
    assert.deepEqual(await names(scene), []);
    assert.deepEqual(await entries(scene), []);
  });

  await t.step("comes in as it is, its comments left out", async () => {
    assert.deepEqual(
      counts(await send(ada, "/resources/import?file_name=offices.csv", OFFICES)),
      good(size, 0, 0),
    );
    const [quiet] = await scene.sql`select * from resources where name = 'Mother''s Room'`;
    assert.deepEqual(
      [quiet.kind, quiet.tags, quiet.capacity, quiet.location, quiet.requires_approval, quiet.time_zone],
      ["room", ["nursing", "private", "wellness"], 1, "Wellness Center", false, "Europe/Berlin"],
    );
    assert.equal((await names(scene)).filter((name) => name.startsWith("#")).length, 0);
  });

  await t.step("gives what has no kind the first of its tags that is one, or makes it a room", async () => {
    const rows = await scene.sql<{ name: string; kind: string }[]>`
      select name, kind from resources where name in ('Forklift 1', 'Company Van', 'Parking VIP 1', 'Event Hall')
      order by name`;
    assert.deepEqual(rows.map(({ kind }) => kind), ["vehicle", "room", "equipment", "parking"]);
  });

  await t.step("is on record thing by thing, and as a file", async () => {
    const said = await entries(scene);
    assert.equal(said.length, size + 1);
    assert.equal(said[0], "create resource Reception Desk");
    assert.equal(said.at(-1), "import import offices.csv");
  });

  await t.step("changes nothing when it comes again, and leaves no trace", async () => {
    const before = await entries(scene);
    assert.deepEqual(counts(await send(ada, "/resources/import", OFFICES)), good(0, 0, size));
    assert.deepEqual(await entries(scene), before);
  });

  await t.step("goes out and comes in again as the same bytes", async () => {
    const out = await ada.get("/api/v1/resources/export.csv");
    assert.deepEqual(counts(await send(ada, "/resources/import", out.text)), good(0, 0, size));
    assert.equal((await ada.get("/api/v1/resources/export.csv")).text, out.text);
    assert.equal(out.headers.get("content-type"), "text/csv; charset=utf-8");
    assert.match(
      out.headers.get("content-disposition") ?? "",
      /^attachment; filename="resources-2026-05-04\.csv"$/,
    );
  });

  await t.step("comes into another house from there", async () => {
    const { text } = await ada.get("/api/v1/resources/export.csv");
    await using other = await openScene();
    const admin = await other.site.as(other.cast.ada);
    assert.deepEqual(counts(await send(admin, "/resources/import", text)), good(size, 0, 0));
    assert.equal((await admin.get("/api/v1/resources/export.csv")).text, text);
  });

  await t.step("leaves nothing of the files behind", async () => {
    const [{ count }] = await scene.sql`select count(*)::int as count from import_lines`;
    assert.equal(count, 0);
  });
});

/** What spreadsheets, parsers and people stumble over. */
const STRANGE = [
  "=1+1",
  "-5",
  "+5",
  "@home",
  "'quoted'",
  "'=1",
  "''=1",
  "#7",
  '"',
  'a"b',
  "Büro 😀",
  "a;b",
  "ＡＢ",
  "＝1",
];

Deno.test("whatever stands in a resource comes back as it was, also what no form would take", async () => {
  await using scene = await openScene();
  const { sql, cast } = scene;
  const ada = await scene.site.as(cast.ada);
  for (const [i, text] of STRANGE.entries()) {
    const { id } = await makeResource(sql, cast.ada, {
      name: `${text} (${i})`,
      tags: [text, "a,b"],
      kind: text,
    });
    // Older than the rule that trims: blanks and ends of lines of every sort.
    await sql`
      update resources set name = ${`${text}${i}`}, description = ${` ${text}\r\nb\nc\r\t`}, location = ${`\t${text} `}
      where id = ${id}`;
  }
  const { text } = await ada.get("/api/v1/resources/export.csv");
  assert.deepEqual(counts(await send(ada, "/resources/import", text)), good(0, 0, STRANGE.length));
  assert.equal((await ada.get("/api/v1/resources/export.csv")).text, text);
});

Deno.test("a line changes what it names and no more, and the record says what", async () => {
  await using scene = await openScene();
  const { sql, cast } = scene;
  const ada = await scene.site.as(cast.ada);
  const hall = await makeResource(sql, cast.ada, {
    name: "Hall",
    description: "Large",
    capacity: 8,
    tags: ["a"],
  });
  await makeResource(sql, cast.ada, { name: "Den" });
  const file = `units;ID;Name;Capacity;active\r\n2;${hall.id};Great hall;;no\r\n;;DEN;4;\r\n`;
  assert.deepEqual(counts(await send(ada, "/resources/import", file)), good(0, 2, 0));
  const rows =
    await sql`select name, description, capacity, units, tags, version, deactivated_at from resources order by id`;
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      ["Great hall", "Large", null, 2, ["a"], 2, NOW],
      ["DEN", "", 4, 1, [], 2, null],
    ],
  );
  const [first] = await sql`
    select previous_state, after_state from history where subject_id = ${hall.id} and action = 'change'`;
  assert.deepEqual(first.previous_state, { name: "Hall", capacity: 8, units: 1 });
  assert.deepEqual(first.after_state, { name: "Great hall", capacity: null, units: 2 });
  assert.deepEqual((await entries(scene)).slice(2), [
    "change resource Great hall",
    "deactivate resource Great hall",
    "change resource DEN",
    "import import resources.csv",
  ]);
});

Deno.test("all that is wrong is told by line and column, and nothing is stored", async () => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  await makeResource(scene.sql, scene.cast.ada, { name: "Hall" });
  const file = [
    "name,kind,capacity,requires_approval,time_zone,policy,id,description",
    '# "a comment"',
    "Good,room,4,yes,,,,",
    "Many,room,lots,perhaps,Mars/Base,No such,,",
    'Long,room,1,,,,,"two',
    'lines"',
    ",room,1,,,,,",
    "good,room,1,,,,,",
    "Short,room",
    "Odd,room,1,,,,no-id,",
    "HALL,room,1,,,,0196f7b0-0000-7000-8000-000000000001,",
  ].join("\n");
  for (const path of ["/resources/import?dry_run=true", "/resources/import"]) {
    const answer = await send(ada, path, file);
    assert.equal(answer.status, 422);
    const { created, updated, errors } = answer.json as unknown as {
      created: number;
      updated: number;
      errors: { line: number; field: string; message: string }[];
    };
    assert.deepEqual([created, updated], [0, 0]);
    assert.deepEqual(errors.map(({ line, field }) => `${line} ${field}`), [
      ...["4 capacity", "4 time_zone", "4 policy", "4 requires_approval"],
      ...["7 name", "8 name", "9 ", "10 id", "11 name"],
    ]);
    assert.equal(errors[4].message, "Give a name");
    assert.equal(errors[5].message, "Line 3 is about the same resource");
    assert.equal(errors[8].message, "Another resource has this name");
  }
  assert.deepEqual(await names(scene), ["Hall"]);
});

for (
  const [what, file, field, words] of [
    [
      "a column that does not exist",
      "name,colour\nHall,red\n",
      "colour",
      /There is no column colour: the columns are id, name/,
    ],
    ["a column twice", "name,name\nHall,Hall\n", "name", /twice/],
    ["no column that says what a line is about", "kind\nroom\n", "name", /Nothing says what a line is about/],
    ["nothing in the file", "", "", /The file is empty/],
    ["a quotation mark that is not closed", 'name\n"Hall\n', "", /never closed/],
  ] as const
) {
  Deno.test(`${what} is told in words`, async () => {
    await using scene = await openScene();
    const ada = await scene.site.as(scene.cast.ada);
    const { status, json } = await send(ada, "/resources/import", file);
    assert.equal(status, 422);
    const [error] = json.errors;
    assert.equal(error.field, field);
    assert.match(error.message, words);
  });
}

Deno.test("of very many problems the first hundred are told, and how many there are beside them", async () => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  const file = HEAD + Array.from({ length: 1234 }, (_, i) => `Room ${i},room,,none`).join("\n");
  const { status, json } = await send(ada, "/resources/import", file);
  assert.deepEqual([status, json.errors.length, json.more_errors, json.errors[0].line], [422, 100, 1134, 2]);
});

Deno.test("a name that is taken by a line of the same file is refused with that line, wherever it stands", async () => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  const rooms = Array.from({ length: 700 }, (_, i) => `Room ${i}`);
  const file = `name\n${[...rooms, "ROOM 3"].join("\n")}\n`;
  const { status, json } = await send(ada, "/resources/import", file);
  assert.equal(status, 422);
  assert.deepEqual(json.errors as unknown, [
    { line: 702, path: "name", field: "name", message: "Line 5 is about the same resource" },
  ]);
});

Deno.test("what comes in while everything is closed is closed, too", async () => {
  await using scene = await openScene();
  const { sql, cast } = scene;
  const closure = NewClosure.parse({
    ...{ reason: "Holidays", everything: true, reservations: "leave" },
    ...{ start_wall: "2026-05-10T00:00", end_wall: "2026-05-11T00:00" },
  });
  await makeResource(sql, cast.ada, { name: "Hall" });
  await close(sql, cast.ada, closure, NOW);
  const ada = await scene.site.as(cast.ada);
  assert.equal((await send(ada, "/resources/import", "name,units\nDen,3\nAttic,1\n")).status, 200);
  const rows = await sql`
    select r.name, count(*)::int as closed from allocations a join resources r on r.id = a.resource_id
    where a.closure_id is not null and a.holds group by r.name order by r.name`;
  assert.deepEqual(rows.map(({ name, closed }) => [name, closed]), [["Attic", 1], ["Den", 3], ["Hall", 1]]);
});

Deno.test("a file in Windows-1252 with semicolons comes in as what its writer saw", async () => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  const file = Uint8Array.from("name;location\r\nB\xfcro;\x80 100\r\n", (one) => one.charCodeAt(0));
  assert.equal((await send(ada, "/resources/import", file)).status, 200);
  const [row] = await scene.sql`select name, location from resources`;
  assert.deepEqual([row.name, row.location], ["Büro", "€ 100"]);
});

Deno.test("a program that asks for it hears how far it is, and at last what came of it", async () => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  const file = `name\n${Array.from({ length: 1200 }, (_, i) => `Room ${i}`).join("\n")}\n`;
  const answer = await send(ada, "/resources/import", file, { accept: "application/x-ndjson" });
  assert.equal(answer.headers.get("content-type"), "application/x-ndjson");
  const lines = answer.text.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.slice(0, -1).map(({ phase, line }) => `${phase} ${line}`), [
    ...["read 501", "read 1001", "read 1201"],
    ...["store 501", "store 1001", "store 1201"],
  ]);
  assert.deepEqual([lines.at(-1).status, lines.at(-1).created], [200, 1200]);
});

Deno.test("a file of more than 32 MB is refused, whether it says so or not", async () => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  const said = await send(ada, "/resources/import", "name\n", { "content-length": String(40 * 1024 * 1024) });
  assert.equal(said.status, 413);
  assert.match(said.json.detail, /32 MB/);
  const body = new Uint8Array(33 * 1024 * 1024).fill(0x23);
  const sent = await ada.send("/api/v1/resources/import", {
    method: "POST",
    body: ReadableStream.from([body]),
    headers: { "content-type": "text/csv" },
  });
  assert.equal(sent.status, 413);
  const [{ count }] = await scene.sql`select count(*)::int as count from imports`;
  assert.equal(count, 0);
});

Deno.test("only what says that it is CSV is read, and a dry run is asked for in so many words", async () => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  assert.equal(
    (await send(ada, "/resources/import", "name\nA\n", { "content-type": "application/json" })).status,
    415,
  );
  assert.equal((await send(ada, "/resources/import?dry_run=1", "name\nA\n")).status, 422);
  assert.deepEqual(await names(scene), []);
});

Deno.test("a change that was made meanwhile is not undone by a file that does not name it", async () => {
  await using scene = await openScene();
  const { sql, cast } = scene;
  const ada = await scene.site.as(cast.ada);
  const { id } = await makeResource(sql, cast.ada, { name: "Hall" });
  await changeResource(sql, cast.ada, { id, description: "New" }, NOW);
  assert.deepEqual(counts(await send(ada, "/resources/import", "name,capacity\nHall,3\n")), good(0, 1, 0));
  const [row] = await sql`select description, capacity from resources`;
  assert.deepEqual([row.description, row.capacity], ["New", 3]);
});
