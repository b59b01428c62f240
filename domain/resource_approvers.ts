import { transaction } from "../db/transaction.ts";
import type { Db, Sql } from "../db/types.ts";
import { isId } from "../lib/ids.ts";
import { Invalid, rethrow } from "./errors.ts";
import { record } from "./history.ts";
import { type Actor, permit } from "./permissions.ts";
import { getResource, subjectOf } from "./resources.ts";

/** A person or a group that a resource names to decide. */
export interface Approver {
  /** `user:` or `group:` and the id. */
  value: string;
  name: string;
}

/** Who decides on a resource; where there is nobody, all staff do. */
export function listApprovers(db: Db, resource_id: string): Promise<Approver[]> {
  return db<Approver[]>`
    select case when g.id is null then 'user:' || u.id else 'group:' || g.id end as value,
      coalesce(g.name, u.name) as name
    from resource_approvers a left join groups g on g.id = a.group_id left join users u on u.id = a.user_id
    where a.resource_id = ${resource_id} order by g.id is null, lower(coalesce(g.name, u.name))`;
}

/** Who can be named to decide: groups, and people who approve. */
export function listCandidates(db: Db): Promise<Approver[]> {
  return db<Approver[]>`
    select value, name from (
      select 'group:' || id as value, 'Group: ' || name as name, 0 as place from groups
      union all
      select 'user:' || id, name || ' (' || email || ')', 1 from users
      where role in ('staff', 'admin') and disabled_at is null
    ) one order by place, lower(name) limit 1000`;
}

/** Names a person or a group to decide on a resource; from then on only those who are named do, and administrators. */
export async function nameApprover(
  sql: Sql,
  actor: Actor,
  { id, approver }: { id: string; approver: string },
  now: Temporal.Instant,
): Promise<void> {
  permit(actor, "manage_resources");
  const { user_id, group_id } = readApprover(approver);
  await transaction(sql, async (tx) => {
    const resource = await getResource(tx, id);
    const [named] = user_id
      ? await tx<
        { name: string }[]
      >`select name from users where id = ${user_id} and role in ('staff', 'admin')`
      : await tx<{ name: string }[]>`select name from groups where id = ${group_id}`;
    const message = user_id ? "Choose somebody who approves" : "This group does not exist";
    if (!named) throw new Invalid([{ path: "approver", message }]);
    const added = await tx`
      insert into resource_approvers (resource_id, user_id, group_id)
      values (${resource.id}, ${user_id}, ${group_id}) on conflict do nothing returning resource_id`;
    if (added.length === 0) return;
    const after_state = { [user_id ? "approver" : "approving_group"]: named.name };
    const entry = { subject: subjectOf(resource), action: "name_approver", after_state } as const;
    await record(tx, actor, { ...entry, details: { other_id: user_id ?? group_id } }, now);
  }).catch(rethrow);
}

/** Takes an approver's name off a resource. */
export async function dropApprover(
  sql: Sql,
  actor: Actor,
  { id, approver }: { id: string; approver: string },
  now: Temporal.Instant,
): Promise<void> {
  permit(actor, "manage_resources");
  const { user_id, group_id } = readApprover(approver);
  await transaction(sql, async (tx) => {
    const resource = await getResource(tx, id);
    const [dropped] = await tx<{ name: string }[]>`
      delete from resource_approvers where resource_id = ${resource.id}
        and user_id is not distinct from ${user_id} and group_id is not distinct from ${group_id}
      returning coalesce((select name from users where id = user_id), (select name from groups where id = group_id))
        as name`;
    if (!dropped) return;
    const previous_state = { [user_id ? "approver" : "approving_group"]: dropped.name };
    const entry = { subject: subjectOf(resource), action: "drop_approver", previous_state } as const;
    await record(tx, actor, { ...entry, details: { other_id: user_id ?? group_id } }, now);
  });
}

function readApprover(value: string): { user_id: string | null; group_id: string | null } {
  const [kind, id = ""] = value.split(":");
  if (!isId(id) || !["user", "group"].includes(kind)) {
    throw new Invalid([{ path: "approver", message: "Choose a person or a group" }]);
  }
  return kind === "user" ? { user_id: id, group_id: null } : { user_id: null, group_id: id };
}
