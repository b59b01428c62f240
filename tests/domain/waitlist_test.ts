import assert from "node:assert/strict";
import { approve, deny } from "../../domain/approvals.ts";
import { deactivateUser } from "../../domain/accounts.ts";
import { bump } from "../../domain/bumps.ts";
import { endEarly } from "../../domain/check_in.ts";
import { close, deleteClosure, NewClosure } from "../../domain/closures.ts";
import { cancel, change, reschedule } from "../../domain/edits.ts";
import { Conflict } from "../../domain/errors.ts";
import { accept, decline } from "../../domain/offer_answers.ts";
import type { Actor } from "../../domain/permissions.ts";
import type { Period } from "../../domain/periods.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { approveChange, getProposal } from "../../domain/proposals.ts";
import { request } from "../../domain/requests.ts";
import { changeResource, deactivateResource, reactivateResource } from "../../domain/resources.ts";
import { sweep } from "../../domain/sweep.ts";
import { join, type Joining, leave } from "../../domain/waitlist.ts";
import { getEntry, listWaitlist } from "../../domain/waitlist_entries.ts";
import { type Cast, NOW, on } from "../support/cast.ts";
import { house } from "../support/house.ts";

const DAY = "2026-05-05";
const TEN = on(DAY, "10:00", "11:00");
const ELEVEN = on(DAY, "11:00", "12:00");
const later = (minutes: number) => NOW.add({ minutes });

/** A room that Bob has from ten to eleven; what is stored is sound when the test is over. */
async function bobsRoom(
  resource: Parameters<Awaited<ReturnType<typeof house>>["make"]>[0] = { name: "Room" },
) {
  const home = await house();
  const { sql, cast } = home;
  const room = await home.make(resource);
  const reserve = (who: keyof Cast, period: Period = TEN, now = NOW, id = room.id) =>
    request(sql, cast[who], { ...period, resource_ids: [id] }, now);
  const bobs = (await reserve("bob")).id;
  return Object.assign(home, {
    room,
    bobs,
    reserve,
    wait: (who: keyof Cast, wish: Partial<Joining> = {}, now = NOW) =>
      join(sql, cast[who], { ...TEN, resource_ids: [room.id], ...wish }, now),
    cancelled: (now = NOW) => cancel(sql, cast.bob, { id: bobs }, now),
    /** Who is offered what at this moment. */
    async offered(now = NOW) {
      const open = await listWaitlist(sql, cast.sam, { open: true, limit: 200 }, now);
      return open.flatMap(({ requester_name, offer }) =>
        offer ? [`${requester_name.split(" ")[0]} ${clock(offer.start_time)}–${clock(offer.end_time)}`] : []
      );
    },
    see: (who: Actor, id: string, now = NOW) => getEntry(sql, who, id, now),
  });
}

const clock = (at: Temporal.Instant) =>
  at.toZonedDateTimeISO("Europe/Berlin").toPlainTime().toString({ smallestUnit: "minute" });

async function refused(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error.message;
}

Deno.test("what Bob cancels is offered to Alice, who waits for it, and held for her", async () => {
  await using home = await bobsRoom();
  const { id } = await home.wait("alice");
  await home.cancelled();
  assert.deepEqual(await home.offered(), ["Alice 10:00–11:00"]);
  assert.equal(`${(await home.see(home.cast.alice, id)).offer?.expires_at}`, `${later(30)}`);
  assert.match(
    await refused(home.reserve("mallory")),
    /^Room is offered to somebody on the waitlist until 09:30$/,
  );
});

Deno.test("with one tap the offer is Alice's reservation, and her waiting is over", async () => {
  await using home = await bobsRoom();
  const { id } = await home.wait("alice", { purpose: "Choir" });
  await home.cancelled();
  const stored = await accept(home.sql, home.cast.alice, { id }, later(10));
  assert.equal(stored.status, "approved");
  const entry = await home.see(home.cast.alice, id);
  assert.deepEqual([entry.status, entry.reservation_id, entry.offer], ["accepted", stored.id, null]);
  assert.match(await refused(home.reserve("mallory")), /already taken by Alice/);
});

