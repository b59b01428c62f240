import assert from "node:assert/strict";
import { approve } from "../../domain/approvals.ts";
import { bump, insteadOf, listBumped } from "../../domain/bumps.ts";
import { cancel, change, reschedule } from "../../domain/edits.ts";
import { Conflict, Forbidden } from "../../domain/errors.ts";
import { request } from "../../domain/requests.ts";
import { getReservation } from "../../domain/reservations.ts";
import type { NewResource } from "../../domain/resources.ts";
import { sweep } from "../../domain/sweep.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const TEN = on("2026-05-05", "10:00", "11:00");
const ELEVEN = on("2026-05-05", "11:00", "12:00");
const reason = "The mayor comes";
const later = (minutes: number) => NOW.add({ minutes });

/** A room that Bob has from ten to eleven, and another; what is stored is sound when the test is over. */
async function bobsRoom(resource: Partial<NewResource> = {}) {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const room = await makeResource(sql, cast.ada, { name: "Room", ...resource });
  const other = await makeResource(sql, cast.ada, { name: "Other room" });
  const ask = (who: keyof typeof cast, period = TEN, resource = room) =>
    request(sql, cast[who], { ...period, resource_ids: [resource.id], purpose: "Choir" }, NOW)
      .then(({ id }) => id);
  const id = await ask("bob");
  if (resource.requires_approval) await approve(sql, cast.sue, { id }, NOW);
  return {
    ...database,
    cast,
    room,
    other,
    id,
    ask,
    bump: (who: keyof typeof cast = "sam", now = later(5)) => bump(sql, cast[who], { id, reason }, now),
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}
type Scene = Awaited<ReturnType<typeof bobsRoom>>;

async function stateOf({ sql, id }: Scene) {
  const [row] = await sql`
    select v.status, a.holds from reservations v join allocations a on a.reservation_id = v.id where v.id = ${id}`;
  return Object.values(row);
}

async function refused(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error.message;
}

Deno.test("what Sam bumps holds nothing, and is Alice's to have", async () => {
  await using scene = await bobsRoom();
  await scene.bump();
  assert.deepEqual(await stateOf(scene), ["bumped", false]);
  assert(await scene.ask("alice"));
});

Deno.test("Bob reads who bumped him, when and why", async () => {
  await using scene = await bobsRoom();
  await scene.bump();
  const bobs = await getReservation(scene.sql, scene.cast.bob, scene.id);
  assert.deepEqual([bobs.decided_by_name, `${bobs.decided_at}`, bobs.decision_reason], [
    "Sam Says",
    `${later(5)}`,
    reason,
  ]);
});

Deno.test("Sue, second to bump, is told who did, and when", async () => {
  await using scene = await bobsRoom();
  await scene.bump();
  assert.equal(
    await refused(scene.bump("sue", later(6))),
    "This reservation cannot be bumped: it is already bumped by Sam Says, 09:05",
  );
});

Deno.test("Sam cannot bump a request: it has no slot", async () => {
  await using scene = await bobsRoom({ requires_approval: true });
  const id = await scene.ask("alice", ELEVEN);
  const error = await refused(bump(scene.sql, scene.cast.sam, { id, reason }, NOW));
  assert.match(error, /cannot be bumped: it is already pending/);
});

for (const who of ["bob", "alice"] as const) {
  Deno.test(`${who}, who is no approver, may not bump`, async () => {
    await using scene = await bobsRoom();
    await assert.rejects(scene.bump(who), Forbidden);
    assert.deepEqual(await stateOf(scene), ["approved", true]);
  });
}

Deno.test("nobody bumps what is their own: they cancel it", async () => {
  await using scene = await bobsRoom();
  for (const who of ["sam", "ada"] as const) {
    const id = await scene.ask(who, who === "sam" ? TEN : ELEVEN, scene.other);
    await assert.rejects(
      bump(scene.sql, scene.cast[who], { id, reason }, NOW),
      new Forbidden("You may not bump this reservation: it is your own"),
    );
  }
});

Deno.test("Bob is offered the nearest free times, and the same hour elsewhere", async () => {
  await using scene = await bobsRoom();
  await scene.bump();
  await scene.ask("alice");
  const bobs = await getReservation(scene.sql, scene.cast.bob, scene.id);
  const slots = await insteadOf(scene.sql, scene.cast.bob, bobs, later(6)) ?? [];
  assert.deepEqual(
    slots.map((slot) => [slot.resource_name, slot.start_time.toZonedDateTimeISO("Europe/Berlin").hour]),
    [["Room", 9], ["Room", 11], ["Other room", 10]],
  );
});

Deno.test("Bob is not offered what was just taken from him, for it is meant for another", async () => {
  await using scene = await bobsRoom();
  await scene.bump();
  const bobs = await getReservation(scene.sql, scene.cast.bob, scene.id);
  const slots = await insteadOf(scene.sql, scene.cast.bob, bobs, later(6)) ?? [];
  assert.deepEqual(
    slots.map((slot) => [slot.resource_name, slot.start_time.toZonedDateTimeISO("Europe/Berlin").hour]),
    [["Room", 9], ["Room", 11], ["Other room", 10]],
  );
});

Deno.test("Bob finds on his page what was taken from him, until its time is over", async () => {
  await using scene = await bobsRoom();
  assert.deepEqual((await listBumped(scene.sql, scene.cast.bob, NOW)).bumped, []);
  await scene.bump();
  const { bumped, alternatives } = await listBumped(scene.sql, scene.cast.bob, later(6));
  assert.deepEqual(bumped.map((one) => one.id), [scene.id]);
  assert(alternatives && alternatives.length > 0);
  assert.deepEqual((await listBumped(scene.sql, scene.cast.alice, later(6))).bumped, []);
  assert.deepEqual((await listBumped(scene.sql, scene.cast.bob, TEN.end_time)).bumped, []);
});

Deno.test("Bob moves what was bumped to a free hour, and has it", async () => {
  await using scene = await bobsRoom();
  await scene.bump();
  assert.equal(await reschedule(scene.sql, scene.cast.bob, scene.id, ELEVEN, later(6)), "approved");
  assert.deepEqual(await stateOf(scene), ["approved", true]);
});

Deno.test("Bob takes his old hour again where it came free", async () => {
  await using scene = await bobsRoom();
  await scene.bump();
  assert.equal(await reschedule(scene.sql, scene.cast.bob, scene.id, TEN, later(6)), "approved");
});

Deno.test("where approval is wanted, what was bumped waits for a new one, also for its old hour", async () => {
  await using scene = await bobsRoom({ requires_approval: true });
  await scene.bump();
  assert.equal(await reschedule(scene.sql, scene.cast.bob, scene.id, TEN, later(6)), "pending");
  assert.deepEqual(await stateOf(scene), ["pending", false]);
});

Deno.test("Sam, who moves what was bumped, decides with it", async () => {
  await using scene = await bobsRoom({ requires_approval: true });
  await scene.bump();
  assert.equal(await reschedule(scene.sql, scene.cast.sam, scene.id, ELEVEN, later(6)), "approved");
});

Deno.test("Bob cannot take his old hour from whom it was given to, and stays bumped", async () => {
  await using scene = await bobsRoom();
  await scene.bump();
  await scene.ask("alice");
  assert.equal(
    await refused(reschedule(scene.sql, scene.cast.bob, scene.id, TEN, later(6))),
    "Room is already taken by Alice Asker",
  );
  assert.deepEqual(await stateOf(scene), ["bumped", false]);
});

Deno.test("Bob moves and rewords at once what was bumped, but does not only reword it", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, id } = scene;
  await scene.bump();
  assert.match(await refused(change(sql, cast.bob, id, { purpose: "Orchestra" }, later(6))), /it is already/);
  await change(sql, cast.bob, id, { ...ELEVEN, purpose: "Orchestra" }, later(6));
  assert.equal((await getReservation(sql, cast.bob, id)).purpose, "Orchestra");
});

