import assert from "node:assert/strict";
import { request } from "../../domain/requests.ts";
import type { Actor } from "../../domain/permissions.ts";
import type { Answer, Client } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { assertSound } from "../support/invariants.ts";
import { complaint, field, follow, one, press, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

const HTMX = { "hx-request": "true" };

/** A hall that wants approval, and whom its requests come from and go to. */
async function greatHall() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Great Hall", requires_approval: true });
  const [sam, sue, bob] = await Promise.all([cast.sam, cast.sue, cast.bob].map(site.as));
  const ask = (who: Actor, from: string, to: string, purpose = "", date = "2026-05-05") =>
    request(sql, who, { resource_ids: [hall.id], ...on(date, from, to), purpose }, NOW);
  const statusOf = async ({ id }: { id: string }) => {
    const [{ status }] = await sql`select status from reservations where id = ${id}`;
    return status;
  };
  return { ...scene, hall, sam, sue, bob, ask, statusOf };
}

const queue = (who: Client) => who.get("/approvals");
const rows = (answer: Answer) => read(answer).querySelectorAll(".request");
const rowOf = (answer: Answer, { id }: { id: string }) => one(read(answer), `#request-${id}`);
const counted = (answer: Answer) => words(one(read(answer), "#waiting"));
const notice = (answer: Answer) => words(one(read(answer), "#notices"));
const decide = (who: Client, { reference }: { reference: string }, verb: string, form = {}, headers = {}) =>
  who.post(`/reservations/${reference}/${verb}`, form, headers);

Deno.test("Sam finds the requests soonest first", async () => {
  await using scene = await greatHall();
  await scene.ask(scene.cast.bob, "16:00", "17:00", "third");
  await scene.ask(scene.cast.bob, "10:00", "11:00", "fourth", "2026-05-06");
  await scene.ask(scene.cast.alice, "08:00", "09:00", "first");
  await scene.ask(scene.cast.bob, "12:00", "13:00", "second");
  const order = rows(await queue(scene.sam)).map((row) => /first|second|third|fourth/.exec(words(row))?.[0]);
  assert.deepEqual(order, ["first", "second", "third", "fourth"]);
});

Deno.test("Sam reads of a request what, when, who, why and since when", async () => {
  await using scene = await greatHall();
  const wish = await scene.ask(scene.cast.bob, "10:00", "11:00", "Concert");
  scene.site.now = NOW.add({ minutes: 12 });
  const row = words(rowOf(await queue(scene.sam), wish));
  assert.match(row, /^Great Hall ?Tue 5 May, 10:00–11:00 Bob Booker: Concert Asked 12 minutes ago/);
});

/** Bob and Alice want the same hour of the hall. */
async function twoWishes() {
  const scene = await greatHall();
  const his = await scene.ask(scene.cast.bob, "10:00", "11:00", "Concert");
  const hers = await scene.ask(scene.cast.alice, "10:30", "11:30", "Lecture");
  return { ...scene, his, hers };
}

Deno.test("Sam sees beside a request who else wants the time", async () => {
  await using scene = await twoWishes();
  const rivals = one(rowOf(await queue(scene.sam), scene.his), ".rivals");
  assert.match(words(rivals), /^Also wanted by Alice Asker, Tue 5 May, 10:30–11:30 ?Lecture$/);
});

Deno.test("Sam sees beside a request what has taken its time meanwhile", async () => {
  await using scene = await twoWishes();
  await decide(scene.sam, scene.his, "approve");
  const rivals = one(rowOf(await queue(scene.sam), scene.hers), ".rivals");
  assert.match(words(rivals), /^In the way Bob Booker, Tue 5 May, 10:00–11:00 ?Concert$/);
});

Deno.test("Sam sees nothing beside a request that nothing stands against", async () => {
  await using scene = await greatHall();
  const wish = await scene.ask(scene.cast.bob, "10:00", "11:00");
  await scene.ask(scene.cast.alice, "11:00", "12:00");
  assert.equal(rowOf(await queue(scene.sam), wish).querySelectorAll(".rivals").length, 0);
});

