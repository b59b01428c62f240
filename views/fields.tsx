import type { Child } from "hono/jsx";

export interface FieldProps {
  name: string;
  label: string;
  value?: string | number | null;
  error?: string;
  hint?: Child;
  type?: string;
  required?: boolean;
  autofocus?: boolean;
  /** The error is drawn elsewhere, under the id `f-NAME-error`. */
  errorElsewhere?: boolean;
  /** Further attributes of the input itself. */
  [attribute: string]: unknown;
}

/** A label, its input, a hint and, where there is one, the error: the one way a field is drawn. */
export function Field(
  { name, label, value, error, hint, type = "text", errorElsewhere, ...rest }: FieldProps,
) {
  const id = `f-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} name={name} type={type} value={value ?? ""} {...aria(id, { error, hint })} {...rest} />
      <Below id={id} error={errorElsewhere ? undefined : error} hint={hint} />
    </div>
  );
}

/** The same for longer text. */
export function TextArea({ name, label, value, error, hint, ...rest }: FieldProps) {
  const id = `f-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea id={id} name={name} rows={3} {...aria(id, { error, hint })} {...rest}>{value ?? ""}</textarea>
      <Below id={id} error={error} hint={hint} />
    </div>
  );
}

export interface Choice {
  value: string;
  label: string;
}

/** The same for one of several. */
export function Select(
  { name, label, value, error, hint, choices, ...rest }: FieldProps & { choices: readonly Choice[] },
) {
  const id = `f-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} name={name} {...aria(id, { error, hint })} {...rest}>
        {choices.map((choice) => (
          <option value={choice.value} selected={choice.value === (value ?? "")}>{choice.label}</option>
        ))}
      </select>
      <Below id={id} error={error} hint={hint} />
    </div>
  );
}

/** A box to tick. */
export function Check(
  { name, label, checked, hint }: { name: string; label: string; checked?: boolean; hint?: Child },
) {
  const id = `f-${name}`;
  return (
    <div class="field check">
      <input id={id} name={name} type="checkbox" value="on" checked={checked} {...aria(id, { hint })} />
      <label for={id}>{label}</label>
      <Below id={id} hint={hint} />
    </div>
  );
}

/** What belongs to no field, said at the head of a form. */
export function FormError({ message }: { message?: string }) {
  return message ? <p class="alert" role="alert">{message}</p> : null;
}

function aria(id: string, { error, hint }: { error?: string; hint?: Child }) {
  const described = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(" ");
  return {
    "aria-describedby": described || undefined,
    "aria-invalid": error ? "true" : undefined,
    autofocus: error ? true : undefined,
  };
}

function Below({ id, error, hint }: { id: string; error?: string; hint?: Child }) {
  return (
    <>
      {error && <p class="error" id={`${id}-error`}>{error}</p>}
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </>
  );
}
