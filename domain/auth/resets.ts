import { createHash } from "node:crypto";
import { transaction } from "../../db/transaction.ts";
import type { Db, Sql } from "../../db/types.ts";
import { newId, newSecret } from "../../lib/ids.ts";
import { Conflict, NotFound } from "../errors.ts";
import { record } from "../history.ts";
import { type Actor, permit } from "../permissions.ts";
import { setPassword } from "../profiles.ts";
import { getUser, hashFor, subjectOf } from "../users.ts";
import { endSessionsOf } from "./sessions.ts";

/** For so long a link is good. */
export const RESET_HOURS = 24;

/** What is given away once: what stands in the link, and until when it is good. */
export interface ResetLink {
  token: string;
  expires_at: Temporal.Instant;
}

/** Whose password a link sets. */
export interface Resetting {
  id: string;
  email: string;
  name: string;
}

/**
 * Makes a link by which a person sets a new password, once. The one that was made before is good no more.
 *
 * @throws {Conflict} where the account is closed
 */
export async function createReset(
  sql: Sql,
  actor: Actor,
  user_id: string,
  now: Temporal.Instant,
): Promise<ResetLink> {
  permit(actor, "manage_users");
  const user = await getUser(sql, user_id);
  if (user.disabled_at) throw new Conflict(`${user.name}'s account is closed: open it again first`);
  const token = newSecret();
  const expires_at = now.add({ hours: RESET_HOURS });
  await transaction(sql, async (tx) => {
    await tx`
      update password_resets set expires_at = ${now}
      where user_id = ${user.id} and used_at is null and expires_at > ${now}`;
    await tx`
      insert into password_resets (id, user_id, token_hash, made_by, created_at, expires_at)
      values (${newId(now.epochMilliseconds)}, ${user.id}, ${
      hashOf(token)
    }, ${actor.id}, ${now}, ${expires_at})`;
    await record(tx, actor, { subject: subjectOf(user), action: "reset_link" }, now);
  });
  return { token, expires_at };
}

/**
 * Whose password a link sets, while it is good.
 *
 * @throws {NotFound} where it never was, was used, or has run out, and where the account is closed
 */
export async function getReset(db: Db, token: string, now: Temporal.Instant): Promise<Resetting> {
  const [found] = await db<Resetting[]>`
    select u.id, u.email, u.name from password_resets p join users u on u.id = p.user_id
    where p.token_hash = ${
    hashOf(token)
  } and p.used_at is null and p.expires_at > ${now} and u.disabled_at is null`;
  if (!found) throw new NotFound("This link");
  return found;
}

/**
 * Sets a new password by a link, which is used up by that. All sessions of the person end.
 *
 * @throws {NotFound} where the link is not good any more
 */
export async function resetPassword(
  sql: Sql,
  { token, password, request_id }: { token: string; password: string; request_id?: string },
  now: Temporal.Instant,
): Promise<Resetting> {
  const person = await getReset(sql, token, now);
  const { id } = person;
  const password_hash = await hashFor({ ...person, password });
  await transaction(sql, async (tx) => {
    // Of two at the same moment the second waits here, and then finds it used.
    const used = await tx`
      update password_resets set used_at = ${now}
      where token_hash = ${hashOf(token)} and used_at is null and expires_at > ${now} returning id`;
    if (used.length === 0) throw new NotFound("This link");
    const sessions_ended = await endSessionsOf(tx, { user_id: id }, now);
    const set = { id, password_hash, action: "reset_password", sessions_ended } as const;
    await setPassword(tx, { id, request_id }, set, now);
  });
  return person;
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
