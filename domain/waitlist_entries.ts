import type { Db } from "../db/types.ts";
import { isId } from "../lib/ids.ts";
import { type AnyOf, quantitiesOf } from "./alike.ts";
import { NotFound } from "./errors.ts";
import { wouldDo } from "./offer_locks.ts";
import { type OpenOffer, openOffer, type WaitlistStatus } from "./offers.ts";
import { type Actor, may } from "./permissions.ts";
import type { Period } from "./periods.ts";
import type { Quantities } from "./quantities.ts";

/** The offer that somebody on the waitlist has at this moment. */
export interface Offer extends Period {
  id: string;
  /** Until when it holds the slot. */
  expires_at: Temporal.Instant;
}

/** An entry of the waitlist as it is at an instant. */
export interface Entry extends Period {
  id: string;
  requester_id: string;
  requester_name: string;
  resources: { id: string; name: string; time_zone: string; quantity: number }[];
  /** How many of each, where that is more than one. */
  quantities: Quantities;
  /** What a resource has to be like, where any one will do; `resources` then names the one that is offered, or was accepted. */
  any_of: AnyOf | null;
  /** How long a slot within the period is wanted; null where it is the period itself. */
  minutes: number | null;
  attendees: number | null;
  purpose: string;
  private: boolean;
  answers: Record<string, string>;
  /** Whether what a policy wants confirmed has been. */
  attested: boolean;
  /** Whether what they had was given to another: they go first. */
  bumped: boolean;
  status: WaitlistStatus;
  /** From 1: how many are before them, for what shares a moment with it, and they; null where they do not wait. */
  place: number | null;
  offer: Offer | null;
  /** What came of it. */
  reservation_id: string | null;
  version: number;
  created_at: Temporal.Instant;
  updated_at: Temporal.Instant;
}

/** The offer that an entry has and that has not ended, be it only because the sweep is late. */
export async function openOfferOf(db: Db, entry_id: string): Promise<OpenOffer | undefined> {
  const [row] = await db<OpenOffer[]>`
    select ${openOffer(db)} from offers o join waitlist e on e.id = o.entry_id
    where o.entry_id = ${entry_id} and o.ended_at is null`;
  return row;
}

/** @throws {NotFound} also where it is somebody else's */
export async function getEntry(db: Db, actor: Actor, id: string, now: Temporal.Instant): Promise<Entry> {
  const [row] = isId(id)
    ? await db<Row[]>`select ${columns(db, now)} from ${joined(db)} where e.id = ${id}`
    : [];
  if (!row || !may(actor, "see_waitlist", row.requester_id)) throw new NotFound("This entry");
  return entryOf(row);
}

export interface WaitlistFilter {
  requester_id?: string;
  resource_id?: string;
  status?: WaitlistStatus;
  /** Only those who wait or have an offer. */
  open?: boolean;
  limit: number;
  /** The last one of the page before: its place in the list. */
  after?: { number: string };
}

/** Entries in the order in which they came, one more than `limit` where there are more: the actor's own, and everybody's for staff. */
export async function listWaitlist(
  db: Db,
  actor: Actor,
  { requester_id, resource_id, status, open = false, limit, after }: WaitlistFilter,
  now: Temporal.Instant,
): Promise<(Entry & { number: string })[]> {
  const whose = may(actor, "see_waitlist") ? requester_id : actor.id;
  if (whose !== requester_id && requester_id !== undefined) return [];
  if ([whose, resource_id].some((id) => id !== undefined && !isId(id))) return [];
  const rows = await db<(Row & { number: string })[]>`
    select ${columns(db, now)}, e.number::text as number from ${joined(db)}
    where ${whose ? db`e.requester_id = ${whose}` : db`true`}
      ${resource_id ? db`and ${wouldDo(db)} && ${[resource_id]}::uuid[]` : db``}
      ${status ? db`and ${statusAt(db, now)} = ${status}` : db``}
      ${open ? db`and ${isOpenAt(db, now)}` : db``}
      ${after ? db`and e.number > ${after.number}` : db``}
    order by e.number limit ${limit + 1}`;
  return rows.map((row) => ({ ...entryOf(row), number: row.number }));
}

interface Row extends Omit<Entry, "offer"> {
  offer_id: string | null;
  offer_start: Temporal.Instant;
  offer_end: Temporal.Instant;
  expires_at: Temporal.Instant;
}

function entryOf({ offer_id, offer_start, offer_end, expires_at, ...row }: Row): Entry {
  const { number: _, ...entry } = row as typeof row & { number?: string };
  const offered = entry.status === "offered" && offer_id;
  const offer = offered ? { id: offer_id, start_time: offer_start, end_time: offer_end, expires_at } : null;
  const { any_of, resources: [one] } = entry;
  const quantities = any_of && one ? quantitiesOf(any_of, one.id) : entry.quantities;
  return { ...entry, quantities, offer };
}

// By the clock: what has begun is waited for by nobody, and an offer that nobody accepted in time has gone.
function statusAt(db: Db, now: Temporal.Instant) {
  return db`case
    when e.status = 'offered' and o.expires_at <= ${now}
      then case when e.minutes is not null and e.last_start > ${now} then 'waiting' else 'expired' end
    when e.status = 'waiting' and e.last_start <= ${now} then 'expired' else e.status end`;
}

/** Whether an entry `e` of `joined` waits or has an offer, by the clock; to be put into a query. */
export function isOpenAt(db: Db, now: Temporal.Instant) {
  return db`e.status in ('waiting', 'offered') and ${statusAt(db, now)} in ('waiting', 'offered')`;
}

/** Entries `e`, with whom they are of, the offer `o` that they have, and the one that they accepted; for a query. */
export function joined(db: Db) {
  return db`waitlist e join users u on u.id = e.requester_id
    left join offers o on o.entry_id = e.id and o.ended_at is null
    left join offers ended on ended.entry_id = e.id and ended.outcome = 'accepted'`;
}

function columns(db: Db, now: Temporal.Instant) {
  return db`e.id, e.requester_id, u.name as requester_name, e.start_time, e.end_time, e.minutes, e.attendees,
    e.quantities, e.any_of, e.attested, e.purpose, e.private, e.answers, e.bumped_id is not null as bumped, ${
    statusAt(db, now)
  } as status,
    o.id as offer_id, o.start_time as offer_start, o.end_time as offer_end, o.expires_at,
    ended.reservation_id, e.version, e.created_at, e.updated_at, (
      select coalesce(json_agg(json_build_object('id', r.id, 'name', r.name, 'time_zone', r.time_zone, 'quantity',
        coalesce((e.quantities ->> r.id::text)::int, (e.any_of ->> 'quantity')::int, 1)) order by r.id), '[]')
      from resources r
      where r.id = any(case when e.any_of is null then e.resource_ids when o.expires_at > ${now} then o.resource_ids
        else ended.resource_ids end)) as resources,
    case when ${statusAt(db, now)} = 'waiting' then 1 + (
      select count(*)::int from waitlist x join users xu on xu.id = x.requester_id
      where x.status in ('waiting', 'offered') and x.last_start > ${now} and xu.disabled_at is null
        and (x.resource_ids && ${wouldDo(db)} or x.any_of is not null and ${wouldDo(db, db`x`)} && ${
    wouldDo(db)
  })
        and x.start_time < e.end_time and x.end_time > e.start_time
        and (x.bumped_id is null, x.number) < (e.bumped_id is null, e.number)
        and not exists (
          select from offers y
          where y.entry_id = x.id and y.ended_at is null and y.expires_at <= ${now} and x.minutes is null)) end as place`;
}
