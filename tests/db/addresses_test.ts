import assert from "node:assert/strict";
import { addressesOf } from "../../db/addresses.ts";

Deno.test("an address with several hosts is one address for each of them", () => {
  assert.deepEqual(
    addressesOf("postgres://u:p%40ss@a:1,b:2/db?target_session_attrs=read-write&sslmode=require"),
    [
      "postgres://u:p%40ss@a:1/db?sslmode=require",
      "postgres://u:p%40ss@b:2/db?sslmode=require",
    ],
  );
  assert.deepEqual(addressesOf("postgresql://a/db"), ["postgresql://a/db"]);
});

for (
  const [wrong, words] of [
    ["mysql://a/db", /is not a postgres:\/\/ address/],
    ["postgres://a:port/db", /is not a postgres:\/\/ address/],
    ["postgres://a,b/db?target_session_attrs=standby", /read-write or primary/],
  ] as const
) {
  Deno.test(`${wrong} is refused`, () => assert.throws(() => addressesOf(wrong), words));
}
