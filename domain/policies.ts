import { z } from "zod";
import { transaction } from "../db/transaction.ts";
import type { Db, Sql, Tx } from "../db/types.ts";
import { isId, newId } from "../lib/ids.ts";
import { Conflict, NotFound, rethrow } from "./errors.ts";
import { difference, record, type State, type Subject } from "./history.ts";
import type { Opening } from "./opening.ts";
import { type Actor, permit } from "./permissions.ts";
import { name, text } from "./texts.ts";

const minutes = (max: number, message: string) =>
  z.number(message).int(message).min(1, message).max(max, message).nullable();
const YEAR = 366 * 1440;

const Quota = z.object({
  per: z.enum(["day", "week", "month"], "A quota is per day, week or month"),
  count: z.number("Give a whole number").int().min(1, "At least 1").max(10_000).optional(),
  minutes: z.number("Give a whole number").int().min(1, "At least a minute").max(YEAR).optional(),
}).refine(({ count, minutes }) => count || minutes, "Say how many, or for how long");

/** How much one person may have of all that follows a policy, within a day, week or month of the calendar. */
export type Quota = z.infer<typeof Quota>;

const Field = z.object({
  key: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, "Use small letters, digits and _"),
  label: name(120),
  type: z.enum(["text", "number", "choice"], "A field is a text, a number or a choice"),
  choices: z.array(name(80)).max(50).optional(),
  required: z.boolean().default(false),
}).refine(({ type, choices = [] }) => type !== "choice" || choices.length > 1, "Give at least two choices");

/** A question that a policy asks of who reserves. */
export type Field = z.infer<typeof Field>;

const stretch = z.tuple([z.number().int().min(0).max(1439), z.number().int().min(1).max(2880)])
  .refine(([from, to]) => to > from, "Hours end after they begin");

/** A policy as an administrator writes it. A rule that is null does not bind. */
export const NewPolicy = z.object({
  name: name(120),
  min_minutes: minutes(YEAR, "Give the shortest duration in minutes"),
  max_minutes: minutes(YEAR, "Give the longest duration in minutes"),
  notice_minutes: z.number("Give the notice in minutes").int().min(0).max(YEAR).nullable(),
  horizon_days: minutes(3660, "Give the horizon in days"),
  opening: z.array(z.array(stretch).max(6)).length(7).nullable(),
  slot_minutes: z.number("Give the step in minutes").int().min(5, "A step is at least 5 minutes").max(1440)
    .nullable(),
  buffer_before: z.number("Give the buffer in minutes").int().min(0).max(1440),
  buffer_after: z.number("Give the buffer in minutes").int().min(0).max(1440),
  quotas: z.array(Quota).max(6),
  open_at_most: minutes(10_000, "Give how many may be open at once"),
  cancel_minutes: z.number("Give the cut-off in minutes").int().min(0).max(YEAR).nullable(),
  approval: z.enum(["never", "always", "when"], "Say when an approval is needed"),
  approval_longer_than: minutes(YEAR, "Give a duration in minutes"),
  approval_outside_hours: z.boolean(),
  approval_more_people_than: minutes(100_000, "Give a number of people"),
  self_approval: z.boolean(),
  pending_holds: z.boolean(),
  hold_minutes: minutes(YEAR, "Give how long a request holds its slot, in minutes"),
  attestations: z.array(text(500)).max(10),
  fields: z.array(Field).max(20)
    .refine(
      (fields) => new Set(fields.map(({ key }) => key)).size === fields.length,
      "Two fields have the same key",
    ),
  details_for_staff: z.boolean(),
}).refine((p) => p.min_minutes === null || p.max_minutes === null || p.min_minutes <= p.max_minutes, {
  path: ["max_minutes"],
  message: "The longest duration is below the shortest",
});
export type NewPolicy = z.infer<typeof NewPolicy>;

/** The booking rules that resources share. */
export interface Policy extends Omit<NewPolicy, "opening"> {
  opening: Opening | null;
  /** Whose requests are approved at once. */
  trusts: string[];
}

