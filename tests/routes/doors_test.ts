import assert from "node:assert/strict";
import { close, NewClosure } from "../../domain/closures.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { request } from "../../domain/requests.ts";
import type { Answer } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { follow, one, press, read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

const MONDAY = "2026-05-04";

/** A hall that Bob has from nine to ten, and privately from eleven to twelve; Ada manages it. */
async function door() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Great Hall", location: "Alder House" });
  const ask = (from: string, to: string, purpose: string, secret = false) =>
    request(sql, cast.bob, {
      ...{ ...on(MONDAY, from, to), resource_ids: [hall.id], purpose, private: secret },
    }, NOW);
  await ask("09:00", "10:00", "Choir");
  await ask("11:00", "12:00", "Interview of Zoe", true);
  const ada = await site.as(cast.ada);
  const path = `/admin/resources/${hall.id}/door`;
  const open = async (form: Record<string, string> = {}) => {
    const page = await follow(ada, await press(ada, await ada.get(path), /^(Open|Make)/, form));
    return addressIn(page);
  };
  return { ...scene, hall, ada, path, open, nobody: site.visitor() };
}

function addressIn(page: Answer): string {
  const { pathname, search } = new URL(
    one(read(page), "main .card a[href*='key=']").getAttribute("href") ?? "",
  );
  return pathname + search;
}
const shown = (page: Answer) => words(one(read(page), "body"));

Deno.test("whoever has the address reads without a sign-in what is now and what comes next, and no names", async () => {
  await using scene = await door();
  const page = await scene.nobody.get(await scene.open());
  assert.equal(page.status, 200);
  assert.equal(
    shown(page),
    "Great Hall In use until 10:00 Next 11:00–12:00 Reserved Mon 4 May, 09:00 · Alder House",
  );
});

Deno.test("where names are shown, what is private still is not", async () => {
  await using scene = await door();
  const page = await scene.nobody.get(await scene.open({ names: "on" }));
  assert.match(shown(page), /In use until 10:00 Choir · Bob Booker Next 11:00–12:00 Reserved/);
});

Deno.test("what a policy shows to staff alone is not named either", async () => {
  await using scene = await door();
  const rules = { ...NO_RULES, name: "Discreet", details_for_staff: true };
  const policy_id = await createPolicy(scene.sql, scene.cast.ada, rules, NOW);
  await scene.sql`update resources set policy_id = ${policy_id}`;
  assert.doesNotMatch((await scene.nobody.get(await scene.open({ names: "on" }))).text, /Choir|Bob/);
});

Deno.test("the page refreshes itself, without any script", async () => {
  await using scene = await door();
  const { headers, text } = await scene.nobody.get(await scene.open());
  assert.equal(headers.get("refresh"), "60");
  assert.doesNotMatch(text, /<script|<link|<img|style="/);
  assert.match(headers.get("cache-control") ?? "", /no-store/);
});

Deno.test("a free room says until when, and a closed one why", async () => {
  await using scene = await door();
  const address = await scene.open();
  scene.site.now = on(MONDAY, "10:15", "11:00").start_time;
  assert.match(shown(await scene.nobody.get(address)), /^Great Hall Free until 11:00/);
  scene.site.now = on("2026-05-06", "09:00", "10:00").start_time;
  assert.match(shown(await scene.nobody.get(address)), /^Great Hall Free Next Nothing more/);
  const shut = { reason: "Painters", resource_ids: [scene.hall.id] };
  const dates = { start_wall: "2026-05-06T08:00", end_wall: "2026-05-07T12:00" };
  await close(scene.sql, scene.cast.ada, NewClosure.parse({ ...shut, ...dates }), NOW);
  assert.match(shown(await scene.nobody.get(address)), /^Great Hall Closed until Thu 7 May, 12:00 Painters/);
});

Deno.test("an address that was changed, guessed, or is of a closed page leads nowhere", async () => {
  await using scene = await door();
  const address = await scene.open();
  const [path, key] = address.split("?key=");
  for (const wrong of [path, `${path}?key=`, `${path}?key=${key}A`, `${path}?key=${key.slice(0, -2)}`]) {
    assert.equal((await scene.nobody.get(wrong)).status, 404, wrong);
  }
  assert.equal((await scene.nobody.get(`/door/${scene.hall.id}?key=${key}`)).status, 404);
  await press(scene.ada, await scene.ada.get(scene.path), /^Close/);
  assert.equal((await scene.nobody.get(address)).status, 404);
});

Deno.test("a new address ends the old one, and both are on record", async () => {
  await using scene = await door();
  const first = await scene.open();
  const second = await scene.open({ names: "on" });
  assert.deepEqual([(await scene.nobody.get(first)).status, (await scene.nobody.get(second)).status], [
    404,
    200,
  ]);
  await scene.ada.post(`${scene.path}/close`);
  await scene.ada.post(`${scene.path}/close`);
  const rows = await scene.sql`
    select action, subject_name, details from history where action like '%door' order by id`;
  assert.deepEqual([...rows], [
    { action: "open_door", subject_name: "Great Hall", details: { names: false } },
    { action: "open_door", subject_name: "Great Hall", details: { names: true } },
    { action: "close_door", subject_name: "Great Hall", details: {} },
  ]);
});

Deno.test("of several units the page says how many are free", async () => {
  await using scene = await door();
  await scene.sql`update resources set units = 3`;
  assert.match(shown(await scene.nobody.get(await scene.open())), /^Great Hall 2 of 3 free until 11:00/);
});
