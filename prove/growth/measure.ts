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

/**
 * What each path costs in both houses. They take turns, so that a slow moment of the machine meets both.
 *
 * @param number gives out numbers, none of them twice; a walk through both houses has one
 */
export async function measure(
  smallest: House,
  grown: House,
  { rounds, number, paths = PATHS }: { rounds: number; number: () => number; paths?: readonly Path[] },
): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (const path of paths) {
    const [times, timesInSmallest]: [number[], number[]] = [[], []];
    // The first walks plan their statements and bring what they need into memory.
    for (let round = -10; round < rounds; round++) {
      // The same of both: the slot of a number is that of a resource, and not each has as many rules.
      const turn = number();
      for (const [house, kept] of [[smallest, timesInSmallest], [grown, times]] as const) {
        const taken = await timed(path, { ...house, number: turn });
        if (round >= 0) kept.push(taken);
      }
    }
    const turn = number();
    const read = await rowsRead(path, { ...grown, number: turn });
    costs.push({
      path: path.name,
      ...{ time: typical(times), timeInSmallest: typical(timesInSmallest), ...read },
      rowsInSmallest: (await rowsRead(path, { ...smallest, number: turn })).rows,
    });
  }
  return costs;
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
