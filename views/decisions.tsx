import type { Alternative } from "../domain/alternatives.ts";
import type { ClosedThen, Holder } from "../domain/bumps.ts";
import type { Proposal } from "../domain/proposals.ts";
import type { Reservation } from "../domain/reservations.ts";
import { FormError } from "./fields.tsx";
import { Alternatives } from "./verdict.tsx";
import { count, periodOf, reservationPath } from "./words.ts";

/** What was refused of a form: what was typed, and why. */
export interface Refusal {
  /** Undefined where it was not the reason that was refused. */
  reason?: string;
  message: string;
}

/** Taking another's slot: one word on why, which they will read. */
export function BumpForm({ reservation, wrong }: { reservation: Reservation; wrong?: Refusal }) {
  return (
    <details open={Boolean(wrong)}>
      <summary class="button danger">Bump …</summary>
      <form method="post" action={`${reservationPath(reservation.reference)}/bump`} class="card">
        <p class="hint">
          Its time is free for others at once; {reservation.requester_name} is offered the nearest free times.
        </p>
        <ReasonField
          id="bump-reason"
          label={`Why it is bumped, for ${reservation.requester_name}`}
          wrong={wrong}
        />
        <p>
          <button class="danger" type="submit">Bump this reservation</button>
        </p>
      </form>
    </details>
  );
}

