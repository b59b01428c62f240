import assert from "node:assert/strict";
import { LONGEST, rotate } from "../../domain/auth/sessions.ts";
import { beginSession } from "../../domain/auth/sessions.ts";
import type { Answer, Site } from "../support/app.ts";
import { NOW, PASSWORD } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

// What counts attempts keeps a timer for a quarter of an hour.
const counting = { sanitizeOps: false, sanitizeResources: false };
const BOB = { email: "bob@holdfast.test", password: PASSWORD };

/** Tries to sign in by the API, from an address. */
async function attempt(site: Site, credentials: { email: string; password: string }, hostname = "192.0.2.1") {
  const request = new Request("http://holdfast.test/api/v1/auth/login", {
    method: "POST",
    body: JSON.stringify(credentials),
    headers: { "content-type": "application/json" },
  });
  const info = { remoteAddr: { transport: "tcp", hostname, port: 40_000 } } as Deno.ServeHandlerInfo<
    Deno.NetAddr
  >;
  const answer = await site.fetch(request, info);
  await answer.body?.cancel();
  return answer.status;
}
const count = (statuses: number[], wanted: number) => statuses.filter((status) => status === wanted).length;

Deno.test("forty wrong passwords at the same moment are no more than ten", counting, async () => {
  await using scene = await openScene({ RATE_LIMIT: "on" });
  const wrong = { ...BOB, password: "not his password" };
  const statuses = await Promise.all(Array.from({ length: 40 }, () => attempt(scene.site, wrong)));
  assert.deepEqual([count(statuses, 401), count(statuses, 429)], [10, 30]);
});

Deno.test(
  "who tries one password on everybody is stopped after a hundred, and others are not",
  counting,
  async (t) => {
    await using scene = await openScene({ RATE_LIMIT: "on" });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) {
      const batch = Array.from(
        { length: 21 },
        (_, n) => ({ email: `p${i}-${n}@holdfast.test`, password: "summer of 26" }),
      );
      statuses.push(...await Promise.all(batch.map((one) => attempt(scene.site, one))));
    }
    await t.step(
      "a hundred are told that it was wrong, the others to wait",
      () => assert.deepEqual([count(statuses, 401), count(statuses, 429)], [100, 5]),
    );
    await t.step(
      "also for the right password, from there",
      async () => assert.equal(await attempt(scene.site, BOB), 429),
    );
    await t.step(
      "not from elsewhere",
      async () => assert.equal(await attempt(scene.site, BOB, "192.0.2.2"), 200),
    );
  },
);

Deno.test("a hundred people who sign in from one office do not keep each other out", counting, async () => {
  await using scene = await openScene({ RATE_LIMIT: "on" });
  for (let i = 0; i < 101; i++) assert.equal(await attempt(scene.site, BOB), 200, `the ${i + 1}. time`);
});

Deno.test(
  "whoever has Bob's browser cannot guess his password at the form that changes it",
  counting,
  async () => {
    await using scene = await openScene({ RATE_LIMIT: "on" });
    const bob = await scene.site.as(scene.cast.bob);
    const guess = (current: string) =>
      bob.post("/account/password", { current, password: "another calm green hill" });
    const statuses = [];
    for (let i = 0; i < 10; i++) statuses.push((await guess(`guess ${i}`)).status);
    assert.deepEqual(statuses, Array(10).fill(422));
    assert.equal((await guess(PASSWORD)).status, 429);
  },
);

Deno.test(
  "whoever has Bob's browser cannot guess his password at the form that ends his other sessions",
  counting,
  async () => {
    await using scene = await openScene({ RATE_LIMIT: "on" });
    const [bob, phone] = [await scene.site.as(scene.cast.bob), await scene.site.as(scene.cast.bob)];
    const guess = (confirm: string) => bob.post("/account/sessions/end", { confirm });
    const statuses = [];
    for (let i = 0; i < 10; i++) statuses.push((await guess(`guess ${i}`)).status);
    assert.deepEqual(statuses, Array(10).fill(422));
    assert.deepEqual([(await guess(PASSWORD)).status, (await phone.get("/account")).status], [429, 200]);
  },
);

