import assert from "node:assert/strict";
import { type Described, rolesFor } from "../support/judge.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";
import { readyFor } from "../support/ready.ts";
import { meet, sentAs, WHO } from "../support/stranger.ts";
import { overTheWire } from "../support/wire.ts";

Deno.test("each call answers each role as the document says, whoever reads nothing but that", async (t) => {
  await using database = await testDatabase();
  await using stranger = await meet(database.sql);
  assert(stranger.calls.length > 70);
  for (const call of stranger.calls) {
    for (const who of WHO) {
      await t.step(`${call.method} ${call.path} by ${who}`, async () => {
        const { id = "", body } = await readyFor(stranger, call, who);
        const target = `/api/v1${call.path.replace("{id}", id)}${neededOf(call)}`;
        const sent = sentAs(stranger.tokens[who], call.method, target, body);
        const got = await overTheWire(stranger.origin, sent);
        const wrong = stranger.judge(call, sent, got);
        assert.deepEqual(wrong, [], `${JSON.stringify(body)} was answered ${got.status} ${got.text}`);
        if (rolesFor(call).includes(who)) assert(got.status < 300, `${got.status} ${got.text}`);
        else assert.equal(got.status, who === "nobody" ? 401 : 403);
        if (call.operationId === "logout" && who !== "nobody") await stranger.signIn(who);
      });
    }
  }
  await assertSound(database.sql);
});

/** The parameters that have to be there, as their examples have them. */
function neededOf({ parameters }: Described): string {
  const needed = parameters.filter((one) => one.in === "query" && one.required);
  return needed.length === 0
    ? ""
    : `?${new URLSearchParams(needed.map(({ name, schema }) => [name, String(schema.examples?.[0])]))}`;
}
