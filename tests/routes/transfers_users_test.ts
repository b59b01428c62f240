import assert from "node:assert/strict";
import { PASSWORD } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";
import { counts, send } from "../support/transfers.ts";

const good = (created: number, updated: number, unchanged: number) => ({
  ...{ status: 200, created, updated, unchanged },
  errors: [],
});

Deno.test("people come in without a password, and nobody signs in as them before they have set one", async () => {
  await using scene = await openScene();
  const { site, cast, sql } = scene;
  const ada = await site.as(cast.ada);
  const file = "email;name;role\r\nNEW@holdfast.test;Néw Person;\r\nchief@holdfast.test;The Chief;Staff\r\n";
  assert.deepEqual(counts(await send(ada, "/users/import", file)), good(2, 0, 0));
  const rows =
    await sql`select email, name, role from users where email in ('new@holdfast.test', 'chief@holdfast.test')
    order by email`;
  assert.deepEqual(rows.map((row) => Object.values(row)), [
    ["chief@holdfast.test", "The Chief", "staff"],
    ["new@holdfast.test", "Néw Person", "user"],
  ]);
  const tried = await site.nobody.call("POST", "/auth/login", {
    email: "new@holdfast.test",
    password: PASSWORD,
  });
  assert.equal(tried.status, 401);
  const [{ id }] = await sql`select id from users where email = 'new@holdfast.test'`;
  const told = await ada.post(`/admin/users/${id}/reset`);
  assert.equal(told.status, 303);
  const page = await ada.get(told.headers.get("location") ?? "");
  assert.match(page.text, /\/reset\/[\w-]{20,}/);
});

Deno.test("people go out and come in again as the same bytes, and then nothing is on record", async () => {
  await using scene = await openScene();
  const { site, cast, sql } = scene;
  const ada = await site.as(cast.ada);
  await sql`update users set name = '=1+1 "Bob"' where id = ${cast.bob.id}`;
  await sql`update users set name = ' ''@Ünë 😀 ', disabled_at = now(), time_zone = 'Asia/Tokyo'
    where id = ${cast.mallory.id}`;
  const [{ before }] = await sql`select count(*)::int as before from history`;
  const { text } = await ada.get("/api/v1/users/export.csv");
  assert.doesNotMatch(text, /argon2|password/);
  assert.deepEqual(counts(await send(ada, "/users/import", text)), good(0, 0, 6));
  assert.equal((await ada.get("/api/v1/users/export.csv")).text, text);
  const [{ after }] = await sql`select count(*)::int as after from history`;
  assert.equal(after, before);
});

Deno.test("a line changes a role, a name and an account, each with its own entry, and ends sessions", async () => {
  await using scene = await openScene();
  const { site, cast, sql } = scene;
  const ada = await site.as(cast.ada);
  const bob = await site.as(cast.bob);
  const mallory = await site.as(cast.mallory);
  const file = `email,name,role,active\n${cast.bob.email},Robert,staff,\n${cast.mallory.email},,,false\n`;
  assert.deepEqual(counts(await send(ada, "/users/import", file)), good(0, 2, 0));
  assert.equal((await bob.get("/admin/audit")).status, 200);
  assert.equal((await mallory.get("/")).status, 303);
  const rows = await sql<{ said: string }[]>`
    select action || ' ' || subject_name as said from history where action <> 'sign_in' order by id`;
  assert.deepEqual(rows.map(({ said }) => said), [
    ...["change Robert", "role Robert", "deactivate Mallory Outside", "import users.csv"],
  ]);
});

for (
  const [what, line] of [
    ["made a user", (email: string) => `${email},user,`],
    ["closed", (email: string) => `${email},,false`],
  ] as const
) {
  Deno.test(`the last administrator is not ${what} by a file`, async () => {
    await using scene = await openScene();
    const { site, cast, sql } = scene;
    const ada = await site.as(cast.ada);
    const file = `email,role,active\n${cast.bob.email},staff,\n${line(cast.ada.email)}\n`;
    const { status, json } = await send(ada, "/users/import", file);
    assert.equal(status, 422);
    const [{ line: at, field, message }] = json.errors as unknown as Record<string, unknown>[];
    assert.deepEqual([at, field], [3, "role"]);
    assert.match(String(message), /needs an administrator/);
    const [row] = await sql`select role from users where id = ${cast.bob.id}`;
    assert.equal(row.role, "user");
  });
}

Deno.test("an administrator may hand over to another in one file", async () => {
  await using scene = await openScene();
  const { site, cast } = scene;
  const ada = await site.as(cast.ada);
  const file = `email,role\n${cast.ada.email},staff\n${cast.sam.email},admin\n`;
  assert.deepEqual(counts(await send(ada, "/users/import", file)), good(0, 2, 0));
  assert.equal((await ada.get("/admin/users")).status, 403);
});

Deno.test("a password in a file is refused before anything else is looked at", async () => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  const { status, json } = await send(ada, "/users/import", "email,name,Password\na@b.example,A,secret\n");
  assert.equal(status, 422);
  assert.deepEqual([json.errors.length, json.errors[0].field], [1, "password"]);
  assert.match(json.errors[0].message, /reset link/);
  assert.doesNotMatch(JSON.stringify(json), /secret/);
});

Deno.test("what is wrong with people is told by line and column, and nothing is stored", async () => {
  await using scene = await openScene();
  const { site, cast, sql } = scene;
  const ada = await site.as(cast.ada);
  const file = [
    "id,email,name,role,time_zone,active",
    ",nobody,A,king,Mars,maybe",
    ",a@b.example,,,,",
    `${cast.bob.id},${cast.sam.email},,,,`,
    ",c@d.example,C,,,",
    ",C@D.example,C,,,",
  ].join("\n");
  const { status, json } = await send(ada, "/users/import", file);
  assert.equal(status, 422);
  const said = (json.errors as unknown as { line: number; field: string }[]).map(({ line, field }) =>
    `${line} ${field}`
  );
  assert.deepEqual(said, [
    ...["2 email", "2 role", "2 time_zone", "2 active", "3 name", "4 email", "6 email"],
  ]);
  const [{ count }] = await sql`select count(*)::int as count from users`;
  assert.equal(count, 6);
});
