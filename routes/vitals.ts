import { poolOf } from "../db/pool.ts";
import type { LastRun } from "../domain/runs.ts";
import { lastRuns } from "../domain/runs.ts";
import { readVitals } from "../domain/vitals.ts";
import { roomIn } from "../lib/disk.ts";
import type { House } from "./env.ts";
import type { Read } from "./instruments.ts";

/** Nobody who watches over a site waits for an answer of its database longer than this. */
const PATIENCE_MS = 2_000;
/** So long figures of the database are told again: several that ask at once cost as much as one. */
const KEPT_SECONDS = 10;

/** The same promise, which fails where it takes too long. */
export async function soon<T>(work: PromiseLike<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("No answer in time")), PATIENCE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Which of the jobs that a server does should have run by now and have not, since it was started. */
export function lateJobs(house: House, runs: readonly LastRun[], now: Temporal.Instant): Set<string> {
  const late = house.jobs.filter(({ name, seconds }) => {
    const last = runs.find(({ job }) => job === name)?.started_at ?? house.started;
    const since = Temporal.Instant.compare(last, house.started) > 0 ? last : house.started;
    return now.since(since).total("seconds") > 2 * seconds + 300;
  });
  return new Set(late.map(({ name }) => name));
}

/** The figures of a site as text, also while its database does not answer. */
export function figuresOf(house: House): () => Promise<string> {
  let kept: { at: Temporal.Instant; read: Promise<Read | undefined> } | undefined;
  return async () => {
    const now = house.clock();
    const age = kept ? Math.abs(now.since(kept.at).total("seconds")) : Infinity;
    const { read } = kept && age < KEPT_SECONDS ? kept : kept = { at: now, read: readAll(house, now) };
    const found = await read;
    if (!found) kept = undefined;
    const room = await roomIn(house.config.DATA_DIR);
    return house.instruments.text({ pool: poolOf(house.sql), free: room?.free }, found);
  };
}

async function readAll(house: House, now: Temporal.Instant): Promise<Read | undefined> {
  try {
    const [vitals, runs] = await soon(Promise.all([readVitals(house.sql, now), lastRuns(house.sql)]));
    const late = lateJobs(house, runs, now);
    return { vitals, jobs: runs.map((run) => ({ ...run, late: late.has(run.job) })) };
  } catch {
    return undefined; // which is a figure, too: the database is not up
  }
}
