import type { Listed } from "../domain/resource_list.ts";
import type { Resource } from "../domain/resources.ts";
import type { Piece } from "../domain/parts.ts";
import { Empty, Pager } from "./bits.tsx";
import { Timeline, type TimelineRow } from "./timeline.tsx";
import type { ClosureDate } from "../domain/closure_lists.ts";
import { longDate, periodOf, timeOf } from "./words.ts";

/** What was asked for in the search, as it was typed. */
export interface ResourceSearch {
  q?: string;
  kind?: string;
  tag?: string;
  min_capacity?: string;
  free_date?: string;
  free_start?: string;
  free_end?: string;
}

interface ListProps {
  search: ResourceSearch;
  error?: string;
  kinds: readonly string[];
  tags: readonly string[];
  resources: readonly Listed[];
  zone: string;
  now: Temporal.Instant;
  next?: string;
  mayManage: boolean;
}

/** What can be reserved, with search. */
export function ResourcesPage(props: ListProps) {
  const { resources, search, mayManage, next } = props;
  return (
    <>
      <div class="head">
        <h1>Resources</h1>
        <p class="actions">
          <a class="button" href="/find">Find me a slot</a>
          <a class="button second" href={anyPath(search)}>Any that will do</a>
          {mayManage && <a class="button second" href="/admin/resources">Manage</a>}
        </p>
      </div>
      <SearchForm {...props} />
      {resources.length > 0 ? <ResourceTable {...props} /> : (
        <Empty title="No resource matches">
          <p>
            {Object.values(search).some(Boolean)
              ? <a href="/resources">Show all of them</a>
              : "An administrator has to add resources first."}
          </p>
        </Empty>
      )}
      <Pager next={next} />
    </>
  );
}

// What was searched for, as the form for any that will do has it.
function anyPath({ kind, tag, min_capacity, free_date, free_start, free_end }: ResourceSearch): string {
  const typed = { kind, tag, attendees: min_capacity, date: free_date, start: free_start, end: free_end };
  const said = Object.entries(typed).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return said.length > 0 ? `/reservations/any?${new URLSearchParams(said)}` : "/reservations/any";
}

function SearchForm({ search, error, kinds, tags }: ListProps) {
  const any = (list: readonly string[], chosen: string | undefined, all: string) => (
    <>
      <option value="">{all}</option>
      {list.map((name) => <option value={name} selected={name === chosen}>{name}</option>)}
    </>
  );
  return (
    <form method="get" action="/resources" class="filters card" role="search">
      <label>
        Search <input type="search" name="q" value={search.q} placeholder="Name, place, tag …" />
      </label>{" "}
      <label>
        Kind <select name="kind">{any(kinds, search.kind, "Any")}</select>
      </label>{" "}
      <label>
        Tag <select name="tag">{any(tags, search.tag, "Any")}</select>
      </label>{" "}
      <label>
        For at least{" "}
        <input type="number" name="min_capacity" min={1} value={search.min_capacity} placeholder="people" />
      </label>{" "}
      <fieldset>
        <legend>Free</legend>{" "}
        <label>
          <span class="v">on</span>
          <input type="date" name="free_date" value={search.free_date} />
        </label>{" "}
        <label>
          from <input type="time" name="free_start" value={search.free_start} />
        </label>{" "}
        <label>
          to <input type="time" name="free_end" value={search.free_end} />
        </label>
        {" "}
      </fieldset>{" "}
      <button type="submit">Search</button>
      {error && <p class="error" role="alert">{error}</p>}
    </form>
  );
}

