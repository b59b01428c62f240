import { z } from "zod";
import type { Tx } from "../../db/types.ts";
import { accept, decline } from "../../domain/offer_answers.ts";
import { WAITLIST_STATUSES } from "../../domain/offers.ts";
import { join, leave, lockEntry } from "../../domain/waitlist.ts";
import { type Entry, getEntry, listWaitlist } from "../../domain/waitlist_entries.ts";
import { actorOf, type Context } from "../env.ts";
import { listOf, Reservation, WaitlistEntry } from "./answers.ts";
import { after, list, Paging } from "./json.ts";
import { calls } from "./operations.ts";
import { eachOf, instants, show as showReservation } from "./reserving.ts";
import { idOf, NewWaitlistEntry } from "./schemas.ts";

const ENDED = "It has expired, was answered already, or a rule is against it";
const Answer = z.object({ offer_id: idOf("the offer").optional().describe("That one and no other") });

/** Who waits for what is taken, and what they are offered, for programs. */
export const waitlist = calls("/waitlist", "Waitlist", "This entry");

waitlist.get("/", {
  id: "listWaitlist",
  summary: "List who waits, in the order in which they came: one’s own, or all for staff",
  who: "signed in",
  query: z.object({
    status: z.enum(WAITLIST_STATUSES, `Give one of: ${WAITLIST_STATUSES.join(", ")}`).optional(),
    resource_id: idOf("a resource").optional(),
    requester_id: idOf("a person").optional(),
    ...Paging,
  }),
  fields: WaitlistEntry,
  answers: { 200: listOf(WaitlistEntry) },
}, async (c, { query: { limit, cursor, ...filter } }) => {
  const asked = { ...filter, limit, after: after({ cursor }, numberKey) };
  const found = await listWaitlist(c.var.sql, actorOf(c), asked, c.var.now);
  return list(c, found, limit, entryJson, ({ number }) => ({ number }));
});

waitlist.post("/", {
  id: "joinWaitlist",
  summary: "Wait for a time that is taken",
  description:
    "For the very slot from `start_time` to `end_time`; with `minutes`, for any slot of that length between the two. " +
    "When it comes free, the first in order is offered it for a limited time, and it is held for them. Only where the " +
    "whole length fits, on all of the resources and as many of each as are wanted; of a window the earliest slot. With " +
    "`any_of` it is whichever resource of a kind or with a tag comes free first, or is newly there, and fits best: " +
    "`resource_ids` names it as soon as it is offered. Who was bumped goes first.",
  who: "reserve",
  body: NewWaitlistEntry,
  answers: {
    201: WaitlistEntry,
    404: "A resource does not exist",
    409: "A rule is against it, or it is free",
  },
}, async (c, { body: { resource_id, resource_ids, start_time, end_time, ...rest } }) => {
  const asked = {
    ...rest,
    resource_ids: resource_ids ?? (resource_id ? [resource_id] : undefined),
    ...instants({ start_time, end_time }),
  };
  const { id } = await join(c.var.sql, actorOf(c), asked, c.var.now);
  c.header("Location", `/api/v1/waitlist/${id}`);
  return show(c, id);
});

waitlist.get("/:id", {
  id: "getWaitlistEntry",
  summary: "Read one entry, with its place and what is offered",
  who: "signed in",
  fields: WaitlistEntry,
  answers: { 200: WaitlistEntry },
}, (c, { id }) => show(c, id));

waitlist.delete("/:id", {
  id: "leaveWaitlist",
  summary: "Wait no longer: what was offered goes to the next",
  who: "signed in",
  tag,
  answers: { 204: "It is off the list, and stays on record", 409: "It is over already" },
}, (c, { id }) => leave(c.var.sql, actorOf(c), { id }, c.var.now));

waitlist.post("/:id/accept", {
  id: "acceptOffer",
  summary: "Take what is offered: it becomes a reservation",
  description:
    "By the rules of this moment. Where somebody has to decide on it, it is pending, and goes on holding " +
    "its slot at least as long as the offer would have.",
  who: "signed in",
  tag,
  body: Answer,
  optionalBody: true,
  answers: { 200: Reservation, 409: ENDED },
}, async (c, { id, body: { offer_id } }) => {
  const stored = await accept(c.var.sql, actorOf(c), { id, offer_id }, c.var.now);
  return await showReservation(c, stored.id);
});

waitlist.post("/:id/decline", {
  id: "declineOffer",
  summary: "Leave what is offered to the next in order",
  description: "Who waits for any slot within a window waits on, for another.",
  who: "signed in",
  tag,
  body: Answer,
  optionalBody: true,
  answers: { 200: WaitlistEntry, 409: ENDED },
}, async (c, { id, body: { offer_id } }) => {
  await decline(c.var.sql, actorOf(c), { id, offer_id }, c.var.now);
  return await show(c, id);
});

async function show(c: Context, id: string) {
  const entry = await getEntry(c.var.sql, actorOf(c), id, c.var.now);
  c.header("ETag", tagOf(entry));
  return entryJson(entry);
}

async function tag(tx: Tx, c: Context, id: string): Promise<string> {
  await lockEntry(tx);
  return tagOf(await getEntry(tx, actorOf(c), id, c.var.now));
}

// Time moves a status without a new version.
const tagOf = ({ version, status }: Entry) => `"${version}/${status}"`;

function entryJson(
  { resources, quantities, any_of, purpose, private: secret, attendees, answers, offer, ...entry }: Entry,
) {
  const { id, requester_id, start_time, end_time, minutes, status, place, bumped, reservation_id } = entry;
  const resource_ids = resources.map((r) => r.id);
  return {
    ...{ id, requester_id, resource_ids, quantities: eachOf({ resource_ids, quantities }), any_of },
    ...{ start_time, end_time, minutes },
    ...{ purpose, private: secret, attendees, answers, status, place, bumped, offer, reservation_id },
    ...{ created_at: entry.created_at, updated_at: entry.updated_at },
  };
}

function numberKey(key: unknown): { number: string } | undefined {
  const { number } = key as { number?: unknown };
  return typeof number === "string" && /^\d{1,18}$/.test(number) ? { number } : undefined;
}
