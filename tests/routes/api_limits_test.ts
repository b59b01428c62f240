import assert from "node:assert/strict";
import { openScene } from "../support/scene.ts";

const ON = { RATE_LIMIT: "on" };
const PROXY = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 40_000 },
  completed: Promise.resolve(),
} as const;
// The counters forget by timers that outlive a test.
const counting = { sanitizeOps: false, sanitizeResources: false };

Deno.test("Whoever calls reads how often they still may", counting, async () => {
  await using scene = await openScene(ON);
  const bob = await scene.site.as(scene.cast.bob);
  const [first, second] = [await bob.call("GET", "/auth/me"), await bob.call("GET", "/auth/me")];
  assert.equal(first.headers.get("ratelimit-policy"), '"person";q=1200;w=60');
  assert.match(first.headers.get("ratelimit") ?? "", /^"person";r=1199;t=60$/);
  assert.match(second.headers.get("ratelimit") ?? "", /^"person";r=1198;t=(59|60)$/);
});

Deno.test("One call too many is refused with the seconds to wait, and nobody else is", counting, async () => {
  await using scene = await openScene(ON);
  const [bob, alice] = await Promise.all([scene.cast.bob, scene.cast.alice].map(scene.site.as));
  for (let i = 0; i < 1200; i++) await bob.call("GET", "/no-such-call");
  const refused = await bob.call("GET", "/auth/me");
  assert.deepEqual([refused.status, refused.headers.get("content-type")], [429, "application/problem+json"]);
  const wait = Number(refused.headers.get("retry-after"));
  assert(wait >= 1 && wait <= 60, String(wait));
  assert.match(refused.headers.get("ratelimit") ?? "", /^"person";r=0;/);
  assert.equal((await alice.call("GET", "/auth/me")).status, 200);
});

Deno.test("An address that nobody is signed in from has an allowance of its own", counting, async () => {
  await using scene = await openScene(ON);
  for (let i = 0; i < 600; i++) await scene.site.nobody.call("GET", "/no-such-call");
  const refused = await scene.site.nobody.call("GET", "/auth/me");
  const bob = await scene.site.as(scene.cast.bob);
  assert.deepEqual([refused.status, (await bob.call("GET", "/auth/me")).status], [429, 200]);
});

Deno.test(
  "Behind a proxy that the settings name, each visitor has an allowance of their own",
  counting,
  async () => {
    await using house = await openScene({ ...ON, TRUSTED_PROXIES: "127.0.0.1" });
    const from = (address: string) =>
      house.site.fetch(
        new Request("http://holdfast.test/api/v1/auth/me", { headers: { "x-forwarded-for": address } }),
        PROXY,
      );
    for (let i = 0; i < 600; i++) await from("198.51.100.1");
    assert.deepEqual([(await from("198.51.100.1")).status, (await from("198.51.100.2")).status], [429, 401]);
  },
);

Deno.test("Where nothing is limited, nothing is said of it", async () => {
  await using scene = await openScene();
  const { headers } = await (await scene.site.as(scene.cast.bob)).call("GET", "/auth/me");
  assert.equal(headers.get("ratelimit"), null);
});
