import { quantile } from "../../bench/numbers.ts";
import type { Sql } from "../../db/types.ts";
import { type Path, PATHS, type Walk } from "./paths.ts";

/** What one path costs in a grown house, and what the same costs in the smallest at the same time. */
export interface Cost {
  path: string;
  /** Milliseconds, of the fastest quarter the slowest: what others do on the machine at the time is not in it. */
  time: number;
  timeInSmallest: number;
  /** Rows that were read for it from tables that grow with the years. */
  rows: number;
  rowsInSmallest: number;
  /** Tables that grow with the years and were read from one end to the other. */
  scanned: string[];
}

/** They grow with the years. */
const GROWING = ["reservations", "allocations", "history", "outbox"];

/** Somewhere to walk, all but the number of the walk. */
export type House = Omit<Walk, "number">;

/** How often each path is walked, how the walks are numbered, and which figures are not believed at once. */
export interface Walking {
  rounds: number;
  /** Gives out numbers, none of them twice; a walk through both houses has one. */
  number: () => number;
  paths?: readonly Path[];
  /** Whether a path seems to cost more than it may: it is walked as often again before that is believed. */
  inDoubt?: (cost: Cost) => boolean;
}

/** What is in doubt is walked so many times as often at most: what grows still does, a moment of the machine is over. */
const MOST_BUNCHES = 4;

/** What each path costs in both houses. They take turns, so that a slow moment of the machine meets both. */
export async function measure(smallest: House, grown: House, walking: Walking): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (const path of walking.paths ?? PATHS) costs.push(await costOf(path, smallest, grown, walking));
  return costs;
}

async function costOf(
  path: Path,
  smallest: House,
  grown: House,
  { rounds, number, inDoubt = () => false }: Walking,
): Promise<Cost> {
  // The first walks plan their statements and bring what they need into memory.
  await walkBoth(10);
  const rows = await rowsInBoth();
  const [times, timesInSmallest]: [number[], number[]] = [[], []];
  let cost: Cost;
  let bunches = 0;
  do {
    for (const [inSmallest, inGrown] of await walkBoth(rounds)) {
      timesInSmallest.push(inSmallest);
      times.push(inGrown);
    }
    cost = { path: path.name, time: typical(times), timeInSmallest: typical(timesInSmallest), ...rows };
  } while (++bunches < MOST_BUNCHES && inDoubt(cost));
  return cost;

  async function walkBoth(rounds: number): Promise<[number, number][]> {
    const taken: [number, number][] = [];
    for (let round = 0; round < rounds; round++) {
      // The same of both: the slot of a number is that of a resource, and not each has as many rules.
      const turn = number();
      taken.push([
        await timed(path, { ...smallest, number: turn }),
        await timed(path, { ...grown, number: turn }),
      ]);
    }
    return taken;
  }

  async function rowsInBoth() {
    const turn = number();
    const { rows: rowsInSmallest } = await rowsRead(path, { ...smallest, number: turn });
    return { ...await rowsRead(path, { ...grown, number: turn }), rowsInSmallest };
  }
}

const typical = (times: number[]) => quantile(times, 0.25);

async function timed(path: Path, walk: Walk): Promise<number> {
  const started = performance.now();
  await path.walk(walk);
  return performance.now() - started;
}

async function rowsRead(path: Path, walk: Walk): Promise<Pick<Cost, "rows" | "scanned">> {
  return await walk.sql.begin(async (tx) => {
    // What this connection has read before may not have been handed over yet.
    const soFar = () =>
      tx<{ name: string; rows: number; scans: number }[]>`
        select relname as name, (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as rows, seq_scan::int as scans
        from pg_stat_xact_user_tables where relname = any(${GROWING}) order by relname`;
    const before = await soFar();
    await path.walk({ ...walk, sql: tx as unknown as Sql });
    const after = await soFar();
    const scanned = after.filter(({ scans }, i) => scans > before[i].scans);
    return {
      rows: after.reduce((sum, { rows }, i) => sum + rows - before[i].rows, 0),
      scanned: scanned.map(({ name }) => name),
    };
  });
}
