import assert from "node:assert/strict";
import { deactivateUser, reactivateUser } from "../../domain/accounts.ts";
import type { Client } from "../support/app.ts";
import { makeResource, NOW } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

const TEN = { start_time: "2026-05-05T08:00:00Z", end_time: "2026-05-05T09:00:00Z" };

async function house() {
  const scene = await openScene();
  const hall = await makeResource(scene.sql, scene.cast.ada, { name: "Hall" });
  const [ada, bob] = await Promise.all([scene.cast.ada, scene.cast.bob].map(scene.site.as));
  const make = async (who: Client, body: Record<string, unknown> = {}) =>
    (await who.call("POST", "/auth/tokens", { name: "Door display", ...body })).json;
  const by = (token: string) => ({
    call: (method: string, path: string, body?: unknown) =>
      scene.site.nobody.call(method, path, body, { authorization: `Bearer ${token}` }),
    get: (path: string) => scene.site.nobody.get(path, { authorization: `Bearer ${token}` }),
  });
  return { ...scene, hall, ada, bob, make, by };
}

Deno.test("A token acts for its person as far as its scope goes", async (t) => {
  await using scene = await house();
  const { ada, bob, make, by, hall } = scene;
  const CALLS: [method: string, path: string, body: unknown][] = [
    ["GET", "/resources", undefined],
    ["POST", "/reservations", { resource_id: hall.id, ...TEN }],
    ["PATCH", `/resources/${hall.id}`, { location: "Second floor" }],
  ];
  const EXPECTED: [who: string, scope: string, statuses: number[]][] = [
    ["ada", "read", [200, 403, 403]],
    ["ada", "write", [200, 201, 403]],
    ["ada", "admin", [200, 409, 200]],
    ["bob", "admin", [200, 409, 403]],
  ];
  for (const [who, scope, statuses] of EXPECTED) {
    await t.step(`${who}, ${scope}: ${statuses.join(", ")}`, async () => {
      const { token } = await make(who === "ada" ? ada : bob, { scope });
      const told = [];
      for (const [method, path, body] of CALLS) told.push((await by(token).call(method, path, body)).status);
      assert.deepEqual(told, statuses);
    });
  }
});

Deno.test("A token is for reading unless more is asked for, and good for 90 days", async () => {
  await using scene = await house();
  const { scope, expires_at, token } = await scene.make(scene.bob);
  assert.deepEqual<unknown>([scope, expires_at], ["read", "2026-08-02T07:00:00Z"]);
  assert.match(token, /^hf_[\w-]{43}$/);
});

Deno.test("The secret of a token stands in one answer, and nowhere in the database", async () => {
  await using scene = await house();
  const { token, id } = await scene.make(scene.bob);
  const { text } = await scene.bob.call("GET", "/auth/tokens");
  assert(text.includes(id) && !text.includes(String(token).slice(3)));
  const [{ everything }] = await scene.sql<{ everything: string }[]>`
    select (select string_agg(t::text, ' ') from api_tokens t) || (select string_agg(h::text, ' ') from history h)
      as everything`;
  assert(!everything.includes(String(token).slice(3)));
});

