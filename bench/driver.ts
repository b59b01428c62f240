import { connect, type Where } from "../db/connect.ts";
import type { Sql } from "../db/types.ts";
import type { Actor } from "../domain/permissions.ts";
import { type Rules, rulesOf } from "../domain/policies.ts";
import { request } from "../domain/requests.ts";
import { work } from "./helper.ts";
import { quantile } from "./numbers.ts";
import { type Slot, slotOf, type Slots } from "./slots.ts";
import { storeBare } from "./statement.ts";

/** Reservations stored without HTTP, for some seconds: by the domain's function, or by its statement alone. */
export interface DriverJob {
  where: Where;
  actor: Actor;
  kind: "function" | "statement";
  slots: Slots;
  first: number;
  seconds: number;
  /** How many are on the way at once, each on a connection of its own. */
  connections: number;
}

export interface DriverAnswer {
  stored: number;
  seconds: number;
  p50: number;
  p99: number;
}

let sql: Sql | undefined;
const now = () => Temporal.Now.instant().round("microsecond");

if (import.meta.main) await work(run);

async function run(job: DriverJob): Promise<DriverAnswer> {
  sql ??= connect(job.where, { name: "bench" });
  const store = job.kind === "function" ? throughDomain(sql, job.actor) : await statementOnly(sql, job);
  const started = performance.now();
  const until = started + job.seconds * 1000;
  const times: number[] = [];
  let next = job.first;
  const client = async () => {
    for (let begun = performance.now(); begun < until; begun = performance.now()) {
      await store(slotOf(job.slots, next++));
      times.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: job.connections }, client));
  const seconds = (performance.now() - started) / 1000;
  return { stored: times.length, seconds, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

function throughDomain(sql: Sql, actor: Actor) {
  return ({ resource_id, ...period }: Slot) =>
    request(sql, actor, { resource_ids: [resource_id], ...period, purpose: "Bench" }, now());
}

async function statementOnly(sql: Sql, { actor, slots }: DriverJob) {
  const rules = new Map<string, Rules>();
  for (const rule of await rulesOf(sql, slots.resources)) rules.set(rule.resource_id, rule);
  return async (slot: Slot) => {
    const [reference] = await storeBare(sql, actor, slot, rules.get(slot.resource_id)!, now());
    if (!reference) throw new Error(`Not stored: ${JSON.stringify(slot)}`);
  };
}
