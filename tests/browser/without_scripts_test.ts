import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { openWindow } from "../support/browser.ts";
import { ALICE, BOB, idOf, openDemoSite, SAM } from "../support/demo_site.ts";

const plain = { javaScriptEnabled: false };
const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).first().click();
const said = (page: Page) => page.locator("#notices").innerText();

Deno.test("with JavaScript off", async (t) => {
  await using demo = await openDemoSite();
  const { browser, origin, sql } = demo;
  const bluebell = await idOf(sql, "Bluebell");
  const form = (start: string, end: string) =>
    `/reservations/new?resource=${bluebell}&date=2026-05-09&start=${start}&end=${end}`;

  await t.step("a newcomer registers, signs out and signs in", async () => {
    await using w = await openWindow(browser, origin, plain);
    const { page, go } = w;
    await go("/register");
    await page.fill("[name=name]", "Nadia Newcomer");
    await page.fill("[name=email]", "nadia@example.org");
    await page.fill("[name=password]", "short");
    await page.getByLabel("Password").evaluate((input) => input.removeAttribute("minlength"));
    await press(page, "Create account");
    assert.match(await page.locator("#f-password-error").innerText(), /at least 10 characters/);
    assert.equal(await page.inputValue("[name=name]"), "Nadia Newcomer");
    await page.fill("[name=password]", "a calm green hill");
    await press(page, "Create account");
    assert.match(await said(page), /Welcome, Nadia/);
    await page.locator(".me summary").click();
    await press(page, "Sign out");
    assert.match(page.url(), /\/login$/);
    await page.fill("[name=email]", "nadia@example.org");
    await page.fill("[name=password]", "a calm green hill");
    await press(page, "Sign in");
    assert.match(await page.locator("h1").innerText(), /Nadia/);
    assert.deepEqual(w.complaints, []);
  });

  await t.step(
    "Bob finds a free time on the schedule, reserves it, cancels and takes that back",
    async () => {
      await using w = await openWindow(browser, origin, { ...plain, email: BOB });
      const { page, go } = w;
      await go("/schedule?date=2026-05-09&q=Bluebell");
      await page.locator(".timeline td.f a").first().click();
      assert.match(await page.locator("h1").innerText(), /Reserve Bluebell/);
      assert.match(await page.locator("#verdict").innerText(), /Free/);
      await page.fill("[name=start]", "09:00");
      await page.fill("[name=end]", "10:00");
      await page.fill("[name=purpose]", "Choir rehearsal");
      await press(page, "Check the time first");
      assert.match(await page.locator("#verdict").innerText(), /Free/);
      assert.equal(await page.inputValue("[name=purpose]"), "Choir rehearsal");
      await press(page, "Reserve");
      assert.match(await said(page), /Reserved/);
      assert.match(await page.locator("h1").innerText(), /Choir rehearsal/);
      await press(page, "Cancel this reservation");
      assert.match(await said(page), /Cancelled/);
      await press(page, "Undo");
      assert.match(await said(page), /taken back/);
      assert.equal(await page.locator(".head .status").innerText(), "Approved");
      assert.deepEqual(w.complaints, []);
    },
  );

  await t.step(
    "Alice sees who has the time, keeps what she typed, and takes an alternative in one tap",
    async () => {
      await using w = await openWindow(browser, origin, { ...plain, email: ALICE });
      const { page, go } = w;
      await go(form("11:00", "12:00"));
      await page.fill("[name=start]", "09:30");
      await page.fill("[name=end]", "10:30");
      await page.fill("[name=purpose]", "Book club");
      await press(page, "Reserve");
      const verdict = await page.locator("#verdict").innerText();
      assert.match(verdict, /Bluebell is taken by Bob Ferreira/);
      assert.match(verdict, /09:00–10:00/);
      assert.equal(await page.inputValue("[name=purpose]"), "Book club");
      assert.equal(await page.inputValue("[name=start]"), "09:30");
      await page.locator(".instead button", { hasText: "10:00–11:00" }).click();
      assert.match(await said(page), /Reserved/);
      assert.match(await page.locator("h1").innerText(), /Book club/);
      assert.match(await page.locator(".facts").innerText(), /10:00–11:00/);
    },
  );

  await t.step(
    "Sam approves a request, denies another with a reason, and the number in the menu follows",
    async () => {
      await using w = await openWindow(browser, origin, { ...plain, email: SAM });
      const { page, go } = w;
      await go("/approvals");
      const waiting = Number(await page.locator("#waiting").innerText());
      assert.ok(waiting > 2);
      await page.locator(".request", { hasNotText: "In the way" }).getByRole("button", { name: "Approve" })
        .first().click();
      assert.match(await said(page), /^Approved/);
      const deny = page.locator(".request").first().locator("details", { hasText: "Deny …" });
      await deny.locator("summary").click();
      await deny.locator("[name=reason]").fill("The boiler is being replaced");
      await deny.getByRole("button", { name: "Deny", exact: true }).click();
      assert.match(await said(page), /^Denied/);
      assert.equal(Number(await page.locator("#waiting").innerText()), waiting - 2);
      assert.deepEqual(w.complaints, []);
    },
  );
});
