import assert from "node:assert/strict";
import { openDoor } from "../../domain/doors.ts";
import { codeOfDoor } from "../../routes/signatures.ts";
import { close, NewClosure } from "../../domain/closures.ts";
import { createGroup } from "../../domain/groups.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { request } from "../../domain/requests.ts";
import { createSeries } from "../../domain/series.ts";
import { join } from "../../domain/waitlist.ts";
import { beginSession } from "../../domain/auth/sessions.ts";
import { createToken } from "../../domain/auth/tokens.ts";
import { type Action, type Actor, may, type Role } from "../../domain/permissions.ts";
import { newId } from "../../lib/ids.ts";
import { type Answer, type Client, SECRET_KEY } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

/** What somebody at the door is told: by a program 401, by a page the way to sign in; 403; 404; or anything else. */
type Told = "let in" | "sent to sign in" | "refused" | "not found";

/** Who knocks: nobody, or a role; at what is their own, or another's. */
const VISITORS = [
  "nobody",
  ...["user, own", "user, another's", "staff, own", "staff, another's", "admin, own", "admin, another's"],
] as const;
type Visitor = typeof VISITORS[number];

const answers = (nobody: Told, user: [Told, Told], staff: [Told, Told], admin: [Told, Told]) =>
  Object.fromEntries([nobody, ...user, ...staff, ...admin].map((told, i) => [VISITORS[i], told])) as Record<
    Visitor,
    Told
  >;
const IN = ["let in", "let in"] as [Told, Told];
const NO = ["refused", "refused"] as [Told, Told];
const SIGN_IN = "sent to sign in";
const OUT = ["not found", "not found"] as [Told, Told];

/**
 * What each kind of route answers to each, and the row of the permissions that says so. What is another's own is not
 * found; staff, who see every reservation, are refused what is not theirs to do with it.
 */
const KINDS = {
  "public": { told: answers("let in", IN, IN, IN) },
  "scraped": { told: answers(SIGN_IN, OUT, OUT, OUT) },
  "signed in": { told: answers(SIGN_IN, IN, IN, IN) },
  "private": {
    told: answers(SIGN_IN, ["let in", "not found"], ["let in", "not found"], ["let in", "not found"]),
  },
  "away": {
    told: answers(SIGN_IN, NO, ["let in", "not found"], IN),
    action: "end_delegation",
  },
  "delegate": { told: answers(SIGN_IN, NO, IN, IN), action: "delegate" },
  "reserve": { told: answers(SIGN_IN, IN, IN, IN), action: "reserve" },
  "reserve for": { told: answers(SIGN_IN, NO, IN, IN), action: "reserve_for" },
  "see": { told: answers(SIGN_IN, ["let in", "not found"], IN, IN), action: "see_reservation" },
  "edit": { told: answers(SIGN_IN, ["let in", "not found"], IN, IN), action: "edit_reservation" },
  "cancel": { told: answers(SIGN_IN, ["let in", "not found"], IN, IN), action: "cancel" },
  "check in": { told: answers(SIGN_IN, ["let in", "not found"], IN, IN), action: "check_in" },
  "end": { told: answers(SIGN_IN, ["let in", "not found"], IN, IN), action: "end" },
  "restore": { told: answers(SIGN_IN, ["let in", "not found"], IN, IN), action: "restore" },
  "see waitlist": { told: answers(SIGN_IN, ["let in", "not found"], IN, IN), action: "see_waitlist" },
  "leave": { told: answers(SIGN_IN, ["let in", "not found"], IN, IN), action: "leave_waitlist" },
  "offer": { told: answers(SIGN_IN, ["let in", "not found"], IN, IN), action: "answer_offer" },
  "answer": {
    told: answers(SIGN_IN, ["let in", "not found"], ["let in", "refused"], ["let in", "refused"]),
    action: "answer",
  },
  // Not on a request of one's own: the table lets staff decide at all, the approvers say on what.
  "decide": { told: answers(SIGN_IN, NO, ["refused", "let in"], ["refused", "let in"]), action: "decide" },
  "bump": { told: answers(SIGN_IN, NO, ["refused", "let in"], ["refused", "let in"]), action: "bump" },
  "queue": { told: answers(SIGN_IN, NO, IN, IN), action: "see_queue" },
  "audit": { told: answers(SIGN_IN, NO, IN, IN), action: "see_audit" },
  "groups": { told: answers(SIGN_IN, NO, NO, IN), action: "manage_groups" },
  "resources": { told: answers(SIGN_IN, NO, NO, IN), action: "manage_resources" },
  "users": { told: answers(SIGN_IN, NO, NO, IN), action: "manage_users" },
} as const satisfies Record<string, { told: Record<Visitor, Told>; action?: Action }>;
type Right = keyof typeof KINDS;

