import assert from "node:assert/strict";
import { makeResource, on } from "../support/cast.ts";
import { holdUp } from "../support/gate.ts";
import { openScene } from "../support/scene.ts";

for (const how of ["a program", "a page"] as const) {
  Deno.test(`${how} that has waited for others as long as it may is told to try again, and nothing is done`, async () => {
    await using scene = await openScene();
    const { sql, cast, site } = scene;
    const { id } = await makeResource(sql, cast.ada, { name: "Hall" });
    const bob = await site.as(cast.bob);
    const gate = await holdUp(scene, (tx) => tx`lock table allocations in access exclusive mode`);
    const period = on("2026-05-05", "10:00", "11:00");
    const form = { resource: id, date: "2026-05-05", start: "10:00", end: "11:00" };
    const asking = how === "a program"
      ? bob.call("POST", "/reservations", { resource_id: id, ...period })
      : bob.post("/reservations", form);
    await gate.crowded(1);
    // As the database itself does when the time of a statement is over.
    await sql`
      select pg_cancel_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    const { status, headers, text } = await asking;
    await gate.open();
    assert.deepEqual([status, headers.get("retry-after")], [503, "2"], text);
    assert.match(text, /try again in a moment/);
    assert.equal((await sql`select from reservations`).length, 0);
  });
}

Deno.test("what a database without room on its disk refuses is not available at present, and nothing is done", async () => {
  await using scene = await openScene();
  const { sql, cast, site } = scene;
  const { id } = await makeResource(sql, cast.ada, { name: "Hall" });
  const bob = await site.as(cast.bob);
  await sql`
    create function refuse() returns trigger language plpgsql as
    $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`;
  await sql`create trigger refuse before insert on history execute function refuse()`;
  const period = on("2026-05-05", "10:00", "11:00");
  const { status, headers } = await bob.call("POST", "/reservations", { resource_id: id, ...period });
  assert.deepEqual([status, headers.get("retry-after")], [503, "2"]);
  assert.equal((await sql`select from reservations`).length, 0);
});
