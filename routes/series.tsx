import { Hono } from "hono";
import { z } from "zod";
import { Invalid, NotFound } from "../domain/errors.ts";
import { rulesOf } from "../domain/policies.ts";
import { countedName } from "../domain/quantities.ts";
import { Recurrence, recurrenceInWords } from "../domain/recurrence.ts";
import { getResource } from "../domain/resources.ts";
import { addSkipped, createSeries, getSeries, type NewSeries, previewSeries } from "../domain/series.ts";
import { cancelDates, changeDates, SCOPES } from "../domain/series_changes.ts";
import { type Choice, CHOICES } from "../domain/series_plan.ts";
import { Purpose, Why } from "../domain/texts.ts";
import { SeriesPage, SeriesPreviewPage } from "../views/series.tsx";
import { count } from "../views/words.ts";
import { readUnits, withAccessories } from "./beside.ts";
import { actorOf, type Context, type Env } from "./env.ts";
import { check, fields, orAgain, type Problem, readPeriod, type Values } from "./forms.ts";
import { readParticulars } from "./particulars.ts";
import { show } from "./reserve.tsx";
import { done, page } from "./respond.tsx";

/** Reservations that recur: every date before it is stored, one series, and what is done with all its dates. */
export const series = new Hono<Env>();

series.get("/series/new", (c) => {
  const values: Values = c.req.query();
  if (!values.resource) return c.redirect("/resources", 303);
  return orAgain(() => preview(c, values), (problem) => onForm(c, values, problem));
});

series.post("/series", async (c) => {
  const values = await fields(c);
  return orAgain(async () => {
    const { asked } = await read(c, values);
    const id = await createSeries(c.var.sql, actorOf(c), asked, c.var.now);
    const { dates } = await getSeries(c.var.sql, actorOf(c), id);
    const waits = dates.some(({ status }) => status === "pending");
    const text = `${waits ? "Requested" : "Reserved"}: ${count(dates.length, "date")}`;
    return done(c, { to: `/series/${id}`, notice: { text } });
  }, (problem) => problem.status === 409 ? preview(c, values, problem) : onForm(c, values, problem));
});

series.get("/series/:id", (c) => one(c, { chosen: c.req.query("date") }));

series.post("/series/:id/add", async (c) => {
  const values = await fields(c);
  const id = c.req.param("id");
  return orAgain(async () => {
    await addSkipped(c.var.sql, actorOf(c), { id, start_wall: values.start_wall ?? "" }, c.var.now);
    return done(c, { to: `/series/${id}`, notice: { text: "Added" } });
  }, refusal(c, "add", values));
});

const Scope = z.object({
  scope: z.enum(SCOPES, "Choose which dates are meant"),
  reservation_id: z.string().optional(),
});
const Cancelling = Scope.extend({ reason: Why.optional() });

series.post("/series/:id/cancel", async (c) => {
  const values = await fields(c);
  const id = c.req.param("id");
  return orAgain(async () => {
    const { reason, ...scope } = check(Cancelling, values);
    const which = { ...scope, id, reason: reason || undefined };
    const { cancelled, left } = await cancelDates(c.var.sql, actorOf(c), which, c.var.now);
    const rest = left.length > 0 ? `. ${count(left.length, "date")} left: ${left[0].why}` : "";
    return done(c, {
      to: `/series/${id}`,
      notice: { text: `Cancelled: ${count(cancelled, "date")}${rest}` },
    });
  }, refusal(c, "cancel", values));
});

const Change = z.object({
  start: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "Give a time, such as 14:30"),
  end: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "Give a time, such as 14:30"),
  purpose: Purpose,
});

series.post("/series/:id/change", async (c) => {
  const values = await fields(c);
  const id = c.req.param("id");
  const before = await getSeries(c.var.sql, actorOf(c), id);
  return orAgain(async () => {
    const which = { ...check(Scope, values), id };
    const { start, end, purpose } = check(Change, values);
    // What still says what it was is not asked for.
    const moved = start !== before.start_wall.slice(11) || end !== before.end_wall.slice(11);
    const change = { ...moved ? { start, end } : {}, ...purpose === before.purpose ? {} : { purpose } };
    if (Object.keys(change).length === 0) return done(c, { to: `/series/${id}` });
    const to = await changeDates(c.var.sql, actorOf(c), { ...which, change }, c.var.now);
    return done(c, { to: `/series/${to}`, notice: { text: "Changed" } });
  }, refusal(c, "change", values));
});

