import assert from "node:assert/strict";
import { newId } from "../../lib/ids.ts";
import type { Sql } from "../../db/types.ts";
import { openScene } from "../support/scene.ts";

/** What a browser says of a request that another site's page makes it send. */
const FOREIGN: [string, Record<string, string>][] = [
  ["from another site", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }],
  ["from a neighbour under the same domain", {
    origin: "http://evil.holdfast.test",
    "sec-fetch-site": "same-site",
  }],
  ["by a browser that only says the origin", { origin: "https://evil.example" }],
  ["from a page without an address", { origin: "null" }],
  ["from this host by another port", { origin: "http://holdfast.test:81" }],
  ["from a host that begins like ours", { origin: "http://holdfast.test.evil.example" }],
];

/** How a form may be sent without asking the server first. */
const FORMS = [
  ["application/x-www-form-urlencoded", "reason=x&password=x"],
  ["text/plain", '{"reason":"x"}'],
  [
    "multipart/form-data; boundary=x",
    '--x\r\ncontent-disposition: form-data; name="reason"\r\n\r\nx\r\n--x--\r\n',
  ],
] as const;

/** How much there is of what any of it would change. */
async function changes(sql: Sql) {
  const [counts] = await sql`
    select (select count(*) from history)::int as history, (select count(*) from sessions)::int as sessions,
      (select count(*) from sessions where revoked_at is not null)::int as ended,
      (select count(*) from imports)::int as imports, (select count(*) from users)::int as users`;
  return counts;
}

Deno.test("whatever changes anything does nothing for the page of another site", async (t) => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  const before = await changes(scene.sql);
  const routes = scene.site.routes.filter(({ method }) => !["GET", "HEAD"].includes(method));
  assert(routes.length > 80, `only ${routes.length} routes`);
  for (const [how, headers] of FOREIGN) {
    await t.step(how, async () => {
      const let_in: string[] = [];
      for (const { method, path } of routes) {
        const target = path.replace(/:\w+/g, newId());
        for (const [type, body] of method === "POST" ? FORMS : FORMS.slice(0, 1)) {
          const answer = await ada.send(target, {
            method,
            body,
            headers: { "content-type": type, ...headers },
          });
          if (answer.status !== 403) let_in.push(`${method} ${path} as ${type}: ${answer.status}`);
        }
      }
      assert.deepEqual(let_in, []);
    });
  }
  await t.step("and nothing has changed", async () => assert.deepEqual(await changes(scene.sql), before));
});

Deno.test("nobody is signed in, out or up by the page of another site", async () => {
  await using scene = await openScene();
  const headers = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
  const visitor = scene.site.visitor();
  for (const path of ["/login", "/register", "/logout", "/api/v1/auth/login", "/api/v1/auth/register"]) {
    const answer = await visitor.post(path, {
      email: "bob@holdfast.test",
      password: "correct horse battery",
      name: "B",
    }, headers);
    assert.equal(answer.status, 403, path);
    assert(!answer.headers.getSetCookie().some((cookie) => /access|refresh/.test(cookie)), path);
  }
});

Deno.test("what only reads changes nothing, whoever follows the link", async () => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  const before = await changes(scene.sql);
  for (const { method, path } of scene.site.routes) {
    if (method !== "GET") continue;
    await ada.get(path.replace(/:\w+/g, newId()).replace("*", "x"), { "sec-fetch-site": "cross-site" });
  }
  assert.deepEqual(await changes(scene.sql), before);
});

Deno.test("no page of this site can be framed, and none opens another's window", async () => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  for (const path of ["/", "/login", "/approvals", "/account", "/nowhere", "/api/docs"]) {
    const { headers } = await ada.get(path);
    assert.match(headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/, path);
    assert.equal(headers.get("x-frame-options"), "DENY", path);
    assert.equal(headers.get("cross-origin-opener-policy"), "same-origin", path);
    assert.equal(headers.get("cross-origin-resource-policy"), "same-origin", path);
  }
});
