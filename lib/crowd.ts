/** Who is let in where more come than can be served. */
export interface Crowd {
  /** Whether one more is let in; then `leave` is due when they are done. */
  enter(): boolean;
  leave(): void;
}

interface Limits {
  /** So many are let in at any time. */
  room: number;
  /** So long a queue may stand, in milliseconds, before further ones are turned away. */
  patience: number;
  /** So many are inside at once and no more, also in a rush. */
  most: number;
}

/** Time as the program has it: what the clock shows, and when it comes to what is next. @returns how to call that off */
export interface Turns {
  clock(): number;
  soon(work: () => void): () => void;
}

const TURNS: Turns = {
  clock: () => performance.now(),
  soon(work) {
    const timer = setTimeout(work, 0);
    return () => clearTimeout(timer);
  },
};

/**
 * Keeps a queue from standing. A rush that is served within `patience` is let in whole, however many come at once. It
 * is not how long a queue is that tells of more than can be served, but how long it has not been short (the idea of
 * CoDel, RFC 8289). It stands here in two places: before the database, where there has been no moment with fewer than
 * `room` inside for too long; and before the program itself, where it takes too long to come to what is next. Each
 * further one would make all wait longer: they are turned away until there is room.
 */
export function crowd({ room, patience, most }: Limits, { clock, soon }: Turns = TURNS): Crowd {
  let inside = 0;
  let crowdedSince: number | undefined;
  let delay = 0;
  let asked: { at: number; callOff: () => void } | undefined;

  function measureDelay() {
    if (asked) return;
    const at = clock();
    const callOff = soon(() => {
      delay = clock() - at;
      asked = undefined;
    });
    asked = { at, callOff };
  }
  const isLong = (since: number | undefined) => since !== undefined && clock() - since > patience;

  return {
    enter() {
      const tooMany = inside >= most || delay > patience || isLong(asked?.at) || isLong(crowdedSince);
      if (inside >= room && tooMany) return false;
      inside++;
      if (inside >= room) crowdedSince ??= clock();
      measureDelay();
      return true;
    },
    leave() {
      inside--;
      if (inside < room) crowdedSince = undefined;
      if (inside > 0) return;
      asked?.callOff();
      asked = undefined;
      delay = 0;
    },
  };
}
