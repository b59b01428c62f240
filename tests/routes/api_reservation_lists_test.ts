import assert from "node:assert/strict";
import type { Answer, Client } from "../support/app.ts";
import { reserved, rooms } from "../support/rooms.ts";

const ELEVEN = { start_time: "2026-05-05T09:00:00Z", end_time: "2026-05-05T10:00:00Z" };

const paths = (answer: Answer) => answer.json.errors.map((error) => error.path);
const purposes = (answer: Answer) => answer.json.data.map((one) => one.purpose);

/** Pages through a list, and answers what the members are called. */
async function allPages(who: Client, path: string): Promise<string[][]> {
  const pages: string[][] = [];
  let cursor = "";
  do {
    const answer = await who.call("GET", `${path}&cursor=${encodeURIComponent(cursor)}`);
    assert.equal(answer.status, 200, answer.text);
    pages.push(purposes(answer));
    cursor = answer.json.next_cursor ?? "";
  } while (cursor && pages.length < 10);
  return pages;
}

Deno.test("Bob pages through his reservations in the order of their start", async () => {
  await using scene = await rooms();
  for (const hour of ["14", "10", "12", "08", "16"]) {
    const wish = { start_time: `2026-05-06T${hour}:00Z`, end_time: `2026-05-06T${hour}:30Z`, purpose: hour };
    await reserved(scene.bob, scene.a.id, wish);
  }
  assert.deepEqual(await allPages(scene.bob, "/reservations?limit=2"), [["08", "10"], ["12", "14"], ["16"]]);
});

Deno.test("Bob pages past a start that is stored with microseconds", async () => {
  await using scene = await rooms();
  await reserved(scene.bob, scene.a.id, { purpose: "first" });
  await reserved(scene.bob, scene.a.id, { purpose: "second", ...ELEVEN });
  await scene.sql`update reservations set start_time = start_time + interval '7 microseconds'`;
  assert.deepEqual(await allPages(scene.sam, "/reservations?limit=1"), [["first"], ["second"]]);
});

/** Alice's and Bob's reservations of Tuesday and Wednesday. */
async function twoDays() {
  const scene = await rooms();
  await reserved(scene.bob, scene.a.id, { purpose: "tuesday" });
  await reserved(scene.alice, scene.b.id, { purpose: "hers" });
  const wednesday = { start_time: "2026-05-06T08:00Z", end_time: "2026-05-06T09:00Z", purpose: "wednesday" };
  await reserved(scene.bob, scene.great.id, wednesday);
  return scene;
}

Deno.test("Bob's list has what is his, and nothing of Alice's", async () => {
  await using scene = await twoDays();
  assert.deepEqual(purposes(await scene.bob.call("GET", "/reservations")), ["tuesday", "wednesday"]);
});

Deno.test("Sam's list has everybody's", async () => {
  await using scene = await twoDays();
  assert.equal((await scene.sam.call("GET", "/reservations")).json.data.length, 3);
});

Deno.test("Bob finds nothing by asking for Alice's reservations", async () => {
  await using scene = await twoDays();
  const answer = await scene.bob.call("GET", `/reservations?requester_id=${scene.cast.alice.id}`);
  assert.deepEqual([answer.status, answer.json.data], [200, []]);
});

Deno.test("Sam filters the list", async (t) => {
  await using scene = await twoDays();
  const found: [filter: string, purposes: string[]][] = [
    [`status=pending`, ["wednesday"]],
    [`status=cancelled`, []],
    [`resource_id=${scene.b.id}`, ["hers"]],
    [`requester_id=${scene.cast.alice.id}`, ["hers"]],
    [`requester_id=${scene.cast.bob.id}&to=2026-05-06T00:00:00Z`, ["tuesday"]],
    [`from=2026-05-05T09:00:00Z`, ["wednesday"]],
    [`from=2026-05-05T08:59:59Z&resource_id=${scene.a.id}`, ["tuesday"]],
    [`to=2026-05-05T08:00:00Z`, []],
    [`from=2026-05-06T10:00:00%2B02:00&to=2026-05-06T11:00:00+02:00`, ["wednesday"]],
  ];
  for (const [filter, expected] of found) {
    await t.step(`by ${filter.replace(/[0-9a-f-]{36}/, "…")}`, async () => {
      const answer = await scene.sam.call("GET", `/reservations?${filter}`);
      assert.deepEqual(purposes(answer), expected);
    });
  }
});

Deno.test("Bob is answered 422 for a filter that means nothing, naming it", async (t) => {
  await using scene = await rooms();
  const WRONG = ["status=open", "resource_id=7", "requester_id=me", "from=2026-05-05", "to=2026-05-05T08:00"];
  const more = ["limit=0", "limit=201", "limit=-1", "limit=1.5", "limit=many", "cursor=%00", "cursor=bm9uZQ"];
  for (const filter of [...WRONG, ...more]) {
    await t.step(filter, async () => {
      const answer = await scene.bob.call("GET", `/reservations?${filter}`);
      assert.deepEqual([answer.status, paths(answer)], [422, [filter.split("=")[0]]]);
    });
  }
});

/** Bob's approved hour has passed, and his wish was not decided before its start: nobody has swept yet. */
async function unswept() {
  const scene = await twoDays();
  scene.site.now = Temporal.Instant.from("2026-05-06T08:30:00Z");
  return { ...scene, sam: await scene.site.as(scene.cast.sam) };
}

Deno.test("Sam finds by its status what time has decided, before the sweep has stored it", async (t) => {
  await using scene = await unswept();
  const FOUND = { pending: [], approved: [], expired: ["wednesday"], completed: ["tuesday", "hers"] };
  for (const [status, expected] of Object.entries(FOUND)) {
    await t.step(status, async () => {
      const found = await scene.sam.call("GET", `/reservations?status=${status}`);
      assert.deepEqual(purposes(found).sort(), expected.sort());
    });
  }
});

Deno.test("Sam finds under a status only what is shown with it", async (t) => {
  await using scene = await unswept();
  for (const status of ["pending", "approved", "expired", "completed", "cancelled"]) {
    await t.step(status, async () => {
      const { data } = (await scene.sam.call("GET", `/reservations?status=${status}`)).json;
      assert.deepEqual(data.filter((one) => one.status !== status), []);
    });
  }
});

Deno.test("Bob cannot revive a wish that nobody decided before its start", async (t) => {
  await using scene = await unswept();
  const bob = await scene.site.as(scene.cast.bob);
  const [{ id }] = (await bob.call("GET", "/reservations?status=expired")).json.data;
  const later = { start_time: "2026-05-06T12:00:00Z", end_time: "2026-05-06T13:00:00Z" };
  const asked: [what: string, method: string, path: string, body?: unknown][] = [
    ["by cancelling it", "POST", "/cancel"],
    ["by moving it", "PATCH", "", later],
    ["by making it longer", "PATCH", "", { end_time: later.end_time }],
    ["by renaming it", "PATCH", "", { purpose: "Orchestra" }],
  ];
  for (const [what, method, path, body] of asked) {
    await t.step(what, async () => {
      const refused = await bob.call(method, `/reservations/${id}${path}`, body);
      assert.equal(refused.status, 409);
      assert.match(refused.json.detail, /already expired/);
    });
  }
});
