import { Hono } from "hono";
import { z } from "zod";
import type { Accessory } from "../domain/accessories.ts";
import type { Wish } from "../domain/availability.ts";
import { alternativesTo } from "../domain/alternatives.ts";
import { change } from "../domain/edits.ts";
import { Conflict, Invalid, NotFound } from "../domain/errors.ts";
import { freeUnitsOf } from "../domain/free_units.ts";
import { type Period, readInstant } from "../domain/periods.ts";
import { explain, isPast, request } from "../domain/requests.ts";
import { getReservation, type Reservation } from "../domain/reservations.ts";
import { listChoices } from "../domain/resource_names.ts";
import { getResource, getResourceToReserve, type Resource } from "../domain/resources.ts";
import { Purpose, Why } from "../domain/texts.ts";
import { isId } from "../lib/ids.ts";
import { ReservePage, type ReserveProps } from "../views/reserve.tsx";
import { type Verdict, VerdictNotice } from "../views/verdict.tsx";
import { reservationPath } from "../views/words.ts";
import { alsoIn, asTypedBeside, besideOthers, readUnits, withAccessories } from "./beside.ts";
import { actorOf, type Context, type Env } from "./env.ts";
import { rulesOf } from "../domain/policies.ts";
import { may } from "../domain/permissions.ts";
import { check, fields, orAgain, type Problem, readPeriod, type Values } from "./forms.ts";
import { readParticulars } from "./particulars.ts";
import { done, page, part, wantsPart } from "./respond.tsx";

const Words = z.object({ purpose: Purpose.default("") });
const Override = z.object({ override: Why.optional() });
// A tap outside the form names a slot and no words: these stay.
const NewWords = z.object({ purpose: Purpose.optional() });

/** The form that asks for a time, and the one that changes it. */
export const reserve = new Hono<Env>();

reserve.get("/reservations/new", async (c) => {
  const values: Values = c.req.query();
  if (!values.resource) return c.redirect("/resources", 303);
  return show(c, { values: { ...await suggestion(c, values), ...values } });
});

reserve.post("/reservations", async (c) => {
  const values = await fields(c);
  // What repeats is looked at date by date before any of it is stored.
  if (values.repeats && !values.take) {
    const filled = Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1]));
    return c.redirect(`/series/new?${new URLSearchParams(filled)}`, 303);
  }
  return orAgain(async () => {
    const taken = readTake(values.take);
    const id = taken?.resource_ids[0] ?? values.resource?.toLowerCase() ?? "";
    const sql = c.get("sql");
    const [rules] = isId(id) ? await rulesOf(sql, [id]) : [];
    if (!rules) throw new NotFound("This resource");
    const { start_time, end_time } = taken ?? readPeriod(values, rules.time_zone);
    const { purpose } = check(Words, values);
    const { override } = check(Override, values);
    const asked = readParticulars(values, rules.policy);
    const words = { purpose, private: values.private === "on", override: override || undefined };
    const wanted = withAccessories([id], readUnits(values), values);
    // The rules are those of a moment ago: what they say is held against the present ones, and so is their zone.
    const typed_in = taken ? undefined : rules.time_zone;
    const wish = { ...wanted, start_time, end_time, typed_in, ...asked, ...words };
    const stored = await request(sql, actorOf(c), wish, c.get("now"));
    const text = stored.status === "pending" ? "Requested: an approver decides on it" : "Reserved";
    const path = reservationPath(stored.reference);
    return done(c, { to: path, notice: { text, undo: `${path}/cancel` } });
  }, (problem) => show(c, { values: typedOf(values), problem }));
});

reserve.get("/reservations/:id/edit", async (c) => {
  const reservation = await getReservation(c.var.sql, actorOf(c), c.req.param("id"));
  return show(c, { values: { ...asTyped(reservation), ...c.req.query() }, reservation });
});

