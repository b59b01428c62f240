import assert from "node:assert/strict";
import { openWindow } from "../support/browser.ts";
import { ADA, ALICE, BOB, idOf, openDemoSite, SAM } from "../support/demo_site.ts";

const LONGEST = "Donaudampfschifffahrtsgesellschaft".repeat(15).slice(0, 500);
const TURNED = "\u202Eדג סקרן שט בים מאוכזב ולפתע מצא חברה \u{1F98A}".repeat(10);

Deno.test("texts without a blank, and from right to left", async (t) => {
  await using demo = await openDemoSite();
  const { sql, browser, origin } = demo;
  const bluebell = await idOf(sql, "Bluebell");
  await sql`
    update resources set name = ${LONGEST.slice(0, 120)}, location = ${LONGEST.slice(0, 200)},
      description = ${LONGEST}, tags = array[${LONGEST.slice(0, 40)}] where id = ${bluebell}`;
  await sql`update users set name = ${LONGEST.slice(0, 120)} where email = ${BOB}`;
  await sql`update reservations set purpose = ${LONGEST} where number % 2 = 0`;
  await sql`update reservations set purpose = ${
    TURNED.slice(0, 400)
  }, decision_reason = ${LONGEST} where number % 2 = 1`;
  const [{ reference, when, start, end }] = await sql<Record<string, string>[]>`
    select v.reference, v.start_wall::date::text as when, to_char(v.start_wall, 'HH24:MI') as start,
      to_char(v.end_wall, 'HH24:MI') as end
    from reservations v join users u on u.id = v.requester_id join allocations a on a.reservation_id = v.id
    where a.resource_id = ${bluebell} and v.status = 'approved' and v.start_time > ${demo.site.now}
      and v.start_wall::date = v.end_wall::date
    order by v.start_time limit 1`;
  const pages: [string, string[]][] = [
    [ALICE, ["/schedule", `/reservations/new?resource=${bluebell}&date=${when}&start=${start}&end=${end}`]],
    [BOB, ["/", "/reservations", "/account", "/resources", `/resources/${bluebell}`]],
    [SAM, ["/approvals", `/reservations/${reference}`, `/reservations/${reference}/edit`]],
    [ADA, ["/admin/resources", `/admin/resources/${bluebell}/edit`, "/admin/users"]],
  ];
  for (const width of [320, 1280]) {
    await t.step(`push nothing out of a page of ${width} pixels`, async () => {
      const wide: string[] = [];
      for (const [email, paths] of pages) {
        await using w = await openWindow(browser, origin, { email, viewport: { width, height: 800 } });
        for (const path of paths) {
          assert.equal(await w.go(path), 200, path);
          const over = await w.page.evaluate<number>(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth",
          );
          if (over > 0) wide.push(`${path}: ${over} pixels too wide`);
        }
      }
      assert.deepEqual(wide, []);
    });
  }
});
