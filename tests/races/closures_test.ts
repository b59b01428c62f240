import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { transaction } from "../../db/transaction.ts";
import type { Sql } from "../../db/types.ts";
import { close, deleteClosure, NewClosure } from "../../domain/closures.ts";
import { cancel } from "../../domain/edits.ts";
import { request } from "../../domain/requests.ts";
import { changeResource } from "../../domain/resources.ts";
import type { Answer } from "../support/app.ts";
import { serveSite } from "../support/app.ts";
import { at, makeCast, makeCrowd, makeResource, NOW } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { holdUp } from "../support/gate.ts";
import { assertSound } from "../support/invariants.ts";

const CONNECTIONS = 20;
/** The closure, and the statement behind which all wait who go together. */
const CLOSING_AND_GOING = 2;

/** A server on the loopback, with Ada, Sam and so many others signed in. */
async function openServer(people: number) {
  const stack = new AsyncDisposableStack();
  const database = stack.use(await testDatabase({ max: CONNECTIONS }));
  const { sql } = database;
  const cast = await makeCast(sql);
  const crowd = await makeCrowd(sql, people);
  const server = stack.use(await serveSite(sql, NOW, { TIME_ZONE: "Europe/Berlin" }));
  const [ada, sam] = await Promise.all([server.as(cast.ada), server.as(cast.sam)]);
  const clients = await Promise.all(crowd.map((person) => server.as(person)));
  return { database, sql, cast, ada, sam, clients, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const dateOf = (day: number) => Temporal.PlainDate.from("2026-05-05").add({ days: day }).toString();

/** Quarters of an hour from eight to twenty, one for each person: without a closure all of them are stored. */
function quarter(day: number, index: number) {
  const start_time = at(`${dateOf(day)} 08:00`).add({ minutes: 15 * (index % 48) });
  return { start_time, end_time: start_time.add({ minutes: 15 }) };
}

const closure = (resource_id: string, day: number, reservations: string) => ({
  ...{ resource_id, reservations, reason: "The floor is being sanded" },
  start_time: at(`${dateOf(day)} 08:00`),
  end_time: at(`${dateOf(day)} 20:00`),
});

function assertEach(answers: readonly Answer[], listed: readonly string[], closure_id: string) {
  for (const { status, json, text } of answers) {
    if (status === 201) {
      assert(listed.includes(json.id), `${json.reference} is stored, and the closure does not know of it`);
      continue;
    }
    assert.equal(status, 409, text);
    const closures = json.conflicts.filter((one) => one.closure_id === closure_id);
    assert(closures.length > 0, `refused for another reason: ${text}`);
  }
}

for (const what of ["a reservation in it is given up", "units are added"]) {
  Deno.test(`A closure that is ended while ${what} takes nothing any more`, async () => {
    await using database = await testDatabase();
    const { sql } = database;
    const { ada, bob } = await makeCast(sql);
    const hall = await makeResource(sql, ada, { name: "Hall" });
    const period = { start_time: at("2026-05-06 10:00"), end_time: at("2026-05-06 11:00") };
    const { id } = await request(sql, bob, { ...period, resource_ids: [hall.id] }, NOW);
    const closed = await close(
      sql,
      ada,
      NewClosure.parse({
        ...{ reason: "Painters", resource_ids: [hall.id], reservations: "leave" },
        ...{ start_wall: "2026-05-05T08:00", end_wall: "2026-05-05T20:00" },
        repeats: { frequency: "daily", count: 3 },
      }),
      NOW,
    );
    const evening = at("2026-05-05 21:00");
    let late: Promise<unknown> | undefined;
    await transaction(sql, async (tx) => {
      assert.equal(await deleteClosure(tx as unknown as Sql, ada, closed.id, evening), "ended");
      late = what.startsWith("units")
        ? changeResource(sql, ada, { id: hall.id, units: 2 }, evening)
        : cancel(sql, bob, { id }, evening);
      await Promise.race([late, pause(300)]);
    });
    await late;
    await assertSound(sql);
  });
}

for (const [units, fate] of [[1, "leave"], [3, "cancel"]] as const) {
  Deno.test(`Of fifty who reserve while Ada closes ${units} units each is listed or refused (${fate})`, async () => {
    await using server = await openServer(48);
    const { database, sql, ada, clients } = server;
    const hall = await makeResource(sql, server.cast.ada, { name: "Hall", units });
    // So that nobody is in the way of anybody but the closure: two people share no quarter of an hour.
    const reserve = (day: number, from: number, to: number) =>
      clients.slice(from, to).map((who, i) =>
        who.call("POST", "/reservations", { resource_id: hall.id, ...quarter(day, from + i) })
      );
    for (let day = 0; day < 6; day++) {
      // By turns the closure waits while half of them reserve, or half of them wait while it closes. The other half
      // comes when it is let go.
      const behind = day % 2 === 0;
      const gate = await holdUp(
        database,
        (tx) =>
          behind
            ? tx`select from resources where id = ${hall.id} for no key update`
            : tx`lock table closure_dates in share mode`,
      );
      const closing = ada.call("POST", "/closures", closure(hall.id, day, fate));
      await gate.crowded(1);
      const early = reserve(day, 0, 24);
      if (behind) await Promise.all(early);
      else await gate.crowded(units === 1 ? CLOSING_AND_GOING : CONNECTIONS);
      const late = reserve(day, 24, 48);
      await gate.open();
      const made = await closing;
      assert.equal(made.status, 201, made.text);
      const listed = made.json.reservations.map((one) => one.reservation_id as string);
      const [first, second] = await Promise.all([Promise.all(early), Promise.all(late)]);
      assertEach([...first, ...second], listed, made.json.id);
      const had = behind ? 24 : 0;
      assert.equal(first.filter(({ status }) => status === 201).length, had);
      const stored = [...first, ...second].filter(({ status }) => status === 201);
      assert.equal(stored.length, listed.length);
      assert.equal(new Set(listed).size, listed.length);
      const stories = await sql<{ status: string; steps: string; events: string; count: number }[]>`
        select status, (select string_agg(action, ' ' order by h.id) from history h where h.reservation_id = v.id) as steps,
          (select string_agg(event, ' ' order by o.id) from outbox o where o.reservation_id = v.id) as events,
          count(*)::int as count
        from reservations v where start_time >= ${at(`${dateOf(day)} 00:00`)} and start_time < ${
        at(`${dateOf(day + 1)} 00:00`)
      }
        group by 1, 2, 3`;
      const story = fate === "leave"
        ? { status: "approved", steps: "request", events: "reservation.approved" }
        : {
          ...{ status: "cancelled", steps: "request cancel" },
          events: "reservation.approved reservation.cancelled",
        };
      assert.deepEqual([...stories], listed.length > 0 ? [{ ...story, count: listed.length }] : []);
    }
    await assertSound(sql);
  });
}

Deno.test("While Ada closes and moves, others move, cancel and approve theirs, and no promise is broken", async () => {
  await using server = await openServer(24);
  const { sql, cast, ada, sam, clients } = server;
  const hall = await makeResource(sql, cast.ada, { name: "Hall", requires_approval: true });
  const like = await makeResource(sql, cast.ada, { name: "Like" });
  for (let day = 0; day < 10; day++) {
    const asked = await Promise.all(
      clients.map((who, i) =>
        who.call("POST", "/reservations", { resource_id: i % 2 ? hall.id : like.id, ...quarter(day, i) })
      ),
    );
    assert.deepEqual(asked.filter(({ status }) => status !== 201).map(({ text }) => text), []);
    const answers = await Promise.all([
      ada.call("POST", "/closures", closure(hall.id, day, "move")),
      ...asked.map(({ json }, i) => {
        const own = clients[i];
        if (i % 4 === 0) return own.call("PATCH", `/reservations/${json.id}`, quarter(day, i + 24));
        if (i % 4 === 1) return sam.call("POST", `/reservations/${json.id}/approve`);
        if (i % 4 === 2) return own.call("DELETE", `/reservations/${json.id}`);
        return own.call("PATCH", `/reservations/${json.id}`, {
          resource_id: like.id,
          ...quarter(day, i + 24),
        });
      }),
    ]);
    assert.equal(answers[0].status, 201, answers[0].text);
    assert.deepEqual(
      answers.filter(({ status }) => ![200, 201, 409].includes(status)).map((a) => a.text),
      [],
    );
  }
  await assertSound(sql);
});
