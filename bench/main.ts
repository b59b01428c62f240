import { connect } from "../db/connect.ts";
import { measureContention } from "./contention.ts";
import { fillFolder, makeFolder } from "./folder.ts";
import { measureFloor } from "./floor.ts";
import { median } from "./numbers.ts";
import { measurePast } from "./past.ts";
import { databaseMemory, residentMemory } from "./processes.ts";
import { describeMachine, type Row, type Section, tableOf } from "./report.ts";
import { measureProfile } from "./profile.ts";
import { measureReservations } from "./reservations.ts";
import { measureSchedule } from "./schedule.ts";
import { type Server, startServer } from "./server.ts";
import { type Bench, type Effort, FULL, QUICK } from "./setting.ts";
import { numberSlots } from "./slots.ts";
import { measureWeight } from "./weight.ts";

// Measures Holdfast on this machine: `deno task bench [--quick] [--json]`. It starts its own server on its own
// database in a temporary folder, and listens on loopback only. What is compared is measured in the same run.

const quick = Deno.args.includes("--quick");
const json = Deno.args.includes("--json");
const say = (words: string) => console.error(words);

await using ends = new AsyncDisposableStack();
const effort = quick ? QUICK : FULL;
const dataDir = await makeFolder("bench", ends);
const { first, site, where } = await fillFolder(dataDir, say);
const { server, starts } = await startAgain(dataDir, site.time_zone, effort);
const atRest = await memory(server, dataDir);
const sql = connect(where, { max: 2, name: "bench" });
ends.defer(() => sql.end());
const bench: Bench = { effort, site, server, where, sql, slots: numberSlots(), ends };

const sections: Section[] = [];
for (const measure of [measureWeight, measureSchedule, measureReservations, measureContention, measurePast]) {
  // Nobody who was measured is still there when the next are.
  await using its = new AsyncDisposableStack();
  const section = await measure({ ...bench, ends: its });
  say(`Measured: ${section.title}`);
  sections.push(section);
}
sections.push({
  title: "Start and memory",
  rows: [
    { name: "first start, to healthy: database made, migrated", value: first.startedIn, unit: "ms" },
    {
      name: `start on existing data, median of ${starts.length}`,
      value: median(starts),
      unit: "ms",
      ratio: [{ of: "the first start", value: median(starts) / first.startedIn }],
    },
    ...memoryRows("at rest", atRest),
    ...memoryRows("after the load", await memory(server, dataDir)),
  ],
});
await server.stop();
sections.push(await measureProfile(bench, dataDir));
sections.push(await measureFloor(bench, dataDir));
say("Measured: where the time goes, and what stands in the way");
const machine = await describeMachine(where);
console.log(json ? JSON.stringify({ machine, sections }, null, 2) : tableOf(machine, sections));

async function startAgain(dataDir: string, timeZone: string, { starts }: Effort) {
  const times: number[] = [];
  while (true) {
    const server = await startServer(dataDir, timeZone);
    times.push(server.startedIn);
    if (times.length === starts) {
      ends.defer(() => server.stop());
      return { server, starts: times };
    }
    await server.stop();
  }
}

interface Memory {
  server?: number;
  database?: number;
}

async function memory(server: Server, dataDir: string): Promise<Memory> {
  return { server: await residentMemory(server.pid), database: await databaseMemory(dataDir) };
}

// A system that does not tell has no row.
function memoryRows(when: string, { server, database }: Memory): Row[] {
  return [
    { name: `memory of the server ${when}`, value: server, unit: "MB" },
    { name: `memory of its PostgreSQL ${when}`, value: database, unit: "MB" },
  ].filter((row): row is Row => row.value !== undefined);
}
