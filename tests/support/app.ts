import assert from "node:assert/strict";
import { createApp } from "../../app.ts";
import { readConfig } from "../../config.ts";
import type { Sql } from "../../db/types.ts";
import { beginSession } from "../../domain/auth/sessions.ts";
import type { Actor } from "../../domain/permissions.ts";
import { furnish } from "../../house.ts";
import type { House } from "../../routes/env.ts";
import { stopHashing } from "../../lib/passwords.ts";
import { issueAccess } from "../../routes/tokens.ts";
import { assertAsDocumented } from "./contract.ts";

/** What the sites of the tests sign with. */
export const SECRET_KEY = "a secret of the tests, long enough to sign with";

/** Holdfast without its `main.ts`: over a test's database, with a clock that the test sets. */
export interface Site extends AsyncDisposable {
  /** What the clock shows; a test may move it. */
  now: Temporal.Instant;
  /** Sends a request that nobody is signed in for. */
  nobody: Client;
  /** A browser of its own, in which nobody is signed in yet. */
  visitor(): Client;
  /** Somebody with a browser of their own, signed in. */
  as(actor: Actor): Promise<Client>;
  /** @param info what a server knows of who asks */
  fetch(request: Request, info?: Deno.ServeHandlerInfo): Promise<Response>;
  /** Every route there is, as its method and its path. */
  routes: { method: string; path: string }[];
}

export interface Client {
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** Posts a form, as a browser without scripts does. */
  post(path: string, form?: Record<string, string>, headers?: Record<string, string>): Promise<Answer>;
  /** Calls the JSON API, with a bearer token where somebody is signed in. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Sends anything at all, with the cookies of this browser. */
  send(
    path: string,
    init: Omit<RequestInit, "headers"> & { headers?: Record<string, string> },
  ): Promise<Answer>;
  /** The cookies as they are now. */
  cookies: Map<string, string>;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The text as JSON, with the members that answers have. */
  json: Json;
}

/** Any JSON: a test says what it expects by reading it. */
export type Json = { [name: string]: Json } & Json[] & string;

/** Where requests go: into the app itself, or over the network to a server. */
type Fetch = (request: Request) => Response | Promise<Response>;

/** Opens a site. `settings` are as in the environment. */
export async function openSite(
  sql: Sql,
  now: Temporal.Instant,
  settings: Record<string, string> = {},
  more: Partial<House> = {},
): Promise<Site> {
  const config = readConfig({ SECRET_KEY, RATE_LIMIT: "off", LOG_FORMAT: "json", ...settings });
  const site = { now } as Site;
  const house = await furnish(sql, config, () => site.now);
  const app = createApp(Object.assign(house, more));
  const fetch: Site["fetch"] = async (request, info) => {
    const response = withoutPolicy(await app.fetch(fromNowhere(request), info));
    await assertAsDocumented(request, response);
    return response;
  };
  return Object.assign(site, {
    fetch,
    routes: app.routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => ({ method, path })),
    nobody: client("http://holdfast.test", fetch),
    visitor: () => client("http://holdfast.test", fetch),
    as: (actor: Actor) => signedIn(sql, actor, site.now, "http://holdfast.test", fetch),
    async [Symbol.asyncDispose]() {
      await house.identities.stop();
      stopHashing();
    },
  });
}

// What proves that the tests would notice (`deno task prove:security`): a site without its policy, or one that takes
// every page for its own.
const FAULT = Deno.env.get("HOLDFAST_TEST_FAULT");

function withoutPolicy(response: Response): Response {
  if (FAULT === "no-csp") response.headers.delete("content-security-policy");
  return response;
}

function fromNowhere(request: Request): Request {
  if (FAULT !== "no-origin-check") return request;
  const copy = new Request(request);
  for (const name of ["origin", "sec-fetch-site"]) copy.headers.delete(name);
  return copy;
}

/** The same behind a real server on a free port. */
export async function serveSite(
  sql: Sql,
  now: Temporal.Instant,
  settings: Record<string, string> = {},
  more: Partial<House> = {},
) {
  const site = await openSite(sql, now, settings, more);
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request, info) => site.fetch(request, info),
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  return {
    site,
    origin,
    as: (actor: Actor) => signedIn(sql, actor, site.now, origin, fetch),
    nobody: client(origin, fetch),
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await site[Symbol.asyncDispose]();
    },
  };
}

async function signedIn(
  sql: Sql,
  actor: Actor,
  now: Temporal.Instant,
  origin: string,
  fetch: Fetch,
): Promise<Client> {
  const granted = await beginSession(sql, { user_id: actor.id, kind: "browser", device: "test" }, now);
  const token = await issueAccess(SECRET_KEY, granted, now);
  const made = client(origin, fetch, token);
  made.cookies.set("holdfast_access", token).set("holdfast_refresh", granted.refresh_token);
  return made;
}

function client(origin: string, fetch: Fetch, token?: string): Client {
  const cookies = new Map<string, string>();
  async function send(
    path: string,
    init: RequestInit & { headers: Record<string, string> },
  ): Promise<Answer> {
    const response = await fetch(new Request(new URL(path, origin), { redirect: "manual", ...init }));
    for (const set of response.headers.getSetCookie()) keep(cookies, set);
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      get json() {
        assert.match(response.headers.get("content-type") ?? "", /json/, text.slice(0, 200));
        return JSON.parse(text);
      },
    };
  }
  const cookie = () => ({ cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") });
  return {
    cookies,
    send: (path, { headers = {}, ...init }) => send(path, { ...init, headers: { ...cookie(), ...headers } }),
    get: (path, headers = {}) => send(path, { headers: { ...cookie(), ...headers } }),
    post: (path, form = {}, headers = {}) =>
      send(path, {
        method: "POST",
        body: new URLSearchParams(form).toString(),
        headers: { ...cookie(), "content-type": "application/x-www-form-urlencoded", origin, ...headers },
      }),
    call(method, path, body, headers = {}) {
      const auth: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
      const json: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
      const text = body === undefined ? undefined : JSON.stringify(body);
      return send(`/api/v1${path}`, { method, body: text, headers: { ...auth, ...json, ...headers } });
    },
  };
}

function keep(cookies: Map<string, string>, set: string) {
  const [pair, ...attributes] = set.split("; ");
  const [name, ...value] = pair.split("=");
  if (attributes.some((attribute) => /^max-age=0$/i.test(attribute))) cookies.delete(name);
  else cookies.set(name, value.join("="));
}
