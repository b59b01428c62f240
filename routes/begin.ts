import { trace } from "@opentelemetry/api";
import { createMiddleware } from "hono/factory";
import { matchedRoutes } from "hono/route";
import { type Conflict, Taken } from "../domain/errors.ts";
import { newSecret } from "../lib/ids.ts";
import { context, log } from "../lib/log.ts";
import type { Context, Env, House, InLog } from "./env.ts";
import type { ConflictKind } from "./instruments.ts";

const http = log("http");

/** Gives the request its house, its one `now`, its id, its line in the log, its figures, and the name of its trace. */
export function begin(house: House) {
  return createMiddleware<Env>((c, next) => {
    const started = performance.now();
    const span = trace.getActiveSpan();
    const given = c.req.header("x-request-id");
    const request_id = given && /^[\w.-]{8,64}$/.test(given) ? given : newSecret(9);
    c.set("house", house);
    c.set("sql", house.sql);
    c.set("now", house.clock());
    c.set("requestId", request_id);
    c.set("nonce", newSecret(12));
    const inLog: InLog = span ? { request_id, trace_id: span.spanContext().traceId } : { request_id };
    return context.run(inLog, async () => {
      await next();
      c.res.headers.set("X-Request-Id", request_id);
      const { method } = c.req;
      const { status } = c.res;
      const route = routeOf(c);
      const ms = performance.now() - started;
      const conflict = inLog.conflict ?? (status === 409 ? "state" : undefined);
      house.instruments.count({ method, route, status, seconds: ms / 1000, conflict });
      const path = inWords(c);
      span?.updateName(`${method} ${route}`).setAttributes({
        "http.route": route,
        "holdfast.request_id": request_id,
        "holdfast.path": path,
      });
      http.info("{method} {path} {status} in {ms} ms", {
        method,
        path,
        status,
        ms: Math.round(ms * 10) / 10,
        route,
      });
    });
  });
}

/** Whom the lines of the log are about from now on, in this request. */
export function tellLog(user_id: string): void {
  const inLog = context.getStore();
  if (inLog) inLog.user_id = user_id;
}

/** That this request was refused, and what for: for its line in the log, and to be counted. */
export function tellConflict(error: Conflict): void {
  const inLog = context.getStore();
  if (inLog) inLog.conflict = kindOf(error);
}

function kindOf(error: Conflict): ConflictKind {
  if (error instanceof Taken) return "name";
  if (error.conflicts.length > 0) return "slot";
  return error.reasons.length > 0 ? "rule" : "state";
}

// The pattern of the route that answered, or would have, had nobody refused before it; one word for all that is none.
function routeOf(c: Context): string {
  const matched = matchedRoutes(c);
  const ran = matched[c.req.routeIndex];
  const route = ran?.method !== "ALL" ? ran : matched.find(({ method }) => method !== "ALL");
  return route?.path ?? "other";
}

/** Parts of an address that open something for whoever has them. */
const SECRETS = ["token", "code", "key", "secret"];

// The address as it may be read by others: without what it asks, and without what is secret in it.
function inWords(c: Context): string {
  let path = c.req.path.replace(/\/(reset|in)\/.*/s, "/$1/…");
  for (const name of SECRETS) {
    const secret = c.req.param(name);
    if (secret) path = path.replaceAll(secret, "…");
  }
  return path.replace(/\p{Cc}/gu, "?").slice(0, 300);
}
