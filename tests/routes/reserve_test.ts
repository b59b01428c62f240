import assert from "node:assert/strict";
import type { Answer, Client } from "../support/app.ts";
import { makeResource } from "../support/cast.ts";
import { follow, one, press, read, valuesOf, words } from "../support/page.ts";
import { openScene, type Scene } from "../support/scene.ts";

const HTMX = { "hx-request": "true" };
/** How the form stands where nothing repeats. */
const ONCE = { repeats: "", interval: "1", nth: "", until: "", count: "" };
const FIRST = { date: "2026-05-05", start: "10:00", end_date: "2026-05-05", end: "11:00" };

/** A scene with two rooms, Hall A and Hall B, of which the second is the larger. */
async function twoHalls() {
  const scene = await openScene();
  const a = await makeResource(scene.sql, scene.cast.ada, { name: "Hall A", capacity: 10 });
  const b = await makeResource(scene.sql, scene.cast.ada, { name: "Hall B", capacity: 12 });
  const [alice, bob] = await Promise.all([scene.site.as(scene.cast.alice), scene.site.as(scene.cast.bob)]);
  return { ...scene, a, b, alice, bob };
}

/** Fills the form in and presses “Reserve”, as in a browser without scripts. */
async function reserve(who: Client, resource: string, typed: Record<string, string> = {}): Promise<Answer> {
  const form = await who.get(`/reservations/new?${new URLSearchParams({ resource, ...FIRST })}`);
  return press(who, form, "Reserve", typed);
}

/** The same, with the page that it leads to. */
async function reserved(who: Client, resource: string, typed: Record<string, string> = {}) {
  return follow(who, await reserve(who, resource, typed));
}

interface Row {
  status: string;
  purpose: string;
  from: string;
}

async function stored(sql: Scene["sql"]): Promise<Row[]> {
  const rows = await sql<Row[]>`
    select status, purpose, to_char(start_time at time zone 'Europe/Berlin', 'YYYY-MM-DD HH24:MI') as from
    from reservations order by number`;
  return [...rows];
}

/** What stands beside a field, as a screen reader finds it. */
function beside(answer: Answer, name: string): string {
  const input = one(read(answer), `#reserve [name="${name}"]`);
  assert.equal(input.getAttribute("aria-invalid"), "true", `Nothing is said against ${name}`);
  assert.match(input.getAttribute("aria-describedby") ?? "", new RegExp(`\\bf-${name}-error\\b`));
  return words(one(read(answer), `[id="f-${name}-error"]`));
}

const pathOf = (answer: Answer) => answer.headers.get("location") ?? "";
const verdict = (answer: Answer) => words(one(read(answer), "#verdict"));
const notice = (answer: Answer) => words(one(read(answer), "#notices"));

Deno.test("Bob reserves a free hour and lands on its page", async () => {
  await using scene = await twoHalls();
  const page = await reserved(scene.bob, scene.a.id, { purpose: "Choir" });
  assert.equal(words(one(read(page), "h1")), "Choir");
});

Deno.test("Bob is told that it is reserved, once", async () => {
  await using scene = await twoHalls();
  const answer = await reserve(scene.bob, scene.a.id);
  const first = await follow(scene.bob, answer);
  const second = await scene.bob.get(pathOf(answer));
  assert.deepEqual([notice(first), notice(second)], ["Reserved Undo", ""]);
});

Deno.test("Bob sees a free hour called free before he reserves it", async () => {
  await using scene = await twoHalls();
  const form = await scene.bob.get(
    `/reservations/new?${new URLSearchParams({ resource: scene.a.id, ...FIRST })}`,
  );
  assert.equal(verdict(form), "Free. It is yours as soon as you reserve it.");
});

Deno.test("Bob without a resource in mind is sent to the list of them", async () => {
  await using scene = await twoHalls();
  assert.equal(pathOf(await scene.bob.get("/reservations/new")), "/resources");
});

Deno.test("Bob who names no time is offered the next quarter of an hour, for an hour", async () => {
  await using scene = await twoHalls();
  const form = read(await scene.bob.get(`/reservations/new?resource=${scene.a.id}`));
  const { date, start, end } = valuesOf(one(form, "form#reserve"));
  assert.deepEqual([date, start, end], ["2026-05-04", "09:00", "10:00"]);
});

