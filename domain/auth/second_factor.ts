import { createHash } from "node:crypto";
import { transaction } from "../../db/transaction.ts";
import type { Db, Sql, Tx } from "../../db/types.ts";
import { addressOfKey, newClockKey, stepOfCode } from "../../lib/one_time.ts";
import { headOf, seal, unseal } from "../../lib/seal.ts";
import { Conflict, Invalid } from "../errors.ts";
import { type Deed, type Doer, record } from "../history.ts";
import { type Actor, permit } from "../permissions.ts";
import { getUser, subjectOf } from "../users.ts";
import { confirm } from "./passwords.ts";
import { endSessionsOf } from "./sessions.ts";

/** So many codes to fall back on there are at first. */
export const BACKUP_CODES = 10;
const BACKUP_BYTES = 15;

/** How somebody's second factor stands. */
export interface SecondFactor {
  /** None: it is being set up. */
  confirmed_at: Temporal.Instant | null;
  /** So many codes to fall back on are left. */
  backup_codes: number;
}

/** What an app needs to make the same codes. */
export interface Enrolment {
  secret: string;
  /** The same as an `otpauth:` address, for a camera. */
  address: string;
}

/** What proves that the actor themselves asks: the password and a code, typed into the fields of these names. */
export interface Proof {
  confirm: string;
  code: string;
}

/** How a person's second factor stands; undefined where there is none. */
export async function findSecondFactor(db: Db, user_id: string): Promise<SecondFactor | undefined> {
  const [found] = await db<SecondFactor[]>`
    select confirmed_at, cardinality(backup_hashes) as backup_codes from second_factors where user_id = ${user_id}`;
  return found;
}

/**
 * Begins to set a second factor up, or begins anew; it is asked for once a code has shown that it works.
 *
 * @throws {Invalid} when the password is wrong
 * @throws {Conflict} where there is one already
 */
export async function beginSecondFactor(
  sql: Sql,
  actor: Actor,
  { password, key }: { password: string; key: string },
  now: Temporal.Instant,
): Promise<void> {
  await confirm(sql, actor, { password, field: "confirm" });
  const secret = await seal(key, newClockKey());
  const begun = await sql`
    insert into second_factors (user_id, secret, created_at) values (${actor.id}, ${secret}, ${now})
    on conflict (user_id) do update set secret = excluded.secret, created_at = excluded.created_at
      where second_factors.confirmed_at is null
    returning user_id`;
  if (begun.length === 0) {
    throw new Conflict("You have a second factor: turn it off before you set up another");
  }
}

/** What an app needs while the actor sets a second factor up; undefined before and afterwards. */
export async function findEnrolment(
  db: Db,
  { id, email }: Actor,
  { key, site }: { key: string; site: string },
): Promise<Enrolment | undefined> {
  const [begun] = await db<{ secret: Uint8Array }[]>`
    select secret from second_factors where user_id = ${id} and confirmed_at is null`;
  const secret = begun && await unseal(key, begun.secret);
  return secret ? { secret, address: addressOfKey(secret, { issuer: site, label: email }) } : undefined;
}

/**
 * Turns a second factor on that works, as its code shows. Every other session of the actor ends.
 *
 * @returns the codes to fall back on, which are shown this once
 * @throws {Invalid} when the code is wrong
 * @throws {Conflict} where none is being set up
 */
export async function confirmSecondFactor(
  sql: Sql,
  actor: Actor,
  { code, key, session_id }: { code: string; key: string; session_id: string },
  now: Temporal.Instant,
): Promise<string[]> {
  return await transaction(sql, async (tx) => {
    const [begun] = await tx<{ secret: Uint8Array }[]>`
      select secret from second_factors where user_id = ${actor.id} and confirmed_at is null for update`;
    if (!begun) throw new Conflict("Begin to set up a second factor first");
    const step = await stepOf(begun.secret, { code, key }, now);
    if (step === undefined) throw new Invalid([{ path: "code", message: WRONG_CODE }]);
    const codes = newBackupCodes();
    await tx`
      update second_factors set confirmed_at = ${now}, last_step = ${step}, backup_hashes = ${
      codes.map(hashOf)
    }
      where user_id = ${actor.id}`;
    await recordIts(tx, actor, { user: actor, action: "second_factor_on", but: session_id }, now);
    return codes;
  });
}

/**
 * Whether a code is the one of this moment, or one to fall back on, of a person whose account is open. It is good
 * once. That one to fall back on was used is on record.
 */
export async function passSecondFactor(
  sql: Sql,
  { user_id, code, key, request_id }: { user_id: string; code: string; key: string; request_id?: string },
  now: Temporal.Instant,
): Promise<boolean> {
  const user = await getUser(sql, user_id);
  if (user.disabled_at) return false;
  return await transaction(
    sql,
    (tx) => use(tx, { id: user_id, name: user.name, request_id }, { code, key }, now),
  );
}

/**
 * Makes new codes to fall back on; those from before are good no more.
 *
 * @throws {Invalid} when the password or the code is wrong
 */
export async function renewBackupCodes(
  sql: Sql,
  actor: Actor,
  { key, ...proof }: Proof & { key: string },
  now: Temporal.Instant,
): Promise<string[]> {
  await confirm(sql, actor, { password: proof.confirm, field: "confirm" });
  return await transaction(sql, async (tx) => {
    await mustUse(tx, actor, { code: proof.code, key }, now);
    const codes = newBackupCodes();
    await tx`update second_factors set backup_hashes = ${codes.map(hashOf)} where user_id = ${actor.id}`;
    await record(tx, actor, { subject: subjectOf(actor), action: "backup_codes" }, now);
    return codes;
  });
}

