import assert from "node:assert/strict";
import type { Tx } from "../../db/types.ts";
import { close, NewClosure } from "../../domain/closures.ts";
import { cancel } from "../../domain/edits.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { request } from "../../domain/requests.ts";
import { createSeries } from "../../domain/series.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";
import { holdUnseen } from "../support/lost_entries.ts";
import { unrecordedThings } from "../support/recorded.ts";

/** A house with one of everything that can be wrong in it. */
async function soundHouse() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const { ada, alice, bob } = cast;
  const holding = await createPolicy(sql, ada, {
    ...NO_RULES,
    name: "Held",
    approval: "always",
    pending_holds: true,
  }, NOW);
  const hall = await makeResource(sql, ada, { name: "Hall" });
  const bays = await makeResource(sql, ada, { name: "Bays", units: 2 });
  const held = await makeResource(sql, ada, { name: "Held Hall", policy_id: holding });
  const barn = await makeResource(sql, ada, { name: "Barn", policy_id: holding });
  const ask = (resource_ids: string[], from: string, to: string) =>
    request(sql, bob, { ...on("2026-05-05", from, to), resource_ids, purpose: "Choir" }, NOW);
  const { id: approved } = await ask([hall.id], "10:00", "11:00");
  const { id: later } = await ask([hall.id], "11:00", "12:00");
  const { id: pending } = await ask([held.id, barn.id], "10:00", "11:00");
  const { id: cancelled } = await ask([bays.id], "10:00", "11:00");
  await cancel(sql, bob, { id: cancelled }, NOW);
  const wall = Temporal.PlainDateTime.from("2026-05-05T11:00");
  const series = await createSeries(sql, alice, {
    ...{ resource_ids: [hall.id], start_wall: wall, end_wall: wall.add({ hours: 1 }), choice: "skip" },
    rule: { frequency: "daily", count: 3 },
  }, NOW);
  const { id: closure } = await close(
    sql,
    ada,
    NewClosure.parse({
      ...{ reason: "Painters", resource_ids: [bays.id], start_wall: "2026-05-07T08:00" },
      end_wall: "2026-05-07T20:00",
    }),
    NOW,
  );
  return { ...database, cast, hall, bays, approved, later, pending, cancelled, series, closure };
}
type House = Awaited<ReturnType<typeof soundHouse>>;

const silently = (tx: Tx) => tx`alter table history disable trigger history_is_append_only`;

