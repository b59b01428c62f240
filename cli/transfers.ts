import type { Command } from "commander";
import { asking } from "./asked.ts";
import { note, showOne } from "./output.ts";
import { bar } from "./progress.ts";
import { type Json, refusalOf } from "./site.ts";

/** The two commands by which things go in and out as CSV. */
export function transfers(group: Command, things: "resources" | "users" | "reservations"): void {
  group.command("export").description("all of them as CSV, to the standard output or a file")
    .argument("[file]")
    .addHelpText("after", `\nExample:\n  holdfast ${things} export > ${things}.csv`)
    .action(asking<[string | undefined]>(async ({ site }, file) => {
      const headers = { accept: "text/csv" };
      const { body } = await site.send("GET", `/api/v1/${things}/export.csv`, { headers });
      if (!body) return;
      if (file) return await Deno.writeFile(file, body);
      for await (const part of body) await writeAll(part);
    }));

  group.command("import").description(
    "add and change them from CSV; one line that is wrong, and nothing is changed",
  )
    .argument("<file>", "a file, or - for the standard input")
    .option("--dry-run", "only say what would happen")
    .addHelpText(
      "after",
      `\nExamples:\n  holdfast ${things} import ${things}.csv --dry-run\n  holdfast ${things} import - < ${things}.csv`,
    )
    .action(asking<[string]>(async ({ site, options, json, csv }, file) => {
      const body = file === "-" ? await new Response(Deno.stdin.readable).bytes() : await Deno.readFile(file);
      const response = await site.send("POST", `/api/v1/${things}/import`, {
        query: { dry_run: options.dryRun ? "true" : undefined },
        headers: { "content-type": "text/csv", accept: "application/x-ndjson, application/json" },
        body,
      });
      const result = await follow(response, lines(body));
      if (result.status >= 400) throw refusalOf(result.status, result);
      if (options.dryRun) note("Nothing was changed: this is what would be");
      showOne(result, [
        { head: "Created", read: (row) => row.created },
        { head: "Updated", read: (row) => row.updated },
        { head: "Unchanged", read: (row) => row.unchanged },
      ], { json, csv });
    }));
}

// The site says on a line of its own how far it is, and on the last one what came of it.
async function follow(response: Response, total: number): Promise<Json> {
  if (!response.headers.get("content-type")?.includes("ndjson")) return await response.json();
  const progress = bar();
  let last: Json;
  let rest = "";
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    for (const part of parts.filter(Boolean)) {
      last = JSON.parse(part);
      if (typeof last.line === "number") progress.show(Math.min(last.line, total), total, "lines");
    }
  }
  if (rest.trim()) last = JSON.parse(rest);
  progress.end();
  return last;
}

const lines = (text: Uint8Array) => text.reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0);

async function writeAll(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
}
