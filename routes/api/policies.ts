import { Hono } from "hono";
import { z } from "zod";
import {
  changePolicy,
  createPolicy,
  deletePolicy,
  getPolicy,
  type KeptPolicy,
  listPolicies,
  NewPolicy,
  NO_RULES,
} from "../../domain/policies.ts";
import { actorOf, type Env } from "../env.ts";
import { check } from "../forms.ts";
import { allowed } from "../middleware.ts";
import { body, idOf, list, nameKey, paging } from "./json.ts";

const ids = (message: string) =>
  z.array(z.guid(message).toLowerCase(), "Give a list of ids").max(1000, "Name at most 1,000").optional();
const Trusted = z.object({
  trusts: ids("Give the ids of people"),
  trusted_groups: ids("Give the ids of groups"),
});
// What is not named of the rules stays as it is; the whole is checked then.
const Sent = z.looseObject({});

/** The rules that resources share, for programs of administrators. */
export const policies = new Hono<Env>();

policies.use(allowed("manage_resources"));

policies.get("/", async (c) => {
  const { limit, after } = paging(c, nameKey);
  const found = await listPolicies(c.var.sql, { limit, after });
  return list(c, found, limit, policyJson, ({ name, id }) => ({ name: name.toLowerCase(), id }));
});

policies.post("/", async (c) => {
  const sent = await body(c, Sent);
  const input = { ...check(NewPolicy, { ...NO_RULES, ...sent }), ...check(Trusted, sent) };
  const id = await createPolicy(c.var.sql, actorOf(c), input, c.var.now);
  c.header("Location", `/api/v1/policies/${id}`);
  return c.json(policyJson(await getPolicy(c.var.sql, id)), 201);
});

policies.get(
  "/:id",
  async (c) => c.json(policyJson(await getPolicy(c.var.sql, idOf(c, "This policy")))),
);

policies.patch("/:id", async (c) => {
  const { id, version, ...rules } = await getPolicy(c.var.sql, idOf(c, "This policy"));
  const sent = await body(c, Sent);
  const input = { ...check(NewPolicy, { ...rules, ...sent }), ...check(Trusted, sent) };
  await changePolicy(c.var.sql, actorOf(c), { ...input, id, version }, c.var.now);
  return c.json(policyJson(await getPolicy(c.var.sql, id)));
});

policies.delete("/:id", async (c) => {
  await deletePolicy(c.var.sql, actorOf(c), idOf(c, "This policy"), c.var.now);
  return c.body(null, 204);
});

// How many resources follow it is told in the list alone, and no rule.
function policyJson({ id, version: _version, ...rules }: KeptPolicy) {
  return { id, ...rules };
}
