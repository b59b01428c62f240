import assert from "node:assert/strict";
import type { Db } from "../../db/types.ts";
import type { Status } from "../../domain/transitions.ts";

interface Step {
  action: string;
  /** The status before the step, as the history has it. */
  before: Status | null;
  /** The status that a request begins with. */
  first: Status | null;
}

interface Kept {
  reference: string;
  status: Status;
  fits: boolean;
  allocations: number;
  holding: number;
  steps: Step[];
  events: string[];
}

// The diagram once more, written down apart from the code that it judges.
const OPEN: Status[] = ["pending", "approved"];
const ARROWS: Record<string, { from: Status[]; to: Status[]; event: string }> = {
  approve: { from: ["pending"], to: ["approved"], event: "reservation.approved" },
  deny: { from: ["pending"], to: ["denied"], event: "reservation.denied" },
  cancel: { from: OPEN, to: ["cancelled"], event: "reservation.cancelled" },
  restore: { from: ["cancelled"], to: OPEN, event: "reservation.restored" },
  reschedule: { from: OPEN, to: OPEN, event: "reservation.rescheduled" },
  complete: { from: ["approved", "checked_in"], to: ["completed"], event: "reservation.completed" },
  expire: { from: ["pending"], to: ["expired"], event: "reservation.expired" },
};
const HOLDING: Status[] = ["approved", "checked_in"];

/**
 * What is true of every database after every change, whoever made it: no unit is held twice at a time, statuses and
 * allocations agree, and the history and the outbox tell how each status came about.
 */
export async function assertSound(db: Db): Promise<void> {
  const twice = await db`
    select r.name, a.unit, a.reservation_id as one, b.reservation_id as other
    from allocations a
    join allocations b on b.resource_id = a.resource_id and b.unit = a.unit and b.period && a.period
      and b.reservation_id > a.reservation_id
    join resources r on r.id = a.resource_id
    where a.holds and b.holds`;
  assert.deepEqual([...twice], [], "a unit is held twice at the same time");

  for (const one of await readAll(db)) check(one);
}

function check({ reference, status, fits, allocations, holding, steps, events }: Kept) {
  assert(fits, `${reference}: ends before it starts, or takes another period than its own`);
  assert(allocations > 0, `${reference}: takes nothing`);
  if (HOLDING.includes(status)) {
    assert.equal(holding, allocations, `${reference}: ${status}, and does not hold all that it takes`);
  } else if (status === "pending") {
    assert(
      holding === 0 || holding === allocations,
      `${reference}: pending, and holds a part of what it wants`,
    );
  } else assert.equal(holding, 0, `${reference}: ${status}, and still holds something`);

  const requests = steps.filter((step) => step.action === "request").length;
  assert.equal(requests, 1, `${reference}: was requested ${requests} times`);
  const expected = follow(reference, status, steps);
  assert.deepEqual(events.toSorted(), expected.toSorted(), `${reference}: one event for each transition`);
}

// Walks through the history, and comes out at the status; answers the events that belong to it.
function follow(reference: string, status: Status, [first, ...steps]: Step[]): string[] {
  assert.equal(first.action, "request", `${reference}: its history begins with ${first.action}`);
  const events = [first.first === "approved" ? "reservation.approved" : "reservation.requested"];
  let possible = [first.first ?? "pending"];
  for (const { action, before } of steps) {
    assert(before && possible.includes(before), `${reference}: ${action} from ${before}, not ${possible}`);
    if (action === "edit" || action === "lapse") {
      possible = [before];
      continue;
    }
    const arrow = ARROWS[action];
    assert(arrow?.from.includes(before), `${reference}: the diagram has no ${action} from ${before}`);
    possible = arrow.to;
    events.push(arrow.event);
  }
  assert(possible.includes(status), `${reference}: ${status}, but its history ends at ${possible}`);
  return events;
}

function readAll(db: Db) {
  return db<Kept[]>`
    select v.reference, v.status, coalesce(a.fits and v.start_time < v.end_time, false) as fits,
      coalesce(a.count, 0)::int as allocations, coalesce(a.holding, 0)::int as holding,
      coalesce((
        select json_agg(json_build_object('action', h.action, 'before', h.previous_state ->> 'status',
          'first', h.details ->> 'status') order by h.id)
        from history h where h.reservation_id = v.id), '[]') as steps,
      array(select o.event from outbox o where o.reservation_id = v.id order by o.id) as events
    from reservations v
    left join lateral (
      select count(*), count(*) filter (where holds) as holding,
        bool_and(case when coalesce(p.buffer_before + p.buffer_after, 0) = 0
          then period = tstzrange(v.start_time, v.end_time, '[)')
          -- The buffers may have been others when it was taken.
          else period @> tstzrange(v.start_time, v.end_time, '[)') end) as fits
      from allocations a join resources r on r.id = a.resource_id left join policies p on p.id = r.policy_id
      where reservation_id = v.id
    ) a on true
    order by v.number`;
}
