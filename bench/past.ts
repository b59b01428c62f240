import { stopHashing } from "../lib/passwords.ts";
import { buildHouse } from "../prove/growth/house.ts";
import { measure } from "../prove/growth/measure.ts";
import { PATHS } from "../prove/growth/paths.ts";
import { growthOf } from "../prove/growth/verdict.ts";
import type { Section } from "./report.ts";
import type { Bench } from "./setting.ts";

const SMALLEST = 10_000;
const AHEAD = 20_000;
/** Those of `prove:growth` on which most requests go. */
const HOT = PATHS.slice(0, 6);

/** What the hot paths cost with years behind them, beside the same with a few months. */
export async function measurePast({ effort, where, ends }: Bench): Promise<Section> {
  if (typeof where === "string") throw new Error("The bench has a database of its own");
  const now = Temporal.Now.instant().round("microsecond");
  ends.defer(stopHashing);
  const build = (name: string, past: number) =>
    buildHouse(where, name, { past, ahead: AHEAD, now, say: () => {}, ends });
  const smallest = await build("months", SMALLEST);
  const grown = await build("years", effort.past);
  let walks = 0;
  const rounds = effort.rounds * 40;
  const costs = await measure(smallest.visit(), grown.visit(), { rounds, number: () => walks++, paths: HOT });
  return {
    title: `${effort.past.toLocaleString("en")} past reservations, ${
      AHEAD.toLocaleString("en")
    } ahead, by the domain's functions`,
    rows: costs.map((cost) => ({
      name: cost.path,
      value: cost.time,
      unit: "ms",
      ratio: [{ of: `with ${SMALLEST.toLocaleString("en")} past`, value: growthOf(cost).time }],
      note: `${cost.rows} rows read (${growthOf(cost).rows.toFixed(2)} ×)`,
    })),
  };
}
