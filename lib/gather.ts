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
 * Lets things be done together where many want the same done at once. Whoever finds a lane free goes at once and alone,
 * so nobody ever waits for company; whoever comes while all lanes are taken goes with all others who did, as soon as
 * one is free.
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

  async function depart() {
    const group = waiting.splice(0, seats);
    taken++;
    try {
      const outcomes = await carry(group.map(({ one }) => one));
      for (const [i, { arrived }] of group.entries()) arrived.resolve(outcomes[i]);
    } catch (error) {
      for (const { arrived } of group) arrived.reject(error);
    } finally {
      taken--;
      if (waiting.length > 0) void depart();
    }
  }

  return (one) => {
    const arrived = Promise.withResolvers<Out>();
    waiting.push({ one, arrived });
    if (taken < lanes) void depart();
    return arrived.promise;
  };
}
