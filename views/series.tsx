import { type Actor, may } from "../domain/permissions.ts";
import { countedName } from "../domain/quantities.ts";
import { recurrenceInWords } from "../domain/recurrence.ts";
import type { Series, SeriesDate } from "../domain/series.ts";
import type { PlannedDate } from "../domain/series_plan.ts";
import { allows, statusAt } from "../domain/transitions.ts";
import { StatusMark } from "./bits.tsx";
import { FormError } from "./fields.tsx";
import { tickOf } from "./several.tsx";
import { count, dayOf, longDate, periodOf, reservationPath, timeOf } from "./words.ts";

const sentence = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);
const wallWords = (wall: string) => {
  const at = Temporal.PlainDateTime.from(wall);
  return `${longDate(at.toPlainDate())}, ${at.toPlainTime().toString({ smallestUnit: "minute" })}`;
};

// As the dates are told that can be had.
const shortWall = (wall: string, now: Temporal.Instant) => {
  const at = Temporal.PlainDateTime.from(wall).toZonedDateTime("UTC").toInstant();
  return `${dayOf(at, "UTC", now)}, ${timeOf(at, "UTC")}`;
};

interface PreviewProps {
  dates: readonly PlannedDate[];
  words: string;
  zone: string;
  /** What each date would have. */
  resources: readonly { name: string; quantity: number }[];
  /** The form as it was filled in. */
  values: Record<string, string | undefined>;
  message?: string;
  now: Temporal.Instant;
}

const MODES = [
  ["skip", "Leave them out: they are kept with the reason, and can be added later"],
  ["move", "Move each to the nearest time of its day; what cannot be moved is left out"],
  ["all_or_nothing", "Reserve nothing, unless every date can be had"],
] as const;

