import type { Pending, Rival } from "../domain/approvals.ts";
import { type Actor, may } from "../domain/permissions.ts";
import { allows, statusAt } from "../domain/transitions.ts";
import { Empty, Pager, StatusMark } from "./bits.tsx";
import { WaitingCount } from "./layout.tsx";
import { agoOf, count, periodOf, reservationPath } from "./words.ts";

interface QueueProps {
  requests: readonly Pending[];
  viewer: Actor;
  waiting: number;
  now: Temporal.Instant;
  back?: string;
  next?: string;
  /** The request whose last answer was refused, and why. */
  wrong?: Wrong & { id: string };
}

/** Why an answer was refused. */
export interface Wrong {
  message: string;
  /** The reason as it was typed, where it is what is wrong. */
  reason?: string;
}

/** What waits for a decision, soonest first. */
export function ApprovalsPage({ requests, viewer, waiting, now, back, next, wrong }: QueueProps) {
  return (
    <>
      <div class="head">
        <h1>Approvals</h1>
        <p class="quiet">{count(waiting, "request waits", "requests wait")}</p>
      </div>
      {requests.length === 0
        ? (
          <Empty title="Nothing waits for a decision">
            <p>
              New requests appear here, soonest first. Meanwhile: <a href="/schedule">the schedule</a>.
            </p>
          </Empty>
        )
        : (
          <>
            <p class="hint keys">
              With the keyboard: <kbd>j</kbd> <kbd>k</kbd> move, <kbd>a</kbd> approves, <kbd>d</kbd> denies
            </p>
            <div id="queue">
              {requests.map((request) => (
                <PendingRow
                  request={request}
                  viewer={viewer}
                  now={now}
                  wrong={wrong?.id === request.id ? wrong : undefined}
                />
              ))}
            </div>
          </>
        )}
      <Pager back={back} next={next} />
    </>
  );
}

interface RowProps {
  request: Pending;
  viewer: Actor;
  now: Temporal.Instant;
  /** What went wrong with the last click. */
  wrong?: Wrong;
}

/** One request: who, what, when, why, what it conflicts with and who competes; and the two answers. */
export function PendingRow({ request, viewer, now, wrong }: RowProps) {
  const { resources, conflicts, competitors } = request;
  const zone = resources[0]?.time_zone ?? viewer.time_zone;
  const open = allows(request, "approve", now);
  const beside = open && wrong?.reason !== undefined;
  return (
    <article class="request" id={`request-${request.id}`} tabindex={0} aria-labelledby={`what-${request.id}`}>
      <div>
        <h2 id={`what-${request.id}`}>
          <a href={reservationPath(request.reference)}>
            {resources.map((r) =>
              r.name
            ).join(", ")}
          </a>{" "}
          <span>{periodOf(request, zone, now)}</span>
        </h2>
        <p class="break">
          <b>{request.requester_name}</b>
          {request.purpose ? `: ${request.purpose}` : <span class="quiet">gives no purpose</span>}
        </p>
        <p class="quiet">Asked {agoOf(request.created_at, viewer.time_zone, now)}</p>
        <Rivals title="In the way" rivals={conflicts} zone={zone} now={now} kind="no" />
        <Rivals title="Also wanted by" rivals={competitors} zone={zone} now={now} kind="maybe" />
        {wrong && !beside && <p class="alert" role="alert">{wrong.message}</p>}
      </div>
      {open
        ? <Answers {...{ request, viewer, now }} wrong={beside ? wrong : undefined} />
        : <Decided request={request} now={now} />}
    </article>
  );
}

/** What htmx swaps after a decision: the row, and the number in the menu. */
export function DecidedRow({ waiting, ...row }: RowProps & { waiting: number }) {
  return (
    <>
      <PendingRow {...row} />
      <hx-partial hx-target="#waiting" hx-swap="outerHTML">
        <WaitingCount waiting={waiting} />
      </hx-partial>
    </>
  );
}

function Rivals(
  { title, rivals, zone, now, kind }: {
    title: string;
    rivals: readonly Rival[];
    zone: string;
    now: Temporal.Instant;
    kind: string;
  },
) {
  if (rivals.length === 0) return null;
  return (
    <div class={`rivals ${kind}`}>
      <h3>{title}</h3>
      <ul>
        {rivals.map((rival) => (
          <li>
            {rival.reference
              ? <a href={reservationPath(rival.reference)}>{rival.requester_name}</a>
              : <b>{rival.resource_name} is closed</b>}
            {`, ${periodOf(rival, zone, now)}`} {rival.purpose && <q class="reason break">{rival.purpose}</q>}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Answers({ request, viewer, wrong }: RowProps) {
  if (!may(viewer, "decide", request.requester_id)) {
    return <p class="quiet answers">Your own request: somebody else decides on it.</p>;
  }
  const path = reservationPath(request.reference);
  const swap = (verb: string) => ({
    "hx-post": `${path}/${verb}`,
    "hx-target": `#request-${request.id}`,
    "hx-swap": "outerHTML",
  });
  const field = `reason-${request.id}`;
  const blocked = request.conflicts.length > 0;
  return (
    <div class="answers">
      <form method="post" action={`${path}/approve`} {...swap("approve")}>
        <button type="submit" data-key="a" class={blocked ? "second" : undefined}>Approve</button>
      </form>
      <details open={Boolean(wrong)}>
        <summary class="button second" data-key="d">Deny …</summary>
        <form method="post" action={`${path}/deny`} {...swap("deny")}>
          <label for={field}>Reason, for {request.requester_name}</label>
          <input
            id={field}
            name="reason"
            value={wrong?.reason ?? ""}
            required
            maxlength={500}
            aria-invalid={wrong && "true"}
            aria-describedby={wrong && `${field}-error`}
            autofocus={wrong && true}
          />
          {wrong && <p class="error" id={`${field}-error`}>{wrong.message}</p>}
          <button class="danger" type="submit">Deny</button>
        </form>
      </details>
    </div>
  );
}

function Decided({ request, now }: { request: Pending; now: Temporal.Instant }) {
  const by = request.decided_by_name && request.decided_at ? ` by ${request.decided_by_name}` : "";
  return (
    <div class="answers decided" role="status">
      <StatusMark status={statusAt(request, now)} />
      <p class="quiet">
        {by && `Decided${by}`}{" "}
        {request.decision_reason && <q class="reason break">{request.decision_reason}</q>}
      </p>
    </div>
  );
}
