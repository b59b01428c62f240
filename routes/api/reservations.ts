import { Hono } from "hono";
import { Approval, approve, Denial, deny } from "../../domain/approvals.ts";
import { Bump, bump } from "../../domain/bumps.ts";
import { cancel, change, rescheduleAsApprover } from "../../domain/edits.ts";
import { Invalid } from "../../domain/errors.ts";
import { listHistory } from "../../domain/history.ts";
import { readInstant } from "../../domain/periods.ts";
import {
  approveChange,
  denyChange,
  getProposal,
  type Proposal,
  withdrawChange,
} from "../../domain/proposals.ts";
import { Answer, answer, ask, Question } from "../../domain/questions.ts";
import { request } from "../../domain/requests.ts";
import { getReservation, isStatus, listReservations } from "../../domain/reservations.ts";
import { isId } from "../../lib/ids.ts";
import { actorOf, type Context, type Env } from "../env.ts";
import { allowed } from "../middleware.ts";
import { body, entryJson, idOf, list, optionalBody, paging, reservationJson } from "./json.ts";
import { instantOf, NewReservation, Rescheduling, ReservationChange, timeIn, Withdrawal } from "./schemas.ts";

/** What people ask for, for programs. */
export const reservations = new Hono<Env>();

reservations.post("/", async (c) => {
  const { resource_id, resource_ids, start_time, end_time, ...rest } = await body(c, NewReservation);
  const actor = actorOf(c);
  const wish = {
    ...rest,
    resource_ids: resource_ids ?? [resource_id!],
    ...instants({ start_time, end_time }),
  };
  const stored = await request(c.var.sql, actor, wish, c.var.now);
  c.header("Location", `/api/v1/reservations/${stored.id}`);
  // Everything about it is known: reading it again would cost a second round trip.
  const reservation = { ...wish, ...stored, requester_id: actor.id, now: c.var.now };
  return c.json(storedJson(reservation), 201);
});

reservations.get("/", async (c) => {
  const { status, resource_id, requester_id } = c.req.query();
  mustBe(status === undefined || isStatus(status), "status", "There is no such status");
  mustBe(resource_id === undefined || isId(resource_id), "resource_id", "Give the id of a resource");
  mustBe(requester_id === undefined || isId(requester_id), "requester_id", "Give the id of a person");
  const { limit, after } = paging(c, startKey);
  const found = await listReservations(c.var.sql, actorOf(c), {
    ...{ resource_id, requester_id, limit, after },
    status: isStatus(status) ? { is: status, at: c.var.now } : undefined,
    from: timeIn(c.req.query(), "from"),
    to: timeIn(c.req.query(), "to"),
  });
  const shape = (row: typeof found[number]) => reservationJson(row, c.var.now);
  return list(c, found, limit, shape, ({ start_time, id }) => ({ start_time, id }));
});

reservations.get("/:id", (c) => show(c));

reservations.patch("/:id", async (c) => {
  const id = idOf(c, "This reservation");
  const { resource_id, resource_ids, start_time, end_time, ...words } = await body(c, ReservationChange);
  const ids = resource_ids ?? (resource_id ? [resource_id] : undefined);
  const asked = { ...words, resource_ids: ids, ...instants({ start_time, end_time }) };
  await change(c.var.sql, actorOf(c), id, asked, c.var.now);
  return show(c);
});

reservations.delete("/:id", (c) => cancelled(c));
reservations.post("/:id/cancel", (c) => cancelled(c));

reservations.post("/:id/approve", allowed("see_queue"), async (c) => {
  const { change, ...approving } = await optionalBody(c, Approval);
  const id = idOf(c, "This reservation");
  if (change) await approveChange(c.var.sql, actorOf(c), { id, change, ...approving }, c.var.now);
  else await approve(c.var.sql, actorOf(c), { id, ...approving }, c.var.now);
  return show(c);
});

reservations.post("/:id/deny", allowed("see_queue"), async (c) => {
  const { change, reason } = await body(c, Denial);
  const id = idOf(c, "This reservation");
  if (change) await denyChange(c.var.sql, actorOf(c), { id, change, reason }, c.var.now);
  else await deny(c.var.sql, actorOf(c), { id, reason }, c.var.now);
  return show(c);
});

