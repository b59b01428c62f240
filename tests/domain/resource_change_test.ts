import assert from "node:assert/strict";
import { makeResource } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

Deno.test("A change of a resource leaves what it does not name", async () => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  const hall = await makeResource(scene.sql, scene.cast.ada, {
    name: "Hall",
    description: "With a stage",
    location: "Ground floor",
    capacity: 80,
    units: 2,
    tags: ["stage"],
    requires_approval: true,
  });
  const before = await ada.call("GET", `/resources/${hall.id}`);
  const changed = await ada.call("PATCH", `/resources/${hall.id}`, { name: "Great hall" });
  assert.equal(changed.status, 200, changed.text);
  assert.deepEqual(changed.json, Object.assign(before.json, { name: "Great hall" }));
});

Deno.test("A change of a resource that names nothing changes nothing", async () => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  const van = await makeResource(scene.sql, scene.cast.ada, {
    name: "Van",
    kind: "vehicle",
    tags: ["diesel"],
  });
  const changed = await ada.call("PATCH", `/resources/${van.id}`, {});
  assert.equal(changed.status, 200, changed.text);
  assert.deepEqual([changed.json.name, changed.json.kind, changed.json.tags], ["Van", "vehicle", ["diesel"]]);
});
