import { z } from "zod";
import { transaction } from "../db/transaction.ts";
import type { Sql, Tx } from "../db/types.ts";
import { settle } from "./allocations.ts";
import { endSessionsOf } from "./auth/sessions.ts";
import { Conflict } from "./errors.ts";
import { record } from "./history.ts";
import { freeing } from "./offers.ts";
import { withdrawOffersOf } from "./offers_withdrawn.ts";
import { type Actor, permit, type Role } from "./permissions.ts";
import { Why } from "./texts.ts";
import { transition } from "./transitions.ts";
import { COLUMNS, getUser, lockUser, recordChange, subjectOf, type User } from "./users.ts";

/** What becomes of a person's reservations that lie ahead, and why. */
export const Deactivation = z.object({
  future: z.enum(["keep", "cancel"], "Say keep or cancel").default("keep"),
  reason: Why.default(""),
});
export type Deactivation = z.infer<typeof Deactivation>;

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
 * cancelled with the reason. What they were offered goes to the next in order; they wait on, and are passed over for as
 * long as the account is closed.
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
  return freeing(sql, "anywhere", async (tx) => {
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
    await withdrawOffersOf(tx, actor, known, now);
    return ahead.length;
  }, now);
}

/** Opens a person's account again. They sign in anew: the sessions they had stay ended. What they wait for and is free is offered to them. */
export async function reactivateUser(
  sql: Sql,
  actor: Actor,
  id: string,
  now: Temporal.Instant,
): Promise<User> {
  permit(actor, "manage_users");
  const { id: known } = await getUser(sql, id);
  return freeing(sql, "anywhere", async (tx) => {
    const before = await lockUser(tx, known);
    const [user] = await tx<User[]>`
      update users set disabled_at = null, updated_at = ${now} where id = ${known} returning ${tx(COLUMNS)}`;
    if (before.disabled_at) {
      const states = { previous_state: { active: false }, after_state: { active: true } };
      await record(tx, actor, { subject: subjectOf(before), action: "reactivate", ...states }, now);
    }
    return user;
  }, now);
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
