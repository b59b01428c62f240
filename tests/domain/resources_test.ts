import assert from "node:assert/strict";
import { approve } from "../../domain/approvals.ts";
import { cancel } from "../../domain/edits.ts";
import { Conflict, Forbidden, Invalid, NotFound } from "../../domain/errors.ts";
import {
  changeResource,
  deactivateResource,
  deleteResource,
  getResource,
  NewResource,
  reactivateResource,
} from "../../domain/resources.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { type House, house, TEN } from "../support/house.ts";

const ELEVEN = on("2026-05-05", "11:00", "12:00");
const TODAY = on("2026-05-04", "09:30", "10:00");

async function refused(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error.message;
}

const statusesIn = async ({ sql }: House) =>
  (await sql<{ status: string }[]>`select status from reservations order by number`).map((row) => row.status);

Deno.test("Ada makes a resource, of which everything else is as usual", async () => {
  await using scene = await house();
  const { id: _, created_at, updated_at, ...made } = await scene.make({ name: "Room" });
  assert.deepEqual([`${created_at}`, `${updated_at}`], [`${NOW}`, `${NOW}`]);
  assert.deepEqual(made, {
    name: "Room",
    kind: "room",
    description: "",
    location: "",
    capacity: null,
    units: 1,
    time_zone: "Europe/Berlin",
    tags: [],
    policy_id: null,
    requires_approval: false,
    part_ids: [],
    accessory: false,
    offered_with: [],
    deactivated_at: null,
    version: 1,
  });
});

Deno.test("two resources do not have the same name, however it is written", async () => {
  await using scene = await house();
  await scene.make({ name: "Great Hall" });
  assert.equal(await refused(scene.make({ name: "GREAT hall" })), "Another resource has this name");
});

Deno.test("a resource does not follow a policy that there is not", async () => {
  await using scene = await house();
  await assert.rejects(scene.make({ name: "Room", policy_id: crypto.randomUUID() }), Invalid);
});

Deno.test("a change leaves what it does not name, and makes one version more", async () => {
  await using scene = await house();
  const before = await scene.make({ name: "Room", capacity: 4, tags: ["quiet"] });
  const later = NOW.add({ minutes: 1 });
  const after = await changeResource(scene.sql, scene.cast.ada, { id: before.id, name: "Chamber" }, later);
  assert.deepEqual({ ...after, updated_at: `${after.updated_at}`, created_at: `${after.created_at}` }, {
    ...before,
    name: "Chamber",
    version: 2,
    created_at: `${NOW}`,
    updated_at: `${later}`,
  });
});

Deno.test("a resource does not take another's name", async () => {
  await using scene = await house();
  await scene.make({ name: "Room A" });
  const { id } = await scene.make({ name: "Room B" });
  const change = changeResource(scene.sql, scene.cast.ada, { id, name: "room a" }, NOW);
  assert.equal(await refused(change), "Another resource has this name");
});

Deno.test("no resource is found under an id that there is not, or what is no id", async () => {
  await using scene = await house();
  for (const id of [crypto.randomUUID(), "room"]) await assert.rejects(getResource(scene.sql, id), NotFound);
});

for (const who of ["bob", "sam"] as const) {
  Deno.test(`${who}, who does not administer, neither makes nor changes resources`, async () => {
    await using scene = await house();
    const { sql, cast } = scene;
    const { id, version } = await scene.make({ name: "Room" });
    const work = [
      makeResource(sql, cast[who], { name: "Mine" }),
      changeResource(sql, cast[who], { id, name: "Mine" }, NOW),
      deactivateResource(sql, cast[who], { id, future: "cancel" }, NOW),
      reactivateResource(sql, cast[who], id, NOW),
      deleteResource(sql, cast[who], id, NOW),
    ];
    for (const one of await Promise.allSettled(work)) {
      assert(one.status === "rejected" && one.reason instanceof Forbidden);
    }
    assert.equal((await getResource(sql, id)).version, version);
  });
}

Deno.test("what is out of service is not listed unless it is asked for, and never free", async () => {
  await using scene = await house();
  const { id } = await scene.make({ name: "Room" });
  await deactivateResource(scene.sql, scene.cast.ada, { id, future: "keep" }, NOW);
  const asked = [{}, { deactivated: true }, { deactivated: true, free: TEN }];
  assert.deepEqual(await Promise.all(asked.map((filter) => scene.names(filter))), [[], ["Room"], []]);
});

Deno.test("what is out of service is refused, and its reservations are kept where Ada says so", async () => {
  await using scene = await house();
  const { id } = await scene.make({ name: "Room" });
  await scene.ask(id);
  assert.equal(await deactivateResource(scene.sql, scene.cast.ada, { id, future: "keep" }, NOW), 0);
  assert.equal(await refused(scene.ask(id, ELEVEN)), "Room cannot be reserved at present");
  assert.deepEqual(await statusesIn(scene), ["approved"]);
});

Deno.test("what goes out of service lets its reservations that are not over go, where Ada says so", async () => {
  await using scene = await house();
  const { id } = await scene.make({ name: "Room" });
  for (const period of [TODAY, TEN]) await scene.ask(id, period);
  await scene.sql`update resources set requires_approval = true, version = version + 1`;
  await scene.ask(id, ELEVEN);
  const count = await deactivateResource(scene.sql, scene.cast.ada, { id, future: "cancel" }, TODAY.end_time);
  assert.deepEqual([count, await statusesIn(scene)], [2, ["approved", "cancelled", "cancelled"]]);
});

