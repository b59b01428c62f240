import type { Sql } from "../../db/types.ts";
import type { Actor } from "../permissions.ts";
import { exportReservations } from "./reservations.ts";
import { exportResources } from "./resources.ts";
import type { Kind } from "./staging.ts";
import { exportUsers } from "./users.ts";

const EXPORTS: Record<
  Kind,
  (sql: Sql, actor: Actor, now: Temporal.Instant) => AsyncGenerator<string[][]>
> = {
  resources: exportResources,
  users: exportUsers,
  reservations: exportReservations,
};

/**
 * Everything of one kind that the actor may export, as an import reads it: rows of cells, batch by batch, the names of
 * the columns first.
 *
 * @throws {Forbidden}
 */
export function exportAll(
  sql: Sql,
  actor: Actor,
  kind: Kind,
  now: Temporal.Instant,
): AsyncGenerator<string[][]> {
  return EXPORTS[kind](sql, actor, now);
}
