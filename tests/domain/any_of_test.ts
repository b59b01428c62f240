import assert from "node:assert/strict";
import { requestAny } from "../../domain/any_of.ts";
import { cancel } from "../../domain/edits.ts";
import { Conflict, Invalid } from "../../domain/errors.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { request } from "../../domain/requests.ts";
import { changeResource } from "../../domain/resources.ts";
import { sweep } from "../../domain/sweep.ts";
import { makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

/** Rooms of several sizes, one of which wants an approval, and a projector of which there are five. */
async function house() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const make = (name: string, more: Record<string, unknown> = {}) =>
    makeResource(sql, cast.ada, { name, ...more });
  const asked = await make("Asked", { capacity: 4, requires_approval: true });
  const small = await make("Small", { capacity: 4, tags: ["screen"] });
  const middle = await make("Middle", { capacity: 8, tags: ["screen"] });
  const also = await make("Also middle", { capacity: 8 });
  const large = await make("Large", { capacity: 40, tags: ["screen"] });
  const unknown = await make("Anywhere");
  const projector = await make("Projector", { kind: "equipment", units: 5 });
  const names = new Map([asked, small, middle, also, large, unknown, projector].map((r) => [r.id, r.name]));
  const { alice } = cast;
  /** What a wish became, by name. */
  const had = async (wish: Partial<Parameters<typeof requestAny>[2]>, who = alice) => {
    const { resource_ids, ...stored } = await requestAny(
      sql,
      who,
      { ...on("2026-05-05", "10:00", "11:00"), any_of: { kind: "room" }, ...wish },
      NOW,
    );
    return { ...stored, name: names.get(resource_ids[0]) };
  };
  return { ...database, cast, asked, small, middle, also, large, unknown, projector, had };
}

const day = (date: number) => on(`2026-05-${String(date).padStart(2, "0")}`, "10:00", "11:00");

Deno.test("any room that will do is the one that fits best", async (t) => {
  await using scene = await house();
  const { sql, cast, had, small, projector } = scene;
  const { alice, bob, sam } = cast;

  await t.step(
    "the fewest places that are enough, by name among equals, and without approval first",
    async () => {
      const wish = { attendees: 3, ...day(5) };
      const order = [];
      for (let i = 0; i < 6; i++) order.push((await had(wish)).name);
      assert.deepEqual(order, ["Small", "Also middle", "Middle", "Large", "Anywhere", "Asked"]);
    },
  );

  await t.step("what somebody has to decide on is asked for, and waits", async () => {
    const [last] = await sql`select status from reservations order by number desc limit 1`;
    assert.equal(last.status, "pending");
  });

  await t.step("what is asked for holds nothing that others may want: so it is found again", async () => {
    assert.equal((await had({ ...day(5), attendees: 3 }, bob)).name, "Asked");
  });

  await t.step("never one that is too small, also for whoever may set rules aside", async () => {
    assert.equal((await had({ ...day(6), attendees: 9 })).name, "Large");
    assert.equal((await had({ ...day(6), attendees: 9, override: "It has to be" }, sam)).name, "Anywhere");
  });

  await t.step("only what has the tag, and is of the kind", async () => {
    const screen = { any_of: { kind: "room", tag: "screen" }, attendees: 5, ...day(7) };
    assert.equal((await had(screen)).name, "Middle");
    assert.equal((await had({ ...screen, any_of: { tag: "screen" } })).name, "Large");
    await assert.rejects(had(screen), (error: Conflict) => {
      assert.equal(error.message, "No room with “screen” for 5 people is free then");
      assert(error.alternatives.length > 0, "nothing is offered instead");
      for (const { resource_name } of error.alternatives) assert.match(resource_name, /^(Middle|Large)$/);
      return error instanceof Conflict;
    });
  });

  await t.step("as many units of one as are wanted", async () => {
    const three = { any_of: { kind: "equipment", quantity: 3 }, ...day(8) };
    assert.deepEqual((await had(three)).quantities, { [projector.id]: 3 });
    await assert.rejects(had(three), /No equipment of which there are 3 is free then/);
    assert.equal((await had({ any_of: { kind: "equipment", quantity: 2 }, ...day(8) })).name, "Projector");
  });

  await t.step("what is free again is had again", async () => {
    const first = await had({ ...day(11), attendees: 3 });
    assert.equal(first.name, "Small");
    await cancel(sql, alice, { id: first.id }, NOW);
    assert.equal((await had({ ...day(11), attendees: 3 })).name, "Small");
  });

  await t.step("what nothing is like is refused naming it", async () => {
    for (
      const wish of [{ any_of: { kind: "boat" } }, { any_of: { tag: "sauna" } }, {
        attendees: 500,
        any_of: { tag: "screen" },
      }]
    ) {
      await assert.rejects(had({ ...day(12), ...wish }), (error: Invalid) => {
        assert.equal(error.issues[0].path, "any_of");
        return error instanceof Invalid;
      });
    }
  });

  await t.step("a start that has passed is refused as that", async () => {
    await assert.rejects(had(on("2026-05-04", "08:00", "09:00")), /The start has passed/);
  });

  await t.step("by what the resources are now, not by what was known of them", async () => {
    await changeResource(sql, cast.ada, { id: small.id, requires_approval: true }, NOW);
    assert.equal((await had({ ...day(13), attendees: 3 })).name, "Also middle");
  });
  await assertSound(sql);
});

