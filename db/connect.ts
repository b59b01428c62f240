import postgres from "postgres";
import { watchPool } from "./pool.ts";
import type { Sql, Types } from "./types.ts";

/** Where a PostgreSQL is: an address, or the socket folder of the embedded one. */
export type Where = string | { host: string; port?: number; database: string; username: string };

export interface ConnectOptions {
  /** At most so many connections; they are opened as needed. */
  max?: number;
  /** Shown by `pg_stat_activity`. */
  name?: string;
  /** So long a statement may run, in milliseconds; 0: as long as it takes. */
  patience?: number;
  /** Called with each statement sent, so that a test can count them. */
  onStatement?: (statement: string) => void;
  /** Called when one of its connections has ended, for whatever reason. */
  onClose?: () => void;
}

const TIMESTAMPTZ = 1184;

/**
 * Opens a pool. Instants go in and come out as `Temporal.Instant` (microseconds kept); no statement may run
 * longer than 15 seconds, where nothing else is said, and no transaction may stay idle longer than 30.
 */
export function connect(
  where: Where,
  { max = 20, name = "holdfast", patience = 15_000, onStatement, onClose }: ConnectOptions = {},
): Sql {
  const options: postgres.Options<Record<string, postgres.PostgresType>> = {
    max,
    connect_timeout: 10,
    // The driver's own pauses grow to 20 seconds, which a request would wait although the database is back long since.
    backoff: (failures) => Math.min(failures * 0.05, 0.5),
    connection: {
      application_name: name,
      TimeZone: "UTC",
      statement_timeout: patience,
      idle_in_transaction_session_timeout: 30_000,
    },
    onnotice: () => {},
    onclose: onClose,
    debug: onStatement && ((_connection, statement) => onStatement(statement)),
    types: {
      // The name `date` replaces the driver's own type, which would make a `Date` of every timestamptz.
      date: {
        to: TIMESTAMPTZ,
        from: [TIMESTAMPTZ],
        serialize: (value: unknown) => String(value),
        parse: (text: string) => Temporal.Instant.from(text),
      },
    },
  };
  const sql = typeof where === "string" ? postgres(where, options) : postgres({ ...where, ...options });
  return watchPool(sql, max) as unknown as Sql satisfies postgres.Sql<Types>;
}
