import { createHash } from "node:crypto";
import { z } from "zod";
import { transaction } from "../../db/transaction.ts";
import type { Db, Sql } from "../../db/types.ts";
import { isId, newId, newSecret } from "../../lib/ids.ts";
import { Conflict, NotFound } from "../errors.ts";
import { record } from "../history.ts";
import type { Actor } from "../permissions.ts";
import { name } from "../texts.ts";

/** What a token may at most; its person's role is a limit, too. Each has what the one before it has. */
export const SCOPES = ["read", "write", "admin"] as const;
export type Scope = typeof SCOPES[number];

const DAYS = "Give a whole number of days from 1 to 366";

export const NewToken = z.object({
  name: name(120, "Say what it is for"),
  scope: z.enum(SCOPES, "The scope is read, write or admin").default("read"),
  expires_in_days: z.coerce.number(DAYS).int(DAYS).min(1, DAYS).max(366, DAYS).default(90),
});
export type NewToken = z.infer<typeof NewToken>;

/** A token as its owner sees it afterwards: its secret is known to nobody. */
export interface ApiToken {
  id: string;
  name: string;
  scope: Scope;
  created_at: Temporal.Instant;
  expires_at: Temporal.Instant;
  /** To the hour. */
  last_used_at: Temporal.Instant | null;
}

/** Whom a token stands for, and how far it goes. */
export interface TokenIdentity {
  actor: Actor;
  scope: Scope;
  expires_at: Temporal.Instant;
}

/** What every token begins with, so that people and scanners of leaked secrets know it. */
export const PREFIX = "hf_";

/** So many may a person have at once. */
const AT_MOST = 50;

/**
 * Makes a token for oneself.
 *
 * @returns it with its secret, which is not kept
 * @throws {Conflict} where there are too many already
 */
export async function createToken(
  sql: Sql,
  actor: Actor,
  { name, scope, expires_in_days }: NewToken,
  now: Temporal.Instant,
): Promise<ApiToken & { secret: string }> {
  const secret = `${PREFIX}${newSecret(32)}`;
  const id = newId(now.epochMilliseconds);
  const expires_at = now.add({ hours: 24 * expires_in_days });
  return await transaction(sql, async (tx) => {
    await tx`select id from users where id = ${actor.id} for no key update`;
    const held = await listTokens(tx, actor, now);
    if (held.length >= AT_MOST) throw new Conflict(`You have ${AT_MOST} tokens: revoke one first`);
    await tx`
      insert into api_tokens (id, user_id, name, scope, token_hash, created_at, expires_at)
      values (${id}, ${actor.id}, ${name}, ${scope}, ${hashOf(secret)}, ${now}, ${expires_at})`;
    const subject = { kind: "user", id: actor.id, name: actor.name } as const;
    const details = { token: name, scope, expires_at };
    await record(tx, actor, { subject, action: "make_token", details }, now);
    return { id, name, scope, created_at: now, expires_at, last_used_at: null, secret };
  });
}

/** Revokes a token of one's own: the next request with it is refused. @throws {NotFound} */
export async function revokeToken(sql: Sql, actor: Actor, id: string, now: Temporal.Instant): Promise<void> {
  if (!isId(id)) throw new NotFound("This token");
  await transaction(sql, async (tx) => {
    const [revoked] = await tx<{ name: string; scope: Scope }[]>`
      update api_tokens set revoked_at = ${now}
      where id = ${id} and user_id = ${actor.id} and revoked_at is null returning name, scope`;
    if (!revoked) throw new NotFound("This token");
    const subject = { kind: "user", id: actor.id, name: actor.name } as const;
    const details = { token: revoked.name, scope: revoked.scope };
    await record(tx, actor, { subject, action: "revoke_token", details }, now);
  });
}

/** The tokens of a person that are good, the newest first. */
export function listTokens(db: Db, { id }: Pick<Actor, "id">, now: Temporal.Instant): Promise<ApiToken[]> {
  return db<ApiToken[]>`
    select id, name, scope, created_at, expires_at, last_used_at from api_tokens
    where user_id = ${id} and revoked_at is null and expires_at > ${now}
    order by created_at desc, id desc`;
}

/**
 * Whom a token stands for; undefined where it is none, was revoked, or its owner's account is closed. That it was used
 * is noted, at most once an hour. When it runs out is for the caller to compare.
 */
export async function findByToken(
  db: Db,
  secret: string,
  siteZone: string,
  now: Temporal.Instant,
): Promise<TokenIdentity | undefined> {
  const [row] = await db<(Actor & Omit<TokenIdentity, "actor">)[]>`
    with found as (
      select t.id as token_id, t.scope, t.expires_at, u.id, u.email, u.name, u.role,
        coalesce(u.time_zone, ${siteZone}) as time_zone
      from api_tokens t join users u on u.id = t.user_id
      where t.token_hash = ${hashOf(secret)} and t.revoked_at is null and u.disabled_at is null
    ), noted as (
      update api_tokens set last_used_at = date_trunc('hour', ${now}::timestamptz)
      where id = (select token_id from found) and expires_at > ${now}
        and last_used_at is distinct from date_trunc('hour', ${now}::timestamptz)
    )
    select id, email, name, role, time_zone, scope, expires_at from found`;
  if (!row) return undefined;
  const { scope, expires_at, ...actor } = row;
  return { actor, scope, expires_at };
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
