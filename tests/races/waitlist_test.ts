import assert from "node:assert/strict";
import { cancel } from "../../domain/edits.ts";
import { Conflict } from "../../domain/errors.ts";
import { accept, decline } from "../../domain/offer_answers.ts";
import { request } from "../../domain/requests.ts";
import { sweep } from "../../domain/sweep.ts";
import { join, leave } from "../../domain/waitlist.ts";
import { makeCast, makeCrowd, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { holdUp } from "../support/gate.ts";
import { assertSound } from "../support/invariants.ts";

const AT_ONCE = 50;
const CONNECTIONS = 20;
const EXPIRED = NOW.add({ minutes: 30 });

/** A room on many days, each of which Bob has and Alice waits for. */
async function bobsRoom() {
  const database = await testDatabase({ max: CONNECTIONS });
  const { sql } = database;
  const cast = await makeCast(sql);
  const crowd = await makeCrowd(sql, AT_ONCE);
  const room = await makeResource(sql, cast.ada, { name: "Room" });
  const slot = (round: number) => ({
    ...on(Temporal.PlainDate.from("2026-05-05").add({ days: round }).toString(), "10:00", "11:00"),
    resource_ids: [room.id],
  });
  return {
    ...{ database, sql, cast, crowd, room, slot },
    async taken(round: number) {
      const { id } = await request(sql, cast.bob, slot(round), NOW);
      return { bobs: id, entry: (await join(sql, cast.alice, slot(round), NOW)).id };
    },
    /** Who holds the slot of a round. */
    async holders(round: number) {
      const { start_time, end_time } = slot(round);
      const rows = await sql<{ who: string }[]>`
        select coalesce(u.email, 'an offer') as who from allocations a
        left join reservations v on v.id = a.reservation_id left join users u on u.id = v.requester_id
        where a.holds and a.period && tstzrange(${start_time}, ${end_time}, '[)')`;
      return rows.map(({ who }) => who.split("@")[0]);
    },
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

/** How many of these were done; all others were refused in words. */
async function done(work: Promise<unknown>[]): Promise<number> {
  const settled = await Promise.allSettled(work);
  const wrong = settled.flatMap((one) =>
    one.status === "rejected" && !(one.reason instanceof Conflict) ? [one.reason] : []
  );
  assert.deepEqual(wrong, []);
  return settled.filter(({ status }) => status === "fulfilled").length;
}

Deno.test("fifty walk in while Bob cancels: the offer beats them all, each time", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, crowd, database } = scene;
  for (let round = 0; round < 4; round++) {
    const { bobs } = await scene.taken(round);
    const gate = await holdUp(database, (tx) => tx`select from reservations where id = ${bobs} for update`);
    const cancelling = cancel(sql, cast.bob, { id: bobs }, NOW);
    await gate.crowded(1);
    const walkIns = crowd.map((who) => request(sql, who, scene.slot(round), NOW));
    const racing = done([cancelling, ...walkIns]);
    await gate.open();
    assert.equal(await racing, 1);
    assert.deepEqual(await scene.holders(round), ["an offer"]);
  }
});

Deno.test("fifty taps on the same offer make one reservation", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, database } = scene;
  const { bobs, entry } = await scene.taken(0);
  await cancel(sql, cast.bob, { id: bobs }, NOW);
  const gate = await holdUp(database, (tx) => tx`select from waitlist where id = ${entry} for update`);
  const taps = done(Array.from({ length: AT_ONCE }, () => accept(sql, cast.alice, { id: entry }, NOW)));
  await gate.crowded(CONNECTIONS - 1);
  await gate.open();
  assert.equal(await taps, 1);
  assert.deepEqual(await scene.holders(0), ["alice"]);
});

Deno.test("accepting against declining, leaving, expiring and walking in: one has it, or the next in order", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, database } = scene;
  const ends = new Set<string>();
  for (let round = 0; round < 12; round++) {
    const { bobs, entry } = await scene.taken(round);
    const id = entry;
    const next = round % 2 ? await join(sql, cast.sue, scene.slot(round), NOW) : undefined;
    await cancel(sql, cast.bob, { id: bobs }, NOW);
    const gate = await holdUp(database, (tx) => tx`select from waitlist where id = ${id} for update`);
    const kinds = [
      () => accept(sql, cast.alice, { id }, NOW),
      () => decline(sql, cast.alice, { id }, NOW),
      () => leave(sql, cast.alice, { id }, NOW),
      () => sweep(sql, EXPIRED),
      () => request(sql, cast.mallory, scene.slot(round), EXPIRED),
    ];
    const racing = done(Array.from({ length: 15 }, (_, i) => kinds[(i + round) % kinds.length]()));
    await gate.crowded(2);
    await gate.open();
    await racing;
    const holders = await scene.holders(round);
    assert(holders.length <= 1, `${holders} have it`);
    // Who was not offered it has it only where nobody waits who was not.
    if (next && holders[0] === "mallory") {
      const [{ offers }] = await sql`select count(*)::int as offers from offers where entry_id = ${next.id}`;
      assert.equal(offers, 1, "Mallory went before Sue");
    }
    ends.add(holders[0] ?? "nobody");
  }
  assert(ends.size > 1, `it always ended alike: ${[...ends]}`);
});

