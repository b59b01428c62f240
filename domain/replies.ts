import type { Db, Tx } from "../db/types.ts";
import { Invalid } from "./errors.ts";

/** For so long an answer is kept. */
export const KEPT_HOURS = 24;

/** An answer as it was given. */
export interface Kept {
  status: number;
  headers: Record<string, string>;
  /** Sealed; null where there was none. */
  body: Uint8Array | null;
}

export interface Claim {
  user_id: string;
  key: string;
  fingerprint: string;
}

/**
 * Claims a key for the work of this transaction. Whoever comes with the same key meanwhile waits for its end: after a
 * commit they find the answer, after a rollback or a crash the key is free again. So there is no lease that could run
 * out, no key that could be stuck, and nothing done without its answer being kept, or kept without being done.
 *
 * @returns the answer that was given before; undefined where the work is now to be done
 * @throws {Invalid} where the key came with another request
 */
export async function claim(
  tx: Tx,
  { user_id, key, fingerprint }: Claim,
  now: Temporal.Instant,
): Promise<Kept | undefined> {
  const cutoff = now.subtract({ hours: KEPT_HOURS });
  const [claimed] = await tx`
    insert into replies (user_id, key, fingerprint, created_at) values (${user_id}, ${key}, ${fingerprint}, ${now})
    on conflict (user_id, key) do update
      set fingerprint = excluded.fingerprint, created_at = excluded.created_at, status = null
      where replies.created_at <= ${cutoff}
    returning key`;
  if (claimed) return undefined;
  const [kept] = await tx<(Kept & { fingerprint: string })[]>`
    select fingerprint, status, headers, body from replies where user_id = ${user_id} and key = ${key}`;
  if (kept.fingerprint === fingerprint) return kept;
  throw new Invalid([{
    path: "Idempotency-Key",
    message: "This key came with another request: use a new one for each",
  }]);
}

/** Keeps the answer, in the transaction of the work. */
export async function keep(tx: Tx, { user_id, key }: Claim, { status, headers, body }: Kept): Promise<void> {
  await tx`
    update replies set status = ${status}, headers = ${tx.json(headers)}, body = ${body}
    where user_id = ${user_id} and key = ${key}`;
}

/** Forgets answers that were kept for long enough, at most `limit` at once. @returns how many */
export async function forgetReplies(db: Db, now: Temporal.Instant, limit: number): Promise<number> {
  const cutoff = now.subtract({ hours: KEPT_HOURS });
  const gone = await db`
    delete from replies where (user_id, key) in (
      select user_id, key from replies where created_at <= ${cutoff}
      order by created_at limit ${limit} for update skip locked)
    returning key`;
  return gone.length;
}
