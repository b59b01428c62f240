import assert from "node:assert/strict";
import { headOf, seal, unseal } from "../../lib/seal.ts";

const OLD = "the key that was there before, long enough";
const NEW = "the key that takes its place, as long as it";

Deno.test("what is sealed is opened with its key, and with no other", async () => {
  const sealed = await seal(OLD, "Grüße 🌱");
  assert.equal(await unseal(OLD, sealed), "Grüße 🌱");
  assert.equal(await unseal(NEW, sealed), undefined);
});

Deno.test("while a key is replaced both open, and the new one seals", async () => {
  const [before, both] = [await seal(OLD, "before"), `${NEW}|${OLD}`];
  assert.equal(await unseal(both, before), "before");
  const after = await seal(both, "after");
  assert.deepEqual([await unseal(NEW, after), await unseal(OLD, after)], ["after", undefined]);
});

Deno.test("what was sealed says by which key and how, so that it can be found and sealed anew", async () => {
  const head = await headOf(`${NEW}|${OLD}`);
  const begins = (sealed: Uint8Array) => head.every((byte, i) => sealed[i] === byte);
  assert.deepEqual([begins(await seal(NEW, "x")), begins(await seal(OLD, "x"))], [true, false]);
});

Deno.test("a change of any byte is noticed", async () => {
  const sealed = await seal(OLD, "ten pounds");
  for (const at of sealed.keys()) {
    const changed = sealed.map((byte, i) => i === at ? byte ^ 1 : byte);
    assert.equal(await unseal(OLD, changed), undefined, `byte ${at}`);
  }
});

Deno.test("what was never sealed, and what is cut off, opens with nothing", async () => {
  const sealed = await seal(OLD, "ten pounds");
  for (const length of [0, 1, 5, 10, 17, sealed.length - 1]) {
    assert.equal(await unseal(OLD, sealed.subarray(0, length)), undefined, `${length} bytes`);
  }
  assert.equal(await unseal(OLD, new TextEncoder().encode("a text that nobody sealed")), undefined);
});

Deno.test("the same text sealed twice is not the same", async () => {
  assert.notDeepEqual(await seal(OLD, "ten pounds"), await seal(OLD, "ten pounds"));
});
