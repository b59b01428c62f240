import type { Alternative } from "../domain/alternatives.ts";
import type { Entry } from "../domain/history.ts";
import { type Actor, may } from "../domain/permissions.ts";
import type { Proposal } from "../domain/proposals.ts";
import type { OpenQuestion } from "../domain/questions.ts";
import { recurrenceInWords } from "../domain/recurrence.ts";
import type { SeriesPlace } from "../domain/series.ts";
import type { Reservation } from "../domain/reservations.ts";
import { allows, statusAt } from "../domain/transitions.ts";
import { countedName } from "../domain/quantities.ts";
import { StatusMark } from "./bits.tsx";
import { BumpedNotice, BumpForm, type Refusal } from "./decisions.tsx";
import { CheckInForm } from "./check_in.tsx";
import { FormError } from "./fields.tsx";
import { AskedChange } from "./proposals.tsx";
import { QuestionNotice, type Said } from "./questions.tsx";
import { ACTION_WORDS, agoOf, count, periodOf, reservationPath, STATUS_WORDS, timeOf } from "./words.ts";

interface OneProps {
  reservation: Reservation;
  history: readonly Entry[];
  viewer: Actor;
  now: Temporal.Instant;
  undoable: boolean;
  /** Whether the viewer may decide on it. */
  decides: boolean;
  /** What is free instead, where it was bumped and the viewer may take it. */
  alternatives?: readonly Alternative[];
  /** The change that is asked for. */
  proposal?: Proposal;
  /** What is asked about it and not answered yet. */
  question?: OpenQuestion;
  /** Which date of its series it is. */
  place?: SeriesPlace;
  /** What was refused a moment ago. */
  refused?: { message?: string; bump?: Refusal; answer?: Said };
}

/** One reservation: what, when, whose, its state, what can be done, and what happened. */
export function ReservationPage(props: OneProps) {
  const { reservation, history, viewer, now, alternatives, refused } = props;
  const places = [...new Set(reservation.resources.map((r) => r.time_zone))];
  return (
    <>
      <div class="head">
        <h1 class="break">{reservation.purpose || reservation.resources.map(countedName).join(", ")}</h1>
        <StatusMark status={statusAt(reservation, now)} />
      </div>
      <FormError message={refused?.message} />
      {alternatives && (
        <BumpedNotice
          reservation={reservation}
          alternatives={alternatives}
          anothers={reservation.requester_id !== viewer.id}
          zone={places[0] ?? viewer.time_zone}
          now={now}
        />
      )}
      {props.question && (
        <QuestionNotice
          question={props.question}
          path={reservationPath(reservation.reference)}
          answers={may(viewer, "answer", reservation.requester_id)}
          wrong={refused?.answer}
          zone={viewer.time_zone}
          now={now}
        />
      )}
      {props.proposal && (
        <AskedChange
          reservation={reservation}
          proposal={props.proposal}
          withdraws={may(viewer, "edit_reservation", reservation.requester_id)}
          decides={props.decides}
          now={now}
        />
      )}
      <ReservationFacts reservation={reservation} viewer={viewer} now={now} place={props.place} />
      <Actions {...props} />
      <HistoryList
        history={history}
        path={reservationPath(reservation.reference)}
        viewer={viewer}
        now={now}
        title="History"
      />
    </>
  );
}

/** What is to be known of a reservation, line by line. */
export function ReservationFacts(
  { reservation, viewer, now, place }: {
    reservation: Reservation;
    viewer: Actor;
    now: Temporal.Instant;
    place?: SeriesPlace;
  },
) {
  const places = [...new Set(reservation.resources.map((r) => r.time_zone))];
  return (
    <dl class="facts card">
      <Fact name="When">
        {periodOf(reservation, places[0] ?? viewer.time_zone, now)}
        {places[0] !== viewer.time_zone && (
          <span class="quiet">
            {` ${places[0]} time. For you: ${periodOf(reservation, viewer.time_zone, now)}`}
          </span>
        )}
      </Fact>
      <Fact name={reservation.resources.length > 1 ? "Resources" : "Resource"}>
        {reservation.resources.map((r, i) => (
          <>
            {i > 0 && ", "}
            {r.quantity > 1 && `${r.quantity} × `}
            <a href={`/resources/${r.id}`}>{r.name}</a>
            {r.location && <span class="quiet">{` ${r.location}`}</span>}
          </>
        ))}
      </Fact>
      <Fact name="Requester">
        {reservation.requester_id === viewer.id ? "You" : reservation.requester_name}
      </Fact>
      {place && (
        <Fact name="Series">
          <a href={`/series/${place.id}?date=${reservation.id}`}>
            {recurrenceInWords(place.rule, Temporal.PlainDate.from(place.first))}
          </a>
          {`: ${place.place} of ${place.of}`}
        </Fact>
      )}
      <Fact name="Reference">{reservation.reference}</Fact>
      {reservation.priority > 0 && <Fact name="Priority">{reservation.priority}</Fact>}
      <CheckInFact reservation={reservation} zone={places[0] ?? viewer.time_zone} now={now} />
      {reservation.attendees && <Fact name="People">{reservation.attendees}</Fact>}
      {Object.entries(reservation.answers).map(([key, answer]) => (
        <Fact name={key.replaceAll("_", " ")}>
          <span class="break">{answer}</span>
        </Fact>
      ))}
      {reservation.override_reason && (
        <Fact name="Rules set aside">
          <span class="break">{reservation.override_reason}</span>
        </Fact>
      )}
      {reservation.private && <Fact name="Private">Others see only that the time is taken</Fact>}
      {reservation.decision_reason && (
        <Fact name="Reason">
          <span class="break">{reservation.decision_reason}</span>
        </Fact>
      )}
    </dl>
  );
}

