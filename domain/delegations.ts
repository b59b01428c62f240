import { z } from "zod";
import type { Db, Sql } from "../db/types.ts";
import { isId, newId } from "../lib/ids.ts";
import { Invalid, NotFound } from "./errors.ts";
import { type Actor, permit } from "./permissions.ts";
import { readDate } from "./periods.ts";

/** An absence, in which another decides what one would decide oneself. */
export interface Delegation {
  id: string;
  to_name: string;
  starts_at: Temporal.Instant;
  ends_at: Temporal.Instant;
}

const day = (message: string) => z.string(message).refine((text) => readDate(text) !== undefined, message);

/** An absence as it is typed: whole days, the last of them included, on one's own calendar. */
export const NewDelegation = z.object({
  to_user_id: z.string().refine(isId, "Choose who decides for you"),
  from: day("Give the first day, such as 2026-05-31"),
  until: day("Give the last day, such as 2026-06-14"),
});

/**
 * Lets another decide while one is away. Whoever stands in does not decide on what the absent ask for themselves, and
 * hands nothing on.
 */
export async function delegate(
  sql: Sql,
  actor: Actor,
  { to_user_id, from, until }: z.infer<typeof NewDelegation>,
  now: Temporal.Instant,
): Promise<void> {
  permit(actor, "delegate");
  const starts_at = readDate(from)!.toZonedDateTime(actor.time_zone).toInstant();
  const ends_at = readDate(until)!.add({ days: 1 }).toZonedDateTime(actor.time_zone).toInstant();
  const say = (path: string, message: string) => new Invalid([{ path, message }]);
  if (Temporal.Instant.compare(ends_at, starts_at) <= 0) {
    throw say("until", "The last day is before the first");
  }
  if (Temporal.Instant.compare(ends_at, now) <= 0) throw say("until", "The last day has passed");
  if (to_user_id === actor.id) throw say("to_user_id", "Choose somebody else than yourself");
  const [to] = await sql`
    select from users where id = ${to_user_id} and role in ('staff', 'admin') and disabled_at is null`;
  if (!to) throw say("to_user_id", "Choose somebody who approves");
  await sql`
    insert into delegations (id, user_id, to_user_id, starts_at, ends_at, created_at)
    values (${newId(now.epochMilliseconds)}, ${actor.id}, ${to_user_id}, ${starts_at}, ${ends_at}, ${now})`;
}

/** Ends an absence of one's own, also before its time. */
export async function endDelegation(sql: Sql, actor: Actor, id: string): Promise<void> {
  const ended = isId(id)
    ? await sql`delete from delegations where id = ${id} and user_id = ${actor.id} returning id`
    : [];
  if (ended.length === 0) throw new NotFound("This absence");
}

/** One's own absences that are not over. */
export function listDelegations(db: Db, actor: Actor, now: Temporal.Instant): Promise<Delegation[]> {
  return db<Delegation[]>`
    select d.id, u.name as to_name, d.starts_at, d.ends_at from delegations d join users u on u.id = d.to_user_id
    where d.user_id = ${actor.id} and d.ends_at > ${now} order by d.starts_at, d.id`;
}

/** Who can stand in for an approver: the others. */
export function listStandIns(db: Db, actor: Actor): Promise<{ id: string; name: string }[]> {
  return db<{ id: string; name: string }[]>`
    select id, name from users where role in ('staff', 'admin') and disabled_at is null and id <> ${actor.id}
    order by lower(name), id limit 1000`;
}
