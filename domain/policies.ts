import { z } from "zod";
import { unshownIds } from "../db/plans.ts";
import { transaction } from "../db/transaction.ts";
import type { Db, Fragment, Sql, Tx } from "../db/types.ts";
import { isId, newId } from "../lib/ids.ts";
import { offeredWith } from "./accessories.ts";
import { Conflict, Invalid, NotFound, rethrow } from "./errors.ts";
import { record, type State, type Subject } from "./history.ts";
import type { Opening } from "./opening.ts";
import { type Actor, permit } from "./permissions.ts";
import { name, text } from "./texts.ts";

const minutes = (max: number, message: string) =>
  z.number(message).int(message).min(1, message).max(max, message).nullable();
const YEAR = 366 * 1440;
const OPENS = "Give how early one can check in: 0 to 1440 minutes";
const GRACE = "Give how late one can check in: 1 to 1440 minutes";
const OFFER = "Give for how long an offer holds: 1 to 10080 minutes";

const Quota = z.object({
  per: z.enum(["day", "week", "month"], "A quota is per day, week or month"),
  count: z.number("Give a whole number").int().min(1, "At least 1").max(10_000).optional(),
  minutes: z.number("Give a whole number").int().min(1, "At least a minute").max(YEAR).optional(),
}).refine(({ count, minutes }) => count || minutes, "Say how many, or for how long");

/** How much one person may have of all that follows a policy, within a day, week or month of the calendar. */
export type Quota = z.infer<typeof Quota>;

const Field = z.object({
  key: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, "Use small letters, digits and _")
    .meta({ examples: ["catering"] }),
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
  opening: z.array(z.array(stretch).max(6)).length(7).nullable().meta({
    description: "For each weekday, Monday first: from and to, in minutes from midnight; up to 48:00",
    examples: [[...Array(5).fill([[480, 1080]]), [], []]],
  }),
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
  approval_recurring: z.boolean(),
  approval_more_people_than: minutes(100_000, "Give a number of people"),
  self_approval: z.boolean(),
  pending_holds: z.boolean(),
  hold_minutes: minutes(YEAR, "Give how long a request holds its slot, in minutes"),
  check_in: z.boolean(),
  check_in_opens_minutes: z.number(OPENS).int(OPENS).min(0, OPENS).max(1440, OPENS),
  check_in_grace_minutes: z.number(GRACE).int(GRACE).min(1, GRACE).max(1440, GRACE),
  offer_minutes: z.number(OFFER).int(OFFER).min(1, OFFER).max(10_080, OFFER),
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
  /** Whose requests are approved at once: people … */
  trusts: string[];
  /** … and groups: whoever is in one when they ask. */
  trusted_groups: string[];
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
  /** What it is composed of, at any depth. */
  part_ids: readonly string[];
  /** A part that is out of service. */
  part_missing: string | null;
  /** Whether it is had only with something else, and with what; with anything where nothing is named. */
  accessory: boolean;
  offered_with: readonly string[];
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
  approval_recurring: false,
  approval_more_people_than: null,
  self_approval: false,
  pending_holds: false,
  hold_minutes: null,
  check_in: false,
  check_in_opens_minutes: 15,
  check_in_grace_minutes: 15,
  offer_minutes: 30,
  attestations: [],
  fields: [],
  details_for_staff: false,
};

/** Whom a policy approves at once, by their ids; what is not named stays as it is. */
export interface Trust {
  trusts?: readonly string[];
  trusted_groups?: readonly string[];
}

/** Makes a policy, and names whose requests are approved at once. */
export function createPolicy(
  sql: Sql,
  actor: Actor,
  { trusts = [], trusted_groups = [], ...input }: NewPolicy & Trust,
  now: Temporal.Instant,
): Promise<string> {
  permit(actor, "manage_resources");
  const id = newId(now.epochMilliseconds);
  return transaction(sql, async (tx) => {
    await tx`insert into policies ${
      tx({ ...rowOf(tx, input), id, created_at: `${now}`, updated_at: `${now}` })
    }`;
    await trust(tx, id, { trusts, trusted_groups });
    const after_state = await stateOf(tx, await getPolicy(tx, id));
    await record(tx, actor, { subject: subjectOf(id, input.name), action: "create", after_state }, now);
    return id;
  }).catch(rethrow);
}

