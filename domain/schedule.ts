import { beginningAt, firstOf, unshown } from "../db/plans.ts";
import type { Db } from "../db/types.ts";
import { type Actor, may } from "./permissions.ts";
import type { Period } from "./periods.ts";
import { type Status, statusOnce } from "./transitions.ts";

/** What takes a part of a resource's time, as the viewer may see it. Times are milliseconds of the epoch. */
export interface Block {
  from: number;
  to: number;
  unit: number;
  /** `closed` where it is a closure, of as many units as it could have; its purpose is why. `offered` where it is held for
   * somebody on the waitlist. */
  status: Status | "closed" | "offered";
  holds: boolean;
  mine: boolean;
  /** Whether the viewer may open it. */
  open: boolean;
  /** `R-…`, where the viewer may open it. */
  reference: string;
  /** Empty where it is hidden from the viewer, or nothing was said. */
  purpose: string;
  requester_name: string;
  hidden: boolean;
  /** The closure that it is, for those who manage closures. */
  closure_id?: string;
  /** The part of the resource that it takes, where it is not all of it. */
  part?: string;
  /** What it is reserved as a part of. */
  whole?: string;
}

/** One resource with what takes its time within a window, in order. */
export interface Lane {
  id: string;
  name: string;
  kind: string;
  location: string;
  capacity: number | null;
  units: number;
  time_zone: string;
  requires_approval: boolean;
  deactivated: boolean;
  blocks: Block[];
}

export interface LaneFilter {
  kind?: string;
  q?: string;
  /** A single resource. */
  id?: string;
  limit: number;
  offset?: number;
}

/** A lane as it is, whoever looks at it. */
export type BareLane = Omit<Lane, "blocks"> & { blocks: Row[] };

type Row = [
  from: number,
  to: number,
  unit: number,
  status: Status | "closed" | "offered",
  holds: boolean,
  number: number | null,
  purpose: string,
  requester_id: string | null,
  requester_name: string | null,
  secret: boolean,
  closure_id: string | null,
  // Of an offer, until when it holds.
  check_in_until: number | null,
  part: string | null,
  whole: string | null,
];

/** The same as `findLanes`, as the viewer may see it at `now`. */
export async function listLanes(
  db: Db,
  actor: Actor,
  window: Period,
  filter: LaneFilter,
  now: Temporal.Instant,
): Promise<Lane[]> {
  return seenBy(actor, await findLanes(db, window, filter), now);
}

/**
 * Resources by name with everything that takes their time within a window, in one query whatever their number. One
 * resource more than `limit` comes where there are more. The database hands each resource's blocks over as one
 * compact value: parsing them row by row costs more than finding them.
 *
 * What begins in the window, or up to a day before it, is found by start; what lasts longer than a day has an index
 * of its own, so that no stay of a month hides.
 */
export async function findLanes(db: Db, window: Period, filter: LaneFilter): Promise<BareLane[]> {
  const [from, to] = [unshown(db, window.start_time), unshown(db, window.end_time)];
  const { kind, q, id, limit, offset = 0 } = filter;
  const words = q && `%${q.replace(/[\\%_]/g, "\\$&")}%`;
  return await firstOf(db, limit + 1, (first) =>
    db<BareLane[]>`
    select r.id, r.name, r.kind, r.location, r.capacity, r.units, r.time_zone, r.requires_approval,
      r.deactivated_at is not null as deactivated, coalesce(taken.blocks, '[]') as blocks
    from (
      select *, exists (select from policies p where p.id = policy_id and p.details_for_staff) as for_staff
      from resources
      where ${id ? db`id = ${id}` : db`deactivated_at is null and not accessory`}
        ${kind ? db`and kind = ${kind}` : db``}
        ${words ? db`and (name ilike ${words} or location ilike ${words})` : db``}
      order by lower(name), id ${first} ${beginningAt(db, offset)}
    ) r
    left join lateral (
      select json_agg(json_build_array(
          floor(extract(epoch from coalesce(v.start_time, s.start_time, lower(a.period))) * 1000),
          floor(extract(epoch from coalesce(v.end_time, s.end_time, upper(a.period))) * 1000), a.unit,
          coalesce(v.status, case when a.closure_id is null then 'offered' else 'closed' end), a.holds, v.number,
          coalesce(v.purpose, c.reason), coalesce(v.requester_id, e.requester_id), u.name,
          coalesce(v.private or r.for_staff, false), a.closure_id,
          extract(epoch from coalesce(v.check_in_until, s.expires_at)) * 1000, a.part, whole.name)
        order by a.unit, coalesce(v.start_time, lower(a.period)), v.number) as blocks
      from (
        select a.*, x.part
        from (
          select r.id as taken_id, null as part
          union all
          select t.part_id, part.name from resource_parts_all t join resources part on part.id = t.part_id
          where t.whole_id = r.id
        ) x cross join lateral (
          select * from allocations
          where resource_id = x.taken_id and lower(period) >= ${from} - interval '1 day'
            and lower(period) < ${to} and upper(period) > ${from}
          union all
          select * from allocations
          where resource_id = x.taken_id and upper(period) > ${from}
            and upper(period) - lower(period) > interval '1 day' and lower(period) < ${from} - interval '1 day'
        ) a
        -- Who has all of it is there already.
        where x.part is null or not exists (
          select from allocations own where own.resource_id = r.id and own.period && a.period
            and (own.reservation_id = a.reservation_id or own.closure_id = a.closure_id))
      ) a
      left join resources whole on whole.id = a.whole_id
      left join reservations v on v.id = a.reservation_id
      left join users u on u.id = v.requester_id
      left join closures c on c.id = a.closure_id
      left join offers s on s.id = a.offer_id
      left join waitlist e on e.id = s.entry_id
      where (v.status in ('pending', 'approved', 'checked_in', 'completed') or c.id is not null or s.id is not null)
        -- What is closed alike on several units is one block.
        and not (a.closure_id is not null and exists (
          select from allocations o where o.closure_id = a.closure_id and o.resource_id = a.resource_id
            and o.period = a.period and o.unit < a.unit))
    ) taken on true
    order by lower(r.name), r.id`);
}

