import { parseArgs } from "node:util";
import { connect } from "../db/connect.ts";
import { audit, complaints } from "./audit.ts";
import { gather } from "./people.ts";
import { openPostgres } from "./postgres.ts";
import { freePort } from "./programs.ts";
import { type Arena, type Outcome, type Race, run } from "./race.ts";
import { ASKING } from "./races_asking.ts";
import { DECIDING } from "./races_deciding.ts";
import { MOVING } from "./races_moving.ts";
import { WAITED } from "./races_waiting.ts";
import { publish, type Report } from "./report.ts";
import { inRun, openFolder, random, type Run } from "./run.ts";
import { startServer } from "./site.ts";

// Many people at once on every path that takes time from a resource: `deno task prove:races`.

export const RACES: readonly Race[] = [...ASKING, ...MOVING, ...DECIDING, ...WAITED];

export interface RacesOptions {
  /** Contested slots, for each path and each number of servers. */
  slots: number;
  seed: number;
  /** How many servers share the database: a run for each figure. */
  servers: number[];
  /** The names of the paths; without them, all. */
  paths?: string[];
  /** So many paths are raced at the same time; without it, three. */
  together?: number;
  /** The deliberate fault: the constraint that guards every path is dropped first. */
  unguarded?: boolean;
}

/** How many want the same slot. */
const PEOPLE = 8;

/** Runs the races, and reports. */
export async function proveRaces(here: Run, options: RacesOptions): Promise<Omit<Report, "command">> {
  const report: Omit<Report, "command"> = {
    title: "Races: nobody is given what another has",
    columns: ["path", "servers", "slots", "requests", "won", "refused", "given wrongly", "5xx or unexpected"],
    rows: [],
    notes: [],
    broken: [],
  };
  for (const servers of options.servers) await raceWith(here, servers, options, report);
  return report;
}

async function raceWith(here: Run, servers: number, options: RacesOptions, report: Omit<Report, "command">) {
  await using ends = new AsyncDisposableStack();
  const folder = await openFolder(here, `servers-${servers}`);
  const database = await openPostgres(folder);
  here.ends.defer(() => database.stop());
  ends.defer(() => database.stop());
  const origins: string[] = [];
  for (let i = 1; i <= servers; i++) {
    const env = { DATABASE_URL: database.url };
    const server = await startServer({ name: `holdfast-${i}`, folder, port: freePort(), env });
    ends.defer(async () => void await server.end());
    origins.push(server.origin);
  }
  const { together = 3 } = options;
  const sql = connect(database.url, { max: together, name: "prove" });
  ends.defer(() => sql.end());
  if (options.unguarded) await sql`alter table allocations drop constraint allocations_never_overlap`;

  const crowd = await gather(origins[0], { people: PEOPLE, staff: 3 });
  const pick = random(options.seed);
  let numbered = 0;
  // What is drawn is drawn in order, whichever path is done first.
  const drawn = RACES.filter(({ name }) => !options.paths || options.paths.includes(name)).map((race) => {
    const begins = Temporal.Now.instant().add({ hours: 24 * (2 + pick(30)) });
    const arena: Arena = {
      ...{ origins, sql, slots: options.slots, next: () => ++numbered },
      ...{ ada: crowd.ada, staff: shuffled(crowd.staff, pick), people: shuffled(crowd.people, pick) },
      base: begins.toZonedDateTimeISO("UTC").startOfDay().toInstant(),
    };
    return { race, arena };
  });
  const outcomes = new Map<Race, Outcome>();
  const left = [...drawn];
  const lane = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const outcome = await run(next.race, next.arena);
      outcomes.set(next.race, outcome);
      here.say(`${next.race.name}, ${counted(servers)}: ${words(outcome)}`);
    }
  };
  await Promise.all(Array.from({ length: together }, lane));
  for (const { race } of drawn) tell(report, race, servers, outcomes.get(race)!);
  report.broken.push(...complaints(await audit(sql)).map((words) => `${counted(servers)}, audit: ${words}`));
}

function words({ slots, requests, won, refused, broken, wrong }: Outcome): string {
  return `${slots} slots, ${requests} requests: ${won} won, ${refused} refused, ${broken.length} given wrongly, ` +
    `${wrong.length} unexpected`;
}

function tell(report: Omit<Report, "command">, { name }: Race, servers: number, outcome: Outcome) {
  const { slots, requests, won, refused, broken, wrong } = outcome;
  report.rows.push([name, servers, slots, requests, won, refused, broken.length, wrong.length]);
  if (broken.length > 0) {
    report.broken.push(`${name}, ${counted(servers)}: ${broken[0]} (${broken.length} such slots)`);
  }
  if (wrong.length > 0) {
    report.broken.push(`${name}, ${counted(servers)}: ${wrong[0]} (${wrong.length} such answers)`);
  }
}

const counted = (servers: number) => servers === 1 ? "1 server" : `${servers} servers`;

function shuffled<T>(list: readonly T[], pick: (below: number) => number): T[] {
  const left = [...list];
  return list.map(() => left.splice(pick(left.length), 1)[0]);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      slots: { type: "string", default: "1000" },
      seed: { type: "string", default: "1" },
      servers: { type: "string", default: "1,2" },
      path: { type: "string", multiple: true },
      together: { type: "string", default: "3" },
      json: { type: "string" },
      "drop-constraint": { type: "boolean", default: false },
    },
  });
  const options: RacesOptions = {
    ...{
      slots: Number(values.slots),
      seed: Number(values.seed),
      servers: values.servers.split(",").map(Number),
    },
    ...{ paths: values.path, together: Number(values.together), unguarded: values["drop-constraint"] },
  };
  const report = await inRun("races", (here) => proveRaces(here, options));
  const said = ["deno task prove:races", ...Deno.args].join(" ");
  Deno.exit(await publish({ ...report, command: said }, values.json));
}
