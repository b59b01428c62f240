import assert from "node:assert/strict";
import { createApp } from "../../app.ts";
import { readConfig } from "../../config.ts";
import type { Sql } from "../../db/types.ts";
import { furnish } from "../../house.ts";
import { stopHashing } from "../../lib/passwords.ts";
import { makeCast, NOW, PASSWORD } from "./cast.ts";
import { type Described, describedIn, type Document, judgeBy } from "./judge.ts";
import { type Got, overTheWire, type Sent } from "./wire.ts";

/** The roles of those who ask, and nobody. */
export const WHO = ["nobody", "user", "staff", "admin"] as const;
export type Who = typeof WHO[number];

const EMAILS = { user: "bob", staff: "sam", admin: "ada" } as const;

/** Somebody who knows a site by its address, its document and three accounts, and nothing of its source. */
export interface Stranger extends AsyncDisposable {
  origin: string;
  calls: Described[];
  document: Document;
  judge: ReturnType<typeof judgeBy>;
  tokens: Record<Who, string>;
  ids: Record<Who, string>;
  /** The minute that the site's clock shows. */
  minute(): Temporal.Instant;
  /** Signs in anew where an account was signed out meanwhile. */
  signIn(who: Exclude<Who, "nobody">): Promise<void>;
  /** A call as JSON, whatever comes of it. */
  ask(who: Who, method: string, path: string, body?: unknown): Promise<Got>;
  /** A call that has to succeed: what it answers. */
  // deno-lint-ignore no-explicit-any
  done(who: Who, method: string, path: string, body?: unknown): Promise<any>;
}

/** Opens a site behind a server on a free port, and meets it from outside. */
export async function meet(sql: Sql): Promise<Stranger> {
  await makeCast(sql);
  const SECRET_KEY = "a secret of the tests, long enough to sign with";
  const config = readConfig({
    SECRET_KEY,
    RATE_LIMIT: "off",
    LOG_FORMAT: "json",
    TIME_ZONE: "Europe/Berlin",
  });
  const begun = performance.now();
  const clock = () => NOW.add({ milliseconds: Math.round(performance.now() - begun) });
  const house = await furnish(sql, config, clock);
  const app = createApp(house);
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => app.fetch(request),
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const document: Document = JSON.parse(
    (await overTheWire(origin, { method: "GET", target: "/api/v1/openapi.json", headers: [] })).text,
  );
  const stranger: Stranger = {
    ...{ origin, document, calls: describedIn(document), judge: judgeBy(document) },
    tokens: { nobody: "", user: "", staff: "", admin: "" },
    ids: { nobody: "", user: "", staff: "", admin: "" },
    minute: () => clock().round({ smallestUnit: "minute", roundingMode: "floor" }),
    async signIn(who) {
      const credentials = { email: `${EMAILS[who]}@holdfast.test`, password: PASSWORD };
      stranger.tokens[who] = (await stranger.done("nobody", "POST", "/auth/login", credentials)).access_token;
      stranger.ids[who] = (await stranger.done(who, "GET", "/auth/me")).id;
    },
    ask(who, method, path, body) {
      return overTheWire(origin, sentAs(stranger.tokens[who], method, `/api/v1${path}`, body));
    },
    async done(who, method, path, body) {
      const { status, text } = await stranger.ask(who, method, path, body);
      assert(status < 300, `${method} ${path} answered ${status}: ${text}\n${JSON.stringify(body)}`);
      return text ? JSON.parse(text) : undefined;
    },
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await house.identities.stop();
      stopHashing();
    },
  };
  for (const who of ["user", "staff", "admin"] as const) await stranger.signIn(who);
  return stranger;
}

/** A request as a well-behaved client makes it: text goes as CSV, everything else as JSON. */
export function sentAs(token: string, method: string, target: string, body?: unknown): Sent {
  const headers: Sent["headers"] = token ? [["authorization", `Bearer ${token}`]] : [];
  if (body === undefined) return { method, target, headers };
  headers.push(["content-type", typeof body === "string" ? "text/csv" : "application/json"]);
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { method, target, headers, body: new TextEncoder().encode(text) };
}
