import { z } from "zod";
import { transaction } from "../db/transaction.ts";
import type { Db, Sql, Tx } from "../db/types.ts";
import { isId, newId } from "../lib/ids.ts";
import { hashPassword, verifyPassword } from "../lib/passwords.ts";
import { endSessionsOf } from "./auth/sessions.ts";
import { settle } from "./allocations.ts";
import { Conflict, Invalid, NotFound, rethrow } from "./errors.ts";
import { type Deed, difference, type Doer, record, type State, type Subject } from "./history.ts";
import { type Actor, permit, type Role, ROLES } from "./permissions.ts";
import { name, text, Why } from "./texts.ts";
import { transition } from "./transitions.ts";

export const Email = text(254).overwrite((value) => value.toLowerCase())
  .refine((value) => z.email().safeParse(value).success, "Give an e-mail address, such as ada@example.org");

/** A new password: long rather than odd (NIST SP 800-63B, 5.1.1.2), and not one of those tried first. */
export const Password = z.string("Give a password").refine(
  (p) => !p.includes("\0") && p.isWellFormed(),
  "Use other characters",
)
  .refine((p) => [...p].length >= 10, "Use at least 10 characters")
  .refine((p) => p.length <= 200, "Use at most 200 characters")
  .refine((p) => new Set(p).size >= 5, "Use more different characters")
  .refine((p) => !/^(password|passwort|qwertyuiop|letmein|holdfast|welcome)[\d!.]*$/i.test(p), {
    message: "This is among the first that others would try",
  });

export const NewUser = z.object({ email: Email, name: name(120), password: Password });
export type NewUser = z.infer<typeof NewUser>;

/** An account as an administrator makes it for somebody. */
export const NewColleague = NewUser.extend({
  role: z.enum(ROLES, "The role is user, staff or admin").default("user"),
});
export type NewColleague = z.infer<typeof NewColleague>;

/** What becomes of a person's reservations that lie ahead, and why. */
export const Deactivation = z.object({
  future: z.enum(["keep", "cancel"], "Say keep or cancel").default("keep"),
  reason: Why.default(""),
});
export type Deactivation = z.infer<typeof Deactivation>;

export const Profile = z.object({
  name: name(120),
  time_zone: z.string().refine(
    (zone) => zone === "" || Intl.supportedValuesOf("timeZone").includes(zone) || zone === "UTC",
    {
      message: "Choose a time zone from the list",
    },
  ),
});

export interface User {
  id: string;
  email: string;
  name: string;
  role: Role;
  time_zone: string | null;
  disabled_at: Temporal.Instant | null;
  created_at: Temporal.Instant;
  updated_at: Temporal.Instant;
}

const COLUMNS = ["id", "email", "name", "role", "time_zone", "disabled_at", "created_at", "updated_at"];

/**
 * Makes an account for whoever asks in the request `request_id`; without one it is the operator who asks.
 *
 * @throws {Conflict} when the address has one already
 */
export async function register(
  sql: Sql,
  { role = "user", request_id, ...person }: NewUser & { role?: Role; request_id?: string },
  now: Temporal.Instant,
): Promise<User> {
  const password_hash = await hashFor(person);
  const made = { ...person, role, password_hash, action: "register", request_id } as const;
  return await transaction(sql, (tx) => insertUser(tx, null, made, now));
}

/**
 * Makes an account for somebody else.
 *
 * @throws {Conflict} when the address has one already
 */
export async function createUser(
  sql: Sql,
  actor: Actor,
  person: NewColleague,
  now: Temporal.Instant,
): Promise<User> {
  permit(actor, "manage_users");
  const made = { ...person, password_hash: await hashFor(person), action: "create" } as const;
  return await transaction(sql, (tx) => insertUser(tx, actor, made, now));
}

/**
 * Makes the first administrator, once: where there is one already, nothing happens.
 *
 * @returns the administrator, or undefined where the site has one
 */
export async function setUp(
  sql: Sql,
  { email, name, password, request_id }: NewUser & { request_id?: string },
  now: Temporal.Instant,
): Promise<User | undefined> {
  if (await isSetUp(sql)) return undefined;
  const password_hash = await hashPassword(password);
  return transaction(sql, async (tx) => {
    // Two at the same moment: the second waits here, and then sees the first.
    await tx`lock table users in share row exclusive mode`;
    if (await isSetUp(tx)) return undefined;
    const made = { email, name, role: "admin", password_hash, action: "set_up", request_id } as const;
    return insertUser(tx, null, made, now);
  });
}

/** Whether the site has an administrator. */
export async function isSetUp(db: Db): Promise<boolean> {
  const [{ there }] = await db<{ there: boolean }[]>`
    select exists (select from users where role = 'admin' and disabled_at is null) as there`;
  return there;
}

