import assert from "node:assert/strict";
import type { Answer, Client } from "../support/app.ts";
import { makeResource } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

const TEN = { start_time: "2026-05-05T08:00:00Z", end_time: "2026-05-05T09:00:00Z" };

/** A hall that Bob has and one that Bob wants, so that there is something to change, to decide and to take. */
async function halls() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Hall" });
  const great = await makeResource(sql, cast.ada, { name: "Great Hall", requires_approval: true });
  const [ada, bob, sam] = await Promise.all([cast.ada, cast.bob, cast.sam].map(site.as));
  const reserve = async (resource_id: string) =>
    (await bob.call("POST", "/reservations", { resource_id, ...TEN })).json.id;
  return { ...scene, hall, ada, bob, sam, his: await reserve(hall.id), wish: await reserve(great.id) };
}

interface Call {
  who: Client;
  method: string;
  path: string;
  body: Record<string, unknown>;
  texts: string[];
}

/** Every call that takes a body, with what it takes, and which of it is text for people. */
function calls({ ada, bob, sam, site, hall, his, wish }: Awaited<ReturnType<typeof halls>>): Call[] {
  const resource = { name: "Other", kind: "room" };
  const person = { email: "zoe@holdfast.test", name: "Zoe", password: "a quiet harbour" };
  const asked = {
    resource_id: hall.id,
    start_time: "2026-05-06T08:00:00Z",
    end_time: "2026-05-06T09:00:00Z",
  };
  const words = ["name", "kind", "description", "location"];
  const call = (who: Client, method: string, path: string, body: Call["body"], texts: string[]) => ({
    ...{ who, method, path, body, texts },
  });
  return [
    call(site.nobody, "POST", "/auth/register", person, ["name", "email"]),
    call(ada, "POST", "/resources", resource, words),
    call(ada, "PATCH", `/resources/${hall.id}`, {}, words),
    call(bob, "POST", "/reservations", asked, ["purpose"]),
    call(bob, "PATCH", `/reservations/${his}`, {}, ["purpose"]),
    call(bob, "POST", `/reservations/${his}/cancel`, {}, ["reason"]),
    call(sam, "POST", `/reservations/${wish}/approve`, {}, ["reason"]),
    call(sam, "POST", `/reservations/${wish}/deny`, {}, ["reason"]),
  ];
}

const nameOf = ({ method, path }: Call) => `${method} ${path.replace(/[0-9a-f-]{36}/, "{id}")}`;
const has = (answer: Answer, path: string) => answer.json.errors.some((error) => error.path === path);

const TEXTS: [what: string, value: unknown][] = [
  ["NUL", "a\0b"],
  ["half a character", "a\ud800b"],
  ["half a character at the end", "a\udc00"],
  ["10,000 characters", "x".repeat(10_000)],
  ["10,000 characters outside the first plane", "😀".repeat(10_000)],
  ["a number", 7],
  ["a list", ["text"]],
  ["an object", { toString: "text" }],
  ["true", true],
];

// Nothing of this is stored, so one scene does for all.
Deno.test("A text that cannot be kept is refused with 422 and its path", async (t) => {
  await using scene = await halls();
  for (const call of calls(scene)) {
    for (const path of call.texts) {
      for (const [what, value] of TEXTS) {
        await t.step(`${nameOf(call)}, ${path}: ${what}`, async () => {
          const answer = await call.who.call(call.method, call.path, { ...call.body, [path]: value });
          assert.deepEqual([answer.status, has(answer, path)], [422, true]);
        });
      }
    }
  }
});

Deno.test("A tag that cannot be kept is refused with 422", async (t) => {
  await using scene = await halls();
  for (const [what, value] of TEXTS) {
    await t.step(what, async () => {
      const body = { name: "Other", kind: "room", tags: [value] };
      const answer = await scene.ada.call("POST", "/resources", body);
      assert.deepEqual([answer.status, has(answer, "tags.0")], [422, true]);
    });
  }
});

const BODIES: [what: string, body: string, status: number][] = [
  ["broken JSON", '{"name": ', 400],
  ["no JSON at all", "name=Hall", 400],
  ["a list", "[]", 422],
  ["null", "null", 422],
  ["a number", "1", 422],
  ["a text", '"text"', 422],
  ["200,000 brackets", `${"[".repeat(100_000)}${"]".repeat(100_000)}`, 422],
  ["more than 256 kB", JSON.stringify({ name: "x".repeat(300_000) }), 413],
];

Deno.test("A body that is not what is asked for is refused", async (t) => {
  await using scene = await halls();
  for (const call of calls(scene)) {
    for (const [what, body, status] of BODIES) {
      await t.step(`${nameOf(call)}: ${what}, ${status}`, async () => {
        const answer = await raw(call, body, "application/json");
        assert.deepEqual([answer.status, answer.headers.get("content-type")], [
          status,
          "application/problem+json",
        ]);
      });
    }
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]) {
      await t.step(`${nameOf(call)}: ${type || "no"} content type, 415`, async () => {
        const answer = await raw(call, JSON.stringify({ ...call.body, reason: "Why" }), type);
        assert.equal(answer.status, 415);
      });
    }
  }
});

Deno.test("A body of another JSON type is taken as JSON", async () => {
  await using scene = await halls();
  const [, , change] = calls(scene);
  const answer = await raw(
    change,
    '{"location": "Second floor"}',
    "application/merge-patch+json; charset=utf-8",
  );
  assert.equal(answer.status, 200);
});

