import { join } from "node:path";
import { tmpdir } from "node:os";
import type { Sql } from "../../db/types.ts";
import { findUnsound } from "../../domain/soundness.ts";
import { NOW } from "../support/cast.ts";
import { make } from "../support/ready.ts";
import { assertSound } from "../support/invariants.ts";
import { rolesFor, SECRETS } from "../support/judge.ts";
import { curlOf, type Got, overTheWire, type Sent } from "../support/wire.ts";
import { meet, type Stranger, WHO, type Who } from "../support/stranger.ts";
import { diceOf } from "./nonsense.ts";
import { drawCall, type Known, type Made } from "./requests.ts";
import { makeRequest } from "./ways.ts";

export interface FuzzOptions {
  seed: number;
  requests: number;
  /** Where it begins among the requests of the seed. */
  from?: number;
  onProgress?: (done: number) => void;
}

/** What a run has seen. */
export interface Fuzzed {
  seconds: number;
  /** How many answers there were of each status. */
  statuses: Record<string, number>;
  /** Calls of the document that were asked for at least once, and how many there are. */
  asked: number;
  calls: number;
  /** Calls that never did what they were asked for. */
  never: string[];
  /** Calls that did what they were asked for at least once. */
  succeeded: number;
  slowest_ms: number;
  /** Of each thing that went wrong, the request as a line for a shell. */
  failures: string[];
}

const AT_ONCE = 8;
/** After so many requests there is something new to ask for, and what closes everything is lifted. */
const ROUND = 500;
/** What an answer may take, also of a file of 10 MB while others wait. */
const LONGEST_MS = 20_000;
/** What a server says below the site to what is no HTTP. */
const BELOW = [400, 413, 414, 431, 501, 505];

/** Sends requests that are made of the document and of a seed to a site over `sql`, and says what went wrong. */
export async function fuzz(
  sql: Sql,
  { seed, requests, from = 0, onProgress = () => {} }: FuzzOptions,
): Promise<Fuzzed> {
  await using stranger = await meet(sql);
  const started = performance.now();
  const seen: Fuzzed = {
    ...{
      seconds: 0,
      statuses: {},
      asked: 0,
      calls: stranger.calls.length,
      succeeded: 0,
      never: [],
      slowest_ms: 0,
    },
    failures: [],
  };
  const asked = new Set<string>();
  const succeeded = new Set<string>();
  const columns = await columnsOf(stranger);
  for (let round = from; round < from + requests; round += ROUND) {
    const ids = await settle(stranger);
    const last = Math.min(round + ROUND, from + requests);
    let next = round;
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (next < last) {
        const index = next++;
        const dice = diceOf(seed * 1_000_003 + index);
        const call = drawCall(dice, stranger.calls);
        // As a rule somebody who may: what is refused to others is refused early.
        const who = dice.pick(dice.oneIn(6) ? WHO : rolesFor(call)) as Who;
        const known: Known = { ...stranger, ids, columns, token: stranger.tokens[who] };
        const made = makeRequest(dice, known, call);
        const { got, wrong } = await ask(stranger, made);
        const id = made.call?.operationId;
        if (id) asked.add(id);
        if (id && got && got.status < 300) succeeded.add(id);
        seen.statuses[got?.status ?? "none"] = (seen.statuses[got?.status ?? "none"] ?? 0) + 1;
        seen.slowest_ms = Math.max(seen.slowest_ms, Math.round(got?.ms ?? LONGEST_MS));
        if (wrong.length > 0) {
          const said = `${got?.status} ${got?.text.slice(0, 400)}`;
          const file = join(tmpdir(), `holdfast-fuzz-${seed}-${index}.body`);
          const line = await curlOf(stranger.origin, made.sent, file);
          seen.failures.push(
            `seed ${seed}, request ${index}, ${id ?? "elsewhere"} by ${who}: ${
              wrong.join("; ")
            }\n  ${said}\n  ${line}`,
          );
        }
      }
    }));
    onProgress(last - from);
    await soundNow(sql, seen, `seed ${seed}, requests ${round} to ${last - 1}`);
  }
  return {
    ...seen,
    never: stranger.calls.map(({ operationId }) => operationId).filter((id) => !succeeded.has(id)),
    ...{ asked: asked.size, succeeded: succeeded.size, seconds: (performance.now() - started) / 1000 },
  };
}

