import type { Where } from "../db/connect.ts";
import type { Sql } from "../db/types.ts";
import type { Site } from "./fill.ts";
import type { Server } from "./server.ts";

/** How thorough the bench is. */
export interface Effort {
  /** Whoever is compared takes turns, so many times, so that a slow moment of the machine meets all of them. */
  rounds: number;
  /** How long a turn is. */
  seconds: number;
  /** How long everything is run before it is measured. */
  warmUp: number;
  /** How many slots many want at once. */
  contended: number;
  /** How often the server is started. */
  starts: number;
  /** How many past reservations there are where the price of the years is measured. */
  past: number;
}

export const FULL: Effort = { rounds: 5, seconds: 4, warmUp: 3, contended: 20, starts: 3, past: 1_000_000 };
export const QUICK: Effort = { rounds: 1, seconds: 0.5, warmUp: 0.3, contended: 2, starts: 1, past: 30_000 };

/** What every measurement is given. */
export interface Bench {
  effort: Effort;
  site: Site;
  server: Server;
  /** The server's database. */
  where: Where;
  sql: Sql;
  /** Gives out the numbers of slots that are free. */
  slots: (count: number) => number;
  /** Whatever a measurement starts ends with it. */
  ends: AsyncDisposableStack;
}
