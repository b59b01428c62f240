import { BackupBroken } from "./errors.ts";
import { quote, type Sequence } from "./tables.ts";

/**
 * A backup is a gzip of SQL that `psql` can read, too, into a database of the same migrations. What Holdfast needs to know
 * beyond it stands in comments: in the first two lines what it is a backup of, in the last how many rows each table has,
 * and the SHA-256 of its lines.
 */
export const MAGIC = "-- Holdfast backup 1";

/** What a backup is of. */
export interface Head {
  taken_at: string;
  /** Of the database, in the order in which they were applied. */
  migrations: { name: string; checksum: string; applied_at: string }[];
}

/** What has to have come of a backup. */
export interface Sum {
  rows: number;
  sha256: string;
}
export type Sums = Record<string, Sum>;

export const headOf = (head: Head) => `${MAGIC}\n-- ${JSON.stringify(head)}\n`;
export const beginOf = (table: string, columns: readonly string[]) =>
  `COPY ${quote(table)} (${columns.map(quote).join(", ")}) FROM stdin;\n`;
export const END_OF_TABLE = "\\.";
export const sequenceOf = ({ table, column, last_value, is_called }: Sequence) =>
  `SELECT setval(pg_get_serial_sequence('${table}', '${column}'), ${last_value}, ${is_called});\n`;
export const tailOf = (sums: Sums) => `-- ${JSON.stringify({ tables: sums })}\n`;

const COPY = /^COPY "((?:[^"]|"")+)" \((.+)\) FROM stdin;$/;
const SETVAL = /^SELECT setval\(pg_get_serial_sequence\('(\w+)', '(\w+)'\), (\d+), (true|false)\);$/;

/** @throws {BackupBroken} where it is none, or of a Holdfast of a later time */
export function readHead(first: string | undefined, second: string | undefined): Head {
  if (first !== MAGIC) {
    throw new BackupBroken(
      /^-- Holdfast backup \d+$/.test(first ?? "")
        ? "This backup was made by a newer Holdfast: restore it with that one"
        : "This is no backup of Holdfast",
    );
  }
  return readComment<Head>(second, "migrations");
}

/** The table that a line begins, with its columns. */
export function readBegin(line: string): { table: string; columns: string[] } | undefined {
  const [, table, columns] = COPY.exec(line) ?? [];
  const unquote = (name: string) => name.replace(/^"|"$/g, "").replaceAll('""', '"');
  return table ? { table: unquote(table), columns: columns.split(", ").map(unquote) } : undefined;
}

export function readSequence(line: string): Sequence | undefined {
  const [, table, column, last_value, is_called] = SETVAL.exec(line) ?? [];
  return table ? { table, column, last_value, is_called: is_called === "true" } : undefined;
}

/** @throws {BackupBroken} where it does not end as it should */
export function readTail(line: string): Sums {
  return readComment<{ tables: Sums }>(line, "tables").tables;
}

function readComment<T extends object>(line: string | undefined, member: string): T {
  try {
    const read = JSON.parse(/^-- (\{.*)$/.exec(line ?? "")?.[1] ?? "");
    if (member in read) return read;
  } catch {
    // Said below.
  }
  throw new BackupBroken(`This backup is broken: it says nothing of its ${member}`);
}
