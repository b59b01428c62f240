import assert from "node:assert/strict";
import { sweep } from "../../domain/sweep.ts";
import type { Answer, Client } from "../support/app.ts";
import { makeResource, NOW } from "../support/cast.ts";
import { complaint, field, follow, one, press, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

/** Chooses a file in a form and sends it, as a browser without scripts does. */
async function upload(
  client: Client,
  path: string,
  file: string | Uint8Array<ArrayBuffer>,
  name = "rooms.csv",
) {
  const form = new FormData();
  form.set("file", new File([file], name, { type: "text/csv" }));
  form.set("text", "");
  return await sendForm(client, path, form);
}

async function sendForm(client: Client, path: string, form: FormData): Promise<Answer> {
  const request = new Request("http://holdfast.test", { method: "POST", body: form });
  const headers = { "content-type": request.headers.get("content-type")!, origin: "http://holdfast.test" };
  return await client.send(path, { method: "POST", body: await request.arrayBuffer(), headers });
}

const FILE = "name,capacity,description\nHall,9,\nDen,3,small\nVan,,\n";

/** Ada at her site with a hall and a van. */
async function stage() {
  const scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  await makeResource(scene.sql, scene.cast.ada, { name: "Hall", capacity: 4, description: "Large" });
  await makeResource(scene.sql, scene.cast.ada, { name: "Van" });
  const rooms = async () => {
    const rows = await scene.sql<{ said: string }[]>`
      select concat_ws(' ', name, capacity, description) as said from resources order by name`;
    return rows.map(({ said }) => said.trim());
  };
  return { ...scene, ada, rooms };
}

Deno.test("Ada looks at a file first, and stores it then", async () => {
  await using scene = await stage();
  const { ada, rooms } = scene;
  const preview = await follow(ada, await upload(ada, "/admin/resources/import", FILE));
  const page = read(preview);
  assert.match(words(one(page, "main")), /rooms\.csv: 1 resource would be made, 1 changed, 1 as before/);
  const [changed] = page.querySelectorAll("dl.changes").map((list) => words(list));
  assert.match(changed, /capacity 4 → 9/);
  assert.match(changed, /description Large → none/);
  assert.deepEqual(await rooms(), ["Hall 4 Large", "Van"]);

  const done = await follow(ada, await press(ada, preview, "Store 2 resources"));
  assert.match(words(one(read(done), "#notices")), /Imported: 1 resource made, 1 changed, 1 as before/);
  assert.match(words(one(read(done), "h1")), /Resources imported/);
  assert.deepEqual(await rooms(), ["Den 3 small", "Hall 9", "Van"]);
});

Deno.test("a file is stored once, however often the button is pressed", async () => {
  await using scene = await stage();
  const { ada, rooms, sql } = scene;
  const preview = await follow(ada, await upload(ada, "/admin/resources/import", FILE));
  const answers = await Promise.all([1, 2, 3].map(() => press(ada, preview, "Store 2 resources")));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 409, 409]);
  assert.deepEqual(await rooms(), ["Den 3 small", "Hall 9", "Van"]);
  const [{ count }] = await sql`select count(*)::int as count from history where action = 'import'`;
  assert.equal(count, 1);
});

Deno.test("Ada reads what is wrong, by line and column, and cannot store it", async () => {
  await using scene = await stage();
  const { ada, rooms } = scene;
  const file = 'name,capacity\nHall,lots\nDen,"3\n",\n';
  const page = read(await follow(ada, await upload(ada, "/admin/resources/import", file)));
  const rows = page.querySelectorAll("tbody tr").map((row) => words(row));
  assert.match(rows[0], /^Line 2 capacity Give a whole number from 1/);
  assert.match(rows[1], /^Line 3 All of it This line has 3 cells/);
  assert.equal(page.querySelectorAll("main button").length, 0);
  assert.deepEqual(await rooms(), ["Hall 4 Large", "Van"]);
});

Deno.test("what she pastes is read like a file, and what she sends without either is asked for", async () => {
  await using scene = await stage();
  const { ada, rooms } = scene;
  const pasted = new FormData();
  pasted.set("text", 'name;description\r\nDen;"two\r\nlines"\r\n');
  const preview = await follow(ada, await sendForm(ada, "/admin/resources/import", pasted));
  await press(ada, preview, "Store 1 resource");
  assert.deepEqual(await rooms(), ["Den two\nlines", "Hall 4 Large", "Van"]);

  const nothing = await sendForm(ada, "/admin/resources/import", new FormData());
  assert.equal(nothing.status, 422);
  assert.match(complaint(read(nothing), "CSV file"), /Choose a file/);
  assert.equal(field(read(nothing), "Or paste its lines").tagName, "TEXTAREA");
});

