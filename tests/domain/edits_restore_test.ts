import assert from "node:assert/strict";
import { approve } from "../../domain/approvals.ts";
import { cancel, restore, UNDO_MINUTES } from "../../domain/edits.ts";
import { Conflict, Forbidden, NotFound } from "../../domain/errors.ts";
import { request } from "../../domain/requests.ts";
import { deactivateResource, type NewResource } from "../../domain/resources.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const TEN = on("2026-05-05", "10:00", "11:00");
const SOON = on("2026-05-04", "09:05", "10:00");
const later = (minutes: number) => NOW.add({ minutes });

/** A room that Bob has from ten to eleven; what is stored is sound when the test is over. */
async function bobsRoom(resource: Partial<NewResource> = {}, period = TEN) {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const room = await makeResource(sql, cast.ada, { name: "Room", ...resource });
  const ask = (who: keyof typeof cast) =>
    request(sql, cast[who], { ...period, resource_ids: [room.id] }, NOW).then(({ id }) => id);
  const id = await ask("bob");
  return {
    ...database,
    cast,
    room,
    id,
    ask,
    cancel: (who: keyof typeof cast = "bob", reason?: string, now = NOW) =>
      cancel(sql, cast[who], { id, reason }, now),
    restore: (who: keyof typeof cast, now = later(1)) => restore(sql, cast[who], id, now),
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

Deno.test("what Bob cancels holds nothing", async () => {
  await using scene = await bobsRoom();
  await scene.cancel();
  assert.deepEqual(await stateOf(scene), ["cancelled", false]);
});

Deno.test("what Bob cancels is Alice's to have", async () => {
  await using scene = await bobsRoom();
  await scene.cancel();
  assert(await scene.ask("alice"));
});

Deno.test("Bob may cancel what has begun, which frees the rest", async () => {
  await using scene = await bobsRoom();
  await scene.cancel("bob", undefined, TEN.start_time.add({ minutes: 10 }));
  assert.deepEqual(await stateOf(scene), ["cancelled", false]);
});

Deno.test("Bob cannot cancel twice, and is told that he did", async () => {
  await using scene = await bobsRoom();
  await scene.cancel();
  assert.equal(
    await refused(scene.cancel()),
    "This reservation cannot be cancelled: it is already cancelled by you, 09:00",
  );
});

Deno.test("Alice does not find Bob's reservation to cancel it", async () => {
  await using scene = await bobsRoom();
  await assert.rejects(scene.cancel("alice"), NotFound);
});

Deno.test("Sam cancels Bob's reservation and says why", async () => {
  await using scene = await bobsRoom();
  await scene.cancel("sam", "A pipe has burst");
  const [{ details, actor_id }] = await scene.sql`
    select details, actor_id from history where action = 'cancel'`;
  assert.deepEqual([details, actor_id], [{ reason: "A pipe has burst" }, scene.cast.sam.id]);
});

Deno.test("Bob takes his cancellation back, and has what he had", async () => {
  await using scene = await bobsRoom();
  await scene.cancel();
  assert.equal(await scene.restore("bob"), "approved");
  assert.deepEqual(await stateOf(scene), ["approved", true]);
});

Deno.test("a request that waited for a decision waits for it again", async () => {
  await using scene = await bobsRoom({ requires_approval: true });
  await scene.cancel();
  assert.equal(await scene.restore("bob"), "pending");
});

Deno.test("a request that was approved before it was cancelled is approved again", async () => {
  await using scene = await bobsRoom({ requires_approval: true });
  await approve(scene.sql, scene.cast.sam, { id: scene.id }, NOW);
  await scene.cancel();
  assert.equal(await scene.restore("bob"), "approved");
});

Deno.test("Bob takes his cancellation back in the last second of ten minutes", async () => {
  await using scene = await bobsRoom();
  await scene.cancel();
  assert.equal(await scene.restore("bob", later(UNDO_MINUTES).subtract({ seconds: 1 })), "approved");
});

Deno.test("Bob cannot take his cancellation back after ten minutes", async () => {
  await using scene = await bobsRoom();
  await scene.cancel();
  assert.equal(
    await refused(scene.restore("bob", later(10))),
    "This cancellation can no longer be taken back: 10 minutes have passed",
  );
  assert.deepEqual(await stateOf(scene), ["cancelled", false]);
});

Deno.test("Bob cannot take his cancellation back when the start has come, and is told that it is the start", async () => {
  await using scene = await bobsRoom({}, SOON);
  await scene.cancel();
  assert.equal(
    await refused(scene.restore("bob", SOON.start_time)),
    "This cancellation can no longer be taken back: the start has passed",
  );
});

Deno.test("Bob cannot take back what he did not cancel, and is told what it is", async () => {
  await using scene = await bobsRoom();
  assert.equal(
    await refused(scene.restore("bob")),
    "This reservation cannot be restored: it is already approved by you, 09:00",
  );
});

Deno.test("Bob cannot take his cancellation back when Alice has the hour, and nothing changes", async () => {
  await using scene = await bobsRoom();
  await scene.cancel();
  await scene.ask("alice");
  assert.equal(await refused(scene.restore("bob")), "Room is already taken by Alice Asker");
  assert.deepEqual(await stateOf(scene), ["cancelled", false]);
});

Deno.test("Bob gets another unit back where his own was given away", async () => {
  await using scene = await bobsRoom({ units: 2 });
  await scene.cancel();
  await scene.ask("alice");
  assert.equal(await scene.restore("bob"), "approved");
});

Deno.test("nobody brings a reservation back to a room that is out of service", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, room } = scene;
  await deactivateResource(sql, cast.ada, { id: room.id, future: "cancel" }, NOW);
  assert.equal(await refused(scene.restore("ada")), "Room cannot be reserved at present");
  assert.deepEqual(await stateOf(scene), ["cancelled", false]);
});

Deno.test("Alice does not find Bob's cancellation to take it back", async () => {
  await using scene = await bobsRoom();
  await scene.cancel();
  await assert.rejects(scene.restore("alice"), NotFound);
});

Deno.test("of Bob's restoring and Alice's asking at once, one succeeds, twenty times", async () => {
  await using scene = await bobsRoom();
  for (let round = 0; round < 20; round++) {
    await scene.cancel();
    const both = await Promise.allSettled([scene.restore("bob"), scene.ask("alice")]);
    const failed = both.filter((one) => one.status === "rejected");
    assert.deepEqual(failed.map((one) => one.reason.name), ["Conflict"]);
    if (both[1].status === "fulfilled") {
      await cancel(scene.sql, scene.cast.alice, { id: both[1].value }, NOW);
      await scene.restore("bob");
    }
  }
});

Deno.test("Bob cannot take back what Sam cancelled; Sam can", async () => {
  await using scene = await bobsRoom();
  await scene.cancel("sam", "The room is being painted");
  await assert.rejects(scene.restore("bob"), Forbidden);
  assert.deepEqual(await stateOf(scene), ["cancelled", false]);
  await scene.restore("sam");
  assert.deepEqual(await stateOf(scene), ["approved", true]);
});