Deno.test("Alice, second to ask for a slot, is answered 409", async () => {
  await using scene = await twoHalls();
  const open = await scene.alice.get(
    `/reservations/new?${new URLSearchParams({ resource: scene.a.id, ...FIRST })}`,
  );
  await reserve(scene.bob, scene.a.id);
  assert.equal((await press(scene.alice, open, "Reserve")).status, 409);
});

Deno.test("Alice, second to ask for a slot, sees who has it and when", async () => {
  await using scene = await twoHalls();
  await reserve(scene.bob, scene.a.id, { purpose: "Choir" });
  const again = await reserve(scene.alice, scene.a.id);
  assert.match(verdict(again), /^Hall A is taken by Bob Booker, Tue 5 May, 10:00–11:00 ?Choir/);
});

Deno.test("Alice, second to ask for a slot, gets her own form back with what she typed", async () => {
  await using scene = await twoHalls();
  await reserve(scene.bob, scene.a.id);
  const typed = { start: "10:30", end: "11:45", purpose: "Book club", attendees: "8", private: "on" };
  const again = await reserve(scene.alice, scene.a.id, typed);
  const { resource: _, ...values } = valuesOf(one(read(again), "form#reserve"));
  assert.deepEqual(values, { ...FIRST, ...ONCE, ...typed });
});

Deno.test("Alice, second to ask for a slot, reads at the head of the form that it is taken", async () => {
  await using scene = await twoHalls();
  await reserve(scene.bob, scene.a.id);
  const again = await reserve(scene.alice, scene.a.id);
  assert.equal(words(one(read(again), "#reserve [role=alert]")), "Hall A is already taken by Bob Booker");
});

Deno.test("Alice, second to ask for a slot, is offered the nearest before, after, a like room, and to wait", async () => {
  await using scene = await twoHalls();
  await reserve(scene.bob, scene.a.id);
  const again = read(await reserve(scene.alice, scene.a.id));
  assert.deepEqual(again.querySelectorAll(".instead button").map(words).sort(), [
    "Hall B Tue 5 May, 10:00–11:00",
    "Join the waitlist for this time",
    "Or for any time that day …",
    "Tue 5 May, 09:00–10:00",
    "Tue 5 May, 11:00–12:00",
  ]);
});

Deno.test("Alice takes an alternative with one button, and what she typed goes with it", async () => {
  await using scene = await twoHalls();
  await reserve(scene.bob, scene.a.id);
  const again = await reserve(scene.alice, scene.a.id, { purpose: "Book club" });
  await follow(scene.alice, await press(scene.alice, again, /11:00–12:00/));
  const [, hers] = await stored(scene.sql);
  assert.deepEqual([hers.from, hers.purpose], ["2026-05-05 11:00", "Book club"]);
});

Deno.test("Alice takes the like room with one button", async () => {
  await using scene = await twoHalls();
  await reserve(scene.bob, scene.a.id);
  const again = await reserve(scene.alice, scene.a.id);
  const page = await follow(scene.alice, await press(scene.alice, again, /^Hall B/));
  assert.match(words(one(read(page), ".facts")), /Resource Hall B/);
});

Deno.test("Alice, whose alternative is taken before she taps it, is told so and offered others", async () => {
  await using scene = await twoHalls();
  await reserve(scene.bob, scene.a.id);
  const again = await reserve(scene.alice, scene.a.id);
  await reserve(scene.bob, scene.a.id, { start: "11:00", end: "12:00" });
  const late = await press(scene.alice, again, /11:00–12:00/);
  const offered = read(late).querySelectorAll(".instead button").map(words);
  assert.deepEqual([late.status, offered.includes("Tue 5 May, 11:00–12:00")], [409, false]);
});

Deno.test("Alice who asks by htmx for a taken slot gets only the verdict", async () => {
  await using scene = await twoHalls();
  await reserve(scene.bob, scene.a.id);
  const query = new URLSearchParams({ resource: scene.a.id, ...FIRST });
  const part = await scene.alice.get(`/reservations/new?${query}`, HTMX);
  assert.match(part.text, /^<div class="verdict no">/);
});

Deno.test("Alice who asks by htmx gets an answer that varies with it", async () => {
  await using scene = await twoHalls();
  const part = await scene.alice.get(`/reservations/new?resource=${scene.a.id}`, HTMX);
  assert.match(part.headers.get("vary") ?? "", /HX-Request/);
});