const reservationCalls = (name: string): [string, Right][] => [
  [`POST /api/v1/${name}`, "reserve"],
  [`POST /api/v1/${name}/bulk`, "reserve"],
  [`GET /api/v1/${name}`, "signed in"],
  [`GET /api/v1/${name}/export.csv`, "signed in"],
  [`POST /api/v1/${name}/import`, "reserve for"],
  [`GET /api/v1/${name}/:id`, "see"],
  [`PATCH /api/v1/${name}/:id`, "edit"],
  [`DELETE /api/v1/${name}/:id`, "cancel"],
  [`POST /api/v1/${name}/:id/cancel`, "cancel"],
  [`POST /api/v1/${name}/:id/check_in`, "check in"],
  [`POST /api/v1/${name}/:id/end`, "end"],
  [`POST /api/v1/${name}/:id/approve`, "decide"],
  [`POST /api/v1/${name}/:id/deny`, "decide"],
  [`POST /api/v1/${name}/:id/reschedule`, "decide"],
  [`POST /api/v1/${name}/:id/bump`, "bump"],
  [`POST /api/v1/${name}/:id/ask`, "decide"],
  [`POST /api/v1/${name}/:id/answer`, "answer"],
  [`POST /api/v1/${name}/:id/withdraw_change`, "edit"],
  [`GET /api/v1/${name}/:id/history`, "see"],
];

