import type { Db, Sql } from "../db/types.ts";
import { transaction } from "../db/transaction.ts";
import type { Status } from "./transitions.ts";

/** How a site does, in figures, for who watches over it. */
export interface Vitals {
  /** So many there are of each status. */
  reservations: { status: Status; count: number }[];
  /** Requests that nobody has decided on yet; seconds since they were asked for. */
  waiting: { count: number; median_seconds: number; oldest_seconds: number };
  outbox: OutboxLag;
}

/** What has not left the outbox yet. */
export interface OutboxLag {
  /** Counted up to ten thousand. */
  undelivered: number;
  /** The age of the oldest, in seconds; 0 where there is none. */
  oldest_seconds: number;
}

export interface VitalsOptions {
  /** A table of so many pages of 8 kB is counted; the finished reservations of a larger one are estimated. */
  countUpTo?: number;
}

const OPEN: readonly Status[] = ["pending", "approved", "checked_in"];
const LONGEST_MS = 2_000;

/**
 * Reads the figures so that it costs little, however many reservations there have been: those that lie ahead are counted
 * by the indexes that the sweep and the queue use; of what is over, which is most of a large table, the planner's own
 * statistics say how many there are. Each statement may take two seconds.
 */
export function readVitals(
  sql: Sql,
  now: Temporal.Instant,
  { countUpTo = 1_000 }: VitalsOptions = {},
): Promise<Vitals> {
  return transaction(sql, async (tx) => {
    await tx`select set_config('statement_timeout', ${String(LONGEST_MS)}, true)`;
    const [{ pages }] = await tx<{ pages: number }[]>`
      select (pg_relation_size('reservations') / current_setting('block_size')::int)::int as pages`;
    const finished = pages <= countUpTo ? await countAll(tx) : await estimateFinished(tx);
    const open = pages <= countUpTo ? [] : await countOpen(tx);
    const seconds = await waitingSince(tx, now);
    return { reservations: [...open, ...finished], waiting: seconds, outbox: await outboxLag(tx, now) };
  });
}

/** What has not left the outbox yet. */
export async function outboxLag(db: Db, now: Temporal.Instant): Promise<OutboxLag> {
  const [lag] = await db<OutboxLag[]>`
    select
      (select count(*)::int from (select from outbox where delivered_at is null limit 10000) o) as undelivered,
      coalesce(extract(epoch from ${now}::timestamptz - (
        select created_at from outbox where delivered_at is null order by id limit 1)), 0)::float8 as oldest_seconds`;
  return { ...lag, oldest_seconds: Math.max(0, lag.oldest_seconds) };
}

function countAll(db: Db): Promise<Vitals["reservations"]> {
  return db<Vitals["reservations"]>`select status, count(*)::int as count from reservations group by status`;
}

// Each condition is written as that of its partial index.
function countOpen(db: Db): Promise<Vitals["reservations"]> {
  return db<Vitals["reservations"]>`
    select status, count(*)::int as count from reservations where status in ('approved', 'checked_in') group by status
    union all
    select 'pending', count(*)::int from reservations where status = 'pending'`;
}

// What was never looked at by ANALYZE has no statistics yet, and then no figure.
function estimateFinished(db: Db): Promise<Vitals["reservations"]> {
  return db<Vitals["reservations"]>`
    select status, round(frequency * greatest(c.reltuples, 0))::int as count
    from pg_class c, pg_stats s,
      unnest(s.most_common_vals::text::text[], s.most_common_freqs) as common (status, frequency)
    where c.oid = 'reservations'::regclass and s.schemaname = current_schema() and s.tablename = 'reservations'
      and s.attname = 'status' and status <> all (${[...OPEN]})`;
}

async function waitingSince(db: Db, now: Temporal.Instant): Promise<Vitals["waiting"]> {
  const [found] = await db<Vitals["waiting"][]>`
    select count(*)::int as count,
      coalesce(percentile_disc(0.5) within group (order by age), 0)::float8 as median_seconds,
      coalesce(max(age), 0)::float8 as oldest_seconds
    from (
      select greatest(extract(epoch from ${now}::timestamptz - created_at), 0) as age
      from reservations where status = 'pending'
    ) waiting`;
  return found;
}
