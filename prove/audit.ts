import type { Db } from "../db/types.ts";
import { assertSound } from "../tests/support/invariants.ts";

/** What an audit counts; each has to be none. */
export interface Audit {
  /** Pairs of allocations that hold the same unit of the same resource at the same time. */
  held_twice: number;
  /** Reservations whose history does not begin with one request, or does not tell how they came to their status. */
  history_gaps: number;
  /** Reservations with fewer or more events than steps that are told to others. */
  events_lost: number;
  /** What else is not as it should be, in words. */
  unsound?: string;
}

// What follows is written from the documents of the product, not taken from its code, and asks the tables alone.

/** Steps that others are told of; the others (edit, lapse) stand in the history alone. */
const TOLD = [
  ...["request", "approve", "deny", "cancel", "restore", "bump", "reschedule", "check_in", "end", "no_show"],
  ...["complete", "expire", "ask", "answer", "propose", "deny_change", "withdraw_change", "expire_change"],
];

/** Looks at everything that is stored. */
export async function audit(db: Db): Promise<Audit> {
  const [found] = await db<Omit<Audit, "unsound">[]>`
    with held as materialized (
      -- What the index of the constraint has lost is in the table all the same, and no index knows these words.
      select ctid as place, resource_id, unit, period from allocations where holds::int = 1
    )
    select
      (select count(*)::int from held a join held b
        on b.resource_id = a.resource_id and b.unit = a.unit and b.period && a.period and b.place > a.place
      ) as held_twice,
      (select count(*)::int from reservations v where
        (select count(*) from history h where h.reservation_id = v.id and h.action = 'request') <> 1
        or (select h.action from history h where h.reservation_id = v.id order by h.id limit 1) <> 'request'
        or v.status in ('cancelled', 'denied', 'bumped') and not exists (
          select from history h where h.reservation_id = v.id
            and h.action = case v.status when 'cancelled' then 'cancel' when 'denied' then 'deny' else 'bump' end)
      ) as history_gaps,
      (select count(*)::int from reservations v where
        (select count(*) from history h where h.reservation_id = v.id and h.action = any(${TOLD}))
        <> (select count(*) from outbox o where o.reservation_id = v.id)) as events_lost`;
  const unsound = await assertSound(db).then(
    () => undefined,
    (error) => String(error.message).split("\n")[0],
  );
  return { ...found, unsound };
}

/** What of an audit is not none, in words. */
export function complaints({ held_twice, history_gaps, events_lost, unsound }: Audit): string[] {
  return [
    held_twice > 0 ? `held twice at the same time: ${held_twice}` : "",
    history_gaps > 0 ? `reservations with a gap in their history: ${history_gaps}` : "",
    events_lost > 0 ? `reservations with events lost or told twice: ${events_lost}` : "",
    unsound ? `unsound: ${unsound}` : "",
  ].filter(Boolean);
}

/** Who holds any part of a period: reservations, and closures. */
export async function holdersOf(db: Db, { resource_ids, from, to }: Window): Promise<Holder[]> {
  return await db<Holder[]>`
    select a.resource_id, a.unit, a.reservation_id, a.closure_id from allocations a
    where a.resource_id = any(${resource_ids}) and a.holds and a.period && tstzrange(${from}, ${to}, '[)')`;
}

export interface Window {
  resource_ids: string[];
  from: Temporal.Instant;
  to: Temporal.Instant;
}

export interface Holder {
  resource_id: string;
  unit: number;
  reservation_id: string | null;
  closure_id: string | null;
}
