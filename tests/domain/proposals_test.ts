import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { transaction } from "../../db/transaction.ts";
import { approve } from "../../domain/approvals.ts";
import { bump } from "../../domain/bumps.ts";
import { cancel, change, describe, reschedule, restore } from "../../domain/edits.ts";
import { Conflict, Forbidden, NotFound } from "../../domain/errors.ts";
import { approveChange, denyChange, getProposal, withdrawChange } from "../../domain/proposals.ts";
import { countPending, listChanges } from "../../domain/queue.ts";
import { request } from "../../domain/requests.ts";
import { sweep } from "../../domain/sweep.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const TEN = on("2026-05-05", "10:00", "11:00");
const LONGER = on("2026-05-05", "10:00", "12:00");
const TWO = on("2026-05-05", "14:00", "15:00");
const reason = "Being painted";
const later = (minutes: number) => NOW.add({ minutes });

/** A hall that wants approval, and that Bob has from ten to eleven; what is stored is sound when the test is over. */
async function bobsHall() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const hall = await makeResource(sql, cast.ada, { name: "Hall", requires_approval: true });
  const other = await makeResource(sql, cast.ada, { name: "Other", requires_approval: true });
  const has = async (who: keyof typeof cast, period = TEN, room = hall) => {
    const { id } = await request(sql, cast[who], { ...period, resource_ids: [room.id] }, NOW);
    await approve(sql, cast.sue, { id }, NOW);
    return id;
  };
  const id = await has("bob");
  const asks = async (slot: Parameters<typeof change>[3] = LONGER, now = later(1)) => {
    assert.equal(await change(sql, cast.bob, id, slot, now), "proposed");
    return (await getProposal(sql, id, now))!.id;
  };
  return {
    ...database,
    ...{ cast, hall, other, has, id, asks },
    approve: (change: string, now = later(2)) => approveChange(sql, cast.sam, { id, change }, now),
    deny: (change: string, now = later(2)) => denyChange(sql, cast.sam, { id, change, reason }, now),
    withdraw: (change: string, now = later(2)) => withdrawChange(sql, cast.bob, { id, change }, now),
    slot: async () => {
      const [row] = await sql`
        select r.name, to_char(v.start_time at time zone 'Europe/Berlin', 'HH24:MI') as from,
          to_char(v.end_time at time zone 'Europe/Berlin', 'HH24:MI') as to, v.status, a.holds
        from reservations v join allocations a on a.reservation_id = v.id
        join resources r on r.id = a.resource_id where v.id = ${id}`;
      return Object.values(row);
    },
    told: async () => {
      const rows = await sql`select event from outbox where reservation_id = ${id} order by id`;
      return rows.map((row) => row.event);
    },
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

const AS_IT_WAS = ["Hall", "10:00", "11:00", "approved", true];

async function refused(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error.message;
}

Deno.test("what Bob asks for moves nothing, and takes nothing", async () => {
  await using scene = await bobsHall();
  await scene.asks(TWO);
  assert.deepEqual(await scene.slot(), AS_IT_WAS);
  assert(await scene.has("alice", TWO));
});

Deno.test("Sam approves, and the reservation moves", async () => {
  await using scene = await bobsHall();
  await scene.approve(await scene.asks({ ...TWO, resource_ids: [scene.other.id] }));
  assert.deepEqual(await scene.slot(), ["Other", "14:00", "15:00", "approved", true]);
  assert.deepEqual((await scene.told()).slice(-2), [
    "reservation.change_requested",
    "reservation.rescheduled",
  ]);
  assert(await scene.has("alice"));
});

Deno.test("Sam denies, and the reservation is what it was; Bob reads why", async () => {
  await using scene = await bobsHall();
  await scene.deny(await scene.asks());
  assert.deepEqual(await scene.slot(), AS_IT_WAS);
  const [{ details }] = await scene.sql`select details from history order by id desc limit 1`;
  assert.deepEqual(details, { reason });
  assert.equal((await scene.told()).at(-1), "reservation.change_denied");
});

Deno.test("Bob withdraws, and nobody decides any more", async () => {
  await using scene = await bobsHall();
  const asked = await scene.asks();
  await scene.withdraw(asked);
  assert.equal(await getProposal(scene.sql, scene.id, later(2)), undefined);
  assert.equal(
    await refused(scene.approve(asked, later(3))),
    "This change cannot be decided: it is no longer asked for",
  );
  assert.deepEqual(await scene.slot(), AS_IT_WAS);
});

Deno.test("a later wish takes the place of an earlier one, which cannot be approved any more", async () => {
  await using scene = await bobsHall();
  const first = await scene.asks();
  const second = await scene.asks(TWO);
  assert.match(await refused(scene.approve(first)), /no longer asked for/);
  await scene.approve(second);
  assert.equal((await scene.slot())[1], "14:00");
});

Deno.test("Bob cannot ask for what Alice has, and is told so", async () => {
  await using scene = await bobsHall();
  await scene.has("alice", TWO);
  const wish = change(scene.sql, scene.cast.bob, scene.id, TWO, later(1));
  assert.equal(await refused(wish), "Hall is already taken by Alice Asker");
  assert.equal(await getProposal(scene.sql, scene.id, later(1)), undefined);
});

Deno.test("what was taken meanwhile cannot be approved, and waits on", async () => {
  await using scene = await bobsHall();
  const asked = await scene.asks(TWO);
  await scene.has("alice", TWO);
  assert.equal(await refused(scene.approve(asked)), "Hall is already taken by Alice Asker");
  assert.deepEqual(await scene.slot(), AS_IT_WAS);
  assert.equal((await getProposal(scene.sql, scene.id, later(3)))?.id, asked);
});

for (
  const [what, does] of Object.entries(
    {
      "a cancellation": ({ sql, cast, id }) => cancel(sql, cast.bob, { id }, later(2)),
      "a bump": ({ sql, cast, id }) => bump(sql, cast.sue, { id, reason }, later(2)),
      "a move of Sam's": ({ sql, cast, id }) =>
        reschedule(sql, cast.sam, id, on("2026-05-05", "16:00", "17:00"), later(2)),
      "a shortening": ({ sql, cast, id }) =>
        reschedule(sql, cast.bob, id, on("2026-05-05", "10:00", "10:30"), later(2)),
    } satisfies Record<string, (scene: Awaited<ReturnType<typeof bobsHall>>) => Promise<unknown>>,
  )
) {
  Deno.test(`${what} overtakes what was asked for`, async () => {
    await using scene = await bobsHall();
    const asked = await scene.asks();
    await does(scene);
    assert.equal(await getProposal(scene.sql, scene.id, later(3)), undefined);
    const before = await scene.slot();
    assert.match(await refused(scene.approve(asked, later(3))), /no longer asked for/);
    assert.deepEqual(await scene.slot(), before);
  });
}

Deno.test("what is asked for while the reservation is about to be given up goes with it", async () => {
  await using scene = await bobsHall();
  const { sql, cast, id } = scene;
  let late: Promise<unknown> | undefined;
  await transaction(sql, async (tx) => {
    await change(tx, cast.bob, id, LONGER, later(1));
    late = cancel(sql, cast.sam, { id }, later(1));
    await Promise.race([late, pause(300)]);
  });
  await late;
  assert.equal(await getProposal(sql, id, later(1)), undefined);
});

Deno.test("a cancellation that is taken back does not bring the wish back", async () => {
  await using scene = await bobsHall();
  await scene.asks();
  await cancel(scene.sql, scene.cast.bob, { id: scene.id }, later(2));
  await restore(scene.sql, scene.cast.bob, scene.id, later(3));
  assert.equal(await getProposal(scene.sql, scene.id, later(3)), undefined);
});

Deno.test("Bob's new words leave his wish as it is", async () => {
  await using scene = await bobsHall();
  const asked = await scene.asks();
  await describe(scene.sql, scene.cast.bob, scene.id, { purpose: "Orchestra" }, later(2));
  await scene.approve(asked, later(3));
  assert.equal((await scene.slot())[2], "12:00");
});

Deno.test("Bob's words that come with his wish are changed at once", async () => {
  await using scene = await bobsHall();
  await scene.asks({ ...LONGER, purpose: "Orchestra" });
  const [{ purpose }] = await scene.sql`select purpose from reservations where id = ${scene.id}`;
  assert.equal(purpose, "Orchestra");
  assert.deepEqual(await scene.slot(), AS_IT_WAS);
});

Deno.test("Bob may not approve what he asks for, nor Alice find it", async () => {
  await using scene = await bobsHall();
  const { sql, cast, id } = scene;
  const asked = await scene.asks();
  await assert.rejects(approveChange(sql, cast.bob, { id, change: asked }, later(2)), Forbidden);
  await assert.rejects(denyChange(sql, cast.bob, { id, change: asked, reason }, later(2)), Forbidden);
  await assert.rejects(withdrawChange(sql, cast.alice, { id, change: asked }, later(2)), NotFound);
});

Deno.test("the queue shows old and new with what is in the way, and counts it", async () => {
  await using scene = await bobsHall();
  assert.equal(await countPending(scene.sql, scene.cast.sam, NOW), 0);
  await scene.asks(TWO);
  await scene.has("alice", TWO);
  const [row, ...more] = await listChanges(scene.sql, scene.cast.sam, { limit: 5 }, later(2));
  assert.equal(more.length, 0);
  assert.deepEqual([`${row.start_time}`, `${row.proposal.start_time}`, row.proposal.resource_name], [
    `${TEN.start_time}`,
    `${TWO.start_time}`,
    "Hall",
  ]);
  assert.deepEqual(row.conflicts.map((rival) => rival.requester_name), ["Alice Asker"]);
  assert.equal(await countPending(scene.sql, scene.cast.sam, later(2)), 1);
});

Deno.test("what nobody decided by the start expires by the sweep, once, and the reservation is what it was", async () => {
  await using scene = await bobsHall();
  const asked = await scene.asks();
  await sweep(scene.sql, TEN.start_time.subtract({ seconds: 1 }));
  assert(await getProposal(scene.sql, scene.id, TEN.start_time.subtract({ seconds: 1 })));
  assert.match(await refused(scene.approve(asked, TEN.start_time)), /no longer asked for/);
  assert.deepEqual(
    await Promise.all([sweep(scene.sql, TEN.start_time), sweep(scene.sql, TEN.start_time)]).then((n) =>
      n[0] + n[1]
    ),
    1,
  );
  assert.equal(await sweep(scene.sql, TEN.start_time), 0);
  assert.deepEqual(await scene.slot(), AS_IT_WAS);
  assert.equal((await scene.told()).at(-1), "reservation.change_expired");
});

Deno.test("what is to be earlier expires when that has come", async () => {
  await using scene = await bobsHall();
  const early = on("2026-05-05", "08:00", "09:00");
  await scene.asks(early);
  assert.equal(await sweep(scene.sql, early.start_time), 1);
});

Deno.test("what has begun and is to last longer waits until its end", async () => {
  await using scene = await bobsHall();
  const begun = TEN.start_time.add({ minutes: 10 });
  const asked = await scene.asks({ end_time: LONGER.end_time }, begun);
  assert.equal(await sweep(scene.sql, TEN.end_time.subtract({ seconds: 1 })), 0);
  await scene.approve(asked, TEN.end_time.subtract({ seconds: 1 }));
  assert.equal((await scene.slot())[2], "12:00");
});

Deno.test("what is over cannot be asked to be at another time, also where the sweep has not said so yet", async () => {
  await using scene = await bobsHall();
  const tomorrow = change(
    scene.sql,
    scene.cast.bob,
    scene.id,
    on("2026-05-06", "10:00", "11:00"),
    TEN.end_time,
  );
  assert.equal(await refused(tomorrow), "This reservation cannot be changed: it is already completed");
});

Deno.test("whoever decides on the change of what was given up is told that it was", async () => {
  await using scene = await bobsHall();
  const asked = await scene.asks();
  await cancel(scene.sql, scene.cast.bob, { id: scene.id }, later(2));
  assert.equal(
    await refused(scene.deny(asked)),
    "This change cannot be decided: it is no longer asked for, the reservation is already cancelled",
  );
});

Deno.test("of approving, denying and withdrawing at once exactly one happens, twenty times", async () => {
  await using scene = await bobsHall();
  const { sql, cast } = scene;
  const won = new Set<number>();
  for (let round = 0; round < 20; round++) {
    const day = Temporal.PlainDate.from("2026-05-06").add({ days: round }).toString();
    const id = await scene.has("bob", on(day, "10:00", "11:00"));
    await change(sql, cast.bob, id, on(day, "10:00", "12:00"), later(1));
    const asked = { id, change: (await getProposal(sql, id, later(1)))!.id };
    const settled = await Promise.allSettled([
      approveChange(sql, cast.sam, asked, later(2)),
      denyChange(sql, cast.sue, { ...asked, reason }, later(2)),
      withdrawChange(sql, cast.bob, asked, later(2)),
    ]);
    for (const one of settled) if (one.status === "rejected") assert(one.reason instanceof Conflict);
    const winners = settled.flatMap((one, i) => one.status === "fulfilled" ? [i] : []);
    assert.equal(winners.length, 1);
    won.add(winners[0]);
    const [{ hours }] = await sql`
      select extract(hour from end_time - start_time)::int as hours from reservations where id = ${id}`;
    assert.equal(hours, winners[0] === 0 ? 2 : 1);
  }
  assert(won.size > 1, "The same one was always the fastest: nothing was raced");
});
