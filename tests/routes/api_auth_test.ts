import assert from "node:assert/strict";
import type { Client, Json } from "../support/app.ts";
import { PASSWORD } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

const ZOE = { email: "zoe@holdfast.test", name: "Zoe New", password: "a quiet harbour" };
const BOB = { email: "bob@holdfast.test", password: PASSWORD };

const register = (who: Client, person: unknown) => who.call("POST", "/auth/register", person);
const login = (who: Client, credentials: unknown = BOB) => who.call("POST", "/auth/login", credentials);
const refresh = (who: Client, refresh_token: unknown) => who.call("POST", "/auth/refresh", { refresh_token });
const me = (who: Client, { access_token }: Json) =>
  who.call("GET", "/auth/me", undefined, { authorization: `Bearer ${access_token}` });

Deno.test("Zoe registers and is answered 201 with the account, without a password", async () => {
  await using scene = await openScene();
  const { status, json } = await register(scene.site.nobody, ZOE);
  assert.deepEqual<unknown>([status, json], [201, {
    id: json.id,
    email: ZOE.email,
    name: ZOE.name,
    role: "user",
    time_zone: null,
    active: true,
    created_at: "2026-05-04T07:00:00Z",
    updated_at: "2026-05-04T07:00:00Z",
  }]);
});

Deno.test("Zoe can sign in with what she registered", async () => {
  await using scene = await openScene();
  await register(scene.site.nobody, ZOE);
  assert.equal((await login(scene.site.nobody, ZOE)).status, 200);
});

Deno.test("Zoe cannot make herself an administrator by registering as one", async () => {
  await using scene = await openScene();
  const { json } = await register(scene.site.nobody, { ...ZOE, role: "admin" });
  assert.equal(json.role, "user");
});

Deno.test("Zoe's address is the same in capitals and with blanks around it", async () => {
  await using scene = await openScene();
  await register(scene.site.nobody, { ...ZOE, email: " Zoe@Holdfast.TEST " });
  assert.equal((await login(scene.site.nobody, ZOE)).status, 200);
});

Deno.test("Bob's address cannot be registered again", async () => {
  await using scene = await openScene();
  const taken = await register(scene.site.nobody, { ...ZOE, email: "BOB@holdfast.test" });
  const errors = [{ path: "email", message: "This e-mail address already has an account" }];
  assert.deepEqual<unknown>([taken.status, taken.json.errors], [409, errors]);
});

Deno.test("Zoe cannot register where registration is closed", async () => {
  await using scene = await openScene({ REGISTRATION: "closed" });
  assert.equal((await register(scene.site.nobody, ZOE)).status, 403);
});

const REFUSED: [what: string, wrong: Record<string, unknown>, path: string][] = [
  ["no address", { email: undefined }, "email"],
  ["an address that is none", { email: "zoe" }, "email"],
  ["an address of 255 characters", { email: `${"z".repeat(245)}@test.test` }, "email"],
  ["an address with NUL", { email: "zo\0e@holdfast.test" }, "email"],
  ["no name", { name: undefined }, "name"],
  ["an empty name", { name: "  " }, "name"],
  ["a name of two lines", { name: "Zoe\nNew" }, "name"],
  ["a name of 121 characters", { name: "z".repeat(121) }, "name"],
  ["a name that is half a character", { name: "\ud800" }, "name"],
  ["a name that is a list", { name: ["Zoe"] }, "name"],
  ["no password", { password: undefined }, "password"],
  ["a password of 9 characters", { password: "harbour 9" }, "password"],
  ["a password of one character over and over", { password: "aaaaaaaaaaaa" }, "password"],
  ["a password that everybody tries", { password: "Password123" }, "password"],
  ["a password of 201 characters", { password: "harbour".repeat(29) }, "password"],
  ["a password with NUL", { password: "a quiet\0harbour" }, "password"],
  ["a password of half characters", { password: "a quiet \udfff harbour" }, "password"],
  ["the address as password", { password: ZOE.email }, "password"],
  ["a password that is a number", { password: 12345678901 }, "password"],
];

// Nothing of this is stored, so one scene does for all.
Deno.test("Zoe is answered 422 with the path of what is wrong", async (t) => {
  await using scene = await openScene();
  for (const [what, wrong, path] of REFUSED) {
    await t.step(what, async () => {
      const { status, json } = await register(scene.site.nobody, { ...ZOE, ...wrong });
      assert.deepEqual([status, json.errors?.every((error) => error.path === path)], [422, true]);
    });
  }
  await t.step("and nobody is stored", async () => {
    const zoes = await scene.sql`select from users where email not in ${
      scene.sql(Object.values(scene.cast).map((person) => person.email))
    }`;
    assert.equal(zoes.length, 0);
  });
});

