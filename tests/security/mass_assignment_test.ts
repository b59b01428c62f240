import assert from "node:assert/strict";
import type { Sql } from "../../db/types.ts";
import type { Described, Shape } from "../support/judge.ts";
import { testDatabase } from "../support/database.ts";
import { makeResource } from "../support/cast.ts";
import { readyFor } from "../support/ready.ts";
import { openScene } from "../support/scene.ts";
import { meet, sentAs } from "../support/stranger.ts";
import { overTheWire } from "../support/wire.ts";

const PLANTED = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const WORD = "planted-by-mallory";

/** What nobody may set by a body, in forms that would be found again. */
const BEYOND: Record<string, unknown> = {
  id: PLANTED,
  ...{ user_id: PLANTED, requester_id: PLANTED, created_by: PLANTED, decided_by: PLANTED, actor_id: PLANTED },
  ...{ reference: WORD, password_hash: WORD, token_hash: WORD, status: "completed", role: "admin" },
  ...{ version: 424_242, created_at: "1999-09-09T09:09:09Z", updated_at: "1999-09-09T09:09:09Z" },
  ...{ disabled_at: "1999-09-09T09:09:09Z", holds: false, series_id: PLANTED, decision_reason: WORD },
};

/** The tables in which anything of it is found. */
async function found(sql: Sql): Promise<string[]> {
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`;
  const hits = await Promise.all(tables.map(async ({ name }) => {
    const [{ count }] = await sql<{ count: number }[]>`
      select count(*)::int as count from ${sql(name)} t
      where t::text like any (array[${`%${PLANTED}%`}, ${`%${WORD}%`}, '%1999-09-09%', '%424242%'])`;
    return count > 0 ? [name] : [];
  }));
  return hits.flat();
}

Deno.test("what a body says beyond what the call takes is kept nowhere", async () => {
  await using database = await testDatabase();
  await using stranger = await meet(database.sql);
  const known = (call: Described): string[] => {
    const shape = call.requestBody?.content["application/json"]?.schema;
    const named = shape?.$ref ? stranger.document.components.schemas[shape.$ref.split("/").at(-1)!] : shape;
    const all = (one: Shape | undefined): string[] => [
      ...Object.keys(one?.properties ?? {}),
      ...(one?.anyOf ?? []).flatMap(all),
    ];
    return all(named);
  };
  let tried = 0;
  for (const call of stranger.calls) {
    if (!call.requestBody?.content["application/json"] || /logout/i.test(call.operationId)) continue;
    const { id = "", body } = await readyFor(stranger, call, "admin");
    if (typeof body === "string") continue;
    const takes = known(call);
    const beyond = Object.fromEntries(Object.entries(BEYOND).filter(([name]) => !takes.includes(name)));
    const sent = sentAs(stranger.tokens.admin, call.method, `/api/v1${call.path.replace("{id}", id)}`, {
      ...body,
      ...beyond,
    });
    const { status, text } = await overTheWire(stranger.origin, sent);
    assert(status < 500, `${call.method} ${call.path}: ${status}`);
    assert.doesNotMatch(
      text,
      new RegExp(`${PLANTED}|${WORD}|1999-09-09|424242`),
      `${call.method} ${call.path}`,
    );
    tried++;
  }
  assert(tried > 30, `only ${tried} calls were tried`);
  assert.deepEqual(await found(database.sql), []);
  const admins = await database.sql`select email from users where role = 'admin'`;
  assert.equal(admins.length, 1);
});

Deno.test("what a form says beyond what it asks for is kept nowhere", async () => {
  await using scene = await openScene();
  const hall = await makeResource(scene.sql, scene.cast.ada, { name: "Hall" });
  const bob = await scene.site.as(scene.cast.bob);
  const beyond = Object.fromEntries(Object.entries(BEYOND).map(([name, value]) => [name, String(value)]));
  const slot = { resource: hall.id, date: "2026-05-07", start: "10:00", end: "11:00" };
  const register = { email: "zoe@holdfast.test", name: "Zoe", password: "a quiet harbour" };
  const answers = [
    await scene.site.visitor().post("/register", { ...beyond, ...register }),
    await bob.post("/account", {
      ...beyond,
      name: "Bob Booker",
      time_zone: "",
      email: "other@holdfast.test",
    }),
    await bob.post("/reservations", { ...beyond, ...slot }),
    await bob.post("/account/tokens", { ...beyond, token: "Script", scope: "read", expires_in_days: "1" }),
  ];
  assert.deepEqual(answers.map(({ status }) => status), [303, 303, 303, 303]);
  assert.deepEqual(await found(scene.sql), []);
  const people = await scene
    .sql`select role from users where email in ('zoe@holdfast.test', 'bob@holdfast.test') order by email`;
  assert.deepEqual(people.map(({ role }) => role), ["user", "user"]);
  const [{ requester_id, status }] = await scene.sql`select requester_id, status from reservations`;
  assert.deepEqual([requester_id, status], [scene.cast.bob.id, "approved"]);
});
