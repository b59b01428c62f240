import type { Child } from "hono/jsx";
import { countPending } from "../domain/queue.ts";
import { may } from "../domain/permissions.ts";
import { compressed, encodingFor } from "../lib/compress.ts";
import { Layout } from "../views/layout.tsx";
import { hasStyles, leaveNotice, type Notice, takeNotice } from "./cookies.ts";
import type { Context } from "./env.ts";

export interface Page {
  title: string;
  /** What the page is made of. The root is a component, so that nothing is drawn that is not sent. */
  body: Child;
  /** What a request for a part gets instead. */
  part?: Child;
  status?: 200 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 503;
  /** Rules of style that only this page knows, such as where the present moment lies. */
  style?: string;
  /** Whether it needs the second stylesheet, which a first visit can do without. */
  more?: boolean;
}

type ContentStatus = NonNullable<Page["status"]>;

/** Answers with a whole page, or with its part where htmx asks for that. */
export async function page(
  c: Context,
  { title, body, part, status = 200, style, more }: Page,
): Promise<Response> {
  c.header("Vary", "HX-Request");
  if (part !== undefined && wantsPart(c)) return html(c, part, status);
  const { actor, now, sql, house, nonce } = c.var;
  const waiting = actor && may(actor, "see_queue") ? await countPending(sql, actor, now) : 0;
  const css = hasStyles(c) ? undefined : house.assets.text("app.css");
  return html(
    c,
    <Layout
      title={title}
      path={c.req.path}
      viewer={actor}
      waiting={waiting}
      notice={takeNotice(c)}
      assets={{
        css: house.assets.url("app.css"),
        more: more ? house.assets.url("more.css") : undefined,
        js: house.assets.url("app.js"),
        htmx: house.assets.url("htmx.js"),
        icon: house.assets.url("icon.svg"),
      }}
      inline={`${css ?? ""}${style ?? ""}`}
      linked={css === undefined}
      nonce={nonce}
    >
      {body}
    </Layout>,
    status,
    "<!doctype html>",
  );
}

/** Answers with a bare part. */
export function part(c: Context, body: Child, status: ContentStatus = 200): Promise<Response> {
  c.header("Vary", "HX-Request");
  return html(c, body, status);
}

/** After a change: the changed part for htmx; for everybody else the page it leads to, with a notice on it. */
export async function done(
  c: Context,
  { to, notice, part: body }: { to: string; notice?: Notice; part?: Child },
): Promise<Response> {
  c.header("Vary", "HX-Request");
  if (body !== undefined && wantsPart(c)) return await html(c, body, 200);
  if (notice) leaveNotice(c, notice);
  return c.redirect(to, 303);
}

/** Whether htmx asks for a part of a page: not for the whole of it, and not to restore one it has left. */
export function wantsPart(c: Context): boolean {
  return c.req.header("hx-request") === "true" && c.req.header("hx-request-type") !== "full" &&
    c.req.header("hx-history-restore-request") !== "true";
}

async function html(c: Context, body: Child, status: ContentStatus, before = ""): Promise<Response> {
  c.header("Content-Type", "text/html; charset=utf-8");
  c.header("Vary", "Accept-Encoding", { append: true });
  const text = `${before}${body}`;
  const encoding = encodingFor(c.req.header("accept-encoding"));
  const small = encoding && await compressed(text, encoding);
  if (!small) return c.body(text, status);
  c.header("Content-Encoding", encoding);
  return c.body(small, status);
}
