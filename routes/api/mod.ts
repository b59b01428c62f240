import { Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { Forbidden } from "../../domain/errors.ts";
import type { Env } from "../env.ts";
import { Refused } from "../refused.ts";
import { approvals } from "./approvals.ts";
import { audit } from "./audit.ts";
import { auth } from "./auth.ts";
import { bulk } from "./bulk.ts";
import { closures } from "./closures.ts";
import { delegations } from "./delegations.ts";
import { finding } from "./find.ts";
import { groups } from "./groups.ts";
import { limited } from "./limits.ts";
import { openapi } from "./openapi.ts";
import type { Calls, Operation } from "./operations.ts";
import { policies } from "./policies.ts";
import { reservations } from "./reservations.ts";
import { resources } from "./resources.ts";
import { series } from "./series.ts";
import { tokens } from "./tokens.ts";
import { transfers } from "./transfers.ts";
import { users } from "./users.ts";
import { waitlist } from "./waitlist.ts";

/** Everything that programs may do, over the same domain functions as the pages. */
export const api = new Hono<Env>();

const ALL: readonly Calls[] = [
  // Before what they are beside: a path of their own is no id.
  ...transfers,
  ...[
    auth,
    tokens,
    users,
    groups,
    delegations,
    resources,
    policies,
    closures,
    bulk,
    reservations,
    series,
    waitlist,
    approvals,
    finding,
    audit,
  ],
];

/** What has a second name. */
const BOOKINGS = ALL.filter(({ base }) => base.startsWith("/reservations"));

/** Every call there is, with the second names. */
export const OPERATIONS: readonly Operation[] = [
  ...ALL.flatMap(({ operations }) => operations),
  ...BOOKINGS.flatMap(({ operations }) => operations.map(secondName)),
];

api.use(readableAddress());
api.use(limited());
api.use(withinScope());
api.route("/", openapi(() => OPERATIONS));
for (const { base, router } of ALL) api.route(base, router);
for (const { base, router } of BOOKINGS) api.route(base.replace("/reservations", "/bookings"), router);

api.all("*", (c) => {
  const path = c.req.path.slice("/api/v1".length);
  const there = OPERATIONS.filter((operation) => fits(operation.path, path));
  if (there.length === 0) {
    throw new Refused(404, "Not found", `There is no call ${c.req.method} ${c.req.path}`);
  }
  const allowed = [...new Set(there.map(({ method }) => method.toUpperCase()))];
  if (allowed.includes("GET")) allowed.push("HEAD");
  c.header("Allow", allowed.join(", "));
  const detail = `${c.req.path} takes ${allowed.join(", ")}, not ${c.req.method}`;
  throw new Refused(405, "Method not allowed", detail);
});

function readableAddress() {
  return createMiddleware<Env>(async (c, next) => {
    if (c.req.url.includes("%") && !isReadable(c.req.url)) {
      const detail = "The address has a percent sign that does not encode anything in UTF-8";
      throw new Refused(400, "Broken address", detail);
    }
    await next();
  });
}

function withinScope() {
  return createMiddleware<Env>(async (c, next) => {
    if (c.get("scope") === "read" && !["GET", "HEAD", "OPTIONS"].includes(c.req.method)) {
      throw new Forbidden("This token is for reading: it may not change anything");
    }
    await next();
  });
}

function isReadable(address: string): boolean {
  try {
    decodeURIComponent(address);
    return true;
  } catch {
    return false;
  }
}

function fits(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split("/"), path.split("/")];
  return wanted.length === given.length &&
    wanted.every((part, i) => part.startsWith(":") ? given[i] !== "" : part === given[i]);
}

function secondName(operation: Operation): Operation {
  return {
    ...operation,
    id: `${operation.id}OfBooking`,
    path: operation.path.replace("/reservations", "/bookings"),
    tag_name: "Bookings",
    alias_of: operation.path,
  };
}
