import assert from "node:assert/strict";
import { close, NewClosure } from "../../domain/closures.ts";
import { createGroup } from "../../domain/groups.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { request } from "../../domain/requests.ts";
import { newId } from "../../lib/ids.ts";
import type { Answer, Client } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

/** Whom a route is for. What is somebody's own, others do not find; staff do, but for what only its
 * requester may do with it. */
type Right = "public" | "signed in" | "own" | "requester" | "staff" | "admin";

const reservationCalls = (name: string): [string, Right][] => [
  [`POST /api/v1/${name}`, "signed in"],
  [`GET /api/v1/${name}`, "signed in"],
  [`GET /api/v1/${name}/:id`, "own"],
  [`PATCH /api/v1/${name}/:id`, "own"],
  [`DELETE /api/v1/${name}/:id`, "own"],
  [`POST /api/v1/${name}/:id/cancel`, "own"],
  [`POST /api/v1/${name}/:id/approve`, "staff"],
  [`POST /api/v1/${name}/:id/deny`, "staff"],
  [`POST /api/v1/${name}/:id/reschedule`, "staff"],
  [`POST /api/v1/${name}/:id/bump`, "staff"],
  [`POST /api/v1/${name}/:id/ask`, "staff"],
  [`POST /api/v1/${name}/:id/answer`, "requester"],
  [`POST /api/v1/${name}/:id/withdraw_change`, "own"],
  [`GET /api/v1/${name}/:id/history`, "own"],
];

