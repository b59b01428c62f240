import assert from "node:assert/strict";
import { type AuditFilter, findThings, listAudit } from "../../domain/audit.ts";
import { delegate, endDelegation } from "../../domain/delegations.ts";
import { Conflict, Invalid, NotFound } from "../../domain/errors.ts";
import {
  addMember,
  changeGroup,
  createGroup,
  deleteGroup,
  removeMember,
  renameGroup,
} from "../../domain/groups.ts";
import { dropApprover, nameApprover } from "../../domain/resource_approvers.ts";
import { changesOf, deedOf, lineOf } from "../../views/changes.ts";
import { makeCast, makeResource, NOW, ZONE } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";

/** A house whose record is read as people read it: who, what, to what, with what changed. */
async function house() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const lab = await makeResource(sql, cast.ada, { name: "Lab" });
  const list = (filter: AuditFilter = {}) => listAudit(sql, cast.sam, filter, { limit: 100 });
  const { length: before } = await list();
  return {
    ...database,
    ...{ cast, lab },
    /** What is on record since the scene was set, oldest first. */
    told: async (filter: AuditFilter = {}, skip = before) =>
      (await list(filter)).toReversed().slice(skip).map((entry) =>
        [
          entry.actor_name,
          deedOf(entry.action),
          entry.subject_name,
          ...changesOf(entry, {}, ZONE, NOW).map(lineOf),
        ]
          .join(" | ")
      ),
  };
}

Deno.test("each thing that is done to a group leaves one entry, with what it was and is", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  const id = await createGroup(sql, cast.ada, { name: "Board" }, NOW);
  await addMember(sql, cast.ada, { id, email: cast.bob.email }, NOW);
  await addMember(sql, cast.ada, { id, email: cast.sue.email }, NOW);
  await removeMember(sql, cast.ada, { id, user_id: cast.bob.id }, NOW);
  await renameGroup(sql, cast.ada, { id, name: "Council" }, NOW);
  await deleteGroup(sql, cast.ada, id, NOW);
  assert.deepEqual(await scene.told(), [
    "Ada Admin | Created | Board | Name: Board",
    "Ada Admin | Member added | Board | Member: Bob Booker",
    "Ada Admin | Member added | Board | Member: Sue Settles",
    "Ada Admin | Member removed | Board | Member: Bob Booker → none",
    "Ada Admin | Changed | Council | Name: Board → Council",
    "Ada Admin | Deleted | Council | Name: Council → none | Members: Sue Settles → none",
  ]);
});

Deno.test("what changes nothing of a group leaves no entry", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  const id = await createGroup(sql, cast.ada, { name: "Board", member_ids: [cast.bob.id] }, NOW);
  const { length } = await scene.told();
  await addMember(sql, cast.ada, { id, email: cast.bob.email }, NOW);
  await removeMember(sql, cast.ada, { id, user_id: cast.sue.id }, NOW);
  await renameGroup(sql, cast.ada, { id, name: "Board" }, NOW);
  await changeGroup(sql, cast.ada, { id, member_ids: [cast.bob.id] }, NOW);
  assert.equal((await scene.told()).length, length);
});

Deno.test("what is refused of a group leaves no entry, and changes nothing of it", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  const id = await createGroup(sql, cast.ada, { name: "Board", member_ids: [cast.bob.id] }, NOW);
  await createGroup(sql, cast.ada, { name: "Council" }, NOW);
  const { length } = await scene.told();
  await assert.rejects(renameGroup(sql, cast.ada, { id, name: "council" }, NOW), Conflict);
  await assert.rejects(addMember(sql, cast.ada, { id, email: "nobody@holdfast.test" }, NOW), Invalid);
  const change = { id, name: "Other", member_ids: [crypto.randomUUID()] };
  await assert.rejects(changeGroup(sql, cast.ada, change, NOW), Invalid);
  const [group] = await sql`
    select name, (select count(*)::int from group_members where group_id = ${id}) as members
    from groups where id = ${id}`;
  assert.deepEqual([(await scene.told()).length, group.name, group.members], [length, "Board", 1]);
});

