import { unshown, unshownIds } from "../db/plans.ts";
import type { Db } from "../db/types.ts";
import { isId } from "../lib/ids.ts";
import { notMissed, notOf, taking } from "./allocations.ts";
import { takenByUnit } from "./free_units.ts";
import { type Actor, may } from "./permissions.ts";
import { NotFound } from "./errors.ts";
import { cut, freeWithin, merged, overlap, type Period } from "./periods.ts";
import { openPeriods } from "./opening.ts";
import { rulesOf } from "./policies.ts";
import { quantityOf } from "./quantities.ts";
import type { Asked } from "./reasons.ts";
import { countsWithin } from "./room.ts";

/** What is in the way of a wish, as a program is told. */
export interface ConflictingPeriod extends Period {
  /** Null where it is a closure, or an offer. */
  reservation_id: string | null;
  resource_id: string;
  /** The part of the resource that is taken, where it is not all of it. */
  part_id?: string | null;
  closure_id?: string;
  /** Why it is closed. */
  reason?: string;
  /** Until when it is held for somebody on the waitlist, where it is an offer. */
  offered_until?: Temporal.Instant;
}

/** The same, as a person is told; `purpose` and `requester_name` are empty where they are none of theirs. */
export interface InTheWay extends ConflictingPeriod {
  resource_name: string;
  /** How many units there are, and are free all the same: too few. */
  units: number;
  free_units: number;
  part_name: string | null;
  /** What was reserved, where this came along as a part of it. */
  whole_name: string | null;
  requester_name: string;
  purpose: string;
  hidden: boolean;
  mine: boolean;
}

export interface Wish extends Asked {
  resource_ids: readonly string[];
  /** Whose it is or will be: quotas are counted for them. */
  requester_id?: string;
  /** The reservation that is being moved: it is not in its own way. */
  except?: string;
  /** Whether what it names is given to another: it is not offered in place of itself. */
  lost?: boolean;
  /** Whether its start stays: notice and horizon bound it when it was chosen. */
  keeps_start?: boolean;
}

/**
 * The holding allocations that stand in the way of a wish: of each resource that has no unit left for the whole
 * period, those that overlap it. Explains; the constraint decides.
 */
