import type { Alternative } from "../domain/availability.ts";
import type { News } from "../domain/history.ts";
import type { Reservation } from "../domain/reservations.ts";
import { Empty } from "./bits.tsx";
import { BumpedNotice } from "./decisions.tsx";
import { ReservationTable } from "./reservations.tsx";
import { ACTION_WORDS, agoOf, count, dayOf, reservationPath, timeOf } from "./words.ts";

interface HomeProps {
  name: string;
  zone: string;
  now: Temporal.Instant;
  next: readonly Reservation[];
  news: readonly News[];
  /** What was taken from this person, soonest first, and what is free instead of the first. */
  bumped: readonly Reservation[];
  alternatives?: readonly Alternative[];
  /** How many requests wait for a decision of this person; undefined for those who decide on none. */
  waiting?: number;
}

/** My day: what comes next, what has changed, what waits for me. */
export function HomePage({ name, zone, now, next, news, bumped, alternatives, waiting }: HomeProps) {
  return (
    <>
      <div class="head">
        <h1>{greeting(now, zone)}, {name}</h1>
        <p class="actions">
          <a class="button" href="/find">Find me a slot</a>
        </p>
      </div>
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
      {news.length > 0 && <NewsList news={news} zone={zone} now={now} />}
      <section>
        <h2>Next for me</h2>
        {next.length > 0
          ? <ReservationTable reservations={next} zone={zone} now={now} />
          : (
            <Empty title="Nothing reserved yet">
              <p>
                Look at the <a href="/schedule">schedule</a> and tap a free time, or search the{" "}
                <a href="/resources">resources</a>.
              </p>
            </Empty>
          )}
      </section>
    </>
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
