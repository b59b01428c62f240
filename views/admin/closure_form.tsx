import { WEEKDAYS } from "../../domain/opening.ts";
import type { Reservation } from "../../domain/reservations.ts";
import { Field, FormError, Select } from "../fields.tsx";
import { count } from "../words.ts";
import { ReservationRows } from "./closures.tsx";

type Values = Record<string, string | undefined>;

interface FormProps {
  values: Values;
  chosen: readonly string[];
  weekdays: readonly string[];
  /** Those that are chosen come first. */
  resources: readonly { id: string; name: string; kind: string }[];
  errors: Record<string, string>;
  message?: string;
}

/** Making a closure. */
export function ClosureFormPage(props: FormProps) {
  const { values, errors, message } = props;
  return (
    <section class="narrow">
      <h1>Add a closure</h1>
      <form method="post" action="/admin/closures" class="card">
        <FormError message={message} />
        <Field
          name="reason"
          label="Why"
          value={values.reason}
          error={errors.reason}
          maxlength={500}
          hint="Everybody reads it: “The floor is being sanded”"
          required
        />
        <What {...props} />
        <fieldset>
          <legend>
            When <span class="quiet">(by the clock of each resource, also if its time zone is changed)</span>
          </legend>
          <Moment from values={values} errors={errors} />
          <Moment values={values} errors={errors} />
        </fieldset>
        <Repetition {...props} />
        <p class="actions">
          <button type="submit">Close it</button>
          <a href="/admin/closures">Leave it</a>
        </p>
        <p class="hint">Where reservations are in the way, you are asked what becomes of them.</p>
      </form>
    </section>
  );
}

function What({ values, chosen, resources, errors }: FormProps) {
  const all = values.what === "all";
  return (
    <fieldset aria-describedby={errors.resources && "f-resources-error"}>
      <legend>What</legend>
      <label class="option">
        <input type="radio" name="what" value="all" checked={all} /> Everything, also what is added later
      </label>
      <label class="option">
        <input type="radio" name="what" value="some" checked={!all} /> These resources:
      </label>
      <div class="choices">
        {resources.map(({ id, name, kind }) => (
          <label class="option">
            <input type="checkbox" name="resources" value={id} checked={chosen.includes(id)} /> {name}{" "}
            <span class="quiet">{kind}</span>
          </label>
        ))}
        {resources.length === 0 && <p class="quiet">There are none yet.</p>}
      </div>
      {errors.resources && <p class="error" id="f-resources-error">{errors.resources}</p>}
    </fieldset>
  );
}

// As text, so that 24:00 can be said: a whole day is 00:00 to 24:00.
function Moment({ from = false, values, errors }: { from?: boolean } & Pick<FormProps, "values" | "errors">) {
  const [date, time] = from ? ["date", "start"] : ["end_date", "end"];
  const wrong = [date, time].filter((name) => errors[name]);
  return (
    <div class="moment">
      <Field
        name={date}
        label={from ? "From" : "Until"}
        type="date"
        value={from ? values.date : values.end_date || values.date}
        error={errors[date]}
        errorElsewhere
        required={from}
      />
      <Field
        name={time}
        label="Time"
        value={values[time]}
        error={errors[time]}
        errorElsewhere
        inputmode="numeric"
        pattern="[0-9]{1,2}:[0-9]{2}"
        title="Hours and minutes, up to 24:00"
        placeholder={from ? "00:00" : "24:00"}
        required
      />
      {wrong.map((name) => <p class="error" id={`f-${name}-error`}>{errors[name]}</p>)}
    </div>
  );
}

const FREQUENCIES = [
  { value: "never", label: "Never" },
  { value: "daily", label: "Every day" },
  { value: "weekly", label: "Every week" },
  { value: "yearly", label: "Every year" },
];

function Repetition({ values, weekdays, errors }: FormProps) {
  return (
    <>
      <Select
        name="repeats"
        label="Repeats"
        value={values.repeats}
        error={errors.repeats}
        choices={FREQUENCIES}
      />
      <details open={Boolean(values.repeats && values.repeats !== "never")}>
        <summary>On which days, and how long</summary>
        <fieldset aria-describedby={errors.weekdays && "f-weekdays-error"}>
          <legend>
            Weekdays <span class="quiet">(every week)</span>
          </legend>
          {WEEKDAYS.map((name, index) => (
            <label class="option">
              <input
                type="checkbox"
                name="weekdays"
                value={String(index + 1)}
                checked={weekdays.includes(String(index + 1))}
              />{" "}
              {name}
            </label>
          ))}
          {errors.weekdays && <p class="error" id="f-weekdays-error">{errors.weekdays}</p>}
        </fieldset>
        <div class="pair">
          <Field name="until" label="Last date" type="date" value={values.until} error={errors.until} />
          <Field
            name="count"
            label="Or so many times"
            type="number"
            min={1}
            max={400}
            value={values.count}
            error={errors.count}
          />
        </div>
      </details>
    </>
  );
}

interface ConfirmProps extends Pick<FormProps, "values" | "chosen" | "weekdays"> {
  affected: readonly Reservation[];
  message: string;
  zone: string;
  now: Temporal.Instant;
}

const KEPT = ["reason", "what", "date", "start", "end_date", "end", "repeats", "until", "count"];
const FATES = [
  ["leave", "Leave them: the closure takes what is free around them"],
  ["cancel", "Cancel them, and tell whose they are why"],
  ["move", "Move them: to a like resource at the same time, or to the nearest time that is free"],
] as const;

/** Before a closure over reservations: which they are, and what is to become of them. */
export function ClosureConfirmPage(props: ConfirmProps) {
  const { values, chosen, weekdays, affected, message, zone, now } = props;
  return (
    <section class="narrow">
      <h1>{count(affected.length, "reservation is", "reservations are")} in the way</h1>
      <p class="alert" role="alert">{message}.</p>
      <ReservationRows reservations={affected} zone={zone} now={now} />
      <form method="post" action="/admin/closures" class="card">
        {KEPT.map((name) => <input type="hidden" name={name} value={values[name] ?? ""} />)}
        {chosen.map((id) => <input type="hidden" name="resources" value={id} />)}
        {weekdays.map((day) => <input type="hidden" name="weekdays" value={day} />)}
        <input type="hidden" name="seen" value={affected.map(({ id }) => id).join(" ")} />
        <fieldset>
          <legend>What becomes of them</legend>
          {FATES.map(([value, words], index) => (
            <label class="option">
              <input
                type="radio"
                name="reservations"
                value={value}
                checked={values.reservations ? values.reservations === value : index === 0}
              />{" "}
              {words}
            </label>
          ))}
        </fieldset>
        <p class="hint">What cannot be moved, and what runs already, is left and listed.</p>
        <p class="actions">
          <button type="submit">Close it</button>
          <button class="second" type="submit" name="back" value="1">Change the closure</button>
          <a href="/admin/closures">Leave it</a>
        </p>
      </form>
    </section>
  );
}
