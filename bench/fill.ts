import type { Sql } from "../db/types.ts";
import { newId } from "../lib/ids.ts";
import { hashPassword } from "../lib/passwords.ts";
import { seeded } from "./numbers.ts";

/** Everybody's. */
export const PASSWORD = "bench-holdfast";

/** What the measurements need to know of the site that was made. */
export interface Site {
  /** The site's zone, in which it is the middle of a morning. */
  time_zone: string;
  /** People without any right beyond their own, who reserve. */
  people: { id: string; email: string; name: string }[];
  /** Resources with a single unit. */
  resources: string[];
  reservations: number;
}

/** So many have been, and so many lie ahead where nothing else is said. */
const EACH_WAY = 10_000;
const PEOPLE = 56;
/** So many days it takes for so many. */
const DAYS = 182;
/** On average, of a resource on a working day close to now; it falls to none at both ends. */
const BLOCKS_A_DAY = 3.4;
const OPENS_AT = 8 * 4;
const QUARTERS = 10 * 4;

const KINDS = [
  {
    kind: "room",
    many: 28,
    names: ["Aspen", "Birch", "Cedar", "Elm", "Hazel", "Juniper", "Linden"],
    units: 1,
  },
  { kind: "instrument", many: 10, names: ["Microscope", "Centrifuge", "Spectrometer"], units: 1 },
  { kind: "vehicle", many: 8, names: ["Van", "Electric car"], units: 1 },
  { kind: "equipment", many: 4, names: ["Projector", "Camera set"], units: 3 },
];
const FIRST = ["Ada", "Ben", "Chen", "Dora", "Emil", "Fatima", "Goran", "Hana"];
const LAST = ["Abbot", "Brandt", "Costa", "Dahl", "Eriksen", "Fischer", "Garcia", "Hoang"];
const PURPOSES = [
  ...["Weekly planning", "Interview", "Customer visit", "Design review", "Sample preparation", "Training"],
  ...[
    "Budget round",
    "Site visit at the north building",
    "Measurement series 4",
    "Retrospective",
    "One to one",
  ],
];

/**
 * Fills an empty, migrated database with a year of a busy house, the same one each time but for the date. By
 * statements of its own rather than the domain's functions: a past cannot be asked for, and twenty thousand
 * requests, one by one, would be half of the bench's time. What is stored is what the domain would have left: what
 * has ended is completed and holds nothing any more.
 *
 * @param ahead so many lie ahead; more of them reach farther, and days close to now are as busy
 */
export async function fill(
  sql: Sql,
  now: Temporal.Instant,
  { ahead = EACH_WAY }: { ahead?: number } = {},
): Promise<Site> {
  const time_zone = morningZone(now);
  const people = await settle(sql, now);
  const resources = await furnish(sql, time_zone, now);
  const rows = reserveYear({ now, time_zone, people, resources, ahead });
  for (let from = 0; from < rows.length; from += 4_000) await store(sql, rows.slice(from, from + 4_000));
  // Nothing has told the planner yet that the tables are full.
  await sql`vacuum (analyze) users, resources, reservations, allocations, history, outbox`;
  const single = resources.filter(({ units }) => units === 1).map(({ id }) => id);
  return { time_zone, people, resources: single, reservations: rows.length };
}

// A day's page offers only what still lies ahead: so that it weighs the same whenever it is measured, the site lies
// where it is between nine and ten.
function morningZone(now: Temporal.Instant): string {
  const east = 9 - now.toZonedDateTimeISO("UTC").hour;
  const hours = east < -12 ? east + 24 : east;
  return hours === 0 ? "UTC" : `Etc/GMT${hours > 0 ? "-" : "+"}${Math.abs(hours)}`;
}

async function settle(sql: Sql, now: Temporal.Instant): Promise<Site["people"]> {
  const password_hash = await hashPassword(PASSWORD);
  const users = ["admin", "staff", ...Array<string>(PEOPLE).fill("user")].map((role, i) => ({
    id: newId(now.epochMilliseconds),
    email: `person${i}@bench.example`,
    name: `${FIRST[i % FIRST.length]} ${LAST[Math.floor(i / FIRST.length) % LAST.length]}`,
    role,
    password_hash,
    created_at: `${now}`,
    updated_at: `${now}`,
  }));
  await sql`insert into users ${sql(users)}`;
  return users.filter(({ role }) => role === "user").map(({ id, email, name }) => ({ id, email, name }));
}

interface Thing {
  id: string;
  units: number;
}

// Every other resource follows a policy, none of whose rules is in the way of what the bench asks for.
async function furnish(sql: Sql, time_zone: string, now: Temporal.Instant): Promise<Thing[]> {
  const stamps = { created_at: `${now}`, updated_at: `${now}` };
  const policy_id = newId(now.epochMilliseconds);
  const policy = { id: policy_id, name: "House rules", min_minutes: 15, max_minutes: 24 * 60, ...stamps };
  await sql`insert into policies ${sql(policy)}`;
  const things = KINDS.flatMap(({ kind, many, names, units }) =>
    Array.from({ length: many }, (_, i) => ({
      id: newId(now.epochMilliseconds),
      name: `${names[i % names.length]} ${Math.floor(i / names.length) + 1}`,
      kind,
      location: `Building ${1 + i % 3}, floor ${i % 5}`,
      capacity: kind === "room" ? 4 + 2 * (i % 7) : null,
      units,
      time_zone,
      policy_id: i % 2 ? policy_id : null,
      ...stamps,
    }))
  );
  await sql`insert into resources ${sql(things)}`;
  return things;
}

