import { z } from "zod";
import type { Tx } from "../../db/types.ts";
import {
  createPolicy,
  deletePolicy,
  getPolicy,
  type KeptPolicy,
  listPolicies,
  lockPolicy,
  NewPolicy,
  NO_RULES,
} from "../../domain/policies.ts";
import { changePolicy } from "../../domain/policy_changes.ts";
import { actorOf, type Context } from "../env.ts";
import { check } from "../forms.ts";
import { listOf, Policy } from "./answers.ts";
import { after, list, nameKey, Paging } from "./json.ts";
import { calls } from "./operations.ts";

const ids = (message: string) =>
  z.array(z.guid(message).toLowerCase(), "Give a list of ids").max(1000, "Name at most 1,000").optional();
const TRUSTED = {
  trusts: ids("Give the ids of people").describe("People whose requests are approved at once"),
  trusted_groups: ids("Give the ids of groups").describe("Groups whose members' requests are"),
};
// What is not named stays as it is, or binds nothing in a new one; the whole is checked then.
const Rules = z.object({ ...z.object(NewPolicy.shape).partial().shape, ...TRUSTED });
const Sent = Rules.required({ name: true }).meta({ id: "NewPolicy" });
const Changed = Rules.meta({ id: "PolicyChange" });

/** The rules that resources share, for programs of administrators. */
export const policies = calls("/policies", "Policies", "This policy");

policies.get("/", {
  id: "listPolicies",
  summary: "List policies, by name",
  who: "manage_resources",
  query: z.object(Paging),
  fields: Policy,
  answers: { 200: listOf(Policy) },
}, async (c, { query: { limit, cursor } }) => {
  const found = await listPolicies(c.var.sql, { limit, after: after({ cursor }, nameKey) });
  return list(c, found, limit, policyJson, ({ name, id }) => ({ name: name.toLowerCase(), id }));
});

policies.post("/", {
  id: "createPolicy",
  summary: "Make a policy",
  description: "A rule that is not named, or null, does not bind.",
  who: "manage_resources",
  body: Sent,
  answers: { 201: Policy, 409: "Another policy has this name" },
}, async (c, { body: { trusts, trusted_groups, ...rules } }) => {
  const input = { ...check(NewPolicy, { ...NO_RULES, ...rules }), trusts, trusted_groups };
  const id = await createPolicy(c.var.sql, actorOf(c), input, c.var.now);
  c.header("Location", `/api/v1/policies/${id}`);
  return show(c, await getPolicy(c.var.sql, id));
});

policies.get("/:id", {
  id: "getPolicy",
  summary: "Read one policy",
  who: "manage_resources",
  fields: Policy,
  answers: { 200: Policy },
}, async (c, { id }) => show(c, await getPolicy(c.var.sql, id)));

policies.patch("/:id", {
  id: "changePolicy",
  summary: "Change some of its rules",
  description: "What is reserved already stays as it is.",
  who: "manage_resources",
  body: Changed,
  tag: async (tx: Tx, _c, id) => tagOf(await lockPolicy(tx, id)),
  answers: { 200: Policy, 409: "Another policy has this name, or it was changed at the same moment" },
}, async (c, { id, body: { trusts, trusted_groups, ...rules } }) => {
  const { id: _id, version, ...before } = await getPolicy(c.var.sql, id);
  const input = { ...check(NewPolicy, { ...before, ...rules }), trusts, trusted_groups };
  await changePolicy(c.var.sql, actorOf(c), { ...input, id, version }, c.var.now);
  return show(c, await getPolicy(c.var.sql, id));
});

policies.delete("/:id", {
  id: "deletePolicy",
  summary: "Give it up",
  who: "manage_resources",
  tag: async (tx: Tx, _c, id) => tagOf(await lockPolicy(tx, id)),
  answers: { 204: "It is given up", 409: "Resources follow it" },
}, (c, { id }) => deletePolicy(c.var.sql, actorOf(c), id, c.var.now));

function show(c: Context, policy: KeptPolicy) {
  c.header("ETag", tagOf(policy));
  return policyJson(policy);
}

const tagOf = ({ version }: KeptPolicy) => `"${version}"`;

function policyJson({ id, version: _version, ...rules }: KeptPolicy) {
  return { id, ...rules };
}
