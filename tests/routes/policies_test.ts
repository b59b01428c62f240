import assert from "node:assert/strict";
import { createGroup } from "../../domain/groups.ts";
import { request } from "../../domain/requests.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { complaint, follow, one, press, read, valuesOf, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

const OFFICE = Object.fromEntries([0, 1, 2, 3, 4].map((day) => [`hours_${day}`, "8:00-12:00, 13-18"]));

/** A scene in which Ada makes a policy for a hall. */
async function adasPolicy(typed: Record<string, string> = {}) {
  const scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  const form = await ada.get("/admin/policies/new");
  const made = await press(ada, form, "Add", { name: "House rules", always_open: "", ...OFFICE, ...typed });
  const [policy] = await scene.sql`select * from policies`;
  const hall = policy &&
    await makeResource(scene.sql, scene.cast.ada, { name: "Hall", policy_id: policy.id });
  return { ...scene, ada, made, policy, hall };
}

Deno.test("Ada adds a policy and finds it in the list, with what it says", async () => {
  await using scene = await adasPolicy({
    max_minutes: "120",
    buffer_after: "15",
    count_week: "3",
    approval: "always",
  });
  const list = read(await follow(scene.ada, scene.made));
  assert.equal(words(one(list, "#notices")), "House rules is added");
  assert.match(
    words(one(list, "main li")),
    /House rules 1 resource Mon–Fri 08:00–12:00 and 13:00–18:00 · at most 2 hours · kept free: 15 minutes after · a person has at most 3 reservations a week · needs an approval/,
  );
});

Deno.test("the form of a policy shows what is kept, and saving it changes nothing", async () => {
  await using scene = await adasPolicy({
    max_minutes: "90",
    minutes_day: "240",
    attestations: "I lock the door\r\nI leave no food",
    fields: "Cost centre: number!\r\nLayout: rows | circle\r\nRemarks",
    approval: "when",
    approval_longer_than: "60",
    pending_holds: "on",
    hold_minutes: "30",
  });
  const path = `/admin/policies/${scene.policy.id}`;
  assert.equal((await press(scene.ada, await scene.ada.get(path), "Save")).status, 303);
  const [after] = await scene.sql`select * from policies`;
  assert.deepEqual({ ...after }, { ...scene.policy, version: 2 });
  assert.deepEqual(after.fields.map(({ key, type }: Record<string, string>) => [key, type]), [
    ["cost_centre", "number"],
    ["layout", "choice"],
    ["remarks", "text"],
  ]);
});

for (
  const [label, typed, said] of [
    ["Monday", { hours_0: "8" }, /Give hours such as/],
    ["Longest", { max_minutes: "30", min_minutes: "60" }, /below the shortest/],
    ["Begins and ends on steps of", { slot_minutes: "4" }, /at least 5 minutes/],
    ["Reservations a week", { count_week: "many" }, /whole number/],
    ["Questions", { fields: "!!!" }, /cannot be read/],
  ] as const
) {
  Deno.test(`what is wrong with “${label}” is said beside it, and what was typed stays`, async () => {
    await using scene = await adasPolicy({ ...typed, notice_minutes: "15" });
    assert.equal(scene.made.status, 422);
    const page = read(scene.made);
    assert.match(complaint(page, label), said);
    assert.equal(valuesOf(one(page, "main form.card")).notice_minutes, "15");
    assert.equal(scene.policy, undefined);
  });
}

Deno.test("a second policy of the same name is refused beside the name", async () => {
  await using scene = await adasPolicy();
  const again = await press(scene.ada, await scene.ada.get("/admin/policies/new"), "Add", {
    name: "House rules",
  });
  assert.deepEqual([again.status, complaint(read(again), "Name")], [409, "Another policy has this name"]);
});

Deno.test("Ada is told what a change would mean for what is reserved, and nothing is changed by that", async () => {
  await using scene = await adasPolicy();
  const wish = { ...on("2026-05-05", "09:00", "12:00"), resource_ids: [scene.hall.id] };
  const { reference } = await request(scene.sql, scene.cast.bob, wish, NOW);
  const form = await scene.ada.get(`/admin/policies/${scene.policy.id}`);
  const told = await press(scene.ada, form, "What would it change?", { max_minutes: "60" });
  const notice = words(one(read(told), ".verdict"));
  assert.match(notice, /1 of 1 reservation ahead would be refused\. They stay as they are\./);
  assert.match(
    notice,
    new RegExp(`${reference} Hall, Tue 5 May, 09:00–12:00, Bob Booker: Hall is reserved for at most 1 hour`),
  );
  assert.equal(valuesOf(one(read(told), "main form.card")).max_minutes, "60");
  const [after] = await scene.sql`select * from policies`;
  assert.deepEqual(after, scene.policy);
});

Deno.test("Ada names a group to be approved at once, sees it in the preview and when she tries it out", async () => {
  await using scene = await adasPolicy({ approval: "always", always_open: "on" });
  const { ada, cast, sql, policy, hall } = scene;
  const group = await createGroup(sql, cast.ada, { name: "Board", member_ids: [cast.bob.id] }, NOW);
  const form = await ada.get(`/admin/policies/${policy.id}`);
  const told = await press(ada, form, "What would it change?", { trusted_groups: group });
  assert.match(words(one(read(told), ".verdict")), /The requests of 1 person would be approved at once\./);
  assert.equal(words(one(read(told), "#f-trusted_groups option[selected]")), "Board");
  assert.equal((await press(ada, told, "Save")).status, 303);
  const kept = await ada.get(`/admin/policies/${policy.id}`);
  assert.equal(words(one(read(kept), "#f-trusted_groups option[selected]")), "Board");
  assert.match(words(one(read(await ada.get("/admin/policies")), "main li")), /approved at once: 1 group/);
  const asked = (person: string) =>
    ada.get(`/admin/try?${new URLSearchParams({
      ...{ person, resource: hall.id, date: "2026-05-05", start: "10:00", end: "11:00" },
    })}`);
  const bob = words(one(read(await asked(cast.bob.id)), "main"));
  assert.match(bob, /Approved at once, all the same: House rules names Bob Booker, or a group/);
  const alice = words(one(read(await asked(cast.alice.id)), "main"));
  assert.doesNotMatch(alice, /Approved at once/);
});

