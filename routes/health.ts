import { Hono } from "hono";
import { lastRuns } from "../domain/runs.ts";
import type { Env } from "./env.ts";

/** What an operator or a load balancer asks: does it live, can it serve, how is it. */
export const health = new Hono<Env>();

health.get("/live", (c) => c.json({ status: "alive" }));

health.get("/ready", async (c) => {
  const { status } = await database(c.var.sql);
  return c.json({ status: status === "healthy" ? "ready" : "not ready" }, status === "healthy" ? 200 : 503);
});

health.get("/health", async (c) => {
  const checked = await database(c.var.sql);
  const healthy = checked.status === "healthy";
  const runs = healthy ? await lastRuns(c.var.sql) : [];
  const jobs = Object.fromEntries(
    runs.map(({ job, started_at, duration_ms, changed, error }) => [job, {
      status: error ? "failed" : "healthy",
      last_run: started_at.toString(),
      duration_ms,
      changed,
    }]),
  );
  return c.json(
    { status: healthy ? "healthy" : "unhealthy", checks: { database: checked, ...jobs } },
    healthy ? 200 : 503,
  );
});

async function database(sql: Env["Variables"]["sql"]) {
  const started = performance.now();
  const limit = AbortSignal.timeout(2_000);
  const late = new Promise<never>((_, reject) =>
    limit.addEventListener("abort", () => reject(limit.reason), { once: true })
  );
  try {
    await Promise.race([sql`select 1`, late]);
    return { status: "healthy", latency_ms: Math.round((performance.now() - started) * 10) / 10 };
  } catch {
    return { status: "unhealthy", latency_ms: null };
  }
}
