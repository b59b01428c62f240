import { z } from "zod";
import { transaction } from "../db/transaction.ts";
import type { Db, Sql } from "../db/types.ts";
import { isId, newId } from "../lib/ids.ts";
import { hashPassword, verifyPassword } from "../lib/passwords.ts";
import { endOtherSessions } from "./auth/sessions.ts";
import { Conflict, Invalid, NotFound, wordsFor } from "./errors.ts";
import { type Actor, permit, type Role, ROLES } from "./permissions.ts";
import { name, text } from "./texts.ts";

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
 * Makes an account.
 *
 * @throws {Conflict} when the address has one already
 */
export async function register(
  sql: Sql,
  { email, name, password, role = "user" }: NewUser & { role?: Role },
  now: Temporal.Instant,
): Promise<User> {
  if (password.toLowerCase().includes(email)) {
    throw new Invalid([{ path: "password", message: "Do not use your e-mail address" }]);
  }
  const password_hash = await hashPassword(password);
  return insertUser(sql, { email, name, role, password_hash }, now);
}

/**
 * Makes the first administrator, once: where there is one already, nothing happens.
 *
 * @returns the administrator, or undefined where the site has one
 */
export async function setUp(sql: Sql, input: NewUser, now: Temporal.Instant): Promise<User | undefined> {
  if (await isSetUp(sql)) return undefined;
  const password_hash = await hashPassword(input.password);
  return transaction(sql, async (tx) => {
    // Two at the same moment: the second waits here, and then sees the first.
    await tx`lock table users in share row exclusive mode`;
    if (await isSetUp(tx)) return undefined;
    return insertUser(tx, { email: input.email, name: input.name, role: "admin", password_hash }, now);
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
  await sql`
    update users set name = ${name}, time_zone = ${
    time_zone || null
  }, updated_at = ${now} where id = ${actor.id}`
    .catch((error) => {
      throw wordsFor(error);
    });
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
    await tx`update users set password_hash = ${password_hash}, updated_at = ${now} where id = ${actor.id}`;
    await endOtherSessions(tx, { user_id: actor.id, session_id }, now);
  });
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
    // All administrators, in one order, so that two who lower each other do not both succeed.
    const admins = await tx<{ id: string }[]>`
      select id from users where role = 'admin' and disabled_at is null order by id for update`;
    if (role !== "admin" && admins.length === 1 && admins[0].id === known) {
      throw new Conflict("The site needs an administrator: make somebody else one first");
    }
    const [user] = await tx<User[]>`
      update users set role = ${role}, updated_at = ${now} where id = ${known} returning ${tx(COLUMNS)}`;
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

async function insertUser(
  db: Db,
  { email, name, role, password_hash }: { email: string; name: string; role: Role; password_hash: string },
  now: Temporal.Instant,
): Promise<User> {
  const [user] = await db<User[]>`
    insert into users (id, email, name, role, password_hash, created_at, updated_at)
    values (${newId(now.epochMilliseconds)}, ${email}, ${name}, ${role}, ${password_hash}, ${now}, ${now})
    returning ${db(COLUMNS)}`.catch((error) => {
    throw wordsFor(error);
  });
  return user;
}