/** Every route there is. One that is missing here fails the test: who adds it says whom it is for. */
const ROUTES = new Map<string, Right>([
  ["GET /live", "public"],
  ["GET /ready", "public"],
  ["GET /health", "public"],
  ["GET /static/*", "public"],
  ["GET /favicon.ico", "public"],
  ["GET /setup", "public"],
  ["POST /setup", "public"],
  ["GET /login", "public"],
  ["POST /login", "public"],
  ["GET /register", "public"],
  ["POST /register", "public"],
  ["GET /logout", "public"],
  ["POST /logout", "public"],
  ["GET /door/:id", "public"],
  ["GET /reset/:token", "public"],
  ["POST /reset/:token", "public"],
  ["POST /api/v1/auth/register", "public"],
  ["POST /api/v1/auth/login", "public"],
  ["POST /api/v1/auth/refresh", "public"],
  ["POST /api/v1/auth/logout", "signed in"],
  ["GET /api/v1/auth/me", "signed in"],
  ["GET /api/v1/audit-logs", "staff"],
  ["GET /api/v1/users", "admin"],
  ["POST /api/v1/users", "admin"],
  ["DELETE /api/v1/users/:id", "admin"],
  ["GET /api/v1/users/:id", "admin"],
  ["PATCH /api/v1/users/:id", "admin"],
  ["GET /api/v1/resources", "signed in"],
  ["GET /api/v1/resources/:id", "signed in"],
  ["POST /api/v1/resources", "admin"],
  ["PATCH /api/v1/resources/:id", "admin"],
  ["DELETE /api/v1/resources/:id", "admin"],
  ...reservationCalls("reservations"),
  ...reservationCalls("bookings"),
  ["GET /", "signed in"],
  ["GET /schedule", "signed in"],
  ["GET /schedule/week", "signed in"],
  ["GET /resources/:id/month", "signed in"],
  ["GET /agenda", "signed in"],
  ["GET /find", "signed in"],
  ["GET /api/v1/find", "signed in"],
  ["GET /resources", "signed in"],
  ["GET /resources/:id", "signed in"],
  ["GET /reservations/new", "signed in"],
  ["POST /reservations", "signed in"],
  ["GET /reservations", "signed in"],
  ["GET /reservations/:id", "own"],
  ["GET /reservations/:id/edit", "own"],
  ["POST /reservations/:id/edit", "own"],
  ["POST /reservations/:id/cancel", "own"],
  ["POST /reservations/:id/restore", "own"],
  ["GET /account", "signed in"],
  ["POST /account", "signed in"],
  ["POST /account/password", "signed in"],
  ["POST /account/sessions/:id/end", "signed in"],
  ["POST /reservations/:id/withdraw_change", "own"],
  ["POST /reservations/:id/answer", "requester"],
  ["POST /account/away", "staff"],
  ["POST /account/away/:id/end", "staff"],
  ["GET /approvals", "staff"],
  ["GET /approvals/several", "staff"],
  ["POST /approvals/several", "staff"],
  ["POST /reservations/:id/bump", "staff"],
  ["GET /reservations/:id/override", "staff"],
  ["GET /reservations/:id/reschedule", "staff"],
  ["POST /reservations/:id/reschedule", "staff"],
  ["POST /reservations/:id/ask", "staff"],
  ["POST /reservations/:id/approve", "staff"],
  ["POST /reservations/:id/deny", "staff"],
  ["GET /admin/resources", "admin"],
  ["GET /admin/resources/new", "admin"],
  ["POST /admin/resources", "admin"],
  ["GET /admin/resources/:id/edit", "admin"],
  ["POST /admin/resources/:id/edit", "admin"],
  ["GET /admin/resources/:id/remove", "admin"],
  ["POST /admin/resources/:id/remove", "admin"],
  ["POST /admin/resources/:id/reactivate", "admin"],
  ["GET /admin/resources/:id/approvers", "admin"],
  ["POST /admin/resources/:id/approvers", "admin"],
  ["POST /admin/resources/:id/approvers/remove", "admin"],
  ["GET /admin/resources/:id/door", "admin"],
  ["POST /admin/resources/:id/door", "admin"],
  ["POST /admin/resources/:id/door/close", "admin"],
  ["GET /admin/groups", "admin"],
  ["POST /admin/groups", "admin"],
  ["GET /admin/groups/:id", "admin"],
  ["POST /admin/groups/:id", "admin"],
  ["POST /admin/groups/:id/members", "admin"],
  ["POST /admin/groups/:id/members/remove", "admin"],
  ["POST /admin/groups/:id/delete", "admin"],
  ["GET /api/v1/resources/:id/availability", "signed in"],
  ["GET /api/v1/closures", "signed in"],
  ["GET /api/v1/closures/:id", "signed in"],
  ["POST /api/v1/closures", "admin"],
  ["PATCH /api/v1/closures/:id", "admin"],
  ["GET /admin/closures", "admin"],
  ["GET /admin/closures/new", "admin"],
  ["POST /admin/closures", "admin"],
  ["GET /admin/closures/:id", "admin"],
  ["POST /admin/closures/:id", "admin"],
  ["GET /admin/closures/:id/delete", "admin"],
  ["DELETE /api/v1/closures/:id", "admin"],
  ["POST /admin/closures/:id/delete", "admin"],
  ["GET /admin/policies", "admin"],
  ["GET /admin/policies/new", "admin"],
  ["GET /admin/policies/:id", "admin"],
  ["POST /admin/policies", "admin"],
  ["POST /admin/policies/:id", "admin"],
  ["POST /admin/policies/:id/delete", "admin"],
  ["GET /admin/try", "admin"],
  ["GET /admin/audit", "staff"],
  ["GET /admin/audit/export.csv", "staff"],
  ["GET /admin/audit/export.json", "staff"],
  ["GET /admin/users", "admin"],
  ["GET /admin/users/:id", "admin"],
  ["GET /admin/users/:id/deactivate", "admin"],
  ["POST /admin/users/:id/deactivate", "admin"],
  ["POST /admin/users/:id/reactivate", "admin"],
  ["POST /admin/users/:id/reset", "admin"],
  ["POST /admin/users/:id/role", "admin"],
]);

/** Who knocks: Bob owns the reservation, Mallory is another user. */
const VISITORS = ["nobody", "bob", "mallory", "sam", "ada"] as const;
type Visitor = typeof VISITORS[number];

type Told = "let in" | "sent to sign in" | "refused" | "not found";

function expected(right: Right, visitor: Visitor): Told {
  if (right === "public") return "let in";
  if (visitor === "nobody") return "sent to sign in";
  if (right === "own") return visitor === "mallory" ? "not found" : "let in";
  if (right === "requester" && visitor !== "mallory") return visitor === "bob" ? "let in" : "refused";
  if (right === "requester") return "not found";
  if (right === "staff") return visitor === "sam" || visitor === "ada" ? "let in" : "refused";
  return right === "signed in" || visitor === "ada" ? "let in" : "refused";
}

function told({ status, headers }: Answer): Told {
  const toSignIn = status === 303 && /^\/login/.test(headers.get("location") ?? "");
  if (status === 401 || toSignIn) return "sent to sign in";
  if (status === 403) return "refused";
  return status === 404 ? "not found" : "let in";
}

const CLOSED = { reason: "Painters", start_wall: "2026-05-06T08:00", end_wall: "2026-05-06T18:00" };