/** The field for a reason that has to be given, with what is wrong with it. */
export function ReasonField(
  { id, label, wrong, hint }: { id: string; label: string; wrong?: Refusal; hint?: string },
) {
  const described = [wrong && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name="reason"
        value={wrong?.reason ?? ""}
        required
        maxlength={500}
        aria-invalid={wrong && "true"}
        aria-describedby={described || undefined}
        autofocus={wrong && true}
      />
      {wrong && <p class="error" id={`${id}-error`}>{wrong.message}</p>}
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

interface BumpedProps {
  reservation: Reservation;
  /** Undefined where they are not looked for here: they stand on the reservation's page. */
  alternatives?: readonly Alternative[];
  zone: string;
  now: Temporal.Instant;
  /** Whether the reservation is named: not on its own page. */
  named?: boolean;
  /** Whether an approver looks at it, not whose it was. */
  anothers?: boolean;
}

/** What somebody has to know whose slot was taken: why, and what is free instead; one tap takes it. */
export function BumpedNotice({ reservation, alternatives, zone, now, named, anothers }: BumpedProps) {
  const { reference, purpose, resources, decided_by_name: by } = reservation;
  const path = reservationPath(reference);
  const what = resources.map((r) => r.name).join(", ");
  return (
    <section class="verdict no bumped" aria-label="Bumped">
      <p>
        <b>
          {named ? <a href={path}>{purpose || what}</a> : "This reservation"} was bumped{by && ` by ${by}`}
        </b>
        {`: ${what}, ${periodOf(reservation, zone, now)}, is no longer ${anothers ? "theirs" : "yours"}.`}
        {reservation.decision_reason && <q class="reason break">{reservation.decision_reason}</q>}
      </p>
      {alternatives && (
        <form method="post" action={`${path}/edit`}>
          <Alternatives alternatives={alternatives} resource={resources[0]} now={now} />
        </form>
      )}
      {resources.some((r) => r.requires_approval) && alternatives && alternatives.length > 0 && (
        <p class="hint">An approver decides on it.</p>
      )}
      <p>
        <a href={alternatives ? `${path}/edit` : path}>Choose another time</a>
      </p>
      {alternatives && !anothers && <WaitForIt reservation={reservation} />}
    </section>
  );
}

// Who was bumped goes first, should it come free again.
function WaitForIt({ reservation }: { reservation: Reservation }) {
  const { resources, start_time, end_time, purpose, attendees, answers } = reservation;
  if (resources.length !== 1) return null;
  const [{ id, time_zone, quantity }] = resources;
  const [from, to] = [start_time, end_time].map((at) => at.toZonedDateTimeISO(time_zone));
  const values = {
    ...{ resource: id, purpose, ...quantity > 1 ? { units: `${quantity}` } : {} },
    ...attendees ? { attendees: `${attendees}` } : {},
    ...reservation.private ? { private: "on" } : {},
    ...Object.fromEntries(Object.entries(answers).map(([key, answer]) => [`answer_${key}`, answer])),
    ...{
      date: `${from.toPlainDate()}`,
      start: clockOf(from),
      end_date: `${to.toPlainDate()}`,
      end: clockOf(to),
    },
  };
  return (
    <form method="post" action="/waitlist">
      {Object.entries(values).map(([name, value]) => <input type="hidden" name={name} value={value} />)}
      <button class="second" type="submit">Wait for it, before all others</button>
    </form>
  );
}

const clockOf = (at: Temporal.ZonedDateTime) => at.toPlainTime().toString({ smallestUnit: "minute" });

interface OverrideProps {
  request: Reservation;
  /** Where it is the change of an approved reservation that is decided on. */
  proposal?: Proposal;
  /** What has to give way. */
  holders: readonly Holder[];
  /** What is in the way and cannot. */
  closures: readonly ClosedThen[];
  now: Temporal.Instant;
  message?: string;
  wrong?: Refusal;
}

/** Before an override: what it bumps, all of it named, and the reason that those people read. */
export function OverridePage(props: OverrideProps) {
  const { request, proposal, holders, closures, now, message, wrong } = props;
  const { reference, resources, requester_name, purpose, version } = request;
  const zone = proposal?.time_zone ?? resources[0].time_zone;
  const names = proposal?.resource_name ?? resources.map((r) => r.name).join(", ");
  const bumped = holders.filter((holder) => holder.status !== "pending").length;
  const inTheWay = holders.length + closures.length;
  const heading = closures.length > 0
    ? "In the way, too"
    : bumped > 0
    ? `This bumps ${count(bumped, "reservation")}`
    : "This takes a held time";
  const what = proposal ? `the change of ${reference}` : reference;
  const back = proposal ? `change-${proposal.id}` : `request-${request.id}`;
  return (
    <section class="narrow">
      <h1>Approve {what}{holders.length > 0 && ` and bump what is in the way`}?</h1>
      <FormError message={message} />
      <p class="break">
        <b>{requester_name}</b> wants {names}, {periodOf(proposal ?? request, zone, now)}
        {proposal &&
          `, instead of ${resources.map((r) => r.name).join(", ")}, ${
            periodOf(request, resources[0].time_zone, now)
          }`}
        {purpose && `: ${purpose}`}
      </p>
      {closures.length > 0 && (
        <div class="verdict no">
          <p>Closed then, and no override opens it: end the closure first, or choose another time.</p>
          <ul>
            {closures.map((one) => (
              <li class="break">
                {one.resource_name}, {periodOf(one, zone, now)}: {one.reason}
              </li>
            ))}
          </ul>
        </div>
      )}
      <form method="post" action={`${reservationPath(reference)}/approve`} class="card">
        <input type="hidden" name="force_override" value="on" />
        {proposal
          ? <input type="hidden" name="change" value={proposal.id} />
          : <input type="hidden" name="version" value={version} />}
        <input type="hidden" name="bumps" value={holders.map((holder) => holder.id).join(" ")} />
        {inTheWay === 0 && <p>Nothing is in the way any more.</p>}
        {holders.length > 0 && (
          <>
            <h2>{heading}</h2>
            <ul class="rows">
              {holders.map((holder) => <HolderLine holder={holder} zone={zone} now={now} />)}
            </ul>
          </>
        )}
        {holders.length > 0 && closures.length === 0 && (
          <ReasonField id="override-reason" label="Reason, for those who are bumped" wrong={wrong} />
        )}
        <p class="actions">
          {closures.length === 0 && (
            <button type="submit" class={holders.length > 0 ? "danger" : undefined}>
              {holders.length > 0 ? "Approve and bump" : proposal ? "Approve the change" : "Approve"}
            </button>
          )}
          <a href={`/approvals#${back}`}>Leave it</a>
        </p>
      </form>
    </section>
  );
}

function HolderLine({ holder, zone, now }: { holder: Holder; zone: string; now: Temporal.Instant }) {
  return (
    <li>
      <div>
        <a href={reservationPath(holder.reference)}>{holder.requester_name}</a>
        {`, ${holder.resource_name}, ${periodOf(holder, zone, now)}`}{" "}
        {holder.purpose && <q class="reason break">{holder.purpose}</q>}
        {holder.status === "pending" && (
          <p class="quiet">Only held while it waits for a decision: it waits on, without the time.</p>
        )}
        {holder.status === "checked_in" && <p class="error">In use: it cannot be bumped.</p>}
      </div>
    </li>
  );
}
