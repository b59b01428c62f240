import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { postBytes, sendOverWire } from "../bench/wire.ts";

const url = (port: number) => new URL(`http://127.0.0.1:${port}/reservations`);

/** Answers each request with the same, piece by piece, and keeps what it was sent. */
function answering(pieces: string[]) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const sent: string[] = [];
  const done = (async () => {
    for await (const connection of listener) {
      using open = connection;
      const buffer = new Uint8Array(10_000);
      for (let read = await open.read(buffer); read; read = await open.read(buffer)) {
        sent.push(new TextDecoder().decode(buffer.subarray(0, read)));
        for (const piece of pieces) {
          await open.write(new TextEncoder().encode(piece));
          await pause(5);
        }
      }
    }
  })();
  return {
    sent,
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await done;
    },
  };
}

/** Sends so many over one connection. */
function send(port: number, count: number) {
  const request = postBytes(url(port), { "content-type": "text/plain" }, "ü");
  let left = count;
  return sendOverWire(url(port), {
    connections: 1,
    seconds: 60,
    next: () => left-- > 0 ? request : undefined,
  });
}

Deno.test("an answer counts when it has come whole, in however many pieces", async () => {
  await using there = answering(["HTTP/1.1 20", "1 Created\r\nContent-Length: 4\r\n", "\r\nab", "cd"]);
  const counted = await send(there.port, 2);
  assert.deepEqual(counted.map(({ status }) => status), [201, 201]);
  assert(counted.every(({ ms }) => ms > 10));
});

Deno.test("a request says how many bytes it has, and for which host it is", async () => {
  await using there = answering(["HTTP/1.1 303 See Other\r\ncontent-length: 0\r\n\r\n"]);
  await send(there.port, 1);
  assert.equal(
    there.sent.join(""),
    `POST /reservations HTTP/1.1\r\nhost: 127.0.0.1:${there.port}\r\ncontent-type: text/plain\r\n` +
      "content-length: 2\r\n\r\nü",
  );
});

Deno.test("an answer without its length is not guessed at", async () => {
  await using there = answering(["HTTP/1.1 200 OK\r\n\r\n"]);
  await assert.rejects(send(there.port, 1), /does not say how long it is/);
});
