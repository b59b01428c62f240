import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";

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

/** What is left of an allowance after one more request. */
export interface Left {
  allowed: boolean;
  remaining: number;
  /** Seconds until all of it is there again. */
  reset: number;
}

/** So many requests within so many seconds, per key. */
export interface Allowance {
  points: number;
  seconds: number;
  take(key: string): Promise<Left>;
}

/** At most `points` requests within `seconds`, kept in memory. */
export function allowance(points: number, seconds: number): Allowance {
  const limiter = new RateLimiterMemory({ points, duration: seconds });
  const left = ({ remainingPoints, msBeforeNext }: RateLimiterRes, allowed: boolean): Left => ({
    allowed,
    remaining: Math.max(0, remainingPoints),
    reset: Math.ceil(msBeforeNext / 1000),
  });
  return {
    ...{ points, seconds },
    take: (key) =>
      limiter.consume(key).then((state) => left(state, true), (state) => {
        if (state instanceof RateLimiterRes) return left(state, false);
        throw state;
      }),
  };
}
