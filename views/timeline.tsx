import type { Child } from "hono/jsx";
import { clock } from "../domain/periods.ts";
import type { Block, Lane } from "../domain/schedule.ts";
import { type Cell, cellsOf, type Day, type Hours, hoursFor, OFFICE } from "./grid.ts";
import { reservationPath, STATUS_WORDS } from "./words.ts";

/** One line of a timeline: a resource on a day. */
export interface TimelineRow {
  /** What stands at the head of the row. */
  head: Child;
  /** The same in words, for those who hear it. */
  name: string;
  lane: Lane;
  day: Day;
}

interface TimelineProps {
  caption: string;
  corner: string;
  rows: readonly TimelineRow[];
  now: Temporal.Instant;
}

/**
 * Who has what, when: a real table, with a quarter of an hour a column. On a phone the same markup is an agenda: see
 * the styles. No cell needs a style of its own: its width is the number of columns that it spans.
 */
export function Timeline({ caption, corner, rows, now }: TimelineProps) {
  const hours = hoursOf(rows);
  const ticks = Array.from({ length: hours.last - hours.first }, (_, i) => hours.first + i);
  return (
    <div class="timeline" id="timeline" tabindex={0} role="region" aria-label={caption}>
      <table>
        <caption class="v">{caption}</caption>
        <colgroup>
          <col class="name" />
          <col span={ticks.length * 4} />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">{corner}</th>
            {ticks.map((hour) => (
              <td colspan={4} class={hour === OFFICE.first ? "office" : undefined}>{clock(hour * 60)}</td>
            ))}
          </tr>
        </thead>
        {rows.map((row) => <Rows row={row} hours={hours} now={now} />)}
      </table>
    </div>
  );
}

/** Of what has several units: how many are free at the busiest moment of a day; empty for what has one. */
export function sparest({ lane, day }: Pick<TimelineRow, "lane" | "day">): string {
  if (lane.units === 1) return "";
  const holding = lane.blocks.filter(({ holds, from, to }) => holds && to > day.from && from < day.to);
  const taken = holding.map(({ from }) => {
    const at = Math.max(from, day.from);
    const then = holding.filter((block) => block.from <= at && block.to > at);
    return then.some(({ status }) => status === "closed") ? lane.units : then.length;
  });
  const free = Math.max(0, lane.units - Math.max(0, ...taken));
  return free === lane.units ? `all ${free} free` : `${free} of ${lane.units} free all day`;
}

/** The hours that a timeline of these rows shows. */
export function hoursOf(rows: readonly TimelineRow[]): Hours {
  return hoursFor(
    rows.map(({ day, lane }) => ({
      day,
      blocks: lane.blocks.filter((b) => b.to > day.from && b.from < day.to),
    })),
  );
}

/** Where on a timeline the present lies, as rules of style; none where it is not on it. */
export function nowLine(hours: Hours, minutes: number | undefined): string {
  const span = hours.last - hours.first;
  const at = minutes === undefined ? -1 : (minutes / 60 - hours.first) / span;
  return `#timeline{--h:${span}${at >= 0 && at <= 1 ? `;--now:${at.toFixed(4)}` : ""}}`;
}

function Rows({ row, hours, now }: { row: TimelineRow; hours: Hours; now: Temporal.Instant }) {
  const lines = cellsOf(row.lane, row.day, hours, now.epochMilliseconds);
  return (
    <tbody>
      {lines.map((cells, index) => (
        <tr>
          {index === 0 && (
            <th scope="rowgroup" rowspan={lines.length > 1 ? lines.length : undefined}>{row.head}</th>
          )}
          {cells.map((cell) => <TimelineCell cell={cell} row={row} />)}
        </tr>
      ))}
    </tbody>
  );
}

function TimelineCell({ cell, row }: { cell: Cell; row: TimelineRow }) {
  if (cell.kind === "gap") return <td colspan={cell.columns}></td>;
  if (cell.kind === "free") {
    return (
      <td colspan={cell.columns} class="f">
        <a href={formPath(row, cell.from, cell.to)}>{clock(cell.from)}–{clock(cell.to)} free</a>
      </td>
    );
  }
  const { block } = cell;
  const times = `${cell.began ? "…" : clock(cell.from)}–${cell.goesOn ? "…" : clock(cell.to)}`;
  const words = (
    <span>
      <b>{times}</b> {titleOf(block)} <i>{whoOf(block)}</i>{" "}
      <span class="v">
        {row.name}
        {block.status !== "closed" && `, ${STATUS_WORDS[block.status]}`}
      </span>
    </span>
  );
  const path = pathOf(block);
  return (
    <td colspan={cell.columns} class={classOf(block)}>
      {path ? <a href={path}>{words}</a> : <p>{words}</p>}
    </td>
  );
}

// A closure leads on only for those who are told which one it is.
function pathOf({ open, reference, closure_id }: Block): string | undefined {
  if (closure_id) return `/admin/closures/${closure_id}`;
  return open ? reservationPath(reference) : undefined;
}

function classOf(block: Block): string {
  if (block.status === "closed") return "b c";
  return `b${block.mine ? " m" : ""}${block.status === "pending" ? " p" : ""}${
    block.status === "completed" ? " d" : ""
  }`;
}

// On a hall's line the part that is taken is named, and on a part's the hall.
const titleOf = ({ status, hidden, purpose, part, whole }: Block) => {
  const piece = part ?? whole;
  const title = status === "closed" ? `Closed: ${purpose}` : hidden ? "Private" : purpose || "Reserved";
  return piece ? `${piece}: ${title}` : title;
};
const whoOf = (block: Block) => block.mine ? "me" : block.requester_name;

// The first hour of the stretch, or all of it where it is shorter, on the clock of the resource's own zone.
function formPath({ lane, day }: TimelineRow, from: number, to: number): string {
  const until = Math.min(to, from + 60);
  if (lane.time_zone === day.zone) {
    return `/reservations/new?resource=${lane.id}&date=${day.date}&start=${clock(from)}&end=${clock(until)}`;
  }
  const there = (minutes: number) =>
    day.date.toPlainDateTime().add({ minutes }).toZonedDateTime(day.zone).withTimeZone(lane.time_zone);
  const [start, end] = [there(from), there(until)];
  const time = (at: Temporal.ZonedDateTime) => at.toPlainTime().toString({ smallestUnit: "minute" });
  return `/reservations/new?resource=${lane.id}&date=${start.toPlainDate()}&start=${time(start)}` +
    `&end_date=${end.toPlainDate()}&end=${time(end)}`;
}
