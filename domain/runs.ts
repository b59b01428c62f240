import type { Db } from "../db/types.ts";

export interface Run {
  job: string;
  started_at: Temporal.Instant;
  duration_ms: number;
  changed: number;
  error: string | null;
}

/** Remembers one run of a background job. */
export async function recordRun(db: Db, run: Run): Promise<void> {
  await db`insert into runs ${db({ ...run, started_at: run.started_at.toString() })}`;
}

/** The last run of each job, and when it last ran without a failure. */
export type LastRun = Run & { succeeded_at: Temporal.Instant | null };

/** The last run of each job, by its name: one step in the index for each job, however many runs there were. */
export function lastRuns(db: Db): Promise<LastRun[]> {
  return db<LastRun[]>`
    with recursive jobs as (
      (select job from runs order by job limit 1)
      union all
      select (select r.job from runs r where r.job > j.job order by r.job limit 1) from jobs j where j.job is not null
    )
    select r.job, r.started_at, r.duration_ms, r.changed, r.error,
      (select g.started_at from runs g where g.job = j.job and g.error is null order by g.id desc limit 1)
        as succeeded_at
    from jobs j
    cross join lateral (select * from runs r where r.job = j.job order by r.id desc limit 1) r
    where j.job is not null
    order by r.job`;
}

/** So long a run is remembered, in days. */
const REMEMBERED = 90;

/** Forgets runs of long ago. @returns how many */
export async function forgetRuns(db: Db, now: Temporal.Instant, atMost: number): Promise<number> {
  const before = now.subtract({ hours: 24 * REMEMBERED });
  const gone = await db`
    delete from runs r where id in (
      select id from runs where id < (select max(id) - 1000 from runs) order by id limit ${atMost})
      and r.started_at < ${before}`;
  return gone.count;
}
