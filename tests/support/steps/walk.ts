import assert from "node:assert/strict";
import fc from "fast-check";
import { Conflict, Forbidden, Invalid, NotFound } from "../../../domain/errors.ts";
import { NOW } from "../cast.ts";
import { assertSound } from "../invariants.ts";
import { unrecordedThings } from "../recorded.ts";
import { ADMITTING } from "./admitting.ts";
import { ASKING } from "./asking.ts";
import { COMPOSING } from "./composing.ts";
import { DECIDING } from "./deciding.ts";
import { KEEPING } from "./keeping.ts";
import { REPEATING } from "./repeating.ts";
import { WAITING } from "./waiting.ts";
import { type Action, look, Nothing, openWorld, type World } from "./world.ts";

/** Everything that can be done: a new action is one more entry. */
export const ACTIONS: readonly Action[] = [
  ...ASKING,
  ...WAITING,
  ...DECIDING,
  ...REPEATING,
  ...KEEPING,
  ...COMPOSING,
  ...ADMITTING,
];

interface Step {
  action: string;
  args: unknown;
}

/** What happens at the same time, so many minutes after what happened before. */
export interface Moment {
  minutes: number;
  steps: readonly Step[];
}

/** So many do something in one moment, at most. */
const AT_ONCE = 10;

const step: fc.Arbitrary<Step> = fc.oneof(
  ...ACTIONS.map(({ name, often, args }) => ({
    weight: often,
    // What is left out makes a story short, not smaller numbers: each try is a house of its own.
    arbitrary: fc.noShrink(args).map((args: unknown) => ({ action: name, args })),
  })),
);
const minutes = fc.oneof(
  { weight: 5, arbitrary: fc.constant(0) },
  { weight: 7, arbitrary: fc.integer({ min: 1, max: 20 }) },
  { weight: 3, arbitrary: fc.integer({ min: 20, max: 180 }) },
  { weight: 1, arbitrary: fc.integer({ min: 180, max: 2_880 }) },
);
const moment: fc.Arbitrary<Moment> = fc.record({
  minutes: fc.noShrink(minutes),
  steps: fc.array(step, { minLength: 1, maxLength: AT_ONCE, size: "max" }),
});

/** Drawn as long as they may be, and made as short as they can be. */
class Walks extends fc.Arbitrary<Moment[]> {
  readonly #drawn: fc.Arbitrary<Moment[]>;
  readonly #shortened: fc.Arbitrary<Moment[]>;
  constructor(moments: number) {
    super();
    this.#drawn = fc.array(moment, { minLength: moments, maxLength: moments, size: "max" });
    this.#shortened = fc.array(moment, { minLength: 1, maxLength: moments, size: "max" });
  }
  // Without the bias towards what is small: many things have to happen in one walk.
  generate(random: fc.Random): fc.Value<Moment[]> {
    return this.#drawn.generate(random, undefined);
  }
  canShrinkWithoutContext(value: unknown): value is Moment[] {
    return this.#shortened.canShrinkWithoutContext(value);
  }
  shrink(value: Moment[], context: unknown): fc.Stream<fc.Value<Moment[]>> {
    return this.#shortened.shrink(value, context);
  }
}

export const walks = (moments: number): fc.Arbitrary<Moment[]> => new Walks(moments);

/** When a walk begins: on a quiet day, or on one before clocks are put forward or back. */
export const starts: fc.Arbitrary<string> = fc.constantFrom(
  `${NOW}`,
  "2026-10-24T14:00:00Z",
  "2027-03-27T14:00:00Z",
);

/** How often each action was done, was refused, and had nothing to be done to. */
export type Tally = Map<string, Record<"done" | "refused" | "idle", number>>;

export const emptyTally = (): Tally =>
  new Map(ACTIONS.map(({ name }) => [name, { done: 0, refused: 0, idle: 0 }]));

export interface WalkOptions {
  tally?: Tally;
  /** How often each action is on record in the end, also those that time brings about. */
  told?: Map<string, number>;
  /** An instant. The house is as old as its cast in any case. */
  start?: string;
  /** One after the other, instead of all of a moment at once. */
  oneByOne?: boolean;
  /** What is done to the house before anything else: to see that a fault is found. */
  sabotage?: (world: World) => Promise<unknown>;
}

const REFUSALS = [Conflict, Forbidden, Invalid, NotFound];

/**
 * Does all of it in a house of its own, and looks at the house after every moment.
 *
 * @throws {Error} naming what is wrong, after everything that was done, in order
 */
export async function walk(
  moments: readonly Moment[],
  { tally, told, start, oneByOne, sabotage }: WalkOptions = {},
): Promise<void> {
  await using world = await openWorld();
  await sabotage?.(world);
  const story: string[] = [];
  let now = start ? Temporal.Instant.from(start) : NOW;
  try {
    for (const { minutes, steps } of moments) {
      now = now.add({ minutes });
      world.seen = await look(world.onlooker);
      story.push(`${now}`);
      const done: Promise<unknown>[] = [];
      for (const [i, step] of steps.entries()) {
        const one = take(world, step, i, now, tally).then(
          (outcome) => story.push(tell(step, outcome)),
          (error) => {
            story.push(tell(step, `a fault: ${error}`));
            throw error;
          },
        );
        done.push(one);
        if (oneByOne) await Promise.allSettled([one]);
      }
      const fault = (await Promise.allSettled(done)).find((one) => one.status === "rejected");
      if (fault) throw fault.reason;
      await assertSound(world.onlooker);
      assert.deepEqual(await unrecordedThings(world.onlooker), [], "the record does not tell what happened");
    }
    for (const { action, count } of told ? await recorded(world) : []) {
      told!.set(action, (told!.get(action) ?? 0) + count);
    }
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\nWhat was done until then:\n${story.join("\n")}`, {
      cause: error,
    });
  }
}

const recorded = ({ onlooker }: World) =>
  onlooker<{ action: string; count: number }[]>`select action, count(*)::int from history group by action`;

const tell = ({ action, args }: Step, outcome: string) => `  ${action} ${JSON.stringify(args)}: ${outcome}`;

// Whatever is neither done nor refused in words is a fault: it ends the walk.
async function take(world: World, { action, args }: Step, i: number, now: Temporal.Instant, tally?: Tally) {
  const { act } = ACTIONS.find(({ name }) => name === action)!;
  const count = (what: "done" | "refused" | "idle") => tally && tally.get(action)![what]++;
  try {
    await act(world, world.replicas[i % 2], args, now);
    count("done");
    return "done";
  } catch (error) {
    if (error instanceof Nothing) {
      count("idle");
      return "nothing";
    }
    if (!REFUSALS.some((kind) => error instanceof kind)) throw error;
    count("refused");
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}
