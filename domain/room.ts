import { freeWithin, merged, type Period } from "./periods.ts";

/** How many units are free over a period. */
export interface Count extends Period {
  free_units: number;
}

/** What is taken of each unit that is taken at all. */
type Taken = readonly (readonly Period[])[];

/** How many of `units` are free when, in order and without gaps within a window. */
export function countsWithin(window: Period, taken: Taken, units: number): Count[] {
  const lists = taken.map(merged);
  const edges = lists.flat().flatMap(({ start_time, end_time }) => [start_time, end_time])
    .filter((edge) => isBefore(window.start_time, edge) && isBefore(edge, window.end_time));
  const moments = [window.start_time, ...edges, window.end_time].sort(Temporal.Instant.compare);
  const found: Count[] = [];
  // Each list is in order: what has passed of it is not looked at again.
  const places = lists.map(() => 0);
  for (const [index, start_time] of moments.slice(0, -1).entries()) {
    const end_time = moments[index + 1];
    if (!isBefore(start_time, end_time)) continue;
    let busy = 0;
    for (const [i, list] of lists.entries()) {
      while (places[i] < list.length && !isBefore(start_time, list[places[i]].end_time)) places[i]++;
      if (places[i] < list.length && !isBefore(start_time, list[places[i]].start_time)) busy++;
    }
    const free_units = units - busy;
    const last = found.at(-1);
    if (last?.free_units === free_units) last.end_time = end_time;
    else found.push({ start_time, end_time, free_units });
  }
  return found;
}

/**
 * The stretches of a window over the whole of which as many units are free as are wanted, each as long as can be; they
 * may overlap. Whoever asks gets the same units for the whole time, so it is not enough that at each moment some are.
 */
export function roomFor(
  window: Period,
  taken: Taken,
  { units, quantity }: { units: number; quantity: number },
) {
  // One that is not taken at all stands for all such, as far as they are wanted.
  const empty = Array.from({ length: Math.min(quantity, units - taken.length) }, () => []);
  const free = [...taken, ...empty].flatMap((busy) => freeWithin(window, busy));
  if (quantity === 1) return free;
  const starts = new Map(free.map(({ start_time }) => [start_time.epochNanoseconds, start_time]));
  return [...starts.values()].flatMap((start_time): Period[] => {
    const ends = free.flatMap((one) =>
      !isBefore(start_time, one.start_time) && isBefore(start_time, one.end_time) ? [one.end_time] : []
    ).sort((a, b) => Temporal.Instant.compare(b, a));
    return ends.length < quantity ? [] : [{ start_time, end_time: ends[quantity - 1] }];
  });
}

const isBefore = (one: Temporal.Instant, other: Temporal.Instant) => Temporal.Instant.compare(one, other) < 0;
