import { z } from "zod";
import { availabilityOf } from "../../domain/availability.ts";
import { Conflict } from "../../domain/errors.ts";
import { minutesOf } from "../../domain/periods.ts";
import { listResources } from "../../domain/resource_list.ts";
import {
  changeResource,
  createResource,
  deactivateResource,
  deleteResource,
  getResource,
  lockResource,
  NewResource,
  type Resource as Kept,
  ResourceChange,
} from "../../domain/resources.ts";
import type { Tx } from "../../db/types.ts";
import { actorOf, type Context } from "../env.ts";
import { Availability, listOf, Resource } from "./answers.ts";
import { after, list, nameKey, Paging, resourceJson } from "./json.ts";
import { calls } from "./operations.ts";
import { TimeInAddress, timeInAddress } from "./schemas.ts";

const LONGEST = 366 * 1440;
const Quantity = z.coerce.number("Give a whole number").int("Give a whole number")
  .min(1, "Give a number from 1").max(500, "At most 500").optional();
const NO_PERIOD = { path: ["free_to"], message: "Give both free_from and a later free_to" };

/** What can be reserved, for programs. */
export const resources = calls("/resources", "Resources", "This resource");

resources.get("/", {
  id: "listResources",
  summary: "Search what can be reserved, by name",
  who: "signed in",
  query: z.object({
    q: z.string().optional().describe("Words in its name, kind, place, description or tags"),
    kind: z.string().optional(),
    tag: z.string().optional(),
    min_capacity: z.coerce.number("Give a whole number").int("Give a whole number")
      .min(1, "Give a number from 1").max(1e6).optional(),
    accessory: z.stringbool("Say true or false").optional()
      .describe("Only accessories, or only what is reserved by itself"),
    free_from: TimeInAddress.optional().describe("Only what is free from here …"),
    free_to: TimeInAddress.optional().describe("… to here"),
    free_units: Quantity.describe("So many units of it; one, where it is not said"),
    ...Paging,
  }).refine(({ free_from, free_to }) => Boolean(free_from) === Boolean(free_to), NO_PERIOD)
    .refine(({ free_from, free_to }) => !free_from || !free_to || isBefore(free_from, free_to), NO_PERIOD),
  fields: Resource,
  answers: { 200: listOf(Resource) },
}, async (c, { query: { free_from, free_to, free_units, cursor, ...filter } }) => {
  const free = free_from && free_to && { start_time: free_from, end_time: free_to, quantity: free_units };
  const asked = { ...filter, free, after: after({ cursor }, nameKey) };
  const found = await listResources(c.var.sql, asked, c.var.now);
  return list(c, found, filter.limit, resourceJson, ({ name, id }) => ({ name: name.toLowerCase(), id }));
});

resources.get("/:id", {
  id: "getResource",
  summary: "Read one resource",
  who: "signed in",
  fields: Resource,
  answers: { 200: Resource },
}, async (c, { id }) => shown(c, await getResource(c.var.sql, id)));

resources.get("/:id/availability", {
  id: "getAvailability",
  summary: "Read when it is busy and when free",
  description:
    "Over at most 366 days. Free is what can be asked for: opening hours and buffers are taken off. What has " +
    "several units is busy where fewer are free than are asked for.",
  who: "signed in",
  query: z.object({
    from: TimeInAddress,
    to: timeInAddress("2026-06-07T12:30:00Z"),
    units: Quantity.describe("So many units; one, where it is not said"),
  })
    .transform(({ from, to, units }) => ({ start_time: from, end_time: to, quantity: units }))
    .refine(({ start_time, end_time }) => isBefore(start_time, end_time), {
      path: ["to"],
      message: "Give a to that is later than from",
    })
    .refine((window) => minutesOf(window) <= LONGEST, {
      path: ["to"],
      message: "Ask for at most 366 days at once",
    }),
  answers: { 200: Availability },
}, (c, { id, query }) => availabilityOf(c.var.sql, id, query, c.var.now));

resources.post("/", {
  id: "createResource",
  summary: "Make a resource",
  who: "manage_resources",
  body: NewResource.meta({ id: "NewResource" }),
  answers: { 201: Resource, 409: "Another resource has this name" },
}, async (c, { body }) => {
  const zoned = { ...body, time_zone: body.time_zone ?? c.var.house.config.TIME_ZONE };
  const created = await createResource(c.var.sql, actorOf(c), zoned, c.var.now);
  c.header("Location", `/api/v1/resources/${created.id}`);
  return shown(c, created);
});

resources.patch("/:id", {
  id: "changeResource",
  summary: "Change what is named, and nothing else",
  who: "manage_resources",
  body: ResourceChange.meta({ id: "ResourceChange" }),
  tag,
  answers: { 200: Resource, 409: "Another resource has this name" },
}, async (c, { id, body }) => {
  return shown(c, await changeResource(c.var.sql, actorOf(c), { id, ...body }, c.var.now));
});

resources.delete("/:id", {
  id: "deleteResource",
  summary: "Delete it, or take it out of service where it has reservations on record",
  who: "manage_resources",
  tag,
  answers: { 204: "It is gone" },
}, async (c, { id }) => {
  const { sql, now } = c.var;
  try {
    await deleteResource(sql, actorOf(c), id, now);
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    await deactivateResource(sql, actorOf(c), { id, future: "keep" }, now);
  }
});

function shown(c: Context, resource: Kept) {
  c.header("ETag", tagOf(resource));
  return resourceJson(resource);
}

async function tag(tx: Tx, _c: Context, id: string): Promise<string> {
  return tagOf(await lockResource(tx, id));
}

const tagOf = ({ version }: Kept) => `"${version}"`;

function isBefore(one: Temporal.Instant, other: Temporal.Instant): boolean {
  return Temporal.Instant.compare(one, other) < 0;
}
