import { Readable } from "node:stream";
import { type CsvError, type Options, parse } from "csv-parse";
import { parse as parseAll } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import { BrokenText, textOf } from "./encoding.ts";

export type Delimiter = "," | ";" | "\t";

/** One record of a file: where it begins, as an editor counts its lines, and its cells as they were written. */
export interface CsvLine {
  line: number;
  cells: string[];
}

/** What makes the rest of a file unreadable, in words. */
export class BrokenCsv extends Error {
  constructor(readonly line: number, message: string) {
    super(message);
  }
}

/** So much one record may have, so that a quotation mark that nobody closed does not swallow a whole file. */
const LONGEST = 200_000;

// A spreadsheet takes a text that begins like this for a formula, also in its full-width form. What stands behind
// apostrophes gets one more, so that taking one away gives back what was there.
const FORMULA = /^'*[=+\-@\t\r＝＋－＠]/;
const GUARDED = /^'+[=+\-@\t\r＝＋－＠]/;

/** Rows as CSV (RFC 4180): a text that a spreadsheet would take for a formula gets an apostrophe before it. */
export function csvOf(
  rows: readonly (readonly unknown[])[],
  { delimiter = ",", newline = "\r\n" }: { delimiter?: Delimiter; newline?: "\r\n" | "\n" | "\r" } = {},
): string {
  return stringify(rows.map((row) => row.map((value) => guarded(cellOf(value)))), {
    delimiter,
    record_delimiter: newline,
    // What begins with # would be a comment; blanks at the ends are lost by programs that trim.
    quoted_match: /^#|^\s|\s$|[\r\n]/,
  });
}

/** A value as the text of its cell: nothing is empty, lists and objects are JSON. */
export function cellOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  const plain = typeof value !== "object" || value instanceof Temporal.Instant;
  return plain ? String(value) : JSON.stringify(value);
}

/**
 * The records of a file, one after the other, in memory no more than one chunk of it. Comma, semicolon or tab is
 * told by the first line; any ends of lines; what begins with # outside quotation marks is a comment; what was
 * written against formulas is taken back. Lines without anything are passed over.
 *
 * @throws {BrokenCsv} where the rest cannot be read
 */
export async function* readCsv(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<CsvLine> {
  const text = counted(textOf(chunks));
  const { head, delimiter } = await beginning(text);
  // The parser counts the two characters that end a line as two inside quotation marks.
  let twice = 0;
  let last = 0;
  const options: Options<CsvLine, string[]> = {
    delimiter,
    bom: true,
    comment: "#",
    comment_no_infix: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: LONGEST,
    record_delimiter: ["\r\n", "\n", "\r"],
    on_record(record, { lines }) {
      const inside = record.filter((cell) => /[\r\n]/.test(cell));
      twice += inside.reduce((sum, cell) => sum + cell.split("\r\n").length - 1, 0);
      last = lines - twice;
      if (record.every((cell) => cell.trim() === "")) return null;
      return {
        line: last - inside.reduce((sum, cell) => sum + breaksIn(cell), 0),
        cells: record.map(unguarded),
      };
    },
  };
  // Its types know records of texts only where there are no names of columns.
  const parser = parse(options as unknown as Options);
  const source = Readable.from(following(head, text), { objectMode: true, highWaterMark: 1 });
  source.on("error", (error) => parser.destroy(error)).pipe(parser);
  try {
    yield* parser as AsyncIterable<CsvLine>;
  } catch (error) {
    throw inWords(error, last + 1, twice);
  } finally {
    source.destroy();
    parser.destroy();
  }
}

/** The parts of a cell that holds a list, separated by commas; a part that has one stands in quotation marks. */
export function listIn(cell: string): string[] {
  if (!cell.includes('"')) return cell.split(",");
  try {
    return parseAll(cell, { relax_quotes: true, ltrim: true, record_delimiter: "\0" })[0] ?? [];
  } catch {
    return cell.split(",");
  }
}

/** A list as the cell that `listIn` reads. */
export function listCell(parts: readonly string[]): string {
  return parts.length === 0 ? "" : stringify([[...parts]], { eof: false });
}

const breaksIn = (text: string) => text.split(/\r\n|\r|\n/).length - 1;
const guarded = (text: string) => FORMULA.test(text) ? `'${text}` : text;
const unguarded = (text: string) => GUARDED.test(text) ? text.slice(1) : text;

// As much as it takes to see the whole line with the names of the columns.
async function beginning(text: AsyncGenerator<string>) {
  let head = "";
  for (;;) {
    const { value, done } = await text.next();
    head += value ?? "";
    const lines = head.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
    const first = lines.findIndex((line) => line.trim() !== "" && !line.startsWith("#"));
    if (done || head.length > LONGEST || (first >= 0 && first < lines.length - 1)) {
      return { head, delimiter: delimiterOf(lines[first] ?? "") };
    }
  }
}

function delimiterOf(line: string): Delimiter {
  const bare = line.replace(/"[^"]*"/g, "");
  const count = (delimiter: string) => bare.split(delimiter).length;
  return ([",", ";", "\t"] as const).reduce((best, next) => count(next) > count(best) ? next : best);
}

// Knows the line at which a text breaks off.
async function* counted(text: AsyncGenerator<string>): AsyncGenerator<string> {
  let line = 1;
  try {
    for await (const part of text) {
      line += breaksIn(part);
      yield part;
    }
  } catch (error) {
    throw error instanceof BrokenText ? new BrokenCsv(line, error.message) : error;
  }
}

async function* following(head: string, text: AsyncGenerator<string>) {
  yield head;
  yield* text;
}

const WORDS: Record<string, string> = {
  INVALID_OPENING_QUOTE:
    'A quotation mark stands inside a cell: put the whole cell into quotation marks, and write it twice ("")',
  CSV_INVALID_CLOSING_QUOTE:
    'Something follows a closing quotation mark: inside quotation marks, write one that is meant twice ("")',
  CSV_QUOTE_NOT_CLOSED: "A quotation mark that is opened here, or in a line below, is never closed",
  CSV_MAX_RECORD_SIZE:
    "This line is too long: a quotation mark that is opened here may not be closed where it should be",
};

function inWords(error: unknown, next: number, twice: number): unknown {
  const { code, lines } = error as CsvError & { lines?: number };
  const words = WORDS[code];
  if (!words) return error;
  const exact = code.includes("ING_QUOTE") && lines !== undefined;
  return new BrokenCsv(exact ? lines - twice : next, words);
}
