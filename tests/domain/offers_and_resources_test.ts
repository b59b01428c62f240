import assert from "node:assert/strict";
import { cancel } from "../../domain/edits.ts";
import { Conflict } from "../../domain/errors.ts";
import { accept } from "../../domain/offer_answers.ts";
import { request } from "../../domain/requests.ts";
import { changeResource } from "../../domain/resources.ts";
import { join } from "../../domain/waitlist.ts";
import { getEntry } from "../../domain/waitlist_entries.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

// What becomes of an offer while what it is of is made otherwise.

const TEN = on("2026-05-05", "10:00", "11:00");

/** A hall of a stage, which is offered to Alice; beside a balcony. Sound when the test is over. */
async function offeredHall() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const stage = await makeResource(sql, cast.ada, { name: "Stage" });
  const balcony = await makeResource(sql, cast.ada, { name: "Balcony" });
  const hall = await makeResource(sql, cast.ada, { name: "Hall", part_ids: [stage.id] });
  const wish = { ...TEN, resource_ids: [hall.id] };
  const { id } = await request(sql, cast.bob, wish, NOW);
  const entry = await join(sql, cast.alice, wish, NOW);
  await cancel(sql, cast.bob, { id }, NOW);
  return {
    ...{ ...database, cast, stage, balcony, hall, entry },
    compose: (...parts: { id: string }[]) =>
      changeResource(sql, cast.ada, { id: hall.id, part_ids: parts.map((part) => part.id) }, NOW),
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a hall that is offered has the part that newly comes to it: nobody else can take that", async () => {
  await using scene = await offeredHall();
  const { sql, cast, balcony, stage, entry } = scene;
  await scene.compose(stage, balcony);
  await assert.rejects(request(sql, cast.bob, { ...TEN, resource_ids: [balcony.id] }, NOW), Conflict);
  assert.equal((await accept(sql, cast.alice, { id: entry.id }, NOW)).status, "approved");
});

Deno.test("who is offered a unit that there is no more is offered another, or waits on", async () => {
  await using database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const desks = await makeResource(sql, cast.ada, { name: "Desks", units: 2 });
  const wish = { ...TEN, resource_ids: [desks.id] };
  const first = await request(sql, cast.bob, wish, NOW);
  const second = await request(sql, cast.sue, wish, NOW);
  const entry = await join(sql, cast.alice, wish, NOW);
  const fewer = () => changeResource(sql, cast.ada, { id: desks.id, units: 1 }, NOW);
  const status = async () => (await getEntry(sql, cast.alice, entry.id, NOW)).status;
  await cancel(sql, cast.sue, { id: second.id }, NOW);
  assert.equal(await status(), "offered");
  await fewer();
  assert.equal(await status(), "waiting");
  await assertSound(sql);
  await changeResource(sql, cast.ada, { id: desks.id, units: 2 }, NOW);
  await cancel(sql, cast.bob, { id: first.id }, NOW);
  await fewer();
  assert.equal(await status(), "offered");
  await assertSound(sql);
});
