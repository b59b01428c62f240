import assert from "node:assert/strict";
import { approve, deny } from "../../domain/approvals.ts";
import { cancel, describe, reschedule, restore } from "../../domain/edits.ts";
import { Invalid, NotFound } from "../../domain/errors.ts";
import { getReservationAt } from "../../domain/past.ts";
import type { Actor } from "../../domain/permissions.ts";
import { request } from "../../domain/requests.ts";
import { getReservation, type Reservation } from "../../domain/reservations.ts";
import { deleteResource } from "../../domain/resources.ts";
import { sweep } from "../../domain/sweep.ts";
import { type Cast, makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";

const minute = (n: number) => NOW.add({ minutes: n });

/** A house in which Bob asks for the van, which wants approval; the hall does not. */
async function house() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const van = await makeResource(sql, cast.ada, { name: "Van", requires_approval: true });
  const hall = await makeResource(sql, cast.ada, { name: "Hall" });
  const { id } = await request(
    sql,
    cast.bob,
    { ...on("2026-05-05", "10:00", "11:00"), resource_ids: [van.id], purpose: "Moving" },
    NOW,
  );
  const asOf = (at: Temporal.Instant, who: Actor = cast.bob, now = minute(10_000)) =>
    getReservationAt(sql, who, { id, at }, now);
  return { ...database, cast, van, hall, id, asOf };
}
type House = Awaited<ReturnType<typeof house>>;

/** What a person reads of it. */
const shown = (
  { status, start_time, end_time, purpose, private: secret, decision_reason, resources }: Reservation,
) => ({
  ...{
    status,
    start_time: `${start_time}`,
    end_time: `${end_time}`,
    purpose,
    private: secret,
    decision_reason,
  },
  resources: resources.map((r) => r.name),
});

type Step = (scene: House, cast: Cast, now: Temporal.Instant) => Promise<unknown>;
const STEPS: Record<string, Step> = {
  "says more": ({ sql, id }, { bob }, now) =>
    describe(sql, bob, id, { purpose: "Moving house", private: true }, now),
  "is approved": ({ sql, id }, { sam }, now) => approve(sql, sam, { id, reason: "Take care" }, now),
  "moves to the hall": ({ sql, id, hall }, { bob }, now) =>
    reschedule(sql, bob, id, { resource_ids: [hall.id] }, now),
  "moves to the next day": ({ sql, id }, { bob }, now) =>
    reschedule(sql, bob, id, on("2026-05-06", "12:00", "14:00"), now),
  "is cancelled": ({ sql, id }, { bob }, now) => cancel(sql, bob, { id }, now),
  "is restored": ({ sql, id }, { bob }, now) => restore(sql, bob, id, now),
  "takes both": ({ sql, id, hall, van }, { sam }, now) =>
    reschedule(sql, sam, id, { resource_ids: [hall.id, van.id] }, now),
  "is cancelled for good": ({ sql, id }, { sam }, now) => cancel(sql, sam, { id, reason: "No fuel" }, now),
};

Deno.test("a reservation that went through everything is shown as it was after each step, and until the next", async (t) => {
  await using scene = await house();
  const { sql, cast, id, asOf } = scene;
  const was: [step: string, at: Temporal.Instant, as: Reservation][] = [
    ["is asked for", NOW, await getReservation(sql, cast.bob, id)],
  ];
  for (const [i, [name, step]] of Object.entries(STEPS).entries()) {
    const now = minute(5 * (i + 1));
    await step(scene, cast, now);
    was.push([name, now, await getReservation(sql, cast.bob, id)]);
  }
  assert(
    new Set(was.map(([, , one]) => JSON.stringify(shown(one)))).size > 6,
    "do the steps change anything?",
  );
  for (const [i, [name, at, one]] of was.entries()) {
    await t.step(`it ${name}`, async () => {
      for (const moment of [at, at.add({ minutes: 4, seconds: 59 })]) {
        const { reservation, history } = await asOf(moment);
        assert.deepEqual(shown(reservation), shown(one));
        assert.equal(history.length, i + 1);
      }
    });
  }
});

Deno.test("what time had decided is so, whether or not the sweep had said it by then", async () => {
  await using scene = await house();
  const start = on("2026-05-05", "10:00", "11:00").start_time;
  await sweep(scene.sql, start.add({ minutes: 30 }));
  const statusAt = async (at: Temporal.Instant) => (await scene.asOf(at)).reservation.status;
  assert.deepEqual(
    [
      await statusAt(start.subtract({ seconds: 1 })),
      await statusAt(start),
      await statusAt(start.add({ minutes: 40 })),
    ],
    ["pending", "expired", "expired"],
  );
});

Deno.test("a reason is shown from when it was given", async () => {
  await using scene = await house();
  await deny(scene.sql, scene.cast.sam, { id: scene.id, reason: "Being painted" }, minute(5));
  const reasonAt = async (n: number) => (await scene.asOf(minute(n))).reservation.decision_reason;
  assert.deepEqual([await reasonAt(4), await reasonAt(5)], [null, "Being painted"]);
});

Deno.test("a resource that is gone since is shown as it was", async () => {
  await using scene = await house();
  const { sql, cast, id, hall, van } = scene;
  await reschedule(sql, cast.bob, id, { resource_ids: [hall.id] }, minute(5));
  await deleteResource(sql, cast.ada, van.id, minute(6));
  const { reservation } = await scene.asOf(minute(1));
  assert.deepEqual(reservation.resources.map(({ id, name, time_zone }) => [id, name, time_zone]), [
    [van.id, "Van", "Europe/Berlin"],
  ]);
});

Deno.test("before it was asked for there was nothing", async () => {
  await using scene = await house();
  await assert.rejects(scene.asOf(NOW.subtract({ nanoseconds: 1000 })), NotFound);
});

Deno.test("of what lies ahead nothing is said", async () => {
  await using scene = await house();
  await assert.rejects(scene.asOf(minute(2), scene.cast.bob, minute(1)), Invalid);
  assert.equal((await scene.asOf(minute(1), scene.cast.bob, minute(1))).reservation.status, "pending");
});

Deno.test("Alice, who may not see it, does not see what it was; Sam, who decides, does", async () => {
  await using scene = await house();
  await describe(scene.sql, scene.cast.bob, scene.id, { private: true }, minute(5));
  for (const at of [minute(1), minute(6)]) {
    await assert.rejects(scene.asOf(at, scene.cast.alice), new NotFound("This reservation"));
    assert.equal((await scene.asOf(at, scene.cast.sam)).reservation.purpose, "Moving");
  }
});
