import { inHours, WEEKDAYS } from "../../domain/opening.ts";
import type { KeptPolicy, Policy } from "../../domain/policies.ts";
import { inWords } from "../../domain/reasons.ts";
import { Empty } from "../bits.tsx";
import { Check, Field, FormError, Select, TextArea } from "../fields.tsx";
import { count, periodOf, reservationPath } from "../words.ts";
import type { Period } from "../../domain/periods.ts";

/** All policies, each with what it says. */
export function PoliciesPage({ policies }: { policies: readonly (KeptPolicy & { resources: number })[] }) {
  return (
    <>
      <div class="head">
        <h1>Policies</h1>
        <p class="actions">
          <a class="button" href="/admin/policies/new">Add a policy</a>{" "}
          <a href="/admin/try">Try a wish as somebody</a>
        </p>
      </div>
      {policies.length === 0
        ? (
          <Empty title="No policies yet">
            <p>A policy holds the rules that several resources share: hours, lengths, quotas, approval.</p>
          </Empty>
        )
        : (
          <ul class="rows card">
            {policies.map((policy) => (
              <li>
                <div>
                  <a class="break" href={`/admin/policies/${policy.id}`}>{policy.name}</a>{" "}
                  <span class="quiet">{count(policy.resources, "resource")}</span>
                  <p class="quiet">{rulesInWords(policy).join(" · ") || "Binds nothing"}</p>
                </div>
              </li>
            ))}
          </ul>
        )}
    </>
  );
}

/** What a policy says, a rule each. */
export function rulesInWords(policy: Policy): string[] {
  const { min_minutes, max_minutes, notice_minutes, horizon_days, slot_minutes, cancel_minutes } = policy;
  const buffers = [
    policy.buffer_before && `${inWords(policy.buffer_before)} before`,
    policy.buffer_after && `${inWords(policy.buffer_after)} after`,
  ].filter(Boolean);
  return [
    policy.opening && hoursOfWeek(policy.opening),
    min_minutes && `at least ${inWords(min_minutes)}`,
    max_minutes && `at most ${inWords(max_minutes)}`,
    slot_minutes && `in steps of ${inWords(slot_minutes)}`,
    notice_minutes && `${inWords(notice_minutes)} of notice`,
    horizon_days && `up to ${count(horizon_days, "day")} ahead`,
    buffers.length > 0 && `kept free: ${buffers.join(", ")}`,
    ...policy.quotas.map(({ per, count: most, minutes }) =>
      `a person has at most ${
        [most && count(most, "reservation"), minutes && inWords(minutes)].filter(Boolean).join(", ")
      } a ${per}`
    ),
    policy.open_at_most && `${policy.open_at_most} open at once`,
    cancel_minutes && `cancelled up to ${inWords(cancel_minutes)} before`,
    approvalInWords(policy),
    policy.approval !== "never" && policy.trusts.length + policy.trusted_groups.length > 0 &&
    `approved at once: ${
      [
        policy.trusts.length > 0 && count(policy.trusts.length, "person", "people"),
        policy.trusted_groups.length > 0 && count(policy.trusted_groups.length, "group"),
      ].filter(Boolean).join(" and ")
    }`,
    policy.self_approval && "approvers may decide on their own",
    policy.pending_holds &&
    `requests hold their time${policy.hold_minutes ? ` for ${inWords(policy.hold_minutes)}` : ""}`,
    policy.check_in &&
    `checked in from ${inWords(policy.check_in_opens_minutes)} before to ${
      inWords(policy.check_in_grace_minutes)
    } after the start`,
    policy.offer_minutes !== 30 && `an offer holds for ${inWords(policy.offer_minutes)}`,
    ...policy.attestations.map((text) => `to confirm: ${text}`),
    ...policy.fields.map(({ label }) => `asks: ${label}`),
    policy.details_for_staff && "only staff see what others reserve it for",
  ].filter((words): words is string => typeof words === "string" && words !== "");
}

function approvalInWords(policy: Policy): string | undefined {
  if (policy.approval === "never") return undefined;
  if (policy.approval === "always") return "needs an approval";
  const when = [
    policy.approval_longer_than && `longer than ${inWords(policy.approval_longer_than)}`,
    policy.approval_more_people_than && `for more than ${policy.approval_more_people_than} people`,
    policy.approval_outside_hours && "outside the hours",
    policy.approval_recurring && "recurring",
  ].filter(Boolean);
  return `needs an approval when ${when.join(", or ")}`;
}

