import { brotliCompressSync, constants, gzipSync } from "node:zlib";

export type Encoding = "br" | "gzip";

/**
 * A body in an encoding. On a page of 66 kB brotli at 5 takes 0.6 ms and gzip at 6 takes 0.3 ms; what brotli saves, a
 * ninth, is worth more to a phone with a weak signal. See `settle` for what it takes otherwise.
 */
export function squeeze(bytes: Uint8Array, encoding: Encoding): Uint8Array<ArrayBuffer> {
  const made = encoding === "br"
    ? brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 5,
        // A window of 256 kB holds any page; the default takes megabytes for each answer under way.
        [constants.BROTLI_PARAM_LGWIN]: 18,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    })
    : gzipSync(bytes, { level: 6 });
  return new Uint8Array(made);
}

/**
 * Compresses a megabyte of noise once, for the sake of the memory: glibc hands a block that is freed back to the system,
 * and has every page of it made anew for the next body, until it has seen one as large as that come and go (its
 * thresholds move, see mallopt(3)). Until then brotli takes three times as long.
 */
export function settle(): void {
  const noise = new Uint8Array(1_000_000);
  for (let at = 0; at < noise.length; at += 50_000) crypto.getRandomValues(noise.subarray(at, at + 50_000));
  brotliCompressSync(noise, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 2, [constants.BROTLI_PARAM_LGWIN]: 24 },
  });
}
