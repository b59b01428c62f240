import assert from "node:assert/strict";
import {
  type AuditFilter,
  exportAudit,
  findPeople,
  findThings,
  listAudit,
  namesIn,
} from "../../domain/audit.ts";
import { reschedule } from "../../domain/edits.ts";
import { Forbidden } from "../../domain/errors.ts";
import { request } from "../../domain/requests.ts";
import { changeResource, deleteResource } from "../../domain/resources.ts";
import { changeRole } from "../../domain/accounts.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";

const later = (minutes: number) => NOW.add({ minutes });

/** A house in which something of every kind has happened, one thing a minute. */
async function house() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const { ada, bob, alice } = cast;
  const hall = await makeResource(sql, ada, { name: "Hall" }, NOW);
  const den = await makeResource(sql, ada, { name: "Den" }, later(1));
  const wish = (id: string) => ({ ...on("2026-05-05", "10:00", "11:00"), resource_ids: [id] });
  const bobs = await request(sql, bob, wish(hall.id), later(2));
  const alices = await request(sql, alice, wish(den.id), later(3));
  await reschedule(sql, bob, bobs.id, on("2026-05-06", "10:00", "11:00"), later(4));
  await changeRole(sql, ada, { id: bob.id, role: "staff" }, later(5));
  await changeResource(sql, ada, { id: hall.id, name: "Great Hall" }, later(6));
  const found = async (filter: AuditFilter, actor = cast.sam) =>
    (await listAudit(sql, actor, filter, { limit: 50 })).map(({ action, subject_name }) =>
      `${action} ${subject_name}`
    );
  return { ...database, cast, hall, den, bobs, alices, found };
}
type House = Awaited<ReturnType<typeof house>>;

const ALL = [
  "change Great Hall",
  "role Bob Booker",
  "reschedule R-1",
  "request R-2",
  "request R-1",
  "create Den",
  "create Hall",
];

const CASES: [what: string, filter: (scene: House) => AuditFilter, found: string[]][] = [
  ["everything, the newest first", () => ({}), ALL],
  ["what Ada did", ({ cast }) => ({ actor_id: cast.ada.id }), [ALL[0], ALL[1], ALL[5], ALL[6]]],
  ["what Bob did, and what was done to him", ({ cast }) => ({ people: [cast.bob.id] }), [
    ALL[1],
    ALL[2],
    ALL[4],
  ]],
  [
    "what Alice or Bob did",
    ({ cast }) => ({ people: [cast.bob.id, cast.alice.id] }),
    [ALL[1], ALL[2], ALL[3], ALL[4]],
  ],
  [
    "the hall's, with its reservations",
    ({ hall }) => ({ resources: [hall.id] }),
    [ALL[0], ALL[2], ALL[4], ALL[6]],
  ],
  ["one reservation's", ({ bobs }) => ({ reservation_id: bobs.id }), [ALL[2], ALL[4]]],
  ["an action", () => ({ action: "request" }), [ALL[3], ALL[4]]],
  ["from a moment on", () => ({ from: later(5) }), [ALL[0], ALL[1]]],
  ["until before a moment", () => ({ to: later(1) }), [ALL[6]]],
  [
    "all of it at once",
    ({ cast, hall, bobs }) => ({
      actor_id: cast.bob.id,
      people: [cast.bob.id],
      resources: [hall.id],
      reservation_id: bobs.id,
      action: "reschedule",
      from: later(4),
      to: later(5),
    }),
    [ALL[2]],
  ],
  ["nothing where one of them does not hold", ({ bobs }) => ({ reservation_id: bobs.id, to: later(1) }), []],
  ["nothing of nobody", () => ({ people: [] }), []],
  ["nothing of an action that there is not", () => ({ action: "' or true --" }), []],
];

for (const [what, filter, expected] of CASES) {
  Deno.test(`Sam finds ${what}`, async () => {
    await using scene = await house();
    assert.deepEqual(await scene.found(filter(scene)), expected);
  });
}

Deno.test("Sam pages through everything, each entry once, also where several were made at one moment", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  for (const name of ["A", "B", "C", "D"]) await makeResource(sql, cast.ada, { name }, later(6));
  const seen: string[] = [];
  let after: { at: Temporal.Instant; id: string } | undefined;
  do {
    const found = await listAudit(sql, cast.sam, {}, { limit: 3, after });
    seen.push(...found.slice(0, 3).map(({ id }) => id));
    after = found.length > 3 ? found[2] : undefined;
  } while (after);
  assert.deepEqual([seen.length, new Set(seen).size], [11, 11]);
  assert.deepEqual(seen.map(Number), seen.map(Number).toSorted((a, b) => b - a));
});

