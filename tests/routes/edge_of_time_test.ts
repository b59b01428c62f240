import assert from "node:assert/strict";
import { request } from "../../domain/requests.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

const DATES = [
  "0000-01-01",
  "0001-01-01",
  "0999-12-31",
  "1000-01-01",
  "8999-12-31",
  "9000-01-01",
  "9999-12-31",
];
const INSTANTS = [
  "-271821-04-20T00:00:00Z",
  "-000001-01-01T00:00:00Z",
  "0000-01-01T00:00:00Z",
  "9999-12-31T23:59:59Z",
  "+010000-01-01T00:00:00Z",
  "+275760-09-13T00:00:00Z",
];

/** A hall that Bob has on Tuesday, so that what is in the way and what would do instead is looked for as well. */
async function takenHall() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const { id } = await makeResource(sql, cast.ada, { name: "Hall" });
  await request(sql, cast.bob, { resource_ids: [id], ...on("2026-05-05", "10:00", "11:00") }, NOW);
  return { ...scene, id, alice: await site.as(cast.alice) };
}

Deno.test("A page of a day at the edge of the calendar is answered without an error of ours", async (t) => {
  await using scene = await takenHall();
  const pages = (date: string) => [
    `/schedule?date=${date}`,
    `/resources/${scene.id}?week=${date}`,
    `/resources?free_date=${date}&free_start=10:00&free_end=11:00`,
    `/reservations/new?resource=${scene.id}&date=${date}&start=10:00&end=11:00`,
    `/reservations/new?resource=${scene.id}&date=2026-05-05&start=10:00&end_date=${date}&end=11:00`,
  ];
  for (const path of DATES.flatMap(pages)) {
    await t.step(path.replace(scene.id, "{id}"), async () => {
      const { status } = await scene.alice.get(path);
      assert([200, 422].includes(status), `answered ${status}`);
    });
  }
});

Deno.test("A form of a day at the edge of the calendar is answered without an error of ours", async (t) => {
  await using scene = await takenHall();
  for (const end_date of DATES) {
    await t.step(`until ${end_date}`, async () => {
      const typed = { date: "2026-05-05", start: "10:00", end_date, end: "11:00" };
      const { status } = await scene.alice.post("/reservations", { resource: scene.id, ...typed });
      assert([409, 422].includes(status), `answered ${status}`);
    });
  }
});

Deno.test("An alternative at the edge of time is answered without an error of ours", async (t) => {
  await using scene = await takenHall();
  const takes = INSTANTS.flatMap((at) => [`2026-05-05T08:00:00Z ${at}`, `${at} 2026-05-05T09:00:00Z`]);
  for (const take of takes) {
    await t.step(take, async () => {
      const { status } = await scene.alice.post("/reservations", {
        take: `${scene.id} ${take}`,
        resource: scene.id,
      });
      assert([404, 409, 422].includes(status), `answered ${status}`);
    });
  }
});

Deno.test("A list that goes on after the end of time is answered without an error of ours", async (t) => {
  await using scene = await takenHall();
  for (const ms of ["0", "8000000000000000", "8640000000000001", "-1", "1e15", "9e99", "NaN"]) {
    await t.step(ms, async () => {
      const { status } = await scene.alice.get(`/reservations?after_ms=${ms}&after_id=${scene.id}`);
      assert.equal(status, 200);
    });
  }
});

Deno.test("The API takes no time at the edge of the calendar", async (t) => {
  await using scene = await takenHall();
  for (const at of INSTANTS) {
    await t.step(at, async () => {
      const { status } = await scene.alice.call("GET", `/reservations?from=${encodeURIComponent(at)}`);
      assert.equal(status, 422);
    });
  }
});
