import type { Difference, Outcome, Problem } from "../domain/transfers/report.ts";
import type { Import, Kind } from "../domain/transfers/staging.ts";
import { FormError, TextArea } from "./fields.tsx";
import { count } from "./words.ts";

/** What a file is about, and where its pages are. */
export interface About {
  kind: Kind;
  base: string;
  /** One of them, several of them, and the page that lists them. */
  words: { one: string; many: string; list: string };
}

/** The pages of each kind of file. */
export const ABOUT: Record<Kind, About> = {
  resources: {
    kind: "resources",
    base: "/admin/resources",
    words: { one: "resource", many: "resources", list: "Manage resources" },
  },
  users: {
    kind: "users",
    base: "/admin/users",
    words: { one: "person", many: "people", list: "People" },
  },
  reservations: {
    kind: "reservations",
    base: "/reservations",
    words: { one: "reservation", many: "reservations", list: "My reservations" },
  },
};

const HINTS: Record<Kind, string> = {
  resources:
    "A line is about the resource with its id, or else with its name; where there is none, it is made.",
  users:
    "A line is about the person with its id, or else with its e-mail address; where there is none, an account is " +
    "made. Passwords are never in a file: you give who is new a reset link.",
  reservations:
    "A line with a reference changes that reservation. One without asks for a new one, for the requester " +
    "that it names: the same rules decide as for everybody, and nothing is stored that begins in the past.",
};

interface FormProps {
  about: About;
  columns: readonly string[];
  text?: string;
  error?: string;
}

/** Where a file is sent, to be looked at first. */
export function ImportPage({ about: { kind, base, words }, columns, text, error }: FormProps) {
  return (
    <section class="narrow">
      <h1>Import {words.many}</h1>
      <form method="post" action={`${base}/import`} enctype="multipart/form-data" class="card">
        <div class="field">
          <label for="f-file">CSV file</label>
          <input
            id="f-file"
            name="file"
            type="file"
            accept=".csv,.tsv,.txt,text/csv"
            aria-invalid={error ? "true" : undefined}
            aria-describedby={error ? "f-file-error f-file-hint" : "f-file-hint"}
          />
          {error && <p class="error" id="f-file-error">{error}</p>}
          <p class="hint" id="f-file-hint">
            At most 32 MB. Separators, line ends and encoding are recognised; lines that begin with # are
            comments.
          </p>
        </div>
        <TextArea name="text" label="Or paste its lines" value={text} rows={6} spellcheck="false" />
        <p class="actions">
          <button type="submit">Look at it first</button>
          <a href={base}>Leave it</a>
        </p>
        <p class="hint">Nothing is stored before you have seen what would come of it.</p>
      </form>
      <div class="card">
        <h2>What may be in it</h2>
        <p>{HINTS[kind]}</p>
        <p class="break">
          Columns, in any order, only those that are to change: {columns.map((column, i) => (
            <>
              {i > 0 && ", "}
              <code>{column}</code>
            </>
          ))}.
        </p>
        <p class="actions">
          <a class="button second" href={`${base}/export.csv`}>Export what there is</a>
        </p>
      </div>
    </section>
  );
}

interface PreviewProps {
  about: About;
  file: Import;
  outcome: Outcome;
  message?: string;
}

/** What would come of a file, or what has. */
export function PreviewPage({ about, file, outcome, message }: PreviewProps) {
  const { words, base } = about;
  const { created, updated, errors } = outcome;
  const done = file.done_at !== null;
  const name = file.file_name || "What you pasted";
  return (
    <section class={errors.length > 0 ? undefined : "narrow"}>
      <h1>{done ? `${capital(words.many)} imported` : `Import ${words.many}?`}</h1>
      <FormError message={message} />
      <div class="card">
        <p class="break">{name}: {sumOf(about, outcome, done)}</p>
        {errors.length > 0
          ? <p class="alert" role="alert">{problemsOf(outcome)}: nothing is stored of the file.</p>
          : !done && created + updated === 0 && (
            <p>There is nothing to store: everything is as the file says.</p>
          )}
        {done && about.kind === "users" && created > 0 && (
          <p>Who is new signs in after setting a password: make a reset link on the page of each.</p>
        )}
        {done
          ? (
            <p class="actions">
              <a class="button" href={base}>{words.list}</a>
              <a href={`${base}/import`}>Import another file</a>
            </p>
          )
          : <Confirm about={about} file={file} outcome={outcome} />}
      </div>
      {errors.length > 0 && <Problems outcome={outcome} />}
      {outcome.changed.length > 0 && <Changed about={about} outcome={outcome} done={done} />}
      {outcome.made.length > 0 && <Made about={about} outcome={outcome} done={done} />}
    </section>
  );
}

