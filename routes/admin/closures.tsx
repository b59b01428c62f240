import { Hono } from "hono";
import { z } from "zod";
import { getClosure, listClosures, listLeft } from "../../domain/closure_lists.ts";
import {
  changeReason,
  close,
  ClosureReason,
  deleteClosure,
  InTheWayOfClosure,
  NewClosure,
  type Outcome,
} from "../../domain/closures.ts";
import { Invalid, type Issue } from "../../domain/errors.ts";
import { clock, dateIn, readDate, readMinutes } from "../../domain/periods.ts";
import { listResources } from "../../domain/resource_list.ts";
import { ClosureConfirmPage, ClosureFormPage } from "../../views/admin/closure_form.tsx";
import { ClosureDeletePage, ClosurePage, ClosuresPage } from "../../views/admin/closures.tsx";
import { count } from "../../views/words.ts";
import { actorOf, type Context, type Env } from "../env.ts";
import { check, every, fields, number, orAgain, type Problem, type Values } from "../forms.ts";
import { done, page } from "../respond.tsx";

const PER_PAGE = 50;
const MOST_CHOICES = 1000;
const Reworded = z.object({ reason: ClosureReason });

/** When resources cannot be reserved, for administrators. */
export const manageClosures = new Hono<Env>();

manageClosures.get("/", async (c) => {
  const { sql, now } = c.var;
  const when = c.req.query("when") === "past" ? "past" : "ahead";
  const at = number(c.req.query("page"), { min: 1, max: 1000, otherwise: 1 });
  const found = await listClosures(sql, { when, limit: PER_PAGE, offset: (at - 1) * PER_PAGE }, now);
  const link = (to: number) => `/admin/closures?${new URLSearchParams({ when, page: String(to) })}`;
  const body = (
    <ClosuresPage
      closures={found.slice(0, PER_PAGE)}
      when={when}
      back={at > 1 ? link(at - 1) : undefined}
      next={found.length > PER_PAGE ? link(at + 1) : undefined}
    />
  );
  return page(c, { title: "Closures", body });
});

manageClosures.get("/new", (c) => {
  const today = dateIn(c.var.now, actorOf(c).time_zone).toString();
  const { resource } = c.req.query();
  const values = { date: today, start: "00:00", end: "24:00", repeats: "never", what: "some" };
  return form(c, { values, chosen: resource ? [resource] : [], weekdays: [] });
});

manageClosures.post("/", async (c) => {
  const typed = await typedOf(c);
  const { values } = typed;
  if (values.back) return form(c, typed);
  return orAgain(async () => {
    const seen = values.seen?.split(" ").filter(Boolean);
    const { id, outcomes } = await close(c.var.sql, actorOf(c), { ...read(typed), seen }, c.var.now);
    return done(c, { to: `/admin/closures/${id}`, notice: { text: summary(outcomes) } });
  }, (problem) => {
    if (problem.cause instanceof InTheWayOfClosure) return confirm(c, typed, problem.cause);
    return form(c, { ...typed, problem });
  });
});

manageClosures.get("/:id", (c) => show(c));

manageClosures.post("/:id", async (c) => {
  const values = await fields(c);
  return orAgain(async () => {
    const { id, reason } = { id: c.req.param("id"), ...check(Reworded, values) };
    await changeReason(c.var.sql, actorOf(c), { id, reason }, c.var.now);
    return done(c, { to: `/admin/closures/${id}`, notice: { text: "Saved" } });
  }, (problem) => show(c, { values, problem }));
});

manageClosures.get("/:id/delete", (c) => deletion(c));

manageClosures.post("/:id/delete", (c) =>
  orAgain(async () => {
    const what = await deleteClosure(c.var.sql, actorOf(c), c.req.param("id"), c.var.now);
    const text = what === "deleted" ? "The closure is deleted" : "The closure has ended";
    return done(c, { to: "/admin/closures", notice: { text: `${text}: its time can be reserved` } });
  }, (problem) => deletion(c, problem)));

async function show(c: Context, again?: { values: Values; problem: Problem }) {
  const { sql, now } = c.var;
  const closure = await getClosure(sql, c.req.param("id") ?? "", now);
  const body = (
    <ClosurePage
      closure={closure}
      left={await listLeft(sql, closure.id, now)}
      zone={actorOf(c).time_zone}
      now={now}
      values={again?.values ?? { reason: closure.reason }}
      errors={again?.problem.errors ?? {}}
      message={again?.problem.message}
    />
  );
  return page(c, { title: "Closure", body, status: again?.problem.status });
}

