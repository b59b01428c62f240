import { cpuUsage } from "node:process";
import type { Pool } from "../db/pool.ts";
import type { LastRun } from "../domain/runs.ts";
import type { Vitals } from "../domain/vitals.ts";
import { figures } from "../lib/metrics.ts";

/** What a conflict was about: a slot that others have, a rule, a name that is given, or a state that does not allow it. */
export type ConflictKind = "slot" | "rule" | "name" | "state";

/** A request as it is counted. */
export interface Counted {
  method: string;
  /** The pattern of the route, never the address. */
  route: string;
  status: number;
  seconds: number;
  conflict?: ConflictKind;
}

/** What the database said; none of it where it does not answer. */
export interface Read {
  vitals: Vitals;
  jobs: (LastRun & { late: boolean })[];
}

/** What the gauges of a site are read from, but for the database. */
export interface Around {
  pool: Pool;
  /** The free room of the data directory in bytes, where there is one. */
  free?: number;
}

export type Instruments = ReturnType<typeof makeInstruments>;

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** The figures of one site. What happens is counted when it happens; how things are is read when somebody asks. */
export function makeInstruments() {
  const { counter, gauge, histogram, text, contentType } = figures();
  const http = {
    requests: counter("holdfast_http_requests_total", "Requests answered.", ["method", "route", "status"]),
    duration: histogram(
      "holdfast_http_request_duration_seconds",
      "From the request to the head of its answer.",
      ["method", "route"],
      BUCKETS,
    ),
    conflicts: counter("holdfast_conflicts_total", "Requests refused because something is in the way.", [
      "kind",
    ]),
  };
  const database = {
    up: gauge("holdfast_database_up", "Whether the database answered when this was read."),
    size: gauge("holdfast_database_pool_connections_max", "Connections that this server may have."),
    in_use: gauge(
      "holdfast_database_pool_connections_in_use",
      "Connections that work for a request or a job.",
    ),
    waiting: gauge(
      "holdfast_database_pool_waiting",
      "Statements and transactions that no connection works for yet.",
    ),
  };
  const site = {
    reservations: gauge(
      "holdfast_reservations",
      "Reservations by status; of a large table those that are over are estimated.",
      ["status"],
    ),
    waiting: gauge("holdfast_approvals_waiting", "Requests that nobody has decided on yet."),
    median: gauge(
      "holdfast_approvals_waiting_median_seconds",
      "For how long half of the requests that wait for a decision have waited.",
    ),
    oldest: gauge(
      "holdfast_approvals_waiting_oldest_seconds",
      "For how long the oldest request has waited for a decision.",
    ),
    undelivered: gauge("holdfast_outbox_undelivered", "Events that have not left the outbox, up to 10000."),
    lag: gauge("holdfast_outbox_lag_seconds", "The age of the oldest event that has not left the outbox."),
  };
  const job = {
    last: gauge("holdfast_job_last_run_timestamp_seconds", "When a job last ran.", ["job"]),
    success: gauge("holdfast_job_last_success_timestamp_seconds", "When a job last ran without a failure.", [
      "job",
    ]),
    duration: gauge("holdfast_job_last_duration_seconds", "How long the last run of a job took.", ["job"]),
    changed: gauge("holdfast_job_last_changed_rows", "How many rows the last run of a job changed.", ["job"]),
    failed: gauge("holdfast_job_failed", "Whether the last run of a job failed.", ["job"]),
    late: gauge("holdfast_job_late", "Whether a job should have run by now and has not.", ["job"]),
  };
  const process = {
    resident: gauge("process_resident_memory_bytes", "Resident memory of this server, without its database."),
    heap: gauge("process_heap_bytes", "Memory that JavaScript uses."),
    cpu: counter("process_cpu_seconds_total", "Time that the processors worked for this server."),
    start: gauge("process_start_time_seconds", "When this server was started."),
    disk: gauge("holdfast_data_dir_free_bytes", "Room that is left where DATA_DIR is."),
  };
  process.start.set(performance.timeOrigin / 1000);
  for (const kind of ["slot", "rule", "name", "state"]) http.conflicts.inc({ kind }, 0);

  return {
    contentType,

    count({ method, route, status, seconds, conflict }: Counted): void {
      const labels = { method: METHODS.includes(method) ? method : "other", route };
      http.requests.inc({ ...labels, status });
      http.duration.observe(labels, seconds);
      if (conflict) http.conflicts.inc({ kind: conflict });
    },

    /** All figures as they are now, as text. @param read nothing: the database did not answer */
    text({ pool, free }: Around, read: Read | undefined): Promise<string> {
      database.up.set(read ? 1 : 0);
      database.size.set(pool.size);
      database.in_use.set(pool.in_use);
      database.waiting.set(pool.waiting);
      const { rss, heapUsed } = Deno.memoryUsage();
      const { user, system } = cpuUsage();
      process.resident.set(rss);
      process.heap.set(heapUsed);
      process.cpu.reset();
      process.cpu.inc((user + system) / 1e6);
      // What is not known now must not stand there as it was.
      const { reservations, ...single } = site;
      for (const figure of [process.disk, ...Object.values(single)]) figure.remove();
      for (const figure of [reservations, ...Object.values(job)]) figure.reset();
      if (free !== undefined) process.disk.set(free);
      if (read) show(read);
      return text();
    },
  };

  function show({ vitals, jobs }: Read) {
    for (const { status, count } of vitals.reservations) site.reservations.set({ status }, count);
    site.waiting.set(vitals.waiting.count);
    site.median.set(vitals.waiting.median_seconds);
    site.oldest.set(vitals.waiting.oldest_seconds);
    site.undelivered.set(vitals.outbox.undelivered);
    site.lag.set(vitals.outbox.oldest_seconds);
    for (const { job: name, started_at, succeeded_at, duration_ms, changed, error, late } of jobs) {
      const labels = { job: name };
      job.last.set(labels, started_at.epochMilliseconds / 1000);
      if (succeeded_at) job.success.set(labels, succeeded_at.epochMilliseconds / 1000);
      job.duration.set(labels, duration_ms / 1000);
      job.changed.set(labels, changed);
      job.failed.set(labels, error ? 1 : 0);
      job.late.set(labels, late ? 1 : 0);
    }
  }
}
