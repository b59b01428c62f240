import type { Db } from "../db/types.ts";
import { heldUnits, taking } from "./allocations.ts";
import type { Wish } from "./availability.ts";
import { takenByUnit, withAccessories } from "./free_units.ts";
import { openPeriods } from "./opening.ts";
import { cut, dateIn, freeWithin, minutesOf, momentOf, type Period } from "./periods.ts";
import { type Rules, rulesOf } from "./policies.ts";
import { quantityOf } from "./quantities.ts";
import { quotaReasons } from "./quotas.ts";
import { isOnGrid, reasons } from "./reasons.ts";
import { roomFor } from "./room.ts";

/** A free slot offered in place of a conflicting one. */
export interface Alternative extends Period {
  resource_id: string;
  resource_name: string;
  time_zone: string;
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
