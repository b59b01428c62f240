import type { Actor } from "../domain/permissions.ts";
import { countedName } from "../domain/quantities.ts";
import type { Pending } from "../domain/queue.ts";
import { allows } from "../domain/transitions.ts";
import { tickOf } from "./several.tsx";
import { agoOf, count, longDate } from "./words.ts";

/** Requests in their order; the dates of one series together, where the first of them stands. */
export function bySeries(requests: readonly Pending[]): Pending[][] {
  return [...Map.groupBy(requests, ({ series_id, id }) => series_id ?? id).values()];
}

interface SeriesProps {
  /** Two or more dates of one series. */
  requests: readonly Pending[];
  viewer: Actor;
  now: Temporal.Instant;
  /** Whether its dates are shown one by one. */
  open: boolean;
  children?: unknown;
}

/** The dates of a series that wait, as one row: the same answer to all of them, or each by itself. */
export function PendingSeries({ requests, viewer, now, open, children }: SeriesProps) {
  const [first] = requests;
  const { series_id, resources, requester_name, purpose, created_at } = first;
  const zone = resources[0]?.time_zone ?? viewer.time_zone;
  const day = ({ start_time }: Pending) => longDate(start_time.toZonedDateTimeISO(zone).toPlainDate());
  const blocked = requests.filter(({ conflicts }) => conflicts.length > 0).length;
  const mine = requests.filter((request) =>
    request.may_decide && !request.question && allows(request, "approve", now)
  );
  return (
    <article class="request" id={`series-${series_id}`} tabindex={0} aria-labelledby={`what-${series_id}`}>
      <div>
        <h2 id={`what-${series_id}`}>
          <a href={`/series/${series_id}`}>{resources.map(countedName).join(", ")}</a>{" "}
          <span>{count(requests.length, "date")} of a series</span>
        </h2>
        <p class="break">
          <b>{requester_name}</b>
          {purpose ? `: ${purpose}` : <span class="quiet">gives no purpose</span>}
        </p>
        <p class="quiet">
          {day(first)} to {day(requests.at(-1)!)} · asked {agoOf(created_at, viewer.time_zone, now)}
        </p>
        {blocked > 0 && <p class="error">{count(blocked, "date")} cannot be had: something is in the way</p>}
      </div>
      {mine.length > 0 && <Answers requests={mine} id={series_id!} />}
      <details class="dates" open={open}>
        <summary>Each date by itself</summary>
        {children as string}
      </details>
    </article>
  );
}

function Answers({ requests, id }: { requests: readonly Pending[]; id: string }) {
  const [{ requester_name }] = requests;
  const which = requests.length === 1 ? "it" : `all ${requests.length}`;
  const ticks = requests.map((request) => <input type="hidden" name="tick" value={tickOf(request)} />);
  return (
    <div class="answers">
      <form method="post" action="/approvals/several">
        {ticks}
        <button type="submit" name="verb" value="approve" data-key="a">Approve {which}</button>
      </form>{" "}
      <details>
        <summary class="button second" data-key="d">Deny {which} …</summary>
        <form method="post" action="/approvals/several">
          {ticks}
          <label for={`reason-${id}`}>Reason, for {requester_name}</label>
          <input id={`reason-${id}`} name="reason" required maxlength={500} />
          <button class="danger" type="submit" name="verb" value="deny">Deny {which}</button>
        </form>
      </details>
    </div>
  );
}
