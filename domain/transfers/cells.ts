import type { z } from "zod";
import type { Issue } from "../errors.ts";
import type { Tx } from "../../db/types.ts";
import { Invalid, Taken, wordsFor } from "../errors.ts";

/** One line of a file: a text for each column that the file has. */
export interface Line {
  line: number;
  cells: Record<string, string>;
}

/** Either what was read, or what is wrong with it. */
export type Read<T> = { value: T } | { issues: Issue[] };

const YES = ["true", "yes", "1"];
const NO = ["false", "no", "0"];

/** Yes or no, as people and spreadsheets write it; a text that is neither comes back for a schema to refuse. */
export function truth(cell: string): boolean | string {
  const word = cell.trim().toLowerCase();
  return YES.includes(word) ? true : NO.includes(word) ? false : cell;
}

/** A number, or nothing where the cell is empty; what is none comes back for a schema to refuse. */
export function amount(cell: string): number | null | string {
  const text = cell.trim();
  if (text === "") return null;
  return /^\d{1,15}$/.test(text) ? Number(text) : cell;
}

/** What a schema makes of what was read, with the problems at the columns they belong to. */
export function read<T>(schema: z.ZodType<T>, input: unknown, columns: Record<string, string> = {}): Read<T> {
  const found = schema.safeParse(input);
  if (found.success) return { value: found.data };
  const issues = found.error.issues.map(({ path, message }) => {
    const field = String(path[0] ?? "");
    return { path: columns[field] ?? field, message };
  });
  // A list may have the same wrong with several of its parts.
  const said = new Set<string>();
  return {
    issues: issues.filter(({ path, message }) => !said.has(path + message) && said.add(path + message)),
  };
}

/** What two descriptions of the same thing have different, column by column. */
export function changesBetween(before: Record<string, string>, after: Record<string, string>) {
  return Object.keys(after).filter((field) => before[field] !== after[field])
    .map((field) => ({ field, before: before[field], after: after[field] }));
}

/**
 * Writes rows set by set. Where the database refuses a set, its halves are tried, down to the rows that it refuses:
 * of those `refused` is told, in words.
 */
export async function writeSets<T>(
  tx: Tx,
  rows: readonly T[],
  write: (tx: Tx, rows: readonly T[]) => Promise<void>,
  refused: (row: T, issue: Issue) => void,
): Promise<void> {
  if (rows.length === 0) return;
  try {
    await tx.savepoint((inner) => write(inner, rows));
  } catch (error) {
    const told = wordsFor(error);
    const issue = told instanceof Taken ? told.issue : told instanceof Invalid ? told.issues[0] : undefined;
    if (!issue) throw error;
    if (rows.length === 1) return refused(rows[0], issue);
    const half = Math.ceil(rows.length / 2);
    await writeSets(tx, rows.slice(0, half), write, refused);
    await writeSets(tx, rows.slice(half), write, refused);
  }
}
