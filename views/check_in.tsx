import { type Actor, may } from "../domain/permissions.ts";
import type { Reservation } from "../domain/reservations.ts";
import type { Resource } from "../domain/resources.ts";
import { Empty } from "./bits.tsx";
import { periodOf, reservationPath, timeOf } from "./words.ts";

interface CheckInProps {
  /** Those in which the viewer can check in, or check somebody in. */
  reservations: readonly Reservation[];
  viewer: Actor;
  now: Temporal.Instant;
  /** At whose door the viewer stands. */
  resource?: Resource;
}

/** What can be checked in for at this moment, each with its button. */
export function CheckInPage({ reservations, viewer, now, resource }: CheckInProps) {
  const everybodys = may(viewer, "check_in");
  return (
    <section class="narrow">
      <h1 class="break">Check in{resource && ` to ${resource.name}`}</h1>
      {reservations.length > 0
        ? (
          <ul class="rows card">
            {reservations.map((one) => <CheckInRow reservation={one} viewer={viewer} now={now} />)}
          </ul>
        )
        : (
          <Empty title={everybodys ? "Nobody has to check in now" : "Nothing of yours to check in for now"}>
            <p>
              {resource && (
                <>
                  <a href={`/resources/${resource.id}`}>When {resource.name} is free</a>, or{" "}
                </>
              )}
              <a href="/reservations">my reservations</a>.
            </p>
          </Empty>
        )}
    </section>
  );
}

function CheckInRow(
  { reservation, viewer, now }: { reservation: Reservation; viewer: Actor; now: Temporal.Instant },
) {
  const { reference, purpose, resources, requester_id, requester_name, check_in_until } = reservation;
  const names = resources.map(({ name }) => name).join(", ");
  const zone = resources[0]?.time_zone ?? viewer.time_zone;
  return (
    <li>
      <div>
        <a class="break" href={reservationPath(reference)}>{purpose || names}</a>
        <p class="quiet">
          {names}, {periodOf(reservation, zone, now)}
          {requester_id !== viewer.id && `, ${requester_name}`}; until {timeOf(check_in_until!, zone)}
        </p>
      </div>
      <CheckInForm reservation={reservation} viewer={viewer} />
    </li>
  );
}

/** The one tap of who has come, or of staff who see them come. */
export function CheckInForm({ reservation, viewer }: { reservation: Reservation; viewer: Actor }) {
  const { reference, requester_id, requester_name } = reservation;
  return (
    <form method="post" action={`${reservationPath(reference)}/check_in`}>
      <button type="submit">
        {requester_id === viewer.id ? "Check in" : `Check ${requester_name} in`}
        <span class="v">{` for ${reference}`}</span>
      </button>
    </form>
  );
}
