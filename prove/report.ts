/** What a run has found: its figures, and every claim that did not hold. */
export interface Report {
  title: string;
  /** What made it, to be run again. */
  command: string;
  columns: string[];
  rows: (string | number)[][];
  /** More to be said, a line each. */
  notes: string[];
  /** Empty: all that is claimed holds. */
  broken: string[];
}

/** The report in Markdown. */
export function markdownOf({ title, command, columns, rows, notes, broken }: Report): string {
  const cells = [columns, ...rows.map((row) => row.map(String))];
  const widths = columns.map((_, i) => Math.max(3, ...cells.map((row) => row[i].length)));
  const numeric = columns.map((_, i) => rows.every((row) => typeof row[i] === "number"));
  const pad = (text: string, i: number) => numeric[i] ? text.padStart(widths[i]) : text.padEnd(widths[i]);
  const line = (row: string[]) => `| ${row.map(pad).join(" | ")} |`;
  const rule = `| ${
    widths.map((width, i) => numeric[i] ? `${"-".repeat(width - 1)}:` : "-".repeat(width)).join(" | ")
  } |`;
  const outcome = broken.length === 0
    ? "All of it holds."
    : ["Broken:", ...broken.map((words) => `- ${words}`)].join("\n");
  return [
    ...[`### ${title}`, "", `\`${command}\``, "", line(columns), rule, ...cells.slice(1).map(line), ""],
    ...(notes.length > 0 ? [...notes, ""] : []),
    outcome,
  ].join("\n");
}

/** Prints a report, keeps it as JSON where that is asked for, and answers the exit code. */
export async function publish(report: Report, file?: string): Promise<number> {
  const machine = {
    date: Temporal.Now.instant().toString({ smallestUnit: "second" }),
    deno: Deno.version.deno,
  };
  if (file) await Deno.writeTextFile(file, `${JSON.stringify({ ...machine, ...report }, null, 2)}\n`);
  console.log(markdownOf(report));
  return report.broken.length === 0 ? 0 : 1;
}
