import type postgres from "postgres";
import { tellsOfLoss } from "./lost.ts";
import type { Db, Sql } from "./types.ts";

/** A download may last this long; then the database ends it. */
const LONGEST = "10min";
const BATCH = 500;

/**
 * The rows of a query in batches: the database hands over the next one when the last is gone, so that no more than
 * one is in memory. It takes a connection for as long as it lasts.
 */
export async function* batchesOf<T extends postgres.Row>(
  sql: Sql,
  query: (db: Db) => postgres.PendingQuery<T[]>,
): AsyncGenerator<T[]> {
  const connection = await sql.reserve();
  let lost = false;
  try {
    await connection`select set_config('statement_timeout', ${LONGEST}, false)`;
    yield* query(connection).cursor(BATCH) as AsyncIterable<T[]>;
  } catch (error) {
    lost = tellsOfLoss(error);
    throw error;
  } finally {
    // On a connection that is gone the driver would never answer this.
    if (!lost) await connection`reset statement_timeout`.catch(() => {});
    connection.release();
  }
}
