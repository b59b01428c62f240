import { listAudit } from "../../domain/audit.ts";
import { listBumped } from "../../domain/bumps.ts";
import { getFigures } from "../../domain/figures.ts";
import { find } from "../../domain/find.ts";
import { listNews } from "../../domain/history.ts";
import type { Actor } from "../../domain/permissions.ts";
import { listPending } from "../../domain/queue.ts";
import { explain, request } from "../../domain/requests.ts";
import { listReservations } from "../../domain/reservations.ts";
import { listResources } from "../../domain/resource_list.ts";
import { listLanes } from "../../domain/schedule.ts";
import { Find, settle } from "../../domain/wishes.ts";
import type { Sql } from "../../db/types.ts";
import { slotOf, type Slots } from "../../bench/slots.ts";

/** What a path is given: the same on every size of the house, but for the slot. */
export interface Walk {
  sql: Sql;
  person: Actor;
  staff: Actor;
  slots: Slots;
  /** A resource that is composed of two others. */
  hall: string;
  now: Temporal.Instant;
  /** A number that no other walk was given: for what must be free. */
  number: number;
}

/** One of the ways on which most requests go, as the domain's function behind it. */
export interface Path {
  name: string;
  walk(walk: Walk): Promise<unknown>;
  /** How many times as many rows it may read, where that is not the same whatever there is; and why. */
  mayGrow?: { with: "resources"; why: string };
}

const PAGE = 50;

/** Every hot path. */
export const PATHS: readonly Path[] = [
  {
    name: "day of 50 resources",
    walk: ({ sql, person, now }) =>
      listLanes(sql, person, { start_time: now, end_time: now.add({ hours: 24 }) }, { limit: PAGE }, now),
  },
  {
    name: "week of one resource",
    walk: ({ sql, person, slots, now }) =>
      listLanes(sql, person, { start_time: now, end_time: now.add({ hours: 24 * 7 }) }, {
        id: slots.resources[0],
        limit: 1,
      }, now),
  },
  {
    name: "week of a hall of two rooms",
    walk: ({ sql, person, hall, now }) =>
      listLanes(sql, person, { start_time: now, end_time: now.add({ hours: 24 * 7 }) }, {
        id: hall,
        limit: 1,
      }, now),
  },
  {
    name: "is this time free",
    walk: ({ sql, person, slots, now, number }) => {
      const { resource_id, ...period } = slotOf(slots, number);
      return explain(sql, person, { resource_ids: [resource_id], ...period }, now);
    },
  },
  {
    name: "reserve",
    walk: ({ sql, person, slots, now, number }) => {
      const { resource_id, ...period } = slotOf(slots, number);
      return request(sql, person, { resource_ids: [resource_id], ...period }, now);
    },
  },
  {
    name: "find a slot",
    walk: ({ sql, person, now }) =>
      find(sql, person, settle(Find.parse({ minutes: 90, attendees: 6 }), "UTC", now), now),
    mayGrow: { with: "resources", why: "every resource that fits is looked at, to name the best of them" },
  },
  {
    name: "my reservations",
    walk: ({ sql, person, now }) =>
      listReservations(sql, person, {
        requester_id: person.id,
        from: now,
        ahead: true,
        limit: PAGE,
      }),
  },
  {
    name: "my past",
    walk: ({ sql, person, now }) =>
      listReservations(sql, person, {
        requester_id: person.id,
        ended_by: now,
        newestFirst: true,
        limit: PAGE,
      }),
  },
  {
    name: "what is new to me",
    walk: ({ sql, person, now }) => listNews(sql, person, now.subtract({ hours: 24 * 7 })),
  },
  {
    name: "what was taken from me",
    walk: ({ sql, person, now }) => listBumped(sql, person, now),
  },
  {
    name: "everybody's tomorrow, as a list",
    walk: ({ sql, staff, now }) =>
      listReservations(sql, staff, {
        from: now.add({ hours: 24 }),
        to: now.add({ hours: 48 }),
        limit: PAGE,
      }),
  },
  {
    name: "resources with what is free",
    walk: ({ sql, now }) =>
      listResources(sql, { free: { start_time: now, end_time: now.add({ hours: 1 }) }, limit: PAGE }, now),
  },
  {
    name: "queue of approvals",
    walk: ({ sql, staff, now }) => listPending(sql, staff, { limit: PAGE }, now),
  },
  { name: "record, newest first", walk: ({ sql, staff }) => listAudit(sql, staff, {}, { limit: PAGE }) },
  {
    name: "figures of the first page",
    walk: ({ sql, staff, now }) => getFigures(sql, staff, now),
    mayGrow: { with: "resources", why: "how much of today is taken is counted over all of them" },
  },
];
