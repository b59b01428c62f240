import assert from "node:assert/strict";
import fc from "fast-check";
import type { Sql } from "../../db/types.ts";
import { type Moment, walk, walks } from "../support/steps/walk.ts";

// That the walk finds what is wrong, and makes it short: each time something is broken on purpose.

/** The shortest walk that was found to go wrong, and what went wrong. */
async function shortest(moments: number, break_: (sql: Sql) => Promise<unknown>) {
  const sabotage = ({ replicas: [sql] }: { replicas: readonly [Sql, Sql] }) => break_(sql);
  const property = fc.asyncProperty(walks(moments), (drawn) => walk(drawn, { oneByOne: true, sabotage }));
  const { failed, counterexample, errorInstance } = await fc.check(property, { seed: 7, numRuns: 60 });
  assert(failed, "what was broken was never found");
  const [short] = counterexample!;
  return {
    done: short.flatMap(({ steps }) => steps.map(({ action }) => action)),
    message: String(errorInstance),
  };
}

Deno.test("A cancelled reservation that keeps its slot is found, and told in a few steps", async () => {
  const { done, message } = await shortest(8, async (sql) => {
    await sql`create function keep() returns trigger language plpgsql as $$
      begin
        new.holds := old.holds and exists (
          select from reservations v where v.id = new.reservation_id and v.status = 'cancelled') or new.holds;
        return new;
      end $$`;
    await sql`create trigger keeps before update on allocations for each row execute function keep()`;
  });
  assert.match(message, /cancelled, and still holds something/);
  assert(done.length <= 6, `${done}`);
});

Deno.test("A change that leaves no row of history is found, and told in a few steps", async () => {
  const { done, message } = await shortest(8, async (sql) => {
    await sql`create function forget() returns trigger language plpgsql as $$ begin return null; end $$`;
    await sql`create trigger forgets before insert on history for each row when (new.action = 'edit')
      execute function forget()`;
  });
  assert.match(message, /its version is 2, and 1 changes are told|its purpose is .*, but its history/);
  assert(done.length <= 6, `${done}`);
});

/** Steps, one each moment, which nothing is wrong with as long as nothing is broken. */
async function finds(
  steps: readonly (readonly [action: string, args: unknown])[],
  break_: (sql: Sql) => Promise<unknown>,
  words: RegExp,
) {
  const moments = steps.map(([action, args]): Moment => ({ minutes: 5, steps: [{ action, args }] }));
  await walk(moments);
  const sabotage = ({ replicas: [sql] }: { replicas: readonly [Sql, Sql] }) => break_(sql);
  await assert.rejects(walk(moments, { sabotage }), words);
}

const slot = { half: 6, halves: 2 };

Deno.test("An offer that was declined and still holds its slot is found", () =>
  finds(
    [
      ["request", { who: "bob", place: 0, slot, words: false }],
      ["wait for a slot", { who: "alice", which: 1, place: 0, slot }],
      ["cancel what another waits for", { which: 1 }],
      ["decline an offer", { which: 1 }],
    ],
    async (sql) => {
      await sql`create function keep() returns trigger language plpgsql as $$
        begin
          if exists (select from offers o where o.id = old.offer_id and o.outcome = 'declined') then return null; end if;
          return old;
        end $$`;
      await sql`create trigger keeps before delete on allocations for each row execute function keep()`;
    },
    /has ended and still holds something/,
  ));

Deno.test("More chairs in use than there are is found", () =>
  finds(
    [["request with accessories", { who: "bob", place: 0, slot, chairs: 3 }]],
    async (sql) => {
      await sql`create function bring() returns trigger language plpgsql as $$
        begin
          select new.unit + r.units into new.unit from resources r where r.id = new.resource_id and r.accessory;
          return new;
        end $$`;
      const [{ id }] = await sql<{ id: string }[]>`select id from resources where accessory`;
      await sql.unsafe(`create trigger brings before insert on allocations for each row
        when (new.resource_id = '${id}') execute function bring()`);
    },
    /more is in use at an instant than there is/,
  ));

Deno.test("A part that somebody has beside the whole is found", () =>
  finds(
    [
      ["request a whole", { who: "bob", whole: 6, slot }],
      ["request", { who: "alice", place: 0, slot, words: false }],
    ],
    (sql) => sql`delete from resource_parts_all`,
    /a part is held by one, and its whole by another/,
  ));

Deno.test("A database without its constraint is found out by those who come at the same moment", async () => {
  const wish = { who: "bob", place: 0, slot: { half: 2, halves: 2 }, words: false };
  const moments: Moment[] = Array.from({ length: 12 }, (_, i) => ({
    minutes: 60,
    steps: ["alice", "bob", "mallory", "sam"].map((who) => ({
      action: "request",
      args: { ...wish, who, slot: { half: 2 + i % 3, halves: 2 } },
    })),
  }));
  const sabotage = ({ replicas: [sql] }: { replicas: readonly [Sql, Sql] }) =>
    sql`alter table allocations drop constraint allocations_never_overlap`;
  await walk(moments);
  await assert.rejects(walk(moments, { sabotage }), /a unit is held twice at the same time/);
});

Deno.test("An error that is no refusal in words ends the walk, after what was done", async () => {
  const moments: Moment[] = [{ minutes: 0, steps: [{ action: "sweep", args: { replicas: 1 } }] }];
  const sabotage = ({ replicas: [sql] }: { replicas: readonly [Sql, Sql] }) =>
    sql`alter table outbox rename to inbox`;
  await assert.rejects(
    walk(moments, { sabotage }),
    /relation "outbox" does not exist[^]*sweep \{"replicas":1\}: a fault/,
  );
});