Deno.test("A token that is not good any more is refused with the next request", async (t) => {
  const WAYS: [what: string, (scene: Awaited<ReturnType<typeof house>>, id: string) => unknown][] = [
    ["revoked", ({ bob }, id) => bob.call("DELETE", `/auth/tokens/${id}`)],
    ["revoked on the page", ({ bob }, id) => bob.post(`/account/tokens/${id}/revoke`)],
    ["run out", ({ site }) => site.now = NOW.add({ hours: 24 * 90 })],
    ["its person’s account closed", async ({ sql, cast }) => {
      await deactivateUser(sql, cast.ada, { id: cast.bob.id, future: "keep", reason: "" }, NOW);
      // From another server: only the database tells of it.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }],
  ];
  for (const [what, end] of WAYS) {
    await t.step(what, async () => {
      await using scene = await house();
      const { token, id } = await scene.make(scene.bob);
      assert.equal((await scene.by(token).call("GET", "/auth/me")).status, 200);
      await end(scene, id);
      assert.equal((await scene.by(token).call("GET", "/auth/me")).status, 401);
    });
  }
});

Deno.test("A token whose person’s account is opened again is good again", async () => {
  await using scene = await house();
  const { token } = await scene.make(scene.bob);
  await deactivateUser(scene.sql, scene.cast.ada, { id: scene.cast.bob.id, future: "keep", reason: "" }, NOW);
  await reactivateUser(scene.sql, scene.cast.ada, scene.cast.bob.id, NOW);
  assert.equal((await scene.by(token).call("GET", "/auth/me")).status, 200);
});

Deno.test("A token makes and revokes no tokens, ends no session and opens no page", async () => {
  await using scene = await house();
  const { token, id } = await scene.make(scene.bob, { scope: "admin" });
  const by = scene.by(token);
  const statuses = [
    (await by.call("POST", "/auth/tokens", { name: "Another" })).status,
    (await by.call("DELETE", `/auth/tokens/${id}`)).status,
    (await by.call("POST", "/auth/logout")).status,
    (await by.get("/account")).status,
  ];
  assert.deepEqual(statuses, [403, 403, 403, 303]);
});

Deno.test("Nobody sees or revokes the token of another", async () => {
  await using scene = await house();
  const { id } = await scene.make(scene.bob);
  const listed = (await scene.ada.call("GET", "/auth/tokens")).json.data;
  const revoked = await scene.ada.call("DELETE", `/auth/tokens/${id}`);
  assert.deepEqual([listed.length, revoked.status], [0, 404]);
});

Deno.test("When a token was last used is known to the hour", async () => {
  await using scene = await house();
  const { token } = await scene.make(scene.bob);
  const used = async () => (await scene.bob.call("GET", "/auth/tokens")).json.data[0].last_used_at;
  const before = await used();
  scene.site.now = NOW.add({ minutes: 10 });
  await scene.by(token).call("GET", "/auth/me");
  assert.deepEqual<unknown>([before, await used()], [null, "2026-05-04T07:00:00Z"]);
});

Deno.test("That a token was made and revoked is on record, without its secret", async () => {
  await using scene = await house();
  const { id } = await scene.make(scene.bob, { scope: "write" });
  await scene.bob.call("DELETE", `/auth/tokens/${id}`);
  const rows = await scene.sql`
    select action, actor_id, details ->> 'token' as token, details ->> 'scope' as scope from history
    where action in ('make_token', 'revoke_token') order by id`;
  const said = { actor_id: scene.cast.bob.id, token: "Door display", scope: "write" };
  assert.deepEqual([...rows], [{ action: "make_token", ...said }, { action: "revoke_token", ...said }]);
});

Deno.test("Bob makes a token on his page, reads it once, and revokes it there", async () => {
  await using scene = await house();
  const made = await scene.bob.post("/account/tokens", {
    token: "Door",
    scope: "read",
    expires_in_days: "30",
  });
  const shown = await scene.bob.get(made.headers.get("location")!);
  const [, secret] = /<code>(hf_[\w-]{43})<\/code>/.exec(shown.text) ?? [];
  assert.equal((await scene.by(secret).call("GET", "/auth/me")).status, 200);
  const again = await scene.bob.get("/account");
  assert(again.text.includes("Revoke: Door") && !again.text.includes(secret));
});

Deno.test("A token that cannot be made is asked for again, with what was typed", async () => {
  await using scene = await house();
  const { status, text } = await scene.bob.post("/account/tokens", {
    ...{ token: "Door", scope: "read", expires_in_days: "1000" },
  });
  assert.equal(status, 422);
  assert.match(text, /value="Door"/);
  assert.match(text, /Give a whole number of days from 1 to 366/);
});

Deno.test("Something that only looks like a token is nobody’s", async () => {
  await using scene = await house();
  for (const token of ["hf_", `hf_${"a".repeat(43)}`, "hf_%00", `hf_${"x".repeat(5000)}`]) {
    assert.equal((await scene.by(token).call("GET", "/auth/me")).status, 401);
  }
});
