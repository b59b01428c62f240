import type { ContentfulStatusCode } from "hono/utils/http-status";
import { Conflict, Forbidden, Invalid, NotFound, Stale, Taken, TooMany, wordsFor } from "../domain/errors.ts";
import { log } from "../lib/log.ts";
import { ErrorPage } from "../views/errors.tsx";
import { tellConflict } from "./begin.ts";
import type { Context } from "./env.ts";
import { NotSignedIn, Refused, TooCrowded } from "./refused.ts";
import { page, part, wantsPart } from "./respond.tsx";

const errors = log("errors");

type Status = 400 | 401 | 403 | 404 | 405 | 409 | 412 | 413 | 415 | 422 | 429 | 500 | 503;

interface Told {
  status: Status;
  title: string;
  detail: string;
  more?: Record<string, unknown>;
}

/** The one place that knows which status an error is: problem+json for programs, a page or its part for people. */
export function answerError(thrown: unknown, c: Context): Response | Promise<Response> {
  const error = wordsFor(thrown);
  const told = tell(error, c);
  if (told.status === 500) {
    errors.error("Request failed: {error}", { error: String(thrown), stack: stackOf(thrown) });
  }
  if (told.status === 503) {
    if (!(thrown instanceof TooCrowded)) errors.warn("Not available: {error}", { error: String(thrown) });
    c.header("Retry-After", "2");
  }
  if (error instanceof TooMany) c.header("Retry-After", String(error.seconds));
  if (c.req.path.startsWith("/api/")) return problem(c, told);
  if (error instanceof NotSignedIn) return toSignIn(c);
  if (error instanceof TooCrowded && !wantsPart(c)) return brief(c, told);
  const shown = <ErrorPage title={told.title} detail={told.detail} signedIn={Boolean(c.var.actor)} />;
  if (wantsPart(c)) return part(c, shown, told.status as 404);
  return page(c, { title: told.title, body: shown, status: told.status as 404 }).catch(() => bare(c, told));
}

/** `application/problem+json` (RFC 9457). */
export function problem(c: Context, told: Told): Response {
  const { status } = told;
  c.header("Content-Type", "application/problem+json");
  if (status === 401) c.header("WWW-Authenticate", 'Bearer realm="holdfast"');
  return c.body(JSON.stringify(bodyOf(c, told)), status as ContentfulStatusCode);
}

/** What a problem is made of, for who sends it in another answer. */
export function problemOf(c: Context, thrown: unknown): { status: number; body: Record<string, unknown> } {
  const told = tell(wordsFor(thrown), c);
  return { status: told.status, body: bodyOf(c, told) };
}

function bodyOf(c: Context, { status, title, detail, more }: Told) {
  return { type: "about:blank", title, status, detail, request_id: c.var.requestId, ...more };
}

/** The status and the words that an error has, for an answer that is under way already. */
export function tell(error: unknown, c: Context): Told {
  if (error instanceof Conflict) tellConflict(error);
  if (error instanceof Refused) {
    const { status, title, message, more } = error;
    return { status, title, detail: message, more };
  }
  if (error instanceof NotFound) return { status: 404, title: "Not found", detail: error.message };
  if (error instanceof Forbidden) return { status: 403, title: "Not allowed", detail: error.message };
  if (error instanceof Stale) return { status: 412, title: "Changed meanwhile", detail: error.message };
  if (error instanceof TooMany) return { status: 429, title: "Too many attempts", detail: error.message };
  if (error instanceof Taken) {
    return { status: 409, title: "Already taken", detail: error.message, more: { errors: [error.issue] } };
  }
  if (error instanceof Invalid) {
    const { issues, alternatives } = error;
    const more = { errors: issues, ...(alternatives.length > 0 ? { alternatives } : {}) };
    return { status: 422, title: "Bad input", detail: error.message, more };
  }
  if (error instanceof Conflict) {
    const { conflicts, alternatives, reasons } = error;
    return {
      status: 409,
      title: "Conflict",
      detail: error.message,
      more: { conflicts, alternatives, reasons },
    };
  }
  if (error instanceof TooCrowded) {
    const detail =
      "More people are here at this moment than can be served. Nothing was done: try again in a moment";
    return { status: 503, title: "Too many at once", detail };
  }
  if (hasCode(error, GONE)) {
    const detail = "The database does not answer at present: try again in a moment";
    return { status: 503, title: "Not available", detail };
  }
  if (hasCode(error, BUSY)) {
    const detail = "Something larger has been under way here for a while: try again in a moment";
    return { status: 503, title: "Busy", detail };
  }
  const detail =
    `Something broke on our side. If it stays so, give your administrator this number: ${c.var.requestId}`;
  return { status: 500, title: "Something broke", detail };
}

// What postgres.js and PostgreSQL say when there is nobody to answer, or when its machine has no more room: on its
// disk, in its memory, for connections; and a standby, asked to change something.
const GONE = /^(CONNECT|CONNECTION_|ECONN|ENOENT|EPIPE|57P0|08|53|58030|25006)/;

// … and where a statement has waited for others as long as it may, or two waited for each other again and again.
const BUSY = /^(57014|55P03|40001|40P01)$/;

function hasCode(error: unknown, which: RegExp): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && which.test(code);
}

function toSignIn(c: Context): Response {
  const url = new URL(c.req.url);
  const next = c.req.method === "GET" && url.pathname !== "/"
    ? `?next=${encodeURIComponent(url.pathname + url.search)}`
    : "";
  if (wantsPart(c)) {
    c.header("HX-Redirect", "/login");
    return c.body(null, 204);
  }
  return c.redirect(`/login${next}`, 303);
}

// Where there is no time for a page, so that those inside are served.
function brief(c: Context, { status, title, detail }: Told): Response {
  const text = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>` +
    `<meta name="viewport" content="width=device-width"><main><h1>${title}</h1><p>${detail}.</p></main></html>`;
  return c.body(text, status as ContentfulStatusCode, { "Content-Type": "text/html; charset=utf-8" });
}

// Even the frame of a page may need the database.
function bare(c: Context, { status, title, detail }: Told): Response {
  return c.text(`${title}\n\n${detail}\n`, status as ContentfulStatusCode);
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
