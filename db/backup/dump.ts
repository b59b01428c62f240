import { createHash } from "node:crypto";
import { dirname } from "node:path";
import type { Sql, Tx } from "../types.ts";
import { beginOf, END_OF_TABLE, type Head, headOf, sequenceOf, type Sums, tailOf } from "./format.ts";
import { linesOf, listSequences, listTables, type Table } from "./tables.ts";

/** Told how far it is: so many rows of about so many, and of which table. */
export type OnProgress = (done: number, about: number, what: string) => void;

/**
 * Writes a backup of a database as it is at one moment, while others go on writing. The file has its name only when
 * it is whole and on the disk; only its owner may read it.
 *
 * @returns how many rows it has
 */
export async function dumpTo(
  path: string,
  sql: Sql,
  now: Temporal.Instant,
  onProgress?: OnProgress,
): Promise<number> {
  const part = `${path}.part`;
  await Deno.remove(part).catch(() => {}); // what a killed one left
  const file = await Deno.open(part, { write: true, createNew: true, mode: 0o600 });
  try {
    const rows = await dump(sql, now, writingTo(file), onProgress);
    await file.sync();
    file.close();
    await Deno.rename(part, path);
    using folder = await Deno.open(dirname(path));
    await folder.sync(); // or a power cut could undo the renaming
    return rows;
  } catch (error) {
    try {
      file.close();
    } catch {
      // It is closed already.
    }
    await Deno.remove(part).catch(() => {});
    throw error;
  }
}

/**
 * A stream into something that stays open. (Into the one of a file the runtime pipes nothing at all, and says nothing of
 * it, where that is to stay open.)
 */
export function writingTo(
  out: { write(bytes: Uint8Array): Promise<number> },
): WritableStream<Uint8Array<ArrayBuffer>> {
  return new WritableStream({
    async write(bytes) {
      for (let at = 0; at < bytes.length;) at += await out.write(bytes.subarray(at));
    },
  });
}

/** Writes a backup into a stream. @returns how many rows it has */
export async function dump(
  sql: Sql,
  now: Temporal.Instant,
  into: WritableStream<Uint8Array<ArrayBuffer>>,
  onProgress?: OnProgress,
): Promise<number> {
  return await sql.begin("isolation level repeatable read read only", async (tx) => {
    await settle(tx);
    let rows = 0;
    const text = textOf(tx, now, (done, about, what) => {
      rows = done;
      onProgress?.(done, about, what);
    });
    await ReadableStream.from(text)
      .pipeThrough(new CompressionStream("gzip"))
      .pipeTo(into);
    return rows;
  }) as number;
}

/** What a table has in it now, without a file. */
export async function sumsOf(sql: Sql): Promise<Sums> {
  return await sql.begin("isolation level repeatable read read only", async (tx) => {
    await settle(tx);
    const sums: Sums = {};
    for (const table of await listTables(tx)) {
      const adding = adder(table, sums);
      for await (const lines of linesOf(tx, table)) adding.add(`${lines.join("\n")}\n`, lines.length);
      adding.end();
    }
    return sums;
  }) as Sums;
}

/** However long it takes, and with values written in one way whatever the server's settings are. */
async function settle(tx: Tx) {
  await tx`
    select set_config(name, value, true) from (values
      ('statement_timeout', '0'), ('idle_in_transaction_session_timeout', '0'), ('transaction_timeout', '0'),
      ('datestyle', 'ISO'), ('intervalstyle', 'iso_8601'), ('timezone', 'UTC'), ('bytea_output', 'hex'),
      ('extra_float_digits', '1')
    ) settings (name, value)
    where exists (select from pg_settings s where lower(s.name) = settings.name)`;
}

async function* textOf(
  tx: Tx,
  now: Temporal.Instant,
  onProgress: OnProgress,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const utf8 = new TextEncoder();
  const migrations = await tx<Head["migrations"]>`
    select name, checksum, to_char(applied_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as applied_at
    from migrations order by name collate "C"`;
  const tables = await listTables(tx);
  const about = tables.reduce((sum, table) => sum + table.about, 0);
  const sums: Sums = {};
  let done = 0;
  yield utf8.encode(headOf({ taken_at: now.toString(), migrations: [...migrations] }));
  for (const table of tables) {
    const adding = adder(table, sums);
    yield utf8.encode(beginOf(table.name, table.columns));
    for await (const lines of linesOf(tx, table)) {
      yield utf8.encode(adding.add(`${lines.join("\n")}\n`, lines.length));
      done += lines.length;
      onProgress(done, Math.max(about, done), table.name);
    }
    adding.end();
    yield utf8.encode(`${END_OF_TABLE}\n`);
  }
  for (const sequence of await listSequences(tx)) yield utf8.encode(sequenceOf(sequence));
  yield utf8.encode(tailOf(sums));
}

function adder({ name }: Pick<Table, "name">, sums: Sums) {
  const hash = createHash("sha256");
  let rows = 0;
  return {
    add(text: string, count: number): string {
      hash.update(text);
      rows += count;
      return text;
    },
    end() {
      sums[name] = { rows, sha256: hash.digest("hex") };
    },
  };
}
