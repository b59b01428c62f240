import assert from "node:assert/strict";
import { approve } from "../../domain/approvals.ts";
import { cancel, describe, reschedule } from "../../domain/edits.ts";
import { openDoor } from "../../domain/doors.ts";
import { codeOfDoor } from "../../routes/signatures.ts";
import { close, NewClosure } from "../../domain/closures.ts";
import type { Actor } from "../../domain/permissions.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { request } from "../../domain/requests.ts";
import { createSeries } from "../../domain/series.ts";
import { join } from "../../domain/waitlist.ts";
import { newId } from "../../lib/ids.ts";
import { type Answer, type Client, SECRET_KEY } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

const HTMX = { "hx-request": "true" };
const DAY = "2026-05-05";
/** What nobody but Bob and those who decide may read, wherever it stands. */
const SECRETS = /Wedding|Divorce|Bob|booker|too loud|R-[123]\b/i;

/**
 * Bob's secrets: a wedding in the hall that was once called a divorce, a wish for the van that waits, and a stay in the
 * den that Sam took from him with a reason. Mallory has something of her own beside each of them.
 */
async function secrets(how: How = "by Bob himself") {
  const scene = await openScene();
  const { sql, cast } = scene;
  const secret = how === "by Bob himself";
  const rules = { ...NO_RULES, name: "For staff", details_for_staff: !secret };
  const policy_id = await createPolicy(sql, cast.ada, rules, NOW);
  const hall = await makeResource(sql, cast.ada, { name: "Hall", policy_id });
  const van = await makeResource(sql, cast.ada, { name: "Van", requires_approval: true, policy_id });
  const den = await makeResource(sql, cast.ada, { name: "Den", policy_id });
  const ask = (who: Actor, id: string, from: string, to: string, purpose: string) =>
    request(sql, who, { ...on(DAY, from, to), resource_ids: [id], purpose, private: secret }, NOW);
  const bobs = await ask(cast.bob, hall.id, "10:00", "12:00", "Divorce");
  await describe(sql, cast.bob, bobs.id, { purpose: "Wedding" }, NOW);
  await reschedule(sql, cast.bob, bobs.id, on(DAY, "10:00", "13:00"), NOW);
  const wish = await ask(cast.bob, van.id, "10:00", "12:00", "Wedding flowers");
  await approve(sql, cast.sam, { id: wish.id }, NOW);
  const gone = await ask(cast.bob, den.id, "10:00", "12:00", "Wedding band");
  await cancel(sql, cast.sam, { id: gone.id, reason: "Too loud" }, NOW);
  const own = await ask(cast.mallory, hall.id, "13:00", "14:00", "Mine");
  const lost = await ask(cast.mallory, den.id, "10:00", "12:00", "Mine too");
  await cancel(sql, cast.mallory, { id: lost.id }, NOW);
  await ask(cast.bob, den.id, "10:00", "12:00", "Wedding band after all");
  // Around what Bob has of the den in the morning.
  const closing = NewClosure.parse({
    ...{ reason: "Painters", resource_ids: [den.id], reservations: "leave" },
    ...{ start_wall: `${DAY}T08:00`, end_wall: `${DAY}T20:00` },
  });
  const closure = (await close(sql, cast.ada, closing, NOW)).id;
  const plan = {
    rule: { frequency: "daily", count: 2 },
    purpose: "Wedding rehearsal",
    private: secret,
  } as const;
  const walls = ["2026-06-01T10:00", "2026-06-01T11:00"].map((wall) => Temporal.PlainDateTime.from(wall));
  const recurring = { ...plan, resource_ids: [den.id], start_wall: walls[0], end_wall: walls[1] };
  const series = await createSeries(sql, cast.bob, recurring, NOW);
  const door = codeOfDoor(
    SECRET_KEY,
    await openDoor(sql, cast.ada, { resource_id: hall.id, names: true }, NOW),
  );
  // Offered to Bob, who waits for it.
  const hut = await makeResource(sql, cast.ada, { name: "Hut", policy_id });
  const before = await ask(cast.mallory, hut.id, "10:00", "11:00", "Mine until now");
  const waits = {
    ...on(DAY, "10:00", "11:00"),
    resource_ids: [hut.id],
    purpose: "Wedding cake",
    private: secret,
  };
  const entry = (await join(sql, cast.bob, waits, NOW)).id;
  await cancel(sql, cast.mallory, { id: before.id }, NOW);
  return { ...scene, hut, entry, series, door, hall, van, den, bobs, wish, gone, own, lost, closure };
}

