import type { Block, Lane } from "../domain/schedule.ts";

/** A day on the wall clock of a zone: positions are minutes from its midnight. */
export interface Day {
  date: Temporal.PlainDate;
  zone: string;
  /** The bounds of the day, in milliseconds of the epoch. */
  from: number;
  to: number;
}

/** One cell of a timeline, `columns` quarters of an hour wide. */
export type Cell =
  | { kind: "gap"; columns: number }
  | { kind: "free"; columns: number; from: number; to: number }
  | {
    kind: "block";
    columns: number;
    from: number;
    to: number;
    block: Block;
    goesOn: boolean;
    began: boolean;
  };

/** The hours that a timeline shows, from midnight. */
export interface Hours {
  first: number;
  last: number;
}

/** What is shown of a day that has nothing before or after. */
export const OFFICE: Hours = { first: 7, last: 20 };

const QUARTER = 15;

export function dayOf(date: Temporal.PlainDate, zone: string): Day {
  const from = date.toZonedDateTime(zone).epochMilliseconds;
  const to = date.add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds;
  return { date, zone, from, to };
}

/** Minutes from the day's midnight on the clock of its zone, 0 to 1440: what lies outside is cut to the edge. */
export function wallMinutes(day: Day, at: number): number {
  if (at <= day.from) return 0;
  if (at >= day.to) return 1440;
  // Where no clock is changed that day, a division does; most days are such, and pages have hundreds of these.
  if (day.to - day.from === 86_400_000) return Math.floor((at - day.from) / 60_000);
  const wall = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(day.zone);
  return wall.hour * 60 + wall.minute;
}

/** The hours that show at least a part of every block, and never less than the usual ones. */
export function hoursFor(rows: readonly { day: Day; blocks: readonly Block[] }[]): Hours {
  let { first, last } = OFFICE;
  for (const { day, blocks } of rows) {
    for (const block of blocks) {
      first = Math.min(first, Math.floor((wallMinutes(day, block.to) - 1) / 60));
      last = Math.max(last, Math.ceil((wallMinutes(day, block.from) + 1) / 60));
    }
  }
  return { first: Math.max(0, first), last: Math.min(24, last) };
}

/**
 * One day of one resource as rows of cells. Blocks that overlap (other units, or requests that compete) lie in rows
 * of their own; a resource with units to spare has a row more. What is free from `now` on is a cell of its own.
 */
export function cellsOf(lane: Lane, day: Day, hours: Hours, now: number): Cell[][] {
  const { first, last } = hours;
  const today = lane.blocks.filter((block) => block.to > day.from && block.from < day.to);
  const stacked = stack(today);
  const spare = stacked.length === 0 || stacked.length < lane.units && today.length > 0;
  if (spare) stacked.push([]);
  // Where a closure is, it has every unit that nobody else has: nothing beside it is free; nor beside a part that is taken.
  const closed = today.filter((block) => block.status === "closed" || block.part && block.holds)
    .map(({ from, to }): Stretch => [wallMinutes(day, from), wallMinutes(day, to)]);
  const past = wallMinutes(day, Math.max(now, day.from));
  const open = lane.deactivated || past >= 1440 && now > day.from
    ? last * 60
    : Math.ceil(past / QUARTER) * QUARTER;
  const frame = { day, first: first * 60, last: last * 60, closed };
  const rows = stacked.map((row, index) => fill(row, frame, open, index < lane.units));
  const nothing = spare && rows.length > 1 && closed.length > 0 &&
    rows.at(-1)!.every(({ kind }) => kind === "gap");
  return nothing ? rows.slice(0, -1) : rows;
}

type Stretch = [from: number, to: number];

// The first row in which a block finds its time empty; holding ones first, so that they lie on top.
function stack(blocks: readonly Block[]): Block[][] {
  const rows: Block[][] = [];
  const order = [...blocks].sort((a, b) => Number(b.holds) - Number(a.holds) || a.from - b.from);
  for (const block of order) {
    const row = rows.find((row) => row.every((other) => other.to <= block.from || other.from >= block.to));
    if (row) row.push(block);
    else rows.push([block]);
  }
  return rows.map((row) => row.sort((a, b) => a.from - b.from));
}

interface Frame {
  day: Day;
  /** Minutes from midnight. */
  first: number;
  last: number;
  closed: readonly Stretch[];
}

function fill(
  row: readonly Block[],
  { day, first, last, closed }: Frame,
  open: number,
  reservable: boolean,
): Cell[] {
  const cells: Cell[] = [];
  let at = first;
  const gap = (to: number) => {
    const edge = Math.min(Math.max(at, open), to);
    if (edge > at) cells.push({ kind: "gap", columns: (edge - at) / QUARTER });
    for (const [from, until, free] of pieces(edge, to, closed)) {
      const columns = (until - from) / QUARTER;
      cells.push(reservable && free ? { kind: "free", columns, from, to: until } : { kind: "gap", columns });
    }
    at = to;
  };
  row.forEach((block, index) => {
    const from = wallMinutes(day, block.from);
    const to = wallMinutes(day, block.to);
    // Every later block still needs a quarter of its own.
    const room = last - (row.length - index) * QUARTER;
    const start = Math.min(Math.max(at, Math.min(toQuarter(from), last - QUARTER)), room);
    const end = Math.min(Math.max(start + QUARTER, toQuarter(to)), room + QUARTER);
    if (start > at) gap(start);
    cells.push({
      kind: "block",
      columns: (end - start) / QUARTER,
      from,
      to,
      block,
      began: block.from < day.from,
      goesOn: block.to > day.to,
    });
    at = end;
  });
  if (at < last) gap(last);
  return cells;
}

// What lies between, in order: free, or beside a closure.
function pieces(
  from: number,
  to: number,
  closed: readonly Stretch[],
): [from: number, to: number, free: boolean][] {
  const found: [number, number, boolean][] = [];
  let at = from;
  for (const [begins, ends] of closed.toSorted(([a], [b]) => a - b)) {
    const [start, end] = [Math.max(at, toQuarter(begins)), Math.min(to, toQuarter(ends))];
    if (end <= start) continue;
    if (start > at) found.push([at, start, true]);
    found.push([start, end, false]);
    at = end;
  }
  if (to > at) found.push([at, to, true]);
  return found;
}

const toQuarter = (minutes: number) => Math.round(minutes / QUARTER) * QUARTER;
