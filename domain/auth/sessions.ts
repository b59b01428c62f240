import { createHash } from "node:crypto";
import { transaction } from "../../db/transaction.ts";
import type { Db, Sql, Tx } from "../../db/types.ts";
import { isId, newId, newSecret } from "../../lib/ids.ts";
import { NotFound } from "../errors.ts";
import { type Deed, type Doer, record, type State } from "../history.ts";
import type { Actor } from "../permissions.ts";
import { confirm } from "./passwords.ts";

/** How long an access token is good for. */
export const ACCESS_SECONDS = 15 * 60;
/** How long a refresh token is good for when it is not used. */
export const REFRESH_SECONDS = 7 * 24 * 60 * 60;
/** However often it is renewed, a session ends so long after its sign-in (NIST SP 800-63B, 4.1.3). */
export const LONGEST = { hours: 30 * 24 };
/** For so long a browser's refresh token may come twice: its tabs ask at the same moment. */
const GRACE = { seconds: 30 };

export type SessionKind = "browser" | "api";

/** A session and the one token that renews it; only its hash is kept. */
export interface Granted {
  session_id: string;
  user_id: string;
  refresh_token: string;
}

export interface Session {
  id: string;
  kind: SessionKind;
  device: string;
  created_at: Temporal.Instant;
  rotated_at: Temporal.Instant;
}

/** Begins a session. `device` is what its owner will recognize it by. */
export async function beginSession(
  sql: Sql,
  { user_id, kind, device, request_id }: {
    user_id: string;
    kind: SessionKind;
    device: string;
    request_id?: string;
  },
  now: Temporal.Instant,
): Promise<Granted> {
  const session_id = newId(now.epochMilliseconds);
  const refresh_token = `${session_id}.${newSecret()}`;
  await transaction(sql, async (tx) => {
    const [session] = await tx<Ended[]>`
      insert into sessions (id, user_id, kind, refresh_hash, device, created_at, rotated_at, expires_at)
      values (${session_id}, ${user_id}, ${kind}, ${hashOf(refresh_token)}, ${
      printable(device)
    }, ${now}, ${now},
        ${now.add({ seconds: REFRESH_SECONDS })})
      returning user_id, kind, device, expires_at, (select name from users where id = ${user_id}) as name`;
    await recordSession(tx, { id: user_id, request_id }, "sign_in", session, now);
  });
  return { session_id, user_id, refresh_token };
}

/**
 * Renews a session: the token that was presented is spent, a new one takes its place. A spent token that comes again
 * was stolen by one of the two who have it, so the whole family ends. A browser's last token is let pass for half a
 * minute, without a new one: its tabs renew at the same moment.
 *
 * @returns undefined when the token is not good (any more)
 */
export async function rotate(
  sql: Sql,
  refresh_token: string,
  now: Temporal.Instant,
): Promise<(Granted & { rotated: boolean }) | undefined> {
  const [session_id] = refresh_token.split(".", 1);
  if (!isId(session_id)) return undefined;
  const next = `${session_id}.${newSecret()}`;
  const hash = hashOf(refresh_token);
  const fresh = now.add({ seconds: REFRESH_SECONDS });
  const [rotated] = await sql<{ user_id: string }[]>`
    update sessions s set previous_hash = refresh_hash, refresh_hash = ${hashOf(next)}, rotated_at = ${now},
      expires_at = least(${fresh}, s.created_at + ${LONGEST.hours} * interval '1 hour')
    from users u
    where s.id = ${session_id} and s.refresh_hash = ${hash} and s.revoked_at is null and s.expires_at > ${now}
      and u.id = s.user_id and u.disabled_at is null
    returning s.user_id`;
  if (rotated) return { session_id, user_id: rotated.user_id, refresh_token: next, rotated: true };

  const [tab] = await sql<{ user_id: string }[]>`
    select s.user_id from sessions s join users u on u.id = s.user_id
    where s.id = ${session_id} and s.previous_hash = ${hash} and s.kind = 'browser' and s.revoked_at is null
      and s.rotated_at > ${now.subtract(GRACE)} and u.disabled_at is null`;
  if (tab) return { session_id, user_id: tab.user_id, refresh_token, rotated: false };
  await transaction(sql, async (tx) => {
    const [stolen] = await end(tx, tx`s.id = ${session_id}`, now);
    if (stolen) await recordSession(tx, null, "end_session", stolen, now, { token_came_again: true });
  });
  return undefined;
}