Deno.test("Bob signs in and is answered a pair of tokens", async () => {
  await using scene = await openScene();
  const { status, json } = await login(scene.site.nobody);
  const { access_token, refresh_token } = json;
  assert.deepEqual<unknown>([status, json], [200, {
    access_token,
    refresh_token,
    token_type: "Bearer",
    expires_in: 900,
  }]);
  assert(access_token && refresh_token && access_token !== refresh_token);
});

Deno.test("Bob learns by his token who he is", async () => {
  await using scene = await openScene();
  const { json } = await me(scene.site.nobody, (await login(scene.site.nobody)).json);
  const { id, email, name, role } = json;
  assert.deepEqual({ id, email, name, role }, {
    id: scene.cast.bob.id,
    email: "bob@holdfast.test",
    name: "Bob Booker",
    role: "user",
  });
});

Deno.test("Bob's answer to a wrong password is the one to an unknown address", async () => {
  await using scene = await openScene();
  const told = async (credentials: unknown) => {
    const { status, json } = await login(scene.site.nobody, credentials);
    return [status, json.title, json.detail];
  };
  const wrong = await told({ ...BOB, password: "not his password" });
  const unknown = await told({ ...BOB, email: "nobody@holdfast.test" });
  assert.deepEqual([wrong, wrong[0]], [unknown, 401]);
});

Deno.test("An unknown address takes as long as a wrong password", async () => {
  await using scene = await openScene();
  const fastest = async (email: string) => {
    const times: number[] = [];
    for (let i = 0; i < 4; i++) {
      const began = performance.now();
      await login(scene.site.nobody, { email, password: "not his password" });
      times.push(performance.now() - began);
    }
    return Math.min(...times);
  };
  const [known, unknown] = [await fastest(BOB.email), await fastest("nobody@holdfast.test")];
  assert(unknown > known / 3, `${unknown} ms for nobody, ${known} ms for Bob`);
});

Deno.test("Bob cannot sign in with odd credentials, and nothing breaks", async (t) => {
  await using scene = await openScene();
  const odd: [credentials: Record<string, unknown>, status: number][] = [
    [{ email: BOB.email, password: "" }, 401],
    [{ email: "", password: PASSWORD }, 401],
    [{ email: "bob\0@holdfast.test", password: PASSWORD }, 401],
    [{ email: "\ud800", password: "\ud800" }, 401],
    [{ email: BOB.email, password: `${PASSWORD}\0` }, 401],
    [{ email: "b".repeat(10_000), password: "b".repeat(10_000) }, 401],
    [{ email: BOB.email }, 422],
    [{ password: PASSWORD }, 422],
    [{ email: [BOB.email], password: PASSWORD }, 422],
    [{ email: BOB.email, password: { $ne: "" } }, 422],
  ];
  for (const [credentials, status] of odd) {
    await t.step(JSON.stringify(credentials).slice(0, 60), async () => {
      assert.equal((await login(scene.site.nobody, credentials)).status, status);
    });
  }
});

Deno.test("Bob cannot sign in once his account is disabled", async () => {
  await using scene = await openScene();
  await scene.sql`update users set disabled_at = now() where email = ${BOB.email}`;
  assert.equal((await login(scene.site.nobody)).status, 401);
});

// What counts the attempts keeps a timer for a quarter of an hour.
const counting = { sanitizeOps: false, sanitizeResources: false };

Deno.test("Bob has to wait after ten wrong passwords, and is told how long", counting, async () => {
  await using scene = await openScene({ RATE_LIMIT: "on" });
  for (let i = 0; i < 10; i++) {
    assert.equal((await login(scene.site.nobody, { ...BOB, password: "not his password" })).status, 401);
  }
  const { status, headers } = await login(scene.site.nobody);
  const seconds = Number(headers.get("retry-after"));
  assert.deepEqual([status, seconds > 0 && seconds <= 900], [429, true]);
});

Deno.test("Bob gets a new pair for his refresh token", async () => {
  await using scene = await openScene();
  const first = (await login(scene.site.nobody)).json;
  const { status, json } = await refresh(scene.site.nobody, first.refresh_token);
  assert.equal(status, 200);
  assert.notEqual(json.refresh_token, first.refresh_token);
  assert.equal((await me(scene.site.nobody, json)).status, 200);
});

