import assert from "node:assert/strict";
import type { Answers } from "../../prove/load/arrivals.ts";
import { arrive } from "../../prove/load/arrivals.ts";
import { growthOf, holds, wrongWithOverload, wrongWithSoak } from "../../prove/load/verdict.ts";

const SERVED: Answers = {
  ...{ asked: 1000, good: 1000, turnedAway: 0, wrong: 0, reservations: 50, late: 0, examples: [] },
  ...{ p50: 5, p99: 250, p999: 300, longest: 400, turnedAwayP99: NaN },
};

Deno.test("a rate is held where everybody is served, the slowest of a hundred within 250 ms", () => {
  assert.equal(holds(SERVED), true);
  assert.equal(holds({ ...SERVED, p99: 251 }), false);
  assert.equal(holds({ ...SERVED, good: 999, turnedAway: 1 }), false);
});

Deno.test("an overload is borne where the others are told so, and those inside are served in time", () => {
  const held = { rate: 50, seconds: 10 };
  const over = { ...SERVED, good: 500, turnedAway: 500, p99: 900 };
  assert.deepEqual(wrongWithOverload(over, held), []);
  const bad = { ...over, good: 249, turnedAway: 0, wrong: 3, p99: 1001 };
  assert.equal(wrongWithOverload(bad, held).length, 4);
});

Deno.test("a soak is flat where its last third keeps no more in memory than its first", () => {
  const memory = (values: number[]) => values.map((server, at) => ({ at, server, database: 100 }));
  assert.equal(growthOf(memory([100, 100, 300, 300, 120, 120]), "server"), 1.2);
  assert.deepEqual(wrongWithSoak([SERVED], memory([100, 150, 105])), []);
  assert.match(
    wrongWithSoak([SERVED], memory([100, 100, 120])).join(),
    /memory of the server grew 1\.20 times/,
  );
  assert.match(wrongWithSoak([{ ...SERVED, good: 990 }], memory([1, 1, 1])).join(), /10 were not served/);
});

Deno.test("people come at their rate, whether those before them are served or not, and are told apart", async () => {
  const waiting: (() => void)[] = [];
  const seen: string[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const index = seen.push(`${request.method} ${new URL(request.url).pathname.replace(/\/room-\d$/, "/…")}`);
    if (index === 1) await new Promise<void>((resolve) => waiting.push(resolve));
    // The first is answered when the last has come.
    if (index === 200) waiting.forEach((answer) => answer());
    if (request.method === "POST") return new Response(null, { status: 303, headers: { location: "/" } });
    if (index % 50 === 0) {
      return new Response("Busy", { status: 503, headers: { "Retry-After": "2" } });
    }
    return new Response(index === 30 ? null : "A page", { status: index === 30 ? 500 : 200 });
  });
  const answers = await arrive({
    ...{ origins: [`http://127.0.0.1:${server.addr.port}`], rate: 1000, seconds: 0.2, cookies: ["a=b"] },
    ...{
      encoding: "gzip",
      slots: { resources: ["room-1", "room-2"], from: "2026-05-05T08:00:00Z" },
      first: 100,
    },
    ...{ time_zone: "Europe/Berlin", today: "2026-05-05", seed: 1 },
  });
  assert.deepEqual([answers.asked, seen.length], [200, 200]);
  assert.equal(answers.good + answers.turnedAway + answers.wrong, 200);
  assert.deepEqual(
    new Set(seen),
    new Set(["GET /schedule", "GET /resources/…", "GET /reservations/new", "POST /reservations"]),
  );
  assert.match(answers.examples.join(), /^500 \//);
  assert(answers.turnedAway >= 1 && answers.turnedAway <= 4, String(answers.turnedAway));
});