Deno.test("an offer is used once", async () => {
  await using home = await bobsRoom();
  const { id } = await home.wait("alice");
  await home.cancelled();
  await accept(home.sql, home.cast.alice, { id }, NOW);
  assert.match(await refused(accept(home.sql, home.cast.alice, { id }, NOW)), /it was accepted already/);
  assert.match(await refused(decline(home.sql, home.cast.alice, { id }, NOW)), /it was accepted already/);
});

Deno.test("who came first is offered it first, then the next when the first declines or lets it pass", async () => {
  await using home = await bobsRoom();
  const alice = await home.wait("alice");
  await home.wait("mallory");
  await home.wait("sue");
  await home.cancelled();
  assert.deepEqual(await home.offered(), ["Alice 10:00–11:00"]);
  await decline(home.sql, home.cast.alice, { id: alice.id }, NOW);
  assert.deepEqual(await home.offered(), ["Mallory 10:00–11:00"]);
  await sweep(home.sql, later(30));
  assert.deepEqual(await home.offered(later(30)), ["Sue 10:00–11:00"]);
  await sweep(home.sql, later(60));
  assert.deepEqual(await home.offered(later(60)), []);
  await home.reserve("bob", TEN, later(60));
});

Deno.test("who was bumped goes before all who came earlier", async () => {
  await using home = await bobsRoom();
  const { sql, cast } = home;
  await home.wait("alice");
  await bump(sql, cast.sam, { id: home.bobs, reason: "The mayor comes" }, NOW);
  assert.deepEqual(await home.offered(), ["Alice 10:00–11:00"]);
  await home.wait("mallory");
  const bobs = await home.wait("bob");
  assert.deepEqual([bobs.bumped, bobs.place], [true, 1]);
  await sweep(sql, later(30));
  assert.deepEqual(await home.offered(later(30)), ["Bob 10:00–11:00"]);
});

Deno.test("people see how many are before them", async () => {
  await using home = await bobsRoom();
  await home.wait("alice");
  assert.equal((await home.wait("mallory")).place, 2);
});

// Each makes room at ten in another way.
const WAYS: Record<string, (home: Awaited<ReturnType<typeof bobsRoom>>) => Promise<unknown>> = {
  "moved elsewhere": ({ sql, cast, bobs }) => reschedule(sql, cast.bob, bobs, ELEVEN, NOW),
  "moved to another room": async ({ sql, cast, bobs, make }) =>
    change(sql, cast.bob, bobs, { resource_ids: [(await make({ name: "Other" })).id] }, NOW),
  bumped: ({ sql, cast, bobs }) => bump(sql, cast.sam, { id: bobs, reason: "The mayor comes" }, NOW),
  "cancelled with the account": ({ sql, cast }) =>
    deactivateUser(sql, cast.ada, { id: cast.bob.id, future: "cancel", reason: "" }, NOW),
  "given a second unit": ({ sql, cast, room }) =>
    changeResource(sql, cast.ada, { id: room.id, units: 2 }, NOW),
};
for (const [way, free] of Object.entries(WAYS)) {
  Deno.test(`what is ${way} is offered at once`, async () => {
    await using home = await bobsRoom();
    await home.wait("alice");
    await free(home);
    assert.deepEqual(await home.offered(), ["Alice 10:00–11:00"]);
  });
}

Deno.test("what a denied request held is offered at once", async () => {
  await using home = await house();
  const { sql, cast } = home;
  const rules = { ...NO_RULES, name: "Asks", approval: "always" as const, pending_holds: true };
  const policy_id = await createPolicy(sql, cast.ada, rules, NOW);
  const { id: room } = await home.make({ name: "Room", policy_id });
  const { id } = await home.ask(room);
  const entry = await join(sql, cast.alice, { ...TEN, resource_ids: [room] }, NOW);
  await deny(sql, cast.sam, { id, reason: "No" }, NOW);
  assert.equal((await getEntry(sql, cast.alice, entry.id, NOW)).status, "offered");
});

Deno.test("what a request has held for as long as it may is offered by the sweep", async () => {
  await using home = await house();
  const { sql, cast } = home;
  const rules = {
    ...NO_RULES,
    name: "Asks",
    approval: "always" as const,
    pending_holds: true,
    hold_minutes: 60,
  };
  const policy_id = await createPolicy(sql, cast.ada, rules, NOW);
  const { id: room } = await home.make({ name: "Room", policy_id });
  await home.ask(room);
  const entry = await join(sql, cast.alice, { ...TEN, resource_ids: [room] }, NOW);
  await sweep(sql, later(60));
  assert.equal((await getEntry(sql, cast.alice, entry.id, later(60))).status, "offered");
});

