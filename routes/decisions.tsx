import { Hono } from "hono";
import { Approval, approve } from "../domain/approvals.ts";
import { permitDecision } from "../domain/approvers.ts";
import { Bump, bump, closuresInTheWay, holdersInTheWay } from "../domain/bumps.ts";
import { rescheduleAsApprover } from "../domain/edits.ts";
import { approveChange, getProposal, inTheWayOfChange } from "../domain/proposals.ts";
import { getReservation } from "../domain/reservations.ts";
import { allows } from "../domain/transitions.ts";
import { OverridePage } from "../views/decisions.tsx";
import { count, reservationPath } from "../views/words.ts";
import { besideOthers } from "./beside.ts";
import { actorOf, type Context, type Env } from "./env.ts";
import { check, fields, number, orAgain, type Problem, type Values } from "./forms.ts";
import { allowed } from "./middleware.ts";
import { showReservation } from "./reservations.tsx";
import { asTyped, show, slotOf, typedOf } from "./reserve.tsx";
import { done, page } from "./respond.tsx";

const Reason = Approval.pick({ reason: true });

/** What an approver does to one reservation, beside the two answers of the queue. */
export const decisions = new Hono<Env>();

decisions.post("/reservations/:id/bump", allowed("see_queue"), async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const { id, reference, requester_name } = await getReservation(sql, actor, c.req.param("id"));
  const { reason = "" } = await fields(c);
  return orAgain(async () => {
    await bump(sql, actor, { id, ...check(Bump, { reason }) }, now);
    const text = `Bumped: its time is free, and ${requester_name} is offered others`;
    return done(c, { to: reservationPath(reference), notice: { text } });
  }, ({ status, message, errors }) =>
    showReservation(c, id, {
      status,
      message,
      bump: errors.reason ? { reason, message: errors.reason } : undefined,
    }));
});

decisions.get("/reservations/:id/override", allowed("see_queue"), (c) => {
  const { change } = c.req.query();
  return change ? overrideChange(c, c.req.param("id"), { change }) : override(c, c.req.param("id"));
});

decisions.get("/reservations/:id/reschedule", allowed("see_queue"), async (c) => {
  const { sql } = c.var;
  const reservation = await getReservation(sql, actorOf(c), c.req.param("id"));
  await permitDecision(sql, actorOf(c), reservation, c.var.now);
  const { back, ...query } = c.req.query();
  return show(c, {
    values: { ...asTyped(reservation), ...query },
    reservation,
    back: backTo(reservation, back),
  });
});

decisions.post("/reservations/:id/reschedule", allowed("see_queue"), async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const reservation = await getReservation(sql, actor, c.req.param("id"));
  const values = await fields(c);
  const back = backTo(reservation, values.back);
  return orAgain(async () => {
    const { reason } = check(Reason, values);
    const slot = await slotOf(c, values);
    const status = await rescheduleAsApprover(sql, actor, {
      id: reservation.id,
      ...slot,
      ...besideOthers(reservation, slot, values),
      reason,
    }, now);
    const text = status === "proposed"
      ? "Asked for: those who decide there have to approve it"
      : `Rescheduled: ${reservation.requester_name} can read it`;
    return done(c, { to: back, notice: { text } });
  }, (problem) => show(c, { values: typedOf(values), problem, reservation, back }));
});

// Only to where the form may have been reached from.
function backTo({ reference }: { reference: string }, back: string | undefined): string {
  return back === "/approvals" ? back : reservationPath(reference);
}

/** Approves with all that it bumps, if that is what was shown; otherwise shows it. */
export async function overridden(c: Context, given: string, values: Values): Promise<Response> {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const { id, requester_name } = await getReservation(sql, actor, given);
  const bumps = (values.bumps ?? "").split(" ").filter(Boolean);
  return orAgain(async () => {
    const reason = bumps.length > 0 ? check(Bump, { reason: "", ...values }).reason : undefined;
    const version = versionOf(values);
    await approve(sql, actor, { id, reason, version, force_override: true, bumps }, now);
    const also = bumps.length > 0 ? `; ${count(bumps.length, "other")} gave way` : "";
    return done(c, { to: "/approvals", notice: { text: `Approved: ${requester_name} can read it${also}` } });
  }, (problem) => override(c, id, values, problem));
}

/** The same of a change: approves it with all that it bumps, if that is what was shown; otherwise shows it. */
export async function overriddenChange(c: Context, given: string, values: Values): Promise<Response> {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const { id, requester_name } = await getReservation(sql, actor, given);
  const bumps = (values.bumps ?? "").split(" ").filter(Boolean);
  return orAgain(async () => {
    const reason = bumps.length > 0 ? check(Bump, { reason: "", ...values }).reason : undefined;
    const decision = { id, change: values.change ?? "", reason, force_override: true, bumps };
    await approveChange(sql, actor, decision, now);
    const also = bumps.length > 0 ? `; ${count(bumps.length, "other")} gave way` : "";
    const text = `The change is approved: ${requester_name} can read it${also}`;
    return done(c, { to: "/approvals", notice: { text } });
  }, (problem) => overrideChange(c, id, values, problem));
}

/** The version of a reservation that a form was drawn for. */
export function versionOf({ version }: Values): number | undefined {
  return number(version, { min: 1, max: 2 ** 31 - 1, otherwise: 0 }) || undefined;
}

async function override(c: Context, given: string, values: Values = {}, problem?: Problem) {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const request = await getReservation(sql, actor, given);
  await permitDecision(sql, actor, request, now);
  // What is decided already has nothing to give way to: the queue says what became of it.
  if (!allows(request, "approve", now)) return showReservation(c, request.id, problem);
  const { reason } = problem?.errors ?? {};
  const body = (
    <OverridePage
      request={request}
      holders={await holdersInTheWay(sql, request.id, now)}
      closures={await closuresInTheWay(sql, request.id)}
      now={now}
      message={problem?.message}
      wrong={reason ? { reason: values.reason ?? "", message: reason } : undefined}
    />
  );
  return page(c, { title: `Approve ${request.reference}`, body, status: problem?.status });
}

async function overrideChange(c: Context, given: string, values: Values, problem?: Problem) {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const reservation = await getReservation(sql, actor, given);
  const proposal = await getProposal(sql, reservation.id, now);
  await permitDecision(sql, actor, reservation, now, { resource_ids: proposal?.resource_ids });
  // What is decided or withdrawn has nothing to give way to: the reservation's page says what became of it.
  if (!proposal || proposal.id !== values.change) return showReservation(c, reservation.id, problem);
  const { reason } = problem?.errors ?? {};
  const body = (
    <OverridePage
      request={reservation}
      proposal={proposal}
      {...await inTheWayOfChange(sql, reservation.id, proposal, now)}
      now={now}
      message={problem?.message}
      wrong={reason ? { reason: values.reason ?? "", message: reason } : undefined}
    />
  );
  return page(c, { title: `Approve a change of ${reservation.reference}`, body, status: problem?.status });
}
