import type { Db, Sql, Tx } from "../../db/types.ts";
import { BrokenCsv, readCsv } from "../../lib/csv.ts";
import { isId, newId } from "../../lib/ids.ts";
import { NotFound } from "../errors.ts";
import type { Actor } from "../permissions.ts";
import type { Line } from "./cells.ts";
import type { Outcome, Problem } from "./report.ts";
import { MOST_PROBLEMS } from "./report.ts";

export const KINDS = ["resources", "users", "reservations"] as const;
/** What a file is about. */
export type Kind = typeof KINDS[number];

/** A file on its way in. */
export interface Import {
  id: string;
  kind: Kind;
  file_name: string;
  columns: string[];
  problems: Problem[];
  outcome: Outcome | null;
  expires_at: Temporal.Instant;
  done_at: Temporal.Instant | null;
}

/** What columns a file may have, and which of them say what a line is about: one of these must be there. */
export interface Shape {
  columns: readonly string[];
  keys: readonly string[];
}

/** For so long a file that was looked at can be stored. */
const KEPT_HOURS = 2;
export const BATCH = 500;
const MOST_LINES = 200_000;

/** Told with the line that the reading or the storing has come to. */
export type Progress = (phase: "read" | "store", line: number) => void;

/**
 * Reads a file and keeps its lines for who sent it, batch by batch: a slow sender keeps nobody waiting, and what was
 * looked at is what is stored. What cannot be read at all is kept with it as a problem.
 *
 * @returns the id of the import
 */
export async function stage(
  sql: Sql,
  actor: Actor,
  file: { kind: Kind; shape: Shape; name: string; chunks: AsyncIterable<Uint8Array> },
  now: Temporal.Instant,
  progress?: Progress,
): Promise<string> {
  const id = newId(now.epochMilliseconds);
  await sql`
    insert into imports (id, user_id, kind, file_name, created_at, expires_at)
    values (${id}, ${actor.id}, ${file.kind}, ${nameOf(file.name)}, ${now}, ${
    now.add({ hours: KEPT_HOURS })
  })`;
  try {
    await keep(sql, id, file.shape, file.chunks, progress);
  } catch (error) {
    await forget(sql, id);
    throw error;
  }
  return id;
}

async function keep(
  sql: Sql,
  id: string,
  shape: Shape,
  chunks: AsyncIterable<Uint8Array>,
  progress?: Progress,
) {
  const problems: Problem[] = [];
  const say = (line: number, field: string, message: string) => {
    if (problems.length < MOST_PROBLEMS) problems.push({ line, field, message });
  };
  let columns: string[] | undefined;
  let batch: { line: number; cells: string[] }[] = [];
  let lines = 0;
  const flush = async () => {
    await sql`
      insert into import_lines (import_id, line, cells)
      select ${id}, line, cells from jsonb_to_recordset(${sql.json(batch)}) as l (line int, cells jsonb)`;
    progress?.("read", batch.at(-1)!.line);
    batch = [];
  };
  try {
    for await (const { line, cells } of readCsv(chunks)) {
      if (!columns) {
        columns = namesIn(cells);
        for (const { path, message } of wrongIn(columns, shape)) say(line, path, message);
        if (problems.length > 0) break;
        continue;
      }
      if (++lines > MOST_LINES) {
        say(line, "", `A file has at most ${MOST_LINES.toLocaleString("en")} lines: send it in parts`);
        break;
      }
      const wrong = wrongLine(cells, columns);
      if (wrong) say(line, wrong.path, wrong.message);
      else batch.push({ line, cells });
      if (batch.length === BATCH) await flush();
    }
  } catch (error) {
    if (!(error instanceof BrokenCsv)) throw error;
    say(error.line, "", error.message);
  }
  if (!columns && problems.length === 0) {
    say(1, "", `The file is empty: its first line names the columns, such as ${shape.columns.join(",")}`);
  }
  if (batch.length > 0) await flush();
  await sql`
    update imports set columns = ${columns ?? []}, problems = ${
    sql.json(problems as never)
  } where id = ${id}`;
}

// As people write them: `Time zone` is `time_zone`.
function namesIn(cells: readonly string[]): string[] {
  return cells.map((cell) => cell.trim().toLowerCase().replace(/[\s-]+/g, "_"));
}

