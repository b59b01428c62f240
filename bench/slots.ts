/** Slots that nobody has: numbered, so that every run can be given its own. */
export interface Slots {
  resources: string[];
  /** Where they begin, well after the last reservation. */
  from: string;
}

export interface Slot {
  resource_id: string;
  start_time: Temporal.Instant;
  end_time: Temporal.Instant;
}

const MINUTES = 30;

/** From when on nothing is taken in the house that `fill` makes. */
export const farAhead = () => Temporal.Now.instant().round("hour").add({ hours: 24 * 200 }).toString();

/** The slot of a number: neighbours in number are neighbours in the house, not in time. */
export function slotOf({ resources, from }: Slots, number: number): Slot {
  const step = Math.floor(number / resources.length);
  const start_time = Temporal.Instant.from(from).add({ minutes: step * MINUTES });
  return {
    resource_id: resources[number % resources.length],
    start_time,
    end_time: start_time.add({ minutes: MINUTES }),
  };
}

/** Gives out numbers, none of them twice. */
export function numberSlots(): (count: number) => number {
  let next = 0;
  return (count) => (next += count) - count;
}
