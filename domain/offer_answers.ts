import { transaction } from "../db/transaction.ts";
import type { Sql, Tx } from "../db/types.ts";
import { giveUpOffered } from "./allocations.ts";
import { Conflict } from "./errors.ts";
import { endOffer, offerFreed, type OpenOffer } from "./offers.ts";
import { type Action, type Actor, permit } from "./permissions.ts";
import { request } from "./requests.ts";
import type { Stored } from "./storing.ts";
import { clockOf } from "./transitions.ts";
import { lockEntry } from "./waitlist.ts";
import { type Entry, getEntry, openOfferOf } from "./waitlist_entries.ts";

/** Which offer is answered: that of an entry, and no other where it is named. */
export interface Answering {
  /** Of the entry. */
  id: string;
  /** Of the offer that was looked at. */
  offer_id?: string;
}

/**
 * Takes what was offered: in one transaction the offer gives the slot up and a reservation has it, so that nobody else
 * can. It is judged as any other new reservation, by the rules of this moment. Where somebody has to decide on it, it
 * goes on holding the slot at least as long as the offer would have.
 *
 * @throws {NotFound} {Forbidden}
 * @throws {Conflict} where it has expired, was answered already, or a rule is against it: the offer stays then
 */
export async function accept(
  sql: Sql,
  actor: Actor,
  answering: Answering,
  now: Temporal.Instant,
): Promise<Stored> {
  return await answered(sql, actor, { ...answering, verb: "accepted" }, async (tx, entry, offer) => {
    const { requester_id, quantities, purpose, private: secret, attendees, answers, attested } = entry;
    const { start_time, end_time, resource_ids, expires_at } = offer;
    await giveUpOffered(tx, [offer.id]);
    const words = { purpose, private: secret, attendees, answers, attested, kept_until: expires_at };
    const wish = { resource_ids, quantities, start_time, end_time, requester_id, ...words };
    const stored = await request(tx, actor, wish, now);
    await endOffer(tx, actor, offer, { outcome: "accepted", reservation_id: stored.id }, now);
    return stored;
  }, now);
}

/**
 * Leaves what was offered to the next in order. Who waits for any slot within a window waits for another; who waited
 * for this very slot is off the list.
 *
 * @throws {NotFound} {Forbidden}
 * @throws {Conflict} where it has expired, or was answered already
 */
export async function decline(
  sql: Sql,
  actor: Actor,
  answering: Answering,
  now: Temporal.Instant,
): Promise<void> {
  await answered(sql, actor, { ...answering, verb: "declined" }, async (tx, _entry, offer) => {
    await endOffer(tx, actor, offer, { outcome: "declined" }, now);
    await offerFreed(tx, offer.resource_ids, now);
  }, now);
}

async function answered<T>(
  sql: Sql,
  actor: Actor,
  { id, offer_id, verb }: Answering & { verb: string },
  work: (tx: Tx, entry: Entry, offer: OpenOffer) => Promise<T>,
  now: Temporal.Instant,
): Promise<T> {
  const action: Action = "answer_offer";
  permit(actor, action, (await getEntry(sql, actor, id, now)).requester_id);
  return await transaction(sql, async (tx) => {
    await lockEntry(tx);
    const entry = await getEntry(tx, actor, id, now);
    const offer = await openOfferOf(tx, entry.id);
    if (!offer || entry.status !== "offered" || offer_id && offer.id !== offer_id) {
      throw new Conflict(`This offer cannot be ${verb}: ${why(entry, offer, actor, now)}`);
    }
    return await work(tx, entry, offer);
  });
}

function why(entry: Entry, offer: OpenOffer | undefined, actor: Actor, now: Temporal.Instant): string {
  if (offer && entry.status !== "offered") {
    return `it expired at ${clockOf(offer.expires_at, actor.time_zone, now)}`;
  }
  if (entry.status === "offered") return "another was made since";
  if (entry.status === "accepted") return "it was accepted already";
  if (entry.status === "waiting") return "nothing is offered at present";
  return entry.status === "left" ? "you have left the waitlist" : `it is already ${entry.status}`;
}