/** Every route there is. One that is missing here fails the test: who adds it says whom it is for. */
const ROUTES = new Map<string, Right>([
  ["GET /live", "public"],
  ["GET /ready", "public"],
  ["GET /health", "public"],
  ["GET /metrics", "scraped"],
  ["GET /static/*", "public"],
  ["GET /favicon.ico", "public"],
  ["GET /setup", "public"],
  ["POST /setup", "public"],
  ["GET /login", "public"],
  ["POST /login", "public"],
  ["GET /login/code", "public"],
  ["POST /login/code", "public"],
  ["GET /register", "public"],
  ["POST /register", "public"],
  ["GET /logout", "public"],
  ["POST /logout", "public"],
  ["GET /door/:id", "public"],
  ["GET /reset/:token", "public"],
  ["POST /reset/:token", "public"],
  ["GET /api/v1/openapi.json", "public"],
  ["GET /api/docs", "public"],
  ["POST /api/v1/auth/register", "public"],
  ["POST /api/v1/auth/login", "public"],
  ["POST /api/v1/auth/refresh", "public"],
  ["POST /api/v1/auth/logout", "signed in"],
  ["GET /api/v1/auth/me", "signed in"],
  ["GET /api/v1/auth/tokens", "signed in"],
  ["POST /api/v1/auth/tokens", "signed in"],
  ["DELETE /api/v1/auth/tokens/:id", "private"],
  ["POST /account/tokens", "signed in"],
  ["POST /account/tokens/:id/revoke", "private"],
  ["GET /series/new", "signed in"],
  ["POST /series", "reserve"],
  ["GET /series/:id", "see"],
  ["POST /series/:id/change", "edit"],
  ["POST /series/:id/cancel", "cancel"],
  ["POST /series/:id/add", "edit"],
  ["POST /api/v1/series", "reserve"],
  ["POST /api/v1/series/preview", "reserve"],
  ["GET /api/v1/series/:id", "see"],
  ["PATCH /api/v1/series/:id", "edit"],
  ["POST /api/v1/series/:id/cancel", "cancel"],
  ["POST /api/v1/series/:id/add", "edit"],
  ["GET /waitlist", "signed in"],
  ["GET /waitlist/new", "signed in"],
  ["POST /waitlist", "reserve"],
  ["GET /waitlist/:id", "see waitlist"],
  ["POST /waitlist/:id/accept", "offer"],
  ["POST /waitlist/:id/decline", "offer"],
  ["POST /waitlist/:id/leave", "leave"],
  ["GET /api/v1/waitlist", "signed in"],
  ["POST /api/v1/waitlist", "reserve"],
  ["GET /api/v1/waitlist/:id", "see waitlist"],
  ["DELETE /api/v1/waitlist/:id", "leave"],
  ["POST /api/v1/waitlist/:id/accept", "offer"],
  ["POST /api/v1/waitlist/:id/decline", "offer"],
  ["GET /api/v1/audit-logs", "audit"],
  ["GET /api/v1/approvals", "queue"],
  ["GET /api/v1/users/export.csv", "users"],
  ["POST /api/v1/users/import", "users"],
  ["GET /api/v1/resources/export.csv", "queue"],
  ["POST /api/v1/resources/import", "resources"],
  ["GET /api/v1/users", "users"],
  ["POST /api/v1/users", "users"],
  ["DELETE /api/v1/users/:id", "users"],
  ["DELETE /api/v1/users/:id/second-factor", "users"],
  ["GET /api/v1/users/:id", "users"],
  ["PATCH /api/v1/users/:id", "users"],
  ["GET /api/v1/resources", "signed in"],
  ["GET /api/v1/resources/:id", "signed in"],
  ["POST /api/v1/resources", "resources"],
  ["PATCH /api/v1/resources/:id", "resources"],
  ["DELETE /api/v1/resources/:id", "resources"],
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
  ["GET /reservations/new", "reserve"],
  ["GET /reservations/any", "reserve"],
  ["POST /reservations/any", "reserve"],
  ["POST /reservations", "reserve"],
  ["GET /reservations", "signed in"],
  ["GET /reservations/:id", "see"],
  ["GET /reservations/:id/edit", "edit"],
  ["POST /reservations/:id/edit", "edit"],
  ["GET /check-in", "signed in"],
  ["GET /in/:code", "signed in"],
  ["POST /reservations/:id/check_in", "check in"],
  ["POST /reservations/:id/end", "end"],
  ["POST /reservations/:id/cancel", "cancel"],
  ["POST /reservations/:id/restore", "restore"],
  ["GET /account", "signed in"],
  ["POST /account", "signed in"],
  ["POST /account/password", "signed in"],
  ["POST /account/sessions/:id/end", "private"],
  ["POST /account/sessions/end", "signed in"],
  ["GET /account/second-factor", "signed in"],
  ["POST /account/second-factor/begin", "signed in"],
  ["POST /account/second-factor/confirm", "signed in"],
  ["POST /account/second-factor/codes", "signed in"],
  ["POST /account/second-factor/end", "signed in"],
  ["POST /reservations/:id/withdraw_change", "edit"],
  ["POST /reservations/:id/answer", "answer"],
  ["POST /account/away", "delegate"],
  ["POST /account/away/:id/end", "away"],
  ["GET /approvals", "queue"],
  ["GET /approvals/several", "queue"],
  ["POST /approvals/several", "queue"],
  ["POST /reservations/:id/bump", "bump"],
  ["GET /reservations/:id/override", "decide"],
  ["GET /reservations/:id/reschedule", "decide"],
  ["POST /reservations/:id/reschedule", "decide"],
  ["POST /reservations/:id/ask", "decide"],
  ["POST /reservations/:id/approve", "decide"],
  ["POST /reservations/:id/deny", "decide"],
  ["GET /admin/resources", "resources"],
  ["GET /admin/resources/new", "resources"],
  ["POST /admin/resources", "resources"],
  ["GET /admin/resources/:id/edit", "resources"],
  ["POST /admin/resources/:id/edit", "resources"],
  ["GET /admin/resources/:id/remove", "resources"],
  ["POST /admin/resources/:id/remove", "resources"],
  ["POST /admin/resources/:id/reactivate", "resources"],
  ["GET /admin/resources/:id/approvers", "resources"],
  ["POST /admin/resources/:id/approvers", "resources"],
  ["POST /admin/resources/:id/approvers/remove", "resources"],
  ["GET /api/v1/groups/:id", "groups"],
  ["PATCH /api/v1/groups/:id", "groups"],
  ["GET /admin/groups", "groups"],
  ["POST /admin/groups", "groups"],
  ["GET /admin/groups/:id", "groups"],
  ["POST /admin/groups/:id", "groups"],
  ["POST /admin/groups/:id/members", "groups"],
  ["POST /admin/groups/:id/members/remove", "groups"],
  ["POST /admin/groups/:id/delete", "groups"],
  ["GET /admin/resources/:id/door", "resources"],
  ["POST /admin/resources/:id/door", "resources"],
  ["POST /admin/resources/:id/door/close", "resources"],
  ["GET /api/v1/resources/:id/availability", "signed in"],
  ["GET /api/v1/closures", "signed in"],
  ["GET /api/v1/closures/:id", "signed in"],
  ["POST /api/v1/closures", "resources"],
  ["PATCH /api/v1/closures/:id", "resources"],
  ["GET /admin/closures", "resources"],
  ["GET /admin/closures/new", "resources"],
  ["POST /admin/closures", "resources"],
  ["GET /admin/closures/:id", "resources"],
  ["POST /admin/closures/:id", "resources"],
  ["GET /admin/closures/:id/delete", "resources"],
  ["DELETE /api/v1/closures/:id", "resources"],
  ["POST /admin/closures/:id/delete", "resources"],
  ["GET /admin/policies", "resources"],
  ["GET /admin/policies/new", "resources"],
  ["GET /admin/policies/:id", "resources"],
  ["POST /admin/policies", "resources"],
  ["POST /admin/policies/:id", "resources"],
  ["POST /admin/policies/:id/delete", "resources"],
  ["GET /admin/try", "resources"],
  ["GET /admin/audit", "audit"],
  ["GET /admin/audit/export.csv", "audit"],
  ["GET /admin/audit/export.json", "audit"],
  ["GET /admin/users", "users"],
  ["GET /admin/users/:id", "users"],
  ["GET /admin/users/:id/deactivate", "users"],
  ["POST /admin/users/:id/deactivate", "users"],
  ["POST /admin/users/:id/reactivate", "users"],
  ["POST /admin/users/:id/reset", "users"],
  ["POST /admin/users/:id/second_factor/take", "users"],
  ["POST /admin/users/:id/role", "users"],
  ["GET /api/v1/groups", "groups"],
  ["POST /api/v1/groups", "groups"],
  ["DELETE /api/v1/groups/:id", "groups"],
  ["GET /api/v1/policies", "resources"],
  ["POST /api/v1/policies", "resources"],
  ["GET /api/v1/policies/:id", "resources"],
  ["PATCH /api/v1/policies/:id", "resources"],
  ["DELETE /api/v1/policies/:id", "resources"],
  ["GET /api/v1/delegations", "delegate"],
  ["POST /api/v1/delegations", "delegate"],
  ["DELETE /api/v1/delegations/:id", "away"],
  ["GET /admin/resources/export.csv", "queue"],
  ["GET /admin/resources/import", "resources"],
  ["POST /admin/resources/import", "resources"],
  ["GET /admin/resources/import/:id", "resources"],
  ["POST /admin/resources/import/:id", "resources"],
  ["POST /admin/resources/import/:id/discard", "resources"],
  ["GET /admin/users/export.csv", "users"],
  ["GET /admin/users/import", "users"],
  ["POST /admin/users/import", "users"],
  ["GET /admin/users/import/:id", "users"],
  ["POST /admin/users/import/:id", "users"],
  ["POST /admin/users/import/:id/discard", "users"],
  ["GET /reservations/export.csv", "signed in"],
  ["GET /reservations/import", "reserve for"],
  ["POST /reservations/import", "reserve for"],
  ["GET /reservations/import/:id", "reserve for"],
  ["POST /reservations/import/:id", "reserve for"],
  ["POST /reservations/import/:id/discard", "reserve for"],
]);

