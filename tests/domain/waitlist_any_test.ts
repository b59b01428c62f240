import assert from "node:assert/strict";
import type { AnyOf } from "../../domain/alike.ts";
import { requestAny } from "../../domain/any_of.ts";
import { bump } from "../../domain/bumps.ts";
import { cancel } from "../../domain/edits.ts";
import { Conflict, Invalid } from "../../domain/errors.ts";
import { accept, decline } from "../../domain/offer_answers.ts";
import { createPolicy, getPolicy, type NewPolicy, NO_RULES } from "../../domain/policies.ts";
import { changePolicy } from "../../domain/policy_changes.ts";
import { request } from "../../domain/requests.ts";
import { getReservation } from "../../domain/reservations.ts";
import {
  changeResource,
  deactivateResource,
  deleteResource,
  reactivateResource,
  type Resource,
} from "../../domain/resources.ts";
import { join, type Joining, leave } from "../../domain/waitlist.ts";
import { getEntry, listWaitlist } from "../../domain/waitlist_entries.ts";
import { type Cast, NOW, on } from "../support/cast.ts";
import { house, TEN } from "../support/house.ts";

/** A house in which Bob has what there is from ten to eleven, and people wait for any that will do. */
async function fullHouse() {
  const home = await house();
  const { sql, cast } = home;
  return Object.assign(home, {
    /** A room that Bob has, and how it comes free. */
    async taken(resource: Parameters<typeof home.make>[0]) {
      const made = await home.make(resource);
      const { id } = await request(sql, cast.bob, { ...TEN, resource_ids: [made.id] }, NOW);
      return { ...made, free: () => cancel(sql, cast.bob, { id }, NOW), bobs: id };
    },
    wait: (who: keyof Cast, any_of: AnyOf = { kind: "room" }, wish: Partial<Joining> = {}) =>
      join(sql, cast[who], { ...TEN, any_of, ...wish }, NOW),
    /** Who is offered what at this moment, in the order in which they joined. */
    async offered() {
      const open = await listWaitlist(sql, cast.sam, { status: "offered", limit: 200 }, NOW);
      return open.map(({ requester_name, resources }) =>
        `${requester_name.split(" ")[0]}: ${resources.map((r) => `${r.quantity} ${r.name}`).join(", ")}`
      );
    },
    change: (resource: Resource, what: Partial<Resource>) =>
      changeResource(sql, cast.ada, { id: resource.id, ...what }, NOW),
    policy: (rules: Partial<NewPolicy>) =>
      createPolicy(sql, cast.ada, { ...NO_RULES, name: "Rules", ...rules }, NOW),
  });
}

async function refused(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error.message;
}

Deno.test("who waits for any room is offered the first that comes free and would do, and has it when they accept", async () => {
  await using home = await fullHouse();
  const { sql, cast } = home;
  const small = await home.taken({ name: "Small", capacity: 4, tags: ["screen"] });
  const plain = await home.taken({ name: "Plain", capacity: 8 });
  const large = await home.taken({ name: "Large", capacity: 20, tags: ["screen"] });
  const entry = await home.wait("alice", { kind: "room", tag: "screen" }, { attendees: 6, purpose: "Choir" });
  assert.deepEqual([entry.status, entry.place, entry.resources], ["waiting", 1, []]);
  for (const { free } of [small, plain]) await free();
  assert.deepEqual(await home.offered(), [], "one is too small, the other has no screen");
  await large.free();
  assert.deepEqual(await home.offered(), ["Alice: 1 Large"]);
  assert.match(
    await refused(request(sql, cast.mallory, { ...TEN, resource_ids: [large.id] }, NOW)),
    /Large is offered to somebody on the waitlist/,
  );
  const { id } = await accept(sql, cast.alice, { id: entry.id }, NOW);
  const had = await getReservation(sql, cast.alice, id);
  assert.deepEqual([had.resources.map(({ name }) => name), had.purpose], [["Large"], "Choir"]);
  const after = await getEntry(sql, cast.alice, entry.id, NOW);
  assert.deepEqual([after.status, after.reservation_id, after.resources[0].name], ["accepted", id, "Large"]);
});

