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

/** The last run of each job. */
export function lastRuns(db: Db): Promise<Run[]> {
  return db<Run[]>`
    select distinct on (job) job, started_at, duration_ms, changed, error from runs order by job, id desc`;
}
