import assert from "node:assert/strict";
import { request } from "../../domain/requests.ts";
import type { Answer } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

const NOBODYS = "018f0000-0000-7000-8000-000000000000";

/** The cast alone, with Ada, Sam and Bob signed in. */
async function site() {
  const scene = await openScene();
  const [ada, bob, sam] = await Promise.all(
    [scene.cast.ada, scene.cast.bob, scene.cast.sam].map(scene.site.as),
  );
  return { ...scene, ada, bob, sam };
}

const names = (answer: Answer) => answer.json.data.map((one) => one.name);

Deno.test("Ada lists everybody by name", async () => {
  await using scene = await site();
  assert.deepEqual(names(await scene.ada.call("GET", "/users")), [
    "Ada Admin",
    "Alice Asker",
    "Bob Booker",
    "Mallory Outside",
    "Sam Says",
    "Sue Settles",
  ]);
});

Deno.test("Ada is shown of a person what the contract says, and no password", async () => {
  await using scene = await site();
  const { status, json } = await scene.ada.call("GET", `/users/${scene.cast.bob.id}`);
  assert.deepEqual<unknown>([status, json], [200, {
    id: scene.cast.bob.id,
    email: "bob@holdfast.test",
    name: "Bob Booker",
    role: "user",
    time_zone: null,
    active: true,
    created_at: "2026-05-04T07:00:00Z",
    updated_at: "2026-05-04T07:00:00Z",
  }]);
});

Deno.test("Ada searches people", async (t) => {
  await using scene = await site();
  const FOUND: [q: string, names: string[]][] = [
    ["booker", ["Bob Booker"]],
    ["SUE%40", ["Sue Settles"]],
    ["%25", []],
    ["_", []],
  ];
  for (const [q, expected] of FOUND) {
    await t.step(q, async () => {
      assert.deepEqual(names(await scene.ada.call("GET", `/users?q=${q}`)), expected);
    });
  }
});

Deno.test("Ada pages through people without a gap and without a double", async () => {
  await using scene = await site();
  const pages: number[] = [];
  const seen = new Set<string>();
  for (let cursor = ""; cursor !== null;) {
    const { json } = await scene.ada.call("GET", `/users?limit=4&cursor=${cursor}`);
    pages.push(json.data.length);
    for (const { id } of json.data) seen.add(id);
    cursor = json.next_cursor;
  }
  assert.deepEqual([pages, seen.size], [[4, 2], 6]);
});

Deno.test("Ada makes Bob staff, and it counts from his next call on", async () => {
  await using scene = await site();
  await scene.bob.call("GET", "/auth/me");
  const { status, json } = await scene.ada.call("PATCH", `/users/${scene.cast.bob.id}`, { role: "staff" });
  const told = (await scene.bob.call("GET", "/auth/me")).json.role;
  assert.deepEqual<unknown>([status, json.role, told], [200, "staff", "staff"]);
});

Deno.test("Ada makes Sam an ordinary user, and he may approve no more", async () => {
  await using scene = await site();
  const decide = () => scene.sam.call("POST", `/reservations/${NOBODYS}/approve`);
  assert.equal((await decide()).status, 404);
  await scene.ada.call("PATCH", `/users/${scene.cast.sam.id}`, { role: "user" });
  assert.equal((await decide()).status, 403);
});

Deno.test("Ada, the last administrator, cannot lower herself", async () => {
  await using scene = await site();
  const { status, json } = await scene.ada.call("PATCH", `/users/${scene.cast.ada.id}`, { role: "user" });
  const { role } = (await scene.ada.call("GET", "/auth/me")).json;
  assert.deepEqual([status, json.detail, role], [
    409,
    "The site needs an administrator: make somebody else one first",
    "admin",
  ]);
});

