import assert from "node:assert/strict";
import { close, NewClosure } from "../../domain/closures.ts";
import { Conflict } from "../../domain/errors.ts";
import { request } from "../../domain/requests.ts";
import { changeResource } from "../../domain/resources.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

/** A hall in Berlin that Ada moves to other zones; what is stored is sound when the test is over. */
async function hallInBerlin() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const hall = await makeResource(sql, cast.ada, { name: "Hall", units: 2 });
  const shut = (from: string, to: string, more: Partial<NewClosure> = {}) =>
    close(
      sql,
      cast.ada,
      NewClosure.parse({
        ...{ reason: "Painters", resource_ids: [hall.id], start_wall: from, end_wall: to },
        ...more,
      }),
      NOW,
    );
  return {
    ...database,
    ...{ cast, hall, shut },
    ask: (period: ReturnType<typeof on>) =>
      request(sql, cast.bob, { ...period, resource_ids: [hall.id] }, NOW),
    moveTo: (time_zone: string, now = NOW) => changeResource(sql, cast.ada, { id: hall.id, time_zone }, now),
    /** What is closed, meant and taken, in UTC. */
    closed: async () => {
      const said = (rows: readonly { period: string }[]) => rows.map(({ period }) => period);
      const meant = await sql<{ period: string }[]>`
        select to_char(lower(period) at time zone 'UTC', 'DD HH24:MI') || '–' ||
          to_char(upper(period) at time zone 'UTC', 'DD HH24:MI') as period
        from closure_dates order by lower(closure_dates.period)`;
      const taken = await sql<{ period: string }[]>`
        select to_char(lower(period) at time zone 'UTC', 'DD HH24:MI') || '–' ||
          to_char(upper(period) at time zone 'UTC', 'DD HH24:MI') as period
        from allocations where closure_id is not null and unit = 1 order by lower(allocations.period)`;
      return { meant: said(meant), taken: said(taken) };
    },
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

Deno.test("what closes a hall every day keeps its time on the wall where the hall gets another zone", async () => {
  await using scene = await hallInBerlin();
  await scene.shut("2026-05-05T08:00", "2026-05-05T10:00", { repeats: { frequency: "daily", count: 2 } });
  await scene.moveTo("Europe/London");
  const hours = ["05 07:00–05 09:00", "06 07:00–06 09:00"];
  assert.deepEqual(await scene.closed(), { meant: hours, taken: hours });
});

Deno.test("a closure by moments stays at its moments", async () => {
  await using scene = await hallInBerlin();
  await scene.shut("2026-05-05T08:00", "2026-05-05T10:00", { time_zone: "UTC" });
  await scene.moveTo("Europe/London");
  assert.deepEqual((await scene.closed()).meant, ["05 08:00–05 10:00"]);
});

Deno.test("a date that has begun stays as it is, those after it move", async () => {
  await using scene = await hallInBerlin();
  await scene.shut("2026-05-04T10:00", "2026-05-04T12:00", { repeats: { frequency: "daily", count: 2 } });
  await scene.moveTo("Europe/London", NOW.add({ minutes: 90 }));
  const hours = ["04 08:00–04 10:00", "05 09:00–05 11:00"];
  assert.deepEqual(await scene.closed(), { meant: hours, taken: hours });
});

Deno.test("a reservation that a closure would newly meet is named, and nothing has changed", async () => {
  await using scene = await hallInBerlin();
  await scene.shut("2026-05-05T08:00", "2026-05-05T10:00");
  const { id } = await scene.ask(on("2026-05-05", "10:00", "11:00"));
  const refused = await scene.moveTo("Europe/London").then(() => undefined, (error) => error);
  assert(refused instanceof Conflict);
  assert.match(refused.message, /closures keep their time on the wall, and would meet R-1\./);
  assert.deepEqual(refused.conflicts.map((one) => one.reservation_id), [id]);
  const [{ time_zone }] = await scene.sql`select time_zone from resources`;
  assert.deepEqual([time_zone, (await scene.closed()).meant], ["Europe/Berlin", ["05 06:00–05 08:00"]]);
});

Deno.test("a reservation that was left in a closure is not met anew, and stays", async () => {
  await using scene = await hallInBerlin();
  await scene.ask(on("2026-05-05", "09:00", "10:00"));
  await scene.shut("2026-05-05T08:00", "2026-05-05T10:00", { reservations: "leave" });
  await scene.moveTo("Europe/London");
  assert.deepEqual(await scene.closed(), {
    meant: ["05 07:00–05 09:00"],
    taken: ["05 08:00–05 09:00"],
  });
});

Deno.test("what was closed by the old clock alone can be reserved at once", async () => {
  await using scene = await hallInBerlin();
  await scene.shut("2026-05-05T08:00", "2026-05-05T10:00");
  await scene.moveTo("Europe/London");
  await scene.ask(on("2026-05-05", "08:00", "09:00"));
});
