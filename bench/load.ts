import autocannon from "autocannon";
import { work } from "./helper.ts";
import { quantile } from "./numbers.ts";
import { type Slot, slotOf, type Slots } from "./slots.ts";

/** One address called again and again over some connections, for some seconds: a page, or to store reservations. */
export interface LoadJob {
  url: string;
  connections: number;
  headers: Record<string, string>;
  seconds: number;
  /** `form`: the zone in which a person types the times; without it a program sends them. */
  reserve?: { slots: Slots; first: number; form?: string };
}

export interface LoadAnswer {
  /** Answers with 200; where reservations are stored 201, or 303 to a form. */
  good: number;
  other: number;
  seconds: number;
  p50: number;
  p99: number;
}

if (import.meta.main) await work(run);

async function run({ url, connections, headers, seconds, reserve }: LoadJob): Promise<LoadAnswer> {
  const wanted = reserve ? reserve.form ? 303 : 201 : 200;
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

function posts({ slots, first, form }: NonNullable<LoadJob["reserve"]>) {
  let next = first;
  return {
    method: "POST",
    setupRequest: (request: Record<string, unknown>) => ({
      ...request,
      body: form
        ? typed(slotOf(slots, next++), form)
        : JSON.stringify({ ...slotOf(slots, next++), purpose: "Bench" }),
    }),
  };
}

// What the fields of the form have in them when a person has typed it.
function typed({ resource_id, start_time, end_time }: Slot, zone: string): string {
  const [start, end] = [start_time, end_time].map((time) => time.toZonedDateTimeISO(zone));
  const clock = (at: Temporal.ZonedDateTime) => at.toPlainTime().toString({ smallestUnit: "minute" });
  return new URLSearchParams({
    ...{ resource: resource_id, date: `${start.toPlainDate()}`, start: clock(start) },
    ...{ end_date: `${end.toPlainDate()}`, end: clock(end), purpose: "Bench" },
  }).toString();
}
