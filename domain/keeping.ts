import type { Rules } from "./policies.ts";
import { HOLDING, type Status } from "./transitions.ts";

/** Whether a reservation holds what it takes, and until when; null where that has no limit. */
export interface Hold {
  holds: boolean;
  held_until: Temporal.Instant | null;
}

/**
 * Whether a reservation of this status holds what it takes, and until when. A pending one does where a policy says so:
 * as long as the shortest of its policies, counted from the moment at which it gets the slot. So a slot that a request
 * is moved to, or has again when its cancellation is taken back, is held as long as that of a new request; what it held
 * elsewhere before, or how long, does not count. Whatever does not wait has no such limit.
 */
export function holdOf(status: Status, rules: readonly Rules[], now: Temporal.Instant): Hold {
  if (HOLDING.includes(status)) return { holds: true, held_until: null };
  const holding = status === "pending"
    ? rules.flatMap(({ policy }) => policy?.pending_holds ? [policy] : [])
    : [];
  const limits = holding.flatMap(({ hold_minutes }) => hold_minutes ?? []);
  const held_until = limits.length > 0 ? now.add({ minutes: Math.min(...limits) }) : null;
  return { holds: holding.length > 0, held_until };
}

/** The same for whoever was promised it until then: to accept an offer makes nobody worse off. */
export function keptOf(hold: Hold, status: Status, kept_until: Temporal.Instant | undefined): Hold {
  if (status !== "pending" || !kept_until) return hold;
  const longer = hold.holds &&
    (!hold.held_until || Temporal.Instant.compare(hold.held_until, kept_until) > 0);
  return longer ? hold : { holds: true, held_until: kept_until };
}
