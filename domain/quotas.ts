import { unshown, unshownId } from "../db/plans.ts";
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
    const whose = { requester_id, policy_id: one.policy_id!, except, now };
    const windows = one.policy!.quotas.map(({ per }) => calendarOf(per, wish.start_time, one.time_zone));
    const usage: Usage[] = [];
    for (const window of windows) usage.push(await usageOf(db, { ...whose, window }));
    const open = asksForOpen(one, wish) ? (await openOf(db, whose)).count : 0;
    found.push(...broken(one, wish, usage, open));
  }
  return found;
}

interface Usage {
  count: number;
  minutes: number;
}

const asksForOpen = ({ policy }: Rules, wish: Wish) => Boolean(policy!.open_at_most && !wish.keeps_start);

// What the quotas of a policy say, given what the person has within the window of each, and has open.
function broken(one: Rules, wish: Wish, usage: readonly Usage[], open: number): Reason[] {
  const { policy, resource_id } = one;
  const found: Reason[] = [];
  // Several resources under one policy count once, and so do several units: it is one reservation.
  const say = (code: Reason["code"], figure: number, message: string) =>
    found.push({ code, message, figure, whose: policy!.name, resource_id });
  policy!.quotas.forEach((quota, index) => {
    const had = usage[index];
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
  });
  if (asksForOpen(one, wish) && open + 1 > policy!.open_at_most!) {
    say(
      "too_many_open",
      policy!.open_at_most!,
      `${policy!.name} allows ${times(policy!.open_at_most!)} open at once`,
    );
  }
  return found;
}

/** One reservation of a person under a policy, as far as quotas count it. */
interface Had extends Period {
  policy_id: string;
  counts: boolean;
  open: boolean;
}

/**
 * The same answer as `quotaReasons` for any number of wishes of one person that begin within a window, by one question
 * to the database. What is asked for `beside` a wish under the same policy counts as well.
 */
export async function quotasWithin(db: Db, requester_id: string, window: Period, now: Temporal.Instant) {
  // A month around the window: no calendar's day, week or month that it touches begins or ends beyond.
  const around = { hours: 24 * 32 };
  const had = await db<Had[]>`
    select distinct v.id, r.policy_id, v.start_time, v.end_time, ${counts(db, now)} as counts,
      ${isOpen(db, now)} as open
    from reservations v
    join allocations a on a.reservation_id = v.id and a.asked is not null
    join resources r on r.id = a.resource_id
    where v.requester_id = ${unshownId(db, requester_id)} and r.policy_id is not null
      and (${isOpen(db, now)} or ${counts(db, now)}
        and v.start_time >= ${unshown(db, window.start_time.subtract(around))}
        and v.start_time < ${unshown(db, window.end_time.add(around))})`;
  return (rules: Rules, wish: Wish, beside: readonly Period[] = []): Reason[] => {
    if (!hasQuota(rules)) return [];
    const mine: Omit<Had, "policy_id">[] = [
      ...had.filter(({ policy_id }) => policy_id === rules.policy_id),
      ...beside.map((period) => ({ ...period, counts: true, open: true })),
    ];
    const usage = rules.policy!.quotas.map(({ per }): Usage => {
      const { start_time, end_time } = calendarOf(per, wish.start_time, rules.time_zone);
      const within = mine.filter((one) =>
        one.counts && Temporal.Instant.compare(one.start_time, start_time) >= 0 &&
        Temporal.Instant.compare(one.start_time, end_time) < 0
      );
      return { count: within.length, minutes: within.reduce((sum, one) => sum + minutesOf(one), 0) };
    });
    return broken(rules, wish, usage, mine.filter(({ open }) => open).length);
  };
}

// By the clock, not by the sweep: what nobody decided before its start has expired, and what has ended is not open.
function counts(db: Db, now: Temporal.Instant) {
  return db`(v.status in ('approved', 'checked_in', 'completed', 'no_show')
    or v.status = 'pending' and v.start_time > ${unshown(db, now)})`;
}

function isOpen(db: Db, now: Temporal.Instant) {
  return db`(v.status in ('approved', 'checked_in') and v.end_time > ${unshown(db, now)}
      and (v.status = 'checked_in' or v.check_in_until is null or v.check_in_until > ${unshown(db, now)})
    or v.status = 'pending' and v.start_time > ${unshown(db, now)})`;
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
  const [row] = await db<Usage[]>`
    select count(*)::int as count,
      coalesce(sum(extract(epoch from v.end_time - v.start_time) / 60), 0)::float8 as minutes
    from reservations v
    where v.requester_id = ${unshownId(db, requester_id)} and ${counts(db, now)}
      and v.start_time >= ${window.start_time} and v.start_time < ${window.end_time}
      and v.id is distinct from ${except ?? null} and ${underPolicy(db, policy_id)}`;
  return row;
}

async function openOf(db: Db, { requester_id, policy_id, except, now }: Whose) {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from reservations v
    where v.requester_id = ${unshownId(db, requester_id)} and ${isOpen(db, now)}
      and v.id is distinct from ${except ?? null} and ${underPolicy(db, policy_id)}`;
  return row;
}

function underPolicy(db: Db, policy_id: string) {
  return db`exists (
    select from allocations a join resources r on r.id = a.resource_id
    where a.reservation_id = v.id and a.asked is not null and r.policy_id = ${policy_id})`;
}

const times = (count: number) => `${count} reservation${count === 1 ? "" : "s"}`;
