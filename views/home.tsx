import type { Alternative } from "../domain/alternatives.ts";
import type { Figures, Waiting } from "../domain/figures.ts";
import type { News } from "../domain/history.ts";
import { clock } from "../domain/periods.ts";
import type { Actor } from "../domain/permissions.ts";
import type { Reservation } from "../domain/reservations.ts";
import { allows } from "../domain/transitions.ts";
import type { Entry } from "../domain/waitlist_entries.ts";
import { countedName } from "../domain/quantities.ts";
import { Empty } from "./bits.tsx";
import { Chart } from "./charts.tsx";
import { CheckInForm } from "./check_in.tsx";
import { BumpedNotice } from "./decisions.tsx";
import { ReservationTable } from "./reservation_list.tsx";
import { OfferNotice, WaitsFor } from "./waitlist.tsx";
import { ACTION_WORDS, agoOf, count, dayOf, reservationPath, shortDate, timeOf } from "./words.ts";

interface HomeProps {
  viewer: Actor;
  now: Temporal.Instant;
  next: readonly Reservation[];
  news: readonly News[];
  /** What was taken from this person, soonest first, and what is free instead of the first. */
  bumped: readonly Reservation[];
  alternatives?: readonly Alternative[];
  /** How many requests wait for a decision of this person; undefined for those who decide on none. */
  waiting?: number;
  /** What waits for this person, on reservations of their own. */
  asked: readonly Waiting[];
  /** What this person waits for, and is offered. */
  wishes: readonly Entry[];
  /** How the site stands; for staff alone. */
  figures?: Figures;
}

/** My day: what comes next, what has changed, what waits for me. */
export function HomePage(props: HomeProps) {
  const { viewer, now, next, news, bumped, alternatives, waiting, asked, wishes, figures } = props;
  const { name, time_zone: zone } = viewer;
  const due = next.filter((one) => one.requester_id === viewer.id && allows(one, "check_in", now));
  return (
    <>
      <div class="head">
        <h1>{greeting(now, zone)}, {name}</h1>
        <p class="actions">
          <a class="button" href="/find">Find me a slot</a>
        </p>
      </div>
      {wishes.map((entry) => <OfferNotice entry={entry} viewer={viewer} now={now} />)}
      {due.map((one) => (
        <div class="callout check-in">
          <p>
            <b class="break">{one.purpose || one.resources.map(countedName).join(", ")}</b>{" "}
            waits for you until {timeOf(one.check_in_until!, zone)}
          </p>
          <CheckInForm reservation={one} viewer={viewer} />
        </div>
      ))}
      {bumped.map((reservation, i) => (
        <BumpedNotice
          reservation={reservation}
          alternatives={i === 0 ? alternatives : undefined}
          zone={zone}
          now={now}
          named
        />
      ))}
      {Boolean(waiting) && (
        <p class="callout">
          <a href="/approvals">{count(waiting!, "request waits", "requests wait")} for a decision</a>
        </p>
      )}
      {asked.length > 0 && <WaitingList asked={asked} zone={zone} now={now} />}
      {news.length > 0 && <NewsList news={news} zone={zone} now={now} />}
      <section>
        <div class="head">
          <h2>Next for me</h2>
          {next.length > 0 && <a href="/agenda">My agenda</a>}
        </div>
        {next.length > 0
          ? <ReservationTable reservations={next} zone={zone} now={now} />
          : (
            <Empty title="Nothing reserved yet">
              <p>
                <a href="/find">Find a slot</a>, or look at the <a href="/schedule">schedule</a>{" "}
                and tap a free time.
              </p>
            </Empty>
          )}
      </section>
      <WaitsFor entries={wishes} viewer={viewer} now={now} />
      {figures && <SiteFigures figures={figures} zone={zone} now={now} />}
    </>
  );
}

function WaitingList(
  { asked, zone, now }: { asked: readonly Waiting[]; zone: string; now: Temporal.Instant },
) {
  return (
    <section>
      <h2>Waits</h2>
      <ul class="rows card">
        {asked.map(({ reference, purpose, resource_name, start_time, question }) => (
          <li>
            <div>
              <a href={reservationPath(reference)}>{purpose || resource_name}</a> on{" "}
              {dayOf(start_time, zone, now)}, {timeOf(start_time, zone)}:{" "}
              {question === null ? <b>an approver decides on your change</b> : (
                <>
                  <b>for your answer</b> <q class="reason">{question}</q>
                </>
              )}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function SiteFigures({ figures, zone, now }: { figures: Figures; zone: string; now: Temporal.Instant }) {
  const { resources, in_use, today, pending, conflicting, no_shows, hours, days } = figures;
  const weekday = (date: string) => shortDate(Temporal.PlainDate.from(date));
  const said: [number | string, string, string?][] = [
    [`${in_use} of ${resources}`, "resources in use now", "/schedule"],
    [today, "reserved for today", "/schedule"],
    [pending, "pending", "/approvals"],
    [conflicting, "of them, this week, want what is taken", "/approvals"],
    [no_shows, "not used in the last 30 days"],
  ];
  return (
    <section class="site">
      <h2>The site today</h2>
      <ul class="figures">
        {said.map(([figure, words, href]) => (
          <li>
            <b>{figure}</b> {href ? <a href={href}>{words}</a> : words}
          </li>
        ))}
      </ul>
      <div class="charts">
        <Chart
          title="Resources taken, hour by hour"
          heads={["Hour", "Resources taken"]}
          data={hours.map(({ hour, taken }) => ({ label: clock(hour * 60), value: taken }))}
          present={`${timeOf(now, zone).slice(0, 2)}:00`}
          shape="area"
          every={4}
        />
        <Chart
          title="Reservations that begin, day by day"
          heads={["Day", "Reservations"]}
          data={days.map(({ date, reservations }) => ({ label: weekday(date), value: reservations }))}
          present={weekday(days[0].date)}
          shape="bars"
        />
      </div>
    </section>
  );
}

function NewsList({ news, zone, now }: { news: readonly News[]; zone: string; now: Temporal.Instant }) {
  return (
    <section>
      <h2>What has changed</h2>
      <ul class="rows card">
        {news.map((item) => (
          <li>
            <div>
              <a href={reservationPath(item.reference)}>{item.purpose || item.resource_name}</a> on{" "}
              {dayOf(item.start_time, zone, now)}, {timeOf(item.start_time, zone)}:{" "}
              <b>{ACTION_WORDS[item.action]}</b> {item.reason && <q class="reason">{item.reason}</q>}
              <p class="quiet">{item.actor_name ?? "The clock"}, {agoOf(item.at, zone, now)}</p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function greeting(now: Temporal.Instant, zone: string): string {
  const { hour } = now.toZonedDateTimeISO(zone);
  return hour < 5 ? "Good night" : hour < 12 ? "Good morning" : hour < 18 ? "Good afternoon" : "Good evening";
}