function ResourceTable({ resources, search, zone, now }: ListProps) {
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">Resource</th>
          <th scope="col">Place</th>
          <th scope="col">Kind</th>
          <th scope="col">For</th>
          <th scope="col">Now</th>
          <th scope="col">
            <span class="v">Reserve</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {resources.map((r) => (
          <tr>
            <td class="when">
              <a href={`/resources/${r.id}`}>{r.name}</a>
            </td>
            <td>{r.location}</td>
            <td>
              {r.kind}
              {r.units > 1 && ` × ${r.units}`}
            </td>
            <td>
              {r.capacity && (
                <span>
                  <span class="n">for</span> {r.capacity}
                </span>
              )}
            </td>
            <td>
              <NowMark resource={r} zone={zone} now={now} />
            </td>
            <td>
              <a href={formPath(r.id, search)} aria-label={`Reserve ${r.name}`}>Reserve</a>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function NowMark({ resource, zone, now }: { resource: Listed; zone: string; now: Temporal.Instant }) {
  if (resource.deactivated_at) return <span class="status expired">Closed</span>;
  const { closed_until } = resource;
  if (closed_until) {
    // The end of the period as it is written elsewhere, with its day where it is another.
    const [, until] = periodOf({ start_time: now, end_time: closed_until }, zone, now).split("–");
    return <span class="status expired">Closed until {until.trim()}</span>;
  }
  if (!resource.in_use_until) return <span class="status approved">Available</span>;
  return <span class="status pending">In use until {timeOf(resource.in_use_until, zone)}</span>;
}

function formPath(id: string, { free_date, free_start, free_end }: ResourceSearch): string {
  const times = free_date && free_start && free_end
    ? { date: free_date, start: free_start, end: free_end }
    : undefined;
  return `/reservations/new?${new URLSearchParams({ resource: id, ...times })}`;
}

function Pieces({ title, pieces }: { title: string; pieces: readonly Piece[] }) {
  if (pieces.length === 0) return null;
  return (
    <p>
      {title}: {pieces.map(({ id, name }, i) => (
        <>
          {i > 0 && ", "}
          <a href={`/resources/${id}`}>{name}</a>
        </>
      ))}
    </p>
  );
}

interface OneProps {
  resource: Resource;
  /** What it is composed of, and a part of. */
  composition: { parts: readonly Piece[]; wholes: readonly Piece[] };
  policy?: string;
  rows: readonly TimelineRow[];
  monday: Temporal.PlainDate;
  /** When it is closed next. */
  closed: readonly ClosureDate[];
  now: Temporal.Instant;
  mayManage: boolean;
  mayAudit: boolean;
}

/** One resource with its week. */
export function ResourcePage(
  { resource, composition, policy, rows, monday, closed, now, mayManage, mayAudit }: OneProps,
) {
  const to = (days: number) => `/resources/${resource.id}?week=${monday.add({ days })}`;
  return (
    <>
      <div class="head">
        <h1>{resource.name}</h1>
        <p class="actions">
          {!resource.deactivated_at && (
            <a class="button" href={`/reservations/new?resource=${resource.id}`}>Reserve</a>
          )}
          {mayManage && <a class="button second" href={`/admin/resources/${resource.id}/edit`}>Edit</a>}{" "}
          {mayManage && (
            <a class="button second" href={`/admin/closures/new?resource=${resource.id}`}>Close …</a>
          )} {mayManage && <a href={`/admin/resources/${resource.id}/door`}>Door page</a>}{" "}
          {mayAudit && <a href={`/admin/audit?resource=${resource.id}`}>Audit</a>}
        </p>
      </div>
      {resource.deactivated_at && (
        <p class="alert">This resource is out of service: it cannot be reserved at present.</p>
      )}
      {resource.description && <p class="lead break">{resource.description}</p>}
      <ul class="tags">
        <li>{resource.kind}</li>
        {resource.location && <li>{resource.location}</li>}
        {resource.capacity && <li>for {resource.capacity}</li>}
        {resource.units > 1 && <li>{resource.units} units</li>}
        {resource.requires_approval && <li>needs approval</li>}
        {policy && <li>rules: {policy}</li>}
        {resource.tags.map((tag) => (
          <li>
            <a href={`/resources?tag=${encodeURIComponent(tag)}`}>{tag}</a>
          </li>
        ))}
      </ul>
      <Pieces title="Composed of" pieces={composition.parts} />
      <Pieces title="Part of" pieces={composition.wholes} />
      <div class="head">
        <h2>Week of {longDate(monday)}</h2>
        <nav class="tabs" aria-label="Week">
          <a href={to(-7)} rel="prev" aria-label="Previous week">←</a>
          <a href={`/resources/${resource.id}`}>This week</a>
          <a href={to(7)} rel="next" aria-label="Next week">→</a>
        </nav>
        <a href={`/schedule?date=${monday}&q=${encodeURIComponent(resource.name)}`}>Day</a>
        <a href={`/resources/${resource.id}/month?month=${monday.toPlainYearMonth()}`}>Month</a>
      </div>
      <Timeline
        caption={`${resource.name}, week of ${longDate(monday)}`}
        corner={resource.time_zone}
        rows={rows}
        now={now}
      />
      {closed.length > 0 && (
        <section class="closed">
          <h2>Closed</h2>
          <ul class="rows card">
            {closed.map((date) => {
              const when = periodOf(date, resource.time_zone, now);
              return (
                <li>
                  <div>
                    {mayManage ? <a href={`/admin/closures/${date.closure_id}`}>{when}</a> : <b>{when}</b>}
                    <p class="quiet break">{date.reason}</p>
                  </div>
                </li>
              );
            })}
          </ul>
        </section>
      )}
    </>
  );
}
