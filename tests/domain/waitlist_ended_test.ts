import assert from "node:assert/strict";
import { deactivateUser, reactivateUser } from "../../domain/accounts.ts";
import { requestAny } from "../../domain/any_of.ts";
import { cancel } from "../../domain/edits.ts";
import { Conflict } from "../../domain/errors.ts";
import { accept, decline } from "../../domain/offer_answers.ts";
import { request } from "../../domain/requests.ts";
import { sweep } from "../../domain/sweep.ts";
import { AT_MOST, join } from "../../domain/waitlist.ts";
import { getEntry, listWaitlist } from "../../domain/waitlist_entries.ts";
import { type Cast, NOW, on } from "../support/cast.ts";
import { house, TEN } from "../support/house.ts";

// What has ended by the clock has ended everywhere, whether the sweep has said so or not; and who cannot sign in any
// more is offered nothing.

const EXPIRED = NOW.add({ minutes: 30 });

/** A room that Bob had: it is offered to Alice, and whoever else is named waits after her. */
async function offeredRoom(...others: (keyof Cast)[]) {
  const home = await house();
  const { sql, cast } = home;
  const room = await home.make({ name: "Room" });
  const wish = { ...TEN, resource_ids: [room.id] };
  const { id } = await request(sql, cast.bob, wish, NOW);
  const entry = await join(sql, cast.alice, wish, NOW);
  for (const who of others) await join(sql, cast[who], wish, NOW);
  await cancel(sql, cast.bob, { id }, NOW);
  return Object.assign(home, {
    ...{ room, wish, entry },
    close: (who: keyof Cast, future: "keep" | "cancel" = "keep") =>
      deactivateUser(sql, cast.ada, { id: cast[who].id, future, reason: "" }, NOW),
    /** Who is offered something, and who waits in which place. */
    async open(now = NOW) {
      const open = await listWaitlist(sql, cast.sam, { open: true, limit: 200 }, now);
      return open.map(({ requester_name, offer, place }) =>
        `${requester_name.split(" ")[0]} ${offer ? "is offered it" : place}`
      );
    },
  });
}

Deno.test("an offer that has expired while the sweep was down is in the way of nobody", async (t) => {
  const ways: Record<string, (home: Awaited<ReturnType<typeof offeredRoom>>) => Promise<unknown>> = {
    "who asks for the room": ({ sql, cast, wish }) => request(sql, cast.mallory, wish, EXPIRED),
    "who asks for any room": ({ sql, cast }) =>
      requestAny(sql, cast.mallory, { ...TEN, any_of: { kind: "room" } }, EXPIRED),
    "who asks for a part of the time": ({ sql, cast, room }) =>
      request(sql, cast.mallory, { ...on("2026-05-05", "10:15", "10:30"), resource_ids: [room.id] }, EXPIRED),
  };
  for (const [who, ask] of Object.entries(ways)) {
    await t.step(who, async () => {
      await using home = await offeredRoom();
      const { sql, cast, entry } = home;
      await ask(home);
      assert.deepEqual(await home.open(EXPIRED), []);
      const [{ status }] = await sql`select status from waitlist where id = ${entry.id}`;
      assert.equal(status, "expired", "it is on record in the same moment");
      await assert.rejects(accept(sql, cast.alice, { id: entry.id }, EXPIRED), /it expired|already expired/);
    });
  }
});

Deno.test("of offers that have expired unseen, whoever asks for any room gets none that others wait for", async () => {
  await using home = await offeredRoom("sue");
  const { sql, cast } = home;
  const any = requestAny(sql, cast.mallory, { ...TEN, any_of: { kind: "room" } }, EXPIRED);
  await assert.rejects(any, (error: Conflict) => /No room is free then/.test(error.message));
  assert.deepEqual(await home.open(EXPIRED), ["Sue is offered it"]);
});

Deno.test("an offer that has expired unseen counts nowhere: not in lists, places, nor how much one waits for", async () => {
  await using home = await offeredRoom();
  const { sql, cast, wish, entry } = home;
  assert.deepEqual(await home.open(EXPIRED), []);
  const gone = await listWaitlist(sql, cast.alice, { status: "expired", limit: 9 }, EXPIRED);
  assert.deepEqual(gone.map(({ id, offer, place }) => [id, offer, place]), [[entry.id, null, null]]);
  await assert.rejects(
    decline(sql, cast.alice, { id: entry.id }, EXPIRED),
    /This offer cannot be declined: it expired at 09:30/,
  );
  const other = await home.make({ name: "Other" });
  await home.ask(other.id);
  for (let i = 1; i < AT_MOST; i++) {
    const later = { start_time: TEN.start_time.add({ seconds: i }), end_time: TEN.end_time };
    await join(sql, cast.alice, { ...later, resource_ids: [other.id] }, NOW);
  }
  const last = { ...TEN, resource_ids: [other.id] };
  await assert.rejects(join(sql, cast.alice, last, NOW), /at most 50 times at once/);
  assert.equal((await join(sql, cast.alice, last, EXPIRED)).status, "waiting");
  assert.equal((await request(sql, cast.sue, wish, EXPIRED)).status, "approved");
});

Deno.test("who let an offer pass may wait for the same time again, also before the sweep has looked", async () => {
  await using home = await offeredRoom("sue");
  const { sql, cast, wish } = home;
  const again = await join(sql, cast.alice, wish, EXPIRED);
  assert.deepEqual([again.status, again.place], ["waiting", 2]);
  assert.deepEqual(await home.open(EXPIRED), ["Sue is offered it", "Alice 2"]);
});

Deno.test("when an account is closed, what was offered to it goes to the next at once", async () => {
  for (const future of ["keep", "cancel"] as const) {
    await using home = await offeredRoom("mallory", "sue");
    await home.close("alice", future);
    assert.deepEqual((await home.open()).slice(1), ["Mallory is offered it", "Sue 2"], future);
  }
});

Deno.test("who cannot sign in is passed over, takes nobody's place, and is in order again when they can", async () => {
  await using home = await offeredRoom("mallory", "sue");
  const { sql, cast, entry } = home;
  await home.close("mallory");
  assert.deepEqual((await home.open()).filter((one) => !one.startsWith("Mallory")), [
    "Alice is offered it",
    "Sue 2",
  ]);
  await decline(sql, cast.alice, { id: entry.id }, NOW);
  assert.deepEqual((await home.open()).filter((one) => !one.startsWith("Mallory")), ["Sue is offered it"]);
  await sweep(sql, EXPIRED);
  assert.deepEqual((await home.open(EXPIRED)).length, 1, "only Mallory is left, and has no offer");
  await reactivateUser(sql, cast.ada, cast.mallory.id, EXPIRED);
  assert.deepEqual(await home.open(EXPIRED), ["Mallory is offered it"]);
  assert.equal((await getEntry(sql, cast.alice, entry.id, EXPIRED)).status, "declined");
});
