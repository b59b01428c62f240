import assert from "node:assert/strict";
import { makeResource, NOW } from "../support/cast.ts";
import { newId } from "../../lib/ids.ts";
import { request } from "../../domain/requests.ts";
import { on } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

async function house() {
  const scene = await openScene();
  const { ada, sam, sue } = scene.cast;
  const [byAda, bySam, bySue] = await Promise.all([ada, sam, sue].map(scene.site.as));
  return { ...scene, ada: byAda, sam: bySam, sue: bySue };
}

Deno.test("a program of Ada makes a group, changes who is in it, and deletes it", async () => {
  await using scene = await house();
  const { ada, cast } = scene;
  const made = await ada.call("POST", "/groups", { name: "Board", member_ids: [cast.bob.id] });
  const { id } = made.json;
  assert.deepEqual<unknown>([made.status, made.headers.get("location"), made.json], [
    201,
    `/api/v1/groups/${id}`,
    { id, name: "Board", members: 1, resources: 0, member_ids: [cast.bob.id] },
  ]);
  const members = [cast.alice.id, cast.sue.id];
  const changed = await ada.call("PATCH", `/groups/${id}`, { name: "Council", member_ids: members });
  assert.deepEqual<unknown>([changed.status, changed.json.name, changed.json.member_ids], [
    200,
    "Council",
    members,
  ]);
  assert.deepEqual((await ada.call("GET", `/groups/${id}`)).json, changed.json);
  const listed = (await ada.call("GET", "/groups")).json;
  assert.deepEqual(listed, { data: [{ id, name: "Council", members: 2, resources: 0 }], next_cursor: null });
  assert.equal((await ada.call("DELETE", `/groups/${id}`)).status, 204);
  assert.equal((await ada.call("GET", `/groups/${id}`)).status, 404);
});

Deno.test("what is wrong with a group is said of its field, and nothing is half done", async (t) => {
  await using scene = await house();
  const { ada } = scene;
  const { id } = (await ada.call("POST", "/groups", { name: "Board" })).json;
  await ada.call("POST", "/groups", { name: "Council" });
  for (
    const [name, body, status, path] of [
      ["a name that another has", { name: "council" }, 409, "name"],
      ["no name", { name: " " }, 422, "name"],
      ["nobody's id", { name: "Other", member_ids: [newId()] }, 422, "member_ids"],
      ["no id at all", { member_ids: ["bob"] }, 422, "member_ids.0"],
      ["no list", { member_ids: "bob" }, 422, "member_ids"],
    ] as const
  ) {
    await t.step(name, async () => {
      const refused = await ada.call("PATCH", `/groups/${id}`, body);
      assert.equal(refused.status, status, refused.text);
      assert.equal(refused.json.errors?.[0].path, path);
      assert.equal((await ada.call("GET", `/groups/${id}`)).json.name, "Board");
    });
  }
});

Deno.test("groups and policies come in pages", async (t) => {
  await using scene = await house();
  const { ada } = scene;
  for (const noun of ["groups", "policies"]) {
    await t.step(noun, async () => {
      for (const name of ["B", "a", "C"]) await ada.call("POST", `/${noun}`, { name });
      const first = (await ada.call("GET", `/${noun}?limit=2`)).json;
      const rest = (await ada.call("GET", `/${noun}?limit=2&cursor=${first.next_cursor}`)).json;
      const names = [...first.data, ...rest.data].map(({ name }) => name);
      assert.deepEqual<unknown>([names, rest.next_cursor], [["a", "B", "C"], null]);
    });
  }
});

Deno.test("a program of Ada makes a policy of what it names, and changes only what it names", async () => {
  await using scene = await house();
  const { ada, cast, sql } = scene;
  const group = (await ada.call("POST", "/groups", { name: "Board", member_ids: [cast.bob.id] })).json.id;
  const rules = { name: "House rules", approval: "always", max_minutes: 120, trusted_groups: [group] };
  const made = await ada.call("POST", "/policies", rules);
  assert.equal(made.status, 201, made.text);
  const { id, approval, max_minutes, trusted_groups, trusts, quotas } = made.json;
  assert.deepEqual<unknown>([approval, max_minutes, trusted_groups, trusts, quotas], [
    "always",
    120,
    [group],
    [],
    [],
  ]);
  const changed = await ada.call("PATCH", `/policies/${id}`, { min_minutes: 30 });
  assert.deepEqual<unknown>(changed.json, Object.assign({}, made.json, { min_minutes: 30 }));
  const hall = await makeResource(sql, cast.ada, { name: "Hall", policy_id: id });
  const wish = { ...on("2026-05-05", "10:00", "11:00"), resource_ids: [hall.id] };
  assert.equal((await request(sql, cast.bob, wish, NOW)).status, "approved");
  const kept = await ada.call("DELETE", `/policies/${id}`);
  assert.deepEqual([kept.status, kept.json.detail], [
    409,
    "House rules cannot be deleted: resources follow it",
  ]);
  await ada.call("PATCH", `/resources/${hall.id}`, { policy_id: null });
  assert.equal((await ada.call("DELETE", `/policies/${id}`)).status, 204);
  assert.equal((await ada.call("GET", `/policies/${id}`)).status, 404);
});

