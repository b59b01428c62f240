import type { Sql } from "../db/types.ts";
import { findIdentity } from "../domain/auth/sessions.ts";
import type { Actor } from "../domain/permissions.ts";

/** Who the living sessions belong to, remembered for a moment. */
export interface Identities {
  find(session_id: string): Promise<Actor | undefined>;
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
export async function rememberIdentities(sql: Sql, siteZone: string): Promise<Identities> {
  const known = new Map<string, { actor: Promise<Actor | undefined>; until: number }>();
  const forget = () => known.clear();
  const listening = await sql.listen("identity_changed", forget, forget);
  return {
    find(session_id) {
      const kept = known.get(session_id);
      const now = performance.now();
      if (kept && kept.until > now) return kept.actor;
      if (known.size >= AT_MOST) known.clear();
      const actor = findIdentity(sql, session_id, siteZone);
      known.set(session_id, { actor, until: now + SECONDS * 1000 });
      actor.catch(() => known.delete(session_id));
      return actor;
    },
    forget,
    stop: () => listening.unlisten(),
  };
}
