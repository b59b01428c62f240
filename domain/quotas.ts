import type { Db } from "../db/types.ts";
import type { Wish } from "./availability.ts";
import { dateIn, dayIn, minutesOf, type Period } from "./periods.ts";
import type { Quota, Rules } from "./policies.ts";
import { inWords, type Reason } from "./reasons.ts";

const NAMES: Record<Quota["per"], string> = { day: "a day", week: "a week", month: "a month" };

/** Whether how much the requester has already decides about a wish. */
export function hasQuota({ policy }: Rules): boolean {
  return Boolean(policy && (policy.quotas.length > 0 || policy.open_at_most));
}

/**
 * The quotas that a wish would break: what a person has of all resources that share the policy, in the day, week
 * (from Monday, ISO 8601) or month on the calendar of the resource in which the wish begins. What was denied,
 * cancelled, bumped or expired does not count, by `now`, whether the sweep has said so yet or not. Without a requester
 * nothing is counted.
 */
export async function quotaReasons(
  db: Db,
  rules: readonly Rules[],
  wish: Wish,
  now: Temporal.Instant,
): Promise<Reason[]> {
  const { requester_id, except } = wish;
  if (!requester_id) return [];
  const found: Reason[] = [];
  const bound = [...new Map(rules.filter(hasQuota).map((r) => [r.policy_id, r])).values()];
  for (const one of bound) {
    const { policy, policy_id, resource_id } = one;
    // Several resources under one policy count once: it is one reservation.
    const say = (code: Reason["code"], figure: number, message: string) =>
      found.push({ code, message, figure, whose: policy!.name, resource_id });
    for (const quota of policy!.quotas) {
      const window = calendarOf(quota.per, wish.start_time, one.time_zone);
      const had = await usageOf(db, { requester_id, policy_id: policy_id!, window, except, now });
      if (quota.count && had.count + 1 > quota.count) {
        say(
          "quota_count",
          quota.count,
          `${policy!.name} allows ${times(quota.count)} ${NAMES[quota.per]} to each person`,
        );
      }
      if (quota.minutes && had.minutes + minutesOf(wish) > quota.minutes) {
        const allowed = inWords(quota.minutes);
        say(
          "quota_time",
          quota.minutes,
          `${policy!.name} allows ${allowed} ${NAMES[quota.per]} to each person`,
        );
      }
    }
    if (policy!.open_at_most && !wish.keeps_start) {
      const { count } = await openOf(db, { requester_id, policy_id: policy_id!, except, now });
      if (count + 1 > policy!.open_at_most) {
        say(
          "too_many_open",
          policy!.open_at_most,
          `${policy!.name} allows ${times(policy!.open_at_most)} open at once`,
        );
      }
    }
  }
  return found;
}

/** Makes what one person stores under quotas wait for each other: no two of theirs both see room for one. */
export async function lockQuotas(db: Db, requester_id: string): Promise<void> {
  await db`select id from users where id = ${requester_id} for no key update`;
}

/** The day, week or month of the calendar of a zone in which an instant lies. */
export function calendarOf(per: Quota["per"], instant: Temporal.Instant, zone: string): Period {
  const day = dateIn(instant, zone);
  if (per === "day") return dayIn(day, zone);
  const first = per === "week" ? day.subtract({ days: day.dayOfWeek - 1 }) : day.with({ day: 1 });
  const next = first.add(per === "week" ? { days: 7 } : { months: 1 });
  return { start_time: dayIn(first, zone).start_time, end_time: dayIn(next, zone).start_time };
}

interface Whose {
  requester_id: string;
  policy_id: string;
  except?: string;
  now: Temporal.Instant;
}

async function usageOf(
  db: Db,
  { requester_id, policy_id, except, window, now }: Whose & { window: Period },
) {
  const [row] = await db<{ count: number; minutes: number }[]>`
    select count(*)::int as count,
      coalesce(sum(extract(epoch from v.end_time - v.start_time) / 60), 0)::float8 as minutes
    from reservations v
    where v.requester_id = ${requester_id} and v.start_time >= ${window.start_time} and v.start_time < ${window.end_time}
      and (v.status in ('approved', 'checked_in', 'completed', 'no_show') or v.status = 'pending' and v.start_time > ${now})
      and v.id is distinct from ${except ?? null} and ${underPolicy(db, policy_id)}`;
  return row;
}

async function openOf(db: Db, { requester_id, policy_id, except, now }: Whose) {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from reservations v
    where v.requester_id = ${requester_id}
      and (v.status in ('approved', 'checked_in') and v.end_time > ${now}
        or v.status = 'pending' and v.start_time > ${now})
      and v.id is distinct from ${except ?? null} and ${underPolicy(db, policy_id)}`;
  return row;
}

function underPolicy(db: Db, policy_id: string) {
  return db`exists (
    select from allocations a join resources r on r.id = a.resource_id
    where a.reservation_id = v.id and r.policy_id = ${policy_id})`;
}

const times = (count: number) => `${count} reservation${count === 1 ? "" : "s"}`;
