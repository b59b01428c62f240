import assert from "node:assert/strict";
import { request } from "../../domain/requests.ts";
import type { Answer } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { complaint, field, follow, one, press, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

const notice = (answer: Answer) => words(one(read(answer), "#notices"));
const alert = (answer: Answer) => words(one(read(answer), "[role=alert]"));

/** Ada at a site with a lab that wants approval, and a group. */
async function adasSite() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const lab = await makeResource(sql, cast.ada, { name: "Lab", requires_approval: true });
  const [ada, sam] = await Promise.all([cast.ada, cast.sam].map(site.as));
  const made = await press(ada, await ada.get("/admin/groups"), "Make it", { name: "Lab people" });
  const path = made.headers.get("location")!;
  return { ...scene, lab, ada, sam, path, approvers: `/admin/resources/${lab.id}/approvers` };
}

Deno.test("Ada makes a group, finds it in the list, and is refused its name a second time", async () => {
  await using scene = await adasSite();
  assert.match(words(one(read(await scene.ada.get("/admin/groups")), "ul.rows")), /^Lab people ?0 members$/);
  const again = await press(scene.ada, await scene.ada.get("/admin/groups"), "Make it", {
    name: "LAB PEOPLE",
  });
  assert.deepEqual([again.status, complaint(read(again), "Name")], [409, "Another group has this name"]);
  assert.equal(field(read(again), "Name").getAttribute("value"), "LAB PEOPLE");
});

Deno.test("Ada, who gives no name, reads beside the field that one is needed", async () => {
  await using scene = await adasSite();
  const again = await press(scene.ada, await scene.ada.get("/admin/groups"), "Make it", { name: " " });
  assert.deepEqual([again.status, complaint(read(again), "Name")], [422, "Give a name"]);
});

Deno.test("Ada adds members by their address, and removes them", async () => {
  await using scene = await adasSite();
  const add = async (email: string) => press(scene.ada, await scene.ada.get(scene.path), "Add", { email });
  const page = await follow(scene.ada, await add("SAM@holdfast.test"));
  assert.match(words(one(read(page), "ul.rows")), /^Sam Says ?sam@holdfast.test/);
  await follow(scene.ada, await add("sam@holdfast.test"));
  const none = await add("nobody@holdfast.test");
  assert.deepEqual([none.status, complaint(read(none), "E-mail address")], [
    422,
    "Nobody has an account with this address",
  ]);
  const removed = await follow(scene.ada, await press(scene.ada, await scene.ada.get(scene.path), "Remove"));
  assert.match(words(one(read(removed), "main")), /Nobody yet/);
});

Deno.test("Ada renames a group, and deletes it once it decides on nothing", async () => {
  await using scene = await adasSite();
  const renamed = await press(scene.ada, await scene.ada.get(scene.path), "Rename", { name: "Chemists" });
  assert.equal(words(one(read(await follow(scene.ada, renamed)), "h1")), "Chemists");
  const approver = `group:${scene.path.split("/").at(-1)}`;
  await scene.ada.post(scene.approvers, { approver });
  const refused = await press(scene.ada, await scene.ada.get(scene.path), "Delete this group");
  assert.equal(refused.status, 409);
  assert.match(alert(refused), /^Chemists cannot be deleted: it decides on a resource/);
  await scene.ada.post(`${scene.approvers}/remove`, { approver });
  const gone = await press(scene.ada, await scene.ada.get(scene.path), "Delete this group");
  assert.equal(notice(await follow(scene.ada, gone)), "Chemists is deleted");
  assert.equal((await scene.ada.get(scene.path)).status, 404);
});

Deno.test("Ada names who decides on the lab: the queue of those who do not gets shorter", async () => {
  await using scene = await adasSite();
  const { cast, lab, ada, sam } = scene;
  await request(scene.sql, cast.bob, { ...on("2026-05-05", "10:00", "11:00"), resource_ids: [lab.id] }, NOW);
  const waiting = async () => words(one(read(await sam.get("/approvals")), "#waiting"));
  assert.equal(await waiting(), "1");
  const edit = read(await ada.get(`/admin/resources/${lab.id}/edit`));
  assert.equal(one(edit, "a", "Who decides …").getAttribute("href"), scene.approvers);
  const named = await press(ada, await ada.get(scene.approvers), "Name", { approver: `user:${cast.sue.id}` });
  assert.match(words(one(read(await follow(ada, named)), "ul.rows")), /^Sue Settles/);
  assert.equal(await waiting(), "0");
  await follow(ada, await press(ada, await ada.get(scene.approvers), "Remove"));
  assert.equal(await waiting(), "1");
});

Deno.test("Ada, who names nobody or one who does not approve, is told so", async () => {
  await using scene = await adasSite();
  for (
    const [approver, said] of [
      ["", "Choose a person or a group"],
      ["user:nonsense", "Choose a person or a group"],
      [`user:${scene.cast.bob.id}`, "Choose somebody who approves"],
      [`group:${scene.lab.id}`, "This group does not exist"],
    ]
  ) {
    const again = await scene.ada.post(scene.approvers, { approver });
    assert.deepEqual(
      [again.status, complaint(read(again), "Name a person or a group")],
      [422, said],
      approver,
    );
  }
});

Deno.test("Ada's queue has two views, Sam's has one", async () => {
  await using scene = await adasSite();
  const tabs = async (who: typeof scene.ada) =>
    read(await who.get("/approvals")).querySelectorAll(".whose a").map(words);
  assert.deepEqual([await tabs(scene.ada), await tabs(scene.sam)], [["Mine", "All that I may decide"], []]);
  assert.equal((await scene.ada.get("/approvals?show=all")).status, 200);
});

Deno.test("Sam lets Sue decide while he is away, and ends it", async () => {
  await using scene = await adasSite();
  const { cast, sam } = scene;
  const typed = { to_user_id: cast.sue.id, from: "2026-05-04", until: "2026-05-06" };
  const page = await follow(sam, await press(sam, await sam.get("/account"), "Let them decide", typed));
  assert.match(
    words(one(read(page), "form[action$=end][action*=away]").closest("li")),
    /^Sue Settles ?Mon 4 May to Wed 6 May/,
  );
  const ended = await follow(sam, await press(sam, page, "End"));
  assert.equal(notice(ended), "You decide yourself again");
  assert.equal((await sam.post("/account/away/nonsense/end")).status, 404);
});

Deno.test("Sam, whose absence ends before it begins, finds what he typed beside what is wrong", async () => {
  await using scene = await adasSite();
  const { cast, sam } = scene;
  const typed = { to_user_id: cast.sue.id, from: "2026-05-06", until: "2026-05-05" };
  const again = await press(sam, await sam.get("/account"), "Let them decide", typed);
  assert.deepEqual([again.status, complaint(read(again), "Last day")], [
    422,
    "The last day is before the first",
  ]);
  assert.equal(field(read(again), "First day").getAttribute("value"), "2026-05-06");
  const none = await press(sam, await sam.get("/account"), "Let them decide");
  assert.equal(complaint(read(none), "Who decides for me"), "Choose who decides for you");
});

Deno.test("Bob, who decides on nothing, has nobody to stand in for him", async () => {
  await using scene = await adasSite();
  const bob = await scene.site.as(scene.cast.bob);
  assert(!words(one(read(await bob.get("/account")), "main")).includes("When I am away"));
  const typed = { to_user_id: scene.cast.sue.id, from: "2026-05-04", until: "2026-05-06" };
  assert.equal((await bob.post("/account/away", typed)).status, 403);
});