// For whom it is still to come, or was not kept: who has checked in needs no reminder.
function CheckInFact(
  { reservation, zone, now }: { reservation: Reservation; zone: string; now: Temporal.Instant },
) {
  const { check_in_from, check_in_until } = reservation;
  const status = statusAt(reservation, now);
  if (!check_in_from || !check_in_until || !["pending", "approved", "no_show"].includes(status)) return null;
  return (
    <Fact name="Check in">
      {timeOf(check_in_from, zone)} to {timeOf(check_in_until, zone)}; whoever has not come by then loses it
    </Fact>
  );
}

function Fact({ name, children }: { name: string; children?: unknown }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children as string}</dd>
    </div>
  );
}

function Actions({ reservation, viewer, now, undoable, decides, refused }: OneProps) {
  const path = reservationPath(reservation.reference);
  const owner = reservation.requester_id;
  const canEdit = may(viewer, "edit_reservation", owner) && allows(reservation, "reschedule", now);
  const canCancel = may(viewer, "cancel", owner) && allows(reservation, "cancel", now);
  const canDecide = decides && allows(reservation, "approve", now);
  const canCheckIn = may(viewer, "check_in", owner) && allows(reservation, "check_in", now);
  const canEnd = may(viewer, "end", owner) && allows(reservation, "end", now);
  const canBump = decides && may(viewer, "bump", owner) && allows(reservation, "bump", now);
  return (
    <div class="actions">
      {canCheckIn && <CheckInForm reservation={reservation} viewer={viewer} />}{" "}
      {canEnd && (
        <form method="post" action={`${path}/end`}>
          <button class="second" type="submit">End it now</button>
        </form>
      )} {canDecide && <a class="button" href={`/approvals#request-${reservation.id}`}>Decide</a>}{" "}
      {canEdit && <a class="button second" href={`${path}/edit`}>Change</a>}{" "}
      {canEdit && decides && owner !== viewer.id && (
        <a class="button second" href={`${path}/reschedule`}>Reschedule</a>
      )} {undoable && (
        <form method="post" action={`${path}/restore`}>
          <button type="submit">Take the cancellation back</button>
        </form>
      )}
      {canBump && <BumpForm reservation={reservation} wrong={refused?.bump} />}
      {canCancel && <CancelForm path={path} reservation={reservation} viewer={viewer} />}
      {reservation.resources[0] && (
        <a href={`/reservations/new?resource=${reservation.resources[0].id}`}>Reserve it again</a>
      )} {may(viewer, "see_audit") && <a href={`/admin/audit?reservation=${reservation.reference}`}>Audit</a>}
    </div>
  );
}

// One's own is cancelled at once, and taken back as easily; another's with a word on why, which they will read.
function CancelForm(
  { path, reservation, viewer }: { path: string; reservation: Reservation; viewer: Actor },
) {
  const button = <button class="danger" type="submit">Cancel this reservation</button>;
  if (reservation.requester_id === viewer.id) {
    return <form method="post" action={`${path}/cancel`}>{button}</form>;
  }
  return (
    <details>
      <summary class="button danger">Cancel …</summary>
      <form method="post" action={`${path}/cancel`} class="card">
        <label for="cancel-reason">Reason, for {reservation.requester_name}</label>
        <p>
          <input id="cancel-reason" name="reason" maxlength={500} />
        </p>
        {button}
      </form>
    </details>
  );
}

interface HistoryProps {
  history: readonly Entry[];
  /** The address of the reservation. */
  path: string;
  viewer: Actor;
  now: Temporal.Instant;
  title: string;
}

/** What happened to a reservation, oldest first; each time leads to what it was then. */
export function HistoryList({ history, path, viewer, now, title }: HistoryProps) {
  return (
    <section>
      <h2>{title}</h2>
      <ol class="history">
        {history.map((entry) => (
          <li>
            <b>{ACTION_WORDS[entry.action]}</b> {whatChanged(entry, viewer.time_zone, now)}
            <span class="quiet">
              {entry.actor_id === viewer.id ? "You" : entry.actor_name ?? "The clock"},{" "}
              <a href={`${path}?at=${entry.at}`} title="The reservation as it was then">
                <time datetime={entry.at.toString()}>{agoOf(entry.at, viewer.time_zone, now)}</time>
              </a>
            </span>{" "}
            {["reason", "question", "answer"].map((said) => entry.details[said])
              .filter((said) => typeof said === "string")
              .map((said) => <q class="reason break">{said}</q>)}
          </li>
        ))}
      </ol>
    </section>
  );
}

function whatChanged(
  { action, details, previous_state }: Entry,
  zone: string,
  now: Temporal.Instant,
): string {
  const moved = (action === "reschedule" || action === "propose") && typeof details.start_time === "string" &&
    typeof details.end_time === "string";
  if (moved && previous_state) {
    const period = (from: unknown, to: unknown) =>
      periodOf(
        { start_time: Temporal.Instant.from(`${from}`), end_time: Temporal.Instant.from(`${to}`) },
        zone,
        now,
      );
    const before = period(previous_state.start_time, previous_state.end_time);
    return `from ${before} to ${period(details.start_time, details.end_time)} `;
  }
  if (action === "approve" && Array.isArray(details.bumped)) {
    return `and bumped ${count(details.bumped.length, "other")} `;
  }
  if (action === "edit" && details.holds === false) return "its time is held for it no longer ";
  const status = STATUS_WORDS[details.status as keyof typeof STATUS_WORDS];
  return action === "request" && status
    ? `and ${status === "Pending" ? "waits for a decision" : "approved at once"} `
    : "";
}
