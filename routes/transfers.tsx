import { Hono } from "hono";
import type { Action } from "../domain/permissions.ts";
import {
  actionOf,
  columnsOf,
  discardImport,
  getPreview,
  previewFile,
  storeImport,
} from "../domain/transfers/imports.ts";
import { exportAll } from "../domain/transfers/exports.ts";
import { type Kind, KINDS } from "../domain/transfers/staging.ts";
import { csvOf } from "../lib/csv.ts";
import { ABOUT, type About, ImportPage, PreviewPage, sumOf } from "../views/transfers.tsx";
import { download, MARK } from "./downloads.ts";
import { actorOf, type Context, type Env } from "./env.ts";
import { allowed } from "./middleware.ts";
import { done, page } from "./respond.tsx";
import { formWithFile, oneOfFew } from "./uploads.ts";

/** Resources, people and reservations in and out as CSV. Each says for itself who may. */
export const transfers = new Hono<Env>();

const EXPORTS: Record<Kind, Action> = {
  resources: "export_resources",
  users: "manage_users",
  reservations: "reserve",
};

for (const kind of KINDS) {
  const about = ABOUT[kind];
  const { base } = about;
  const importer = allowed(actionOf(kind));
  transfers.get(`${base}/export.csv`, allowed(EXPORTS[kind]), (c) => give(c, kind));
  transfers.get(`${base}/import`, importer, (c) => form(c, about));
  transfers.post(`${base}/import`, importer, (c) => take(c, about));
  transfers.get(`${base}/import/:id`, importer, (c) => show(c, about));
  transfers.post(`${base}/import/:id`, importer, (c) => store(c, about));
  transfers.post(`${base}/import/:id/discard`, importer, async (c) => {
    await discardImport(c.var.sql, actorOf(c), { id: c.req.param("id"), kind }, c.var.now);
    return done(c, { to: base, notice: { text: "Nothing was imported" } });
  });
}

function give(c: Context, kind: Kind) {
  const batches = exportAll(c.var.sql, actorOf(c), kind, c.var.now);
  let head = MARK;
  const write = (rows: readonly string[][]) => {
    const text = head + csvOf(rows);
    head = "";
    return text;
  };
  return download(c, { name: kind, extension: "csv", type: "text/csv; charset=utf-8", batches, write });
}

function form(c: Context, about: About, refused: { text?: string; error?: string } = {}) {
  const body = <ImportPage about={about} columns={columnsOf(about.kind)} {...refused} />;
  return page(c, { title: `Import ${about.words.many}`, body, status: refused.error ? 422 : undefined });
}

async function take(c: Context, about: About): Promise<Response> {
  const { sql, now, house } = c.var;
  return await oneOfFew(async () => {
    const sent = await formWithFile(c);
    const file = sent.get("file");
    const text = sent.get("text");
    const chosen = file instanceof File && file.size > 0
      ? { name: file.name, body: file.stream() }
      : typeof text === "string" && text.trim() !== ""
      ? { name: "", body: new Blob([text.replaceAll("\r\n", "\n")]).stream() }
      : undefined;
    if (!chosen) {
      return form(c, about, { text: String(text ?? ""), error: "Choose a file, or paste its lines" });
    }
    const { name, body } = chosen;
    const upload = { kind: about.kind, name, chunks: body, time_zone: house.config.TIME_ZONE };
    const id = await previewFile(sql, actorOf(c), upload, now);
    return done(c, { to: `${about.base}/import/${id}` });
  });
}

async function show(c: Context, about: About): Promise<Response> {
  const which = { id: c.req.param("id") ?? "", kind: about.kind };
  const file = await getPreview(c.var.sql, actorOf(c), which, c.var.now);
  if (!file.outcome) return c.redirect(`${about.base}/import`, 303);
  const body = <PreviewPage about={about} file={file} outcome={file.outcome} />;
  return page(c, { title: `Import ${about.words.many}`, body });
}

async function store(c: Context, about: About): Promise<Response> {
  const { sql, now, house } = c.var;
  const { kind, base } = about;
  const id = c.req.param("id") ?? "";
  const which = { id, kind, time_zone: house.config.TIME_ZONE };
  const outcome = await oneOfFew(() => storeImport(sql, actorOf(c), which, now));
  if (kind === "users") house.identities.forget();
  const notice = outcome.errors.length > 0
    ? { text: "Something is in the way by now: nothing was stored" }
    : { text: `Imported: ${sumOf(about, outcome, true)}` };
  return done(c, { to: `${base}/import/${id}`, notice });
}
