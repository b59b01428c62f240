import type { Cost } from "./measure.ts";
import { PATHS } from "./paths.ts";

/** One size of the house, and what its paths cost. */
export interface Size {
  past: number;
  resources: number;
  costs: Cost[];
}

type Wide = Pick<Size, "resources">;

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
  return { time: time / timeInSmallest, rows: Math.max(1, rows) / Math.max(1, rowsInSmallest) };
}

/** What takes longer or reads more although nothing says that it may, in words. */
export function wrongWith(size: Size, smallest: Wide): string[] {
  return size.costs.flatMap((cost) => {
    const { time } = growthOf(cost);
    return [
      ...isSlow(cost, size, smallest) ? [`${where(cost, size)} takes ${time.toFixed(2)} times as long`] : [],
      ...readsMore(cost, size, allowedFor(cost, size, smallest)),
    ];
  });
}

/** Whether a path takes longer than it may. */
export function isSlow(cost: Cost, size: Wide, smallest: Wide): boolean {
  return growthOf(cost).time > allowedFor(cost, size, smallest) && cost.time - cost.timeInSmallest > NOISE_MS;
}

/** The same of the rows alone, which are the same on a machine that is busy. */
export function wrongWithRows(size: Size, smallest: Wide): string[] {
  return size.costs.flatMap((cost) => readsMore(cost, size, allowedFor(cost, size, smallest)));
}

function readsMore(cost: Cost, size: Size, allowed: number): string[] {
  const { rows } = growthOf(cost);
  const more = rows > allowed && cost.rows - cost.rowsInSmallest > NOISE_ROWS;
  return [
    ...more ? [`${where(cost, size)} reads ${rows.toFixed(2)} times as many rows`] : [],
    ...cost.scanned.map((table) => `${where(cost, size)} reads all of ${table}`),
  ];
}

function allowedFor({ path }: Cost, { resources }: Wide, smallest: Wide): number {
  const { mayGrow } = PATHS.find(({ name }) => name === path)!;
  return MOST * (mayGrow ? resources / smallest.resources : 1);
}

function where({ path }: Cost, { past, resources }: Size): string {
  return `“${path}” with ${past} past reservations and ${resources} resources`;
}