Deno.test("the old slot of a change that is approved is offered at once", async () => {
  await using home = await house();
  const { sql, cast } = home;
  const { id: room } = await home.make({ name: "Room", requires_approval: true });
  const { id } = await home.ask(room);
  await approve(sql, cast.sam, { id }, NOW);
  assert.equal(await reschedule(sql, cast.bob, id, ELEVEN, NOW), "proposed");
  const entry = await join(sql, cast.alice, { ...TEN, resource_ids: [room] }, NOW);
  const proposal = await getProposal(sql, id, NOW);
  await approveChange(sql, cast.sam, { id, change: proposal!.id }, NOW);
  assert.equal((await getEntry(sql, cast.alice, entry.id, NOW)).status, "offered");
});

Deno.test("what an override bumps and does not need is offered at once", async () => {
  await using home = await house();
  const { sql, cast } = home;
  const a = await home.make({ name: "A", requires_approval: true });
  const b = await home.make({ name: "B" });
  const both = await request(sql, cast.bob, { ...TEN, resource_ids: [a.id, b.id] }, NOW);
  const wanted = await request(sql, cast.mallory, { ...TEN, resource_ids: [a.id] }, NOW);
  await approve(sql, cast.sam, { id: both.id }, NOW);
  const entry = await join(sql, cast.alice, { ...TEN, resource_ids: [b.id] }, NOW);
  await approve(sql, cast.sam, { id: wanted.id, force_override: true }, NOW);
  assert.equal((await getEntry(sql, cast.alice, entry.id, NOW)).status, "offered");
});

Deno.test("what ends early is offered, as far as a whole slot of it lies ahead", async () => {
  await using home = await bobsRoom();
  const { sql, cast } = home;
  const half = { start_time: TEN.start_time.add({ minutes: 30 }), end_time: TEN.end_time };
  const whole = await home.wait("alice");
  const rest = await home.wait("mallory", half);
  await endEarly(sql, cast.bob, home.bobs, TEN.start_time.add({ minutes: 10 }));
  const now = TEN.start_time.add({ minutes: 10 });
  assert.deepEqual(await home.offered(now), ["Mallory 10:30–11:00"]);
  assert.equal((await home.see(cast.alice, whole.id, now)).status, "expired");
  assert.equal(`${(await home.see(cast.mallory, rest.id, now)).offer?.expires_at}`, `${half.start_time}`);
});

Deno.test("what nobody came to is offered by the sweep, and by whoever asks for it before", async () => {
  for (const way of ["the sweep", "a walk-in"]) {
    await using home = await house();
    const { sql, cast } = home;
    const policy_id = await createPolicy(sql, cast.ada, { ...NO_RULES, name: "Comes", check_in: true }, NOW);
    const { id: room } = await home.make({ name: "Room", policy_id });
    await home.ask(room);
    const half = { start_time: TEN.start_time.add({ minutes: 30 }), end_time: TEN.end_time };
    await join(sql, cast.alice, { ...half, resource_ids: [room] }, NOW);
    const missed = TEN.start_time.add({ minutes: 15 });
    if (way === "the sweep") await sweep(sql, missed);
    else {
      const walkIn = request(sql, cast.mallory, { ...half, resource_ids: [room] }, missed);
      assert.match(await refused(walkIn), /offered to somebody on the waitlist until 10:30/);
    }
    const [entry] = await listWaitlist(sql, cast.alice, { limit: 5 }, missed);
    assert.equal(entry.status, "offered", way);
  }
});

Deno.test("time that a closure gives back is offered at once; what it closes is offered to nobody", async () => {
  await using home = await bobsRoom();
  const { sql, cast, room } = home;
  await home.wait("alice");
  const painting = NewClosure.parse({
    reason: "Painting",
    resource_ids: [room.id],
    ...{ start_wall: `${DAY}T09:00`, end_wall: `${DAY}T13:00`, reservations: "cancel" },
  });
  const { id } = await close(sql, cast.ada, painting, NOW);
  assert.deepEqual(await home.offered(), []);
  await deleteClosure(sql, cast.ada, id, NOW);
  assert.deepEqual(await home.offered(), ["Alice 10:00–11:00"]);
});

