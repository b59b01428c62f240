import { Hono } from "hono";
import { Approval, approve, Denial, deny } from "../domain/approvals.ts";
import { countPending, getPending, listChanges, listPending } from "../domain/queue.ts";
import { Conflict, Invalid } from "../domain/errors.ts";
import { ApprovalsPage, DecidedRow, type Wrong } from "../views/approvals.tsx";
import type { Refusal } from "../views/decisions.tsx";
import { type SeveralProps, tickOf } from "../views/several.tsx";
import { actorOf, type Context, type Env } from "./env.ts";
import { overridden, overriddenChange, versionOf } from "./decisions.tsx";
import { check, fields, number } from "./forms.ts";
import { allowed } from "./middleware.ts";
import { answeredChange } from "./proposals.tsx";
import { done, page, part, wantsPart } from "./respond.tsx";

const PER_PAGE = 50;
const Reason = Approval.pick({ reason: true });

/** The queue, and the two answers to a request. */
export const approvals = new Hono<Env>();

approvals.get("/approvals", allowed("see_queue"), (c) => showQueue(c));

approvals.post("/reservations/:id/approve", async (c) => {
  const values = await fields(c);
  if (values.change && values.force_override) return overriddenChange(c, c.req.param("id"), values);
  if (values.change) return answeredChange(c, c.req.param("id"), "approve", values);
  if (values.force_override) return overridden(c, c.req.param("id"), values);
  return answered(c, c.req.param("id"), async (id) => {
    const { reason } = check(Reason, values);
    const decision = { id, reason: reason || undefined, version: versionOf(values) };
    await approve(c.var.sql, actorOf(c), decision, c.var.now);
    return "Approved";
  });
});

approvals.post("/reservations/:id/deny", async (c) => {
  const values = await fields(c);
  if (values.change) return answeredChange(c, c.req.param("id"), "deny", values);
  return answered(c, c.req.param("id"), async (id) => {
    const { reason } = check(Denial, { reason: "", ...values });
    await deny(c.var.sql, actorOf(c), { id, reason, version: versionOf(values) }, c.var.now);
    return "Denied";
  });
});

/** Either way the row is what changes: with the decision on it, or with why there is none. */
export async function answered(
  c: Context,
  given: string,
  decide: (id: string) => Promise<string>,
): Promise<Response> {
  const values = await fields(c);
  const { id, requester_name } = await getPending(c.var.sql, actorOf(c), given, c.var.now);
  try {
    const text = `${await decide(id)}: ${requester_name} can read it`;
    return done(c, {
      to: "/approvals",
      notice: { text },
      part: wantsPart(c) ? await rowOf(c, id) : undefined,
    });
  } catch (error) {
    if (error instanceof Invalid) {
      const { reason, question } = values;
      const said = question === undefined ? { reason: reason ?? "" } : { question };
      const wrong = { id, message: error.message, ...said };
      return wantsPart(c) ? part(c, await rowOf(c, id, wrong), 422) : showQueue(c, { wrong, status: 422 });
    }
    if (!(error instanceof Conflict)) throw error;
    if (wantsPart(c)) return part(c, await rowOf(c, id, { message: error.message }), 409);
    return done(c, { to: `/approvals#request-${id}`, notice: { text: `${error.message}.` } });
  }
}

interface Refused {
  wrong?: Wrong & { id: string };
  several?: SeveralProps;
  change?: Refusal & { id: string };
  status?: 409 | 422;
}

/** The queue, with what was refused on it. */
export async function showQueue(
  c: Context,
  { wrong, several, change, status }: Refused = {},
): Promise<Response> {
  const { sql, now } = c.var;
  const viewer = actorOf(c);
  const at = number(c.req.query("page"), { min: 1, max: 1000, otherwise: 1 });
  const everyone = c.req.query("show") === "all";
  const [found, asked, changes, waiting] = await Promise.all([
    listPending(sql, viewer, { limit: PER_PAGE + 1, offset: (at - 1) * PER_PAGE, all: everyone }, now),
    at === 1 ? listPending(sql, viewer, { limit: PER_PAGE, asked: true, all: everyone }, now) : [],
    at === 1 ? listChanges(sql, viewer, { limit: PER_PAGE, all: everyone }, now) : [],
    countPending(sql, viewer, now),
  ]);
  const shown = found.slice(0, PER_PAGE);
  // It may have been answered on a later page of the queue.
  const away = wrong && ![...shown, ...asked].some((request) => request.id === wrong.id);
  const requests = away ? [await getPending(sql, viewer, wrong.id, now), ...shown] : shown;
  const all = c.req.query("tick") === "all";
  const to = (query: Record<string, string | number>) =>
    `/approvals?${new URLSearchParams({
      ...everyone && { show: "all" },
      ...Object.fromEntries(Object.entries(query).map(([name, value]) => [name, `${value}`])),
    })}`;
  const body = (
    <ApprovalsPage
      requests={requests}
      viewer={viewer}
      waiting={waiting}
      everyone={everyone}
      now={now}
      wrong={wrong}
      asked={asked}
      changes={changes}
      change={change}
      several={several ?? { ticked: all ? requests.filter((r) => r.may_decide).map(tickOf) : [] }}
      everything={to({ page: at, tick: "all" })}
      back={at > 1 ? to({ page: at - 1 }) : undefined}
      next={found.length > PER_PAGE ? to({ page: at + 1 }) : undefined}
    />
  );
  return page(c, { title: "Approvals", body, status });
}

async function rowOf(c: Context, id: string, wrong?: Wrong) {
  const { sql, now } = c.var;
  const viewer = actorOf(c);
  const [request, waiting] = await Promise.all([
    getPending(sql, viewer, id, now),
    countPending(sql, viewer, now),
  ]);
  return <DecidedRow request={request} viewer={viewer} now={now} wrong={wrong} waiting={waiting} />;
}
