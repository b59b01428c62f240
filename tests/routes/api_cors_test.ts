import assert from "node:assert/strict";
import { PASSWORD } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

const INTRANET = "https://intranet.example.org";
const INVITED = { CORS_ORIGINS: INTRANET };
const PREFLIGHT = {
  "access-control-request-method": "PATCH",
  "access-control-request-headers": "authorization,if-match,content-type",
};

Deno.test("A browser that asks first is told what a page of an invited origin may send", async () => {
  await using scene = await openScene(INVITED);
  const { status, headers } = await scene.site.nobody.send("/api/v1/reservations/x", {
    method: "OPTIONS",
    headers: { origin: INTRANET, ...PREFLIGHT },
  });
  assert.deepEqual([status, headers.get("access-control-allow-origin")], [204, INTRANET]);
  assert.match(headers.get("access-control-allow-methods") ?? "", /PATCH/);
  assert.match(headers.get("access-control-allow-headers") ?? "", /Authorization.*If-Match/);
});

Deno.test("An invited page reads the answer and the headers that it needs, never with credentials", async () => {
  await using scene = await openScene(INVITED);
  const bob = await scene.site.as(scene.cast.bob);
  const { status, headers } = await bob.call("GET", "/auth/me", undefined, { origin: INTRANET });
  assert.deepEqual([status, headers.get("access-control-allow-origin")], [200, INTRANET]);
  assert.match(headers.get("access-control-expose-headers") ?? "", /ETag/);
  assert.equal(headers.get("access-control-allow-credentials"), null);
  assert.match(headers.get("vary") ?? "", /origin/i);
});

Deno.test("An invited page reads why it was refused, too", async () => {
  await using scene = await openScene(INVITED);
  const { status, headers } = await scene.site.nobody.call("GET", "/auth/me", undefined, {
    origin: INTRANET,
  });
  assert.deepEqual([status, headers.get("access-control-allow-origin")], [401, INTRANET]);
});

Deno.test("No other origin is told anything, nor anybody about the pages", async (t) => {
  await using scene = await openScene(INVITED);
  for (const origin of ["https://evil.example", "https://intranet.example.org.evil.example", "null"]) {
    await t.step(origin, async () => {
      const { headers } = await scene.site.nobody.call("GET", "/auth/me", undefined, { origin });
      assert.equal(headers.get("access-control-allow-origin"), null);
    });
  }
  await t.step("a page", async () => {
    const { headers } = await scene.site.nobody.get("/login", { origin: INTRANET });
    assert.equal(headers.get("access-control-allow-origin"), null);
  });
});

Deno.test("Without the setting nobody is invited", async () => {
  await using scene = await openScene();
  const { headers } = await scene.site.nobody.call("GET", "/auth/me", undefined, { origin: INTRANET });
  assert.equal(headers.get("access-control-allow-origin"), null);
});

Deno.test("An invited page may sign in for a token, and does nothing by the cookies of a browser", async () => {
  await using scene = await openScene(INVITED);
  const body = { email: scene.cast.bob.email, password: PASSWORD };
  const signedIn = await scene.site.nobody.call("POST", "/auth/login", body, { origin: INTRANET });
  const bob = await scene.site.as(scene.cast.bob);
  const misled = await bob.send("/api/v1/auth/logout", {
    method: "POST",
    headers: { origin: INTRANET, "sec-fetch-site": "cross-site" },
  });
  assert.deepEqual([signedIn.status, misled.status], [200, 403]);
});