export async function conflictsOf(
  db: Db,
  actor: Actor,
  wish: Wish,
  now: Temporal.Instant,
): Promise<InTheWay[]> {
  const { resource_ids, except = null } = wish;
  const ids = [...resource_ids];
  const period = { start_time: unshown(db, wish.start_time), end_time: unshown(db, wish.end_time) };
  const rows = await db<(Omit<InTheWay, "hidden" | "mine"> & Secret)[]>`
    with wanted as (
      select r.id, r.name, r.units, q.quantity, coalesce(p.details_for_staff, false) as for_staff,
        ${taking(db, period)} as period
      from unnest(${unshownIds(db, ids)}, ${
    ids.map((id) => quantityOf(wish.quantities, id))
  }::int[]) as q (id, quantity)
      join resources r on r.id = q.id left join policies p on p.id = r.policy_id
    ), overlapping as (
      select w.id, a.resource_id as taken_id, a.unit, a.reservation_id, a.closure_id, a.offer_id, a.whole_id, a.period
      from wanted w
      join compositions t on t.resource_id = w.id
      join allocations a on a.resource_id = t.taken_id and a.period && w.period
      where a.holds and a.unit <= w.units and ${notOf(db, except)} and ${notMissed(db, now)}
    ), full_up as (
      select w.*, w.units - taken.units as free_units from wanted w
      cross join lateral (select count(distinct unit)::int as units from overlapping o where o.id = w.id) as taken
      where w.units - taken.units < w.quantity
    ), reserved as (
      -- Of what somebody has of a resource and of its parts, the resource itself says the most.
      select distinct on (o.reservation_id, f.id) o.reservation_id, null::uuid as closure_id, null as reason,
        f.id as resource_id, f.name as resource_name, f.units, f.free_units, v.start_time, v.end_time, v.requester_id,
        u.name as requester_name, v.purpose, v.private or f.for_staff as private,
        part.id as part_id, part.name as part_name, whole.name as whole_name,
        null::timestamptz as offered_until
      from full_up f
      join overlapping o on o.id = f.id
      join reservations v on v.id = o.reservation_id
      join users u on u.id = v.requester_id
      left join resources part on part.id = o.taken_id and part.id <> f.id
      left join resources whole on whole.id = o.whole_id and whole.id <> f.id
      order by o.reservation_id, f.id, part.name nulls first
    ), closed as (
      -- The whole date that is meant, not the pieces that it got.
      select distinct on (c.id, f.id, d.period) null::uuid as reservation_id, c.id as closure_id, c.reason,
        f.id as resource_id, f.name as resource_name, f.units, f.free_units, lower(d.period) as start_time,
        upper(d.period) as end_time, null::uuid as requester_id, '' as requester_name, '' as purpose,
        false as private, part.id as part_id, part.name as part_name, null as whole_name,
        null::timestamptz as offered_until
      from full_up f
      join overlapping o on o.id = f.id
      join closures c on c.id = o.closure_id
      join closure_dates d on d.closure_id = c.id and d.resource_id = o.taken_id and d.period && o.period
      left join resources part on part.id = o.taken_id and part.id <> f.id
      order by c.id, f.id, d.period, part.name nulls first
    ), offered as (
      -- To whom is nobody's business.
      select distinct on (s.id, f.id) null::uuid as reservation_id, null::uuid as closure_id, null as reason,
        f.id as resource_id, f.name as resource_name, f.units, f.free_units, s.start_time, s.end_time,
        case when e.requester_id = ${actor.id} then e.requester_id end as requester_id, '' as requester_name,
        '' as purpose, false as private, part.id as part_id, part.name as part_name, null as whole_name,
        s.expires_at as offered_until
      from full_up f
      join overlapping o on o.id = f.id
      join offers s on s.id = o.offer_id
      join waitlist e on e.id = s.entry_id
      left join resources part on part.id = o.taken_id and part.id <> f.id
      order by s.id, f.id, part.name nulls first
    )
    select * from (select * from reserved union all select * from closed union all select * from offered) as found
    order by start_time, resource_name limit 20`;
  return rows.map(({ requester_id, private: secret, closure_id, reason, offered_until, ...row }) => {
    if (offered_until) return { ...row, offered_until, hidden: true, mine: requester_id !== null };
    if (requester_id === null) return { ...row, closure_id, reason, hidden: false, mine: false };
    return redacted(actor, row, requester_id, secret);
  });
}

interface Secret {
  requester_id: string | null;
  private: boolean;
}

function redacted(
  actor: Actor,
  row: Omit<InTheWay, "hidden" | "mine">,
  owner: string,
  secret: boolean,
): InTheWay {
  const hidden = secret && !may(actor, "see_details", owner);
  return {
    ...row,
    purpose: hidden ? "" : row.purpose,
    requester_name: hidden ? "" : row.requester_name,
    hidden,
    mine: owner === actor.id,
  };
}

/**
 * When a resource has not as many units left as are wanted, and when it may be asked for: within its opening hours, with
 * room for the buffers that a reservation brings along. Where it is closed it is busy. `counts` says how many units are
 * free when.
 *
 * @throws {NotFound}
 */
export async function availabilityOf(
  db: Db,
  resource_id: string,
  { quantity = 1, ...window }: Period & { quantity?: number },
  now: Temporal.Instant,
) {
  const [rules] = isId(resource_id) ? await rulesOf(db, [resource_id], { fresh: true }) : [];
  if (!rules) throw new NotFound("This resource");
  const { opening } = rules.policy ?? {};
  const bare = { ...rules, policy: null };
  const [taken, reached] = await Promise.all([
    takenByUnit(db, bare, window, now),
    takenByUnit(db, rules, window, now),
  ]);
  const left = (units: readonly Period[][]) =>
    merged(countsWithin(window, units, rules.units).filter(({ free_units }) => free_units >= quantity));
  const open = rules.deactivated ? [] : opening ? openPeriods(opening, window, rules.time_zone) : [window];
  return {
    busy: freeWithin(window, left(taken)),
    free: open.flatMap((stretch) => {
      const within = cut(stretch, window);
      return left(reached).filter((free) => overlap(free, within)).map((free) => cut(free, within));
    }),
    counts: countsWithin(window, taken, rules.units),
  };
}
