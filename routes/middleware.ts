import { createMiddleware } from "hono/factory";
import { bodyLimit } from "hono/body-limit";
import { forgetful } from "../db/memory.ts";
import { PREFIX } from "../domain/auth/tokens.ts";
import { type Identity, rotate } from "../domain/auth/sessions.ts";
import { Forbidden } from "../domain/errors.ts";
import { type Action, permit } from "../domain/permissions.ts";
import { tellLog } from "./begin.ts";
import { ACCESS, clearSession, cookieOf, REFRESH, setAccess, setSession } from "./cookies.ts";
import { actorOf, type Context, type Env } from "./env.ts";
import { NotSignedIn, Refused } from "./refused.ts";
import { done } from "./respond.tsx";
import { readAccess } from "./tokens.ts";
import { takesFiles } from "./uploads.ts";

/**
 * While no database takes changes: reads from a standby, and refuses at once what would change anything. A page that
 * has to change something to be shown is refused by the standby itself.
 */
export function standIn() {
  return createMiddleware<Env>(async (c, next) => {
    const house = c.get("house");
    const standby = house.standby?.();
    if (standby && !["GET", "HEAD", "OPTIONS"].includes(c.req.method)) {
      const detail =
        "The database is changing places, so nothing can be changed at present: try again in a moment. " +
        "What is there can be read meanwhile";
      throw new Refused(503, "Not available", detail);
    }
    if (standby) {
      c.set("sql", standby);
      c.set("house", { ...house, sql: standby, memory: forgetful });
    }
    await next();
  });
}

/**
 * Refuses a request without a real address. It is put together from what the request says its host is: with more in
 * it than a host, it would be another.
 */
export function realAddress() {
  return createMiddleware<Env>(async (c, next) => {
    if (!HOST.test(c.req.header("host") ?? "") || !URL.canParse(c.req.url)) {
      throw new Refused(400, "Broken address", "The address of this request, or its host, is none");
    }
    await next();
  });
}

const HOST = /^([\w.-]*|\[[\da-f:.]+\])(:\d{1,5})?$/i;

const FIXED = Object.entries({
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
});

/** The headers of every answer. Scripts and styles come from here only; styles in a page carry its nonce. */
export function securityHeaders() {
  return createMiddleware<Env>(async (c, next) => {
    await next();
    // Not `c.header`: on an answer that is made already it would make another one, for each header.
    const { headers } = c.res;
    for (const [name, value] of FIXED) headers.set(name, value);
    headers.set(
      "Content-Security-Policy",
      `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${
        c.get("nonce")
      }'; img-src 'self' data:; ` +
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    if (c.get("house").config.BASE_URL.startsWith("https:")) {
      headers.set("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
    }
    if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
  });
}

/** Refuses bodies that no form or call of ours needs. Files that are imported have a limit of their own. */
export function sizeLimit() {
  const limit = bodyLimit({
    maxSize: 256 * 1024,
    onError: () => {
      throw new Refused(413, "Too large", "Send at most 256 kB");
    },
  });
  return createMiddleware<Env>((c, next) => takesFiles(c) ? next() : limit(c, next));
}

/**
 * Finds out who asks: a bearer token, or the cookie of a browser's session, renewed when it has run out. Nobody is
 * turned away here; `signedIn()` does that.
 */
export function identify() {
  return createMiddleware<Env>(async (c, next) => {
    const authorization = c.req.header("authorization");
    if (authorization?.startsWith("Bearer ")) {
      c.set("bearer", true);
      const token = authorization.slice("Bearer ".length).trim();
      await (token.startsWith(PREFIX) ? admitProgram(c, token) : admit(c, token));
    } else if (cookieOf(c, ACCESS) || cookieOf(c, REFRESH)) {
      await admit(c, cookieOf(c, ACCESS) ?? "") || await renew(c);
    }
    const actor = c.get("actor");
    if (actor) tellLog(actor.id);
    await next();
  });
}

async function admit(c: Context, token: string): Promise<boolean> {
  const { config, identities } = c.get("house");
  const claims = token ? await readAccess(config.SECRET_KEY, token, c.get("now")) : undefined;
  const actor = claims && await identities.find(claims.sid);
  if (!actor || actor.id !== claims.sub) return false;
  enter(c, actor, claims.sid);
  return true;
}

function enter(c: Context, { second_factor, ...actor }: Identity, session_id: string) {
  c.set("actor", actor);
  c.set("session_id", session_id);
  c.set("lacks_factor", !second_factor && c.get("house").config.REQUIRE_SECOND_FACTOR.includes(actor.role));
}

// A personal token is for programs: no page takes it, where no scope would be looked at.
async function admitProgram(c: Context, token: string): Promise<void> {
  if (!c.req.path.startsWith("/api/v1/")) return;
  const found = await c.get("house").identities.findByToken(token, c.get("now"));
  if (!found || Temporal.Instant.compare(found.expires_at, c.get("now")) <= 0) return;
  c.set("actor", found.actor);
  c.set("scope", found.scope);
}

async function renew(c: Context): Promise<void> {
  const { sql, now, house } = c.var;
  const token = cookieOf(c, REFRESH);
  const granted = token ? await rotate(sql, token, now) : undefined;
  const actor = granted && await house.identities.find(granted.session_id);
  if (!granted || !actor) {
    // A token that came a second time has ended its session, for whoever still has a page of it open too.
    house.identities.forget();
    clearSession(c);
    return;
  }
  await (granted.rotated ? setSession(c, granted) : setAccess(c, granted));
  enter(c, actor, granted.session_id);
}

/**
 * Refuses a change that another site's page asks for. Every browser of today says where a POST comes from, by
 * `Sec-Fetch-Site` or `Origin`; a client that says neither is no browser that could be misled (as Go's
 * `http.CrossOriginProtection` reasons). A bearer token is never sent by a browser on its own.
 */
export function sameOrigin() {
  return createMiddleware<Env>(async (c, next) => {
    const safe = ["GET", "HEAD", "OPTIONS"].includes(c.req.method);
    if (!safe && !c.get("bearer") && isForeign(c)) {
      throw new Forbidden("This came from another site, so nothing was done");
    }
    await next();
  });
}

function isForeign(c: Context): boolean {
  // A page that the settings let call the API has nothing to mislead a browser with, unless cookies came along.
  const { CORS_ORIGINS } = c.get("house").config;
  const invited = CORS_ORIGINS.includes(c.req.header("origin") ?? "") && c.req.path.startsWith("/api/v1/");
  if (invited && !c.req.header("cookie")) return false;
  const site = c.req.header("sec-fetch-site");
  if (site) return site !== "same-origin" && site !== "none";
  const origin = c.req.header("origin");
  if (!origin) return false;
  const host = c.req.header("host") ?? new URL(c.req.url).host;
  return !URL.canParse(origin) || new URL(origin).host !== host;
}

/** Lets only people in who are signed in, with all that the site wants of them. */
export function signedIn() {
  return createMiddleware<Env>(async (c, next) => {
    if (!c.get("actor")) throw new NotSignedIn();
    if (c.get("lacks_factor") && !c.req.path.startsWith(SECOND_FACTOR)) {
      return await done(c, { to: SECOND_FACTOR });
    }
    await next();
  });
}

const SECOND_FACTOR = "/account/second-factor";

/** Lets only people in who may do this. */
export function allowed(action: Action) {
  return createMiddleware<Env>(async (c, next) => {
    permit(actorOf(c), action);
    await next();
  });
}
