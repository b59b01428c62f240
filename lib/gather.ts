import { setImmediate } from "node:timers";

interface Limits {
  /** So many groups are on their way at once. */
  lanes: number;
  /** So many go together at most. */
  seats: number;
}

interface Passenger<In, Out> {
  one: In;
  arrived: PromiseWithResolvers<Out>;
}

/**
 * So often everything else that is ready has its turn before a lane that was free is taken: microseconds where there is
 * nothing, and where many came to the program at the same moment they all are here by then.
 */
const TURNS = 3;

/** A group of so few is never made smaller: what it takes to carry one hardly depends on how few are in it. */
const FEW = 4;

/**
 * Lets things be done together where many want the same done at once. Whoever finds a lane free goes as soon as the
 * program has nothing else to do, and never waits for company that is not on its way; whoever comes while all lanes are
 * taken goes with others who did, as soon as one is free. Not with all of them, but with half of those that are about,
 * the ones who have just arrived among them: while these are on their way the program has the others to see to. Else
 * it and the lane would take turns in waiting for each other, one of them with everybody at a time.
 *
 * @param carry does it for a group, and answers for each in the same order; what it throws is thrown to all of them
 * @returns does it for one
 */
export function gather<In, Out>(
  carry: (group: In[]) => Promise<(Out | Promise<Out>)[]>,
  { lanes, seats }: Limits,
): (one: In) => Promise<Out> {
  const waiting: Passenger<In, Out>[] = [];
  let taken = 0;

  async function depart(arriving: number): Promise<void> {
    if (waiting.length === 0) return void taken--;
    const half = Math.ceil((waiting.length + arriving) / 2);
    const group = waiting.splice(0, Math.min(seats, Math.max(half, FEW)));
    const [outcome] = await Promise.allSettled([Promise.try(carry, group.map(({ one }) => one))]);
    // The next are on their way before anybody turns to what has arrived.
    void depart(group.length);
    for (const [i, { arrived }] of group.entries()) {
      if (outcome.status === "fulfilled") arrived.resolve(outcome.value[i]);
      else arrived.reject(outcome.reason);
    }
  }

  function board(turns: number): void {
    if (turns === 0) void depart(0);
    else setImmediate(() => board(turns - 1));
  }

  return (one) => {
    const arrived = Promise.withResolvers<Out>();
    waiting.push({ one, arrived });
    if (taken < lanes) {
      taken++;
      board(TURNS);
    }
    return arrived.promise;
  };
}
