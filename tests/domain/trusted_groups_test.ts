import assert from "node:assert/strict";
import { approve } from "../../domain/approvals.ts";
import { change, reschedule } from "../../domain/edits.ts";
import { Conflict, Invalid } from "../../domain/errors.ts";
import { addMember, createGroup, deleteGroup, removeMember } from "../../domain/groups.ts";
import { listAudit } from "../../domain/audit.ts";
import { createPolicy, getPolicy, type NewPolicy, NO_RULES } from "../../domain/policies.ts";
import { changePolicy } from "../../domain/policy_changes.ts";
import { effectOf } from "../../domain/policy_effect.ts";
import { explain, request } from "../../domain/requests.ts";
import { newId } from "../../lib/ids.ts";
import { changesOf, lineOf } from "../../views/changes.ts";
import { makeCast, makeResource, NOW, on, ZONE } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const TEN = on("2026-05-05", "10:00", "11:00");
const TWO = on("2026-05-05", "14:00", "15:00");
const FOUR = on("2026-05-05", "16:00", "17:00");

/** A hall whose policy wants an approval, but not of the board, in which Bob is. */
async function bobsBoard(policy: Partial<NewPolicy> = {}) {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const board = await createGroup(sql, cast.ada, { name: "Board", member_ids: [cast.bob.id] }, NOW);
  const rules = { ...NO_RULES, name: "Hall", approval: "always" as const, ...policy };
  const policy_id = await createPolicy(sql, cast.ada, { ...rules, trusted_groups: [board] }, NOW);
  const hall = await makeResource(sql, cast.ada, { name: "Hall", policy_id });
  const wish = (period: typeof TEN) => ({ ...period, resource_ids: [hall.id] });
  return {
    ...database,
    ...{ cast, board, rules, policy_id, hall, wish },
    ask: (who: keyof typeof cast, period = TEN) => request(sql, cast[who], wish(period), NOW),
    leave: () => removeMember(sql, cast.ada, { id: board, user_id: cast.bob.id }, NOW),
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a member of a group that a policy names is approved at once, others wait", async () => {
  await using scene = await bobsBoard();
  assert.equal((await scene.ask("bob")).status, "approved");
  assert.equal((await scene.ask("alice", TWO)).status, "pending");
});

Deno.test("whoever was taken out of the group waits from then on, and whoever came into it does not", async () => {
  await using scene = await bobsBoard();
  await scene.ask("bob");
  await scene.leave();
  await addMember(scene.sql, scene.cast.ada, { id: scene.board, email: scene.cast.alice.email }, NOW);
  assert.equal((await scene.ask("bob", TWO)).status, "pending");
  assert.equal((await scene.ask("alice", FOUR)).status, "approved");
});

Deno.test("a member is approved at once also where the resource itself wants an approval", async () => {
  await using scene = await bobsBoard({ approval: "never" });
  await scene.sql`update resources set requires_approval = true, version = version + 1`;
  assert.equal((await scene.ask("bob")).status, "approved");
  assert.equal((await scene.ask("alice", TWO)).status, "pending");
});

Deno.test("of two policies, both have to name a group of who asks", async () => {
  await using scene = await bobsBoard();
  const { sql, cast, rules, hall } = scene;
  const policy_id = await createPolicy(sql, cast.ada, { ...rules, name: "Strict" }, NOW);
  const den = await makeResource(sql, cast.ada, { name: "Den", policy_id });
  const both = await request(sql, cast.bob, { ...TEN, resource_ids: [hall.id, den.id] }, NOW);
  assert.equal(both.status, "pending");
});

Deno.test("what a member moves stays approved, and waits once they are out of the group", async () => {
  await using scene = await bobsBoard();
  const { id } = await scene.ask("bob");
  assert.equal(await reschedule(scene.sql, scene.cast.bob, id, TWO, NOW), "approved");
  await scene.leave();
  assert.equal(await change(scene.sql, scene.cast.bob, id, FOUR, NOW), "proposed");
});

Deno.test("requests that race with the leaving of the group are approved before it or wait after it", async () => {
  await using scene = await bobsBoard();
  const hours = [8, 9, 10, 11, 12, 13, 14, 15].map((h) =>
    on("2026-05-06", `${String(h).padStart(2, "0")}:00`, `${String(h).padStart(2, "0")}:30`)
  );
  const racing = hours.map((period) => scene.ask("bob", period));
  const left = scene.leave();
  await Promise.all([...racing, left]);
  assert.equal((await scene.ask("bob")).status, "pending");
});

