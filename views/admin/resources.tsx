import type { Listed } from "../../domain/resource_list.ts";
import type { Resource } from "../../domain/resources.ts";
import type { Reservation } from "../../domain/reservations.ts";
import { Empty, Pager, StatusMark } from "../bits.tsx";
import { Check, Field, FormError, Select, TextArea } from "../fields.tsx";
import { count, periodOf, reservationPath } from "../words.ts";

/** Every resource, also those out of service. */
export function ManageResourcesPage(
  { resources, q, next }: { resources: readonly Listed[]; q: string; next?: string },
) {
  return (
    <>
      <div class="head">
        <h1>Manage resources</h1>
        <p class="actions">
          <a href="/admin/resources/export.csv">Export</a>
          <a href="/admin/resources/import">Import</a>
          <a class="button" href="/admin/resources/new">Add a resource</a>
        </p>
      </div>
      <form method="get" action="/admin/resources" class="filters" role="search">
        <label class="inline">
          <span class="v">Search</span>
          <input type="search" name="q" value={q} placeholder="Name, kind, place, tag" />
        </label>
        <button class="second" type="submit">Search</button>
      </form>
      {resources.length === 0
        ? (
          <Empty title={q ? `No resource matches “${q}”` : "Nothing to reserve yet"}>
            <p>
              {q
                ? <a href="/admin/resources">Show all of them</a>
                : <a class="button" href="/admin/resources/new">Add the first resource</a>}
            </p>
          </Empty>
        )
        : (
          <table class="list">
            <thead>
              <tr>
                <th scope="col">Resource</th>
                <th scope="col">Kind</th>
                <th scope="col">Place</th>
                <th scope="col">Approval</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {resources.map((r) => (
                <tr>
                  <td class="when">
                    <a href={`/admin/resources/${r.id}/edit`}>{r.name}</a>
                  </td>
                  <td>{r.kind}</td>
                  <td>{r.location}</td>
                  <td>{r.requires_approval ? "Needed" : "None"}</td>
                  <td>
                    <span class={`status ${r.deactivated_at ? "expired" : "approved"}`}>
                      {r.deactivated_at ? "Out of service" : "In service"}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      <Pager next={next} />
    </>
  );
}

interface FormProps {
  resource?: Resource;
  values: Record<string, string | undefined>;
  errors: Record<string, string>;
  message?: string;
  kinds: readonly string[];
  zones: readonly string[];
  policies: readonly { id: string; name: string }[];
}

/** Making a resource, or changing one. */
export function ResourceFormPage({ resource, values, errors, message, kinds, zones, policies }: FormProps) {
  return (
    <section class="narrow">
      <h1>{resource ? resource.name : "Add a resource"}</h1>
      <form
        method="post"
        action={resource ? `/admin/resources/${resource.id}/edit` : "/admin/resources"}
        class="card"
      >
        <FormError message={message} />
        <Field name="name" label="Name" value={values.name} error={errors.name} required />
        <Field
          name="kind"
          label="Kind"
          value={values.kind}
          error={errors.kind}
          hint="Room, desk, bay, vehicle … Things of one kind are offered in place of each other."
          list="kinds"
          required
        />
        <datalist id="kinds">{kinds.map((kind) => <option value={kind}></option>)}</datalist>
        <Field name="location" label="Place" value={values.location} error={errors.location} />
        <TextArea
          name="description"
          label="Description"
          value={values.description}
          error={errors.description}
        />
        <div class="pair">
          <Field
            name="capacity"
            label="For how many people"
            type="number"
            min={1}
            value={values.capacity}
            error={errors.capacity}
            hint="Empty: not a matter of people"
          />
          <Field
            name="units"
            label="Units"
            type="number"
            min={1}
            max={500}
            value={values.units}
            error={errors.units}
            hint="Alike and interchangeable"
          />
        </div>
        <Field
          name="parts"
          label="Composed of"
          value={values.parts}
          error={errors.parts}
          hint="Names of resources, separated by commas. To reserve this takes all of them, and each of them blocks it."
        />
        <Check
          name="accessory"
          label="An accessory: reserved only together with something else"
          checked={values.accessory === "on"}
        />
        <Field
          name="offered_with"
          label="Offered with"
          value={values.offered_with}
          error={errors.offered_with}
          hint="Of an accessory: names of resources, separated by commas. Empty: with all of them."
        />
        <Field name="tags" label="Tags" value={values.tags} error={errors.tags} hint="Separated by commas" />
        <Select
          name="time_zone"
          label="Time zone"
          value={values.time_zone}
          error={errors.time_zone}
          choices={zones.map((zone) => ({ value: zone, label: zone.replaceAll("_", " ") }))}
        />
        <Select
          name="policy_id"
          label="Policy"
          value={values.policy_id}
          error={errors.policy_id}
          choices={[
            { value: "", label: "No further rules" },
            ...policies.map(({ id, name }) => ({ value: id, label: name })),
          ]}
        />
        <Check
          name="requires_approval"
          label="Every reservation needs an approval"
          checked={values.requires_approval === "on"}
        />
        <p class="actions">
          <button type="submit">{resource ? "Save" : "Add"}</button>
          <a href={resource ? `/resources/${resource.id}` : "/admin/resources"}>Leave it</a>
        </p>
      </form>
      {resource && (
        <div class="card">
          <h2>Approvers</h2>
          <p>Who decides on its requests: all staff, unless some are named.</p>
          <a class="button second" href={`/admin/resources/${resource.id}/approvers`}>Who decides …</a>
        </div>
      )}
      {resource && <Service resource={resource} />}
    </section>
  );
}

function Service({ resource }: { resource: Resource }) {
  const path = `/admin/resources/${resource.id}`;
  return (
    <div class="card">
      <h2>Service</h2>
      {resource.deactivated_at
        ? (
          <form method="post" action={`${path}/reactivate`}>
            <p>It is out of service: nobody can reserve it.</p>
            <button type="submit">Put it back into service</button>
          </form>
        )
        : <p>Out of service, nobody can reserve it; what it has on record stays.</p>}
      <p class="actions">
        {!resource.deactivated_at && (
          <a class="button second" href={`${path}/remove`}>Take it out of service …</a>
        )}
        <a class="button danger" href={`${path}/remove?for=good`}>Delete …</a>
      </p>
    </div>
  );
}

interface RemoveProps {
  resource: Resource;
  /** Reservations that lie ahead, the first of them. */
  ahead: readonly Reservation[];
  /** Whether there are more than those listed. */
  more: boolean;
  forGood: boolean;
  zone: string;
  now: Temporal.Instant;
  values: Record<string, string | undefined>;
  errors: Record<string, string>;
  message?: string;
}

/** Before a resource goes: what lies ahead of it, and what is to become of that. */
export function RemoveResourcePage(
  { resource, ahead, more, forGood, zone, now, values, errors, message }: RemoveProps,
) {
  const cancels = values.future === "cancel";
  const title = forGood ? `Delete ${resource.name}?` : `Take ${resource.name} out of service?`;
  return (
    <section class="narrow">
      <h1>{title}</h1>
      <FormError message={message} />
      {ahead.length === 0 ? <p>No reservation lies ahead of it.</p> : (
        <>
          <p>
            {more ? "More than " : ""}
            {count(ahead.length, "reservation lies", "reservations lie")} ahead of it:
          </p>
          <ul class="rows card">
            {ahead.map((v) => (
              <li>
                <div>
                  <a href={reservationPath(v.reference)}>{periodOf(v, zone, now)}</a>
                  <p class="quiet break">{v.requester_name}{v.purpose && `: ${v.purpose}`}</p>
                </div>
                <StatusMark status={v.status} />
              </li>
            ))}
          </ul>
        </>
      )}
      <form method="post" action={`/admin/resources/${resource.id}/remove`} class="card">
        {forGood && <input type="hidden" name="for" value="good" />}
        {ahead.length > 0 && (
          <fieldset>
            <legend>What becomes of them</legend>
            <label class="option">
              <input type="radio" name="future" value="keep" checked={!cancels} />{" "}
              Keep them: only new ones are refused
            </label>
            <label class="option">
              <input type="radio" name="future" value="cancel" checked={cancels} />{" "}
              Cancel them, and tell whose they are
            </label>
            <Field
              name="reason"
              label="Why, for those who are told"
              value={values.reason}
              error={errors.reason}
              maxlength={500}
            />
          </fieldset>
        )}
        {forGood && (
          <p class="hint">
            A resource that was ever reserved stays on record, out of service. One that never was is deleted
            for good.
          </p>
        )}
        <p class="actions">
          <button class="danger" type="submit">{forGood ? "Delete" : "Take it out of service"}</button>
          <a href={`/admin/resources/${resource.id}/edit`}>Leave it</a>
        </p>
      </form>
    </section>
  );
}
