import type { Sql } from "../db/types.ts";
import { findIdentity, type Identity } from "../domain/auth/sessions.ts";
import { findByToken, type TokenIdentity } from "../domain/auth/tokens.ts";

/** Who the living sessions belong to, remembered for a moment. */
export interface Identities {
  find(session_id: string): Promise<Identity | undefined>;
  /** Whom a personal token stands for. */
  findByToken(secret: string, now: Temporal.Instant): Promise<TokenIdentity | undefined>;
  /** Forgets everybody: after a change made here, so that the next request asks the database. */
  forget(): void;
  stop(): Promise<void>;
}

/** What may pass at the very most before a change made elsewhere is seen, should the message of it get lost. */
const SECONDS = 10;
const AT_MOST = 10_000;

/**
 * Remembers identities, and forgets them when the database says that a person or a session has changed: a role that
 * was lowered or a session that was ended counts from the next request on.
 */
export async function rememberIdentities(
  sql: Sql,
  siteZone: string,
  standby: () => Sql | undefined = () => undefined,
): Promise<Identities> {
  const sessions = remembering<Identity>();
  const tokens = remembering<TokenIdentity>();
  const forget = () => {
    sessions.forget();
    tokens.forget();
  };
  const listening = await sql.listen("identity_changed", forget, forget);
  return {
    find: (session_id) =>
      sessions.find(session_id, () => findIdentity(standby() ?? sql, session_id, siteZone)),
    findByToken: (secret, now) =>
      tokens.find(secret, () => findByToken(standby() ?? sql, secret, siteZone, now)),
    forget,
    stop: () => listening.unlisten(),
  };
}

function remembering<T>() {
  const known = new Map<string, { found: Promise<T | undefined>; until: number }>();
  return {
    forget: () => known.clear(),
    find(key: string, ask: () => Promise<T | undefined>): Promise<T | undefined> {
      const kept = known.get(key);
      const now = performance.now();
      if (kept && kept.until > now) return kept.found;
      if (known.size >= AT_MOST) known.clear();
      const found = ask();
      known.set(key, { found, until: now + SECONDS * 1000 });
      found.catch(() => known.delete(key));
      return found;
    },
  };
}
