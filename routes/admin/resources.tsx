import { Hono } from "hono";
import { z } from "zod";
import { Conflict, Invalid } from "../../domain/errors.ts";
import { compositionOf } from "../../domain/parts.ts";
import { listPolicies } from "../../domain/policies.ts";
import { listReservations } from "../../domain/reservations.ts";
import { findByNames, listNames } from "../../domain/resource_names.ts";
import { listKindsAndTags } from "../../domain/resource_names.ts";
import { listResources } from "../../domain/resource_list.ts";
import {
  changeResource,
  createResource,
  deactivateResource,
  deleteResource,
  getResource,
  NewResource,
  reactivateResource,
  type Resource,
} from "../../domain/resources.ts";
import { Why } from "../../domain/texts.ts";
import { listCell, listIn } from "../../lib/csv.ts";
import { isId } from "../../lib/ids.ts";
import { ManageResourcesPage, RemoveResourcePage, ResourceFormPage } from "../../views/admin/resources.tsx";
import { count } from "../../views/words.ts";
import { actorOf, type Context, type Env } from "../env.ts";
import { check, fields, orAgain, type Problem, type Values } from "../forms.ts";
import { done, page } from "../respond.tsx";

const PER_PAGE = 100;
const Removal = z.object({ reason: Why.default("") });
const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];

/** What can be reserved, for administrators. */
export const manageResources = new Hono<Env>();

manageResources.get("/", async (c) => {
  const { q = "", after_name = "", after_id = "" } = c.req.query();
  const after = isId(after_id) ? { name: after_name, id: after_id } : undefined;
  const found = await listResources(c.var.sql, { q, deactivated: true, limit: PER_PAGE, after }, c.var.now);
  const shown = found.slice(0, PER_PAGE);
  const last = shown.at(-1);
  const next = found.length > PER_PAGE && last
    ? `/admin/resources?${new URLSearchParams({ q, after_name: last.name.toLowerCase(), after_id: last.id })}`
    : undefined;
  return page(c, {
    title: "Manage resources",
    body: <ManageResourcesPage resources={shown} q={q} next={next} />,
  });
});

manageResources.get(
  "/new",
  (c) => form(c, { values: { units: "1", time_zone: c.var.house.config.TIME_ZONE } }),
);

manageResources.post("/", async (c) => {
  const values = await fields(c);
  return orAgain(async () => {
    const input = withZone(c, check(NewResource, { ...typed(values), ...await connected(c, values) }));
    const { id, name } = await createResource(c.var.sql, actorOf(c), input, c.var.now);
    return done(c, { to: `/resources/${id}`, notice: { text: `${name} can be reserved now` } });
  }, (problem) => form(c, { values, problem }));
});

manageResources.get("/:id/edit", async (c) => {
  const resource = await getResource(c.var.sql, c.req.param("id"));
  const { parts } = await compositionOf(c.var.sql, resource.id);
  const offered = await listNames(c.var.sql, resource.offered_with);
  const values = {
    ...asTyped(resource),
    ...{ parts: listCell(parts.map(({ name }) => name)), offered_with: listCell(offered) },
  };
  return form(c, { resource, values });
});

manageResources.post("/:id/edit", async (c) => {
  const resource = await getResource(c.var.sql, c.req.param("id"));
  const values = await fields(c);
  return orAgain(async () => {
    const input = { ...typed(values), ...await connected(c, values) };
    const change = { id: resource.id, ...withZone(c, check(NewResource, input)) };
    await changeResource(c.var.sql, actorOf(c), change, c.var.now);
    return done(c, { to: `/resources/${resource.id}`, notice: { text: "Saved" } });
  }, (problem) => form(c, { resource, values, problem }));
});

manageResources.get("/:id/remove", async (c) => {
  const resource = await getResource(c.var.sql, c.req.param("id"));
  return removal(c, resource, { for: c.req.query("for") });
});

