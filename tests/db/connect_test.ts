import assert from "node:assert/strict";
import { connect, learn } from "../../db/connect.ts";
import { isDriversOwn } from "../../db/lost.ts";
import { testDatabase } from "../support/database.ts";

Deno.test("a connection asks nothing by itself once the program has learnt what never changes", async () => {
  await using database = await testDatabase();
  const first = connect(database.where, { max: 1 });
  await learn(first);
  const statements: string[] = [];
  const later = connect(database.where, { max: 1, onStatement: (statement) => statements.push(statement) });
  const [row] = await later`select ${["a", "b"]}::text[] as texts, 'x' = any(${["x", "y"]}) as found`;
  assert.deepEqual({ ...row }, { texts: ["a", "b"], found: true });
  assert.equal(statements.length, 1, statements.join("\n"));
  await Promise.all([first.end(), later.end()]);
});

Deno.test("an error of ours is never taken for one of the driver's own", () => {
  assert(!isDriversOwn(new TypeError("Cannot read properties of null (reading 'write')")));
  assert(!isDriversOwn(new Error("at nextWrite")));
});
