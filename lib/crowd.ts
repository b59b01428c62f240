/** Who is let in where more come than can be served. */
export interface Crowd {
  /** Whether one more is let in; then `leave` is due when they are done. */
  enter(): boolean;
  leave(): void;
}

/**
 * Keeps a queue from standing. A rush that is served within `patience` is let in whole, however many come at once; where
 * there has been no moment with fewer than `room` inside for longer than that, more come than can be served, and each
 * further one would make all wait longer: they are turned away until there is room. (The idea of CoDel, RFC 8289:
 * not how long a queue is tells overload, but how long it has not been short.)
 *
 * @param patience in milliseconds
 * @param most so many are inside at once and no more, also in a rush
 */
export function crowd(
  { room, patience, most }: { room: number; patience: number; most: number },
  clock: () => number = () => performance.now(),
): Crowd {
  let inside = 0;
  let crowdedSince: number | undefined;
  return {
    enter() {
      const stands = crowdedSince !== undefined && clock() - crowdedSince > patience;
      if (stands || inside >= most) return false;
      inside++;
      if (inside >= room) crowdedSince ??= clock();
      return true;
    },
    leave() {
      inside--;
      if (inside < room) crowdedSince = undefined;
    },
  };
}
