import autocannon from "autocannon";
import { work } from "./helper.ts";
import { quantile } from "./numbers.ts";
import { type Slot, slotOf, type Slots } from "./slots.ts";
import { type Counted, postBytes, sendOverWire } from "./wire.ts";

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

/** So many are made for each second, which is more than are stored in one; where they run out, it ends early. */
const MOST_A_SECOND = 10_000;

if (import.meta.main) await work(run);

async function run(job: LoadJob): Promise<LoadAnswer> {
  const { counted, seconds, lost } = await (job.reserve ? post(job, job.reserve) : get(job));
  const wanted = job.reserve ? job.reserve.form ? 303 : 201 : 200;
  const good = counted.filter(({ status }) => status === wanted).length;
  const times = counted.map(({ ms }) => ms);
  return {
    ...{ good, other: counted.length - good + lost, seconds },
    ...{ p50: quantile(times, 0.5), p99: quantile(times, 0.99) },
  };
}

/** What was answered in so many seconds, and how many requests were not. */
interface Sent {
  counted: Counted[];
  seconds: number;
  lost: number;
}

async function get({ url, connections, headers, seconds }: LoadJob): Promise<Sent> {
  const counted: Counted[] = [];
  let last = 0;
  const started = performance.now();
  const running = autocannon({ url, connections, headers, duration: seconds });
  // Its own figures are cut to whole seconds and milliseconds.
  running.on("response", (_client: unknown, status: number, _bytes: number, ms: number) => {
    counted.push({ status, ms });
    last = performance.now();
  });
  const { errors, timeouts }: { errors: number; timeouts: number } = await running;
  return { counted, seconds: (last - started) / 1000, lost: errors + timeouts };
}

// A library that does all of HTTP takes twice as long for a request as this, of the cores that are to be measured.
async function post(
  { url, connections, headers, seconds }: LoadJob,
  { slots, first, form }: NonNullable<LoadJob["reserve"]>,
): Promise<Sent> {
  const bodyOf = (slot: Slot) => form ? typed(slot, form) : JSON.stringify({ ...slot, purpose: "Bench" });
  const address = new URL(url);
  const requests = Array.from(
    { length: Math.ceil(seconds * MOST_A_SECOND) },
    (_, i) => postBytes(address, headers, bodyOf(slotOf(slots, first + i))),
  ).values();
  const started = performance.now();
  const counted = await sendOverWire(address, {
    connections,
    seconds,
    next: () => requests.next().value,
  });
  return { counted, seconds: (performance.now() - started) / 1000, lost: 0 };
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