Deno.test("what is wrong with a policy is said of its field", async (t) => {
  await using scene = await house();
  const { ada } = scene;
  const { id } = (await ada.call("POST", "/policies", { name: "Rules", min_minutes: 60 })).json;
  await ada.call("POST", "/policies", { name: "Others" });
  for (
    const [name, body, status, path] of [
      ["less at most than at least", { max_minutes: 30 }, 422, "max_minutes"],
      ["a text for a number", { notice_minutes: "soon" }, 422, "notice_minutes"],
      ["an approval that there is not", { approval: "maybe" }, 422, "approval"],
      ["nobody", { trusts: [newId()] }, 422, "trusts"],
      ["no group", { trusted_groups: [newId()] }, 422, "trusted_groups"],
      ["no id", { trusted_groups: ["board"] }, 422, "trusted_groups.0"],
      ["a name that another has", { name: "Others" }, 409, "name"],
    ] as const
  ) {
    await t.step(name, async () => {
      const refused = await ada.call("PATCH", `/policies/${id}`, body);
      assert.equal(refused.status, status, refused.text);
      assert.equal(refused.json.errors?.[0].path, path);
    });
  }
});

Deno.test("Sam lets Sue decide by a program, sees his own alone, and ends it", async () => {
  await using scene = await house();
  const { sam, sue, ada, cast } = scene;
  const made = await sam.call("POST", "/delegations", {
    ...{ to_user_id: cast.sue.id, from: "2026-05-05", until: "2026-05-06" },
  });
  const { id } = made.json;
  assert.deepEqual<unknown>([made.status, made.json], [201, {
    id,
    user_id: cast.sam.id,
    to_user_id: cast.sue.id,
    starts_at: "2026-05-04T22:00:00Z",
    ends_at: "2026-05-06T22:00:00Z",
    created_at: "2026-05-04T07:00:00Z",
  }]);
  const ids = async (who: typeof sam) =>
    (await who.call("GET", "/delegations")).json.data.map((one) => one.id);
  assert.deepEqual([await ids(sam), await ids(sue), await ids(ada)], [[id], [], [id]]);
  assert.equal((await sue.call("DELETE", `/delegations/${id}`)).status, 404);
  assert.equal((await sam.call("DELETE", `/delegations/${id}`)).status, 204);
  assert.equal((await sam.call("DELETE", `/delegations/${id}`)).status, 404);
});

Deno.test("Ada ends an absence of Sam's", async () => {
  await using scene = await house();
  const away = { to_user_id: scene.cast.sue.id, from: "2026-05-05", until: "2026-05-06" };
  const { id } = (await scene.sam.call("POST", "/delegations", away)).json;
  assert.equal((await scene.ada.call("DELETE", `/delegations/${id}`)).status, 204);
  assert.deepEqual((await scene.sam.call("GET", "/delegations")).json.data, []);
});

Deno.test("what is wrong with an absence is said of its field", async (t) => {
  await using scene = await house();
  const away = { to_user_id: scene.cast.sue.id, from: "2026-05-05", until: "2026-05-06" };
  for (
    const [path, wrong] of [
      ["to_user_id", { to_user_id: scene.cast.bob.id }],
      ["to_user_id", { to_user_id: "sue" }],
      ["from", { from: "soon" }],
      ["until", { until: "2026-05-04" }],
    ] as const
  ) {
    await t.step(`${path}: ${Object.values(wrong)}`, async () => {
      const refused = await scene.sam.call("POST", "/delegations", { ...away, ...wrong });
      assert.deepEqual([refused.status, refused.json.errors[0].path], [422, path]);
    });
  }
});
