import assert from "node:assert/strict";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { makeResource, NOW } from "../support/cast.ts";
import { complaint, field, follow, one, press, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

/** Two rooms, one for eight with a screen, and a lathe that wants something confirmed. */
async function shop() {
  const scene = await openScene();
  const { sql, cast } = scene;
  const room = await makeResource(sql, cast.ada, {
    ...{ name: "Alder", capacity: 8, tags: ["screen"], location: "Alder House, attic" },
  });
  await makeResource(sql, cast.ada, { name: "Birch", capacity: 8, location: "Birch House" });
  const policy_id = await createPolicy(
    sql,
    cast.ada,
    { ...NO_RULES, name: "Safety", attestations: ["I wear goggles"] },
    NOW,
  );
  const lathe = await makeResource(sql, cast.ada, { name: "Lathe", kind: "instrument", policy_id });
  return { ...scene, room, lathe, bob: await scene.site.as(cast.bob) };
}
const WISH = "/find?minutes=90&attendees=6&tags=screen&from=2026-05-05&to=2026-05-05&near=Alder";

Deno.test("finding a slot", async (t) => {
  await using scene = await shop();
  const { bob, room, lathe } = scene;

  await t.step("begins with a plain form, this week, and looks for nothing yet", async () => {
    const page = read(await bob.get("/find"));
    assert.equal(field(page, "Minutes").getAttribute("value"), "60");
    assert.deepEqual(
      ["From", "Until"].map((label) => field(page, label).getAttribute("value")),
      ["2026-05-04", "2026-05-10"],
    );
    assert.equal(page.querySelectorAll("#found li").length, 0);
  });

  await t.step("says of each slot what speaks for it", async () => {
    const row = words(one(read(await bob.get(WISH)), "#found li"));
    assert.equal(
      row,
      "Tue 5 May, 07:00–08:30 Alder soonest · in Alder House, attic, as you asked · fits: 6 of 8 places Reserve",
    );
  });

  await t.step("keeps what was typed in the form, and in the address", async () => {
    const page = read(await bob.get(WISH));
    assert.equal(field(page, "With (tags)").getAttribute("value"), "screen");
    assert.equal(one(page, "#find").getAttribute("method"), "get");
  });

  await t.step("gives htmx the slots alone, as they stand on the page", async () => {
    const [page, part] = [await bob.get(WISH), await bob.get(WISH, { "hx-request": "true" })];
    assert.doesNotMatch(part.text, /<html|<form[^>]* id="find"/);
    assert(page.text.includes(part.text));
    assert.match(part.headers.get("vary") ?? "", /HX-Request/);
  });

  await t.step("says which field cannot be read, and keeps it", async () => {
    const answer = await bob.get("/find?minutes=soon&from=2026-05-05&to=2026-05-04");
    assert.equal(answer.status, 422);
    assert.match(complaint(read(answer), "Minutes"), /length in minutes/);
    assert.equal(field(read(answer), "Minutes").getAttribute("value"), "soon");
    const backwards = read(await bob.get("/find?from=2026-05-05&to=2026-05-04"));
    assert.match(complaint(backwards, "Until"), /before the first/);
    const far = read(await bob.get("/find?from=2026-05-05&to=2026-09-04"));
    assert.match(complaint(far, "Until"), /at most 31 days/);
    const past = read(await bob.get("/find?from=2026-04-05&to=2026-04-06"));
    assert.match(complaint(past, "Until"), /passed/);
  });

  await t.step("leads to the form, filled in, where something has to be confirmed first", async () => {
    const page = read(await bob.get("/find?kind=instrument&from=2026-05-05&to=2026-05-05"));
    const link = one(page, "#found a.button").getAttribute("href") ?? "";
    assert.equal(
      link,
      `/reservations/new?resource=${lathe.id}&date=2026-05-05&start=07%3A00&end=08%3A00`,
    );
    assert.equal((await bob.get(link)).status, 200);
  });

  await t.step("says which wish to loosen, as a link to what there is then", async () => {
    const page = read(await bob.get(`${WISH.replace("=6", "=60")}&kind=vehicle`));
    assert.match(words(one(page, "#found")), /No slot does all of that.*look at the schedule/);
    const many = read(await bob.get(WISH.replace("=6", "=9")));
    const looser = one(many, "#found li a", "for any number of people");
    assert.equal(
      many.querySelectorAll("#found li").map(words).at(-1),
      "for any number of people: Alder, Tue 5 May, 07:00",
    );
    const found = read(await bob.get(looser.getAttribute("href") ?? ""));
    assert.match(words(one(found, "#found li")), /Alder/);
  });

  await t.step("is answered to programs with the same slots", async () => {
    const { json } = await bob.call("GET", `/${WISH.slice(1)}`);
    assert.deepEqual(
      json.data.map(({ resource_id, start_time, end_time, needs_approval }) => [
        resource_id,
        start_time,
        end_time,
        needs_approval,
      ]),
      [[room.id, "2026-05-05T05:00:00Z", "2026-05-05T06:30:00Z", null]],
    );
    assert.deepEqual(json.data[0].reasons.map(({ code }) => code), ["soonest", "near", "fits"]);
    const empty = (await bob.call("GET", `/${WISH.slice(1).replace("=6", "=9")}`)).json;
    assert.deepEqual(empty.loosen.map(({ wish }) => wish), ["tags", "attendees"]);
  });

  await t.step("tells programs which parameter is wrong", async () => {
    const { status, json } = await bob.call("GET", "/find?minutes=0&part=noon");
    assert.equal(status, 422);
    assert.deepEqual(json.errors.map(({ path }) => path), ["minutes", "part"]);
  });

  await t.step("takes a slot with one tap, without scripts", async () => {
    const found = await bob.get(WISH);
    const done = await press(bob, found, /^Reserve/);
    const page = read(await follow(bob, done));
    assert.match(words(one(page, "main")), /Reserved.*Tue 5 May, 07:00–08:30.*Alder.*People 6/);
  });

  await t.step("shows the form with what stands in the way, where somebody was faster", async () => {
    const alice = await scene.site.as(scene.cast.alice);
    const found = await bob.get(WISH);
    assert.equal((await press(alice, await alice.get(WISH), /^Reserve/)).status, 303);
    const late = await press(bob, found, /^Reserve/);
    assert.equal(late.status, 409);
    assert.match(words(one(read(late), "main")), /Alder is taken by Alice Asker.*Free instead/);
  });
});
