import type { Db, Sql } from "../db/types.ts";
import { dateIn, minutesOf, type Period } from "./periods.ts";

/** The booking rules that resources share. A rule that is null does not bind. */
export interface Policy {
  name: string;
  min_minutes: number | null;
  max_minutes: number | null;
  notice_minutes: number | null;
  horizon_days: number | null;
  /** Whether a request that waits for a decision holds its slot. */
  pending_holds: boolean;
}

/** What has to be known of a resource to judge a wish. */
export interface Rules {
  resource_id: string;
  name: string;
  units: number;
  time_zone: string;
  requires_approval: boolean;
  deactivated: boolean;
  policy: Policy | null;
  version: number;
  policy_version: number;
}

/** A rule that says no: `code` for programs, `message` for people, `whose` rule it is. */
export interface Reason {
  code: "deactivated" | "too_short" | "too_long" | "too_soon" | "too_far";
  message: string;
  whose: string;
  resource_id: string;
}

/**
 * Every rule that stands in the way of a wish, each with its figure; empty where none does. The horizon is counted in
 * days on the calendar of the resource, so that a change of the clock moves nothing.
 */
export function reasons(rules: Rules, wish: Period, now: Temporal.Instant): Reason[] {
  const found: Reason[] = [];
  const say = (code: Reason["code"], message: string, whose = rules.policy?.name ?? rules.name) =>
    found.push({ code, message, whose, resource_id: rules.resource_id });
  if (rules.deactivated) say("deactivated", `${rules.name} cannot be reserved at present`, rules.name);
  const { policy } = rules;
  if (!policy) return found;

  const minutes = minutesOf(wish);
  if (policy.min_minutes !== null && minutes < policy.min_minutes) {
    say("too_short", `${rules.name} is reserved for at least ${inWords(policy.min_minutes)}`);
  }
  if (policy.max_minutes !== null && minutes > policy.max_minutes) {
    say("too_long", `${rules.name} is reserved for at most ${inWords(policy.max_minutes)}`);
  }
  // From the minute that runs: a person who reads a clock without seconds is not refused for them.
  const ahead = wish.start_time.epochMilliseconds / 60_000 - Math.floor(now.epochMilliseconds / 60_000);
  if (policy.notice_minutes !== null && ahead < policy.notice_minutes) {
    say("too_soon", `${rules.name} wants ${inWords(policy.notice_minutes)} of notice`);
  }
  const last = policy.horizon_days === null
    ? undefined
    : dateIn(now, rules.time_zone).add({ days: policy.horizon_days });
  if (last && Temporal.PlainDate.compare(dateIn(wish.start_time, rules.time_zone), last) > 0) {
    say("too_far", `${rules.name} can be reserved ${policy.horizon_days} days ahead, up to ${last}`);
  }
  return found;
}

/** A duration in words: `45 minutes`, `1 hour`, `1 hour 30 minutes`, `2 days`. */
export function inWords(minutes: number): string {
  const count = (n: number, word: string) => n === 0 ? [] : [`${n} ${word}${n === 1 ? "" : "s"}`];
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor((minutes % 1440) / 60);
  return [...count(days, "day"), ...count(hours, "hour"), ...count(minutes % 60, "minute")].join(" ") ||
    "0 minutes";
}

// What was read stays in memory, per database. That is safe although another replica may change it: what is stored
// names the versions it was judged by, and nothing is stored against another version.
const known = new WeakMap<Sql, Map<string, Rules>>();
const AT_MOST = 10_000;

/**
 * The rules of the resources named, in the order of the ids; an unknown resource is missing from the answer.
 *
 * @param fresh whether to ask the database even where the rules are known
 */
export async function rulesOf(sql: Sql, ids: readonly string[], { fresh = false } = {}): Promise<Rules[]> {
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
    select r.id as resource_id, r.name, r.units, r.time_zone, r.requires_approval,
      r.deactivated_at is not null as deactivated, r.version, coalesce(p.version, 0) as policy_version,
      case when p.id is not null then json_build_object(
        'name', p.name, 'min_minutes', p.min_minutes, 'max_minutes', p.max_minutes,
        'notice_minutes', p.notice_minutes, 'horizon_days', p.horizon_days, 'pending_holds', p.pending_holds)
      end as policy
    from resources r left join policies p on p.id = r.policy_id
    where r.id = any(${[...ids]})`;
}

/** All policies, for a form to choose from. */
export function listPolicies(db: Db) {
  return db<{ id: string; name: string }[]>`select id, name from policies order by lower(name)`;
}
