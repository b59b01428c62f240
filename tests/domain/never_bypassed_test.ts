import assert from "node:assert/strict";
import fc from "fast-check";
import type { Tx } from "../../db/types.ts";
import { approve, deny } from "../../domain/approvals.ts";
import { bump, insteadOf } from "../../domain/bumps.ts";
import { close, NewClosure } from "../../domain/closures.ts";
import { delegate } from "../../domain/delegations.ts";
import { cancel, change, describe, rescheduleAsApprover, restore } from "../../domain/edits.ts";
import { Conflict, Forbidden, Invalid, NotFound } from "../../domain/errors.ts";
import { addMember, createGroup } from "../../domain/groups.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { approveChange, denyChange, getProposal, withdrawChange } from "../../domain/proposals.ts";
import { request } from "../../domain/requests.ts";
import { nameApprover } from "../../domain/resource_approvers.ts";
import { getReservation } from "../../domain/reservations.ts";
import { decideSeveral } from "../../domain/several.ts";
import { sweep } from "../../domain/sweep.ts";
import { newId } from "../../lib/ids.ts";
import { assertDecided } from "../support/approved.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const WHO = ["alice", "bob", "sam", "sue", "ada"] as const;
type Who = typeof WHO[number];

/**
 * Rooms of every kind: one that anybody has at once, one that all staff decide on, one where only Sue is named, one
 * where the group of Sam is, one that wants an approval for what is long, and one that trusts Bob.
 */
async function site() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const policy = (name: string, rules: object) =>
    createPolicy(sql, cast.ada, { ...NO_RULES, name, ...rules }, NOW);
  const long = await policy("Long", { approval: "when", approval_longer_than: 60 });
  const trusting = await policy("Trusting", { approval: "always", trusts: [cast.bob.id] });
  const holding = await policy("Holding", { approval: "always", pending_holds: true, hold_minutes: 300 });
  const make = (name: string, more: object = {}) => makeResource(sql, cast.ada, { name, ...more });
  const rooms = [
    await make("Anybody's"),
    await make("Staff's", { requires_approval: true }),
    await make("Sue's", { requires_approval: true }),
    await make("The group's", { requires_approval: true, units: 2 }),
    await make("Long", { policy_id: long }),
    await make("Trusting", { policy_id: trusting }),
    await make("Holding", { policy_id: holding }),
  ].map(({ id }) => id);
  const group = await createGroup(sql, cast.ada, { name: "Wardens" }, NOW);
  await addMember(sql, cast.ada, { id: group, email: cast.sam.email }, NOW);
  await nameApprover(sql, cast.ada, { id: rooms[2], approver: `user:${cast.sue.id}` }, NOW);
  await nameApprover(sql, cast.ada, { id: rooms[3], approver: `group:${group}` }, NOW);
  // For the first of the two days on which things are done.
  await delegate(sql, cast.sue, { to_user_id: cast.sam.id, from: "2026-05-04", until: "2026-05-04" }, NOW);
  return { ...database, cast, rooms };
}

const VERBS = [
  ...[
    "request",
    "request",
    "request",
    "approve",
    "approve",
    "approve",
    "override",
    "deny",
    "several",
    "bump",
  ],
  ...[
    "edit",
    "edit",
    "edit",
    "move",
    "move",
    "reschedule",
    "reschedule",
    "restore",
    "restore",
    "cancel",
    "words",
  ],
  ...[
    "instead",
    "instead",
    "approve change",
    "approve change",
    "deny change",
    "withdraw change",
    "close",
    "sweep",
  ],
] as const;
type Verb = typeof VERBS[number];

const STEP = fc.record({
  verb: fc.constantFrom(...VERBS),
  who: fc.constantFrom(...WHO),
  rooms: fc.uniqueArray(fc.nat(6), { minLength: 1, maxLength: 2 }),
  day: fc.nat(1),
  hour: fc.integer({ min: 8, max: 16 }),
  length: fc.constantFrom(30, 60, 90, 120),
  which: fc.nat(1_000_000),
  minutes: fc.nat(6),
});
type Site = Awaited<ReturnType<typeof site>>;
type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never;

const REFUSALS = [Conflict, Forbidden, Invalid, NotFound];

/** The status on which something is mostly done, so that steps which lead on to another are frequent. */
const MOSTLY: Partial<Record<Verb, string>> = {
  "approve": "pending",
  "override": "pending",
  "deny": "pending",
  "bump": "approved",
  "edit": "approved",
  "move": "approved",
  "restore": "cancelled",
  "instead": "bumped",
};

/** One of the latest that there are; mostly one to which it can be done. */
async function chosen({ sql }: Site, { verb, which }: Step): Promise<string> {
  const asked = verb.endsWith("change");
  const status = which % 4 > 0 ? MOSTLY[verb as Verb] ?? null : null;
  const latest = await sql<{ id: string }[]>`
    select id from reservations v
    where (${status}::text is null or status = ${status})
      and (not ${asked} or exists (select from proposals p where p.reservation_id = v.id))
    order by number desc limit 8`;
  return latest[which % Math.max(latest.length, 1)]?.id ?? newId();
}

