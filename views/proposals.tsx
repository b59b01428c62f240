import type { Proposal } from "../domain/proposals.ts";
import type { PendingChange } from "../domain/queue.ts";
import type { Reservation } from "../domain/reservations.ts";
import { countedName } from "../domain/quantities.ts";
import { Rivals } from "./approvals.tsx";
import { ReasonField, type Refusal } from "./decisions.tsx";
import { WaitingCount } from "./layout.tsx";
import { agoOf, periodOf, reservationPath } from "./words.ts";

interface ChangesProps {
  changes: readonly PendingChange[];
  zone: string;
  now: Temporal.Instant;
  /** The change whose last answer was refused, and why. */
  wrong?: Refusal & { id: string };
}

/** Changes of approved reservations that wait for a decision: what it is now, and what is asked for. */
export function ChangeList({ changes, wrong, ...rest }: ChangesProps) {
  if (changes.length === 0) return null;
  return (
    <section>
      <h2>Changes of what is approved</h2>
      {changes.map((change) => (
        <ChangeRow change={change} wrong={wrong?.id === change.proposal.id ? wrong : undefined} {...rest} />
      ))}
    </section>
  );
}

interface RowProps {
  change: PendingChange;
  zone: string;
  now: Temporal.Instant;
  wrong?: Refusal;
}

/** One change, old and new, and the two answers. */
export function ChangeRow({ change, zone, now, wrong }: RowProps) {
  const { reference, requester_name, purpose, resources, proposal, conflicts } = change;
  const place = resources[0].time_zone;
  const id = `change-${proposal.id}`;
  return (
    <article class="request" id={id} tabindex={0} aria-labelledby={`what-${proposal.id}`}>
      <div>
        <h3 id={`what-${proposal.id}`} class="title">
          <a href={reservationPath(reference)}>{resources.map(countedName).join(", ")}</a>{" "}
          <span>{periodOf(change, place, now)}</span>
        </h3>
        <p>
          <b>Instead:</b> {proposal.resource_name}, {periodOf(proposal, proposal.time_zone, now)}
        </p>
        <p class="break">
          <b>{requester_name}</b>
          {purpose && `: ${purpose}`}
        </p>
        <p class="quiet">Asked {agoOf(proposal.proposed_at, zone, now)}. The old time is kept until then.</p>
        <Rivals title="In the way" rivals={conflicts} zone={proposal.time_zone} now={now} kind="no" />
        {wrong && wrong.reason === undefined && <p class="alert" role="alert">{wrong.message}</p>}
      </div>
      {change.may_decide
        ? <Answers change={change} wrong={wrong?.reason !== undefined ? wrong : undefined} />
        : <p class="quiet answers">Somebody else decides on it.</p>}
    </article>
  );
}

function Answers({ change, wrong }: { change: PendingChange; wrong?: Refusal }) {
  const { proposal, requester_name, reference } = change;
  const path = reservationPath(reference);
  const swap = (verb: string) => ({
    "hx-post": `${path}/${verb}`,
    "hx-target": `#change-${proposal.id}`,
    "hx-swap": "outerHTML",
  });
  const which = <input type="hidden" name="change" value={proposal.id} />;
  return (
    <div class="answers">
      <form method="post" action={`${path}/approve`} {...swap("approve")}>
        {which}
        <button type="submit" data-key="a" class={change.conflicts.length > 0 ? "second" : undefined}>
          Approve the change
        </button>
      </form>
      {change.conflicts.length > 0 && (
        <a class="button second" data-key="b" href={`${path}/override?change=${proposal.id}`}>
          Approve and bump …
        </a>
      )}{" "}
      <details open={Boolean(wrong)}>
        <summary class="button second" data-key="d">Deny the change …</summary>
        <form method="post" action={`${path}/deny`} {...swap("deny")}>
          {which}
          <ReasonField id={`why-${proposal.id}`} label={`Reason, for ${requester_name}`} wrong={wrong} />
          <button class="danger" type="submit">Deny the change</button>
        </form>
      </details>
    </div>
  );
}

/** What htmx swaps after a decision on a change: what was decided, and the number in the menu. */
export function DecidedChange(
  { id, reference, text, waiting }: { id: string; reference: string; text: string; waiting: number },
) {
  return (
    <>
      <article class="request" id={`change-${id}`} tabindex={0}>
        <div>
          <a href={reservationPath(reference)}>{reference}</a>
        </div>
        <p class="answers decided" role="status">{text}</p>
      </article>
      <hx-partial hx-target="#waiting" hx-swap="outerHTML">
        <WaitingCount waiting={waiting} />
      </hx-partial>
    </>
  );
}

interface AskedProps {
  reservation: Reservation;
  proposal: Proposal;
  /** Whether the viewer may take it back. */
  withdraws: boolean;
  decides: boolean;
  now: Temporal.Instant;
}

/** On the reservation's page: what is asked for instead, and that the slot is kept until it is decided. */
export function AskedChange({ reservation, proposal, withdraws, decides, now }: AskedProps) {
  const path = reservationPath(reservation.reference);
  return (
    <section class="callout asked" aria-label="Change asked for">
      <p>
        <b>Asked for instead:</b> {proposal.resource_name},{" "}
        {periodOf(proposal, proposal.time_zone, now)}. An approver decides on it; the present time is kept
        until then.
      </p>
      <div class="actions">
        {decides && <a class="button" href={`/approvals#change-${proposal.id}`}>Decide</a>}{" "}
        {withdraws && (
          <form method="post" action={`${path}/withdraw_change`}>
            <input type="hidden" name="change" value={proposal.id} />
            <button class="second" type="submit">Withdraw the change</button>
          </form>
        )}
      </div>
    </section>
  );
}
