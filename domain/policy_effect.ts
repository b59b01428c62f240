import type { Db } from "../db/types.ts";
import { isId } from "../lib/ids.ts";
import type { Period } from "./periods.ts";
import type { NewPolicy, Rules } from "./policies.ts";
import type { Quantities } from "./quantities.ts";
import { reasons } from "./reasons.ts";

/** A reservation that a changed policy would not allow any more. */
export interface Affected {
  reference: string;
  resource_name: string;
  requester_name: string;
  period: Period;
  zone: string;
  reasons: string[];
}

/** What was chosen when it was made, and is not to be judged by the present day. */
const PASSED = ["too_soon", "too_far", "not_attested", "not_answered"];
const AT_MOST = 5_000;

/**
 * What a policy as it is written now would say of the reservations that lie ahead. Nothing is changed: what is
 * reserved stays as it is, whatever the rules become.
 */
export async function effectOf(
  db: Db,
  policy: NewPolicy & { id: string; trusts: readonly string[]; trusted_groups: readonly string[] },
  now: Temporal.Instant,
): Promise<{ looked_at: number; against: Affected[]; approved_at_once: number; without_check_in: number }> {
  const rows = await db<(Omit<Rules, "policy"> & Period & Ahead)[]>`
    select v.reference, v.start_time, v.end_time, v.attendees, v.check_in_until, u.name as requester_name, r.id as resource_id, r.name,
      r.units, r.capacity, r.time_zone, r.requires_approval, false as deactivated, r.policy_id, r.version,
      1 as policy_version, jsonb_build_object(r.id, a.asked) as quantities, '{}'::uuid[] as part_ids,
      null as part_missing, r.accessory, '{}'::uuid[] as offered_with
    from reservations v
    join allocations a on a.reservation_id = v.id and a.asked is not null
    join resources r on r.id = a.resource_id
    join users u on u.id = v.requester_id
    where r.policy_id = ${policy.id} and v.start_time > ${now} and v.status in ('pending', 'approved')
    order by v.start_time limit ${AT_MOST}`;
  const against = rows.flatMap((row) => {
    const rules = {
      ...row,
      policy: { ...policy, trusts: [...policy.trusts], trusted_groups: [...policy.trusted_groups] },
    };
    const found = reasons(rules, row, now).filter(({ code }) => !PASSED.includes(code));
    const { reference, name, requester_name, start_time, end_time, time_zone } = row;
    return found.length === 0 ? [] : [{
      ...{
        reference,
        requester_name,
        resource_name: name,
        period: { start_time, end_time },
        zone: time_zone,
      },
      reasons: found.map(({ message }) => message),
    }];
  });
  const without = policy.check_in ? rows.filter((row) => row.check_in_until === null) : [];
  return {
    looked_at: rows.length,
    against,
    approved_at_once: await countTrusted(db, policy),
    without_check_in: new Set(without.map(({ reference }) => reference)).size,
  };
}

/** How many people a policy approves at once, by name or by a group: each once. */
async function countTrusted(
  db: Db,
  { approval, trusts, trusted_groups }: Pick<
    Parameters<typeof effectOf>[1],
    "approval" | "trusts" | "trusted_groups"
  >,
): Promise<number> {
  if (approval === "never") return 0;
  const ids = (given: readonly string[]) => given.filter(isId);
  const [{ count }] = await db<{ count: number }[]>`
    select count(*)::int as count from users u
    where u.disabled_at is null and (u.id = any(${ids(trusts)}) or exists (
      select from group_members m where m.user_id = u.id and m.group_id = any(${ids(trusted_groups)})))`;
  return count;
}

interface Ahead {
  reference: string;
  requester_name: string;
  attendees: number | null;
  quantities: Quantities;
  check_in_until: Temporal.Instant | null;
}
