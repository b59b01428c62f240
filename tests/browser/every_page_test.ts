import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { createReset } from "../../domain/auth/resets.ts";
import { cancel } from "../../domain/edits.ts";
import { request } from "../../domain/requests.ts";
import { join } from "../../domain/waitlist.ts";
import { makeResource } from "../support/cast.ts";
import type { Actor } from "../../domain/permissions.ts";
import { decideSome } from "../support/decided.ts";
import { createSeries } from "../../domain/series.ts";
import { close, NewClosure } from "../../domain/closures.ts";
import { previewFile } from "../../domain/transfers/imports.ts";
import { violations } from "../support/axe.ts";
import { openWindow } from "../support/browser.ts";
import { ADA, ALICE, BOB, idOf, openDemoSite, SAM } from "../support/demo_site.ts";

Deno.test("every page", async (t) => {
  await using demo = await openDemoSite();
  const { browser, origin, sql } = demo;
  const some = await decideSome(sql);
  const bluebell = await idOf(sql, "Bluebell");
  const [taken] = await sql<
    { reference: string; day: string; hour: string; until: string; resource: string }[]
  >`
    select v.reference, a.resource_id as resource, v.start_wall::date::text as day,
      to_char(v.start_wall, 'HH24:MI') as hour, to_char(v.end_wall, 'HH24:MI') as until
    from reservations v join users u on u.id = v.requester_id join allocations a on a.reservation_id = v.id
    where u.email = ${BOB} and v.status = 'approved' and v.start_time > ${demo.site.now}
      and v.start_wall::date = v.end_wall::date
    order by v.start_time limit 1`;
  const [{ change }] =
    await sql`select id as change from proposals where reservation_id = ${some.proposed.id}`;
  const [{ policy, person }] = await sql<Record<string, string>[]>`
    select (select id from policies order by name limit 1) as policy, (select id from users where email = ${BOB}) as person`;
  const [ada] = await sql<Actor[]>`select * from users where email = ${ADA}`;
  const closure = NewClosure.parse({
    ...{ reason: "The floor is being sanded and oiled", everything: true, reservations: "leave" },
    ...{ start_wall: `${taken.day}T00:00`, end_wall: `${taken.day}T24:00` },
    repeats: { frequency: "weekly", count: 3 },
  });
  const { id: closed } = await close(sql, { ...ada, time_zone: "Europe/Berlin" }, closure, demo.site.now);
  const conflicting =
    `/reservations/new?resource=${taken.resource}&date=${taken.day}&start=${taken.hour}&end=${taken.until}`;

  const [bob] = await sql<Actor[]>`select * from users where email = ${BOB}`;
  const { token } = await createReset(sql, ada, bob.id, demo.site.now);
  const preview = (text: string) => {
    const file = { kind: "resources", name: "rooms.csv", chunks: new Blob([text]).stream() } as const;
    return previewFile(sql, { ...ada, time_zone: "UTC" }, { ...file, time_zone: "UTC" }, demo.site.now);
  };
  const good = await preview("name,capacity\nBluebell,99\nA new one,3\n");
  const wrong = await preview("name,capacity\nBluebell,many\n,3\n");
  const recurs =
    `resource=${taken.resource}&date=${taken.day}&start=${taken.hour}&end=${taken.until}&repeats=daily`;
  const [start_wall, end_wall] = [taken.hour, taken.until].map((time) =>
    Temporal.PlainDateTime.from(`${taken.day}T${time}`)
  );
  const series = await createSeries(sql, { ...bob, time_zone: "Europe/Berlin" }, {
    ...{ resource_ids: [taken.resource], start_wall, end_wall, choice: "skip", attested: true },
    rule: { frequency: "daily", count: 20 },
  }, demo.site.now);
  const [{ one }] = await sql`select reference as one from reservations where series_id = ${series} limit 1`;
  const [alice] = await sql<Actor[]>`select * from users where email = ${ALICE}`;
  const loft = await makeResource(sql, ada, { name: "Loft above the weaving mill" }, demo.site.now);
  const waits = async (hour: number) => {
    const at = demo.site.now.add({ hours: 24 + hour });
    const slot = { start_time: at, end_time: at.add({ hours: 1 }), resource_ids: [loft.id] };
    const { id } = await request(sql, alice, slot, demo.site.now);
    const entry = await join(sql, bob, { ...slot, purpose: "Warping the big loom" }, demo.site.now);
    return { id, entry: entry.id };
  };
  const [waiting, offered] = [await waits(0), await waits(2)];
  await cancel(sql, alice, { id: offered.id }, demo.site.now);
  const nobody = ["/api/docs", "/login", "/register", "/logout", `/reset/${token}`, "/reset/of-yesterday"];
  const bobs = [
    "/",
    "/schedule",
    "/schedule?date=2026-05-05&kind=room",
    "/schedule?q=no-such-thing",
    "/schedule/week",
    "/schedule/week?date=2026-05-05&kind=room&q=no-such-thing",
    `/resources/${bluebell}/month`,
    `/resources/${bluebell}/month?month=2025-12`,
    "/agenda",
    "/agenda?days=1",
    "/find",
    "/find?minutes=90&attendees=6&tags=screen&near=Bluebell",
    "/find?attendees=6000&tags=no-such-tag",
    "/find?minutes=soon",
    "/resources",
    "/resources?q=no-such-thing",
    `/resources/${bluebell}`,
    conflicting,
    `/schedule?date=${taken.day}`,
    `/resources/${taken.resource}?week=${taken.day}`,
    "/reservations/any",
    "/reservations/any?kind=room&attendees=6&date=2026-05-09&start=10:00&end=11:00",
    "/reservations/new?resource=" + bluebell + "&date=2026-05-09&start=10:00&end=09:00",
    "/reservations",
    "/reservations?when=past",
    `/reservations/${taken.reference}`,
    `/reservations/${taken.reference}?at=${demo.site.now}`,
    `/reservations/${taken.reference}/edit`,
    `/reservations/${some.bumped.reference}`,
    `/reservations/${some.bumped.reference}/edit`,
    `/reservations/${some.proposed.reference}`,
    `/reservations/${some.asked.reference}`,
    `/series/new?${recurs}&count=20`,
    `/series/new?${recurs}&count=20&mode=move`,
    `/series/new?${recurs}&until=2020-01-01`,
    `/series/${series}`,
    `/reservations/${one}`,
    "/waitlist",
    "/waitlist?show=all",
    `/waitlist/${waiting.entry}`,
    `/waitlist/${offered.entry}`,
    `/waitlist/new?kind=room&date=${taken.day}&start=10:00&end=11:00`,
    `/waitlist/new?resource=${loft.id}&date=${taken.day}&start=10:00&end=11:00`,
    "/account",
    "/account/second-factor",
    "/check-in",
    "/no-such-page",
  ];
  const sams = [
    "/",
    "/waitlist?who=everybody",
    "/waitlist?who=everybody&show=all&resource=none",
    `/waitlist/${offered.entry}`,
    "/approvals",
    "/admin/audit",
    `/admin/audit?reservation=${taken.reference}`,
    "/admin/audit?person=nobody-at-all",
    "/admin/audit?to=2020-01-01",
    "/reservations",
    "/reservations/import",
    "/approvals?tick=all",
    `/approvals/several?verb=approve&of=${some.rival.id},${some.proposed.id}`,
    `/reservations/${some.rival.reference}`,
    `/reservations/${some.rival.reference}/override`,
    `/reservations/${some.proposed.reference}/override?change=${change}`,
    `/reservations/${some.proposed.reference}`,
    `/reservations/${some.rival.reference}/reschedule`,
    "/account",
    "/check-in",
  ];
  const adas = [
    "/admin/resources",
    "/admin/resources/new",
    `/admin/resources/${bluebell}/edit`,
    `/admin/resources/${bluebell}/remove`,
    `/admin/resources/${bluebell}/remove?for=good`,
    "/admin/resources/import",
    `/admin/resources/import/${good}`,
    `/admin/resources/import/${wrong}`,
    "/admin/users/import",
    `/admin/resources/${bluebell}/door`,
    "/admin/closures",
    "/admin/closures?when=past",
    "/admin/closures/new",
    `/admin/closures/${closed}`,
    `/admin/closures/${closed}/delete`,
    "/admin/policies",
    "/admin/policies/new",
    `/admin/policies/${policy}`,
    `/admin/try?person=${person}&resource=${taken.resource}&date=${taken.day}&start=${taken.hour}&end=${taken.until}`,
    "/admin/groups",
    `/admin/groups/${some.group}`,
    `/admin/resources/${some.hall}/approvers`,
    "/approvals?show=all",
    "/admin/users",
    `/admin/users/${bob.id}`,
    `/admin/users/${bob.id}/deactivate`,
  ];
  const visits = [
    { email: undefined, paths: nobody },
    { email: BOB, paths: bobs },
    { email: SAM, paths: sams },
    { email: ADA, paths: adas },
  ];

  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [1280, 320]) {
      await t.step(
        `has nothing that axe finds, and does not scroll sideways: ${colorScheme}, ${width} pixels`,
        async () => {
          for (const { email, paths } of visits) {
            const viewport = { width, height: 800 };
            await using w = await openWindow(browser, origin, {
              email,
              colorScheme,
              viewport,
              bypassCSP: true,
            });
            for (const path of paths) {
              await w.go(path);
              assert.deepEqual(await violations(w.page), [], path);
              assert.ok(await sideways(w.page) <= 0, `${path} scrolls sideways`);
              assert.match(await w.page.title(), / · Holdfast$/, path);
            }
            assert.deepEqual(w.complaints, []);
          }
        },
      );
    }
  }

  await t.step(
    "can be worked with the keyboard: the focus reaches every link and control, and is seen",
    async () => {
      await using w = await openWindow(browser, origin, { email: BOB });
      await w.go(conflicting);
      const seen: string[] = [];
      for (let i = 0; i < 60; i++) {
        await w.page.keyboard.press("Tab");
        const focused = await w.page.evaluate<Focused>(`(() => {
        const element = document.activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        const name = (element.getAttribute("name") ?? element.textContent ?? "").trim();
        return { name, visible: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2, tag: element.tagName };
      })()`);
        if (focused.tag === "BODY") break;
        assert.ok(focused.visible, `the focus on ${focused.tag} ${focused.name} cannot be seen`);
        seen.push(focused.name);
      }
      for (
        const name of [
          "Schedule",
          "resource",
          "date",
          "start",
          "end_date",
          "end",
          "take",
          "purpose",
          "private",
          "Reserve",
        ]
      ) {
        assert.ok(seen.some((one) => one.includes(name)), `${name} is not reached: ${seen.join(", ")}`);
      }
    },
  );
});

interface Focused {
  name: string;
  visible: boolean;
  tag: string;
}

const sideways = (page: Page) =>
  page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
