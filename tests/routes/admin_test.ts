import assert from "node:assert/strict";
import { request } from "../../domain/requests.ts";
import type { Actor } from "../../domain/permissions.ts";
import type { Answer } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { assertSound } from "../support/invariants.ts";
import { complaint, follow, one, press, read, valuesOf, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

const HALL = {
  name: "Great Hall",
  kind: "room",
  location: "First floor",
  description: "With an organ\nand a stage",
  capacity: "80",
  units: "2",
  tags: "music, stage",
  time_zone: "Europe/London",
};

/** Ada at her desk, with one hall that is there already. */
async function adas() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Hall A", capacity: 10 });
  const [ada, bob, sam] = await Promise.all([cast.ada, cast.bob, cast.sam].map(site.as));
  const reserve = (who: Actor, from: string, to: string, purpose = "") =>
    request(sql, who, { resource_ids: [hall.id], ...on("2026-05-05", from, to), purpose }, NOW);
  return { ...scene, hall, ada, bob, sam, reserve, path: `/admin/resources/${hall.id}` };
}

type Scene = Awaited<ReturnType<typeof adas>>;

const add = async ({ ada }: Scene, typed: Record<string, string>) =>
  press(ada, await ada.get("/admin/resources/new"), "Add", typed);
const edit = async ({ ada, path }: Scene, typed: Record<string, string>) =>
  press(ada, await ada.get(`${path}/edit`), "Save", typed);
const remove = async ({ ada, path }: Scene, typed: Record<string, string> = {}) =>
  press(ada, await ada.get(`${path}/remove`), "Take it out of service", typed);

const notice = (answer: Answer) => words(one(read(answer), "#notices"));
const listed = (answer: Answer) => read(answer).querySelectorAll("table.list tbody tr").map(words);
const stateOf = ({ sql }: Scene) =>
  sql`select name, deactivated_at is null as active from resources order by name`;

Deno.test("Ada adds a resource and lands on its page", async () => {
  await using scene = await adas();
  const page = await follow(scene.ada, await add(scene, HALL));
  assert.deepEqual([words(one(read(page), "h1")), notice(page)], [
    "Great Hall",
    "Great Hall can be reserved now",
  ]);
});

Deno.test("Ada finds in the form what she typed when she added it", async () => {
  await using scene = await adas();
  const added = await add(scene, { ...HALL, requires_approval: "on" });
  const form = await scene.ada.get(`/admin${added.headers.get("location")}/edit`);
  assert.deepEqual(valuesOf(one(read(form), "main form.card[action$='/edit']")), {
    ...HALL,
    requires_approval: "on",
    policy_id: "",
    parts: "",
    offered_with: "",
  });
});

Deno.test("Ada's new resource begins with the time zone of the site", async () => {
  await using scene = await adas();
  const form = read(await scene.ada.get("/admin/resources/new"));
  assert.equal(valuesOf(one(form, "main form.card")).time_zone, "Europe/Berlin");
});

const REFUSED: [what: string, wrong: Record<string, string>, label: string, told: string][] = [
  ["no name", { name: " " }, "Name", "Give a name"],
  ["a long name", { name: "x".repeat(121) }, "Name", "Use at most 120 characters"],
  ["no kind", { kind: "" }, "Kind", "Say what kind of thing it is: room, desk, vehicle, …"],
  ["no people at all", { capacity: "0" }, "For how many people", "Give a whole number from 1"],
  ["people who are no number", { capacity: "many" }, "For how many people", "Give a whole number from 1"],
  ["half a unit", { units: "0.5" }, "Units", "Give a whole number from 1 to 500"],
  ["too many units", { units: "501" }, "Units", "Give a whole number from 1 to 500"],
  [
    "a zone that is none",
    { time_zone: "Mars/Base" },
    "Time zone",
    "Give an IANA time zone, such as Europe/Berlin",
  ],
];

// Nothing of this is stored, so one scene does for all.
Deno.test("Ada reads beside the field what is wrong with a resource", async (t) => {
  await using scene = await adas();
  for (const [what, wrong, label, told] of REFUSED) {
    await t.step(`that she adds with ${what}`, async () => {
      const again = await add(scene, { ...HALL, ...wrong });
      assert.deepEqual([again.status, complaint(read(again), label)], [422, told]);
    });
    await t.step(`that she changes to ${what}`, async () => {
      const again = await edit(scene, { ...HALL, ...wrong });
      assert.deepEqual([again.status, complaint(read(again), label)], [422, told]);
    });
  }
  await t.step("and finds everything else as she typed it", async () => {
    const again = await add(scene, { ...HALL, units: "0", requires_approval: "on" });
    const values = valuesOf(one(read(again), "main form.card"));
    assert.deepEqual(values, {
      ...HALL,
      units: "0",
      requires_approval: "on",
      policy_id: "",
      parts: "",
      offered_with: "",
    });
  });
});

