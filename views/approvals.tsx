import type { Pending, PendingChange, Rival } from "../domain/queue.ts";
import type { Actor } from "../domain/permissions.ts";
import { allows, statusAt } from "../domain/transitions.ts";
import { Empty, Pager, StatusMark } from "./bits.tsx";
import type { Refusal } from "./decisions.tsx";
import { FormError } from "./fields.tsx";
import { WaitingCount } from "./layout.tsx";
import { AskForm } from "./questions.tsx";
import { bySeries, PendingSeries } from "./pending_series.tsx";
import { ChangeList } from "./proposals.tsx";
import { SeveralForm, type SeveralProps, tickOf } from "./several.tsx";
import { agoOf, count, periodOf, reservationPath } from "./words.ts";

interface QueueProps {
  requests: readonly Pending[];
  viewer: Actor;
  waiting: number;
  /** Whether all that the viewer may decide is shown, not only what is theirs. */
  everyone: boolean;
  now: Temporal.Instant;
  back?: string;
  next?: string;
  /** The request whose last answer was refused, and why. */
  wrong?: Wrong & { id: string };
  several: SeveralProps;
  /** Those that wait for an answer; on the first page. */
  asked: readonly Pending[];
  /** Changes of what is approved; on the first page. */
  changes: readonly PendingChange[];
  /** The change whose last answer was refused, and why; it may be listed no more. */
  change?: Refusal & { id: string };
  /** The address of the same page with every box ticked. */
  everything: string;
}

/** Why an answer was refused. */
export interface Wrong {
  message: string;
  /** The reason as it was typed, where it is what is wrong. */
  reason?: string;
  /** The same of a question. */
  question?: string;
}

/** What waits for a decision: those of higher priority first, then the soonest. */
export function ApprovalsPage(props: QueueProps) {
  const { requests, viewer, waiting, everyone, now, back, next, wrong, several, everything, changes, asked } =
    props;
  const away = !changes.some(({ proposal }) => proposal.id === props.change?.id);
  return (
    <>
      <div class="head">
        <h1>Approvals</h1>
        <p class="actions">
          <span class="quiet">{count(waiting, "request waits", "requests wait")}</span>{" "}
          <a href="/check-in">Check people in</a>
        </p>
      </div>
      {viewer.role === "admin" && <Whose everyone={everyone} />}
      {away && <FormError message={props.change?.message} />}
      <ChangeList changes={changes} zone={viewer.time_zone} now={now} wrong={props.change} />
      {requests.length === 0
        ? changes.length + asked.length === 0 && (
          <Empty title="Nothing waits for a decision">
            <p>
              New requests appear here, soonest first. Meanwhile: <a href="/schedule">the schedule</a>.
            </p>
          </Empty>
        )
        : (
          <>
            <p class="hint keys">
              With the keyboard: <kbd>j</kbd> <kbd>k</kbd> move, <kbd>a</kbd> approves, <kbd>d</kbd> denies,
              {" "}
              <kbd>b</kbd> approves and bumps, <kbd>r</kbd> reschedules, <kbd>q</kbd> asks, <kbd>x</kbd> ticks
            </p>
            <SeveralForm wrong={several.wrong} everything={everything} />
            <div id="queue">
              {bySeries(requests).map((dates) => {
                const rows = dates.map((request) => (
                  <PendingRow
                    request={request}
                    viewer={viewer}
                    now={now}
                    wrong={wrong?.id === request.id ? wrong : undefined}
                    ticked={several.ticked.includes(tickOf(request))}
                  />
                ));
                if (dates.length === 1) return rows;
                const touched = dates.some((one) =>
                  one.id === wrong?.id || several.ticked.includes(tickOf(one))
                );
                return (
                  <PendingSeries requests={dates} viewer={viewer} now={now} open={touched}>
                    {rows}
                  </PendingSeries>
                );
              })}
            </div>
          </>
        )}
      {asked.length > 0 && (
        <section class="apart">
          <h2>{count(asked.length, "request waits", "requests wait")} for an answer</h2>
          {asked.map((request) => (
            <PendingRow
              request={request}
              viewer={viewer}
              now={now}
              wrong={wrong?.id === request.id ? wrong : undefined}
            />
          ))}
        </section>
      )}
      <Pager back={back} next={next} />
    </>
  );
}