Deno.test("Ada can lower herself once Sue administers too", async () => {
  await using scene = await site();
  await scene.ada.call("PATCH", `/users/${scene.cast.sue.id}`, { role: "admin" });
  const { status } = await scene.ada.call("PATCH", `/users/${scene.cast.ada.id}`, { role: "user" });
  assert.equal(status, 200);
});

Deno.test("A disabled administrator does not count as one", async () => {
  await using scene = await site();
  await scene.ada.call("PATCH", `/users/${scene.cast.sue.id}`, { role: "admin" });
  await scene.sql`update users set disabled_at = now() where id = ${scene.cast.sue.id}`;
  const { status } = await scene.ada.call("PATCH", `/users/${scene.cast.ada.id}`, { role: "user" });
  assert.equal(status, 409);
});

Deno.test("Two administrators who lower each other at once do not both succeed", async () => {
  await using scene = await site();
  await scene.ada.call("PATCH", `/users/${scene.cast.sue.id}`, { role: "admin" });
  const sue = await scene.site.as({ ...scene.cast.sue, role: "admin" });
  await Promise.all([
    scene.ada.call("PATCH", `/users/${scene.cast.sue.id}`, { role: "user" }),
    sue.call("PATCH", `/users/${scene.cast.ada.id}`, { role: "user" }),
  ]);
  const admins = await scene.sql`select id from users where role = 'admin'`;
  assert.equal(admins.length, 1);
});

Deno.test("Ada is answered 422 for a role that there is not", async (t) => {
  await using scene = await site();
  for (const role of ["owner", "", "ADMIN", null, 1, ["admin"], undefined]) {
    await t.step(JSON.stringify(role) ?? "none", async () => {
      const { status, json } = await scene.ada.call("PATCH", `/users/${scene.cast.bob.id}`, { role });
      assert.deepEqual([status, json.errors[0].path], [422, "role"]);
    });
  }
});

Deno.test("A person who is not there is answered 404", async (t) => {
  await using scene = await site();
  for (const id of [NOBODYS, "me", "%00"]) {
    await t.step(`GET /users/${id}`, async () => {
      assert.equal((await scene.ada.call("GET", `/users/${id}`)).status, 404);
    });
    await t.step(`PATCH /users/${id}`, async () => {
      assert.equal((await scene.ada.call("PATCH", `/users/${id}`, { role: "staff" })).status, 404);
    });
  }
});

Deno.test("Only Ada sees and changes people", async (t) => {
  await using scene = await site();
  const { id } = scene.cast.bob;
  const CALLS: [method: string, path: string, body?: unknown][] = [
    ["GET", "/users"],
    ["GET", `/users/${id}`],
    ["PATCH", `/users/${id}`, { role: "admin" }],
  ];
  for (const [method, path, body] of CALLS) {
    const name = `${method} ${path.replace(id, "{id}")}`;
    await t.step(`${name} by Bob: 403`, async () => {
      assert.equal((await scene.bob.call(method, path, body)).status, 403);
    });
    await t.step(`${name} by Sam, who is staff: 403`, async () => {
      assert.equal((await scene.sam.call(method, path, body)).status, 403);
    });
    await t.step(`${name} by nobody: 401`, async () => {
      assert.equal((await scene.site.nobody.call(method, path, body)).status, 401);
    });
  }
  await t.step("and Bob is what he was", async () => {
    const [{ role }] = await scene.sql`select role from users where id = ${id}`;
    assert.equal(role, "user");
  });
});

const ZOE = { email: "Zoe@Holdfast.test", name: "Zoe", password: "staple correct horse" };

Deno.test("Ada makes an account for Zoe, who signs in with it", async () => {
  await using scene = await site();
  const { status, json, headers } = await scene.ada.call("POST", "/users", { ...ZOE, role: "staff" });
  assert.deepEqual([status, json.email, json.role, json.active], [
    201,
    "zoe@holdfast.test",
    "staff",
    true as never,
  ]);
  assert.equal(headers.get("location"), `/api/v1/users/${json.id}`);
  assert.equal((await scene.site.nobody.call("POST", "/auth/login", ZOE)).status, 200);
});

