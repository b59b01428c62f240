import assert from "node:assert/strict";
import { join } from "node:path";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import openapiTS, { astToString } from "openapi-typescript";
import { beginSession } from "../../domain/auth/sessions.ts";
import { type ApiDocument, documentOf } from "../../routes/api/document.ts";
import { OPERATIONS } from "../../routes/api/mod.ts";
import { calls } from "../../routes/api/operations.ts";
import { issueAccess } from "../../routes/tokens.ts";
import { serveSite } from "../support/app.ts";
import { makeResource, NOW } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { makeCast } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

const ROOT = join(import.meta.dirname ?? ".", "..", "..");

Deno.test("every call is described, and nothing is described that there is not", async () => {
  await using scene = await openScene();
  const { paths }: ApiDocument = JSON.parse((await scene.site.nobody.get("/api/v1/openapi.json")).text);
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} /api/v1${path.replace("{id}", ":id")}`)
  );
  const there = scene.site.routes.filter(({ path }) =>
    path.startsWith("/api/v1/") && !path.endsWith("openapi.json")
  )
    .map(({ method, path }) => `${method} ${path}`);
  assert(there.length > 40);
  assert.deepEqual([...new Set(there)].sort(), described.sort());
});

Deno.test("a public linter has nothing to say against the document", async () => {
  const config = await createConfig({ extends: ["recommended-strict"] });
  const source = JSON.stringify(documentOf(OPERATIONS));
  const problems = await lintFromString({ source, absoluteRef: "openapi.json", config });
  assert.deepEqual(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`), []);
});

Deno.test("a call says who may make it, what it takes and what it may be answered", () => {
  const { paths } = documentOf(OPERATIONS);
  const { security, parameters, responses, requestBody } = paths["/reservations/{id}"].patch;
  assert.deepEqual(security, [{ bearer: [] }]);
  assert(parameters.some(({ name, required }) => name === "id" && required));
  assert.equal(requestBody?.required, true);
  for (const status of [200, 400, 401, 403, 404, 409, 413, 415, 422]) {
    assert(responses[status], String(status));
  }
  assert.deepEqual(paths["/auth/login"].post.security, []);
});

Deno.test("what checks a query is what describes it", () => {
  const { parameters } = documentOf(OPERATIONS).paths["/resources"].get;
  const names = parameters.filter((one) => one.in === "query").map(({ name }) => name);
  assert.deepEqual(names, [
    "q",
    "kind",
    "tag",
    "min_capacity",
    "accessory",
    "free_from",
    "free_to",
    "free_units",
    "limit",
    "cursor",
    "fields",
  ]);
  const limit = parameters.find(({ name }) => name === "limit")!;
  assert.deepEqual(limit.schema, { default: 50, type: "integer", minimum: 1, maximum: 200 });
});

Deno.test("who has the document already is told so", async () => {
  await using scene = await openScene();
  const first = await scene.site.nobody.get("/api/v1/openapi.json");
  const tag = first.headers.get("etag") ?? "";
  const again = await scene.site.nobody.get("/api/v1/openapi.json", { "if-none-match": tag });
  assert.deepEqual([first.status, again.status, again.text], [200, 304, ""]);
});

Deno.test("a call that is to go says so, in its headers and in the document", async () => {
  const old = calls("/old", "Old");
  old.get("/", {
    id: "readOld",
    summary: "What was there before",
    who: "anyone",
    answers: { 200: "Nothing" },
    deprecated: { since: "2026-01-01T00:00:00Z", sunset: "2027-01-01T00:00:00Z", instead: "/api/v1/new" },
  }, () => ({}));
  const { headers } = await old.router.request("/");
  assert.deepEqual([headers.get("deprecation"), headers.get("sunset"), headers.get("link")], [
    "@1767225600",
    "Fri, 01 Jan 2027 00:00:00 GMT",
    '</api/v1/new>; rel="successor-version"',
  ]);
  assert.equal(documentOf(old.operations).paths["/old"].get.deprecated, true);
});

Deno.test("the page for people has every call, and works without any other host", async () => {
  await using scene = await openScene();
  const { text, status } = await scene.site.nobody.get("/api/docs");
  assert.equal(status, 200);
  for (const { id, alias_of } of OPERATIONS) {
    assert.equal(text.includes(`id="${id}"`), alias_of === undefined, id);
  }
  assert.deepEqual([...text.matchAll(/(?:src|href)="(https?:[^"]*)"/g)].map(([, address]) => address), []);
});

const PROGRAM = `
import createClient from "openapi-fetch";
import type { paths } from "./api.ts";

const [baseUrl, token, resource_id] = Deno.args;
const client = createClient<paths>({ baseUrl, headers: { authorization: \`Bearer \${token}\` } });
const slot = { start_time: "2026-05-05T10:00:00+02:00", end_time: "2026-05-05T11:00:00+02:00" };
const made = await client.POST("/reservations", { body: { resource_id, ...slot, purpose: "By a client" } });
if (!made.data) throw new Error(made.error.detail);
const listed = await client.GET("/reservations", { params: { query: { status: "approved", limit: 10 } } });
const path = { id: made.data.id };
const gone = await client.POST("/reservations/{id}/cancel", { params: { path }, body: { reason: "Done" } });
const refused = await client.GET("/reservations", { params: { query: { limit: 500 } } });
console.log(JSON.stringify([
  listed.data?.data.map(({ id, purpose }) => [id === path.id, purpose]),
  gone.data?.status,
  refused.error?.errors?.[0].path,
]));
`;

Deno.test("a client that a public generator makes of the document compiles, reserves, lists and cancels", async () => {
  await using database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  await using served = await serveSite(sql, NOW);
  const hall = await makeResource(sql, cast.ada, { name: "Hall" });
  const granted = await beginSession(sql, { user_id: cast.bob.id, kind: "api", device: "test" }, NOW);
  const secret = "a secret of the tests, long enough to sign with";
  const token = await issueAccess(secret, granted, NOW);

  const folder = await Deno.makeTempDir({ prefix: "holdfast-client-" });
  try {
    const document = await (await fetch(`${served.origin}/api/v1/openapi.json`)).json();
    await Deno.writeTextFile(join(folder, "api.ts"), astToString(await openapiTS(document)));
    await Deno.writeTextFile(join(folder, "program.ts"), PROGRAM);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--check", "--allow-net", "--config", join(ROOT, "deno.json"), join(folder, "program.ts")],
        ...[`${served.origin}/api/v1`, token, hall.id],
      ],
    }).output();
    const [said, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.equal(code, 0, errors);
    assert.deepEqual(JSON.parse(said), [[[true, "By a client"]], "cancelled", "limit"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