/** A policy as it is kept. */
export interface KeptPolicy extends Policy {
  id: string;
  version: number;
}

/** What has to be known of a resource to judge a wish. */
export interface Rules {
  resource_id: string;
  name: string;
  units: number;
  capacity: number | null;
  time_zone: string;
  requires_approval: boolean;
  deactivated: boolean;
  policy_id: string | null;
  policy: Policy | null;
  version: number;
  policy_version: number;
}

/** A policy that binds nothing, to begin from. */
export const NO_RULES: Omit<NewPolicy, "name"> = {
  min_minutes: null,
  max_minutes: null,
  notice_minutes: null,
  horizon_days: null,
  opening: null,
  slot_minutes: null,
  buffer_before: 0,
  buffer_after: 0,
  quotas: [],
  open_at_most: null,
  cancel_minutes: null,
  approval: "never",
  approval_longer_than: null,
  approval_outside_hours: false,
  approval_more_people_than: null,
  self_approval: false,
  pending_holds: false,
  hold_minutes: null,
  attestations: [],
  fields: [],
  details_for_staff: false,
};

/** Makes a policy; `trusts` are the ids of those whose requests are approved at once. */
export function createPolicy(
  sql: Sql,
  actor: Actor,
  { trusts = [], ...input }: NewPolicy & { trusts?: readonly string[] },
  now: Temporal.Instant,
): Promise<string> {
  permit(actor, "manage_resources");
  const id = newId(now.epochMilliseconds);
  return transaction(sql, async (tx) => {
    await tx`insert into policies ${
      tx({ ...rowOf(tx, input), id, created_at: `${now}`, updated_at: `${now}` })
    }`;
    await trust(tx, id, trusts);
    const after_state = stateOf(await getPolicy(tx, id));
    await record(tx, actor, { subject: subjectOf(id, input.name), action: "create", after_state }, now);
    return id;
  }).catch(rethrow);
}

/** Changes a policy. What is reserved already stays as it is; what is being stored is judged anew. */
export async function changePolicy(
  sql: Sql,
  actor: Actor,
  { id, trusts, ...input }: NewPolicy & { id: string; trusts?: readonly string[] },
  now: Temporal.Instant,
): Promise<void> {
  permit(actor, "manage_resources");
  await transaction(sql, async (tx) => {
    await tx`select from policies where id = ${id} for no key update`;
    const before = await getPolicy(tx, id);
    await tx`
      update policies set ${
      tx({ ...rowOf(tx, input), updated_at: `${now}` })
    }, version = version + 1 where id = ${id}`;
    if (trusts) await trust(tx, id, trusts);
    const states = difference(stateOf(before), stateOf(await getPolicy(tx, id)));
    if (Object.keys(states.after_state).length === 0) return;
    await record(tx, actor, { subject: subjectOf(id, input.name), action: "change", ...states }, now);
  }).catch(rethrow);
}

/**
 * Deletes a policy that no resource follows.
 *
 * @throws {Conflict} where resources follow it
 */
export async function deletePolicy(
  sql: Sql,
  actor: Actor,
  id: string,
  now: Temporal.Instant,
): Promise<void> {
  permit(actor, "manage_resources");
  const before = await getPolicy(sql, id);
  await transaction(sql, async (tx) => {
    const gone = await tx`
      delete from policies p where id = ${id} and not exists (select from resources r where r.policy_id = p.id) returning id`;
    if (gone.length === 0) throw new Conflict(`${before.name} cannot be deleted: resources follow it`);
    const previous_state = stateOf(before);
    await record(tx, actor, { subject: subjectOf(id, before.name), action: "delete", previous_state }, now);
  });
}

/** @throws {NotFound} */
export async function getPolicy(db: Db, id: string): Promise<KeptPolicy> {
  const [row] = isId(id)
    ? await db<{ policy: KeptPolicy }[]>`select ${
      policyJson(db)
    } as policy from policies p where p.id = ${id}`
    : [];
  if (!row) throw new NotFound("This policy");
  return row.policy;
}

