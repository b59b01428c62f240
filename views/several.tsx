import type { Outcome } from "../domain/several.ts";
import { countedName } from "../domain/quantities.ts";
import { Empty } from "./bits.tsx";
import { count, periodOf, reservationPath } from "./words.ts";

/** What became of several requests that were decided together: of each, or why not. */
export function SeveralPage(
  { verb, outcomes, now }: { verb: "approve" | "deny"; outcomes: readonly Outcome[]; now: Temporal.Instant },
) {
  const failed = outcomes.filter((outcome) => outcome.why);
  const done = verb === "approve" ? "approved" : "denied";
  return (
    <section class="narrow">
      <h1>
        {count(outcomes.length - failed.length, "request")} {done}
        {failed.length > 0 && `, ${failed.length} not`}
      </h1>
      {outcomes.length === 0
        ? <Empty title="None of these requests was found" />
        : (
          <ul class="rows card several">
            {[...failed, ...outcomes.filter((outcome) => !outcome.why)].map((outcome) => (
              <Line outcome={outcome} done={done} now={now} />
            ))}
          </ul>
        )}
      <p class="actions">
        <a class="button" href="/approvals">Back to the queue</a>
      </p>
    </section>
  );
}

function Line({ outcome, done, now }: { outcome: Outcome; done: string; now: Temporal.Instant }) {
  const { request, why } = outcome;
  const zone = request.resources[0].time_zone;
  return (
    <li>
      <div>
        <a href={reservationPath(request.reference)}>{request.resources.map(countedName).join(", ")}</a>
        {`, ${periodOf(request, zone, now)}`}
        <p class="quiet break">
          {request.requester_name}
          {request.purpose && `: ${request.purpose}`}
        </p>
        {why && <p class="error">{`Not ${done}: ${why}`}</p>}
      </div>{" "}
      <span class={`status ${why ? "expired" : done}`}>
        {why ? `Not ${done}` : done === "approved" ? "Approved" : "Denied"}
      </span>
    </li>
  );
}

export interface SeveralProps {
  /** Which boxes are ticked. */
  ticked: readonly string[];
  /** What was refused of the last answer to several: of the reason, or of the whole. */
  wrong?: { reason: string; message?: string; form?: string };
}

/** The value that a request's box sends: which, and as it was looked at. */
export function tickOf({ id, version }: { id: string; version: number }): string {
  return `${id}:${version}`;
}

/** The answers to all requests whose boxes are ticked. The boxes stand with the requests and belong to this form. */
export function SeveralForm({ wrong, everything }: Omit<SeveralProps, "ticked"> & { everything: string }) {
  return (
    <form method="post" action="/approvals/several" id="several" class="several">
      {/* What the Enter key presses: without a reason it does nothing, where the first button would approve. */}
      <button type="submit" name="verb" value="deny" hidden>Deny those ticked</button>
      {wrong?.form && <p class="alert" role="alert">{wrong.form}</p>}
      <p>
        <b>Several at once:</b> tick them, or <a href={everything}>tick all</a>
      </p>
      <div class="actions">
        <button class="second" type="submit" name="verb" value="approve" formnovalidate>
          Approve those ticked
        </button>
        <details open={Boolean(wrong?.message)}>
          <summary class="button second">Deny those ticked …</summary>
          <div class="field">
            <label for="several-reason">Reason, for all who asked</label>
            <input
              id="several-reason"
              name="reason"
              value={wrong?.reason ?? ""}
              required
              maxlength={500}
              aria-invalid={wrong?.message && "true"}
              aria-describedby={wrong?.message && "several-reason-error"}
              autofocus={Boolean(wrong?.message)}
            />
            {wrong?.message && <p class="error" id="several-reason-error">{wrong.message}</p>}
          </div>
          <button class="danger" type="submit" name="verb" value="deny">Deny those ticked</button>
        </details>
      </div>
    </form>
  );
}