function told({ status, headers }: Answer, route: string): Told {
  if (route.includes(" /api/")) assert(status !== 303, `${route} redirects a program`);
  else assert(status !== 401 || route === "POST /login", `${route} asks a browser for a token`);
  if (status === 401 || status === 303 && /^\/login/.test(headers.get("location") ?? "")) return SIGN_IN;
  if (status === 403) return "refused";
  return status === 404 ? "not found" : "let in";
}

const CLOSED = { reason: "Painters", start_wall: "2026-05-06T08:00", end_wall: "2026-05-06T18:00" };

const RECURRING = {
  start_wall: Temporal.PlainDateTime.from("2026-06-01T10:00"),
  end_wall: Temporal.PlainDateTime.from("2026-06-01T11:00"),
  rule: { frequency: "daily", count: 2 },
} as const;

/** A site with one of everything that a route can name, and what is whose. */
async function house() {
  const scene = await openScene();
  const { sql, cast } = scene;
  const rules = { ...NO_RULES, name: "House rules", approval: "always" as const };
  const policy = await createPolicy(sql, cast.ada, rules, NOW);
  const hall = await makeResource(sql, cast.ada, { name: "Hall", policy_id: policy });
  const shut = { ...CLOSED, resource_ids: [(await makeResource(sql, cast.ada, { name: "Attic" })).id] };
  const closure = await close(sql, cast.ada, NewClosure.parse(shut), NOW);
  const group = await createGroup(sql, cast.ada, { name: "Deciders" }, NOW);
  const door = codeOfDoor(
    SECRET_KEY,
    await openDoor(sql, cast.ada, { resource_id: hall.id, names: true }, NOW),
  );
  const full = await makeResource(sql, cast.ada, { name: "Full" });
  const taken = on("2026-05-05", "10:00", "11:00");
  await request(sql, cast.sue, { ...taken, resource_ids: [full.id] }, NOW);
  /** What belongs to one person. */
  async function of(owner: Actor) {
    const wish = { ...on("2026-05-05", "10:00", "11:00"), resource_ids: [hall.id] };
    const session = { user_id: owner.id, kind: "browser", device: "another" } as const;
    const absence = { id: newId(), user_id: owner.id, to_user_id: cast.sue.id, created_at: `${NOW}` };
    const until = { starts_at: `${NOW}`, ends_at: `${NOW.add({ hours: 1 })}` };
    if (owner.id !== cast.sue.id) await sql`insert into delegations ${sql({ ...absence, ...until })}`;
    return {
      user: owner.id,
      session: (await beginSession(sql, session, NOW)).session_id,
      away: absence.id,
      token: (await createToken(sql, owner, { name: "Script", scope: "read", expires_in_days: 1 }, NOW)).id,
      reservation: (await request(sql, owner, wish, NOW)).id,
      entry: (await join(sql, owner, { ...taken, resource_ids: [full.id] }, NOW)).id,
      series: await createSeries(sql, owner, { ...RECURRING, resource_ids: [hall.id] }, NOW),
    };
  }
  const ids = (own: Awaited<ReturnType<typeof of>>): [RegExp, string][] => [
    [/\/import\/:id/, newId()],
    [/\/in\/:code/, door],
    [/closures\/:id/, closure.id],
    [/groups\/:id/, group],
    [/(reservations|bookings)\/:id/, own.reservation],
    [/waitlist\/:id/, own.entry],
    [/series\/:id/, own.series],
    [/resources\/:id/, hall.id],
    [/users\/:id/, own.user],
    [/policies\/:id/, policy],
    [/sessions\/:id/, own.session],
    [/(away|delegations)\/:id/, own.away],
    [/tokens\/:id/, own.token],
  ];
  return {
    ...scene,
    hall,
    of,
    idFor: (route: string, own: Awaited<ReturnType<typeof of>>) =>
      ids(own).find(([pattern]) => pattern.test(route))?.[1] ?? newId(),
  };
}
/** Knocks with what the route asks for: nobody is turned away for a form that is not filled in. */
function knock(who: Client, route: string, id: string, { hall }: { hall: { id: string } }): Promise<Answer> {
  const [method, pattern] = route.split(" ");
  const path = pattern.replace(/:\w+/, id).replace("*", "nothing.css");
  const said = { answer: "Yes", reason: "No", question: "Why?" };
  const series: Record<string, string> = path.includes("/series/")
    ? { scope: "all", start_wall: "2026-06-01T10:00" }
    : {};
  if (path.startsWith("/api/v1")) {
    const bare = method === "GET" || method === "DELETE";
    const { start_time, end_time } = on("2026-05-07", "10:00", "11:00");
    const change = path.endsWith("withdraw_change") ? { change: newId() } : {};
    const body = { ...said, ...change, ...series, start_time, end_time };
    return who.call(method, path.slice("/api/v1".length), bare ? undefined : body);
  }
  const query = ["/reservations/new", "/waitlist/new"].includes(path) ? `?resource=${hall.id}` : "";
  const slot = { ...series, resource: hall.id, date: "2026-05-07", start: "10:00", end: "11:00" };
  return method === "GET" ? who.get(path + query) : who.post(path, { ...said, ...slot });
}

