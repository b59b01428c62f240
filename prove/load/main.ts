import { parseArgs } from "node:util";
import { startHelper } from "../../bench/helper.ts";
import { publish, type Report } from "../report.ts";
import { inRun, type Run } from "../run.ts";
import type { Answers, Arrivals } from "./arrivals.ts";
import { type BusyHouse, openBusyHouse } from "./house.ts";
import { growthOf, holds, LIMIT_MS, type Memory, wrongWithOverload, wrongWithSoak } from "./verdict.ts";

// How many people a second Holdfast serves on this machine, as they come: at a constant rate, each waiting from the
// moment at which they meant to come: `deno task prove:load`.

interface LoadOptions {
  /** How long each rate is tried. */
  seconds: number;
  soakMinutes: number;
  servers: number;
  /** What the browsers take: `gzip`, `br`, `identity`. */
  encoding: string;
}

/** A rate, and what became of those who came at it. */
type Rated = Answers & { rate: number; seconds: number };

/** Looks for the highest rate that is held, goes to twice that, and stays at half of it for long. */
async function proveLoad(run: Run, options: LoadOptions): Promise<Omit<Report, "command">> {
  const { seconds, soakMinutes } = options;
  const house = await openBusyHouse(run, options);
  const come = visitors(run, house, options);
  run.say("Warming up");
  await come(100, seconds);
  const { held, curve } = await highest(run, come, seconds);
  const over = await come(held.rate * 2, seconds);
  const after = await come(held.rate / 2, seconds);
  const soak = await soaked(run, house, come, { rate: held.rate / 2, minutes: soakMinutes });
  const [server, database] = (["server", "database"] as const).map((of) =>
    growthOf(soak.memory, of).toFixed(2)
  );
  const { late } = held;
  return {
    title: `Load: people who come at a constant rate, ${options.encoding}, ${options.servers} server(s)`,
    columns: ["", "requests/s", "served", "turned away", "wrong", "p50 ms", "p99 ms", "p99.9 ms"],
    rows: [
      ...curve.map((one) => row("tried", one)),
      row(`highest rate held (p99 ≤ ${LIMIT_MS} ms)`, held),
      row("twice that", over),
      row("half of it, right after", after),
      row(`half of it for ${soakMinutes} minutes; worst of its parts`, worstOf(soak.parts)),
    ],
    notes: [
      "Latency counts from the moment at which each meant to come. Of a hundred, 55 are schedules, 25 weeks of a " +
      "resource, 15 looks at whether a time is free, 5 reservations.",
      `Memory in the soak, last third by first: server ${server}, PostgreSQL ${database}; at its end ` +
      `${soak.memory.at(-1)!.server.toFixed(0)} and ${soak.memory.at(-1)!.database.toFixed(0)} MB.`,
      `At the highest rate the harness itself was late by ${late.toFixed(0)} ms at most.`,
    ],
    broken: [
      ...wrongWithOverload(over, held),
      ...holds(after) ? [] : ["after the overload half of the rate was not held"],
      ...wrongWithSoak(soak.parts, soak.memory),
    ],
  };
}

type Come = (rate: number, seconds: number) => Promise<Rated>;

function visitors(run: Run, house: BusyHouse, { encoding }: LoadOptions): Come {
  const arrivals = startHelper<Arrivals, Answers>("../prove/load/arrivals.ts");
  run.ends.defer(() => arrivals.close());
  let seed = 1;
  return async (rate, seconds) => {
    const { origins, time_zone, today, resources, from } = house;
    const cookies = await house.cookies();
    const first = house.slots(Math.ceil(rate * seconds));
    const slots = { resources, from };
    const job = { origins, rate, seconds, cookies, encoding, slots, first, time_zone, today, seed: seed++ };
    const answers = await arrivals.ask(job);
    const { good, turnedAway, wrong, p99, late, examples } = answers;
    run.say(
      `${rate}/s for ${seconds} s: ${good} served, ${turnedAway} turned away, ${wrong} wrong, p99 ${
        p99.toFixed(0)
      } ms, ` +
        `harness late by ${late.toFixed(0)} ms at most ${examples.join("; ")}`,
    );
    return { rate, seconds, ...answers };
  };
}

// Doubled until it breaks, then by halves towards the edge. What was found in short turns must hold in a longer one.
async function highest(run: Run, come: Come, seconds: number) {
  const curve: Rated[] = [];
  const isHeld = async (rate: number) => {
    const answers = await come(rate, seconds);
    curve.push(answers);
    return holds(answers);
  };
  let low = 50;
  while (await isHeld(low * 2)) low *= 2;
  let high = low * 2;
  while (high - low > Math.max(10, low * 0.05)) {
    const middle = Math.round((low + high) / 10) * 5;
    if (await isHeld(middle)) low = middle;
    else high = middle;
  }
  run.say("Again, longer");
  for (let rate = low; rate >= 20; rate = Math.floor(rate * 0.95 / 5) * 5) {
    const held = await come(rate, seconds * 2.5);
    if (holds(held)) return { held, curve: curve.toSorted((a, b) => a.rate - b.rate) };
  }
  throw new Error("No rate is held");
}

async function soaked(
  run: Run,
  house: BusyHouse,
  come: Come,
  { rate, minutes }: { rate: number; minutes: number },
) {
  const parts: Rated[] = [];
  const memory: Memory[] = [];
  const part = Math.min(30, minutes * 60 / 9);
  for (let at = 0; at < minutes * 60; at += part) {
    parts.push(await come(rate, part));
    const now = { at: at + part, ...await house.memory() };
    memory.push(now);
    run.say(
      `Soak, ${(now.at / 60).toFixed(1)} min: server ${now.server.toFixed(0)} MB, PostgreSQL ${
        now.database.toFixed(0)
      } MB`,
    );
  }
  return { parts, memory };
}

function worstOf(parts: readonly Rated[]): Rated {
  const sum = (of: "good" | "turnedAway" | "wrong") => parts.reduce((total, part) => total + part[of], 0);
  const worst = (of: "p50" | "p99" | "p999") => Math.max(...parts.map((part) => part[of]));
  return {
    ...parts[0],
    ...{ good: sum("good"), turnedAway: sum("turnedAway"), wrong: sum("wrong") },
    ...{ p50: worst("p50"), p99: worst("p99"), p999: worst("p999") },
  };
}

function row(name: string, { rate, good, turnedAway, wrong, p50, p99, p999 }: Rated): (string | number)[] {
  const tenths = (value: number) => Math.round(value * 10) / 10;
  return [name, rate, good, turnedAway, wrong, tenths(p50), tenths(p99), tenths(p999)];
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      seconds: { type: "string", default: "12" },
      soak: { type: "string", default: "20" },
      servers: { type: "string", default: "1" },
      encoding: { type: "string", default: "gzip" },
      json: { type: "string" },
    },
  });
  const { seconds, soak, servers, encoding, json } = values;
  const options = { seconds: Number(seconds), soakMinutes: Number(soak), servers: Number(servers), encoding };
  const command = ["deno task prove:load", ...Deno.args].join(" ");
  const report = await inRun("load", (run) => proveLoad(run, options));
  Deno.exit(await publish({ ...report, command }, json));
}
