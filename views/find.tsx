import type { Found, Loosening, Slot } from "../domain/find.ts";
import type { Sought } from "../domain/wishes.ts";
import { Empty } from "./bits.tsx";
import { Field, Select } from "./fields.tsx";
import { count, dayOf, periodOf, timeOf } from "./words.ts";

interface FoundProps {
  /** What was typed, as it stands in the address. */
  typed: Record<string, string>;
  /** What was understood of it; undefined before anything is asked. */
  sought?: Sought;
  found?: Found;
  zone: string;
  now: Temporal.Instant;
}

interface FindProps extends FoundProps {
  today: Temporal.PlainDate;
  kinds: readonly string[];
  tags: readonly string[];
  errors: Record<string, string>;
}

/** What somebody needs, and the slots that would do. */
export function FindPage(props: FindProps) {
  return (
    <>
      <div class="head">
        <h1>Find me a slot</h1>
        <p class="actions">
          <a class="button second" href="/reservations/any">Any that will do</a>
        </p>
      </div>
      <FindForm {...props} />
      <section
        id="found"
        aria-live="polite"
        aria-label="Slots"
        hx-get="/find"
        hx-include="#find"
        hx-trigger="change from:#find delay:250ms"
        hx-sync="this:replace"
      >
        <FoundList {...props} />
      </section>
    </>
  );
}

const PART_CHOICES = [
  { value: "any", label: "Any time" },
  { value: "morning", label: "Morning" },
  { value: "afternoon", label: "Afternoon" },
  { value: "evening", label: "Evening" },
];

function FindForm({ typed, today, kinds, tags, errors }: FindProps) {
  const from = typed.from || String(today);
  const text = (name: string, label: string, more: Record<string, unknown> = {}) => (
    <Field name={name} label={label} value={typed[name]} error={errors[name]} {...more} />
  );
  const whole = { type: "number", min: 1, inputmode: "numeric" };
  return (
    <form method="get" action="/find" class="filters fields card" id="find" role="search">
      {text("minutes", "Minutes", { ...whole, value: typed.minutes ?? 60, list: "lengths" })}
      {text("attendees", "People", whole)}
      {text("tags", "With (tags)", { list: "tags", placeholder: "screen, video" })}
      <Select
        name="kind"
        label="Kind"
        value={typed.kind}
        error={errors.kind}
        choices={[{ value: "", label: "Any kind" }, ...kinds.map((kind) => ({ value: kind, label: kind }))]}
      />
      {text("from", "From", { type: "date", value: from, min: String(today) })}
      {text("to", "Until", { type: "date", value: typed.to || String(today.add({ days: 6 })) })}
      <Select
        name="part"
        label="When"
        value={typed.part ?? "any"}
        error={errors.part}
        choices={PART_CHOICES}
      />
      {text("near", "Near", { placeholder: "A place or a resource" })}
      <datalist id="lengths">{[15, 30, 45, 60, 90, 120, 240].map((n) => <option value={n} />)}</datalist>
      <datalist id="tags">{tags.map((tag) => <option value={tag} />)}</datalist>
      <div class="field">
        <button type="submit">Find</button>
      </div>
    </form>
  );
}

/** The slots that were found, or which wish to loosen. */
export function FoundList({ typed, sought, found, zone, now }: FoundProps) {
  if (!sought || !found) {
    return <p class="quiet">Say what you need: all resources are looked at, and your own rules are kept.</p>;
  }
  if (found.slots.length === 0) return <NothingFound {...{ typed, found, now }} />;
  return (
    <>
      <h2>{count(found.slots.length, "slot")}, the best first</h2>
      <ol class="rows card slots">
        {found.slots.map((slot) => <SlotRow slot={slot} sought={sought} zone={zone} now={now} />)}
      </ol>
    </>
  );
}

function SlotRow(
  { slot, sought, zone, now }: { slot: Slot; sought: Sought; zone: string; now: Temporal.Instant },
) {
  const good = slot.merits.filter(({ drawback }) => !drawback);
  const bad = slot.merits.filter(({ drawback }) => drawback);
  const when = periodOf(slot, slot.time_zone, now);
  return (
    <li>
      <div>
        <b>
          <a href={formPath(slot, sought)}>{when}</a>
        </b>{" "}
        <a href={`/resources/${slot.resource_id}`}>{slot.resource_name}</a>
        {slot.time_zone !== zone && <span class="quiet">{` ${slot.time_zone} time`}</span>}
        {good.length > 0 && <p class="good">{good.map(({ message }) => message).join(" · ")}</p>}
        {bad.length > 0 && <p class="quiet">But: {bad.map(({ message }) => message).join(" · ")}</p>}
      </div>
      {slot.asks
        ? (
          <a
            class="button second"
            href={formPath(slot, sought)}
            aria-label={`Reserve ${slot.resource_name}, ${when}`}
          >
            Reserve …
          </a>
        )
        : <TakeForm slot={slot} sought={sought} label={`${slot.resource_name}, ${when}`} />}
    </li>
  );
}

// One tap takes it, where nothing has to be filled in; should it be refused, the form comes up with what was wanted.
function TakeForm({ slot, sought, label }: { slot: Slot; sought: Sought; label: string }) {
  const verb = slot.needs_approval ? "Request" : "Reserve";
  return (
    <form method="post" action="/reservations">
      {Object.entries(fieldsOf(slot, sought)).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button type="submit" name="take" value={takeOf(slot)} aria-label={`${verb} ${label}`}>{verb}</button>
    </form>
  );
}

function NothingFound({ typed, found, now }: Pick<FoundProps, "typed" | "now"> & { found: Found }) {
  return (
    <Empty title="No slot does all of that">
      {found.quotas.map((message) => <p>{message}, and you have that.</p>)}
      {found.loosen.length > 0
        ? (
          <>
            <p>It would work</p>
            <ul class="plain">
              {found.loosen.map((one) => <LooserLine typed={typed} one={one} now={now} />)}
            </ul>
          </>
        )
        : (
          <p>
            No single wish stands in the way: ask for less of several, or look at the{" "}
            <a href="/schedule">schedule</a>.
          </p>
        )}
    </Empty>
  );
}

function LooserLine(
  { typed, one, now }: { typed: Record<string, string>; one: Loosening; now: Temporal.Instant },
) {
  const { message, change, slot } = one;
  const day = `${dayOf(slot.start_time, slot.time_zone, now)}, ${timeOf(slot.start_time, slot.time_zone)}`;
  return (
    <li>
      <a href={`/find?${new URLSearchParams({ ...typed, ...change })}`}>{message}</a>
      {`: ${slot.resource_name}, ${day}`}
    </li>
  );
}

const takeOf = ({ resource_id, start_time, end_time }: Slot) => `${resource_id} ${start_time} ${end_time}`;

function formPath(slot: Slot, sought: Sought): string {
  return `/reservations/new?${new URLSearchParams(fieldsOf(slot, sought))}`;
}

// A slot as the form has it, on the clock of its resource.
function fieldsOf({ resource_id, start_time, end_time, time_zone }: Slot, { attendees }: Sought) {
  const [from, to] = [start_time, end_time].map((instant) => instant.toZonedDateTimeISO(time_zone));
  const time = (at: Temporal.ZonedDateTime) => at.toPlainTime().toString({ smallestUnit: "minute" });
  return {
    resource: resource_id,
    date: String(from.toPlainDate()),
    start: time(from),
    ...(to.toPlainDate().equals(from.toPlainDate()) ? {} : { end_date: String(to.toPlainDate()) }),
    end: time(to),
    ...(attendees ? { attendees: String(attendees) } : {}),
  } as Record<string, string>;
}
