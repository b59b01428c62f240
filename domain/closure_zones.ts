import type { Tx } from "../db/types.ts";
import { closeOff, retreat, settle } from "./allocations.ts";
import {
  type Closed,
  daysOf,
  dropDates,
  keepDates,
  type KeptPlan,
  minuteOf,
  periodsOf,
  planColumns,
} from "./closure_dates.ts";
import { Conflict } from "./errors.ts";
import type { Period } from "./periods.ts";
import { isAhead } from "./transitions.ts";

/** What a person said of a closure is the time on the wall of each resource, so it moves with the resource's zone. */
interface Moving {
  id: string;
  reason: string;
  /** Dates by the new clock, in place of those by the old one that have not begun. */
  dates: (Period & { resource_id: string })[];
}

/**
 * Has what closes a resource keep its time on the wall where the resource gets another zone: the dates that have not
 * begun are recomputed. Those that have begun, those in the past and closures by a clock of their own stay as they
 * are. In the transaction that changes the resource, after its row is locked.
 *
 * @throws {Conflict} naming the reservations that a closure would newly meet
 */
export async function moveClosures(
  tx: Tx,
  { before, after }: { before: Closed; after: Closed },
  now: Temporal.Instant,
): Promise<void> {
  const from = minuteOf(now);
  const kept = await tx<(KeptPlan & { reason: string })[]>`
    select ${planColumns(tx)}, c.reason from closures c
    where c.time_zone is null and c.ended_at is null and exists (
      select from closure_dates d
      where d.closure_id = c.id and d.resource_id = ${after.id} and lower(d.period) >= ${from})
    order by c.id for update`;
  if (kept.length === 0) return;
  await settle(tx);
  const moving = kept.map((plan) => moved(plan, before, after, from));
  await mustMeetNobody(tx, after.id, moving, now);
  for (const { id, dates } of moving) {
    await dropDates(tx, { closure_id: id, resource_id: after.id, from });
    await keepDates(tx, id, dates);
  }
  await retreat(tx, { closure_ids: moving.map(({ id }) => id), resource_id: after.id, from });
  await closeOff(tx, [after.id], from);
}

function moved(
  { id, reason, start_wall, end_wall, ...rest }: KeptPlan & { reason: string },
  before: Closed,
  after: Closed,
  from: Temporal.Instant,
): Moving {
  const [start, end] = [start_wall, end_wall].map((wall) => Temporal.PlainDateTime.from(wall));
  const plan = { ...rest, start, end };
  const dates: Moving["dates"] = [];
  // What runs keeps its end, and what follows begins after it.
  let free = from;
  for (const day of daysOf(plan)) {
    const [old] = periodsOf(plan, [day], before.time_zone);
    if (!old) continue;
    if (Temporal.Instant.compare(old.start_time, from) < 0) {
      if (Temporal.Instant.compare(old.end_time, free) > 0) free = old.end_time;
      continue;
    }
    const [period] = periodsOf(plan, [day], after.time_zone);
    if (!period || Temporal.Instant.compare(period.end_time, free) <= 0) continue;
    const start_time = Temporal.Instant.compare(period.start_time, free) < 0 ? free : period.start_time;
    dates.push({ resource_id: after.id, start_time, end_time: period.end_time });
    free = period.end_time;
  }
  return { id, reason, dates };
}

// Those that were left in a closure before are not met anew.
async function mustMeetNobody(
  tx: Tx,
  resource_id: string,
  moving: readonly Moving[],
  now: Temporal.Instant,
): Promise<void> {
  const dates = moving.flatMap(({ id, dates }) => dates.map((date) => ({ closure_id: id, ...date })));
  const met = await tx<(Period & { reservation_id: string; resource_id: string; reference: string })[]>`
    select distinct v.id as reservation_id, a.resource_id, v.reference, v.start_time, v.end_time
    from unnest(${dates.map((d) => d.closure_id)}::uuid[], ${
    dates.map((d) => `${d.start_time}`)
  }::timestamptz[],
      ${dates.map((d) => `${d.end_time}`)}::timestamptz[]) as d (closure_id, start_time, end_time)
    join allocations a on a.resource_id = ${resource_id} and a.period && tstzrange(d.start_time, d.end_time, '[)')
    join reservations v on v.id = a.reservation_id
    where ${isAhead(tx, now)}
      and not exists (
        select from closure_dates old where old.closure_id = d.closure_id and old.resource_id = a.resource_id
          and old.period && a.period)
    order by v.start_time, v.id limit 100`;
  if (met.length === 0) return;
  const names = met.slice(0, 10).map(({ reference }) => reference).join(", ");
  const more = met.length > 10 ? ` and ${met.length - 10} more` : "";
  throw new Conflict(
    `The time zone cannot be changed: closures keep their time on the wall, and would meet ${names}${more}. ` +
      "Move or cancel those first, or end the closure",
    { conflicts: met.map(({ reference: _, ...one }) => one) },
  );
}