const FAULTS: Record<string, [fault: (tx: Tx, house: House) => Promise<unknown>, named: RegExp]> = {
  "a unit that is held twice": [async (tx, { approved, later }) => {
    await tx`alter table allocations drop constraint allocations_never_overlap`;
    await tx`update allocations set period = (select period from allocations where reservation_id = ${approved})
      where reservation_id = ${later}`;
  }, /a unit is held twice at the same time/],
  "a unit that is held twice, where the index of the constraint has lost sight of it": [
    (tx, { approved, later }) => holdUnseen(tx, { reservation_id: later, beside: approved }),
    /a unit is held twice at the same time/,
  ],
  "a hold of what is cancelled": [
    (tx, { cancelled }) => tx`update allocations set holds = true where reservation_id = ${cancelled}`,
    /cancelled, and still holds something/,
  ],
  "an approval that holds nothing": [
    (tx, { approved }) => tx`update allocations set holds = false where reservation_id = ${approved}`,
    /approved, and does not hold all that it takes/,
  ],
  "a request that holds a part": [
    (tx, { pending, bays }) =>
      tx`update allocations set holds = false
        where reservation_id = ${pending} and resource_id <> ${bays.id} and ctid in (
          select ctid from allocations where reservation_id = ${pending} limit 1)`,
    /pending, and holds a part of what it wants/,
  ],
  "a reservation of nothing": [
    (tx, { approved }) => tx`delete from allocations where reservation_id = ${approved}`,
    /takes nothing/,
  ],
  "a time that is taken beside the one that is asked for": [
    (tx, { later }) =>
      tx`update allocations set period = tstzrange(lower(period), upper(period) + interval '1 hour', '[)')
        where reservation_id = ${later}`,
    /takes another period than its own/,
  ],
  "a hold that is to end, of what holds nothing": [async (tx, { pending }) => {
    await tx`update allocations set holds = false where reservation_id = ${pending}`;
    await tx`update reservations set held_until = ${NOW} where id = ${pending}`;
  }, /holds nothing, and is to let it go/],
  "a unit that is not there": [
    (tx, { approved }) => tx`update allocations set unit = 2 where reservation_id = ${approved}`,
    /more is in use at an instant than there is/,
  ],
  "a quantity that nobody asked for": [
    (tx, { approved }) => tx`update allocations set asked = 2 where reservation_id = ${approved}`,
    /a reservation has something else than was asked for|it takes other quantities than its history says/,
  ],
  "a closure that lets somebody in": [
    (tx, { closure }) => tx`delete from allocations where closure_id = ${closure} and unit = 2`,
    /a unit is free although it is closed/,
  ],
  "a closure that has more than it closes": [
    (tx, { closure }) => tx`delete from closure_dates where closure_id = ${closure}`,
    /a closure has what it does not close/,
  ],
  "a series of nothing": [
    (tx, { series }) =>
      tx`update reservations set series_id = null, series_wall = null where series_id = ${series}`,
    /a series of nothing/,
  ],
  "a date that is left out and had": [
    (tx, { series }) =>
      tx`insert into series_skips select series_id, series_wall, 'Taken' from reservations
        where series_id = ${series} limit 1`,
    /is a date that is left out/,
  ],
  "a status without a word": [async (tx, { approved }) => {
    await tx`update allocations set holds = false where reservation_id = ${approved}`;
    await tx`update reservations set status = 'denied' where id = ${approved}`;
  }, /its status is denied, but its history ends at approved/],
  "a purpose that was written over": [
    (tx, { approved }) => tx`update reservations set purpose = 'Band' where id = ${approved}`,
    /its purpose is Band, but its history ends at Choir/,
  ],
  "a change that is counted and not told": [
    (tx, { approved }) => tx`update reservations set version = version + 1 where id = ${approved}`,
    /its version is 2, and 1 changes are told/,
  ],
  "a moment of change that nobody tells of": [
    (tx, { approved }) =>
      tx`update reservations set updated_at = updated_at + interval '1 hour' where id = ${approved}`,
    /it says that it was changed at/,
  ],
  "a resource that was exchanged": [
    (tx, { approved, bays }) =>
      tx`update allocations set resource_id = ${bays.id} where reservation_id = ${approved}`,
    /it takes other resources than its history says/,
  ],
  "a row of history that is gone": [async (tx, { cancelled }) => {
    await silently(tx);
    await tx`delete from history where reservation_id = ${cancelled} and action = 'cancel'`;
  }, /its version is 2, and 1 changes are told/],
  "a request that is told twice": [
    (tx, { approved }) =>
      tx`insert into history (reservation_id, action, details, after_state, at)
        select reservation_id, action, details, after_state, at from history where reservation_id = ${approved}`,
    /was requested 2 times/,
  ],
  "a history that begins elsewhere than it ended": [async (tx, { cancelled }) => {
    await silently(tx);
    await tx`update history set previous_state = previous_state || '{"end_time": "2026-05-05T10:00:00Z"}'
      where reservation_id = ${cancelled} and action = 'cancel'`;
  }, /cancel begins with end_time 2026-05-05T10:00:00\+00:00, where it was 2026-05-05T09:00:00\+00:00/],
  "what somebody else did, and is no news": [async (tx, { cancelled, cast }) => {
    await silently(tx);
    await tx`update history set actor_id = ${cast.sam.id} where reservation_id = ${cancelled} and action = 'cancel'`;
  }, /its cancel is news for somebody else, or not for whose it is/],
  "an arrow that the diagram does not have": [async (tx, { cancelled }) => {
    await silently(tx);
    await tx`update history set action = 'approve' where reservation_id = ${cancelled} and action = 'cancel'`;
  }, /the diagram has no approve from approved to cancelled/],
  "an event that nobody is told": [
    (tx, { cancelled }) =>
      tx`delete from outbox where reservation_id = ${cancelled} and event = 'reservation.cancelled'`,
    /nobody is told: reservation.cancelled/,
  ],
  "an event of what did not happen": [
    (tx, { approved }) =>
      tx`insert into outbox (event, reservation_id, created_at) values ('reservation.denied', ${approved}, ${NOW})`,
    /told, and did not happen: reservation.denied/,
  ],
  "a change that nobody asked for": [
    (tx, { approved, bays }) =>
      tx`insert into proposals (reservation_id, id, start_time, end_time, resource_ids, proposed_at, decide_by)
        select id, gen_random_uuid(), start_time, end_time, ${[
        bays.id,
      ]}::uuid[], ${NOW}, start_time from reservations
        where id = ${approved}`,
    /a change is asked for, and its history does not say so/,
  ],
  "a question that nobody asked": [
    (tx, { pending, cast }) =>
      tx`insert into questions (id, reservation_id, asked_by, question, asked_at)
        values (gen_random_uuid(), ${pending}, ${cast.sam.id}, 'Why?', ${NOW})`,
    /a question is open, and its history does not say so/,
  ],
};

