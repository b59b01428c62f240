import assert from "node:assert/strict";
import type { Answer, Client } from "../support/app.ts";
import { NOW, PASSWORD } from "../support/cast.ts";
import { complaint, field, follow, one, press, pressed, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

const NEW = "another quiet harbour";
const PHONE = "Mozilla/5.0 (Android 16; Mobile) Firefox/150.0";
const DESK = "Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0 Safari/537.36";

/** Bob, signed in on his phone and at his desk. */
async function twoBrowsers() {
  const scene = await openScene();
  const [phone, desk] = [scene.site.visitor(), scene.site.visitor()];
  await signIn(phone, PASSWORD, PHONE);
  scene.site.now = NOW.add({ minutes: 5 });
  await signIn(desk, PASSWORD, DESK);
  return { ...scene, phone, desk };
}

const signIn = (who: Client, password: string, device = DESK) =>
  who.post("/login", { email: "bob@holdfast.test", password }, { "user-agent": device });

const account = (who: Client) => who.get("/account");
const notice = (answer: Answer) => words(one(read(answer), "#notices"));
const sessions = (answer: Answer) => read(answer).querySelectorAll(".rows li").map(words);

Deno.test("Bob changes his name, and is called so at once", async () => {
  await using scene = await twoBrowsers();
  const page = await follow(
    scene.desk,
    await press(scene.desk, await account(scene.desk), "Save", { name: "Bobby" }),
  );
  assert.deepEqual([notice(page), words(one(read(page), ".me .who"))], ["Saved", "Bobby"]);
});

Deno.test("Bob's empty name is refused beside its field", async () => {
  await using scene = await twoBrowsers();
  const again = await press(scene.desk, await account(scene.desk), "Save", { name: "  " });
  assert.deepEqual([again.status, complaint(read(again), "Name")], [422, "Give a name"]);
});

Deno.test("Bob reads which account it is, and what it may do", async () => {
  await using scene = await twoBrowsers();
  const page = read(await account(scene.desk));
  assert.match(words(one(page, "h1 + p")), /^bob@holdfast\.test · User: reserves$/);
});

Deno.test("Bob chooses a time zone, and finds it chosen", async () => {
  await using scene = await twoBrowsers();
  const typed = { time_zone: "America/Toronto" };
  const page = await follow(scene.desk, await press(scene.desk, await account(scene.desk), "Save", typed));
  const chosen = one(read(page), "#f-time_zone option[selected]").getAttribute("value");
  const [{ time_zone }] = await scene.sql`select time_zone from users where email = 'bob@holdfast.test'`;
  assert.deepEqual([chosen, time_zone], ["America/Toronto", "America/Toronto"]);
});

Deno.test("Bob returns to the time zone of the site", async () => {
  await using scene = await twoBrowsers();
  await scene.desk.post("/account", { name: "Bob Booker", time_zone: "America/Toronto" });
  await scene.desk.post("/account", { name: "Bob Booker", time_zone: "" });
  const [{ time_zone }] = await scene.sql`select time_zone from users where email = 'bob@holdfast.test'`;
  assert.equal(time_zone, null);
});

Deno.test("Bob's time zone that there is not is refused beside its field", async () => {
  await using scene = await twoBrowsers();
  const again = await scene.desk.post("/account", { name: "Bob Booker", time_zone: "Europe/Atlantis" });
  assert.deepEqual([again.status, complaint(read(again), "Time zone")], [
    422,
    "Choose a time zone from the list",
  ]);
});

const change = async (who: Client, current: string, password: string) =>
  press(who, await account(who), "Change password", { current, password });

Deno.test("Bob changes his password, and signs in with the new one alone", async (t) => {
  await using scene = await twoBrowsers();
  const page = await follow(scene.desk, await change(scene.desk, PASSWORD, NEW));
  await t.step("a notice says so", () => assert.match(notice(page), /^Your password is changed/));
  await t.step("the new one is good", async () => {
    assert.equal((await signIn(scene.site.visitor(), NEW)).status, 303);
  });
  await t.step("the old one is not", async () => {
    assert.equal((await signIn(scene.site.visitor(), PASSWORD)).status, 422);
  });
});

Deno.test("Bob's change of the password ends his other sessions, and not the one he is in", async () => {
  await using scene = await twoBrowsers();
  await change(scene.desk, PASSWORD, NEW);
  const statuses = [(await account(scene.desk)).status, (await account(scene.phone)).status];
  assert.deepEqual(statuses, [200, 303]);
});

const REFUSED: [what: string, current: string, password: string, label: string, told: string][] = [
  ["a wrong present one", "not his password", NEW, "Present password", "This is not your present password"],
  ["no present one", "", NEW, "Present password", "This is not your present password"],
  ["a new one that is short", PASSWORD, "short", "New password", "Use at least 10 characters"],
  [
    "a new one that is known",
    PASSWORD,
    "password1234",
    "New password",
    "Others would try this early: put a few words together that have nothing to do with each other",
  ],
];

Deno.test("Bob's password stays, and he is told why beside the field", async (t) => {
  await using scene = await twoBrowsers();
  for (const [what, current, password, label, told] of REFUSED) {
    await t.step(what, async () => {
      const again = await change(scene.desk, current, password);
      assert.deepEqual([again.status, complaint(read(again), label)], [422, told]);
    });
  }
  await t.step(
    "and no session has ended",
    async () => assert.equal((await account(scene.phone)).status, 200),
  );
  await t.step("and the old one is good", async () => {
    assert.equal((await signIn(scene.site.visitor(), PASSWORD)).status, 303);
  });
});

Deno.test("Bob sees where he is signed in, the latest first, and which of them is here", async () => {
  await using scene = await twoBrowsers();
  assert.deepEqual(sessions(await account(scene.desk)), [
    "Chrome on Linux This browser · since just now Sign out",
    "Firefox on Android Last used 5 minutes ago · since 5 minutes ago Sign out there",
  ]);
});

Deno.test("Bob signs out there with his password, and stays signed in here", async () => {
  await using scene = await twoBrowsers();
  const left = await press(scene.desk, await account(scene.desk), "Sign out there", { confirm: PASSWORD });
  const page = await follow(scene.desk, left);
  assert.deepEqual([notice(page), sessions(page).length, (await account(scene.phone)).status], [
    "Signed out there",
    1,
    303,
  ]);
});

Deno.test("Bob signs out here by his list, and has to sign in", async () => {
  await using scene = await twoBrowsers();
  const button = pressed(one(read(await account(scene.desk)), ".rows button", "Sign out"));
  const left = await scene.desk.post(button.path, button.values);
  assert.deepEqual([left.headers.get("location"), (await account(scene.desk)).status], ["/login", 303]);
});

Deno.test("Bob signs out everywhere else at once, and stays signed in here", async () => {
  await using scene = await twoBrowsers();
  const typed = { confirm: PASSWORD };
  const left = await press(scene.desk, await account(scene.desk), "Sign out everywhere else", typed);
  const page = await follow(scene.desk, left);
  assert.deepEqual([notice(page), sessions(page).length, (await account(scene.phone)).status], [
    "Signed out everywhere else",
    1,
    303,
  ]);
  const entries = await scene.sql`
    select actor_id from history where action = 'end_session' and actor_id = ${scene.cast.bob.id}`;
  assert.equal(entries.length, 1);
});

for (const button of ["Sign out there", "Sign out everywhere else"]) {
  Deno.test(`whoever finds Bob's browser open ends no session of his by the button ${button}`, async (t) => {
    await using scene = await twoBrowsers();
    for (const confirm of ["", "a guess of hers"]) {
      await t.step(confirm || "without a password", async () => {
        const again = await press(scene.desk, await account(scene.desk), button, { confirm });
        const told = complaint(read(again), "My password");
        assert.deepEqual([again.status, told], [422, "This is not your present password"]);
      });
    }
    await t.step("they live on", async () => {
      assert.deepEqual([(await account(scene.phone)).status, (await account(scene.desk)).status], [200, 200]);
    });
  });
}

Deno.test("Bob, who is signed in here alone, is asked for no password to sign out", async () => {
  await using scene = await openScene();
  const page = read(await account(await scene.site.as(scene.cast.bob)));
  assert.deepEqual(page.querySelectorAll("#f-confirm").length, 0);
  assert.equal(words(one(page, ".rows button", "Sign out")), "Sign out");
});

Deno.test("Mallory cannot sign Bob out", async () => {
  await using scene = await twoBrowsers();
  const mallory = await scene.site.as(scene.cast.mallory);
  const theirs = await scene.sql`
    select s.id from sessions s join users u on u.id = s.user_id where u.email = 'bob@holdfast.test'`;
  const statuses = await Promise.all(
    theirs.map(async ({ id }) => (await mallory.post(`/account/sessions/${id}/end`)).status),
  );
  assert.deepEqual([statuses, (await account(scene.phone)).status], [[404, 404], 200]);
});

Deno.test("Mallory's list has nothing of Bob's sessions", async () => {
  await using scene = await twoBrowsers();
  assert.equal(sessions(await account(await scene.site.as(scene.cast.mallory))).length, 1);
});

Deno.test("A session that is none is not found", async (t) => {
  await using scene = await twoBrowsers();
  for (const id of ["018f0000-0000-7000-8000-000000000000", "mine", "%00"]) {
    await t.step(id, async () => {
      assert.equal((await scene.desk.post(`/account/sessions/${id}/end`)).status, 404);
    });
  }
});

Deno.test("Bob's program is named as one in his list", async () => {
  await using scene = await twoBrowsers();
  const credentials = { email: "bob@holdfast.test", password: PASSWORD };
  await scene.site.nobody.call("POST", "/auth/login", credentials, { "user-agent": "backup/1.0" });
  assert(sessions(await account(scene.desk)).some((session) => session.startsWith("A program: backup/1.0")));
});

Deno.test("Bob's form keeps what he typed where it is refused", async () => {
  await using scene = await twoBrowsers();
  const name = "B".repeat(121);
  const again = await press(scene.desk, await account(scene.desk), "Save", { name });
  assert.equal(field(read(again), "Name").getAttribute("value"), name);
});
