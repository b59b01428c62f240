import { z } from "zod";
import type { Db, Sql } from "../db/types.ts";
import { isId, newId } from "../lib/ids.ts";
import { Conflict, Invalid, NotFound, rethrow } from "./errors.ts";
import { type Actor, permit, type Role } from "./permissions.ts";
import { getResource } from "./resources.ts";
import { name } from "./texts.ts";

/** A group of people: to be named as one where several decide. */
export interface Group {
  id: string;
  name: string;
  members: number;
  /** On how many resources it decides. */
  resources: number;
}

export interface Member {
  id: string;
  name: string;
  email: string;
  role: Role;
}

export const NewGroup = z.object({ name: name(120) });

/** Makes a group, of nobody yet. */
export async function createGroup(
  sql: Sql,
  actor: Actor,
  group: z.infer<typeof NewGroup>,
  now: Temporal.Instant,
): Promise<string> {
  permit(actor, "manage_groups");
  const id = newId(now.epochMilliseconds);
  await sql`
    insert into groups (id, name, created_at, updated_at) values (${id}, ${group.name}, ${now}, ${now})`
    .catch(rethrow);
  return id;
}

/** Gives a group another name. */
export async function renameGroup(
  sql: Sql,
  actor: Actor,
  group: z.infer<typeof NewGroup> & { id: string },
  now: Temporal.Instant,
): Promise<void> {
  permit(actor, "manage_groups");
  const { id } = await getGroup(sql, group.id);
  await sql`update groups set name = ${group.name}, updated_at = ${now} where id = ${id}`.catch(rethrow);
}

/**
 * Deletes a group. Its members stay who they are.
 *
 * @throws {Conflict} while it decides on a resource: nobody may lose their approvers unseen
 */
export async function deleteGroup(sql: Sql, actor: Actor, id: string): Promise<void> {
  permit(actor, "manage_groups");
  const { id: known, name, resources } = await getGroup(sql, id);
  const refusal = new Conflict(
    `${name} cannot be deleted: it decides on ${
      resources === 1 ? "a resource" : `${resources} resources`
    }. ` +
      "Name other approvers there first",
  );
  if (resources > 0) throw refusal;
  await sql`delete from groups where id = ${known}`.catch((error) => {
    const { constraint_name } = error as { constraint_name?: string };
    throw constraint_name === "resource_approvers_are_groups" ? refusal : error;
  });
}

/** Takes a person into a group, by e-mail address; whoever is in it already stays. */
export async function addMember(
  sql: Sql,
  actor: Actor,
  { id, email }: { id: string; email: string },
): Promise<void> {
  permit(actor, "manage_groups");
  const { id: known } = await getGroup(sql, id);
  const [user] = await sql<{ id: string }[]>`
    select id from users where email = ${email.trim().toLowerCase()} and disabled_at is null`;
  if (!user) throw new Invalid([{ path: "email", message: "Nobody has an account with this address" }]);
  await sql`
    insert into group_members (group_id, user_id) values (${known}, ${user.id}) on conflict do nothing`;
}

/** Takes a person out of a group. */
export async function removeMember(
  sql: Sql,
  actor: Actor,
  { id, user_id }: { id: string; user_id: string },
): Promise<void> {
  permit(actor, "manage_groups");
  const { id: known } = await getGroup(sql, id);
  if (isId(user_id)) await sql`delete from group_members where group_id = ${known} and user_id = ${user_id}`;
}

/** All groups, by name. */
export function listGroups(db: Db, actor: Actor): Promise<Group[]> {
  permit(actor, "manage_groups");
  return db<Group[]>`select ${columns(db)} from groups g order by lower(name)`;
}

/** @throws {NotFound} */
export async function getGroup(db: Db, id: string): Promise<Group> {
  const [group] = isId(id) ? await db<Group[]>`select ${columns(db)} from groups g where id = ${id}` : [];
  if (!group) throw new NotFound("This group");
  return group;
}

/** Who is in a group, by name. */
export function listMembers(db: Db, actor: Actor, id: string): Promise<Member[]> {
  permit(actor, "manage_groups");
  return db<Member[]>`
    select u.id, u.name, u.email, u.role from group_members m join users u on u.id = m.user_id
    where m.group_id = ${id} order by lower(u.name), u.id`;
}

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
): Promise<void> {
  permit(actor, "manage_resources");
  const { id: resource_id } = await getResource(sql, id);
  const { user_id, group_id } = readApprover(approver);
  const [user] = user_id
    ? await sql`select from users where id = ${user_id} and role in ('staff', 'admin')`
    : [{}];
  if (!user) throw new Invalid([{ path: "approver", message: "Choose somebody who approves" }]);
  await sql`
    insert into resource_approvers (resource_id, user_id, group_id)
    values (${resource_id}, ${user_id}, ${group_id}) on conflict do nothing`.catch(rethrow);
}

/** Takes an approver's name off a resource. */
export async function dropApprover(
  sql: Sql,
  actor: Actor,
  { id, approver }: { id: string; approver: string },
): Promise<void> {
  permit(actor, "manage_resources");
  const { id: resource_id } = await getResource(sql, id);
  const { user_id, group_id } = readApprover(approver);
  await sql`
    delete from resource_approvers where resource_id = ${resource_id}
      and user_id is not distinct from ${user_id} and group_id is not distinct from ${group_id}`;
}

function readApprover(value: string): { user_id: string | null; group_id: string | null } {
  const [kind, id = ""] = value.split(":");
  if (!isId(id) || !["user", "group"].includes(kind)) {
    throw new Invalid([{ path: "approver", message: "Choose a person or a group" }]);
  }
  return kind === "user" ? { user_id: id, group_id: null } : { user_id: null, group_id: id };
}

function columns(db: Db) {
  return db`g.id, g.name,
    (select count(*)::int from group_members m where m.group_id = g.id) as members,
    (select count(*)::int from resource_approvers a where a.group_id = g.id) as resources`;
}
