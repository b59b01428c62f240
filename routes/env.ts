import type { Context as HonoContext } from "hono";
import type { Config } from "../config.ts";
import type { Memory } from "../db/memory.ts";
import type { Sql } from "../db/types.ts";
import type { Scope } from "../domain/auth/tokens.ts";
import type { Actor } from "../domain/permissions.ts";
import type { Crowd } from "../lib/crowd.ts";
import type { Allowance, Limit } from "../lib/limits.ts";
import type { NeighbourOf } from "../lib/neighbours.ts";
import type { Identities } from "./identities.ts";
import type { ConflictKind, Instruments } from "./instruments.ts";
import type { Assets } from "./static.ts";

/** What the house gives to every request; made once, by whoever starts the program or a test. */
export interface House {
  sql: Sql;
  /** Where to read while no database takes changes; undefined while one does. */
  standby?: () => Sql | undefined;
  /** What was read before, while it is true. */
  memory: Memory;
  config: Config & { SECRET_KEY: string };
  clock: () => Temporal.Instant;
  identities: Identities;
  assets: Assets;
  crowd: Crowd;
  /** So many milliseconds a form or a call may take to come in, and each piece of a file. */
  patience: number;
  neighbourOf: NeighbourOf;
  instruments: Instruments;
  /** The figures of the site, as text for Prometheus. */
  figures(): Promise<string>;
  /** When this server was started, and the jobs that it does, each after so many seconds. */
  started: Temporal.Instant;
  jobs: { name: string; seconds: number }[];
  limits: {
    /** Wrong passwords for one account from one address, and for whatever accounts from one address. */
    signIn: Limit;
    guesses: Limit;
    register: Limit;
    /** Calls of the API by one person, and by one address without anybody; none where nothing is limited. */
    calls?: { person: Allowance; address: Allowance };
  };
}

/**
 * What a request carries from the middleware to its handler. What every request passes asks for one by `c.get`: `c.var`
 * copies all of them each time.
 */
export interface Variables {
  house: House;
  sql: Sql;
  now: Temporal.Instant;
  requestId: string;
  /** The nonce of this answer's styles. */
  nonce: string;
  actor?: Actor;
  session_id?: string;
  /** Whether the site wants a second factor of the actor, who has none yet: until then they may do nothing else. */
  lacks_factor?: boolean;
  /** Whether the request proved who it is by a bearer token rather than a cookie. */
  bearer?: boolean;
  /** How far the personal token goes that it came with, where it came with one. */
  scope?: Scope;
}

/** What every line of the log carries that is written for a request. */
export interface InLog extends Record<string, unknown> {
  request_id: string;
  user_id?: string;
  trace_id?: string;
  conflict?: ConflictKind;
}

export interface Env {
  Variables: Variables;
}

export type Context = HonoContext<Env>;

/** The actor of a route that lets nobody in without one, with the request in which they act. */
export function actorOf(c: Context): Actor {
  const actor = c.get("actor");
  if (!actor) throw new Error("This route must stand behind signedIn()");
  return { ...actor, request_id: c.get("requestId") };
}
