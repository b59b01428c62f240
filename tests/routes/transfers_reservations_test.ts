import assert from "node:assert/strict";
import { cancel } from "../../domain/edits.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { request } from "../../domain/requests.ts";
import type { Json } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { assertSound } from "../support/invariants.ts";
import { openScene } from "../support/scene.ts";
import { counts, send } from "../support/transfers.ts";

const DAY = "2026-05-05";
const good = (created: number, updated: number, unchanged: number) => ({
  ...{ status: 200, created, updated, unchanged },
  errors: [],
});

/** A hall, a den, and a van that wants approval. */
async function house() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Hall" });
  const den = await makeResource(sql, cast.ada, { name: "Den, the small one" });
  const van = await makeResource(sql, cast.ada, { name: "Van", requires_approval: true });
  const ask = (who: typeof cast.bob, id: string, from: string, to: string, purpose = "") =>
    request(sql, who, { ...on(DAY, from, to), resource_ids: [id], purpose }, NOW);
  const [bob, sam] = await Promise.all([site.as(cast.bob), site.as(cast.sam)]);
  return { ...scene, hall, den, van, ask, bob, sam };
}
type House = Awaited<ReturnType<typeof house>>;

const kept = async ({ sql }: House) => {
  const rows = await sql<{ said: string }[]>`
    select u.email || ' ' || v.status || ' ' || to_char(v.start_wall, 'HH24:MI') || ' ' || v.purpose as said
    from reservations v join users u on u.id = v.requester_id order by v.start_time, v.number`;
  return rows.map(({ said }) => said.replaceAll("@holdfast.test", ""));
};
const problems = (json: Json) =>
  (json.errors as unknown as { line: number; field: string; message: string }[])
    .map(({ line, field, message }) => `${line} ${field}: ${message}`);

Deno.test("Sam brings reservations in for others, by the rules of what they are of", async () => {
  await using scene = await house();
  const { sam, sql } = scene;
  const file = [
    "requester;resources;start_time;end_time;purpose;status",
    `bob@holdfast.test;Hall;${DAY} 09:00;${DAY} 10:00;Choir;`,
    `alice@holdfast.test;"hall,""Den, the small one""";${DAY}T10:00:00+02:00;${DAY}T11:00:00+02:00;Both;approved`,
    `bob@holdfast.test;Van;${DAY} 09:00;${DAY} 24:00;;pending`,
    `;Hall;${DAY} 12:00;${DAY} 13:00;Mine;`,
  ].join("\n");
  assert.deepEqual(counts(await send(sam, "/reservations/import", file)), good(4, 0, 0));
  assert.deepEqual(await kept(scene), [
    ...[
      "bob approved 09:00 Choir",
      "bob pending 09:00 ",
      "alice approved 10:00 Both",
      "sam approved 12:00 Mine",
    ],
  ]);
  const [entry] = await sql`select u.email, h.action from history h join users u on u.id = h.actor_id
    where h.reservation_id is not null order by h.id limit 1`;
  assert.deepEqual([entry.email, entry.action], ["sam@holdfast.test", "request"]);
  await assertSound(sql);
});