/** What is not of a reservation. */
const THINGS: typeof FAULTS = {
  "a resource that has other units than anybody gave it": [
    (tx, { bays }) => tx`update resources set units = 9 where id = ${bays.id}`,
    /Bays: units is 9, but its history ends at 2/,
  ],
  "a resource that was put out of service without a word": [
    (tx, { bays }) =>
      tx`insert into history (subject_kind, subject_id, subject_name, action, after_state, at)
        values ('resource', ${bays.id}, 'Bays', 'deactivate', '{"active": false}', ${NOW})`,
    /Bays: active is true, but its history ends at false/,
  ],
  "a policy that nobody changed": [
    (tx) => tx`update policies set buffer_after = 30`,
    /Held: buffer_after is 30, but its history ends at 0/,
  ],
  "a closure that is gone without a word": [async (tx, { closure }) => {
    await tx`delete from closures where id = ${closure}`;
  }, /Painters: a closure that is gone without a word/],
  "an account that was closed without a word": [
    (tx, { cast }) => tx`update users set disabled_at = ${NOW} where id = ${cast.bob.id}`,
    /Bob Booker: an account that was closed or opened without a word/,
  ],
  "an approver whom nobody named": [
    (tx, { hall, cast }) =>
      tx`insert into resource_approvers (resource_id, user_id) values (${hall.id}, ${cast.sam.id})`,
    /approver: there 1 times, on record 0/,
  ],
};

const undone = new Error("what was done is taken back");

Deno.test("whatever is made unsound is found and named", async (t) => {
  await using house = await soundHouse();
  const { sql } = house;
  const found = async (fault: (tx: Tx) => Promise<unknown>) => {
    await sql.begin(async (tx) => {
      await fault(tx);
      throw undone;
    }).catch((error) => assert.equal(error, undone));
  };
  await t.step("what is sound is not", async () => {
    await assertSound(sql);
    assert.deepEqual(await unrecordedThings(sql), []);
  });
  for (const [name, [fault, words]] of Object.entries(FAULTS)) {
    await t.step(name, () =>
      found(async (tx) => {
        await fault(tx, house);
        await assert.rejects(assertSound(tx), words);
      }));
  }
  for (const [name, [fault, words]] of Object.entries(THINGS)) {
    await t.step(name, () =>
      found(async (tx) => {
        await fault(tx, house);
        assert.match((await unrecordedThings(tx)).join("\n"), words);
      }));
  }
  await assertSound(sql);
});
