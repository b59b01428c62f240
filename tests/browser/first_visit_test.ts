import assert from "node:assert/strict";
import { openWindow } from "../support/browser.ts";
import { BOB, openDemoSite } from "../support/demo_site.ts";

const KB = 1000;

interface Visit {
  /** Bytes on the wire, bodies and headers; the page's own first. */
  answers: { url: string; body: number; headers: number; encoding: string }[];
}

/** Goes to the schedule like a browser that is signed in, and has or has not been here before. */
async function visit(demo: Awaited<ReturnType<typeof openDemoSite>>, again: boolean): Promise<Visit> {
  await using first = await openWindow(demo.browser, demo.origin, { email: BOB });
  const cookies = (await first.page.context().cookies()).filter(({ name }) =>
    again || name !== "holdfast_styles"
  );
  // A window of its own has an empty cache; what a browser keeps is kept within one window.
  await using fresh = again ? undefined : await openWindow(demo.browser, demo.origin);
  const { page } = fresh ?? first;
  if (fresh) await page.context().addCookies(cookies);
  const seen: Promise<Visit["answers"][number] | undefined>[] = [];
  page.on("response", (response) =>
    seen.push((async () => {
      await response.finished();
      const size = await response.request().sizes();
      const cached = size.responseBodySize === 0 && response.status() === 200 &&
        size.responseHeadersSize === 0;
      return cached ? undefined : {
        url: response.url().replace(demo.origin, ""),
        body: size.responseBodySize,
        headers: size.responseHeadersSize,
        encoding: (await response.allHeaders())["content-encoding"] ?? "",
      };
    })()));
  await page.goto(`${demo.origin}/schedule`, { waitUntil: "networkidle" });
  const answers = (await Promise.all(seen)).filter((answer) => answer !== undefined);
  assert.deepEqual([...first.complaints, ...fresh?.complaints ?? []], []);
  assert.equal(await page.locator("#timeline tbody").count(), 50);
  return { answers };
}

Deno.test("the schedule of fifty resources", async (t) => {
  await using demo = await openDemoSite();
  const { answers } = await visit(demo, false);
  const html = answers.find(({ url }) => url === "/schedule")!;

  await t.step("comes compressed, with its styles, in at most 14 kB", () => {
    assert.match(html.encoding, /^(gzip|br)$/);
    assert(html.body <= 14 * KB, `${html.body} bytes`);
  });

  await t.step("is whole after at most 6 requests and 60 kB", () => {
    const all = answers.reduce((sum, { body, headers }) => sum + body + headers, 0);
    assert(answers.length >= 3, `only ${answers.length} requests: were scripts loaded?`);
    assert(answers.length <= 6, answers.map(({ url }) => url).join(", "));
    assert(all <= 60 * KB, `${all} bytes`);
  });

  await t.step("needs nothing but the page itself when it is visited again", async () => {
    const next = await visit(demo, true);
    const again = next.answers.find(({ url }) => url === "/schedule");
    assert(again, next.answers.map(({ url }) => url).join(", "));
    assert(again.body < html.body, `${again.body} bytes after ${html.body}`);
  });
});

Deno.test("the schedule in gzip, for who has no brotli, comes in at most 14 kB", async () => {
  await using demo = await openDemoSite();
  const bob = await demo.sql`select id, email, name, role from users where email = ${BOB}`;
  const client = await demo.site.as({ ...bob[0], time_zone: "Europe/Berlin" } as never);
  const signed = [...client.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const response = await demo.site.fetch(
    new Request(`${demo.origin}/schedule`, { headers: { cookie: signed, "accept-encoding": "gzip" } }),
  );
  const bytes = (await response.bytes()).length;
  assert.deepEqual([response.status, response.headers.get("content-encoding")], [200, "gzip"]);
  assert(bytes <= 14 * KB, `${bytes} bytes`);
});