Deno.test("Alice gets the same verdict by htmx as on the whole page", async () => {
  await using scene = await twoHalls();
  await reserve(scene.bob, scene.a.id);
  const path = `/reservations/new?${new URLSearchParams({ resource: scene.a.id, ...FIRST })}`;
  const [whole, part] = [await scene.alice.get(path), await scene.alice.get(path, HTMX)];
  assert.equal(verdict(whole), words(read(part)));
});

Deno.test("Alice who posts by htmx for a taken slot is answered 409 with the verdict", async () => {
  await using scene = await twoHalls();
  await reserve(scene.bob, scene.a.id);
  const late = await scene.alice.post("/reservations", { resource: scene.a.id, ...FIRST }, HTMX);
  assert.deepEqual([late.status, /^Hall A is taken by Bob Booker/.test(words(read(late)))], [409, true]);
});

Deno.test("Alice who comes back to a page that htmx restores gets the whole of it", async () => {
  await using scene = await twoHalls();
  const headers = { ...HTMX, "hx-history-restore-request": "true" };
  const page = await scene.alice.get(`/reservations/new?resource=${scene.a.id}`, headers);
  assert.match(page.text, /^<!doctype html>/);
});

Deno.test("Alice does not learn whose a private reservation is, nor what it is for", async () => {
  await using scene = await twoHalls();
  await reserve(scene.bob, scene.a.id, { purpose: "Interview of Zoe", private: "on" });
  const again = await reserve(scene.alice, scene.a.id);
  assert.doesNotMatch(again.text, /Bob|Interview|Zoe/);
});

Deno.test("Alice learns when a private reservation is", async () => {
  await using scene = await twoHalls();
  await reserve(scene.bob, scene.a.id, { private: "on" });
  const again = await reserve(scene.alice, scene.a.id);
  assert.match(verdict(again), /^Hall A is taken ?, Tue 5 May, 10:00–11:00/);
});

Deno.test("Alice does not learn by htmx whose a private reservation is", async () => {
  await using scene = await twoHalls();
  await reserve(scene.bob, scene.a.id, { purpose: "Interview of Zoe", private: "on" });
  const query = new URLSearchParams({ resource: scene.a.id, ...FIRST });
  const part = await scene.alice.get(`/reservations/new?${query}`, HTMX);
  assert.doesNotMatch(part.text, /Bob|Interview|Zoe/);
});

Deno.test("Sam, who is staff, sees whose a private reservation is", async () => {
  await using scene = await twoHalls();
  await reserve(scene.bob, scene.a.id, { purpose: "Interview", private: "on" });
  const again = await reserve(await scene.site.as(scene.cast.sam), scene.a.id);
  assert.match(verdict(again), /taken by Bob Booker.*Interview/);
});

Deno.test("Bob sees that it is he who has the slot", async () => {
  await using scene = await twoHalls();
  await reserve(scene.bob, scene.a.id, { private: "on", purpose: "Interview" });
  assert.match(verdict(await reserve(scene.bob, scene.a.id)), /^Hall A is taken by you.*Interview/);
});

const REFUSED: [who: string, typed: Record<string, string>, field: string, said: RegExp][] = [
  [
    "Bob's end before his start",
    { start: "22:00", end: "02:00", end_date: "2026-05-05" },
    "end",
    /must be after the start.*02:00 the next day\? Then the end date is 2026-05-06/,
  ],
  ["Bob's end on the day before", { end_date: "2026-05-04" }, "end", /after the start: look at its date/],
  ["Bob's hour of no length", { end: "10:00" }, "end", /must be after the start\. Did you mean 11:00\?/],
  [
    "Bob's start in the past",
    { date: "2026-05-03", end_date: "2026-05-03" },
    "start",
    /The start has passed/,
  ],
  [
    "Bob's start in the hour that the clocks leave out",
    { date: "2027-03-28", start: "02:30", end_date: "2027-03-28", end: "04:00" },
    "start",
    /^02:30 does not exist that night: the clocks go forward\. The nearest time is 03:00$/,
  ],
  [
    "Bob's end in the hour that the clocks leave out",
    { date: "2027-03-28", start: "01:00", end_date: "2027-03-28", end: "02:30" },
    "end",
    /^02:30 does not exist that night.*03:00$/,
  ],
  ["Bob's time that is none", { start: "25:99" }, "start", /^Give a time, such as 14:30$/],
  ["Bob's empty time", { start: "" }, "start", /^Give a time, such as 14:30$/],
  ["Bob's date that is none", { date: "2026-02-30" }, "date", /^Give a date, such as 2026-05-31$/],
  ["Bob's purpose of 501 letters", { purpose: "x".repeat(501) }, "purpose", /^Use at most 500 characters$/],
];

