import postgres from "postgres";
import { openPool } from "./pool.ts";
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
  /** How many seconds a connection lives before it is renewed; each of the pool is given its own. */
  lifetime?: () => number;
  /** Called with each statement sent, so that a test can count them. */
  onStatement?: (statement: string) => void;
  /** Called when one of its connections has ended, for whatever reason. */
  onClose?: () => void;
}

const TIMESTAMPTZ = 1184;
const MINUTE = 60;

/**
 * Opens a pool. Instants go in and come out as `Temporal.Instant` (microseconds kept); no statement may run
 * longer than 15 seconds, where nothing else is said, and no transaction may stay idle longer than 30.
 */
export function connect(
  where: Where,
  { max = 20, name = "holdfast", patience = 15_000, lifetime = aWhile, onStatement, onClose }:
    ConnectOptions = {},
): Sql {
  const options: postgres.Options<Record<string, postgres.PostgresType>> = {
    max: 1,
    connect_timeout: 10,
    // The driver's own pauses grow to 20 seconds, which a request would wait although the database is back long since.
    backoff: (failures) => Math.min(failures * 0.05, 0.5),
    // The driver asks for each of its connections; its types know numbers only.
    max_lifetime: lifetime as unknown as number,
    connection: {
      application_name: name,
      TimeZone: "UTC",
      statement_timeout: patience,
      idle_in_transaction_session_timeout: 30_000,
    },
    onnotice: () => {},
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
  const open = (onEnd: () => void) => {
    const one = { ...options, onclose: () => (onEnd(), onClose?.()) };
    return typeof where === "string" ? postgres(where, one) : postgres({ ...where, ...one });
  };
  return openPool(open, max) as unknown as Sql satisfies postgres.Sql<Types>;
}

/**
 * From five to ten minutes. A process of PostgreSQL grows as it gets older: whenever the tables have been analysed, it
 * plans all that it has prepared anew, and where the plans before stood, its heap has holes. What it has in use stays
 * the same (6.6 MB after 32 times), what it takes from the system was 6.8 MB before the first of them and from 9 to 11
 * MB after it, without falling back; settings of the allocator do not help. The driver's own half an hour to an hour
 * lets all of a pool get there together. To renew one costs 0.1 s of a processor, and whoever is first on it 50 ms:
 * so they are not renewed more often, nor all at once, nor closed where they are idle for a moment only.
 */
function aWhile(): number {
  return (5 + Math.random() * 5) * MINUTE;
}
