import assert from "node:assert/strict";
import { newId } from "../../lib/ids.ts";
import { openScene } from "../support/scene.ts";

const TLS = { BASE_URL: "https://holdfast.example" };
const FOR_ALL: [string, RegExp][] = [
  [
    "content-security-policy",
    /^default-src 'none'; script-src 'self'; .*base-uri 'none'; frame-ancestors 'none'$/,
  ],
  ["x-content-type-options", /^nosniff$/],
  ["referrer-policy", /^(same-origin|no-referrer)$/],
  ["strict-transport-security", /^max-age=31536000; includeSubDomains$/],
  ["x-request-id", /^[\w.-]{8,64}$/],
];

Deno.test("every route sends what protects it, whoever asks and whatever the answer is", async (t) => {
  await using scene = await openScene(TLS);
  for (const who of ["nobody", "bob", "ada"] as const) {
    await t.step(`asked by ${who}`, async () => {
      const wrong: string[] = [];
      const statuses = new Set<number>();
      for (const { method, path } of scene.site.routes) {
        const client = who === "nobody" ? scene.site.visitor() : await scene.site.as(scene.cast[who]);
        const target = path.replace(/:\w+/g, newId()).replace("*", "nothing.css");
        const { status, headers, text } = await client.send(target, {
          method,
          headers: { origin: "http://holdfast.test" },
        });
        statuses.add(status);
        const complain = (what: string) => wrong.push(`${method} ${path} (${status}): ${what}`);
        for (const [name, pattern] of FOR_ALL) if (!pattern.test(headers.get(name) ?? "")) complain(name);
        if (/unsafe|\*/.test(headers.get("content-security-policy") ?? "")) complain("a policy that lets in");
        const type = headers.get("content-type") ?? "";
        if (text && !type) complain("no content type");
        if (/^text\//.test(type) && !/charset=utf-8/i.test(type)) complain(`no charset: ${type}`);
        const kept = headers.get("cache-control") ?? "";
        if (!/no-store/.test(kept) && !/^\/(static|favicon|api\/(docs|v1\/openapi))/.test(path)) {
          complain(`kept: ${kept}`);
        }
        if (/deno|hono|postgres/i.test(`${headers.get("server")} ${headers.get("x-powered-by")}`)) {
          complain("says what it is made of");
        }
      }
      assert.deepEqual(wrong, []);
      assert(statuses.has(404) && statuses.has(200), `${[...statuses]}`);
    });
  }
});

Deno.test("errors that come before any route send it, too", async () => {
  await using scene = await openScene(TLS);
  const answers = [
    await scene.site.nobody.get("/", { host: "evil.example/x" }),
    await scene.site.nobody.post("/login", { password: "x".repeat(300_000) }),
    await scene.site.nobody.get("/nowhere"),
    await scene.site.nobody.send("/", { method: "PROPFIND" }),
  ];
  assert.deepEqual(answers.map(({ status }) => status), [400, 413, 303, 303]);
  for (const { headers } of answers) {
    for (const [name, pattern] of FOR_ALL) assert.match(headers.get(name) ?? "", pattern);
  }
});

Deno.test("TRACE and methods that there are not lead nowhere", async () => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  for (const method of ["PROPFIND", "SEARCH", "PUT"]) {
    assert.equal(
      (await ada.send("/account", { method, headers: { origin: "http://holdfast.test" } })).status,
      404,
      method,
    );
  }
});

Deno.test("what the host of a request says reaches no link", async () => {
  await using scene = await openScene(TLS);
  const ada = await scene.site.as(scene.cast.ada);
  const headers = {
    host: "evil.example",
    "x-forwarded-host": "evil.example",
    forwarded: "host=evil.example",
    origin: "http://evil.example",
  };
  const made = await ada.post(`/admin/users/${scene.cast.bob.id}/reset`, {}, headers);
  const pages = [
    made,
    await ada.get(`/admin/users/${scene.cast.bob.id}`, headers),
    await ada.get("/", headers),
    await scene.site.nobody.get("/account", headers),
  ];
  for (const { headers, text } of pages) {
    assert.doesNotMatch(text, /evil\.example/);
    assert.doesNotMatch(headers.get("location") ?? "", /evil\.example/);
  }
});

Deno.test("a line end in whatever is sent makes no header of its own", async () => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  const evil = "x\r\nSet-Cookie: evil=1\r\n\r\n<script>";
  const wrong: string[] = [];
  const names = [
    "next",
    "q",
    "date",
    "week",
    "resource",
    "kind",
    "cursor",
    "month",
    "from",
    "to",
    "id",
    "name",
    "key",
  ];
  const query = new URLSearchParams(names.map((name) => [name, evil]));
  for (const { method, path } of scene.site.routes) {
    const target = path.replace(/:\w+/g, encodeURIComponent(evil)).replace("*", encodeURIComponent(evil));
    const body = method === "GET"
      ? undefined
      : new URLSearchParams([...query, ["email", evil], ["reason", evil], ["purpose", evil]]).toString();
    const headers = { origin: "http://holdfast.test", "content-type": "application/x-www-form-urlencoded" };
    const answer = await (path.startsWith("/log") ? scene.site.visitor() : ada).send(`${target}?${query}`, {
      method,
      body,
      headers,
    });
    if (answer.status >= 500) wrong.push(`${method} ${path}: ${answer.status}`);
    if (answer.headers.getSetCookie().some((cookie) => cookie.startsWith("evil"))) {
      wrong.push(`${method} ${path}: a cookie`);
    }
    if (/^text\/html/.test(answer.headers.get("content-type") ?? "") && answer.text.includes("\n<script>")) {
      wrong.push(`${method} ${path}: a script`);
    }
  }
  assert.deepEqual(wrong, []);
});