/** What hides it: that it is marked so, or a policy of which only staff see the details. */
const HOW = ["by Bob himself", "by a policy"] as const;
type How = typeof HOW[number];
type Secrets = Awaited<ReturnType<typeof secrets>>;

interface Question {
  /** The route that it knocks at. */
  route: string;
  path: (scene: Secrets) => string;
  body?: (scene: Secrets) => Record<string, unknown>;
  headers?: Record<string, string>;
  /** Whether Bob himself reads his secret there: that the question is about it at all. */
  bobs?: true;
}

const get = (
  route: string,
  path: Question["path"] = () => route,
  more: Partial<Question> = {},
): Question => ({
  route: `GET ${route}`,
  path,
  ...more,
});
const post = (
  route: string,
  path: Question["path"],
  body: Question["body"],
  more: Partial<Question> = {},
): Question => ({
  route: `POST ${route}`,
  path,
  body,
  ...more,
});

const typed = (id: string, from = "11:00", to = "12:00") => ({
  resource: id,
  date: DAY,
  start: from,
  end: to,
});
const recurs = (resource: string) => ({
  ...{
    resource,
    date: "2026-06-01",
    start: "10:30",
    end: "11:30",
    repeats: "daily",
    interval: "1",
    count: "2",
  },
});
const query = (values: Record<string, string>) => new URLSearchParams(values);
const period = { start_time: `${DAY}T11:00:00+02:00`, end_time: `${DAY}T12:00:00+02:00` };