/** What answers that there is nothing, whoever asks: a file of no name, a link of no name, and a site that is set up. */
const NOTHING_THERE = [
  "GET /static/*",
  "GET /setup",
  "POST /setup",
  "GET /door/:id",
  "GET /reset/:token",
  "POST /reset/:token",
];
/** Given up by the call before it, by whoever may. */
const TWICE = [
  "POST /admin/closures/:id/delete",
  "DELETE /api/v1/groups/:id",
  "DELETE /api/v1/delegations/:id",
  "POST /account/tokens/:id/revoke",
];
/** What leads to signing in although it is open to everybody. */
const TO_SIGN_IN = ["POST /logout", "GET /login/code", "POST /login/code"];

/** What is about a file that nobody has brought; whose files are whose has tests of its own. */
const OF_A_FILE = /\/import\/:id/;

function expected(route: string, right: Right, visitor: Visitor): Told {
  if (NOTHING_THERE.includes(route)) return "not found";
  if (TO_SIGN_IN.includes(route)) return SIGN_IN;
  const said = KINDS[right].told[visitor];
  return (TWICE.includes(route) || OF_A_FILE.test(route)) && said === "let in" ? "not found" : said;
}

Deno.test("every route says whom it is for, and none is listed that does not exist", async () => {
  await using scene = await openScene();
  const all = new Set(scene.site.routes.map(({ method, path }) => `${method} ${path}`));
  assert.deepEqual([...all].filter((route) => !ROUTES.has(route)), []);
  assert.deepEqual([...ROUTES.keys()].filter((route) => !all.has(route)), []);
});