/** A policy as it is while nobody else changes it. @throws {NotFound} */
export async function lockPolicy(
  tx: Tx,
  id: string,
  lock: Fragment = tx`for no key update`,
): Promise<KeptPolicy> {
  if (isId(id)) await tx`select from policies where id = ${id} ${lock}`;
  return await getPolicy(tx, id);
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
  await transaction(sql, async (tx) => {
    // Locked for all: what begins to follow it at this moment is waited for, and counts.
    const before = await lockPolicy(tx, id, tx`for update`);
    const previous_state = await stateOf(tx, before);
    const gone = await tx`
      delete from policies p where id = ${id} and not exists (select from resources r where r.policy_id = p.id) returning id`;
    if (gone.length === 0) throw new Conflict(`${before.name} cannot be deleted: resources follow it`);
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

/** All policies by name, each with how many resources follow it; with a limit, one more than that where there are more. */
export async function listPolicies(
  db: Db,
  { limit, after }: { limit?: number; after?: { name: string; id: string } } = {},
): Promise<(KeptPolicy & { resources: number })[]> {
  const rows = await db<{ policy: KeptPolicy & { resources: number } }[]>`
    select ${policyJson(db)} || jsonb_build_object('resources', (
      select count(*) from resources r where r.policy_id = p.id and r.deactivated_at is null)) as policy
    from policies p
    ${after ? db`where (lower(p.name), p.id) > (${after.name}, ${after.id})` : db``}
    order by lower(p.name), p.id ${limit ? db`limit ${limit + 1}` : db``}`;
  return rows.map(({ policy }) => policy);
}

/** All policies by their ids. */
export async function policiesById(db: Db): Promise<Map<string, KeptPolicy>> {
  const rows = await db<{ policy: KeptPolicy }[]>`select ${policyJson(db)} as policy from policies p`;
  return new Map(rows.map(({ policy }) => [policy.id, policy]));
}

function policyJson(db: Db) {
  return db`(to_jsonb(p) - array['created_at', 'updated_at'] || jsonb_build_object('trusts', array(
    select t.user_id from policy_trusts t where t.policy_id = p.id order by t.user_id),
    'trusted_groups', array(
    select t.group_id from policy_trusted_groups t where t.policy_id = p.id order by t.group_id)))`;
}

// What was read stays in memory, per database. That is safe although another replica may change it: what is stored
// names the versions it was judged by, and nothing is stored against another version.
const known = new WeakMap<Db, Map<string, Rules>>();
const AT_MOST = 10_000;

/**
 * The rules of the resources named, in the order of the ids, accessories last; an unknown resource is missing from the answer.
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
  // What comes along comes last: the clock is that of the first.
  return ids.flatMap((id) => cache.get(id) ?? []).sort((a, b) => Number(a.accessory) - Number(b.accessory));
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
      ${partColumns(db)}, r.accessory, ${offeredWith(db)},
      case when p.id is not null then ${policyJson(db)} - array['id', 'version'] end as policy
    from resources r left join policies p on p.id = r.policy_id
    where r.id = any(${unshownIds(db, ids)})`;
}

/** What rules know of the parts of a resource `r`. Its version grows with each change of either. */
export function partColumns(db: Db) {
  return db`array(select part_id from resource_parts_all a where a.whole_id = r.id order by part_id) as part_ids,
    (select min(part.name) from resource_parts_all a join resources part on part.id = a.part_id
      where a.whole_id = r.id and part.deactivated_at is not null) as part_missing`;
}

// Lists of objects go to the database as JSON; a list of texts is an array there.
export function rowOf(tx: Tx, { opening, quotas, fields, ...rest }: NewPolicy) {
  return { ...rest, opening: opening && tx.json(opening), quotas: tx.json(quotas), fields: tx.json(fields) };
}

export async function trust(tx: Tx, policy_id: string, { trusts, trusted_groups }: Trust) {
  const unknown = (path: keyof Trust, message: string) => new Invalid([{ path, message }]);
  if (trusts?.some((id) => !isId(id))) throw unknown("trusts", "This person does not exist");
  if (trusted_groups?.some((id) => !isId(id))) {
    throw unknown("trusted_groups", "This group does not exist");
  }
  if (trusts) {
    await tx`delete from policy_trusts where policy_id = ${policy_id}`;
    await tx`
      insert into policy_trusts (policy_id, user_id)
      select ${policy_id}, unnest(${[...new Set(trusts)]}::uuid[])`;
  }
  if (trusted_groups) {
    await tx`delete from policy_trusted_groups where policy_id = ${policy_id}`;
    await tx`
      insert into policy_trusted_groups (policy_id, group_id)
      select ${policy_id}, unnest(${[...new Set(trusted_groups)]}::uuid[])`;
  }
}

export const subjectOf = (id: string, name: string): Subject => ({ kind: "policy", id, name });

// What stands in the record of a policy: its rules, not how often they were changed; of whom it approves at once the
// names, too, which stay readable when the people and groups are called otherwise, or gone.
export async function stateOf(tx: Tx, { id: _id, version: _version, ...rules }: KeptPolicy): Promise<State> {
  const named = await tx<{ name: string }[]>`
    select name from (
      select 'Group: ' || name as name, 0 as place from groups where id = any(${rules.trusted_groups})
      union all
      select name, 1 from users where id = any(${rules.trusts})
    ) one order by place, lower(name)`;
  const approved_at_once = named.map(({ name }) => name);
  return { ...rules, approved_at_once } as unknown as State;
}
