import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";

/** Counts attempts per key; a key with too many has to wait. */
export interface Limit {
  /**
   * Counts one attempt before it is made, so that many at the same moment are no more than one after the other.
   *
   * @returns the seconds to wait where there were too many already; 0 when it may go ahead
   */
  take(key: string): Promise<number>;
  /** Gives one attempt back: it was none to be counted. */
  giveBack(key: string): Promise<void>;
  /** Forgets a key's attempts. */
  forget(key: string): Promise<void>;
}

/** At most `points` attempts within `seconds`, kept in memory. */
export function limit(points: number, seconds: number): Limit {
  const limiter = new RateLimiterMemory({ points, duration: seconds });
  return {
    take: (key) =>
      limiter.consume(key).then(() => 0, (state) => {
        if (state instanceof RateLimiterRes) return Math.ceil(state.msBeforeNext / 1000);
        throw state;
      }),
    async giveBack(key) {
      await limiter.reward(key);
    },
    async forget(key) {
      await limiter.delete(key);
    },
  };
}

/** No limit at all. */
export const unlimited: Limit = {
  take: () => Promise.resolve(0),
  giveBack: () => Promise.resolve(),
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
