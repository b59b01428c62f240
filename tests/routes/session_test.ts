import assert from "node:assert/strict";
import { type Answer, type Client, openSite } from "../support/app.ts";
import { NOW, PASSWORD } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { complaint, field, follow, one, press, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

const BOB = { email: "bob@holdfast.test", password: PASSWORD };
const ZOE = { name: "Zoe New", email: "zoe@holdfast.test", password: "a quiet harbour" };

// What counts attempts keeps a timer for a quarter of an hour.
const counting = { sanitizeOps: false, sanitizeResources: false };

const pathOf = (answer: Answer) => answer.headers.get("location");
const alert = (answer: Answer) => words(one(read(answer), "main [role=alert]"));
const title = (answer: Answer) => words(one(read(answer), "h1"));
const notice = (answer: Answer) => words(one(read(answer), "#notices"));

/** Fills the form of the sign-in page in. */
async function signIn(who: Client, typed: Record<string, string> = BOB, path = "/login"): Promise<Answer> {
  return press(who, await who.get(path), "Sign in", typed);
}

/** A site that nobody has ever entered. */
async function emptySite() {
  const database = await testDatabase();
  const site = await openSite(database.sql, NOW);
  return {
    ...database,
    site,
    visitor: site.visitor(),
    async [Symbol.asyncDispose]() {
      await site[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

const setUp = async (who: Client, typed: Record<string, string> = ZOE) =>
  press(who, await who.get("/setup"), "Create the administrator", typed);

Deno.test("The first visitor of an empty site is led to set it up", async () => {
  await using scene = await emptySite();
  const login = await scene.visitor.get("/login");
  assert.deepEqual([login.status, pathOf(login)], [303, "/setup"]);
});

Deno.test("Zoe, who sets the site up, is its administrator and signed in", async () => {
  await using scene = await emptySite();
  const page = await follow(scene.visitor, await setUp(scene.visitor));
  assert.deepEqual([page.status, title(page)], [200, "Manage resources"]);
});

Deno.test("Zoe is told beside the field what is wrong, and what she typed stays", async () => {
  await using scene = await emptySite();
  const again = await setUp(scene.visitor, { ...ZOE, password: "short" });
  const page = read(again);
  assert.deepEqual([again.status, complaint(page, "Password"), field(page, "Name").getAttribute("value")], [
    422,
    "Use at least 10 characters",
    "Zoe New",
  ]);
});

Deno.test("A password that was refused is not sent back", async () => {
  await using scene = await emptySite();
  const again = await setUp(scene.visitor, { ...ZOE, password: "hunter2" });
  assert.doesNotMatch(again.text, /hunter2/);
});

Deno.test("Setting up is gone for good once it is done", async (t) => {
  await using scene = await emptySite();
  const open = await scene.visitor.get("/setup");
  await setUp(scene.visitor);
  const other = scene.site.visitor();
  await t.step("the page", async () => assert.equal((await other.get("/setup")).status, 404));
  await t.step("the form of who had it open", async () => {
    const late = await press(other, open, "Create the administrator", { ...ZOE, email: "eve@holdfast.test" });
    assert.equal(late.status, 404);
  });
  await t.step("and there is one administrator", async () => {
    const admins = await scene.sql<{ email: string }[]>`select email from users where role = 'admin'`;
    assert.deepEqual(admins.map(({ email }) => email), [ZOE.email]);
  });
});

Deno.test("Of ten who set the site up at the same moment, one does", async () => {
  await using scene = await emptySite();
  const form = (i: number) => ({ ...ZOE, email: `zoe${i}@holdfast.test` });
  const posts = Array.from({ length: 10 }, (_, i) => scene.site.visitor().post("/setup", form(i)));
  const statuses = (await Promise.all(posts)).map(({ status }) => status).sort();
  assert.deepEqual(statuses, [303, ...Array(9).fill(404)]);
});

Deno.test("Zoe registers and is signed in, with a welcome", async () => {
  await using scene = await openScene();
  const who = scene.site.visitor();
  const page = await follow(who, await press(who, await who.get("/register"), "Create account", ZOE));
  assert.deepEqual([page.status, notice(page)], [200, "Welcome, Zoe New"]);
});

Deno.test("Zoe, who registers with Bob's address, reads beside it that it is taken", async () => {
  await using scene = await openScene();
  const who = scene.site.visitor();
  const taken = { ...ZOE, email: "Bob@holdfast.test" };
  const again = await press(who, await who.get("/register"), "Create account", taken);
  assert.deepEqual([again.status, complaint(read(again), "E-mail")], [
    409,
    "This e-mail address already has an account",
  ]);
});

Deno.test("Zoe cannot register where registration is closed", async (t) => {
  await using scene = await openScene({ REGISTRATION: "closed" });
  const who = scene.site.visitor();
  await t.step("the page says so", async () => {
    const page = await who.get("/register");
    assert.deepEqual([page.status, title(page)], [403, "Registration is closed"]);
  });
  await t.step("the form is refused", async () => {
    await who.post("/register", ZOE);
    assert.equal((await scene.sql`select id from users where email = ${ZOE.email}`).length, 0);
  });
  await t.step("the sign-in page does not offer it", async () => {
    assert.equal(read(await who.get("/login")).querySelectorAll('a[href="/register"]').length, 0);
  });
});

Deno.test("Bob signs in and is at his day", async () => {
  await using scene = await openScene();
  const who = scene.site.visitor();
  const answer = await signIn(who);
  assert.deepEqual([pathOf(answer), (await follow(who, answer)).status], ["/", 200]);
});

Deno.test("Bob's cookies can neither be read by scripts nor be sent by other sites", async () => {
  await using scene = await openScene();
  const { headers } = await signIn(scene.site.visitor());
  const cookies = headers.getSetCookie().filter((cookie) => /^holdfast_(access|refresh)=/.test(cookie));
  assert.equal(cookies.length, 2);
  for (const cookie of cookies) assert.match(cookie, /; HttpOnly; SameSite=Lax$/);
});

Deno.test("Bob's cookies travel by https alone where the site does", async () => {
  await using scene = await openScene({ BASE_URL: "https://holdfast.example" });
  const { headers } = await signIn(scene.site.visitor());
  for (const cookie of headers.getSetCookie()) assert.match(cookie, /; Secure/);
});

Deno.test("Bob, who mistypes his password, is told the same as who has no account", async () => {
  await using scene = await openScene();
  const wrong = await signIn(scene.site.visitor(), { ...BOB, password: "not his password" });
  const unknown = await signIn(scene.site.visitor(), { ...BOB, email: "nobody@holdfast.test" });
  const told = "E-mail and password do not fit together";
  assert.deepEqual([wrong, unknown].map((answer) => [answer.status, alert(answer)]), [[422, told], [
    422,
    told,
  ]]);
});

Deno.test("Bob, who mistypes his password, finds his address still there, and not the password", async () => {
  await using scene = await openScene();
  const again = await signIn(scene.site.visitor(), { ...BOB, password: "not his password" });
  assert.equal(field(read(again), "E-mail").getAttribute("value"), BOB.email);
  assert.doesNotMatch(again.text, /not his password/);
});

Deno.test("Bob with no password at all is told the same", async () => {
  await using scene = await openScene();
  assert.equal((await signIn(scene.site.visitor(), { ...BOB, password: "" })).status, 422);
});

Deno.test("Bob, after ten wrong passwords, has to wait", counting, async (t) => {
  await using scene = await openScene({ RATE_LIMIT: "on" });
  for (let i = 0; i < 10; i++) {
    const { status } = await signIn(scene.site.visitor(), { ...BOB, password: "not his password" });
    assert.equal(status, 422);
  }
  const refused = await signIn(scene.site.visitor());
  await t.step("although the eleventh is right", () => assert.equal(refused.status, 429));
  await t.step("for so long as the header says", () => {
    const seconds = Number(refused.headers.get("retry-after"));
    assert(seconds > 14 * 60 && seconds <= 15 * 60, `${seconds} seconds`);
  });
  await t.step("for so long as the page says", () => {
    assert.match(words(one(read(refused), "main section p:not(.actions)")), /^Wait 15 minutes, then sign in/);
  });
  await t.step("and Alice need not", async () => {
    const alice = { ...BOB, email: "alice@holdfast.test" };
    assert.equal((await signIn(scene.site.visitor(), alice)).status, 303);
  });
});

Deno.test("Bob's nine wrong passwords are forgotten when the tenth is right", counting, async () => {
  await using scene = await openScene({ RATE_LIMIT: "on" });
  for (const password of [...Array(9).fill("not his password"), PASSWORD, "not his password"]) {
    await signIn(scene.site.visitor(), { ...BOB, password });
  }
  assert.equal((await signIn(scene.site.visitor())).status, 303);
});

Deno.test("Bob, who is sent to sign in, comes to where he wanted to go", async () => {
  await using scene = await openScene();
  const who = scene.site.visitor();
  const wanted = "/schedule?date=2026-05-05&kind=room";
  const login = pathOf(await who.get(wanted)) ?? "";
  assert.equal(pathOf(await signIn(who, BOB, login)), wanted);
});

Deno.test("Bob, who mistypes once, still comes to where he wanted to go", async () => {
  await using scene = await openScene();
  const who = scene.site.visitor();
  const again = await signIn(who, { ...BOB, password: "not his password" }, "/login?next=%2Faccount");
  assert.equal(pathOf(await press(who, again, "Sign in", BOB)), "/account");
});

Deno.test("Bob is never led to another host by signing in", async (t) => {
  await using scene = await openScene();
  const ELSEWHERE = ["https://evil.test/", "//evil.test", "/\\evil.test", "\\\\evil.test", "/\t/evil.test"];
  for (const next of [...ELSEWHERE, "/\n/evil.test", "javascript:alert(1)", "evil.test", " //evil.test"]) {
    await t.step(`by the form, ${JSON.stringify(next)}`, async () => {
      assert.equal(pathOf(await scene.site.visitor().post("/login", { ...BOB, next })), "/");
    });
    await t.step(`by the address of the page, ${JSON.stringify(next)}`, async () => {
      const path = `/login?next=${encodeURIComponent(next)}`;
      assert.equal(pathOf(await signIn(scene.site.visitor(), BOB, path)), "/");
    });
    await t.step(`who is signed in already, ${JSON.stringify(next)}`, async () => {
      const bob = await scene.site.as(scene.cast.bob);
      assert.equal(pathOf(await bob.get(`/login?next=${encodeURIComponent(next)}`)), "/");
    });
  }
});

Deno.test("Bob signs out, and the next page asks him to sign in", async () => {
  await using scene = await openScene();
  const who = scene.site.visitor();
  await signIn(who);
  const left = await press(who, await who.get("/logout"), "Sign out of this browser");
  assert.deepEqual([pathOf(left), pathOf(await who.get("/account"))], ["/login", "/login?next=%2Faccount"]);
});

Deno.test("Bob's cookies, copied before he signed out, let nobody in afterwards", async () => {
  await using scene = await openScene();
  const [who, thief] = [scene.site.visitor(), scene.site.visitor()];
  await signIn(who);
  for (const [name, value] of who.cookies) thief.cookies.set(name, value);
  assert.equal((await thief.get("/account")).status, 200);
  await who.post("/logout");
  assert.equal((await thief.get("/account")).status, 303);
});

Deno.test("Bob's page is renewed without a word when the access cookie has run out", async () => {
  await using scene = await openScene();
  const who = scene.site.visitor();
  await signIn(who);
  const before = new Map(who.cookies);
  scene.site.now = NOW.add({ minutes: 16 });
  const page = await who.get("/account");
  const renewed = ["holdfast_access", "holdfast_refresh"].map((name) =>
    who.cookies.get(name) !== before.get(name)
  );
  assert.deepEqual([page.status, renewed], [200, [true, true]]);
});

Deno.test("Bob's tabs, which renew at the same moment, are all let in", async () => {
  await using scene = await openScene();
  const who = scene.site.visitor();
  await signIn(who);
  const tabs = Array.from({ length: 8 }, () => scene.site.visitor());
  for (const tab of tabs) for (const [name, value] of who.cookies) tab.cookies.set(name, value);
  scene.site.now = NOW.add({ minutes: 16 });
  const statuses = (await Promise.all(tabs.map((tab) => tab.get("/account")))).map(({ status }) => status);
  assert.deepEqual(statuses, Array(8).fill(200));
});

Deno.test("Bob's spent refresh cookie, used again later, ends his session", async () => {
  await using scene = await openScene();
  const [who, thief] = [scene.site.visitor(), scene.site.visitor()];
  await signIn(who);
  for (const [name, value] of who.cookies) thief.cookies.set(name, value);
  scene.site.now = NOW.add({ minutes: 16 });
  await who.get("/account");
  scene.site.now = NOW.add({ minutes: 17 });
  assert.equal((await thief.get("/account")).status, 303);
  assert.equal((await who.get("/account")).status, 303);
});

Deno.test("Bob has to sign in again after seven days away", async () => {
  await using scene = await openScene();
  const who = scene.site.visitor();
  await signIn(who);
  scene.site.now = NOW.add({ hours: 7 * 24 });
  assert.equal((await who.get("/account")).status, 303);
});