manageResources.post("/:id/remove", async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const resource = await getResource(sql, c.req.param("id"));
  const values = await fields(c);
  const forGood = values.for === "good";
  return orAgain(async () => {
    const future = values.future === "cancel" ? "cancel" : "keep";
    const { reason } = check(Removal, values);
    const told = await deactivateResource(sql, actor, { id: resource.id, future, reason }, now);
    const deleted = forGood && await deletedForGood(c, resource.id);
    const state = deleted ? "is deleted" : "is out of service";
    const also = told > 0 ? `; ${count(told, "reservation was", "reservations were")} cancelled` : "";
    return done(c, { to: "/admin/resources", notice: { text: `${resource.name} ${state}${also}` } });
  }, (problem) => removal(c, resource, values, problem));
});

manageResources.post("/:id/reactivate", async (c) => {
  const { id, name } = await getResource(c.var.sql, c.req.param("id"));
  await reactivateResource(c.var.sql, actorOf(c), id, c.var.now);
  return done(c, { to: `/resources/${id}`, notice: { text: `${name} is back in service` } });
});

async function deletedForGood(c: Context, id: string): Promise<boolean> {
  try {
    await deleteResource(c.var.sql, actorOf(c), id, c.var.now);
    return true;
  } catch (error) {
    if (error instanceof Conflict) return false;
    throw error;
  }
}

// What was typed are names, as in a file.
async function connected(c: Context, { parts, offered_with }: Values) {
  const read = async (path: string, names = "") => {
    const { ids, unknown } = await findByNames(c.var.sql, listIn(names));
    if (unknown.length === 0) return ids;
    throw new Invalid([{ path, message: `There is no resource called “${unknown[0]}”` }]);
  };
  return { part_ids: await read("parts", parts), offered_with: await read("offered_with", offered_with) };
}

async function form(
  c: Context,
  { resource, values, problem }: { resource?: Resource; values: Values; problem?: Problem },
) {
  const [{ kinds }, policies] = await Promise.all([listKindsAndTags(c.var.sql), listPolicies(c.var.sql)]);
  const body = (
    <ResourceFormPage
      resource={resource}
      values={values}
      errors={beside(problem)}
      message={problem?.message}
      kinds={kinds}
      zones={ZONES}
      policies={policies}
    />
  );
  return page(c, { title: resource?.name ?? "Add a resource", body, status: problem?.status });
}

// What is wrong with a part is said beside its name.
const beside = (problem?: Problem): Record<string, string> => {
  const { part_ids, ...errors } = problem?.errors ?? {};
  return part_ids ? { parts: part_ids, ...errors } : errors;
};

const LISTED = 20;

async function removal(c: Context, resource: Resource, values: Values, problem?: Problem) {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const all = await listReservations(sql, actor, {
    resource_id: resource.id,
    from: now,
    ahead: true,
    limit: LISTED,
  });
  const body = (
    <RemoveResourcePage
      resource={resource}
      ahead={all.slice(0, LISTED)}
      more={all.length > LISTED}
      forGood={values.for === "good"}
      values={values}
      zone={resource.time_zone}
      now={now}
      errors={problem?.errors ?? {}}
      message={problem?.message}
    />
  );
  return page(c, { title: `Remove ${resource.name}`, body, status: problem?.status });
}

// A form has texts only; an empty one means that there is none.
function typed({ capacity, units, tags, policy_id, requires_approval, accessory, ...rest }: Values) {
  const { parts: _, offered_with: __, ...texts } = rest;
  return {
    ...texts,
    capacity: capacity?.trim() ? Number(capacity) : null,
    units: units?.trim() ? Number(units) : 1,
    tags: (tags ?? "").split(",").map((tag) => tag.trim()).filter(Boolean),
    policy_id: policy_id || null,
    requires_approval: requires_approval === "on",
    accessory: accessory === "on",
  };
}

function asTyped(resource: Resource): Values {
  const {
    name,
    kind,
    description,
    location,
    capacity,
    units,
    tags,
    time_zone,
    policy_id,
    requires_approval,
  } = resource;
  return {
    name,
    kind,
    description,
    location,
    time_zone,
    capacity: capacity?.toString(),
    units: String(units),
    tags: tags.join(", "),
    policy_id: policy_id ?? "",
    requires_approval: requires_approval ? "on" : undefined,
    accessory: resource.accessory ? "on" : undefined,
  };
}

function withZone(c: Context, input: NewResource) {
  return { ...input, time_zone: input.time_zone ?? c.var.house.config.TIME_ZONE };
}
