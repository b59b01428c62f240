import type { Db, Tx } from "../db/types.ts";
import type { Actor } from "./permissions.ts";

/** What was done. The names are the verbs of the status diagram, and `edit` for what leaves the status alone. */
export type Verb =
  | "request"
  | "approve"
  | "deny"
  | "cancel"
  | "restore"
  | "reschedule"
  | "bump"
  | "edit"
  | "ask"
  | "answer"
  | "propose"
  | "deny_change"
  | "withdraw_change"
  | "expire_change"
  | "complete"
  | "expire";

export interface Entry {
  id: string;
  actor_id: string | null;
  actor_name: string | null;
  action: Verb;
  details: Record<string, unknown>;
  previous_state: Record<string, unknown> | null;
  at: Temporal.Instant;
}

/** Appends what `actor` (none: the clock) did to a reservation. */
export async function record(
  tx: Tx,
  actor: Actor | null,
  { reservation_id, action, details = {}, previous_state = null }: {
    reservation_id: string;
    action: Verb;
    details?: Record<string, unknown>;
    previous_state?: Record<string, unknown> | null;
  },
  now: Temporal.Instant,
): Promise<void> {
  await tx`
    insert into history (reservation_id, actor_id, action, details, previous_state, at)
    values (${reservation_id}, ${actor?.id ?? null}, ${action}, ${json(tx, details)},
      ${previous_state && json(tx, previous_state)}, ${now})`;
}

/** What happened to a reservation, oldest first. */
export function listHistory(db: Db, reservation_id: string): Promise<Entry[]> {
  return db<Entry[]>`
    select h.id, h.actor_id, u.name as actor_name, h.action, h.details, h.previous_state, h.at
    from history h left join users u on u.id = h.actor_id
    where h.reservation_id = ${reservation_id}
    order by h.id`;
}

export interface News {
  reservation_id: string;
  reference: string;
  purpose: string;
  resource_name: string;
  start_time: Temporal.Instant;
  action: Verb;
  actor_name: string | null;
  reason: string | null;
  at: Temporal.Instant;
}

/** What others did to a person's reservations since an instant, newest first: at most ten. */
export function listNews(db: Db, actor: Actor, since: Temporal.Instant): Promise<News[]> {
  return db<News[]>`
    select h.reservation_id, v.reference, v.purpose, v.start_time, h.action, u.name as actor_name,
      coalesce(h.details ->> 'reason', h.details ->> 'question') as reason, h.at,
      (select string_agg(r.name, ', ' order by r.name) from allocations a join resources r on r.id = a.resource_id
        where a.reservation_id = v.id) as resource_name
    from reservations v
    join history h on h.reservation_id = v.id
    left join users u on u.id = h.actor_id
    where v.requester_id = ${actor.id} and v.updated_at >= ${since} and h.at >= ${since}
      and h.actor_id is distinct from ${actor.id} and h.action <> 'complete'
    order by h.id desc limit 10`;
}

// Values are made of texts, numbers, booleans, lists and instants, which write themselves as text.
function json(tx: Tx, value: Record<string, unknown>) {
  return tx.json(JSON.parse(JSON.stringify(value)));
}
