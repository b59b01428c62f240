import type { Sql } from "../../db/types.ts";
import type { Actor, Role } from "../../domain/permissions.ts";
import { createResource, NewResource, type Resource } from "../../domain/resources.ts";
import { newId } from "../../lib/ids.ts";
import { hashPassword, stopHashing } from "../../lib/passwords.ts";

/** A Monday morning in Berlin, nine o'clock by the clock on its walls. */
export const NOW = Temporal.Instant.from("2026-05-04T07:00:00Z");
export const ZONE = "Europe/Berlin";
/** Everybody's, in the tests. */
export const PASSWORD = "correct horse battery";

/** Who plays in the tests: Alice, Bob and Mallory ask, Sam and Sue decide, Ada administers. */
export interface Cast {
  alice: Actor;
  bob: Actor;
  mallory: Actor;
  sam: Actor;
  sue: Actor;
  ada: Actor;
}

const PEOPLE: [keyof Cast, string, Role][] = [
  ["alice", "Alice Asker", "user"],
  ["bob", "Bob Booker", "user"],
  ["mallory", "Mallory Outside", "user"],
  ["sam", "Sam Says", "staff"],
  ["sue", "Sue Settles", "staff"],
  ["ada", "Ada Admin", "admin"],
];

/** Signs the cast up. */
export async function makeCast(sql: Sql, now = NOW): Promise<Cast> {
  const people = PEOPLE.map(([name, full, role]) => actor(now, name, full, role));
  await insertPeople(sql, people, now);
  return Object.fromEntries(PEOPLE.map(([name], i) => [name, people[i]])) as unknown as Cast;
}

/** Signs up so many more who may ask for things: person1 and on. */
export async function makeCrowd(sql: Sql, size: number, now = NOW): Promise<Actor[]> {
  const people = Array.from(
    { length: size },
    (_, i) => actor(now, `person${i + 1}`, `Person ${i + 1}`, "user"),
  );
  await insertPeople(sql, people, now);
  return people;
}

/** Makes a resource as Ada would: a room in Berlin, unless something else is said. */
export function makeResource(
  sql: Sql,
  ada: Actor,
  resource: Partial<NewResource> & { name: string },
  now = NOW,
): Promise<Resource> {
  const whole = NewResource.parse({ kind: "room", ...resource });
  return createResource(sql, ada, { ...whole, time_zone: resource.time_zone ?? ZONE }, now);
}

/** An instant on the clock of Berlin: `at("2026-05-04 14:30")`. */
export function at(wall: string): Temporal.Instant {
  return Temporal.PlainDateTime.from(wall.replace(" ", "T")).toZonedDateTime(ZONE).toInstant();
}

/** A period on one day in Berlin: `on("2026-05-04", "14:00", "15:30")`. */
export function on(date: string, from: string, to: string) {
  return { start_time: at(`${date} ${from}`), end_time: at(`${date} ${to}`) };
}

function actor(now: Temporal.Instant, name: string, full: string, role: Role): Actor {
  return {
    id: newId(now.epochMilliseconds),
    email: `${name}@holdfast.test`,
    name: full,
    role,
    time_zone: ZONE,
  };
}

let hash: Promise<string> | undefined;

// One hash for all: argon2 is slow on purpose, and what it does has tests of its own.
async function insertPeople(sql: Sql, people: readonly Actor[], now: Temporal.Instant) {
  hash ??= hashPassword(PASSWORD).finally(stopHashing);
  const password_hash = await hash;
  const rows = people.map(({ time_zone: _, ...person }) => ({
    ...person,
    password_hash,
    created_at: `${now}`,
    updated_at: `${now}`,
  }));
  await sql`insert into users ${sql(rows)}`;
}
