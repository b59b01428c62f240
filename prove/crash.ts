import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connect } from "../db/connect.ts";
import { audit, complaints } from "./audit.ts";
import { balance } from "./ledger.ts";
import { gather } from "./people.ts";
import { until } from "./programs.ts";
import { publish, type Report } from "./report.ts";
import { inRun, openFolder, random, type Run } from "./run.ts";
import { openEmbeddedSite, openExternalSite, type Site, type Strike } from "./strikes.ts";
import { startWorkload, type Workload } from "./workload.ts";

// Servers and databases that are killed under load, again and again: `deno task prove:crash`.

export interface CrashOptions {
  /** So many times something is killed: half of them on each of the two set-ups, where both are tried. */
  kills: number;
  seed: number;
  sites: ("embedded" | "external")[];
  /** The deliberate fault: the database says that it has stored what it only means to. */
  forgetful?: boolean;
}

const CLIENTS = 8;
/** So long a site may take until it does its work again, once its database is there. */
const LONGEST_RETURN = 10_000;
/** After so many kills something goes wrong that kills nobody. */
const KILLS_BETWEEN = 2;
/** A server that brings its own database up gives up where that fails more than five times a minute. */
const DATABASE_KILLS_IN_A_ROW = 3;

/** What PostgreSQL is told, so that a commit is acknowledged long before it is on the disk. */
const FORGETFUL = {
  ...{
    synchronous_commit: "off",
    wal_writer_delay: "10s",
    wal_writer_flush_after: "1GB",
    wal_buffers: "64MB",
  },
  checkpoint_timeout: "1h",
};

/** Kills what there is to kill, and reports. */
export async function proveCrash(run: Run, options: CrashOptions): Promise<Omit<Report, "command">> {
  const report: Omit<Report, "command"> = {
    title: "Crashes: what was acknowledged is kept",
    columns: [
      ...["set-up", "struck", "times", "acknowledged", "lost", "unanswered", "of them stored", "held twice"],
      ...["history gaps", "events lost", "slowest return, ms"],
    ],
    ...{ rows: [], notes: [], broken: [] },
  };
  for (const [i, kind] of options.sites.entries()) {
    const kills = Math.floor((options.kills + i) / options.sites.length);
    await crash(run, kind, { ...options, kills }, report);
  }
  return report;
}

async function crash(
  run: Run,
  kind: CrashOptions["sites"][number],
  { kills, seed, forgetful }: CrashOptions,
  report: Omit<Report, "command">,
) {
  const here: Run = { ...run, ends: new AsyncDisposableStack() };
  run.ends.defer(() => here.ends.disposeAsync());
  const folder = await openFolder(here, kind);
  const settings = forgetful ? FORGETFUL : {};
  const site = kind === "embedded"
    ? await openEmbeddedSite(here, folder)
    : await openExternalSite(here, folder, { servers: 2, settings });
  const { ada, people } = await gather(site.origins[0], { people: CLIENTS, staff: 0 });
  const load = await startWorkload({ prefix: `Crash ${kind}`, ada, people, origins: site.origins, seed });
  // What was made before anything is struck is not what it is about.
  const sql = connect(await site.database(), { max: 1, name: "prove" });
  await sql`checkpoint`;
  await sql.end();
  const struck = await strikeAll(run, site, load, { kills, seed });
  await load.end();
  await look(site, load, { kind, struck }, report);
  await here.ends.disposeAsync();
}

const STATUS: Record<number, string> = { 0: "nobody there", [-1]: "none came" };

type Struck = Map<string, { alone: boolean; returns: number[] }>;

