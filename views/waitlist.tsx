import { likeInWords } from "../domain/alike.ts";
import type { DeedEntry } from "../domain/history.ts";
import { type Actor, may } from "../domain/permissions.ts";
import { inWords } from "../domain/reasons.ts";
import { countedName } from "../domain/quantities.ts";
import type { Entry } from "../domain/waitlist_entries.ts";
import { Empty, Pager } from "./bits.tsx";
import { deedOf } from "./changes.ts";
import { Check, Field, FormError, TextArea } from "./fields.tsx";
import { Particulars, type ParticularsProps } from "./particulars.tsx";
import { Moment } from "./reserve.tsx";
import { agoOf, periodOf, timeOf, WAITLIST_WORDS } from "./words.ts";

interface ListProps {
  entries: readonly Entry[];
  viewer: Actor;
  now: Temporal.Instant;
  filter: { everybodys: boolean; resource: string; all: boolean };
  /** The resources to choose from, for those who see what everybody waits for. */
  choices: readonly { id: string; name: string }[];
  next?: string;
}

/** What one waits for, and what is offered; for staff what everybody does. */
export function WaitlistPage({ entries, viewer, now, filter, choices, next }: ListProps) {
  const offers = entries.filter(({ offer, requester_id }) => offer && requester_id === viewer.id);
  const others = entries.filter((entry) => !offers.includes(entry));
  const { everybodys, all } = filter;
  return (
    <>
      <div class="head">
        <h1>Waitlist</h1>
        <p class="actions">
          <a class="button" href="/find">Find me a slot</a>
        </p>
      </div>
      {offers.map((entry) => <OfferNotice entry={entry} viewer={viewer} now={now} />)}
      <Filter filter={filter} viewer={viewer} choices={choices} />
      {others.length > 0
        ? <EntryTable entries={others} viewer={viewer} now={now} everybodys={everybodys} />
        : (
          offers.length === 0 && (
            <Empty
              title={everybodys ? "Nobody waits" : all ? "You have never waited" : "You wait for nothing"}
            >
              <p>
                Where a time is taken that you want, its form lets you join the waitlist: when it comes free,
                it is offered to you and held for a while.
              </p>
            </Empty>
          )
        )}
      <Pager next={next} />
    </>
  );
}

function Filter({ filter, viewer, choices }: Pick<ListProps, "filter" | "viewer" | "choices">) {
  const { everybodys, resource, all } = filter;
  const to = (query: Record<string, string>) => `/waitlist?${new URLSearchParams(query)}`;
  const who: Record<string, string> = everybodys ? { who: "everybody" } : {};
  return (
    <form method="get" action="/waitlist" class="filters" role="search">
      <nav class="tabs" aria-label="Which entries">
        <a href={to(who)} aria-current={all ? undefined : "page"}>Waiting</a>{" "}
        <a href={to({ ...who, show: "all" })} aria-current={all ? "page" : undefined}>All</a>{" "}
        {may(viewer, "see_waitlist") && (
          <a href={everybodys ? "/waitlist" : to({ who: "everybody" })}>
            {everybodys ? "Only mine" : "Everybody’s"}
          </a>
        )}
      </nav>{" "}
      {everybodys && (
        <>
          <input type="hidden" name="who" value="everybody" />
          {all && <input type="hidden" name="show" value="all" />}
          <label class="inline">
            Resource{" "}
            <select name="resource">
              <option value="">Any</option>
              {choices.map(({ id, name }) => <option value={id} selected={id === resource}>{name}</option>)}
            </select>
          </label>{" "}
          <button class="second" type="submit">Show</button>
        </>
      )}
    </form>
  );
}