// Each gives the house a room with a screen at ten in another way; "Spare" would do but for one thing.
const WAYS: Record<string, {
  spare?: Partial<Resource>;
  before?: (home: Awaited<ReturnType<typeof fullHouse>>, spare: Resource) => Promise<unknown>;
  free: (home: Awaited<ReturnType<typeof fullHouse>>, spare: Resource) => Promise<unknown>;
}> = {
  "newly there": { free: ({ make }) => make({ name: "New", tags: ["screen"] }) },
  "given the tag": { free: ({ change }, spare) => change(spare, { tags: ["screen"] }) },
  "made of that kind": {
    spare: { kind: "attic", tags: ["screen"] },
    free: ({ change }, spare) => change(spare, { kind: "room" }),
  },
  "made larger": {
    spare: { capacity: 1, tags: ["screen"] },
    free: ({ change }, spare) => change(spare, { capacity: 6 }),
  },
  "back in service": {
    spare: { tags: ["screen"] },
    before: ({ sql, cast }, { id }) => deactivateResource(sql, cast.ada, { id, future: "keep" }, NOW),
    free: ({ sql, cast }, { id }) => reactivateResource(sql, cast.ada, id, NOW),
  },
  "no accessory any more": {
    spare: { accessory: true, tags: ["screen"] },
    free: ({ change }, spare) => change(spare, { accessory: false }),
  },
};
for (const [way, { spare = {}, before, free }] of Object.entries(WAYS)) {
  Deno.test(`what is ${way} is offered at once to who waits for any`, async () => {
    await using home = await fullHouse();
    await home.taken({ name: "Room", tags: ["screen"] });
    const made = await home.make({ name: "Spare", ...spare });
    await before?.(home, made);
    await home.wait("alice", { kind: "room", tag: "screen" }, { attendees: 2 });
    await free(home, made);
    assert.deepEqual(await home.offered(), [way === "newly there" ? "Alice: 1 New" : "Alice: 1 Spare"]);
  });
}

Deno.test("of what has more units than before, and opens earlier than before, one is offered at once", async () => {
  await using home = await fullHouse();
  const { sql, cast } = home;
  const desks = await home.taken({ name: "Desk", kind: "desk" });
  const closed: NewPolicy["opening"] = Array.from({ length: 7 }, () => [[12 * 60, 18 * 60]]);
  const rules = { ...NO_RULES, name: "Afternoons", opening: closed };
  const policy_id = await createPolicy(sql, cast.ada, rules, NOW);
  await home.taken({ name: "Room" });
  await home.make({ name: "Studio", policy_id });
  await home.wait("alice", { kind: "desk" });
  await home.wait("mallory", { kind: "room" });
  await home.change(desks, { units: 2 });
  assert.deepEqual(await home.offered(), ["Alice: 1 Desk"]);
  const { version } = await getPolicy(sql, policy_id);
  await changePolicy(sql, cast.ada, { ...rules, id: policy_id, version, opening: null }, NOW);
  assert.deepEqual(await home.offered(), ["Alice: 1 Desk", "Mallory: 1 Studio"]);
});

Deno.test("of several that are free the one is offered that fits best, what nobody has to approve before all others", async () => {
  await using home = await fullHouse();
  const { sql, cast } = home;
  await home.taken({ name: "Room", capacity: 6 });
  const spare = ["Large", "Asked", "Fitting"].map((name, i) =>
    home.make({ name, capacity: [20, 4, 6][i], requires_approval: name === "Asked" })
  );
  for (const one of await Promise.all(spare)) {
    await deactivateResource(sql, cast.ada, { id: one.id, future: "keep" }, NOW);
  }
  const entry = await home.wait("alice", { kind: "room" }, { attendees: 4 });
  await sql`update resources set deactivated_at = null, version = version + 1`;
  await home.make({ name: "Unknown" });
  assert.deepEqual(await home.offered(), ["Alice: 1 Fitting"]);
  await decline(sql, cast.alice, { id: entry.id }, NOW);
  assert.equal((await getEntry(sql, cast.alice, entry.id, NOW)).status, "declined");
});

Deno.test("who waits for one room and who waits for any are offered it in the order in which they came", async () => {
  await using home = await fullHouse();
  const { sql, cast } = home;
  const one = await home.taken({ name: "One" });
  const other = await home.taken({ name: "Other" });
  await join(sql, cast.sue, { ...TEN, resource_ids: [one.id] }, NOW);
  const alice = await home.wait("alice");
  const mallory = await join(sql, cast.mallory, { ...TEN, resource_ids: [one.id] }, NOW);
  assert.deepEqual([alice.place, mallory.place], [2, 3]);
  await one.free();
  assert.deepEqual(await home.offered(), ["Sue: 1 One"]);
  await other.free();
  assert.deepEqual(await home.offered(), ["Sue: 1 One", "Alice: 1 Other"]);
});