reserve.post("/reservations/:id/edit", async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const reservation = await getReservation(sql, actor, c.req.param("id"));
  const values = await fields(c);
  return orAgain(async () => {
    const slot = await slotOf(c, values);
    const { purpose } = check(NewWords, values);
    const wanted = besideOthers(reservation, slot, values);
    const secret = purpose === undefined ? undefined : values.private === "on";
    const asked = { ...slot, ...wanted, purpose, private: secret };
    const status = await change(sql, actor, reservation.id, asked, now);
    const text = status === "proposed"
      ? "Asked for: an approver decides on the change, and your time is kept until then"
      : status === "pending" && reservation.status === "bumped"
      ? "Requested: an approver decides on it"
      : "Changed";
    return done(c, { to: reservationPath(reservation.reference), notice: { text } });
  }, (problem) => {
    const typed = values.resource ? typedOf(values) : asTyped(reservation);
    return show(c, { values: typed, problem, reservation });
  });
});

interface Shown {
  values: Values;
  problem?: Problem;
  reservation?: Reservation;
  /** Where an approver moves it, who comes from there. */
  back?: string;
}

/** The form, whole or as its verdict. */
export async function show(c: Context, { values, problem, reservation, back }: Shown) {
  const { sql, now } = c.var;
  const { accessories, ...resource } = await getResourceToReserve(sql, values.resource ?? "");
  const wish = await verdictOf(c, resource, { accessories, values }, reservation, problem);
  const deciding = reservation && back ? { requester_name: reservation.requester_name, back } : undefined;
  const props = { verdict: wish.verdict, resource, now, deciding, waits: !reservation };
  const message = problem && Object.keys(problem.errors).length === 0 && problem.cause instanceof Conflict
    ? problem.message
    : undefined;
  if (wantsPart(c)) return part(c, <VerdictNotice {...props} message={message} />, problem?.status);
  const [alike, together] = await Promise.all([
    listChoices(sql, resource, { alike: true, limit: CHOICES }),
    reservation ? { choices: [], more: false } : listChoices(sql, resource, {
      ...{ limit: BESIDE, q: values.beside?.trim().slice(0, 100), ticked: alsoIn(values).slice(0, BESIDE) },
    }),
  ]);
  const path = reservation && reservationPath(reservation.reference);
  const verb = deciding ? "reschedule" : "edit";
  const [rules] = await rulesOf(sql, [resource.id]);
  const { fields = [], attestations = [], approval_more_people_than = null } = rules?.policy ?? {};
  const people = resource.capacity !== null || approval_more_people_than !== null;
  const form: ReserveProps = {
    ...props,
    action: path ? `${path}/${verb}` : "/reservations",
    check: path ? `${path}/${verb}` : "/reservations/new",
    changing: reservation && path ? { reference: reservation.reference, path } : undefined,
    alike: { ...alike, choices: [resource, ...alike.choices].sort(byName) },
    accessories,
    others: reservation?.resources.slice(1).filter(({ accessory }) => !accessory) ?? [],
    together,
    values,
    errors: { ...wish.verdict.errors, ...problem?.errors },
    message,
    twice: wish.twice,
    particulars: reservation ? undefined : { people, fields, attestations },
    mayOverride: !reservation && may(actorOf(c), "override"),
  };
  const title = reservation
    ? `${deciding ? "Reschedule" : "Change"} ${reservation.reference}`
    : `Reserve ${resource.name}`;
  return page(c, { title, body: <ReservePage {...form} />, status: problem?.status });
}

// So many resources to choose from, and to tick beside one. More would make the page heavy: what is not among them is
// found by its name.
const CHOICES = 60;
const BESIDE = 60;

const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);

const NOTHING = { reasons: [], conflicts: [], alternatives: [], free_units: [] };