async function strikeAll(
  run: Run,
  site: Site,
  load: Workload,
  { kills, seed }: { kills: number; seed: number },
) {
  const pick = random(seed);
  const struck: Struck = new Map();
  const lethal = site.strikes.filter((strike) => strike.kills);
  const others = site.strikes.filter((strike) => !strike.kills);
  const strike = async (one: Strike) => {
    await pause(200 + pick(1_000)); // in the middle of the load, at no moment in particular
    const back = await one.do(pick);
    await until(
      async () => `every server does its work again after: ${one.kind}\n${await site.said()}`,
      () => site.origins.every((origin) => (load.acknowledged.get(origin) ?? 0) > back),
    );
    const took = Math.round(performance.now() - back);
    const { alone, kind } = one;
    const before = struck.get(kind) ?? { alone, returns: [] };
    struck.set(kind, { alone, returns: [...before.returns, took] });
  };
  let databases = 0;
  for (let kill = 0; kill < kills; kill++) {
    // Every way once, then as it is drawn.
    const drawn = lethal[kill < lethal.length ? kill : pick(lethal.length)];
    const one = drawn.kind === "database" && databases >= DATABASE_KILLS_IN_A_ROW ? lethal[1] : drawn;
    databases = one.kind === "database" ? databases + 1 : 0;
    await strike(one);
    if (others.length > 0 && (kill + 1) % KILLS_BETWEEN === 0) {
      await strike(others[Math.floor(kill / KILLS_BETWEEN) % others.length]);
    }
    if ((kill + 1) % 10 === 0) run.say(`${kill + 1} of ${kills} kills`);
  }
  return struck;
}

async function look(
  site: Site,
  load: Workload,
  { kind, struck }: { kind: string; struck: Struck },
  report: Omit<Report, "command">,
) {
  const sql = connect(await site.database(), { max: 2, name: "prove" });
  const found = await audit(sql);
  const { acknowledged, lost, unanswered, unknown, gaps, strange } = await balance(
    sql,
    load.entries,
    load.prefix,
  );
  await sql.end();

  const strikes = [...struck.values()].reduce((sum, { returns }) => sum + returns.length, 0);
  const alone = [...struck].filter(([, one]) => one.alone);
  const slowest = Math.max(0, ...alone.flatMap(([, { returns }]) => returns));
  report.rows.push([
    ...[kind, "all of it", strikes, acknowledged, lost.length, unanswered, unknown, found.held_twice],
    ...[found.history_gaps + gaps.length, found.events_lost, slowest],
  ]);
  for (const [name, { returns, alone }] of struck) {
    const how = alone ? "" : " (started again)";
    report.rows.push([kind, name + how, returns.length, ...Array(7).fill("–"), Math.max(...returns)]);
  }
  report.notes.push(
    `${kind}: answers ${
      [...load.statuses].toSorted(([a], [b]) => a - b)
        .map(([status, count]) => `${STATUS[status] ?? status}: ${count}`).join(", ")
    }.`,
  );

  const complain = (words: string) => report.broken.push(`${kind}: ${words}`);
  const name = (list: string[], what: string) =>
    list.length > 0 && complain(`${what}: ${list.length}, such as: ${list[0]}`);
  complaints(found).forEach(complain);
  name(lost, "acknowledged and lost");
  name(gaps, "history gaps");
  name(strange, "stored, and not as it was asked for");
  name(load.wrong, "answers that nobody should get");
  if (acknowledged === 0) complain("nothing was acknowledged, so that nothing was tried");
  if (unknown > strikes * load.clients) complain(`${unknown} outcomes unknown, more than were in flight`);
  for (const [name, { returns }] of alone) {
    const late = returns.filter((ms) => ms > LONGEST_RETURN);
    if (late.length > 0) complain(`came back after ${Math.max(...late)} ms: ${name}`);
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      kills: { type: "string", default: "100" },
      seed: { type: "string", default: "1" },
      json: { type: "string" },
      "synchronous-commit-off": { type: "boolean", default: false },
    },
  });
  const forgetful = values["synchronous-commit-off"];
  const options: CrashOptions = {
    ...{ kills: Number(values.kills), seed: Number(values.seed), forgetful },
    sites: forgetful ? ["external"] : ["embedded", "external"],
  };
  const report = await inRun("crash", (run) => proveCrash(run, options));
  Deno.exit(
    await publish({ ...report, command: ["deno task prove:crash", ...Deno.args].join(" ") }, values.json),
  );
}