// Nothing of this is stored, so one scene does for all.
Deno.test("Bob asks for what cannot be", async (t) => {
  await using scene = await twoHalls();
  for (const [who, typed, name, said] of REFUSED) {
    const again = await reserve(scene.bob, scene.a.id, { purpose: "Choir", ...typed });

    await t.step(`${who} is refused with words beside the field`, () => {
      assert.match(beside(again, name), said);
    });

    await t.step(`${who} is answered 422`, () => assert.equal(again.status, 422));

    await t.step(`${who} leaves everything else as he typed it`, () => {
      const { resource: _, ...values } = valuesOf(one(read(again), "form#reserve"));
      assert.deepEqual(values, { ...FIRST, ...ONCE, purpose: "Choir", attendees: "", ...typed });
    });
  }

  await t.step("Nothing that was refused is stored", async () => {
    assert.deepEqual(await stored(scene.sql), []);
  });
});

Deno.test("Bob, who asked for a past time, is offered the next that comes", async () => {
  await using scene = await twoHalls();
  const again = await reserve(scene.bob, scene.a.id, { date: "2026-05-03", end_date: "2026-05-03" });
  await follow(scene.bob, await press(scene.bob, again, "Mon 4 May, 09:00–10:00"));
  assert.deepEqual((await stored(scene.sql)).map((r) => r.from), ["2026-05-04 09:00"]);
});

Deno.test("Bob says which of the two half past twos he means when the clocks go back", async () => {
  await using scene = await twoHalls();
  const typed = { date: "2026-10-25", start: "02:30", end_date: "2026-10-25", end: "04:00" };
  const asked = await scene.bob.get(
    `/reservations/new?${new URLSearchParams({ resource: scene.a.id, ...typed })}`,
  );
  await press(scene.bob, asked, "Reserve", { start_which: "later" });
  const [{ start }] = await scene.sql<{ start: Temporal.Instant }[]>`
    select start_time as start from reservations`;
  assert.equal(`${start}`, "2026-10-25T01:30:00Z");
});

Deno.test("Alice reserves the hour that begins where Bob's ends", async () => {
  await using scene = await twoHalls();
  await reserve(scene.bob, scene.a.id);
  assert.equal((await reserve(scene.alice, scene.a.id, { start: "11:00", end: "12:00" })).status, 303);
});

Deno.test("Alice reserves the hour that ends where Bob's begins", async () => {
  await using scene = await twoHalls();
  await reserve(scene.bob, scene.a.id);
  assert.equal((await reserve(scene.alice, scene.a.id, { start: "09:00", end: "10:00" })).status, 303);
});

Deno.test("Bob leaves a resource that does not exist with a page that says so", async () => {
  await using scene = await twoHalls();
  const gone = await scene.bob.get(`/reservations/new?resource=${crypto.randomUUID()}`);
  assert.deepEqual([gone.status, words(one(read(gone), "main section p:not(.actions)"))], [
    404,
    "This resource was not found.",
  ]);
});

/** Bob's reservation of 10 to 11 and Alice's of 12 to 13, both of Hall A, and where Bob changes his. */
async function twoReservations() {
  const scene = await twoHalls();
  const his = await reserve(scene.bob, scene.a.id, { purpose: "Choir" });
  await reserve(scene.alice, scene.a.id, { start: "12:00", end: "13:00", purpose: "Book club" });
  const change = (typed: Record<string, string>) =>
    scene.bob.get(`${pathOf(his)}/edit`).then((form) => press(scene.bob, form, "Save the change", typed));
  return { ...scene, path: pathOf(his), change };
}

Deno.test("Bob finds his reservation in the form that changes it", async () => {
  await using scene = await twoReservations();
  const form = one(read(await scene.bob.get(`${scene.path}/edit`)), "form#reserve");
  assert.deepEqual(valuesOf(form), { resource: scene.a.id, ...FIRST, purpose: "Choir" });
});

Deno.test("Bob's own reservation is not in the way of its change", async () => {
  await using scene = await twoReservations();
  assert.match(verdict(await scene.bob.get(`${scene.path}/edit`)), /^Free\./);
});

