import { Hono } from "hono";
import { availabilityOf } from "../../domain/availability.ts";
import { Conflict, Invalid } from "../../domain/errors.ts";
import { minutesOf, type Period } from "../../domain/periods.ts";
import {
  changeResource,
  createResource,
  deactivateResource,
  deleteResource,
  getResource,
  listResources,
  NewResource,
  ResourceChange,
} from "../../domain/resources.ts";
import { actorOf, type Context, type Env } from "../env.ts";
import { check } from "../forms.ts";
import { allowed } from "../middleware.ts";
import { body, idOf, list, nameKey, paging, resourceJson } from "./json.ts";
import { MinCapacity, timeIn } from "./schemas.ts";

const LONGEST = 366 * 1440;

/** What can be reserved, for programs. */
export const resources = new Hono<Env>();

resources.get("/", async (c) => {
  const { q, kind, tag, min_capacity } = c.req.query();
  const { limit, after } = paging(c, nameKey);
  const filter = {
    ...{ q, kind, tag, limit, after, free: freePeriod(c) },
    min_capacity: min_capacity ? check(MinCapacity, { min_capacity }).min_capacity : undefined,
  };
  const found = await listResources(c.var.sql, filter, c.var.now);
  return list(c, found, limit, resourceJson, ({ name, id }) => ({ name: name.toLowerCase(), id }));
});

resources.get(
  "/:id",
  async (c) => c.json(resourceJson(await getResource(c.var.sql, idOf(c, "This resource")))),
);

resources.get("/:id/availability", async (c) => {
  const id = idOf(c, "This resource");
  const start_time = timeIn(c.req.query(), "from");
  const end_time = timeIn(c.req.query(), "to");
  if (!start_time || !end_time || Temporal.Instant.compare(end_time, start_time) <= 0) {
    throw new Invalid([{ path: "to", message: "Give both from and a later to" }]);
  }
  if (minutesOf({ start_time, end_time }) > LONGEST) {
    throw new Invalid([{ path: "to", message: "Ask for at most 366 days at once" }]);
  }
  return c.json(await availabilityOf(c.var.sql, id, { start_time, end_time }));
});

resources.post("/", allowed("manage_resources"), async (c) => {
  const input = await body(c, NewResource);
  const zoned = { ...input, time_zone: input.time_zone ?? c.var.house.config.TIME_ZONE };
  const created = await createResource(c.var.sql, actorOf(c), zoned, c.var.now);
  c.header("Location", `/api/v1/resources/${created.id}`);
  return c.json(resourceJson(created), 201);
});

resources.patch("/:id", allowed("manage_resources"), async (c) => {
  const id = idOf(c, "This resource");
  const change = await body(c, ResourceChange);
  return c.json(resourceJson(await changeResource(c.var.sql, actorOf(c), { id, ...change }, c.var.now)));
});

resources.delete("/:id", allowed("manage_resources"), async (c) => {
  const { sql, now } = c.var;
  const id = idOf(c, "This resource");
  try {
    await deleteResource(sql, actorOf(c), id, now);
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    await deactivateResource(sql, actorOf(c), { id, future: "keep" }, now);
  }
  return c.body(null, 204);
});

function freePeriod(c: Context): Period | undefined {
  const start_time = timeIn(c.req.query(), "free_from");
  const end_time = timeIn(c.req.query(), "free_to");
  if (!start_time && !end_time) return undefined;
  if (start_time && end_time && Temporal.Instant.compare(end_time, start_time) > 0) {
    return { start_time, end_time };
  }
  throw new Invalid([{ path: "free_to", message: "Give both free_from and a later free_to" }]);
}
