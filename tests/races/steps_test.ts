import assert from "node:assert/strict";
import fc from "fast-check";
import { ACTIONS, emptyTally, type Moment, starts, walk, walks } from "../support/steps/walk.ts";

// A walk that failed is taken again by what the failure names: HOLDFAST_STEPS_SEED and HOLDFAST_STEPS_PATH.
// What is drawn, and at what it is aimed as things stand, is the same each time; in what order things are done that
// are done at the same moment is not, nor are ids. HOLDFAST_STEPS_ONE_BY_ONE=1 does them one after the other.
const given = Deno.env.get("HOLDFAST_STEPS_SEED");
const path = Deno.env.get("HOLDFAST_STEPS_PATH");
const oneByOne = Deno.env.get("HOLDFAST_STEPS_ONE_BY_ONE") === "1";

const SEED = 20260504;
const STEPS = 10_000;
const WALKS = 54;
const MOMENTS = 45;
/** On machines that are busy with other things as well. */
const LONGEST_MS = 900_000;
const SHORTENING_MS = 60_000;

/** What nobody does, and time or somebody else brings about. */
const COME_ABOUT = [
  ...["no_show", "complete", "expire", "lapse", "expire_change"],
  ...["offer", "let_pass", "withdraw_offer", "run_out"],
];

Deno.test("Whatever is done in whatever order, by several at once: after every moment no promise is broken", async () => {
  const tally = emptyTally();
  const told = new Map<string, number>();
  let failed: number | undefined;
  const property = fc.asyncProperty(starts, walks(MOMENTS), async (start, moments) => {
    // What is a matter of who is first may come out well the first time; and shortening has an end.
    if (failed && performance.now() > failed + SHORTENING_MS) return;
    for (let again = failed ? 3 : 1; again > 0; again--) {
      await walk(moments, { tally, told, start, oneByOne }).catch((error) => {
        failed ??= performance.now();
        throw error;
      });
    }
  });
  await fc.assert(property, {
    ...{ seed: given === undefined ? SEED : Number(given), numRuns: WALKS, path },
    ...{ interruptAfterTimeLimit: LONGEST_MS, reporter: report },
  });
  if (path) return;
  // What there was nothing to do it to is no step.
  const taken = [...tally.values()].reduce((sum, { done, refused }) => sum + done + refused, 0);
  assert(taken >= STEPS, `only ${taken} steps were taken`);
  const seldom = ACTIONS.flatMap(({ name, least }) => {
    const { done } = tally.get(name)!;
    return done < Math.max(1, least * taken / STEPS / 3) ? [`${name}: ${done} of ${taken}`] : [];
  });
  assert.deepEqual(seldom, [], "what is hardly ever done proves nothing");
  assert.deepEqual(
    COME_ABOUT.filter((action) => !told.get(action)),
    [],
    "what never came about proves nothing",
  );
});

function report(
  { failed, seed, counterexamplePath, counterexample, errorInstance, numShrinks }: fc.RunDetails<
    [string, Moment[]]
  >,
) {
  if (!failed) return;
  const again = `HOLDFAST_STEPS_SEED=${seed} HOLDFAST_STEPS_PATH=${counterexamplePath}`;
  throw new Error(
    `${
      (errorInstance as Error)?.message
    }\n\nTo take it again: ${again} deno task test tests/races/steps_test.ts\n` +
      `Made shorter ${numShrinks} times:\n${JSON.stringify(counterexample)}`,
    { cause: errorInstance },
  );
}