/** Every date of a series before anything is stored: which can be had, which not and why. */
export function SeriesPreviewPage({ dates, words, zone, resources, values, message, now }: PreviewProps) {
  const had = dates.filter(({ period }) => period).length;
  const troubled = dates.some(({ problems }) => problems.length > 0);
  const mode = values.mode ?? "skip";
  const deciding = dates.find(({ needs_approval }) => needs_approval)?.needs_approval;
  const kept = Object.entries(values).filter(([name, value]) => name !== "mode" && name !== "take" && value);
  const back = new URLSearchParams(kept as [string, string][]);
  return (
    <section class="narrow">
      <h1 class="break">{count(dates.length, "date")} of {resources.map(countedName).join(", ")}</h1>
      <p>
        {sentence(words)} <span class="quiet">({zone} time)</span>
      </p>
      <FormError message={message} />
      {deciding && <p>An approver decides on it: {deciding}.</p>}
      <form method="post" action="/series" class="card">
        {kept.map(([name, value]) => <input type="hidden" name={name} value={value} />)}
        {troubled && (
          <fieldset>
            <legend>What becomes of dates that cannot be had</legend>
            {MODES.map(([value, label]) => (
              <label class="option">
                <input type="radio" name="mode" value={value} checked={mode === value} /> {label}
              </label>
            ))}
          </fieldset>
        )}
        <p class="actions">
          {(had > 0 || troubled) && (
            <button type="submit">
              {mode === "all_or_nothing" && troubled ? "Reserve" : `Reserve ${count(had, "date")}`}
            </button>
          )} {troubled && (
            <button class="second" type="submit" formmethod="get" formaction="/series/new">
              Look again with this choice
            </button>
          )} <a href={`/reservations/new?${back}`}>Change it</a>
        </p>
      </form>
      <ol class="rows card">
        {dates.map((date) => (
          <li>
            <div>
              {date.period ? periodOf(date.period, zone, now) : shortWall(`${date.start_wall}`, now)}
              {date.problems.map((problem) => <p class="error break">{problem}</p>)}
            </div>{" "}
            <span class={`status ${date.period ? date.moved ? "pending" : "approved" : "expired"}`}>
              {date.period ? date.moved ? "Moved" : "Free" : "Not to be had"}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

interface SeriesProps {
  series: Series;
  viewer: Actor;
  now: Temporal.Instant;
  /** The date from which somebody came. */
  chosen?: string;
  refused?: {
    verb: "change" | "cancel" | "add";
    message: string;
    values: Record<string, string | undefined>;
  };
}

/** One series: its rule in words, its dates, those that were left out, and what can be done with all of them. */
export function SeriesPage(props: SeriesProps) {
  const { series, viewer, now, refused } = props;
  const { rule, start_wall, end_wall, time_zone, dates, resources, purpose } = series;
  const first = Temporal.PlainDateTime.from(start_wall);
  const clock = (wall: string) => wall.slice(11);
  const open = dates.filter((date) =>
    allows(date, "cancel", now) && Temporal.Instant.compare(date.start_time, now) > 0
  );
  const mine = viewer.id === series.requester_id;
  const pending = open.filter(({ status }) => status === "pending");
  return (
    <section class="narrow">
      <h1 class="break">{purpose || resources.map(({ name }) => name).join(", ")}</h1>
      <p>
        {sentence(recurrenceInWords(rule, first.toPlainDate()))}, {clock(start_wall)}–{clock(end_wall)}{" "}
        <span class="quiet">({time_zone} time)</span>
      </p>
      <FormError message={refused?.message} />
      <p>
        {resources.map(({ id, name, quantity }, i) => (
          <>
            {i > 0 && ", "}
            {quantity > 1 && `${quantity} × `}
            <a href={`/resources/${id}`}>{name}</a>
          </>
        ))}
        {!mine && `, for ${series.requester_name}`}
        {open.length > 0 ? `. ${count(open.length, "date")} ahead.` : ". No date ahead."}
      </p>
      {may(viewer, "see_queue") && !mine && pending.length > 0 && <Decide pending={pending} />}
      <h2>Dates</h2>
      <ol class="rows card">
        {dates.map((date) => (
          <li>
            <a href={reservationPath(date.reference)}>{periodOf(date, time_zone, now)}</a>{" "}
            <StatusMark status={statusAt(date, now)} />
          </li>
        ))}
      </ol>
      {series.skips.length > 0 && <Skips {...props} />}
      {open.length > 0 && may(viewer, "edit_reservation", series.requester_id) && (
        <Changes {...props} open={open} />
      )}
    </section>
  );
}

function Skips({ series, viewer }: SeriesProps) {
  return (
    <>
      <h2>Left out</h2>
      <ul class="rows card">
        {series.skips.map(({ start_wall, reason }) => (
          <li>
            <div>
              {wallWords(start_wall)}
              <p class="quiet break">{reason}</p>
            </div>{" "}
            {may(viewer, "edit_reservation", series.requester_id) && (
              <form method="post" action={`/series/${series.id}/add`}>
                <button class="second" type="submit" name="start_wall" value={start_wall}>
                  Add it<span class="v">{` ${wallWords(start_wall)}`}</span>
                </button>
              </form>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

/** As many as are decided together. */
const DECIDED_AT_ONCE = 50;

// The same answer to all that wait, by the form that the queue has for several.
function Decide({ pending }: { pending: readonly SeriesDate[] }) {
  const those = pending.slice(0, DECIDED_AT_ONCE);
  const words = those.length < pending.length
    ? `the first ${those.length} of ${pending.length}`
    : count(those.length, "date");
  return (
    <form method="post" action="/approvals/several" class="card">
      {those.map((date) => <input type="hidden" name="tick" value={tickOf(date)} />)}
      <label for="series-reason">Reason, where it is denied</label>
      <p>
        <input id="series-reason" name="reason" maxlength={500} />
      </p>
      <p class="actions">
        <button type="submit" name="verb" value="approve">Approve {words}</button>{" "}
        <button class="danger" type="submit" name="verb" value="deny">Deny {words}</button>
      </p>
    </form>
  );
}

type ChangesProps = SeriesProps & { open: readonly SeriesDate[] };

function Changes(props: ChangesProps) {
  const { series, viewer, refused } = props;
  const typed = refused?.verb === "change" ? refused.values : {};
  const path = `/series/${series.id}`;
  const clock = (wall: string) => wall.slice(11);
  return (
    <div class="actions">
      <details open={refused?.verb === "change"}>
        <summary class="button second">Change …</summary>
        <form method="post" action={`${path}/change`} class="card">
          <Which
            {...props}
            of="change"
            scopes={[["all", "All that lie ahead"], ["following", "This and the following"]]}
          />
          <div class="field">
            <label for="change-start">Begins</label>
            <input
              id="change-start"
              name="start"
              type="time"
              value={typed.start ?? clock(series.start_wall)}
              required
            />
          </div>
          <div class="field">
            <label for="change-end">Ends</label>
            <input
              id="change-end"
              name="end"
              type="time"
              value={typed.end ?? clock(series.end_wall)}
              required
            />
          </div>
          <div class="field">
            <label for="change-purpose">What for</label>
            <input
              id="change-purpose"
              name="purpose"
              maxlength={500}
              value={typed.purpose ?? series.purpose}
            />
          </div>
          <p class="hint">A date that was moved by itself keeps its time. All of them change, or none.</p>
          <button type="submit">Save the change</button>
        </form>
      </details>
      <details open={refused?.verb === "cancel"}>
        <summary class="button danger">Cancel …</summary>
        <form method="post" action={`${path}/cancel`} class="card">
          <Which
            {...props}
            of="cancel"
            scopes={[
              ["all", "All that lie ahead"],
              ["following", "This and the following"],
              ["after", "Those after this: it no longer repeats"],
            ]}
          />
          {viewer.id !== series.requester_id && (
            <div class="field">
              <label for="cancel-reason">Reason, for {series.requester_name}</label>
              <input id="cancel-reason" name="reason" maxlength={500} />
            </div>
          )}
          <button class="danger" type="submit">Cancel these dates</button>
        </form>
      </details>
    </div>
  );
}

function Which(
  { series, open, chosen, now, refused, of, scopes }: ChangesProps & {
    of: "change" | "cancel";
    scopes: readonly (readonly [string, string])[];
  },
) {
  const typed = refused?.verb === of ? refused.values : {};
  const scope = typed.scope ?? (chosen ? "following" : "all");
  const date = typed.reservation_id ?? chosen;
  return (
    <>
      <div class="field">
        <label for={`${of}-scope`}>Which</label>
        <select id={`${of}-scope`} name="scope">
          {scopes.map(([value, words]) => <option value={value} selected={value === scope}>{words}</option>)}
        </select>
      </div>
      <div class="field">
        <label for={`${of}-date`}>This is</label>
        <select id={`${of}-date`} name="reservation_id">
          {open.map((one) => (
            <option value={one.id} selected={one.id === date}>{periodOf(one, series.time_zone, now)}</option>
          ))}
        </select>
      </div>
    </>
  );
}