Deno.test("naming who decides on a resource, and taking the name off it, leave one entry each", async () => {
  await using scene = await house();
  const { sql, cast, lab } = scene;
  const group = await createGroup(sql, cast.ada, { name: "Board" }, NOW);
  for (const approver of [`user:${cast.sue.id}`, `group:${group}`]) {
    await nameApprover(sql, cast.ada, { id: lab.id, approver }, NOW);
    await nameApprover(sql, cast.ada, { id: lab.id, approver }, NOW);
    await dropApprover(sql, cast.ada, { id: lab.id, approver }, NOW);
    await dropApprover(sql, cast.ada, { id: lab.id, approver }, NOW);
  }
  assert.deepEqual((await scene.told()).slice(1), [
    "Ada Admin | Approver named | Lab | Approver: Sue Settles",
    "Ada Admin | Approver removed | Lab | Approver: Sue Settles → none",
    "Ada Admin | Approver named | Lab | Approving group: Board",
    "Ada Admin | Approver removed | Lab | Approving group: Board → none",
  ]);
});

Deno.test("letting another decide, and deciding again, leave one entry each; ended by an administrator, hers", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  const away = { to_user_id: cast.sue.id, from: "2026-05-05", until: "2026-05-06" };
  const one = await delegate(sql, cast.sam, away, NOW);
  await endDelegation(sql, cast.sam, one, NOW);
  const other = await delegate(sql, cast.sam, away, NOW);
  await assert.rejects(endDelegation(sql, cast.sue, other, NOW), NotFound);
  await endDelegation(sql, cast.ada, other, NOW);
  const [made, ended, , byAda] = await scene.told();
  assert.equal(
    made,
    "Sam Says | Let another decide | Sam Says | Who decides: Sue Settles | From: Tue 5 May, 00:00 | Until: Thu 7 May, 00:00",
  );
  assert.match(ended, /^Sam Says \| Decides again \| Sam Says \| Who decides: Sue Settles → none/);
  assert.match(byAda, /^Ada Admin \| Decides again \| Sam Says \|/);
});

Deno.test("the record of who decides is found by a person, a thing and an action", async (t) => {
  await using scene = await house();
  const { sql, cast, lab } = scene;
  const id = await createGroup(sql, cast.ada, { name: "Board" }, NOW);
  await addMember(sql, cast.ada, { id, email: cast.sue.email }, NOW);
  await nameApprover(sql, cast.ada, { id: lab.id, approver: `group:${id}` }, NOW);
  await nameApprover(sql, cast.ada, { id: lab.id, approver: `user:${cast.sue.id}` }, NOW);
  await delegate(sql, cast.sam, { to_user_id: cast.sue.id, from: "2026-05-05", until: "2026-05-06" }, NOW);
  const deeds = async (filter: AuditFilter) =>
    (await scene.told(filter, 0)).map((line) => line.split(" | ")[1]);
  await t.step("a person: also what was done with them", async () => {
    assert.deepEqual(await deeds({ people: [cast.sue.id] }), [
      "Member added",
      "Approver named",
      "Let another decide",
    ]);
  });
  await t.step("a group: also where it was named", async () => {
    const { ids, name } = await findThings(sql, cast.sam, "boar");
    assert.deepEqual([ids, name], [[id], "Board"]);
    assert.deepEqual(await deeds({ resources: ids }), ["Created", "Member added", "Approver named"]);
  });
  await t.step("a resource", async () => {
    assert.deepEqual(await deeds({ resources: [lab.id] }), ["Created", "Approver named", "Approver named"]);
  });
  await t.step("an action", async () => {
    assert.deepEqual(await deeds({ action: "add_member" }), ["Member added"]);
  });
  await t.step("a group that is gone, by the name that it had", async () => {
    const gone = await createGroup(sql, cast.ada, { name: "Choir" }, NOW);
    await deleteGroup(sql, cast.ada, gone, NOW);
    assert.deepEqual((await findThings(sql, cast.sam, "choir")).ids, [gone]);
  });
});
