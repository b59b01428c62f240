import type { Field as Question } from "../domain/policies.ts";
import { Field, Select } from "./fields.tsx";

export interface QuestionsProps {
  /** Whether the number of people matters for this resource. */
  people: boolean;
  fields: readonly Question[];
  attestations: readonly string[];
  values: Record<string, string | undefined>;
  errors: Record<string, string>;
}

/** What a policy asks beside the time: how many people, its questions, and what has to be confirmed. */
export function Questions({ people, fields, attestations, values, errors }: QuestionsProps) {
  return (
    <>
      {people && (
        <Field
          name="attendees"
          label="How many people"
          type="number"
          min={1}
          value={values.attendees}
          error={errors.attendees}
        />
      )}
      {fields.map((field) => <Answer field={field} values={values} errors={errors} />)}
      {attestations.length > 0 && (
        <fieldset>
          <legend>Please confirm</legend>
          {attestations.map((text, index) => (
            <label class="option break">
              <input
                type="checkbox"
                name={`attest_${index}`}
                value="on"
                checked={values[`attest_${index}`] === "on"}
                aria-describedby={errors.attested ? "f-attested-error" : undefined}
              />{" "}
              {text}
            </label>
          ))}
          {errors.attested && <p class="error" id="f-attested-error">{errors.attested}</p>}
        </fieldset>
      )}
    </>
  );
}

function Answer(
  { field, values, errors }: { field: Question } & Pick<QuestionsProps, "values" | "errors">,
) {
  const name = `answer_${field.key}`;
  const props = {
    name,
    label: field.required ? field.label : `${field.label} (if you like)`,
    value: values[name],
    error: errors[`answers.${field.key}`],
  };
  if (field.type === "choice") {
    const choices = (field.choices ?? []).map((choice) => ({ value: choice, label: choice }));
    return <Select {...props} choices={[{ value: "", label: "Choose …" }, ...choices]} />;
  }
  return <Field {...props} inputmode={field.type === "number" ? "decimal" : undefined} maxlength={500} />;
}
