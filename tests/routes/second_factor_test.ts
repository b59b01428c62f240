import assert from "node:assert/strict";
import { Secret, TOTP } from "otpauth";
import { createReset } from "../../domain/auth/resets.ts";
import type { Actor } from "../../domain/permissions.ts";
import type { Answer, Client, Site } from "../support/app.ts";
import { PASSWORD } from "../support/cast.ts";
import { complaint, follow, one, press, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

// What counts attempts keeps a timer for a quarter of an hour.
const counting = { sanitizeOps: false, sanitizeResources: false };
const HERE = "/account/second-factor";
const notice = (answer: Answer) => words(one(read(answer), "#notices"));

/** Sets a second factor up as a person does, by the pages: what their app then shows, and the codes they keep. */
async function enrol(site: Site, who: Client) {
  const begun = await follow(who, await press(who, await who.get(HERE), "Set it up", { confirm: PASSWORD }));
  const secret = words(one(read(begun), "p code")).replaceAll(" ", "");
  const app = new TOTP({ secret: Secret.fromBase32(secret) });
  const shown = () => app.generate({ timestamp: site.now.epochMilliseconds });
  const on = await follow(who, await press(who, begun, "Turn it on", { code: shown() }));
  const codes = one(read(on), "#notices code").text.trim().split(/\s+/);
  site.now = site.now.add({ seconds: 30 });
  return { shown, codes, begun, on };
}

/** A site on which Bob has a second factor. */
async function bobsSite(settings: Record<string, string> = {}) {
  const scene = await openScene(settings);
  const bob = await scene.site.as(scene.cast.bob);
  return { ...scene, bob, ...await enrol(scene.site, bob) };
}

const bobs = { email: "bob@holdfast.test", password: PASSWORD };
const login = (who: Client, form: Record<string, string> = {}) => who.post("/login", { ...bobs, ...form });
const isIn = async (who: Client) => (await who.get("/account")).status === 200;

Deno.test("Bob sets a second factor up by plain forms, and is shown ten codes to keep, once", async (t) => {
  await using scene = await bobsSite();
  const { bob, begun, on, codes } = scene;
  await t.step("by a picture, a link and a key", () => {
    const page = read(begun);
    assert.match(one(page, "a", /^Open in an app/).getAttribute("href") ?? "", /^otpauth:\/\/totp\/Holdfast/);
    assert(one(page, "[role=img] svg"));
  });
  await t.step("the codes are shown", () => assert.deepEqual([codes.length, new Set(codes).size], [10, 10]));
  await t.step("and neither they nor the key are afterwards", async () => {
    const { text } = await bob.get(HERE);
    assert(codes.every((code) => !text.includes(code)) && !text.includes("otpauth:"));
    assert(codes.every((code) => on.text.includes(code)));
  });
  await t.step("my account says so", async () => {
    assert.match(words(one(read(await bob.get("/account")), "main")), /Second factor On\. 10 codes/);
  });
});

Deno.test("Bob is told beside the field why a second factor is not turned on", async (t) => {
  await using scene = await openScene();
  const bob = await scene.site.as(scene.cast.bob);
  await t.step("without his password", async () => {
    const again = await press(bob, await bob.get(HERE), "Set it up", { confirm: "a guess of hers" });
    assert.deepEqual([again.status, complaint(read(again), "My password")], [
      422,
      "This is not your present password",
    ]);
  });
  await t.step("without the right code", async () => {
    await bob.post(`${HERE}/begin`, { confirm: PASSWORD });
    const again = await press(bob, await bob.get(HERE), "Turn it on", { code: "12" });
    assert.deepEqual([again.status, complaint(read(again), "Code")], [
      422,
      "This code is not good, or not any more: give the one that is shown now",
    ]);
  });
  await t.step("and he still signs in with the password alone", async () => {
    assert.equal((await login(scene.site.visitor())).headers.get("location"), "/");
  });
});

Deno.test("Bob signs in with his password and a code, and lands where he wanted to go", async (t) => {
  await using scene = await bobsSite();
  const who = scene.site.visitor();
  const asked = await login(who, { next: "/reservations" });
  await t.step("the password leads to the code, and nowhere else", async () => {
    assert.equal(asked.headers.get("location"), "/login/code");
    assert(!asked.headers.getSetCookie().some((cookie) => /holdfast_(access|refresh)/.test(cookie)));
    assert.equal(await isIn(who), false);
  });
  await t.step("a wrong code is refused beside its field", async () => {
    const again = await press(who, await who.get("/login/code"), "Sign in", { code: "12" });
    assert.deepEqual([again.status, complaint(read(again), "Code"), await isIn(who)], [
      422,
      "This code is not good, or not any more: give the one that is shown now",
      false,
    ]);
  });
  await t.step("the right one lets him in", async () => {
    const { headers } = await press(who, await who.get("/login/code"), "Sign in", { code: scene.shown() });
    assert.deepEqual([headers.get("location"), await isIn(who)], ["/reservations", true]);
  });
  await t.step("the same one lets nobody else in", async () => {
    const mallory = scene.site.visitor();
    await login(mallory);
    assert.equal((await mallory.post("/login/code", { code: scene.shown() })).status, 422);
  });
  await t.step("a code that he kept does, too", async () => {
    const other = scene.site.visitor();
    await login(other);
    assert.equal((await other.post("/login/code", { code: scene.codes[4] })).status, 303);
    assert(await isIn(other));
  });
});

Deno.test("nobody gets to the code but by the password, within five minutes", async (t) => {
  await using scene = await bobsSite();
  const fromTheStart = async (who: Client) => {
    const { headers } = await who.post("/login/code", { code: scene.shown() });
    assert.deepEqual([headers.get("location"), await isIn(who)], ["/login", false]);
  };
  await t.step("without it", () => fromTheStart(scene.site.visitor()));
  await t.step("with a cookie that was changed", async () => {
    const who = scene.site.visitor();
    await login(who);
    const kept = who.cookies.get("holdfast_second")!;
    who.cookies.set("holdfast_second", kept.slice(0, 20) + (kept[20] === "A" ? "B" : "A") + kept.slice(21));
    await fromTheStart(who);
  });
  await t.step("with a cookie of another kind", async () => {
    const who = scene.site.visitor();
    who.cookies.set("holdfast_second", scene.bob.cookies.get("holdfast_access")!);
    await fromTheStart(who);
  });
  await t.step("nor does what is kept between the steps open a page", async () => {
    const who = scene.site.visitor();
    await login(who);
    who.cookies.set("holdfast_access", who.cookies.get("holdfast_second")!);
    assert.equal(await isIn(who), false);
  });
  await t.step("too late", async () => {
    const who = scene.site.visitor();
    await login(who);
    scene.site.now = scene.site.now.add({ minutes: 5 });
    await fromTheStart(who);
  });
  await t.step("with an account that was closed meanwhile", async () => {
    const who = scene.site.visitor();
    await login(who);
    await scene.sql`update users set disabled_at = ${scene.site.now} where id = ${scene.cast.bob.id}`;
    assert.equal((await who.post("/login/code", { code: scene.shown() })).status, 422);
    assert.equal(await isIn(who), false);
  });
});

Deno.test("a program signs in with the code beside the password; tokens made before go on", async (t) => {
  await using scene = await openScene();
  const { site, cast } = scene;
  const bob = await site.as(cast.bob);
  const { json: { token } } = await bob.call("POST", "/auth/tokens", {
    ...{ name: "Script", scope: "read", expires_in_days: 1 },
  });
  const { shown } = await enrol(site, bob);
  const attempt = (code?: string) =>
    site.nobody.call("POST", "/auth/login", { ...bobs, ...(code ? { code } : {}) });
  await t.step("without the code", async () => {
    const { status, json } = await attempt();
    assert.deepEqual([status, json.errors], [
      401,
      [{ path: "code", message: "Give the code of the second factor, too" }],
    ]);
  });
  await t.step("with a wrong one", async () => {
    const { status, json } = await attempt("000000");
    assert.deepEqual([status, json.errors[0].path, json.access_token], [401, "code", undefined]);
  });
  await t.step("with the right one", async () => assert.equal((await attempt(shown())).status, 200));
  await t.step("with a wrong password nothing is said of a code", async () => {
    const { status, json } = await site.nobody.call("POST", "/auth/login", {
      ...bobs,
      password: "a guess of hers",
    });
    assert.deepEqual([status, json.errors], [401, undefined]);
  });
  await t.step("a token made before", async () => {
    const { status } = await site.nobody.call("GET", "/auth/me", undefined, {
      authorization: `Bearer ${token}`,
    });
    assert.equal(status, 200);
  });
});

/** Sends a form or a call from an address. */
async function from(
  site: Site,
  hostname: string,
  path: string,
  init: RequestInit & { headers: Record<string, string> },
) {
  const info = { remoteAddr: { transport: "tcp", hostname, port: 40_000 } } as Deno.ServeHandlerInfo<
    Deno.NetAddr
  >;
  const answer = await site.fetch(
    new Request(`http://holdfast.test${path}`, { method: "POST", ...init }),
    info,
  );
  await answer.body?.cancel();
  return answer.status;
}

Deno.test("whoever knows Bob's password has ten tries at his code, from wherever", counting, async (t) => {
  await using scene = await bobsSite({ RATE_LIMIT: "on" });
  const { site } = scene;
  const call = (code: string, hostname: string) =>
    from(site, hostname, "/api/v1/auth/login", {
      body: JSON.stringify({ ...bobs, code }),
      headers: { "content-type": "application/json" },
    });
  const who = site.visitor();
  await login(who);
  const cookie = [...who.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const form = (code: string, hostname: string) =>
    from(site, hostname, "/login/code", {
      body: new URLSearchParams({ code }).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded", cookie },
    });
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) {
    statuses.push(await form(`00000${i}`, `192.0.2.${i}`), await call(`00001${i}`, `192.0.2.${i}`));
  }
  await t.step("each of ten is told that it was wrong", () => {
    assert.deepEqual(statuses, [422, 401, 422, 401, 422, 401, 422, 401, 422, 401]);
  });
  await t.step("then the right one has to wait, by a form and by a call", async () => {
    const right = [await form(scene.shown(), "192.0.2.77"), await call(scene.shown(), "192.0.2.78")];
    assert.deepEqual(right, [429, 429]);
  });
});

Deno.test("giving the password again does not forget the codes that were tried", counting, async () => {
  await using scene = await bobsSite({ RATE_LIMIT: "on" });
  const who = scene.site.visitor();
  const statuses: number[] = [];
  for (let i = 0; i < 12; i++) {
    await login(who);
    statuses.push((await who.post("/login/code", { code: `00000${i % 10}` })).status);
  }
  assert(statuses.filter((status) => status === 422).length <= 10, statuses.join());
  assert.equal(statuses.at(-1), 429);
});

Deno.test("a hundred sign-ins with codes from one office do not keep each other out", counting, async () => {
  await using scene = await bobsSite({ RATE_LIMIT: "on" });
  for (let i = 0; i < 101; i++) {
    scene.site.now = scene.site.now.add({ seconds: 30 });
    const { status } = await scene.site.nobody.call("POST", "/auth/login", { ...bobs, code: scene.shown() });
    assert.equal(status, 200, `the ${i + 1}. time`);
  }
});

Deno.test("whoever has Bob's browser cannot guess his code where it is turned off", counting, async () => {
  await using scene = await bobsSite({ RATE_LIMIT: "on" });
  const guess = (code: string) => scene.bob.post(`${HERE}/end`, { confirm: PASSWORD, code });
  const statuses = [];
  for (let i = 0; i < 10; i++) statuses.push((await guess(`00000${i}`)).status);
  assert.deepEqual([statuses, (await guess(scene.shown())).status], [Array(10).fill(422), 429]);
});

Deno.test("Bob makes new codes and turns it off with password and code, and signs in without one", async (t) => {
  await using scene = await bobsSite();
  const { bob, site, codes } = scene;
  await t.step("not without a code", async () => {
    const again = await press(bob, await bob.get(HERE), "Turn it off", { confirm: PASSWORD, code: "" });
    assert.match(complaint(read(again), "Code"), /^This code is not good/);
  });
  await t.step("new codes", async () => {
    const typed = { confirm: PASSWORD, code: scene.shown() };
    const page = await follow(
      bob,
      await press(bob, await bob.get(HERE), "Make new codes to fall back on", typed),
    );
    const fresh = one(read(page), "#notices code").text.trim().split(/\s+/);
    assert.deepEqual([fresh.length, fresh.some((code) => codes.includes(code))], [10, false]);
    scene.site.now = scene.site.now.add({ seconds: 30 });
  });
  await t.step("off", async () => {
    const typed = { confirm: PASSWORD, code: scene.shown() };
    const page = await follow(bob, await press(bob, await bob.get(HERE), "Turn it off", typed));
    assert.match(notice(page), /^Your second factor is off/);
    const who = site.visitor();
    assert.equal((await login(who)).headers.get("location"), "/");
    assert(await isIn(who));
  });
});

Deno.test("a reset link sets Bob's password, and the code is asked for all the same", async () => {
  await using scene = await bobsSite();
  const { token } = await createReset(scene.sql, scene.cast.ada, scene.cast.bob.id, scene.site.now);
  const who = scene.site.visitor();
  await who.post(`/reset/${token}`, { password: "staple correct horse" });
  const asked = await login(who, { password: "staple correct horse" });
  assert.deepEqual([asked.headers.get("location"), await isIn(who)], ["/login/code", false]);
});

Deno.test("Ada takes it away from Bob, who has lost his phone, and he signs in with his password", async (t) => {
  await using scene = await bobsSite();
  const { site, cast, bob } = scene;
  const ada = await site.as(cast.ada);
  const path = `/admin/users/${cast.bob.id}`;
  const page = await follow(ada, await press(ada, await ada.get(path), "Take the second factor away"));
  await t.step("she is told", () => {
    assert.equal(notice(page), "Bob Booker's second factor is gone, and they are signed out");
    assert.equal(
      read(page).querySelectorAll("button").filter((b) => /second factor/.test(words(b))).length,
      0,
    );
  });
  await t.step("he is out, and in with the password", async () => {
    const who = site.visitor();
    assert.deepEqual([await isIn(bob), (await login(who)).headers.get("location")], [false, "/"]);
  });
  await t.step("by a call as well, as often as it is sent", async () => {
    for (let i = 0; i < 2; i++) {
      assert.equal((await ada.call("DELETE", `/users/${cast.bob.id}/second-factor`)).status, 204);
    }
  });
});

/** What somebody reads of a page and of a call. */
async function doors(who: Client) {
  const page = await who.get("/reservations");
  return [page.status, page.headers.get("location"), (await who.call("GET", "/reservations")).status];
}

const WANTED: [setting: string, refused: (keyof typeof OPEN)[]][] = [
  ["staff,admin", ["sam", "ada"]],
  ["user, staff, admin", ["bob", "sam", "ada"]],
  ["", []],
];
const OPEN = { bob: "user", sam: "staff", ada: "admin" };

for (const [setting, refused] of WANTED) {
  Deno.test(`where the site wants a second factor of ${setting || "nobody"}, those without do nothing else first`, async (t) => {
    await using scene = await openScene(setting ? { REQUIRE_SECOND_FACTOR: setting } : {});
    for (const name of Object.keys(OPEN) as (keyof typeof OPEN)[]) {
      await t.step(name, async () => {
        const who = await scene.site.as(scene.cast[name] as Actor);
        const shut = refused.includes(name);
        assert.deepEqual(await doors(who), shut ? [303, HERE, 403] : [200, null, 200]);
        const { status, text } = await who.get(HERE);
        assert.deepEqual([status, text.includes("This site wants a second factor of you")], [200, shut]);
      });
    }
  });
}

Deno.test("Sam, of whom a second factor is wanted, sets it up, and everything opens", async (t) => {
  await using scene = await openScene({ REQUIRE_SECOND_FACTOR: "staff" });
  const { site, cast } = scene;
  const sam = await site.as(cast.sam);
  await t.step("nothing is done before", async () => {
    const answers = [
      await sam.post("/account", { name: "Samuel", time_zone: "" }),
      await sam.post("/account/tokens", { token: "Script", scope: "read", expires_in_days: "1" }),
    ];
    assert.deepEqual(answers.map(({ headers }) => headers.get("location")), [HERE, HERE]);
    const [{ count }] = await scene.sql`select count(*)::int as count from api_tokens`;
    assert.deepEqual([count, cast.sam.name], [0, "Sam Says"]);
  });
  let shown = () => "";
  await t.step("and then everything", async () => {
    ({ shown } = await enrol(site, sam));
    assert.deepEqual(await doors(sam), [200, null, 200]);
  });
  await t.step("until he turns it off", async () => {
    await press(sam, await sam.get(HERE), "Turn it off", { confirm: PASSWORD, code: shown() });
    assert.deepEqual(await doors(sam), [303, HERE, 403]);
  });
  await t.step("whoever does not want to signs out", async () => {
    assert.equal((await sam.call("POST", "/auth/logout")).status, 204);
  });
});