Deno.test("a policy that resources follow is not deleted", async () => {
  await using scene = await adasPolicy();
  const form = await scene.ada.get(`/admin/policies/${scene.policy.id}`);
  const refused = await press(scene.ada, form, "Delete this policy");
  assert.equal(
    words(one(read(refused), "[role=alert]")),
    "House rules cannot be deleted: resources follow it",
  );
  await scene.sql`update resources set policy_id = null`;
  const gone = await follow(scene.ada, await press(scene.ada, form, "Delete this policy"));
  assert.match(words(one(read(gone), "main")), /House rules is deleted.*No policies yet/);
});

Deno.test("Bob fills in what the policy asks, and reads it on his reservation", async () => {
  await using scene = await adasPolicy({ fields: "Layout: rows | circle!", attestations: "I lock the door" });
  const bob = await scene.site.as(scene.cast.bob);
  const form = await bob.get(
    `/reservations/new?resource=${scene.hall.id}&date=2026-05-05&start=09:00&end=10:00`,
  );
  assert.match(words(one(read(form), "#verdict")), /^Free/);
  const again = await press(bob, form, "Reserve");
  assert.equal(again.status, 422);
  assert.match(complaint(read(again), "Layout"), /wants an answer/);
  assert.match(words(one(read(again), "#f-attested-error")), /I lock the door/);
  const done = await press(bob, again, "Reserve", { answer_layout: "circle", attest_0: "on" });
  assert.match(words(one(read(await follow(bob, done)), ".facts")), /layout circle/);
});

Deno.test("Bob reads why he cannot have an hour, and when he could", async () => {
  await using scene = await adasPolicy();
  const bob = await scene.site.as(scene.cast.bob);
  const form = await bob.get(
    `/reservations/new?resource=${scene.hall.id}&date=2026-05-05&start=12:00&end=13:00`,
  );
  const verdict = words(one(read(form), "#verdict"));
  assert.match(
    verdict,
    /Hall is open 08:00–12:00 and 13:00–18:00 that day\. Free instead, one tap takes it: Tue 5 May, 11:00–12:00/,
  );
});

Deno.test("Sam sets the rules aside with a reason, and it stands on the reservation", async () => {
  await using scene = await adasPolicy();
  const sam = await scene.site.as(scene.cast.sam);
  const form = await sam.get(
    `/reservations/new?resource=${scene.hall.id}&date=2026-05-05&start=20:00&end=21:00`,
  );
  const done = await press(sam, form, "Reserve", { override: "The mayor comes" });
  assert.match(words(one(read(await follow(sam, done)), ".facts")), /Rules set aside The mayor comes/);
});

Deno.test("a program is told every rule with its code, figure and whose it is", async () => {
  await using scene = await adasPolicy({ max_minutes: "60" });
  const bob = await scene.site.as(scene.cast.bob);
  const answer = await bob.call("POST", "/reservations", {
    resource_id: scene.hall.id,
    start_time: "2026-05-05T17:00:00+02:00",
    end_time: "2026-05-05T19:00:00+02:00",
  });
  assert.equal(answer.status, 409);
  assert.deepEqual<unknown>(answer.json.reasons.map(({ code, figure, whose }) => [code, figure, whose]), [
    ["too_long", 60, "House rules"],
    ["closed", null, "House rules"],
  ]);
});

Deno.test("Ada tries a wish as Bob, and nothing is stored", async () => {
  await using scene = await adasPolicy({ count_day: "1" });
  const wish = { ...on("2026-05-05", "09:00", "10:00"), resource_ids: [scene.hall.id] };
  await request(scene.sql, scene.cast.bob, wish, NOW);
  const typed = { resource: scene.hall.id, date: "2026-05-05", start: "10:00", end: "11:00" };
  const asks = async (person: string) => {
    const answer = await scene.ada.get(`/admin/try?${new URLSearchParams({ ...typed, person })}`);
    return words(one(read(answer), "main section section"));
  };
  assert.match(
    await asks(scene.cast.bob.id),
    /^Bob Booker would be told .*1 reservation a day.* quota count House rules: 1/,
  );
  assert.match(await asks(scene.cast.alice.id), /^Alice Asker would be told Free/);
  const [{ count }] = await scene.sql`select count(*)::int as count from reservations`;
  assert.equal(count, 1);
});

Deno.test("the record keeps who made a policy, what they changed of it, and that it is gone", async () => {
  await using scene = await adasPolicy({ max_minutes: "120" });
  const path = `/admin/policies/${scene.policy.id}`;
  await press(scene.ada, await scene.ada.get(path), "Save", { max_minutes: "60", name: "Rules" });
  await scene.sql`update resources set policy_id = null`;
  await press(scene.ada, await scene.ada.get(path), "Delete this policy");
  const rows = await scene.sql`
    select action, subject_name, previous_state ->> 'max_minutes' as before, after_state ->> 'max_minutes' as after
    from history where subject_id = ${scene.policy.id} and actor_id = ${scene.cast.ada.id} order by id`;
  assert.deepEqual(rows.map((row) => Object.values(row)), [
    ["create", "House rules", null, "120"],
    ["change", "Rules", "120", "60"],
    ["delete", "Rules", "60", null],
  ]);
});