Deno.test("Ada, who takes a name that there is, reads so beside it", async () => {
  await using scene = await adas();
  const again = await add(scene, { ...HALL, name: "HALL a" });
  assert.deepEqual([again.status, complaint(read(again), "Name")], [409, "Another resource has this name"]);
});

Deno.test("Ada changes a resource, and what she left alone stays", async () => {
  await using scene = await adas();
  await follow(scene.ada, await edit(scene, { name: "Hall Z" }));
  const [{ name, capacity, time_zone }] = await scene.sql`select * from resources`;
  assert.deepEqual([name, capacity, time_zone], ["Hall Z", 10, "Europe/Berlin"]);
});

Deno.test("Ada is shown first what lies ahead of a resource that goes", async () => {
  await using scene = await adas();
  await scene.reserve(scene.cast.bob, "10:00", "11:00", "Choir");
  await scene.reserve(scene.cast.alice, "12:00", "13:00");
  scene.site.now = on("2026-05-05", "10:30", "11:00").start_time;
  const ada = await scene.site.as(scene.cast.ada);
  const page = read(await ada.get(`${scene.path}/remove`));
  assert.deepEqual(page.querySelectorAll("main .rows li").map(words), [
    "Tue 5 May, 10:00–11:00 Bob Booker: Choir Approved",
    "Tue 5 May, 12:00–13:00 Alice Asker Approved",
  ]);
});

Deno.test("Ada is not shown what is over, nor what was cancelled", async () => {
  await using scene = await adas();
  await scene.reserve(scene.cast.bob, "10:00", "11:00");
  const { reference } = await scene.reserve(scene.cast.bob, "12:00", "13:00");
  await scene.bob.post(`/reservations/${reference}/cancel`);
  scene.site.now = on("2026-05-05", "11:00", "12:00").start_time;
  const ada = await scene.site.as(scene.cast.ada);
  assert.match((await ada.get(`${scene.path}/remove`)).text, /No reservation lies ahead of it/);
});

Deno.test("Ada looking at what would go takes nothing out of service", async () => {
  await using scene = await adas();
  await scene.ada.get(`${scene.path}/remove?for=good`);
  assert.deepEqual([...await stateOf(scene)], [{ name: "Hall A", active: true }]);
});

Deno.test("Ada takes a resource out of service and keeps what lies ahead", async () => {
  await using scene = await adas();
  await scene.reserve(scene.cast.bob, "10:00", "11:00");
  const page = await follow(scene.ada, await remove(scene));
  const [{ status }] = await scene.sql`select status from reservations`;
  assert.deepEqual([notice(page), listed(page), status], [
    "Hall A is out of service",
    ["Hall A room None Out of service"],
    "approved",
  ]);
});

/** Ada cancels what lies ahead: Bob's reservation of ten. One of eight is over. */
async function cancelled() {
  const scene = await adas();
  const over = await scene.reserve(scene.cast.bob, "08:00", "09:00");
  const ahead = await scene.reserve(scene.cast.bob, "10:00", "11:00", "Choir");
  scene.site.now = on("2026-05-05", "09:30", "10:00").start_time;
  const again = { ...scene, ada: await scene.site.as(scene.cast.ada) };
  const answer = await remove(again, { future: "cancel", reason: "The roof leaks" });
  return { ...again, over, ahead, answer, bob: await scene.site.as(scene.cast.bob) };
}

Deno.test("Ada takes a resource out of service and cancels what lies ahead", async () => {
  await using scene = await cancelled();
  const page = await follow(scene.ada, scene.answer);
  assert.equal(notice(page), "Hall A is out of service; 1 reservation was cancelled");
  await assertSound(scene.sql);
});

Deno.test("Bob is told on his day that his reservation was cancelled, and why", async () => {
  await using scene = await cancelled();
  assert.match(
    words(one(read(await scene.bob.get("/")), "main")),
    /Choir on Tue 5 May, 10:00: Cancelled ?The roof leaks ?Ada Admin/,
  );
});