Deno.test("a request that has expired unswept does not keep its resource in service", async () => {
  await using scene = await house();
  const { id } = await scene.make({ name: "Room", requires_approval: true });
  await scene.ask(id, TODAY);
  const begun = TODAY.start_time;
  assert.equal(await deactivateResource(scene.sql, scene.cast.ada, { id, future: "cancel" }, begun), 0);
});

for (const [given, reason] of [["Being painted", "Being painted"], ["", "Room is out of service"]]) {
  Deno.test(`Bob, whose reservation goes with its resource, reads “${reason}”`, async () => {
    await using scene = await house();
    const { id } = await scene.make({ name: "Room" });
    await scene.ask(id);
    await deactivateResource(scene.sql, scene.cast.ada, { id, future: "cancel", reason: given }, NOW);
    const [entry] = await scene.sql`select details from history where action = 'cancel'`;
    assert.deepEqual(entry.details, { reason });
  });
}

Deno.test("a reservation that is being stored while its resource goes out of service goes with it", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  const { id } = await scene.make({ name: "Room" });
  const { id: cancelled } = await scene.ask(id);
  await cancel(sql, cast.bob, { id: cancelled }, NOW);
  const rollBack = new Error("rolled back");
  let both: Promise<unknown> | undefined;
  await sql.begin(async (tx) => {
    // Somebody who has the slot for a moment, and gives it up, keeps the statement that stores waiting.
    await tx`update allocations set holds = true where reservation_id = ${cancelled}`;
    const asked = scene.ask(id);
    await until(scene, (waiting) => waiting === 1);
    let done = false;
    const gone = deactivateResource(sql, cast.ada, { id, future: "cancel" }, NOW).finally(() => done = true);
    both = Promise.allSettled([asked, gone]);
    await until(scene, (waiting) => done || waiting === 2);
    throw rollBack;
  }).catch((error) => assert.equal(error, rollBack));
  await both;
  assert.deepEqual((await statusesIn(scene)).filter((status) => status === "approved"), []);
});

Deno.test("a resource that goes out of service while its requests are approved does not get stuck", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  for (let round = 0; round < 5; round++) {
    const { id } = await scene.make({ name: `Room ${round}`, requires_approval: true });
    const asked = await scene.ask(id);
    const gone = deactivateResource(sql, cast.ada, { id, future: "cancel" }, NOW);
    const [decided, left] = await Promise.allSettled([approve(sql, cast.sam, { id: asked.id }, NOW), gone]);
    assert.equal(left.status, "fulfilled");
    if (decided.status === "rejected") assert(decided.reason instanceof Conflict, `${decided.reason}`);
  }
  assert.deepEqual(await statusesIn(scene), Array(5).fill("cancelled"));
});

/** Waits until so many wait for a lock of others. */
async function until({ sql }: House, enough: (waiting: number) => boolean) {
  for (let attempt = 0; attempt < 200; attempt++) {
    const [{ waiting }] = await sql<{ waiting: number }[]>`
      select count(*)::int as waiting from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    if (enough(waiting)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("Nobody came to wait");
}

Deno.test("a resource that is back in service can be reserved", async () => {
  await using scene = await house();
  const { id } = await scene.make({ name: "Room" });
  await deactivateResource(scene.sql, scene.cast.ada, { id, future: "keep" }, NOW);
  await reactivateResource(scene.sql, scene.cast.ada, id, NOW);
  assert.equal((await scene.ask(id)).status, "approved");
});

Deno.test("a resource that nobody reserved is deleted", async () => {
  await using scene = await house();
  await deleteResource(scene.sql, scene.cast.ada, (await scene.make({ name: "Room" })).id, NOW);
  assert.deepEqual(await scene.names({ deactivated: true }), []);
});

Deno.test("a resource with reservations on record is not deleted, even where they are cancelled", async () => {
  await using scene = await house();
  const room = await scene.make({ name: "Room" });
  await cancel(scene.sql, scene.cast.bob, { id: (await scene.ask(room.id)).id }, NOW);
  assert.match(
    await refused(deleteResource(scene.sql, scene.cast.ada, room.id, NOW)),
    /^Room cannot be deleted: it has reservations on record/,
  );
});

const WRONG: [string, Record<string, unknown>][] = [
  ["no name", { name: " " }],
  ["a name of two lines", { name: "Room\nA" }],
  ["a name of 121 letters", { name: "x".repeat(121) }],
  ["no kind", { kind: "" }],
  ["no units", { units: 0 }],
  ["501 units", { units: 501 }],
  ["half a unit", { units: 1.5 }],
  ["a capacity of none", { capacity: 0 }],
  ["a zone that there is not", { time_zone: "Mars/Olympus" }],
  ["a zone that is an offset", { time_zone: "+02:00" }],
  ["21 tags", { tags: Array.from({ length: 21 }, (_, i) => `tag ${i}`) }],
];
for (const [what, wrong] of WRONG) {
  Deno.test(`a resource with ${what} is none`, () => {
    assert.equal(NewResource.safeParse({ name: "Room", kind: "room", ...wrong }).success, false);
  });
}

Deno.test("tags are kept once, in lower case and in order", () => {
  const { tags } = NewResource.parse({ name: "Room", kind: "room", tags: ["Quiet", "beamer ", "quiet"] });
  assert.deepEqual(tags, ["beamer", "quiet"]);
});
