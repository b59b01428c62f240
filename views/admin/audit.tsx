import type { AuditEntry } from "../../domain/audit.ts";
import { Empty, Pager } from "../bits.tsx";
import { Field, Select } from "../fields.tsx";
import { ACTIONS, type Change, changesOf, deedOf, remarksOf } from "../changes.ts";
import { dayOf, reservationPath, timeOf } from "../words.ts";

interface AuditProps {
  entries: readonly AuditEntry[];
  /** The names of the resources that the entries speak of. */
  names: Record<string, string>;
  values: Record<string, string | undefined>;
  errors: Record<string, string>;
  zone: string;
  now: Temporal.Instant;
  /** The filter as an address has it, without its question mark. */
  query: string;
  next?: string;
}

/** Who did what to what, when: everything that was ever changed, the newest first. */
export function AuditPage(props: AuditProps) {
  const { entries, query, next, errors } = props;
  const wrong = Object.keys(errors).length > 0;
  return (
    <>
      <div class="head">
        <h1>Audit</h1>
        {entries.length > 0 && (
          <p class="actions">
            <a class="button second" href={`/admin/audit/export.csv?${query}`}>Export as CSV</a>{" "}
            <a class="button second" href={`/admin/audit/export.json?${query}`}>as JSON</a>
          </p>
        )}
      </div>
      <FilterForm {...props} />
      {entries.length > 0
        ? <EntryTable {...props} />
        : (
          <Empty title={query || wrong ? "Nothing on record matches" : "Nothing is on record yet"}>
            <p>
              {query || wrong
                ? <a href="/admin/audit">Show everything</a>
                : "Whatever anybody changes appears here."}
            </p>
          </Empty>
        )}
      <Pager next={next} />
    </>
  );
}

function FilterForm({ values, errors }: AuditProps) {
  const field = (name: string) => ({ name, value: values[name], error: errors[name] });
  const choices = [{ value: "", label: "Anything" }, ...ACTIONS];
  return (
    <form method="get" action="/admin/audit" class="card filters fields" role="search">
      <Field {...field("person")} label="Person" type="search" placeholder="Name, e-mail" />{" "}
      <Field {...field("resource")} label="Resource, group, policy" type="search" placeholder="Name" />{" "}
      <Field {...field("reservation")} label="Reservation" type="search" placeholder="R-123" />{" "}
      <Select {...field("action")} label="What was done" choices={choices} />{" "}
      <Field {...field("from")} label="From" type="date" />{" "}
      <Field {...field("to")} label="Until the end of" type="date" />{" "}
      <div class="field">
        <button type="submit">Show</button>
      </div>
    </form>
  );
}

function EntryTable({ entries, names, zone, now }: AuditProps) {
  return (
    <table class="list audit">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Who</th>
          <th scope="col">What</th>
          <th scope="col">Before → after</th>
          <th scope="col">Request</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr>
            <td class="when">
              <time datetime={entry.at.toString()}>
                {dayOf(entry.at, zone, now)}, {timeOf(entry.at, zone)}
              </time>
            </td>
            <td>
              <Who entry={entry} />
            </td>
            <td>
              <b>{deedOf(entry.action)}</b> <What entry={entry} />
            </td>
            <td class="break">
              <Changes changes={changesOf(entry, names, zone, now)} entry={entry} />
            </td>
            <td>{entry.request_id && <small>{entry.request_id}</small>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Who({ entry: { actor_id, actor_name, subject_kind } }: { entry: AuditEntry }) {
  if (actor_id) return <a href={`/admin/audit?person=${actor_id}`}>{actor_name}</a>;
  return <span class="quiet">{subject_kind === "reservation" ? "The clock" : "Holdfast itself"}</span>;
}

function What({ entry: { subject_kind, subject_id, subject_name, at } }: { entry: AuditEntry }) {
  if (subject_kind === "reservation") {
    return <a href={`${reservationPath(subject_name)}?at=${at}`}>{subject_name}</a>;
  }
  if (["closure", "import"].includes(subject_kind)) return <span>{subject_name}</span>;
  if (subject_kind === "waitlist") return <a href={`/waitlist/${subject_id}`}>{subject_name}</a>;
  const filter = subject_kind === "user" ? "person" : "resource";
  return <a href={`/admin/audit?${filter}=${subject_id}`}>{subject_name}</a>;
}

function Changes({ changes, entry }: { changes: readonly Change[]; entry: AuditEntry }) {
  const remarks = remarksOf(entry);
  // Where it is a column of what has changed, it stands there already.
  const reason = entry.after_state?.decision_reason ? undefined : entry.details.reason;
  return (
    <>
      {changes.length > 0 && (
        <dl class="changes">
          {changes.map(({ what, before, after }) => (
            <div>
              <dt>{what}</dt>{" "}
              <dd>
                {before && <del>{before}</del>} {before && <span class="quiet">→</span>}{" "}
                {after ? <ins>{after}</ins> : <span class="quiet">none</span>}
              </dd>
            </div>
          ))}
        </dl>
      )}
      {remarks.length > 0 && <span class="quiet">{remarks.join(" · ")}</span>}
      {typeof reason === "string" && reason && <q class="reason">{reason}</q>}
    </>
  );
}
