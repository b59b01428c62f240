import assert from "node:assert/strict";
import { approve } from "../../domain/approvals.ts";
import { change } from "../../domain/edits.ts";
import { ask } from "../../domain/questions.ts";
import { request } from "../../domain/requests.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { one, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

const MONDAY = "2026-05-04";

/** A room that Bob has today, and a hall that wants approval: Bob was asked about it, Alice wants it as well. */
async function morning() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const room = await makeResource(sql, cast.ada, { name: "Room" });
  const hall = await makeResource(sql, cast.ada, { name: "Hall", requires_approval: true });
  const wish = (who: typeof cast.bob, id: string, day: string, from: string, to: string, purpose = "") =>
    request(sql, who, { ...on(day, from, to), resource_ids: [id], purpose }, NOW);
  await wish(cast.bob, room.id, MONDAY, "10:00", "12:00", "Team");
  const party = await wish(cast.bob, hall.id, "2026-05-06", "10:00", "12:00", "Party");
  await ask(sql, cast.sam, { id: party.id, question: "How many come?" }, NOW);
  const choir = await wish(cast.bob, hall.id, "2026-05-07", "10:00", "12:00", "Choir");
  await wish(cast.alice, hall.id, "2026-05-07", "11:00", "13:00", "Assembly");
  await approve(sql, cast.sam, { id: choir.id }, NOW);
  await change(sql, cast.bob, choir.id, { end_time: on("2026-05-07", "10:00", "14:00").end_time }, NOW);
  const [bob, alice, sam] = await Promise.all([cast.bob, cast.alice, cast.sam].map(site.as));
  return { ...scene, bob, alice, sam };
}

Deno.test("the first page", async (t) => {
  await using scene = await morning();
  const { bob, alice, sam } = scene;

  await t.step("says what waits for Bob, and what of his waits for others", async () => {
    const lines = read(await bob.get("/")).querySelectorAll("main section:first-of-type li").map(words);
    assert.deepEqual(lines, [
      "Party on Wed 6 May, 10:00: for your answer How many come?",
      "Choir on Thu 7 May, 10:00: an approver decides on your change",
    ]);
  });

  await t.step("says nothing of it to Alice", async () => {
    assert.doesNotMatch((await alice.get("/")).text, /Party|Choir|How many/);
  });

  await t.step("has the figures of the site for staff alone", async () => {
    assert.doesNotMatch((await bob.get("/")).text, /The site today|<svg[^>]*viewBox="0 0 320/);
    const page = read(await sam.get("/"));
    assert.deepEqual(page.querySelectorAll(".figures li").map(words), [
      "0 of 2 resources in use now",
      "1 reserved for today",
      "2 pending",
      "1 of them, this week, want what is taken",
      "0 not used in the last 30 days",
    ]);
  });

  await t.step("has a table beside each chart with the same figures", async () => {
    const charts = read(await sam.get("/")).querySelectorAll(".chart");
    const rows = charts.map((chart) => chart.querySelectorAll("tbody tr").map(words));
    assert.equal(rows[0].length, 24);
    assert.deepEqual(rows[0].slice(9, 13), ["09:00 (now) 0", "10:00 1", "11:00 1", "12:00 0"]);
    assert.deepEqual(rows[1], [
      "Mon 4 (now) 1",
      "Tue 5 0",
      "Wed 6 0",
      "Thu 7 1",
      "Fri 8 0",
      "Sat 9 0",
      "Sun 10 0",
    ]);
    for (const chart of charts) assert.equal(one(chart, "svg").getAttribute("aria-hidden"), "true");
  });

  await t.step("counts what was over earlier today as well", async () => {
    await scene.sql`update reservations set status = 'completed' where purpose = 'Team'`;
    await scene.sql`update allocations set holds = false where reservation_id in (
      select id from reservations where purpose = 'Team')`;
    const page = read(await sam.get("/"));
    assert.equal(page.querySelectorAll(".figures li").map(words)[1], "1 reserved for today");
  });

  await t.step("draws a day of twenty-three hours with as many", async () => {
    scene.site.now = Temporal.Instant.from("2026-03-29T10:00:00Z");
    const sam = await scene.site.as(scene.cast.sam);
    const rows = read(await sam.get("/")).querySelectorAll(".chart")[0].querySelectorAll("tbody th").map(
      words,
    );
    assert.deepEqual(rows.slice(0, 4), ["00:00", "01:00", "03:00", "04:00"]);
    scene.site.now = NOW;
  });

  await t.step("holds no style attribute, which the policy of the page would refuse", async () => {
    assert.doesNotMatch((await sam.get("/")).text, /\sstyle="/);
  });
});

Deno.test("the first page of staff weighs at most 6 kB compressed when it is visited again", async () => {
  await using scene = await morning();
  const { sam } = scene;
  await sam.get("/");
  const cookie = [...sam.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const response = await scene.site.fetch(
    new Request("http://holdfast.test/", { headers: { cookie, "accept-encoding": "gzip" } }),
  );
  const bytes = (await response.bytes()).length;
  assert.equal(response.headers.get("content-encoding"), "gzip");
  assert(bytes <= 6_000, `${bytes} bytes`);
});
