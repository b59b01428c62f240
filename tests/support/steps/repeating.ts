import fc from "fast-check";
import type { Sql } from "../../../db/types.ts";
import { cancel } from "../../../domain/edits.ts";
import { request } from "../../../domain/requests.ts";
import { addSkipped, createSeries, getSeries } from "../../../domain/series.ts";
import { cancelDates, changeDates } from "../../../domain/series_changes.ts";
import {
  type Action,
  action,
  anybody,
  idsOf,
  ownerOf,
  periodOf,
  pick,
  place,
  places,
  type Slot,
  slot,
  which,
  type World,
} from "./world.ts";

const scope = fc.constantFrom("this", "following", "after", "all");
const changed = fc.constantFrom("this", "following", "all");

// A date of some series, and whose it is.
function dateOf({ seen }: World, which: number) {
  const date = pick(seen.reservations.filter((v) => v.series_id), which);
  return { id: date.series_id!, reservation_id: date.id, requester_id: date.requester_id };
}

const wallOf = (now: Temporal.Instant) => now.toZonedDateTimeISO("Europe/Berlin").toPlainDateTime();

// The dates ahead that were left out of series.
function skipped({ seen }: World, now: Temporal.Instant) {
  const today = `${wallOf(now)}`;
  return seen.series.flatMap(({ id, requester_id, skips }) =>
    skips.filter((wall) => wall > today).map((start_wall) => ({ id, requester_id, start_wall }))
  );
}

// Somebody has the second of three dates when the series is asked for, and gives it up.
async function leaveOneOut(
  world: World,
  sql: Sql,
  { place, slot }: { place: number; slot: Slot },
  now: Temporal.Instant,
) {
  const { cast } = world;
  const { start_time, end_time } = periodOf(slot, now);
  const tomorrow = { start_time: start_time.add({ hours: 24 }), end_time: end_time.add({ hours: 24 }) };
  const resource_ids = idsOf(world, [place]);
  const { id: other } = await request(sql, cast.sam, { ...tomorrow, resource_ids, override: "First" }, now);
  const [start_wall, end_wall] = [wallOf(start_time), wallOf(end_time)];
  const id = await createSeries(sql, cast.bob, {
    ...{ resource_ids, start_wall, end_wall, rule: { frequency: "daily", count: 3 }, choice: "skip" },
  }, now);
  await cancel(sql, cast.sam, { id: other }, now);
  return {
    id,
    requester_id: cast.bob.id,
    start_wall: start_wall.add({ days: 1 }).toString({ smallestUnit: "minute" }),
  };
}

/** What is done with what repeats. */
export const REPEATING: Action[] = [
  action("create a series", 3, 40, {
    who: anybody,
    places,
    slot,
    choice: fc.constantFrom("skip", "move", "all_or_nothing"),
    frequency: fc.constantFrom("daily", "weekly"),
    count: fc.integer({ min: 2, max: 5 }),
  }, (world, sql, a, now) => {
    const start_wall = wallOf(now)
      .round({ smallestUnit: "hour", roundingMode: "floor" }).add({ minutes: 30 * a.slot.half });
    return createSeries(sql, world.cast[a.who], {
      resource_ids: idsOf(world, a.places),
      ...{ start_wall, end_wall: start_wall.add({ minutes: 30 * a.slot.halves }) },
      ...{ rule: { frequency: a.frequency, count: a.count }, choice: a.choice },
    }, now);
  }),
  action("create a series of units with accessories", 2, 20, {
    who: anybody,
    slot,
    units: fc.integer({ min: 1, max: 3 }),
    chairs: fc.integer({ min: 1, max: 3 }),
    choice: fc.constantFrom("skip", "move", "all_or_nothing"),
  }, (world, sql, a, now) => {
    const start_wall = wallOf(now)
      .round({ smallestUnit: "hour", roundingMode: "floor" }).add({ minutes: 30 * a.slot.half });
    const [bays] = idsOf(world, [1]);
    return createSeries(sql, world.cast[a.who], {
      ...{ resource_ids: [bays, world.chairs], quantities: { [bays]: a.units, [world.chairs]: a.chairs } },
      ...{ start_wall, end_wall: start_wall.add({ minutes: 30 * a.slot.halves }) },
      ...{ rule: { frequency: "daily", count: 3 }, choice: a.choice },
    }, now);
  }),
  action("have a date after all", 3, 10, { which, place, slot }, async (world, sql, a, now) => {
    const left = skipped(world, now);
    const { id, requester_id, start_wall } = left.length > 0
      ? pick(left, a.which)
      : await leaveOneOut(world, sql, a, now);
    return await addSkipped(sql, ownerOf(world, requester_id, a.which), { id, start_wall }, now);
  }),
  action("change the time of a series", 3, 20, {
    which,
    scope: changed,
    hour: fc.integer({ min: 8, max: 20 }),
  }, (world, sql, a, now) => {
    const { requester_id, ...date } = dateOf(world, a.which);
    const start = `${String(a.hour).padStart(2, "0")}:${a.which % 2 ? "00" : "30"}`;
    return changeDates(sql, ownerOf(world, requester_id, a.which), {
      ...date,
      scope: a.scope,
      change: { start },
    }, now);
  }),
  action("change the words of a series", 1, 10, { which, scope: changed }, (world, sql, a, now) => {
    const { requester_id, ...date } = dateOf(world, a.which);
    const change = { purpose: `Course ${a.which % 3}` };
    return changeDates(sql, ownerOf(world, requester_id, a.which), { ...date, scope: a.scope, change }, now);
  }),
  action("change the resources of a series", 2, 5, { which, scope: changed, place }, (world, sql, a, now) => {
    const { requester_id, ...date } = dateOf(world, a.which);
    const change = { resource_ids: idsOf(world, [a.place]) };
    return changeDates(sql, ownerOf(world, requester_id, a.which), { ...date, scope: a.scope, change }, now);
  }),
  action("cancel dates of a series", 3, 6, { which, scope }, (world, sql, a, now) => {
    const { requester_id, ...date } = dateOf(world, a.which);
    return cancelDates(sql, ownerOf(world, requester_id, a.which), { ...date, scope: a.scope }, now);
  }),
  action("read a series", 1, 20, { which }, (world, sql, a) => {
    const { requester_id, id } = dateOf(world, a.which);
    return getSeries(sql, ownerOf(world, requester_id, a.which), id);
  }),
];
