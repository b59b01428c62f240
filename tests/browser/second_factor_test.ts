import assert from "node:assert/strict";
import { Secret, TOTP } from "otpauth";
import type { Page } from "playwright-core";
import { PASSWORD } from "../../db/demo.ts";
import { violations } from "../support/axe.ts";
import { openWindow } from "../support/browser.ts";
import { BOB, openDemoSite, SAM } from "../support/demo_site.ts";

const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();

Deno.test("a second factor", async (t) => {
  await using demo = await openDemoSite();
  const { browser, origin, site } = demo;
  let key = "";
  const shown = () =>
    new TOTP({ secret: Secret.fromBase32(key) }).generate({ timestamp: site.now.epochMilliseconds });
  const later = () => site.now = site.now.add({ seconds: 30 });

  await t.step("is set up with JavaScript off, by a picture that is there", async () => {
    await using w = await openWindow(browser, origin, { email: BOB, javaScriptEnabled: false });
    const { page } = w;
    await w.go("/account");
    await page.getByRole("link", { name: "Set it up" }).click();
    await page.getByLabel("My password").fill(PASSWORD);
    await press(page, "Set it up");
    key = (await page.locator("p code").innerText()).replaceAll(" ", "");
    const { width = 0, height = 0 } = await page.locator(".code-picture svg").boundingBox() ?? {};
    assert(width > 100 && Math.abs(width - height) < 1, `${width} × ${height}`);
    await page.getByLabel("Code").fill(shown());
    await press(page, "Turn it on");
    assert.match(await page.locator("#notices").innerText(), /Your second factor is on/);
    assert.equal((await page.locator("#notices code").innerText()).split("\n").length, 10);
    assert.deepEqual(w.complaints, []);
  });

  await t.step("is asked for with JavaScript off, after the password", async () => {
    later();
    await using w = await openWindow(browser, origin, { email: BOB, javaScriptEnabled: false });
    const { page } = w;
    assert.match(page.url(), /\/login\/code$/);
    await page.getByLabel("Code").fill(shown());
    await press(page, "Sign in");
    assert.equal(new URL(page.url()).pathname, "/");
    assert.deepEqual(w.complaints, []);
  });

  for (const colorScheme of ["light", "dark"] as const) {
    await t.step(`has nothing that axe finds, and does not scroll sideways: ${colorScheme}`, async () => {
      later();
      const look = { colorScheme, viewport: { width: 320, height: 800 }, bypassCSP: true };
      const check = async (page: Page) => {
        assert.deepEqual(await violations(page), [], page.url());
        const over = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
        assert(over <= 0, `${page.url()} scrolls sideways`);
      };
      await using bobs = await openWindow(browser, origin, { email: BOB, ...look });
      await check(bobs.page);
      await bobs.page.getByLabel("Code").fill("12");
      await press(bobs.page, "Sign in");
      assert.match(await bobs.page.locator("#f-code-error").innerText(), /not good/);
      await check(bobs.page);
      await bobs.page.getByLabel("Code").fill(shown());
      await press(bobs.page, "Sign in");
      await bobs.go("/account/second-factor");
      await check(bobs.page);
      await using sams = await openWindow(browser, origin, { email: SAM, ...look });
      await sams.go("/account/second-factor");
      await sams.page.getByLabel("My password").fill(PASSWORD);
      await sams.page.getByRole("button", { name: /Set it up|Begin anew/ }).click();
      await sams.page.locator(".code-picture").waitFor();
      await check(sams.page);
      await sams.go("/account");
      await check(sams.page);
    });
  }
});
