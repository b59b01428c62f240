import type { Answers } from "./arrivals.ts";

/** The slowest of a hundred may take so long, in milliseconds. */
export const LIMIT_MS = 250;
/** So much may the memory of the last third of a soak be above that of the first. */
export const FLAT = 1.1;

/** Whether a rate is held: everybody was served, and the slowest of a hundred in time. */
export function holds({ asked, good, p99 }: Answers): boolean {
  return good === asked && p99 <= LIMIT_MS;
}

/** What is not as it is claimed of those who came at twice the rate that can be held, in words; none where all is. */
export function wrongWithOverload(over: Answers, held: { rate: number; seconds: number }): string[] {
  const served = over.good / held.seconds;
  return [
    ...over.wrong > 0 ? [`${over.wrong} were answered neither with what they asked for nor with 503`] : [],
    ...over.turnedAway === 0 ? ["nobody was turned away at twice the rate that can be held"] : [],
    ...served < held.rate / 2
      ? [`only ${served.toFixed(0)} a second were served at twice the rate that can be held`]
      : [],
    ...over.p99 > 4 * LIMIT_MS
      ? [
        `the slowest of a hundred served took ${
          over.p99.toFixed(0)
        } ms: turning away did not keep the queue short`,
      ]
      : [],
  ];
}

/** One look at what the processes keep in memory, in MB. */
export interface Memory {
  /** Seconds from the begin of the soak. */
  at: number;
  server: number;
  database: number;
}

/** How many times the memory of the first third that of the last is. */
export function growthOf(memory: readonly Memory[], of: "server" | "database"): number {
  const third = Math.floor(memory.length / 3);
  const mean = (part: readonly Memory[]) => part.reduce((sum, one) => sum + one[of], 0) / part.length;
  return mean(memory.slice(-third)) / mean(memory.slice(0, third));
}

/** What is not as it is claimed of a soak. */
export function wrongWithSoak(minutes: readonly Answers[], memory: readonly Memory[]): string[] {
  const failed = minutes.reduce((sum, { asked, good }) => sum + asked - good, 0);
  const slow = minutes.filter(({ p99 }) => p99 > LIMIT_MS).length;
  const grown = (["server", "database"] as const).flatMap((of) => {
    const growth = growthOf(memory, of);
    return growth > FLAT ? [`the memory of the ${of} grew ${growth.toFixed(2)} times`] : [];
  });
  return [
    ...failed > 0 ? [`${failed} were not served at half of the rate that can be held`] : [],
    ...slow > minutes.length / 10
      ? [`p99 was above ${LIMIT_MS} ms in ${slow} of ${minutes.length} parts`]
      : [],
    ...grown,
  ];
}
