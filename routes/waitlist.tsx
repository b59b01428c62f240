import { Hono } from "hono";
import { z } from "zod";
import { AnyOf, likeInWords } from "../domain/alike.ts";
import { listDeeds } from "../domain/history.ts";
import { accept, decline } from "../domain/offer_answers.ts";
import { readDate } from "../domain/periods.ts";
import { may } from "../domain/permissions.ts";
import { rulesOf } from "../domain/policies.ts";
import { listResources } from "../domain/resource_list.ts";
import { getResource } from "../domain/resources.ts";
import { Purpose } from "../domain/texts.ts";
import { join, leave } from "../domain/waitlist.ts";
import { getEntry, listWaitlist } from "../domain/waitlist_entries.ts";
import { isId } from "../lib/ids.ts";
import { EntryPage, WaitlistPage, WaitPage } from "../views/waitlist.tsx";
import { reservationPath } from "../views/words.ts";
import { actorOf, type Context, type Env } from "./env.ts";
import { check, fields, number, orAgain, type Problem, readPeriod, type Values } from "./forms.ts";
import { readParticulars } from "./particulars.ts";
import { readAnyOf, show as showAnyOf } from "./any_of.tsx";
import { readUnits, withAccessories } from "./beside.ts";
import { show as showReserve, typedOf } from "./reserve.tsx";
import { done, page } from "./respond.tsx";

const PER_PAGE = 50;
const LENGTH = "Give a length in minutes";
const Words = z.object({ purpose: Purpose.default("") });
const Length = z.object({
  minutes: z.coerce.number(LENGTH).int(LENGTH).min(1, LENGTH).max(44_640, LENGTH).optional(),
});

/** Waiting for a time that is taken, and answering what is offered when it comes free. */
export const waitlist = new Hono<Env>();

waitlist.get("/waitlist", async (c) => {
  const { sql, now } = c.var;
  const viewer = actorOf(c);
  const { who = "", resource = "", show = "", after = "" } = c.req.query();
  const everybodys = who === "everybody" && may(viewer, "see_waitlist");
  const [found, choices] = await Promise.all([
    listWaitlist(sql, viewer, {
      requester_id: everybodys ? undefined : viewer.id,
      resource_id: isId(resource) ? resource : undefined,
      open: show !== "all",
      limit: PER_PAGE,
      after: /^\d{1,18}$/.test(after) ? { number: after } : undefined,
    }, now),
    everybodys ? listResources(sql, { limit: 200 }, now) : [],
  ]);
  const shown = found.slice(0, PER_PAGE);
  const query = { ...everybodys ? { who } : {}, ...resource ? { resource } : {}, ...show ? { show } : {} };
  const next = found.length > PER_PAGE
    ? `/waitlist?${new URLSearchParams({ ...query, after: shown.at(-1)!.number })}`
    : undefined;
  const filter = { everybodys, resource, all: show === "all" };
  return page(c, {
    title: "Waitlist",
    body: (
      <WaitlistPage entries={shown} viewer={viewer} now={now} filter={filter} choices={choices} next={next} />
    ),
  });
});

waitlist.get("/waitlist/new", (c) => {
  const { minutes, ...values } = c.req.query() as Values;
  return showForm(c, { ...values, ...wholeDay(values), minutes: minutes ?? lengthOf(values) });
});

waitlist.post("/waitlist", async (c) => {
  const values = await fields(c);
  const windowed = values.minutes !== undefined;
  return orAgain(
    async () => {
      const { sql, now } = c.var;
      const { minutes } = check(Length, { minutes: values.minutes?.trim() || (windowed ? NaN : undefined) });
      const { purpose } = check(Words, values);
      const words = { minutes, purpose, private: values.private === "on" };
      await join(sql, actorOf(c), { ...await readWish(c, values), ...words }, now);
      const text = "You are on the waitlist: when it comes free, it is offered to you and held for a while";
      return done(c, { to: "/waitlist", notice: { text } });
    },
    (problem) => {
      if (windowed) return showForm(c, values, problem);
      const typed = typedOf(values);
      return isForAny(values) ? showAnyOf(c, typed, problem) : showReserve(c, { values: typed, problem });
    },
  );
});

const isForAny = ({ resource, kind, tag }: Values) => resource === undefined && Boolean(kind || tag);

// Of what, and when: of a resource with what goes with it, by its clock; or of any that will do, by that of the person.
async function readWish(c: Context, values: Values) {
  const { sql } = c.var;
  if (isForAny(values)) {
    const { attendees } = readParticulars(values, null);
    return {
      ...{ any_of: readAnyOf(values), attendees },
      ...readPeriod(values, actorOf(c).time_zone),
    };
  }
  const resource = await getResource(sql, values.resource ?? "");
  const [rules] = await rulesOf(sql, [resource.id]);
  return {
    ...readPeriod(values, resource.time_zone),
    ...readParticulars(values, rules?.policy),
    ...withAccessories([resource.id], readUnits(values), values),
  };
}

