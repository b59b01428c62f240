import { connect, type Where } from "../db/connect.ts";
import { median } from "./numbers.ts";

/** One figure. */
export interface Row {
  name: string;
  value: number;
  unit: string;
  /** How many times the figure of something else this is. */
  ratio?: { value: number; of: string }[];
  note?: string;
}

export interface Section {
  title: string;
  rows: Row[];
}

export interface Machine {
  date: string;
  cores: number;
  memory_gb: number;
  system: string;
  deno: string;
  postgresql: string;
}

/** What the figures were measured on. */
export async function describeMachine(where: Where): Promise<Machine> {
  const sql = connect(where, { max: 1, name: "bench" });
  const [{ server_version }] = await sql<{ server_version: string }[]>`show server_version`;
  await sql.end();
  return {
    date: Temporal.Now.instant().toString({ smallestUnit: "second" }),
    cores: navigator.hardwareConcurrency,
    memory_gb: Math.round(Deno.systemMemoryInfo().total / 2 ** 30),
    system: `${Deno.build.os} ${Deno.osRelease()} ${Deno.build.arch}`,
    deno: Deno.version.deno,
    postgresql: server_version,
  };
}

/**
 * What is told of turns beside the median of their rates: the best of them, in which others disturbed least, and the
 * median of the milliseconds that one in a hundred took longer than.
 */
export function turnsNote(turns: readonly { rate: number; p99: number }[]): string {
  const best = Math.max(...turns.map(({ rate }) => rate));
  return `best turn ${written(best)}; p99 ${median(turns.map(({ p99 }) => p99)).toFixed(1)} ms`;
}

/** The whole report as text: names to the left, figures to the right, ratios behind them. */
export function tableOf(machine: Machine, sections: readonly Section[]): string {
  const rows = sections.flatMap((section) => section.rows);
  const widest = (texts: readonly string[]) => Math.max(...texts.map((text) => text.length));
  const name = widest(rows.map((row) => row.name));
  const value = widest(rows.map((row) => written(row.value)));
  const unit = widest(rows.map((row) => row.unit));
  const line = (row: Row) =>
    `  ${row.name.padEnd(name)}  ${written(row.value).padStart(value)} ${row.unit.padEnd(unit)}  ${
      ratios(row)
    }`
      .trimEnd();
  const { date, cores, memory_gb, system, deno, postgresql } = machine;
  const head = `${date}: ${cores} cores, ${memory_gb} GB, ${system}, Deno ${deno}, PostgreSQL ${postgresql}`;
  return [head, ...sections.flatMap(({ title, rows }) => ["", title, ...rows.map(line)])].join("\n");
}

function ratios({ ratio = [], note }: Row): string {
  return [...ratio.map(({ value, of }) => `${value.toFixed(value < 0.1 ? 3 : 2)} × ${of}`), note]
    .filter(Boolean).join("; ");
}

function written(value: number): string {
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
