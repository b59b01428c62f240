import assert from "node:assert/strict";
import { remember } from "../../db/memory.ts";
import type { Sql } from "../../db/types.ts";
import { testDatabase } from "../support/database.ts";

/** A memory over a database of its own, and a question that counts how often it is really asked. */
async function asked() {
  const database = await testDatabase();
  await database.sql`create table notes (word text)`;
  let times = 0;
  const words = () => {
    times++;
    return database.sql<{ word: string }[]>`select word from notes order by word`.then(spoken);
  };
  return { ...database, words, times: () => times };
}

const spoken = (rows: { word: string }[]) => rows.map((row) => row.word);
const write = (sql: Sql, word: string) => sql`insert into notes values (${word})`;

// Other tests write to databases of their own on the same server, which counts its transactions together.
Deno.test("An answer is remembered while nothing is written", async () => {
  await using scene = await asked();
  const memory = remember(scene.sql);
  for (let before = -1; scene.times() !== before && scene.times() < 200;) {
    before = scene.times();
    await (await memory.open())("words", scene.words);
  }
  assert(scene.times() < 200, "It was asked each time");
});

Deno.test("An answer is asked for again once something is written", async () => {
  await using scene = await asked();
  const memory = remember(scene.sql);
  await (await memory.open())("words", scene.words);
  await write(scene.sql, "new");
  assert.deepEqual(await (await memory.open())("words", scene.words), ["new"]);
});

Deno.test("An answer is asked for again when a transaction that was open before commits", async () => {
  await using scene = await asked();
  const memory = remember(scene.sql);
  const opened = Promise.withResolvers<void>();
  const recalled = Promise.withResolvers<void>();
  const late = scene.sql.begin(async (tx) => {
    await tx`insert into notes values ('late')`;
    opened.resolve();
    await recalled.promise;
  });
  await opened.promise;
  await write(scene.sql, "early");
  const before = await (await memory.open())("words", scene.words);
  recalled.resolve();
  await late;
  const after = await (await memory.open())("words", scene.words);
  assert.deepEqual([before, after], [["early"], ["early", "late"]]);
});

Deno.test("Two questions are not taken for one another", async () => {
  await using scene = await asked();
  const recall = await remember(scene.sql).open();
  const answers = await Promise.all([
    recall("one", () => Promise.resolve(1)),
    recall("two", () => Promise.resolve(2)),
  ]);
  assert.deepEqual(answers, [1, 2]);
});

Deno.test("Many who ask at the same moment wait for one answer", async () => {
  await using scene = await asked();
  const memory = remember(scene.sql);
  const recall = await memory.open();
  await Promise.all(Array.from({ length: 10 }, () => recall("words", scene.words)));
  assert.equal(scene.times(), 1);
});

Deno.test("A question that failed is asked again", async () => {
  await using scene = await asked();
  const recall = await remember(scene.sql).open();
  await assert.rejects(recall("words", () => Promise.reject(new Error("gone"))), /gone/);
  assert.deepEqual(await recall("words", scene.words), []);
});

Deno.test("What was remembered longest makes room for what is new", async () => {
  await using scene = await asked();
  const recall = await remember(scene.sql, 2).open();
  await recall("words", scene.words);
  await recall("two", () => Promise.resolve(2));
  await recall("three", () => Promise.resolve(3));
  await recall("words", scene.words);
  assert.equal(scene.times(), 2);
});
