import type { Accessory } from "../domain/accessories.ts";
import { Field } from "./fields.tsx";

interface Typed {
  values: Record<string, string | undefined>;
  errors: Record<string, string>;
}

/** How many of each accessory; none, where nothing is typed. */
export function Accessories({ accessories, values, errors }: Typed & { accessories: readonly Accessory[] }) {
  return (
    <fieldset class="filters fields">
      <legend>With it</legend>
      {accessories.map(({ id, name, units }) => (
        <Field
          name={`with_${id}`}
          label={`${name}, of ${units}`}
          type="number"
          min={0}
          max={units}
          value={values[`with_${id}`]}
          error={errors[`with_${id}`]}
        />
      ))}
    </fieldset>
  );
}

/** What is reserved beside the resource that the form begins with: how many of each. */
export function Others(
  { others, values, errors }: Typed & { others: readonly { id: string; name: string }[] },
) {
  return (
    <fieldset class="filters fields">
      <legend>
        Together with <span class="quiet">(0 leaves it out)</span>
      </legend>
      {others.map(({ id, name }) => (
        <Field
          name={`and_${id}`}
          label={name}
          type="number"
          min={0}
          max={500}
          value={values[`and_${id}`]}
          error={errors[`and_${id}`]}
        />
      ))}
    </fieldset>
  );
}

/** Resources to choose from: not all of them, where there are more. */
export interface Choices {
  choices: readonly { id: string; name: string }[];
  more: boolean;
}

/** What can be ticked to be had for the same time. Where there is more than is shown, it is found by its name at `find`. */
export function Together(
  { together: { choices, more }, find, values, errors }: Typed & { together: Choices; find: string },
) {
  const ticked = (id: string) => values[`also_${id}`] === "on";
  const error = errors.resource_ids;
  const sought = values.beside?.trim();
  return (
    <details open={Boolean(error || sought) || choices.some(({ id }) => ticked(id))}>
      <summary>Together with others</summary>
      {(more || sought) && (
        <div class="seek">
          <input
            name="beside"
            type="search"
            value={values.beside}
            aria-label="Name or place"
            placeholder="Name or place"
          />{" "}
          <button class="second" type="submit" formmethod="get" formaction={find} formnovalidate>
            Look for it
          </button>
        </div>
      )}
      <fieldset class="others" aria-describedby={error && "others-error"}>
        <legend>All of them, or none</legend>
        {choices.map(({ id, name }) => (
          <label class="option">
            <input type="checkbox" name={`also_${id}`} value="on" checked={ticked(id)} /> {name}
          </label>
        ))}
        {choices.length === 0 && <p class="quiet">Nothing is called so.</p>}
        {error && <p class="error" id="others-error">{error}</p>}
      </fieldset>
    </details>
  );
}