Deno.test("who was bumped from such a room goes before all who came earlier", async () => {
  await using home = await fullHouse();
  const { sql, cast } = home;
  const one = await home.taken({ name: "One" });
  const other = await home.taken({ name: "Other" });
  await home.wait("alice");
  await bump(sql, cast.sam, { id: one.bobs, reason: "The mayor comes" }, NOW);
  assert.deepEqual(await home.offered(), ["Alice: 1 One"]);
  const bobs = await home.wait("bob");
  await home.wait("mallory");
  assert.deepEqual([bobs.bumped, bobs.place], [true, 1]);
  await other.free();
  assert.deepEqual(await home.offered(), ["Alice: 1 One", "Bob: 1 Other"]);
});

Deno.test("nobody has two offers for one entry, and what is left goes to the next", async () => {
  await using home = await fullHouse();
  const { sql, cast } = home;
  const [one, other] = [await home.taken({ name: "One" }), await home.taken({ name: "Other" })];
  const alice = await home.wait("alice");
  await one.free();
  await other.free();
  assert.deepEqual(await home.offered(), ["Alice: 1 One"]);
  await request(sql, cast.mallory, { ...TEN, resource_ids: [other.id] }, NOW);
  await home.wait("sue");
  await leave(sql, cast.alice, { id: alice.id }, NOW);
  assert.deepEqual(await home.offered(), ["Sue: 1 One"]);
});

Deno.test("several of one resource are offered where as many are free", async () => {
  await using home = await fullHouse();
  const { sql, cast } = home;
  const few = await home.make({ name: "Few", kind: "desk", units: 2 });
  const many = await home.make({ name: "Many", kind: "desk", units: 4 });
  const held = [];
  for (const [{ id, units }, who] of [[few, "bob"], [many, "sue"]] as const) {
    const wish = { ...TEN, resource_ids: [id], quantities: { [id]: units } };
    held.push(await request(sql, cast[who], wish, NOW));
  }
  const entry = await home.wait("alice", { kind: "desk", quantity: 3 });
  await cancel(sql, cast.bob, { id: held[0].id }, NOW);
  assert.deepEqual(await home.offered(), []);
  await cancel(sql, cast.sue, { id: held[1].id }, NOW);
  assert.deepEqual(await home.offered(), ["Alice: 3 Many"]);
  const { id } = await accept(sql, cast.alice, { id: entry.id }, NOW);
  assert.equal((await getReservation(sql, cast.alice, id)).resources[0].quantity, 3);
});

Deno.test("of a window it is the earliest slot of any of them", async () => {
  await using home = await fullHouse();
  const { sql, cast } = home;
  const morning = on("2026-05-05", "10:00", "13:00");
  const held = [];
  for (const name of ["One", "Other"]) {
    const { id } = await home.make({ name });
    held.push(await request(sql, cast.bob, { ...morning, resource_ids: [id] }, NOW));
  }
  await home.wait("alice", { kind: "room" }, { ...morning, minutes: 60 });
  await home.wait("mallory", { kind: "room" }, { ...morning, minutes: 90 });
  await cancel(sql, cast.bob, { id: held[1].id }, NOW);
  const open = await listWaitlist(sql, cast.sam, { status: "offered", limit: 9 }, NOW);
  const slots = open.map(({ requester_name, resources, offer }) =>
    `${requester_name} ${resources[0].name} ${offer!.start_time} ${offer!.end_time}`
  );
  assert.deepEqual(slots, [
    "Alice Asker Other 2026-05-05T08:00:00Z 2026-05-05T09:00:00Z",
    "Mallory Outside Other 2026-05-05T09:00:00Z 2026-05-05T10:30:00Z",
  ]);
});

