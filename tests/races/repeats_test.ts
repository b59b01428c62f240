import assert from "node:assert/strict";
import { serveSite } from "../support/app.ts";
import type { Answer, Client } from "../support/app.ts";
import { makeCast, makeResource, NOW, PASSWORD } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const TEN = { start_time: "2026-05-05T08:00:00Z", end_time: "2026-05-05T09:00:00Z" };
const AT_ONCE = 20;

/** Two servers on one database, with a hall and one that wants an approval. */
async function servers() {
  const database = await testDatabase({ max: 20 });
  const cast = await makeCast(database.sql);
  const hall = await makeResource(database.sql, cast.ada, { name: "Hall" });
  const den = await makeResource(database.sql, cast.ada, { name: "Den", requires_approval: true });
  const one = await serveSite(database.sql, NOW);
  const other = await serveSite(database.sql, NOW);
  const count = async () => (await database.sql`select id from reservations`).length;
  return {
    ...{ ...database, cast, hall, den, one, other, count },
    async [Symbol.asyncDispose]() {
      await assertSound(database.sql);
      await one[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}
type Servers = Awaited<ReturnType<typeof servers>>;

/** Sends the same twenty times at once, by turns to either server: what they were all answered. */
async function twenty({ one, other, cast }: Servers, who: "bob" | "sam", path: string, body: unknown) {
  const clients = [await one.as(cast[who]), await other.as(cast[who])];
  const answers = await Promise.all(Array.from(
    { length: AT_ONCE },
    (_, i) => clients[i % 2].call("POST", path, body, { "idempotency-key": "same" }),
  ));
  const told = (
    { status, text, headers }: Answer,
  ) => [status, text, headers.get("etag"), headers.get("location")];
  assert.equal(new Set(answers.map((answer) => JSON.stringify(told(answer)))).size, 1);
  const replayed = answers.filter((answer) => answer.headers.get("idempotent-replayed") === "true").length;
  assert.equal(replayed, AT_ONCE - 1);
  return answers[0];
}

Deno.test("A wish with one key, twenty times at once at two servers, is one reservation and one answer", async () => {
  await using all = await servers();
  const { status, json } = await twenty(all, "bob", "/reservations", { resource_id: all.hall.id, ...TEN });
  assert.deepEqual<unknown>([status, json.status, await all.count()], [201, "approved", 1]);
});

Deno.test("A wish that is refused, with one key twenty times at once, is refused in the same words", async () => {
  await using all = await servers();
  const alice = await all.one.as(all.cast.alice);
  await alice.call("POST", "/reservations", { resource_id: all.hall.id, ...TEN });
  const { status, json } = await twenty(all, "bob", "/reservations", { resource_id: all.hall.id, ...TEN });
  assert.deepEqual([status, json.conflicts.length, await all.count()], [409, 1, 1]);
});

Deno.test("Many wishes with one key, twenty times at once, are stored once", async (t) => {
  for (const mode of ["all_or_nothing", "each"]) {
    await t.step(mode, async () => {
      await using all = await servers();
      const create = [10, 11, 12].map((hour) => ({
        resource_id: all.hall.id,
        start_time: `2026-05-05T${hour}:00:00Z`,
        end_time: `2026-05-05T${hour + 1}:00:00Z`,
      }));
      const { status } = await twenty(all, "bob", "/reservations/bulk", { mode, create });
      assert.deepEqual([status, await all.count()], [200, 3]);
    });
  }
});

Deno.test("An approval with one key, twenty times at once, is one approval", async () => {
  await using all = await servers();
  const bob = await all.one.as(all.cast.bob);
  const { id } = (await bob.call("POST", "/reservations", { resource_id: all.den.id, ...TEN })).json;
  const { status, json } = await twenty(all, "sam", `/reservations/${id}/approve`, {});
  assert.deepEqual<unknown>([status, json.status], [200, "approved"]);
  const steps = await all.sql`select from history where reservation_id = ${id} and action = 'approve'`;
  assert.equal(steps.length, 1);
});

Deno.test("A refresh token that comes twice at the same moment ends its family, at every server", async () => {
  await using all = await servers();
  const { one, other } = all;
  const credentials = { email: all.cast.bob.email, password: PASSWORD };
  for (let round = 0; round < 10; round++) {
    const first = (await one.nobody.call("POST", "/auth/login", credentials)).json;
    const refresh = ({ nobody }: { nobody: Client }, { refresh_token }: Record<string, unknown>) =>
      nobody.call("POST", "/auth/refresh", { refresh_token });
    const answers = await Promise.all([refresh(one, first), refresh(other, first)]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401]);
    const second = answers.find(({ status }) => status === 200)!.json;
    assert.equal((await refresh(one, second)).status, 401);
    await refusedSoon(async () => [await me(one, second.access_token), await me(other, second.access_token)]);
  }
});

/** What an administrator does to Bob, who is staff, and what he is answered from then on. */
const LESS: [what: string, change: Record<string, unknown>, status: number][] = [
  ["whose role is lowered", { role: "user" }, 403],
  ["whose account is closed", { active: false }, 401],
];

for (const [what, change, wanted] of LESS) {
  Deno.test(`Somebody ${what} is refused with the tokens of before, at every server`, async (t) => {
    await using all = await servers();
    const { one, other, cast } = all;
    const credentials = { email: cast.sam.email, password: PASSWORD };
    const { access_token } = (await one.nobody.call("POST", "/auth/login", credentials)).json;
    const sam = await one.as(cast.sam);
    const made = await sam.call("POST", "/auth/tokens", { name: "Door", scope: "write" });
    const ways = { "an access token": access_token, "a personal token": made.json.token };
    for (const token of Object.values(ways)) {
      assert.deepEqual([await queue(one, token), await queue(other, token)], [200, 200]);
    }
    const ada = await one.as(cast.ada);
    assert.equal((await ada.call("PATCH", `/users/${cast.sam.id}`, change)).status, 200);
    for (const [way, token] of Object.entries(ways)) {
      await t.step(`${way}, where it was changed: with the next call`, async () => {
        assert.equal(await queue(one, token), wanted);
      });
      await t.step(`${way}, at the other: as soon as the database has told`, async () => {
        await refusedSoon(async () => [await queue(other, token)], wanted);
      });
    }
  });
}

type Served = { origin: string };

const queue = (served: Served, token: unknown) => asked(served, "/approvals", token);
const me = (served: Served, token: unknown) => asked(served, "/auth/me", token);

async function asked({ origin }: Served, path: string, token: unknown): Promise<number> {
  const answer = await fetch(`${origin}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } });
  await answer.body?.cancel();
  return answer.status;
}

// A tenth of the bound that holds where the message of a change gets lost.
async function refusedSoon(ask: () => Promise<number[]>, wanted = 401) {
  const until = performance.now() + 1_000;
  for (;;) {
    const statuses = await ask();
    if (statuses.every((status) => status === wanted)) return;
    assert(performance.now() < until, `still answered ${statuses}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
