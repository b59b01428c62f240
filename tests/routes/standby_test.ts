import assert from "node:assert/strict";
import { createApp } from "../../app.ts";
import { readConfig } from "../../config.ts";
import { connect } from "../../db/connect.ts";
import { beginSession } from "../../domain/auth/sessions.ts";
import { furnish } from "../../house.ts";
import { stopHashing } from "../../lib/passwords.ts";
import { issueAccess } from "../../routes/tokens.ts";
import { SECRET_KEY } from "../support/app.ts";
import { makeCast, makeResource, NOW } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";

// A pool that may not write stands for the standby; the primary is a port that nobody listens at.

Deno.test("while no database takes changes", async (t) => {
  await using database = await testDatabase();
  const cast = await makeCast(database.sql);
  await makeResource(database.sql, cast.ada, { name: "Hall" });
  const granted = await beginSession(
    database.sql,
    { user_id: cast.bob.id, kind: "browser", device: "test" },
    NOW,
  );
  const standby = connect(database.where, { max: 2 });
  await standby`select set_config('default_transaction_read_only', 'on', false)`;
  const config = readConfig({ SECRET_KEY, RATE_LIMIT: "off", LOG_FORMAT: "json" });
  let away = false;
  const house = await furnish(database.sql, config, () => NOW, () => away ? standby : undefined);
  const app = createApp({ ...house, sql: database.sql });
  const cookie = `holdfast_access=${await issueAccess(SECRET_KEY, granted, NOW)}`;
  const send = async (method: string, path: string) => {
    const answer = await app.fetch(
      new Request(`http://holdfast.test${path}`, { method, headers: { cookie } }),
    );
    return { status: answer.status, retry: answer.headers.get("retry-after"), text: await answer.text() };
  };
  away = true;

  for (const path of ["/", "/schedule", "/resources", "/reservations", "/api/v1/resources"]) {
    await t.step(`${path} is read from the standby`, async () => {
      const { status, text } = await send("GET", path);
      assert.equal(status, 200, text);
    });
  }
  for (const path of ["/reservations", "/api/v1/reservations", "/login"]) {
    await t.step(`a POST to ${path} is refused at once, in words`, async () => {
      const { status, retry, text } = await send("POST", path);
      assert.deepEqual([status, retry], [503, "2"]);
      assert.match(text, /nothing can be changed at present: try again in a moment/);
    });
  }
  await t.step("and as soon as one does, changes are taken again", async () => {
    away = false;
    assert.notEqual((await send("POST", "/reservations")).status, 503);
  });
  await Promise.all([standby.end(), house.identities.stop()]);
  stopHashing();
});
