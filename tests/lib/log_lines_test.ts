import type { LogRecord } from "@logtape/logtape";
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { gatherLines } from "../../lib/log_lines.ts";

function scene({ most }: { most?: number } = {}) {
  const writes: string[] = [];
  const decoder = new TextDecoder();
  /** What a reader who takes nothing makes the writer wait for. */
  let taking = Promise.resolve();
  const outlet = {
    async write(bytes: Uint8Array<ArrayBuffer>) {
      writes.push(decoder.decode(bytes));
      await taking;
    },
    writeSync: (bytes: Uint8Array<ArrayBuffer>) => void writes.push(decoder.decode(bytes)),
  };
  const { sink, end } = gatherLines(outlet, ({ rawMessage }) => `${rawMessage}\n`, { patience: 5, most });
  return {
    writes,
    end,
    say: (words: string) => sink({ rawMessage: words } as unknown as LogRecord),
    stopTaking() {
      const { promise, resolve } = Promise.withResolvers<void>();
      taking = promise;
      return resolve;
    },
  };
}

async function until(holds: () => boolean) {
  for (let i = 0; i < 400 && !holds(); i++) await pause(5);
  assert(holds());
}

Deno.test("the lines of a moment are one write, in their order", async () => {
  const { writes, say } = scene();
  for (let i = 1; i <= 500; i++) say(`line ${i}`);
  await until(() => writes.length > 0);
  assert.deepEqual(writes, [Array.from({ length: 500 }, (_, i) => `line ${i + 1}\n`).join("")]);
});

Deno.test("what is said while a write is under way comes after it", async () => {
  const { writes, say, stopTaking } = scene();
  const take = stopTaking();
  say("first");
  await until(() => writes.length === 1);
  say("second");
  take();
  await until(() => writes.length === 2);
  assert.deepEqual(writes, ["first\n", "second\n"]);
});

Deno.test("whoever reads too slowly does not fill the memory, and is told how much they miss", async () => {
  const { writes, say, stopTaking } = scene({ most: 3 });
  const take = stopTaking();
  say("first");
  await until(() => writes.length === 1);
  for (let i = 1; i <= 10; i++) say(`line ${i}`);
  take();
  await until(() => writes.length === 2);
  assert.match(writes[1], /^line 1\nline 2\nline 3\n.*7 lines were lost/);
});

Deno.test("the last words of a program that ends are written", () => {
  const { writes, say, end } = scene();
  say("Closing");
  end();
  end();
  assert.deepEqual(writes, ["Closing\n"]);
});
