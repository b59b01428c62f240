import { z } from "zod";
import { Approval, approve, Denial, deny } from "../../domain/approvals.ts";
import { Bump, bump } from "../../domain/bumps.ts";
import { checkIn, endEarly } from "../../domain/check_in.ts";
import { cancel, change, rescheduleAsApprover } from "../../domain/edits.ts";
import { listHistory } from "../../domain/history.ts";
import { approveChange, denyChange, withdrawChange } from "../../domain/proposals.ts";
import { Answer, answer, ask, Question } from "../../domain/questions.ts";
import { getReservation, listReservations } from "../../domain/reservations.ts";
import { STATUSES } from "../../domain/transitions.ts";
import { actorOf, type Context } from "../env.ts";
import { Entry, listOf, Reservation } from "./answers.ts";
import { after, entryJson, list, Paging, reservationJson, startKey } from "./json.ts";
import { calls } from "./operations.ts";
import { instants, reserve, show, tag } from "./reserving.ts";
import {
  idOf,
  NewReservation,
  Rescheduling,
  ReservationChange,
  TimeInAddress,
  Withdrawal,
} from "./schemas.ts";

const REFUSED = "A rule, another reservation or a closure is in the way, or its status does not allow it";
const STALE_STATUS = "Its status does not allow it";

/** What people ask for, for programs. */
export const reservations = calls("/reservations", "Reservations", "This reservation");

reservations.post("/", {
  id: "createReservation",
  summary: "Ask for one or several resources over one period",
  description:
    "All of them or none. Approved at once, unless a resource wants a decision: then it is pending. With `any_of` " +
    "it is whichever resource of a kind or with a tag fits best: `resource_ids` of the answer names it. Of two who " +
    "ask at once each gets another.",
  who: "reserve",
  body: NewReservation,
  answers: { 201: Reservation, 404: "A resource does not exist", 409: REFUSED },
}, async (c, { body }) => {
  const { json, tag } = await reserve(c.get("sql"), c, body);
  c.header("ETag", tag);
  c.header("Location", `/api/v1/reservations/${json.id}`);
  return json;
});

reservations.get("/", {
  id: "listReservations",
  summary: "List reservations, in the order of their start",
  description: "One's own; staff see all.",
  who: "signed in",
  query: z.object({
    status: z.enum(STATUSES, "There is no such status").optional(),
    resource_id: idOf("a resource").optional(),
    requester_id: idOf("a person").optional(),
    from: TimeInAddress.optional().describe("Those that end after it"),
    to: TimeInAddress.optional().describe("Those that start before it"),
    ...Paging,
  }),
  fields: Reservation,
  answers: { 200: listOf(Reservation) },
}, async (c, { query }) => {
  const { status, limit, cursor, ...filter } = query;
  const found = await listReservations(c.var.sql, actorOf(c), {
    ...{ ...filter, limit, after: after({ cursor }, startKey) },
    status: status && { is: status, at: c.var.now },
  });
  const shape = (row: typeof found[number]) => reservationJson(row, c.var.now);
  return list(c, found, limit, shape, ({ start_time, id }) => ({ start_time, id }));
});

reservations.get("/:id", {
  id: "getReservation",
  summary: "Read one reservation",
  who: "signed in",
  by_reference: true,
  fields: Reservation,
  answers: { 200: Reservation },
}, (c, { id }) => show(c, id));

reservations.patch("/:id", {
  id: "changeReservation",
  summary: "Change its time, its resources or its words",
  description:
    "All that is named, or nothing. Where an approved reservation is to grow or to move and that wants " +
    "approval, it stays as it is, and `proposed_change` is what waits.",
  who: "signed in",
  tag,
  body: ReservationChange,
  answers: { 200: Reservation, 409: REFUSED },
}, async (c, { id, body: { resource_id, resource_ids, start_time, end_time, ...words } }) => {
  const ids = resource_ids ?? (resource_id ? [resource_id] : undefined);
  const asked = { ...words, resource_ids: ids, ...instants({ start_time, end_time }) };
  await change(c.var.sql, actorOf(c), id, asked, c.var.now);
  return show(c, id);
});

const CANCEL = {
  who: "signed in",
  tag,
  body: z.object({ reason: Approval.shape.reason }),
  optionalBody: true,
  answers: { 200: Reservation, 409: STALE_STATUS },
} as const;

reservations.delete("/:id", {
  id: "deleteReservation",
  summary: "Cancel it: another name of `…/cancel`",
  description: "Nothing is deleted: the reservation is cancelled and stays on record.",
  ...CANCEL,
}, (c, { id, body }) => cancelled(c, id, body));

reservations.post("/:id/cancel", {
  id: "cancelReservation",
  summary: "Give it up: its slot is free at once",
  ...CANCEL,
}, (c, { id, body }) => cancelled(c, id, body));

