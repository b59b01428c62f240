import assert from "node:assert/strict";
import { proveRaces, RACES, type RacesOptions } from "../../prove/races.ts";
import { inRun } from "../../prove/run.ts";

// Short versions of the proofs; the long ones are tasks of their own.

const quietly = () => {};
const races = (options: RacesOptions) => inRun("races", (here) => proveRaces(here, options), quietly);

Deno.test("two servers on one database give nobody what another has, on any path", async () => {
  const { rows, broken } = await races({ slots: 4, seed: 1, servers: [2] });
  assert.deepEqual(broken, []);
  assert.equal(rows.length, RACES.length);
});

Deno.test("without the constraint that guards them, the same races say what was given twice", async () => {
  const { broken } = await races({ slots: 6, seed: 1, servers: [1], paths: ["create"], unguarded: true });
  assert.match(broken.join("\n"), /^create, 1 server: slot \d+: \d+ were told that they have it/m);
  assert.match(broken.join("\n"), /audit: held twice at the same time: \d+/);
});