// Days that follow each other and have the same hours are said once: `Mon–Fri 08:00–18:00`.
function hoursOfWeek(opening: NonNullable<Policy["opening"]>): string {
  const said = WEEKDAYS.map((name, index) => ({
    name: name.slice(0, 3),
    hours: (opening[index] ?? []).map(inHours).join(" and "),
  }));
  const groups: { from: string; to: string; hours: string }[] = [];
  for (const { name, hours } of said) {
    const last = groups.at(-1);
    if (last?.hours === hours) last.to = name;
    else groups.push({ from: name, to: name, hours });
  }
  return groups.filter(({ hours }) => hours)
    .map(({ from, to, hours }) => `${from === to ? from : `${from}–${to}`} ${hours}`).join(", ") ||
    "never open";
}

export interface PolicyFormProps {
  policy?: { id: string; name: string };
  values: Record<string, string | undefined>;
  errors: Record<string, string>;
  message?: string;
  people: readonly { id: string; name: string }[];
  trusts: readonly string[];
  groups: readonly { id: string; name: string }[];
  trusted_groups: readonly string[];
  /** What the change would do to what is reserved already; undefined before it was asked for. */
  effect?: Effect;
  deletable: boolean;
}

/** Reservations that the changed policy would not allow any more. */
export interface Effect {
  looked_at: number;
  /** How many people it approves at once. */
  approved_at_once: number;
  /** How many ahead need no check-in, although what is reserved from now on does. */
  without_check_in: number;
  against: {
    reference: string;
    resource_name: string;
    requester_name: string;
    period: Period;
    zone: string;
    reasons: string[];
  }[];
  now: Temporal.Instant;
}

/** Making a policy, or changing one. */
export function PolicyFormPage(props: PolicyFormProps) {
  const { policy, values, errors, message, effect } = props;
  const field = (name: string, label: string, hint?: string, more: Record<string, unknown> = {}) => (
    <Field name={name} label={label} value={values[name]} error={errors[name]} hint={hint} {...more} />
  );
  const number = (name: string, label: string, hint?: string) =>
    field(name, label, hint, { type: "number", min: 0, inputmode: "numeric" });
  return (
    <section class="narrow">
      <h1 class="break">{policy ? policy.name : "Add a policy"}</h1>
      <form method="post" action={policy ? `/admin/policies/${policy.id}` : "/admin/policies"} class="card">
        <FormError message={message} />
        {effect && <EffectNotice {...effect} />}
        {field("name", "Name", undefined, { required: true })}
        <h2>Opening hours</h2>
        <Check name="always_open" label="Open at any time" checked={values.always_open === "on"} />
        <p class="hint">Otherwise, such as 8:00–12:00, 13:00–18:00, or 18:00–02:00; empty: closed.</p>
        <div class="pair">{WEEKDAYS.map((day, index) => field(`hours_${index}`, day))}</div>
        <h2>Length and time</h2>
        <p class="hint">In minutes where nothing else is said. Empty: no such rule.</p>
        <div class="pair">
          {number("min_minutes", "Shortest")}
          {number("max_minutes", "Longest")}
          {number("slot_minutes", "Begins and ends on steps of")}
          {number("notice_minutes", "Notice before the start")}
          {number("horizon_days", "Ahead, at most (days)")}
          {number("cancel_minutes", "Cancelled until before the start")}
          {number("buffer_before", "Kept free before")}
          {number("buffer_after", "Kept free after")}
        </div>
        <h2>How much a person may have</h2>
        <div class="pair">
          {(["day", "week", "month"] as const).map((per) => (
            <>
              {number(`count_${per}`, `Reservations a ${per}`)}
              {number(`minutes_${per}`, `Minutes a ${per}`)}
            </>
          ))}
          {number("open_at_most", "Open at once")}
        </div>
        <h2>Approval</h2>
        <Select
          name="approval"
          label="Needs an approval"
          value={values.approval}
          error={errors.approval}
          choices={[
            { value: "never", label: "Never" },
            { value: "always", label: "Always" },
            { value: "when", label: "Only when one of these holds:" },
          ]}
        />
        <div class="pair">
          {number("approval_longer_than", "Longer than")}
          {number("approval_more_people_than", "For more people than")}
        </div>
        <Check
          name="approval_outside_hours"
          label="Outside the opening hours"
          checked={values.approval_outside_hours === "on"}
        />
        <Check
          name="approval_recurring"
          label="Recurring"
          checked={values.approval_recurring === "on"}
        />
        <Check
          name="self_approval"
          label="Approvers may decide on requests of their own"
          checked={values.self_approval === "on"}
        />
        <Several
          name="trusts"
          label="People approved at once, all the same"
          hint="Their requests need nobody’s decision"
          choices={props.people}
          chosen={props.trusts}
          error={errors.trusts}
        />
        {props.groups.length > 0 && (
          <Several
            name="trusted_groups"
            label="Groups approved at once, all the same"
            hint="So do those of whoever is in one of them when they ask"
            choices={props.groups}
            chosen={props.trusted_groups}
            error={errors.trusted_groups}
          />
        )}
        <Check
          name="pending_holds"
          label="A request holds its time while it waits"
          checked={values.pending_holds === "on"}
        />
        {number("hold_minutes", "For so long", "Empty: until it is decided")}
        <h2>Check-in</h2>
        <Check
          name="check_in"
          label="Whoever reserves has to check in"
          checked={values.check_in === "on"}
          hint="Who has not done so in time loses the rest: it is a no-show, and free for others."
        />
        <div class="pair">
          {number("check_in_opens_minutes", "Opens before the start")}
          {number("check_in_grace_minutes", "Too late after the start")}
        </div>
        <h2>Waitlist</h2>
        {number(
          "offer_minutes",
          "For so long an offer holds",
          "Of time that comes free, to the first who waits for it; never beyond its start",
        )}
        <h2>What is asked</h2>
        <TextArea
          name="attestations"
          label="To be confirmed"
          value={values.attestations}
          error={errors.attestations}
          hint="One sentence a line; each has to be ticked"
        />
        <TextArea
          name="fields"
          label="Questions"
          value={values.fields}
          error={errors.fields}
          hint="One a line: Cost centre: number! · Layout: rows | circle · Remarks: text. A ! wants an answer."
        />
        <Check
          name="details_for_staff"
          label="Only staff see what others reserve it for"
          checked={values.details_for_staff === "on"}
        />
        <p class="actions">
          <button type="submit">{policy ? "Save" : "Add"}</button>{" "}
          {policy && (
            <button class="second" type="submit" name="preview" value="yes">What would it change?</button>
          )} <a href="/admin/policies">Leave it</a>
        </p>
      </form>
      {policy && props.deletable && (
        <form method="post" action={`/admin/policies/${policy.id}/delete`}>
          <button class="danger" type="submit">Delete this policy</button>
        </form>
      )}
    </section>
  );
}

