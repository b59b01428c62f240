import type { Db, Sql, Tx } from "../db/types.ts";
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

/** Looks at everything that is stored, as of one moment, and takes its time. */
export async function audit(sql: Sql): Promise<Audit> {
  return await sql.begin("isolation level repeatable read read only", async (tx) => {
    // What is counted once is not known beforehand: loops within loops would never end where there is much.
    await tx`select set_config('statement_timeout', '0', true), set_config('enable_nestloop', 'off', true)`;
    const counts = await countsIn(tx);
    const unsound = await assertSound(tx).then(
      () => undefined,
      (error) => String(error.message).split("\n")[0],
    );
    return { ...counts, unsound };
  });
}

async function countsIn(tx: Tx): Promise<Omit<Audit, "unsound">> {
  const [found] = await tx<Omit<Audit, "unsound">[]>`
    with held as materialized (
      -- What the index of the constraint has lost is in the table all the same, and no index knows these words.
      select ctid as place, resource_id, unit, period from allocations where holds::int = 1
    ), recorded as (
      select reservation_id, count(*) filter (where action = 'request') as requests,
        (array_agg(action order by id))[1] as first, array_agg(distinct action) as actions,
        count(*) filter (where action = any(${TOLD})) as told
      from history where reservation_id is not null group by reservation_id
    ), announced as (
      select reservation_id, count(*) as events from outbox where reservation_id is not null group by reservation_id
    )
    select
      (select count(*)::int from held a join held b
        on b.resource_id = a.resource_id and b.unit = a.unit and b.period && a.period and b.place > a.place
      ) as held_twice,
      (select count(*)::int from reservations v left join recorded h on h.reservation_id = v.id
        where coalesce(h.requests, 0) <> 1 or h.first <> 'request'
          or v.status in ('cancelled', 'denied', 'bumped') and
            case v.status when 'cancelled' then 'cancel' when 'denied' then 'deny' else 'bump' end <> all(h.actions)
      ) as history_gaps,
      (select count(*)::int from reservations v left join recorded h on h.reservation_id = v.id
        left join announced o on o.reservation_id = v.id
        where coalesce(h.told, 0) <> coalesce(o.events, 0)) as events_lost`;
  return found;
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