function Confirm({ about: { base, words }, file, outcome }: Omit<PreviewProps, "message">) {
  const { created, updated, errors } = outcome;
  const total = created + updated;
  if (errors.length > 0 || total === 0) {
    return (
      <p class="actions">
        <a class="button" href={`${base}/import`}>Choose another file</a>
      </p>
    );
  }
  return (
    <div class="actions">
      <form method="post" action={`${base}/import/${file.id}`}>
        <button type="submit">Store {count(total, words.one, words.many)}</button>
      </form>
      <form method="post" action={`${base}/import/${file.id}/discard`}>
        <button class="second" type="submit">Leave it</button>
      </form>
    </div>
  );
}

function Problems({ outcome: { errors, more_errors, unread } }: { outcome: Outcome }) {
  return (
    <>
      <h2>What is wrong with it</h2>
      <table class="list">
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col">Column</th>
            <th scope="col">What to do about it</th>
          </tr>
        </thead>
        <tbody>{errors.map((problem) => <ProblemRow {...problem} />)}</tbody>
      </table>
      {more_errors > 0 && <p>And {count(more_errors, "more problem", "more problems")}.</p>}
      {unread > 0 && <p>{count(unread, "line after that was", "lines after that were")} not looked at.</p>}
    </>
  );
}

function ProblemRow({ line, field, message }: Problem) {
  return (
    <tr>
      <td class="when">Line {line}</td>
      <td>{field ? <code>{field}</code> : "All of it"}</td>
      <td class="break">{message}</td>
    </tr>
  );
}

interface ListProps {
  about: About;
  outcome: Outcome;
  done: boolean;
}

function Changed({ about: { words }, outcome: { changed, updated }, done }: ListProps) {
  return (
    <div class="card">
      <h2>{count(updated, words.one, words.many)} {done ? "changed" : "would change"}</h2>
      <ul class="rows">{changed.map((difference) => <ChangedRow {...difference} />)}</ul>
      <More all={updated} shown={changed.length} />
    </div>
  );
}

function ChangedRow({ line, name, changes }: Difference) {
  return (
    <li>
      <div class="break">
        {name} <span class="quiet">line {line}</span>
        <dl class="changes">
          {changes.map(({ field, before, after }) => (
            <div>
              <dt>{field.replaceAll("_", " ")}</dt>{" "}
              <dd>
                {before ? <del>{before}</del> : <span class="quiet">none</span>} <span class="quiet">→</span>
                {" "}
                {after ? <ins>{after}</ins> : <span class="quiet">none</span>}
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </li>
  );
}

function Made({ about: { words }, outcome: { made, created }, done }: ListProps) {
  return (
    <div class="card">
      <h2>{count(created, words.one, words.many)} {done ? "made" : "would be made"}</h2>
      <ul class="rows">
        {made.map(({ line, name }) => (
          <li>
            <div class="break">
              {name} <span class="quiet">line {line}</span>
            </div>
          </li>
        ))}
      </ul>
      <More all={created} shown={made.length} />
    </div>
  );
}

function More({ all, shown }: { all: number; shown: number }) {
  return all > shown ? <p class="quiet">And {(all - shown).toLocaleString("en-GB")} more.</p> : null;
}

/** What a file makes, changes and leaves, in a sentence. */
export function sumOf({ words }: About, { created, updated, unchanged }: Outcome, done: boolean): string {
  const would = done ? "" : "would be ";
  return `${count(created, words.one, words.many)} ${would}made, ${
    updated.toLocaleString("en-GB")
  } changed, ${unchanged.toLocaleString("en-GB")} as before.`;
}

const problemsOf = ({ errors, more_errors }: Outcome) =>
  count(errors.length + more_errors, "problem was found", "problems were found");

const capital = (word: string) => word[0].toUpperCase() + word.slice(1);
