import { parseArgs } from "node:util";
import { startEmbedded } from "../../db/embedded.ts";
import { stopHashing } from "../../lib/passwords.ts";
import { plot } from "../plot.ts";
import { publish, type Report } from "../report.ts";
import { inRun, openFolder, type Run } from "../run.ts";
import { buildHouse, type Visited } from "./house.ts";
import { measure } from "./measure.ts";
import { PATHS } from "./paths.ts";
import { growthOf, isSlow, MOST, type Size, wrongWith } from "./verdict.ts";

// What the years cost: the hot paths with ever more behind them, against the smallest house in the same run:
// `deno task prove:growth`.

interface GrowthOptions {
  /** So many past reservations, one size after the other. */
  past: number[];
  /** So many resources, with the fewest past reservations. */
  resources: number[];
  /** How often each path is walked. */
  rounds: number;
  /** Where the plots go. */
  plots?: string;
}

async function proveGrowth(run: Run, options: GrowthOptions): Promise<Omit<Report, "command">> {
  const { history, width } = await grow(run, options);
  if (options.plots) {
    await Deno.mkdir(options.plots, { recursive: true });
    for (const measure of ["time", "rows"] as const) {
      await draw(`${options.plots}/growth-past-${measure}.svg`, history, measure, "past");
      await draw(`${options.plots}/growth-resources-${measure}.svg`, width, measure, "resources");
    }
  }
  const all = [...history, ...width];
  return {
    title: "Growth: what the years and the resources cost, as ratios to the smallest house in the same run",
    columns: ["", "past", "resources", "ms", "× time", "rows read", "× rows"],
    rows: PATHS.flatMap(({ name }) => all.map((size) => row(size, name))),
    notes: PATHS.flatMap(({ name, mayGrow }) =>
      mayGrow ? [`“${name}” grows with the ${mayGrow.with}: ${mayGrow.why}.`] : []
    ),
    broken: all.flatMap((size) => wrongWith(size, { resources: options.resources[0] })),
  };
}

async function grow(run: Run, { past, resources, rounds }: GrowthOptions) {
  const embedded = await startEmbedded(await openFolder(run, "data"), { info: () => {}, warn: run.say });
  run.ends.defer(() => embedded.stop());
  run.ends.defer(stopHashing);
  const now = Temporal.Now.instant().round("microsecond");
  const build = (name: string) => buildHouse(embedded.connection, name, { past: past[0], now, ...run });
  let walks = 0;
  const number = () => walks++;
  const smallest = await build("smallest");
  const costs = ({ visit }: Visited, size: Omit<Size, "costs">) =>
    measure(smallest.visit(), visit(), {
      ...{ rounds, number },
      inDoubt: (cost) => isSlow(cost, size, { resources: resources[0] }),
    });
  const [history, width]: [Size[], Size[]] = [[], []];
  const grown = await build("grown");
  let there = past[0];
  for (const many of past) {
    await grown.grow(there, many);
    there = many;
    run.say(`Measuring: ${many} past reservations`);
    const size = { past: many, resources: resources[0] };
    history.push(told(run, { ...size, costs: await costs(grown, size) }));
  }
  const wide = await build("wide");
  for (const many of resources) {
    await wide.widen(many);
    run.say(`Measuring: ${many} resources`);
    const size = { past: past[0], resources: many };
    width.push(told(run, { ...size, costs: await costs(wide, size) }));
  }
  return { history, width };
}

// A run takes long: what has been measured is told at once, whatever becomes of the rest.
function told(run: Run, size: Size): Size {
  for (const { name } of PATHS) run.say(`  ${row(size, name).join(", ")}`);
  return size;
}

function row(size: Size, name: string): (string | number)[] {
  const cost = costOf(size, name);
  const growth = growthOf(cost);
  const hundredths = (value: number) => Math.round(value * 100) / 100;
  return [
    ...[name, size.past, size.resources, hundredths(cost.time), hundredths(growth.time), cost.rows],
    hundredths(growth.rows),
  ];
}

const costOf = ({ costs }: Size, name: string) => costs.find(({ path }) => path === name)!;

async function draw(file: string, sizes: readonly Size[], of: "time" | "rows", by: "past" | "resources") {
  const curves = PATHS.map(({ name }) => ({
    name,
    points: sizes.map((size) => [size[by], growthOf(costOf(size, name))[of]] as const),
  }));
  const picture = plot({
    title: `${of === "time" ? "Time" : "Rows read"}, as a ratio to the smallest house`,
    x: by === "past" ? "past reservations" : "resources",
    y: "times",
    curves,
    limit: MOST,
  });
  await Deno.writeTextFile(file, picture);
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      past: { type: "string", default: "10000,100000,1000000,10000000" },
      resources: { type: "string", default: "50,500,5000" },
      rounds: { type: "string", default: "60" },
      plots: { type: "string" },
      json: { type: "string" },
    },
  });
  const [past, resources] = [values.past, values.resources].map((list) => list.split(",").map(Number));
  const options = { past, resources, rounds: Number(values.rounds), plots: values.plots };
  const command = ["deno task prove:growth", ...Deno.args].join(" ");
  const report = await inRun("growth", (run) => proveGrowth(run, options));
  Deno.exit(await publish({ ...report, command }, values.json));
}
