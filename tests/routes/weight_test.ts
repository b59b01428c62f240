import assert from "node:assert/strict";
import type { Client } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { request } from "../../domain/requests.ts";
import { join } from "../../domain/waitlist.ts";
import { follow, one, press, read, words } from "../support/page.ts";
import { openScene, type Scene } from "../support/scene.ts";

const FIRST = 14_000;
const NEXT = 6_000;
const MANY = 400;

/** What a page weighs, packed for any browser: with its styles, as it comes first, and without, as it comes again. */
async function weigh({ site }: Scene, who: Client, path: string) {
  const signed = [...who.cookies].filter(([name]) => name !== "holdfast_styles");
  const fetched = async (cookies: readonly (readonly [string, string])[]) => {
    const cookie = cookies.map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { cookie, "accept-encoding": "gzip" };
    const response = await site.fetch(new Request(`http://holdfast.test${path}`, { headers }));
    assert.deepEqual([response.status, response.headers.get("content-encoding")], [200, "gzip"], path);
    return (await response.bytes()).length;
  };
  return { first: await fetched(signed), next: await fetched([...who.cookies]) };
}

Deno.test("pages of a large house stay within their budgets: 14 kB at first, 6 kB when the styles are known", async (t) => {
  await using scene = await openScene();
  const { sql, cast, site } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Great Hall", capacity: 20 });
  await makeResource(sql, cast.ada, { name: "Chairs", kind: "chair", accessory: true, units: 120 });
  // Ids and names that no two of have much in common: what can be packed least.
  await sql`
    insert into resources (id, name, kind, capacity, location, time_zone, tags, created_at, updated_at)
    select gen_random_uuid(), initcap(substr(md5(n::text), 1, 8)) || ' room ' || n, 'room', n % 40 + 1,
      'House ' || n % 7 || ', floor ' || n % 4, 'Europe/Berlin', array['tag ' || n % 30], ${NOW}, ${NOW}
    from generate_series(1, ${MANY}) as n`;
  const alice = await site.as(cast.alice);
  await alice.get("/");
  for (let day = 5; day < 25; day++) {
    const date = `2026-05-${String(day).padStart(2, "0")}`;
    const wish = { ...on(date, "10:00", "11:00"), resource_ids: [hall.id] };
    await request(sql, cast.bob, { ...wish, purpose: `Rehearsal number ${day} of the choir` }, NOW);
    await join(sql, cast.alice, { ...wish, purpose: `Reading ${day}` }, NOW);
  }
  const form = `resource=${hall.id}&date=2026-05-06&start=10:00&end_date=2026-05-06&end=11:00`;
  const pages: [string, string][] = [
    ["the form of a reservation, with all that can be had beside it", `/reservations/new?${form}`],
    ["the preview of 500 dates", `/series/new?${form}&repeats=daily&every=1&count=500`],
    ["any that will do", "/reservations/any"],
    ["the waitlist", "/waitlist"],
    ["the form to wait", `/waitlist/new?${form}`],
    ["find me a slot", "/find?minutes=90&attendees=6"],
    ["the month of a resource", `/resources/${hall.id}/month?month=2026-05`],
    ["the week of a resource", `/resources/${hall.id}?week=2026-05-05`],
    ["my first page", "/"],
  ];
  await t.step(
    "what the form does not show of all that there is, it finds by its name, and keeps what is ticked",
    async () => {
      const [far] = await sql<{ id: string; name: string }[]>`
      select id, name from resources where kind = 'room' and id <> ${hall.id} order by lower(name) desc limit 1`;
      const page = await alice.get(`/reservations/new?${form}`);
      assert.equal(read(page).querySelectorAll("#reserve .others input").length, 60);
      const found = await press(alice, page, "Look for it", { beside: far.name.toUpperCase() });
      const box = one(read(found), "#reserve .others input");
      assert.equal(box.getAttribute("name"), `also_${far.id}`);
      const typed = { [`also_${far.id}`]: "on", purpose: "Choir" };
      const again = read(await press(alice, found, "Look for it", { ...typed, beside: "no such room" }));
      assert.equal(again.querySelectorAll("#reserve .others input[checked]").length, 1);
      assert.equal(words(one(again, "textarea[name=purpose]")), "Choir");
      const made = await press(alice, found, "Reserve", {
        ...typed,
        date: "2026-05-30",
        end_date: "2026-05-30",
      });
      assert.match(words(one(read(await follow(alice, made)), ".facts")), new RegExp(far.name));
      one(read(page), "a[href='/resources?kind=room']");
    },
  );

  for (const [name, path] of pages) {
    await t.step(name, async () => {
      const { first, next } = await weigh(scene, alice, path);
      assert(first <= FIRST, `${first} bytes at first`);
      assert(next <= NEXT, `${next} bytes again`);
    });
  }
});
