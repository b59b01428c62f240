import type { Delegation } from "../domain/delegations.ts";
import { Field, Select } from "./fields.tsx";
import { dayOf } from "./words.ts";

export interface AwayProps {
  delegations: readonly Delegation[];
  standIns: readonly { id: string; name: string }[];
  zone: string;
  now: Temporal.Instant;
  values?: Record<string, string | undefined>;
  errors?: Record<string, string>;
}

/** Who decides while an approver is away. */
export function AwayCard({ delegations, standIns, zone, now, values = {}, errors = {} }: AwayProps) {
  return (
    <div class="card">
      <h2>When I am away</h2>
      <p class="hint">Somebody else decides what you would decide; not on what you ask for yourself.</p>
      {delegations.length > 0 && (
        <ul class="rows">
          {delegations.map((one) => (
            <li>
              <div class="break">
                <b>{one.to_name}</b>
                <p class="quiet">
                  {dayOf(one.starts_at, zone, now)} to{" "}
                  {dayOf(one.ends_at.subtract({ seconds: 1 }), zone, now)}
                </p>
              </div>
              <form method="post" action={`/account/away/${one.id}/end`}>
                <button class="second" type="submit" aria-label={`End: ${one.to_name} decides for me`}>
                  End
                </button>
              </form>
            </li>
          ))}
        </ul>
      )}
      <form method="post" action="/account/away">
        <Select
          name="to_user_id"
          label="Who decides for me"
          value={values.to_user_id}
          error={errors.to_user_id}
          choices={[
            { value: "", label: "Choose …" },
            ...standIns.map(({ id, name }) => ({ value: id, label: name })),
          ]}
          required
        />
        <Field name="from" label="First day" type="date" value={values.from} error={errors.from} required />
        <Field
          name="until"
          label="Last day"
          type="date"
          value={values.until}
          error={errors.until}
          required
        />
        <button type="submit">Let them decide</button>
      </form>
    </div>
  );
}