interface Row {
  id: string;
  requester_id: string;
  resource_id: string;
  unit: number;
  start_time: string;
  end_time: string;
  created_at: string;
  time_zone: string;
  purpose: string;
  private: boolean;
  past: boolean;
}

interface Year {
  now: Temporal.Instant;
  time_zone: string;
  people: Site["people"];
  resources: Thing[];
  ahead: number;
}

function reserveYear(year: Year): Row[] {
  const random = seeded(50_000);
  const today = year.now.toZonedDateTimeISO(year.time_zone).startOfDay().epochMilliseconds;
  const days = Array.from({ length: DAYS + daysAhead(year) + 1 }, (_, i) => i - DAYS).filter(isWorkingDay);
  const drawn = days.flatMap((day) =>
    year.resources.flatMap((thing) =>
      reserveDay({ year, thing, random, day, midnight: today + day * 86_400_000 })
    )
  );
  // The surplus goes where it is farthest from today.
  const far = (row: Row) => Math.abs(Date.parse(row.start_time) - today);
  const nearest = drawn.sort((a, b) => far(a) - far(b));
  return [
    ...nearest.filter(({ past }) => past).slice(0, EACH_WAY),
    ...nearest.filter(({ past }) => !past).slice(0, year.ahead),
  ].sort((a, b) => a.created_at < b.created_at ? -1 : 1);
}

const daysAhead = ({ ahead }: Year) => Math.ceil(DAYS * ahead / EACH_WAY);

// The week turns around today: whatever day the bench is run on, it is not a Sunday's empty page that it measures.
function isWorkingDay(day: number): boolean {
  return (day + 364) % 7 < 5;
}

interface Drawing {
  year: Year;
  thing: Thing;
  random: () => number;
  day: number;
  midnight: number;
}

// The day is cut into as many parts as there are reservations, and each has a part to itself.
function reserveDay({ year, thing, random, day, midnight }: Drawing): Row[] {
  const reach = day < 0 ? DAYS : daysAhead(year);
  const expected = BLOCKS_A_DAY * (1 - Math.abs(day) / (reach + 1)) * (0.5 + random());
  const count = Math.floor(expected + random());
  const part = Math.floor(QUARTERS / count);
  const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)];
  return Array.from({ length: count }, (_, i) => {
    const length = 2 + Math.floor(random() * (Math.min(part, 12) - 2));
    const from = OPENS_AT + i * part + Math.floor(random() * (part - length + 1));
    const start = midnight + from * 15 * 60_000;
    const end = start + length * 15 * 60_000;
    const asked = Math.min(start, year.now.epochMilliseconds) - (1 + random() * 20) * 86_400_000;
    return {
      id: newId(Math.floor(asked)),
      requester_id: pick(year.people).id,
      resource_id: thing.id,
      unit: 1 + Math.floor(random() * thing.units),
      start_time: new Date(start).toISOString(),
      end_time: new Date(end).toISOString(),
      created_at: new Date(asked).toISOString(),
      time_zone: year.time_zone,
      purpose: pick(PURPOSES),
      private: random() < 0.06,
      past: end <= year.now.epochMilliseconds,
    };
  });
}

async function store(sql: Sql, rows: Row[]): Promise<void> {
  await sql`
    with given as materialized (
      select * from json_to_recordset(${JSON.stringify(rows)}::text::json) as given (
        id uuid, requester_id uuid, resource_id uuid, unit int, start_time timestamptz, end_time timestamptz,
        created_at timestamptz, time_zone text, purpose text, private boolean, past boolean)
    ), reserved as (
      insert into reservations (id, requester_id, status, start_time, end_time, time_zone, start_wall, end_wall,
        purpose, private, created_at, updated_at)
      select id, requester_id, case when past then 'completed' else 'approved' end, start_time, end_time,
        time_zone, start_time at time zone time_zone, end_time at time zone time_zone, purpose, private,
        created_at, case when past then end_time else created_at end
      from given
    ), taken as (
      insert into allocations (reservation_id, resource_id, unit, period, holds, asked)
      select id, resource_id, unit, tstzrange(start_time, end_time, '[)'), not past, 1 from given
    ), told as (
      insert into outbox (event, reservation_id, created_at, delivered_at)
      select 'reservation.approved', id, created_at, created_at from given
    )
    insert into history (reservation_id, actor_id, action, details, at)
    select id, requester_id, 'request', '{"status": "approved"}'::jsonb, created_at from given
    union all
    select id, null, 'complete', '{}'::jsonb, end_time from given where past
    order by 5`;
}
