import { transaction } from "../db/transaction.ts";
import type { Db, Ground, Tx } from "../db/types.ts";
import { isId, newId } from "../lib/ids.ts";
import type { CheckInTimes } from "./check_in_times.ts";
import { queueUp } from "./allocations.ts";
import { mustBeOffered } from "./accessories.ts";
import { bare } from "./conflict_words.ts";
import { readWall } from "./closures.ts";
import { Conflict, Invalid, NotFound } from "./errors.ts";
import { letGo } from "./offers.ts";
import { type Actor, may, permit } from "./permissions.ts";
import type { Period } from "./periods.ts";
import { mustBeApart } from "./parts.ts";
import { type Rules, rulesOf } from "./policies.ts";
import { type Quantities, quantityOf, wantedOf } from "./quantities.ts";
import { hasQuota, lockQuotas } from "./quotas.ts";
import { dayInWords, type Occurrence, occurrencesOf, type Recurrence } from "./recurrence.ts";
import { type Asked, reasons } from "./reasons.ts";
import { isPast } from "./requests.ts";
import { type Choice, planDates, type PlannedDate } from "./series_plan.ts";
import { dropSkip, keepSeries, keepSkips, type KeptSeries, storeDates, wallText } from "./series_store.ts";
import type { Status } from "./transitions.ts";
import { type Standing, standingOf } from "./trust.ts";

/** What a person asks for that recurs: the first date as it is said, on the clock of the first resource. */
export interface NewSeries {
  /** At least one; the first is that whose clock is meant. */
  resource_ids: readonly string[];
  quantities?: Quantities;
  start_wall: Temporal.PlainDateTime;
  end_wall: Temporal.PlainDateTime;
  rule: Recurrence;
  /** What becomes of dates that cannot be had; nothing is stored at all where it is not said. */
  choice?: Choice;
  purpose?: string;
  private?: boolean;
  attendees?: number;
  answers?: Record<string, string>;
  attested?: boolean;
}

/** What would be stored. */
export interface Planned {
  time_zone: string;
  dates: PlannedDate[];
  /** What each date would have, accessories last. */
  resources: { name: string; quantity: number }[];
}

/** How often dates that looked free are planned anew when others were faster. */
const ATTEMPTS = 24;

/**
 * Every date of a series with what stands in its way, before anything is stored.
 *
 * @throws {NotFound} {Invalid} as `createSeries`
 */
export async function previewSeries(
  sql: Db,
  actor: Actor,
  asked: NewSeries,
  now: Temporal.Instant,
): Promise<Planned> {
  permit(actor, "reserve");
  const { time_zone, dates, resources } = await plan(sql, actor, asked, now);
  return { time_zone, dates, resources };
}

/**
 * Asks for every date of a series, in one transaction and a fixed number of statements however many there are. Dates
 * that cannot be had are left out and kept with the reason, moved to the nearest time of their day (and left out where
 * there is none), or nothing is stored at all, as was chosen.
 *
 * @returns the id of the series
 * @throws {NotFound} for a resource that does not exist
 * @throws {Invalid} for a rule that makes no sense, a start that has passed, what the policy asks and was not answered
 * @throws {Conflict} where all or nothing was wanted and a date cannot be had, or none can
 */
export async function createSeries(
  sql: Ground,
  actor: Actor,
  asked: NewSeries,
  now: Temporal.Instant,
): Promise<string> {
  permit(actor, "reserve");
  const id = newId(now.epochMilliseconds);
  const { purpose = "", private: secret = false, attendees = null, answers = {} } = asked;
  const store = async (tx: Tx) => {
    await queueUp(tx, known(asked.resource_ids));
    const { time_zone, dates, rules, standing, quantities } = await plan(tx, actor, asked, now, {
      lock: true,
    });
    const wanted = dates.filter(isHad);
    mustBeEnough(dates, wanted, asked.choice ?? "all_or_nothing");
    const series = {
      ...{
        id,
        requester_id: actor.id,
        rule: asked.rule,
        time_zone,
        purpose,
        private: secret,
        attendees,
        answers,
      },
      ...{ start_wall: wallText(asked.start_wall), end_wall: wallText(asked.end_wall) },
      ...{ resource_ids: rules.map((r) => r.resource_id).toSorted(), quantities },
    };
    await keepSeries(tx, series, now);
    await keepSkips(tx, id, dates.filter((date) => !isHad(date)));
    return await storeDates(tx, actor, { series, dates: wanted, rules, standing }, now);
  };
  await storing(sql, asked.resource_ids, store, now);
  return id;
}

/**
 * Has a date after all that was left out, as it was meant.
 *
 * @throws {NotFound} where the series is somebody else's
 * @throws {Conflict} where it still cannot be had, or is not left out
 */
