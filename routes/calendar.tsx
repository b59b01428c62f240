import { Hono } from "hono";
import { dateIn, type Period, readDate } from "../domain/periods.ts";
import { listReservations } from "../domain/reservations.ts";
import { listKindsAndTags } from "../domain/resource_names.ts";
import { getResource } from "../domain/resources.ts";
import { listLanes } from "../domain/schedule.ts";
import { AgendaPage, MonthPage, WeekPage } from "../views/calendar.tsx";
import { type Day, dayOf } from "../views/grid.ts";
import { loadOf } from "../views/loads.tsx";
import { longDate, monthOf } from "../views/words.ts";
import { actorOf, type Env } from "./env.ts";
import { number } from "./forms.ts";
import { page } from "./respond.tsx";

const PER_PAGE = 50;
/** The agenda shows so many days, and so many more at each step. */
const AGENDA_DAYS = 30;
const AGENDA_MOST = 360;
const AGENDA_ROWS = 200;

/** Longer stretches than a day: a month of one resource, a week of several, and what is ahead of oneself. */
export const calendar = new Hono<Env>();

calendar.get("/resources/:id/month", async (c) => {
  const { sql, now } = c.var;
  const resource = await getResource(sql, c.req.param("id"));
  const zone = resource.time_zone;
  const today = dateIn(now, zone);
  const month = (readDate(`${c.req.query("month")}-01`) ?? today).toPlainYearMonth();
  const days = daysFrom(
    mondayOf(month.toPlainDate({ day: 1 })),
    mondayOf(month.toPlainDate({ day: 31 })),
    zone,
  );
  const [lane] = await listLanes(sql, actorOf(c), span(days), { id: resource.id, limit: 1 }, now);
  const loads = days.map((day) => ({ day, load: loadOf(lane, day) }));
  const body = <MonthPage resource={resource} month={month} today={today} days={loads} />;
  return page(c, { title: `${resource.name}, ${monthOf(month)}`, body, more: true });
});

calendar.get("/schedule/week", async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const { date: typed, kind = "", q = "", page: at } = c.req.query();
  const today = dateIn(now, actor.time_zone);
  const monday = mondayOf(readDate(typed) ?? today);
  const days = daysFrom(monday, monday, actor.time_zone);
  const shown = number(at, { min: 1, max: 1000, otherwise: 1 });
  const filter = { kind, q, limit: PER_PAGE, offset: (shown - 1) * PER_PAGE };
  const [lanes, { kinds }] = await Promise.all([
    listLanes(sql, actor, span(days), filter, now),
    listKindsAndTags(sql),
  ]);
  const rows = lanes.slice(0, PER_PAGE).map((lane) => ({
    lane,
    loads: days.map((day) => loadOf(lane, day)),
  }));
  const link = (to: number) => {
    const { page: _, ...rest } = c.req.query();
    return `/schedule/week?${new URLSearchParams({ ...rest, page: String(to) })}`;
  };
  const body = (
    <WeekPage
      {...{ monday, today, days, rows, kind, kinds, q }}
      back={shown > 1 ? link(shown - 1) : undefined}
      next={lanes.length > PER_PAGE ? link(shown + 1) : undefined}
    />
  );
  return page(c, { title: `Week of ${longDate(monday)}`, body, more: true });
});

calendar.get("/agenda", async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const days = number(c.req.query("days"), { min: 1, max: AGENDA_MOST, otherwise: AGENDA_DAYS });
  const until = dateIn(now, actor.time_zone).add({ days }).toZonedDateTime(actor.time_zone).toInstant();
  const wanted = { requester_id: actor.id, from: now, to: until, ahead: true, limit: AGENDA_ROWS };
  const found = await listReservations(sql, actor, wanted);
  const more = found.length > AGENDA_ROWS
    ? "/reservations"
    : days < AGENDA_MOST
    ? `/agenda?days=${Math.min(days + AGENDA_DAYS, AGENDA_MOST)}`
    : undefined;
  const shown = found.slice(0, AGENDA_ROWS);
  const body = <AgendaPage days={days} more={more} reservations={shown} zone={actor.time_zone} now={now} />;
  return page(c, { title: "My agenda", body, more: true });
});

const mondayOf = (date: Temporal.PlainDate) => date.subtract({ days: date.dayOfWeek - 1 });

// Whole weeks, from one Monday to the Sunday after another.
function daysFrom(first: Temporal.PlainDate, last: Temporal.PlainDate, zone: string): Day[] {
  const length = first.until(last).days + 7;
  return Array.from({ length }, (_, i) => dayOf(first.add({ days: i }), zone));
}

function span(days: readonly Day[]): Period {
  const instant = (at: number) => Temporal.Instant.fromEpochMilliseconds(at);
  return { start_time: instant(days[0].from), end_time: instant(days.at(-1)!.to) };
}
