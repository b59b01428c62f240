import type { Db, Sql } from "../db/types.ts";
import { isId } from "../lib/ids.ts";
import { Conflict, rethrow } from "./errors.ts";
import { difference, record } from "./history.ts";
import { freeing } from "./offers.ts";
import { type Actor, permit } from "./permissions.ts";
import {
  getPolicy,
  lockPolicy,
  type NewPolicy,
  rowOf,
  stateOf,
  subjectOf,
  type Trust,
  trust,
} from "./policies.ts";

/**
 * Changes a policy. What is reserved already stays as it is; what is being stored is judged anew, and
 * what the new rules allow is offered at once to who waits for it.
 *
 * @throws {Conflict} where it has another version by now than the one named
 */
export async function changePolicy(
  sql: Sql,
  actor: Actor,
  { id, version, trusts, trusted_groups, ...input }: NewPolicy & Trust & { id: string; version?: number },
  now: Temporal.Instant,
): Promise<void> {
  permit(actor, "manage_resources");
  await freeing(sql, await following(sql, id), async (tx) => {
    const before = await lockPolicy(tx, id);
    if (version !== undefined && version !== before.version) {
      throw new Conflict(`${before.name} was changed since you looked at it: look at it again`);
    }
    const state = await stateOf(tx, before);
    await tx`
      update policies set ${
      tx({ ...rowOf(tx, input), updated_at: `${now}` })
    }, version = version + 1 where id = ${id}`;
    await trust(tx, id, { trusts, trusted_groups });
    const states = difference(state, await stateOf(tx, await getPolicy(tx, id)));
    if (Object.keys(states.after_state).length === 0) return;
    await record(tx, actor, { subject: subjectOf(id, input.name), action: "change", ...states }, now);
  }, now).catch(rethrow);
}

// Which resources follow it; whatever begins to at this moment was changed itself, and is offered by that.
async function following(db: Db, id: string): Promise<string[]> {
  if (!isId(id)) return [];
  const rows = await db<{ id: string }[]>`select id from resources where policy_id = ${id}`;
  return rows.map((row) => row.id);
}