Deno.test("what was bumped cannot be cancelled, and the sweep leaves it as it is", async () => {
  await using scene = await bobsRoom();
  await scene.bump();
  assert.match(
    await refused(cancel(scene.sql, scene.cast.bob, { id: scene.id }, later(6))),
    /already bumped/,
  );
  await sweep(scene.sql, TEN.end_time);
  assert.deepEqual(await stateOf(scene), ["bumped", false]);
});

Deno.test("Bob's shortening that meets Sam's bump does not bring the reservation back, twenty times", async () => {
  await using scene = await bobsRoom({ requires_approval: true });
  const { sql, cast, room } = scene;
  for (let round = 0; round < 20; round++) {
    const day = Temporal.PlainDate.from("2026-05-06").add({ days: round }).toString();
    const wish = { ...on(day, "10:00", "11:00"), resource_ids: [room.id] };
    const { id } = await request(sql, cast.bob, wish, NOW);
    await approve(sql, cast.sue, { id }, NOW);
    const [bumped, shorter] = await Promise.allSettled([
      bump(sql, cast.sam, { id, reason }, NOW),
      reschedule(sql, cast.bob, id, on(day, "10:00", "10:30"), NOW),
    ]);
    const { status } = await getReservation(sql, cast.bob, id);
    assert.equal(bumped.status, "fulfilled");
    // Whoever asked after it was bumped asks anew.
    assert(status === "bumped" || (status === "pending" && shorter.status === "fulfilled"), status);
  }
});
