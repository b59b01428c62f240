import { unshown, unshownId } from "../db/plans.ts";
import type { Db, Tx } from "../db/types.ts";
import type { Actor } from "./permissions.ts";

/** What was done to a reservation: the verbs of the status diagram; `edit` and `lapse` leave the status alone. */
export type Verb =
  | "request"
  | "approve"
  | "deny"
  | "cancel"
  | "restore"
  | "reschedule"
  | "bump"
  | "edit"
  | "lapse"
  | "ask"
  | "answer"
  | "propose"
  | "deny_change"
  | "withdraw_change"
  | "expire_change"
  | "check_in"
  | "end"
  | "no_show"
  | "complete"
  | "expire";

/** What was done to anything else. */
export type Deed =
  | "create"
  | "change"
  | "deactivate"
  | "reactivate"
  | "delete"
  | "add_member"
  | "remove_member"
  | "name_approver"
  | "drop_approver"
  | "delegate"
  | "end_delegation"
  | "register"
  | "set_up"
  | "role"
  | "profile"
  | "password"
  | "reset_link"
  | "reset_password"
  | "sign_in"
  | "sign_out"
  | "end_session"
  | "make_token"
  | "revoke_token"
  | "second_factor_on"
  | "second_factor_off"
  | "backup_codes"
  | "backup_code"
  | "import"
  | "open_door"
  | "close_door"
  | "join"
  | "leave"
  | "offer"
  | "accept"
  | "decline"
  | "let_pass"
  | "withdraw_offer"
  | "run_out";

/** What an entry can be about, beside a reservation. */
export const THINGS = ["resource", "policy", "closure", "group", "user", "import", "waitlist"] as const;
export type Thing = typeof THINGS[number];

/** Something with the name that it has at that moment: it stays readable when it is renamed or gone. */
export interface Subject {
  kind: Thing;
  id: string;
  name: string;
}

/** Some of the columns of what has changed, by their names. */
export type State = Record<string, unknown>;

type New =
  & ({ reservation_id: string; action: Verb } | { subject: Subject; action: Deed })
  & { details?: State; previous_state?: State | null; after_state?: State | null };

/** Who did it, and in which request; no more of a person is needed here. */
export type Doer = Pick<Actor, "id" | "request_id">;

export interface Entry {
  id: string;
  actor_id: string | null;
  actor_name: string | null;
  action: Verb;
  details: Record<string, unknown>;
  previous_state: Record<string, unknown> | null;
  at: Temporal.Instant;
}

/**
 * Appends what `actor` (none: the clock) did to a reservation or another thing, in the transaction that does it.
 * Together with `transitionDue` and the statement that stores a new reservation, the only writer of history.
 */
export async function record(
  tx: Tx,
  actor: Doer | null,
  { action, details = {}, previous_state = null, after_state = null, ...what }: New,
  now: Temporal.Instant,
): Promise<void> {
  const { kind, id, name } = "subject" in what ? what.subject : { kind: "reservation", id: null, name: null };
  const reservation_id = "subject" in what ? null : what.reservation_id;
  await tx`
    insert into history (reservation_id, subject_kind, subject_id, subject_name, actor_id, action, details,
      previous_state, after_state, request_id, at, news_for)
    values (${reservation_id}, ${kind}, ${id}, ${name}, ${actor?.id ?? null}, ${action}, ${json(tx, details)},
      ${previous_state && json(tx, previous_state)}, ${after_state && json(tx, after_state)},
      ${actor?.request_id ?? null}, ${now}, (
        select requester_id from reservations
        where id = ${reservation_id} and requester_id is distinct from ${actor?.id ?? null}))`;
}

/** Who is to read that a reservation was stored: whose it is, unless they did it themselves. */
export function newsFor(actor: Doer, { requester_id }: { requester_id: string }): string | null {
  return actor.id === requester_id ? null : requester_id;
}

/** One of many entries about things, beside reservations, that one actor changes at once. */
export interface NewDeed {
  subject: Subject;
  action: Deed;
  details?: State;
  previous_state?: State | null;
  after_state?: State | null;
}

/** The same as `record` for many things, in one statement. */
export async function recordAll(
  tx: Tx,
  actor: Doer,
  entries: readonly NewDeed[],
  now: Temporal.Instant,
): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map(({ subject: { kind, id, name }, details = {}, ...rest }) => {
    return { subject_kind: kind, subject_id: id, subject_name: name, details, ...rest };
  });
  await tx`
    insert into history (subject_kind, subject_id, subject_name, actor_id, action, details, previous_state,
      after_state, request_id, at)
    select subject_kind, subject_id, subject_name, ${actor.id}, action, details, previous_state, after_state,
      ${actor.request_id ?? null}, ${now}
    from jsonb_to_recordset(${
    json(tx, rows as never)
  }) as e (subject_kind text, subject_id uuid, subject_name text,
      action text, details jsonb, previous_state jsonb, after_state jsonb)`;
}

/** The columns of `after` that are not what they were, as they were and as they are. */
export function difference(before: object, after: object): { previous_state: State; after_state: State } {
  const [old, present] = [before as State, after as State];
  const changed = Object.keys(present).filter((key) =>
    JSON.stringify(old[key]) !== JSON.stringify(present[key])
  );
  const pick = (state: State) => Object.fromEntries(changed.map((key) => [key, state[key] ?? null]));
  return { previous_state: pick(old), after_state: pick(present) };
}

/** What happened to a reservation, oldest first. */
export function listHistory(db: Db, reservation_id: string): Promise<Entry[]> {
  return db<Entry[]>`
    select h.id, h.actor_id, u.name as actor_name, h.action, h.details, h.previous_state, h.at
    from history h left join users u on u.id = h.actor_id
    where h.reservation_id = ${reservation_id}
    order by h.id`;
}

/** What was done to a thing that is no reservation. */
export interface DeedEntry {
  action: Deed;
  actor_id: string | null;
  actor_name: string | null;
  at: Temporal.Instant;
}

/** What happened to a thing that is no reservation, oldest first. */
export function listDeeds(db: Db, subject_id: string): Promise<DeedEntry[]> {
  return db<DeedEntry[]>`
    select h.action, h.actor_id, u.name as actor_name, h.at
    from history h left join users u on u.id = h.actor_id
    where h.subject_id = ${subject_id}
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

/** What others, or the clock, did to a person's reservations since an instant, newest first: at most ten. */
export function listNews(db: Db, actor: Actor, since: Temporal.Instant): Promise<News[]> {
  return db<News[]>`
    select h.reservation_id, v.reference, v.purpose, v.start_time, h.action, u.name as actor_name,
      coalesce(h.details ->> 'reason', h.details ->> 'question') as reason, h.at,
      (select string_agg(case when a.asked > 1 then a.asked || ' × ' else '' end || r.name, ', ' order by r.name)
        from allocations a join resources r on r.id = a.resource_id
        where a.reservation_id = v.id and a.asked is not null) as resource_name
    from (
      select * from history where news_for = ${unshownId(db, actor.id)} and at >= ${unshown(db, since)}
      order by at desc, id desc limit 10
    ) h
    join reservations v on v.id = h.reservation_id
    left join users u on u.id = h.actor_id
    order by h.at desc, h.id desc`;
}

// Values are made of texts, numbers, booleans, lists and instants, which write themselves as text.
function json(tx: Tx, value: State) {
  return tx.json(JSON.parse(JSON.stringify(value)));
}
