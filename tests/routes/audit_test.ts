import assert from "node:assert/strict";
import { cancel, reschedule } from "../../domain/edits.ts";
import { request } from "../../domain/requests.ts";
import { changeResource } from "../../domain/resources.ts";
import { changeProfile } from "../../domain/profiles.ts";
import type { Answer } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { complaint, follow, one, press, read, valuesOf, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

/** Sam at his desk, after a morning in which this and that happened. */
async function sams() {
  const scene = await openScene();
  const { sql, cast } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Hall" });
  const wish = { ...on("2026-05-05", "10:00", "11:00"), resource_ids: [hall.id], purpose: "Choir" };
  const made = await request(sql, cast.bob, wish, NOW.add({ minutes: 1 }));
  await reschedule(sql, cast.bob, made.id, on("2026-05-06", "10:00", "12:00"), NOW.add({ minutes: 2 }));
  await changeResource(sql, cast.ada, { id: hall.id, capacity: 40, tags: ["old"] }, NOW.add({ minutes: 3 }));
  await cancel(sql, cast.sam, { id: made.id, reason: "Painted" }, NOW.add({ minutes: 4 }));
  scene.site.now = NOW.add({ minutes: 10 });
  return { ...scene, hall, made, sam: await scene.site.as(cast.sam) };
}

/** The lines of the list: who, what, and each difference. */
function lines(answer: Answer): string[][] {
  return read(answer).querySelectorAll(".audit tbody tr").map((row) => {
    const [, who, what, changes] = row.querySelectorAll("td");
    const told = changes.querySelectorAll("dl div");
    return [words(who), words(what), ...(told.length > 0 ? told : [changes]).map(words)];
  });
}

Deno.test("Sam reads who did what, with what it was and what it became in words", async () => {
  await using scene = await sams();
  const page = await scene.sam.get("/admin/audit");
  assert.equal(page.status, 200);
  assert.deepEqual(lines(page).filter(([, what]) => !what.startsWith("Signed")), [
    ["Sam Says", "Cancelled R-1", "Status Approved → Cancelled", "Reason Painted"],
    ["Ada Admin", "Changed Hall", "Tags old", "For how many people 40"],
    ["Bob Booker", "Rescheduled R-1", "When Tue 5 May, 10:00–11:00 → Wed 6 May, 10:00–12:00"],
    [
      "Bob Booker",
      "Requested R-1",
      "When Tue 5 May, 10:00–11:00",
      "Status Approved",
      "Resource Hall",
      "For Choir",
    ],
    [
      "Ada Admin",
      "Created Hall",
      "Name Hall",
      "Kind room",
      "Units 1",
      "Time zone Europe/Berlin",
    ],
  ]);
});

Deno.test("no raw JSON is on the page", async () => {
  await using scene = await sams();
  assert.doesNotMatch(words(one(read(await scene.sam.get("/admin/audit")), "main")), /[{}[\]]|null|T\d\d:/);
});

Deno.test("Sam filters without scripts, and what he typed stays in the fields", async () => {
  await using scene = await sams();
  const page = await scene.sam.get("/admin/audit");
  const typed = {
    person: "bob",
    resource: "hall",
    reservation: "r-1",
    action: "reschedule",
    from: "2026-05-04",
    to: "2026-05-04",
  };
  const found = await press(scene.sam, page, "Show", typed);
  assert.deepEqual(lines(found).map(([who, what]) => [who, what]), [["Bob Booker", "Rescheduled R-1"]]);
  assert.deepEqual(valuesOf(one(read(found), "form.filters")), {
    ...typed,
    person: "bob@holdfast.test",
    resource: "Hall",
    reservation: "R-1",
  });
});

Deno.test("a day is one of Sam's own zone, and whole", async () => {
  await using scene = await sams();
  await changeProfile(scene.sql, scene.cast.sam, { name: "Sam Says", time_zone: "Pacific/Kiritimati" }, NOW);
  const counted = async (query: string) =>
    lines(await scene.sam.get(`/admin/audit?resource=hall&${query}`)).length;
  // There it is 21:00 on the same day.
  assert.deepEqual(
    [
      await counted("to=2026-05-03"),
      await counted("from=2026-05-04&to=2026-05-04"),
      await counted("from=2026-05-05"),
    ],
    [0, 5, 0],
  );
});

const WRONG: [query: string, label: string, said: string][] = [
  ["person=nobody+at+all", "Person", "No person matches “nobody at all”"],
  ["resource=%00", "Resource, group, policy", "No resource, group or policy matches “\0”"],
  ["reservation=R-999", "Reservation", "Give its number, such as R-123"],
  ["from=yesterday", "From", "Give a date, such as 2026-05-31"],
  ["to=2026-02-30", "Until the end of", "Give a date, such as 2026-05-31"],
];
for (const [query, label, said] of WRONG) {
  Deno.test(`the filter ${query} is refused beside its field`, async () => {
    await using scene = await sams();
    const page = await scene.sam.get(`/admin/audit?${query}`);
    assert.equal(page.status, 422);
    assert.equal(complaint(read(page), label).replace("\ufffd", "\0"), said);
    assert.equal((await scene.sam.get(`/admin/audit/export.csv?${query}`)).status, 422);
  });
}

Deno.test("where nothing matches, Sam reads so, and finds the way back", async () => {
  await using scene = await sams();
  const page = read(await scene.sam.get("/admin/audit?person=mallory"));
  assert.equal(words(one(page, ".empty .lead")), "Nothing on record matches");
  assert.equal(one(page, ".empty a").getAttribute("href"), "/admin/audit");
});

Deno.test("Sam pages through a long record, and the filter goes along", async () => {
  await using scene = await sams();
  await scene.sql`
    insert into history (subject_kind, subject_id, subject_name, actor_id, action, at)
    select 'user', ${scene.cast.bob.id}, 'Bob Booker', ${scene.cast.bob.id}, 'sign_in', ${NOW}
    from generate_series(1, 120)`;
  let page = await scene.sam.get("/admin/audit?action=sign_in&person=bob");
  const counts = [lines(page).length];
  for (let next; (next = read(page).querySelector("a[rel=next]")?.getAttribute("href"));) {
    page = await scene.sam.get(next.replaceAll("&amp;", "&"));
    counts.push(lines(page).length);
  }
  assert.deepEqual(counts, [50, 50, 20]);
});

Deno.test("a change has the id of the request that made it", async () => {
  await using scene = await sams();
  const bob = await scene.site.as(scene.cast.bob);
  const answer = await bob.post("/account", { name: "Bob B.", time_zone: "" }, {
    "x-request-id": "from-a-proxy-1",
  });
  assert.equal(answer.headers.get("x-request-id"), "from-a-proxy-1");
  const [line] = lines(await scene.sam.get("/admin/audit?action=profile"));
  assert.deepEqual(line, ["Bob B.", "Profile changed Bob B.", "Name Bob Booker → Bob B."]);
  assert.match((await scene.sam.get("/admin/audit?action=profile")).text, /<small>from-a-proxy-1<\/small>/);
});

Deno.test("signing in and out is on record with the request, whether by a form or a call", async () => {
  await using scene = await sams();
  const zoe = scene.site.visitor();
  const person = { email: "zoe@holdfast.test", name: "Zoe", password: "staple correct horse" };
  await zoe.post("/register", person);
  await zoe.post("/logout");
  await zoe.call("POST", "/auth/login", person);
  const rows = await scene.sql<{ action: string; request_id: string }[]>`
    select h.action, h.request_id from history h join users u on u.id = h.actor_id
    where u.email = ${person.email} order by h.id`;
  assert.deepEqual(rows.map(({ action }) => action), ["register", "sign_in", "sign_out", "sign_in"]);
  assert.equal(
    new Set(rows.map(({ request_id }) => request_id)).size,
    3,
    "one request registers and signs in",
  );
});

Deno.test("the pages of a reservation and of a resource lead staff to what happened to it, and nobody else", async () => {
  await using scene = await sams();
  const bob = await scene.site.as(scene.cast.bob);
  for (const path of ["/reservations/R-1", `/resources/${scene.hall.id}`]) {
    const link = one(read(await scene.sam.get(path)), "main a", "Audit").getAttribute("href")!;
    assert.match(link, /^\/admin\/audit\?/);
    assert(lines(await scene.sam.get(link)).length >= 3, link);
    assert.doesNotMatch((await bob.get(path)).text, /admin\/audit/);
  }
});

Deno.test("an export is what the filter finds, as CSV", async () => {
  await using scene = await sams();
  const answer = await scene.sam.get("/admin/audit/export.csv?reservation=R-1");
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type") ?? "", /^text\/csv/);
  assert.equal(answer.headers.get("content-disposition"), 'attachment; filename="audit-2026-05-04.csv"');
  const rows = answer.text.trimEnd().split("\r\n");
  assert.equal(rows.length, 4);
  assert.match(rows[0], /^\ufeff?id,at,actor_id,actor_name,action,/);
  assert.match(
    rows[1],
    /,Sam Says,cancel,reservation,[^,]+,R-1,Status: Approved → Cancelled; Reason: Painted,Painted,/,
  );
});

Deno.test("a text that a spreadsheet would run is told to be a text", async () => {
  await using scene = await sams();
  for (const name of ["=HYPERLINK(1)", "+1", "-1", "@sum"]) {
    await changeProfile(scene.sql, scene.cast.bob, { name, time_zone: "" }, NOW);
  }
  const { text } = await scene.sam.get("/admin/audit/export.csv?action=profile");
  assert.match(text, /'=HYPERLINK\(1\)/);
  assert.doesNotMatch(text, /(^|,)"?[=+@-]/m);
});

Deno.test("an export as JSON is what the filter finds, whole", async () => {
  await using scene = await sams();
  const answer = await scene.sam.get("/admin/audit/export.json?resource=hall");
  assert.deepEqual(answer.json.map((entry) => entry.action), [
    "cancel",
    "change",
    "reschedule",
    "request",
    "create",
  ]);
  assert.deepEqual((await scene.sam.get("/admin/audit/export.json?to=2020-01-01")).json, []);
});

Deno.test("a large export comes in pieces, whole and once", async () => {
  await using scene = await sams();
  await scene.sql`
    insert into history (subject_kind, subject_id, subject_name, actor_id, action, at)
    select 'user', ${scene.cast.bob.id}, 'Bob Booker', ${scene.cast.bob.id}, 'sign_out', ${NOW}
    from generate_series(1, 2600)`;
  const { json } = await scene.sam.get("/admin/audit/export.json?action=sign_out");
  assert.equal(new Set(json.map((entry) => entry.id)).size, 2600);
  const { text } = await scene.sam.get("/admin/audit/export.csv?action=sign_out");
  assert.equal(text.trimEnd().split("\r\n").length, 2601);
});

Deno.test("the audit is for staff: nobody is asked to sign in, Bob is refused", async () => {
  await using scene = await sams();
  const bob = await scene.site.as(scene.cast.bob);
  for (const path of ["/admin/audit", "/admin/audit/export.csv", "/admin/audit/export.json"]) {
    assert.equal((await bob.get(path)).status, 403, path);
    await follow(scene.site.nobody, await scene.site.nobody.get(path));
  }
  assert.equal((await bob.call("GET", "/audit-logs")).status, 403);
  assert.equal((await scene.site.nobody.call("GET", "/audit-logs")).status, 401);
});

Deno.test("the call answers entries with their states, in pages", async () => {
  await using scene = await sams();
  const first = await scene.sam.call("GET", `/audit-logs?reservation_id=${scene.made.id}&limit=2`);
  assert.equal(first.status, 200);
  const [entry] = first.json.data;
  assert.deepEqual({ ...(entry as object), id: "", request_id: null }, {
    id: "",
    at: "2026-05-04T07:04:00Z",
    actor_id: scene.cast.sam.id,
    actor_name: "Sam Says",
    action: "cancel",
    subject_kind: "reservation",
    subject_id: scene.made.id,
    subject_name: "R-1",
    reservation_id: scene.made.id,
    details: { reason: "Painted" },
    previous_state: {
      status: "approved",
      purpose: "Choir",
      start_time: "2026-05-06T08:00:00Z",
      end_time: "2026-05-06T10:00:00Z",
      decision_reason: null,
    },
    after_state: {
      status: "cancelled",
      start_time: "2026-05-06T08:00:00Z",
      end_time: "2026-05-06T10:00:00Z",
      decision_reason: "Painted",
    },
    request_id: null,
  });
  const rest = await scene.sam.call(
    "GET",
    `/audit-logs?reservation_id=${scene.made.id}&limit=2&cursor=${first.json.next_cursor}`,
  );
  assert.deepEqual(rest.json.data.map((one) => one.action), ["request"]);
  assert.equal(rest.json.next_cursor, null);
});

const FILTERS: [query: (ids: { ada: string; hall: string; made: string }) => string, actions: string[]][] = [
  [({ ada }) => `actor_id=${ada}&action=change`, ["change"]],
  [({ hall }) => `resource_id=${hall}&from=2026-05-04T07:03:00Z`, ["cancel", "change"]],
  [({ made }) => `reservation_id=${made}&to=2026-05-04T09:02:00%2B02:00`, ["request"]],
];
for (const [query, actions] of FILTERS) {
  Deno.test(`the call filters by ${query({ ada: "ADA", hall: "HALL", made: "MADE" })}`, async () => {
    await using scene = await sams();
    const ids = { ada: scene.cast.ada.id, hall: scene.hall.id, made: scene.made.id };
    const { json } = await scene.sam.call("GET", `/audit-logs?${query(ids)}`);
    assert.deepEqual(json.data.map((entry) => entry.action), actions);
  });
}

for (
  const query of [
    "actor_id=bob",
    "reservation_id=R-1",
    "from=monday",
    "action=DROP+TABLE",
    "cursor=x",
    "limit=0",
  ]
) {
  Deno.test(`the call refuses ${query} in words`, async () => {
    await using scene = await sams();
    const { status, json } = await scene.sam.call("GET", `/audit-logs?${query}`);
    assert.deepEqual([status, json.errors[0].path], [422, query.split("=")[0]]);
  });
}