/** Changes one's own name and time zone; no zone means the site's. */
export async function changeProfile(
  sql: Sql,
  actor: Actor,
  { name, time_zone }: z.infer<typeof Profile>,
  now: Temporal.Instant,
): Promise<void> {
  await transaction(sql, async (tx) => {
    const before = await lockUser(tx, actor.id);
    const [after] = await tx<User[]>`
      update users set name = ${name}, time_zone = ${time_zone || null}, updated_at = ${now}
      where id = ${actor.id} returning ${tx(COLUMNS)}`;
    await recordChange(tx, actor, "profile", before, after, now);
  }).catch(rethrow);
}

/**
 * Changes one's own password, which ends every other session.
 *
 * @throws {Invalid} when the present password is wrong
 */
export async function changePassword(
  sql: Sql,
  actor: Actor,
  { current, password, session_id }: { current: string; password: string; session_id: string },
  now: Temporal.Instant,
): Promise<void> {
  const [row] = await sql<
    { password_hash: string }[]
  >`select password_hash from users where id = ${actor.id}`;
  if (!row || !await verifyPassword(current, row.password_hash)) {
    throw new Invalid([{ path: "current", message: "This is not your present password" }]);
  }
  const password_hash = await hashPassword(password);
  await transaction(sql, async (tx) => {
    const sessions_ended = await endSessionsOf(tx, { user_id: actor.id, but: session_id }, now);
    await setPassword(tx, actor, { id: actor.id, password_hash, action: "password", sessions_ended }, now);
  });
}

/** Stores the hash of a new password. What it says of that in the record is only how many sessions it ended. */
export async function setPassword(
  tx: Tx,
  actor: Doer,
  { id, password_hash, action, sessions_ended }: {
    id: string;
    password_hash: string;
    action: "password" | "reset_password";
    sessions_ended: number;
  },
  now: Temporal.Instant,
): Promise<void> {
  const [user] = await tx<User[]>`
    update users set password_hash = ${password_hash}, updated_at = ${now}
    where id = ${id} returning ${tx(COLUMNS)}`;
  await record(tx, actor, { subject: subjectOf(user), action, details: { sessions_ended } }, now);
}

/**
 * Gives a person a role.
 *
 * @throws {Conflict} when this would leave the site without an administrator
 */
export async function changeRole(
  sql: Sql,
  actor: Actor,
  { id, role }: { id: string; role: Role },
  now: Temporal.Instant,
): Promise<User> {
  permit(actor, "manage_users");
  const { id: known } = await getUser(sql, id);
  return transaction(sql, async (tx) => {
    if (role !== "admin") await mustLeaveAnAdministrator(tx, known);
    const before = await lockUser(tx, known);
    const [user] = await tx<User[]>`
      update users set role = ${role}, updated_at = ${now} where id = ${known} returning ${tx(COLUMNS)}`;
    await recordChange(tx, actor, "role", before, user, now);
    return user;
  });
}

/**
 * Closes a person's account: every session ends, nobody signs in with it. Reservations that lie ahead are kept, or
 * cancelled with the reason.
 *
 * @returns how many reservations were cancelled
 * @throws {Conflict} when this would leave the site without an administrator
 */
export async function deactivateUser(
  sql: Sql,
  actor: Actor,
  { id, future, reason }: Deactivation & { id: string },
  now: Temporal.Instant,
): Promise<number> {
  permit(actor, "manage_users");
  const { id: known } = await getUser(sql, id);
  return transaction(sql, async (tx) => {
    await mustLeaveAnAdministrator(tx, known);
    const before = await lockUser(tx, known);
    await tx`
      update users set disabled_at = coalesce(disabled_at, ${now}), updated_at = ${now} where id = ${known}`;
    const sessions_ended = await endSessionsOf(tx, { user_id: known }, now);
    const ahead = future === "cancel" ? await reservationsAhead(tx, known, now) : [];
    if (!before.disabled_at || ahead.length > 0) {
      const states = { previous_state: { active: !before.disabled_at }, after_state: { active: false } };
      const details = { future, cancelled: ahead.length, sessions_ended, ...(reason ? { reason } : {}) };
      await record(tx, actor, { subject: subjectOf(before), action: "deactivate", ...states, details }, now);
    }
    const why = reason || `The account of ${before.name} was closed`;
    for (const { id } of ahead) await transition(tx, actor, { id, action: "cancel", reason: why }, now);
    return ahead.length;
  });
}