export async function addSkipped(
  sql: Ground,
  actor: Actor,
  { id, start_wall }: { id: string; start_wall: string },
  now: Temporal.Instant,
): Promise<void> {
  const known = await readSeries(sql, actor, id);
  permit(actor, "edit_reservation", known.requester_id);
  const wall = readWall(start_wall);
  if (!wall) throw new NotFound("This date");
  const store = async (tx: Tx) => {
    await lockSeries(tx, known.id);
    const series = await readSeries(tx, actor, known.id);
    const asked: NewSeries = {
      ...series,
      ...{ attendees: series.attendees ?? undefined, attested: true, choice: "all_or_nothing" },
      ...{ rule: { frequency: "daily", count: 1 }, start_wall: wall, end_wall: wall.add(lengthOf(series)) },
    };
    await queueUp(tx, series.resource_ids);
    const left_out = await dropSkip(tx, series.id, wallText(wall));
    if (!left_out) throw new Conflict("This date is not left out: look at the series again");
    const whose = { id: series.requester_id, time_zone: series.time_zone };
    const { dates, rules, standing } = await plan(tx, actor, asked, now, { lock: true, whose });
    const wanted = dates.filter(isHad);
    mustBeEnough(dates, wanted, "all_or_nothing");
    return await storeDates(tx, actor, { series, dates: wanted, rules, standing }, now);
  };
  await storing(sql, known.resource_ids, store, now);
}

/** One date of a series that is a reservation. */
export interface SeriesDate extends Period, CheckInTimes {
  id: string;
  reference: string;
  status: Status;
  /** As it was meant: `2026-05-05T10:00`. */
  series_wall: string;
  version: number;
}

/** A series with all its dates. */
export interface Series extends KeptSeries {
  resources: { id: string; name: string; quantity: number }[];
  dates: SeriesDate[];
  skips: { start_wall: string; reason: string }[];
}

/** One series, as far as the actor may see it. @throws {NotFound} also where it is somebody else's */
export async function getSeries(db: Db, actor: Actor, id: string): Promise<Series> {
  const kept = await readSeries(db, actor, id);
  const [resources, dates, skips] = await Promise.all([
    db<Series["resources"]>`
      select id, name, accessory, coalesce((${
      db.json(kept.quantities)
    }::jsonb ->> id::text)::int, 1) as quantity
      from resources where id = any(${kept.resource_ids}) order by accessory, id`,
    db<SeriesDate[]>`
      select id, reference, status, start_time, end_time, check_in_from, check_in_until, version,
        to_char(series_wall, 'YYYY-MM-DD"T"HH24:MI') as series_wall
      from reservations where series_id = ${kept.id} order by reservations.series_wall`,
    db<Series["skips"]>`
      select to_char(start_wall, 'YYYY-MM-DD"T"HH24:MI') as start_wall, reason
      from series_skips where series_id = ${kept.id} order by series_skips.start_wall`,
  ]);
  return { ...kept, resources: [...resources], dates: [...dates], skips: [...skips] };
}

/** Which date of its series a reservation is: `place` of `of`, those that were cancelled counted. */
export interface SeriesPlace {
  id: string;
  rule: Recurrence;
  /** The day from which it repeats: `2026-05-05`. */
  first: string;
  place: number;
  of: number;
}

/** The place of a reservation in its series; undefined where it is of none. */
export async function placeInSeries(
  db: Db,
  { id, series_id }: { id: string; series_id: string | null },
): Promise<SeriesPlace | undefined> {
  if (series_id === null) return undefined;
  const [row] = await db<SeriesPlace[]>`
    select s.id, s.rule, s.start_wall::date::text as first, count(*)::int as of,
      count(*) filter (where d.series_wall <= mine.series_wall)::int as place
    from series s join reservations d on d.series_id = s.id join reservations mine on mine.id = ${id}
    where s.id = ${series_id} group by s.id`;
  return row;
}

/** Keeps a series as it is until the transaction ends. No key changes, so a date of it may be stored meanwhile. */
export async function lockSeries(tx: Tx, id: string): Promise<void> {
  await tx`select id from series where id = ${id} for no key update`;
}

async function readSeries(db: Db, actor: Actor, id: string): Promise<KeptSeries> {
  const [row] = isId(id)
    ? await db<KeptSeries[]>`
      select s.id, s.requester_id, u.name as requester_name, s.rule, s.time_zone, s.resource_ids, s.quantities, s.purpose,
        s.private, s.attendees, s.answers, s.version, s.created_at, s.updated_at,
        to_char(s.start_wall, 'YYYY-MM-DD"T"HH24:MI') as start_wall,
        to_char(s.end_wall, 'YYYY-MM-DD"T"HH24:MI') as end_wall
      from series s join users u on u.id = s.requester_id where s.id = ${id}`
    : [];
  if (!row || !may(actor, "see_reservation", row.requester_id)) throw new NotFound("This series");
  return row;
}