Deno.test("Sam approves with the button, and is back at the queue with a notice", async () => {
  await using scene = await greatHall();
  const wish = await scene.ask(scene.cast.bob, "10:00", "11:00");
  const page = await follow(scene.sam, await press(scene.sam, await queue(scene.sam), "Approve"));
  assert.deepEqual([await scene.statusOf(wish), notice(page), rows(page).length], [
    "approved",
    "Approved: Bob Booker can read it",
    0,
  ]);
});

Deno.test("Sam denies with a reason, which Bob reads", async () => {
  await using scene = await greatHall();
  const wish = await scene.ask(scene.cast.bob, "10:00", "11:00");
  const typed = { reason: "The boiler is being replaced" };
  await follow(scene.sam, await press(scene.sam, await queue(scene.sam), "Deny", typed));
  assert.match((await scene.bob.get(`/reservations/${wish.reference}`)).text, /The boiler is being replaced/);
});

Deno.test("Sam, who denies without a reason, reads beside the field that one is needed", async () => {
  await using scene = await greatHall();
  await scene.ask(scene.cast.bob, "10:00", "11:00");
  const again = await press(scene.sam, await queue(scene.sam), "Deny", { reason: "  " });
  assert.deepEqual([again.status, complaint(read(again), "Reason, for Bob Booker")], [
    422,
    "Say why: the person who asked will read it",
  ]);
});

Deno.test("Sam, who denies without a reason, finds the form open", async () => {
  await using scene = await greatHall();
  const wish = await scene.ask(scene.cast.bob, "10:00", "11:00");
  const again = await decide(scene.sam, wish, "deny", { reason: "" });
  const open = rowOf(again, wish).querySelectorAll("details[open] summary").map(words);
  assert.deepEqual(open, ["Deny …"]);
});

Deno.test("Sam, who denies one of two without a reason, reads it beside that one alone", async () => {
  await using scene = await twoWishes();
  const again = await decide(scene.sam, scene.hers, "deny", { reason: "" });
  assert.deepEqual(
    read(again).querySelectorAll("[aria-invalid]").map((input) => input.getAttribute("id")),
    [`reason-${scene.hers.id}`],
  );
});

Deno.test("Sam, whose reason is too long, gets it back as he typed it", async () => {
  await using scene = await greatHall();
  const wish = await scene.ask(scene.cast.bob, "10:00", "11:00");
  const reason = "x".repeat(501);
  const again = await decide(scene.sam, wish, "deny", { reason });
  assert.equal(field(read(again), "Reason, for Bob Booker").getAttribute("value"), reason);
});

Deno.test("Sam, who denies without a reason by htmx, reads it beside the field of the row", async () => {
  await using scene = await greatHall();
  const wish = await scene.ask(scene.cast.bob, "10:00", "11:00");
  const part = await decide(scene.sam, wish, "deny", { reason: "" }, HTMX);
  assert.deepEqual([part.status, complaint(read(part), "Reason, for Bob Booker")], [
    422,
    "Say why: the person who asked will read it",
  ]);
});

Deno.test("Nothing is decided by a denial without a reason", async () => {
  await using scene = await greatHall();
  const wish = await scene.ask(scene.cast.bob, "10:00", "11:00");
  await decide(scene.sam, wish, "deny");
  assert.equal(await scene.statusOf(wish), "pending");
});

Deno.test("Sam's answer by htmx is the row with the decision on it, and nothing of the page around it", async () => {
  await using scene = await twoWishes();
  const part = await decide(scene.sam, scene.his, "approve", {}, HTMX);
  assert.deepEqual([part.status, rows(part).length, part.text.includes("<html")], [200, 1, false]);
  assert.equal(words(one(rowOf(part, scene.his), ".decided")), "Approved Decided by Sam Says");
});

Deno.test("Sam's answer by htmx brings the number in the menu with it, out of band", async () => {
  await using scene = await twoWishes();
  assert.equal(counted(await queue(scene.sam)), "2");
  const part = await decide(scene.sam, scene.his, "approve", {}, HTMX);
  const outOfBand = one(read(part), "hx-partial[hx-target='#waiting'][hx-swap=outerHTML]");
  assert.equal(words(outOfBand), "1");
});

