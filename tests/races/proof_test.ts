import assert from "node:assert/strict";
import { type CrashOptions, proveCrash } from "../../prove/crash.ts";
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
  // What has one unit goes by one lane of its server, which alone gives nothing twice.
  const paths = ["create, three units"];
  const { broken } = await races({ slots: 6, seed: 1, servers: [1], paths, unguarded: true });
  assert.match(
    broken.join("\n"),
    /^create, three units, 1 server: slot \d+: \d+ were told that they have it/m,
  );
  assert.match(broken.join("\n"), /audit: held twice at the same time: \d+/);
});

const crash = (options: CrashOptions) => inRun("crash", (run) => proveCrash(run, options), quietly);

Deno.test("two servers whose database is killed, and who are killed, lose nothing that they acknowledged", async () => {
  const { rows, broken } = await crash({ kills: 3, seed: 2, sites: ["external"] });
  assert.deepEqual(broken, []);
  assert.deepEqual(rows.slice(1).map(([, struck]) => struck), [
    ...["database", "server (started again)", "database hangs", "both (started again)"],
  ]);
});

Deno.test("where the database acknowledges what it has not stored, the same says what was lost", async () => {
  const { broken } = await crash({ kills: 1, seed: 2, sites: ["external"], forgetful: true });
  assert.match(broken.join("\n"), /^external: acknowledged and lost: \d+/m);
});
