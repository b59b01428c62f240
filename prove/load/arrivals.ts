import { work } from "../../bench/helper.ts";
import { quantile, seeded } from "../../bench/numbers.ts";
import { slotOf, type Slots } from "../../bench/slots.ts";

/** People who come at a constant rate, whether those before them have been served or not. */
export interface Arrivals {
  /** The servers that they come to, in turns. */
  origins: string[];
  /** Requests a second. */
  rate: number;
  seconds: number;
  /** Of browsers that are signed in. */
  cookies: string[];
  encoding: string;
  slots: Slots;
  /** The first number of a slot that is free. */
  first: number;
  /** The zone in which people type times, and its date of today. */
  time_zone: string;
  today: string;
  seed: number;
}

/** What they were answered. Latencies are milliseconds from the moment at which each meant to come. */
export interface Answers {
  asked: number;
  /** Pages and verdicts (200), and reservations stored (303). */
  good: number;
  /** Told that there is no room (503 with `Retry-After`). */
  turnedAway: number;
  /** Anything else: another status, a connection that broke. */
  wrong: number;
  reservations: number;
  p50: number;
  p99: number;
  p999: number;
  longest: number;
  /** How long those waited for their answer who were turned away, the slowest of a hundred. */
  turnedAwayP99: number;
  /** By how much the harness itself came too late at worst: where this is large, the figures are its own. */
  late: number;
  examples: string[];
}

const TICK_MS = 2;
/** How long the last of them may still wait. */
const PATIENCE_MS = 30_000;

if (import.meta.main) await work(arrive);

/** Sends them, and waits for the last answer. */
export async function arrive(job: Arrivals): Promise<Answers> {
  const { rate, seconds } = job;
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 2_000, poolIdleTimeout: 20_000 });
  const next = visits(job);
  const tally = { good: 0, turnedAway: 0, wrong: 0, reservations: 0 };
  const served: number[] = [];
  const refused: number[] = [];
  const examples: string[] = [];
  let turn = 0;
  const wrong = (what: string) => {
    tally.wrong++;
    if (examples.length < 5) examples.push(what);
  };
  async function visit(meant: number) {
    const { path, init, good } = next();
    const origin = job.origins[turn++ % job.origins.length];
    try {
      const answer = await fetch(`${origin}${path}`, { ...init, client, redirect: "manual" });
      await answer.arrayBuffer();
      const took = performance.now() - meant;
      if (answer.status === good) {
        tally.good++;
        if (good === 303) tally.reservations++;
        served.push(took);
      } else if (answer.status === 503 && answer.headers.has("retry-after")) {
        tally.turnedAway++;
        refused.push(took);
      } else {
        wrong(`${answer.status} ${path}`);
        served.push(took);
      }
    } catch (error) {
      wrong(`${error}`);
      served.push(performance.now() - meant);
    }
  }

  const asked = Math.round(rate * seconds);
  const started = performance.now();
  const pending: Promise<void>[] = [];
  let late = 0;
  while (pending.length < asked) {
    const now = performance.now();
    for (let meant = dueAt(pending.length); pending.length < asked && meant <= now;) {
      late = Math.max(late, now - meant);
      pending.push(visit(meant));
      meant = dueAt(pending.length);
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  function dueAt(index: number) {
    return started + index / rate * 1_000;
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tired = new Promise<void>((resolve) => timer = setTimeout(resolve, PATIENCE_MS));
  await Promise.race([Promise.all(pending), tired]);
  clearTimeout(timer);
  client.close();
  return {
    ...{ asked, ...tally, late, examples },
    ...{ p50: quantile(served, 0.5), p99: quantile(served, 0.99), p999: quantile(served, 0.999) },
    ...{ longest: quantile(served, 1), turnedAwayP99: quantile(refused, 0.99) },
  };
}

interface Visit {
  path: string;
  init: RequestInit;
  good: 200 | 303;
}

// Of a hundred: 55 schedules, 25 resources with their week, 15 looks at whether a time is free, 5 reservations.
function visits({ cookies, encoding, slots, first, time_zone, today, seed }: Arrivals): () => Visit {
  const random = seeded(seed);
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)];
  const day = () => Temporal.PlainDate.from(today).add({ days: Math.floor(random() * 14) });
  let slot = first;
  return () => {
    const headers = { cookie: pick(cookies), "accept-encoding": encoding };
    const drawn = random();
    if (drawn < 0.55) return { path: `/schedule?date=${day()}`, init: { headers }, good: 200 };
    if (drawn < 0.8) {
      return { path: `/resources/${pick(slots.resources)}?date=${day()}`, init: { headers }, good: 200 };
    }
    const { resource_id, start_time, end_time } = drawn < 0.95
      ? slotOf(slots, Math.floor(random() * first))
      : slotOf(slots, slot++);
    const [start, end] = [start_time, end_time].map((time) => time.toZonedDateTimeISO(time_zone));
    const clock = (at: Temporal.ZonedDateTime) => at.toPlainTime().toString({ smallestUnit: "minute" });
    const form = new URLSearchParams({
      ...{ resource: resource_id, date: `${start.toPlainDate()}`, start: clock(start) },
      ...{ end_date: `${end.toPlainDate()}`, end: clock(end), purpose: "Load" },
    });
    if (drawn < 0.95) {
      return {
        path: `/reservations/new?${form}`,
        init: { headers: { ...headers, "hx-request": "true" } },
        good: 200,
      };
    }
    return { path: "/reservations", init: { method: "POST", headers, body: form }, good: 303 };
  };
}