Deno.test("a closure takes an offer back: whoever had it waits on in their place", async () => {
  await using home = await bobsRoom();
  const { sql, cast, room } = home;
  const { id } = await home.wait("alice");
  await home.wait("mallory");
  await home.cancelled();
  const painting = NewClosure.parse({
    reason: "Painting",
    resource_ids: [room.id],
    ...{ start_wall: `${DAY}T09:00`, end_wall: `${DAY}T13:00` },
  });
  await close(sql, cast.ada, painting, NOW);
  const entry = await home.see(cast.alice, id);
  assert.deepEqual([entry.status, entry.place], ["waiting", 1]);
});

Deno.test("of a resource out of service nothing is offered until it is back", async () => {
  await using home = await bobsRoom();
  const { sql, cast, room } = home;
  await home.wait("alice");
  await deactivateResource(sql, cast.ada, { id: room.id, future: "cancel" }, NOW);
  assert.deepEqual(await home.offered(), []);
  await reactivateResource(sql, cast.ada, room.id, NOW);
  assert.deepEqual(await home.offered(), ["Alice 10:00–11:00"]);
});

Deno.test("an offer that has expired while the sweep was down has expired, and is refused in words", async () => {
  await using home = await bobsRoom();
  const { sql, cast } = home;
  const { id } = await home.wait("alice");
  await home.cancelled();
  assert.equal((await home.see(cast.alice, id, later(30))).status, "expired");
  assert.equal(
    await refused(accept(sql, cast.alice, { id }, later(30))),
    "This offer cannot be accepted: it expired at 09:30",
  );
  await home.reserve("mallory", TEN, later(30));
});

Deno.test("of an offer that has expired the next in order has the slot before whoever walks in", async () => {
  await using home = await bobsRoom();
  await home.wait("alice");
  await home.wait("sue");
  await home.cancelled();
  assert.match(
    await refused(home.reserve("mallory", TEN, later(30))),
    /offered to somebody on the waitlist until 10:00/,
  );
  assert.deepEqual(await home.offered(later(30)), ["Sue 10:00–11:00"]);
});

Deno.test("an offer holds at most until its slot begins, and none is made of what has begun", async () => {
  await using home = await bobsRoom();
  const { sql, cast } = home;
  const { id } = await home.wait("alice");
  const justBefore = TEN.start_time.subtract({ minutes: 5 });
  await home.cancelled(justBefore);
  assert.equal(`${(await home.see(cast.alice, id, justBefore)).offer?.expires_at}`, `${TEN.start_time}`);
  await sweep(sql, TEN.start_time);
  assert.equal((await home.see(cast.alice, id, TEN.start_time)).status, "expired");
});

Deno.test("who leaves is offered nothing, and what they were offered goes to the next", async () => {
  await using home = await bobsRoom();
  const { sql, cast } = home;
  const first = await home.wait("alice");
  await home.wait("mallory");
  await home.wait("sue");
  await home.cancelled();
  await leave(sql, cast.alice, { id: first.id }, NOW);
  assert.deepEqual(await home.offered(), ["Mallory 10:00–11:00"]);
  assert.match(await refused(leave(sql, cast.alice, { id: first.id }, NOW)), /already left/);
});

Deno.test("several resources are offered together, or not at all", async () => {
  await using home = await bobsRoom();
  const { sql, cast, room } = home;
  const other = await home.make({ name: "Other" });
  const { id } = await request(sql, cast.mallory, { ...TEN, resource_ids: [other.id] }, NOW);
  await home.wait("alice", { resource_ids: [room.id, other.id] });
  await home.cancelled();
  assert.deepEqual(await home.offered(), []);
  await cancel(sql, cast.mallory, { id }, NOW);
  assert.deepEqual(await home.offered(), ["Alice 10:00–11:00"]);
});

