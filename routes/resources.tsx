import { Hono } from "hono";
import { listClosedDates } from "../domain/closure_lists.ts";
import { Invalid } from "../domain/errors.ts";
import { may } from "../domain/permissions.ts";
import { dateIn, type Period, readDate } from "../domain/periods.ts";
import { compositionOf } from "../domain/parts.ts";
import { rulesOf } from "../domain/policies.ts";
import { listKindsAndTags } from "../domain/resource_names.ts";
import { listResources } from "../domain/resource_list.ts";
import { getResource } from "../domain/resources.ts";
import { listLanes } from "../domain/schedule.ts";
import { dayOf } from "../views/grid.ts";
import { ResourcePage, type ResourceSearch, ResourcesPage } from "../views/resources.tsx";
import { hoursOf, nowLine, sparest } from "../views/timeline.tsx";
import { shortDate } from "../views/words.ts";
import { isId } from "../lib/ids.ts";
import { actorOf, type Env } from "./env.ts";
import { number, readPeriod } from "./forms.ts";
import { page } from "./respond.tsx";

const PER_PAGE = 50;

/** What can be reserved: the list with search, and one with its week. */
export const resources = new Hono<Env>();

resources.get("/resources", async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const { after_name, after_id, ...search } = c.req.query();
  const { free, error } = freePeriod(search, actor.time_zone);
  const filter = {
    q: search.q,
    kind: search.kind,
    tag: search.tag,
    min_capacity: number(search.min_capacity, { min: 1, max: 1e6, otherwise: 0 }),
    free,
    accessory: false,
    limit: PER_PAGE,
    after: after_id && isId(after_id) ? { name: after_name ?? "", id: after_id } : undefined,
  };
  const [found, { kinds, tags }] = await Promise.all([
    listResources(sql, filter, now),
    listKindsAndTags(sql),
  ]);
  const shown = found.slice(0, PER_PAGE);
  const last = shown.at(-1);
  const next = found.length > PER_PAGE && last
    ? `/resources?${new URLSearchParams({
      ...search,
      after_name: last.name.toLowerCase(),
      after_id: last.id,
    })}`
    : undefined;
  const body = (
    <ResourcesPage
      search={search}
      error={error}
      kinds={kinds}
      tags={tags}
      resources={shown}
      zone={actor.time_zone}
      now={now}
      next={next}
      mayManage={may(actor, "manage_resources")}
    />
  );
  return page(c, { title: "Resources", body, status: error ? 422 : 200 });
});

resources.get("/resources/:id", async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const resource = await getResource(sql, c.req.param("id"));
  const zone = resource.time_zone;
  const today = dateIn(now, zone);
  const day = readDate(c.req.query("week")) ?? today;
  const monday = day.subtract({ days: day.dayOfWeek - 1 });
  const days = Array.from({ length: 7 }, (_, i) => dayOf(monday.add({ days: i }), zone));
  const window = weekOf(days[0].from, days[6].to);
  const [[lane], [rules], closed, composition] = await Promise.all([
    listLanes(sql, actor, window, { id: resource.id, limit: 1 }, now),
    rulesOf(sql, [resource.id]),
    listClosedDates(sql, { resource_id: resource.id, limit: 5 }, now),
    compositionOf(sql, resource.id),
  ]);
  const rows = days.map((day) => {
    const head = [shortDate(day.date), sparest({ lane, day })].filter(Boolean).join(", ");
    return { lane, day, name: resource.name, head };
  });
  const body = (
    <ResourcePage
      resource={resource}
      composition={composition}
      policy={rules?.policy?.name}
      rows={rows}
      monday={monday}
      closed={closed}
      now={now}
      mayManage={may(actor, "manage_resources")}
      mayAudit={may(actor, "see_audit")}
    />
  );
  return page(c, { title: resource.name, body, style: nowLine(hoursOf(rows), undefined) });
});

function weekOf(from: number, to: number): Period {
  const instant = (at: number) => Temporal.Instant.fromEpochMilliseconds(at);
  return { start_time: instant(from), end_time: instant(to) };
}

// Half a wish is no mistake yet: only all three fields together ask for something.
function freePeriod(search: ResourceSearch, zone: string): { free?: Period; error?: string } {
  const { free_date: date, free_start: start, free_end: end } = search;
  if (!date && !start && !end) return {};
  try {
    return { free: readPeriod({ date, start, end }, zone) };
  } catch (error) {
    if (error instanceof Invalid) return { error: error.message };
    throw error;
  }
}
