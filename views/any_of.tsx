import type { Alternative } from "../domain/alternatives.ts";
import { Field, FormError, Select, TextArea } from "./fields.tsx";
import { Moment } from "./reserve.tsx";
import { Alternatives, WaitButtons } from "./verdict.tsx";

interface AnyOfProps {
  values: Record<string, string | undefined>;
  errors: Record<string, string>;
  message?: string;
  /** The nearest times of what would do, where none is free. */
  alternatives: readonly Alternative[];
  /** Whether one can wait until one comes free. */
  waits: boolean;
  kinds: readonly string[];
  tags: readonly string[];
  zone: string;
  now: Temporal.Instant;
}

/** Asking for whichever resource will do: of what kind, for how many, and when. */
export function AnyOfPage(props: AnyOfProps) {
  const { values, errors, message, alternatives, waits, kinds, tags, zone, now } = props;
  const choices = (names: readonly string[]) => [
    { value: "", label: "Any" },
    ...names.map((name) => ({ value: name, label: name })),
  ];
  return (
    <section class="narrow">
      <h1>Any that will do</h1>
      <p class="quiet">
        The smallest that is free and large enough, without approval before with. The next page says which one
        it became.
      </p>
      <form method="post" action="/reservations/any" class="card" id="any">
        <FormError message={message} />
        {(waits || alternatives.length > 0) && (
          <div class="verdict no">
            <Alternatives alternatives={alternatives} resource={{ id: "", time_zone: zone }} now={now} />
            {waits && <WaitButtons />}
          </div>
        )}
        <div class="pair">
          <Select name="kind" label="Kind" value={values.kind} error={errors.kind} choices={choices(kinds)} />
          <Select
            name="tag"
            label="With the tag"
            value={values.tag}
            error={errors.tag}
            choices={choices(tags)}
          />
        </div>
        <div class="pair">
          <Field
            name="attendees"
            label="People"
            type="number"
            min={1}
            value={values.attendees}
            error={errors.attendees}
          />
          <Field
            name="units"
            label="How many of it"
            type="number"
            min={1}
            max={500}
            value={values.units || "1"}
            error={errors.units ?? errors.quantity}
          />
        </div>
        <fieldset class="period">
          <legend>
            When <span class="quiet">({zone} time)</span>
          </legend>
          <Moment from values={values} errors={errors} />
          <Moment values={values} errors={errors} />
        </fieldset>
        <TextArea
          name="purpose"
          label="What for"
          value={values.purpose}
          error={errors.purpose}
          hint="A few words. Others who may see the schedule can read them."
          rows={2}
        />
        <p class="actions">
          <button type="submit">Reserve</button> <a href="/find">Find a time instead</a>
        </p>
      </form>
    </section>
  );
}