const QUESTIONS: Question[] = [
  get("/", undefined, { bobs: true }),
  get("/schedule", () => `/schedule?date=${DAY}`, { bobs: true }),
  get("/schedule", () => `/schedule?date=${DAY}`, { headers: HTMX, bobs: true }),
  get("/schedule", () => `/schedule?date=${DAY}&q=wed`),
  get("/schedule/week", () => `/schedule/week?date=${DAY}`),
  get("/resources/:id/month", ({ hall }) => `/resources/${hall.id}/month?month=2026-05`),
  get("/door/:id", () => `/door/${newId()}?key=none`),
  get("/in/:code", ({ door }) => `/in/${door}`),
  get("/check-in"),
  get("/admin/resources/:id/door", ({ hall }) => `/admin/resources/${hall.id}/door`),
  get("/agenda", undefined, { bobs: true }),
  get("/find"),
  get("/find", () => `/find?from=${DAY}&to=${DAY}&near=hall`),
  get("/find", () => `/find?from=${DAY}&to=${DAY}&minutes=1300`, { headers: HTMX }),
  get("/api/v1/find", () => `/api/v1/find?from=${DAY}&to=${DAY}&kind=wed`),
  get("/resources"),
  get("/resources", () => "/resources?q=wed"),
  get("/resources", () => `/resources?free_date=${DAY}&free_start=10:00&free_end=11:00`),
  get("/resources/:id", ({ hall }) => `/resources/${hall.id}?week=${DAY}`, { bobs: true }),
  get("/resources/:id", ({ van }) => `/resources/${van.id}?week=${DAY}`, { bobs: true }),
  get("/resources/:id", ({ den }) => `/resources/${den.id}?week=${DAY}`, { bobs: true }),
  get("/reservations/any"),
  get("/reservations/any", () => `/reservations/any?kind=room&date=${DAY}&start=10:00&end=11:00`),
  get("/reservations/new", ({ hall }) => `/reservations/new?${query(typed(hall.id))}`, { bobs: true }),
  get("/reservations/new", ({ hall }) => `/reservations/new?${query(typed(hall.id))}`, {
    headers: HTMX,
    bobs: true,
  }),
  get("/reservations/new", ({ van }) => `/reservations/new?${query(typed(van.id))}`, { bobs: true }),
  get("/reservations", undefined, { bobs: true }),
  get("/reservations", () => "/reservations?q=wed", { bobs: true }),
  get("/reservations", () => "/reservations?when=past&q=bob"),
  get("/reservations/:id", () => "/reservations/R-1", { bobs: true }),
  get("/reservations/:id", ({ bobs }) => `/reservations/${bobs.id}?at=${NOW}`, { bobs: true }),
  get("/reservations/:id", ({ gone }) => `/reservations/${gone.id}`, { bobs: true }),
  get("/reservations/:id", ({ own }) => `/reservations/${own.reference}`),
  get("/reservations/:id/edit", () => "/reservations/R-1/edit", { bobs: true }),
  get(
    "/reservations/:id/edit",
    ({ own, hall }) => `/reservations/${own.reference}/edit?${query(typed(hall.id))}`,
  ),
  get("/waitlist", undefined, { bobs: true }),
  get("/waitlist", () => "/waitlist?who=everybody&show=all", { bobs: true }),
  get("/waitlist/new", () => "/waitlist/new?kind=room&date=2026-05-05&start=10:00&end=11:00"),
  get("/waitlist/new", ({ hall }) => `/waitlist/new?${query(typed(hall.id))}`),
  get("/waitlist/:id", ({ entry }) => `/waitlist/${entry}`, { bobs: true }),
  get("/api/v1/waitlist", ({ cast }) => `/api/v1/waitlist?requester_id=${cast.bob.id}`, { bobs: true }),
  get("/api/v1/waitlist", ({ hut }) => `/api/v1/waitlist?resource_id=${hut.id}`, { bobs: true }),
  get("/api/v1/waitlist/:id", ({ entry }) => `/api/v1/waitlist/${entry}`, { bobs: true }),
  // What is offered to Bob: nobody else learns to whom.
  get("/reservations/new", ({ hut }) => `/reservations/new?${query(typed(hut.id, "10:00", "11:00"))}`),
  post("/reservations", () => "/reservations", ({ hut }) => typed(hut.id, "10:00", "11:00")),
  get("/resources/:id", ({ hut }) => `/resources/${hut.id}?week=${DAY}`),
  post("/waitlist", () => "/waitlist", ({ hall }) => typed(hall.id, "10:00", "11:00")),
  post("/api/v1/waitlist", () => "/api/v1/waitlist", ({ hall }) => ({ resource_id: hall.id, ...period })),
  { route: "DELETE /api/v1/waitlist/:id", path: ({ entry }) => `/api/v1/waitlist/${entry}` },
  ...["accept", "decline"].map((verb) =>
    post(`/api/v1/waitlist/:id/${verb}`, ({ entry }) => `/api/v1/waitlist/${entry}/${verb}`, () => ({}))
  ),
  ...["accept", "decline", "leave"].map((verb) =>
    post(`/waitlist/:id/${verb}`, ({ entry }) => `/waitlist/${entry}/${verb}`, () => ({}))
  ),
  get("/account"),
  get("/account/second-factor"),
  get("/approvals"),
  get("/approvals", () => "/approvals?show=all"),
  get("/approvals/several", ({ bobs }) => `/approvals/several?verb=approve&of=${bobs.id}`),
  get("/reservations/:id/override", ({ bobs }) => `/reservations/${bobs.id}/override`),
  get("/reservations/:id/reschedule", ({ bobs }) => `/reservations/${bobs.id}/reschedule`),
  get("/admin/groups"),
  get("/admin/groups/:id", () => `/admin/groups/${newId()}`),
  get("/admin/resources/:id/approvers", ({ hall }) => `/admin/resources/${hall.id}/approvers`),
  get("/admin/closures"),
  get("/admin/closures/new"),
  get("/admin/closures/:id", ({ closure }) => `/admin/closures/${closure}`),
  get("/admin/closures/:id/delete", ({ closure }) => `/admin/closures/${closure}/delete`),
  get("/api/v1/closures"),
  get("/api/v1/closures/:id", ({ closure }) => `/api/v1/closures/${closure}`),
  get("/api/v1/policies"),
  get("/api/v1/policies/:id", () => `/api/v1/policies/${newId()}`),
  get("/api/v1/groups"),
  get("/api/v1/groups/:id", () => `/api/v1/groups/${newId()}`),
  get("/api/v1/delegations"),
  get(
    "/api/v1/resources/:id/availability",
    ({ hall }) => `/api/v1/resources/${hall.id}/availability?from=${DAY}T00:00:00Z&to=${DAY}T20:00:00Z`,
  ),
  get("/admin/audit"),
  get("/admin/audit", () => "/admin/audit?reservation=R-1"),
  get("/admin/audit/export.csv", () => "/admin/audit/export.csv?person=bob"),
  get("/admin/audit/export.json", () => "/admin/audit/export.json?resource=hall"),
  get("/admin/users", () => "/admin/users?q=bob"),
  get("/admin/users/:id", ({ cast }) => `/admin/users/${cast.bob.id}`),
  get("/admin/users/:id/deactivate", ({ cast }) => `/admin/users/${cast.bob.id}/deactivate`),
  get("/admin/resources"),
  get("/admin/resources/new"),
  get("/admin/resources/:id/edit", ({ hall }) => `/admin/resources/${hall.id}/edit`),
  get("/admin/resources/:id/remove", ({ hall }) => `/admin/resources/${hall.id}/remove`),
  ...["/admin/resources", "/admin/users", "/reservations"].flatMap((base) => [
    get(`${base}/import`),
    get(`${base}/import/:id`, () => `${base}/import/${newId()}`),
  ]),
  get("/admin/resources/export.csv"),
  get("/admin/users/export.csv"),
  get("/reservations/export.csv", undefined, { bobs: true }),
  get("/admin/policies"),
  get("/admin/policies/new"),
  get("/admin/policies/:id", () => `/admin/policies/${newId()}`),
  get("/admin/try", ({ hall }) => `/admin/try?${query(typed(hall.id))}`),
  get("/health"),
  get("/metrics"),
  get("/reset/:token", () => "/reset/none"),
  get("/api/v1/reservations", undefined, { bobs: true }),
  get("/api/v1/reservations", ({ cast }) => `/api/v1/reservations?requester_id=${cast.bob.id}`, {
    bobs: true,
  }),
  get("/api/v1/reservations", ({ hall }) => `/api/v1/reservations?resource_id=${hall.id}&status=approved`, {
    bobs: true,
  }),
  get("/api/v1/reservations/:id", ({ bobs }) => `/api/v1/reservations/${bobs.id}`, { bobs: true }),
  get("/api/v1/reservations/:id/history", ({ bobs }) => `/api/v1/reservations/${bobs.id}/history`, {
    bobs: true,
  }),
  get("/api/v1/reservations/:id/history", ({ own }) => `/api/v1/reservations/${own.id}/history`),
  get("/api/v1/bookings", undefined, { bobs: true }),
  get("/api/v1/bookings/:id", ({ gone }) => `/api/v1/bookings/${gone.id}`, { bobs: true }),
  get("/api/v1/bookings/:id/history", ({ gone }) => `/api/v1/bookings/${gone.id}/history`, { bobs: true }),
  get("/series/:id", ({ series }) => `/series/${series}`, { bobs: true }),
  get("/series/new", ({ den }) => `/series/new?${query(recurs(den.id))}`),
  post("/series", () => "/series", ({ den }) => ({ ...recurs(den.id), mode: "all_or_nothing" })),
  ...["add", "change", "cancel"].map((verb) =>
    post(`/series/:id/${verb}`, ({ series }) => `/series/${series}/${verb}`, () => ({ scope: "all" }))
  ),
  get("/api/v1/series/:id", ({ series }) => `/api/v1/series/${series}`, { bobs: true }),
  ...["", "/preview"].map((path) =>
    post(`/api/v1/series${path}`, () => `/api/v1/series${path}`, ({ den }) => ({
      ...{
        resource_id: den.id,
        start_time: "2026-06-01T10:30:00+02:00",
        end_time: "2026-06-01T11:30:00+02:00",
      },
      recurrence: { frequency: "daily", count: 2 },
    }))
  ),
  {
    ...post(
      "/api/v1/series/:id",
      ({ series }) => `/api/v1/series/${series}`,
      () => ({ scope: "all", start: "12:00" }),
    ),
    route: "PATCH /api/v1/series/:id",
  },
  post(
    "/api/v1/series/:id/cancel",
    ({ series }) => `/api/v1/series/${series}/cancel`,
    () => ({ scope: "all" }),
  ),
  post(
    "/api/v1/series/:id/add",
    ({ series }) => `/api/v1/series/${series}/add`,
    () => ({ start_wall: "2026-06-01T10:00" }),
  ),
  get("/api/v1/reservations/export.csv", undefined, { bobs: true }),
  get("/api/v1/bookings/export.csv", undefined, { bobs: true }),
  get("/api/v1/resources/export.csv"),
  get("/api/v1/users/export.csv"),
  get("/api/v1/resources"),
  get("/api/v1/resources", () => `/api/v1/resources?free_from=${DAY}T08:00:00Z&free_to=${DAY}T09:00:00Z`),
  get("/api/v1/resources/:id", ({ hall }) => `/api/v1/resources/${hall.id}`),
  get("/api/v1/users", () => "/api/v1/users?q=bob"),
  get("/api/v1/users/:id", ({ cast }) => `/api/v1/users/${cast.bob.id}`),
  get("/api/v1/audit-logs", ({ bobs }) => `/api/v1/audit-logs?reservation_id=${bobs.id}`),
  get("/api/v1/approvals", () => "/api/v1/approvals?all=true"),
  get("/api/v1/auth/me"),
  get("/api/v1/auth/tokens"),
  get("/api/v1/openapi.json"),
  get("/api/docs"),
  post("/reservations", () => "/reservations", ({ hall }) => typed(hall.id), { bobs: true }),
  post("/reservations", () => "/reservations", ({ hall }) => typed(hall.id), { headers: HTMX, bobs: true }),
  post("/reservations/any", () => "/reservations/any", () => ({
    ...{ kind: "observatory", date: DAY, start: "10:00", end: "11:00" },
  })),
  post(
    "/reservations/:id/edit",
    ({ own }) => `/reservations/${own.reference}/edit`,
    ({ hall }) => typed(hall.id),
  ),
  post(
    "/reservations/:id/edit",
    () => "/reservations/R-1/edit",
    ({ hall }) => typed(hall.id, "12:00", "13:00"),
  ),
  post("/reservations/:id/cancel", () => "/reservations/R-1/cancel", () => ({})),
  post("/reservations/:id/restore", ({ lost }) => `/reservations/${lost.reference}/restore`, () => ({})),
  post("/reservations/:id/restore", ({ gone }) => `/reservations/${gone.reference}/restore`, () => ({})),
  post("/reservations/:id/approve", ({ wish }) => `/reservations/${wish.id}/approve`, () => ({})),
  post("/reservations/:id/deny", ({ wish }) => `/reservations/${wish.id}/deny`, () => ({ reason: "No" })),
  post(
    "/api/v1/reservations",
    () => "/api/v1/reservations",
    ({ hall }) => ({ resource_id: hall.id, ...period }),
  ),
  ...["check_in", "end"].flatMap((verb) => [
    post(`/reservations/:id/${verb}`, () => `/reservations/R-1/${verb}`, () => ({})),
    ...["reservations", "bookings"].map((name) =>
      post(`/api/v1/${name}/:id/${verb}`, ({ bobs }) => `/api/v1/${name}/${bobs.id}/${verb}`, () => ({}))
    ),
  ]),
  post("/api/v1/reservations/:id/cancel", ({ bobs }) => `/api/v1/reservations/${bobs.id}/cancel`, () => ({})),
  post(
    "/api/v1/reservations/:id/approve",
    ({ wish }) => `/api/v1/reservations/${wish.id}/approve`,
    () => ({}),
  ),
  {
    route: "PATCH /api/v1/reservations/:id",
    path: ({ own }) => `/api/v1/reservations/${own.id}`,
    body: () => period,
  },
  {
    route: "PATCH /api/v1/reservations/:id",
    path: ({ bobs }) => `/api/v1/reservations/${bobs.id}`,
    body: () => ({ purpose: "Mine" }),
  },
  ...["approve", "deny", "bump", "reschedule", "ask", "answer", "withdraw_change"].flatMap((verb) => {
    const said = { ...{ reason: "No", question: "Why?", answer: "So", change: newId() }, ...period };
    return ["reservations", "bookings"].map((name) =>
      post(
        `/api/v1/${name}/:id/${verb}`,
        ({ wish }) => `/api/v1/${name}/${wish.id}/${verb}`,
        () => said,
      )
    ).concat([
      post(`/reservations/:id/${verb}`, ({ wish }) => `/reservations/${wish.id}/${verb}`, () => said),
      post(`/reservations/:id/${verb}`, ({ wish }) => `/reservations/${wish.id}/${verb}`, () => said, {
        headers: HTMX,
      }),
    ]);
  }),
  post(
    "/approvals/several",
    () => "/approvals/several",
    ({ wish }) => ({ verb: "approve", tick: `${wish.id}:1` }),
  ),
  get(
    "/reservations/:id/edit",
    ({ own, hall }) => `/reservations/${own.reference}/edit?${query(typed(hall.id))}`,
    {
      headers: HTMX,
    },
  ),
  post(
    "/reservations/:id/edit",
    ({ own }) => `/reservations/${own.reference}/edit`,
    ({ hall }) => typed(hall.id),
    { headers: HTMX },
  ),
  post("/reservations", () => "/reservations", ({ den }) => typed(den.id, "09:00", "11:00")),
  post("/reservations/:id/restore", ({ lost }) => `/reservations/${lost.reference}/restore`, () => ({}), {
    headers: HTMX,
  }),
  // Two at once, of which Bob has one: no word of him, and nothing of either.
  post("/api/v1/reservations", () => "/api/v1/reservations", ({ hall, van }) => ({
    ...{ resource_ids: [van.id, hall.id], ...period },
  })),
  post("/api/v1/bookings", () => "/api/v1/bookings", ({ hall }) => ({ resource_id: hall.id, ...period })),
  ...["reservations", "bookings"].map((name) =>
    post(`/api/v1/${name}/import`, () => `/api/v1/${name}/import`, () => ({}))
  ),
  post("/reservations/import", () => "/reservations/import", () => ({ text: "reference\nR-1\n" })),
  ...["", "/discard"].map((verb) =>
    post(`/reservations/import/:id${verb}`, () => `/reservations/import/${newId()}${verb}`, () => ({}))
  ),
  ...["reservations", "bookings"].map((name) =>
    post(`/api/v1/${name}/bulk`, () => `/api/v1/${name}/bulk`, ({ hall, bobs }) => ({
      mode: "each",
      create: [{ resource_id: hall.id, ...period }],
      cancel: [bobs.id],
    }))
  ),
  post("/api/v1/bookings/:id/cancel", ({ bobs }) => `/api/v1/bookings/${bobs.id}/cancel`, () => ({})),
  {
    route: "PATCH /api/v1/bookings/:id",
    path: ({ own }) => `/api/v1/bookings/${own.id}`,
    body: () => period,
  },
  { route: "DELETE /api/v1/bookings/:id", path: ({ bobs }) => `/api/v1/bookings/${bobs.id}` },
  { route: "DELETE /api/v1/reservations/:id", path: ({ bobs }) => `/api/v1/reservations/${bobs.id}` },
];