waitlist.get("/waitlist/:id", (c) => showEntry(c, c.req.param("id")));

waitlist.post("/waitlist/:id/accept", async (c) => {
  const { sql, now } = c.var;
  const id = c.req.param("id");
  const { offer } = await fields(c);
  return orAgain(async () => {
    const stored = await accept(sql, actorOf(c), { id, offer_id: offer || undefined }, now);
    const text = stored.status === "pending"
      ? "Requested: an approver decides on it"
      : "Accepted: it is reserved";
    return done(c, { to: reservationPath(stored.reference), notice: { text } });
  }, (problem) => showEntry(c, id, problem));
});

waitlist.post("/waitlist/:id/decline", async (c) => {
  const { sql, now } = c.var;
  const id = c.req.param("id");
  const { offer } = await fields(c);
  return orAgain(async () => {
    await decline(sql, actorOf(c), { id, offer_id: offer || undefined }, now);
    return done(c, { to: "/waitlist", notice: { text: "Declined: it goes to whoever is next" } });
  }, (problem) => showEntry(c, id, problem));
});

waitlist.post("/waitlist/:id/leave", (c) => {
  const { sql, now } = c.var;
  const id = c.req.param("id");
  return orAgain(async () => {
    await leave(sql, actorOf(c), { id }, now);
    return done(c, { to: "/waitlist", notice: { text: "Off the waitlist" } });
  }, (problem) => showEntry(c, id, problem));
});

async function showEntry(c: Context, id: string, problem?: Problem): Promise<Response> {
  const { sql, now } = c.var;
  const viewer = actorOf(c);
  const entry = await getEntry(sql, viewer, id, now);
  const history = await listDeeds(sql, entry.id);
  const body = (
    <EntryPage entry={entry} history={history} viewer={viewer} now={now} message={problem?.message} />
  );
  return page(c, { title: "On the waitlist", body, status: problem?.status });
}

async function showForm(c: Context, values: Values, problem?: Problem): Promise<Response> {
  const errors: Record<string, string> = { ...problem?.errors, ...renamed(problem?.errors) };
  const wait = await (isForAny(values) ? anyFor(c, values) : oneFor(c, values));
  const { any_of, attested, ...beside } = errors;
  const message = any_of ?? attested ?? problem?.message;
  const body = <WaitPage {...wait} values={values} errors={beside} message={message} />;
  return page(c, { title: "Join the waitlist", body, status: problem?.status });
}

// What a wish for any that will do is for, and what its form asks.
function anyFor(c: Context, values: Values) {
  const like = AnyOf.safeParse({ kind: values.kind || undefined, tag: values.tag || undefined });
  const several = Number(values.units) > 1;
  return {
    what: {
      name: `any ${likeInWords({ any_of: like.data ?? {} })}`,
      time_zone: actorOf(c).time_zone,
      units: several ? 500 : 1,
    },
    carried: ["kind", "tag"],
    particulars: { people: true, fields: [], attestations: [] },
  };
}

async function oneFor(c: Context, values: Values) {
  const { sql } = c.var;
  const resource = await getResource(sql, values.resource ?? "");
  const [rules] = await rulesOf(sql, [resource.id]);
  const { fields = [], attestations = [], approval_more_people_than = null } = rules?.policy ?? {};
  const people = resource.capacity !== null || approval_more_people_than !== null;
  const also = Object.keys(values).filter((name) => /^(with|also)_/.test(name));
  return { what: resource, carried: ["resource", ...also], particulars: { people, fields, attestations } };
}

// The form has the two moments as fields of its own.
function renamed(errors: Record<string, string> = {}) {
  return {
    ...errors.start_time ? { start: errors.start_time } : {},
    ...errors.end_time ? { end: errors.end_time } : {},
  };
}

// From the form of one slot: any time of that day, up to the midnight that ends it, which browsers know as the next day's.
function wholeDay({ date }: Values) {
  return { date, start: "00:00", end_date: readDate(date)?.add({ days: 1 }).toString(), end: "00:00" };
}

function lengthOf({ date = "", end_date, start = "", end = "" }: Values): string {
  const [, h, m] = /^(\d\d):(\d\d)$/.exec(start) ?? [];
  const [, hours, minutes] = /^(\d\d):(\d\d)$/.exec(end) ?? [];
  const length = Number(hours) * 60 + Number(minutes) - Number(h) * 60 - Number(m);
  const whole = number(`${length}`, { min: 1, max: 1440, otherwise: 60 });
  return String(!end_date || end_date === date ? whole : 60);
}
