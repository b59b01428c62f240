import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { approve } from "../../domain/approvals.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { request } from "../../domain/requests.ts";
import { serveSite } from "../support/app.ts";
import { openBrowser, openWindow } from "../support/browser.ts";
import { type Cast, makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

/** What approvers and administrators do, on a phone, with JavaScript off; each day is the scene of one step. */
async function openHouse() {
  const stack = new AsyncDisposableStack();
  const { sql } = stack.use(await testDatabase());
  const cast = await makeCast(sql);
  const server = stack.use(await serveSite(sql, NOW, { TIME_ZONE: "Europe/Berlin" }));
  const browser = stack.use(await openBrowser());
  const rules = { ...NO_RULES, name: "House rules", approval: "always" as const };
  const policy = await createPolicy(sql, cast.ada, rules, NOW);
  const hall = await makeResource(sql, cast.ada, { name: "Hall", policy_id: policy });
  const annex = await makeResource(sql, cast.ada, { name: "Annex", policy_id: policy });
  /** What somebody wants of the hall from ten to eleven. */
  const wish = async (who: keyof Cast, day: string, purpose: string, approved = false) => {
    const asked = { ...on(day, "10:00", "11:00"), resource_ids: [hall.id], purpose };
    const made = await request(sql, cast[who], asked, NOW);
    if (approved) await approve(sql, cast.sue, { id: made.id }, NOW);
    return made;
  };
  /** A window of somebody's; wherever they go, nothing reaches over the side of the phone. */
  const windows = new Map<string, Awaited<ReturnType<typeof openWindow>>>();
  async function as(who: keyof Cast): Promise<{ page: Page; go: (path: string) => Promise<void> }> {
    let one = windows.get(who);
    if (!one) {
      one = stack.use(
        await openWindow(browser, server.origin, {
          javaScriptEnabled: false,
          viewport: { width: 360, height: 740 },
        }),
      );
      const { cookies } = await server.as(cast[who]);
      const url = server.origin;
      await one.page.context().addCookies([...cookies].map(([name, value]) => ({ name, value, url })));
      windows.set(who, one);
    }
    const { page } = one;
    const go = async (path: string) => assert.equal(await one.go(path), 200, path);
    return { page, go };
  }
  const statusOf = async ({ id }: { id: string }) => {
    const [row] = await sql`select status from reservations where id = ${id}`;
    return row.status;
  };
  return {
    ...{ sql, cast, hall, annex, policy, wish, as, statusOf },
    complaints: () => [...windows.values()].flatMap((one) => one.complaints),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const press = (page: Page, name: string | RegExp) =>
  page.locator("main").getByRole("button", { name, exact: true }).first().click();
const said = async (page: Page) => {
  const [wide, seen] = await page.evaluate<[number, number]>(
    "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
  );
  assert(wide <= seen, `${page.url()} is wider than the phone: ${wide}`);
  return await page.locator("#notices").innerText();
};
const row = (page: Page, purpose: string) => page.locator(".request", { hasText: purpose });

Deno.test("whatever is decided is decided with JavaScript off, on a phone", async (t) => {
  await using house = await openHouse();
  const { sql, wish, as, statusOf } = house;

  await t.step("Sam approves a request", async () => {
    const asked = await wish("bob", "2026-05-05", "Choir");
    const { page, go } = await as("sam");
    await go("/approvals");
    await row(page, "Choir").getByRole("button", { name: "Approve", exact: true }).click();
    assert.match(await said(page), /^Approved: Bob Booker can read it/);
    assert.equal(await statusOf(asked), "approved");
  });

  await t.step("Sam denies one: not without a reason, which Bob reads", async () => {
    const asked = await wish("bob", "2026-05-06", "Party");
    const { page, go } = await as("sam");
    await go("/approvals");
    await row(page, "Party").getByText("Deny …").click();
    await row(page, "Party").locator("[name=reason]").fill(" ");
    await row(page, "Party").getByRole("button", { name: "Deny", exact: true }).click();
    assert.match(await row(page, "Party").innerText(), /Say why/);
    await row(page, "Party").locator("[name=reason]").fill("Being painted");
    await row(page, "Party").getByRole("button", { name: "Deny", exact: true }).click();
    assert.match(await said(page), /^Denied/);
    const bob = await as("bob");
    await bob.go(`/reservations/${asked.reference}`);
    assert.match(await bob.page.locator("main").innerText(), /Being painted/);
  });

  await t.step("Sam asks, Bob answers, and the request is back in the queue", async () => {
    const asked = await wish("bob", "2026-05-07", "Lecture");
    const { page, go } = await as("sam");
    await go("/approvals");
    await row(page, "Lecture").getByText("Ask …").click();
    await row(page, "Lecture").locator("[name=question]").fill("How many come?");
    await row(page, "Lecture").getByRole("button", { name: "Ask", exact: true }).click();
    assert.match(await said(page), /^Asked/);
    assert.match(await row(page, "Lecture").innerText(), /Waits for an answer:\s+How many come\?/);
    const bob = await as("bob");
    await bob.go(`/reservations/${asked.reference}`);
    await bob.page.getByLabel("Your answer").fill("Twelve");
    await press(bob.page, "Answer");
    assert.match(await said(bob.page), /^Answered/);
    await go("/approvals");
    assert.equal(await page.locator("#queue .request", { hasText: "Lecture" }).count(), 1);
  });

  await t.step("Sam reschedules it from the queue, with a reason, and is back there", async () => {
    const { page, go } = await as("sam");
    await go("/approvals");
    await row(page, "Lecture").getByRole("link", { name: "Reschedule …" }).click();
    await page.fill("[name=start]", "15:00");
    await page.fill("[name=end]", "16:00");
    await page.fill("[name=reason]", "The mayor comes");
    await press(page, "Reschedule");
    assert.match(await said(page), /^Rescheduled: Bob Booker can read it/);
    assert.match(await row(page, "Lecture").innerText(), /15:00–16:00/);
  });

  await t.step("Sam approves and bumps what is in the way, having read what that is", async () => {
    const asked = await wish("bob", "2026-05-08", "Fire drill");
    const held = await wish("alice", "2026-05-08", "Quarterly review", true);
    const { page, go } = await as("sam");
    await go("/approvals");
    await row(page, "Fire drill").getByRole("link", { name: "Approve and bump …" }).click();
    assert.match(await page.locator("main").innerText(), /This bumps 1 reservation\s+.*Alice Asker/s);
    await page.locator("[name=reason]").fill(" ");
    await press(page, "Approve and bump");
    assert.match(await page.locator("main").innerText(), /Say why/);
    await page.locator("[name=reason]").fill("The inspector comes");
    await press(page, "Approve and bump");
    assert.match(await said(page), /^Approved: Bob Booker can read it; 1 other gave way/);
    assert.deepEqual([await statusOf(asked), await statusOf(held)], ["approved", "bumped"]);
  });

  await t.step("Alice reads why, and takes what is free instead with one tap", async () => {
    const { page, go } = await as("alice");
    await go("/");
    assert.match(await page.locator("main").innerText(), /The inspector comes/);
    await page.locator(".instead button").first().click();
    assert.match(await said(page), /^Requested: an approver decides on it/);
  });

  await t.step("Sam bumps what is approved on its page", async () => {
    const held = await wish("bob", "2026-05-09", "Dance", true);
    const { page, go } = await as("sam");
    await go(`/reservations/${held.reference}`);
    await page.getByText("Bump …").click();
    await page.getByLabel(/Why it is bumped/).fill("A wedding");
    await press(page, "Bump this reservation");
    assert.match(await said(page), /^Bumped: its time is free/);
    assert.equal(await statusOf(held), "bumped");
  });

  await t.step("Sam decides on several at once, and reads what became of each", async () => {
    const first = await wish("bob", "2026-05-10", "Rehearsal one");
    const second = await wish("alice", "2026-05-10", "Rehearsal two");
    const { page, go } = await as("sam");
    await go("/approvals");
    for (const purpose of ["Bob Booker: Rehearsal one", "Alice Asker: Rehearsal two"]) {
      await row(page, purpose).locator("[name=tick]").check();
    }
    await press(page, "Approve those ticked");
    const told = await page.locator("main").innerText();
    assert.match(told, /already taken by/);
    assert.deepEqual([await statusOf(first), await statusOf(second)].sort(), ["approved", "pending"]);
  });

  await t.step("Bob asks for a change of what is approved, and Sam approves that", async () => {
    const held = await wish("bob", "2026-05-11", "Seminar", true);
    const bob = await as("bob");
    await bob.go(`/reservations/${held.reference}/edit`);
    await bob.page.fill("[name=end]", "12:00");
    await press(bob.page, "Save the change");
    assert.match(await said(bob.page), /^Asked for/);
    const { page, go } = await as("sam");
    await go("/approvals");
    await row(page, "Seminar").getByRole("button", { name: "Approve the change" }).click();
    assert.match(await said(page), /^The change is approved/);
  });

  for (
    const [fate, day, becomes] of [
      ["leave", "2026-05-12", "approved"],
      ["cancel", "2026-05-13", "cancelled"],
      ["move", "2026-05-14", "approved"],
    ] as const
  ) {
    await t.step(`Ada closes the hall over a reservation, reads of it, and chooses: ${fate}`, async () => {
      const held = await wish("bob", day, `Meeting to ${fate}`, true);
      const { page, go } = await as("ada");
      await go("/admin/closures/new");
      await page.fill("[name=reason]", "The floor is being sanded");
      await page.getByLabel(/Hall/).check();
      await page.fill("[name=date]", day);
      await page.fill("[name=start]", "08:00");
      await page.fill("[name=end_date]", day);
      await page.fill("[name=end]", "24:00");
      await press(page, "Close it");
      assert.match(await page.locator("h1").innerText(), /1 reservation is in the way/);
      assert.match(await page.locator("main").innerText(), new RegExp(`Meeting to ${fate}`));
      await page.locator(`[name=reservations][value=${fate}]`).check();
      await press(page, "Close it");
      assert.match(await page.locator("h1").innerText(), /^Closure/);
      assert.equal(await statusOf(held), becomes);
      const [{ where }] = await sql`
        select r.name as where from allocations a join resources r on r.id = a.resource_id
        where a.reservation_id = ${held.id}`;
      assert.equal(where, fate === "move" ? "Annex" : "Hall");
      await said(page);
    });
  }

  await t.step("Ada sees beforehand what a policy would change, and then changes it", async () => {
    const { page, go } = await as("ada");
    await go(`/admin/policies/${house.policy}`);
    await page.fill("[name=max_minutes]", "30");
    await press(page, "What would it change?");
    assert.match(
      await page.locator("main .verdict").innerText(),
      /^\d+ of \d+ reservations ahead would be refused/,
    );
    const limit = () =>
      sql`select max_minutes from policies where id = ${house.policy}`.then(([r]) => r.max_minutes);
    assert.equal(await limit(), null);
    assert.equal(await page.inputValue("[name=max_minutes]"), "30");
    await press(page, "Save");
    assert.equal(await limit(), 30);
    await said(page);
  });

  await t.step("Sam lets Sue decide while he is away, and takes that back", async () => {
    const { page, go } = await as("sam");
    await go("/account");
    await page.getByLabel("Who decides for me").selectOption({ label: "Sue Settles" });
    await page.getByLabel("First day").fill("2026-05-04");
    await page.getByLabel("Last day").fill("2026-05-08");
    await press(page, "Let them decide");
    const away = () => sql`select count(*)::int as n from delegations`.then(([r]) => r.n);
    assert.equal(await away(), 1);
    await press(page, /^End: Sue Settles decides for me/);
    assert.equal(await away(), 0);
    await said(page);
  });

  await t.step("Ada closes Bob's account with what he has reserved, and opens it again", async () => {
    const { page, go } = await as("ada");
    await go(`/admin/users/${house.cast.bob.id}`);
    await page.getByRole("link", { name: "Close the account …" }).click();
    await page.locator("[name=future][value=cancel]").check();
    await page.fill("[name=reason]", "He has left");
    await press(page, "Close the account");
    const ahead = () =>
      sql`select count(*)::int as n from reservations
        where requester_id = ${house.cast.bob.id} and status in ('pending', 'approved')`.then(([r]) => r.n);
    assert.equal(await ahead(), 0);
    await press(page, "Open it again");
    assert.match(await said(page), /./);
    const [{ disabled_at }] = await sql`select disabled_at from users where id = ${house.cast.bob.id}`;
    assert.equal(disabled_at, null);
  });

  assert.deepEqual(house.complaints(), []);
  await assertSound(sql);
});
