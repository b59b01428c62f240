import assert from "node:assert/strict";
import { request } from "../../domain/requests.ts";
import type { Actor } from "../../domain/permissions.ts";
import { newId } from "../../lib/ids.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { read, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

/** A scene in which Bob has reserved the hall in private. */
async function bobsSecret() {
  const scene = await openScene();
  const hall = await makeResource(scene.sql, scene.cast.ada, { name: "Hall" });
  const wish = {
    ...on("2026-05-05", "10:00", "11:00"),
    resource_ids: [hall.id],
    purpose: "Hush",
    private: true,
  };
  return { ...scene, hall, secret: await request(scene.sql, scene.cast.bob, wish, NOW) };
}

Deno.test("Bob, who may see his request, is refused to approve it himself", async () => {
  await using scene = await openScene();
  const hall = await makeResource(scene.sql, scene.cast.ada, { name: "Hall", requires_approval: true });
  const wish = { ...on("2026-05-05", "10:00", "11:00"), resource_ids: [hall.id] };
  const { id } = await request(scene.sql, scene.cast.bob, wish, NOW);
  const bob = await scene.site.as(scene.cast.bob);
  const answers = [
    await bob.post(`/reservations/${id}/approve`),
    await bob.call("POST", `/reservations/${id}/approve`),
  ];
  assert.deepEqual(answers.map((answer) => answer.status), [403, 403]);
  const [{ status }] = await scene.sql`select status from reservations`;
  assert.equal(status, "pending");
});

Deno.test("Somebody else's reservation answers like one that does not exist", async () => {
  await using scene = await bobsSecret();
  const alice = await scene.site.as(scene.cast.alice);
  const { id, reference } = scene.secret;
  const nothing = newId();
  for (
    const path of [
      "/reservations/ID",
      "/reservations/ID/edit",
      "/api/v1/reservations/ID",
      "/api/v1/reservations/ID/history",
    ]
  ) {
    const ask = (which: string) =>
      path.startsWith("/api/v1")
        ? alice.call("GET", path.replace("/api/v1", "").replace("ID", which))
        : alice.get(path.replace("ID", which));
    const [theirs, named, none] = [await ask(id), await ask(reference), await ask(nothing)];
    assert.deepEqual([theirs.status, named.status, none.status], [404, 404, 404], path);
    if (path.startsWith("/api/v1")) assert.equal(theirs.json.detail, none.json.detail, path);
    else {assert.equal(
        words(read(theirs).querySelector("main")),
        words(read(none).querySelector("main")),
        path,
      );}
  }
});

Deno.test("What is private is told to nobody else, on any page that shows the time as taken", async () => {
  await using scene = await bobsSecret();
  const { hall } = scene;
  const paths = [
    "/schedule?date=2026-05-05",
    `/resources/${hall.id}?week=2026-05-05`,
    `/reservations/new?resource=${hall.id}&date=2026-05-05&start=10:00&end=11:00`,
  ];
  const seenBy = async (actor: Actor) => {
    const client = await scene.site.as(actor);
    return Promise.all(paths.map(async (path) => (await client.get(path)).text));
  };
  for (const [index, text] of (await seenBy(scene.cast.bob)).entries()) {
    assert.match(text, /Hush/, paths[index]);
  }
  for (const [index, text] of (await seenBy(scene.cast.alice)).entries()) {
    assert.doesNotMatch(text, /Hush|Bob Booker|R-\d/, paths[index]);
  }
});

Deno.test("Every answer forbids what could be misused, whatever its status", async () => {
  await using scene = await openScene();
  const alice = await scene.site.as(scene.cast.alice);
  const answers = [
    await alice.get("/schedule"),
    await alice.get("/no-such-page"),
    await scene.site.nobody.get("/schedule"),
    await scene.site.nobody.get("/health"),
    await alice.call("GET", "/resources"),
    await alice.call("POST", "/reservations", {}),
  ];
  assert.deepEqual(answers.map((answer) => answer.status), [200, 404, 303, 200, 200, 422]);
  for (const { headers } of answers) {
    const policy = headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("x-frame-options"), "DENY");
    assert.equal(headers.get("referrer-policy"), "same-origin");
    assert.equal(headers.get("cache-control"), "no-store");
    assert.match(headers.get("x-request-id") ?? "", /^[\w-]{8,}$/);
  }
});

