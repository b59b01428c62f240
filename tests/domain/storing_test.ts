import assert from "node:assert/strict";
import { Conflict } from "../../domain/errors.ts";
import { request } from "../../domain/requests.ts";
import { newId } from "../../lib/ids.ts";
import { makeCast, makeCrowd, makeResource, NOW, on } from "../support/cast.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { holdUp } from "../support/gate.ts";
import { assertSound } from "../support/invariants.ts";

const clock = (hour: number) => `${String(hour).padStart(2, "0")}:00`;
const hour = (from: number) => on("2026-05-05", clock(from), clock(from + 1));

async function openHouse(rooms: number) {
  const database = await testDatabase({ max: 20 });
  const { sql } = database;
  const cast = await makeCast(sql);
  const ids: string[] = [];
  for (let i = 1; i <= rooms; i++) ids.push((await makeResource(sql, cast.ada, { name: `Room ${i}` })).id);
  return { database, sql, cast, ids, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
}

/** How many statements have stored reservations since so many were sent. */
function storings({ statements }: TestDatabase, since: number): number {
  return statements.slice(since).filter((text) => text.includes("insert into reservations")).length;
}

Deno.test("many who ask at once are stored by a few statements, each with its own history and news", async () => {
  await using house = await openHouse(5);
  const { database, sql, cast, ids } = house;
  const crowd = await makeCrowd(sql, 40);
  await request(sql, cast.alice, { resource_ids: [ids[0]], ...hour(18) }, NOW);
  const since = database.statements.length;
  const made = await Promise.all(crowd.map((person, i) =>
    request(sql, person, {
      ...{ resource_ids: [ids[i % 5]], ...hour(8 + Math.floor(i / 5)), purpose: `Number ${i}` },
      ...{ private: i % 2 === 0, attendees: i + 1 },
    }, NOW)
  ));
  const count = storings(database, since);
  assert(count < 10, `${count} statements stored 40 reservations`);
  const kept = await sql`
    select v.id, v.reference, v.requester_id, v.purpose, v.private, v.attendees, h.actor_id,
      h.after_state ->> 'purpose' as purpose_on_record,
      (select count(*)::int from outbox o where o.reservation_id = v.id) as news
    from reservations v join history h on h.reservation_id = v.id where v.id = any(${
    made.map(({ id }) => id)
  })`;
  const byId = new Map(kept.map((one) => [one.id, one]));
  assert.equal(kept.length, 40);
  for (const [i, { id, reference }] of made.entries()) {
    const { id: requester_id } = crowd[i];
    const purpose = `Number ${i}`;
    assert.deepEqual({ ...byId.get(id) }, {
      ...{ id, reference, requester_id, purpose, private: i % 2 === 0, attendees: i + 1 },
      ...{ actor_id: requester_id, purpose_on_record: purpose, news: 1 },
    });
  }
  await assertSound(sql);
});

Deno.test("of those in one statement who want the same time one gets it, and the others are told who has it", async () => {
  await using house = await openHouse(1);
  const { sql, ids: [id] } = house;
  const crowd = await makeCrowd(sql, 20);
  const settled = await Promise.allSettled(
    crowd.map((person) => request(sql, person, { resource_ids: [id], ...hour(10) }, NOW)),
  );
  const refused = settled.flatMap((one) => one.status === "rejected" ? [one.reason] : []);
  assert.equal(refused.length, 19);
  for (const error of refused) {
    assert(error instanceof Conflict, `${error.stack}`);
    assert.equal(error.conflicts.length, 1);
  }
});

Deno.test("those whose time somebody is about to take wait for that, and keep nobody else waiting", async () => {
  await using house = await openHouse(10);
  const { database, sql, cast, ids: [wanted, ...free] } = house;
  const crowd = await makeCrowd(sql, 12);
  const slot = (id: string) => ({ resource_ids: [id], ...hour(10) });
  const gate = await holdUp(database, (tx) => request(tx, cast.alice, slot(wanted), NOW));
  // The first goes by itself and the others with everybody: all three have to wait.
  const waiting = [0, 1, 2].map((i) => request(sql, crowd[i], slot(wanted), NOW));
  await Promise.all(free.map((id, i) => request(sql, crowd[3 + i], slot(id), NOW)));
  await gate.crowded(3);
  await gate.open();
  const got = (await Promise.allSettled(waiting)).filter(({ status }) => status === "fulfilled");
  assert.equal(got.length, 1);
  await assertSound(sql);
});

Deno.test("whom the database refuses shares that with nobody in the same statement", async () => {
  await using house = await openHouse(8);
  const { sql, cast, ids } = house;
  const nobody = newId(NOW.epochMilliseconds);
  const settled = await Promise.allSettled(ids.map((id, i) =>
    request(sql, cast.sam, {
      ...{ resource_ids: [id], ...hour(10) },
      requester_id: i === 5 ? nobody : cast.bob.id,
    }, NOW)
  ));
  assert.deepEqual(settled.map(({ status }) => status === "fulfilled"), ids.map((_, i) => i !== 5));
  await assertSound(sql);
});
