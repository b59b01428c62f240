import assert from "node:assert/strict";
import { Secret, TOTP } from "otpauth";
import {
  beginSecondFactor,
  confirmSecondFactor,
  endSecondFactor,
  findEnrolment,
  findSecondFactor,
  passSecondFactor,
  renewBackupCodes,
  sealAnew,
  takeSecondFactor,
} from "../../domain/auth/second_factor.ts";
import { beginSession, findIdentity } from "../../domain/auth/sessions.ts";
import { Conflict, Forbidden, Invalid } from "../../domain/errors.ts";
import { stopHashing } from "../../lib/passwords.ts";
import { makeCast, NOW, PASSWORD } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";

const key = "what second factors are sealed with in here";
const SITE = "Holdfast test";
const later = (seconds: number) => NOW.add({ seconds });

/** A house in which Bob has set a second factor up, at the first second of its half minute. */
async function bobsHouse() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const { session_id } = await beginSession(sql, { user_id: cast.bob.id, kind: "browser", device: "" }, NOW);
  await beginSecondFactor(sql, cast.bob, { password: PASSWORD, key }, NOW);
  const { secret, address } = (await findEnrolment(sql, cast.bob, { key, site: SITE }))!;
  /** What Bob's app shows: of a library's other half, by RFC 6238. */
  const shown = (at: Temporal.Instant) =>
    new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: at.epochMilliseconds });
  const codes = await confirmSecondFactor(sql, cast.bob, { code: shown(NOW), key, session_id }, NOW);
  const pass = (code: string, now: Temporal.Instant) =>
    passSecondFactor(sql, { user_id: cast.bob.id, code, key }, now);
  return {
    ...{ sql, cast, session_id, secret, address, shown, codes, pass },
    async [Symbol.asyncDispose]() {
      stopHashing();
      await database[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a code by the clock is good while it is shown, and once", async (t) => {
  await using house = await bobsHouse();
  const { pass, shown } = house;
  await t.step(
    "not the one that turned it on",
    async () => assert.equal(await pass(shown(NOW), later(5)), false),
  );
  await t.step("the next one is", async () => assert.equal(await pass(shown(later(30)), later(30)), true));
  await t.step("not a second time", async () => assert.equal(await pass(shown(later(30)), later(59)), false));
  await t.step("not the one of half a minute ago", async () => {
    assert.equal(await pass(shown(later(60)), later(90)), false);
  });
  await t.step(
    "not the one that comes",
    async () => assert.equal(await pass(shown(later(150)), later(149)), false),
  );
  await t.step("with blanks, as apps show it", async () => {
    const code = shown(later(180)).replace(/^.../, "$& ");
    assert.equal(await pass(` ${code} `, later(209)), true);
  });
  for (
    const wrong of [
      "",
      "12345",
      "1234567",
      "abcdef",
      "\0",
      shown(later(240)).replace(/./, (d) => `${9 - +d}`),
    ]
  ) {
    await t.step(
      `not “${wrong.replace("\0", "␀")}”`,
      async () => assert.equal(await pass(wrong, later(240)), false),
    );
  }
});

Deno.test("of twenty who give the same code at once, one is let in", async () => {
  await using house = await bobsHouse();
  const code = house.shown(later(30));
  const passed = await Promise.all(Array.from({ length: 20 }, () => house.pass(code, later(31))));
  assert.equal(passed.filter(Boolean).length, 1);
});

Deno.test("each of ten codes to fall back on is good once, and each use is on record", async (t) => {
  await using house = await bobsHouse();
  const { sql, cast, pass, codes } = house;
  await t.step("there are ten, all different, of 120 bits", () => {
    assert.equal(new Set(codes).size, 10);
    for (const code of codes) assert.match(code, /^([a-z1-9]{4}-){5}[a-z1-9]{4}$/);
  });
  await t.step("one is good, however it is typed", async () => {
    assert.equal(await pass(codes[0].toUpperCase().replaceAll("-", " "), NOW), true);
  });
  await t.step("not twice", async () => assert.equal(await pass(codes[0], NOW), false));
  await t.step("the others are", async () => {
    for (const code of codes.slice(1)) assert.equal(await pass(code, NOW), true);
    assert.equal((await findSecondFactor(sql, cast.bob.id))?.backup_codes, 0);
  });
  await t.step("each is on record", async () => {
    const rows = await sql`select details from history where action = 'backup_code' order by id`;
    assert.deepEqual(rows.map(({ details }) => details.left), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  });
});

Deno.test("of twenty who give the same code to fall back on at once, one is let in", async () => {
  await using house = await bobsHouse();
  const passed = await Promise.all(Array.from({ length: 20 }, () => house.pass(house.codes[3], NOW)));
  assert.equal(passed.filter(Boolean).length, 1);
});

Deno.test("neither the secret nor a code to fall back on can be read in the database or in the record", async () => {
  await using house = await bobsHouse();
  const { sql, secret, codes } = house;
  const rows = await sql`
    select f::text as text from second_factors f union all select h::text from history h`;
  const all = rows.map(({ text }) => text).join("\n");
  const raw = Uint8Array.from(Secret.fromBase32(secret).bytes).toHex();
  for (const hidden of [secret, new TextEncoder().encode(secret).toHex(), raw, ...codes]) {
    assert(!all.includes(hidden) && !all.includes(hidden.replaceAll("-", "")));
  }
  assert(all.length > 200);
});

Deno.test("Bob turns it on and off with his other sessions ending, and both are on record", async () => {
  await using house = await bobsHouse();
  const { sql, cast, shown } = house;
  const signIn = async () =>
    (await beginSession(sql, { user_id: cast.bob.id, kind: "browser", device: "" }, NOW)).session_id;
  const lives = async (id: string) => Boolean(await findIdentity(sql, id, "UTC"));
  const [here, there] = [await signIn(), await signIn()];
  const proof = { confirm: PASSWORD, code: shown(later(30)), key, session_id: here };
  await endSecondFactor(sql, cast.bob, proof, later(30));
  assert.deepEqual([await lives(here), await lives(there), await findSecondFactor(sql, cast.bob.id)], [
    true,
    false,
    undefined,
  ]);
  const rows = await sql`select action from history where action like 'second_factor%' order by id`;
  assert.deepEqual(rows.map(({ action }) => action), ["second_factor_on", "second_factor_off"]);
});

Deno.test("whoever lacks the password or the code changes nothing of Bob's second factor", async (t) => {
  await using house = await bobsHouse();
  const { sql, cast, shown, session_id, codes, pass } = house;
  const wrong = [["a guess of hers", shown(later(30))], [PASSWORD, "000000"], [PASSWORD, ""]];
  for (const [confirm, code] of wrong) {
    const proof = { confirm, code, key, session_id };
    await t.step(`${confirm}, ${code || "no code"}`, async () => {
      await assert.rejects(endSecondFactor(sql, cast.bob, proof, later(30)), Invalid);
      await assert.rejects(renewBackupCodes(sql, cast.bob, proof, later(30)), Invalid);
    });
  }
  await t.step("and none begins another over it", async () => {
    await assert.rejects(beginSecondFactor(sql, cast.bob, { password: PASSWORD, key }, NOW), Conflict);
  });
  await t.step("what Bob has is good", async () => assert.equal(await pass(codes[0], later(30)), true));
});

Deno.test("new codes to fall back on take the place of all from before", async () => {
  await using house = await bobsHouse();
  const { sql, cast, shown, codes, pass } = house;
  const fresh = await renewBackupCodes(
    sql,
    cast.bob,
    { confirm: PASSWORD, code: shown(later(30)), key },
    later(30),
  );
  assert.deepEqual([fresh.length, await pass(codes[0], NOW), await pass(fresh[0], NOW)], [10, false, true]);
});

Deno.test("while it is being set up nothing is asked for, and a wrong code does not turn it on", async () => {
  await using house = await bobsHouse();
  const { sql, cast } = house;
  await assert.rejects(
    beginSecondFactor(sql, cast.alice, { password: "a guess of hers", key }, NOW),
    Invalid,
  );
  await assert.rejects(
    confirmSecondFactor(sql, cast.alice, { code: "000000", key, session_id: "" }, NOW),
    Conflict,
  );
  await beginSecondFactor(sql, cast.alice, { password: PASSWORD, key }, NOW);
  const first = await findEnrolment(sql, cast.alice, { key, site: SITE });
  const shown = new TOTP({ secret: Secret.fromBase32(first!.secret) }).generate({
    timestamp: NOW.epochMilliseconds,
  });
  const wrong = { code: shown.replace(/./, (d) => `${9 - +d}`), key, session_id: "" };
  await assert.rejects(confirmSecondFactor(sql, cast.alice, wrong, NOW), Invalid);
  assert.equal((await findSecondFactor(sql, cast.alice.id))?.confirmed_at, null);
  // Begun anew, the key from before makes no codes.
  await beginSecondFactor(sql, cast.alice, { password: PASSWORD, key }, NOW);
  await assert.rejects(confirmSecondFactor(sql, cast.alice, { ...wrong, code: shown }, NOW), Invalid);
});

Deno.test("an app is told whose it is and by which rules", async () => {
  await using house = await bobsHouse();
  const { protocol, host, pathname, searchParams } = new URL(house.address);
  assert.deepEqual([protocol, host, decodeURIComponent(pathname)], [
    "otpauth:",
    "totp",
    `/${SITE}:bob@holdfast.test`,
  ]);
  assert.deepEqual(Object.fromEntries(searchParams), {
    ...{ issuer: SITE, secret: house.secret, algorithm: "SHA1", digits: "6", period: "30" },
  });
});

Deno.test("Ada takes Bob's second factor away, who is signed out by it; nobody else may, and not her own", async () => {
  await using house = await bobsHouse();
  const { sql, cast, session_id } = house;
  await assert.rejects(takeSecondFactor(sql, cast.sam, cast.bob.id, NOW), Forbidden);
  await assert.rejects(takeSecondFactor(sql, cast.ada, cast.ada.id, NOW), Conflict);
  assert.equal(await takeSecondFactor(sql, cast.ada, cast.bob.id, NOW), true);
  assert.equal(await takeSecondFactor(sql, cast.ada, cast.bob.id, NOW), false);
  assert.equal(await findSecondFactor(sql, cast.bob.id), undefined);
  assert.equal(await findIdentity(sql, session_id, "UTC"), undefined);
  const [{ actor_id, subject_id }] = await sql`
    select actor_id, subject_id from history where action = 'second_factor_off'`;
  assert.deepEqual([actor_id, subject_id], [cast.ada.id, cast.bob.id]);
});

Deno.test("a key that is replaced is needed no more once the secrets are sealed anew", async (t) => {
  await using house = await bobsHouse();
  const { sql, cast, shown } = house;
  const next = "the key that takes the place of the first one";
  const pass = (key: string, now: Temporal.Instant) =>
    passSecondFactor(sql, { user_id: cast.bob.id, code: shown(now), key }, now);
  await t.step("the new one alone does not do", async () => assert.equal(await pass(next, later(30)), false));
  await t.step("with both it does", async () => assert.equal(await pass(`${next}|${key}`, later(60)), true));
  await t.step("sealed anew, the new one does", async () => {
    assert.equal(await sealAnew(sql, `${next}|${key}`), 1);
    assert.equal(await pass(next, later(90)), true);
  });
  await t.step("nothing is left to be sealed", async () => assert.equal(await sealAnew(sql, next), 0));
});
