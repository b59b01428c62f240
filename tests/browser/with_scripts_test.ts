import assert from "node:assert/strict";
import { openWindow } from "../support/browser.ts";
import { BOB, idOf, openDemoSite, SAM } from "../support/demo_site.ts";

Deno.test("with JavaScript on", async (t) => {
  await using demo = await openDemoSite();
  const { browser, origin, sql } = demo;
  const bluebell = await idOf(sql, "Bluebell");

  await t.step("a click into a free stretch opens the form at the half hour under the pointer", async () => {
    await using w = await openWindow(browser, origin, {
      email: BOB,
      viewport: { width: 1280, height: 800 },
    });
    const { page, go } = w;
    await go("/schedule?date=2026-05-10&q=Bluebell");
    const stretch = page.locator(".timeline td.f a").first();
    const [, from, to] = /(\d\d):00–(\d\d):00/.exec(await stretch.innerText())!.map(Number);
    const box = (await stretch.boundingBox())!;
    const hour = box.width / (to - from);
    await page.mouse.click(box.x + hour * 3.6, box.y + box.height / 2);
    await page.waitForURL("**/reservations/new?**");
    assert.equal(await page.inputValue("[name=start]"), `${String(from + 3).padStart(2, "0")}:30`);
    assert.equal(await page.inputValue("[name=end]"), `${String(from + 4).padStart(2, "0")}:30`);
    assert.deepEqual(w.complaints, []);
  });

  await t.step("slots are found as the wish changes, and found again by who comes back to it", async () => {
    await using w = await openWindow(browser, origin, { email: BOB });
    const { page, go } = w;
    await go("/find");
    await page.fill("[name=attendees]", "6");
    await page.locator("[name=attendees]").blur();
    await page.locator("#found li").first().waitFor();
    await go("/schedule");
    await page.goBack();
    await page.locator("#found li").first().waitFor();
    assert.equal(await page.inputValue("[name=attendees]"), "6");
    assert.deepEqual(w.complaints, []);
  });

  await t.step(
    "while times are typed, only the verdict changes, and what is typed elsewhere stays",
    async () => {
      await using w = await openWindow(browser, origin, { email: BOB });
      const { page, go } = w;
      await go(`/reservations/new?resource=${bluebell}&date=2026-05-10&start=09:00&end=10:00`);
      await page.fill("[name=purpose]", "Half a sentence");
      await page.locator("#reserve").evaluate((form) => form.setAttribute("data-same", "yes"));
      await page.fill("[name=start]", "11:00");
      await page.fill("[name=end]", "10:30");
      await page.locator("#verdict .no", { hasText: "The end must be after the start" }).waitFor();
      await page.fill("[name=end]", "12:30");
      await page.locator("#verdict .yes", { hasText: "Free" }).waitFor();
      assert.equal(await page.locator("#reserve").getAttribute("data-same"), "yes");
      assert.equal(await page.inputValue("[name=purpose]"), "Half a sentence");
      assert.deepEqual(w.complaints, []);
    },
  );

  await t.step("when the start moves, the end keeps its distance", async () => {
    await using w = await openWindow(browser, origin, { email: BOB });
    await w.go(`/reservations/new?resource=${bluebell}&date=2026-05-10&start=23:00&end=23:45`);
    await w.page.fill("[name=start]", "23:30");
    await w.page.locator("[name=start]").dispatchEvent("change");
    assert.equal(await w.page.inputValue("[name=end]"), "00:15");
    assert.equal(await w.page.inputValue("[name=end_date]"), "2026-05-11");
  });

  await t.step(
    "Sam decides with the keyboard alone: only the rows change, and the number in the menu",
    async () => {
      await using w = await openWindow(browser, origin, { email: SAM });
      const { page, go } = w;
      await go("/approvals");
      const waiting = Number(await page.locator("#waiting").innerText());
      const free = page.locator(".request", { hasNotText: "In the way" }).first();
      const id = await free.getAttribute("id");
      await free.focus();
      await page.keyboard.press("a");
      await page.locator(`[id="${id}"] .decided`, { hasText: "Approved" }).waitFor();
      assert.equal(await page.locator("#waiting").innerText(), String(waiting - 1));
      assert.equal(
        await page.evaluate("document.activeElement.id"),
        id,
        "the focus stays where Sam was",
      );
      await page.keyboard.press(await page.locator(`[id="${id}"] + .request`).count() ? "j" : "k");
      const next = await page.evaluate("document.activeElement.id");
      assert.notEqual(next, id);
      await page.keyboard.press("d");
      await page.keyboard.type("The room is being painted");
      await page.keyboard.press("Enter");
      await page.locator(`[id="${next}"] .decided`, { hasText: "Denied" }).waitFor();
      assert.equal(await page.locator("#waiting").innerText(), String(waiting - 2));
      assert.deepEqual(w.complaints, []);
    },
  );

  await t.step("a second approver is told who decided, in the row", async () => {
    await using w = await openWindow(browser, origin, { email: SAM });
    const { page, go } = w;
    await go("/approvals");
    const row = page.locator(".request", { hasNotText: "In the way" }).first();
    const id = (await row.getAttribute("id"))!;
    await using other = await openWindow(browser, origin, { email: "ada@demo.example" });
    await other.go("/approvals");
    await other.page.locator(`[id="${id}"]`).getByRole("button", { name: "Approve" }).click();
    await other.page.locator(`[id="${id}"] .decided`).waitFor();
    await page.locator(`[id="${id}"]`).getByRole("button", { name: "Approve" }).click();
    await page.locator(`[id="${id}"] .alert`, { hasText: /already approved by Ada/ }).waitFor();
    assert.deepEqual(w.complaints, []);
  });
});
