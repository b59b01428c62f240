import { cors } from "hono/cors";
import { createMiddleware } from "hono/factory";
import type { Env } from "../env.ts";

const READ = [
  ...["ETag", "Link", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-Id"],
  ...["Idempotent-Replayed", "Deprecation", "Sunset"],
];

// Nothing is ever allowed with credentials: a page elsewhere has a bearer token, or nothing.
const share = cors({
  origin: (origin, c) => c.get("house").config.CORS_ORIGINS.includes(origin) ? origin : null,
  allowMethods: ["GET", "HEAD", "POST", "PATCH", "DELETE"],
  allowHeaders: [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "X-Request-Id",
  ],
  exposeHeaders: READ,
  maxAge: 3600,
});

/** Lets the pages of the origins in the settings call the API; those of all others the browser refuses. */
export function crossOrigin() {
  return createMiddleware<Env>((c, next) => {
    const { CORS_ORIGINS } = c.get("house").config;
    const origin = c.req.header("origin");
    if (!origin || !CORS_ORIGINS.includes(origin)) return next();
    return share(c, next);
  });
}
