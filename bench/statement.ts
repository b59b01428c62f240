import type { Sql } from "../db/types.ts";
import type { Actor } from "../domain/permissions.ts";
import type { Rules } from "../domain/policies.ts";
import { entryOf, write } from "../domain/storing.ts";
import type { Slot } from "./slots.ts";

/**
 * The very statement that stores a reservation, for one that is written by itself, with nothing of the domain before it
 * and nothing after it: what one is measured by that comes over HTTP.
 */
export function storeBare(
  sql: Sql,
  actor: Actor,
  { resource_id, ...period }: Slot,
  rules: Rules,
  now: Temporal.Instant,
) {
  const wish = { resource_ids: [resource_id], ...period, purpose: "Bench", requester_id: actor.id };
  return write(sql, [entryOf(actor, wish, [rules], { id: actor.id, groups: [] }, now)]);
}
