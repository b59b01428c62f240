import assert from "node:assert/strict";
import { crowd } from "../../lib/crowd.ts";

function queue() {
  const time = { now: 0 };
  const { enter, leave } = crowd({ room: 3, patience: 200, most: 10 }, () => time.now);
  const many = (count: number) => Array.from({ length: count }, enter).filter(Boolean).length;
  return { time, enter, leave, many };
}

Deno.test("a rush is let in whole, as far as there is room at all", () => {
  const { many } = queue();
  assert.equal(many(8), 8);
  assert.equal(many(8), 2);
});

Deno.test("where a queue has stood for too long, further ones are turned away until it is short", () => {
  const { time, enter, leave, many } = queue();
  many(4);
  time.now = 200;
  assert.equal(enter(), true);
  time.now = 201;
  assert.equal(enter(), false);
  leave();
  leave();
  assert.equal(enter(), false);
  leave();
  assert.equal(enter(), true);
});

Deno.test("a queue that is short from time to time turns nobody away", () => {
  const { time, enter, leave } = queue();
  for (let i = 0; i < 20; i++) {
    assert.deepEqual([enter(), enter(), enter(), enter()], [true, true, true, true]);
    time.now += 150;
    for (let k = 0; k < 4; k++) leave();
  }
});
