import { startHelper } from "./helper.ts";
import type { LoadAnswer, LoadJob } from "./load.ts";
import { freePort } from "../prove/programs.ts";
import { databaseTime, timeOnCores } from "./processes.ts";
import { type Part, profile } from "./profiler.ts";
import type { Row, Section } from "./report.ts";
import { startServer } from "./server.ts";
import type { Bench } from "./setting.ts";
import { farAhead } from "./slots.ts";
import { afterFirstPage, signInBrowser, signInProgram } from "./sign_in.ts";

const CONNECTIONS = 16;

/** The first that fits counts. */
const PARTS: readonly Part[] = [
  { name: "who it is: session, token", modules: /routes\/(identit|begin|session|tokens)|lib\/tokens/ },
  { name: "PostgreSQL's driver: statements, parsing rows", modules: /\/postgres\/|\/db\// },
  { name: "JSX", modules: /\/hono\/.*\/jsx\/|\/views\// },
  { name: "Hono: routing", modules: /\/hono\// },
  { name: "checking what was sent", modules: /\/zod\// },
  { name: "routes", modules: /\/routes\/|\/app\.ts/ },
  { name: "domain", modules: /\/domain\/|\/lib\// },
  { name: "log, figures, traces", modules: /logtape|opentelemetry/ },
  { name: "runtime: HTTP", modules: /^ext:deno_(http|fetch)/ },
  { name: "runtime: sockets, streams, timers", modules: /^(ext|node):/ },
];

/** What is asked for, and how. */
interface Case {
  /** One of them, in words. */
  one: string;
  load: () => Omit<LoadJob, "connections" | "seconds">;
}

/**
 * Where the time goes: what one page and one reservation keep the cores busy with, by the system's account of the
 * processes, and by the parts of the program that the runtime's profiler finds at work. It looks at a server of its
 * own, for to be looked at costs time.
 */
export async function measureProfile(bench: Omit<Bench, "server">, dataDir: string): Promise<Section> {
  const { site, effort, slots, ends } = bench;
  const inspected = freePort();
  const server = await startServer(dataDir, site.time_zone, inspected);
  ends.defer(() => server.stop());
  const load = startHelper<LoadJob, LoadAnswer>("load.ts");
  ends.defer(() => load.close());

  const person = site.people[1];
  const cookie = await signInBrowser(server.url, person.email);
  const page = { url: `${server.url}/schedule` };
  const seen = await afterFirstPage(server.url, cookie);
  const free = () => ({ slots: { resources: site.resources, from: farAhead() }, first: slots(30_000) });
  const json = { "content-type": "application/json", ...await signInProgram(server.url, person.email) };
  const form = { "content-type": "application/x-www-form-urlencoded", cookie };
  const cases: Case[] = [
    { one: "schedule", load: () => ({ ...page, headers: { cookie: seen } }) },
    {
      one: "schedule, gzip",
      load: () => ({ ...page, headers: { cookie: seen, "accept-encoding": "gzip" } }),
    },
    {
      one: "reservation, the API",
      load: () => ({ url: `${server.url}/api/v1/reservations`, headers: json, reserve: free() }),
    },
    {
      one: "reservation, the form",
      load: () => ({
        url: `${server.url}/reservations`,
        headers: form,
        reserve: { ...free(), form: site.time_zone },
      }),
    },
  ];
  const rows: Row[] = [];
  for (const { one, load: job } of cases) {
    const run = (seconds: number) => load.ask({ ...job(), connections: CONNECTIONS, seconds });
    await run(effort.warmUp);
    const before = await times(server.pid, dataDir);
    let answer: LoadAnswer | undefined;
    const spent = await profile(inspected, PARTS, async () => void (answer = await run(effort.seconds)));
    const after = await times(server.pid, dataDir);
    if (!answer || answer.other) {
      throw new Error(`${answer?.other} answers of “${one}” were not those expected`);
    }
    rows.push(...rowsOf(one, answer.good, { before, after }, spent));
  }
  return {
    title: `Where the time goes, ${CONNECTIONS} connections: on a core for each of them, being looked at`,
    rows,
  };
}

interface Times {
  server?: { all: number; first: number };
  database?: number;
}

async function times(pid: number, dataDir: string): Promise<Times> {
  return { server: await timeOnCores(pid), database: await databaseTime(dataDir) };
}

function rowsOf(
  one: string,
  count: number,
  { before, after }: { before: Times; after: Times },
  spent: Map<string, number>,
): Row[] {
  const seen = [...spent.values()].reduce((sum, ms) => sum + ms, 0);
  const row = (name: string, ms: number, whole?: number): Row => ({
    name,
    value: 1000 * ms / count,
    unit: "µs",
    ratio: whole ? [{ value: ms / whole, of: "the server" }] : undefined,
  });
  // A system that does not tell has the scripts alone.
  const [all, first] = (["all", "first"] as const).map((which) =>
    before.server && after.server ? after.server[which] - before.server[which] : undefined
  );
  // The profiler goes by the clock: whatever a script is at when the thread has to wait for a core seems longer.
  const scripts = Math.min(seen, first ?? seen);
  const whole = all ?? scripts;
  const parts = [...spent].map(([name, ms]) => [name, ms * scripts / seen] as const)
    .filter(([, ms]) => ms / whole > 0.005).toSorted(([, a], [, b]) => b - a);
  return [
    row(`${one}: the server`, whole),
    ...parts.map(([name, ms]) => row(`  ${name}`, ms, whole)),
    ...first && first > scripts
      ? [row("  the scripts' thread outside of scripts: HTTP, system", first - scripts, whole)]
      : [],
    ...all && first && all > first
      ? [row("  other threads: compression, collecting garbage, compiling", all - first, whole)]
      : [],
    // Counted in hundredths of a second: what is less is nothing.
    ...before.database && after.database && after.database > before.database
      ? [row(`${one}: PostgreSQL`, after.database - before.database)]
      : [],
  ];
}
