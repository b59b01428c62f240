import { Hono } from "hono";
import { may } from "../domain/permissions.ts";
import { dateIn, dayIn, readDate } from "../domain/periods.ts";
import { listKindsAndTags } from "../domain/resources.ts";
import { findLanes, seenBy } from "../domain/schedule.ts";
import { dayOf, wallMinutes } from "../views/grid.ts";
import { LaneHead, SchedulePage } from "../views/schedule.tsx";
import { hoursOf, nowLine } from "../views/timeline.tsx";
import { actorOf, type Env } from "./env.ts";
import { number } from "./forms.ts";
import { page } from "./respond.tsx";

const PER_PAGE = 50;

/** All resources on one day. */
export const schedule = new Hono<Env>();

schedule.get("/schedule", async (c) => {
  const { sql, now, house } = c.var;
  const actor = actorOf(c);
  const zone = actor.time_zone;
  const { date: typed, kind = "", q = "", page: at } = c.req.query();
  const today = dateIn(now, zone);
  const date = readDate(typed) ?? today;
  const offset = (number(at, { min: 1, max: 1000, otherwise: 1 }) - 1) * PER_PAGE;
  const filter = { kind, q, limit: PER_PAGE, offset };
  const recall = await house.memory.open();
  const [bare, { kinds }] = await Promise.all([
    recall(JSON.stringify(["lanes", zone, date, filter]), () => findLanes(sql, dayIn(date, zone), filter)),
    recall("kinds", () => listKindsAndTags(sql)),
  ]);
  const lanes = seenBy(actor, bare, now);
  const day = dayOf(date, zone);
  const rows = lanes.slice(0, PER_PAGE).map((lane) => ({
    lane,
    day,
    name: lane.name,
    head: <LaneHead lane={lane} />,
  }));
  const link = (to: number) => {
    const { page: _, ...rest } = c.req.query();
    return `/schedule?${new URLSearchParams({ ...rest, page: String(to) })}`;
  };
  const shown = offset / PER_PAGE + 1;
  const body = (
    <SchedulePage
      date={date}
      today={today}
      zone={zone}
      kind={kind}
      kinds={kinds}
      q={q}
      rows={rows}
      now={now}
      back={offset > 0 ? link(shown - 1) : undefined}
      next={lanes.length > PER_PAGE ? link(shown + 1) : undefined}
      mayManage={may(actor, "manage_resources")}
    />
  );
  const minutes = date.equals(today) ? wallMinutes(day, now.epochMilliseconds) : undefined;
  return page(c, { title: `Schedule ${date}`, body, style: nowLine(hoursOf(rows), minutes) });
});
