import { Hono } from "hono";
import { z } from "zod";
import { type Closure, getClosure, listClosures } from "../../domain/closure_lists.ts";
import {
  changeReason,
  close,
  ClosureReason,
  deleteClosure,
  NewClosure,
  type Outcome,
} from "../../domain/closures.ts";
import { Invalid } from "../../domain/errors.ts";
import { readInstant } from "../../domain/periods.ts";
import { isId } from "../../lib/ids.ts";
import { actorOf, type Env } from "../env.ts";
import { check } from "../forms.ts";
import { allowed } from "../middleware.ts";
import { body, idOf, list, paging } from "./json.ts";
import { instantOf, Time, timeIn } from "./schemas.ts";

// Either moments, the same everywhere, or the clock on the wall of each resource.
const Sent = z.looseObject({
  resource_id: z.guid("Give the id of a resource").toLowerCase().optional(),
  start_time: Time.optional(),
  end_time: Time.optional(),
});
const Reworded = z.object({ reason: ClosureReason });

/** What cannot be reserved, when and why, for programs. */
export const closures = new Hono<Env>();

closures.get("/", async (c) => {
  const { resource_id } = c.req.query();
  if (resource_id !== undefined && !isId(resource_id)) {
    throw new Invalid([{ path: "resource_id", message: "Give the id of a resource" }]);
  }
  const { limit, after } = paging(c, startKey);
  const filter = {
    resource_id,
    limit,
    after,
    from: timeIn(c.req.query(), "from"),
    to: timeIn(c.req.query(), "to"),
  };
  if (filter.from && filter.to && Temporal.Instant.compare(filter.from, filter.to) >= 0) {
    throw new Invalid([{ path: "to", message: "The end must be after the start" }]);
  }
  const found = await listClosures(c.var.sql, filter, c.var.now);
  return list(c, found, limit, closureJson, ({ start_time, id }) => ({ start_time, id }));
});

closures.post("/", allowed("manage_resources"), async (c) => {
  const { resource_id, start_time, end_time, ...rest } = await body(c, Sent);
  const moments = start_time || end_time
    ? { time_zone: "UTC", start_wall: wallOf(start_time, "floor"), end_wall: wallOf(end_time, "ceil") }
    : {};
  const named = resource_id && !rest.resource_ids ? { resource_ids: [resource_id] } : {};
  const asked = check(NewClosure, { ...rest, ...named, ...moments });
  const { id, outcomes } = await close(c.var.sql, actorOf(c), asked, c.var.now);
  c.header("Location", `/api/v1/closures/${id}`);
  const made = closureJson(await getClosure(c.var.sql, id, c.var.now));
  return c.json({ ...made, reservations: outcomes.map(outcomeJson) }, 201);
});

closures.get(
  "/:id",
  async (c) => c.json(closureJson(await getClosure(c.var.sql, idOf(c, "This closure"), c.var.now))),
);

closures.patch("/:id", allowed("manage_resources"), async (c) => {
  const id = idOf(c, "This closure");
  const { reason } = await body(c, Reworded);
  await changeReason(c.var.sql, actorOf(c), { id, reason }, c.var.now);
  return c.json(closureJson(await getClosure(c.var.sql, id, c.var.now)));
});

closures.delete("/:id", allowed("manage_resources"), async (c) => {
  await deleteClosure(c.var.sql, actorOf(c), idOf(c, "This closure"), c.var.now);
  return c.body(null, 204);
});

// Closures are kept by the minute: what was asked for is closed, and at most a minute more.
function wallOf(time: string | undefined, roundingMode: "floor" | "ceil"): string | undefined {
  const moment = time && instantOf(time)?.round({ smallestUnit: "minute", roundingMode });
  return moment ? moment.toString().slice(0, 16) : undefined;
}

function closureJson(closure: Closure) {
  const { id, reason, everything, resource_ids, start_time, end_time, start_wall, end_wall } = closure;
  const { time_zone, repeats, dates, ended_at, created_at, updated_at } = closure;
  return {
    ...{ id, reason, everything, resource_ids, start_time, end_time, start_wall, end_wall },
    ...{ time_zone, repeats, dates, ended_at, created_at, updated_at },
  };
}

function outcomeJson({ reservation, outcome, to }: Outcome) {
  const moved = to && { resource_id: to.resource_id, start_time: to.start_time, end_time: to.end_time };
  return {
    reservation_id: reservation.id,
    reference: reservation.reference,
    outcome,
    ...moved ? { to: moved } : {},
  };
}

function startKey(key: unknown): { start_time: Temporal.Instant; id: string } | undefined {
  const { start_time, id } = key as { start_time?: unknown; id?: unknown };
  const instant = typeof start_time === "string" ? readInstant(start_time) : undefined;
  return instant && typeof id === "string" && isId(id) ? { start_time: instant, id } : undefined;
}