interface SeveralProps {
  name: string;
  label: string;
  hint: string;
  choices: readonly { id: string; name: string }[];
  chosen: readonly string[];
  error?: string;
}

function Several({ name, label, hint, choices, chosen, error }: SeveralProps) {
  const id = `f-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        name={name}
        multiple
        size={5}
        aria-invalid={error && "true"}
        aria-describedby={error ? `${id}-error ${id}-hint` : `${id}-hint`}
      >
        {choices.map((one) => <option value={one.id} selected={chosen.includes(one.id)}>{one.name}</option>)}
      </select>
      {error && <p class="error" id={`${id}-error`}>{error}</p>}
      <p class="hint" id={`${id}-hint`}>{hint}</p>
    </div>
  );
}

// Nothing is changed by a policy that was reserved before; who keeps it should know what stands against it.
function EffectNotice({ looked_at, against, approved_at_once, without_check_in, now }: Effect) {
  return (
    <div class={`verdict ${against.length > 0 ? "no" : "yes"}`} role="status">
      <p>
        <b>
          {against.length === 0
            ? `None of ${count(looked_at, "reservation")} ahead would be refused.`
            : `${against.length} of ${
              count(looked_at, "reservation")
            } ahead would be refused. They stay as they are.`}
        </b>
      </p>
      {approved_at_once > 0 && (
        <p>The requests of {count(approved_at_once, "person", "people")} would be approved at once.</p>
      )}
      {without_check_in > 0 && (
        <p>
          {count(without_check_in, "reservation")} ahead {without_check_in === 1 ? "stays" : "stay"}{" "}
          without a check-in, as when {without_check_in === 1 ? "it was" : "they were"} made.
        </p>
      )}
      {against.length > 0 && (
        <ul>
          {against.slice(0, 50).map((one) => (
            <li>
              <a href={reservationPath(one.reference)}>{one.reference}</a> {one.resource_name},{" "}
              {periodOf(one.period, one.zone, now)}, {one.requester_name}: {one.reasons.join("; ")}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