Deno.test("an offer of what is not like it any more, or out of service, is taken back, and another is made", async () => {
  await using home = await fullHouse();
  const { sql, cast } = home;
  const [one, other] = [
    await home.taken({ name: "One", tags: ["screen"] }),
    await home.taken({ name: "Other", tags: ["screen"] }),
  ];
  const { id } = await home.wait("alice", { tag: "screen" });
  await one.free();
  await home.change(one, { tags: [] });
  assert.equal((await getEntry(sql, cast.alice, id, NOW)).status, "waiting");
  await home.change(one, { tags: ["screen"] });
  assert.deepEqual(await home.offered(), ["Alice: 1 One"]);
  await other.free();
  await deactivateResource(sql, cast.ada, { id: one.id, future: "keep" }, NOW);
  assert.deepEqual(await home.offered(), ["Alice: 1 Other"]);
});

Deno.test("an offer is made by the rules of that moment: whoever may not have it any more is passed over", async () => {
  await using home = await fullHouse();
  const { sql, cast } = home;
  const policy_id = await home.policy({ quotas: [{ per: "day", count: 1 }] });
  const one = await home.taken({ name: "One", policy_id });
  const entry = await home.wait("alice");
  await home.wait("mallory");
  const annex = await home.make({ name: "Annex", kind: "annex", policy_id });
  await request(sql, cast.alice, { ...on("2026-05-05", "14:00", "15:00"), resource_ids: [annex.id] }, NOW);
  await one.free();
  assert.deepEqual(await home.offered(), ["Mallory: 1 One"]);
  assert.equal((await getEntry(sql, cast.alice, entry.id, NOW)).status, "waiting");
});

Deno.test("what first has to be confirmed is offered only to who has confirmed it", async () => {
  await using home = await fullHouse();
  const policy_id = await home.policy({ attestations: ["I wear goggles"] });
  const lab = await home.taken({ name: "Room" });
  await home.taken({ name: "Spare" });
  await home.wait("alice");
  await home.wait("mallory", { kind: "room" }, { attested: true });
  await home.change(lab, { policy_id });
  await lab.free();
  assert.deepEqual(await home.offered(), ["Mallory: 1 Room"]);
});

Deno.test("waiting for any is refused in words where it makes no sense", async (t) => {
  await using home = await fullHouse();
  const { sql, cast } = home;
  const policy_id = await home.policy({ max_minutes: 30, attestations: ["I wear goggles"] });
  await home.taken({ name: "Room" });
  const spare = await home.make({ name: "Spare", capacity: 2 });
  await home.make({ name: "Short", kind: "booth", policy_id });
  const half = on("2026-05-05", "10:00", "10:30");
  const issues = (work: Promise<unknown>) =>
    work.then(
      () => [],
      (error) => error instanceof Invalid ? error.issues.map(({ path }) => path) : [`${error}`],
    );

  await t.step("while one is free: it is named, and can be had at once", async () => {
    const error = await home.wait("alice", { kind: "room" }, { attendees: 2 }).catch((error) => error);
    assert.match(error.message, /There is nothing to wait for: Spare is free, reserve it/);
    assert.deepEqual(error.alternatives.map((one: { resource_id: string }) => one.resource_id), [spare.id]);
  });
  await t.step("where there is no such thing", async () => {
    assert.deepEqual(await issues(home.wait("alice", { kind: "boat" })), ["any_of"]);
  });
  await t.step("where the rules of each are against it", async () => {
    assert.match(await refused(home.wait("alice", { kind: "booth" })), /at most 30 minutes/);
  });
  await t.step("where something has to be confirmed first", async () => {
    assert.deepEqual(await issues(home.wait("alice", { kind: "booth" }, half)), ["attested"]);
  });
  await t.step("twice for the same, and not for something else at that time", async () => {
    await requestAny(sql, cast.sue, { ...TEN, any_of: { kind: "room" } }, NOW);
    await home.wait("alice");
    const again = await home.wait("alice").then(() => "", (error) => error.message);
    assert.match(again, /You are on the waitlist for this already/);
    assert.equal((await home.wait("alice", { kind: "room" }, { minutes: 60 })).place, 2);
  });
});

Deno.test("what somebody was offered while they waited for any cannot be deleted", async () => {
  await using home = await fullHouse();
  const { sql, cast } = home;
  await home.taken({ name: "Room" });
  const entry = await home.wait("alice");
  const { id } = await home.make({ name: "New" });
  await decline(sql, cast.alice, { id: entry.id }, NOW);
  assert.match(await refused(deleteResource(sql, cast.ada, id, NOW)), /on record who waited for it/);
});
