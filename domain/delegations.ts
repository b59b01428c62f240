import { z } from "zod";
import { transaction } from "../db/transaction.ts";
import type { Db, Sql } from "../db/types.ts";
import { isId, newId } from "../lib/ids.ts";
import { Invalid, NotFound, rethrow } from "./errors.ts";
import { record } from "./history.ts";
import { type Actor, may, permit } from "./permissions.ts";
import { readDate } from "./periods.ts";
import { subjectOf } from "./users.ts";

/** An absence, in which another decides what one would decide oneself. */
export interface Delegation {
  id: string;
  to_name: string;
  starts_at: Temporal.Instant;
  ends_at: Temporal.Instant;
}

const day = (message: string, example: string) =>
  z.string(message).refine((text) => readDate(text) !== undefined, message)
    .meta({ format: "date", examples: [example] });

/** An absence as it is typed: whole days, the last of them included, on one's own calendar. */
export const NewDelegation = z.object({
  to_user_id: z.string().refine(isId, "Choose who decides for you"),
  from: day("Give the first day, such as 2026-05-31", "2027-03-01"),
  until: day("Give the last day, such as 2026-06-14", "2027-03-14"),
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
): Promise<string> {
  permit(actor, "delegate");
  const starts_at = readDate(from)!.toZonedDateTime(actor.time_zone).toInstant();
  const ends_at = readDate(until)!.add({ days: 1 }).toZonedDateTime(actor.time_zone).toInstant();
  const say = (path: string, message: string) => new Invalid([{ path, message }]);
  if (Temporal.Instant.compare(ends_at, starts_at) <= 0) {
    throw say("until", "The last day is before the first");
  }
  if (Temporal.Instant.compare(ends_at, now) <= 0) throw say("until", "The last day has passed");
  if (to_user_id === actor.id) throw say("to_user_id", "Choose somebody else than yourself");
  const id = newId(now.epochMilliseconds);
  await transaction(sql, async (tx) => {
    const [to] = await tx<{ name: string }[]>`
      select name from users where id = ${to_user_id} and role in ('staff', 'admin') and disabled_at is null`;
    if (!to) throw say("to_user_id", "Choose somebody who approves");
    await tx`
      insert into delegations (id, user_id, to_user_id, starts_at, ends_at, created_at)
      values (${id}, ${actor.id}, ${to_user_id}, ${starts_at}, ${ends_at}, ${now})`;
    const after_state = { stand_in: to.name, starts_at, ends_at };
    const entry = { subject: subjectOf(actor), action: "delegate", after_state } as const;
    await record(tx, actor, { ...entry, details: { other_id: to_user_id } }, now);
  }).catch(rethrow);
  return id;
}

/**
 * Ends an absence of one's own, also before its time; an administrator anybody's.
 *
 * @throws {NotFound} also where it is another's
 */
export async function endDelegation(
  sql: Sql,
  actor: Actor,
  id: string,
  now: Temporal.Instant,
): Promise<void> {
  await transaction(sql, async (tx) => {
    const [ended] = isId(id)
      ? await tx<(Absence & { name: string; stand_in: string })[]>`
        delete from delegations d using users u, users other
        where d.id = ${id} and u.id = d.user_id and other.id = d.to_user_id and ${within(tx, actor)}
        returning d.*, u.name, other.name as stand_in`
      : [];
    if (!ended) throw new NotFound("This absence");
    const { user_id, name, to_user_id, stand_in, starts_at, ends_at } = ended;
    const previous_state = { stand_in, starts_at, ends_at };
    const subject = subjectOf({ id: user_id, name });
    const entry = { subject, action: "end_delegation", previous_state } as const;
    await record(tx, actor, { ...entry, details: { other_id: to_user_id } }, now);
  });
}

/** An absence as it is kept. */
export interface Absence {
  id: string;
  user_id: string;
  to_user_id: string;
  starts_at: Temporal.Instant;
  ends_at: Temporal.Instant;
  created_at: Temporal.Instant;
}

/** The absences that are not over and that the actor may end, soonest first: one more than `limit` where there are more. */
export function listAbsences(
  db: Db,
  actor: Actor,
  { limit, after }: { limit: number; after?: { starts_at: Temporal.Instant; id: string } },
  now: Temporal.Instant,
): Promise<Absence[]> {
  permit(actor, "delegate");
  return db<Absence[]>`
    select d.* from delegations d where d.ends_at > ${now} and ${within(db, actor)}
      ${after ? db`and (d.starts_at, d.id) > (${after.starts_at}, ${after.id})` : db``}
    order by d.starts_at, d.id limit ${limit + 1}`;
}

/** @throws {NotFound} also where it is another's */
export async function getAbsence(db: Db, actor: Actor, id: string): Promise<Absence> {
  const [row] = isId(id)
    ? await db<Absence[]>`select d.* from delegations d where d.id = ${id} and ${within(db, actor)}`
    : [];
  if (!row) throw new NotFound("This absence");
  return row;
}

// Whose absences a person may see and end: their own; an administrator's are all.
function within(db: Db, actor: Actor) {
  return may(actor, "end_delegation") ? db`true` : db`d.user_id = ${actor.id}`;
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