function EntryTable(
  { entries, viewer, now, everybodys }: Pick<ListProps, "entries" | "viewer" | "now"> & {
    everybodys: boolean;
  },
) {
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">What</th>
          <th scope="col">{everybodys ? "Who, for what" : "For"}</th>
          <th scope="col">Status</th>
          <th scope="col">
            <span class="v">Leave</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr>
            <td class="when">
              <a href={entryPath(entry)}>{wishOf(entry, viewer.time_zone, now)}</a>
            </td>
            <td>{namesOf(entry, "Any")}</td>
            <td class="break">
              {[everybodys && entry.requester_name, entry.purpose].filter(Boolean).join(": ")}
            </td>
            <td>
              <Standing entry={entry} viewer={viewer} />
            </td>
            <td>
              <LeaveForm entry={entry} viewer={viewer} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Where somebody stands: their place in the order, or what came of it. */
function Standing({ entry: { status, place, offer, bumped }, viewer }: { entry: Entry; viewer: Actor }) {
  const mark = { waiting: "pending", offered: "approved", accepted: "completed" }[status as string] ??
    "expired";
  const words = status === "waiting"
    ? place === 1 ? "First in order" : `Number ${place} in order`
    : offer
    ? `Offered until ${timeOf(offer.expires_at, viewer.time_zone)}`
    : WAITLIST_WORDS[status];
  return <span class={`status ${mark}`}>{words}{bumped && status === "waiting" && ", was bumped"}</span>;
}

/** What is offered to somebody, until when, and the two answers to it. */
export function OfferNotice({ entry, viewer, now }: { entry: Entry; viewer: Actor; now: Temporal.Instant }) {
  const { offer, requester_id, requester_name } = entry;
  if (!offer) return null;
  const zone = entry.resources[0]?.time_zone ?? viewer.time_zone;
  const mine = requester_id === viewer.id;
  const what = `${namesOf(entry)}, ${periodOf(offer, zone, now)}`;
  return (
    <section class="verdict yes offer" aria-label="Offer">
      <p>
        <b>{mine ? "It came free for you" : `It came free for ${requester_name}`}:</b>{" "}
        <a href={entryPath(entry)}>{what}</a>
        {zone !== viewer.time_zone && <span class="quiet">{` ${zone} time`}</span>}
        {entry.purpose && <q class="reason break">{entry.purpose}</q>}
      </p>
      <p>Held until {timeOf(offer.expires_at, viewer.time_zone)}; then it goes to whoever is next.</p>
      {may(viewer, "answer_offer", requester_id) && (
        <div class="actions">
          <Answer entry={entry} verb="accept" label="Accept" what={what} />{" "}
          <Answer entry={entry} verb="decline" label="Decline" what={what} />
        </div>
      )}
    </section>
  );
}

function Answer(
  { entry, verb, label, what }: { entry: Entry; verb: "accept" | "decline"; label: string; what: string },
) {
  return (
    <form method="post" action={`${entryPath(entry)}/${verb}`}>
      <input type="hidden" name="offer" value={entry.offer!.id} />
      <button type="submit" class={verb === "decline" ? "second" : undefined}>
        {label}
        <span class="v">{` ${what}`}</span>
      </button>
    </form>
  );
}

function LeaveForm({ entry, viewer }: { entry: Entry; viewer: Actor }) {
  const open = entry.status === "waiting" || entry.status === "offered";
  if (!open || !may(viewer, "leave_waitlist", entry.requester_id)) return null;
  return (
    <form method="post" action={`${entryPath(entry)}/leave`}>
      <button class="link" type="submit">
        {entry.requester_id === viewer.id ? "Leave" : "Take off"}
        <span class="v">{` the waitlist for ${namesOf(entry)}`}</span>
      </button>
    </form>
  );
}

interface EntryProps {
  entry: Entry;
  history: readonly DeedEntry[];
  viewer: Actor;
  now: Temporal.Instant;
  message?: string;
}

/** One entry: what is waited for, how it stands, what can be done, and what happened. */
export function EntryPage({ entry, history, viewer, now, message }: EntryProps) {
  const zone = entry.resources[0]?.time_zone ?? viewer.time_zone;
  return (
    <>
      <div class="head">
        <h1 class="break">Waiting for {namesOf(entry)}</h1>
        <Standing entry={entry} viewer={viewer} />
      </div>
      <FormError message={message} />
      <OfferNotice entry={entry} viewer={viewer} now={now} />
      <dl class="facts card">
        <Fact name="When">{wishOf(entry, zone, now)}</Fact>
        <Fact name="Who">{entry.requester_id === viewer.id ? "You" : entry.requester_name}</Fact>
        {entry.any_of && entry.resources.length > 0 && (
          <Fact name="Wanted">Any {likeInWords({ any_of: entry.any_of, attendees: entry.attendees })}</Fact>
        )}
        {entry.purpose && <Fact name="For">{entry.purpose}</Fact>}
        {entry.reservation_id && (
          <Fact name="What came of it">
            <a href={`/reservations/${entry.reservation_id}`}>The reservation</a>
          </Fact>
        )}
      </dl>
      <div class="actions">
        <LeaveForm entry={entry} viewer={viewer} /> <a href="/waitlist">The waitlist</a>
      </div>
      <section>
        <h2>History</h2>
        <ol class="history">
          {history.map(({ action, actor_id, actor_name, at }) => (
            <li>
              <b>{deedOf(action)}</b>{" "}
              <span class="quiet">
                {actor_id === viewer.id ? "You" : actor_id ? nameFor(viewer, actor_name) : "The clock"},{" "}
                <time datetime={at.toString()}>{agoOf(at, viewer.time_zone, now)}</time>
              </span>
            </li>
          ))}
        </ol>
      </section>
    </>
  );
}

const nameFor = (viewer: Actor, name: string | null) => may(viewer, "see_waitlist") ? name : "Staff";

function Fact({ name, children }: { name: string; children?: unknown }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="break">{children as string}</dd>
    </div>
  );
}