/** Pages that show nothing of anybody, or that only who is signed out sees. */
const OF_NOBODY = new Set([
  ...[
    "GET /live",
    "GET /ready",
    "GET /static/*",
    "GET /favicon.ico",
    "GET /setup",
    "GET /login",
    "GET /login/code",
    "GET /register",
  ],
  "GET /logout",
]);

function ask(client: Client, scene: Secrets, { route, path, body, headers }: Question): Promise<Answer> {
  const [method] = route.split(" ");
  const to = path(scene);
  if (to.startsWith("/api/v1")) {
    return client.call(method, to.slice("/api/v1".length), body?.(scene), headers);
  }
  return method === "GET"
    ? client.get(to, headers)
    : client.post(to, body?.(scene) as Record<string, string>, headers);
}

/** The answer without what the asker has sent, and without ids, which mean nothing. */
const told = (answer: Answer) =>
  answer.text.replace(/<style[\s\S]*?<\/style>/g, "").replace(
    /[0-9a-f]{8}-[0-9a-f-]{27}|"request_id":"[^"]*"/g,
    "",
  ) +
  (answer.headers.get("location") ?? "");

for (const how of HOW) {
  Deno.test(`What is kept private ${how}, Mallory reads nowhere`, async (t) => {
    await using scene = await secrets(how);
    const mallory = await scene.site.as(scene.cast.mallory);
    for (const question of QUESTIONS) {
      const part = question.headers ? ", as a part" : "";
      const name = `${question.route.split(" ")[0]} ${
        question.path(scene).replace(/[0-9a-f-]{36}/g, "ID")
      }${part}`;
      await t.step(name, async () => {
        const answer = await ask(mallory, scene, question);
        assert(answer.status < 500, `${answer.status}`);
        // What she looked for herself is repeated to her.
        const text = told(answer).replace(/value="(wed|bob)"|“(wed|bob)”|q=(wed|bob)/g, "");
        const found = SECRETS.exec(text);
        assert(
          !found,
          `${answer.status}: …${
            text.slice(Math.max(0, (found?.index ?? 0) - 80), (found?.index ?? 0) + 80)
          }…`,
        );
      });
    }
  });
}