/** Ends a session: its owner signs out. */
export async function endSession(
  sql: Sql,
  session_id: string,
  now: Temporal.Instant,
  request_id?: string,
): Promise<void> {
  await transaction(sql, async (tx) => {
    const [left] = await end(tx, tx`s.id = ${session_id}`, now);
    if (left) await recordSession(tx, { id: left.user_id, request_id }, "sign_out", left, now);
  });
}

/**
 * Ends a session of the actor's own, by its place in their list: with their password, unless it is the one they are in.
 *
 * @throws {NotFound}
 * @throws {Invalid} when the password is wrong
 */
export async function endOwnSession(
  sql: Sql,
  actor: Actor,
  { session_id, here, password }: { session_id: string; here?: string; password: string },
  now: Temporal.Instant,
): Promise<void> {
  const mine = isId(session_id)
    ? await sql`select from sessions where id = ${session_id} and user_id = ${actor.id} and revoked_at is null`
    : [];
  if (mine.length === 0) throw new NotFound("This session");
  if (session_id !== here) await confirm(sql, actor, { password, field: "confirm" });
  await transaction(sql, async (tx) => {
    const [ended] = await end(tx, tx`s.id = ${session_id} and s.user_id = ${actor.id}`, now);
    if (!ended) throw new NotFound("This session");
    await recordSession(tx, actor, "end_session", ended, now);
  });
}

/**
 * Ends all sessions of the actor's own but the one they are in. Each has its own entry.
 *
 * @returns how many
 * @throws {Invalid} when the password is wrong
 */
export async function endOtherSessions(
  sql: Sql,
  actor: Actor,
  { here, password }: { here: string; password: string },
  now: Temporal.Instant,
): Promise<number> {
  await confirm(sql, actor, { password, field: "confirm" });
  return await transaction(sql, async (tx) => {
    const ended = await end(
      tx,
      tx`s.user_id = ${actor.id} and s.id <> ${here} and s.expires_at > ${now}`,
      now,
    );
    for (const session of ended) await recordSession(tx, actor, "end_session", session, now);
    return ended.length;
  });
}

/**
 * Ends all of a person's sessions, or all but one, in the transaction of what makes them doubtful; the entry of that
 * says how many they were.
 *
 * @returns how many
 */
export async function endSessionsOf(
  tx: Tx,
  { user_id, but }: { user_id: string; but?: string },
  now: Temporal.Instant,
): Promise<number> {
  const others = but ? tx`and s.id <> ${but}` : tx``;
  const ended = await end(tx, tx`s.user_id = ${user_id} ${others}`, now);
  return ended.filter(({ expires_at }) => Temporal.Instant.compare(expires_at, now) > 0).length;
}

/** Where a person is signed in, the latest first. */
export function listSessions(db: Db, { id }: Pick<Actor, "id">, now: Temporal.Instant): Promise<Session[]> {
  return db<Session[]>`
    select id, kind, device, created_at, rotated_at from sessions
    where user_id = ${id} and revoked_at is null and expires_at > ${now}
    order by rotated_at desc`;
}

/** Somebody with a session, and whether signing in took a second factor, or would now. */
export type Identity = Actor & { second_factor: boolean };

/** Who a living session belongs to; undefined when it has ended, or its owner is disabled. */
export async function findIdentity(
  db: Db,
  session_id: string,
  siteZone: string,
): Promise<Identity | undefined> {
  const [actor] = await db<Identity[]>`
    select u.id, u.email, u.name, u.role, coalesce(u.time_zone, ${siteZone}) as time_zone,
      exists (select from second_factors f where f.user_id = u.id and f.confirmed_at is not null) as second_factor
    from sessions s join users u on u.id = s.user_id
    where s.id = ${session_id} and s.revoked_at is null and u.disabled_at is null`;
  return actor;
}

interface Ended {
  user_id: string;
  name: string;
  kind: SessionKind;
  device: string;
  expires_at: Temporal.Instant;
}

function end(tx: Tx, which: ReturnType<Tx>, now: Temporal.Instant) {
  return tx<Ended[]>`
    update sessions s set revoked_at = ${now} from users u
    where u.id = s.user_id and s.revoked_at is null and ${which}
    returning s.user_id, u.name, s.kind, s.device, s.expires_at`;
}

function recordSession(
  tx: Tx,
  actor: Doer | null,
  action: Deed,
  { user_id, name, kind, device }: Ended,
  now: Temporal.Instant,
  more: State = {},
) {
  const subject = { kind: "user", id: user_id, name } as const;
  return record(tx, actor, { subject, action, details: { session: kind, device, ...more } }, now);
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

const printable = (device: string) => device.replace(/[^\x20-\x7e]/g, "").slice(0, 200);
