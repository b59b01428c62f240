import { approve, deny } from "../domain/approvals.ts";
import { countPending } from "../domain/queue.ts";
import { cancel } from "../domain/edits.ts";
import type { Actor } from "../domain/permissions.ts";
import { rulesOf } from "../domain/policies.ts";
import { request } from "../domain/requests.ts";
import { createResource, deactivateResource } from "../domain/resources.ts";
import { sweep } from "../domain/sweep.ts";
import { newId } from "../lib/ids.ts";
import { hashPassword } from "../lib/passwords.ts";
import {
  ACCESSORIES,
  EXTRAS,
  HALL,
  PEOPLE,
  type Person,
  POLICIES,
  RETIRED,
  type Thing,
  THINGS,
} from "./demo_catalogue.ts";
import { closingOf, type Frame, type Planned, planReservations, type Step, zoneOf } from "./demo_plan.ts";
import type { Sql } from "./types.ts";

/** What there is now, and how to get in. */
export interface DemoSummary {
  people: number;
  resources: number;
  reservations: number;
  pending: number;
  /** The first of each role; everybody else signs in the same way. */
  sign_in: { role: Person["role"]; name: string; email: string }[];
  /** Everybody's. */
  password: string;
}

export interface DemoOptions {
  now: Temporal.Instant;
  timeZone: string;
  /** How many reservations; some fifty are told one by one, the rest is drawn. */
  reservations?: number;
  onProgress?: (done: number, total: number, what: string) => void;
}

export const PASSWORD = "demo-holdfast";
/** The site opened so long ago, well before its first reservation. */
const OPENED_DAYS_AGO = 345;
const IN_FLIGHT = 14;

/** Fills an empty, migrated database with a believable site, the same one each time for the same `now`. */
export async function fillDemo(
  sql: Sql,
  { now, timeZone, reservations = 20_000, onProgress = () => {} }: DemoOptions,
): Promise<DemoSummary> {
  const frame = { now, timeZone };
  const opened = now.subtract({ hours: 24 * OPENED_DAYS_AGO });
  const actors = await settle(sql, frame, opened);
  const ids = await furnish(sql, actors, frame, opened);
  const plan = planReservations({ ...frame, reservations });
  const stored = await askAll(sql, plan, { actors, ids }, onProgress);
  await decideAll(sql, plan, { actors, stored }, onProgress);
  await retire(sql, { actors, ids }, frame);
  const told = await divide(sql, { actors, ids }, frame);
  await passTime(sql, frame, onProgress);
  // Nothing has told the planner yet that the tables are full.
  await sql`vacuum (analyze) users, resources, reservations, allocations, history, outbox`;
  return {
    people: PEOPLE.length,
    resources: THINGS.length + EXTRAS.length,
    reservations: plan.length + told,
    // As the first of those who approve sees it.
    pending: await countPending(sql, actors.get(PEOPLE.find((person) => person.role === "staff")!)!, now),
    sign_in: (["admin", "staff", "user"] as const).map((role) => {
      const { name, email } = PEOPLE.find((person) => person.role === role)!;
      return { role, name, email };
    }),
    password: PASSWORD,
  };
}

type Actors = Map<Person, Actor>;
type Ids = Map<Thing, string>;

// Forty calls of `register` would make forty hashes, a tenth of a second each, of one password: here it is
// hashed once.
async function settle(sql: Sql, { timeZone }: Frame, opened: Temporal.Instant): Promise<Actors> {
  const password_hash = await hashPassword(PASSWORD);
  const users = PEOPLE.map(({ email, name, role, outpost }) => ({
    id: newId(opened.epochMilliseconds),
    email,
    name,
    role,
    password_hash,
    time_zone: outpost ? zoneOf({ outpost }, timeZone) : null,
    created_at: `${opened}`,
    updated_at: `${opened}`,
  }));
  await sql`insert into users ${sql(users)}`;
  const actors = users.map(({ id, email, name, role, time_zone }) => ({
    id,
    email,
    name,
    role,
    time_zone: time_zone ?? timeZone,
  }));
  return new Map(PEOPLE.map((person, index) => [person, actors[index]]));
}

async function furnish(
  sql: Sql,
  actors: Actors,
  { timeZone }: Frame,
  opened: Temporal.Instant,
): Promise<Ids> {
  const policies = Object.entries(POLICIES).map(([kind, rules]) => ({
    id: newId(opened.epochMilliseconds),
    kind,
    ...rules,
  }));
  for (const { kind: _, ...rules } of policies) {
    await sql`insert into policies ${sql({ ...rules, created_at: `${opened}`, updated_at: `${opened}` })}`;
  }
  const policyOf = new Map(policies.map(({ kind, id }) => [kind, id]));
  const ids: Ids = new Map();
  const idOf = (name: string) => ids.get(EXTRAS.find((thing) => thing.name === name)!)!;
  for (const thing of [...THINGS, ...EXTRAS]) {
    const { outpost: _, ...input } = thing;
    const part_ids = thing.name === HALL.name ? HALL.parts.map(idOf) : [];
    const accessory = thing.name in ACCESSORIES;
    const policy_id = policyOf.get(thing.kind) ?? null;
    const time_zone = zoneOf(thing, timeZone);
    const made = await createResource(
      sql,
      admin(actors),
      { ...input, policy_id, time_zone, part_ids, accessory, offered_with: [] },
      opened,
    );
    ids.set(thing, made.id);
  }
  return ids;
}