Deno.test("who joins while it is being cancelled is offered it, or told that it is free", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, database, slot } = scene;
  for (let round = 0; round < 6; round++) {
    const { id } = await request(sql, cast.bob, slot(round), NOW);
    const gate = await holdUp(database, (tx) => tx`select from reservations where id = ${id} for update`);
    const cancelling = cancel(sql, cast.bob, { id }, NOW);
    await gate.crowded(1);
    const joining = join(sql, cast.alice, slot(round), NOW).then(({ id }) => id, (error) => error);
    await gate.crowded(2);
    await gate.open();
    await cancelling;
    const told = await joining;
    if (typeof told === "string") assert.deepEqual(await scene.holders(round), ["an offer"]);
    else assert.match(told.message, /it is free, reserve it/);
  }
});

Deno.test("two rooms that come free at once are offered to two of those who want any", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, crowd, room, slot } = scene;
  const other = await makeResource(sql, cast.ada, { name: "Other room" });
  for (let round = 0; round < 6; round++) {
    const { start_time, end_time } = slot(round);
    const held = [];
    for (const { id } of [room, other]) {
      held.push(await request(sql, cast.bob, { start_time, end_time, resource_ids: [id] }, NOW));
    }
    for (const who of crowd.slice(0, 3)) {
      await join(sql, who, { start_time, end_time, any_of: { kind: "room" } }, NOW);
    }
    const walkIns = crowd.slice(3, 9).map((who) => request(sql, who, slot(round), NOW));
    assert.equal(await done([...held.map(({ id }) => cancel(sql, cast.bob, { id }, NOW)), ...walkIns]), 2);
    const offered = await sql<{ email: string; resource_ids: string[] }[]>`
      select u.email, o.resource_ids from offers o
      join waitlist e on e.id = o.entry_id join users u on u.id = e.requester_id
      where o.ended_at is null and e.start_time = ${start_time} order by e.number`;
    assert.deepEqual(offered.map(({ email }) => email), crowd.slice(0, 2).map(({ email }) => email));
    assert.deepEqual(offered.flatMap((one) => one.resource_ids).sort(), [room.id, other.id].sort());
  }
});

Deno.test("a room that is added while people begin to wait for any is offered to one of them, or free to all", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, crowd, slot } = scene;
  for (let round = 0; round < 4; round++) {
    const { start_time, end_time } = slot(round);
    const kind = `room of round ${round}`;
    const { id } = await makeResource(sql, cast.ada, { name: `Taken ${round}`, kind });
    await request(sql, cast.bob, { start_time, end_time, resource_ids: [id] }, NOW);
    const joining = crowd.slice(0, 6).map((who) =>
      join(sql, who, { start_time, end_time, any_of: { kind } }, NOW)
    );
    const [added] = await Promise.all([
      makeResource(sql, cast.ada, { name: `New ${round}`, kind }),
      done(joining),
    ]);
    const offered = await sql<{ resource_ids: string[] }[]>`
      select o.resource_ids from offers o join waitlist e on e.id = o.entry_id
      where o.ended_at is null and e.start_time = ${start_time}`;
    const waiting = await sql`select from waitlist where status = 'waiting' and start_time = ${start_time}`;
    if (offered.length === 0) assert.equal(waiting.length, 0, "somebody waits for what is free");
    else assert.deepEqual(offered.map((one) => one.resource_ids), [[added.id]]);
  }
});

Deno.test("two slots that come free at once are offered to two of those who want either", async () => {
  await using scene = await bobsRoom();
  const { sql, cast, crowd, room, slot } = scene;
  for (let round = 0; round < 6; round++) {
    const { start_time, end_time } = slot(round);
    const later = { start_time: end_time, end_time: end_time.add({ hours: 1 }), resource_ids: [room.id] };
    const [one, other] = [
      await request(sql, cast.bob, slot(round), NOW),
      await request(sql, cast.bob, later, NOW),
    ];
    const either = { start_time, end_time: later.end_time, resource_ids: [room.id], minutes: 60 };
    for (const who of crowd.slice(0, 3)) await join(sql, who, either, NOW);
    await Promise.all([one, other].map(({ id }) => cancel(sql, cast.bob, { id }, NOW)));
    const offered = await sql<{ email: string }[]>`
      select u.email from waitlist e join users u on u.id = e.requester_id
      where e.status = 'offered' and e.start_time = ${start_time} order by e.number`;
    assert.deepEqual(offered.map(({ email }) => email), crowd.slice(0, 2).map(({ email }) => email));
  }
});