Deno.test("Bob saves a change that changes nothing", async () => {
  await using scene = await twoReservations();
  const before = await stored(scene.sql);
  await follow(scene.bob, await scene.change({}));
  assert.deepEqual(await stored(scene.sql), before);
});

Deno.test("Bob moves his reservation to a time that overlaps what it was", async () => {
  await using scene = await twoReservations();
  await follow(scene.bob, await scene.change({ start: "10:30", end: "11:30" }));
  assert.equal((await stored(scene.sql))[0].from, "2026-05-05 10:30");
});

Deno.test("Bob changes what his reservation is for, and its time stays", async () => {
  await using scene = await twoReservations();
  await follow(scene.bob, await scene.change({ purpose: "Orchestra" }));
  const [his] = await stored(scene.sql);
  assert.deepEqual([his.purpose, his.from], ["Orchestra", "2026-05-05 10:00"]);
});

Deno.test("Bob cannot move his reservation onto Alice's", async () => {
  await using scene = await twoReservations();
  const refused = await scene.change({ start: "12:30", end: "13:30" });
  assert.deepEqual([refused.status, /^Hall A is taken by Alice Asker/.test(verdict(refused))], [409, true]);
});

Deno.test("Bob's move onto Alice's reservation changes nothing at all", async () => {
  await using scene = await twoReservations();
  const everything = () =>
    scene.sql`
      select v.*, a.unit, a.holds, a.period::text as period, (select count(*) from history h) as entries
      from reservations v join allocations a on a.reservation_id = v.id order by v.number`;
  const before = JSON.stringify(await everything());
  await scene.change({ start: "12:30", end: "13:30", purpose: "Orchestra", private: "on" });
  assert.equal(JSON.stringify(await everything()), before);
});

Deno.test("Bob moves his reservation to an alternative with one button", async () => {
  await using scene = await twoReservations();
  const refused = await scene.change({ start: "12:30", end: "13:30" });
  await follow(scene.bob, await press(scene.bob, refused, "Tue 5 May, 13:00–14:00"));
  assert.equal((await stored(scene.sql))[0].from, "2026-05-05 13:00");
});

Deno.test("Alice cannot open the form that changes Bob's reservation", async () => {
  await using scene = await twoReservations();
  assert.equal((await scene.alice.get(`${scene.path}/edit`)).status, 404);
});

Deno.test("Alice cannot change Bob's reservation", async () => {
  await using scene = await twoReservations();
  const form = valuesOf(one(read(await scene.bob.get(`${scene.path}/edit`)), "form#reserve"));
  const refused = await scene.alice.post(`${scene.path}/edit`, { ...form, start: "15:00", end: "16:00" });
  assert.deepEqual([refused.status, (await stored(scene.sql))[0].from], [404, "2026-05-05 10:00"]);
});

Deno.test("Bob's reservation, cancelled, leaves its time to Alice", async () => {
  await using scene = await twoHalls();
  await press(scene.bob, await reserved(scene.bob, scene.a.id), "Cancel this reservation");
  assert.equal((await reserve(scene.alice, scene.a.id)).status, 303);
});

Deno.test("Bob takes his cancellation back with the button of the notice", async () => {
  await using scene = await twoHalls();
  const page = await reserved(scene.bob, scene.a.id);
  const cancelled = await follow(scene.bob, await press(scene.bob, page, "Cancel this reservation"));
  await follow(scene.bob, await press(scene.bob, cancelled, "Undo"));
  assert.equal((await stored(scene.sql))[0].status, "approved");
});

Deno.test("Bob undoes a reservation with the button of the notice", async () => {
  await using scene = await twoHalls();
  await follow(scene.bob, await press(scene.bob, await reserved(scene.bob, scene.a.id), "Undo"));
  assert.equal((await stored(scene.sql))[0].status, "cancelled");
});

Deno.test("Bob cannot take a cancellation back once Alice has the time", async () => {
  await using scene = await twoHalls();
  const page = await reserved(scene.bob, scene.a.id);
  const cancelled = await follow(scene.bob, await press(scene.bob, page, "Cancel this reservation"));
  await reserve(scene.alice, scene.a.id);
  const refused = await press(scene.bob, cancelled, "Undo");
  assert.deepEqual([refused.status, words(one(read(refused), "main section p:not(.actions)"))], [
    409,
    "Hall A is already taken by Alice Asker.",
  ]);
});

