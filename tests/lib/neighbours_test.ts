import assert from "node:assert/strict";
import { trusting } from "../../lib/neighbours.ts";

const said = (list: string) => new Headers({ "x-forwarded-for": list });

Deno.test("whoever connects is believed by its own address alone", () => {
  const neighbourOf = trusting([]);
  assert.equal(neighbourOf("203.0.113.9", said("198.51.100.1")), "203.0.113.9");
});

Deno.test("a proxy that is named is believed about who stands behind it", () => {
  const neighbourOf = trusting(["127.0.0.1", "10.0.0.0/8"]);
  assert.equal(neighbourOf("127.0.0.1", said("198.51.100.1")), "198.51.100.1");
  assert.equal(neighbourOf("127.0.0.1", said("198.51.100.1, 10.2.3.4")), "198.51.100.1");
  assert.equal(neighbourOf("127.0.0.1", new Headers()), "127.0.0.1");
});

Deno.test("what a visitor writes before the address that the proxy added is not believed", () => {
  const neighbourOf = trusting(["127.0.0.1"]);
  assert.equal(neighbourOf("127.0.0.1", said("1.2.3.4, 198.51.100.1")), "198.51.100.1");
  assert.equal(neighbourOf("203.0.113.9", said("1.2.3.4")), "203.0.113.9");
});
