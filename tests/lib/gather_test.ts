import assert from "node:assert/strict";
import { gather } from "../../lib/gather.ts";

/** What is carried, group by group; each arrives when the test says so. */
function ferry(limits: { lanes: number; seats: number }) {
  const groups: { who: number[]; arrived: PromiseWithResolvers<(string | Promise<string>)[]> }[] = [];
  const go = gather((who: number[]) => {
    const arrived = Promise.withResolvers<(string | Promise<string>)[]>();
    groups.push({ who, arrived });
    return arrived.promise;
  }, limits);
  return {
    go,
    groups: () => groups.map(({ who }) => who),
    async arrive(
      group: number,
      outcomes = groups[group].who.map((one): string | Promise<string> => `${one}`),
    ) {
      groups[group].arrived.resolve(outcomes);
      await settled();
    },
    async sink(group: number, error: Error) {
      groups[group].arrived.reject(error);
      await settled();
    },
  };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("whoever finds a lane free goes at once, and alone", () => {
  const { go, groups } = ferry({ lanes: 2, seats: 10 });
  go(1);
  go(2);
  assert.deepEqual(groups(), [[1], [2]]);
});

Deno.test("whoever comes while all lanes are taken goes with all who did, as soon as one is free", async () => {
  const { go, groups, arrive } = ferry({ lanes: 2, seats: 10 });
  for (const one of [1, 2, 3, 4, 5]) go(one);
  assert.deepEqual(groups(), [[1], [2]]);
  await arrive(1);
  assert.deepEqual(groups(), [[1], [2], [3, 4, 5]]);
});

Deno.test("no group has more than its seats, and the others go next", async () => {
  const { go, groups, arrive } = ferry({ lanes: 1, seats: 2 });
  for (const one of [1, 2, 3, 4]) go(one);
  await arrive(0);
  assert.deepEqual(groups(), [[1], [2, 3]]);
  await arrive(1);
  assert.deepEqual(groups(), [[1], [2, 3], [4]]);
});

Deno.test("each of a group is told its own outcome, also the one that fails", async () => {
  const { go, arrive } = ferry({ lanes: 1, seats: 10 });
  const outcomes = Promise.allSettled([1, 2, 3].map(go));
  await arrive(0);
  await arrive(1, ["two", Promise.reject(new Error("three is refused"))]);
  assert.deepEqual(
    (await outcomes).map((one) => one.status === "fulfilled" ? one.value : one.reason.message),
    [
      "1",
      "two",
      "three is refused",
    ],
  );
});

Deno.test("what a group fails of is told to all of it, and the next go on", async () => {
  const { go, groups, arrive, sink } = ferry({ lanes: 1, seats: 10 });
  const outcomes = Promise.allSettled([1, 2, 3].map(go));
  await arrive(0);
  const next = go(4);
  await sink(1, new Error("sunk"));
  assert.deepEqual((await outcomes).map(({ status }) => status), ["fulfilled", "rejected", "rejected"]);
  assert.deepEqual(groups().at(-1), [4]);
  await arrive(2);
  assert.equal(await next, "4");
});
