import { parseArgs } from "node:util";
import { testDatabase } from "../support/database.ts";
import { withServer } from "../support/server.ts";
import { fuzz } from "./run.ts";

// Requests made of the document: `deno task fuzz [--seed N] [--requests N] [--from N]`.

const { values } = parseArgs({
  args: Deno.args,
  options: { seed: { type: "string" }, requests: { type: "string" }, from: { type: "string" } },
});
const seed = whole("seed", crypto.getRandomValues(new Uint16Array(1))[0]);
const requests = whole("requests", 20_000);
const from = whole("from", 0);

console.log(`Seed ${seed}, ${requests} requests`);
const seen = await withServer(async (environment) => {
  Deno.env.set("HOLDFAST_TEST_DATABASE", environment.HOLDFAST_TEST_DATABASE);
  await using database = await testDatabase();
  const terminal = Deno.stderr.isTerminal();
  return await fuzz(database.sql, {
    ...{ seed, requests, from },
    onProgress: (done) => terminal && Deno.stderr.writeSync(new TextEncoder().encode(`\r${done}`)),
  });
});
const { failures, ...figures } = seen;
console.log(figures);
for (const failure of failures) console.log(`\n${failure}`);
console.log(failures.length === 0 ? "Nothing broke" : `\n${failures.length} went wrong`);
Deno.exit(failures.length === 0 ? 0 : 1);

function whole(name: "seed" | "requests" | "from", otherwise: number): number {
  const given = values[name];
  if (given === undefined) return otherwise;
  if (/^\d{1,9}$/.test(given)) return Number(given);
  console.error(`--${name} takes a whole number`);
  Deno.exit(2);
}
