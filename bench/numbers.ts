/** The one in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** What a share of the values does not exceed; between two of them it lies on the straight line. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return NaN;
  const sorted = Float64Array.from(values).sort();
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)];
  return below + (sorted[Math.ceil(place)] - below) * (place % 1);
}

/**
 * How many times `b` is `a`: the median of what each round gave. A machine that is slow for a while is so for a
 * whole round, and the ratio does not see it.
 */
export function ratio(a: readonly number[], b: readonly number[]): number {
  return median(a.map((value, round) => value / b[round]));
}

/** Random numbers from 0 to 1 that are the same each time (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}