// Only administrators may decide on more than what is theirs.
function Whose({ everyone }: { everyone: boolean }) {
  return (
    <nav class="tabs whose" aria-label="Which requests">
      <a href="/approvals" aria-current={everyone ? undefined : "page"}>Mine</a>{" "}
      <a href="/approvals?show=all" aria-current={everyone ? "page" : undefined}>All that I may decide</a>
    </nav>
  );
}

interface RowProps {
  request: Pending;
  viewer: Actor;
  now: Temporal.Instant;
  /** What went wrong with the last click. */
  wrong?: Wrong;
  ticked?: boolean;
}

/** One request: who, what, when, why, what it conflicts with and who competes; and the two answers. */
export function PendingRow({ request, viewer, now, wrong, ticked }: RowProps) {
  const { resources, conflicts, competitors } = request;
  const zone = resources[0]?.time_zone ?? viewer.time_zone;
  const open = allows(request, "approve", now);
  const beside = open && (wrong?.reason ?? wrong?.question) !== undefined;
  return (
    <article class="request" id={`request-${request.id}`} tabindex={0} aria-labelledby={`what-${request.id}`}>
      <div>
        {open && request.may_decide && !request.question && (
          <input
            type="checkbox"
            class="tick"
            name="tick"
            form="several"
            value={tickOf(request)}
            checked={ticked}
            data-key="x"
            aria-labelledby={`what-${request.id}`}
          />
        )}
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
        <p class="quiet">
          Asked {agoOf(request.created_at, viewer.time_zone, now)}
          {request.priority > 0 && (
            <>
              {" · "}
              <b>Priority {request.priority}</b>
            </>
          )}
        </p>
        {request.question && (
          <p class="quiet">
            Waits for an answer: <q class="reason break">{request.question}</q>
          </p>
        )}
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

/** Who else has or wants the time. */
export function Rivals(
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
            {rival.reference ? <a href={reservationPath(rival.reference)}>{rival.requester_name}</a> : (
              <b>
                {rival.resource_name} is {rival.offered ? "offered to somebody on the waitlist" : "closed"}
              </b>
            )}
            {`, ${periodOf(rival, zone, now)}`} {rival.purpose && <q class="reason break">{rival.purpose}</q>}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Answers({ request, viewer, wrong }: RowProps) {
  if (!request.may_decide) {
    return (
      <p class="quiet answers">
        {request.requester_id === viewer.id
          ? "Your own request: somebody else decides on it."
          : "Others are named to decide on it."}
      </p>
    );
  }
  const path = reservationPath(request.reference);
  const swap = (verb: string) => ({
    "hx-post": `${path}/${verb}`,
    "hx-target": `#request-${request.id}`,
    "hx-swap": "outerHTML",
  });
  const field = `reason-${request.id}`;
  const against = wrong?.reason === undefined ? undefined : wrong;
  const blocked = request.conflicts.length > 0;
  return (
    <div class="answers">
      <form method="post" action={`${path}/approve`} {...swap("approve")}>
        <Version request={request} />
        <button type="submit" data-key="a" class={blocked ? "second" : undefined}>Approve</button>
      </form>
      {blocked && <a class="button second" data-key="b" href={`${path}/override`}>Approve and bump …</a>}{" "}
      <a class="button second" data-key="r" href={`${path}/reschedule?back=/approvals`}>Reschedule …</a>{" "}
      {!request.question && (
        <AskForm
          id={request.id}
          path={path}
          requester_name={request.requester_name}
          wrong={wrong?.question === undefined ? undefined : { said: wrong.question, message: wrong.message }}
          hx={swap("ask")}
        />
      )}{" "}
      <details open={wrong?.reason !== undefined}>
        <summary class="button second" data-key="d">Deny …</summary>
        <form method="post" action={`${path}/deny`} {...swap("deny")}>
          <label for={field}>Reason, for {request.requester_name}</label>
          <input
            id={field}
            name="reason"
            value={against?.reason ?? ""}
            required
            maxlength={500}
            aria-invalid={against && "true"}
            aria-describedby={against && `${field}-error`}
            autofocus={against && true}
          />
          {against && <p class="error" id={`${field}-error`}>{against.message}</p>}
          <Version request={request} />
          <button class="danger" type="submit">Deny</button>
        </form>
      </details>
    </div>
  );
}

// What was looked at: where the request is another by now, it is not decided by what was seen before.
function Version({ request }: { request: Pending }) {
  return <input type="hidden" name="version" value={request.version} />;
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
