import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { makeCast, NOW } from "../support/cast.ts";
import { serveSite } from "../support/app.ts";
import { testDatabase } from "../support/database.ts";
import { openScene } from "../support/scene.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("JSON that is deep, wide or odd is refused, and costs nobody else anything", async (t) => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  const deep = (open: string, close: string) =>
    open.repeat(100_000 / open.length) + "1" + close.repeat(100_000 / open.length);
  const bodies: [string, string][] = [
    ["100,000 lists in one another", deep("[", "]")],
    ["20,000 objects in one another", deep('{"a":', "}").slice(0, 250_000)],
    [
      "a field that is 50,000 lists deep",
      `{"name":${"[".repeat(50_000)}${"]".repeat(50_000)},"kind":"room"}`,
    ],
    ["20,000 fields", `{${Array.from({ length: 20_000 }, (_, i) => `"f${i}":1`).join(",")}}`],
    ["100,000 tags", `{"name":"x","kind":"room","tags":[${Array(100_000).fill(1).join(",")}]}`],
    ["the same field 20,000 times", `{${Array(20_000).fill('"name":1').join(",")}}`],
    [
      "fields that name what every object inherits",
      '{"__proto__":{"role":"admin"},"constructor":{"prototype":{"role":"admin"}},"toString":1}',
    ],
    ["a number of 200,000 digits", `{"capacity":${"9".repeat(200_000)}}`],
  ];
  for (const [what, body] of bodies) {
    await t.step(what, async () => {
      for (
        const path of [
          "/resources",
          "/reservations",
          "/reservations/bulk",
          "/series",
          "/policies",
          "/users",
          "/closures",
        ]
      ) {
        const headers = { "content-type": "application/json", origin: "http://holdfast.test" };
        const { status } = await ada.send(`/api/v1${path}`, { method: "POST", body, headers });
        // Fields that are not known are ignored.
        assert(status < 500 && (status >= 400 || what === "100,000 tags"), `${path}: ${status}`);
      }
    });
  }
  await t.step(
    "no object has got anything by it",
    () => assert.equal(({} as Record<string, unknown>).role, undefined),
  );
});

Deno.test("a compressed body is not unpacked: nobody sends a gigabyte as a kilobyte", async () => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  const bomb = new Uint8Array(gzipSync(bytes(`{"name":"${" ".repeat(20_000_000)}","kind":"room"}`)));
  assert(bomb.length < 50_000);
  for (
    const [path, type] of [["/api/v1/resources", "application/json"], [
      "/api/v1/resources/import",
      "text/csv",
    ]]
  ) {
    const headers = { "content-type": type, "content-encoding": "gzip", origin: "http://holdfast.test" };
    const { status } = await ada.send(path, { method: "POST", body: bomb, headers });
    assert([400, 415, 422].includes(status), `${path}: ${status}`);
  }
  assert.equal((await scene.sql`select id from resources`).length, 0);
});

Deno.test("a file that is wide, long, or never ends a cell is refused in words", async (t) => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  const files: [string, string][] = [
    ["a million columns", `name,kind${",x".repeat(1_000_000)}\n`],
    ["a million cells in a line", `name,kind\nHall,room${",x".repeat(1_000_000)}\n`],
    ["a cell of ten megabytes", `name,kind\n"${"x".repeat(10_000_000)}",room\n`],
    ["a cell that never ends", `name,kind\n"${"x\n".repeat(2_000_000)}`],
    ["two million empty lines", `name,kind\n${"\n".repeat(2_000_000)}x`],
    ["three million quotation marks", `name,kind\n${'"'.repeat(3_000_001)}`],
  ];
  for (const [what, body] of files) {
    await t.step(what, async () => {
      const headers = { "content-type": "text/csv", origin: "http://holdfast.test" };
      const { status, text } = await ada.send("/api/v1/resources/import", { method: "POST", body, headers });
      assert([400, 413, 422].includes(status), `${status}: ${text.slice(0, 300)}`);
      assert(text.length < 100_000, `an answer of ${text.length} bytes`);
    });
  }
});

Deno.test("a form with 60,000 fields, and one with 2,000 parts, are read or refused", async () => {
  await using scene = await openScene();
  const ada = await scene.site.as(scene.cast.ada);
  const many = Array.from({ length: 60_000 }, (_, i) => `${i % 10}=`).join("&");
  const part = '--x\r\ncontent-disposition: form-data; name="n"\r\n\r\nv\r\n';
  for (
    const [type, body] of [["application/x-www-form-urlencoded", many], [
      "multipart/form-data; boundary=x",
      `${part.repeat(2_000)}--x--\r\n`,
    ]]
  ) {
    for (const path of ["/account", "/reservations", "/admin/resources", "/admin/policies"]) {
      const { status } = await ada.send(path, {
        method: "POST",
        body,
        headers: { "content-type": type, origin: "http://holdfast.test" },
      });
      assert(status < 500, `${path} as ${type}: ${status}`);
    }
  }
});

/** Begins a request over a connection of its own, and sends no more of it. */
async function begin(origin: string, text: string) {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(origin).port) });
  await connection.write(bytes(text));
  return connection;
}
const HALF_A_FORM =
  "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nemail=";

Deno.test("while hundreds send their requests slowly, others are answered; who takes too long is let go", async (t) => {
  await using database = await testDatabase();
  await makeCast(database.sql);
  await using served = await serveSite(database.sql, NOW, {}, { patience: 1_000 });
  const slow: Deno.TcpConn[] = [];
  try {
    for (let i = 0; i < 150; i++) {
      slow.push(await begin(served.origin, "GET / HTTP/1.1\r\nHost: x\r\nX-Long: "));
      slow.push(await begin(served.origin, HALF_A_FORM));
    }
    await t.step("others are answered", async () => {
      for (let i = 0; i < 5; i++) assert.equal((await served.nobody.get("/login")).status, 200);
      assert.equal(
        (await served.nobody.post("/login", { email: "bob@holdfast.test", password: "wrong" })).status,
        422,
      );
    });
    await t.step("half a form is refused after the time that the house gives", async () => {
      const answer = new Uint8Array(4_096);
      const read = await slow[1].read(answer);
      assert.match(new TextDecoder().decode(answer.subarray(0, read ?? 0)), /^HTTP\/1\.1 408 /);
    });
  } finally {
    for (const connection of slow) connection.close();
  }
});

Deno.test("a file that stops coming in keeps no place among the few that are read at once", async () => {
  await using scene = await openScene();
  const site = scene.site;
  const ada = await site.as(scene.cast.ada);
  await using served = await serveSite(scene.sql, NOW, {}, { patience: 300 });
  const client = await served.as(scene.cast.ada);
  const token = [...client.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const head =
    `POST /api/v1/resources/import HTTP/1.1\r\nHost: x\r\nCookie: ${token}\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n\r\nname,kind\n`;
  const slow = await Promise.all(Array.from({ length: 3 }, () => begin(served.origin, head)));
  try {
    const answers = await Promise.all(slow.map(async (connection) => {
      const bytes = new Uint8Array(4_096);
      const read = await connection.read(bytes);
      return new TextDecoder().decode(bytes.subarray(0, read ?? 0)).slice(0, 12);
    }));
    assert.deepEqual(answers, Array(3).fill("HTTP/1.1 408"));
    const next = await ada.send("/api/v1/resources/import", {
      method: "POST",
      body: "name,kind\nHall,room\n",
      headers: { "content-type": "text/csv" },
    });
    assert.equal(next.status, 200);
  } finally {
    for (const connection of slow) connection.close();
  }
});
