import assert from "node:assert/strict";
import { testDatabase } from "../support/database.ts";
import { meet } from "../support/stranger.ts";
import { overTheWire } from "../support/wire.ts";

const HOSTS = ["a b", "[::1", "x:99999", "a/b", "a@b", "a\\b", "%", "a?b", "a#b", "<x>", "x:"];
const TARGETS = ["http://[bad/", "http://x:99999/", "http://a b/"];

Deno.test("an address or a host that is none is refused with 400, and nothing breaks", async (t) => {
  await using database = await testDatabase();
  await using stranger = await meet(database.sql);
  for (const host of HOSTS) {
    for (const target of ["/", "/login", "/api/v1/resources", "/static/app.css"]) {
      await t.step(`${target} of the host ${host}`, async () => {
        const sent = { method: "GET", target, headers: [["host", host] as [string, string]] };
        assert.equal((await overTheWire(stranger.origin, sent)).status, 400);
      });
    }
  }
  for (const target of TARGETS) {
    await t.step(target, async () => {
      assert.equal((await overTheWire(stranger.origin, { method: "GET", target, headers: [] })).status, 400);
    });
  }
});

Deno.test("a host may be a name or an address, with a port or without", async (t) => {
  await using database = await testDatabase();
  await using stranger = await meet(database.sql);
  for (
    const host of [
      "localhost",
      "x_y.example.org:8443",
      "127.0.0.1:8000",
      "[::1]:8000",
      "xn--bcher-kva.example",
    ]
  ) {
    await t.step(host, async () => {
      const sent = {
        method: "GET",
        target: "/api/v1/openapi.json",
        headers: [["host", host] as [string, string]],
      };
      assert.equal((await overTheWire(stranger.origin, sent)).status, 200);
    });
  }
});
