import assert from "node:assert/strict";
import { Conflict } from "../../domain/errors.ts";
import { request } from "../../domain/requests.ts";
import { createSeries, getSeries } from "../../domain/series.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const DATES = 12;

Deno.test("two series over the same resources in opposite order, fifty times at once, are both stored whole", async () => {
  await using database = await testDatabase({ max: 12 });
  const { sql } = database;
  const cast = await makeCast(sql);
  const ids: string[] = [];
  for (const name of ["A", "B", "C"]) ids.push((await makeResource(sql, cast.ada, { name })).id);
  const ask = (who: "alice" | "bob", first: string, resource_ids: readonly string[]) => {
    const start_wall = Temporal.PlainDateTime.from(first);
    return createSeries(sql, cast[who], {
      ...{ resource_ids, start_wall, end_wall: start_wall.add({ hours: 2 }), choice: "skip" as const },
      rule: { frequency: "daily", count: DATES },
    }, NOW);
  };
  let left_out = 0;
  for (let round = 0; round < 50; round++) {
    const hour = String((round % 6) * 3).padStart(2, "0");
    const day = Temporal.PlainDate.from("2026-06-01").add({ days: 40 * Math.floor(round / 6) });
    // The last half of Alice's dates and the first half of Bob's are the same days, an hour apart.
    const [alices, bobs, single] = await Promise.all([
      ask("alice", `${day}T${hour}:00`, ids),
      ask(
        "bob",
        `${day.add({ days: DATES / 2 })}T${Number(hour) + 1 < 10 ? "0" : ""}${Number(hour) + 1}:00`,
        ids.toReversed(),
      ),
      request(sql, cast.mallory, {
        resource_ids: [ids[1], ids[0]],
        ...on(`${day.add({ days: DATES / 2 })}`, `${hour}:00`, `${hour}:30`),
      }, NOW).then(() => 1, (error) => {
        if (!(error instanceof Conflict)) throw error;
        return 0;
      }),
    ]);
    const [a, b] = [await getSeries(sql, cast.alice, alices), await getSeries(sql, cast.bob, bobs)];
    for (const { dates, skips } of [a, b]) assert.equal(dates.length + skips.length, DATES);
    assert(
      a.skips.length + b.skips.length >= DATES / 2 && a.skips.length + b.skips.length <= DATES / 2 + single,
    );
    left_out += a.skips.length;
  }
  assert(left_out > 0, "Bob was never first: it was no race");
  await assertSound(sql);
});