// Through one connection, which has many on the way without waiting for each: they are stored in the order
// of the plan, so that the numbers are the same each time and grow with the time of asking. The flush that
// each commit would wait for is left to the commits that follow.
async function askAll(
  sql: Sql,
  plan: readonly Planned[],
  { actors, ids }: { actors: Actors; ids: Ids },
  onProgress: NonNullable<DemoOptions["onProgress"]>,
): Promise<Map<Planned, string>> {
  const stored = new Map<Planned, string>();
  const one = await sql.reserve();
  try {
    await one`set synchronous_commit = off`;
    // Rules that had to be read first would let another one pass.
    await rulesOf(one, [...ids.values()]);
    for (let done = 0; done < plan.length; done += 100) {
      const some = plan.slice(done, done + 100);
      const answers = await Promise.all(some.map((planned) => ask(one, planned, { actors, ids })));
      answers.forEach(({ id }, index) => stored.set(some[index], id));
      onProgress(stored.size, plan.length, "reservations");
    }
  } finally {
    await one`reset synchronous_commit`.catch(() => {}); // a broken connection is not used again
    one.release();
  }
  return stored;
}

function ask(sql: Sql, planned: Planned, { actors, ids }: { actors: Actors; ids: Ids }) {
  const { things, asker, created_at, start_time, end_time, purpose, private: secret } = planned;
  const resource_ids = things.map((thing) => ids.get(thing)!);
  const wish = { resource_ids, start_time, end_time, purpose, private: secret };
  return request(sql, actors.get(asker)!, wish, created_at);
}

async function decideAll(
  sql: Sql,
  plan: readonly Planned[],
  { actors, stored }: { actors: Actors; stored: Map<Planned, string> },
  onProgress: NonNullable<DemoOptions["onProgress"]>,
): Promise<void> {
  const decided = plan.filter((planned) => planned.steps.length > 0)
    .sort((a, b) => Temporal.Instant.compare(a.steps[0].at, b.steps[0].at));
  let done = 0;
  await inFlight(decided, async (planned) => {
    for (const step of planned.steps) await carryOut(sql, actors.get(step.by)!, step, stored.get(planned)!);
    onProgress(++done, decided.length, "decisions");
  });
}

async function carryOut(sql: Sql, actor: Actor, { action, reason, at }: Step, id: string): Promise<void> {
  if (action === "approve") await approve(sql, actor, { id, reason }, at);
  if (action === "deny") await deny(sql, actor, { id, reason: reason ?? "" }, at);
  if (action === "cancel") await cancel(sql, actor, { id, reason }, at);
}

// One has the whole hall with chairs, later one has a half, and one has several of what there are several of.
async function divide(
  sql: Sql,
  { actors, ids }: { actors: Actors; ids: Ids },
  { now, timeZone }: Frame,
): Promise<number> {
  const idOf = (name: string) => ids.get(EXTRAS.find((thing) => thing.name === name)!)!;
  const users = PEOPLE.filter(({ role }) => role === "user");
  const stories: [day: number, hour: number, wanted: Record<string, number>, purpose: string][] = [
    [2, 10, { [HALL.name]: 1, "Chairs": 60, "Catering kit": 2 }, "Exhibition of the weaving course"],
    [2, 15, { [HALL.parts[0]]: 1, "Chairs": 20 }, "Reading from the river diary"],
    [3, 10, { [HALL.parts[1]]: 1, "Catering kit": 1 }, "Tasting of the orchard's juice"],
    [3, 9, { "Garden tent": 3 }, "Summer party of the dye works"],
  ];
  for (const [index, [days, hour, wanted, purpose]] of stories.entries()) {
    const day = now.toZonedDateTimeISO(timeZone).toPlainDate().add({ days });
    const start_time = day.toZonedDateTime({ timeZone, plainTime: Temporal.PlainTime.from({ hour }) })
      .toInstant();
    const quantities = Object.fromEntries(Object.entries(wanted).map(([name, units]) => [idOf(name), units]));
    const slot = { start_time, end_time: start_time.add({ hours: 3 }) };
    const wish = { ...slot, resource_ids: Object.keys(quantities), quantities, purpose };
    await request(sql, actors.get(users[index])!, wish, now);
  }
  return stories.length;
}

async function retire(sql: Sql, { actors, ids }: { actors: Actors; ids: Ids }, frame: Frame): Promise<void> {
  for (const thing of THINGS.filter(({ name }) => name in RETIRED)) {
    const { future, reason } = RETIRED[thing.name];
    const id = ids.get(thing)!;
    await deactivateResource(sql, admin(actors), { id, future, reason }, closingOf(thing, frame));
  }
}

// Once for each night, as if it had run all along: what ended is completed soon after, not all of it now.
async function passTime(
  sql: Sql,
  { now }: Frame,
  onProgress: NonNullable<DemoOptions["onProgress"]>,
): Promise<void> {
  for (let days = OPENED_DAYS_AGO; days >= 0; days--) {
    await sweep(sql, now.subtract({ hours: 24 * days }));
    onProgress(OPENED_DAYS_AGO - days, OPENED_DAYS_AGO, "days");
  }
}

async function inFlight<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

function admin(actors: Actors): Actor {
  return actors.get(PEOPLE.find((person) => person.role === "admin")!)!;
}
