import assert from "node:assert/strict";
import { request } from "../../domain/requests.ts";
import type { Json } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { assertSound } from "../support/invariants.ts";
import { openScene } from "../support/scene.ts";

/** A hall, which Bob asks for on Tuesdays from ten to eleven; Alice has the second of them. */
async function site() {
  const scene = await openScene();
  const { sql, cast } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Hall" });
  const other = await makeResource(sql, cast.ada, { name: "Other" });
  const [bob, mallory] = await Promise.all([cast.bob, cast.mallory].map(scene.site.as));
  const taken = { resource_ids: [hall.id], ...on("2026-05-12", "10:30", "11:00") };
  const alices = await request(sql, cast.alice, { ...taken, purpose: "Secret", private: true }, NOW);
  const wish = {
    ...{
      resource_id: hall.id,
      start_time: "2026-05-05T10:00:00+02:00",
      end_time: "2026-05-05T11:00:00+02:00",
    },
    ...{ purpose: "Choir", recurrence: { frequency: "weekly", count: 4 }, mode: "skip" },
  };
  return { ...scene, hall, other, bob, mallory, alices, wish };
}

type SeriesJson = {
  id: string;
  dates: { reservation_id: string; start_wall: string; start_time: string; status: string }[];
  skipped: unknown[];
};
const seriesIn = (json: Json) => json as unknown as SeriesJson;

Deno.test("a series is asked for, read, changed from its third date on, and cancelled", async (t) => {
  await using scene = await site();
  const { bob, hall, other } = scene;
  const made = await bob.call("POST", "/series", scene.wish);
  assert.equal(made.status, 201, made.text);
  const series = seriesIn(made.json);

  await t.step(
    "it is answered with the rule in words, its dates, and what was left out and why",
    async () => {
      const { dates, created_at: _, updated_at: __, id, ...rest } = series as unknown as Record<
        string,
        unknown
      >;
      assert.deepEqual<unknown>(rest, {
        requester_id: scene.cast.bob.id,
        recurrence: { frequency: "weekly", count: 4 },
        words: "every Tuesday, 4 times",
        ...{ time_zone: "Europe/Berlin", start_wall: "2026-05-05T10:00", end_wall: "2026-05-05T11:00" },
        ...{
          resource_ids: [hall.id],
          quantities: { [hall.id]: 1 },
          purpose: "Choir",
          private: false,
          attendees: null,
          answers: {},
        },
        skipped: [{ start_wall: "2026-05-12T10:00", reason: "Hall is already taken" }],
      });
      assert.deepEqual(
        (dates as SeriesJson["dates"]).map(({ start_time, status }) => `${start_time} ${status}`),
        [
          ...[
            "2026-05-05T08:00:00Z approved",
            "2026-05-19T08:00:00Z approved",
            "2026-05-26T08:00:00Z approved",
          ],
        ],
      );
      assert.equal(made.headers.get("location"), `/api/v1/series/${id}`);
      assert.deepEqual((await bob.call("GET", `/series/${id}`)).json, made.json);
    },
  );

  await t.step("each reservation says of which series it is", async () => {
    const { json } = await bob.call("GET", `/reservations/${series.dates[0].reservation_id}`);
    assert.equal((json as unknown as { series_id: string }).series_id, series.id);
  });

  await t.step("it is nobody else's", async () => {
    const { mallory } = scene;
    assert.equal((await mallory.call("GET", `/series/${series.id}`)).status, 404);
    assert.equal((await mallory.call("POST", `/series/${series.id}/cancel`, { scope: "all" })).status, 404);
  });

  await t.step("the date that was left out is had when it comes free", async () => {
    const add = { start_wall: "2026-05-12T10:00" };
    assert.equal((await bob.call("POST", `/series/${series.id}/add`, add)).status, 409);
    await (await scene.site.as(scene.cast.alice)).call("POST", `/reservations/${scene.alices.id}/cancel`);
    const { status, json } = await bob.call("POST", `/series/${series.id}/add`, add);
    assert.deepEqual([status, seriesIn(json).dates.length, seriesIn(json).skipped], [200, 4, []]);
    assert.equal((await bob.call("POST", `/series/${series.id}/add`, add)).status, 409);
  });

  await t.step("a change of what has changed since is refused", async () => {
    const tag = { "if-match": made.headers.get("etag")! };
    const change = { scope: "all", start: "12:00" };
    assert.equal((await bob.call("PATCH", `/series/${series.id}`, change, tag)).status, 412);
  });

  await t.step("the third and the following go elsewhere, as a series of their own", async () => {
    const change = { scope: "following", reservation_id: series.dates[1].reservation_id, start: "14:00" };
    const { status, json, text } = await bob.call("PATCH", `/series/${series.id}`, {
      ...change,
      resource_ids: [other.id],
    });
    assert.equal(status, 200, text);
    const walls = seriesIn(json).dates.map(({ start_wall }) => start_wall);
    assert.deepEqual(walls, ["2026-05-19T14:00", "2026-05-26T14:00"]);
    assert.notEqual(seriesIn(json).id, series.id);
  });

  await t.step("all that is left of the first is given up", async () => {
    const { status, json } = await bob.call("POST", `/series/${series.id}/cancel`, { scope: "all" });
    assert.deepEqual<unknown>([status, json], [200, { cancelled: 2, left: [] }]);
    assert.equal((await bob.call("POST", `/series/${series.id}/cancel`, { scope: "all" })).status, 409);
  });
  await assertSound(scene.sql);
});

