import { Field, Select } from "./fields.tsx";

const RHYTHMS = [
  { value: "", label: "Does not repeat" },
  { value: "daily", label: "By days" },
  { value: "weekly", label: "By weeks" },
  { value: "monthly", label: "By months" },
  { value: "yearly", label: "By years" },
];
const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const NTHS = [
  { value: "", label: "On the same day of the month" },
  { value: "1", label: "On the first of its weekday" },
  { value: "2", label: "On the second of its weekday" },
  { value: "3", label: "On the third of its weekday" },
  { value: "4", label: "On the fourth of its weekday" },
  { value: "5", label: "On the fifth of its weekday" },
  { value: "-1", label: "On the last of its weekday" },
];

/** How a reservation repeats, in plain controls: what is of no use for a rhythm is not looked at. */
export function Repeats(
  { values, errors }: { values: Record<string, string | undefined>; errors: Record<string, string> },
) {
  return (
    <details open={Boolean(values.repeats)}>
      <summary>Repeats</summary>
      <div class="pair">
        <Select
          name="repeats"
          label="How it repeats"
          value={values.repeats}
          error={errors.repeats ?? errors.frequency}
          choices={RHYTHMS}
        />
        <Field
          name="interval"
          label="Every so many"
          type="number"
          min={1}
          max={99}
          value={values.interval || "1"}
          error={errors.interval}
        />
      </div>
      <fieldset>
        <legend>
          On <span class="quiet">(by weeks; none ticked: the day of the start)</span>
        </legend>
        {WEEKDAYS.map((name, index) => (
          <label class="option">
            <input
              type="checkbox"
              name={`day${index + 1}`}
              value="on"
              checked={values[`day${index + 1}`] === "on"}
            />{" "}
            {name}
          </label>
        ))}
      </fieldset>
      <Select name="nth" label="By months" value={values.nth} error={errors.nth} choices={NTHS} />
      <div class="pair">
        <Field name="until" label="Last day" type="date" value={values.until} error={errors.until} />
        <Field
          name="count"
          label="Or so many times"
          type="number"
          min={1}
          max={500}
          value={values.count}
          error={errors.count}
        />
      </div>
      <p class="hint">The next page shows every date before anything is reserved.</p>
    </details>
  );
}
