import type { Alternative } from "../domain/alternatives.ts";
import type { InTheWay } from "../domain/availability.ts";
import type { FreeUnits } from "../domain/free_units.ts";
import type { Period } from "../domain/periods.ts";
import type { Reason } from "../domain/reasons.ts";
import { periodOf, timeOf } from "./words.ts";

/** What stands between a wish and its slot, as far as it is known. */
export interface Verdict {
  /** Undefined while the times are not complete. */
  wish?: Period;
  /** What could not be read, by field. */
  errors: Record<string, string>;
  reasons: readonly Reason[];
  conflicts: readonly InTheWay[];
  alternatives: readonly Alternative[];
  /** Of what there are several: how many are free. */
  free_units: readonly FreeUnits[];
  /** Why an approver decides on it. */
  needs_approval?: string;
}

/** Whether it can be had; if not, why not, and what could be had instead: one tap takes it. */
export function VerdictNotice(
  { verdict, resource, now, deciding, message, plain = false, waits = false }: {
    verdict: Verdict;
    resource: { id: string; time_zone: string };
    now: Temporal.Instant;
    deciding?: { requester_name: string; back: string };
    /** Why it was refused, where the time itself is free. */
    message?: string;
    /** Whether alternatives are only named, where there is nothing to take. */
    plain?: boolean;
    /** Whether one can wait for what is taken. */
    waits?: boolean;
  },
) {
  const { wish, errors, reasons, conflicts, alternatives, needs_approval, free_units } = verdict;
  const problems = Object.values(errors);
  if (problems.length > 0 || (!wish && alternatives.length > 0)) {
    return (
      <div class="verdict no">
        {problems.map((problem) => <p>{problem}</p>)}
        {alternatives.length > 0 && <Alternatives {...{ alternatives, resource, now, plain }} />}
      </div>
    );
  }
  if (!wish) return null;
  if (reasons.length === 0 && conflicts.length === 0) {
    if (message) return <p class="verdict no">{message}.</p>;
    return (
      <div class="verdict yes">
        <p>
          <b>Free.</b> {deciding
            ? "It moves as soon as you reschedule it."
            : needs_approval
            ? `An approver decides on it: ${needs_approval}.`
            : "It is yours as soon as you reserve it."}
        </p>
        <Left counts={free_units} />
      </div>
    );
  }
  return (
    <div class="verdict no">
      {reasons.map((reason) => <p>{reason.message}.</p>)}
      {conflicts.map((conflict) => <ConflictLine conflict={conflict} resource={resource} now={now} />)}
      <Left counts={free_units} />
      <Alternatives {...{ alternatives, resource, now, plain }} />
      {waits && reasons.length === 0 && conflicts.some(({ mine }) => !mine) && <WaitButtons />}
    </div>
  );
}

/** Waiting for what is taken. Of the form around it: what was typed goes along. */
export function WaitButtons() {
  return (
    <p class="instead">
      <button class="second" type="submit" formaction="/waitlist" formnovalidate>
        Join the waitlist for this time
      </button>{" "}
      <button class="second" type="submit" formmethod="get" formaction="/waitlist/new" formnovalidate>
        Or for any time that day …
      </button>
    </p>
  );
}

function Left({ counts }: { counts: readonly FreeUnits[] }) {
  return (
    <>
      {counts.map(({ name, units, free_units }) => <p>{free_units} of {units} {name} free then.</p>)}
    </>
  );
}

function ConflictLine(
  { conflict, resource, now }: {
    conflict: InTheWay;
    resource: { time_zone: string };
    now: Temporal.Instant;
  },
) {
  const { resource_name, part_name, whole_name } = conflict;
  const what = part_name ? `Part of ${resource_name}` : resource_name;
  if (conflict.closure_id) {
    return (
      <p class="break">
        <b>{what} is closed then:</b> {part_name && `${part_name}, `}
        {conflict.reason}, {periodOf(conflict, resource.time_zone, now)}
      </p>
    );
  }
  if (conflict.offered_until) {
    const until = timeOf(conflict.offered_until, resource.time_zone);
    return conflict.mine
      ? (
        <p>
          <b>{conflict.resource_name} is offered to you until {until}:</b> <a href="/waitlist">accept it</a>
        </p>
      )
      : (
        <p>
          <b>{conflict.resource_name} is offered to somebody on the waitlist</b> until {until},{" "}
          {periodOf(conflict, resource.time_zone, now)}
        </p>
      );
  }
  const who = conflict.mine ? "by you" : conflict.hidden ? "" : `by ${conflict.requester_name}`;
  const how = [part_name, whole_name && `all of ${whole_name}`].filter(Boolean).join(", ");
  return (
    <p>
      <b>{what} is taken {who}</b>
      {how && ` (${how})`}, {periodOf(conflict, resource.time_zone, now)}{" "}
      {conflict.purpose && <q class="reason break">{conflict.purpose}</q>}
    </p>
  );
}

/** Free slots in place of a wish, each a button of the form around it; or only named, where there is nothing to take. */
export function Alternatives(
  { alternatives, resource, now, plain = false }: {
    alternatives: readonly Alternative[];
    /** What is wished for, and by which clock. */
    resource: { id: string; time_zone: string };
    now: Temporal.Instant;
    plain?: boolean;
  },
) {
  const elsewhere = ({ time_zone }: Alternative) =>
    time_zone === resource.time_zone ? "" : ` (${time_zone} time)`;
  if (alternatives.length === 0) return <p>Nothing near that time is free: try another day.</p>;
  if (plain) {
    const named = alternatives.map((slot) =>
      `${slot.resource_id === resource.id ? "" : `${slot.resource_name} `}${
        periodOf(slot, slot.time_zone, now)
      }${elsewhere(slot)}`
    );
    return <p>Free instead: {named.join("; ")}</p>;
  }
  return (
    <>
      <p>Free instead, one tap takes it:</p>
      <div class="instead">
        {alternatives.map((slot) => (
          <>
            <button class="second" type="submit" name="take" value={takeValue(slot)} formnovalidate>
              {slot.resource_id !== resource.id && <b>{slot.resource_name}</b>}{" "}
              {periodOf(slot, slot.time_zone, now)}
              {elsewhere(slot)}
            </button>
            {" "}
          </>
        ))}
      </div>
    </>
  );
}

/** An alternative as a form carries it. */
export function takeValue({ resource_id, start_time, end_time }: Alternative): string {
  return `${resource_id} ${start_time} ${end_time}`;
}
