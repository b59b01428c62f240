import { Hono } from "hono";
import { z } from "zod";
import { type Accessory, listAccessories } from "../domain/accessories.ts";
import type { Wish } from "../domain/availability.ts";
import { alternativesTo } from "../domain/availability.ts";
import { change } from "../domain/edits.ts";
import { Conflict, Invalid, NotFound } from "../domain/errors.ts";
import { freeUnitsOf } from "../domain/free_units.ts";
import { type Period, readInstant } from "../domain/periods.ts";
import type { Quantities } from "../domain/quantities.ts";
import { explain, isPast, request } from "../domain/requests.ts";
import { getReservation, type Reservation } from "../domain/reservations.ts";
import { getResource, listResources, type Resource } from "../domain/resources.ts";
import { Purpose, Why } from "../domain/texts.ts";
import { isId } from "../lib/ids.ts";
import { ReservePage, type ReserveProps } from "../views/reserve.tsx";
import { type Verdict, VerdictNotice } from "../views/verdict.tsx";
import { reservationPath } from "../views/words.ts";
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
    const { resource_ids, start_time, end_time } = await slotOf(c, values);
    const { purpose } = check(Words, values);
    const { override } = check(Override, values);
    const [rules] = await rulesOf(c.var.sql, resource_ids);
    const asked = readParticulars(values, rules?.policy);
    const words = { purpose, private: values.private === "on", override: override || undefined };
    const wanted = withAccessories(resource_ids, readUnits(values), values);
    const wish = { ...wanted, start_time, end_time, ...asked, ...words };
    const stored = await request(c.var.sql, actorOf(c), wish, c.var.now);
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
  const resource = await getResource(sql, values.resource ?? "");
  const accessories = await listAccessories(sql, resource.id);
  const wish = await verdictOf(c, resource, { accessories, values }, reservation, problem);
  const deciding = reservation && back ? { requester_name: reservation.requester_name, back } : undefined;
  const props = { verdict: wish.verdict, resource, now, deciding, waits: !reservation };
  const message = problem && Object.keys(problem.errors).length === 0 && problem.cause instanceof Conflict
    ? problem.message
    : undefined;
  if (wantsPart(c)) return part(c, <VerdictNotice {...props} message={message} />, problem?.status);
  const alike = await listResources(sql, { kind: resource.kind, accessory: false, limit: 100 }, now);
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
    alike: alike.some((r) => r.id === resource.id) ? alike : [resource, ...alike],
    accessories,
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

const Units = z.object({
  units: z.coerce.number("Give a whole number").int("Give a whole number").min(1, "Give a number from 1")
    .max(500, "At most 500"),
});

/**
 * How many units were typed; where the form does not ask, as many as the reservation has of what it changes.
 *
 * @throws {Invalid} naming the field
 */
export function readUnits({ units }: Values, reservation?: Reservation): number {
  if (units?.trim()) return check(Units, { units }).units;
  return reservation?.resources[0]?.quantity ?? 1;
}

const WITH = "with_";
const Some = z.coerce.number("Give a whole number").int("Give a whole number").min(0, "Give a number from 0")
  .max(500, "At most 500");

// How many of the first of these resources, and what is typed of accessories beside.
export function withAccessories(resource_ids: readonly string[], units: number, values: Values) {
  const typed = Object.entries(values).filter(([name, value]) => name.startsWith(WITH) && value?.trim());
  const checked = typed.map(([name, value]) => {
    const some = check(z.object({ [name]: Some }), { [name]: value })[name] as number;
    return [name.slice(WITH.length), some] as const;
  });
  const had = checked.filter(([id, some]) => isId(id) && some > 0);
  return {
    resource_ids: [...resource_ids, ...had.map(([id]) => id)],
    quantities: { [resource_ids[0]]: units, ...Object.fromEntries(had) },
  };
}

/** What a form says of the first resource of a reservation, beside the others, which stay. */
export function besideOthers(
  reservation: Reservation,
  { resource_ids: [first] }: { resource_ids: string[] },
  values: Values,
): { resource_ids: string[]; quantities: Quantities } {
  const others = reservation.resources.slice(1);
  // Accessories are those of the form, where it asks for any.
  const asks = Object.keys(values).some((name) => name.startsWith(WITH));
  const stay = others.filter(({ accessory }) => !asks || !accessory);
  const typed = withAccessories([first, ...stay.map(({ id }) => id)], readUnits(values, reservation), values);
  const many = stay.map(({ id, quantity }) => [id, quantity] as const);
  return { ...typed, quantities: { ...Object.fromEntries(many), ...typed.quantities } };
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
  const accessories = others.filter(({ accessory }) => accessory);
  return {
    ...Object.fromEntries(accessories.map((one) => [`${WITH}${one.id}`, String(one.quantity)])),
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

// A time to begin with, where none was given: the next full quarter, for an hour.
async function suggestion(c: Context, { resource = "", date, start }: Values): Promise<Values> {
  const { time_zone } = await getResource(c.var.sql, resource);
  const quarter = { smallestUnit: "minute", roundingIncrement: 15, roundingMode: "ceil" } as const;
  const from = c.var.now.round(quarter);
  const typed = typedPeriod({ start_time: from, end_time: from.add({ hours: 1 }) }, time_zone);
  return date || start ? {} : typed;
}
