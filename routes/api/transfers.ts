import { Hono } from "hono";
import { actionOf, importFile } from "../../domain/transfers/imports.ts";
import { exportAll } from "../../domain/transfers/exports.ts";
import { Invalid } from "../../domain/errors.ts";
import type { Outcome } from "../../domain/transfers/report.ts";
import { type Kind, KINDS, type Progress } from "../../domain/transfers/staging.ts";
import { csvOf } from "../../lib/csv.ts";
import { download } from "../downloads.ts";
import { actorOf, type Context, type Env } from "../env.ts";
import { tell } from "../errors.tsx";
import { allowed } from "../middleware.ts";
import { Refused } from "../refused.ts";
import { bytesOf, oneOfFew } from "../uploads.ts";

/** Resources, people and reservations in and out as CSV, for programs. */
export const transfers = new Hono<Env>();

for (const kind of KINDS) {
  const names = kind === "reservations" ? [kind, "bookings"] : [kind];
  for (const name of names) {
    transfers.post(`/${name}/import`, allowed(actionOf(kind)), (c) => take(c, kind));
    transfers.get(`/${name}/export.csv`, (c) => give(c, kind));
  }
}

function give(c: Context, kind: Kind) {
  const batches = exportAll(c.var.sql, actorOf(c), kind, c.var.now);
  const type = "text/csv; charset=utf-8";
  return download(c, { name: kind, extension: "csv", type, batches, write: (rows) => csvOf(rows) });
}

async function take(c: Context, kind: Kind): Promise<Response> {
  const { sql, now, house } = c.var;
  if (!/^(text|application)\/(csv|plain|octet-stream)\b/i.test(c.req.header("content-type") ?? "")) {
    throw new Refused(415, "Unsupported media type", "Send the file as the body, as text/csv");
  }
  const dry_run = flag(c, "dry_run");
  const { file_name: name = "" } = c.req.query();
  const file = { kind, name, chunks: bytesOf(c), dry_run, time_zone: house.config.TIME_ZONE };
  const work = (progress?: Progress) =>
    oneOfFew(async () => {
      const outcome = await importFile(sql, actorOf(c), { ...file, progress }, now);
      if (kind === "users" && !dry_run) house.identities.forget();
      return outcome;
    });
  if (c.req.header("accept")?.includes("application/x-ndjson")) return told(c, work);
  const outcome = await work();
  return c.json(outcomeJson(outcome), statusOf(outcome));
}

const statusOf = ({ errors }: Outcome) => errors.length > 0 ? 422 : 200;

/** What came of a file. Where anything is wrong with it, nothing was made or changed. */
function outcomeJson({ created, updated, unchanged, errors, more_errors, unread }: Outcome) {
  const good = errors.length === 0;
  return {
    ...{ created: good ? created : 0, updated: good ? updated : 0, unchanged, errors, more_errors },
    unread_lines: unread,
  };
}

// Line by line how far it has come, and at last what came of it, with the status that it would have had.
function told(c: Context, work: (progress: Progress) => Promise<Outcome>): Response {
  const encoder = new TextEncoder();
  let left = false;
  const stream = new ReadableStream<Uint8Array>({
    async start(controller) {
      const say = (what: unknown) => {
        if (!left) controller.enqueue(encoder.encode(`${JSON.stringify(what)}\n`));
      };
      try {
        const outcome = await work((phase, line) => say({ phase, line }));
        say({ status: statusOf(outcome), ...outcomeJson(outcome) });
      } catch (error) {
        const { status, title, detail } = tell(error, c);
        say({ status, title, detail, request_id: c.var.requestId });
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

// What is neither is refused: a slip of the pen must not store anything.
function flag(c: Context, path: string): boolean {
  const text = c.req.query(path) ?? "false";
  if (text !== "true" && text !== "false") throw new Invalid([{ path, message: "Say true or false" }]);
  return text === "true";
}