/** Does one thing or other to one of the reservations there are. */
async function act(scene: Site, step: Step, now: Temporal.Instant) {
  const { sql, cast, rooms } = scene;
  const actor = cast[step.who as Who];
  const id = await chosen(scene, step);
  const resource_ids = step.rooms.map((room) => rooms[room]);
  const start_time =
    on(`2026-05-0${7 + step.day}`, `${String(step.hour).padStart(2, "0")}:00`, "23:00").start_time;
  const slot = { start_time, end_time: start_time.add({ minutes: step.length }) };
  const reason = "Because";
  const changed = async (work: (change: string) => Promise<unknown>) => {
    const proposal = await getProposal(sql, id, now);
    if (!proposal) throw new NotFound("This change");
    await work(proposal.id);
  };
  const acts: Record<Verb, () => Promise<unknown>> = {
    "request": () => request(sql, actor, { ...slot, resource_ids, priority: step.which % 3 }, now),
    "approve": () => approve(sql, actor, { id }, now),
    "override": () => approve(sql, actor, { id, force_override: true, reason }, now),
    "deny": () => deny(sql, actor, { id, reason }, now),
    "several": async () => {
      const tick = await sql<{ id: string; version: number }[]>`
        select id, version from reservations where status = 'pending' order by id desc limit 3`;
      await decideSeveral(sql, actor, { verb: "approve", tick: [...tick] }, now);
    },
    "bump": () => bump(sql, actor, { id, reason }, now),
    "edit": () => change(sql, actor, id, slot, now),
    "move": () => change(sql, actor, id, { ...slot, resource_ids }, now),
    "reschedule": () => rescheduleAsApprover(sql, actor, { id, ...slot, resource_ids, reason }, now),
    "restore": () => restore(sql, actor, id, now),
    "cancel": () => cancel(sql, actor, { id }, now),
    "words": () => describe(sql, actor, id, { purpose: `Words ${step.which}` }, now),
    "instead": async () => {
      const reservation = await getReservation(sql, actor, id);
      const [free] = await insteadOf(sql, actor, reservation, now) ?? [];
      if (!free) throw new NotFound("An alternative");
      await change(sql, actor, id, { ...free, resource_ids: [free.resource_id] }, now);
    },
    "approve change": () => changed((change) => approveChange(sql, actor, { id, change }, now)),
    "deny change": () => changed((change) => denyChange(sql, actor, { id, change, reason }, now)),
    "withdraw change": () => changed((change) => withdrawChange(sql, actor, { id, change }, now)),
    "close": () => {
      const wall = (at: Temporal.Instant) =>
        at.toZonedDateTimeISO("Europe/Berlin").toPlainDateTime().toString({ smallestUnit: "minute" });
      const closure = NewClosure.parse({
        ...{ reason: "Painters", resource_ids: resource_ids.slice(0, 1), reservations: "move" },
        ...{ start_wall: wall(slot.start_time), end_wall: wall(slot.start_time.add({ minutes: 30 })) },
      });
      return close(sql, actor, closure, now);
    },
    "sweep": () => sweep(sql, now),
  };
  return await acts[step.verb as Verb]();
}

Deno.test("Whatever people and approvers do in any order, nothing has its time that nobody who may has approved", async () => {
  await using scene = await site();
  const { sql } = scene;
  const steps = fc.sample(STEP, { seed: 20260504, numRuns: 1500 });
  const done = new Map<string, number>();
  const refused = new Map<string, number>();
  const count = (counts: Map<string, number>, verb: string) => counts.set(verb, (counts.get(verb) ?? 0) + 1);
  let now = NOW;
  for (const [i, step] of steps.entries()) {
    now = now.add({ minutes: step.minutes % 5 });
    const { status, error } = await act(scene, step, now).then(
      () => ({ status: done, error: undefined }),
      (error) => ({ status: refused, error }),
    );
    count(status, step.verb);
    assert(!error || REFUSALS.some((kind) => error instanceof kind), `${step.verb}: ${error?.stack}`);
    await assertDecided(sql).catch((failure) => {
      throw new Error(`${JSON.stringify(step)}, step ${i}: ${failure.message}`);
    });
  }
  await assertSound(sql);
  for (const verb of new Set(VERBS)) {
    assert((done.get(verb) ?? 0) > 0, `no ${verb} was ever done: ${JSON.stringify([...done])}`);
    if (verb === "several" || verb === "sweep") continue;
    assert((refused.get(verb) ?? 0) > 0, `no ${verb} was ever refused`);
  }
});

Deno.test("what nobody has approved is found, however it came to have its time", async (t) => {
  await using scene = await site();
  const { sql, cast, rooms } = scene;
  const ask = (who: Who, room: number, hours: [string, string]) =>
    request(sql, cast[who], { ...on("2026-05-06", ...hours), resource_ids: [rooms[room]] }, NOW);
  const { id } = await ask("bob", 2, ["08:00", "09:00"]);
  const { id: other } = await ask("bob", 2, ["10:00", "11:00"]);
  await approve(sql, cast.sue, { id: other }, NOW);
  await assertDecided(sql);
  const ways: Record<string, (tx: Tx) => Promise<unknown>> = {
    "a status that was written": (tx) => tx`update reservations set status = 'approved' where id = ${id}`,
    "an end that was moved": (tx) =>
      tx`update reservations set end_time = end_time + interval '1 second' where id = ${other}`,
    "another room": (tx) =>
      tx`update allocations set resource_id = ${rooms[1]} where reservation_id = ${other}`,
    "an approver who may not": (tx) =>
      tx`update resource_approvers set user_id = ${cast.ada.id} where user_id = ${cast.sue.id}`,
    "an approver whose own it is": (tx) =>
      tx`update reservations set requester_id = ${cast.sue.id} where id = ${other}`,
    "a bump that was forgotten": (tx) =>
      tx`insert into history (reservation_id, action, at) values (${other}, 'bump', ${NOW})`,
  };
  for (const [name, spoil] of Object.entries(ways)) {
    await t.step(name, async () => {
      const takenBack = new Error("taken back");
      const spoilt = sql.begin(async (tx) => {
        await spoil(tx);
        await assert.rejects(assertDecided(tx), /nobody who may has decided/);
        throw takenBack;
      });
      await assert.rejects(spoilt, takenBack);
    });
  }
  await assertDecided(sql);
});