/** A scene with one of everything that a route can name, for each visitor anew. */
async function house() {
  const scene = await openScene();
  const { sql, cast } = scene;
  const policy = await createPolicy(sql, cast.ada, { ...NO_RULES, name: "House rules" }, NOW);
  const hall = await makeResource(sql, cast.ada, { name: "Hall", policy_id: policy });
  const wish = { ...on("2026-05-05", "10:00", "11:00"), resource_ids: [hall.id] };
  const { id } = await request(sql, cast.bob, wish, NOW);
  const shut = { ...CLOSED, resource_ids: [(await makeResource(sql, cast.ada, { name: "Attic" })).id] };
  const closure = await close(sql, cast.ada, NewClosure.parse(shut), NOW);
  const group = await createGroup(sql, cast.ada, { name: "Deciders" }, NOW);
  const ids: [RegExp, string][] = [
    [/closures\/:id/, closure.id],
    [/groups\/:id/, group],
    [/(reservations|bookings)\/:id/, id],
    [/resources\/:id/, hall.id],
    [/users\/:id/, cast.bob.id],
    [/policies\/:id/, policy],
    [/(sessions|away)\/:id/, newId()],
  ];
  return {
    ...scene,
    hall,
    id,
    idFor: (path: string) => ids.find(([pattern]) => pattern.test(path))?.[1] ?? newId(),
  };
}

function knock(who: Client, route: string, id: string, hall: string): Promise<Answer> {
  const [method, pattern] = route.split(" ");
  const path = pattern.replace(/:\w+/, id).replace("*", "nothing.css");
  if (path.startsWith("/api/v1")) {
    return who.call(
      method,
      path.slice("/api/v1".length),
      method === "GET" || method === "DELETE" ? undefined : { answer: "Yes", change: newId() },
    );
  }
  const query = path === "/reservations/new" ? `?resource=${hall}` : "";
  return method === "GET" ? who.get(path + query) : who.post(path, { resource: hall, answer: "Yes" });
}

/** What answers that there is nothing, whoever asks: a file and a session of no name, and a site that is set up. */
const NOTHING_THERE = [
  // Given up by the call before it.
  "POST /admin/closures/:id/delete",
  "POST /account/away/:id/end",
  "GET /static/*",
  "POST /account/sessions/:id/end",
  "GET /setup",
  "POST /setup",
  "GET /door/:id",
  "GET /reset/:token",
  "POST /reset/:token",
];
/** What leads to signing in although it is open to everybody. */
const TO_SIGN_IN = ["POST /api/v1/auth/login", "POST /api/v1/auth/refresh", "POST /logout", "GET /setup"];

Deno.test("every route says whom it is for, and none is listed that does not exist", async () => {
  await using scene = await openScene();
  const all = new Set(scene.site.routes.map(({ method, path }) => `${method} ${path}`));
  assert.deepEqual([...all].filter((route) => !ROUTES.has(route)), []);
  assert.deepEqual([...ROUTES.keys()].filter((route) => !all.has(route)), []);
});

for (const visitor of VISITORS) {
  Deno.test(`each route lets ${visitor} in, or does not, as it says`, async () => {
    await using scene = await house();
    const wrong: string[] = [];
    for (const [route, right] of ROUTES) {
      const client = visitor === "nobody" ? scene.site.visitor() : await scene.site.as(scene.cast[visitor]);
      const answer = told(await knock(client, route, scene.idFor(route), scene.hall.id));
      const excused = NOTHING_THERE.includes(route) && answer === "not found" ||
        TO_SIGN_IN.includes(route) && answer === "sent to sign in";
      if (answer !== expected(right, visitor) && !excused) {
        wrong.push(`${route} is for ${right}, and ${visitor} is ${answer}`);
      }
    }
    assert.deepEqual(wrong, []);
  });
}

for (const visitor of ["bob", "mallory", "sam"] as const) {
  Deno.test(`what ${visitor} may not do is refused alike, whether the thing exists or not`, async () => {
    await using scene = await house();
    const client = await scene.site.as(scene.cast[visitor]);
    for (const [route, right] of ROUTES) {
      // Staff see every reservation, so they may know that there is one.
      const known = right === "requester" && visitor === "sam";
      if (known || expected(right, visitor) === "let in" || !route.includes(":id")) continue;
      const [there, none] = [
        await knock(client, route, scene.idFor(route), ""),
        await knock(client, route, newId(), ""),
      ];
      assert.deepEqual([route, there.status], [route, none.status]);
    }
    const [{ status }] = await scene.sql`select status from reservations`;
    assert.equal(status, "approved");
  });
}
