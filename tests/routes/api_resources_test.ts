import assert from "node:assert/strict";
import { request } from "../../domain/requests.ts";
import type { Answer, Client, Json } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

const NOBODYS = "018f0000-0000-7000-8000-000000000000";
const HALL = {
  name: "Great Hall",
  kind: "room",
  description: "With an organ",
  location: "First floor",
  capacity: 80,
  units: 2,
  time_zone: "Europe/London",
  tags: ["music", "stage"],
  requires_approval: true,
};

/** An empty site, with Ada who administers it and Bob who does not. */
async function site() {
  const scene = await openScene();
  const [ada, bob, sam] = await Promise.all(
    [scene.cast.ada, scene.cast.bob, scene.cast.sam].map(scene.site.as),
  );
  return { ...scene, ada, bob, sam };
}

async function created(who: Client, resource: unknown = HALL): Promise<Json> {
  const answer = await who.call("POST", "/resources", resource);
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

const names = (answer: Answer) => answer.json.data.map((one) => one.name);
const copy = (json: Json): Record<string, unknown> => Object.fromEntries(Object.entries(json));

Deno.test("Ada adds a resource and is answered 201 with all of it", async () => {
  await using scene = await site();
  const { status, json } = await scene.ada.call("POST", "/resources", HALL);
  assert.deepEqual<unknown>([status, json], [201, {
    id: json.id,
    ...HALL,
    policy_id: null,
    part_ids: [],
    accessory: false,
    offered_with: [],
    active: true,
    created_at: "2026-05-04T07:00:00Z",
    updated_at: "2026-05-04T07:00:00Z",
  }]);
});

Deno.test("Ada's resource of a name and a kind has defaults for the rest", async () => {
  await using scene = await site();
  const { description, location, capacity, units, time_zone, tags, requires_approval } = await created(
    scene.ada,
    { name: "Desk 1", kind: "desk" },
  );
  assert.deepEqual<unknown>({ description, location, capacity, units, time_zone, tags, requires_approval }, {
    description: "",
    location: "",
    capacity: null,
    units: 1,
    time_zone: "Europe/Berlin",
    tags: [],
    requires_approval: false,
  });
});

Deno.test("Ada finds her new resource where the Location header says", async () => {
  await using scene = await site();
  const { headers, json } = await scene.ada.call("POST", "/resources", HALL);
  assert.equal(headers.get("location"), `/api/v1/resources/${json.id}`);
});

Deno.test("Bob reads what Ada was answered when she added it", async () => {
  await using scene = await site();
  const made = await created(scene.ada);
  assert.deepEqual((await scene.bob.call("GET", `/resources/${made.id}`)).json, made);
});

Deno.test("Ada's tags are kept in small letters, in order, each once", async () => {
  await using scene = await site();
  const { tags } = await created(scene.ada, { ...HALL, tags: ["Stage", "music", "STAGE"] });
  assert.deepEqual<unknown>(tags, ["music", "stage"]);
});

Deno.test("Ada cannot add a second resource of one name, however it is written", async () => {
  await using scene = await site();
  await created(scene.ada);
  const { status, json } = await scene.ada.call("POST", "/resources", { ...HALL, name: "GREAT hall" });
  const errors = [{ path: "name", message: "Another resource has this name" }];
  assert.deepEqual<unknown>([status, json.errors], [409, errors]);
});

const REFUSED: [what: string, wrong: Record<string, unknown>, path: string][] = [
  ["no name", { name: undefined }, "name"],
  ["an empty name", { name: " " }, "name"],
  ["no kind", { kind: undefined }, "kind"],
  ["a capacity of 0", { capacity: 0 }, "capacity"],
  ["a capacity of half a person", { capacity: 1.5 }, "capacity"],
  ["a huge capacity", { capacity: 1e20 }, "capacity"],
  ["a capacity as text", { capacity: "80" }, "capacity"],
  ["no units at all", { units: 0 }, "units"],
  ["less than no units", { units: -1 }, "units"],
  ["501 units", { units: 501 }, "units"],
  ["a time zone that is none", { time_zone: "Europe/Atlantis" }, "time_zone"],
  ["an offset as time zone", { time_zone: "+02:00" }, "time_zone"],
  ["tags as text", { tags: "music" }, "tags"],
  ["an empty tag", { tags: ["music", ""] }, "tags.1"],
  ["21 tags", { tags: Array.from({ length: 21 }, (_, i) => `tag${i}`) }, "tags"],
  ["a policy that does not exist", { policy_id: NOBODYS }, "policy_id"],
  ["a policy that is no id", { policy_id: "default" }, "policy_id"],
  ["an approval that is maybe", { requires_approval: "maybe" }, "requires_approval"],
];

// Nothing of this is stored, so one scene does for all.
Deno.test("Ada is answered 422 with the path of what is wrong", async (t) => {
  await using scene = await site();
  const { id } = await created(scene.ada, { ...HALL, name: "Hall" });
  for (const [what, wrong, path] of REFUSED) {
    await t.step(`when she adds ${what}`, async () => {
      const { status, json } = await scene.ada.call("POST", "/resources", { ...HALL, ...wrong });
      assert.deepEqual([status, json.errors[0].path], [422, path]);
    });
    if (Object.values(wrong)[0] === undefined) continue;
    await t.step(`when she changes it to ${what}`, async () => {
      const { status, json } = await scene.ada.call("PATCH", `/resources/${id}`, wrong);
      assert.deepEqual([status, json.errors[0].path], [422, path]);
    });
  }
});

Deno.test("Ada changes one thing, and everything else stays", async (t) => {
  await using scene = await site();
  let made = await created(scene.ada);
  const changes = [
    { name: "Small Hall" },
    { description: "" },
    { capacity: null },
    { units: 3 },
    { tags: [] },
    { time_zone: "UTC" },
    { requires_approval: false },
  ];
  for (const change of changes) {
    await t.step(JSON.stringify(change), async () => {
      const { status, json } = await scene.ada.call("PATCH", `/resources/${made.id}`, change);
      assert.deepEqual<unknown>([status, json], [200, { ...copy(made), ...change }]);
      made = json;
    });
  }
});

Deno.test("Ada cannot give a resource the name of another", async () => {
  await using scene = await site();
  await created(scene.ada, { ...HALL, name: "Hall A" });
  const { id } = await created(scene.ada, { ...HALL, name: "Hall B" });
  assert.equal((await scene.ada.call("PATCH", `/resources/${id}`, { name: "hall a" })).status, 409);
});

Deno.test("Ada deletes what nobody ever reserved, and it is gone", async () => {
  await using scene = await site();
  const { id } = await created(scene.ada);
  const { status } = await scene.ada.call("DELETE", `/resources/${id}`);
  assert.deepEqual([status, (await scene.ada.call("GET", `/resources/${id}`)).status], [204, 404]);
});

Deno.test("Ada deletes what has reservations, and it is deactivated", async () => {
  await using scene = await site();
  const { id } = await created(scene.ada);
  await request(
    scene.sql,
    scene.cast.bob,
    { resource_ids: [id], ...on("2026-05-05", "10:00", "11:00") },
    NOW,
  );
  const { status } = await scene.ada.call("DELETE", `/resources/${id}`);
  assert.deepEqual<unknown>([status, (await scene.bob.call("GET", `/resources/${id}`)).json.active], [
    204,
    false,
  ]);
});

Deno.test("Only Ada manages resources", async (t) => {
  await using scene = await site();
  const { id } = await created(scene.ada);
  const CALLS: [method: string, path: string, body?: unknown][] = [
    ["POST", "/resources", HALL],
    ["PATCH", `/resources/${id}`, { name: "Mine" }],
    ["DELETE", `/resources/${id}`],
  ];
  for (const [method, path, body] of CALLS) {
    const name = `${method} ${path.replace(id, "{id}")}`;
    await t.step(`${name} by Bob: 403`, async () => {
      assert.equal((await scene.bob.call(method, path, body)).status, 403);
    });
    await t.step(`${name} by Sam, who is staff: 403`, async () => {
      assert.equal((await scene.sam.call(method, path, body)).status, 403);
    });
    await t.step(`${name} by nobody: 401`, async () => {
      assert.equal((await scene.site.nobody.call(method, path, body)).status, 401);
    });
  }
});

Deno.test("A resource that is not there is answered 404", async (t) => {
  await using scene = await site();
  for (const id of [NOBODYS, "no-id", "%00"]) {
    for (const [method, body] of [["GET"], ["PATCH", { name: "Hall" }], ["DELETE"]] as const) {
      await t.step(`${method} /resources/${id}`, async () => {
        assert.equal((await scene.ada.call(method, `/resources/${id}`, body)).status, 404);
      });
    }
  }
});

/** Two rooms, two desks and a van; Bob has one room and one of the two desks on Tuesday from ten to eleven. */
async function fleet() {
  const scene = await site();
  const { sql, cast } = scene;
  const make = (resource: Parameters<typeof makeResource>[2]) => makeResource(sql, cast.ada, resource);
  const blue = await make({ name: "Blue room", capacity: 6, location: "North wing", tags: ["screen"] });
  await make({ name: "red room", capacity: 12, tags: ["screen", "kitchen"], description: "100% quiet" });
  const desks = await make({ name: "Desks", kind: "desk", units: 2 });
  await make({ name: "Van", kind: "vehicle", capacity: 9, tags: ["Electric"] });
  const gone = await make({ name: "Attic" });
  await sql`update resources set deactivated_at = ${NOW} where id = ${gone.id}`;
  for (const { id } of [blue, desks]) {
    await request(sql, cast.bob, { resource_ids: [id], ...on("2026-05-05", "10:00", "11:00") }, NOW);
  }
  return scene;
}

Deno.test("Bob filters the list", async (t) => {
  await using scene = await fleet();
  const free = (from: string, to: string) =>
    `free_from=2026-05-05T${from}:00%2B02:00&free_to=2026-05-05T${to}:00%2B02:00`;
  const FOUND: [filter: string, names: string[]][] = [
    ["", ["Blue room", "Desks", "red room", "Van"]],
    ["q=ROOM", ["Blue room", "red room"]],
    ["q=north", ["Blue room"]],
    ["q=kitchen", ["red room"]],
    ["q=0%25", ["red room"]],
    ["q=_", []],
    ["q=attic", []],
    ["kind=desk", ["Desks"]],
    ["kind=boat", []],
    ["tag=screen", ["Blue room", "red room"]],
    ["tag=ELECTRIC", ["Van"]],
    ["min_capacity=9", ["red room", "Van"]],
    ["min_capacity=9&kind=room", ["red room"]],
    [free("10:00", "11:00"), ["Desks", "red room", "Van"]],
    [free("10:59", "11:30"), ["Desks", "red room", "Van"]],
    [free("11:00", "12:00"), ["Blue room", "Desks", "red room", "Van"]],
    [free("09:00", "10:00"), ["Blue room", "Desks", "red room", "Van"]],
    [`${free("10:00", "11:00")}&kind=room`, ["red room"]],
  ];
  for (const [filter, expected] of FOUND) {
    await t.step(filter || "not at all", async () => {
      assert.deepEqual(names(await scene.bob.call("GET", `/resources?${filter}`)), expected);
    });
  }
});

Deno.test("Bob is answered 422 for a filter that means nothing, naming it", async (t) => {
  await using scene = await fleet();
  const times = "free_from=2026-05-05T10:00:00Z&free_to=2026-05-05T09:00:00Z";
  const WRONG: [filter: string, path: string][] = [
    ["min_capacity=many", "min_capacity"],
    ["min_capacity=-1", "min_capacity"],
    ["min_capacity=1.5", "min_capacity"],
    ["min_capacity=1e30", "min_capacity"],
    ["free_from=2026-05-05T10:00:00Z", "free_to"],
    ["free_to=2026-05-05T10:00:00Z", "free_to"],
    [times, "free_to"],
    ["free_from=2026-05-05T10:00&free_to=2026-05-05T11:00", "free_from"],
    ["limit=0", "limit"],
    ["limit=201", "limit"],
    ["cursor=somewhere", "cursor"],
  ];
  for (const [filter, path] of WRONG) {
    await t.step(filter, async () => {
      const { status, json } = await scene.bob.call("GET", `/resources?${filter}`);
      assert.deepEqual([status, json.errors[0].path], [422, path]);
    });
  }
});

Deno.test("Bob pages through the list by name, without a gap and without a double", async () => {
  await using scene = await fleet();
  const pages: string[][] = [];
  for (let cursor = ""; cursor !== null;) {
    const { json } = await scene.bob.call("GET", `/resources?limit=3&cursor=${cursor}`);
    pages.push(json.data.map((one) => one.name));
    cursor = json.next_cursor;
  }
  assert.deepEqual(pages, [["Blue room", "Desks", "red room"], ["Van"]]);
});
