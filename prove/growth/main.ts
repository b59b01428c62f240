import { parseArgs } from "node:util";
import { makeFolder } from "../../bench/folder.ts";
import { describeMachine } from "../../bench/report.ts";
import { startEmbedded } from "../../db/embedded.ts";
import { stopHashing } from "../../lib/passwords.ts";
import { plot } from "../plot.ts";
import { buildHouse } from "./house.ts";
import { measure } from "./measure.ts";
import { PATHS } from "./paths.ts";
import { growthOf, MOST, type Size, wrongWith } from "./verdict.ts";

// What the years cost: the hot paths with ever more behind them, against the smallest house in the same run.
// `deno task prove:growth [--past N,N…] [--resources N,N…] [--rounds N] [--json FILE] [--plots FOLDER]`

const { values } = parseArgs({
  args: Deno.args,
  options: {
    past: { type: "string", default: "10000,100000,1000000,10000000" },
    resources: { type: "string", default: "50,500,5000" },
    rounds: { type: "string", default: "60" },
    json: { type: "string" },
    plots: { type: "string" },
  },
});
const [pasts, sizes] = [values.past, values.resources].map((list) => list.split(",").map(Number));
const rounds = Number(values.rounds);
const say = (words: string) => console.error(words);

await using ends = new AsyncDisposableStack();
const dataDir = await makeFolder("growth", ends);
const embedded = await startEmbedded(dataDir, { info: () => {}, warn: say });
ends.defer(() => embedded.stop());
ends.defer(stopHashing);
const now = Temporal.Now.instant().round("microsecond");
let walks = 0;
const number = () => walks++;

const build = (name: string) => buildHouse(embedded.connection, name, { past: pasts[0], now, say, ends });
const smallest = await build("smallest");
const grown = await build("grown");
const history: Size[] = [];
let there = pasts[0];
for (const past of pasts) {
  await grown.grow(there, past);
  there = past;
  say(`Measuring: ${past} past reservations`);
  history.push({
    past,
    resources: sizes[0],
    costs: await measure(smallest.house, grown.house, { rounds, number }),
  });
}
const wide = await build("wide");
const width: Size[] = [];
for (const resources of sizes) {
  await wide.widen(resources);
  say(`Measuring: ${resources} resources`);
  width.push({
    past: pasts[0],
    resources,
    costs: await measure(smallest.house, wide.house, { rounds, number }),
  });
}

const all = [...history, ...width];
const wrong = all.flatMap((size) => wrongWith(size, { resources: sizes[0] }));
const machine = await describeMachine(embedded.connection);
if (values.json) {
  await Deno.writeTextFile(values.json, JSON.stringify({ machine, history, width, wrong }, null, 2));
}
if (values.plots) {
  await Deno.mkdir(values.plots, { recursive: true });
  for (const  of of["time", "rows"] as const) {
    await draw(`growth-past-${of}`, history, of, "past");
    await draw(`growth-resources-${of}`, width, of, "resources");
  }
}
console.log(`\n${tableOf("past", history)}\n\n${tableOf("resources", width)}\n`);
for (const { name, mayGrow } of PATHS) {
  if (mayGrow) console.log(`“${name}” grows with the ${mayGrow.with}: ${mayGrow.why}`);
}
for (const line of wrong) console.log(`Not so: ${line}`);
Deno.exitCode = wrong.length > 0 ? 1 : 0;

async function draw(file: string, sizes: readonly Size[], of: "time" | "rows", by: "past" | "resources") {
  const curves = PATHS.map(({ name }) => ({
    name,
    points: sizes.map((size) => {
      const cost = size.costs.find(({ path }) => path === name)!;
      return [size[by], growthOf(cost)[of]] as const;
    }),
  }));
  const picture = plot({
    title: of === "time"
      ? "Time, as a ratio to the smallest house"
      : "Rows read, as a ratio to the smallest house",
    x: by === "past" ? "past reservations" : "resources",
    y: "times",
    curves,
    limit: MOST,
  });
  await Deno.writeTextFile(`${values.plots}/${file}.svg`, picture);
}

function tableOf(by: "past" | "resources", sizes: readonly Size[]): string {
  const cell = (size: Size, name: string) => {
    const cost = size.costs.find(({ path }) => path === name)!;
    const growth = growthOf(cost);
    return `${cost.time.toFixed(2)} ms (${growth.time.toFixed(2)} ×), ${cost.rows} rows (${
      growth.rows.toFixed(2)
    } ×)`;
  };
  const head = sizes.map((size) =>
    `${size[by].toLocaleString("en")} ${by === "past" ? "past" : "resources"}`
  );
  return [
    `| | ${head.join(" | ")} |`,
    `|---${"|---".repeat(sizes.length)}|`,
    ...PATHS.map(({ name }) => `| ${name} | ${sizes.map((size) => cell(size, name)).join(" | ")} |`),
  ].join("\n");
}