Deno.test("Bob, who is a user, sees nothing of the audit, nor whom a name means", async () => {
  await using scene = await house();
  const { sql, cast, found } = scene;
  await assert.rejects(found({}, cast.bob), Forbidden);
  await assert.rejects(findPeople(sql, cast.bob, "ada"), Forbidden);
  await assert.rejects(findThings(sql, cast.bob, "den"), Forbidden);
  await assert.rejects(exportAudit(sql, cast.bob, {}).next(), Forbidden);
});

Deno.test("an entry has who, what, both states and the names of resources", async () => {
  await using scene = await house();
  const { sql, cast, hall, den } = scene;
  await reschedule(sql, cast.bob, scene.bobs.id, { resource_ids: [den.id] }, later(7));
  const [entry] = await listAudit(sql, cast.sam, { reservation_id: scene.bobs.id }, { limit: 1 });
  assert.deepEqual([entry.actor_name, entry.subject_kind, entry.subject_id], [
    "Bob Booker",
    "reservation",
    scene.bobs.id,
  ]);
  assert.equal(entry.previous_state?.status, "approved");
  assert.equal(entry.after_state?.status, "approved");
  assert.deepEqual(await namesIn(sql, [entry]), { [hall.id]: "Great Hall", [den.id]: "Den" });
});

const MEANT: [text: string, people: string[]][] = [
  ["bob@holdfast.test", ["Bob Booker"]],
  ["BOB@HOLDFAST.TEST", ["Bob Booker"]],
  ["settles", ["Sue Settles"]],
  ["sa", ["Sam Says"]],
  ["%", []],
  ["", ["Ada Admin", "Alice Asker", "Bob Booker", "Mallory Outside", "Sam Says", "Sue Settles"]],
];
for (const [text, people] of MEANT) {
  Deno.test(`“${text}” means ${people.join(", ") || "nobody"}`, async () => {
    await using scene = await house();
    const { ids } = await findPeople(scene.sql, scene.cast.sam, text);
    const rows = await scene.sql<
      { name: string }[]
    >`select name from users where id = any(${ids}) order by name`;
    assert.deepEqual(
      rows.map(({ name }) => name),
      people,
    );
  });
}

Deno.test("a resource that is gone is found by the name that it had", async () => {
  await using scene = await house();
  const { sql, cast, found } = scene;
  const shed = await makeResource(sql, cast.ada, { name: "Shed" }, later(7));
  await deleteResource(sql, cast.ada, shed.id, later(8));
  const { ids, name } = await findThings(sql, cast.sam, "shed");
  assert.deepEqual([name, await found({ resources: ids })], ["Shed", ["delete Shed", "create Shed"]]);
});

Deno.test("a whole name means that one, although others begin like it", async () => {
  await using scene = await house();
  await makeResource(scene.sql, scene.cast.ada, { name: "Den 2" }, later(7));
  assert.deepEqual(await findThings(scene.sql, scene.cast.sam, "den"), {
    name: "Den",
    ids: [scene.den.id],
  });
});

Deno.test("an export has everything that matches, and whoever leaves early gives the connection back", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  const all = (await Array.fromAsync(exportAudit(sql, cast.sam, {}))).flat();
  assert.deepEqual(all.map(({ action, subject_name }) => `${action} ${subject_name}`), ALL);
  await sql.begin((tx) =>
    tx`insert into history (subject_kind, subject_id, subject_name, action, at)
      select 'user', ${cast.bob.id}, 'Bob Booker', 'sign_in', ${NOW}::timestamptz + i * interval '1 second'
      from generate_series(1, 2000) i`
  );
  // More often than there are connections.
  for (let i = 0; i < 12; i++) {
    for await (const batch of exportAudit(sql, cast.sam, { action: "sign_in" })) {
      assert.equal(batch.length, 500);
      break;
    }
  }
  const [{ patience }] = await sql<{ patience: string }[]>`
    select current_setting('statement_timeout') as patience`;
  assert.equal(patience, "15s");
});
