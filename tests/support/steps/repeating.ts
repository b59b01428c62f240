import fc from "fast-check";
import { addSkipped, createSeries, getSeries } from "../../../domain/series.ts";
import { cancelDates, changeDates } from "../../../domain/series_changes.ts";
import {
  type Action,
  action,
  anybody,
  idsOf,
  ownerOf,
  pick,
  place,
  places,
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
    const start_wall = now.toZonedDateTimeISO("Europe/Berlin").toPlainDateTime()
      .round({ smallestUnit: "hour", roundingMode: "floor" }).add({ minutes: 30 * a.slot.half });
    return createSeries(sql, world.cast[a.who], {
      resource_ids: idsOf(world, a.places),
      ...{ start_wall, end_wall: start_wall.add({ minutes: 30 * a.slot.halves }) },
      ...{ rule: { frequency: a.frequency, count: a.count }, choice: a.choice },
    }, now);
  }),
  action("have a date after all", 20, 1, { which }, (world, sql, a, now) => {
    const today = `${now.toZonedDateTimeISO("Europe/Berlin").toPlainDateTime()}`;
    const open = world.seen.series.map((one) => ({
      ...one,
      skips: one.skips.filter((wall) => wall > today),
    }));
    const { id, requester_id, skips } = pick(open.filter(({ skips }) => skips.length > 0), a.which);
    const whose = ownerOf(world, requester_id, a.which);
    return addSkipped(sql, whose, { id, start_wall: pick(skips, a.which) }, now);
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
  action("cancel dates of a series", 1, 15, { which, scope }, (world, sql, a, now) => {
    const { requester_id, ...date } = dateOf(world, a.which);
    return cancelDates(sql, ownerOf(world, requester_id, a.which), { ...date, scope: a.scope }, now);
  }),
  action("read a series", 1, 20, { which }, (world, sql, a) => {
    const { requester_id, id } = dateOf(world, a.which);
    return getSeries(sql, ownerOf(world, requester_id, a.which), id);
  }),
];
