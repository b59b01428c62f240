import { Ended, EXIT, exitOf } from "./exits.ts";
import { type Pass, withKept } from "./keep.ts";

/** Any JSON of an answer. */
// deno-lint-ignore no-explicit-any
export type Json = any;

export interface Request {
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Says nothing of who asks: for signing in, and for what everybody may know. */
export type Caller = "signed in" | "nobody";

// A token that is about to run out would on the way.
const EARLY = 30_000;

/** A Holdfast somewhere, as one of its people uses it. */
export class Site {
  #kept?: { token: string; until: number };

  constructor(readonly address: string) {}

  /**
   * Calls the API and answers with its JSON; nothing for 204.
   *
   * @throws {Ended} with the site's own words where it refuses, and the code for that
   */
  async call(
    method: string,
    path: string,
    request: Request = {},
    caller: Caller = "signed in",
  ): Promise<Json> {
    const response = await this.send(method, path, request, caller);
    return response.status === 204 ? undefined : await response.json();
  }

  /** The same, with the answer as it comes: for what is long, or is no JSON. */
  async send(
    method: string,
    path: string,
    { query = {}, body, headers = {} }: Request = {},
    caller: Caller = "signed in",
  ): Promise<Response> {
    const url = new URL(`${this.address}${path}`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined && value !== "") url.searchParams.set(name, String(value));
    }
    const raw = body instanceof Uint8Array || typeof body === "string" || body instanceof ReadableStream;
    const response = await reach(url, {
      method,
      headers: {
        accept: "application/json",
        ...(body === undefined || raw ? {} : { "content-type": "application/json" }),
        ...(caller === "nobody" ? {} : { authorization: `Bearer ${await this.#token()}` }),
        ...headers,
      },
      body: body === undefined || raw ? body as BodyInit | undefined : JSON.stringify(body),
    });
    if (!response.ok) throw await refusal(response);
    return response;
  }

  /** All rows of a list, page by page, up to `limit`. */
  async *list(path: string, query: Request["query"] = {}, limit = Infinity): AsyncGenerator<Json> {
    let cursor: string | undefined;
    let left = limit;
    do {
      const page = await this.call("GET", path, { query: { ...query, limit: Math.min(left, 200), cursor } });
      yield* page.data;
      left -= page.data.length;
      cursor = page.next_cursor ?? undefined;
    } while (cursor && left > 0);
  }

  /** Remembers how one is known here, and that this is the site that is meant from now on. */
  async keep(pass: Pass): Promise<void> {
    await withKept((kept) => {
      kept.current = this.address;
      kept.sites[this.address] = pass;
    });
  }

  /** Forgets it. @returns what was kept */
  forget(): Promise<Pass | undefined> {
    return withKept((kept) => {
      const pass = kept.sites[this.address];
      delete kept.sites[this.address];
      if (kept.current === this.address) delete kept.current;
      return pass;
    });
  }

  async #token(): Promise<string> {
    const given = Deno.env.get("HOLDFAST_TOKEN");
    if (given) return given;
    if (!this.#kept || this.#kept.until - EARLY < Date.now()) {
      const pass = await withKept(async ({ sites }) => sites[this.address] = await this.#renewed(sites));
      this.#kept = "token" in pass
        ? { token: pass.token, until: Infinity }
        : { token: pass.access_token, until: pass.until };
    }
    return this.#kept.token;
  }

  async #renewed(sites: Record<string, Pass>): Promise<Pass> {
    const pass = sites[this.address];
    if (!pass) throw new Ended(EXIT.signedOut, `Not signed in at ${this.address}. Do: holdfast login`);
    if ("token" in pass || pass.until - EARLY > Date.now()) return pass;
    try {
      const { refresh_token } = pass;
      return passOf(await this.call("POST", "/api/v1/auth/refresh", { body: { refresh_token } }, "nobody"));
    } catch (error) {
      if (!(error instanceof Ended) || error.code !== EXIT.signedOut) throw error;
      throw new Ended(EXIT.signedOut, `The sign-in at ${this.address} has ended. Do: holdfast login`);
    }
  }
}

/** The pair of tokens that a sign-in or a refresh answers with, as it is kept. */
export function passOf(
  { access_token, refresh_token, expires_in }: {
    access_token: string;
    refresh_token: string;
    expires_in: number;
  },
) {
  return { access_token, refresh_token, until: Date.now() + expires_in * 1000 };
}

/** The site that is meant: named with the command, by the environment, or that of the last sign-in. */
export async function chooseSite(named?: string): Promise<Site> {
  const address = named ?? Deno.env.get("HOLDFAST_URL") ?? await withKept((kept) => kept.current) ??
    "http://localhost:8000";
  if (!URL.canParse(address) || !/^https?:/.test(address)) {
    throw new Ended(EXIT.usage, `${address} is no address. An example: https://holdfast.example.org`);
  }
  return new Site(address.replace(/\/+$/, ""));
}

async function reach(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: "error" });
  } catch (error) {
    const { message, cause } = error as Error;
    throw new Ended(
      EXIT.unavailable,
      `${url.origin} does not answer: ${(cause as Error)?.message ?? message}`,
    );
  }
}

async function refusal(response: Response): Promise<Ended> {
  const { status, statusText } = response;
  return refusalOf(status, json(await response.text()) ?? { detail: `${status} ${statusText}` });
}

/** What a site says where it refuses, in its own words: the rule or the field, what is in the way, what is free. */
export function refusalOf(status: number, problem: Json): Ended {
  const said = [
    problem.detail,
    ...(problem.errors ?? []).filter((one: Json) => one.message !== problem.detail).map(fieldOf),
    ...(problem.more_errors ? [`  and ${problem.more_errors} more`] : []),
    ...(problem.conflicts ?? []).map(conflictOf),
    ...(problem.alternatives?.length ? ["Free instead:"] : []),
    ...(problem.alternatives ?? []).map((one: Json) => `  ${one.start_time} to ${one.end_time}`),
  ];
  return new Ended(exitOf(status), said.join("\n"));
}

function fieldOf({ path, line, field, message }: Json): string {
  const where = line ? `line ${line}${field ? `, ${field}` : ""}` : path;
  return `  ${where ? `${where}: ` : ""}${message}`;
}

function conflictOf({ start_time, end_time, requester_name, reason, resource_name }: Json): string {
  const who = [resource_name, requester_name ?? reason].filter(Boolean).join(", ");
  return `  taken ${start_time} to ${end_time}${who ? ` (${who})` : ""}`;
}

function json(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
