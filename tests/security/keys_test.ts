import assert from "node:assert/strict";
import { openDoor } from "../../domain/doors.ts";
import { stopHashing } from "../../lib/passwords.ts";
import { codeOfDoor, signatureOf } from "../../routes/signatures.ts";
import { openSite, SECRET_KEY } from "../support/app.ts";
import { makeResource, NOW, PASSWORD } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

const NEW = "the key that takes the place of the first one";
const BOB = { email: "bob@holdfast.test", password: PASSWORD };
const TOKEN = { name: "Script", scope: "read", expires_in_days: 1 };
const ONCE = { "idempotency-key": "one" };

Deno.test("a site whose key is replaced signs nobody out, and opens what was made with the one before", async (t) => {
  await using scene = await openScene();
  const { sql, cast } = scene;
  const browser = scene.site.visitor();
  await browser.post("/login", BOB);
  const program = await scene.site.as(cast.bob);
  const made = await program.call("POST", "/auth/tokens", TOKEN, ONCE);
  const room = await makeResource(sql, cast.ada, { name: "Hall" });
  const door = await openDoor(sql, cast.ada, { resource_id: room.id, names: true }, NOW);
  const address = (secret: string) => `/door/${door}?key=${signatureOf(secret, `door ${door}`)}`;

  await using both = await openSite(sql, NOW, { SECRET_KEY: `${NEW}|${SECRET_KEY}` });
  await using after = await openSite(sql, NOW, { SECRET_KEY: NEW });
  const authorization = program.cookies.get("holdfast_access")!;
  /** What each of them answers to what was made before, and to what the site with both keys makes. */
  const asked = async (site: typeof both, secret = SECRET_KEY) => {
    const cookie = `holdfast_access=${
      secret === SECRET_KEY ? browser.cookies.get("holdfast_access") : fresh
    }`;
    const page = await site.nobody.get("/account", { cookie });
    const replay = { ...ONCE, authorization: `Bearer ${authorization}` };
    const again = secret === SECRET_KEY
      ? await site.nobody.call("POST", "/auth/tokens", TOKEN, replay)
      : undefined;
    const at = await site.nobody.get(address(secret));
    const code = await site.nobody.get(`/in/${codeOfDoor(secret, door)}`, { cookie });
    return { page: page.status, door: at.status, code: code.status, again };
  };
  const signed = both.visitor();
  await signed.post("/login", BOB);
  const fresh = signed.cookies.get("holdfast_access")!;

  await t.step("with both keys: pages, doors, codes at doors and what was answered before", async () => {
    const { again, ...statuses } = await asked(both);
    assert.deepEqual(statuses, { page: 200, door: 200, code: 200 });
    assert.deepEqual([again?.status, again?.text], [201, made.text]);
  });
  await t.step("what it makes is good where only the new key is left", async () => {
    const { again: _, ...statuses } = await asked(after, NEW);
    assert.deepEqual(statuses, { page: 200, door: 200, code: 200 });
  });
  await t.step("what was made before is not, then", async () => {
    const { again, ...statuses } = await asked(after);
    assert.deepEqual(statuses, { page: 303, door: 404, code: 303 });
    assert.equal(again?.status, 401);
  });
  await t.step("but for a session, which is renewed by its other cookie", async () => {
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    assert.equal((await after.nobody.get("/account", { cookie })).status, 200);
  });
  stopHashing();
});