Deno.test("what is taken, breaks a rule or lies in the past is told line by line, and nothing is forced or kept", async () => {
  await using scene = await house();
  const { sam, sql, cast, ask, hall } = scene;
  const policy = await createPolicy(
    sql,
    cast.ada,
    { ...NO_RULES, name: "Short stays", max_minutes: 60 },
    NOW,
  );
  await makeResource(sql, cast.ada, { name: "Booth", policy_id: policy });
  await ask(cast.bob, hall.id, "10:00", "11:00");
  const file = [
    "requester,resources,start_time,end_time,status",
    `,Hall,${DAY} 09:00,${DAY} 10:00,`,
    `,Hall,${DAY} 10:30,${DAY} 11:30,`,
    `,Hall,${DAY} 09:30,${DAY} 10:00,`,
    `,Booth,${DAY} 09:00,${DAY} 11:00,`,
    ",Hall,2026-05-01 09:00,2026-05-01 10:00,",
    `,Van,${DAY} 09:00,${DAY} 10:00,approved`,
    `nobody@holdfast.test,No such,${DAY},${DAY} 10:00,`,
    `,"Hall,Booth",${DAY} 10:30,${DAY} 11:00,`,
    `,Hall,2027-03-28 02:30,2027-03-28 04:00,`,
    `,Hall,2026-10-25 02:30,2026-10-25 04:00,`,
    `,,${DAY} 15:00,${DAY} 14:00,`,
    `,Hall,${DAY} 15:00,${DAY} 14:00,`,
  ].join("\n");
  const before = await kept(scene);
  const { status, json } = await send(sam, "/reservations/import", file);
  assert.equal(status, 422);
  const said = problems(json);
  const expected = [
    /^3 start_time: Hall is already taken by Bob Booker$/,
    /^4 start_time: Line 2 of the file has this time$/,
    /^5 : Booth is reserved for at most 1 hour$/,
    /^6 start_time: The start has passed/,
    /^7 status: By its rules it would be pending/,
    /^8 requester: Nobody here has the address nobody@holdfast.test$/,
    /^8 resources: There is no resource called “No such”$/,
    /^8 start_time: Give a time with its offset/,
    /^8 end_time: Give a time with its offset/,
    /^9 start_time: Hall is already taken by Bob Booker$/,
    /^10 start_time: 02:30 does not exist that night.*03:00$/,
    /^11 start_time: 02:30 is there twice that night/,
    /^12 resources: Name at least one resource$/,
    /^13 end_time: The end must be after the start/,
  ];
  assert.equal(said.length, expected.length, said.join("\n"));
  for (const [i, pattern] of expected.entries()) assert.match(said[i], pattern);
  assert.deepEqual(await kept(scene), before);
  await assertSound(sql);
});

Deno.test("reservations go out and come in again as the same bytes, whatever became of them", async () => {
  await using scene = await house();
  const { sam, sql, cast, ask, hall, den, van } = scene;
  await ask(cast.bob, hall.id, "10:00", "11:00", "=1+1\n'x 😀");
  await ask(cast.bob, van.id, "10:00", "11:00", "'@x");
  const gone = await ask(cast.alice, den.id, "10:00", "11:00", "# no comment");
  await cancel(sql, cast.alice, { id: gone.id }, NOW);
  await sql`update reservations set purpose = ${` -5\r\n "a",b; `}, private = true, attendees = 3,
    answers = '{"key": "än,swer"}' where id = ${gone.id}`;
  const [{ before }] = await sql`select count(*)::int as before from history`;
  const { text } = await sam.get("/api/v1/reservations/export.csv");
  assert.deepEqual(counts(await send(sam, "/reservations/import", text)), good(0, 0, 3));
  assert.equal((await sam.get("/api/v1/reservations/export.csv")).text, text);
  const [{ after }] = await sql`select count(*)::int as after from history`;
  assert.equal(after, before);

  // What time does meanwhile is no change of the file's.
  scene.site.now = NOW.add({ hours: 72 });
  const later = await scene.site.as(cast.sam);
  assert.deepEqual(counts(await send(later, "/reservations/import", text)), good(0, 0, 3));
});

Deno.test("quotas count what the file itself brings, and a line that fails takes none of the others with it", async () => {
  await using scene = await house();
  const { sam, sql, cast } = scene;
  const policy = await createPolicy(sql, cast.ada, {
    ...{ ...NO_RULES, name: "Two a day" },
    quotas: [{ per: "day", count: 2 }],
  }, NOW);
  await makeResource(sql, cast.ada, { name: "Court", policy_id: policy });
  const line = (resources: string, hour: number) =>
    `bob@holdfast.test,"${resources}",${DAY} ${hour}:00,${DAY} ${hour + 1}:00`;
  const head = "requester,resources,start_time,end_time";
  const wrong = [
    head,
    line("Hall", 10),
    line("Court", 10),
    line("Hall,Court", 11),
    line("Court", 12),
    line("Hall", 12),
  ];
  const refused = await send(sam, "/reservations/import", wrong.join("\n"));
  assert.match(problems(refused.json)[0], /^5 : Two a day allows 2 reservations a day/);
  assert.equal(problems(refused.json).length, 1);
  const fine = wrong.filter((_, i) => i !== 4);
  assert.deepEqual(counts(await send(sam, "/reservations/import", fine.join("\n"))), good(4, 0, 0));
  await assertSound(sql);
});

