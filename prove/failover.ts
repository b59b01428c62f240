import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connect } from "../db/connect.ts";
import { audit, complaints } from "./audit.ts";
import { balance } from "./ledger.ts";
import { gather } from "./people.ts";
import { freePort, until } from "./programs.ts";
import { launchNginx, type Node, openReplicas, type Replicas } from "./replicas.ts";
import { publish, type Report } from "./report.ts";
import { inRun, openFolder, type Run } from "./run.ts";
import { isReady, startServer } from "./site.ts";
import { watch } from "./watch.ts";
import { startWorkload, type Workload } from "./workload.ts";

// A primary that is killed under load, and a standby that takes its place: `deno task prove:failover`.

export interface FailoverOptions {
  rounds: number;
  seed: number;
  /** The deliberate fault: the primary acknowledges what the standby does not have yet. */
  asynchronous?: boolean;
}

const CLIENTS = 8;
/** From the death of the primary to the first change that is acknowledged again. */
const LONGEST_AWAY = 10_000;
/** So long nobody takes changes, before the standby is promoted: time to see what pages do meanwhile. */
const INTERREGNUM = 4_000;
/** By then everybody has noticed. */
const NOTICED = 2_500;
/** So long before its death the primary has nobody who takes down what it says. */
const DEAF = 700;

interface Round {
  killed: string;
  away: number;
  afterPromotion: number;
  pages: number;
  pagesRefused: number;
  refusals: string[];
}

/** Kills and promotes, and reports. */
export async function proveFailover(run: Run, options: FailoverOptions): Promise<Omit<Report, "command">> {
  const replicas = await openReplicas(run, { synchronous: !options.asynchronous });
  const folder = await openFolder(run, "servers");
  const ports = [freePort(), freePort()];
  for (const [i, port] of ports.entries()) {
    const env = { DATABASE_URL: replicas.url, BASE_URL: "http://127.0.0.1" };
    const server = await startServer({ name: `holdfast-${i + 1}`, folder, port, env });
    run.ends.defer(async () => void await server.end());
  }
  const { origin, said } = await launchNginx(run, ports);
  await until(async () => `nginx passes on; it said:\n${await said()}`, () => isReady(origin), {
    atMost: 15_000,
  });
  const { ada, people } = await gather(origin, { people: CLIENTS, staff: 0 });
  const load = await startWorkload({
    prefix: "Failover",
    ada,
    people,
    origins: [origin],
    seed: options.seed,
  });
  const rounds: Round[] = [];
  let [primary, standby] = replicas.nodes;
  for (let number = 0; number < options.rounds; number++) {
    await pause(1_500);
    rounds.push(await failOver(replicas, { primary, standby, load, origin, whole: number % 2 === 1 }));
    await replicas.rebuild(primary, standby);
    [primary, standby] = [standby, primary];
    run.say(`${number + 1} of ${options.rounds} rounds: changes again after ${rounds.at(-1)!.away} ms`);
  }
  await pause(1_000);
  await load.end();
  return await look(primary, load, rounds);
}

interface Cast {
  primary: Node;
  standby: Node;
  load: Workload;
  origin: string;
  /** Whether all of the machine dies, its PgBouncer too. */
  whole: boolean;
}

async function failOver(replicas: Replicas, { primary, standby, load, origin, whole }: Cast): Promise<Round> {
  const reader = await watch(origin);
  try {
    // The standby falls behind a little, as over a network that is busy: whoever waits for it goes on waiting.
    primary.link.hold();
    await pause(DEAF);
    const killed = performance.now();
    await Promise.all([primary.postgres.kill(), whole && primary.bouncer.kill()]);
    primary.link.cut();
    await pause(INTERREGNUM);
    const promoting = performance.now();
    const refusals = await reader.tryToChange();
    await replicas.promote(standby);
    await until(
      "changes are acknowledged again",
      () => (load.acknowledged.get(origin) ?? 0) > promoting,
    );
    const back = performance.now();
    primary.link.heal();
    const pages = await reader.between(killed + NOTICED, promoting);
    return {
      killed: whole ? "PostgreSQL and PgBouncer" : "PostgreSQL",
      ...{ away: Math.round(back - killed), afterPromotion: Math.round(back - promoting) },
      ...{ pages: pages.good, pagesRefused: pages.refused, refusals },
    };
  } finally {
    await reader.end();
  }
}

async function look({ postgres: { url } }: Node, load: Workload, rounds: Round[]) {
  const sql = connect(url, { max: 2, name: "prove" });
  const found = await audit(sql);
  const { acknowledged, lost, unknown, gaps, strange } = await balance(sql, load.entries, load.prefix);
  await sql.end();
  const report: Omit<Report, "command"> = {
    title: "Failover: the standby takes over, and nothing acknowledged is lost",
    columns: [
      ...["round", "killed", "changes again after, ms", "of them after the promotion began, ms"],
      ...["pages read meanwhile", "pages refused"],
    ],
    rows: rounds.map((one, i) => [
      ...[i + 1, one.killed, one.away, one.afterPromotion, one.pages, one.pagesRefused],
    ]),
    notes: [
      `Acknowledged: ${acknowledged}; of them lost: ${lost.length}. Held twice: ${found.held_twice}. ` +
      `History gaps: ${found.history_gaps + gaps.length}. Events lost: ${found.events_lost}. ` +
      `Stored, and nobody was told: ${unknown}, of at most ${rounds.length * load.clients} in flight.`,
    ],
    broken: complaints(found),
  };
  const complain = (list: string[], what: string) =>
    list.length > 0 && report.broken.push(`${what}: ${list.length}, such as: ${list[0]}`);
  complain(lost, "acknowledged and lost");
  complain(gaps, "history gaps");
  complain(strange, "stored, and not as it was asked for");
  complain(load.wrong, "answers that nobody should get");
  complain(rounds.flatMap(({ refusals }) => refusals), "changes not refused as they should be");
  const late = rounds.filter(({ away }) => away > LONGEST_AWAY);
  if (late.length > 0) {
    report.broken.push(`changes only after ${Math.max(...late.map(({ away }) => away))} ms`);
  }
  if (unknown > rounds.length * load.clients) report.broken.push(`${unknown} outcomes unknown`);
  if (rounds.some(({ pages, pagesRefused }) => pages === 0 || pagesRefused > 0)) {
    report.broken.push("pages were refused while nobody took changes");
  }
  return report;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "10" },
      seed: { type: "string", default: "1" },
      json: { type: "string" },
      asynchronous: { type: "boolean", default: false },
    },
  });
  const { asynchronous } = values;
  const options: FailoverOptions = { rounds: Number(values.rounds), seed: Number(values.seed), asynchronous };
  const report = await inRun("failover", (run) => proveFailover(run, options));
  const said = ["deno task prove:failover", ...Deno.args].join(" ");
  Deno.exit(await publish({ ...report, command: said }, values.json));
}
