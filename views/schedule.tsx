import type { Child } from "hono/jsx";
import { Empty, Pager } from "./bits.tsx";
import type { Lane } from "../domain/schedule.ts";
import type { Day } from "./grid.ts";
import { sparest } from "./timeline.tsx";
import { longDate } from "./words.ts";

interface ScheduleProps {
  date: Temporal.PlainDate;
  today: Temporal.PlainDate;
  kind: string;
  kinds: readonly string[];
  q: string;
  /** What is taken when; none where no resource is shown. */
  timeline?: Child;
  back?: string;
  next?: string;
  mayManage: boolean;
}

/** All resources on one day. */
export function SchedulePage(props: ScheduleProps) {
  const { date, timeline, back, next } = props;
  return (
    <>
      <div class="head">
        <h1>{longDate(date)}</h1>
        <DayControls {...props} />
      </div>
      {timeline ?? <NothingToShow {...props} />}
      <Pager back={back} next={next} />
    </>
  );
}

/** What the timeline of a day is called. */
export const captionOf = (date: Temporal.PlainDate) => `Schedule of ${longDate(date)}`;

/** What stands at the head of a resource's row. */
export function LaneHead({ lane, day }: { lane: Lane; day: Day }) {
  return (
    <>
      <a href={`/resources/${lane.id}`}>{lane.name}</a>{" "}
      <small>
        {[lane.kind, lane.capacity && `for ${lane.capacity}`, sparest({ lane, day })].filter(Boolean).join(
          " · ",
        )}
      </small>
    </>
  );
}

function DayControls({ date, today, kind, kinds, q }: ScheduleProps) {
  const rest = `${kind ? `&kind=${encodeURIComponent(kind)}` : ""}${q ? `&q=${encodeURIComponent(q)}` : ""}`;
  const to = (day: Temporal.PlainDate) => `/schedule?date=${day}${rest}`;
  return (
    <form method="get" action="/schedule" class="filters">
      <nav class="tabs" aria-label="Day">
        <a href={to(date.subtract({ days: 1 }))} rel="prev" aria-label="Previous day">←</a>{" "}
        <a href={to(today)} aria-current={date.equals(today) ? "date" : undefined}>Today</a>{" "}
        <a href={to(date.add({ days: 1 }))} rel="next" aria-label="Next day">→</a>
      </nav>{" "}
      <a href={`/schedule/week?date=${date}${rest}`}>Week</a>{" "}
      <a href={`/reservations/any?date=${date}${kind ? `&kind=${encodeURIComponent(kind)}` : ""}`}>
        Any that will do
      </a>{" "}
      <ScheduleFields date={date} kind={kind} kinds={kinds} q={q} />
    </form>
  );
}

/** What is looked at: from which day, and which resources; for the forms of a day and of a week. */
export function ScheduleFields(
  { date, kind, kinds, q }: { date: Temporal.PlainDate; kind: string; kinds: readonly string[]; q: string },
) {
  return (
    <>
      <label class="inline">
        <span class="v">Date</span>
        <input type="date" name="date" value={date.toString()} required />
      </label>{" "}
      <label class="inline">
        <span class="v">Kind</span>
        <select name="kind">
          <option value="">All kinds</option>
          {kinds.map((name) => <option value={name} selected={name === kind}>{name}</option>)}
        </select>
      </label>{" "}
      <label class="inline">
        <span class="v">Name or place</span>
        <input type="search" name="q" value={q} placeholder="Name or place" size={12} />
      </label>{" "}
      <button class="second" type="submit">Show</button>
    </>
  );
}

function NothingToShow({ kind, q, mayManage }: ScheduleProps) {
  if (kind || q) {
    return (
      <Empty title="No resource matches">
        <p>
          <a href="/schedule">Show all of them</a>
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="There is nothing to reserve yet">
      {mayManage
        ? (
          <p>
            <a class="button" href="/admin/resources/new">Add the first resource</a>
          </p>
        )
        : <p>An administrator has to add resources first.</p>}
    </Empty>
  );
}