function wrongIn(names: readonly string[], { columns, keys }: Shape) {
  const wrong = names.flatMap((name, i) => {
    if (name === "") return [{ path: "", message: `Column ${i + 1} has no name` }];
    if (names.indexOf(name) < i) return [{ path: name, message: `The column ${name} is there twice` }];
    if (columns.includes(name)) return [];
    if (/passw/.test(name)) {
      const message =
        "Passwords are never in a file: people set their own by a reset link. Take this column out";
      return [{ path: name, message }];
    }
    return [{ path: name, message: `There is no column ${name}: the columns are ${columns.join(", ")}` }];
  });
  if (wrong.length > 0 || keys.some((key) => names.includes(key))) return wrong;
  return [{
    path: keys[0],
    message: `Nothing says what a line is about: name a column ${keys.join(" or ")}`,
  }];
}

function wrongLine(cells: readonly string[], columns: readonly string[]) {
  if (cells.length !== columns.length) {
    const message =
      `This line has ${cells.length} cells, and the first line names ${columns.length} columns: ` +
      "a text with the separator in it stands in quotation marks";
    return { path: "", message };
  }
  const at = cells.findIndex((cell) => cell.includes("\0") || !cell.isWellFormed());
  return at < 0
    ? undefined
    : { path: columns[at], message: "The text has a character that cannot be stored" };
}

/** @throws {NotFound} also where it is somebody else's, or has run out */
export async function getImport(
  db: Db,
  actor: Actor,
  { id, kind }: { id: string; kind: Kind },
  now: Temporal.Instant,
): Promise<Import> {
  const [found] = isId(id)
    ? await db<Import[]>`
      select id, kind, file_name, columns, problems, outcome, expires_at, done_at from imports
      where id = ${id} and user_id = ${actor.id} and kind = ${kind} and expires_at > ${now}`
    : [];
  if (!found) throw new NotFound("This import");
  return found;
}

/** The lines of a file in their order, batch by batch. */
export async function* linesOf(tx: Tx, { id, columns }: Import): AsyncGenerator<Line[]> {
  for (let after = 0;;) {
    const rows = await tx<{ line: number; cells: string[] }[]>`
      select line, cells from import_lines where import_id = ${id} and line > ${after} order by line limit ${BATCH}`;
    if (rows.length === 0) return;
    yield rows.map(({ line, cells }) => ({
      line,
      cells: Object.fromEntries(columns.map((name, i) => [name, cells[i]])),
    }));
    after = rows[rows.length - 1].line;
  }
}

/** Whether any line of a file says something in one of these columns. */
export async function hasCell(tx: Tx, { id, columns }: Import, names: readonly string[]): Promise<boolean> {
  const places = columns.flatMap((name, i) => names.includes(name) ? [i] : []);
  const [{ found }] = await tx<{ found: boolean }[]>`
    select exists (
      select from import_lines l cross join unnest(${places}::int[]) as at
      where l.import_id = ${id} and btrim(coalesce(l.cells ->> at, '')) <> '') as found`;
  return found;
}

/** Keeps what would come of a file, for the page that shows it. */
export async function keepOutcome(db: Db, id: string, outcome: Outcome): Promise<void> {
  await db`update imports set outcome = ${db.json(outcome as never)} where id = ${id}`;
}

/**
 * Makes others who want to store the same file wait until this transaction ends.
 *
 * @returns whether there is something to store: it is neither stored nor forgotten
 */
export async function claim(tx: Tx, id: string): Promise<boolean> {
  const [open] = await tx`select id from imports where id = ${id} and done_at is null for update`;
  return Boolean(open);
}

/** Marks a file as stored, and lets its lines go. */
export async function finish(tx: Tx, id: string, now: Temporal.Instant): Promise<void> {
  await tx`update imports set done_at = ${now} where id = ${id}`;
  await tx`delete from import_lines where import_id = ${id}`;
}

/** Forgets a file. */
export async function forget(db: Db, id: string): Promise<void> {
  await db`delete from imports where id = ${id}`;
}

/**
 * Forgets files that nobody stored in time, at most `limit` at once.
 *
 * @returns how many
 */
export async function forgetExpired(tx: Tx, now: Temporal.Instant, limit: number): Promise<number> {
  const gone = await tx`
    delete from imports where id = any(array(
      select id from imports where expires_at <= ${now} limit ${limit} for update skip locked))
    returning id`;
  return gone.length;
}

// A name as the record can show it.
function nameOf(name: string): string {
  const [last] = name.split(/[\\/]/).slice(-1);
  return [...last.replace(/\p{Cc}/gu, "").toWellFormed()].slice(0, 120).join("");
}
