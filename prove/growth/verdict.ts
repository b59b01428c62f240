import type { Cost } from "./measure.ts";
import { PATHS } from "./paths.ts";

/** One size of the house, and what its paths cost. */
export interface Size {
  past: number;
  resources: number;
  costs: Cost[];
}

/** So many times as long may a path take, and as many rows may it read, as in the smallest house. */
export const MOST = 1.25;
/** Below this a difference in time is the machine's, in milliseconds. */
const NOISE_MS = 0.3;
/** … and a difference in rows that of where a page of the database ends. */
const NOISE_ROWS = 10;

/** How many times as much a path costs, in time and in rows. */
export function growthOf(
  { time, timeInSmallest, rows, rowsInSmallest }: Cost,
): { time: number; rows: number } {
  return { time: time / timeInSmallest, rows: rows / Math.max(1, rowsInSmallest) };
}

/** What grows although nothing says that it may, in words. */
export function wrongWith({ past, resources, costs }: Size, smallest: { resources: number }): string[] {
  return costs.flatMap((cost) => {
    const { mayGrow } = PATHS.find(({ name }) => name === cost.path)!;
    const allowed = MOST * (mayGrow ? resources / smallest.resources : 1);
    const growth = growthOf(cost);
    const where = `“${cost.path}” with ${past} past reservations and ${resources} resources`;
    return [
      ...growth.time > allowed && cost.time - cost.timeInSmallest > NOISE_MS
        ? [`${where} takes ${growth.time.toFixed(2)} times as long`]
        : [],
      ...growth.rows > allowed && cost.rows - cost.rowsInSmallest > NOISE_ROWS
        ? [`${where} reads ${growth.rows.toFixed(2)} times as many rows`]
        : [],
      ...cost.scanned.map((table) => `${where} reads all of ${table}`),
    ];
  });
}
