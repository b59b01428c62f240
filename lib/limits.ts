import { RateLimiterMemory } from "rate-limiter-flexible";

/** Counts attempts per key; a key with too many has to wait. */
export interface Limit {
  /** Seconds to wait before the next attempt; 0 when it may go ahead. */
  wait(key: string): Promise<number>;
  /** Counts one attempt. */
  count(key: string): Promise<void>;
  /** Forgets a key's attempts. */
  forget(key: string): Promise<void>;
}

/** At most `points` attempts within `seconds`, kept in memory. */
export function limit(points: number, seconds: number): Limit {
  const limiter = new RateLimiterMemory({ points, duration: seconds });
  return {
    async wait(key) {
      const state = await limiter.get(key);
      return state && state.consumedPoints >= points ? Math.ceil(state.msBeforeNext / 1000) : 0;
    },
    async count(key) {
      await limiter.penalty(key);
    },
    async forget(key) {
      await limiter.delete(key);
    },
  };
}

/** No limit at all. */
export const unlimited: Limit = {
  wait: () => Promise.resolve(0),
  count: () => Promise.resolve(),
  forget: () => Promise.resolve(),
};
