import { sign, verify } from "hono/jwt";
import { ACCESS_SECONDS } from "../domain/auth/sessions.ts";
import { keysOf } from "../lib/keys.ts";

/** What an access token says: who, in which session, until when (seconds of the epoch). */
export interface Claims {
  sub: string;
  sid: string;
  exp: number;
}

/** An access token (JWT, HS256), signed with the secret's first key, good for a quarter of an hour. */
export function issueAccess(
  secret: string,
  { user_id, session_id }: { user_id: string; session_id: string },
  now: Temporal.Instant,
): Promise<string> {
  const seconds = Math.floor(now.epochMilliseconds / 1000);
  return sign(
    { sub: user_id, sid: session_id, iat: seconds, exp: seconds + ACCESS_SECONDS },
    keysOf(secret)[0],
    "HS256",
  );
}

// A signature that was checked once need not be checked again: it is the dearest part of a small request.
const checked = new Map<string, Claims>();
const AT_MOST = 5_000;

/** What a token says, or undefined where it is not ours, was changed, or has run out at `now`. */
export async function readAccess(
  secret: string,
  token: string,
  now: Temporal.Instant,
): Promise<Claims | undefined> {
  const key = `${secret}.${token}`;
  const claims = checked.get(key) ?? await check(secret, token);
  if (!claims) return undefined;
  if (claims.exp * 1000 <= now.epochMilliseconds) {
    checked.delete(key);
    return undefined;
  }
  if (checked.size >= AT_MOST) checked.clear();
  checked.set(key, claims);
  return claims;
}

async function check(secret: string, token: string): Promise<Claims | undefined> {
  for (const key of keysOf(secret)) {
    const claims = await checkWith(key, token);
    if (claims) return claims;
  }
  return undefined;
}

async function checkWith(key: string, token: string): Promise<Claims | undefined> {
  try {
    // The times are compared with the request's own `now`.
    const claims = await verify(token, key, { alg: "HS256", exp: false, iat: false, nbf: false });
    return typeof claims.sub === "string" && typeof claims.sid === "string" && typeof claims.exp === "number"
      ? { sub: claims.sub, sid: claims.sid, exp: claims.exp }
      : undefined;
  } catch {
    return undefined;
  }
}
