import assert from "node:assert/strict";
import { makeResource } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

const TEN = { start_time: "2026-05-05T08:00:00Z", end_time: "2026-05-05T09:00:00Z" };
const bytes = (...parts: (string | number[])[]) =>
  new Uint8Array(
    parts.flatMap((part) => typeof part === "string" ? [...new TextEncoder().encode(part)] : part),
  );

Deno.test("Whatever is wrong with a request is told as a problem, never as a page and never as ours", async (t) => {
  await using scene = await openScene();
  const hall = await makeResource(scene.sql, scene.cast.ada, { name: "Hall" });
  const bob = await scene.site.as(scene.cast.bob);
  const wish = JSON.stringify({ resource_id: hall.id, ...TEN });
  const deep = (n: number) => `${'{"a":'.repeat(n)}1${"}".repeat(n)}`;
  const json = { "content-type": "application/json" };
  const REQUESTS: [
    what: string,
    method: string,
    path: string,
    status: number,
    body?: BodyInit,
    type?: string,
  ][] = [
    ["a path that there is not", "GET", "/castles", 404],
    ["a path below one that there is", "GET", `/resources/${hall.id}/castles`, 404],
    ["a method that a path has not", "PUT", `/resources/${hall.id}`, 405, wish],
    ["a method that a list has not", "DELETE", "/reservations", 405],
    ["a method that nobody has", "PURGE", "/reservations", 405],
    ["a percent sign that encodes nothing", "GET", "/resources/%zz", 400],
    ["half a character in the address", "GET", "/resources?q=%E0%A4%A", 400],
    ["a byte that is no text in the address", "GET", "/resources?q=%FF", 400],
    ["text that is not UTF-8", "POST", "/reservations", 400, bytes('{"purpose": "', [0xff, 0xfe], '"}')],
    [
      "half a character in the body",
      "POST",
      "/reservations",
      400,
      bytes('{"purpose": "', [0xe2, 0x82], '"}'),
    ],
    ["a body that ends too early", "POST", "/reservations", 400, wish.slice(0, -1)],
    ["no body at all", "POST", "/reservations", 400, ""],
    ["a body 50,000 deep", "POST", "/reservations", 422, deep(40_000)],
    [
      "a field 40,000 deep",
      "POST",
      "/reservations",
      422,
      wish.replace("}", `, "answers": {"q": ${deep(30_000)}}}`),
    ],
    ["a body that is too large", "POST", "/reservations", 413, `"${"x".repeat(300_000)}"`],
    ["a form", "POST", "/reservations", 415, "purpose=x", "application/x-www-form-urlencoded"],
  ];
  for (const [what, method, path, status, body, type] of REQUESTS) {
    await t.step(`${what}: ${status}`, async () => {
      const headers = type ? { "content-type": type } : json;
      const answer = await bob.send(`/api/v1${path}`, { method, body, headers });
      assert.deepEqual([answer.status, answer.headers.get("content-type")], [
        status,
        "application/problem+json",
      ]);
      const { title, detail, request_id } = answer.json;
      assert.deepEqual([answer.json.status, Boolean(title && detail && request_id)], [status as never, true]);
    });
  }
});

Deno.test("A method that a path has not is answered with those that it has", async () => {
  await using scene = await openScene();
  const bob = await scene.site.as(scene.cast.bob);
  const one = await bob.call("PUT", "/reservations/018f0000-0000-7000-8000-000000000000", {});
  assert.deepEqual([one.headers.get("allow"), one.json.detail], [
    "GET, PATCH, DELETE, HEAD",
    "/api/v1/reservations/018f0000-0000-7000-8000-000000000000 takes GET, PATCH, DELETE, HEAD, not PUT",
  ]);
  assert.equal((await scene.site.nobody.call("GET", "/auth/login")).headers.get("allow"), "POST");
});
