import assert from "node:assert/strict";
import { deleteClosure } from "../../domain/closures.ts";
import { cancel } from "../../domain/edits.ts";
import { Conflict } from "../../domain/errors.ts";
import { accept } from "../../domain/offer_answers.ts";
import { request } from "../../domain/requests.ts";
import { getReservation } from "../../domain/reservations.ts";
import { changeResource, createResource, deleteResource, NewResource } from "../../domain/resources.ts";
import { join } from "../../domain/waitlist.ts";
import { getEntry, listWaitlist } from "../../domain/waitlist_entries.ts";
import { close, NewClosure } from "../../domain/closures.ts";
import { type Cast, NOW, ZONE } from "../support/cast.ts";
import { house, TEN } from "../support/house.ts";

/** A house with ways to ask for several, to wait for several, and to see who is offered how many. */
async function waitingHouse() {
  const home = await house();
  const { sql, cast } = home;
  const many = (id: string, quantity: number) => ({ resource_ids: [id], quantities: { [id]: quantity } });
  return Object.assign(home, {
    take: (who: keyof Cast, id: string, quantity = 1) =>
      request(sql, cast[who], { ...TEN, ...many(id, quantity) }, NOW),
    wait: (who: keyof Cast, id: string, quantity = 1) =>
      join(sql, cast[who], { ...TEN, ...many(id, quantity) }, NOW),
    drop: (who: keyof Cast, { id }: { id: string }) => cancel(sql, cast[who], { id }, NOW),
    recompose: (id: string, parts: { id: string }[]) =>
      changeResource(sql, cast.ada, { id, part_ids: parts.map((part) => part.id) }, NOW),
    /** Who is offered what at this moment, in the order in which they joined. */
    async offered() {
      const open = await listWaitlist(sql, cast.sam, { status: "offered", limit: 200 }, NOW);
      return open.map(({ requester_name, resources }) =>
        `${requester_name.split(" ")[0]}: ${resources.map((r) => `${r.quantity} ${r.name}`).join(", ")}`
      );
    },
  });
}

async function refused(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error.message;
}

Deno.test("who waits for three of five is offered three when three are free, and has three when they accept", async () => {
  await using home = await waitingHouse();
  const { sql, cast } = home;
  const { id } = await home.make({ name: "Projector", units: 5 });
  const two = await home.take("bob", id, 2);
  const other = await home.take("mallory", id, 2);
  const entry = await home.wait("alice", id, 3);
  assert.deepEqual(entry.quantities, { [id]: 3 });
  await home.drop("bob", two);
  assert.deepEqual(await home.offered(), ["Alice: 3 Projector"]);
  await refused(home.take("sue", id));
  const stored = await accept(sql, cast.alice, { id: entry.id }, NOW);
  assert.deepEqual((await getReservation(sql, cast.alice, stored.id)).resources.map((r) => r.quantity), [3]);
  await home.drop("mallory", other);
});

Deno.test("nobody is offered fewer than they want: what is too few for the first goes to the next", async () => {
  await using home = await waitingHouse();
  const { id } = await home.make({ name: "Projector", units: 5 });
  const one = await home.take("bob", id, 2);
  await home.take("mallory", id, 3);
  await home.wait("alice", id, 3);
  await home.wait("sue", id, 2);
  await home.drop("bob", one);
  assert.deepEqual(await home.offered(), ["Sue: 2 Projector"]);
});

Deno.test("each of several units goes to another of those who wait", async () => {
  await using home = await waitingHouse();
  const { id } = await home.make({ name: "Desk", units: 2 });
  const both = await home.take("bob", id, 2);
  for (const who of ["alice", "mallory", "sue"] as const) await home.wait(who, id);
  await home.drop("bob", both);
  assert.deepEqual(await home.offered(), ["Alice: 1 Desk", "Mallory: 1 Desk"]);
});

Deno.test("nobody waits for more than there are, nor for what is free", async () => {
  await using home = await waitingHouse();
  const { id } = await home.make({ name: "Projector", units: 2 });
  await home.take("bob", id);
  assert.match(await refused(home.wait("alice", id, 3)), /2/);
  assert.match(await refused(home.wait("alice", id, 1)), /it is free/);
  assert.equal((await home.wait("alice", id, 2)).status, "waiting");
});

Deno.test("where units are taken away, offers are made anew of what is left, and reservations keep theirs", async () => {
  await using home = await waitingHouse();
  const { sql, cast } = home;
  const { id } = await home.make({ name: "Desk", units: 3 });
  const three = await home.take("bob", id, 3);
  for (const who of ["alice", "mallory"] as const) await home.wait(who, id);
  await home.drop("bob", three);
  const last = await home.take("sue", id);
  assert.deepEqual(await home.offered(), ["Alice: 1 Desk", "Mallory: 1 Desk"]);
  await changeResource(sql, cast.ada, { id, units: 2 }, NOW);
  assert.deepEqual(await home.offered(), ["Alice: 1 Desk"]);
  assert.equal((await getReservation(sql, cast.sue, last.id)).status, "approved");
});

