import { z } from "zod";
import { transaction } from "../db/transaction.ts";
import type { Db, Fragment, Sql, Tx } from "../db/types.ts";
import { isId, newId } from "../lib/ids.ts";
import { Conflict, Invalid, NotFound, rethrow } from "./errors.ts";
import { record, type Subject } from "./history.ts";
import { type Actor, permit, type Role } from "./permissions.ts";
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

/** A group, or a change of one, as programs write it: whom it names are its members, and nobody else. */
export const Members = z.array(z.guid("Give the ids of people").toLowerCase(), "Give a list of ids")
  .max(1000, "A group has at most 1,000 members");

/** Makes a group, of nobody yet unless members are named. */
export async function createGroup(
  sql: Sql,
  actor: Actor,
  { name, member_ids = [] }: z.infer<typeof NewGroup> & { member_ids?: readonly string[] },
  now: Temporal.Instant,
): Promise<string> {
  permit(actor, "manage_groups");
  const id = newId(now.epochMilliseconds);
  await transaction(sql, async (tx) => {
    await tx`insert into groups (id, name, created_at, updated_at) values (${id}, ${name}, ${now}, ${now})`;
    await record(
      tx,
      actor,
      { subject: subjectOf({ id, name }), action: "create", after_state: { name } },
      now,
    );
    for (const member of await people(tx, member_ids)) await enter(tx, actor, { id, name }, member, now);
  }).catch(rethrow);
  return id;
}

/** What a change of a group may name; what it does not name stays. */
export interface GroupChange {
  id: string;
  name?: string;
  /** All that are to be in it: others leave it. */
  member_ids?: readonly string[];
}

/** Gives a group another name, or other members, or both. */
export async function changeGroup(
  sql: Sql,
  actor: Actor,
  { id, name, member_ids }: GroupChange,
  now: Temporal.Instant,
): Promise<void> {
  permit(actor, "manage_groups");
  await transaction(sql, async (tx) => {
    const before = await lockGroup(tx, id);
    const group = { id: before.id, name: name ?? before.name };
    if (group.name !== before.name) {
      await tx`update groups set name = ${group.name}, updated_at = ${now} where id = ${group.id}`;
      const states = { previous_state: { name: before.name }, after_state: { name: group.name } };
      await record(tx, actor, { subject: subjectOf(group), action: "change", ...states }, now);
    }
    if (!member_ids) return;
    const present = await membersOf(tx, group.id);
    for (const one of present.filter((one) => !member_ids.includes(one.id))) {
      await leave(tx, actor, group, one, now);
    }
    const missing = member_ids.filter((one) => !present.some(({ id }) => id === one));
    for (const one of await people(tx, missing)) await enter(tx, actor, group, one, now);
  }).catch(rethrow);
}

/** Gives a group another name. */
export async function renameGroup(
  sql: Sql,
  actor: Actor,
  group: z.infer<typeof NewGroup> & { id: string },
  now: Temporal.Instant,
): Promise<void> {
  await changeGroup(sql, actor, { id: group.id, name: group.name }, now);
}

/**
 * Deletes a group. Its members stay who they are.
 *
 * @throws {Conflict} while it decides on a resource, or a policy names it: nobody loses their approvers, or is asked
 *   to wait for one, unseen
 */
export async function deleteGroup(
  sql: Sql,
  actor: Actor,
  id: string,
  now: Temporal.Instant,
): Promise<void> {
  permit(actor, "manage_groups");
  await transaction(sql, async (tx) => {
    // Locked for all: whoever names it meanwhile waits, and finds it gone.
    const group = await lockGroup(tx, id, tx`for update`);
    const [uses] = await tx<{ resources: number; policies: string | null }[]>`
      select (select count(*)::int from resource_approvers where group_id = ${group.id}) as resources, (
        select string_agg(p.name, ', ' order by p.name) from policy_trusted_groups t
        join policies p on p.id = t.policy_id where t.group_id = ${group.id}) as policies`;
    const refuse = (why: string) => new Conflict(`${group.name} cannot be deleted: ${why}`);
    if (uses.resources > 0) {
      const where = uses.resources === 1 ? "a resource" : `${uses.resources} resources`;
      throw refuse(`it decides on ${where}. Name other approvers there first`);
    }
    if (uses.policies) throw refuse(`${uses.policies} approves its members at once. Take it out there first`);
    const members = (await membersOf(tx, group.id)).map((one) => one.name);
    await tx`delete from groups where id = ${group.id}`;
    const previous_state = { name: group.name, members };
    await record(tx, actor, { subject: subjectOf(group), action: "delete", previous_state }, now);
  });
}