/** All policies by name, each with how many resources follow it. */
export async function listPolicies(db: Db): Promise<(KeptPolicy & { resources: number })[]> {
  const rows = await db<{ policy: KeptPolicy & { resources: number } }[]>`
    select ${policyJson(db)} || jsonb_build_object('resources', (
      select count(*) from resources r where r.policy_id = p.id and r.deactivated_at is null)) as policy
    from policies p order by lower(p.name)`;
  return rows.map(({ policy }) => policy);
}

/** All policies by their ids. */
export async function policiesById(db: Db): Promise<Map<string, KeptPolicy>> {
  const rows = await db<{ policy: KeptPolicy }[]>`select ${policyJson(db)} as policy from policies p`;
  return new Map(rows.map(({ policy }) => [policy.id, policy]));
}

function policyJson(db: Db) {
  return db`(to_jsonb(p) - array['created_at', 'updated_at'] || jsonb_build_object('trusts', array(
    select t.user_id from policy_trusts t where t.policy_id = p.id order by t.user_id)))`;
}

// What was read stays in memory, per database. That is safe although another replica may change it: what is stored
// names the versions it was judged by, and nothing is stored against another version.
const known = new WeakMap<Db, Map<string, Rules>>();
const AT_MOST = 10_000;

/**
 * The rules of the resources named, in the order of the ids; an unknown resource is missing from the answer.
 *
 * @param fresh whether to ask the database even where the rules are known
 */
export async function rulesOf(sql: Db, ids: readonly string[], { fresh = false } = {}): Promise<Rules[]> {
  let cache = known.get(sql);
  if (!cache || cache.size > AT_MOST) known.set(sql, cache = new Map());
  const missing = fresh ? ids : ids.filter((id) => !cache.has(id));
  if (missing.length > 0) {
    for (const id of missing) cache.delete(id);
    for (const rules of await readRules(sql, missing)) cache.set(rules.resource_id, rules);
  }
  return ids.flatMap((id) => cache.get(id) ?? []);
}

/** Whether these rules are still those of the database, for what was judged by them a moment ago. */
export async function stillBind(db: Db, rules: readonly Rules[]): Promise<boolean> {
  const present = await readRules(db, rules.map((r) => r.resource_id));
  return rules.every((r) =>
    present.some((p) =>
      p.resource_id === r.resource_id && p.version === r.version && p.policy_version === r.policy_version
    )
  );
}

function readRules(db: Db, ids: readonly string[]) {
  return db<Rules[]>`
    select r.id as resource_id, r.name, r.units, r.capacity, r.time_zone, r.requires_approval,
      r.deactivated_at is not null as deactivated, r.version, coalesce(p.version, 0) as policy_version, r.policy_id,
      case when p.id is not null then ${policyJson(db)} - array['id', 'version'] end as policy
    from resources r left join policies p on p.id = r.policy_id
    where r.id = any(${[...ids]})`;
}

// Lists of objects go to the database as JSON; a list of texts is an array there.
function rowOf(tx: Tx, { opening, quotas, fields, ...rest }: NewPolicy) {
  return { ...rest, opening: opening && tx.json(opening), quotas: tx.json(quotas), fields: tx.json(fields) };
}

async function trust(tx: Tx, policy_id: string, user_ids: readonly string[]) {
  await tx`delete from policy_trusts where policy_id = ${policy_id}`;
  for (const user_id of new Set(user_ids)) {
    await tx`insert into policy_trusts (policy_id, user_id) values (${policy_id}, ${user_id})`;
  }
}

const subjectOf = (id: string, name: string): Subject => ({ kind: "policy", id, name });

// What stands in the record of a policy: its rules, not how often they were changed.
function stateOf({ id: _id, version: _version, ...rules }: KeptPolicy): State {
  return rules as unknown as State;
}
