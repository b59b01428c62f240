import { stringify } from "csv-stringify/sync";

/**
 * Rows as CSV (RFC 4180). A text that a spreadsheet would take for a formula gets an apostrophe before it.
 *
 * @param header whether the names of the columns come first
 */
export function csvOf(rows: readonly Record<string, unknown>[], columns: readonly string[], header: boolean) {
  return stringify([...rows], {
    header,
    columns: [...columns],
    escape_formulas: true,
    record_delimiter: "windows",
  });
}
