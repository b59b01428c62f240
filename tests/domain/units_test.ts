import assert from "node:assert/strict";
import fc from "fast-check";
import { approve } from "../../domain/approvals.ts";
import { availabilityOf } from "../../domain/availability.ts";
import { close, NewClosure } from "../../domain/closures.ts";
import { cancel, change, restore } from "../../domain/edits.ts";
import { Conflict, Invalid } from "../../domain/errors.ts";
import { freeUnitsOf } from "../../domain/free_units.ts";
import type { Actor } from "../../domain/permissions.ts";
import { approveChange, getProposal } from "../../domain/proposals.ts";
import { getReservationAt } from "../../domain/past.ts";
import { explain, request } from "../../domain/requests.ts";
import { getReservation } from "../../domain/reservations.ts";
import { listResources } from "../../domain/resource_list.ts";
import { changeResource, type NewResource } from "../../domain/resources.ts";
import { createSeries, getSeries } from "../../domain/series.ts";
import { changeDates } from "../../domain/series_changes.ts";
import { at, makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const DAY = "2026-05-05";
const TEN = on(DAY, "10:00", "11:00");

/** Five projectors, and ways to ask for some of them; what is stored is sound when the test is over. */
async function projectors(resource: Partial<NewResource> = {}) {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const { id } = await makeResource(sql, cast.ada, { name: "Projector", units: 5, ...resource });
  return {
    ...database,
    cast,
    id,
    ask: (who: Actor, quantity: number, period = TEN, now = NOW) =>
      request(sql, who, { ...period, resource_ids: [id], quantities: { [id]: quantity } }, now),
    unitsOf: async (reservation_id: string) => {
      const rows = await sql<{ unit: number }[]>`
        select unit from allocations where reservation_id = ${reservation_id} and holds order by unit`;
      return rows.map(({ unit }) => unit);
    },
    quantityOf: async (reservation: string) =>
      (await getReservation(sql, cast.ada, reservation)).resources.map(({ quantity }) => quantity),
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

async function refused(work: Promise<unknown>): Promise<Conflict> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error;
}

Deno.test("who asks for three has the three lowest that are free", async () => {
  await using scene = await projectors();
  const { alice, bob } = scene.cast;
  const first = await scene.ask(alice, 1);
  const three = await scene.ask(bob, 3);
  assert.deepEqual(await scene.unitsOf(three.id), [2, 3, 4]);
  await cancel(scene.sql, alice, { id: first.id }, NOW);
  assert.deepEqual(await scene.unitsOf((await scene.ask(alice, 2)).id), [1, 5]);
});

Deno.test("where too few are free, it is said how many, nothing is taken, and slots with enough are offered", async () => {
  await using scene = await projectors();
  const { alice, bob } = scene.cast;
  await scene.ask(alice, 3);
  const error = await refused(scene.ask(bob, 3));
  assert.equal(error.message, "Only 2 of 5 Projector are free then");
  assert.deepEqual(error.conflicts.length, 1);
  assert(error.alternatives.length > 0);
  for (const { start_time, end_time } of error.alternatives) {
    await scene.ask(bob, 3, { start_time, end_time }).then(({ id }) => cancel(scene.sql, bob, { id }, NOW));
  }
  assert.equal((await scene.ask(bob, 2)).status, "approved");
});

Deno.test("more than there are is refused in words, and so is how many of what is not asked for", async () => {
  await using scene = await projectors();
  const { alice } = scene.cast;
  assert.equal((await refused(scene.ask(alice, 6))).message, "There are 5 of Projector");
  const other = await makeResource(scene.sql, scene.cast.ada, { name: "Other" });
  const wish = { ...TEN, resource_ids: [scene.id], quantities: { [other.id]: 2 } };
  await assert.rejects(request(scene.sql, alice, wish, NOW), Invalid);
});

Deno.test("each unit has room for as many people as a unit is for", async () => {
  await using scene = await projectors({ name: "Desk", capacity: 2 });
  const ask = (quantity: number, attendees: number) =>
    request(
      scene.sql,
      scene.cast.alice,
      { ...TEN, resource_ids: [scene.id], quantities: { [scene.id]: quantity }, attendees },
      NOW,
    );
  assert.equal((await refused(ask(2, 5))).message, "2 × Desk are for at most 4 people");
  assert.equal((await ask(2, 4)).status, "approved");
});

Deno.test("how many are free when is told for a period, and who needs several finds only where they are", async () => {
  await using scene = await projectors();
  const { sql, cast, id } = scene;
  await scene.ask(cast.alice, 3);
  await scene.ask(cast.bob, 1, on(DAY, "10:30", "12:00"));
  const window = on(DAY, "09:00", "13:00");
  const { counts, busy } = await availabilityOf(sql, id, { ...window, quantity: 2 }, NOW);
  assert.deepEqual(counts, [
    { ...on(DAY, "09:00", "10:00"), free_units: 5 },
    { ...on(DAY, "10:00", "10:30"), free_units: 2 },
    { ...on(DAY, "10:30", "11:00"), free_units: 1 },
    { ...on(DAY, "11:00", "12:00"), free_units: 4 },
    { ...on(DAY, "12:00", "13:00"), free_units: 5 },
  ]);
  assert.deepEqual(busy, [on(DAY, "10:30", "11:00")]);
  const found = async (quantity: number) =>
    (await listResources(sql, { free: { ...TEN, quantity }, limit: 5 }, NOW)).length;
  assert.deepEqual([await found(1), await found(2)], [1, 0]);
  const wish = { ...TEN, resource_ids: [id], quantities: { [id]: 2 } };
  const { free_units } = await explain(sql, cast.bob, wish, NOW);
  assert.deepEqual(free_units.map((one) => one.free_units), [1]);
});

Deno.test("of what is closed no unit is free, and none is offered instead", async () => {
  await using house = await projectors();
  const { sql, cast, id } = house;
  const noon = on(DAY, "08:00", "12:00");
  const times = { start_wall: `${DAY}T08:00`, end_wall: `${DAY}T12:00` };
  await close(sql, cast.ada, NewClosure.parse({ reason: "Repairs", resource_ids: [id], ...times }), NOW);
  const [free] = await freeUnitsOf(sql, { ...TEN, resource_ids: [id] }, NOW);
  assert.equal(free.free_units, 0);
  const { alternatives } = await explain(sql, cast.bob, { ...TEN, resource_ids: [id] }, NOW);
  assert.notEqual(alternatives.length, 0);
  const closed = alternatives.filter(({ start_time, end_time }) =>
    Temporal.Instant.compare(start_time, noon.end_time) < 0 &&
    Temporal.Instant.compare(end_time, noon.start_time) > 0
  );
  assert.deepEqual(closed, []);
});

Deno.test("a slot for several is offered only where the same units are free for all of it", async () => {
  await using scene = await projectors({ units: 2 });
  const { alice, bob } = scene.cast;
  // One is taken until 10:30, the other from then on: at each moment one is free, and never both for an hour.
  await scene.ask(alice, 1, on(DAY, "08:00", "10:30"));
  await scene.ask(alice, 1, on(DAY, "10:00", "13:00"));
  const { alternatives } = await refused(scene.ask(bob, 2));
  assert.deepEqual(alternatives.map(({ start_time }) => start_time).toSorted(Temporal.Instant.compare), [
    at(`${DAY} 07:00`),
    at(`${DAY} 13:00`),
  ]);
});

Deno.test("how many were asked for stays through moving, cancelling, restoring, approving and a proposed change", async () => {
  await using scene = await projectors({ requires_approval: true });
  const { sql, cast, id } = scene;
  const { alice, sam } = cast;
  const asked = await scene.ask(alice, 3);
  assert.deepEqual(await scene.quantityOf(asked.id), [3], "pending, and holds nothing");
  assert.deepEqual(await scene.unitsOf(asked.id), []);
  await approve(sql, sam, { id: asked.id }, NOW);
  assert.deepEqual(await scene.unitsOf(asked.id), [1, 2, 3]);

  await change(sql, sam, asked.id, on(DAY, "12:00", "13:00"), NOW);
  await cancel(sql, alice, { id: asked.id }, NOW);
  await restore(sql, alice, asked.id, NOW.add({ minutes: 1 }));
  assert.deepEqual(await scene.unitsOf(asked.id), [1, 2, 3]);

  const more = await change(sql, alice, asked.id, { quantities: { [id]: 4 } }, NOW.add({ minutes: 2 }));
  assert.equal(more, "proposed", "it grows: somebody decides");
  const proposal = (await getProposal(sql, asked.id, NOW.add({ minutes: 2 })))!;
  assert.equal(proposal.resource_name, "4 × Projector");
  await approveChange(sql, sam, { id: asked.id, change: proposal.id }, NOW.add({ minutes: 3 }));
  assert.deepEqual(await scene.unitsOf(asked.id), [1, 2, 3, 4]);
  assert.equal(
    await change(sql, alice, asked.id, { quantities: { [id]: 2 } }, NOW.add({ minutes: 4 })),
    "approved",
    "fewer need no decision",
  );
  assert.deepEqual(await scene.unitsOf(asked.id), [1, 2]);

  const then = await getReservationAt(
    sql,
    alice,
    { id: asked.id, at: NOW.add({ minutes: 3 }) },
    at(`${DAY} 09:00`),
  );
  assert.deepEqual(
    then.reservation.resources.map(({ quantity }) => quantity),
    [4],
    "the record knows how many",
  );
});

Deno.test("a change of one resource keeps how many there are of the others", async () => {
  await using scene = await projectors();
  const { sql, cast, id } = scene;
  const [room, other] = await Promise.all(
    ["Room", "Other"].map((name) => makeResource(sql, cast.ada, { name })),
  );
  const wish = { ...TEN, resource_ids: [id, room.id], quantities: { [id]: 3 } };
  const asked = await request(sql, cast.alice, wish, NOW);
  await change(sql, cast.alice, asked.id, { resource_ids: [id, other.id] }, NOW);
  const { resources } = await getReservation(sql, cast.alice, asked.id);
  assert.deepEqual(
    Object.fromEntries(resources.map(({ name, quantity }) => [name, quantity])),
    { Projector: 3, Other: 1 },
  );
});

Deno.test("every date of a series has as many, and a change of how many is one of all that follow", async () => {
  await using scene = await projectors();
  const { sql, cast, id } = scene;
  const wall = (time: string) => Temporal.PlainDateTime.from(`${DAY}T${time}`);
  const series_id = await createSeries(sql, cast.alice, {
    ...{ resource_ids: [id], quantities: { [id]: 2 }, rule: { frequency: "daily", count: 4 } },
    ...{ start_wall: wall("10:00"), end_wall: wall("11:00") },
  }, NOW);
  const { dates, resources } = await getSeries(sql, cast.alice, series_id);
  assert.deepEqual(resources.map(({ quantity }) => quantity), [2]);
  for (const date of dates) assert.deepEqual(await scene.unitsOf(date.id), [1, 2]);
  const change = { quantities: { [id]: 3 } };
  const which = { id: series_id, scope: "following" as const, reservation_id: dates[2].id };
  const later = await changeDates(sql, cast.alice, { ...which, change }, NOW);
  assert.deepEqual(await scene.quantityOf(dates[1].id), [2]);
  assert.deepEqual(await scene.quantityOf(dates[3].id), [3]);
  assert.deepEqual((await getSeries(sql, cast.alice, later)).quantities, { [id]: 3 });
});

Deno.test("an override bumps as many as are missing, those who matter least", async () => {
  await using scene = await projectors({ requires_approval: true });
  const { sql, cast } = scene;
  let now = NOW;
  const granted = async (who: Actor, quantity: number) => {
    now = now.add({ minutes: 1 });
    const { id } = await scene.ask(who, quantity, TEN, now);
    await approve(sql, cast.sam, { id }, now);
    return id;
  };
  const wanted = await scene.ask(cast.bob, 3);
  const two = await granted(cast.alice, 2);
  const one = await granted(cast.mallory, 1);
  const last = await granted(cast.alice, 2);
  await approve(sql, cast.sam, { id: wanted.id, force_override: true }, now);
  const status = async (id: string) => (await getReservation(sql, cast.ada, id)).status;
  assert.deepEqual(
    [await status(two), await status(one), await status(last), await status(wanted.id)],
    ["approved", "bumped", "bumped", "approved"],
    "the newest give way, and no more than has to be",
  );
});

Deno.test("fewer units than are in use are refused; otherwise who has what goes takes what stays", async () => {
  await using scene = await projectors();
  const { sql, cast, id } = scene;
  const two = await scene.ask(cast.alice, 2);
  const three = await scene.ask(cast.bob, 3);
  const error = await refused(changeResource(sql, cast.ada, { id, units: 4 }, NOW));
  assert.equal(
    error.message,
    `Projector cannot have 4 units: more are reserved, by ${three.reference}. Move or cancel those first`,
  );
  assert.deepEqual(await scene.unitsOf(three.id), [3, 4, 5]);
  await cancel(sql, cast.alice, { id: two.id }, NOW);
  await changeResource(sql, cast.ada, { id, units: 3 }, NOW);
  assert.deepEqual(await scene.unitsOf(three.id), [1, 2, 3]);
});

Deno.test("whatever is asked for, given back and changed: never more are in use than there are, nor fewer given than could be", async () => {
  await using scene = await projectors({ units: 4 });
  const { sql, cast, id } = scene;
  let day = at("2026-06-01 00:00");
  const step = fc.record({
    from: fc.nat(20),
    length: fc.integer({ min: 1, max: 6 }),
    quantity: fc.integer({ min: 1, max: 4 }),
    cancel: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      day = day.add({ hours: 48 });
      // What a plain count says, quarter by quarter.
      const held: { id: string; from: number; to: number; units: number[] }[] = [];
      for (const { from, length, quantity, cancel: gives } of steps) {
        const to = from + length;
        const period = {
          start_time: day.add({ minutes: from * 15 }),
          end_time: day.add({ minutes: to * 15 }),
        };
        const busy = new Set(
          held.filter((one) => one.from < to && one.to > from).flatMap(({ units }) => units),
        );
        const made = await scene.ask(cast.alice, quantity, period).catch((error) => {
          assert(error instanceof Conflict);
        });
        assert.equal(made !== undefined, 4 - busy.size >= quantity);
        if (made) held.push({ id: made.id, from, to, units: await scene.unitsOf(made.id) });
        const given = gives ? held.shift() : undefined;
        if (given) await cancel(sql, cast.alice, { id: given.id }, NOW);
      }
      const [{ most }] = await sql<{ most: number }[]>`
        select coalesce(max((select count(*) from allocations o
          where o.holds and o.resource_id = a.resource_id and o.period @> lower(a.period))), 0)::int as most
        from allocations a where a.holds and a.resource_id = ${id}`;
      assert(most <= 4);
    }),
    { numRuns: 25 },
  );
});
