import assert from "node:assert/strict";
import { approve } from "../../domain/approvals.ts";
import { close, NewClosure } from "../../domain/closures.ts";
import { change } from "../../domain/edits.ts";
import { Conflict } from "../../domain/errors.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { approveChange, getProposal } from "../../domain/proposals.ts";
import { getPending, listChanges } from "../../domain/queue.ts";
import { request } from "../../domain/requests.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const DAY = "2026-05-05";
const TEN = on(DAY, "10:00", "11:00");
const TWO = on(DAY, "14:00", "15:00");

/** A hall of which half an hour before and after is kept free, that wants approval, and that Bob has at ten. */
async function bobsHall({ units = 1 } = {}) {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const rules = {
    ...NO_RULES,
    name: "Hall",
    approval: "always" as const,
    buffer_before: 30,
    buffer_after: 30,
  };
  const policy_id = await createPolicy(sql, cast.ada, rules, NOW);
  const hall = await makeResource(sql, cast.ada, { name: "Hall", policy_id, units });
  const ask = async (who: keyof typeof cast, period = TEN) =>
    (await request(sql, cast[who], { ...period, resource_ids: [hall.id] }, NOW)).id;
  const has = async (who: keyof typeof cast, period = TEN) => {
    const id = await ask(who, period);
    await approve(sql, cast.sue, { id }, NOW);
    return id;
  };
  const id = await has("bob");
  return {
    ...database,
    ...{ cast, hall, id, ask, has },
    wants: (period: ReturnType<typeof on>) => change(sql, cast.bob, id, period, NOW),
    inTheWay: async () =>
      (await listChanges(sql, cast.sam, { limit: 10 }, NOW)).map(({ conflicts }) =>
        conflicts.map((one) => one.reference ?? one.purpose)
      ),
    approve: async () => {
      const { id: change } = (await getProposal(sql, id, NOW))!;
      return await approveChange(sql, cast.sam, { id, change }, NOW);
    },
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a change whose buffer is taken is not asked for: it would wait for nothing", async () => {
  await using scene = await bobsHall();
  await scene.has("alice", on(DAY, "15:45", "17:00"));
  await assert.rejects(scene.wants(TWO), /already taken by Alice Asker/);
});

Deno.test("what the buffer of a change meets stands in its way in the queue, as the constraint finds it", async () => {
  await using scene = await bobsHall();
  assert.equal(await scene.wants(TWO), "proposed");
  await scene.has("alice", on(DAY, "15:45", "17:00"));
  assert.deepEqual(await scene.inTheWay(), [["R-2"]]);
  await assert.rejects(scene.approve(), Conflict);
});

Deno.test("what lies just beyond both buffers is not in the way of a change, as the constraint finds", async () => {
  await using scene = await bobsHall();
  assert.equal(await scene.wants(TWO), "proposed");
  await scene.has("alice", on(DAY, "16:00", "17:00"));
  assert.deepEqual(await scene.inTheWay(), [[]]);
  await scene.approve();
});

Deno.test("nothing is in the way of a change as long as a unit is free of it with its buffers", async () => {
  await using scene = await bobsHall({ units: 2 });
  assert.equal(await scene.wants(TWO), "proposed");
  await scene.has("alice", on(DAY, "15:45", "17:00"));
  assert.deepEqual(await scene.inTheWay(), [[]]);
  await scene.approve();
});

Deno.test("a closure that the buffer of a change meets stands in its way in the queue", async () => {
  await using scene = await bobsHall();
  assert.equal(await scene.wants(TWO), "proposed");
  const shut = { reason: "Painters", resource_ids: [scene.hall.id] };
  const wall = { start_wall: `${DAY}T15:15`, end_wall: `${DAY}T18:00` };
  await close(scene.sql, scene.cast.ada, NewClosure.parse({ ...shut, ...wall }), NOW);
  assert.deepEqual(await scene.inTheWay(), [["Painters"]]);
  await assert.rejects(scene.approve(), Conflict);
});

Deno.test("who wants a time within the buffer of a request stands beside it in the queue", async () => {
  await using scene = await bobsHall();
  const one = await scene.ask("mallory", TWO);
  const other = await scene.ask("alice", on(DAY, "15:45", "17:00"));
  const beyond = await scene.ask("alice", on(DAY, "16:00", "17:00"));
  const { competitors } = await getPending(scene.sql, scene.cast.sam, one, NOW);
  assert.deepEqual(competitors.map((c) => c.reservation_id), [other]);
  assert.notEqual(beyond, other);
});
