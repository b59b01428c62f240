import assert from "node:assert/strict";
import { cancel } from "../../domain/edits.ts";
import { listKindsAndTags } from "../../domain/resource_names.ts";
import { listResources, type ResourceFilter } from "../../domain/resource_list.ts";
import { deactivateResource } from "../../domain/resources.ts";
import { NOW, on } from "../support/cast.ts";
import { type House, house, TEN } from "../support/house.ts";

const ELEVEN = on("2026-05-05", "11:00", "12:00");
const TODAY = on("2026-05-04", "09:30", "10:00");

/** Two rooms, a desk and a van, as different as the filters tell apart. */
async function fourThings(scene: House) {
  await scene.make({
    name: "Blue room",
    location: "Ground floor",
    capacity: 10,
    tags: ["Beamer", "quiet"],
  });
  await scene.make({ name: "Amber room", location: "Attic", capacity: 4, description: "With a piano" });
  await scene.make({ name: "Desk 7", kind: "desk", tags: ["quiet"], location: "Attic" });
  await scene.make({ name: "Van", kind: "vehicle", capacity: 9 });
}

const FILTERS: [Partial<ResourceFilter>, string[]][] = [
  [{}, ["Amber room", "Blue room", "Desk 7", "Van"]],
  [{ q: "ROOM" }, ["Amber room", "Blue room"]],
  [{ q: "attic" }, ["Amber room", "Desk 7"]],
  [{ q: "piano" }, ["Amber room"]],
  [{ q: "beam" }, ["Blue room"]],
  [{ q: "vehicle" }, ["Van"]],
  [{ q: "%" }, []],
  [{ q: "_" }, []],
  [{ kind: "desk" }, ["Desk 7"]],
  [{ kind: "des" }, []],
  [{ tag: "quiet" }, ["Blue room", "Desk 7"]],
  [{ tag: "QUIET" }, ["Blue room", "Desk 7"]],
  [{ tag: "qui" }, []],
  [{ min_capacity: 9 }, ["Blue room", "Van"]],
  [{ min_capacity: 10 }, ["Blue room"]],
  [{ min_capacity: 11 }, []],
  [{ kind: "room", tag: "quiet", min_capacity: 5, q: "ground" }, ["Blue room"]],
  [{ kind: "desk", min_capacity: 1 }, []],
];

// Nothing of this is stored, so one house does for all.
Deno.test("resources are found", async (t) => {
  await using scene = await house();
  await fourThings(scene);
  for (const [filter, expected] of FILTERS) {
    await t.step(`by ${JSON.stringify(filter)}: ${expected.join() || "none"}`, async () => {
      assert.deepEqual(await scene.names(filter), expected);
    });
  }
});

Deno.test("what is reserved is not free in that hour, nor a minute of it", async () => {
  await using scene = await house();
  await fourThings(scene);
  const [{ id }] = await listResources(scene.sql, { q: "Van", limit: 1 }, NOW);
  await scene.ask(id);
  const free = on("2026-05-05", "10:59", "11:30");
  assert.deepEqual(await scene.names({ free }), ["Amber room", "Blue room", "Desk 7"]);
});

Deno.test("what is reserved is free right before and right after", async () => {
  await using scene = await house();
  const { id } = await scene.make({ name: "Room" });
  await scene.ask(id);
  const around = [on("2026-05-05", "09:00", "10:00"), ELEVEN];
  assert.deepEqual(await Promise.all(around.map((free) => scene.names({ free }))), [["Room"], ["Room"]]);
});

Deno.test("a resource of two units is free until both are taken", async () => {
  await using scene = await house();
  const { id } = await scene.make({ name: "Bikes", units: 2 });
  await scene.ask(id);
  assert.deepEqual(await scene.names({ free: TEN }), ["Bikes"]);
  await scene.ask(id);
  assert.deepEqual(await scene.names({ free: TEN }), []);
});

Deno.test("what was cancelled is free again", async () => {
  await using scene = await house();
  const { id } = await scene.ask((await scene.make({ name: "Room" })).id);
  await cancel(scene.sql, scene.cast.bob, { id }, NOW);
  assert.deepEqual(await scene.names({ free: TEN }), ["Room"]);
});

Deno.test("a resource in use says until when", async () => {
  await using scene = await house();
  await scene.ask((await scene.make({ name: "Room" })).id, TODAY);
  const untilAt = async (now: Temporal.Instant) =>
    (await listResources(scene.sql, { limit: 1 }, now))[0].in_use_until?.toString();
  const moments = [TODAY.start_time.subtract({ seconds: 1 }), TODAY.start_time, TODAY.end_time];
  assert.deepEqual(await Promise.all(moments.map(untilAt)), [undefined, `${TODAY.end_time}`, undefined]);
});

Deno.test("pages of resources have each of them once, whatever letters their names begin with", async () => {
  await using scene = await house();
  const names = [
    "Zoo",
    "Äther",
    "atelier",
    "Bay",
    "Öl",
    "İzmir",
    "ångström",
    "Ünal",
    "zebra",
    "ÉCOLE",
    "ß",
    "日本",
  ];
  for (const name of names) await scene.make({ name });
  const whole = await scene.names();
  const seen: string[] = [];
  let after: { name: string; id: string } | undefined;
  do {
    const [first, second] = await listResources(scene.sql, { limit: 1, after }, NOW);
    seen.push(first.name);
    after = second && { name: first.name.toLowerCase(), id: first.id };
  } while (after);
  assert.deepEqual(seen, whole);
  assert.equal(whole.length, names.length);
});

Deno.test("kinds and tags are those of what can be reserved", async () => {
  await using scene = await house();
  await fourThings(scene);
  const { id } = await scene.make({ name: "Old kiln", kind: "kiln", tags: ["hot"] });
  await deactivateResource(scene.sql, scene.cast.ada, { id, future: "keep" }, NOW);
  assert.deepEqual({ ...await listKindsAndTags(scene.sql) }, {
    kinds: ["desk", "room", "vehicle"],
    tags: ["beamer", "quiet"],
  });
});