Deno.test("Ada makes accounts also where registration is closed", async () => {
  await using scene = await openScene({ REGISTRATION: "closed" });
  const ada = await scene.site.as(scene.cast.ada);
  assert.equal((await ada.call("POST", "/users", ZOE)).json.role, "user");
});

const REFUSED: [what: string, body: Record<string, unknown>, status: number, path: string][] = [
  ["an address that has an account", { ...ZOE, email: "bob@holdfast.test" }, 409, "email"],
  ["a weak password", { ...ZOE, password: "short" }, 422, "password"],
  ["the address as password", { ...ZOE, password: "zoe@holdfast.test" }, 422, "password"],
  ["a role that there is not", { ...ZOE, role: "owner" }, 422, "role"],
  ["no name", { ...ZOE, name: " " }, 422, "name"],
];
for (const [what, body, status, path] of REFUSED) {
  Deno.test(`an account with ${what} is refused with ${status}`, async () => {
    await using scene = await site();
    const answer = await scene.ada.call("POST", "/users", body);
    assert.deepEqual([answer.status, answer.json.errors[0].path], [status, path]);
  });
}

Deno.test("Ada's DELETE closes Bob's account, and his next call is refused", async () => {
  await using scene = await site();
  assert.equal((await scene.bob.call("GET", "/auth/me")).status, 200);
  const { status, text } = await scene.ada.call("DELETE", `/users/${scene.cast.bob.id}`);
  assert.deepEqual([status, text], [204, ""]);
  assert.equal((await scene.bob.call("GET", "/auth/me")).status, 401);
  const { json } = await scene.ada.call("GET", `/users/${scene.cast.bob.id}`);
  assert.equal<unknown>(json.active, false);
});

Deno.test("Ada's DELETE keeps what Bob has reserved, unless it says cancel", async (t) => {
  for (const [query, expected] of [["", "approved"], ["?future=cancel&reason=Has+left", "cancelled"]]) {
    await t.step(query || "nothing said", async () => {
      await using scene = await site();
      const hall = await makeResource(scene.sql, scene.cast.ada, { name: "Hall" });
      await request(scene.sql, scene.cast.bob, {
        ...on("2026-05-05", "10:00", "11:00"),
        resource_ids: [hall.id],
      }, NOW);
      assert.equal((await scene.ada.call("DELETE", `/users/${scene.cast.bob.id}${query}`)).status, 204);
      const [{ status }] = await scene.sql`select status from reservations`;
      assert.equal(status, expected);
    });
  }
});

Deno.test("Ada opens an account again, and closes it, by PATCH", async () => {
  await using scene = await site();
  const path = `/users/${scene.cast.bob.id}`;
  for (const active of [false, true]) {
    assert.equal<unknown>((await scene.ada.call("PATCH", path, { active })).json.active, active);
  }
});

Deno.test("the last administrator cannot be removed by any call", async () => {
  await using scene = await site();
  const path = `/users/${scene.cast.ada.id}`;
  const answers = [
    await scene.ada.call("DELETE", path),
    await scene.ada.call("PATCH", path, { active: false }),
    await scene.ada.call("PATCH", path, { role: "staff" }),
  ];
  assert.deepEqual(answers.map(({ status }) => status), [409, 409, 409]);
  assert.equal((await scene.ada.call("GET", "/auth/me")).status, 200);
});

Deno.test("what a DELETE does not understand is refused, and nothing is done", async () => {
  await using scene = await site();
  const answer = await scene.ada.call("DELETE", `/users/${scene.cast.bob.id}?future=burn`);
  assert.deepEqual([answer.status, answer.json.errors[0].path], [422, "future"]);
  assert.equal((await scene.ada.call("DELETE", `/users/${NOBODYS}`)).status, 404);
});