async function ask(stranger: Stranger, made: Made): Promise<{ got?: Got; wrong: string[] }> {
  const { call, sent } = made;
  try {
    const got = await overTheWire(stranger.origin, sent, LONGEST_MS);
    if (isNoHttp(made) && BELOW.includes(got.status) && got.text === "") return { got, wrong: [] };
    // A page, or what was broken and may be another request by now.
    if (made.broken || !sent.target.startsWith("/api/v1/")) return { got, wrong: worst(got) };
    return { got, wrong: stranger.judge(call ?? callAt(stranger, sent), sent, got) };
  } catch (error) {
    return { wrong: [String(error)] };
  }
}

// The server below takes 64 kB of address and headers, the address in ASCII, and a hundred headers.
function isNoHttp({ sent: { target, headers }, broken }: Made): boolean {
  const size = new TextEncoder().encode([target, ...headers.flat()].join()).length;
  return broken || size > 60_000 || !/^[!-~]*$/.test(target) || headers.length > 90;
}

function worst({ status, headers, text }: Got): string[] {
  return [
    status >= 500 ? "something broke" : "",
    SECRETS.test(status >= 400 ? text : "") ? "it says too much" : "",
    headers.has("set-cookie") && /Injected/i.test(headers.get("set-cookie")!) ? "a header came through" : "",
  ].filter(Boolean);
}

// Another method, or a path with something after it, may be another call.
function callAt(stranger: Stranger, { method, target }: Sent) {
  const path = target.split("?")[0];
  const fits = (pattern: string) => new RegExp(`^/api/v1${pattern.replace("{id}", "[^/]+")}$`).test(path);
  const there = stranger.calls.filter((call) => call.method === method && fits(call.path));
  return there.find((call) => !call.path.includes("{id}")) ?? there[0];
}

async function soundNow(sql: Sql, seen: Fuzzed, where: string) {
  const unsound = await findUnsound(sql, NOW);
  await assertSound(sql).catch((error) => unsound.push(String(error)));
  if (unsound.length > 0) seen.failures.push(`${where}: ${unsound.join("; ")}`);
}

/** The columns of each file, as an export has them. */
async function columnsOf(stranger: Stranger): Promise<Known["columns"]> {
  const columns: Known["columns"] = {};
  for (const noun of ["resources", "users", "reservations"]) {
    const { text } = await stranger.ask("admin", "GET", `/${noun}/export.csv`);
    columns[`/${noun}/import`] = text.split(/\r?\n/)[0].split(",");
  }
  return columns;
}

// Something of each kind that can be asked for; nobody of those who ask, so that they can go on asking.
async function settle(stranger: Stranger): Promise<Known["ids"]> {
  for (const who of ["user", "staff", "admin"] as const) {
    if ((await stranger.ask(who, "GET", "/auth/me")).status === 401) await stranger.signIn(who);
  }
  const { data } = await stranger.done("admin", "GET", "/closures?limit=200");
  for (const { id, everything } of data) {
    if (everything) await stranger.ask("admin", "DELETE", `/closures/${id}`);
  }
  for (const who of ["user", "staff", "admin"] as const) {
    // Nobody may have very many of them.
    const { data } = await stranger.done(who, "GET", "/auth/tokens");
    for (const { id } of data) await stranger.ask(who, "DELETE", `/auth/tokens/${id}`);
  }
  const ids: Record<string, string[]> = {};
  const add = async (noun: string, tag: string, who: Who, times: number) => {
    ids[noun] ??= [];
    for (; times > 0; times--) ids[noun].push(await make(stranger, tag, who));
  };
  await add("resource", "Resources", "admin", 6);
  await add("user", "People", "admin", 2);
  for (const [noun, tag] of [["group", "Groups"], ["policy", "Policies"], ["closure", "Closures"]]) {
    await add(noun, tag, "admin", 3);
  }
  for (const who of ["user", "staff", "admin"] as const) {
    await add("token", "Accounts and tokens", who, 1);
    await add("reservation", "Reservations", who, 3);
    await add("delegation", "Delegations", who, 1);
  }
  await add("reservation", "Waiting", "user", 6);
  return ids;
}