const WISHES: [what: string, wish: Record<string, unknown>, path: string][] = [
  ["no resource", { resource_id: undefined }, "resource_id"],
  ["an empty list of resources", { resource_id: undefined, resource_ids: [] }, "resource_ids"],
  ["21 resources", { resource_ids: Array(21).fill("018f0000-0000-7000-8000-000000000000") }, "resource_ids"],
  ["resources that are a text", { resource_ids: "all" }, "resource_ids"],
  ["resources that are numbers", { resource_ids: [1] }, "resource_ids.0"],
  ["a resource that is no id", { resource_id: "Hall" }, "resource_id"],
  ["a resource that is a list", { resource_id: ["018f0000-0000-7000-8000-000000000000"] }, "resource_id"],
  [
    "one resource, and others without it",
    { resource_ids: ["018f0000-0000-7000-8000-000000000000"] },
    "resource_id",
  ],
  ["no start", { start_time: undefined }, "start_time"],
  ["no end", { end_time: undefined }, "end_time"],
  ["a naive start", { start_time: "2026-05-06T08:00:00" }, "start_time"],
  ["a naive end", { end_time: "2026-05-06 09:00" }, "end_time"],
  ["a date as start", { start_time: "2026-05-06" }, "start_time"],
  ["a start with the name of a zone", { start_time: "2026-05-06T08:00:00[Europe/Berlin]" }, "start_time"],
  ["a start of the 30th of February", { start_time: "2026-02-30T08:00:00Z" }, "start_time"],
  ["a start at 25 o'clock", { start_time: "2026-05-06T25:00:00Z" }, "start_time"],
  ["a start in milliseconds", { start_time: 1778054400000 }, "start_time"],
  ["a start that is a list", { start_time: ["2026-05-06T08:00:00Z"] }, "start_time"],
  ["a start in the year 0", { start_time: "0000-05-06T08:00:00Z" }, "start_time"],
  ["an end at the end of the calendar", { end_time: "9999-12-31T23:59:59-23:59" }, "end_time"],
  ["a start with ten digits of a second", { start_time: "2026-05-06T08:00:00.0123456789Z" }, "start_time"],
  ["an end at its start", { end_time: "2026-05-06T08:00:00Z" }, "end_time"],
  ["an end before its start", { end_time: "2026-05-06T07:00:00Z" }, "end_time"],
  ["a start that has passed", { start_time: "2026-05-03T08:00:00Z" }, "start_time"],
  ["a priority below 0", { priority: -1 }, "priority"],
  ["a priority above 100", { priority: 101 }, "priority"],
  ["a priority of 1.5", { priority: 1.5 }, "priority"],
  ["a huge priority", { priority: 1e300 }, "priority"],
  ["a priority as text", { priority: "1" }, "priority"],
  ["a privacy of yes", { private: "yes" }, "private"],
];

Deno.test("A wish that means nothing is refused with 422 and its path", async (t) => {
  await using scene = await halls();
  const wish = calls(scene).find(({ path }) => path === "/reservations")!;
  for (const [what, wrong, path] of WISHES) {
    await t.step(what, async () => {
      const answer = await wish.who.call(wish.method, wish.path, { ...wish.body, ...wrong });
      assert.deepEqual([answer.status, has(answer, path)], [422, true]);
    });
  }
  await t.step("and nothing is stored", async () => {
    const rows = await scene.sql`select id from reservations`;
    assert.equal(rows.length, 2);
  });
});

Deno.test("A number that is too large for JSON is refused with 422", async () => {
  await using scene = await halls();
  const wish = calls(scene).find(({ path }) => path === "/reservations")!;
  const body = JSON.stringify({ ...wish.body, priority: 0 }).replace(":0}", ":1e999}");
  assert.equal((await raw(wish, body, "application/json")).status, 422);
});

Deno.test("A wish from tomorrow to the end of time is refused for what is in its way", async () => {
  await using scene = await halls();
  const wish = { resource_id: scene.hall.id, ...TEN, end_time: "8999-12-31T23:59:59Z" };
  assert.equal((await scene.bob.call("POST", "/reservations", wish)).status, 409);
});

Deno.test("An address with NUL in it is answered in the four hundreds", async (t) => {
  await using scene = await halls();
  const ADDRESSES = ["/resources?q=%00", "/resources?kind=%00", "/resources?tag=%00", "/users?q=%00"];
  for (const path of [...ADDRESSES, "/reservations?status=%00", "/reservations/%00", "/%00"]) {
    await t.step(path, async () => {
      const { status } = await scene.ada.call("GET", path);
      assert(status >= 400 && status < 500, `answered ${status}`);
    });
  }
});

Deno.test("A call that there is not is answered 404 as problem+json", async () => {
  await using scene = await halls();
  const { status, headers, json } = await scene.bob.call("GET", "/castles");
  assert.deepEqual([status, headers.get("content-type"), json.detail], [
    404,
    "application/problem+json",
    "There is no call GET /api/v1/castles",
  ]);
});

Deno.test("Who is not signed in is told how to, by a header", async () => {
  await using scene = await halls();
  const { status, headers } = await scene.site.nobody.call("GET", "/reservations");
  assert.deepEqual([status, headers.get("www-authenticate")], [401, 'Bearer realm="holdfast"']);
});

// A bearer token cannot be read from a client: the cookies of the same session do.
function raw({ who, method, path }: Call, body: string, type: string): Promise<Answer> {
  const bytes = new TextEncoder().encode(body);
  return who.send(`/api/v1${path}`, { method, body: bytes, headers: type ? { "content-type": type } : {} });
}
