import { styleText } from "node:util";
import { stringify } from "csv-stringify/sync";
import stringWidth from "string-width";
import type { Json } from "./site.ts";

/** How a command shows what it found. */
export interface Format {
  json?: boolean;
  csv?: boolean;
}

/** A column of a table: its heading, and what stands in it. */
export interface Column {
  head: string;
  read(row: Json): string | number | null | undefined;
  /** Figures stand at the right. */
  right?: boolean;
  /** What is of no use in part, such as an id: where a line is too short for it, it stands beneath, whole. */
  whole?: boolean;
}

/** Writes to the standard output. */
export function write(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

/**
 * Rows as people read them in a terminal, whole where the output is no terminal; or as a script wants them: `--json`
 * as the site sent them, `--csv` with the columns of the table.
 */
export function showRows(
  rows: readonly Json[],
  columns: readonly Column[],
  { json, csv }: Format,
  none: string,
) {
  if (json) return write(`${JSON.stringify(rows, null, 2)}\n`);
  const cells = rows.map((row) => columns.map((column) => String(column.read(row) ?? "")));
  const heads = columns.map(({ head }) => head);
  if (csv) return write(stringify([heads, ...cells], { escape_formulas: true }));
  if (rows.length === 0) return note(none);
  write(table(columns, cells, widthOfTerminal()));
}

/** One thing, a line for each of its members. */
export function showOne(thing: Json, columns: readonly Column[], { json, csv }: Format) {
  if (json) return write(`${JSON.stringify(thing, null, 2)}\n`);
  const lines = columns.map(({ head, read }) => [head, String(read(thing) ?? "")]);
  if (csv) {
    return write(
      stringify([lines.map(([head]) => head), lines.map(([, value]) => value)], { escape_formulas: true }),
    );
  }
  const widest = Math.max(...lines.map(([head]) => stringWidth(head)));
  for (const [head, value] of lines) {
    if (value) write(`${bold(pad(head, widest))}  ${plain(value, false)}\n`);
  }
}

/** Says something to the person, not to the script that reads the output. */
export function note(text: string): void {
  console.error(text);
}

/** @param width the columns of the terminal; none: nothing is cut */
export function table(
  columns: readonly Omit<Column, "read">[],
  cells: readonly (readonly string[])[],
  width?: number,
): string {
  const clean = cells.map((row) => row.map((cell) => plain(cell)));
  const heads = columns.map(({ head }) => head);
  const natural = heads.map((head, i) =>
    Math.max(stringWidth(head), ...clean.map((row) => stringWidth(row[i])))
  );
  const tooWide = width !== undefined && natural.reduce((sum, one) => sum + one + 2, -2) > width;
  const beneath = columns.map(({ whole = false }) => whole && tooWide);
  const beside = <T>(row: readonly T[]) => row.filter((_, i) => !beneath[i]);
  const widths = beside(natural);
  const right = beside(columns.map((column) => column.right ?? false));
  if (width) fit(widths, width - 2 * (widths.length - 1));
  const line = (row: readonly string[]) =>
    beside(row).map((cell, i) => pad(cut(cell, widths[i]), widths[i], right[i])).join("  ").trimEnd();
  const lines = (row: readonly string[]) => [
    line(row),
    ...row.filter((cell, i) => beneath[i] && cell !== "").map((cell) => `  ${cell}`),
  ];
  return [bold(line(heads)), ...clean.flatMap(lines)].join("\n") + "\n";
}

// The widest give first, until the line fits; nothing becomes narrower than a word.
function fit(widths: number[], room: number) {
  const narrowest = 8;
  while (widths.reduce((sum, width) => sum + width, 0) > room) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest] <= narrowest) return;
    widths[widest]--;
  }
}

function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = "";
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (stringWidth(kept + segment) > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

function pad(text: string, width: number, right = false): string {
  const blanks = " ".repeat(Math.max(0, width - stringWidth(text)));
  return right ? blanks + text : text + blanks;
}

// What people wrote must not move the cursor or change colours; in a table it stays on its line.
function plain(text: string, oneLine = true): string {
  // deno-lint-ignore no-control-regex
  const tame = text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
  return oneLine ? tame.replace(/\s+/g, " ").trim() : tame;
}

// No colours in a file or a pipe, nor where somebody asked for none (https://no-color.org).
function bold(text: string): string {
  const wanted = Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR");
  return wanted ? styleText("bold", text, { validateStream: false }) : text;
}

function widthOfTerminal(): number | undefined {
  return Deno.stdout.isTerminal() ? Math.max(Deno.consoleSize().columns, 40) : undefined;
}
