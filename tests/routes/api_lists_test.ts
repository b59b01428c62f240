import assert from "node:assert/strict";
import { makeResource } from "../support/cast.ts";
import { openScene } from "../support/scene.ts";

async function rooms() {
  const scene = await openScene();
  for (let i = 1; i <= 5; i++) {
    await makeResource(scene.sql, scene.cast.ada, { name: `Room ${i}`, description: "Quiet. ".repeat(30) });
  }
  return { ...scene, bob: await scene.site.as(scene.cast.bob) };
}

Deno.test("A list leads to its next page by a link, with everything that was asked for", async () => {
  await using scene = await rooms();
  const seen: string[] = [];
  let next: string | undefined = "/api/v1/resources?kind=room&limit=2&fields=name";
  for (let page = 0; next && page < 9; page++) {
    const answer = await scene.bob.get(next);
    assert.equal(answer.status, 200, answer.text);
    seen.push(...answer.json.data.map(({ name }) => String(name)));
    next = /^<(\/api\/v1\/resources\?[^>]*)>; rel="next"$/.exec(answer.headers.get("link") ?? "")?.[1];
    if (next) assert.match(next, /kind=room.*limit=2.*fields=name/);
  }
  assert.deepEqual(seen, ["Room 1", "Room 2", "Room 3", "Room 4", "Room 5"]);
});

Deno.test("Only the fields that are wanted are answered", async (t) => {
  await using scene = await rooms();
  const [{ id }] = (await scene.bob.call("GET", "/resources?limit=1")).json.data;
  await t.step("of each thing in a list", async () => {
    const { data, next_cursor } = (await scene.bob.call("GET", "/resources?limit=2&fields=name,units")).json;
    assert.deepEqual<unknown>(data, [{ name: "Room 1", units: 1 }, { name: "Room 2", units: 1 }]);
    assert(next_cursor);
  });
  await t.step("of one thing, whose tag stays what it is", async () => {
    const one = await scene.bob.call("GET", `/resources/${id}?fields=name`);
    assert.deepEqual<unknown>(one.json, { name: "Room 1" });
    assert.equal(
      one.headers.get("etag"),
      (await scene.bob.call("GET", `/resources/${id}`)).headers.get("etag"),
    );
  });
});

Deno.test("A field that there is not is refused with those that there are", async (t) => {
  await using scene = await rooms();
  for (const fields of ["nmae", "name,", "name,constructor", "*"]) {
    await t.step(fields, async () => {
      const { status, json } = await scene.bob.call("GET", `/resources?fields=${fields}`);
      assert.deepEqual<unknown>([status, json.errors[0].path], [422, "fields"]);
      assert.match(json.errors[0].message, /id, name, kind/);
    });
  }
});

Deno.test("An answer is compressed as the client takes it", async (t) => {
  await using scene = await rooms();
  const plain = await scene.bob.call("GET", "/resources");
  for (const encoding of ["gzip", "br"] as const) {
    await t.step(encoding, async () => {
      const { headers } = await scene.bob.call("GET", "/resources", undefined, {
        "accept-encoding": encoding,
      });
      assert.equal(headers.get("content-encoding"), encoding);
    });
  }
  assert.equal(plain.headers.get("content-encoding"), null);
});
