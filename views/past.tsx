import type { PastReservation } from "../domain/past.ts";
import type { Actor } from "../domain/permissions.ts";
import { countedName } from "../domain/quantities.ts";
import { StatusMark } from "./bits.tsx";
import { HistoryList, ReservationFacts } from "./reservations.tsx";
import { dayOf, reservationPath, timeOf } from "./words.ts";

interface PastProps extends PastReservation {
  at: Temporal.Instant;
  viewer: Actor;
  now: Temporal.Instant;
}

/** One reservation as it was at a moment: nothing can be done with it, and it says so. */
export function PastReservationPage({ reservation, history, at, viewer, now }: PastProps) {
  const zone = viewer.time_zone;
  const path = reservationPath(reservation.reference);
  return (
    <section class="past">
      <p class="callout" role="note">
        This is the past: {reservation.reference} as it was on{" "}
        <time datetime={at.toString()}>{dayOf(at, zone, now)} at {timeOf(at, zone)}</time>.{" "}
        <a href={path}>See it as it is now</a>
      </p>
      <div class="head">
        <h1 class="break">{reservation.purpose || reservation.resources.map(countedName).join(", ")}</h1>
        <StatusMark status={reservation.status} />
      </div>
      <ReservationFacts reservation={reservation} viewer={viewer} now={now} />
      <HistoryList history={history} path={path} viewer={viewer} now={now} title="History until then" />
    </section>
  );
}
