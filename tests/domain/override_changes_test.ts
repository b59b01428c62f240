import assert from "node:assert/strict";
import { approve } from "../../domain/approvals.ts";
import { close, NewClosure } from "../../domain/closures.ts";
import { change } from "../../domain/edits.ts";
import { Conflict, Forbidden } from "../../domain/errors.ts";
import { nameApprover } from "../../domain/resource_approvers.ts";
import { listHistory } from "../../domain/history.ts";
import { approveChange, getProposal, inTheWayOfChange } from "../../domain/proposals.ts";
import { request } from "../../domain/requests.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const DAY = "2026-05-05";
const reason = "The mayor comes";

/** Bob has the hall at ten and wants it at two; Alice and Mallory got hold of that since. */
async function bobsWish() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const hall = await makeResource(sql, cast.ada, { name: "Hall", requires_approval: true });
  const has = async (who: keyof typeof cast, from: string, to: string) => {
    const { id } = await request(sql, cast[who], { ...on(DAY, from, to), resource_ids: [hall.id] }, NOW);
    await approve(sql, cast.sue, { id }, NOW);
    return id;
  };
  const id = await has("bob", "10:00", "11:00");
  await change(sql, cast.bob, id, on(DAY, "14:00", "16:00"), NOW);
  const proposal = (await getProposal(sql, id, NOW))!;
  const hers = await has("alice", "14:00", "15:00");
  const theirs = await has("mallory", "15:00", "16:00");
  const seen = () => inTheWayOfChange(sql, id, proposal, NOW);
  const slots = async () => {
    const rows = await sql`
      select v.id, v.status, to_char(v.start_time at time zone 'Europe/Berlin', 'HH24:MI') as from, a.holds
      from reservations v join allocations a on a.reservation_id = v.id order by v.number`;
    return rows.map((row) => `${row.status} ${row.from}${row.holds ? ", holds" : ""}`);
  };
  return {
    ...database,
    ...{ cast, hall, has, id, hers, theirs, seen, slots, proposal },
    override: (bumps?: string[], who: keyof typeof cast = "sam") =>
      approveChange(
        sql,
        cast[who],
        { id, change: proposal.id, force_override: true, reason, bumps },
        NOW,
      ),
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

Deno.test("everything that an approved change would bump is known before it is", async () => {
  await using scene = await bobsWish();
  const { holders, closures } = await scene.seen();
  assert.deepEqual([holders.map((one) => one.id), closures.length], [[scene.hers, scene.theirs].sort(), 0]);
});

Deno.test("a change that is approved with override bumps all that is in its way, and nothing else", async () => {
  await using scene = await bobsWish();
  await scene.has("alice", "16:00", "17:00");
  await scene.override([scene.hers, scene.theirs]);
  assert.deepEqual(await scene.slots(), [
    "approved 14:00, holds",
    "bumped 14:00",
    "bumped 15:00",
    "approved 16:00, holds",
  ]);
});

Deno.test("each whom a change bumps has one entry and one event of it, with the reason and for whom", async () => {
  await using scene = await bobsWish();
  await scene.override();
  for (const id of [scene.hers, scene.theirs]) {
    const bumps = (await listHistory(scene.sql, id)).filter(({ action }) => action === "bump");
    assert.deepEqual(bumps.map(({ details }) => details), [{ for: scene.id, reason }]);
    const events = await scene.sql`
      select event from outbox where reservation_id = ${id} and event = 'reservation.bumped'`;
    assert.equal(events.length, 1);
  }
  const moves = (await listHistory(scene.sql, scene.id)).filter(({ action }) => action === "reschedule");
  assert.deepEqual(moves.map(({ details }) => (details.bumped as string[]).toSorted()), [
    [scene.hers, scene.theirs].sort(),
  ]);
});

Deno.test("without override, what is in the way of a change refuses it, and nothing has changed", async () => {
  await using scene = await bobsWish();
  const before = await scene.slots();
  const work = approveChange(scene.sql, scene.cast.sam, { id: scene.id, change: scene.proposal.id }, NOW);
  await assert.rejects(work, /already taken by Alice Asker/);
  assert.deepEqual(await scene.slots(), before);
});

Deno.test("where something else is in the way of a change than what was shown, nothing is bumped", async () => {
  await using scene = await bobsWish();
  const before = await scene.slots();
  await assert.rejects(scene.override([scene.hers]), /has changed since you looked at it/);
  assert.deepEqual(await scene.slots(), before);
  assert.equal((await getProposal(scene.sql, scene.id, NOW))?.id, scene.proposal.id);
});

Deno.test("a closure in the way of a change, also where others were left in it, is named before and opened by nobody", async () => {
  await using scene = await bobsWish();
  const shut = {
    reason: "Painters",
    resource_ids: [scene.hall.id],
    start_wall: `${DAY}T13:00`,
    end_wall: `${DAY}T15:30`,
    reservations: "leave",
  };
  await close(scene.sql, scene.cast.ada, NewClosure.parse(shut), NOW);
  assert.deepEqual((await scene.seen()).closures.map((one) => one.reason), ["Painters"]);
  const before = await scene.slots();
  await assert.rejects(scene.override(), /Hall is closed then: Painters|already taken/);
  assert.deepEqual(await scene.slots(), before);
});

Deno.test("whoever has checked in is not bumped by a change", async () => {
  await using scene = await bobsWish();
  await scene.sql`update reservations set status = 'checked_in' where id = ${scene.hers}`;
  await assert.rejects(scene.override(), /in use by Alice Asker/);
  await scene.sql`update reservations set status = 'approved' where id = ${scene.hers}`;
  assert.equal((await scene.slots())[0], "approved 10:00, holds");
});

Deno.test("two who override the same change at once: one does, and the other reads that it is gone", async () => {
  await using scene = await bobsWish();
  const settled = await Promise.allSettled([scene.override(), scene.override(undefined, "sue")]);
  assert.deepEqual(settled.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  const failed = settled.find((one) => one.status === "rejected") as PromiseRejectedResult;
  assert(failed.reason instanceof Conflict);
  assert.match(failed.reason.message, /no longer asked for/);
});

Deno.test("who does not decide there overrides nothing there", async () => {
  await using scene = await bobsWish();
  await nameApprover(
    scene.sql,
    scene.cast.ada,
    { id: scene.hall.id, approver: `user:${scene.cast.sue.id}` },
    NOW,
  );
  await assert.rejects(scene.override(), Forbidden);
  await assert.rejects(scene.override(undefined, "bob"), Forbidden);
});