Deno.test("each kind of route says what the permissions say", () => {
  const person = (role: Role): Actor => ({ id: "me", email: "", name: "", role, time_zone: "UTC" });
  for (const [right, kind] of Object.entries(KINDS)) {
    if (!("action" in kind)) continue;
    for (const visitor of VISITORS.slice(1)) {
      const [role, whose] = visitor.split(", ") as [Role, string];
      const permitted = may(person(role), kind.action, whose === "own" ? "me" : "another");
      const said = kind.told[visitor] === "let in";
      // What is private to one person, and a request of one's own, is the domain's to refuse.
      const narrower = right === "away" || right === "decide" && whose === "own";
      assert(said ? permitted : narrower || !permitted, `${right}: ${visitor}`);
    }
  }
});

/** Somebody of the cast for each role; what is another's is Bob's, and Alice's where Bob himself knocks. */
const ROLES_OF = { user: "bob", staff: "sam", admin: "ada" } as const;

for (const visitor of VISITORS) {
  Deno.test(`each route lets in, or does not, as it says: ${visitor}`, async () => {
    await using scene = await house();
    const [role, whose] = visitor.split(", ") as [keyof typeof ROLES_OF, string];
    const me = scene.cast[ROLES_OF[role]] as Actor | undefined;
    const owner = whose === "own" ? me! : role === "user" ? scene.cast.alice : scene.cast.bob;
    const own = await scene.of(owner);
    const wrong: string[] = [];
    let client: Client | undefined;
    for (const [route, right] of ROUTES) {
      // Some of what is knocked at signs out.
      if (!client || !me || /log|account|auth|users/.test(route)) {
        client = me ? await scene.site.as(me) : scene.site.visitor();
      }
      const answer = told(await knock(client, route, scene.idFor(route, own), scene), route);
      const right_answer = expected(route, right, visitor);
      if (answer !== right_answer) wrong.push(`${route} (${right}): ${answer}, not ${right_answer}`);
    }
    assert.deepEqual(wrong, []);
  });
}

for (const [name, visitor] of [["bob", "user, another's"], ["sam", "staff, another's"]] as const) {
  Deno.test(`what ${name} may not do is refused alike, whether the thing exists or not`, async () => {
    await using scene = await house();
    const own = await scene.of(scene.cast.alice);
    const client = await scene.site.as(scene.cast[name]);
    let count = 0;
    for (const [route, right] of ROUTES) {
      // Staff see every reservation, so they may know that there is one.
      const known = right === "answer" && name === "sam";
      if (known || KINDS[right].told[visitor] === "let in" || !route.includes(":id")) continue;
      count++;
      const [there, none] = [
        await knock(client, route, scene.idFor(route, own), scene),
        await knock(client, route, newId(), scene),
      ];
      assert.deepEqual([route, there.status], [route, none.status]);
    }
    assert(count > 20, `only ${count} were tried`);
    const [{ status }] = await scene.sql`select status from reservations where id = ${own.reservation}`;
    assert.equal(status, "pending");
  });
}