reservations.post("/:id/bump", allowed("see_queue"), async (c) => {
  const { reason } = await body(c, Bump);
  await bump(c.var.sql, actorOf(c), { id: idOf(c, "This reservation"), reason }, c.var.now);
  return show(c);
});

reservations.post("/:id/reschedule", allowed("see_queue"), async (c) => {
  const { resource_id, resource_ids, start_time, end_time, reason } = await body(c, Rescheduling);
  const ids = resource_ids ?? (resource_id ? [resource_id] : undefined);
  const slot = { resource_ids: ids, ...instants({ start_time, end_time }), reason };
  const id = idOf(c, "This reservation");
  await rescheduleAsApprover(c.var.sql, actorOf(c), { id, ...slot }, c.var.now);
  return show(c);
});

reservations.post("/:id/withdraw_change", async (c) => {
  const { change } = await body(c, Withdrawal);
  await withdrawChange(c.var.sql, actorOf(c), { id: idOf(c, "This reservation"), change }, c.var.now);
  return show(c);
});

reservations.post("/:id/ask", allowed("see_queue"), async (c) => {
  const { question } = await body(c, Question);
  await ask(c.var.sql, actorOf(c), { id: idOf(c, "This reservation"), question }, c.var.now);
  return show(c);
});

reservations.post("/:id/answer", async (c) => {
  const said = await body(c, Answer);
  await answer(c.var.sql, actorOf(c), { id: idOf(c, "This reservation"), ...said }, c.var.now);
  return show(c);
});

reservations.get("/:id/history", async (c) => {
  const { id } = await getReservation(c.var.sql, actorOf(c), idOf(c, "This reservation"));
  return c.json({ data: (await listHistory(c.var.sql, id)).map(entryJson) });
});

async function cancelled(c: Context) {
  const { reason } = await optionalBody(c, Approval);
  await cancel(c.var.sql, actorOf(c), { id: idOf(c, "This reservation"), reason }, c.var.now);
  return show(c);
}

async function show(c: Context) {
  const reservation = await getReservation(c.var.sql, actorOf(c), idOf(c, "This reservation"));
  const proposal = await getProposal(c.var.sql, reservation.id, c.var.now);
  return c.json({ ...reservationJson(reservation, c.var.now), ...proposalJson(proposal) });
}

// Told only where there is one: most reservations have none all their life.
function proposalJson(proposal?: Proposal) {
  if (!proposal) return {};
  const { id, resource_ids, start_time, end_time, proposed_at, decide_by } = proposal;
  return { proposed_change: { id, resource_ids, start_time, end_time, proposed_at, decide_by } };
}

function storedJson(
  {
    id,
    reference,
    resource_ids,
    requester_id,
    start_time,
    end_time,
    status,
    purpose = "",
    priority = 0,
    now,
    ...rest
  }: {
    id: string;
    reference: string;
    resource_ids: string[];
    requester_id: string;
    start_time: Temporal.Instant;
    end_time: Temporal.Instant;
    status: string;
    purpose?: string;
    private?: boolean;
    priority?: number;
    attendees?: number | null;
    answers?: Record<string, string>;
    now: Temporal.Instant;
  },
) {
  return {
    ...{
      id,
      reference,
      resource_ids,
      resource_id: resource_ids[0],
      requester_id,
      start_time,
      end_time,
      status,
      purpose,
    },
    ...{
      private: rest.private ?? false,
      priority,
      attendees: rest.attendees ?? null,
      answers: rest.answers ?? {},
    },
    ...{ decision_reason: null, created_at: now, updated_at: now },
  };
}

function instants<T extends { start_time?: string; end_time?: string }>(times: T) {
  const read = (text: string | undefined) => text === undefined ? undefined : instantOf(text);
  return { start_time: read(times.start_time), end_time: read(times.end_time) } as {
    [K in keyof T]: T[K] extends string ? Temporal.Instant : Temporal.Instant | undefined;
  };
}

function startKey(key: unknown): { start_time: Temporal.Instant; id: string } | undefined {
  const { start_time, id } = key as { start_time?: unknown; id?: unknown };
  const instant = typeof start_time === "string" ? readInstant(start_time) : undefined;
  return instant && typeof id === "string" && isId(id) ? { start_time: instant, id } : undefined;
}

function mustBe(right: boolean, path: string, message: string) {
  if (!right) throw new Invalid([{ path, message }]);
}
