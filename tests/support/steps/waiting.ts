import fc from "fast-check";
import { accept, decline } from "../../../domain/offer_answers.ts";
import { join, leave } from "../../../domain/waitlist.ts";
import {
  type Action,
  action,
  anybody,
  idsOf,
  ownerOf,
  periodOf,
  pick,
  place,
  requester,
  type SeenEntry,
  slot,
  staff,
  which,
  type World,
} from "./world.ts";

// One that waits or is offered something; each ninth time any.
function entry({ seen }: World, which: number, wanted: (one: SeenEntry) => unknown): SeenEntry {
  return pick(which % 9 === 0 ? seen.entries : seen.entries.filter(wanted), which);
}

const isOpen = ({ status }: SeenEntry) => status === "waiting" || status === "offered";
const isOffered = ({ offer_id }: SeenEntry) => offer_id;

/** The slot of something that is held, as a rule; and any slot where nothing is, and each fifth time. */
function taken(
  world: World,
  which: number,
  slot: Parameters<typeof periodOf>[0],
  now: Temporal.Instant,
  resource_id?: string,
) {
  const held = world.seen.reservations.filter((v) =>
    ["approved", "checked_in"].includes(v.status) && v.resource_ids.length > 0 &&
    (!resource_id || v.resource_ids.includes(resource_id)) &&
    Temporal.Instant.compare(v.start_time, now) > 0
  );
  if (which % 5 === 0 || held.length === 0) return periodOf(slot, now);
  const { start_time, end_time, resource_ids } = pick(held, which);
  const [start, end] = [Temporal.Instant.from(start_time), Temporal.Instant.from(end_time)];
  return { start_time: start, end_time: end, resource_ids: resource_ids.slice(0, 1 + which % 2) };
}

/** What those do who wait for what is taken. */
export const WAITING: Action[] = [
  action("wait for a slot", 10, 60, { who: anybody, which, place, slot }, (world, sql, a, now) => {
    const wish = { resource_ids: idsOf(world, [a.place]), ...taken(world, a.which, a.slot, now) };
    return join(sql, world.cast[a.who], { ...wish, purpose: "In time" }, now);
  }),
  action("wait for any slot within a window", 4, 20, {
    ...{ who: anybody, which, place, slot },
    minutes: fc.constantFrom(15, 30, 60, 90),
    longer: fc.constantFrom(0, 0, 15, 60),
  }, (world, sql, a, now) => {
    const { end_time, ...wish } = {
      resource_ids: idsOf(world, [a.place]),
      ...taken(world, a.which, a.slot, now),
    };
    const window = { ...wish, end_time: end_time.add({ minutes: a.longer }), minutes: a.minutes };
    return join(sql, world.cast[a.who], window, now);
  }),
  action(
    "have another wait",
    2,
    8,
    { who: staff, whose: requester, which, place, slot },
    (world, sql, a, now) => {
      const wish = { resource_ids: idsOf(world, [a.place]), ...taken(world, a.which, a.slot, now) };
      return join(sql, world.cast[a.who], { ...wish, requester_id: world.cast[a.whose].id }, now);
    },
  ),
  action(
    "wait for several units",
    3,
    5,
    { who: anybody, which, slot, units: fc.integer({ min: 2, max: 3 }) },
    (world, sql, a, now) => {
      const resource_ids = idsOf(world, [1]);
      const quantities = { [resource_ids[0]]: a.units };
      const { start_time, end_time } = taken(world, a.which, a.slot, now, resource_ids[0]);
      return join(sql, world.cast[a.who], { start_time, end_time, resource_ids, quantities }, now);
    },
  ),
  action("wait for any that will do", 4, 12, {
    ...{ who: anybody, which, slot },
    // There are so many units of one resource alone, and two with a stage.
    like: fc.constantFrom({ quantity: 3 }, { tag: "stage" }),
    within: fc.boolean(),
  }, (world, sql, a, now) => {
    const [hall, bays] = idsOf(world, [0, 1]);
    const { start_time, end_time } = taken(world, a.which, a.slot, now, "quantity" in a.like ? bays : hall);
    const minutes = a.within ? 30 : null;
    return join(sql, world.cast[a.who], {
      start_time,
      end_time,
      minutes,
      any_of: { kind: "room", ...a.like },
    }, now);
  }),
  action("leave the waitlist", 2, 15, { which }, (world, sql, a, now) => {
    const { id, requester_id, version } = entry(world, a.which, isOpen);
    const seen = a.which % 2 ? { version } : {};
    return leave(sql, ownerOf(world, requester_id, a.which), { id, ...seen }, now);
  }),
  action("take somebody off the waitlist", 1, 5, { who: staff, which }, (world, sql, a, now) => {
    const { id } = entry(world, a.which, isOpen);
    return leave(sql, world.cast[a.who], { id }, now);
  }),
  action("accept an offer", 8, 8, { which }, (world, sql, a, now) => {
    const { id, requester_id, offer_id } = entry(world, a.which, isOffered);
    const named = offer_id && a.which % 2 ? { offer_id } : {};
    return accept(sql, ownerOf(world, requester_id, a.which), { id, ...named }, now);
  }),
  action("decline an offer", 5, 5, { which }, (world, sql, a, now) => {
    const { id, requester_id, offer_id } = entry(world, a.which, isOffered);
    const named = offer_id && a.which % 2 ? { offer_id } : {};
    return decline(sql, ownerOf(world, requester_id, a.which), { id, ...named }, now);
  }),
];
