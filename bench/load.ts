import autocannon from "autocannon";
import { work } from "./helper.ts";
import { quantile } from "./numbers.ts";
import { slotOf, type Slots } from "./slots.ts";

/** One address called again and again over some connections, for some seconds: a page, or to store reservations. */
export interface LoadJob {
  url: string;
  connections: number;
  headers: Record<string, string>;
  seconds: number;
  reserve?: { slots: Slots; first: number };
}

export interface LoadAnswer {
  /** Answers with 200, or 201 where reservations are stored. */
  good: number;
  other: number;
  seconds: number;
  p50: number;
  p99: number;
}

if (import.meta.main) await work(run);

async function run({ url, connections, headers, seconds, reserve }: LoadJob): Promise<LoadAnswer> {
  const wanted = reserve ? 201 : 200;
  const times: number[] = [];
  let good = 0;
  let last = 0;
  const started = performance.now();
  const running = autocannon({
    url,
    connections,
    headers,
    duration: seconds,
    ...reserve && { requests: [posts(reserve)] },
  });
  // Its own figures are cut to whole seconds and milliseconds.
  running.on("response", (_client: unknown, status: number, _bytes: number, time: number) => {
    if (status === wanted) good++;
    times.push(time);
    last = performance.now();
  });
  const { errors, timeouts }: { errors: number; timeouts: number } = await running;
  const other = times.length - good + errors + timeouts;
  return {
    ...{ good, other, seconds: (last - started) / 1000 },
    ...{ p50: quantile(times, 0.5), p99: quantile(times, 0.99) },
  };
}

function posts({ slots, first }: NonNullable<LoadJob["reserve"]>) {
  let next = first;
  return {
    method: "POST",
    setupRequest: (request: Record<string, unknown>) => ({
      ...request,
      body: JSON.stringify({ ...slotOf(slots, next++), purpose: "Bench" }),
    }),
  };
}
