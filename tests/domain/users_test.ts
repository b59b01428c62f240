import assert from "node:assert/strict";
import { checkPassword } from "../../domain/auth/passwords.ts";
import { Conflict, Forbidden, Invalid, NotFound } from "../../domain/errors.ts";
import type { Actor, Role } from "../../domain/permissions.ts";
import { changeRole } from "../../domain/accounts.ts";
import { changeProfile, Profile } from "../../domain/profiles.ts";
import {
  Email,
  getUser,
  isSetUp,
  listUsers,
  NewUser,
  Password,
  register,
  setUp,
} from "../../domain/users.ts";
import { stopHashing } from "../../lib/passwords.ts";
import { type Cast, makeCast, makeCrowd, NOW } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";

const CAROL = NewUser.parse({
  email: "Carol@Holdfast.test",
  name: "Carol",
  password: "staple correct horse",
});

/** A house, with the cast in it unless it is to stand empty. */
async function house({ empty = false } = {}) {
  const database = await testDatabase();
  const cast = empty ? {} as Cast : await makeCast(database.sql);
  return {
    ...database,
    cast,
    async [Symbol.asyncDispose]() {
      stopHashing();
      await database[Symbol.asyncDispose]();
    },
  };
}
type House = Awaited<ReturnType<typeof house>>;

async function adminsOf({ sql }: House): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`select name from users where role = 'admin' order by name`;
  return rows.map((row) => row.name);
}

const give = ({ sql }: House, actor: Actor, to: Actor, role: Role) =>
  changeRole(sql, actor, { id: to.id, role }, NOW);

async function refused(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error.message;
}

/** What a schema has against a value. */
const against = (
  schema: { safeParse(v: unknown): { error?: { issues: { message: string }[] } } },
  value: unknown,
) => schema.safeParse(value).error?.issues[0].message;

Deno.test("Carol registers as a user, who may sign in", async () => {
  await using scene = await house();
  const carol = await register(scene.sql, CAROL, NOW);
  assert.deepEqual([carol.email, carol.name, carol.role, `${carol.created_at}`], [
    "carol@holdfast.test",
    "Carol",
    "user",
    `${NOW}`,
  ]);
  assert.deepEqual(await checkPassword(scene.sql, CAROL), { id: carol.id });
});

Deno.test("an account that is handed out says nothing of the password", async () => {
  await using scene = await house();
  const carol = await register(scene.sql, CAROL, NOW);
  assert.deepEqual(Object.keys(carol).filter((key) => /pass|hash/.test(key)), []);
});

Deno.test("Carol's password is not in the database", async () => {
  await using scene = await house();
  await register(scene.sql, CAROL, NOW);
  assert(!JSON.stringify(await scene.sql`select * from users`).includes(CAROL.password));
});

Deno.test("an address that has an account does not get another, however it is written", async () => {
  await using scene = await house();
  await register(scene.sql, CAROL, NOW);
  const again = NewUser.parse({ ...CAROL, email: " CAROL@holdfast.TEST " });
  assert.equal(await refused(register(scene.sql, again, NOW)), "This e-mail address already has an account");
});

Deno.test("of two who register the same address at once, one gets the account", async () => {
  await using scene = await house();
  const both = await Promise.allSettled([register(scene.sql, CAROL, NOW), register(scene.sql, CAROL, NOW)]);
  const errors = both.flatMap((one) => one.status === "rejected" ? [one.reason] : []);
  assert.deepEqual([errors.length, errors[0] instanceof Conflict], [1, true]);
});

Deno.test("Carol does not make her address her password", async () => {
  await using scene = await house();
  const typed = { ...CAROL, password: "My-Carol@Holdfast.test" };
  await assert.rejects(register(scene.sql, typed, NOW), Invalid);
});

Deno.test("an empty house gets its first administrator", async () => {
  await using scene = await house({ empty: true });
  assert.equal(await isSetUp(scene.sql), false);
  assert.equal((await setUp(scene.sql, CAROL, NOW))?.role, "admin");
  assert.equal(await isSetUp(scene.sql), true);
});