Deno.test("Bob himself reads of it where Mallory does not", async (t) => {
  await using scene = await secrets();
  const bob = await scene.site.as(scene.cast.bob);
  for (const question of QUESTIONS.filter(({ bobs }) => bobs)) {
    await t.step(`${question.route} ${question.headers ? "as a part" : ""}`, async () => {
      assert.match(told(await ask(bob, scene, question)), /Wedding|Divorce|by you|You have it/i);
    });
  }
});

Deno.test("Sam, who decides, reads all of it", async () => {
  await using scene = await secrets();
  const sam = await scene.site.as(scene.cast.sam);
  for (
    const path of [`/schedule?date=${DAY}`, "/reservations/R-1", "/admin/audit", "/admin/audit/export.csv"]
  ) {
    assert.match((await sam.get(path)).text, /Wedding/, path);
  }
});

Deno.test("Mallory has touched nothing by asking", async () => {
  await using scene = await secrets();
  const mallory = await scene.site.as(scene.cast.mallory);
  const read = () =>
    scene.sql`select id, status, purpose, start_time::text, version from reservations order by id`;
  const before = [...await read()];
  for (const question of QUESTIONS) await ask(mallory, scene, question);
  assert.deepEqual([...await read()], before);
});

Deno.test("every page and every call that reads is asked, and all that is done to reservations", async () => {
  await using scene = await secrets();
  const all = scene.site.routes.map(({ method, path }) => `${method} ${path}`).filter((route) =>
    route.startsWith("GET ") || /reservations|bookings|approvals/.test(route)
  );
  const asked = new Set(QUESTIONS.map(({ route }) => route));
  assert(all.length > 25);
  assert.deepEqual([...new Set(all)].filter((route) => !asked.has(route) && !OF_NOBODY.has(route)), []);
});

Deno.test("an id that is none's answers as Bob's does", async () => {
  await using scene = await secrets();
  const mallory = await scene.site.as(scene.cast.mallory);
  for (const verb of ["cancel", "restore", "edit"]) {
    const [his, none] = [scene.bobs.id, newId()].map((id) =>
      mallory.post(`/reservations/${id}/${verb}`, typed(scene.hall.id))
    );
    assert.deepEqual([(await his).status, (await none).status], [404, 404], verb);
  }
});
