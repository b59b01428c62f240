import type { Lane } from "../domain/schedule.ts";
import type { Day } from "./grid.ts";

/** How much of a resource's day is taken. */
export interface Load {
  /** How many reservations touch the day. */
  reservations: number;
  mine: number;
  /** The share of the usual hours, of all units, that is taken: 0 to 1. */
  share: number;
  closed: boolean;
}

/** What counts as a whole day: the hours that a schedule shows of a day without anything at its edges. */
const USUAL_HOURS = 13;

/** The load of one day of a resource, of what holds its time. */
export function loadOf(lane: Lane, day: Day): Load {
  const today = lane.blocks.filter((block) => block.to > day.from && block.from < day.to);
  const closures = today.filter(({ status }) => status === "closed");
  const reservations = today.filter(({ status }) => status !== "closed" && status !== "offered");
  const held = reservations.filter(({ holds, status }) => holds || status === "completed")
    .reduce((sum, { from, to }) => sum + Math.min(to, day.to) - Math.max(from, day.from), 0);
  return {
    reservations: reservations.length,
    mine: reservations.filter(({ mine }) => mine).length,
    share: Math.min(1, held / (lane.units * USUAL_HOURS * 3_600_000)),
    closed: closures.length > 0,
  };
}

/** A load in figures, and as a bar that says no more than they do. */
export function LoadCell({ load }: { load: Load }) {
  const { reservations, mine, share, closed } = load;
  if (reservations === 0) {
    return closed ? <span class="load">closed</span> : <span class="load none">free</span>;
  }
  return (
    <span class="load">
      {closed && "closed, "}
      {reservations} <span class="w">{reservations === 1 ? "reservation" : "reservations"}</span>
      {mine > 0 && `, ${mine} mine`} <meter value={share.toFixed(2)} aria-hidden="true"></meter>
      {Math.round(share * 100)}% <span class="w">taken</span>
    </span>
  );
}
