import type { Sql } from "./db/types.ts";
import { recordRun } from "./domain/runs.ts";
import { sweep } from "./domain/sweep.ts";
import { log } from "./lib/log.ts";

export interface Job {
  name: string;
  /** In the words of cron, in UTC. */
  schedule: string;
  run(sql: Sql, now: Temporal.Instant): Promise<number>;
}

/** The background work. What is due stands in the rows, so each may run late, twice, or on several servers at once. */
export const JOBS: readonly Job[] = [
  { name: "sweep", schedule: "*/5 * * * *", run: sweep },
];

/** Runs a job by its name and remembers the run. @returns how many rows it changed */
export async function runJob(sql: Sql, { name, run }: Job, now: Temporal.Instant): Promise<number> {
  const started = performance.now();
  const duration = () => Math.round(performance.now() - started);
  try {
    const changed = await run(sql, now);
    await recordRun(sql, { job: name, started_at: now, duration_ms: duration(), changed, error: null });
    log("jobs").info("{job} changed {changed} in {ms} ms", { job: name, changed, ms: duration() });
    return changed;
  } catch (error) {
    log("jobs").error("{job} failed: {error}", { job: name, error: String(error) });
    await recordRun(sql, {
      job: name,
      started_at: now,
      duration_ms: duration(),
      changed: 0,
      error: String(error),
    })
      .catch(() => {});
    throw error;
  }
}
