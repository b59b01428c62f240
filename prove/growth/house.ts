import { connect, type Where } from "../../db/connect.ts";
import type { Sql } from "../../db/types.ts";
import type { Actor } from "../../domain/permissions.ts";
import { describe } from "../../domain/edits.ts";
import { createResource, NewResource } from "../../domain/resources.ts";
import { migrate } from "../../db/migrate.ts";
import { fill } from "../../bench/fill.ts";
import type { House } from "./measure.ts";
import { addPast, addResources } from "./past.ts";

/** The house of the bench in a database of its own, which can be made larger. */
export interface Grown {
  house: House;
  /** Adds past reservations, from so many to so many. */
  grow(from: number, to: number): Promise<void>;
  /** Adds resources, to so many. */
  widen(resources: number): Promise<void>;
}

/** The same, for those who come and go while it grows. */
export interface Visited extends Grown {
  /** The house by connections of one's own: a connection keeps plans, and what they cost, from before it grew. */
  visit(): House;
}

interface Building {
  past: number;
  /** So many lie ahead; without it, ten thousand. */
  ahead?: number;
  now: Temporal.Instant;
  say: (words: string) => void;
}

/** Builds one beside others on a server. */
export async function buildHouse(
  server: Exclude<Where, string>,
  name: string,
  { ends, ...building }: Building & { ends: AsyncDisposableStack },
): Promise<Visited> {
  const admin = connect(server, { max: 1, name: "growth" });
  await admin`create database ${admin(name)}`;
  await admin.end();
  const open = () => {
    // To clear up behind ten million rows takes minutes.
    const sql = connect({ ...server, database: name }, { max: 4, name: "growth", patience: 0 });
    ends.defer(() => sql.end());
    return sql;
  };
  const sql = open();
  await migrate(sql, building.now);
  const grown = await fillHouse(sql, building);
  return { ...grown, visit: () => ({ ...grown.house, sql: open() }) };
}

/** By then the last reservation is over, and slots are free. */
const DAYS_AHEAD = 400;
/** So much is new to the person; it is more than a page tells. */
const NEWS = 12;

/** Builds one in an empty, migrated database: as many past reservations as are asked for, and those ahead. */
export async function fillHouse(sql: Sql, { past, ahead, now, say }: Building): Promise<Grown> {
  const site = await fill(sql, now, { ahead });
  const { time_zone } = site;
  const people = await sql<Omit<Actor, "time_zone">[]>`
    select distinct on (role) id, email, name, role from users order by role, id`;
  const [admin, staff, person] = people.map((one) => ({ ...one, time_zone }));
  const part_ids = site.resources.slice(0, 2);
  const hall = NewResource.parse({ name: "Hall of two rooms", kind: "hall", part_ids });
  const { id } = await createResource(sql, admin, { ...hall, time_zone }, now);
  const theirs = await sql<{ id: string }[]>`
    select id from reservations where requester_id = ${person.id} and status = 'approved'
    order by start_time desc limit ${NEWS}`;
  for (const one of theirs) await describe(sql, staff, one.id, { purpose: "Customer visit, moved" }, now);
  const slots = { resources: site.resources, from: `${now.round("hour").add({ hours: 24 * DAYS_AHEAD })}` };
  const before = now.subtract({ hours: 24 * 400 });
  const grow = (from: number, to: number) =>
    addPast(sql, site, { from, to, before }, (done) => {
      if (done % 500_000 === 0) say(`${done} past reservations`);
    });
  const [{ there }] = await sql<{ there: number }[]>`
    select count(*)::int as there from reservations where status = 'completed'`;
  await grow(there, past);
  const house = { sql, person, staff, slots, hall: id, now };
  return { house, grow, widen: (resources) => addResources(sql, resources) };
}