Deno.test("who would ask is told whether a decision is wanted, by their groups at that moment", async () => {
  await using scene = await bobsBoard();
  const { sql, cast, wish } = scene;
  const told = (requester_id: string) => explain(sql, cast.ada, { ...wish(TEN), requester_id }, NOW);
  const bob = await told(cast.bob.id);
  assert.deepEqual([bob.needs_approval, bob.trusted_by], [undefined, ["Hall"]]);
  const alice = await told(cast.alice.id);
  assert.deepEqual([alice.needs_approval, alice.trusted_by], ["Hall wants an approval", []]);
  await scene.leave();
  assert.equal((await told(cast.bob.id)).needs_approval, "Hall wants an approval");
});

Deno.test("the preview of a policy counts whom it approves at once, each once", async () => {
  await using scene = await bobsBoard();
  const { sql, cast, board, rules, policy_id } = scene;
  await addMember(sql, cast.ada, { id: board, email: cast.alice.email }, NOW);
  const effect = (trusts: string[], trusted_groups: string[]) =>
    effectOf(sql, { ...rules, id: policy_id, trusts, trusted_groups }, NOW);
  assert.equal((await effect([cast.bob.id, cast.sue.id], [board])).approved_at_once, 3);
  assert.equal((await effect([], [])).approved_at_once, 0);
});

Deno.test("who is approved at once is on record by name, as it was and as it is", async () => {
  await using scene = await bobsBoard();
  const { sql, cast, rules, policy_id } = scene;
  const more = { trusts: [cast.sue.id], trusted_groups: [] };
  await changePolicy(sql, cast.ada, { ...rules, id: policy_id, ...more }, NOW);
  const [entry] = await listAudit(sql, cast.sam, { action: "change" }, { limit: 1 });
  assert.deepEqual(changesOf(entry, {}, ZONE, NOW).map(lineOf), [
    "Approved at once: Group: Board → Sue Settles",
  ]);
});

Deno.test("what is not named of a policy's trust stays as it is", async () => {
  await using scene = await bobsBoard();
  const { sql, cast, rules, policy_id, board } = scene;
  await changePolicy(sql, cast.ada, { ...rules, id: policy_id, max_minutes: 90 }, NOW);
  assert.deepEqual((await getPolicy(sql, policy_id)).trusted_groups, [board]);
});

for (const nobody of [newId(), "nonsense"]) {
  Deno.test(`a policy does not name the group “${nobody === "nonsense" ? nobody : "of an id that is none's"}”`, async () => {
    await using scene = await bobsBoard();
    const { sql, cast, rules, policy_id } = scene;
    const work = changePolicy(sql, cast.ada, { ...rules, id: policy_id, trusted_groups: [nobody] }, NOW);
    await assert.rejects(
      work,
      (error) =>
        error instanceof Invalid && error.issues[0].path === "trusted_groups" &&
        error.message === "This group does not exist",
    );
  });
}

Deno.test("a group that a policy names is not deleted: nobody is asked to wait unseen", async () => {
  await using scene = await bobsBoard();
  await assert.rejects(deleteGroup(scene.sql, scene.cast.ada, scene.board, NOW), {
    name: "Conflict",
    message: "Board cannot be deleted: Hall approves its members at once. Take it out there first",
  });
});

Deno.test("a policy that was changed since it was looked at is not changed by that look", async () => {
  await using scene = await bobsBoard();
  const { sql, cast, rules, policy_id } = scene;
  const { version } = await getPolicy(sql, policy_id);
  await changePolicy(sql, cast.ada, { ...rules, id: policy_id, max_minutes: 90 }, NOW);
  const late = changePolicy(sql, cast.ada, { ...rules, id: policy_id, version, max_minutes: 60 }, NOW);
  await assert.rejects(late, Conflict);
  assert.equal((await getPolicy(sql, policy_id)).max_minutes, 90);
});

Deno.test("an approver still decides on what others ask for", async () => {
  await using scene = await bobsBoard();
  const { id } = await scene.ask("alice");
  await approve(scene.sql, scene.cast.sam, { id }, NOW);
});
