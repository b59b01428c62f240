import { createHash } from "node:crypto";
import { asksForAnother, together } from "../../db/transaction.ts";
import type { Sql, Tx } from "../../db/types.ts";
import { Invalid, Stale } from "../../domain/errors.ts";
import { type Claim, claim, keep, type Kept } from "../../domain/replies.ts";
import { seal, unseal } from "../../lib/seal.ts";
import { actorOf, type Context } from "../env.ts";
import { problemOf } from "../errors.tsx";
import type { Operation } from "./operations.ts";
import { type Asked, names, type Reply } from "./replies.ts";

// Two headers make a call one transaction from its first statement to its last: `Idempotency-Key`, whose answer is kept
// together with what was done, and `If-Match`, which is compared under the lock of what it is about. Without them
// nothing of this is run. Whatever the domain does inside becomes a savepoint of that one transaction.

type Work = () => Promise<Reply>;

/**
 * Whether a call honours `Idempotency-Key`. For anybody at all there is no person to keep an answer for; and a file that
 * comes again changes nothing, or is refused.
 */
export function takesKey({ method, who, bodyType }: Operation): boolean {
  return method === "post" && who !== "anyone" && !bodyType;
}

/** Does the work of a call: once for each key, and only on what is as the caller has seen it. */
export async function once(c: Context, operation: Operation, asked: Asked, work: Work): Promise<Reply> {
  const key = takesKey(operation) ? c.req.header("idempotency-key") : undefined;
  const match = operation.tag && operation.method !== "get" ? c.req.header("if-match") : undefined;
  if (key === undefined && match === undefined) return await work();
  const claimed = key === undefined ? undefined : claimOf(c, key, asked);
  const { sql } = c.var;
  try {
    return await together(sql, async (inside, tx) => {
      if (!claimed) return await matched(c, inside, tx, operation, asked, match, work);
      const before = await claim(tx, claimed, c.get("now"));
      if (before) return await again(c, before);
      const reply = await together(
        inside,
        (deeper, part) => matched(c, deeper, part, operation, asked, match, work),
      ).catch((error) => refusal(c, error));
      await keep(tx, claimed, await keptOf(c, reply));
      return reply;
    });
  } finally {
    c.set("sql", sql);
  }
}

async function matched(
  c: Context,
  inside: Sql,
  tx: Tx,
  { tag }: Operation,
  { id }: Asked,
  match: string | undefined,
  work: Work,
): Promise<Reply> {
  c.set("sql", inside);
  if (match !== undefined && !names(match, await tag!(tx, c, id))) throw new Stale();
  return await work();
}

// A refusal is an answer like any other, and is kept; what broke is not: it may be tried again.
function refusal(c: Context, error: unknown): Reply {
  const told = asksForAnother(error) ? undefined : problemOf(c, error);
  if (!told || told.status >= 500) throw error;
  return { status: told.status, type: "application/problem+json", text: JSON.stringify(told.body) };
}

function claimOf(c: Context, key: string, { bytes }: Asked): Claim {
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    const message = "Give a key of 1 to 255 visible characters, such as a UUID";
    throw new Invalid([{ path: "Idempotency-Key", message }]);
  }
  const { pathname, search } = new URL(c.req.url);
  const hash = createHash("sha256").update(`${c.req.method} ${pathname}${search}\n`).update(bytes ?? "");
  return { user_id: actorOf(c).id, key, fingerprint: hash.digest("base64url") };
}

/** What else than the body belongs to an answer. */
const HEADERS = ["Location", "ETag"];

async function keptOf(c: Context, { status, type, text }: Reply): Promise<Kept> {
  const headers: Record<string, string> = { "Content-Type": type };
  for (const name of HEADERS) {
    const value = c.res.headers.get(name);
    if (value && status < 400) headers[name] = value;
  }
  const body = text === null ? null : await seal(c.get("house").config.SECRET_KEY, text);
  return { status, headers, body };
}

async function again(c: Context, { status, headers, body }: Kept): Promise<Reply> {
  const { "Content-Type": type, ...others } = headers;
  for (const [name, value] of Object.entries(others)) c.header(name, value);
  c.header("Idempotent-Replayed", "true");
  const text = body && await unseal(c.get("house").config.SECRET_KEY, body);
  // Sealed with another secret: it was done, and what was said cannot be said again.
  if (text === undefined) throw new Invalid([{ path: "Idempotency-Key", message: "Use a new key" }]);
  return { status, type, text };
}
