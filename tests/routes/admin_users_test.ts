import assert from "node:assert/strict";
import type { Answer, Client } from "../support/app.ts";
import { follow, one, pressed, read, valuesOf, words } from "../support/page.ts";
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