Deno.test("The row that htmx is given to swap is the one on the page", async () => {
  await using scene = await greatHall();
  const wish = await scene.ask(scene.cast.bob, "10:00", "11:00");
  const row = rowOf(await queue(scene.sam), wish);
  const targets = row.querySelectorAll("[hx-target]").map((form) => form.getAttribute("hx-target"));
  assert.deepEqual(targets, Array(3).fill(`#request-${wish.id}`));
});

Deno.test("Sue, second to decide, is told by the notice who decided and when", async () => {
  await using scene = await greatHall();
  await scene.ask(scene.cast.bob, "10:00", "11:00");
  const open = await queue(scene.sue);
  await press(scene.sam, open, "Approve");
  const page = await follow(scene.sue, await press(scene.sue, open, "Approve"));
  assert.equal(
    notice(page),
    "This reservation cannot be approved: it is already approved by Sam Says, 09:00.",
  );
});

Deno.test("Sue, second to decide by htmx, is told in the row who decided", async () => {
  await using scene = await greatHall();
  const wish = await scene.ask(scene.cast.bob, "10:00", "11:00");
  await decide(scene.sam, wish, "approve");
  const part = await decide(scene.sue, wish, "deny", { reason: "No" }, HTMX);
  assert.deepEqual([part.status, words(one(read(part), "[role=alert]"))], [
    409,
    "This reservation cannot be denied: it is already approved by Sam Says, 09:00",
  ]);
});

Deno.test("Sam cannot approve what has been taken meanwhile, and the request stays", async () => {
  await using scene = await twoWishes();
  await decide(scene.sam, scene.his, "approve");
  const page = await follow(scene.sam, await decide(scene.sam, scene.hers, "approve"));
  assert.deepEqual([notice(page), await scene.statusOf(scene.hers)], [
    "Great Hall is already taken by Bob Booker.",
    "pending",
  ]);
  await assertSound(scene.sql);
});

Deno.test("Sam does not find a wish of his own in his queue, and Sue finds it in hers", async () => {
  await using scene = await greatHall();
  const own = await scene.ask(scene.cast.sam, "10:00", "11:00");
  const his = await queue(scene.sam);
  assert.deepEqual([rows(his).length, counted(his)], [0, "0"]);
  assert(rowOf(await queue(scene.sue), own));
});

Deno.test("A request whose start has passed leaves the queue and the number", async () => {
  await using scene = await greatHall();
  await scene.ask(scene.cast.bob, "10:00", "11:00");
  scene.site.now = on("2026-05-05", "10:00", "11:00").start_time;
  const page = await queue(await scene.site.as(scene.cast.sam));
  assert.deepEqual([rows(page).length, counted(page)], [0, "0"]);
});

Deno.test("Sam, for whom nothing waits, reads so", async () => {
  await using scene = await greatHall();
  const page = read(await queue(scene.sam));
  assert.equal(words(one(page, ".empty .lead")), "Nothing waits for a decision");
});

Deno.test("Bob may not see the queue", async () => {
  await using scene = await greatHall();
  const page = await queue(scene.bob);
  assert.deepEqual([page.status, words(one(read(page), "h1"))], [403, "Not allowed"]);
});

Deno.test("Bob finds no way to the queue in his menu", async () => {
  await using scene = await greatHall();
  assert.equal(read(await scene.bob.get("/")).querySelectorAll('a[href="/approvals"]').length, 0);
});

Deno.test("Bob cannot decide on his own wish", async (t) => {
  await using scene = await greatHall();
  const wish = await scene.ask(scene.cast.bob, "10:00", "11:00");
  for (const verb of ["approve", "deny"]) {
    await t.step(verb, async () => {
      const { status } = await decide(scene.bob, wish, verb, { reason: "Please" });
      assert.deepEqual([status, await scene.statusOf(wish)], [403, "pending"]);
    });
  }
});

Deno.test("Sam pages through a queue of more than fifty", async () => {
  await using scene = await greatHall();
  for (let i = 0; i < 51; i++) await scene.ask(scene.cast.bob, "10:00", "11:00", `wish ${i}`);
  const first = await queue(scene.sam);
  const next = one(read(first), "a[rel=next]").getAttribute("href") ?? "";
  assert.deepEqual([rows(first).length, rows(await scene.sam.get(next)).length], [50, 1]);
});