Deno.test("what has come in the way since she looked is told, and nothing is stored", async () => {
  await using scene = await stage();
  const { ada, rooms, sql, cast } = scene;
  const file = "id,name\n0196f7b0-0000-7000-8000-000000000001,Attic\n";
  const preview = await follow(ada, await upload(ada, "/admin/resources/import", file));
  await makeResource(sql, cast.ada, { name: "attic" });
  const page = read(await follow(ada, await press(ada, preview, "Store 1 resource")));
  assert.match(words(one(page, "#notices")), /nothing was stored/);
  assert.match(words(one(page, "tbody tr")), /Line 2 name Another resource has this name/);
  assert.deepEqual(await rooms(), ["Hall 4 Large", "Van", "attic"]);
});

Deno.test("a file is its sender's own, and forgotten when they leave it or after two hours", async () => {
  await using scene = await stage();
  const { ada, site, cast, sql } = scene;
  await sql`update users set role = 'admin' where id = ${cast.sue.id}`;
  const sue = await site.as({ ...cast.sue, role: "admin" });
  const { headers } = await upload(ada, "/admin/resources/import", FILE);
  const path = headers.get("location")!;
  assert.equal((await sue.get(path)).status, 404);
  assert.equal((await sue.post(path)).status, 404);
  assert.equal((await ada.get(path.replace("resources", "users"))).status, 404);

  const left = await press(ada, await ada.get(path), "Leave it");
  assert.equal(left.status, 303);
  assert.equal((await ada.get(path)).status, 404);

  const again = (await upload(ada, "/admin/resources/import", FILE)).headers.get("location")!;
  site.now = NOW.add({ hours: 2 });
  assert.equal((await (await site.as(cast.ada)).get(again)).status, 404);
  await sweep(sql, site.now);
  const [{ count }] = await sql`select count(*)::int as count from import_lines`;
  assert.equal(count, 0);
});

Deno.test("names that are markup or longer than a line are shown as what they are", async () => {
  await using scene = await stage();
  const { ada } = scene;
  const file = 'name,description\n<script>alert(1)</script>,"<b>"\nHall,"<i>x</i>"\n';
  const { headers } = await upload(ada, "/admin/resources/import", file, `../a\r\n"<img>.csv`);
  const page = await ada.get(headers.get("location")!);
  assert.equal(read(page).querySelectorAll("main script, main b, main i, main img").length, 0);
  assert.match(words(one(read(page), "main")), /<script>alert\(1\)<\/script>/);
});

Deno.test("Sam imports reservations by a page, and Bob exports his own", async () => {
  await using scene = await stage();
  const { site, cast, sql } = scene;
  const [sam, bob] = await Promise.all([site.as(cast.sam), site.as(cast.bob)]);
  const file =
    `requester,resources,start_time,end_time\n${cast.bob.email},Hall,2026-05-05 10:00,2026-05-05 11:00\n`;
  const preview = await follow(sam, await upload(sam, "/reservations/import", file, "may.csv"));
  await follow(sam, await press(sam, preview, "Store 1 reservation"));
  const [row] = await sql`select requester_id, status from reservations`;
  assert.deepEqual([row.requester_id, row.status], [cast.bob.id, "approved"]);

  const mine = read(await bob.get("/reservations"));
  assert.equal(mine.querySelectorAll("a[href='/reservations/import']").length, 0);
  const { text, headers } = await bob.get(one(mine, "main a", "Export").getAttribute("href")!);
  assert.match(text, /^reference,id,requester/);
  assert.match(text, /bob@holdfast.test,Hall,2026-05-05T10:00:00\+02:00/);
  assert.match(headers.get("content-disposition") ?? "", /reservations-2026-05-04\.csv/);
});

Deno.test("whoever is new is let in by a reset link, which the page says", async () => {
  await using scene = await stage();
  const { ada } = scene;
  const sent = await upload(ada, "/admin/users/import", "email,name\nnew@holdfast.test,New\n", "people.csv");
  const done = await follow(ada, await press(ada, await follow(ada, sent), "Store 1 person"));
  assert.match(words(one(read(done), "main")), /make a reset link on the page of each/);
});
