import assert from "node:assert/strict";
import { crowd } from "../../lib/crowd.ts";

function queue() {
  let now = 0;
  let next: (() => void)[] = [];
  const soon = (work: () => void) => {
    next.push(work);
    return () => next = next.filter((one) => one !== work);
  };
  const { enter, leave } = crowd({ room: 3, patience: 200, most: 10 }, { clock: () => now, soon });
  return {
    enter,
    leave,
    /** How many of so many are let in. */
    many: (count: number) => Array.from({ length: count }, enter).filter(Boolean).length,
    /** Lets so much time pass, and the program come to what is next at the end of it. */
    pass(milliseconds: number, { busy = false } = {}) {
      now += milliseconds;
      if (busy) return;
      const due = next;
      next = [];
      for (const work of due) work();
    },
    waiting: () => next.length,
  };
}

Deno.test("a rush is let in whole, as far as there is room at all", () => {
  const { many } = queue();
  assert.equal(many(8), 8);
  assert.equal(many(8), 2);
});

Deno.test("where a queue has stood for too long, further ones are turned away until it is short", () => {
  const { pass, enter, leave, many } = queue();
  many(4);
  pass(0);
  pass(200);
  assert.equal(enter(), true);
  pass(1);
  assert.equal(enter(), false);
  leave();
  leave();
  assert.equal(enter(), false);
  leave();
  assert.equal(enter(), true);
});

Deno.test("a queue that is short from time to time turns nobody away", () => {
  const { pass, enter, leave } = queue();
  for (let i = 0; i < 20; i++) {
    assert.deepEqual([enter(), enter(), enter(), enter()], [true, true, true, true]);
    pass(150);
    for (let k = 0; k < 4; k++) leave();
  }
});

Deno.test("where the program does not come to what is next, only as many are let in as there is room for", () => {
  const { pass, many, leave } = queue();
  many(2);
  pass(201, { busy: true });
  assert.equal(many(5), 1);
  pass(0);
  leave();
  assert.equal(many(5), 1);
  pass(0);
  assert.equal(many(5), 5);
});

Deno.test("who comes to an empty house is let in, however long it was busy before", () => {
  const { pass, enter, leave, waiting } = queue();
  enter();
  pass(5_000, { busy: true });
  leave();
  assert.equal(waiting(), 0);
  assert.equal(enter(), true);
});