Deno.test("Bob is not offered to take a cancellation back after ten minutes", async () => {
  await using scene = await twoHalls();
  const page = await reserved(scene.bob, scene.a.id);
  const cancelled = await press(scene.bob, page, "Cancel this reservation");
  scene.site.now = scene.site.now.add({ minutes: 11 });
  const later = read(await scene.bob.get(pathOf(cancelled)));
  assert.deepEqual(later.querySelectorAll(".actions button").map(words), []);
});

Deno.test("Alice cannot cancel Bob's reservation", async () => {
  await using scene = await twoHalls();
  const { headers } = await reserve(scene.bob, scene.a.id);
  const refused = await scene.alice.post(`${headers.get("location")}/cancel`);
  assert.deepEqual([refused.status, (await stored(scene.sql))[0].status], [404, "approved"]);
});

Deno.test("Bob's request for a resource that wants approval is pending", async () => {
  await using scene = await twoHalls();
  const hall = await makeResource(scene.sql, scene.cast.ada, { name: "Great Hall", requires_approval: true });
  const page = await reserved(scene.bob, hall.id);
  assert.equal(words(one(read(page), ".head .status")), "Pending");
});

Deno.test("Bob is told before he asks that an approver decides", async () => {
  await using scene = await twoHalls();
  const hall = await makeResource(scene.sql, scene.cast.ada, { name: "Great Hall", requires_approval: true });
  const form = await scene.bob.get(
    `/reservations/new?${new URLSearchParams({ resource: hall.id, ...FIRST })}`,
  );
  assert.equal(verdict(form), "Free. An approver decides on it: Great Hall needs an approval.");
});

Deno.test("Bob is told after he asked that an approver decides", async () => {
  await using scene = await twoHalls();
  const hall = await makeResource(scene.sql, scene.cast.ada, { name: "Great Hall", requires_approval: true });
  assert.match(notice(await reserved(scene.bob, hall.id)), /^Requested: an approver decides on it/);
});

Deno.test("Bob cannot reserve what is out of service, and reads why", async () => {
  await using scene = await twoHalls();
  await scene.sql`update resources set deactivated_at = ${scene.site.now} where id = ${scene.a.id}`;
  const refused = await reserve(scene.bob, scene.a.id);
  assert.match(verdict(refused), /^Hall A cannot be reserved at present\./);
});

Deno.test("Bob ends earlier what has begun, and the form has nothing against it", async () => {
  await using scene = await twoHalls();
  const path = pathOf(await reserve(scene.bob, scene.a.id));
  scene.site.now = Temporal.Instant.from("2026-05-05T08:10:00Z");
  const form = await scene.bob.get(`${path}/edit?end=10:30`);
  assert.match(verdict(form), /^Free/);
  await press(scene.bob, form, "Save the change");
  const [{ until }] = await scene.sql`
    select to_char(end_time at time zone 'Europe/Berlin', 'HH24:MI') as until from reservations`;
  assert.equal(until, "10:30");
});

Deno.test("Bob cannot end what has begun before now, and is told so beside the end", async () => {
  await using scene = await twoHalls();
  const path = pathOf(await reserve(scene.bob, scene.a.id));
  scene.site.now = Temporal.Instant.from("2026-05-05T08:40:00Z");
  const again = await press(scene.bob, await scene.bob.get(`${path}/edit`), "Save the change", {
    end: "10:30",
  });
  assert.equal(again.status, 422);
  assert.equal(beside(again, "end"), "This end has passed: choose a time from now on");
});

Deno.test("Where the zone of a room has changed meanwhile, Bob is told to look at his times again", async () => {
  await using scene = await twoHalls();
  const form = await scene.bob.get(
    `/reservations/new?${new URLSearchParams({ resource: scene.a.id, ...FIRST })}`,
  );
  // Another server changed it: this one still knows the rules as they were.
  await scene
    .sql`update resources set time_zone = 'Asia/Tokyo', version = version + 1 where id = ${scene.a.id}`;
  const answer = await press(scene.bob, form, "Reserve", { start: "10:30" });
  assert.equal(answer.status, 409);
  assert.match(verdict(answer), /The time zone of Hall A is now Asia\/Tokyo: look at the times again/);
  assert.equal(valuesOf(one(read(answer), "#reserve")).start, "10:30");
  assert.deepEqual(await stored(scene.sql), []);
  assert.equal((await press(scene.bob, answer, "Reserve")).status, 303);
  assert.equal((await stored(scene.sql))[0].from, "2026-05-05 03:30");
});
