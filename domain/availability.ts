import { unshown, unshownIds } from "../db/plans.ts";
import type { Db } from "../db/types.ts";
import { isId } from "../lib/ids.ts";
import { heldUnits, notMissed, notOf, taking } from "./allocations.ts";
import { takenByUnit, withAccessories } from "./free_units.ts";
import { type Actor, may } from "./permissions.ts";
import { NotFound } from "./errors.ts";
import { dateIn, freeWithin, merged, minutesOf, momentOf, overlap, type Period } from "./periods.ts";
import { openPeriods } from "./opening.ts";
import { type Rules, rulesOf } from "./policies.ts";
import { quantityOf } from "./quantities.ts";
import { quotaReasons } from "./quotas.ts";
import { type Asked, isOnGrid, reasons } from "./reasons.ts";
import { countsWithin, roomFor } from "./room.ts";

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

/** A free slot offered in place of a conflicting one. */
export interface Alternative extends Period {
  resource_id: string;
  resource_name: string;
  time_zone: string;
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

/** How far around a wish the nearest free slot is looked for. */
const DAYS_AROUND = 7;
const STEP_MINUTES = 15;

/**
 * The nearest free slots of the same length: on the same resource before and after, and on a like resource (same
 * kind, at least as large, nearest in size) at the very same time. All satisfy the rules.
 */
export async function alternativesTo(sql: Db, given: Wish, now: Temporal.Instant): Promise<Alternative[]> {
  if (minutesOf(given) <= 0) return [];
  const rules = given.resource_ids.length > 1 ? await rulesOf(sql, given.resource_ids) : [];
  const beside = rules.filter(({ accessory }) => accessory);
  const ids = given.resource_ids.filter((id) => !beside.some(({ resource_id }) => resource_id === id));
  if (ids.length !== 1) return [];
  const asked = { ...given, resource_ids: ids };
  const wish = notBefore(asked, roundUp(now));
  const [nearby, alike] = await Promise.all([
    nearInTime(sql, wish, asked, beside, now),
    alikeAtSameTime(sql, wish, now),
  ]);
  return [...nearby, ...await withAccessories(sql, { wish: given, accessories: beside, slots: alike }, now)];
}

// What has passed cannot be had back: the nearest to it is the next that comes.
function notBefore(wish: Wish, soonest: Temporal.Instant): Wish {
  if (Temporal.Instant.compare(wish.start_time, soonest) >= 0) return wish;
  return { ...wish, start_time: soonest, end_time: soonest.add(lengthOf(wish)) };
}

async function nearInTime(
  sql: Db,
  given: Wish,
  asked: Wish,
  beside: readonly Rules[],
  now: Temporal.Instant,
): Promise<Alternative[]> {
  const [rules] = await rulesOf(sql, given.resource_ids);
  if (!rules || rules.deactivated) return [];
  const soonest = roundUp(now.add({ minutes: rules.policy?.notice_minutes ?? 0 }));
  const wish = notBefore(notBeyond(given, rules, now), soonest);
  const window = windowAround(wish, soonest);
  if (minutesOf(window) <= 0) return [];
  const { opening } = rules.policy ?? {};
  const open = opening ? openPeriods(opening, window, rules.time_zone) : [window];
  const taken = await takenByUnit(sql, rules, window, now, wish.except);
  // What was given to another is not offered in place of itself, whatever else has come free of it since.
  let without = asked.lost ? freeWithin(window, [asked]) : [window];
  for (const one of beside) {
    const enough = roomFor(window, await takenByUnit(sql, one, window, now, wish.except), {
      units: one.units,
      quantity: quantityOf(wish.quantities, one.resource_id),
    });
    without = without.flatMap((rest) => enough.map((free) => cut(rest, free)))
      .filter((rest) => minutesOf(rest) > 0);
  }
  const wanted = { units: rules.units, quantity: quantityOf(wish.quantities, rules.resource_id) };
  const slots = open.flatMap((stretch) => without.map((rest) => cut(cut(stretch, window), rest)))
    .filter((stretch) => minutesOf(stretch) > 0)
    .flatMap((stretch) => roomFor(stretch, taken, wanted))
    .flatMap((free) => nearestIn(free, wish, rules));
  const distance = (slot: Period) =>
    Math.abs(slot.start_time.epochMilliseconds - wish.start_time.epochMilliseconds);
  const nearest = [...new Map(slots.map((slot) => [slot.start_time.epochMilliseconds, slot])).values()]
    .filter((slot) => fits(rules, { ...wish, ...slot }, now))
    .sort((a, b) => distance(a) - distance(b));
  const within = await withinQuotas(sql, rules, { wish, slots: nearest.slice(0, 6) }, now);
  return within.slice(0, 3).map((slot) => ({
    ...slot,
    resource_id: rules.resource_id,
    resource_name: rules.name,
    time_zone: rules.time_zone,
  }));
}

// Whoever asks for a time beyond the horizon means that hour of the day: the nearest to it is on the last day.
function notBeyond(wish: Wish, { policy, time_zone }: Rules, now: Temporal.Instant): Wish {
  if (!policy?.horizon_days) return wish;
  const last = dateIn(now, time_zone).add({ days: policy.horizon_days });
  const wall = wish.start_time.toZonedDateTimeISO(time_zone);
  if (Temporal.PlainDate.compare(wall.toPlainDate(), last) <= 0) return wish;
  const start_time = last.toZonedDateTime({ timeZone: time_zone, plainTime: wall.toPlainTime() }).toInstant();
  return { ...wish, start_time, end_time: start_time.add(lengthOf(wish)) };
}

// What the requester has still to fill in stands in the way of no slot.
function fits(rules: Rules, wish: Wish, now: Temporal.Instant): boolean {
  return reasons(rules, wish, now).every(({ path }) => path !== undefined);
}

async function withinQuotas(
  sql: Db,
  rules: Rules,
  { wish, slots }: { wish: Wish; slots: readonly Period[] },
  now: Temporal.Instant,
): Promise<Period[]> {
  const against = await Promise.all(
    slots.map((slot) =>
      quotaReasons(sql, [rules], { ...wish, resource_ids: [rules.resource_id], ...slot }, now)
    ),
  );
  return slots.filter((_, index) => against[index].length === 0);
}

function cut(stretch: Period, window: Period): Period {
  const earliest = Temporal.Instant.compare(stretch.start_time, window.start_time) < 0;
  const latest = Temporal.Instant.compare(stretch.end_time, window.end_time) > 0;
  return {
    start_time: earliest ? window.start_time : stretch.start_time,
    end_time: latest ? window.end_time : stretch.end_time,
  };
}

function windowAround(wish: Wish, soonest: Temporal.Instant): Period {
  const around = { hours: 24 * DAYS_AROUND };
  const from = wish.start_time.subtract(around);
  return {
    start_time: Temporal.Instant.compare(from, soonest) < 0 ? soonest : from,
    end_time: wish.end_time.add(around),
  };
}

// The slot of the wanted length in a free stretch that begins nearest to the wanted time, on a round time.
function nearestIn(free: Period, wish: Period, rules: Rules): Period[] {
  const length = lengthOf(wish);
  const earliest = onGrid(free.start_time, rules, "ceil");
  const latest = onGrid(free.end_time.subtract(length), rules, "floor");
  if (Temporal.Instant.compare(earliest, latest) > 0) return [];
  let start_time = isOnGrid(rules, wish.start_time)
    ? wish.start_time
    : onGrid(wish.start_time, rules, "floor");
  if (Temporal.Instant.compare(start_time, earliest) < 0) start_time = earliest;
  if (Temporal.Instant.compare(start_time, latest) > 0) start_time = latest;
  return [{ start_time, end_time: start_time.add(length) }];
}

/** An instant on the grid of a resource, by the clock on its wall; where it has none, on a quarter of an hour. */
export function onGrid(instant: Temporal.Instant, { policy, time_zone }: Rules, mode: "ceil" | "floor") {
  if (!policy?.slot_minutes) return round(instant, mode);
  const wall = instant.toZonedDateTimeISO(time_zone);
  const steps = (wall.hour * 60 + wall.minute + wall.second / 60) / policy.slot_minutes;
  return momentOf(dateIn(instant, time_zone), Math[mode](steps) * policy.slot_minutes, time_zone, "earlier");
}

// Exact: a period may begin or end on any second.
const lengthOf = ({ start_time, end_time }: Period) => start_time.until(end_time);

const round = (instant: Temporal.Instant, roundingMode: "ceil" | "floor") =>
  instant.round({ smallestUnit: "minute", roundingIncrement: STEP_MINUTES, roundingMode });
const roundUp = (instant: Temporal.Instant) => round(instant, "ceil");

async function alikeAtSameTime(sql: Db, wish: Wish, now: Temporal.Instant): Promise<Alternative[]> {
  const { start_time, end_time } = wish;
  const [id] = wish.resource_ids;
  const quantity = quantityOf(wish.quantities, id);
  const rows = await sql<{ id: string }[]>`
    select r.id
    from resources wanted join resources r on r.kind = wanted.kind and r.id <> wanted.id
    left join policies p on p.id = r.policy_id
    where wanted.id = ${id} and r.deactivated_at is null
      and coalesce(r.capacity, 0) >= coalesce(wanted.capacity, 0)
      and not r.accessory and r.units >= ${quantity} + ${heldUnits(sql, taking(sql, wish), now, wish.except)}
    order by r.location is distinct from wanted.location, r.requires_approval and not wanted.requires_approval,
      abs(coalesce(r.capacity, 0) - coalesce(wanted.capacity, 0)), lower(r.name)
    limit 8`;
  const like = await rulesOf(sql, rows.map((row) => row.id));
  const instead = (rules: Rules) => ({ ...wish, quantities: { [rules.resource_id]: quantity } });
  const fitting = like.filter((rules) => fits(rules, instead(rules), now)).slice(0, 5);
  const within = await Promise.all(
    fitting.map((rules) => withinQuotas(sql, rules, { wish: instead(rules), slots: [wish] }, now)),
  );
  return fitting.filter((_, index) => within[index].length > 0)
    .slice(0, 3)
    .map(({ resource_id, name, time_zone }) => ({
      resource_id,
      resource_name: name,
      time_zone,
      start_time,
      end_time,
    }));
}
