import { Hono } from "hono";
import { raw } from "hono/html";
import { may } from "../domain/permissions.ts";
import { dateIn, dayIn, readDate } from "../domain/periods.ts";
import { listKindsAndTags } from "../domain/resource_names.ts";
import { findLanes, seenBy, viewpointOf } from "../domain/schedule.ts";
import { dayOf, wallMinutes } from "../views/grid.ts";
import { captionOf, LaneHead, SchedulePage } from "../views/schedule.tsx";
import { hoursOf, nowLine, Timeline } from "../views/timeline.tsx";
import { actorOf, type Env } from "./env.ts";
import { number } from "./forms.ts";
import { page } from "./respond.tsx";

const PER_PAGE = 50;

/** All resources on one day. */
export const schedule = new Hono<Env>();

schedule.get("/schedule", async (c) => {
  const { sql, house } = c.var;
  // Nothing on it is drawn finer than that, and whoever looks in the same minute sees the same.
  const now = c.var.now.round({ smallestUnit: "minute", roundingMode: "floor" });
  const actor = actorOf(c);
  const zone = actor.time_zone;
  const { date: typed, kind = "", q = "", page: at } = c.req.query();
  const today = dateIn(now, zone);
  const date = readDate(typed) ?? today;
  const offset = (number(at, { min: 1, max: 1000, otherwise: 1 }) - 1) * PER_PAGE;
  const filter = { kind, q, limit: PER_PAGE, offset };
  const recall = await house.memory.open();
  const asked = JSON.stringify([zone, date, filter]);
  const [lanes, { kinds }] = await Promise.all([
    recall(`lanes ${asked}`, () => findLanes(sql, dayIn(date, zone), filter)),
    recall("kinds", () => listKindsAndTags(sql)),
  ]);
  const day = dayOf(date, zone);
  const drawn = await recall(`timeline ${asked} ${now} ${viewpointOf(actor, lanes)}`, () => {
    const rows = seenBy(actor, lanes.slice(0, PER_PAGE), now).map((lane) => ({
      lane,
      day,
      name: lane.name,
      head: <LaneHead lane={lane} day={day} />,
    }));
    const timeline = <Timeline caption={captionOf(date)} corner={zone} rows={rows} now={now} />;
    return Promise.resolve({ timeline: raw(`${timeline}`), hours: hoursOf(rows) });
  });
  const link = (to: number) => {
    const { page: _, ...rest } = c.req.query();
    return `/schedule?${new URLSearchParams({ ...rest, page: String(to) })}`;
  };
  const shown = offset / PER_PAGE + 1;
  const body = (
    <SchedulePage
      date={date}
      today={today}
      kind={kind}
      kinds={kinds}
      q={q}
      timeline={lanes.length > 0 ? drawn.timeline : undefined}
      back={offset > 0 ? link(shown - 1) : undefined}
      next={lanes.length > PER_PAGE ? link(shown + 1) : undefined}
      mayManage={may(actor, "manage_resources")}
    />
  );
  const minutes = date.equals(today) ? wallMinutes(day, now.epochMilliseconds) : undefined;
  return page(c, { title: `Schedule ${date}`, body, style: nowLine(drawn.hours, minutes) });
});