Deno.test("Bob reads on the page of his reservation that it was cancelled, and why", async () => {
  await using scene = await cancelled();
  const page = read(await scene.bob.get(`/reservations/${scene.ahead.reference}`));
  assert.match(words(one(page, "main")), /Cancelled.*The roof leaks/);
});

Deno.test("Bob's reservation that was over stays what it was", async () => {
  await using scene = await cancelled();
  const [{ status }] = await scene.sql`select status from reservations where id = ${scene.over.id}`;
  assert.equal(status, "approved");
});

Deno.test("Ada can take a resource out of service while a wish for it runs out undecided", async () => {
  await using scene = await adas();
  await scene.sql`update resources set requires_approval = true, version = version + 1`;
  await scene.reserve(scene.cast.bob, "10:00", "11:00");
  scene.site.now = on("2026-05-05", "10:30", "11:00").start_time;
  const ada = await scene.site.as(scene.cast.ada);
  const page = await follow(ada, await remove({ ...scene, ada }, { future: "cancel" }));
  assert.equal(notice(page), "Hall A is out of service");
});

Deno.test("Ada, whose reason is too long, finds her choice and her words still there", async () => {
  await using scene = await adas();
  await scene.reserve(scene.cast.bob, "10:00", "11:00");
  const typed = { future: "cancel", reason: "x".repeat(501) };
  const again = await remove(scene, typed);
  assert.deepEqual([again.status, complaint(read(again), "Why, for those who are told")], [
    422,
    "Use at most 500 characters",
  ]);
  assert.deepEqual(valuesOf(one(read(again), "main form.card")), typed);
});

Deno.test("Ada deletes what nobody ever reserved, and it is gone", async () => {
  await using scene = await adas();
  const page = await scene.ada.get(`${scene.path}/remove?for=good`);
  assert.equal(notice(await follow(scene.ada, await press(scene.ada, page, "Delete"))), "Hall A is deleted");
  assert.deepEqual([...await stateOf(scene)], []);
});

Deno.test("Ada deletes what has reservations on record, and it is out of service", async () => {
  await using scene = await adas();
  await scene.reserve(scene.cast.bob, "10:00", "11:00");
  const page = await scene.ada.get(`${scene.path}/remove?for=good`);
  const after = await follow(scene.ada, await press(scene.ada, page, "Delete"));
  assert.equal(notice(after), "Hall A is out of service");
  assert.deepEqual([...await stateOf(scene)], [{ name: "Hall A", active: false }]);
});

Deno.test("Ada puts a resource back into service, and Bob can reserve it", async () => {
  await using scene = await adas();
  await remove(scene);
  const form = await scene.ada.get(`${scene.path}/edit`);
  const page = await follow(scene.ada, await press(scene.ada, form, "Put it back into service"));
  assert.equal(notice(page), "Hall A is back in service");
  await scene.reserve(scene.cast.bob, "10:00", "11:00");
});

Deno.test("Ada searches what she manages, what is out of service too", async () => {
  await using scene = await adas();
  await remove(scene);
  await add(scene, HALL);
  assert.deepEqual(listed(await scene.ada.get("/admin/resources?q=hall+a")), [
    "Hall A room None Out of service",
  ]);
});

Deno.test("Nobody but Ada enters the pages of administrators", async (t) => {
  await using scene = await adas();
  const PAGES = ["/admin/resources", "/admin/resources/new", `${scene.path}/edit`, `${scene.path}/remove`];
  for (const path of [...PAGES, "/admin/users"]) {
    const name = path.replace(scene.hall.id, "{id}");
    await t.step(`${name} by Bob: 403`, async () => assert.equal((await scene.bob.get(path)).status, 403));
    await t.step(`${name} by Sam: 403`, async () => assert.equal((await scene.sam.get(path)).status, 403));
  }
  for (
    const path of [
      "/admin/resources",
      `${scene.path}/edit`,
      `${scene.path}/remove`,
      `${scene.path}/reactivate`,
    ]
  ) {
    const name = path.replace(scene.hall.id, "{id}");
    await t.step(`POST ${name} by Sam: 403`, async () => {
      assert.equal((await scene.sam.post(path, HALL)).status, 403);
    });
  }
  await t.step("and nothing has changed", async () => {
    assert.deepEqual([...await stateOf(scene)], [{ name: "Hall A", active: true }]);
  });
});