interface WaitProps {
  /** What is waited for, and by which clock. */
  what: { name: string; time_zone: string; units: number };
  /** Which of the values say so. */
  carried: readonly string[];
  values: Record<string, string | undefined>;
  errors: Record<string, string>;
  message?: string;
  particulars: Pick<ParticularsProps, "people" | "fields" | "attestations">;
}

/** Waiting for any slot of a length within a window. */
export function WaitPage({ what, carried, values, errors, message, particulars }: WaitProps) {
  return (
    <section class="narrow">
      <h1 class="break">Wait for {what.name}</h1>
      <p>
        For any time of this length between the two: the earliest that comes free whole is offered to you, and
        held for a while. Others who joined before you go first, and whoever was bumped.
      </p>
      <form method="post" action="/waitlist" class="card">
        <FormError message={message} />
        {carried.filter((name) => values[name]).map((name) => (
          <input type="hidden" name={name} value={values[name]} />
        ))}
        <Field
          name="minutes"
          label="For how many minutes"
          type="number"
          min={1}
          required
          value={values.minutes}
          error={errors.minutes}
        />
        {what.units > 1 && (
          <Field
            name="units"
            label="How many"
            type="number"
            min={1}
            max={what.units}
            value={values.units || "1"}
            error={errors.units}
          />
        )}
        <fieldset class="period">
          <legend>
            Between <span class="quiet">({what.time_zone} time)</span>
          </legend>
          <Moment from values={values} errors={errors} />
          <Moment values={values} errors={errors} />
        </fieldset>
        <TextArea name="purpose" label="What for" value={values.purpose} error={errors.purpose} rows={2} />
        <Particulars {...particulars} values={values} errors={errors} />
        <Check
          name="private"
          label="Private: others see only that it is taken"
          checked={values.private === "on"}
        />
        <p class="actions">
          <button type="submit">Join the waitlist</button>
        </p>
      </form>
    </section>
  );
}

/** What waits for somebody on the waitlist, in a sentence each: for the first page. */
export function WaitsFor({ entries, viewer, now }: Pick<ListProps, "entries" | "viewer" | "now">) {
  const waiting = entries.filter(({ offer }) => !offer);
  if (waiting.length === 0) return null;
  return (
    <section>
      <div class="head">
        <h2>I wait for</h2>
        <a href="/waitlist">The waitlist</a>
      </div>
      <ul class="rows card">
        {waiting.map((entry) => (
          <li>
            <div>
              <a href={entryPath(entry)}>{namesOf(entry, "Any")}</a> {wishOf(entry, viewer.time_zone, now)}
            </div>
            <Standing entry={entry} viewer={viewer} />
          </li>
        ))}
      </ul>
    </section>
  );
}

const entryPath = ({ id }: Entry) => `/waitlist/${id}`;

/** What it is for: the resources, or what any one of them has to be like, as long as it is not settled which. */
function namesOf({ resources, any_of, attendees }: Entry, any = "any"): string {
  if (resources.length > 0 || !any_of) return resources.map(countedName).join(", ");
  return `${any} ${likeInWords({ any_of, attendees })}`;
}

function wishOf(entry: Entry, zone: string, now: Temporal.Instant): string {
  const period = periodOf(entry, zone, now);
  return entry.minutes === null ? period : `${inWords(entry.minutes)} within ${period}`;
}