/** Takes a person into a group, by e-mail address; whoever is in it already stays. */
export async function addMember(
  sql: Sql,
  actor: Actor,
  { id, email }: { id: string; email: string },
  now: Temporal.Instant,
): Promise<void> {
  permit(actor, "manage_groups");
  await transaction(sql, async (tx) => {
    const group = await lockGroup(tx, id);
    const [user] = await tx<Person[]>`
      select id, name from users where email = ${email.trim().toLowerCase()} and disabled_at is null`;
    if (!user) throw new Invalid([{ path: "email", message: "Nobody has an account with this address" }]);
    await enter(tx, actor, group, user, now);
  }).catch(rethrow);
}

/** Takes a person out of a group. */
export async function removeMember(
  sql: Sql,
  actor: Actor,
  { id, user_id }: { id: string; user_id: string },
  now: Temporal.Instant,
): Promise<void> {
  permit(actor, "manage_groups");
  await transaction(sql, async (tx) => {
    const group = await lockGroup(tx, id);
    const member = (await membersOf(tx, group.id)).find((one) => one.id === user_id);
    if (member) await leave(tx, actor, group, member, now);
  });
}

/** All groups by name; where a limit is named, one more than that where there are more. */
export function listGroups(
  db: Db,
  actor: Actor,
  { limit, after }: { limit?: number; after?: { name: string; id: string } } = {},
): Promise<Group[]> {
  permit(actor, "manage_groups");
  return db<Group[]>`
    select ${columns(db)} from groups g
    ${after ? db`where (lower(name), id) > (${after.name}, ${after.id})` : db``}
    order by lower(name), id ${limit ? db`limit ${limit + 1}` : db``}`;
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

/** Of which of these groups a person is at this moment, in the order of ids. */
export async function memberships(db: Db, user_id: string, group_ids: readonly string[]): Promise<string[]> {
  if (group_ids.length === 0) return [];
  const rows = await db<{ group_id: string }[]>`
    select group_id from group_members where user_id = ${user_id} and group_id = any(${[...group_ids]})
    order by group_id`;
  return rows.map((row) => row.group_id);
}

/** All groups by name, for a form to choose from: at most 1,000. */
export function listGroupNames(db: Db): Promise<{ id: string; name: string }[]> {
  return db<{ id: string; name: string }[]>`select id, name from groups order by lower(name) limit 1000`;
}

type Person = Pick<Member, "id" | "name">;
type Named = Pick<Group, "id" | "name">;

const subjectOf = ({ id, name }: Named): Subject => ({ kind: "group", id, name });

/**
 * A group as it is while nobody else changes it or who is in it.
 *
 * @throws {NotFound}
 */
export async function lockGroup(tx: Tx, id: string, how: Fragment = tx`for no key update`): Promise<Named> {
  const [group] = isId(id) ? await tx<Named[]>`select id, name from groups where id = ${id} ${how}` : [];
  if (!group) throw new NotFound("This group");
  return group;
}

async function enter(tx: Tx, actor: Actor, group: Named, { id, name }: Person, now: Temporal.Instant) {
  const entered = await tx`
    insert into group_members (group_id, user_id) values (${group.id}, ${id}) on conflict do nothing
    returning user_id`;
  if (entered.length === 0) return;
  const entry = { subject: subjectOf(group), action: "add_member", details: { other_id: id } } as const;
  await record(tx, actor, { ...entry, after_state: { member: name } }, now);
}

async function leave(tx: Tx, actor: Actor, group: Named, { id, name }: Person, now: Temporal.Instant) {
  await tx`delete from group_members where group_id = ${group.id} and user_id = ${id}`;
  const entry = { subject: subjectOf(group), action: "remove_member", details: { other_id: id } } as const;
  await record(tx, actor, { ...entry, previous_state: { member: name } }, now);
}

function membersOf(tx: Tx, id: string): Promise<Person[]> {
  return tx<Person[]>`
    select u.id, u.name from group_members m join users u on u.id = m.user_id where m.group_id = ${id}
    order by lower(u.name), u.id`;
}

async function people(tx: Tx, ids: readonly string[]): Promise<Person[]> {
  const wanted = [...new Set(ids)];
  const found = await tx<Person[]>`
    select id, name from users where id = any(${wanted}) and disabled_at is null order by lower(name), id`;
  if (found.length === wanted.length) return found;
  throw new Invalid([{ path: "member_ids", message: "A person does not exist, or their account is closed" }]);
}

function columns(db: Db) {
  return db`g.id, g.name,
    (select count(*)::int from group_members m where m.group_id = g.id) as members,
    (select count(*)::int from resource_approvers a where a.group_id = g.id) as resources`;
}