Deno.test("a preview says of each date what would become of it, and names nobody who is private", async () => {
  await using scene = await site();
  const { status, json, text } = await scene.bob.call("POST", "/series/preview", {
    ...scene.wish,
    mode: "move",
  });
  const { dates } = json as unknown as {
    dates: { outcome: string; start_time: string; problems: string[] }[];
  };
  assert.deepEqual([status, dates.map(({ outcome }) => outcome)], [200, [
    "reserved",
    "moved",
    "reserved",
    "reserved",
  ]]);
  assert.deepEqual([dates[1].start_time, dates[1].problems], ["2026-05-12T07:30:00Z", [
    "Hall is already taken",
  ]]);
  assert(!text.includes("Alice") && !text.includes("Secret"));
});

Deno.test("all or nothing is refused with who is in the way, and nothing is stored", async () => {
  await using scene = await site();
  const { status, json } = await scene.bob.call("POST", "/series", { ...scene.wish, mode: "all_or_nothing" });
  assert.deepEqual([status, json.detail], [
    409,
    "1 of 4 dates cannot be had. 12 May 2026: Hall is already taken",
  ]);
  assert.deepEqual(json.conflicts.map(({ reservation_id }) => reservation_id), [scene.alices.id]);
  assert.equal((await scene.bob.call("GET", "/reservations")).json.data.length, 0);
});

const WRONG: [string, Record<string, unknown>, string][] = [
  ["no end", { recurrence: { frequency: "weekly" } }, "recurrence.until"],
  ["two ends", { recurrence: { frequency: "weekly", count: 2, until: "2026-06-01" } }, "recurrence.until"],
  [
    "weekdays of months",
    { recurrence: { frequency: "monthly", count: 2, weekdays: [1] } },
    "recurrence.weekdays",
  ],
  ["a sixth Monday", { recurrence: { frequency: "monthly", count: 2, nth: 6 } }, "recurrence.nth"],
  ["an unknown rhythm", { recurrence: { frequency: "hourly", count: 2 } }, "recurrence.frequency"],
  ["more than 500 times", { recurrence: { frequency: "daily", count: 501 } }, "recurrence.count"],
  [
    "an end before its first date",
    { recurrence: { frequency: "daily", until: "2026-05-01" } },
    "recurrence.until",
  ],
  ["no recurrence", { recurrence: undefined }, "recurrence"],
  ["an unknown mode", { mode: "hope" }, "mode"],
];
Deno.test("what makes no sense is refused beside its field", async (t) => {
  await using scene = await site();
  for (const [what, wrong, path] of WRONG) {
    await t.step(what, async () => {
      const { status, json } = await scene.bob.call("POST", "/series", { ...scene.wish, ...wrong });
      assert.deepEqual([status, json.errors.map((issue) => issue.path)], [422, [path]]);
    });
  }
  await t.step("a change that does not say which date", async () => {
    const { status, json } = await scene.bob.call("PATCH", `/series/${scene.hall.id}`, { scope: "this" });
    assert.deepEqual([status, json.errors.map((issue) => issue.path)], [422, ["reservation_id"]]);
  });
});