async function preview(c: Context, values: Values, problem?: Problem) {
  const { asked } = await read(c, { mode: "skip", ...values });
  const { time_zone, dates, resources } = await previewSeries(c.var.sql, actorOf(c), asked, c.var.now);
  const words = recurrenceInWords(asked.rule, asked.start_wall.toPlainDate(), dates.length);
  const body = (
    <SeriesPreviewPage
      dates={dates}
      words={words}
      zone={time_zone}
      resources={resources}
      values={values}
      message={problem?.message}
      now={c.var.now}
    />
  );
  return page(c, {
    title: `${count(dates.length, "date")} of ${resources.map(countedName).join(", ")}`,
    body,
    status: problem?.status,
  });
}

const Words = z.object({ purpose: Purpose.default("") });

async function read(c: Context, values: Values) {
  const resource = await getResource(c.var.sql, values.resource ?? "");
  const period = readPeriod(values, resource.time_zone);
  const [start_wall, end_wall] = [period.start_time, period.end_time]
    .map((time) => time.toZonedDateTimeISO(resource.time_zone).toPlainDateTime());
  const { purpose } = check(Words, values);
  const [rules] = await rulesOf(c.var.sql, [resource.id]);
  const asked: NewSeries = {
    ...withAccessories([resource.id], readUnits(values), values),
    ...{ start_wall, end_wall, purpose, private: values.private === "on" },
    ...{ rule: readRule(values), choice: choiceOf(values.mode) },
    ...readParticulars(values, rules?.policy),
  };
  return { asked };
}

function readRule(values: Values): Recurrence {
  const number = (text: string | undefined) => text?.trim() ? Number(text) : undefined;
  const { repeats, until } = values;
  const weekdays = [1, 2, 3, 4, 5, 6, 7].filter((day) => values[`day${day}`] === "on");
  return check(Recurrence, {
    ...{ frequency: repeats, interval: number(values.interval), count: number(values.count) },
    ...until ? { until } : {},
    ...repeats === "weekly" && weekdays.length > 0 ? { weekdays } : {},
    ...repeats === "monthly" && values.nth ? { nth: Number(values.nth) } : {},
  });
}

const choiceOf = (mode: string | undefined): Choice =>
  CHOICES.find((one) => one === mode) ?? "all_or_nothing";

// What is wrong with a field is said beside it, on the form on which it stands.
function onForm(c: Context, values: Values, problem: Problem) {
  const names: Record<string, string> = { start_time: "start", end_time: "end" };
  const errors = Object.fromEntries(
    Object.entries(problem.errors).map(([path, message]) => {
      const name = path.replace(/^recurrence\./, "");
      return [names[name] ?? name, message];
    }),
  );
  return show(c, { values, problem: { ...problem, errors } });
}

interface Refused {
  chosen?: string;
  refused?: Parameters<typeof SeriesPage>[0]["refused"];
  status?: 409 | 422;
}

async function one(c: Context, { chosen, refused, status }: Refused) {
  const id = c.req.param("id");
  if (!id) throw new NotFound("This series");
  const viewer = actorOf(c);
  const found = await getSeries(c.var.sql, viewer, id);
  const body = (
    <SeriesPage
      series={found}
      viewer={viewer}
      now={c.var.now}
      chosen={chosen}
      refused={refused}
    />
  );
  return page(c, { title: found.purpose || "Series", body, status });
}

function refusal(c: Context, verb: "change" | "cancel" | "add", values: Values) {
  return ({ status, message, cause }: Problem) => {
    const words = message ?? (cause instanceof Invalid ? cause.message : "");
    return one(c, { refused: { verb, message: words, values }, status });
  };
}
