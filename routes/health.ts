import { Hono } from "hono";
import { lastRuns } from "../domain/runs.ts";
import { outboxLag } from "../domain/vitals.ts";
import { roomIn } from "../lib/disk.ts";
import type { Context, Env } from "./env.ts";
import { lateJobs, soon } from "./vitals.ts";

/** What an operator or a load balancer asks: does it live, can it serve, how is it. */
export const health = new Hono<Env>();

health.get("/live", (c) => c.json({ status: "alive" }));

health.get("/ready", async (c) => {
  const { status } = await database(c);
  return c.json({ status: status === "healthy" ? "ready" : "not ready" }, status === "healthy" ? 200 : 503);
});

// 503 takes a server out of service, so it says that only where another one may do better: a job that is late, or a
// disk that is nearly full, is for people to look at.
health.get("/health", async (c) => {
  const [answers, disk, outbox, jobs] = await Promise.all([database(c), room(c), lag(c), work(c)]);
  const checks: Record<string, Check> = { database: answers, ...disk, ...outbox, ...jobs };
  const down = answers.status !== "healthy";
  const well = Object.values(checks).every(({ status }) => status === "healthy");
  return c.json({ status: down ? "unhealthy" : well ? "healthy" : "degraded", checks }, down ? 503 : 200);
});

interface Check {
  status: "healthy" | "unhealthy" | "low" | "failed" | "late" | "unknown";
  latency_ms?: number | null;
  [more: string]: unknown;
}

/** Less room than this, in bytes, and a day's backup or a week's log may not find a place. */
const LITTLE_ROOM = 512 * 2 ** 20;

async function database(c: Context): Promise<Check> {
  try {
    const { latency_ms } = await timed(() => c.var.sql`select 1`);
    return { status: "healthy", latency_ms };
  } catch {
    return { status: "unhealthy", latency_ms: null };
  }
}

// With a database elsewhere there may be no folder, and then there is nothing to look at.
async function room(c: Context): Promise<Record<string, Check>> {
  try {
    const { answer, latency_ms } = await timed(() => roomIn(c.var.house.config.DATA_DIR));
    if (!answer) return {};
    const free_mb = Math.floor(answer.free / 2 ** 20);
    return { disk: { status: answer.free < LITTLE_ROOM ? "low" : "healthy", latency_ms, free_mb } };
  } catch {
    return { disk: { status: "unknown", latency_ms: null } };
  }
}

async function lag(c: Context): Promise<Record<string, Check>> {
  try {
    const { answer, latency_ms } = await timed(() => outboxLag(c.var.sql, c.var.now));
    return { outbox: { status: "healthy", latency_ms, lag_seconds: Math.round(answer.oldest_seconds) } };
  } catch {
    return { outbox: { status: "unknown", latency_ms: null } };
  }
}

async function work(c: Context): Promise<Record<string, Check>> {
  const { sql, now, house } = c.var;
  try {
    const runs = await soon(lastRuns(sql));
    const late = lateJobs(house, runs, now);
    const never = [...late].filter((name) => !runs.some(({ job }) => job === name));
    return Object.fromEntries([
      ...never.map((name) => [name, { status: "late", last_run: null }]),
      ...runs.map(({ job, started_at, duration_ms, changed, error }) => [job, {
        status: late.has(job) ? "late" : error ? "failed" : "healthy",
        last_run: started_at.toString(),
        ...{ duration_ms, changed },
      }]),
    ]);
  } catch {
    return { jobs: { status: "unknown" } };
  }
}

async function timed<T>(work: () => PromiseLike<T>): Promise<{ answer: T; latency_ms: number }> {
  const started = performance.now();
  const answer = await soon(work());
  return { answer, latency_ms: Math.round((performance.now() - started) * 10) / 10 };
}
