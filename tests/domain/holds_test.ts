import assert from "node:assert/strict";
import { approve } from "../../domain/approvals.ts";
import { cancel, reschedule, rescheduleAsApprover, restore } from "../../domain/edits.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { request } from "../../domain/requests.ts";
import { sweep } from "../../domain/sweep.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const TEN = on("2026-05-05", "10:00", "11:00");
const TWO = on("2026-05-05", "14:00", "15:00");
const later = (minutes: number) => NOW.add({ minutes });

/** A room whose requests hold it for an hour, and one whose requests hold nothing; Bob asks for the first. */
async function bobsRequest() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const room = async (name: string, holds: object) =>
    makeResource(sql, cast.ada, {
      name,
      policy_id: await createPolicy(sql, cast.ada, { ...NO_RULES, name, approval: "always", ...holds }, NOW),
    });
  const holding = await room("Holding", { pending_holds: true, hold_minutes: 60 });
  const loose = await room("Loose", {});
  const { id } = await request(sql, cast.bob, { ...TEN, resource_ids: [holding.id] }, NOW);
  return {
    ...database,
    ...{ cast, holding, loose, id },
    /** Whether it holds, and for how many minutes from NOW on. */
    hold: async () => {
      const [row] = await sql<{ holds: boolean; held_until: Temporal.Instant | null }[]>`
        select a.holds, v.held_until from reservations v join allocations a on a.reservation_id = v.id
        where v.id = ${id}`;
      return [row.holds, row.held_until && NOW.until(row.held_until).total("minutes")];
    },
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a request that Bob moves holds its new slot for as long as a new one would, from then on", async () => {
  await using scene = await bobsRequest();
  await reschedule(scene.sql, scene.cast.bob, scene.id, TWO, later(30));
  assert.deepEqual(await scene.hold(), [true, 90]);
});

Deno.test("a request that an approver moves holds its new slot for as long as a new one would", async () => {
  await using scene = await bobsRequest();
  await rescheduleAsApprover(scene.sql, scene.cast.sam, { id: scene.id, ...TWO }, later(30));
  assert.deepEqual(await scene.hold(), [true, 90]);
});

Deno.test("what a moved request held first does not let its new slot go", async () => {
  await using scene = await bobsRequest();
  await reschedule(scene.sql, scene.cast.bob, scene.id, TWO, later(30));
  await sweep(scene.sql, later(89));
  assert.deepEqual(await scene.hold(), [true, 90]);
  await sweep(scene.sql, later(90));
  assert.deepEqual(await scene.hold(), [false, null]);
});

Deno.test("a request whose hold is over holds again where it is moved to", async () => {
  await using scene = await bobsRequest();
  await sweep(scene.sql, later(60));
  await reschedule(scene.sql, scene.cast.bob, scene.id, TWO, later(70));
  assert.deepEqual(await scene.hold(), [true, 130]);
});

Deno.test("a request that is moved to where requests hold nothing has no limit left", async () => {
  await using scene = await bobsRequest();
  const slot = { ...TWO, resource_ids: [scene.loose.id] };
  await reschedule(scene.sql, scene.cast.bob, scene.id, slot, later(30));
  assert.deepEqual(await scene.hold(), [false, null]);
});

Deno.test("a request whose cancellation is taken back holds its slot for as long as a new one would", async () => {
  await using scene = await bobsRequest();
  await cancel(scene.sql, scene.cast.bob, { id: scene.id }, later(30));
  assert.deepEqual(await scene.hold(), [false, null]);
  await restore(scene.sql, scene.cast.bob, scene.id, later(35));
  assert.deepEqual(await scene.hold(), [true, 95]);
});

Deno.test("what is approved holds without a limit", async () => {
  await using scene = await bobsRequest();
  await approve(scene.sql, scene.cast.sam, { id: scene.id }, later(30));
  assert.deepEqual(await scene.hold(), [true, null]);
});