async function verdictOf(
  c: Context,
  resource: Resource,
  { accessories, values }: { accessories: readonly Accessory[]; values: Values },
  reservation: Reservation | undefined,
  problem: Problem | undefined,
): Promise<{ verdict: Verdict; twice: { start: boolean; end: boolean } }> {
  const none = { start: false, end: false };
  const { sql, now } = c.var;
  if (!values.date || !values.start || !values.end) {
    return { verdict: { ...NOTHING, errors: {} }, twice: none };
  }
  try {
    const { start_time, end_time, twice } = readPeriod(values, resource.time_zone);
    const wanted = reservation
      ? besideOthers(reservation, { resource_ids: [resource.id] }, values)
      : withAccessories([resource.id], readUnits(values), values);
    const wish: Wish = { start_time, end_time, ...wanted, except: reservation?.id };
    if (reservation) wish.requester_id = reservation.requester_id;
    // What has begun keeps its start, and may still end earlier or later.
    wish.keeps_start = reservation && Temporal.Instant.compare(start_time, reservation.start_time) === 0;
    if (isPast(wish.keeps_start ? end_time : start_time, now)) {
      return { verdict: await pastVerdict(c, wish, problem), twice };
    }
    const { attendees } = readPeople(values, reservation);
    const explained = await explain(sql, actorOf(c), { ...wish, attendees }, now);
    // What is still to be filled in is said when the form is sent.
    const reasons = explained.reasons.filter(({ path }) => !path);
    const ids = accessories.map(({ id }) => id).filter((id) => !wanted.resource_ids.includes(id));
    const offered = ids.length > 0 ? await freeUnitsOf(sql, { ...wish, resource_ids: ids }, now) : [];
    const free_units = [...explained.free_units, ...offered];
    return { verdict: { wish, errors: {}, ...explained, reasons, free_units }, twice };
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    const errors = Object.fromEntries(error.issues.map(({ path, message }) => [path, message]));
    return { verdict: { ...NOTHING, errors }, twice: none };
  }
}

// While it is being typed, anything else than a number of people is none yet.
function readPeople({ attendees }: Values, reservation: Reservation | undefined) {
  const typed = Number(attendees);
  return {
    attendees: reservation ? reservation.attendees : Number.isInteger(typed) && typed > 0 ? typed : null,
  };
}

async function pastVerdict(c: Context, wish: Wish, problem: Problem | undefined): Promise<Verdict> {
  if (wish.keeps_start) {
    return { ...NOTHING, errors: { end: "This end has passed: choose a time from now on" } };
  }
  const alternatives = await alternativesTo(c.var.sql, wish, c.var.now);
  const words = problem?.errors.start_time ?? "The start has passed: choose a time from now on";
  return { ...NOTHING, errors: { start: words }, alternatives };
}

/** What the form says, or the alternative that was tapped in it. */
export async function slotOf(c: Context, values: Values): Promise<Period & { resource_ids: string[] }> {
  const taken = readTake(values.take);
  if (taken) return taken;
  const resource = await getResource(c.var.sql, values.resource ?? "");
  const { start_time, end_time } = readPeriod(values, resource.time_zone);
  return { resource_ids: [resource.id], start_time, end_time };
}

function readTake(take: string | undefined): (Period & { resource_ids: string[] }) | undefined {
  if (!take) return undefined;
  const [id = "", from, to] = take.split(" ");
  const [start_time, end_time] = [readInstant(from), readInstant(to)];
  if (!isId(id) || !start_time || !end_time) throw new NotFound("This alternative");
  return { resource_ids: [id], start_time, end_time };
}

/** What was typed, without what was tapped. */
export function typedOf({ take: _, ...values }: Values): Values {
  return values;
}

/** A reservation as its form has it. */
export function asTyped({ resources, start_time, end_time, purpose, private: secret }: Reservation): Values {
  const [{ id, time_zone, quantity }, ...others] = resources;
  return {
    ...asTypedBeside(others),
    resource: id,
    units: String(quantity),
    purpose,
    private: secret ? "on" : undefined,
    ...typedPeriod({ start_time, end_time }, time_zone),
  };
}

function typedPeriod({ start_time, end_time }: Period, zone: string) {
  const from = start_time.toZonedDateTimeISO(zone);
  const to = end_time.toZonedDateTimeISO(zone);
  const time = (at: Temporal.ZonedDateTime) => at.toPlainTime().toString({ smallestUnit: "minute" });
  return {
    date: from.toPlainDate().toString(),
    start: time(from),
    end_date: to.toPlainDate().toString(),
    end: time(to),
  };
}

// A time to begin with, where none was given.
async function suggestion(c: Context, { resource = "", date, start }: Values): Promise<Values> {
  if (date || start) return {};
  return soon(c.var.now, (await getResource(c.var.sql, resource)).time_zone);
}

/** The next full quarter, for an hour, as a form has it. */
export function soon(now: Temporal.Instant, zone: string): Values {
  const start_time = now.round({ smallestUnit: "minute", roundingIncrement: 15, roundingMode: "ceil" });
  return typedPeriod({ start_time, end_time: start_time.add({ hours: 1 }) }, zone);
}
