import fc from "fast-check";
import { together } from "../../../db/transaction.ts";
import { requestAny } from "../../../domain/any_of.ts";
import { checkIn, endEarly } from "../../../domain/check_in.ts";
import { cancel, change, restore } from "../../../domain/edits.ts";
import { answer } from "../../../domain/questions.ts";
import { withdrawChange } from "../../../domain/proposals.ts";
import { request } from "../../../domain/requests.ts";
import {
  type Action,
  action,
  aim,
  anybody,
  idsOf,
  ownerOf,
  periodOf,
  pick,
  place,
  places,
  requester,
  slot,
  staff,
  which,
} from "./world.ts";

const ahead = (time: string, now: Temporal.Instant) => Temporal.Instant.compare(at(time), now) > 0;

const at = (time: string) => Temporal.Instant.from(time);

/** What those do who reserve. */
export const ASKING: Action[] = [
  action("request", 10, 200, { who: anybody, place, slot, words: fc.boolean() }, (world, sql, a, now) => {
    const words = a.words ? { purpose: "A talk", private: true, attendees: 4, priority: 3 } : {};
    const wish = { ...periodOf(a.slot, now), resource_ids: idsOf(world, [a.place]), ...words };
    return request(sql, world.cast[a.who], wish, now);
  }),
  action(
    "request several",
    4,
    50,
    { who: anybody, places, slot },
    (world, sql, a, now) =>
      request(sql, world.cast[a.who], {
        ...periodOf(a.slot, now),
        resource_ids: idsOf(world, a.places),
      }, now),
  ),
  action(
    "request units",
    3,
    40,
    { who: anybody, slot, units: fc.integer({ min: 2, max: 3 }) },
    (world, sql, a, now) => {
      const resource_ids = idsOf(world, [1]);
      const wish = { ...periodOf(a.slot, now), resource_ids, quantities: { [resource_ids[0]]: a.units } };
      return request(sql, world.cast[a.who], wish, now);
    },
  ),
  action("request any", 4, 60, {
    who: anybody,
    slot,
    attendees: fc.constantFrom(undefined, 4, 20),
    tag: fc.constantFrom(undefined, "stage"),
  }, (world, sql, { who, slot, attendees, tag }, now) => {
    const any_of = { kind: "room", tag };
    return requestAny(sql, world.cast[who], { ...periodOf(slot, now), any_of, attendees }, now);
  }),
  action(
    "request with accessories",
    3,
    40,
    { who: anybody, place, slot, chairs: fc.integer({ min: 1, max: 4 }) },
    (world, sql, a, now) => {
      const resource_ids = [...idsOf(world, [a.place]), world.chairs];
      const wish = { ...periodOf(a.slot, now), resource_ids, quantities: { [world.chairs]: a.chairs } };
      return request(sql, world.cast[a.who], wish, now);
    },
  ),
  action(
    "want more, fewer or no accessories",
    3,
    20,
    { which, chairs: fc.integer({ min: 0, max: 4 }) },
    (world, sql, a, now) => {
      const one = aim(world, a.which, (v) => v.status === "approved" && ahead(v.start_time, now));
      const others = one.resource_ids.filter((id) => id !== world.chairs);
      const asked = a.chairs === 0 ? { resource_ids: others } : {
        resource_ids: [...others, world.chairs],
        quantities: { [world.chairs]: a.chairs },
      };
      return change(sql, ownerOf(world, one.requester_id, a.which), one.id, asked, now);
    },
  ),
  action(
    "want more or fewer units",
    2,
    6,
    { which, units: fc.integer({ min: 1, max: 3 }) },
    (world, sql, a, now) => {
      const [bays] = idsOf(world, [1]);
      const one = aim(
        world,
        a.which,
        (v) => v.resource_ids.includes(bays) && v.status === "approved" && ahead(v.start_time, now),
      );
      const asked = { resource_ids: [bays], quantities: { [bays]: a.units } };
      return change(sql, ownerOf(world, one.requester_id, a.which), one.id, asked, now);
    },
  ),
  action(
    "request for another",
    2,
    30,
    { who: staff, whose: requester, places, slot },
    (world, sql, a, now) => {
      const requester_id = world.cast[a.whose].id;
      const wish = { ...periodOf(a.slot, now), resource_ids: idsOf(world, a.places), requester_id };
      return request(sql, world.cast[a.who], wish, now);
    },
  ),
  action("request with override", 2, 30, { who: staff, place, slot }, (world, sql, a, now) => {
    const wish = {
      ...periodOf(a.slot, now),
      resource_ids: idsOf(world, [a.place]),
      override: "It has to be",
    };
    return request(sql, world.cast[a.who], wish, now);
  }),
  action("request many at once", 1, 5, {
    who: anybody,
    wishes: fc.array(fc.record({ place, slot }), { minLength: 2, maxLength: 4 }),
  }, (world, sql, a, now) =>
    together(sql, async (sql) => {
      for (const { place, slot } of a.wishes) {
        const wish = { ...periodOf(slot, now), resource_ids: idsOf(world, [place]) };
        await request(sql, world.cast[a.who], wish, now);
      }
    })),
  action("reword", 3, 60, { which, word: fc.constantFrom("Choir", "Chess", "") }, (world, sql, a, now) => {
    const one = aim(
      world,
      a.which,
      (v) => ["pending", "approved"].includes(v.status) && ahead(v.end_time, now),
    );
    const words = a.which % 2 ? { purpose: a.word } : { private: a.which % 4 === 0 };
    return change(sql, ownerOf(world, one.requester_id, a.which), one.id, words, now);
  }),
  action("move", 5, 60, { which, slot }, (world, sql, a, now) => {
    const one = aim(
      world,
      a.which,
      (v) => ["pending", "approved", "bumped"].includes(v.status) && ahead(v.end_time, now),
    );
    return change(sql, ownerOf(world, one.requester_id, a.which), one.id, periodOf(a.slot, now), now);
  }),
  action(
    "make longer or shorter",
    3,
    40,
    { which, minutes: fc.constantFrom(-30, 15, 30) },
    (world, sql, a, now) => {
      const one = aim(
        world,
        a.which,
        (v) => ["pending", "approved"].includes(v.status) && ahead(v.end_time, now),
      );
      const end_time = Temporal.Instant.from(one.end_time).add({ minutes: a.minutes });
      return change(sql, ownerOf(world, one.requester_id, a.which), one.id, { end_time }, now);
    },
  ),
  action("change resources", 4, 40, { which, places }, (world, sql, a, now) => {
    const one = aim(
      world,
      a.which,
      (v) => ["pending", "approved"].includes(v.status) && ahead(v.start_time, now),
    );
    const asked = { resource_ids: idsOf(world, a.places), ...(a.which % 2 ? { purpose: "Moved" } : {}) };
    return change(sql, ownerOf(world, one.requester_id, a.which), one.id, asked, now);
  }),
  action("cancel", 4, 60, { which }, (world, sql, a, now) => {
    const one = aim(
      world,
      a.which,
      (v) => ["pending", "approved"].includes(v.status) && ahead(v.end_time, now),
    );
    return cancel(sql, ownerOf(world, one.requester_id, a.which), { id: one.id }, now);
  }),
  action("cancel what another waits for", 3, 10, { which }, (world, sql, a, now) => {
    const waited = world.seen.reservations.filter((v) =>
      v.waited && v.status === "approved" && ahead(v.start_time, now)
    );
    const one = pick(waited, a.which);
    return cancel(sql, ownerOf(world, one.requester_id, a.which), { id: one.id }, now);
  }),
  action("restore", 3, 20, { which }, async (world, sql, a, now) => {
    // A cancellation can be taken back for ten minutes: one that is there, or else one that is made for it.
    const fresh = `${now.subtract({ minutes: 10 })}`;
    const gone = world.seen.reservations.filter((v) =>
      v.status === "cancelled" && ahead(v.start_time, now) && !ahead(fresh, at(v.updated_at))
    );
    const one = gone.length > 0
      ? pick(gone, a.which)
      : aim(world, a.which, (v) => v.status === "approved" && ahead(v.start_time, now));
    const owner = ownerOf(world, one.requester_id, a.which);
    if (gone.length === 0) await cancel(sql, owner, { id: one.id }, now);
    await restore(sql, a.which % 3 ? owner : world.cast.sam, one.id, now);
  }),
  action("ask for a change", 4, 40, { which, slot }, (world, sql, a, now) => {
    const one = aim(world, a.which, (v) => v.status === "approved" && v.decided && ahead(v.start_time, now));
    return change(sql, ownerOf(world, one.requester_id, a.which), one.id, periodOf(a.slot, now), now);
  }),
  action("answer", 4, 5, { which }, (world, sql, a, now) => {
    const one = pick(world.seen.reservations.filter((v) => v.asked), a.which);
    return answer(sql, ownerOf(world, one.requester_id, a.which), { id: one.id, answer: "Twelve" }, now);
  }),
  action("withdraw a change", 3, 4, { which }, (world, sql, a, now) => {
    const one = pick(world.seen.reservations.filter((v) => v.change), a.which);
    return withdrawChange(
      sql,
      ownerOf(world, one.requester_id, a.which),
      { id: one.id, change: one.change! },
      now,
    );
  }),
  action("check in", 5, 12, { which }, (world, sql, a, now) => {
    const one = aim(
      world,
      a.which,
      (v) =>
        v.status === "approved" && v.check_in_until && ahead(v.check_in_until, now) &&
        !ahead(v.check_in_from!, now),
    );
    return checkIn(sql, ownerOf(world, one.requester_id, a.which), one.id, now);
  }),
  action("end early", 4, 6, { which }, (world, sql, a, now) => {
    const one = aim(
      world,
      a.which,
      (v) =>
        ["approved", "checked_in"].includes(v.status) && !ahead(v.start_time, now) && ahead(v.end_time, now),
    );
    return endEarly(sql, ownerOf(world, one.requester_id, a.which), one.id, now);
  }),
];
