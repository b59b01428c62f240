import type { Lane } from "../domain/schedule.ts";
import type { Reservation } from "../domain/reservations.ts";
import type { Resource } from "../domain/resources.ts";
import { statusAt } from "../domain/transitions.ts";
import { Empty, Pager, StatusMark } from "./bits.tsx";
import type { Day } from "./grid.ts";
import { type Load, LoadCell } from "./loads.tsx";
import { ScheduleFields } from "./schedule.tsx";
import { count, dayOf, longDate, monthOf, reservationPath, shortDate, timeOf } from "./words.ts";

/** The ways from one view of time to another. */
export function ViewTabs(
  { views, shown }: { views: readonly [name: string, href: string][]; shown: string },
) {
  return (
    <nav class="tabs" aria-label="View">
      {views.map(([name, href]) => (
        <a href={href} aria-current={name === shown ? "page" : undefined}>{name}</a>
      ))}
    </nav>
  );
}

/** One step back, the present, one step on. */
export function StepTabs(
  { unit, back, present, next, here }: {
    unit: string;
    back: string;
    present: string;
    next: string;
    /** Whether what is shown is the present. */
    here: boolean;
  },
) {
  return (
    <nav class="tabs" aria-label={unit}>
      <a href={back} rel="prev" aria-label={`Previous ${unit.toLowerCase()}`}>←</a>
      <a href={present} aria-current={here ? "date" : undefined}>This {unit.toLowerCase()}</a>
      <a href={next} rel="next" aria-label={`Next ${unit.toLowerCase()}`}>→</a>
    </nav>
  );
}

interface MonthProps {
  resource: Resource;
  month: Temporal.PlainYearMonth;
  today: Temporal.PlainDate;
  /** The days of whole weeks from Monday, with their loads. */
  days: readonly { day: Day; load: Load }[];
}

