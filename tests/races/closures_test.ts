import assert from "node:assert/strict";
import type { Answer } from "../support/app.ts";
import { serveSite } from "../support/app.ts";
import { at, makeCast, makeCrowd, makeResource, NOW } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

/** A server on the loopback, with Ada, Sam and so many others signed in. */
async function openServer(people: number) {
  const stack = new AsyncDisposableStack();
  const { sql } = stack.use(await testDatabase({ max: 20 }));
  const cast = await makeCast(sql);
  const crowd = await makeCrowd(sql, people);
  const server = stack.use(await serveSite(sql, NOW, { TIME_ZONE: "Europe/Berlin" }));
  const [ada, sam] = await Promise.all([server.as(cast.ada), server.as(cast.sam)]);
  const clients = await Promise.all(crowd.map((person) => server.as(person)));
  return { sql, cast, ada, sam, clients, [Symbol.asyncDispose]: () => stack.disposeAsync() };
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

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

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

for (const [units, fate] of [[1, "leave"], [3, "cancel"]] as const) {
  Deno.test(`Of fifty who reserve while Ada closes ${units} units each is listed or refused (${fate}), twenty times`, async () => {
    await using server = await openServer(50);
    const hall = await makeResource(server.sql, server.cast.ada, { name: "Hall", units });
    const seen = { stored: 0, refused: 0 };
    for (let day = 0; day < 20; day++) {
      const closing = pause(day % 10).then(() =>
        server.ada.call("POST", "/closures", closure(hall.id, day, fate))
      );
      const answers = await Promise.all(
        // So that nobody is in the way of anybody but the closure: two people share no quarter of a unit.
        server.clients.slice(0, 48).map(async (who, i) => {
          await pause(3 * i);
          return await who.call("POST", "/reservations", { resource_id: hall.id, ...quarter(day, i) });
        }),
      );
      const made = await closing;
      assert.equal(made.status, 201, made.text);
      const listed = made.json.reservations.map((one) => one.reservation_id as string);
      assertEach(answers, listed, made.json.id);
      const stored = answers.filter(({ status }) => status === 201);
      assert.equal(stored.length, listed.length);
      seen.stored += stored.length;
      seen.refused += answers.length - stored.length;
      const statuses = await server.sql`
        select distinct status from reservations where id = any(${listed})`;
      const wanted = fate === "leave" ? "approved" : "cancelled";
      assert.deepEqual(statuses.map((row) => row.status), listed.length > 0 ? [wanted] : []);
    }
    assert(seen.stored > 0 && seen.refused > 0, `it was no race: ${JSON.stringify(seen)}`);
    await assertSound(server.sql);
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
