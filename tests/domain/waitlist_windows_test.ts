import assert from "node:assert/strict";
import fc from "fast-check";
import { slotsFor } from "../../domain/offer_slots.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { request } from "../../domain/requests.ts";
import type { Resource } from "../../domain/resources.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";

const DAY = on("2026-05-05", "08:00", "20:00");
const STEP = 15;
const STEPS = 48;

/** So many units of so many rooms; what is taken of them, and what is wished for, in quarters of an hour from eight. */
const worlds = fc.record({
  units: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 2 }),
  taken: fc.array(
    fc.record({ room: fc.nat(1), from: fc.nat(STEPS - 1), length: fc.integer({ min: 1, max: 12 }) }),
    { maxLength: 14 },
  ),
  before: fc.constantFrom(0, 15),
  wish: fc.record({
    from: fc.nat(STEPS - 8),
    window: fc.integer({ min: 4, max: STEPS }),
    length: fc.integer({ min: 1, max: 8 }),
  }),
  now: fc.nat(20),
});

const at = (quarter: number) => DAY.start_time.add({ minutes: quarter * STEP });

/** The earliest quarter at which each room has a unit that nobody has for the whole length, looked for one by one. */
function naive(
  taken: readonly { room: number; unit: number; from: number; to: number }[],
  { units, before, wish, now }: {
    units: number[];
    before: number;
    wish: { from: number; to: number; length: number };
    now: number;
  },
): number | undefined {
  const ahead = before / STEP;
  for (let start = wish.from; start + wish.length <= wish.to; start++) {
    if (start <= now) continue;
    const free = units.every((count, room) =>
      Array.from({ length: count }, (_, i) => i + 1).some((unit) => {
        for (let quarter = start - ahead; quarter < start + wish.length; quarter++) {
          if (
            taken.some((one) =>
              one.room === room && one.unit === unit && one.from <= quarter && quarter < one.to
            )
          ) {
            return false;
          }
        }
        return true;
      })
    );
    if (free) return start;
  }
}

Deno.test("of a window the earliest slot is found that a look at each quarter of an hour finds", async () => {
  await using database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  let [found, none] = [0, 0];
  const policies = new Map<number, string>();
  for (const before of [0, 15]) {
    const rules = { ...NO_RULES, name: `Buffer ${before}`, buffer_before: before };
    policies.set(before, await createPolicy(sql, cast.ada, rules, NOW));
  }
  let count = 0;
  await fc.assert(
    fc.asyncProperty(worlds, async ({ units, taken, before, wish, now }) => {
      const rooms: Resource[] = [];
      for (const number of units) {
        const room = { name: `Room ${++count}`, units: number, policy_id: policies.get(before) };
        rooms.push(await makeResource(sql, cast.ada, room));
      }
      for (const { room, from, length } of taken) {
        if (!rooms[room]) continue;
        const slot = { start_time: at(from), end_time: at(from + length), resource_ids: [rooms[room].id] };
        await request(sql, cast.bob, slot, NOW).catch(() => {});
      }
      const rows = await sql<{ room: string; unit: number; from: number; to: number }[]>`
        select resource_id as room, unit,
          (extract(epoch from lower(period) - ${DAY.start_time}::timestamptz) / 60 / ${STEP})::int as from,
          (extract(epoch from upper(period) - ${DAY.start_time}::timestamptz) / 60 / ${STEP})::int as to
        from allocations where resource_id = any(${rooms.map(({ id }) => id)})`;
      const had = rows.map((row) => ({ ...row, room: rooms.findIndex(({ id }) => id === row.room) }));
      const to = Math.min(STEPS, wish.from + Math.max(wish.window, wish.length));
      const expected = naive(had, { units, before, wish: { ...wish, to }, now });
      const [slot] = await slotsFor(sql, {
        ...{ requester_id: cast.alice.id, quantities: {}, resource_ids: rooms.map(({ id }) => id).sort() },
        ...{ start_time: at(wish.from), end_time: at(to), minutes: wish.length * STEP },
        ...{ attendees: null, answers: {}, attested: true, any_of: null },
      }, at(now));
      if (expected === undefined) none++;
      else found++;
      assert.deepEqual(
        slot && [`${slot.start_time}`, `${slot.end_time}`],
        expected === undefined ? undefined : [`${at(expected)}`, `${at(expected + wish.length)}`],
      );
    }),
    { numRuns: 60, seed: 5 },
  );
  assert(found > 20 && none > 3, `${found} were found, ${none} were not: it proves little`);
});
