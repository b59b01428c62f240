import { z } from "zod";
import { type Closure, getClosure, listClosures, lockClosure } from "../../domain/closure_lists.ts";
import {
  changeReason,
  close,
  ClosureReason,
  deleteClosure,
  NewClosure,
  type Outcome,
} from "../../domain/closures.ts";
import type { Tx } from "../../db/types.ts";
import { actorOf, type Context } from "../env.ts";
import { Closure as Described, ClosureMade, listOf } from "./answers.ts";
import { after, list, Paging, startKey } from "./json.ts";
import { calls } from "./operations.ts";
import { idOf, instantOf, Time, TimeInAddress } from "./schemas.ts";

// Either moments, the same everywhere, or the clock on the wall of each resource: both become the latter.
const Sent = z.object({
  ...NewClosure.shape,
  start_wall: NewClosure.shape.start_wall.optional(),
  end_wall: NewClosure.shape.end_wall.optional(),
  resource_ids: NewClosure.shape.resource_ids.unwrap().optional(),
  resource_id: z.guid("Give the id of a resource").toLowerCase().optional(),
  start_time: Time.optional(),
  end_time: Time.optional(),
}).transform(({ resource_id, start_time, end_time, ...rest }) =>
  ({
    ...rest,
    ...(resource_id && !rest.resource_ids ? { resource_ids: [resource_id] } : {}),
    ...(start_time || end_time
      ? { time_zone: "UTC", start_wall: wallOf(start_time, "floor"), end_wall: wallOf(end_time, "ceil") }
      : {}),
  }) as z.input<typeof NewClosure>
).pipe(NewClosure).meta({ id: "NewClosure" });
const Reworded = z.object({ reason: ClosureReason });

/** What cannot be reserved, when and why, for programs. */
export const closures = calls("/closures", "Closures", "This closure");

closures.get("/", {
  id: "listClosures",
  summary: "List what is closed, in the order of the start",
  who: "signed in",
  query: z.object({
    resource_id: idOf("a resource").optional(),
    from: TimeInAddress.optional().describe("Those with a date that ends after it"),
    to: TimeInAddress.optional().describe("Those with a date that starts before it"),
    ...Paging,
  }).refine(({ from, to }) => !from || !to || Temporal.Instant.compare(from, to) < 0, {
    path: ["to"],
    message: "The end must be after the start",
  }),
  fields: Described,
  answers: { 200: listOf(Described) },
}, async (c, { query: { cursor, ...filter } }) => {
  const asked = { ...filter, after: after({ cursor }, startKey) };
  const found = await listClosures(c.var.sql, asked, c.var.now);
  return list(c, found, filter.limit, closureJson, ({ start_time, id }) => ({ start_time, id }));
});

closures.post("/", {
  id: "createClosure",
  summary: "Close resources, once or repeatedly",
  description:
    "Where reservations are in its way it is refused until `reservations` says what becomes of them.",
  who: "manage_resources",
  body: Sent,
  answers: { 201: ClosureMade, 404: "A resource does not exist", 409: "Reservations are in its way" },
}, async (c, { body }) => {
  const { id, outcomes } = await close(c.var.sql, actorOf(c), body, c.var.now);
  c.header("Location", `/api/v1/closures/${id}`);
  const made = closureJson(await getClosure(c.var.sql, id, c.var.now));
  return { ...made, reservations: outcomes.map(outcomeJson) };
});

closures.get("/:id", {
  id: "getClosure",
  summary: "Read one closure",
  who: "signed in",
  fields: Described,
  answers: { 200: Described },
}, (c, { id }) => show(c, id));

closures.patch("/:id", {
  id: "changeClosure",
  summary: "Change the reason that everybody reads",
  who: "manage_resources",
  body: Reworded,
  tag,
  answers: { 200: Described },
}, async (c, { id, body: { reason } }) => {
  await changeReason(c.var.sql, actorOf(c), { id, reason }, c.var.now);
  return show(c, id);
});

closures.delete("/:id", {
  id: "deleteClosure",
  summary: "Give up what lies ahead of it",
  who: "manage_resources",
  tag,
  answers: { 204: "It can be reserved again", 409: "It is over" },
}, (c, { id }) => deleteClosure(c.var.sql, actorOf(c), id, c.var.now));

async function show(c: Context, id: string) {
  const closure = await getClosure(c.var.sql, id, c.var.now);
  c.header("ETag", tagOf(closure));
  return closureJson(closure);
}

async function tag(tx: Tx, c: Context, id: string): Promise<string> {
  await lockClosure(tx, id);
  return tagOf(await getClosure(tx, id, c.var.now));
}

const tagOf = ({ updated_at, ended_at, dates }: Closure) => `"${updated_at}/${ended_at ?? ""}/${dates}"`;

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
