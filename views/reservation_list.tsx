import type { Reservation } from "../domain/reservations.ts";
import { statusAt } from "../domain/transitions.ts";
import { countedName } from "../domain/quantities.ts";
import { Empty, Pager, StatusMark } from "./bits.tsx";
import { Icon } from "./icons.tsx";
import { periodOf, reservationPath } from "./words.ts";

interface ListProps {
  reservations: readonly Reservation[];
  zone: string;
  now: Temporal.Instant;
}

interface PageProps extends ListProps {
  when: "upcoming" | "past";
  q: string;
  back?: string;
  next?: string;
  /** Whether the viewer brings in reservations by files, and exports those of everybody. */
  imports: boolean;
}

/** My reservations: upcoming or past, and those that match a search. */
export function ReservationsPage({ when, q, back, next, imports, ...list }: PageProps) {
  return (
    <>
      <div class="head">
        <h1>My reservations</h1>
        <p class="actions">
          <a href="/reservations/export.csv">{imports ? "Export everybody’s" : "Export"}</a>
          {imports && <a href="/reservations/import">Import</a>}
          <a class="button" href="/find">Find me a slot</a>
        </p>
      </div>
      <form method="get" action="/reservations" class="filters" role="search">
        <nav class="tabs" aria-label="Which reservations">
          <a href="/reservations" aria-current={when === "upcoming" ? "page" : undefined}>Upcoming</a>{" "}
          <a href="/reservations?when=past" aria-current={when === "past" ? "page" : undefined}>Past</a>{" "}
          <a href="/agenda">Agenda</a>
        </nav>{" "}
        {when === "past" && <input type="hidden" name="when" value="past" />}
        <label class="inline">
          <span class="v">Search</span>
          <input type="search" name="q" value={q} placeholder="Purpose, resource or number" />
        </label>{" "}
        <button class="second" type="submit">Search</button>
      </form>
      {list.reservations.length > 0 ? <ReservationTable {...list} /> : <NoReservations when={when} q={q} />}
      <Pager back={back} next={next} />
    </>
  );
}

/** Reservations as a table on a wide screen, as cards on a phone. */
export function ReservationTable({ reservations, zone, now }: ListProps) {
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">What</th>
          <th scope="col">For</th>
          <th scope="col">Status</th>
        </tr>
      </thead>
      <tbody>
        {reservations.map((reservation) => (
          <tr>
            <td class="when">
              <a href={reservationPath(reservation.reference)}>{periodOf(reservation, zone, now)}</a>
            </td>
            <td>{reservation.resources.map(countedName).join(", ")}</td>
            <td class="break">
              {reservation.purpose}
              {reservation.private && <Private />}
              {reservation.series_id && (
                <>
                  {" "}
                  <a href={`/series/${reservation.series_id}`}>Series</a>
                </>
              )}
            </td>
            <td>
              <StatusMark status={statusAt(reservation, now)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function NoReservations({ when, q }: { when: "upcoming" | "past"; q: string }) {
  if (q) {
    return (
      <Empty title={`No ${when} reservation matches “${q}”`}>
        <p>
          <a href={when === "past" ? "/reservations?when=past" : "/reservations"}>Show all of them</a>
        </p>
      </Empty>
    );
  }
  return (
    <Empty
      title={when === "past"
        ? "Nothing here yet: the past begins with a first reservation"
        : "Nothing ahead of you"}
    >
      <p>
        <a href="/schedule">See what is free today</a>
      </p>
    </Empty>
  );
}

function Private() {
  return (
    <span class="private" title="Private: others see only that it is taken">
      <Icon name="lock" />
      <span class="v">Private</span>
    </span>
  );
}
