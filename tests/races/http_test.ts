import assert from "node:assert/strict";
import type { Sql } from "../../db/types.ts";
import { random } from "../../prove/run.ts";
import type { Answer, Client } from "../support/app.ts";
import { serveSite } from "../support/app.ts";
import { at, makeCast, makeCrowd, makeResource, NOW } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";
import { follow, one, read, valuesOf, words } from "../support/page.ts";

const HTMX = { "hx-request": "true" };
// The same hour many times, and others that share a quarter of it with all the rest.
const PERIODS = [
  ["10:00", "11:00"],
  ["09:30", "10:45"],
  ["10:00", "11:00"],
  ["10:30", "11:30"],
  ["10:00", "11:00"],
  ["09:00", "12:00"],
  ["10:15", "10:45"],
];

/** A server on the loopback, with the cast and so many others signed in. */
async function openServer(people: number) {
  const stack = new AsyncDisposableStack();
  const { sql } = stack.use(await testDatabase({ max: 20 }));
  const cast = await makeCast(sql);
  const crowd = await makeCrowd(sql, people);
  const server = stack.use(await serveSite(sql, NOW, { TIME_ZONE: "Europe/Berlin" }));
  const [sam, sue] = await Promise.all([server.as(cast.sam), server.as(cast.sue)]);
  const clients = await Promise.all(crowd.map((person) => server.as(person)));
  return { sql, cast, sam, sue, clients, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

interface Wish {
  resource: string;
  date: string;
  start: string;
  end: string;
  purpose: string;
}

function byJson(who: Client, { resource, date, start, end, purpose }: Wish): Promise<Answer> {
  return who.call("POST", "/reservations", {
    resource_id: resource,
    start_time: at(`${date} ${start}`),
    end_time: at(`${date} ${end}`),
    purpose,
  });
}

const typed = ({ resource, date, start, end, purpose }: Wish) => ({
  ...{ resource, date, start, end_date: date, end, purpose },
});

function byForm(who: Client, wish: Wish): Promise<Answer> {
  return who.post("/reservations", typed(wish));
}

/**
 * All at the same moment: half of them by the form, or all of them in the same way, as programs would always be the
 * faster ones.
 */
async function storm(clients: Client[], resource: string, day: number) {
  const date = dateOf(day);
  const byProgram = (i: number) => day % 2 === 0 ? i % 2 === 0 : day % 4 === 1;
  const wishes = clients.map((who, i) => {
    const [start, end] = PERIODS[(i + day) % PERIODS.length];
    return { who, json: byProgram(i), wish: { resource, date, start, end, purpose: `Wish ${i}` } };
  });
  return await Promise.all(wishes.map(async ({ who, json, wish }) => {
    const answer = await (json ? byJson(who, wish) : byForm(who, wish));
    return { json, wish, answer, stored: answer.status === (json ? 201 : 303) };
  }));
}

function dateOf(day: number): string {
  return Temporal.PlainDate.from("2026-05-05").add({ days: day }).toString();
}

function holders(sql: Sql, resource: string, day: number) {
  return sql<{ id: string; purpose: string; name: string }[]>`
    select v.id, v.purpose, u.name from allocations a
    join reservations v on v.id = a.reservation_id join users u on u.id = v.requester_id
    where a.resource_id = ${resource} and a.holds
      and a.period && tstzrange(${at(`${dateOf(day)} 00:00`)}, ${at(`${dateOf(day + 1)} 00:00`)})`;
}

interface Held {
  reservation_id: string;
}

function assertRefusedByJson(answer: Answer, winners: readonly string[]) {
  assert.equal(answer.status, 409, answer.text);
  assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
  const { conflicts, alternatives } = answer.json;
  const named = (conflicts as unknown as Held[]).map((conflict) => conflict.reservation_id);
  assert.deepEqual(named.toSorted(), winners.toSorted());
  assert(alternatives.length > 0);
}

function assertRefusedByForm(answer: Answer, wish: Wish, winner: string) {
  assert.equal(answer.status, 409, answer.text);
  const page = read(answer);
  const kept = valuesOf(one(page, "form#reserve"));
  assert.deepEqual({ ...kept, ...typed(wish) }, kept);
  assert(words(one(page, "#verdict")).includes(`is taken by ${winner},`), words(one(page, "#verdict")));
  assert(page.querySelectorAll("#verdict button[name=take]").length > 0);
}

Deno.test("Of fifty people who want the same slot at once exactly one gets it, twenty times over", async () => {
  await using server = await openServer(50);
  const { id } = await makeResource(server.sql, server.cast.ada, { name: "Hall" });
  for (let day = 0; day < 20; day++) {
    const answers = await storm(server.clients, id, day);
    const stored = answers.filter((one) => one.stored);
    assert.deepEqual(answers.map(({ answer }) => answer.status).filter((status) => status >= 500), []);
    const [winner, ...more] = await holders(server.sql, id, day);
    assert.deepEqual([more.length, stored.map(({ wish }) => wish.purpose)], [0, [winner.purpose]]);
    for (const { json, wish, answer, stored } of answers) {
      if (stored) continue;
      if (json) assertRefusedByJson(answer, [winner.id]);
      else assertRefusedByForm(answer, wish, winner.name);
    }
  }
  await assertSound(server.sql);
});

Deno.test("Of fifty people who want one of five units at once exactly five get one", async () => {
  await using server = await openServer(50);
  const { id } = await makeResource(server.sql, server.cast.ada, { name: "Projectors", units: 5 });
  for (let day = 0; day < 4; day++) {
    const answers = await storm(server.clients, id, day);
    const kept = await holders(server.sql, id, day);
    assert.equal(kept.length, 5);
    const stored = answers.filter((one) => one.stored).map(({ wish }) => wish.purpose);
    assert.deepEqual(stored.toSorted(), kept.map(({ purpose }) => purpose).toSorted());
    for (const { json, answer, stored } of answers) {
      if (stored) continue;
      if (json) assertRefusedByJson(answer, kept.map((row) => row.id));
      else assert.equal(answer.status, 409, answer.text);
    }
  }
  await assertSound(server.sql);
});

Deno.test("Fifty people who want one of fifty units at once all get one", async () => {
  await using server = await openServer(50);
  const { id } = await makeResource(server.sql, server.cast.ada, { name: "Bicycles", units: 50 });
  const answers = await storm(server.clients, id, 0);
  assert.deepEqual(answers.filter((one) => !one.stored).map(({ answer }) => answer.text), []);
  await assertSound(server.sql);
});

/** A hall that wants approval, and one request for it on each of so many days. */
async function requested(server: Awaited<ReturnType<typeof openServer>>, days: number) {
  const { id: hall } = await makeResource(server.sql, server.cast.ada, {
    name: "Great Hall",
    requires_approval: true,
  });
  const ids: string[] = [];
  for (let day = 0; day < days; day++) ids.push(await ask(server.clients[0], hall, day));
  return { hall, ids };
}

async function ask(who: Client, resource: string, day: number): Promise<string> {
  const wish = { resource, date: dateOf(day), start: "10:00", end: "11:00", purpose: "" };
  const { status, json } = await byJson(who, wish);
  assert.deepEqual([status, json.status], [201, "pending"]);
  return json.id;
}

/** What an approver is told who presses a button without scripts, and where they land. */
async function pressed(who: Client, id: string, verb: string, form: Record<string, string> = {}) {
  const landed = await follow(who, await who.post(`/reservations/${id}/${verb}`, form));
  assert.equal(landed.status, 200);
  return words(one(read(landed), "#notices"));
}

Deno.test("Of two approvers who approve the same request at once one does, and the other reads who did", async () => {
  await using server = await openServer(1);
  const { ids } = await requested(server, 20);
  for (const id of ids) {
    const [program, notice] = await Promise.all([
      server.sam.call("POST", `/reservations/${id}/approve`),
      pressed(server.sue, id, "approve"),
    ]);
    if (program.status === 200) {
      assert.match(notice, /^This reservation cannot be approved: it is already approved by Sam Says, 09:00/);
      continue;
    }
    assert.match(notice, /^Approved: Person 1 can read it/);
    assert.equal(program.status, 409);
    const { detail } = program.json;
    assert.equal(
      detail,
      "This reservation cannot be approved: it is already approved by Sue Settles, 09:00",
    );
  }
  await assertSound(server.sql);
});

Deno.test("Of one who approves and one who denies the same request at once exactly one decides", async () => {
  await using server = await openServer(1);
  const { ids } = await requested(server, 20);
  for (const id of ids) {
    const [yes, no] = await Promise.all([
      server.sam.post(`/reservations/${id}/approve`, {}, HTMX),
      server.sue.call("POST", `/reservations/${id}/deny`, { reason: "Closed that day" }),
    ]);
    const { status } = (await server.sam.call("GET", `/reservations/${id}`)).json;
    const approved = yes.status === 200;
    assert.deepEqual([yes.status, no.status], approved ? [200, 409] : [409, 200]);
    assert.equal(status, approved ? "approved" : "denied");
    const said = approved ? no.json.detail : words(read(yes));
    assert.match(said, approved ? /already approved by Sam Says/ : /already denied by Sue Settles/);
  }
  await assertSound(server.sql);
});

Deno.test("Of two requests for one slot that are approved at once exactly one is", async () => {
  await using server = await openServer(2);
  const { hall, ids } = await requested(server, 20);
  for (const [day, first] of ids.entries()) {
    const second = await ask(server.clients[1], hall, day);
    const [program, part] = await Promise.all([
      server.sam.call("POST", `/reservations/${first}/approve`),
      server.sue.post(`/reservations/${second}/approve`, {}, HTMX),
    ]);
    assert.deepEqual([program.status, part.status].toSorted(), [200, 409]);
    const [winner, ...more] = await holders(server.sql, hall, day);
    assert.deepEqual([winner.id, more.length], [program.status === 200 ? first : second, 0]);
    if (program.status === 409) assertRefusedByJson(program, [second]);
    else assert.match(words(read(part)), /Great Hall is already taken by Person 1/);
    const loser = winner.id === first ? second : first;
    assert.equal((await server.sam.call("GET", `/reservations/${loser}`)).json.status, "pending");
  }
  await assertSound(server.sql);
});

Deno.test("Whatever twenty people and two approvers do at random all at once, no promise is broken", async () => {
  await using server = await openServer(20);
  const { sql, cast, sam, sue, clients } = server;
  const resources = await Promise.all([
    makeResource(sql, cast.ada, { name: "Hall" }),
    makeResource(sql, cast.ada, { name: "Great Hall", requires_approval: true }),
    makeResource(sql, cast.ada, { name: "Bays", units: 2 }),
  ]);
  const ids: string[] = [];
  const seen = new Map<string, number>();
  await Promise.all(clients.map((who, i) => wander(who, random(i + 1))));
  await assertSound(sql);
  for (const what of ["create", "edit", "cancel", "approve"]) {
    assert([200, 201, 303].some((status) => seen.has(`${what} ${status}`)), `No ${what} ever succeeded`);
    assert(seen.has(`${what} 409`), `No ${what} was ever refused`);
  }

  async function wander(who: Client, pick: (below: number) => number) {
    for (let step = 0; step < 30; step++) {
      const hour = 9 + pick(9);
      const wish = {
        resource: resources[pick(3)].id,
        date: dateOf(pick(2)),
        start: `${String(hour).padStart(2, "0")}:${pick(2) ? "30" : "00"}`,
        end: `${hour + 1 + pick(2)}:30`,
        purpose: `Step ${step}`,
      };
      const id = ids[pick(ids.length)];
      const approver = pick(2) ? sam : sue;
      const json = pick(2) === 0;
      const [what, answer] = await act(who, approver, json, id ? pick(12) : 0, id, wish);
      const outcome = `${what} ${answer.status}`;
      assert(/ (2\d\d|3\d\d|404|409|422)$/.test(outcome), `${outcome}: ${answer.text.slice(0, 500)}`);
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    }
  }

  async function act(
    who: Client,
    approver: Client,
    json: boolean,
    kind: number,
    id: string,
    wish: Wish,
  ): Promise<[string, Answer]> {
    const { resource, date, start, end, purpose } = wish;
    // Approvers may change what is anybody's; that people cannot is part of what is tried.
    const editor = kind % 2 ? approver : who;
    if (kind < 3) {
      const answer = await (json ? byJson(who, wish) : byForm(who, wish));
      if (answer.status === 201) ids.push(answer.json.id);
      return ["create", answer];
    }
    if (kind < 7) {
      const change = {
        resource_id: resource,
        start_time: at(`${date} ${start}`),
        end_time: at(`${date} ${end}`),
        purpose,
      };
      return [
        "edit",
        await (json
          ? editor.call("PATCH", `/reservations/${id}`, change)
          : editor.post(`/reservations/${id}/edit`, typed(wish))),
      ];
    }
    if (kind < 9) {
      const by = json
        ? editor.call("POST", `/reservations/${id}/cancel`)
        : editor.post(`/reservations/${id}/cancel`);
      return ["cancel", await by];
    }
    if (kind === 9) return ["restore", await approver.post(`/reservations/${id}/restore`)];
    return [
      "approve",
      await (json
        ? approver.call("POST", `/reservations/${id}/approve`)
        : approver.post(`/reservations/${id}/approve`)),
    ];
  }
});
