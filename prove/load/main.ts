import { parseArgs } from "node:util";
import { startHelper } from "../../bench/helper.ts";
import { databaseMemory, residentMemory } from "../../bench/processes.ts";
import { describeMachine } from "../../bench/report.ts";
import { openBusyHouse } from "./house.ts";
import type { Answers, Arrivals } from "./arrivals.ts";
import { growthOf, holds, type Memory, wrongWithOverload, wrongWithSoak } from "./verdict.ts";

// How many people a second Holdfast serves on this machine, as they come: at a constant rate, each waiting from the
// moment at which they meant to come. `deno task prove:load [--soak MINUTES] [--seconds S] [--encoding E] [--json FILE]`

const { values } = parseArgs({
  args: Deno.args,
  options: {
    soak: { type: "string", default: "20" },
    seconds: { type: "string", default: "12" },
    encoding: { type: "string", default: "gzip" },
    json: { type: "string" },
  },
});
const seconds = Number(values.seconds);
const soakMinutes = Number(values.soak);
const say = (words: string) => console.error(words);

await using house = await openBusyHouse(say);
const arrivals = startHelper<Arrivals, Answers>("../prove/load/arrivals.ts");
house.ends.defer(() => arrivals.close());
let seed = 1;
async function come(rate: number, seconds: number): Promise<Answers> {
  const first = house.slots(Math.ceil(rate * seconds));
  const { url, cookies, time_zone, today, resources, from } = house;
  const slots = { resources, from };
  return await arrivals.ask({
    ...{
      url,
      rate,
      seconds,
      cookies,
      encoding: values.encoding,
      slots,
      first,
      time_zone,
      today,
      seed: seed++,
    },
  });
}
const told = (rate: number, { good, turnedAway, wrong, p50, p99, p999, late }: Answers) =>
  `${rate}/s: ${good} served, ${turnedAway} turned away, ${wrong} wrong; ` +
  `p50 ${ms(p50)}, p99 ${ms(p99)}, p99.9 ${ms(p999)}; harness late by ${ms(late)} at most`;

say("Warming up");
await come(100, seconds);
const curve: ({ rate: number } & Answers)[] = [];
async function tries(rate: number): Promise<boolean> {
  const answers = await come(rate, seconds);
  curve.push({ rate, ...answers });
  say(told(rate, answers));
  return holds(answers);
}

// Doubled until it breaks, then by halves towards the edge.
let low = 100;
while (await tries(low * 2)) low *= 2;
let high = low * 2;
while (high - low > Math.max(10, low * 0.05)) {
  const middle = Math.round((low + high) / 2 / 5) * 5;
  if (await tries(middle)) low = middle;
  else high = middle;
}
const held = await confirmed();

say(`Twice of that for ${seconds} seconds`);
const over = await come(held.rate * 2, seconds);
say(told(held.rate * 2, over));
const after = await come(held.rate / 2, seconds);
say(`… and then half of it: ${told(held.rate / 2, after)}`);

const soak = await soaked(held.rate / 2);
const wrong = [
  ...wrongWithOverload(over, { rate: held.rate, seconds }),
  ...holds(after) ? [] : ["after the overload half of the rate was not held"],
  ...wrongWithSoak(soak.parts, soak.memory),
];
const growth = { server: growthOf(soak.memory, "server"), database: growthOf(soak.memory, "database") };
const machine = await describeMachine(house.where);
const report = { machine, encoding: values.encoding, curve, held, over, after, soak, growth, wrong };
if (values.json) await Deno.writeTextFile(values.json, JSON.stringify(report, null, 2));
console.log(`
| | requests/s | served | turned away | wrong | p50 | p99 | p99.9 |
|---|---|---|---|---|---|---|---|
${row("highest rate held", held)}
${row("twice that", { rate: held.rate * 2, ...over })}
${row("half of it, right after", { rate: held.rate / 2, ...after })}
${row(`half of it for ${soakMinutes} minutes`, soakRow())}

Memory in the soak, last third by first: server ${growth.server.toFixed(2)}, PostgreSQL ${
  growth.database.toFixed(2)
}`);
for (const line of wrong) console.log(`Not so: ${line}`);
Deno.exitCode = wrong.length > 0 ? 1 : 0;

// What was found in short turns must hold in a long one; where it does not, a little less is tried.
async function confirmed() {
  for (let rate = low;; rate = Math.floor(rate * 0.95 / 5) * 5) {
    const answers = await come(rate, seconds * 2.5);
    say(`Again, longer: ${told(rate, answers)}`);
    if (holds(answers)) return { rate, ...answers };
    if (rate < 20) throw new Error("No rate is held");
  }
}

async function soaked(rate: number) {
  const parts: Answers[] = [];
  const memory: Memory[] = [];
  const part = Math.min(30, soakMinutes * 60 / 9);
  for (let at = 0; at < soakMinutes * 60; at += part) {
    parts.push(await come(rate, part));
    const server = await residentMemory(house.pid) ?? NaN;
    const database = await databaseMemory(house.dataDir) ?? NaN;
    memory.push({ at, server, database });
    if (parts.length % 4 === 0) {
      say(
        `Soak, ${Math.round((at + part) / 60)} min: server ${server.toFixed(0)} MB, PostgreSQL ${
          database.toFixed(0)
        } MB`,
      );
    }
  }
  return { parts, memory };
}

function soakRow() {
  const sum = (of: "good" | "turnedAway" | "wrong") =>
    soak.parts.reduce((total, part) => total + part[of], 0);
  const worst = (of: "p50" | "p99" | "p999") => Math.max(...soak.parts.map((part) => part[of]));
  return {
    rate: held.rate / 2,
    ...{ good: sum("good"), turnedAway: sum("turnedAway"), wrong: sum("wrong") },
    ...{ p50: worst("p50"), p99: worst("p99"), p999: worst("p999") },
  };
}

type Line = Pick<Answers, "good" | "turnedAway" | "wrong" | "p50" | "p99" | "p999"> & { rate: number };

function row(name: string, { rate, good, turnedAway, wrong, p50, p99, p999 }: Line): string {
  return `| ${name} | ${rate} | ${good} | ${turnedAway} | ${wrong} | ${ms(p50)} | ${ms(p99)} | ${ms(p999)} |`;
}

function ms(value: number): string {
  return Number.isNaN(value) ? "–" : `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}