/** Others were faster: what was begun goes back, and is planned anew. */
class StepBack extends Error {}

const AHEAD_DAYS = 3660;

async function storing(
  sql: Ground,
  resource_ids: readonly string[],
  work: (tx: Tx) => Promise<boolean>,
  now: Temporal.Instant,
) {
  // What is held by nobody any more, on whichever date.
  const ahead = { start_time: now, end_time: now.add({ hours: 24 * AHEAD_DAYS }) };
  await letGo(sql, { resource_ids: known(resource_ids), ...ahead }, now);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const stored = await transaction(sql, async (tx) => {
      if (!await work(tx)) throw new StepBack();
      return true;
    }).catch((error) => {
      if (!(error instanceof StepBack)) throw error;
    });
    if (stored) return;
  }
  throw new Conflict("These times were wanted by too many at once: try again");
}

async function plan(
  db: Db,
  actor: Actor,
  { resource_ids, choice = "all_or_nothing", ...asked }: NewSeries,
  now: Temporal.Instant,
  { lock = false, whose }: { lock?: boolean; whose?: { id: string; time_zone: string } } = {},
): Promise<Planned & { rules: Rules[]; standing: Standing; quantities: Quantities }> {
  const { resource_ids: ids, quantities } = wantedOf(known(resource_ids), asked.quantities);
  const rules = await rulesOf(db, ids, { fresh: true });
  if (rules.length !== ids.length) throw new NotFound("This resource");
  mustBeApart(rules);
  mustBeOffered(rules);
  const requester_id = whose?.id ?? actor.id;
  const time_zone = whose?.time_zone ??
    rules.find((r) => r.resource_id === resource_ids[0].toLowerCase())!.time_zone;
  const occurrences = occurrencesOf({ ...asked, time_zone });
  mustLieAhead(occurrences, now);
  const standing = await standingOf(db, rules, requester_id);
  if (lock && rules.some(hasQuota)) await lockQuotas(db, requester_id);
  const { attendees, answers, attested } = asked;
  const wish = { attendees, answers, attested, requester_id, quantities };
  if (lock) mustBeFilledIn(rules, { ...wish, ...occurrences.find(({ period }) => period)?.period }, now);
  const dates = await planDates(db, actor, { occurrences, wish, rules, standing, choice }, now);
  const resources = rules.map(({ name, resource_id }) => ({
    name,
    quantity: quantityOf(quantities, resource_id),
  }));
  return { time_zone, dates, resources, rules, standing, quantities };
}

function known(resource_ids: readonly string[]): string[] {
  if (resource_ids.length === 0 || !resource_ids.every(isId)) throw new NotFound("This resource");
  return [...new Set(resource_ids.map((id) => id.toLowerCase()))].sort();
}

function mustLieAhead(occurrences: readonly Occurrence[], now: Temporal.Instant) {
  const first = occurrences.find(({ period }) => period)?.period;
  if (!first || !isPast(first.start_time, now)) return;
  throw new Invalid([{ path: "start_time", message: "The start has passed: choose a time from now on" }]);
}

// What is asked beside the time is the same for each date, and wants an answer before anything else.
function mustBeFilledIn(rules: readonly Rules[], wish: Partial<Asked>, now: Temporal.Instant) {
  const { start_time, end_time } = wish;
  if (!start_time || !end_time) return;
  const open = rules.flatMap((r) => reasons(r, { ...wish, start_time, end_time }, now));
  const issues = open.flatMap(({ path, message }) => path ? [{ path, message }] : []);
  if (issues.length > 0) throw new Invalid(issues);
}

const isHad = (date: PlannedDate): date is PlannedDate & { period: Period } => date.period !== undefined;

function mustBeEnough(dates: readonly PlannedDate[], had: readonly PlannedDate[], choice: Choice) {
  const missing = dates.filter((date) => !isHad(date));
  if (missing.length === 0 || (choice !== "all_or_nothing" && had.length > 0)) return;
  const [first] = missing;
  const which = `${dayInWords(first.start_wall.toPlainDate())}: ${first.problems.join("; ")}`;
  const words = dates.length === 1
    ? first.problems.join("; ")
    : had.length === 0
    ? `None of the ${dates.length} dates can be had. ${which}`
    : `${missing.length} of ${dates.length} dates cannot be had. ${which}`;
  throw new Conflict(words, {
    conflicts: bare(missing.flatMap(({ conflicts }) => conflicts)).slice(0, 20),
    reasons: missing.flatMap(({ reasons }) => reasons).slice(0, 20),
  });
}

/** How long each date lasts by the clock on the wall. */
export function lengthOf({ start_wall, end_wall }: Pick<KeptSeries, "start_wall" | "end_wall">) {
  const [start, end] = [start_wall, end_wall].map((wall) => Temporal.PlainDateTime.from(wall));
  return start.until(end, { largestUnit: "days" });
}
