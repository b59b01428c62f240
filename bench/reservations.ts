import type { DriverAnswer, DriverJob } from "./driver.ts";
import { startHelper } from "./helper.ts";
import type { LoadAnswer, LoadJob } from "./load.ts";
import { median, ratio } from "./numbers.ts";
import { type Row, type Section, turnsNote } from "./report.ts";
import type { Bench } from "./setting.ts";
import { farAhead } from "./slots.ts";
import { signInBrowser, signInProgram } from "./sign_in.ts";

/** Slots are given out in bunches of so many, more than anybody stores in a turn. */
const BUNCH = 30_000;

/** Reservations stored in a second: over HTTP by the API and by the form, by the domain's function, and by its statement alone. */
export async function measureReservations(bench: Bench): Promise<Section> {
  const rows: Row[] = [];
  for (const connections of [1, 16]) rows.push(...await atOnce(bench, connections));
  return { title: "Reservations: each a free slot, with its history and its news", rows };
}

async function atOnce({ effort, site, server, where, slots, ends }: Bench, connections: number) {
  const person = site.people[1];
  const program = { "content-type": "application/json", ...await signInProgram(server.url, person.email) };
  const browser = {
    "content-type": "application/x-www-form-urlencoded",
    cookie: await signInBrowser(server.url, person.email),
  };
  const load = startHelper<LoadJob, LoadAnswer>("load.ts");
  const driver = startHelper<DriverJob, DriverAnswer>("driver.ts");
  ends.defer(() => load.close());
  ends.defer(() => driver.close());
  const actor = { ...person, role: "user" as const, time_zone: site.time_zone };
  const free = { resources: site.resources, from: farAhead() };

  const http = (path: string, headers: Record<string, string>, form?: string) => async (seconds: number) => {
    const url = `${server.url}${path}`;
    const answer = await load.ask({
      url,
      connections,
      headers,
      seconds,
      reserve: { slots: free, first: slots(BUNCH), form },
    });
    if (answer.other) throw new Error(`${answer.other} reservations of free slots were refused`);
    return { rate: answer.good / answer.seconds, p99: answer.p99 };
  };
  const direct = (kind: DriverJob["kind"]) => async (seconds: number) => {
    const job = { where, actor, kind, slots: free, first: slots(BUNCH), seconds, connections };
    const answer = await driver.ask(job);
    return { rate: answer.stored / answer.seconds, p99: answer.p99 };
  };
  const runs = {
    api: http("/api/v1/reservations", program),
    form: http("/reservations", browser, site.time_zone),
    domain: direct("function"),
    statement: direct("statement"),
  };
  const figures = { api: [], form: [], domain: [], statement: [] } as Record<keyof typeof runs, Measured[]>;
  for (let round = -1; round < effort.rounds; round++) {
    for (const name of Object.keys(runs) as (keyof typeof runs)[]) {
      const measured = await runs[name](round < 0 ? effort.warmUp : effort.seconds);
      if (round >= 0) figures[name].push(measured);
    }
  }
  const rates = (name: keyof typeof runs) => figures[name].map(({ rate }) => rate);
  const row = (words: string, name: keyof typeof runs): Row => ({
    name: `${words}, ${connections} connection${connections === 1 ? "" : "s"}`,
    value: median(rates(name)),
    unit: "stored/s",
    ratio: name === "statement"
      ? []
      : [{ of: "the bare statement", value: ratio(rates(name), rates("statement")) }],
    note: turnsNote(figures[name]),
  });
  return [
    row("over HTTP, the API", "api"),
    row("over HTTP, the form", "form"),
    row("domain function", "domain"),
    row("bare statement", "statement"),
  ];
}

interface Measured {
  rate: number;
  p99: number;
}