async function deletion(c: Context, problem?: Problem) {
  const closure = await getClosure(c.var.sql, c.req.param("id") ?? "", c.var.now);
  const body = <ClosureDeletePage closure={closure} now={c.var.now} message={problem?.message} />;
  return page(c, { title: "Delete a closure", body, status: problem?.status });
}

/** What was typed: each field once, but for what is chosen from lists. */
interface Typed {
  values: Values;
  chosen: string[];
  weekdays: string[];
}

async function typedOf(c: Context): Promise<Typed> {
  return {
    values: await fields(c),
    chosen: await every(c, "resources"),
    weekdays: await every(c, "weekdays"),
  };
}

async function form(c: Context, { values, chosen, weekdays, problem }: Typed & { problem?: Problem }) {
  const resources = await listResources(c.var.sql, { deactivated: true, limit: MOST_CHOICES }, c.var.now);
  const body = (
    <ClosureFormPage
      values={values}
      chosen={chosen}
      weekdays={weekdays}
      resources={resources.toSorted((a, b) => Number(chosen.includes(b.id)) - Number(chosen.includes(a.id)))}
      errors={named(problem?.errors ?? {})}
      message={problem?.message}
    />
  );
  return page(c, { title: "Add a closure", body, status: problem?.status });
}

function confirm(c: Context, typed: Typed, { affected, message }: InTheWayOfClosure) {
  const { zone, now } = { zone: actorOf(c).time_zone, now: c.var.now };
  const body = <ClosureConfirmPage {...typed} affected={affected} message={message} zone={zone} now={now} />;
  return page(c, { title: "What is in the way", body, status: 409 });
}

/** What the domain calls a field, and the form. */
const FIELDS: Record<string, string> = {
  start_wall: "start",
  end_wall: "end",
  resource_ids: "resources",
  "repeats.until": "until",
  "repeats.count": "count",
  "repeats.weekdays": "weekdays",
  "repeats.frequency": "repeats",
};

function named(errors: Record<string, string>): Record<string, string> {
  const renamed = Object.entries(errors).map((
    [path, words],
  ) => [FIELDS[path.replace(/\.\d+$/, "")] ?? path, words]);
  return Object.fromEntries(renamed);
}

function read({ values, chosen, weekdays }: Typed): NewClosure {
  const issues: Issue[] = [];
  const wall = (dateField: string, date: string | undefined, timeField: string) => {
    const minutes = readMinutes(values[timeField]);
    if (!readDate(date)) issues.push({ path: dateField, message: "Give a date, such as 2026-05-31" });
    if (minutes === undefined) issues.push({ path: timeField, message: "Give a time, such as 14:30" });
    return minutes === undefined ? "" : `${date}T${clock(minutes)}`;
  };
  const start_wall = wall("date", values.date, "start");
  const end_wall = wall("end_date", values.end_date || values.date, "end");
  if (issues.length > 0) throw new Invalid(issues);
  const times = values.count?.trim();
  const repeats = !values.repeats || values.repeats === "never" ? null : {
    frequency: values.repeats,
    ...values.repeats === "weekly" && weekdays.length > 0 ? { weekdays: weekdays.map(Number) } : {},
    ...values.until ? { until: values.until } : {},
    ...times ? { count: Number(times) } : {},
  };
  const everything = values.what === "all";
  return check(NewClosure, {
    ...{ start_wall, end_wall, repeats, everything, reason: values.reason ?? "" },
    resource_ids: everything ? [] : chosen,
    reservations: values.reservations || undefined,
  });
}

function summary(outcomes: readonly Outcome[]): string {
  const many = (outcome: Outcome["outcome"]) => outcomes.filter((one) => one.outcome === outcome).length;
  const words = [
    [many("cancelled"), "was cancelled", "were cancelled"] as const,
    [many("moved"), "was moved", "were moved"] as const,
    [many("left"), "was left as it is", "were left as they are"] as const,
  ].flatMap(([n, one, more]) => n > 0 ? [count(n, `reservation ${one}`, `reservations ${more}`)] : []);
  return ["The closure is added", ...words].join("; ");
}