/** Who sees lanes alike: those who have nothing of their own in them, and the same right to see what others have. */
export function viewpointOf(actor: Actor, lanes: readonly BareLane[]): string {
  const involved = lanes.some((lane) =>
    lane.blocks.some(([, , , , , , , requester_id]) => requester_id === actor.id)
  );
  return involved ? actor.id : actor.role;
}

/** Lanes as the viewer may see them at `now`: what is private to others is not handed on. */
export function seenBy(actor: Actor, lanes: readonly BareLane[], now: Temporal.Instant): Lane[] {
  return lanes.map((lane) => ({
    ...lane,
    blocks: joined(lane.blocks.flatMap((row) => blockOf(actor, row, now))),
  }));
}

// A closure that took what was given up inside it has it in pieces.
function joined(blocks: Block[]): Block[] {
  if (!blocks.some(({ status }) => status === "closed")) return blocks;
  const whole: Block[] = [];
  for (const block of blocks) {
    const before = whole.find((b) =>
      b.status === "closed" && block.status === "closed" && b.to === block.from && b.unit === block.unit &&
      b.purpose === block.purpose && b.closure_id === block.closure_id && b.part === block.part
    );
    if (before) before.to = block.to;
    else whole.push(block);
  }
  return whole;
}

// A request that nobody decided in time, and a time that nobody came to, takes nothing any more, even before the sweep has said so.
function blockOf(actor: Actor, row: Row, now: Temporal.Instant): Block[] {
  const [
    from,
    to,
    unit,
    stored,
    holds,
    number,
    purpose,
    requester_id,
    requester_name,
    secret,
    closed,
    check_in_until,
    part,
    whole,
  ] = row;
  const pieces = { ...part ? { part } : {}, ...whole ? { whole } : {} };
  if (stored === "closed") {
    const nobodys = { mine: false, open: false, reference: "", requester_name: "", hidden: false };
    const closure_id = closed && may(actor, "manage_resources") ? closed : undefined;
    return [{ from, to, unit, status: stored, holds: true, purpose, ...nobodys, closure_id, ...pieces }];
  }
  const at = now.epochMilliseconds;
  if (stored === "offered") {
    // To whom is nobody's business, and an offer that nobody accepted in time takes nothing any more.
    if (check_in_until! <= at) return [];
    const secret = { open: false, reference: "", purpose: "", requester_name: "", hidden: true };
    return [{ from, to, unit, status: stored, holds, mine: requester_id === actor.id, ...secret, ...pieces }];
  }
  const status = statusOnce(stored, {
    begun: from <= at,
    over: to <= at,
    missed: check_in_until !== null && check_in_until <= at,
  });
  if (status === "expired" || status === "no_show") return [];
  const hidden = secret && !may(actor, "see_details", requester_id!);
  const open = may(actor, "see_reservation", requester_id!);
  return [{
    from,
    to,
    unit,
    status,
    holds,
    mine: requester_id === actor.id,
    open,
    reference: open ? `R-${number}` : "",
    purpose: hidden ? "" : purpose,
    requester_name: hidden ? "" : requester_name!,
    hidden,
    ...pieces,
  }];
}