/** One resource in a month: how much of each day is taken. */
export function MonthPage({ resource, month, today, days }: MonthProps) {
  const path = `/resources/${resource.id}`;
  const to = (months: number) => `${path}/month?month=${month.add({ months })}`;
  const weeks = Array.from({ length: days.length / 7 }, (_, i) => days.slice(i * 7, i * 7 + 7));
  const first = month.toPlainDate({ day: 1 });
  return (
    <>
      <div class="head">
        <h1>
          <a href={path}>{resource.name}</a>, {monthOf(month)}
        </h1>
        <ViewTabs
          shown="Month"
          views={[
            ["Day", `/schedule?date=${first}&q=${encodeURIComponent(resource.name)}`],
            ["Week", `${path}?week=${first}`],
            ["Month", `${path}/month?month=${month}`],
          ]}
        />
        <StepTabs
          unit="Month"
          back={to(-1)}
          present={`${path}/month`}
          next={to(1)}
          here={month.equals(today.toPlainYearMonth())}
        />
      </div>
      <table class="month">
        <caption class="v">{`${resource.name}, ${monthOf(month)}: how much of each day is taken`}</caption>
        <thead>
          <tr>{weeks[0].map(({ day }) => <th scope="col">{shortDate(day.date).split(" ")[0]}</th>)}</tr>
        </thead>
        <tbody>
          {weeks.map((week) => (
            <tr>
              {week.map(({ day, load }) => <MonthDay {...{ resource, month, today, day, load }} />)}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="quiet">
        A day is 13 hours here; what lies at night counts as well. {resource.time_zone} time.
      </p>
    </>
  );
}

function MonthDay(
  { resource, month, today, day, load }: Omit<MonthProps, "days"> & { day: Day; load: Load },
) {
  const { date } = day;
  if (date.month !== month.month) return <td class="other"></td>;
  const isToday = date.equals(today);
  const past = Temporal.PlainDate.compare(date, today) < 0;
  return (
    <td class={isToday ? "today" : past ? "past" : undefined}>
      <a
        href={`/schedule?date=${date}&q=${encodeURIComponent(resource.name)}`}
        aria-current={isToday ? "date" : undefined}
      >
        <b>{date.day}</b>
        <span class="v">{` ${longDate(date)}${isToday ? ", today" : ""}`}</span>
      </a>{" "}
      <LoadCell load={load} />
    </td>
  );
}

interface WeekProps {
  monday: Temporal.PlainDate;
  today: Temporal.PlainDate;
  days: readonly Day[];
  rows: readonly { lane: Lane; loads: readonly Load[] }[];
  kind: string;
  kinds: readonly string[];
  q: string;
  back?: string;
  next?: string;
}

/** Several resources in a week: how much of each of their days is taken. */
export function WeekPage({ monday, today, days, rows, kind, kinds, q, back, next }: WeekProps) {
  const rest = `${kind ? `&kind=${encodeURIComponent(kind)}` : ""}${q ? `&q=${encodeURIComponent(q)}` : ""}`;
  const to = (date: Temporal.PlainDate) => `/schedule/week?date=${date}${rest}`;
  return (
    <>
      <div class="head">
        <h1>Week of {longDate(monday)}</h1>
        <ViewTabs shown="Week" views={[["Day", `/schedule?date=${monday}${rest}`], ["Week", to(monday)]]} />
        <form method="get" action="/schedule/week" class="filters">
          <StepTabs
            unit="Week"
            back={to(monday.subtract({ days: 7 }))}
            present={to(today)}
            next={to(monday.add({ days: 7 }))}
            here={days.some(({ date }) => date.equals(today))}
          />{" "}
          <ScheduleFields date={monday} kind={kind} kinds={kinds} q={q} />
        </form>
      </div>
      {rows.length > 0
        ? <WeekTable {...{ monday, today, days, rows }} />
        : (
          <Empty title="No resource matches">
            <p>
              <a href="/schedule/week">Show all of them</a>
            </p>
          </Empty>
        )}
      <Pager back={back} next={next} />
    </>
  );
}

function WeekTable({ monday, today, days, rows }: Pick<WeekProps, "monday" | "today" | "days" | "rows">) {
  const caption = `Week of ${longDate(monday)}: how much of each day is taken`;
  return (
    <div class="week" tabindex={0} role="region" aria-label={caption}>
      <table>
        <caption class="v">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Resource</th>
            {days.map(({ date }) => (
              <th
                scope="col"
                class={date.equals(today) ? "today" : undefined}
                aria-current={date.equals(today) ? "date" : undefined}
              >
                {shortDate(date)}
                {date.equals(today) && " today"}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ lane, loads }) => (
            <tr>
              <th scope="row">
                <a href={`/resources/${lane.id}?week=${monday}`}>{lane.name}</a>
              </th>
              {loads.map((load, i) => (
                <td class={days[i].date.equals(today) ? "today" : undefined}>
                  <LoadCell load={load} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface AgendaProps {
  days: number;
  /** Where there is more to be shown. */
  more?: string;
  reservations: readonly Reservation[];
  zone: string;
  now: Temporal.Instant;
}

/** All of mine that lies ahead, day by day. */
export function AgendaPage({ days, more, reservations, zone, now }: AgendaProps) {
  const today = dayOf(now, zone, now);
  // What runs already stands under today.
  const begins = ({ start_time }: Reservation) =>
    Temporal.Instant.compare(start_time, now) < 0 ? today : dayOf(start_time, zone, now);
  const byDay = [...Map.groupBy(reservations, begins)];
  return (
    <>
      <div class="head">
        <h1>My agenda</h1>
        <ViewTabs shown="Agenda" views={[["List", "/reservations"], ["Agenda", "/agenda"]]} />
        <p class="actions">
          <a class="button" href="/find">Find me a slot</a>
        </p>
      </div>
      {byDay.length === 0
        ? (
          <Empty title={`Nothing in the next ${days} days`}>
            <p>
              <a href="/find">Find a slot</a> or look at the <a href="/schedule">schedule</a>.
            </p>
          </Empty>
        )
        : byDay.map(([day, list]) => (
          <section class="agenda">
            <h2 aria-current={day === today ? "date" : undefined}>
              {day}
              {day === today && " today"}
            </h2>
            <ul class="rows card">
              {list.map((reservation) => <AgendaLine {...{ reservation, zone, now }} />)}
            </ul>
          </section>
        ))}
      <p class="quiet">
        {count(reservations.length, "reservation")} in the next {days} days.{" "}
        {more && <a href={more}>Show more</a>}
      </p>
    </>
  );
}

function AgendaLine(
  { reservation, zone, now }: { reservation: Reservation; zone: string; now: Temporal.Instant },
) {
  const { start_time, end_time, resources, purpose, reference } = reservation;
  const ends = dayOf(end_time.subtract({ nanoseconds: 1 }), zone, now);
  const until = ends === dayOf(start_time, zone, now) ? "" : `${ends}, `;
  return (
    <li>
      <div>
        <a href={reservationPath(reference)}>
          <b>{timeOf(start_time, zone)}–{until}{timeOf(end_time, zone)}</b>{" "}
          {resources.map(({ name }) => name).join(", ")}
        </a>
        {purpose && <p class="quiet break">{purpose}</p>}
      </div>
      <StatusMark status={statusAt(reservation, now)} />
    </li>
  );
}
