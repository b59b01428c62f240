import assert from "node:assert/strict";
import { approve, deny } from "../../domain/approvals.ts";
import { mayDecide } from "../../domain/approvers.ts";
import { bump } from "../../domain/bumps.ts";
import { delegate, endDelegation, listDelegations } from "../../domain/delegations.ts";
import { change, rescheduleAsApprover } from "../../domain/edits.ts";
import { Forbidden, Invalid } from "../../domain/errors.ts";
import { addMember, createGroup, removeMember } from "../../domain/groups.ts";
import { dropApprover, nameApprover } from "../../domain/resource_approvers.ts";
import { approveChange, getProposal } from "../../domain/proposals.ts";
import { ask } from "../../domain/questions.ts";
import { countPending, listPending } from "../../domain/queue.ts";
import { request } from "../../domain/requests.ts";
import { getReservation } from "../../domain/reservations.ts";
import { newId } from "../../lib/ids.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { holdUp } from "../support/gate.ts";
import { assertSound } from "../support/invariants.ts";

const TEN = on("2026-05-05", "10:00", "11:00");
const LATER = on("2026-05-05", "14:00", "15:00");

/** A hall that names no approvers, and a lab that names those it is given; both want approval. */
async function hallAndLab(...named: ("sam" | "sue" | "ada")[]) {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const hall = await makeResource(sql, cast.ada, { name: "Hall", requires_approval: true });
  const lab = await makeResource(sql, cast.ada, { name: "Lab", requires_approval: true });
  for (const who of named) {
    await nameApprover(sql, cast.ada, { id: lab.id, approver: `user:${cast[who].id}` }, NOW);
  }
  const ask = async (who: keyof typeof cast, rooms = [lab], period = TEN) => {
    const wish = { ...period, resource_ids: rooms.map((room) => room.id) };
    const { id } = await request(sql, cast[who], wish, NOW);
    return await getReservation(sql, cast[who], id);
  };
  /** Who of those who decide may decide on it. */
  const deciders = async (of: Awaited<ReturnType<typeof ask>>, now = NOW) => {
    const found: string[] = [];
    for (const who of ["bob", "sam", "sue", "ada"] as const) {
      const one = await mayDecide(sql, cast[who], of, now);
      const listed = who === "bob" ? [] : await listPending(sql, cast[who], { limit: 50, all: true }, now);
      // The queue and the question agree, whatever the answer.
      assert.equal(listed.some(({ id }) => id === of.id), one, `the queue of ${who}`);
      if (one) found.push(who);
    }
    return found;
  };
  const queueOf = async (who: "sam" | "sue" | "ada", all = false) =>
    (await listPending(sql, cast[who], { limit: 50, all }, NOW)).map(({ id }) => id);
  return {
    ...database,
    ...{ cast, hall, lab, ask, deciders, queueOf },
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

Deno.test("where nobody is named all staff decide", async () => {
  await using scene = await hallAndLab();
  assert.deepEqual(await scene.deciders(await scene.ask("bob")), ["sam", "sue", "ada"]);
});

Deno.test("where some are named only those decide, and administrators", async () => {
  await using scene = await hallAndLab("sam");
  const wish = await scene.ask("bob");
  assert.deepEqual(await scene.deciders(wish), ["sam", "ada"]);
  await assert.rejects(
    approve(scene.sql, scene.cast.sue, { id: wish.id }, NOW),
    new Forbidden("You may not decide on this request: others are named to decide there"),
  );
  await assert.rejects(ask(scene.sql, scene.cast.sue, { id: wish.id, question: "Why?" }, NOW), Forbidden);
});

Deno.test("whoever is in a group that is named decides, until they leave it or approve no more", async () => {
  await using scene = await hallAndLab();
  const { sql, cast, lab } = scene;
  const id = await createGroup(sql, cast.ada, { name: "Lab people" }, NOW);
  for (const { email } of [cast.sue, cast.bob]) await addMember(sql, cast.ada, { id, email }, NOW);
  await nameApprover(sql, cast.ada, { id: lab.id, approver: `group:${id}` }, NOW);
  const wish = await scene.ask("alice");
  assert.deepEqual(await scene.deciders(wish), ["sue", "ada"]);
  await sql`update users set role = 'user' where id = ${cast.sue.id}`;
  assert.deepEqual(await scene.deciders(wish), ["ada"]);
  await sql`update users set role = 'staff' where id = ${cast.sue.id}`;
  await removeMember(sql, cast.ada, { id, user_id: cast.sue.id }, NOW);
  assert.deepEqual(await scene.deciders(wish), ["ada"]);
  await dropApprover(sql, cast.ada, { id: lab.id, approver: `group:${id}` }, NOW);
  assert.deepEqual(await scene.deciders(wish), ["sam", "sue", "ada"]);
});

Deno.test("whoever decides on one resource of two does not decide on both", async () => {
  await using scene = await hallAndLab("sam");
  assert.deepEqual(await scene.deciders(await scene.ask("bob", [scene.hall, scene.lab])), ["sam", "ada"]);
  const other = await makeResource(scene.sql, scene.cast.ada, { name: "Other", requires_approval: true });
  await nameApprover(scene.sql, scene.cast.ada, { id: other.id, approver: `user:${scene.cast.sue.id}` }, NOW);
  assert.deepEqual(await scene.deciders(await scene.ask("bob", [other, scene.lab], LATER)), ["ada"]);
});

Deno.test("nobody decides on their own, neither staff nor an administrator", async () => {
  await using scene = await hallAndLab();
  assert.deepEqual(await scene.deciders(await scene.ask("sam")), ["sue", "ada"]);
  assert.deepEqual(await scene.deciders(await scene.ask("ada", [scene.lab], LATER)), ["sam", "sue"]);
});

Deno.test("where the policy says so, approvers decide on their own; users never", async () => {
  await using scene = await hallAndLab("sam");
  const row = { id: newId(), name: "Trust", self_approval: true, created_at: `${NOW}`, updated_at: `${NOW}` };
  await scene.sql`insert into policies ${scene.sql(row)}`;
  await scene.sql`update resources set policy_id = ${row.id}, version = version + 1`;
  assert.deepEqual(await scene.deciders(await scene.ask("sam")), ["sam", "ada"]);
  assert.deepEqual(await scene.deciders(await scene.ask("ada")), ["sam", "ada"]);
  assert.deepEqual(await scene.deciders(await scene.ask("sue")), ["sam", "ada"]);
  assert.deepEqual(await scene.deciders(await scene.ask("bob")), ["sam", "ada"]);
});

Deno.test("an administrator decides on their own where nobody else could, and only there", async () => {
  await using scene = await hallAndLab();
  const own = await scene.ask("ada");
  assert.deepEqual(await scene.deciders(own), ["sam", "sue"]);
  await scene.sql`update users set disabled_at = ${NOW} where role = 'staff'`;
  assert(await mayDecide(scene.sql, scene.cast.ada, own, NOW));
  assert.deepEqual(await scene.queueOf("ada"), [own.id]);
  await approve(scene.sql, scene.cast.ada, { id: own.id }, NOW);
});

Deno.test("staff do not decide on their own, even where nobody else is named: it goes to the administrators", async () => {
  await using scene = await hallAndLab("sam");
  const own = await scene.ask("sam");
  assert.deepEqual(await scene.deciders(own), ["ada"]);
  assert.deepEqual([await scene.queueOf("ada"), await scene.queueOf("sam")], [[own.id], []]);
});

Deno.test("an administrator's queue has what is theirs, and with the filter all that they may decide", async () => {
  await using scene = await hallAndLab("sam");
  const named = await scene.ask("bob");
  const open = await scene.ask("bob", [scene.hall]);
  assert.deepEqual(await scene.queueOf("ada"), [open.id]);
  assert.deepEqual((await scene.queueOf("ada", true)).toSorted(), [named.id, open.id].toSorted());
  assert.equal(await countPending(scene.sql, scene.cast.ada, NOW), 1);
  assert.equal(await countPending(scene.sql, scene.cast.sam, NOW), 2);
  assert.equal(await countPending(scene.sql, scene.cast.sue, NOW), 1);
});

Deno.test("what nobody could decide any more goes to the administrators", async () => {
  await using scene = await hallAndLab("sam");
  const wish = await scene.ask("bob");
  assert.deepEqual(await scene.queueOf("ada"), []);
  await scene.sql`update users set disabled_at = ${NOW} where id = ${scene.cast.sam.id}`;
  assert.deepEqual(await scene.queueOf("ada"), [wish.id]);
});

const AWAY = { from: "2026-05-04", until: "2026-05-05" };

Deno.test("whoever stands in decides from the first day to the last, and no longer", async () => {
  await using scene = await hallAndLab("sam");
  const { sql, cast } = scene;
  const wish = await scene.ask("bob", [scene.lab], on("2026-05-20", "10:00", "11:00"));
  await delegate(sql, cast.sam, { to_user_id: cast.sue.id, ...AWAY }, NOW);
  const midnight = on("2026-05-06", "00:00", "01:00").start_time;
  assert.deepEqual(await scene.deciders(wish), ["sam", "sue", "ada"]);
  assert.deepEqual(await scene.deciders(wish, midnight.subtract({ seconds: 1 })), ["sam", "sue", "ada"]);
  assert.deepEqual(await scene.deciders(wish, midnight), ["sam", "ada"]);
  const [{ id }] = await listDelegations(sql, cast.sam, NOW);
  await endDelegation(sql, cast.sam, id, NOW);
  assert.deepEqual(await scene.deciders(wish), ["sam", "ada"]);
});

Deno.test("whoever stands in does not decide on what the absent or they themselves ask for", async () => {
  await using scene = await hallAndLab("sam");
  const { sql, cast } = scene;
  await delegate(sql, cast.sam, { to_user_id: cast.sue.id, ...AWAY }, NOW);
  assert.deepEqual(await scene.deciders(await scene.ask("sam")), ["ada"]);
  assert.deepEqual(await scene.deciders(await scene.ask("sue")), ["sam", "ada"]);
});

Deno.test("whoever stands in for an administrator decides on everything but that one's own", async () => {
  await using scene = await hallAndLab("sam");
  const { sql, cast } = scene;
  await delegate(sql, cast.ada, { to_user_id: cast.sue.id, ...AWAY }, NOW);
  assert.deepEqual(await scene.deciders(await scene.ask("bob")), ["sam", "sue", "ada"]);
  assert.deepEqual(await scene.deciders(await scene.ask("ada")), ["sam"]);
});

Deno.test("an absence is refused in words where it makes no sense", async (t) => {
  await using scene = await hallAndLab();
  const { sql, cast } = scene;
  const typed = { to_user_id: cast.sue.id, ...AWAY };
  for (
    const [what, wrong, path] of [
      ["to oneself", { to_user_id: cast.sam.id }, "to_user_id"],
      ["to somebody who approves nothing", { to_user_id: cast.bob.id }, "to_user_id"],
      ["that ends before it begins", { until: "2026-05-03" }, "until"],
      ["that has passed", { from: "2026-05-01", until: "2026-05-02" }, "until"],
    ] as const
  ) {
    await t.step(what, async () => {
      const error = await delegate(sql, cast.sam, { ...typed, ...wrong }, NOW).catch((error) => error);
      assert(error instanceof Invalid, `${error}`);
      assert.equal(error.issues[0].path, path);
    });
  }
  await assert.rejects(delegate(sql, cast.bob, typed, NOW), Forbidden);
});

Deno.test("an approver of one room does not move a reservation into another's without being asked", async () => {
  await using scene = await hallAndLab("sue");
  const { sql, cast, hall, lab } = scene;
  const { id } = await scene.ask("bob", [hall]);
  await approve(sql, cast.sam, { id }, NOW);
  const slot = { id, resource_ids: [lab.id] };
  assert.equal(await rescheduleAsApprover(sql, cast.sam, slot, NOW), "proposed");
  assert.equal((await getReservation(sql, cast.bob, id)).resources[0].name, "Hall");
  const change = (await getProposal(sql, id, NOW))!.id;
  await assert.rejects(approveChange(sql, cast.sam, { id, change }, NOW), Forbidden);
  await approveChange(sql, cast.sue, { id, change }, NOW);
  assert.equal((await getReservation(sql, cast.bob, id)).resources[0].name, "Lab");
});

Deno.test("staff who are not named neither bump nor move there, and what they edit waits", async () => {
  await using scene = await hallAndLab("sue");
  const { sql, cast } = scene;
  const { id } = await scene.ask("bob");
  await approve(sql, cast.sue, { id }, NOW);
  await assert.rejects(bump(sql, cast.sam, { id, reason: "Mine" }, NOW), Forbidden);
  await assert.rejects(rescheduleAsApprover(sql, cast.sam, { id, ...LATER }, NOW), Forbidden);
  assert.equal(await change(sql, cast.sam, id, LATER, NOW), "proposed");
});

for (const [what, decide] of Object.entries({ approve, deny, bump: undefined })) {
  Deno.test(`who asks to ${what} what is being moved to where others decide does not decide there`, async () => {
    await using scene = await hallAndLab("sue");
    const { sql, cast, hall, lab } = scene;
    const { id, version } = await scene.ask("bob", [hall]);
    if (!decide) await approve(sql, cast.sam, { id }, NOW);
    // Sam may decide by what he reads, and before his decision is written it is moved.
    const gate = await holdUp(scene, async (tx) => {
      await tx`lock table reservations in share row exclusive mode`;
      await change(tx, cast.ada, id, { resource_ids: [lab.id] }, NOW);
    }, { stays: true });
    const step = { id, reason: "Because" };
    const deciding = decide
      ? decide(sql, cast.sam, { ...step, version: version + 1 }, NOW)
      : bump(sql, cast.sam, step, NOW);
    const refused = assert.rejects(deciding, Forbidden);
    await gate.crowded(1);
    await gate.open();
    await refused;
    const { status, resources } = await getReservation(sql, cast.ada, id);
    assert.deepEqual([status, resources.map((one) => one.name)], [decide ? "pending" : "approved", ["Lab"]]);
  });
}