const sessionOf = (answer: Answer) =>
  answer.headers.getSetCookie().find((cookie) => cookie.startsWith("holdfast_access="))?.split(";")[0];

Deno.test("a session that somebody prepared is not the one that Bob is signed in with", async (t) => {
  await using scene = await openScene();
  const mallory = await scene.site.as(scene.cast.mallory);
  const planted = new Map(mallory.cookies);
  const browser = scene.site.visitor();
  for (const [name, value] of planted) browser.cookies.set(name, value);
  const signed = await browser.post("/login", BOB);
  await t.step("the cookies are new", () => {
    assert.equal(signed.status, 303);
    assert(sessionOf(signed) && !sessionOf(signed)!.includes(planted.get("holdfast_access")!));
    assert.notEqual(browser.cookies.get("holdfast_refresh"), planted.get("holdfast_refresh"));
  });
  await t.step("the session that was there before has ended", async () => {
    assert.equal((await mallory.get("/account")).status, 303);
  });
  await t.step(
    "and Bob is Bob",
    async () => assert.match((await browser.get("/account")).text, /Bob Booker/),
  );
});

Deno.test("Bob, who signs in again, leaves no session behind in that browser", async () => {
  await using scene = await openScene();
  const browser = scene.site.visitor();
  await browser.post("/login", BOB);
  const before = new Map(browser.cookies);
  await browser.post("/login", BOB);
  const thief = scene.site.visitor();
  for (const [name, value] of before) thief.cookies.set(name, value);
  assert.equal((await thief.get("/account")).status, 303);
  assert.equal((await browser.get("/account")).status, 200);
});

Deno.test("a session ends thirty days after its sign-in, however often it is renewed", async () => {
  await using scene = await openScene();
  for (const kind of ["browser", "api"] as const) {
    let token =
      (await beginSession(scene.sql, { user_id: scene.cast.bob.id, kind, device: "" }, NOW)).refresh_token;
    const renew = async (now: Temporal.Instant) => {
      const granted = await rotate(scene.sql, token, now);
      if (granted) token = granted.refresh_token;
      return Boolean(granted);
    };
    const days = [5, 10, 15, 20, 25, 29.9].map((days) => NOW.add({ minutes: Math.round(days * 24 * 60) }));
    for (const day of days) assert(await renew(day), `${kind}: ${day}`);
    assert.equal(await renew(NOW.add(LONGEST)), false, kind);
  }
});

Deno.test("a new password may not have one's address in it, by whichever way it is set", async () => {
  await using scene = await openScene();
  const bob = await scene.site.as(scene.cast.bob);
  const password = `my ${scene.cast.bob.email}`;
  const changed = await bob.post("/account/password", { current: PASSWORD, password });
  const registered = await bob.call("POST", "/auth/register", {
    email: "n@holdfast.test",
    name: "N",
    password: "n@holdfast.test!",
  });
  assert.deepEqual([changed.status, registered.status], [422, 422]);
});

Deno.test("with TLS every cookie is bound to this host alone by its name, and works", async () => {
  await using scene = await openScene({ BASE_URL: "https://holdfast.example" });
  const browser = scene.site.visitor();
  const signed = await browser.post("/login", BOB);
  const page = await browser.get("/account");
  const cookies = [...signed.headers.getSetCookie(), ...page.headers.getSetCookie()];
  assert(cookies.length >= 3);
  for (const cookie of cookies) {
    assert.match(cookie, /^__Host-holdfast_\w+=[^;]*; .*Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  }
  assert.equal(page.status, 200);
  // Those of another name count for nothing: another host under the domain could have left them.
  const tossed = scene.site.visitor();
  for (const [name, value] of browser.cookies) tossed.cookies.set(name.replace("__Host-", ""), value);
  assert.equal((await tossed.get("/account")).status, 303);
});
