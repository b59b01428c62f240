import assert from "node:assert/strict";
import { createReset, getReset, resetPassword } from "../../domain/auth/resets.ts";
import { checkPassword } from "../../domain/auth/passwords.ts";
import { beginSession, findIdentity } from "../../domain/auth/sessions.ts";
import { Conflict, Forbidden, Invalid, NotFound } from "../../domain/errors.ts";
import { deactivateUser } from "../../domain/accounts.ts";
import { stopHashing } from "../../lib/passwords.ts";
import { makeCast, NOW, PASSWORD } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";

const NEW = "staple correct horse";
const later = (hours: number) => NOW.add({ minutes: hours * 60 });

/** A house in which Ada has made a link for Bob. */
async function house() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const { token, expires_at } = await createReset(sql, cast.ada, cast.bob.id, NOW);
  return {
    ...database,
    cast,
    token,
    expires_at,
    reset: (now = NOW, password = NEW, by = token) =>
      resetPassword(sql, { token: by, password, request_id: "request-7" }, now),
    signsIn: async (password: string) =>
      Boolean(await checkPassword(sql, { email: cast.bob.email, password })),
    async [Symbol.asyncDispose]() {
      stopHashing();
      await database[Symbol.asyncDispose]();
    },
  };
}

Deno.test("Bob sets a new password by the link, and the old one is good no more", async () => {
  await using scene = await house();
  assert.equal((await getReset(scene.sql, scene.token, NOW)).email, "bob@holdfast.test");
  await scene.reset();
  assert.deepEqual([await scene.signsIn(NEW), await scene.signsIn(PASSWORD)], [true, false]);
});

Deno.test("every session of Bob's ends with it, and nobody else's", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  const begin = (user_id: string) => beginSession(sql, { user_id, kind: "browser", device: "" }, NOW);
  const [bobs, alices] = [await begin(cast.bob.id), await begin(cast.alice.id)];
  await scene.reset();
  assert.equal(await findIdentity(sql, bobs.session_id, "UTC"), undefined);
  assert.equal((await findIdentity(sql, alices.session_id, "UTC"))?.name, "Alice Asker");
});

Deno.test("a link is good once", async () => {
  await using scene = await house();
  await scene.reset();
  await assert.rejects(scene.reset(NOW, "another correct horse"), NotFound);
  await assert.rejects(getReset(scene.sql, scene.token, NOW), NotFound);
  assert.equal(await scene.signsIn(NEW), true);
});

Deno.test("of five who use a link at once, one sets the password", async () => {
  await using scene = await house();
  const tries = await Promise.allSettled([1, 2, 3, 4, 5].map((n) => scene.reset(NOW, `${NEW} ${n}`)));
  assert.deepEqual(tries.map(({ status }) => status).toSorted(), ["fulfilled", ...Array(4).fill("rejected")]);
  const used = await scene.sql`select from history where action = 'reset_password'`;
  assert.equal(used.length, 1);
});

Deno.test("a link is good for a day, to the second", async () => {
  await using scene = await house();
  assert.equal(`${scene.expires_at}`, `${later(24)}`);
  await assert.rejects(scene.reset(later(24)), NotFound);
  await scene.reset(later(24).subtract({ seconds: 1 }));
});

Deno.test("a new link takes the place of the one before", async () => {
  await using scene = await house();
  const second = await createReset(scene.sql, scene.cast.ada, scene.cast.bob.id, later(1));
  await assert.rejects(scene.reset(later(2)), NotFound);
  await scene.reset(later(2), NEW, second.token);
});

Deno.test("only the hash of a link is in the database", async () => {
  await using scene = await house();
  await scene.reset();
  const rows = await scene.sql`
    select to_jsonb(p)::text as text from password_resets p union all select to_jsonb(h)::text from history h`;
  const text = rows.map((row) => row.text).join();
  assert(text.includes("token_hash") && text.includes("reset_password"));
  for (const secret of [scene.token, NEW, "argon2"]) assert(!text.includes(secret));
});

Deno.test("the making of a link and its use are on record, by whom and in which request", async () => {
  await using scene = await house();
  await scene.reset();
  const rows = await scene.sql<{ name: string; action: string; subject_name: string; request_id: string }[]>`
    select u.name, h.action, h.subject_name, h.request_id from history h join users u on u.id = h.actor_id
    order by h.id`;
  assert.deepEqual(rows.map((row) => Object.values(row)), [
    ["Ada Admin", "reset_link", "Bob Booker", null],
    ["Bob Booker", "reset_password", "Bob Booker", "request-7"],
  ]);
});

Deno.test("a closed account has no link, and the one that it had is good no more", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  await deactivateUser(sql, cast.ada, { id: cast.bob.id, future: "keep", reason: "" }, NOW);
  await assert.rejects(scene.reset(), NotFound);
  await assert.rejects(
    createReset(sql, cast.ada, cast.bob.id, NOW),
    new Conflict("Bob Booker's account is closed: open it again first"),
  );
});

Deno.test("Bob does not make his address his password, and the link stays good", async () => {
  await using scene = await house();
  await assert.rejects(scene.reset(NOW, "my bob@holdfast.test"), Invalid);
  await scene.reset();
});

for (const who of ["bob", "sam"] as const) {
  Deno.test(`${who}, who does not administer, makes no link`, async () => {
    await using scene = await house();
    await assert.rejects(createReset(scene.sql, scene.cast[who], scene.cast.bob.id, NOW), Forbidden);
  });
}

for (const token of ["", "x", "\0", "' or true --", "é".repeat(5000)]) {
  Deno.test(`“${token.slice(0, 12).replace("\0", "␀")}” is no link`, async () => {
    await using scene = await house();
    await assert.rejects(scene.reset(NOW, NEW, token), NotFound);
  });
}
