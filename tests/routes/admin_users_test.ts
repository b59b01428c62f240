import assert from "node:assert/strict";
import { request } from "../../domain/requests.ts";
import type { Answer, Client } from "../support/app.ts";
import { makeResource, NOW, on, PASSWORD } from "../support/cast.ts";
import { complaint, follow, one, press, pressed, read, valuesOf, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

/** Ada at her desk, and Bob at his. */
async function adas() {
  const scene = await openScene();
  const [ada, bob] = await Promise.all([scene.cast.ada, scene.cast.bob].map(scene.site.as));
  return { ...scene, ada, bob };
}

const notice = (answer: Answer) => words(one(read(answer), "#notices"));

/** Chooses a role beside a name, and saves it. */
async function role(ada: Client, name: string, role: string): Promise<Answer> {
  const page = read(await ada.get("/admin/users"));
  const { path, values } = pressed(one(page, `button[aria-label="Save the role of ${name}"]`), { role });
  return ada.post(path, values);
}

Deno.test("Ada sees everybody with their role", async () => {
  await using scene = await adas();
  const page = read(await scene.ada.get("/admin/users"));
  const roles = page.querySelectorAll("tbody tr").map((row) => [
    words(one(row, "td.when")),
    valuesOf(one(row, "form")).role,
  ]);
  assert.deepEqual(roles, [
    ["Ada Admin", "admin"],
    ["Alice Asker", "user"],
    ["Bob Booker", "user"],
    ["Mallory Outside", "user"],
    ["Sam Says", "staff"],
    ["Sue Settles", "staff"],
  ]);
});

Deno.test("Ada makes Bob staff, and he may see the queue at once", async () => {
  await using scene = await adas();
  assert.equal((await scene.bob.get("/approvals")).status, 403);
  const page = await follow(scene.ada, await role(scene.ada, "Bob Booker", "staff"));
  assert.deepEqual([notice(page), (await scene.bob.get("/approvals")).status], [
    "Bob Booker is now staff",
    200,
  ]);
});

Deno.test("Ada, the only administrator, cannot lower herself", async () => {
  await using scene = await adas();
  const again = await role(scene.ada, "Ada Admin", "user");
  assert.deepEqual([again.status, words(one(read(again), "main [role=alert]"))], [
    409,
    "The site needs an administrator: make somebody else one first",
  ]);
});

Deno.test("A role that there is not is refused with the roles that there are", async () => {
  await using scene = await adas();
  const again = await role(scene.ada, "Bob Booker", "owner");
  assert.deepEqual([again.status, words(one(read(again), "main [role=alert]"))], [
    422,
    "The role is user, staff or admin",
  ]);
});

Deno.test("Ada finds people by a part of their address", async () => {
  await using scene = await adas();
  const page = read(await scene.ada.get("/admin/users?q=sue%40"));
  assert.deepEqual(page.querySelectorAll("tbody td.when").map(words), ["Sue Settles"]);
});

Deno.test("Ada reads so where nobody matches", async () => {
  await using scene = await adas();
  const page = read(await scene.ada.get("/admin/users?q=%25"));
  assert.equal(words(one(page, ".empty .lead")), "Nobody matches “%”");
});

/** The page of a person, as Ada comes to it from the list. */
async function pageOf(ada: Client, name: string): Promise<Answer> {
  const link = one(read(await ada.get("/admin/users")), "td.when a", name).getAttribute("href") ?? "";
  return ada.get(link);
}

Deno.test("Ada reads on Bob's page who he is, where he is signed in and what he has reserved", async () => {
  await using scene = await adas();
  await bobsHall(scene);
  const page = read(await pageOf(scene.ada, "Bob Booker"));
  assert.equal(words(one(page, "h1")), "Bob Booker");
  assert.match(words(one(page, ".facts")), /bob@holdfast.test.*1 session/);
  assert.match(words(one(page, ".rows")), /Tue 5 May, 10:00–11:00.*Hall: Choir.*Approved/);
  assert.match(one(page, "main a", "Audit").getAttribute("href")!, /^\/admin\/audit\?person=/);
});

Deno.test("Ada changes a role on a person's page, and stays there", async () => {
  await using scene = await adas();
  const page = await pageOf(scene.ada, "Bob Booker");
  const { path, values } = pressed(one(read(page), 'button[aria-label="Save the role of Bob Booker"]'), {
    role: "staff",
  });
  const after = await follow(scene.ada, await scene.ada.post(path, values));
  assert.deepEqual([notice(after), words(one(read(after), "h1"))], ["Bob Booker is now staff", "Bob Booker"]);
});

Deno.test("Ada, the only administrator, is told so on her own page", async () => {
  await using scene = await adas();
  const page = await pageOf(scene.ada, "Ada Admin");
  const { path, values } = pressed(one(read(page), 'button[aria-label="Save the role of Ada Admin"]'), {
    role: "user",
  });
  const again = await scene.ada.post(path, values);
  assert.deepEqual([
    again.status,
    words(one(read(again), "main [role=alert]")),
    words(one(read(again), "h1")),
  ], [
    409,
    "The site needs an administrator: make somebody else one first",
    "Ada Admin",
  ]);
  const closing = await press(
    scene.ada,
    await scene.ada.get(`${path.replace("/role", "")}/deactivate`),
    "Close the account",
  );
  assert.equal(closing.status, 409);
  assert.match(words(one(read(closing), "main [role=alert]")), /^The site needs an administrator/);
});

/** Bob has the hall for his choir. */
async function bobsHall({ sql, cast }: Awaited<ReturnType<typeof adas>>) {
  const hall = await makeResource(sql, cast.ada, { name: "Hall" });
  const wish = { ...on("2026-05-05", "10:00", "11:00"), resource_ids: [hall.id], purpose: "Choir" };
  return request(sql, cast.bob, wish, NOW);
}

Deno.test("Before Bob's account is closed, Ada reads what he has reserved; what she chooses is done, and he is out at once", async () => {
  await using scene = await adas();
  await bobsHall(scene);
  assert.equal((await scene.bob.get("/account")).status, 200);
  const link = one(read(await pageOf(scene.ada, "Bob Booker")), "main a", /^Close the account/).getAttribute(
    "href",
  )!;
  const asked = await scene.ada.get(link);
  assert.match(words(one(read(asked), ".rows")), /Tue 5 May, 10:00–11:00.*Choir/);
  const after = await follow(
    scene.ada,
    await press(scene.ada, asked, "Close the account", { future: "cancel", reason: "Has left" }),
  );
  assert.equal(notice(after), "Bob Booker's account is closed; 1 reservation was cancelled");
  assert.equal(words(one(read(after), ".head .status")), "Closed");
  const out = await scene.bob.get("/account");
  assert.deepEqual([out.status, out.headers.get("location")], [303, "/login?next=%2Faccount"]);
  const [{ status, decision_reason }] = await scene.sql`select status, decision_reason from reservations`;
  assert.deepEqual([status, decision_reason], ["cancelled", "Has left"]);
});

Deno.test("A reason that is too long is refused beside its field, and the choice is kept", async () => {
  await using scene = await adas();
  await bobsHall(scene);
  const path = `/admin/users/${scene.cast.bob.id}/deactivate`;
  const again = await scene.ada.post(path, { future: "cancel", reason: "x".repeat(501) });
  assert.equal(again.status, 422);
  assert.equal(complaint(read(again), "Why"), "Use at most 500 characters");
  assert.equal(valuesOf(one(read(again), "main form")).future, "cancel");
});

Deno.test("Ada opens Bob's account again", async () => {
  await using scene = await adas();
  await scene.ada.post(`/admin/users/${scene.cast.bob.id}/deactivate`, { future: "keep" });
  const after = await follow(
    scene.ada,
    await press(scene.ada, await pageOf(scene.ada, "Bob Booker"), "Open it again"),
  );
  assert.equal(notice(after), "Bob Booker's account is open again");
  const bob = scene.site.visitor();
  const credentials = { email: "bob@holdfast.test", password: PASSWORD };
  assert.equal((await bob.post("/login", credentials)).status, 303);
});

/** The link that Ada makes for Bob, as she is shown it. */
async function linkFor(scene: Awaited<ReturnType<typeof adas>>) {
  const page = await press(scene.ada, await pageOf(scene.ada, "Bob Booker"), "Make a reset link");
  const shown = await follow(scene.ada, page);
  const link = words(one(read(shown), ".notice code"));
  return { shown, link, path: new URL(link).pathname };
}

Deno.test("A reset link is shown once, with the address that people use", async () => {
  await using scene = await adas();
  const { link, path } = await linkFor(scene);
  assert.match(link, /^http:\/\/localhost:8000\/reset\/[\w-]{43}$/);
  assert.doesNotMatch((await pageOf(scene.ada, "Bob Booker")).text, new RegExp(path));
});

Deno.test("Bob, who has lost his password, sets a new one by the link, and signs in with it; every session of his is over", async () => {
  await using scene = await adas();
  const { path } = await linkFor(scene);
  const visitor = scene.site.visitor();
  const page = await visitor.get(path);
  assert.equal(page.status, 200);
  const short = await press(visitor, page, "Set the password", { password: "short" });
  assert.deepEqual([short.status, complaint(read(short), "New password")], [
    422,
    "Use at least 10 characters",
  ]);
  const set = await follow(
    visitor,
    await press(visitor, page, "Set the password", { password: "staple correct horse" }),
  );
  assert.equal(notice(set), "Your password is set: sign in with it");
  assert.equal((await scene.bob.get("/account")).status, 303);
  const signIn = (password: string) => visitor.post("/login", { email: "bob@holdfast.test", password });
  assert.deepEqual([(await signIn(PASSWORD)).status, (await signIn("staple correct horse")).status], [
    422,
    303,
  ]);
});

Deno.test("A link that was used, is too old or never was answers the same, in words", async () => {
  await using scene = await adas();
  const { path } = await linkFor(scene);
  const visitor = scene.site.visitor();
  await visitor.post(path, { password: "staple correct horse" });
  const second = await linkFor(scene);
  scene.site.now = NOW.add({ hours: 25 });
  for (const gone of [path, second.path, "/reset/nothing", "/reset/%00", "/reset/%FF"]) {
    for (
      const answer of [await visitor.get(gone), await visitor.post(gone, { password: "another horse 12" })]
    ) {
      assert.equal(answer.status, 404, gone);
      assert.equal(words(one(read(answer), "h1")), "This link is not good any more", gone);
    }
  }
});

Deno.test("Sam, who is staff, sees nobody's page and changes nobody's account", async () => {
  await using scene = await adas();
  const sam = await scene.site.as(scene.cast.sam);
  const path = `/admin/users/${scene.cast.bob.id}`;
  for (const page of [path, `${path}/deactivate`]) assert.equal((await sam.get(page)).status, 403, page);
  for (const verb of ["role", "deactivate", "reactivate", "reset"]) {
    assert.equal((await sam.post(`${path}/${verb}`, { role: "admin" })).status, 403, verb);
  }
});

Deno.test("A person that there is not is not found", async () => {
  await using scene = await adas();
  for (const id of [crypto.randomUUID(), "bob", "%00"]) {
    assert.equal((await scene.ada.get(`/admin/users/${id}`)).status, 404, id);
    assert.equal((await scene.ada.post(`/admin/users/${id}/reset`)).status, 404, id);
  }
});
