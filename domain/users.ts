import { z } from "zod";
import { transaction } from "../db/transaction.ts";
import type { Db, Sql, Tx } from "../db/types.ts";
import { isId, newId } from "../lib/ids.ts";
import { hashPassword, isCommonPassword } from "../lib/passwords.ts";
import { Invalid, NotFound, rethrow } from "./errors.ts";
import { type Deed, difference, type Doer, record, type State, type Subject } from "./history.ts";
import { type Actor, permit, type Role, ROLES } from "./permissions.ts";
import { name, text } from "./texts.ts";

export const Email = text(254).overwrite((value) => value.toLowerCase())
  .refine((value) => z.email().safeParse(value).success, "Give an e-mail address, such as ada@example.org");

const TRIED_FIRST =
  "Others would try this early: put a few words together that have nothing to do with each other";

/** A new password: long rather than odd (NIST SP 800-63B, 5.1.1.2). `hashFor` asks whether it is a common one, too. */
export const Password = z.string("Give a password").refine(
  (p) => !p.includes("\0") && p.isWellFormed(),
  "Use other characters",
)
  .refine((p) => [...p].length >= 10, "Use at least 10 characters")
  .refine((p) => p.length <= 200, "Use at most 200 characters")
  .refine((p) => new Set(p).size >= 5, "Use more different characters")
  .refine((p) => !/^(password|passwort|qwertyuiop|letmein|holdfast|welcome)[\d!.]*$/i.test(p), TRIED_FIRST);

export const NewUser = z.object({ email: Email, name: name(120), password: Password });
export type NewUser = z.infer<typeof NewUser>;

/** An account as an administrator makes it for somebody. */
export const NewColleague = NewUser.extend({
  role: z.enum(ROLES, "The role is user, staff or admin").default("user"),
});
export type NewColleague = z.infer<typeof NewColleague>;

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

/** The columns of a `User`. */
export const COLUMNS = [
  "id",
  "email",
  "name",
  "role",
  "time_zone",
  "disabled_at",
  "created_at",
  "updated_at",
];

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
 * @throws {Invalid} where the password is no good
 */
export async function setUp(
  sql: Sql,
  { email, name, password, request_id }: NewUser & { request_id?: string },
  now: Temporal.Instant,
): Promise<User | undefined> {
  if (await isSetUp(sql)) return undefined;
  const password_hash = await hashFor({ email, password });
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

/** @throws {NotFound} */
export async function getUser(db: Db, id: string): Promise<User> {
  const [user] = isId(id) ? await db<User[]>`select ${db(COLUMNS)} from users where id = ${id}` : [];
  if (!user) throw new NotFound("This person");
  return user;
}

/** @throws {NotFound} */
export async function getUserByEmail(db: Db, email: string): Promise<User> {
  const [user] = await db<User[]>`select ${
    db(COLUMNS)
  } from users where email = ${email.trim().toLowerCase()}`;
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

/** A person as the record names them. */
export const subjectOf = ({ id, name }: Pick<User, "id" | "name">): Subject => ({ kind: "user", id, name });

/**
 * A person while nobody else changes them. No key changes, so what refers to this person may be stored meanwhile.
 *
 * @throws {NotFound}
 */
export async function lockUser(tx: Tx, id: string): Promise<User> {
  const [user] = await tx<User[]>`select ${tx(COLUMNS)} from users where id = ${id} for no key update`;
  if (!user) throw new NotFound("This person");
  return user;
}

/** Keeps on record what was changed of a person; nothing where nothing was. */
export async function recordChange(
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

/** The hash of a new password, by whichever way it is set; it is no common one, nor has its owner's address in it. @throws {Invalid} */
export async function hashFor({ email, password }: Pick<NewUser, "email" | "password">): Promise<string> {
  const message = Password.safeParse(password).error?.issues[0].message ??
    (password.toLowerCase().includes(email) ? "Do not use your e-mail address" : undefined) ??
    (await isCommonPassword(password) ? TRIED_FIRST : undefined);
  if (message) throw new Invalid([{ path: "password", message }]);
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
