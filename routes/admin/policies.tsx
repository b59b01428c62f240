import { Hono } from "hono";
import { Invalid, type Issue } from "../../domain/errors.ts";
import { listGroupNames } from "../../domain/groups.ts";
import { inHours, readHours, WEEKDAYS } from "../../domain/opening.ts";
import {
  createPolicy,
  deletePolicy,
  type Field,
  getPolicy,
  type KeptPolicy,
  listPolicies,
  NewPolicy,
  NO_RULES,
  type Trust,
} from "../../domain/policies.ts";
import { changePolicy } from "../../domain/policy_changes.ts";
import { effectOf } from "../../domain/policy_effect.ts";
import { listNames } from "../../domain/users.ts";
import { PoliciesPage, PolicyFormPage } from "../../views/admin/policies.tsx";
import { actorOf, type Context, type Env } from "../env.ts";
import { check, every, fields, orAgain, type Problem, type Values } from "../forms.ts";
import { done, page } from "../respond.tsx";

/** The rules that resources share, for administrators. */
export const managePolicies = new Hono<Env>();

managePolicies.get("/", async (c) => {
  const policies = await listPolicies(c.var.sql);
  return page(c, { title: "Policies", body: <PoliciesPage policies={policies} /> });
});

managePolicies.get("/new", (c) => form(c, { values: asTyped({ ...NO_RULES, name: "" }), ...NOBODY }));

managePolicies.get("/:id", async (c) => {
  const policy = await getPolicy(c.var.sql, c.req.param("id"));
  return form(c, { policy, values: asTyped(policy), ...trustOf(policy) });
});

managePolicies.post("/", async (c) => {
  const { values, ...trust } = await typed(c);
  return orAgain(async () => {
    const input = read(values);
    await createPolicy(c.var.sql, actorOf(c), { ...input, ...trust }, c.var.now);
    return done(c, { to: "/admin/policies", notice: { text: `${input.name} is added` } });
  }, (problem) => form(c, { values, ...trust, problem }));
});

managePolicies.post("/:id", async (c) => {
  const { sql, now } = c.var;
  const policy = await getPolicy(sql, c.req.param("id"));
  const { values, ...trust } = await typed(c);
  return orAgain(async () => {
    const input = read(values);
    if (values.preview) {
      const effect = { ...await effectOf(sql, { ...input, id: policy.id, ...trust }, now), now };
      return form(c, { policy, values, ...trust, effect });
    }
    await changePolicy(sql, actorOf(c), { ...input, id: policy.id, ...trust }, now);
    return done(c, { to: "/admin/policies", notice: { text: `${input.name} is saved` } });
  }, (problem) => form(c, { policy, values, ...trust, problem }));
});

managePolicies.post("/:id/delete", async (c) => {
  const policy = await getPolicy(c.var.sql, c.req.param("id"));
  return orAgain(async () => {
    await deletePolicy(c.var.sql, actorOf(c), policy.id, c.var.now);
    return done(c, { to: "/admin/policies", notice: { text: `${policy.name} is deleted` } });
  }, (problem) => form(c, { policy, values: asTyped(policy), ...trustOf(policy), problem }));
});

/** Whom a form names to be approved at once. */
type Named = Required<Trust>;
const NOBODY: Named = { trusts: [], trusted_groups: [] };
const trustOf = ({ trusts, trusted_groups }: Named): Named => ({ trusts, trusted_groups });

interface Shown extends Named {
  policy?: KeptPolicy;
  values: Values;
  problem?: Problem;
  effect?: Parameters<typeof PolicyFormPage>[0]["effect"];
}

async function form(c: Context, { policy, values, trusts, trusted_groups, problem, effect }: Shown) {
  const [people, groups] = await Promise.all([listNames(c.var.sql), listGroupNames(c.var.sql)]);
  const body = (
    <PolicyFormPage
      policy={policy}
      values={values}
      errors={problem?.errors ?? {}}
      message={problem?.message}
      people={people}
      trusts={trusts}
      groups={groups}
      trusted_groups={trusted_groups}
      effect={effect}
      deletable={policy !== undefined}
    />
  );
  return page(c, { title: policy?.name ?? "Add a policy", body, status: problem?.status });
}

// A list of people or of groups comes as one field several times.
async function typed(c: Context): Promise<{ values: Values } & Named> {
  return {
    values: await fields(c),
    trusts: await every(c, "trusts"),
    trusted_groups: await every(c, "trusted_groups"),
  };
}