/** Opens a person's account again. They sign in anew: the sessions they had stay ended. */
export async function reactivateUser(
  sql: Sql,
  actor: Actor,
  id: string,
  now: Temporal.Instant,
): Promise<User> {
  permit(actor, "manage_users");
  const { id: known } = await getUser(sql, id);
  return transaction(sql, async (tx) => {
    const before = await lockUser(tx, known);
    const [user] = await tx<User[]>`
      update users set disabled_at = null, updated_at = ${now} where id = ${known} returning ${tx(COLUMNS)}`;
    if (before.disabled_at) {
      const states = { previous_state: { active: false }, after_state: { active: true } };
      await record(tx, actor, { subject: subjectOf(before), action: "reactivate", ...states }, now);
    }
    return user;
  });
}

/** @throws {NotFound} */
export async function getUser(db: Db, id: string): Promise<User> {
  const [user] = isId(id) ? await db<User[]>`select ${db(COLUMNS)} from users where id = ${id}` : [];
  if (!user) throw new NotFound("This person");
  return user;
}

/** People by name, one more than `limit` where there are more. */
export function listUsers(
  db: Db,
  actor: Actor,
  { q, limit, after }: { q?: string; limit: number; after?: { name: string; id: string } },
): Promise<User[]> {
  permit(actor, "manage_users");
  const words = q && `%${q.replace(/[\\%_]/g, "\\$&")}%`;
  return db<User[]>`
    select ${db(COLUMNS)} from users
    where true ${words ? db`and (name ilike ${words} or email ilike ${words})` : db``}
      ${after ? db`and (lower(name), id) > (${after.name}, ${after.id})` : db``}
    order by lower(name), id limit ${limit + 1}`;
}

/** Everybody by name, for a form to choose from: at most 1,000. */
export function listNames(db: Db): Promise<{ id: string; name: string }[]> {
  return db<{ id: string; name: string }[]>`
    select id, name from users where disabled_at is null order by lower(name), id limit 1000`;
}

/** Whether a text names a role. */
export function isRole(text: unknown): text is Role {
  return ROLES.some((role) => role === text);
}

/** A person as the record names them. */
export const subjectOf = ({ id, name }: Pick<User, "id" | "name">): Subject => ({ kind: "user", id, name });

/** The hash of a new password, which is not its owner's address. @throws {Invalid} */
export async function hashFor({ email, password }: Pick<NewUser, "email" | "password">): Promise<string> {
  if (password.toLowerCase().includes(email)) {
    throw new Invalid([{ path: "password", message: "Do not use your e-mail address" }]);
  }
  return await hashPassword(password);
}

// Made by `maker`; where there is none, by themselves in the request named, or by the operator outside of any.
async function insertUser(
  tx: Tx,
  maker: Doer | null,
  { email, name, role, password_hash, action, request_id }: {
    email: string;
    name: string;
    role: Role;
    password_hash: string;
    action: Deed;
    request_id?: string;
  },
  now: Temporal.Instant,
): Promise<User> {
  const [user] = await tx<User[]>`
    insert into users (id, email, name, role, password_hash, created_at, updated_at)
    values (${newId(now.epochMilliseconds)}, ${email}, ${name}, ${role}, ${password_hash}, ${now}, ${now})
    returning ${tx(COLUMNS)}`.catch(rethrow);
  const actor = maker ?? (request_id ? { id: user.id, request_id } : null);
  await record(tx, actor, { subject: subjectOf(user), action, after_state: { name, email, role } }, now);
  return user;
}

/**
 * A person as they are while nobody else changes them. No key changes, so what refers to them may be stored meanwhile.
 *
 * @throws {NotFound}
 */
export async function lockUser(tx: Tx, id: string): Promise<User> {
  const [user] = await tx<User[]>`select ${tx(COLUMNS)} from users where id = ${id} for no key update`;
  if (!user) throw new NotFound("This person");
  return user;
}

// All administrators are locked, in one order, so that two who lower each other do not both succeed.
async function mustLeaveAnAdministrator(tx: Tx, id: string) {
  const admins = await tx<{ id: string }[]>`
    select id from users where role = 'admin' and disabled_at is null order by id for no key update`;
  if (admins.length === 1 && admins[0].id === id) {
    throw new Conflict("The site needs an administrator: make somebody else one first");
  }
}

// What is being stored at this moment belongs to them, too.
async function reservationsAhead(tx: Tx, requester_id: string, now: Temporal.Instant) {
  await settle(tx);
  return await tx<{ id: string }[]>`
    select id from reservations
    where requester_id = ${requester_id}
      and (status = 'approved' and end_time > ${now} or status = 'pending' and start_time > ${now})
    order by id for update`;
}

async function recordChange(
  tx: Tx,
  actor: Doer,
  action: Deed,
  before: User,
  after: User,
  now: Temporal.Instant,
) {
  const shown = ({ name, role, time_zone }: User): State => ({ name, role, time_zone });
  const states = difference(shown(before), shown(after));
  if (Object.keys(states.after_state).length === 0) return;
  await record(tx, actor, { subject: subjectOf(after), action, ...states }, now);
}
