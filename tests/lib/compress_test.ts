import assert from "node:assert/strict";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { compressBeside, compressed, encodingFor } from "../../lib/compress.ts";

const page = "<p>A room, a bay, a desk – für alle</p>\n".repeat(2_000);
const open = { br: brotliDecompressSync, gzip: gunzipSync };
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("the best encoding that a client takes is chosen, and none that it does not", () => {
  assert.equal(encodingFor("gzip, deflate, br"), "br");
  assert.equal(encodingFor("gzip;q=0.8, br;q=0"), "gzip");
  assert.equal(encodingFor("identity"), undefined);
  assert.equal(encodingFor(undefined), undefined);
});

for (const encoding of ["br", "gzip"] as const) {
  Deno.test(`what is compressed as ${encoding} is the same when it is opened`, async () => {
    const made = await compressed(page, encoding);
    assert(made && made.length < page.length / 10);
    assert.equal(text(open[encoding](made)), page);
  });
}

Deno.test("what fits into one packet is left as it is", async () => {
  assert.equal(await compressed("short", "gzip"), undefined);
});

Deno.test("threads of their own compress many at once, and what they had not done when they end is done all the same", async () => {
  const { ready, end } = compressBeside(2);
  try {
    await ready;
    const pages = Array.from({ length: 40 }, (_, i) => `${i}${page}`);
    const beside = await Promise.all(pages.map((one) => compressed(one, "br")));
    assert.deepEqual(beside.map((made) => text(open.br(made!))), pages);

    const interrupted = Promise.all(pages.map((one) => compressed(one, "gzip")));
    end();
    assert.deepEqual((await interrupted).map((made) => text(open.gzip(made!))), pages);
    assert(await compressed(page, "gzip"));
  } finally {
    end();
  }
});
