import { Hono } from "hono";
import {
  Approval,
  approve,
  countPending,
  Denial,
  deny,
  getPending,
  listPending,
} from "../domain/approvals.ts";
import { Conflict, Invalid } from "../domain/errors.ts";
import { ApprovalsPage, DecidedRow } from "../views/approvals.tsx";
import { actorOf, type Context, type Env } from "./env.ts";
import { check, fields, number } from "./forms.ts";
import { allowed } from "./middleware.ts";
import { done, page, part, wantsPart } from "./respond.tsx";

const PER_PAGE = 50;

/** The queue, and the two answers to a request. */
export const approvals = new Hono<Env>();

approvals.get("/approvals", allowed("see_queue"), async (c) => {
  const { sql, now } = c.var;
  const viewer = actorOf(c);
  const at = number(c.req.query("page"), { min: 1, max: 1000, otherwise: 1 });
  const [found, waiting] = await Promise.all([
    listPending(sql, viewer, { limit: PER_PAGE + 1, offset: (at - 1) * PER_PAGE }, now),
    countPending(sql, now),
  ]);
  const body = (
    <ApprovalsPage
      requests={found.slice(0, PER_PAGE)}
      viewer={viewer}
      waiting={waiting}
      now={now}
      back={at > 1 ? `/approvals?page=${at - 1}` : undefined}
      next={found.length > PER_PAGE ? `/approvals?page=${at + 1}` : undefined}
    />
  );
  return page(c, { title: "Approvals", body });
});

approvals.post("/reservations/:id/approve", (c) =>
  answered(c, c.req.param("id"), async (id, values) => {
    const { reason } = check(Approval, values);
    await approve(c.var.sql, actorOf(c), { id, reason: reason || undefined }, c.var.now);
    return "Approved";
  }));

approvals.post("/reservations/:id/deny", (c) =>
  answered(c, c.req.param("id"), async (id, values) => {
    await deny(c.var.sql, actorOf(c), { id, ...check(Denial, { reason: "", ...values }) }, c.var.now);
    return "Denied";
  }));

// Either way the row is what changes: with the decision on it, or with why there is none.
async function answered(
  c: Context,
  given: string,
  decide: (id: string, values: Record<string, string | undefined>) => Promise<string>,
): Promise<Response> {
  const values = await fields(c);
  const { id, requester_name } = await getPending(c.var.sql, actorOf(c), given);
  try {
    const text = `${await decide(id, values)}: ${requester_name} can read it`;
    return done(c, {
      to: "/approvals",
      notice: { text },
      part: wantsPart(c) ? await rowOf(c, id) : undefined,
    });
  } catch (error) {
    if (!(error instanceof Conflict || error instanceof Invalid)) throw error;
    if (wantsPart(c)) {
      return part(c, await rowOf(c, id, error.message, values.reason), error instanceof Conflict ? 409 : 422);
    }
    return done(c, { to: `/approvals#request-${id}`, notice: { text: `${error.message}.` } });
  }
}

async function rowOf(c: Context, id: string, problem?: string, reason?: string) {
  const { sql, now } = c.var;
  const viewer = actorOf(c);
  const [request, waiting] = await Promise.all([getPending(sql, viewer, id), countPending(sql, now)]);
  return (
    <DecidedRow
      request={request}
      viewer={viewer}
      now={now}
      problem={problem}
      reason={reason}
      waiting={waiting}
    />
  );
}
