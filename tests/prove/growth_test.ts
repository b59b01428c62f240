import assert from "node:assert/strict";
import { connect } from "../../db/connect.ts";
import type { Sql } from "../../db/types.ts";
import { fillHouse } from "../../prove/growth/house.ts";
import { type Cost, type House, measure } from "../../prove/growth/measure.ts";
import { PATHS, type Walk } from "../../prove/growth/paths.ts";
import { MOST, wrongWith, wrongWithRows } from "../../prove/growth/verdict.ts";
import { plot } from "../../prove/plot.ts";
import { NOW } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";

const FEW = 10_000;
const MANY = 60_000;
/** What most requests are for; other large searches gain by a plan that is made for their values. */
const ASKED_MOST = PATHS.filter(({ name }) =>
  ![
    ...["resources with what is free", "record, newest first"],
    "figures of the first page",
  ].includes(name)
);
const HOUSES = { resources: 50 };

Deno.test("years of past reservations make no hot path read more", async (t) => {
  await using small = await testDatabase({ max: 2 });
  await using large = await testDatabase({ max: 2 });
  const building = { past: FEW, now: NOW, say: () => {} };
  const smallest = await fillHouse(small.sql, building);
  const grown = await fillHouse(large.sql, building);
  await grown.grow(FEW, MANY);
  let walks = 0;
  const costs = () => measure(smallest.house, grown.house, { rounds: 1, number: () => walks++ });

  await t.step("each is found by an index, and as much is read as before", async () => {
    const size = { past: MANY, resources: 50, costs: await costs() };
    assert.deepEqual(size.costs.map(({ path }) => path), PATHS.map(({ name }) => name));
    assert.deepEqual(wrongWithRows(size, HOUSES), []);
    const news = size.costs.find(({ path }) => path === "what is new to me")!;
    assert(news.rows > 10 && news.rows < 40, `${news.rows} rows for ten news`);
  });

  await t.step("what is asked most is planned once, and not each time anew", async () => {
    const { least, most } = await extremes(large.sql);
    for (const id of [least, most]) {
      const sql = connect(large.where, { max: 1 });
      const person = { ...grown.house.person, id };
      for (let turn = 0; turn < 7; turn++) {
        for (const { walk } of ASKED_MOST) await walk({ ...grown.house, person, sql, number: walks++ });
      }
      const anew = await sql`select statement from pg_prepared_statements where custom_plans > 5`;
      await sql.end();
      assert.deepEqual(anew.map(({ statement }) => statement), []);
    }
  });

  await t.step("without one of its indexes it is said which of them reads more", async () => {
    await large.sql`drop index reservations_open_of_requester`;
    const size = { past: MANY, resources: 50, costs: await costs() };
    assert.match(wrongWithRows(size, HOUSES).join("\n"), /“find a slot” with 60000 past reservations/);
  });
});

/** Who, to the planner, has the fewest reservations, and who the most: plans for both cost other than one for anybody. */
async function extremes(sql: Sql) {
  const [whose] = await sql<{ least: string; most: string; apart: boolean }[]>`
    select (array_agg(id order by share))[1] as least, (array_agg(id order by share desc))[1] as most,
      max(share) > 1.05 * min(share) as apart
    from pg_stats
    cross join lateral unnest(most_common_vals::text::uuid[], most_common_freqs) as whose (id, share)
    where tablename = 'reservations' and attname = 'requester_id'`;
  assert(whose.apart);
  return whose;
}

Deno.test("both houses are asked for the same, turn by turn", async () => {
  await using database = await testDatabase({ max: 1 });
  const asked: number[] = [];
  const walk = ({ number }: Walk) => Promise.resolve(asked.push(number));
  const house = { sql: database.sql } as House;
  let walks = 0;
  await measure(house, house, { rounds: 2, number: () => walks++, paths: [{ name: "reserve", walk }] });
  assert.equal(asked.length, 2 * walks);
  assert.deepEqual(asked, Array.from(asked, (_, i) => Math.floor(i / 2)));
});

Deno.test("what seems to cost more than it may is walked again before it is believed, and no more than four times", async () => {
  await using database = await testDatabase({ max: 1 });
  const house = { sql: database.sql } as House;
  const walksFor = async (inDoubt: (looks: number) => boolean) => {
    let [walks, looks] = [0, 0];
    const reserve = { name: "reserve", walk: () => Promise.resolve(walks++) };
    const walking = { rounds: 5, number: () => 0, paths: [reserve], inDoubt: () => inDoubt(++looks) };
    await measure(house, house, walking);
    return walks;
  };
  const believed = await walksFor(() => false);
  assert.equal(await walksFor((looks) => looks < 2), believed + 10);
  assert.equal(await walksFor(() => true), believed + 30);
});

Deno.test("what grows more than a quarter is said, unless it may or the difference is the machine's", () => {
  const cost: Cost = {
    ...{ path: "reserve", time: 1, timeInSmallest: 1, rows: 100, rowsInSmallest: 100, scanned: [] },
  };
  const told = (more: Partial<Cost>, resources = 50) =>
    wrongWith({ past: MANY, resources, costs: [{ ...cost, ...more }] }, HOUSES);
  assert.deepEqual(told({ time: MOST, rows: 125 }), []);
  assert.match(told({ time: 1.4 }).join(), /“reserve” .* takes 1\.40 times as long/);
  assert.deepEqual(told({ time: 0.4, timeInSmallest: 0.2 }), []);
  assert.match(told({ rows: 130 }).join(), /reads 1\.30 times as many rows/);
  assert.match(told({ scanned: ["reservations"] }).join(), /reads all of reservations/);
  assert.deepEqual(told({ path: "find a slot", time: 11, rows: 1_100 }, 500), []);
});

Deno.test("a plot names each of its curves and where it ends", () => {
  const picture = plot({
    ...{ title: "Time", x: "past reservations", y: "times", limit: 1.25 },
    curves: [{ name: "reserve & pay", points: [[10, 1], [100, 1.1]] }, {
      name: "day",
      points: [[10, 1], [100, 0.9]],
    }],
  });
  assert.match(picture, /^<svg .*aria-label="Time"/);
  assert.match(picture, />reserve &#38; pay 1\.10<[\s\S]*>day 0\.90</);
  assert.match(picture, />10<[\s\S]*>100</);
});