Deno.test("a house that has an administrator is not set up again", async () => {
  await using scene = await house();
  assert.equal(await setUp(scene.sql, CAROL, NOW), undefined);
  assert.deepEqual(await adminsOf(scene), ["Ada Admin"]);
});

Deno.test("of five servers that set an empty house up at once, one makes the administrator", async () => {
  await using scene = await house({ empty: true });
  const five = [1, 2, 3, 4, 5].map((n) =>
    setUp(scene.sql, { ...CAROL, email: `admin${n}@holdfast.test` }, NOW)
  );
  assert.equal((await Promise.all(five)).filter(Boolean).length, 1);
  assert.equal((await adminsOf(scene)).length, 1);
});

Deno.test("Ada makes Bob staff", async () => {
  await using scene = await house();
  assert.equal((await give(scene, scene.cast.ada, scene.cast.bob, "staff")).role, "staff");
});

for (const who of ["bob", "sam"] as const) {
  Deno.test(`${who}, who does not administer, gives nobody a role`, async () => {
    await using scene = await house();
    await assert.rejects(give(scene, scene.cast[who], scene.cast[who], "admin"), Forbidden);
    assert.deepEqual(await adminsOf(scene), ["Ada Admin"]);
  });
}

Deno.test("Ada, the last administrator, stays one", async () => {
  await using scene = await house();
  assert.equal(
    await refused(give(scene, scene.cast.ada, scene.cast.ada, "user")),
    "The site needs an administrator: make somebody else one first",
  );
  assert.deepEqual(await adminsOf(scene), ["Ada Admin"]);
});

Deno.test("Ada stays the last administrator where the other one is disabled", async () => {
  await using scene = await house();
  await give(scene, scene.cast.ada, scene.cast.sue, "admin");
  await scene.sql`update users set disabled_at = ${NOW} where id = ${scene.cast.sue.id}`;
  await refused(give(scene, scene.cast.ada, scene.cast.ada, "staff"));
});

Deno.test("Ada hands the house over to Sue", async () => {
  await using scene = await house();
  await give(scene, scene.cast.ada, scene.cast.sue, "admin");
  await give(scene, scene.cast.ada, scene.cast.ada, "user");
  assert.deepEqual(await adminsOf(scene), ["Sue Settles"]);
});

Deno.test("of two administrators who lower each other at once, one stays, twenty times", async () => {
  await using scene = await house();
  const { ada, sue } = scene.cast;
  for (let round = 0; round < 20; round++) {
    await scene.sql`update users set role = 'admin' where id in ${scene.sql([ada.id, sue.id])}`;
    const admin = { ...sue, role: "admin" as const };
    const both = await Promise.allSettled([give(scene, ada, sue, "user"), give(scene, admin, ada, "user")]);
    const errors = both.flatMap((one) => one.status === "rejected" ? [one.reason.name] : []);
    assert.deepEqual([errors, (await adminsOf(scene)).length], [["Conflict"], 1]);
  }
});

Deno.test("Ada finds nobody under an id that there is not", async () => {
  await using scene = await house();
  const asked = { id: crypto.randomUUID(), role: "staff" as const };
  await assert.rejects(changeRole(scene.sql, scene.cast.ada, asked, NOW), NotFound);
});

Deno.test("nobody is found under what is no id", async () => {
  await using scene = await house();
  await assert.rejects(getUser(scene.sql, "' or true --"), NotFound);
});

Deno.test("Alice changes her name and her zone", async () => {
  await using scene = await house();
  await changeProfile(scene.sql, scene.cast.alice, { name: "Alice Q.", time_zone: "Asia/Tokyo" }, NOW);
  const { name, time_zone } = await getUser(scene.sql, scene.cast.alice.id);
  assert.deepEqual([name, time_zone], ["Alice Q.", "Asia/Tokyo"]);
});

