import type { Db } from "../db/types.ts";

/** Where a reservation may be, as far as who asked for it was told. */
export interface State {
  status: "approved" | "cancelled";
  resource_id: string;
  start_time: string;
}

/** What one client knows of one reservation of its own. */
export interface Entry {
  /** Its purpose: nobody else's. */
  mark: string;
  id?: string;
  /** What was acknowledged last; none: nothing was. */
  state?: State;
  /** Where it may be as well: a step was asked for, and no answer came. */
  doubtful?: State;
  /** How many steps were acknowledged. */
  steps: number;
  /** What was answered last. */
  told?: string;
}

/** What the clients were told, beside what is stored. */
export interface Balance {
  acknowledged: number;
  /** Steps that were acknowledged and are not stored. */
  lost: string[];
  /** Steps that no answer came for. */
  unanswered: number;
  /** Those of them that are stored all the same: whether they are, nobody was told. */
  unknown: number;
  /** Reservations with fewer or more lines of history than they had steps. */
  gaps: string[];
  /** What nobody asked for, or asked for once and is there twice. */
  strange: string[];
}

interface Stored {
  mark: string;
  status: string;
  resource_id: string;
  start_time: Temporal.Instant;
  steps: number;
}

/** Compares what was acknowledged with what is stored. */
export async function balance(db: Db, entries: Iterable<Entry>, prefix: string): Promise<Balance> {
  const rows = await db<Stored[]>`
    select v.purpose as mark, v.status, a.resource_id, v.start_time,
      (select count(*)::int from history h where h.reservation_id = v.id) as steps
    from reservations v join allocations a on a.reservation_id = v.id
    where v.purpose like ${`${prefix}%`}`;
  const stored = Map.groupBy(rows, ({ mark }) => mark);
  const found: Balance = { acknowledged: 0, lost: [], unanswered: 0, unknown: 0, gaps: [], strange: [] };
  for (const entry of entries) {
    compare(entry, stored.get(entry.mark) ?? [], found);
    stored.delete(entry.mark);
  }
  for (const mark of stored.keys()) found.strange.push(`${mark} was never asked for`);
  return found;
}

function compare({ mark, state, doubtful, steps, told }: Entry, [row, ...more]: Stored[], found: Balance) {
  found.acknowledged += steps;
  if (doubtful) found.unanswered++;
  if (more.length > 0) found.strange.push(`${mark} is there ${more.length + 1} times`);
  if (!row) {
    if (state) found.lost.push(`${mark}: acknowledged, and not there`);
    return;
  }
  const doubt = doubtful !== undefined && isAt(row, doubtful) && (!state || !isAt(row, state));
  if (doubt) found.unknown++;
  else if (!state) found.strange.push(`${mark} was refused, and is there; last told: ${told}`);
  else if (!isAt(row, state)) {
    found.lost.push(
      `${mark}: ${state.status} was acknowledged, and it is ${row.status}${
        isMoved(row, state) ? " elsewhere" : ""
      }; last told: ${told}`,
    );
  }
  const expected = steps + (doubt ? 1 : 0);
  if (row.steps !== expected) {
    found.gaps.push(`${mark}: ${expected} steps, ${row.steps} in its history; last told: ${told}`);
  }
}

function isMoved(row: Stored, state: State): boolean {
  return row.status === state.status && !isAt(row, state);
}

function isAt({ status, resource_id, start_time }: Stored, state: State): boolean {
  return status === state.status && resource_id === state.resource_id &&
    Temporal.Instant.compare(start_time, Temporal.Instant.from(state.start_time)) === 0;
}
