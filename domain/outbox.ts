import type { Tx } from "../db/types.ts";

/**
 * Puts an event into the outbox, inside the transaction of the change that it tells of. What leaves the house leaves
 * from there, after the commit.
 *
 * @param event `reservation.` and the past form of what happened
 */
export async function announce(
  tx: Tx,
  event: string,
  reservation_id: string,
  now: Temporal.Instant,
): Promise<void> {
  await tx`
    insert into outbox (event, reservation_id, created_at) values (${event}, ${reservation_id}, ${now})`;
}

/** The same of an entry of the waitlist. @param event `waitlist.` or `offer.` and the past form of what happened */
export async function announceWaitlist(
  tx: Tx,
  event: string,
  waitlist_id: string,
  now: Temporal.Instant,
): Promise<void> {
  await tx`insert into outbox (event, waitlist_id, created_at) values (${event}, ${waitlist_id}, ${now})`;
}