/**
 * Turns one's own second factor off. Every other session of the actor ends.
 *
 * @throws {Invalid} when the password or the code is wrong
 */
export async function endSecondFactor(
  sql: Sql,
  actor: Actor,
  { key, session_id, ...proof }: Proof & { key: string; session_id: string },
  now: Temporal.Instant,
): Promise<void> {
  await confirm(sql, actor, { password: proof.confirm, field: "confirm" });
  await transaction(sql, async (tx) => {
    await mustUse(tx, actor, { code: proof.code, key }, now);
    await tx`delete from second_factors where user_id = ${actor.id}`;
    await recordIts(tx, actor, { user: actor, action: "second_factor_off", but: session_id }, now);
  });
}

/**
 * Takes the second factor away of somebody who has lost it, and ends their sessions. Without an actor it is the
 * operator who does.
 *
 * @returns whether there was one
 * @throws {Conflict} where it is the actor's own
 */
export async function takeSecondFactor(
  sql: Sql,
  actor: Actor | null,
  user_id: string,
  now: Temporal.Instant,
): Promise<boolean> {
  if (actor) permit(actor, "manage_users");
  const user = await getUser(sql, user_id);
  if (user.id === actor?.id) throw new Conflict("This is your own: turn it off on “my account”");
  return await transaction(sql, async (tx) => {
    const taken = await tx`delete from second_factors where user_id = ${user.id} returning user_id`;
    if (taken.length === 0) return false;
    await recordIts(tx, actor, { user, action: "second_factor_off" }, now);
    return true;
  });
}

/** Seals with the first key what was sealed with another, so that the other can be left out. @returns how many */
export async function sealAnew(sql: Sql, key: string): Promise<number> {
  const head = await headOf(key);
  const others = await sql<{ user_id: string; secret: Uint8Array }[]>`
    select user_id, secret from second_factors where substring(secret from 1 for ${head.length}) <> ${head}`;
  let count = 0;
  for (const { user_id, secret } of others) {
    const open = await unseal(key, secret);
    if (open === undefined) continue;
    const sealed = await seal(key, open);
    const changed = await sql`
      update second_factors set secret = ${sealed} where user_id = ${user_id} and secret = ${secret} returning user_id`;
    count += changed.length;
  }
  return count;
}

/** What somebody is told whose code is wrong. */
export const WRONG_CODE = "This code is not good, or not any more: give the one that is shown now";

async function stepOf(
  sealed: Uint8Array,
  { code, key }: { code: string; key: string },
  now: Temporal.Instant,
): Promise<number | undefined> {
  const secret = await unseal(key, sealed);
  return secret ? stepOfCode(secret, code.replace(/\s/g, ""), now.epochMilliseconds) : undefined;
}

async function mustUse(tx: Tx, actor: Actor, input: { code: string; key: string }, now: Temporal.Instant) {
  if (!await use(tx, actor, input, now)) throw new Invalid([{ path: "code", message: WRONG_CODE }]);
}

// Of two at the same moment with the same code the second waits here, and then finds it used.
async function use(
  tx: Tx,
  who: Doer & { name: string },
  { code, key }: { code: string; key: string },
  now: Temporal.Instant,
): Promise<boolean> {
  const [kept] = await tx<{ secret: Uint8Array; last_step: string | null }[]>`
    select secret, last_step from second_factors
    where user_id = ${who.id} and confirmed_at is not null for update`;
  if (!kept) return false;
  const step = await stepOf(kept.secret, { code, key }, now);
  if (step !== undefined && (kept.last_step === null || step > Number(kept.last_step))) {
    await tx`update second_factors set last_step = ${step} where user_id = ${who.id}`;
    return true;
  }
  const hash = hashOf(code);
  const [used] = await tx<{ left: number }[]>`
    update second_factors set backup_hashes = array_remove(backup_hashes, ${hash})
    where user_id = ${who.id} and ${hash} = any(backup_hashes) returning cardinality(backup_hashes) as left`;
  if (!used) return false;
  await record(
    tx,
    who,
    { subject: subjectOf(who), action: "backup_code", details: { left: used.left } },
    now,
  );
  return true;
}

async function recordIts(
  tx: Tx,
  actor: Doer | null,
  { user, action, but }: { user: { id: string; name: string }; action: Deed; but?: string },
  now: Temporal.Instant,
) {
  const sessions_ended = await endSessionsOf(tx, { user_id: user.id, but }, now);
  await record(tx, actor, { subject: subjectOf(user), action, details: { sessions_ended } }, now);
}

// Letters and digits that are not mistaken for each other, in groups that can be read aloud.
const LETTERS = "abcdefghjkmnpqrstuvwxyz123456789";

function newBackupCodes(): string[] {
  return Array.from({ length: BACKUP_CODES }, () => {
    const random = crypto.getRandomValues(new Uint8Array(BACKUP_BYTES * 8 / 5));
    return [...random].map((byte) => LETTERS[byte % LETTERS.length]).join("").replace(/.{4}(?=.)/g, "$&-");
  });
}

function hashOf(code: string): string {
  return createHash("sha256").update(code.toLowerCase().replace(/[\s-]/g, "")).digest("hex");
}