Deno.test("No page has a script or a handler inside it, or asks another host", async () => {
  await using scene = await bobsSecret();
  const ada = await scene.site.as(scene.cast.ada);
  const paths = [
    "/",
    "/schedule",
    "/resources",
    "/reservations",
    "/approvals",
    "/account",
    "/admin/users",
    "/admin/closures/new",
  ];
  for (const path of paths) {
    const answer = await ada.get(path);
    assert.equal(answer.status, 200, path);
    const page = read(answer);
    assert.deepEqual(page.querySelectorAll("script:not([src])").map(String), [], path);
    const all = page.querySelectorAll("*");
    assert.deepEqual(
      all.filter(({ attributes }) => Object.keys(attributes).some((name) => /^on/i.test(name))),
      [],
    );
    const elsewhere = all.flatMap(({ attributes: { src, href, action } }) => [src, href, action])
      .filter((address) => address && !/^[/?#]/.test(address));
    assert.deepEqual(elsewhere, [], path);
  }
});

for (
  const [from, headers] of [
    ["another site's address", { origin: "https://evil.example" }],
    ["another site, as the browser says", { origin: "http://holdfast.test", "sec-fetch-site": "cross-site" }],
    ["a neighbour under the same domain", { origin: "http://holdfast.test", "sec-fetch-site": "same-site" }],
    ["a page without an address", { origin: "null" }],
  ] as const
) {
  Deno.test(`A form that comes from ${from} does nothing`, async () => {
    await using scene = await bobsSecret();
    const bob = await scene.site.as(scene.cast.bob);
    const answer = await bob.post(`/reservations/${scene.secret.id}/cancel`, {}, headers);
    assert.equal(answer.status, 403);
    const [{ status }] = await scene.sql`select status from reservations`;
    assert.equal(status, "approved");
  });
}

Deno.test("A body that is larger than any form is refused", async () => {
  await using scene = await openScene();
  const alice = await scene.site.as(scene.cast.alice);
  const page = await alice.post("/reservations", { purpose: "x".repeat(300_000) });
  const call = await alice.call("POST", "/reservations", { purpose: "x".repeat(300_000) });
  assert.deepEqual([page.status, call.status], [413, 413]);
});

Deno.test("The cookies of a session are for this site's pages only, and for TLS where there is TLS", async () => {
  await using scene = await openScene({ BASE_URL: "https://holdfast.example" });
  const visitor = scene.site.visitor();
  const made = { email: "nina@example.org", name: "Nina", password: "a calm green hill" };
  const answer = await visitor.post("/register", made);
  const cookies = answer.headers.getSetCookie().filter((cookie) =>
    /^__Host-holdfast_(access|refresh)=/.test(cookie)
  );
  assert.equal(cookies.length, 2, answer.text.slice(0, 300));
  for (const cookie of cookies) assert.match(cookie, /; Path=\/; HttpOnly; Secure; SameSite=Lax/);
});

Deno.test("What went wrong on our side is told by a number, not by what it was", async () => {
  await using scene = await openScene();
  const alice = await scene.site.as(scene.cast.alice);
  await scene.sql`alter table reservations rename column purpose to aim`;
  const [page, call] = [await alice.get("/reservations"), await alice.call("GET", "/reservations")];
  assert.deepEqual([page.status, call.status], [500, 500]);
  assert.match(words(read(page).querySelector("main")), /number: [\w-]{8,}/);
  assert.doesNotMatch(words(read(page).querySelector("body")) + call.text, /purpose|column|postgres/i);
});
