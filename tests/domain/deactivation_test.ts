import assert from "node:assert/strict";
import { checkPassword } from "../../domain/auth/passwords.ts";
import { beginSession, findIdentity, rotate } from "../../domain/auth/sessions.ts";
import { Conflict, Forbidden, NotFound } from "../../domain/errors.ts";
import type { Actor } from "../../domain/permissions.ts";
import { request } from "../../domain/requests.ts";
import { changeRole, deactivateUser, reactivateUser } from "../../domain/accounts.ts";
import { getUser } from "../../domain/users.ts";
import { stopHashing } from "../../lib/passwords.ts";
import { makeCast, makeResource, NOW, on, PASSWORD } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

/** A house with a hall that is free, and a den that wants approval. */
async function house() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const hall = await makeResource(sql, cast.ada, { name: "Hall" });
  const den = await makeResource(sql, cast.ada, { name: "Den", requires_approval: true });
  return {
    ...database,
    cast,
    ask: (who: Actor, resource: { id: string }, day = "2026-05-05", now = NOW) =>
      request(sql, who, { ...on(day, "10:00", "11:00"), resource_ids: [resource.id] }, now),
    hall,
    den,
    close: (who: Actor, future: "keep" | "cancel" = "keep", by: Actor = cast.ada, reason = "") =>
      deactivateUser(sql, by, { id: who.id, future, reason }, NOW),
    statuses: async () =>
      (await sql<{ status: string }[]>`select status from reservations order by number`).map((row) =>
        row.status
      ),
    async [Symbol.asyncDispose]() {
      stopHashing();
      await database[Symbol.asyncDispose]();
    },
  };
}

const admins = async ({ sql }: Awaited<ReturnType<typeof house>>) =>
  (await sql`select from users where role = 'admin' and disabled_at is null`).length;

Deno.test("Bob, whose account is closed, does not sign in, and his sessions are over", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  const begun = await beginSession(sql, { user_id: cast.bob.id, kind: "browser", device: "" }, NOW);
  await scene.close(cast.bob);
  assert.equal(await checkPassword(sql, { email: cast.bob.email, password: PASSWORD }), undefined);
  assert.equal(await findIdentity(sql, begun.session_id, "UTC"), undefined);
  assert.equal(await rotate(sql, begun.refresh_token, NOW), undefined);
});

Deno.test("Bob, whose account is opened again, signs in anew: the sessions that he had stay over", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  const { session_id } = await beginSession(sql, { user_id: cast.bob.id, kind: "browser", device: "" }, NOW);
  await scene.close(cast.bob);
  assert.equal((await reactivateUser(sql, cast.ada, cast.bob.id, NOW)).disabled_at, null);
  assert.deepEqual(await checkPassword(sql, { email: cast.bob.email, password: PASSWORD }), {
    id: cast.bob.id,
  });
  assert.equal(await findIdentity(sql, session_id, "UTC"), undefined);
});

Deno.test("what Bob has reserved is kept where Ada says so", async () => {
  await using scene = await house();
  await scene.ask(scene.cast.bob, scene.hall);
  await scene.ask(scene.cast.bob, scene.den);
  assert.equal(await scene.close(scene.cast.bob), 0);
  assert.deepEqual(await scene.statuses(), ["approved", "pending"]);
});

Deno.test("what Bob has reserved is cancelled where Ada says so; what is over, and what others have, is not", async () => {
  await using scene = await house();
  const { cast } = scene;
  const before = NOW.subtract({ hours: 72 });
  await scene.ask(cast.bob, scene.hall, "2026-05-02", before);
  await scene.ask(cast.bob, scene.hall);
  await scene.ask(cast.bob, scene.den);
  await scene.ask(cast.alice, scene.hall, "2026-05-06");
  assert.equal(await scene.close(cast.bob, "cancel", cast.ada, "Has left"), 2);
  assert.deepEqual(await scene.statuses(), ["approved", "cancelled", "cancelled", "approved"]);
  const rows = await scene.sql<{ reason: string }[]>`
    select details ->> 'reason' as reason from history where action = 'cancel'`;
  assert.deepEqual(rows.map(({ reason }) => reason), ["Has left", "Has left"]);
  await assertSound(scene.sql);
});

Deno.test("their time is free for others at once", async () => {
  await using scene = await house();
  await scene.ask(scene.cast.bob, scene.hall);
  await scene.close(scene.cast.bob, "cancel");
  assert.equal((await scene.ask(scene.cast.alice, scene.hall)).status, "approved");
});

Deno.test("what Bob asks for at the same moment is cancelled with the rest or comes after, and nothing breaks", async () => {
  await using scene = await house();
  const days = Array.from({ length: 20 }, (_, i) => `2026-05-${String(i + 5).padStart(2, "0")}`);
  const asked = days.map((day) => scene.ask(scene.cast.bob, scene.hall, day));
  const [closed, ...answers] = await Promise.allSettled([scene.close(scene.cast.bob, "cancel"), ...asked]);
  assert.equal(closed.status, "fulfilled");
  assert.deepEqual(answers.filter(({ status }) => status === "rejected"), []);
  await assertSound(scene.sql);
});

Deno.test("the last administrator's account stays open", async () => {
  await using scene = await house();
  await assert.rejects(
    scene.close(scene.cast.ada),
    new Conflict("The site needs an administrator: make somebody else one first"),
  );
  assert.equal((await getUser(scene.sql, scene.cast.ada.id)).disabled_at, null);
});

const RIVALS: [
  what: string,
  work: (scene: Awaited<ReturnType<typeof house>>, by: Actor, whom: Actor) => Promise<unknown>,
][] = [
  ["close each other's accounts", (scene, by, whom) => scene.close(whom, "keep", by)],
  ["close their own accounts", (scene, by) => scene.close(by, "keep", by)],
  [
    "close the other's account or lower the other",
    (scene, by, whom) =>
      by.name.startsWith("Ada")
        ? scene.close(whom, "keep", by)
        : changeRole(scene.sql, by, { id: whom.id, role: "user" }, NOW),
  ],
];
for (const [what, work] of RIVALS) {
  Deno.test(`of two administrators who ${what} at once, one stays, ten times`, async () => {
    await using scene = await house();
    const { ada, sue } = scene.cast;
    const second = { ...sue, role: "admin" as const };
    for (let round = 0; round < 10; round++) {
      await scene.sql`update users set role = 'admin', disabled_at = null where id = any(${[
        ada.id,
        sue.id,
      ]})`;
      const both = await Promise.allSettled([work(scene, ada, second), work(scene, second, ada)]);
      const errors = both.flatMap((one) => one.status === "rejected" ? [one.reason.name] : []);
      assert.deepEqual([errors, await admins(scene)], [["Conflict"], 1]);
    }
  });
}

for (const who of ["bob", "sam"] as const) {
  Deno.test(`${who}, who does not administer, closes and opens nobody's account`, async () => {
    await using scene = await house();
    const { sql, cast } = scene;
    await assert.rejects(scene.close(cast.alice, "keep", cast[who]), Forbidden);
    await assert.rejects(reactivateUser(sql, cast[who], cast.alice.id, NOW), Forbidden);
  });
}

Deno.test("nobody's account is closed under an id that there is not", async () => {
  await using scene = await house();
  await assert.rejects(scene.close({ ...scene.cast.bob, id: crypto.randomUUID() }), NotFound);
  await assert.rejects(scene.close({ ...scene.cast.bob, id: "' or true --" }), NotFound);
});