reservations.post("/:id/approve", {
  id: "approveReservation",
  summary: "Approve a request, or a proposed change",
  description:
    "With `force_override` whatever is in the way is bumped. With `change`, the id of the proposed " +
    "change, it is that which is approved.",
  who: "see_queue",
  body: Approval,
  optionalBody: true,
  answers: { 200: Reservation, 409: REFUSED },
}, async (c, { id, body: { change, ...approving } }) => {
  if (change) await approveChange(c.var.sql, actorOf(c), { id, change, ...approving }, c.var.now);
  else await approve(c.var.sql, actorOf(c), { id, ...approving }, c.var.now);
  return show(c, id);
});

reservations.post("/:id/deny", {
  id: "denyReservation",
  summary: "Deny a request, or a proposed change, with a reason",
  who: "see_queue",
  tag,
  body: Denial,
  answers: { 200: Reservation, 409: STALE_STATUS },
}, async (c, { id, body: { change, reason } }) => {
  if (change) await denyChange(c.var.sql, actorOf(c), { id, change, reason }, c.var.now);
  else await deny(c.var.sql, actorOf(c), { id, reason }, c.var.now);
  return show(c, id);
});

reservations.post("/:id/bump", {
  id: "bumpReservation",
  summary: "Take the slot of an approved reservation",
  who: "see_queue",
  tag,
  body: Bump,
  answers: { 200: Reservation, 409: STALE_STATUS },
}, async (c, { id, body: { reason } }) => {
  await bump(c.var.sql, actorOf(c), { id, reason }, c.var.now);
  return show(c, id);
});

reservations.post("/:id/check_in", {
  id: "checkIn",
  summary: "Say that whoever it is for has come",
  description: "Its requester does, or staff for them, from `check_in_from` to `check_in_until`.",
  who: "signed in",
  tag,
  answers: { 200: Reservation, 409: "Too early, too late, or nobody has to" },
}, async (c, { id }) => {
  await checkIn(c.var.sql, actorOf(c), id, c.var.now);
  return show(c, id);
});

reservations.post("/:id/end", {
  id: "endReservation",
  summary: "End it before its time: the rest of its slot is free at once",
  description: "`end_time` becomes this moment; the history keeps until when it was to last.",
  who: "signed in",
  tag,
  answers: { 200: Reservation, 409: "It has not begun, or is over" },
}, async (c, { id }) => {
  await endEarly(c.var.sql, actorOf(c), id, c.var.now);
  return show(c, id);
});

reservations.post("/:id/reschedule", {
  id: "rescheduleReservation",
  summary: "Move it, as an approver: it keeps its slot until it has the new one",
  who: "see_queue",
  tag,
  body: Rescheduling,
  answers: { 200: Reservation, 409: REFUSED },
}, async (c, { id, body: { resource_id, resource_ids, quantities, start_time, end_time, reason } }) => {
  const ids = resource_ids ?? (resource_id ? [resource_id] : undefined);
  const slot = { resource_ids: ids, quantities, ...instants({ start_time, end_time }), reason };
  await rescheduleAsApprover(c.var.sql, actorOf(c), { id, ...slot }, c.var.now);
  return show(c, id);
});

reservations.post("/:id/withdraw_change", {
  id: "withdrawChange",
  summary: "Take the wish for a change back",
  who: "signed in",
  tag,
  body: Withdrawal,
  answers: { 200: Reservation, 409: "It is no longer asked for" },
}, async (c, { id, body: { change } }) => {
  await withdrawChange(c.var.sql, actorOf(c), { id, change }, c.var.now);
  return show(c, id);
});

reservations.post("/:id/ask", {
  id: "askRequester",
  summary: "Ask its requester something before deciding",
  who: "see_queue",
  tag,
  body: Question,
  answers: { 200: Reservation, 409: "It is no longer pending, or something is asked already" },
}, async (c, { id, body: { question } }) => {
  await ask(c.var.sql, actorOf(c), { id, question }, c.var.now);
  return show(c, id);
});

reservations.post("/:id/answer", {
  id: "answerApprover",
  summary: "Answer what an approver asked",
  who: "signed in",
  tag,
  body: Answer,
  answers: { 200: Reservation, 409: "It is no longer pending, or nothing is asked" },
}, async (c, { id, body }) => {
  await answer(c.var.sql, actorOf(c), { id, ...body }, c.var.now);
  return show(c, id);
});

reservations.get("/:id/history", {
  id: "listHistory",
  summary: "Read what happened to it, oldest first",
  who: "signed in",
  answers: { 200: z.strictObject({ data: z.array(Entry) }) },
}, async (c, { id }) => {
  const reservation = await getReservation(c.var.sql, actorOf(c), id);
  return { data: (await listHistory(c.var.sql, reservation.id)).map(entryJson) };
});

async function cancelled(c: Context, id: string, { reason }: { reason?: string }) {
  await cancel(c.var.sql, actorOf(c), { id, reason }, c.var.now);
  return await show(c, id);
}