Deno.test("what is only written otherwise is no change", async () => {
  await using scene = await house();
  const { sam, sql, cast, hall, den } = scene;
  const both = {
    ...on(DAY, "10:00", "11:00"),
    resource_ids: [hall.id, den.id],
    purpose: "Both",
    private: true,
  };
  const { reference } = await request(sql, cast.bob, both, NOW);
  for (const names of [`"""Den, the small one"",HALL"`, `"hall,""den, the small one"""`]) {
    const file = "Reference,Resources,Start time,End time,Private,Requester,Purpose\n" +
      `${reference.toLowerCase()},${names},${DAY}T08:00:00Z,${DAY} 11:00,YES,BOB@holdfast.test, Both \n`;
    assert.deepEqual(counts(await send(sam, "/reservations/import", file)), good(0, 0, 1));
  }
});

Deno.test("a line moves or rewords what it names by its number, and what is not a file's to change stays", async () => {
  await using scene = await house();
  const { sam, sql, cast, ask, hall } = scene;
  const one = await ask(cast.bob, hall.id, "10:00", "11:00", "Choir");
  const two = await ask(cast.alice, hall.id, "12:00", "13:00", "Chess");
  const moved = `reference,start_time,end_time,purpose\n${one.reference},${DAY} 14:00,${DAY} 15:00,Choir!\n`;
  assert.deepEqual(counts(await send(sam, "/reservations/import", moved)), good(0, 1, 0));
  assert.deepEqual(await kept(scene), ["alice approved 12:00 Chess", "bob approved 14:00 Choir!"]);
  const wrong = [
    "reference,id,start_time,end_time,status,requester,priority",
    `${one.reference},,${DAY} 12:30,${DAY} 13:30,,,`,
    `,${two.id},,,cancelled,,`,
    `R-999,,,,,,`,
    `${one.reference},,,,,,`,
  ].join("\n");
  const { status, json } = await send(sam, "/reservations/import", wrong);
  assert.equal(status, 422);
  const said = problems(json);
  assert.match(said[0], /^2 start_time: Hall is already taken by Alice Asker$/);
  assert.match(said[1], /^3 status: The status is changed on the page/);
  assert.match(said[2], /^4 reference: There is no such reservation/);
  assert.match(said[3], /^5 reference: Line 2 is about the same reservation$/);
  assert.deepEqual(await kept(scene), ["alice approved 12:00 Chess", "bob approved 14:00 Choir!"]);
  await assertSound(sql);
});

Deno.test("a user exports what is their own, staff all of it; and users import none", async () => {
  await using scene = await house();
  const { bob, sam, cast, ask, hall } = scene;
  await ask(cast.bob, hall.id, "10:00", "11:00", "Choir");
  await ask(cast.alice, hall.id, "12:00", "13:00", "Secret");
  const own = (await bob.get("/api/v1/reservations/export.csv")).text;
  assert.match(own, /Choir/);
  assert.doesNotMatch(own, /Secret|alice/);
  assert.match((await sam.get("/api/v1/reservations/export.csv")).text, /Secret/);
  assert.equal((await send(bob, "/reservations/import", own)).status, 403);
});

Deno.test("after a hundred problems the rest of the reservations is not looked at, which is said", async () => {
  await using scene = await house();
  const lines = Array.from({ length: 300 }, () => `Hall,2026-05-01 09:00,2026-05-01 10:00`);
  const file = ["resources,start_time,end_time", ...lines].join("\n");
  const { status, json } = await send(scene.sam, "/reservations/import", file);
  const { more_errors, unread_lines } = json as unknown as Record<string, number>;
  assert.deepEqual([status, json.errors.length, more_errors + unread_lines], [422, 100, 200]);
  assert(unread_lines > 150, `${unread_lines} lines were not looked at`);
});
