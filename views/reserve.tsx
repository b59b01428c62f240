import type { Accessory } from "../domain/accessories.ts";
import { Accessories, type Choices, Others, Together } from "./beside.tsx";
import { Check, Field, FormError, Select, TextArea } from "./fields.tsx";
import { Particulars, type ParticularsProps } from "./particulars.tsx";
import { Repeats } from "./repeats.tsx";
import { type Verdict, VerdictNotice } from "./verdict.tsx";

export interface ReserveProps {
  /** Where the form goes: a new reservation, or one that is changed. */
  action: string;
  /** Where the form as it stands can be looked at without storing anything. */
  check: string;
  changing?: { reference: string; path: string };
  /** Whose it is, where an approver moves it: a reason takes the place of the words, which are not the approver's. */
  deciding?: { requester_name: string; back: string };
  resource: { id: string; name: string; location: string; time_zone: string; kind: string; units: number };
  /** Resources of the same kind, to choose another, and whether there are more. */
  alike: Choices;
  /** Resources that can be had together with it; none where a reservation is changed. */
  together: Choices;
  /** What can be had with it. */
  accessories: readonly Accessory[];
  /** What the reservation that is changed has beside its first resource. */
  others: readonly { id: string; name: string }[];
  values: Record<string, string | undefined>;
  errors: Record<string, string>;
  message?: string;
  verdict: Verdict;
  /** What the policy asks beside the time; not where a reservation is changed. */
  particulars?: Pick<ParticularsProps, "people" | "fields" | "attestations">;
  /** Whether the viewer may set rules aside. */
  mayOverride?: boolean;
  /** Which of the two times the clock shows twice on that day. */
  twice: { start: boolean; end: boolean };
  now: Temporal.Instant;
  /** Whether one can wait for what is taken. */
  waits?: boolean;
}

/** Asking for a time, or changing one that was asked for. */
export function ReservePage(props: ReserveProps) {
  const { changing, deciding, resource } = props;
  const verb = deciding ? "Reschedule" : "Change";
  return (
    <section class="narrow">
      <h1>{changing ? `${verb} ${changing.reference}` : `Reserve ${resource.name}`}</h1>
      <ReserveForm {...props} />
    </section>
  );
}

function ReserveForm(props: ReserveProps) {
  const { action, check, changing, deciding, resource, alike, accessories, others, together } = props;
  const { values, errors, message, twice } = props;
  const choices = alike.choices.map(({ id, name }) => ({ value: id, label: name }));
  return (
    <form method="post" action={action} class="card" id="reserve">
      <FormError message={message} />
      <Select
        name="resource"
        label="Resource"
        value={resource.id}
        error={errors.resource}
        choices={choices}
        hint={resource.location || undefined}
      />
      {alike.more && (
        <p class="quiet">
          These are the nearest:{" "}
          <a href={`/resources?${new URLSearchParams({ kind: resource.kind })}`}>see all</a>
        </p>
      )}
      {resource.units > 1 && (
        <Field
          name="units"
          label={`How many, of ${resource.units}`}
          type="number"
          min={1}
          max={resource.units}
          value={values.units || "1"}
          error={errors.units}
          required
        />
      )}
      {others.length > 0 && <Others others={others} values={values} errors={errors} />}
      {(together.choices.length > 0 || values.beside) && (
        <Together together={together} find={check} values={values} errors={errors} />
      )}
      {accessories.length > 0 && <Accessories accessories={accessories} values={values} errors={errors} />}
      <fieldset class="period">
        <legend>
          When <span class="quiet">({resource.time_zone} time)</span>
        </legend>
        <Moment from {...props} />
        <Moment {...props} />
        {twice.start && <Which name="start_which" time={values.start} value={values.start_which} />}
        {twice.end && <Which name="end_which" time={values.end} value={values.end_which} />}
      </fieldset>
      <div
        id="verdict"
        aria-live="polite"
        hx-get={check}
        hx-include="#reserve"
        hx-trigger="change from:#reserve delay:250ms, input from:#reserve delay:600ms"
        hx-sync="this:replace"
      >
        <VerdictNotice {...props} verdict={{ ...props.verdict, errors: {} }} />
      </div>
      {!changing && <Repeats values={values} errors={errors} />}
      {deciding ? <Reason {...deciding} value={values.reason} error={errors.reason} /> : <Words {...props} />}
      <p class="actions">
        <button type="submit">{deciding ? "Reschedule" : changing ? "Save the change" : "Reserve"}</button>
        {" "}
        <button class="second noscript" type="submit" formmethod="get" formaction={check} formnovalidate>
          Check the time first
        </button>
        {changing && <a href={deciding?.back ?? changing.path}>Leave it as it is</a>}
      </p>
    </form>
  );
}

function Words(
  { values, errors, particulars, mayOverride }: Pick<
    ReserveProps,
    "values" | "errors" | "particulars" | "mayOverride"
  >,
) {
  return (
    <>
      <TextArea
        name="purpose"
        label="What for"
        value={values.purpose}
        error={errors.purpose}
        hint="A few words. Others who may see the schedule can read them."
        rows={2}
      />
      {particulars && <Particulars {...particulars} values={values} errors={errors} />}
      <Check
        name="private"
        label="Private: others see only that it is taken"
        checked={values.private === "on"}
      />
      {mayOverride && (
        <details open={Boolean(values.override)}>
          <summary>Set the rules aside</summary>
          <Field
            name="override"
            label="Why"
            value={values.override}
            error={errors.override}
            maxlength={500}
            hint="It is kept with the reservation. Nobody can set aside what is taken."
          />
        </details>
      )}
    </>
  );
}

function Reason(
  { requester_name, back, value, error }: {
    requester_name: string;
    back: string;
    value?: string;
    error?: string;
  },
) {
  return (
    <>
      <Field
        name="reason"
        label={`Reason, for ${requester_name}`}
        value={value}
        error={error}
        hint="The old time is kept until the new one is sure."
        maxlength={500}
      />
      <input type="hidden" name="back" value={back} />
    </>
  );
}

/** A date and a time side by side, with what is wrong with either below both. */
export function Moment(
  { from = false, values, errors }: { from?: boolean } & Pick<ReserveProps, "values" | "errors">,
) {
  const [date, time] = from ? ["date", "start"] : ["end_date", "end"];
  const day = from ? values.date : values.end_date || values.date;
  const wrong = [date, time].filter((name) => errors[name]);
  return (
    <div class="moment">
      <Field
        name={date}
        label={from ? "From" : "Until"}
        type="date"
        value={day}
        error={errors[date]}
        errorElsewhere
        required={from}
      />
      <Field
        name={time}
        label="Time"
        type="time"
        value={values[time]}
        error={errors[time]}
        errorElsewhere
        required
      />
      {wrong.map((name) => <p class="error" id={`f-${name}-error`}>{errors[name]}</p>)}
    </div>
  );
}

// The hour that the clock shows twice when it goes back: the person says which.
function Which({ name, time, value }: { name: string; time?: string; value?: string }) {
  return (
    <Select
      name={name}
      label={`${time} comes twice that night`}
      value={value ?? "earlier"}
      choices={[
        { value: "earlier", label: "The first, before the clocks go back" },
        { value: "later", label: "The second, after they went back" },
      ]}
    />
  );
}