const NUMBERS = [
  "min_minutes",
  "max_minutes",
  "notice_minutes",
  "horizon_days",
  "slot_minutes",
  "cancel_minutes",
  "open_at_most",
  "approval_longer_than",
  "approval_more_people_than",
  "hold_minutes",
] as const;
const BUFFERS = ["buffer_before", "buffer_after"] as const;
const WITH_DEFAULT = ["check_in_opens_minutes", "check_in_grace_minutes", "offer_minutes"] as const;
const CHECKS = [
  "approval_outside_hours",
  "approval_recurring",
  "self_approval",
  "pending_holds",
  "check_in",
  "details_for_staff",
] as const;
const PERIODS = ["day", "week", "month"] as const;

// What cannot be read is said together with what the rules of a policy have against the rest.
function read(values: Values): NewPolicy {
  const issues: Issue[] = [];
  const number = (name: string) => {
    const text = values[name]?.trim();
    if (!text) return null;
    if (!/^\d{1,7}$/.test(text)) issues.push({ path: name, message: "Give a whole number" });
    return Number(text);
  };
  const opening = values.always_open === "on" ? null : WEEKDAYS.map((_, index) => {
    const hours = readHours(values[`hours_${index}`] ?? "");
    const message = "Give hours such as 8:00–12:00, 13:00–18:00, one after the other";
    if (!hours) issues.push({ path: `hours_${index}`, message });
    return hours?.map(([from, to]) => [from, to]) ?? [];
  });
  const quotas = PERIODS.flatMap((per) => {
    const [count, minutes] = [number(`count_${per}`), number(`minutes_${per}`)];
    return count || minutes ? [{ per, ...count ? { count } : {}, ...minutes ? { minutes } : {} }] : [];
  });
  const input = {
    name: values.name ?? "",
    approval: values.approval,
    opening,
    quotas,
    ...Object.fromEntries(NUMBERS.map((name) => [name, number(name)])),
    ...Object.fromEntries(BUFFERS.map((name) => [name, number(name) ?? 0])),
    ...Object.fromEntries(WITH_DEFAULT.map((name) => [name, number(name) ?? NO_RULES[name]])),
    ...Object.fromEntries(CHECKS.map((name) => [name, values[name] === "on"])),
    attestations: lines(values.attestations),
    fields: lines(values.fields).flatMap((line) => readField(line, issues)),
  };
  if (issues.length > 0) throw new Invalid(issues);
  return check(NewPolicy, input);
}

const lines = (text: string | undefined) =>
  (text ?? "").split("\n").map((line) => line.trim()).filter(Boolean);

// `Cost centre: number!`, `Layout: rows | circle`, `Remarks`: a question a line, as its author writes it.
function readField(line: string, issues: Issue[]): Field[] {
  const [, label = "", kind = "", must = ""] = /^([^:!]+)(?::([^!]*))?(!?)$/.exec(line) ?? [];
  const key = label.toLowerCase().normalize("NFKD").replace(/[^a-z0-9]+/g, "_").replace(/^[^a-z]+/, "")
    .replace(/_$/, "")
    .slice(0, 40);
  if (!key) {
    issues.push({ path: "fields", message: `“${line}” cannot be read: write it as Cost centre: number!` });
    return [];
  }
  const base = { key, label: label.trim(), required: must === "!" };
  const choices = kind.split("|").map((choice) => choice.trim()).filter(Boolean);
  if (choices.length > 1) return [{ ...base, type: "choice", choices }];
  return [{ ...base, type: kind.trim() === "number" ? "number" : "text" }];
}

function writeField({ label, type, choices = [], required }: Field): string {
  return `${label}: ${type === "choice" ? choices.join(" | ") : type}${required ? "!" : ""}`;
}

function asTyped(policy: NewPolicy | KeptPolicy): Values {
  const { opening, quotas } = policy;
  const quotaOf = (per: string) => quotas.find((quota) => quota.per === per);
  return {
    name: policy.name,
    approval: policy.approval,
    always_open: opening ? undefined : "on",
    ...Object.fromEntries(WEEKDAYS.map((_, i) => [`hours_${i}`, opening?.[i]?.map(inHours).join(", ")])),
    ...Object.fromEntries(
      [...NUMBERS, ...BUFFERS, ...WITH_DEFAULT].map((name) => [name, policy[name]?.toString() || undefined]),
    ),
    ...Object.fromEntries(CHECKS.map((name) => [name, policy[name] ? "on" : undefined])),
    ...Object.fromEntries(PERIODS.flatMap((per) => [
      [`count_${per}`, quotaOf(per)?.count?.toString()],
      [`minutes_${per}`, quotaOf(per)?.minutes?.toString()],
    ])),
    attestations: policy.attestations.join("\n"),
    fields: policy.fields.map(writeField).join("\n"),
  };
}
