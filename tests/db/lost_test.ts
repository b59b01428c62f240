import assert from "node:assert/strict";
import { isDriversOwn, tellsOfLoss } from "../../db/lost.ts";

Deno.test("only a broken connection, and what the driver does to it by itself, is survived unseen", () => {
  assert(tellsOfLoss({ code: "EPIPE" }));
  assert(!tellsOfLoss({ code: "23P01" }));
  assert(!tellsOfLoss(undefined));
  const ours = new TypeError("Cannot read properties of null (reading 'write')");
  assert(!isDriversOwn(ours));
  ours.stack = "TypeError: …\n    at Immediate.nextWrite (connection.js:255:22)";
  assert(isDriversOwn(ours));
});