Deno.test("who waits for any hour of the morning is offered the earliest that is free, for the whole hour", async () => {
  await using home = await bobsRoom();
  const { sql, cast } = home;
  const next = await home.reserve("mallory", ELEVEN);
  const entry = await home.wait("alice", { ...on(DAY, "10:00", "12:00"), minutes: 60 });
  await change(sql, cast.mallory, next.id, on(DAY, "11:30", "12:00"), NOW);
  assert.deepEqual(await home.offered(), [], "half an hour is none");
  await change(sql, cast.bob, home.bobs, on(DAY, "10:00", "10:30"), NOW);
  assert.deepEqual(await home.offered(), ["Alice 10:30–11:30"]);
  await decline(sql, cast.alice, { id: entry.id }, NOW);
  assert.equal((await home.see(cast.alice, entry.id)).status, "waiting", "for another");
  await home.cancelled();
  assert.deepEqual(
    await home.offered(),
    [],
    "what shares a moment with what she declined is not offered her again",
  );
});

Deno.test("nobody waits for what is free, is theirs, has begun, or that they wait for already", async () => {
  await using home = await bobsRoom();
  const { sql, cast, room } = home;
  assert.match(await refused(home.wait("alice", ELEVEN)), /it is free, reserve it/);
  assert.match(await refused(home.wait("bob")), /this time is yours already/);
  await assert.rejects(home.wait("alice", {}, TEN.start_time), /This has begun/);
  await home.wait("alice");
  assert.match(await refused(home.wait("alice")), /on the waitlist for this already/);
  await assert.rejects(
    join(sql, cast.alice, { ...TEN, resource_ids: [crypto.randomUUID()] }, NOW),
    /was not found/,
  );
  await assert.rejects(
    home.wait("alice", { ...on(DAY, "09:00", "12:00"), minutes: 240 }),
    /No slot of 4 hours fits/,
  );
  assert.equal((await listWaitlist(sql, cast.alice, { resource_id: room.id, limit: 9 }, NOW)).length, 1);
});

Deno.test("an offer is no way around the rules of the moment at which it is accepted", async () => {
  await using home = await bobsRoom();
  const { sql, cast, room } = home;
  const { id } = await home.wait("alice");
  await home.cancelled();
  const rules = { ...NO_RULES, name: "Short", max_minutes: 30 };
  const policy_id = await createPolicy(sql, cast.ada, rules, NOW);
  await changeResource(sql, cast.ada, { id: room.id, policy_id }, NOW);
  assert.match(await refused(accept(sql, cast.alice, { id }, NOW)), /at most 30 minutes/);
  assert.equal((await home.see(cast.alice, id)).status, "offered");
});

Deno.test("who has used up a quota is passed over", async () => {
  await using home = await house();
  const { sql, cast } = home;
  const rules = { ...NO_RULES, name: "One", quotas: [{ per: "day" as const, count: 1 }] };
  const policy_id = await createPolicy(sql, cast.ada, rules, NOW);
  const { id: room } = await home.make({ name: "Room", policy_id });
  const { id } = await home.ask(room);
  await join(sql, cast.alice, { ...TEN, resource_ids: [room] }, NOW);
  await join(sql, cast.mallory, { ...TEN, resource_ids: [room] }, NOW);
  await request(sql, cast.alice, { ...ELEVEN, resource_ids: [room] }, NOW);
  await cancel(sql, cast.bob, { id }, NOW);
  const offered = await listWaitlist(sql, cast.sam, { status: "offered", limit: 9 }, NOW);
  assert.deepEqual(offered.map((entry) => entry.requester_name), ["Mallory Outside"]);
});

Deno.test("an accepted offer that somebody has to decide on holds its slot as long as the offer would have", async () => {
  await using home = await house();
  const { sql, cast } = home;
  const { id: room } = await home.make({ name: "Room", requires_approval: true });
  const bobs = await home.ask(room);
  await approve(sql, cast.sam, { id: bobs.id }, NOW);
  const { id } = await join(sql, cast.alice, { ...TEN, resource_ids: [room] }, NOW);
  await cancel(sql, cast.bob, { id: bobs.id }, NOW);
  const stored = await accept(sql, cast.alice, { id }, NOW);
  assert.equal(stored.status, "pending");
  const walkIn = () => request(sql, cast.mallory, { ...TEN, resource_ids: [room] }, later(29));
  assert.match(await refused(walkIn()), /already taken by Alice/);
  await sweep(sql, later(30));
  await walkIn();
  await approve(sql, cast.sam, { id: stored.id }, later(31));
});
