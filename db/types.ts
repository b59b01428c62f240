import type postgres from "postgres";

/** How instants travel: `timestamptz` columns are `Temporal.Instant` on both sides. */
// A type, not an interface: postgres.js wants an index signature.
export type Types = { instant: Temporal.Instant };

/** The pool. A command takes it, and opens its one transaction. */
export type Sql = postgres.Sql<Types>;
/** Inside a transaction. A building block takes it, and never opens one. */
export type Tx = postgres.TransactionSql<Types>;
/** Either of them. A query takes it. */
export type Db = postgres.ISql<Types>;
/** Where a command works that may also be a part of a larger one: on its own, or inside a transaction. */
export type Ground = Sql | Tx;
/** A part of a statement, to be put into another. */
export type Fragment = postgres.PendingQuery<postgres.Row[]>;