Deno.test("any room is one that the rules allow this person", async (t) => {
  await using database = await testDatabase();
  const { sql } = database;
  const { ada, alice, bob } = await makeCast(sql);
  const policy = (name: string, rules: Partial<typeof NO_RULES>) =>
    createPolicy(sql, ada, { ...NO_RULES, name, ...rules }, NOW);
  const short = await policy("Short", { max_minutes: 30 });
  const rationed = await policy("Rationed", { quotas: [{ per: "day", count: 1 }] });
  const asking = await policy("Asking", { attestations: ["I wear goggles"] });
  const visited = await policy("Visited", { check_in: true, check_in_grace_minutes: 15 });
  const make = (name: string, policy_id: string, capacity: number, kind = "room") =>
    makeResource(sql, ada, { name, policy_id, capacity, kind });
  await make("Short", short, 2);
  const ration = await make("Rationed", rationed, 4);
  await make("Asking", asking, 6);
  const shed = await make("Shed", visited, 6, "shed");
  const any = (wish: Partial<Parameters<typeof requestAny>[2]> = {}, now = NOW) =>
    requestAny(
      sql,
      alice,
      { ...on("2026-05-05", "10:00", "11:00"), any_of: { kind: "room" }, ...wish },
      now,
    );

  await t.step("what is too short for it is passed over", async () => {
    assert.deepEqual((await any()).resource_ids, [ration.id]);
  });
  await t.step(
    "what the quota is used up of, too; and what is left says what it wants answered",
    async () => {
      await assert.rejects(any(on("2026-05-05", "14:00", "15:00")), (error: Conflict) => {
        assert.match(error.message, /at most 30 minutes.*1 reservation a day/);
        return error instanceof Conflict;
      });
      await assert.rejects(any({ ...on("2026-05-05", "14:00", "15:00"), attendees: 5 }), (error: Invalid) => {
        assert.deepEqual(error.issues.map(({ path }) => path), ["attested"]);
        return error instanceof Invalid;
      });
      assert((await any({ ...on("2026-05-05", "14:00", "15:00"), attested: true })).id);
    },
  );
  await t.step("what nobody came to is free before the sweep says so", async () => {
    await sweep(sql, NOW);
    const wish = { ...on("2026-05-05", "10:00", "12:00"), any_of: { kind: "shed" } };
    await request(sql, bob, { ...wish, resource_ids: [shed.id] }, NOW);
    await assert.rejects(any(wish), Conflict);
    const later = on("2026-05-05", "11:00", "12:00");
    const stored = await any({ ...wish, ...later }, later.start_time);
    assert.deepEqual(stored.resource_ids, [shed.id]);
  });
  await assertSound(sql);
});
