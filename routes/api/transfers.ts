import { z } from "zod";
import { exportAll } from "../../domain/transfers/exports.ts";
import { actionOf, importFile } from "../../domain/transfers/imports.ts";
import type { Outcome } from "../../domain/transfers/report.ts";
import { type Kind, KINDS, type Progress } from "../../domain/transfers/staging.ts";
import { csvOf } from "../../lib/csv.ts";
import { download } from "../downloads.ts";
import { actorOf, type Context } from "../env.ts";
import { tell } from "../errors.tsx";
import { Refused } from "../refused.ts";
import { bytesOf, oneOfFew } from "../uploads.ts";
import { Imported } from "./answers.ts";
import { type Calls, calls, type Spec } from "./operations.ts";

const NOUNS = { resources: "Resources", users: "People", reservations: "Reservations" } as const;
const READERS = {
  resources: "see_queue",
  users: "manage_users",
  reservations: "signed in",
} as const satisfies Record<Kind, Spec["who"]>;

const File = z.object({
  dry_run: z.enum(["true", "false"], "Say true or false").default("false")
    .describe("Only say what would come of it"),
  file_name: z.string().max(200).optional().describe("What the record calls it"),
});

/** Resources, people and reservations in and out as CSV, for programs. */
export const transfers: readonly Calls[] = KINDS.map((kind) => {
  const noun = NOUNS[kind];
  const things = calls(`/${kind}`, noun);
  things.get("/export.csv", {
    id: `export${noun}`,
    summary: "All of them as CSV: what an import reads",
    who: READERS[kind],
    answers: { 200: { description: "The file", type: "text/csv" } },
  }, (c) => {
    const batches = exportAll(c.var.sql, actorOf(c), kind, c.var.now);
    const type = "text/csv; charset=utf-8";
    return download(c, { name: kind, extension: "csv", type, batches, write: (rows) => csvOf(rows) });
  });
  things.post("/import", {
    id: `import${noun}`,
    summary: "Add and change them from CSV: all of a file, or nothing",
    description:
      "A file has at most 32 MB. With any error the answer is 422 with `errors`, each with its line, and " +
      "nothing is stored. With `Accept: application/x-ndjson` the answer is a line for each part of the way, and at " +
      "last what came of it with its `status`. Sent again, what is there already changes nothing.",
    who: actionOf(kind),
    query: File,
    bodyType: "text/csv",
    answers: { 200: { description: "Done", schema: Imported, line_by_line: true } },
  }, (c, { query }) => take(c, kind, query));
  return things;
});

async function take(c: Context, kind: Kind, { dry_run, file_name = "" }: z.infer<typeof File>) {
  const { sql, now, house } = c.var;
  if (!/^(text|application)\/(csv|plain|octet-stream)\b/i.test(c.req.header("content-type") ?? "")) {
    throw new Refused(415, "Unsupported media type", "Send the file as the body, as text/csv");
  }
  const dry = dry_run === "true";
  const file = { kind, name: file_name, chunks: bytesOf(c), dry_run: dry, time_zone: house.config.TIME_ZONE };
  const work = (progress?: Progress) =>
    oneOfFew(async () => {
      const outcome = await importFile(sql, actorOf(c), { ...file, progress }, now);
      if (kind === "users" && !dry) house.identities.forget();
      return goodOutcome(outcome);
    });
  if (c.req.header("accept")?.includes("application/x-ndjson")) return told(c, work);
  return await work();
}

/** What came of a file. @throws {Refused} where anything is wrong with it: nothing was made or changed then */
function goodOutcome({ created, updated, unchanged, errors, more_errors, unread }: Outcome) {
  const counted = { unchanged, more_errors, unread_lines: unread };
  if (errors.length === 0) return { created, updated, errors: [], ...counted };
  const all = errors.length + more_errors;
  const words = `Nothing was stored: ${all} ${all === 1 ? "thing is" : "things are"} wrong with the file`;
  throw new Refused(422, "Bad file", words, {
    ...{ created: 0, updated: 0, errors: errors.map((one) => ({ path: one.field, ...one })), ...counted },
  });
}

// Line by line how far it has come, and at last what came of it, with the status that it would have had.
function told(c: Context, work: (progress: Progress) => Promise<object>): Response {
  const encoder = new TextEncoder();
  let left = false;
  const stream = new ReadableStream<Uint8Array>({
    async start(controller) {
      const say = (what: unknown) => {
        if (!left) controller.enqueue(encoder.encode(`${JSON.stringify(what)}\n`));
      };
      try {
        say({ status: 200, ...await work((phase, line) => say({ phase, line })) });
      } catch (error) {
        const { status, title, detail, more } = tell(error, c);
        say({ status, title, detail, request_id: c.var.requestId, ...more });
      }
      if (!left) controller.close();
    },
    cancel() {
      left = true;
    },
  });
  c.header("Content-Type", "application/x-ndjson");
  return c.body(stream);
}
