import { batchesOf } from "../db/batches.ts";
import type { Db, Sql } from "../db/types.ts";
import { isId } from "../lib/ids.ts";
import type { Deed, State, Thing, Verb } from "./history.ts";
import { type Actor, permit } from "./permissions.ts";

/** What was done to anything, as it stands on record. */
export interface AuditEntry {
  id: string;
  at: Temporal.Instant;
  /** None where time decided, or the operator did it at the command line. */
  actor_id: string | null;
  actor_name: string | null;
  action: Verb | Deed;
  subject_kind: "reservation" | Thing;
  subject_id: string;
  /** The name at the time; of a reservation, its reference. */
  subject_name: string;
  details: State;
  previous_state: State | null;
  after_state: State | null;
  request_id: string | null;
}

/** What to look for; all of it must hold. */
export interface AuditFilter {
  /** Who did it. */
  actor_id?: string;
  /** Who did it, to whom it was done, or whom it speaks of: any of these. */
  people?: readonly string[];
  /** What was done to any of these resources, groups or policies, or to a reservation that takes one of them. */
  resources?: readonly string[];
  reservation_id?: string;
  action?: string;
  from?: Temporal.Instant;
  to?: Temporal.Instant;
}

/** A page of the record: so many, after the last one of the page before. */
export interface AuditPage {
  limit: number;
  after?: AuditKey;
}

export interface AuditKey {
  at: Temporal.Instant;
  id: string;
}

/** Entries that match, the newest first, one more than `limit` where there are more. */
export async function listAudit(
  db: Db,
  actor: Actor,
  filter: AuditFilter,
  page: AuditPage,
): Promise<AuditEntry[]> {
  permit(actor, "see_audit");
  return await db<AuditEntry[]>`${selectAudit(db, filter, page.after)} limit ${page.limit + 1}`;
}

/** All entries that match, the newest first, in batches of which one is in memory. */
export async function* exportAudit(
  sql: Sql,
  actor: Actor,
  filter: AuditFilter,
): AsyncGenerator<AuditEntry[]> {
  permit(actor, "see_audit");
  yield* batchesOf<AuditEntry>(sql, (db) => selectAudit(db, filter));
}

/** The query of a list, for who wants to know how it is answered, too. Each filter has an index that ends with time. */
export function selectAudit(db: Db, filter: AuditFilter, after?: AuditKey) {
  const { actor_id, people, resources, reservation_id, action, from, to } = filter;
  return db<AuditEntry[]>`
    select h.id, h.at, h.actor_id, u.name as actor_name, h.action, h.subject_kind,
      coalesce(h.reservation_id, h.subject_id) as subject_id, coalesce(v.reference, h.subject_name) as subject_name,
      h.details, h.previous_state, h.after_state, h.request_id
    from history h
    left join users u on u.id = h.actor_id
    left join reservations v on v.id = h.reservation_id
    where true
      ${actor_id ? db`and h.actor_id = ${actor_id}` : db``}
      ${
    people
      ? db`and (h.actor_id = any(${[...people]}) or h.subject_id = any(${[...people]})
        or ${speaksOf(db, people)})`
      : db``
  }
      ${
    resources
      ? db`and (h.subject_id = any(${[...resources]}) or ${
        speaksOf(db, resources)
      } or h.reservation_id = any(array(
          select a.reservation_id from allocations a where a.resource_id = any(${[...resources]}))))`
      : db``
  }
      ${reservation_id ? db`and h.reservation_id = ${reservation_id}` : db``}
      ${action ? db`and h.action = ${action}` : db``}
      ${from ? db`and h.at >= ${from}` : db``}
      ${to ? db`and h.at < ${to}` : db``}
      ${after ? db`and (h.at, h.id) < (${after.at}, ${after.id})` : db``}
    order by h.at desc, h.id desc`;
}

// Whom or what an entry names beside its own thing: a partial index has those.
function speaksOf(db: Db, ids: readonly string[]) {
  return db`(h.details ->> 'other_id' is not null and h.details ->> 'other_id' = any(${[...ids]}::text[]))`;
}

/** What a text may mean: the name that it has now, where there is just one, and the ids. */
export interface Meant {
  name: string;
  ids: string[];
}

/** Whom a text means: an id, an address, or a part of a name or an address. */
export async function findPeople(db: Db, actor: Actor, text: string): Promise<Meant> {
  permit(actor, "see_audit");
  const words = `%${text.replace(/[\\%_]/g, "\\$&")}%`;
  const rows = await db<{ id: string; name: string }[]>`
    select id, email as name from users
    where ${isId(text) ? db`id = ${text}` : db`name ilike ${words} or email ilike ${words}`}
    order by email = ${text.toLowerCase()} desc, email limit 20`;
  return meant(rows, text);
}

/**
 * Which things a text means, other than people: resources, groups and policies, by an id, a name or a part of it; also
 * what was deleted, by the name that it had.
 */
export async function findThings(db: Db, actor: Actor, text: string): Promise<Meant> {
  permit(actor, "see_audit");
  const words = `%${text.replace(/[\\%_]/g, "\\$&")}%`;
  const which = (id: string, name: string) =>
    isId(text) ? db`${db(id)} = ${text}` : db`${db(name)} ilike ${words}`;
  const rows = await db<{ id: string; name: string }[]>`
    select id, name from (
      select id, name from resources where ${which("id", "name")}
      union all
      select id, name from groups where ${which("id", "name")}
      union all
      select id, name from policies where ${which("id", "name")}
      union all
      select subject_id, subject_name from history
      where action = 'delete' and subject_kind in ('resource', 'group', 'policy')
        and ${which("subject_id", "subject_name")}
    ) found
    order by lower(name) = ${text.toLowerCase()} desc, name limit 20`;
  return meant(rows, text);
}

/** The names of all resources that these entries speak of by their ids. */
export async function namesIn(db: Db, entries: readonly AuditEntry[]): Promise<Record<string, string>> {
  const ids = entries.flatMap(({ details, after_state }) => [
    ...listed(details.resource_ids),
    ...listed(details.previous_resource_ids),
    ...listed(after_state?.resource_ids),
  ]);
  if (ids.length === 0) return {};
  const rows = await db<{ id: string; name: string }[]>`
    select id, name from resources where id = any(${[...new Set(ids)]})`;
  return Object.fromEntries(rows.map(({ id, name }) => [id, name]));
}

const listed = (value: unknown): string[] => Array.isArray(value) ? value : [];

// Who types a whole name means that one, although others begin like it.
function meant(rows: readonly { id: string; name: string }[], text: string): Meant {
  const exact = rows.filter(({ name }) => name.toLowerCase() === text.toLowerCase());
  const found = exact.length > 0 ? exact : rows;
  return { name: found.length === 1 ? found[0].name : text, ids: found.map(({ id }) => id) };
}