/** A hall of two parts, and another beside it. */
async function hall() {
  const home = await waitingHouse();
  const a = await home.make({ name: "A" });
  const b = await home.make({ name: "B" });
  const whole = await home.make({ name: "Hall", part_ids: [a.id, b.id] });
  return Object.assign(home, { a, b, whole });
}

Deno.test("an offer of a hall holds its parts, and an offer of a part the hall", async () => {
  await using home = await hall();
  const { a, b, whole } = home;
  const bobs = await home.take("bob", whole.id);
  await home.wait("alice", whole.id);
  await home.drop("bob", bobs);
  assert.match(await refused(home.take("mallory", a.id)), /offered to somebody on the waitlist/);

  await using other = await hall();
  const part = await other.take("bob", other.a.id);
  await other.wait("alice", other.a.id);
  await other.drop("bob", part);
  assert.match(await refused(other.take("mallory", other.whole.id)), /offered to somebody on the waitlist/);
  assert.equal((await other.take("mallory", other.b.id)).status, "approved");
  assert.notEqual(b.id, a.id);
});

Deno.test("who waits for a hall is offered it when the last of its parts comes free, and not before", async () => {
  await using home = await hall();
  const inA = await home.take("bob", home.a.id);
  const inB = await home.take("mallory", home.b.id);
  await home.wait("alice", home.whole.id);
  await home.drop("bob", inA);
  assert.deepEqual(await home.offered(), []);
  await home.drop("mallory", inB);
  assert.deepEqual(await home.offered(), ["Alice: 1 Hall"]);
});

Deno.test("who waits for a part is offered it when the hall comes free, each part to another", async () => {
  await using home = await hall();
  const bobs = await home.take("bob", home.whole.id);
  await home.wait("alice", home.a.id);
  await home.wait("mallory", home.b.id);
  await home.wait("sue", home.whole.id);
  await home.drop("bob", bobs);
  assert.deepEqual(await home.offered(), ["Alice: 1 A", "Mallory: 1 B"]);
});

Deno.test("a hall that gets another part while it is offered is offered with it", async () => {
  await using home = await hall();
  const c = await home.make({ name: "C" });
  const bobs = await home.take("bob", home.whole.id);
  await home.wait("alice", home.whole.id);
  await home.drop("bob", bobs);
  await home.recompose(home.whole.id, [home.a, home.b, c]);
  assert.deepEqual(await home.offered(), ["Alice: 1 Hall"]);
  assert.match(await refused(home.take("mallory", c.id)), /offered to somebody on the waitlist/);
});

Deno.test("a hall that gets a part that is taken is offered no longer: whoever had the offer waits on", async () => {
  await using home = await hall();
  const c = await home.make({ name: "C" });
  const inC = await home.take("mallory", c.id);
  const bobs = await home.take("bob", home.whole.id);
  const { id } = await home.wait("alice", home.whole.id);
  await home.drop("bob", bobs);
  await home.recompose(home.whole.id, [home.a, home.b, c]);
  const entry = await getEntry(home.sql, home.cast.alice, id, NOW);
  assert.deepEqual([entry.status, entry.place], ["waiting", 1]);
  await home.drop("mallory", inC);
  assert.deepEqual(await home.offered(), ["Alice: 1 Hall"]);
});

Deno.test("what is a part no longer is offered to who waits for it, and what is offered may become a part", async () => {
  await using home = await hall();
  const { sql, cast, a, b, whole } = home;
  await home.take("bob", whole.id);
  await home.wait("alice", b.id);
  await home.recompose(whole.id, [a]);
  assert.deepEqual(await home.offered(), ["Alice: 1 B"]);
  // The hall is reserved: its new part goes with it.
  await home.recompose(whole.id, [a, b]);
  assert.deepEqual(await home.offered(), []);
  await home.recompose(whole.id, [a]);
  const nest = NewResource.parse({ name: "Nest", kind: "room", part_ids: [b.id] });
  const { id } = await createResource(sql, cast.ada, { ...nest, time_zone: ZONE }, NOW);
  assert.deepEqual(await home.offered(), ["Alice: 1 B"]);
  assert.match(await refused(home.take("mallory", id)), /offered to somebody on the waitlist/);
});

Deno.test("what somebody waited for cannot be deleted", async () => {
  await using home = await waitingHouse();
  const { sql, cast } = home;
  const { id } = await home.make({ name: "Room" });
  const paint = NewClosure.parse({
    ...{ reason: "Paint", resource_ids: [id] },
    ...{ start_wall: "2026-05-05T09:00", end_wall: "2026-05-05T12:00" },
  });
  const closure = await close(sql, cast.ada, paint, NOW);
  await home.wait("alice", id);
  assert.match(await refused(deleteResource(sql, cast.ada, id, NOW)), /it is on record who waited for it/);
  await deleteClosure(sql, cast.ada, closure.id, NOW);
  assert.deepEqual(await home.offered(), ["Alice: 1 Room"]);
});