Deno.test("Alice, who chooses no zone, goes back to that of the site", async () => {
  await using scene = await house();
  await changeProfile(scene.sql, scene.cast.alice, { name: "Alice", time_zone: "Asia/Tokyo" }, NOW);
  await changeProfile(scene.sql, scene.cast.alice, { name: "Alice", time_zone: "" }, NOW);
  assert.equal((await getUser(scene.sql, scene.cast.alice.id)).time_zone, null);
});

Deno.test("Alice's change leaves Bob as he is", async () => {
  await using scene = await house();
  await changeProfile(scene.sql, scene.cast.alice, { name: "Alice Q.", time_zone: "" }, NOW);
  assert.equal((await getUser(scene.sql, scene.cast.bob.id)).name, "Bob Booker");
});

Deno.test("Ada lists people by name", async () => {
  await using scene = await house();
  const people = await listUsers(scene.sql, scene.cast.ada, { limit: 3 });
  assert.deepEqual(people.map((p) => p.name), ["Ada Admin", "Alice Asker", "Bob Booker", "Mallory Outside"]);
});

Deno.test("Ada pages through everybody, each of them once, also where names are alike", async () => {
  await using scene = await house();
  await makeCrowd(scene.sql, 12);
  await scene.sql`update users set name = 'Alex' where email like 'person%'`;
  const seen: string[] = [];
  let after: { name: string; id: string } | undefined;
  do {
    const people = await listUsers(scene.sql, scene.cast.ada, { limit: 5, after });
    seen.push(...people.slice(0, 5).map((p) => p.id));
    after = people.length > 5 ? { name: people[4].name.toLowerCase(), id: people[4].id } : undefined;
  } while (after);
  assert.deepEqual([seen.length, new Set(seen).size], [18, 18]);
});

const SOUGHT: [q: string, names: string[]][] = [
  ["alice", ["Alice Asker"]],
  ["SETTLES", ["Sue Settles"]],
  ["mallory@", ["Mallory Outside"]],
  ["%", []],
  ["_", []],
  ["\\", []],
];
for (const [q, names] of SOUGHT) {
  Deno.test(`Ada who looks for “${q}” finds ${names.join() || "nobody"}`, async () => {
    await using scene = await house();
    const found = await listUsers(scene.sql, scene.cast.ada, { q, limit: 10 });
    assert.deepEqual(found.map((p) => p.name), names);
  });
}

Deno.test("Sam, who is staff, may not list people", async () => {
  await using scene = await house();
  await assert.rejects(async () => await listUsers(scene.sql, scene.cast.sam, { limit: 10 }), Forbidden);
});

const PASSWORDS: [password: unknown, said: string | undefined][] = [
  ["ten letter", undefined],
  ["nine char", "Use at least 10 characters"],
  ["x".repeat(196) + "abcd", undefined],
  ["x".repeat(197) + "abcd", "Use at most 200 characters"],
  ["abcabcabcabc", "Use more different characters"],
  [
    "Password1234",
    "Others would try this early: put a few words together that have nothing to do with each other",
  ],
  [
    "holdfast2026!",
    "Others would try this early: put a few words together that have nothing to do with each other",
  ],
  ["correct\0horse", "Use other characters"],
  [undefined, "Give a password"],
];
for (const [password, said] of PASSWORDS) {
  const shown = `${password}`.replace("\0", "␀").replace(/x{9,}/, "x…x");
  Deno.test(`the password “${shown}” is ${said ? `refused: ${said}` : "good"}`, () => {
    assert.equal(against(Password, password), said);
  });
}

for (
  const email of ["ada", "ada@", "@example.org", "a da@example.org", "", `${"a".repeat(250)}@example.org`]
) {
  Deno.test(`“${email.replace(/a{9,}/, "a…a")}” is no address`, () => assert(against(Email, email)));
}

Deno.test("an address is kept in lower case, without the blanks around it", () => {
  assert.equal(Email.parse("  Ada@Example.ORG "), "ada@example.org");
});

Deno.test("a zone that there is not cannot be chosen", () => {
  assert.equal(
    against(Profile, { name: "Alice", time_zone: "Mars/Olympus" }),
    "Choose a time zone from the list",
  );
});
