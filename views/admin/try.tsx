import { Field, Select } from "../fields.tsx";
import { type Verdict, VerdictNotice } from "../verdict.tsx";

export interface TryProps {
  values: Record<string, string | undefined>;
  errors: Record<string, string>;
  people: readonly { id: string; name: string }[];
  resources: readonly { id: string; name: string }[];
  /** Undefined before anything was asked. */
  answer?: {
    verdict: Verdict;
    resource: { id: string; time_zone: string };
    who: string;
    trusted_by: readonly string[];
  };
  now: Temporal.Instant;
}

/** What a person would be told if they asked for this. Nothing is stored. */
export function TryPage({ values, errors, people, resources, answer, now }: TryProps) {
  const choices = (list: TryProps["people"]) => [
    { value: "", label: "Choose …" },
    ...list.map(({ id, name }) => ({ value: id, label: name })),
  ];
  const field = (name: string, label: string, type: string) => (
    <Field name={name} label={label} type={type} value={values[name]} error={errors[name]} required />
  );
  return (
    <section class="narrow">
      <h1>Try a wish as somebody</h1>
      <form method="get" action="/admin/try" class="card">
        <Select
          name="person"
          label="Person"
          value={values.person}
          error={errors.person}
          choices={choices(people)}
        />
        <Select
          name="resource"
          label="Resource"
          value={values.resource}
          error={errors.resource}
          choices={choices(resources)}
        />
        <div class="pair">
          {field("date", "Day", "date")}
          <Field
            name="attendees"
            label="People"
            type="number"
            min={1}
            value={values.attendees}
            error={errors.attendees}
          />
          {field("start", "From", "time")}
          {field("end", "Until", "time")}
        </div>
        <p class="actions">
          <button type="submit">What would they be told?</button>
        </p>
      </form>
      {answer && (
        <section aria-live="polite">
          <h2>{answer.who} would be told</h2>
          <VerdictNotice verdict={answer.verdict} resource={answer.resource} now={now} plain />
          {answer.trusted_by.length > 0 && (
            <p class="hint">
              Approved at once, all the same: {answer.trusted_by.join(", ")} names{" "}
              {answer.who}, or a group that they are in.
            </p>
          )}
          {answer.verdict.reasons.length > 0 && (
            <dl class="facts card">
              {answer.verdict.reasons.map(({ code, figure, whose }) => (
                <div>
                  <dt>{code.replaceAll("_", " ")}</dt>
                  <dd>{whose}{figure !== null && `: ${figure}`}</dd>
                </div>
              ))}
            </dl>
          )}
        </section>
      )}
    </section>
  );
}