Deno.test("Bob's refresh token, used twice, is refused", async () => {
  await using scene = await openScene();
  const { refresh_token } = (await login(scene.site.nobody)).json;
  await refresh(scene.site.nobody, refresh_token);
  assert.equal((await refresh(scene.site.nobody, refresh_token)).status, 401);
});

/** Bob's session, whose first refresh token somebody used a second time. */
async function stolen() {
  const scene = await openScene();
  const { nobody } = scene.site;
  const other = (await login(nobody)).json;
  const first = (await login(nobody)).json;
  const second = (await refresh(nobody, first.refresh_token)).json;
  await me(nobody, second);
  await refresh(nobody, first.refresh_token);
  return { ...scene, nobody, other, second };
}

Deno.test("Bob's family of tokens ends with a second use: the newest refresh token is refused", async () => {
  await using scene = await stolen();
  assert.equal((await refresh(scene.nobody, scene.second.refresh_token)).status, 401);
});

Deno.test("Bob's family of tokens ends with a second use: the newest access token is refused", async () => {
  await using scene = await stolen();
  assert.equal((await me(scene.nobody, scene.second)).status, 401);
});

Deno.test("Bob's other session lives on when one family has ended", async () => {
  await using scene = await stolen();
  assert.equal((await me(scene.nobody, scene.other)).status, 200);
});

Deno.test("Fifty uses of one refresh token at once give at most one pair", async () => {
  await using scene = await openScene();
  const { refresh_token } = (await login(scene.site.nobody)).json;
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => refresh(scene.site.nobody, refresh_token)),
  );
  assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
});

Deno.test("Bob's tokens run out", async (t) => {
  await using scene = await openScene();
  const tokens = (await login(scene.site.nobody)).json;
  const login_at = scene.site.now;
  await t.step("the access token not before a quarter of an hour", async () => {
    scene.site.now = login_at.add({ seconds: 899 });
    assert.equal((await me(scene.site.nobody, tokens)).status, 200);
  });
  await t.step("the access token after a quarter of an hour", async () => {
    scene.site.now = login_at.add({ seconds: 900 });
    assert.equal((await me(scene.site.nobody, tokens)).status, 401);
  });
  await t.step("the refresh token after seven days", async () => {
    scene.site.now = login_at.add({ hours: 7 * 24 });
    assert.equal((await refresh(scene.site.nobody, tokens.refresh_token)).status, 401);
  });
});

Deno.test("A refresh token that is none is refused", async (t) => {
  await using scene = await openScene();
  const wrong: [token: unknown, status: number][] = [
    ["", 401],
    ["token", 401],
    ["018f0000-0000-7000-8000-000000000000.secret", 401],
    ["\0", 401],
    [7, 422],
    [undefined, 422],
    [["token"], 422],
  ];
  for (const [token, status] of wrong) {
    await t.step(JSON.stringify(token) ?? "missing", async () => {
      assert.equal((await refresh(scene.site.nobody, token)).status, status);
    });
  }
});

Deno.test("Bob signs out, and both tokens are refused", async (t) => {
  await using scene = await openScene();
  const tokens = (await login(scene.site.nobody)).json;
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  const left = await scene.site.nobody.call("POST", "/auth/logout", undefined, headers);
  await t.step("answered 204", () => assert.deepEqual([left.status, left.text], [204, ""]));
  await t.step("the access token", async () => {
    assert.equal((await me(scene.site.nobody, tokens)).status, 401);
  });
  await t.step("the refresh token", async () => {
    assert.equal((await refresh(scene.site.nobody, tokens.refresh_token)).status, 401);
  });
});

Deno.test("A token that was tampered with lets nobody in", async (t) => {
  await using scene = await openScene();
  const { access_token } = (await login(scene.site.nobody)).json;
  const [head, claims, signature] = access_token.split(".");
  const encode = (value: unknown) => btoa(JSON.stringify(value)).replace(/=+$/, "");
  const forged = {
    "no signature": `${head}.${claims}.`,
    "another signature": `${head}.${claims}.${signature.split("").reverse().join("")}`,
    "the algorithm none": `${encode({ alg: "none", typ: "JWT" })}.${claims}.`,
    "other claims": `${head}.${encode({ ...JSON.parse(atob(claims)), sub: scene.cast.ada.id })}.${signature}`,
    "no token": "",
  };
  for (const [how, token] of Object.entries(forged)) {
    await t.step(how, async () => {
      const answer = await scene.site.nobody.call("GET", "/users", undefined, {
        authorization: `Bearer ${token}`,
      });
      assert.equal(answer.status, 401);
    });
  }
});
