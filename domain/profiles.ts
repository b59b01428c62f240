import { z } from "zod";
import { transaction } from "../db/transaction.ts";
import type { Sql, Tx } from "../db/types.ts";
import { confirm } from "./auth/passwords.ts";
import { endSessionsOf } from "./auth/sessions.ts";
import { rethrow } from "./errors.ts";
import { type Doer, record } from "./history.ts";
import type { Actor } from "./permissions.ts";
import { name } from "./texts.ts";
import { COLUMNS, hashFor, lockUser, recordChange, subjectOf, type User } from "./users.ts";

/** What people say of themselves. */
export const Profile = z.object({
  name: name(120),
  time_zone: z.string().refine(
    (zone) => zone === "" || Intl.supportedValuesOf("timeZone").includes(zone) || zone === "UTC",
    {
      message: "Choose a time zone from the list",
    },
  ),
});

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
  await confirm(sql, actor, { password: current, field: "current" });
  const password_hash = await hashFor({ email: actor.email, password });
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
