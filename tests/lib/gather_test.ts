import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
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

/** Everything that is ready has had its turn, and whatever became ready by that. */
async function settled() {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

Deno.test("whoever finds a lane free goes as soon as nothing else is ready, and waits for nobody", async () => {
  const { go, groups } = ferry({ lanes: 2, seats: 10 });
  go(1);
  await settled();
  go(2);
  await settled();
  assert.deepEqual(groups(), [[1], [2]]);
});

Deno.test("those who came at the same moment go together, although their ways to the lane differ", async () => {
  const { go, groups } = ferry({ lanes: 1, seats: 10 });
  go(1);
  queueMicrotask(() => go(2));
  setImmediate(() => go(3));
  await settled();
  assert.deepEqual(groups(), [[1, 2, 3]]);
});

Deno.test("whoever comes while all lanes are taken goes with all who did, as soon as one is free", async () => {
  const { go, groups, arrive } = ferry({ lanes: 2, seats: 10 });
  for (const one of [1, 2]) {
    go(one);
    await settled();
  }
  for (const one of [3, 4, 5]) go(one);
  await settled();
  assert.deepEqual(groups(), [[1], [2]]);
  await arrive(1);
  assert.deepEqual(groups(), [[1], [2], [3, 4, 5]]);
});

Deno.test("the next go before what has arrived is turned to", async () => {
  const { go, groups, arrive } = ferry({ lanes: 1, seats: 1 });
  const gone = go(1).then(() => groups().length);
  go(2);
  await settled();
  await arrive(0);
  assert.equal(await gone, 2);
});

Deno.test("of many half of those who are about go, and the others while these are seen to", async () => {
  const { go, groups, arrive } = ferry({ lanes: 1, seats: 100 });
  const many = Array.from({ length: 16 }, (_, i) => i);
  for (const one of many) go(one);
  await settled();
  assert.deepEqual(groups(), [many.slice(0, 8)]);
  await arrive(0);
  assert.deepEqual(groups(), [many.slice(0, 8), many.slice(8)]);
});

Deno.test("a few are not parted", async () => {
  const { go, groups } = ferry({ lanes: 1, seats: 100 });
  for (const one of [1, 2, 3, 4]) go(one);
  await settled();
  assert.deepEqual(groups(), [[1, 2, 3, 4]]);
});

Deno.test("no group has more than its seats, and the others go next", async () => {
  const { go, groups, arrive } = ferry({ lanes: 1, seats: 2 });
  for (const one of [1, 2, 3, 4, 5]) go(one);
  await settled();
  assert.deepEqual(groups(), [[1, 2]]);
  await arrive(0);
  assert.deepEqual(groups(), [[1, 2], [3, 4]]);
  await arrive(1);
  assert.deepEqual(groups(), [[1, 2], [3, 4], [5]]);
});

Deno.test("each of a group is told its own outcome, also the one that fails", async () => {
  const { go, arrive } = ferry({ lanes: 1, seats: 10 });
  const outcomes = Promise.allSettled([1, 2, 3].map(go));
  await settled();
  await arrive(0, ["1", "two", Promise.reject(new Error("three is refused"))]);
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
  const first = go(1);
  await settled();
  const outcomes = Promise.allSettled([first, ...[2, 3].map(go)]);
  await arrive(0);
  const next = go(4);
  await sink(1, new Error("sunk"));
  assert.deepEqual((await outcomes).map(({ status }) => status), ["fulfilled", "rejected", "rejected"]);
  assert.deepEqual(groups().at(-1), [4]);
  await arrive(2);
  assert.equal(await next, "4");
});
