import assert from "node:assert/strict";
import { argon2id } from "hash-wasm";
import { checkPassword } from "../../domain/auth/passwords.ts";
import {
  beginSession,
  endOwnSession,
  endSession,
  findIdentity,
  listSessions,
  REFRESH_SECONDS,
  rotate,
  type SessionKind,
} from "../../domain/auth/sessions.ts";
import { Invalid, NotFound } from "../../domain/errors.ts";
import { changePassword } from "../../domain/profiles.ts";
import { stopHashing } from "../../lib/passwords.ts";
import { makeCast, NOW, PASSWORD } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";

const EMAIL = "alice@holdfast.test";
const later = (seconds: number) => NOW.add({ seconds });

/** Alice, who signs in on as many devices as she likes. */
async function alicesHouse() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  return {
    ...database,
    cast,
    begin: (kind: SessionKind = "browser", now = NOW, device = "Firefox on Linux") =>
      beginSession(sql, { user_id: cast.alice.id, kind, device }, now),
    rotate: (token: string, now = later(60)) => rotate(sql, token, now),
    lives: async (session_id: string) => Boolean(await findIdentity(sql, session_id, "UTC")),
    async [Symbol.asyncDispose]() {
      stopHashing();
      await database[Symbol.asyncDispose]();
    },
  };
}

Deno.test("Alice signs in with her address and password", async () => {
  await using house = await alicesHouse();
  const found = await checkPassword(house.sql, { email: EMAIL, password: PASSWORD });
  assert.deepEqual(found, { id: house.cast.alice.id });
});

const WRONG: [string, { email: string; password: string }][] = [
  ["a wrong password", { email: EMAIL, password: "correct horse batterx" }],
  ["no password", { email: EMAIL, password: "" }],
  ["an unknown address", { email: "nobody@holdfast.test", password: PASSWORD }],
  ["an address that cannot be stored", { email: "a\0lice@holdfast.test", password: PASSWORD }],
];
for (const [what, typed] of WRONG) {
  Deno.test(`nobody signs in with ${what}`, async () => {
    await using house = await alicesHouse();
    assert.equal(await checkPassword(house.sql, typed), undefined);
  });
}

Deno.test("Alice, whose account is disabled, does not sign in", async () => {
  await using house = await alicesHouse();
  await house.sql`update users set disabled_at = ${NOW} where email = ${EMAIL}`;
  assert.equal(await checkPassword(house.sql, { email: EMAIL, password: PASSWORD }), undefined);
});

Deno.test("a session belongs to Alice, in the zone that she chose", async () => {
  await using house = await alicesHouse();
  await house.sql`update users set time_zone = 'America/Toronto' where email = ${EMAIL}`;
  const { session_id } = await house.begin();
  assert.deepEqual(await findIdentity(house.sql, session_id, "Europe/Berlin"), {
    ...house.cast.alice,
    time_zone: "America/Toronto",
    second_factor: false,
  });
});

Deno.test("Alice, who chose no zone, has that of the site", async () => {
  await using house = await alicesHouse();
  const { session_id } = await house.begin();
  assert.equal((await findIdentity(house.sql, session_id, "Asia/Tokyo"))?.time_zone, "Asia/Tokyo");
});

Deno.test("a session of Alice's is nobody's once her account is disabled", async () => {
  await using house = await alicesHouse();
  const { session_id } = await house.begin();
  await house.sql`update users set disabled_at = ${NOW} where email = ${EMAIL}`;
  assert.equal(await house.lives(session_id), false);
});

Deno.test("the token of a session is not kept in the database, only its hash", async () => {
  await using house = await alicesHouse();
  const { refresh_token } = await house.begin();
  const [, secret] = refresh_token.split(".");
  assert(secret.length >= 43, "256 random bits are 43 letters");
  assert(!JSON.stringify(await house.sql`select * from sessions`).includes(secret));
});

Deno.test("a token renews its session once, and a new one takes its place", async () => {
  await using house = await alicesHouse();
  const { refresh_token, session_id } = await house.begin();
  const renewed = await house.rotate(refresh_token);
  assert.deepEqual([renewed?.session_id, renewed?.rotated], [session_id, true]);
  assert.notEqual(renewed?.refresh_token, refresh_token);
});

Deno.test("each new token renews the session again", async () => {
  await using house = await alicesHouse();
  let { refresh_token } = await house.begin("api");
  for (let i = 1; i <= 5; i++) {
    const renewed = await house.rotate(refresh_token, later(i));
    assert(renewed?.rotated);
    refresh_token = renewed.refresh_token;
  }
});

for (const kind of ["browser", "api"] as const) {
  Deno.test(`a spent token of the ${kind} that comes again after half a minute ends the family`, async () => {
    await using house = await alicesHouse();
    const { refresh_token, session_id } = await house.begin(kind);
    const renewed = await house.rotate(refresh_token, later(60));
    assert.equal(await house.rotate(refresh_token, later(60 + 30)), undefined);
    assert.deepEqual([
      await house.lives(session_id),
      await house.rotate(renewed!.refresh_token, later(91)),
    ], [
      false,
      undefined,
    ]);
  });
}

Deno.test("a browser's last token is let pass for half a minute, without a new one", async () => {
  await using house = await alicesHouse();
  const { refresh_token, session_id, user_id } = await house.begin();
  await house.rotate(refresh_token, later(60));
  const again = await house.rotate(refresh_token, later(60 + 29));
  assert.deepEqual(again, { session_id, user_id, refresh_token, rotated: false });
});

Deno.test("a program's last token is not let pass, however soon it comes again", async () => {
  await using house = await alicesHouse();
  const { refresh_token, session_id } = await house.begin("api");
  await house.rotate(refresh_token, later(60));
  assert.equal(await house.rotate(refresh_token, later(60)), undefined);
  assert.equal(await house.lives(session_id), false);
});

Deno.test("the token before a browser's last ends the family, however soon it comes again", async () => {
  await using house = await alicesHouse();
  const { refresh_token, session_id } = await house.begin();
  const second = await house.rotate(refresh_token, later(1));
  await house.rotate(second!.refresh_token, later(2));
  assert.equal(await house.rotate(refresh_token, later(3)), undefined);
  assert.equal(await house.lives(session_id), false);
});

Deno.test("of ten tabs that renew at once, one gets a new token and none is signed out", async () => {
  await using house = await alicesHouse();
  const { refresh_token, session_id } = await house.begin();
  const tabs = await Promise.all(Array.from({ length: 10 }, () => house.rotate(refresh_token)));
  assert.deepEqual(tabs.filter((tab) => tab?.rotated).length, 1);
  assert(tabs.every(Boolean));
  assert.equal(await house.lives(session_id), true);
});

Deno.test("a token is good until the second before a week is over", async () => {
  await using house = await alicesHouse();
  const { refresh_token } = await house.begin();
  assert((await house.rotate(refresh_token, later(REFRESH_SECONDS - 1)))?.rotated);
});

Deno.test("a token that was not used for a week is good no more", async () => {
  await using house = await alicesHouse();
  const { refresh_token } = await house.begin();
  assert.equal(await house.rotate(refresh_token, later(REFRESH_SECONDS)), undefined);
});

Deno.test("each use of a token gives the session another week", async () => {
  await using house = await alicesHouse();
  const { refresh_token } = await house.begin();
  const renewed = await house.rotate(refresh_token, later(REFRESH_SECONDS - 1));
  assert((await house.rotate(renewed!.refresh_token, later(2 * REFRESH_SECONDS - 2)))?.rotated);
});

for (const token of ["", ".", "nonsense", `${crypto.randomUUID()}.`, `${crypto.randomUUID()}.secret`]) {
  Deno.test(`the token “${token.replace(/[0-9a-f-]{36}/, "id")}” is none`, async () => {
    await using house = await alicesHouse();
    assert.equal(await house.rotate(token), undefined);
  });
}

Deno.test("a token of Alice's does not renew her session when her account is disabled", async () => {
  await using house = await alicesHouse();
  const { refresh_token } = await house.begin();
  await house.sql`update users set disabled_at = ${NOW} where email = ${EMAIL}`;
  assert.equal(await house.rotate(refresh_token), undefined);
});

Deno.test("Alice's session, once ended, lives no more and is not renewed", async () => {
  await using house = await alicesHouse();
  const { refresh_token, session_id } = await house.begin();
  await endSession(house.sql, session_id, later(1));
  assert.deepEqual([await house.lives(session_id), await house.rotate(refresh_token)], [false, undefined]);
});

Deno.test("the end of one session leaves the others alone", async () => {
  await using house = await alicesHouse();
  const [one, other] = [await house.begin(), await house.begin()];
  await endSession(house.sql, one.session_id, later(1));
  assert.equal(await house.lives(other.session_id), true);
});

Deno.test("Alice sees where she is signed in, the latest first", async () => {
  await using house = await alicesHouse();
  await house.begin("browser", NOW, "Firefox");
  await house.begin("api", later(2), "curl");
  const ended = await house.begin("browser", later(1), "Safari");
  await endSession(house.sql, ended.session_id, later(3));
  const listed = await listSessions(house.sql, house.cast.alice, later(4));
  assert.deepEqual(listed.map((s) => [s.kind, s.device, `${s.rotated_at}`]), [
    ["api", "curl", `${later(2)}`],
    ["browser", "Firefox", `${NOW}`],
  ]);
});

Deno.test("Alice does not see sessions that have lapsed", async () => {
  await using house = await alicesHouse();
  await house.begin();
  assert.deepEqual([...await listSessions(house.sql, house.cast.alice, later(REFRESH_SECONDS))], []);
});

Deno.test("Alice does not see sessions of others", async () => {
  await using house = await alicesHouse();
  await house.begin();
  assert.deepEqual([...await listSessions(house.sql, house.cast.bob, later(1))], []);
});

Deno.test("what a device calls itself is kept in letters that can be shown", async () => {
  await using house = await alicesHouse();
  await house.begin("browser", NOW, `Fire\0fox\n${"x".repeat(500)}`);
  const [{ device }] = await listSessions(house.sql, house.cast.alice, NOW);
  assert.equal(device, `Firefox${"x".repeat(193)}`);
});

Deno.test("Alice ends one of her sessions", async () => {
  await using house = await alicesHouse();
  const { session_id } = await house.begin();
  await endOwnSession(house.sql, house.cast.alice, { session_id, password: PASSWORD }, later(1));
  assert.equal(await house.lives(session_id), false);
});

Deno.test("Bob does not find Alice's session to end it", async () => {
  await using house = await alicesHouse();
  const { session_id } = await house.begin();
  await assert.rejects(
    endOwnSession(house.sql, house.cast.bob, { session_id, password: PASSWORD }, later(1)),
    NotFound,
  );
  assert.equal(await house.lives(session_id), true);
});

for (const id of ["nonsense", crypto.randomUUID()]) {
  Deno.test(`Alice finds no session ${id.length === 36 ? "that there is not" : "by nonsense"}`, async () => {
    await using house = await alicesHouse();
    await assert.rejects(
      endOwnSession(house.sql, house.cast.alice, { session_id: id, password: PASSWORD }, NOW),
      NotFound,
    );
  });
}

Deno.test("Alice's new password ends her other sessions, not the one she is in, nor Bob's", async () => {
  await using house = await alicesHouse();
  const { sql, cast } = house;
  const [here, there] = [await house.begin(), await house.begin("api")];
  const bobs = await beginSession(sql, { user_id: cast.bob.id, kind: "browser", device: "" }, NOW);
  const typed = { current: PASSWORD, password: "staple correct horse", session_id: here.session_id };
  await changePassword(sql, cast.alice, typed, later(1));
  const sessions = [here, there, bobs];
  assert.deepEqual(await Promise.all(sessions.map((s) => house.lives(s.session_id))), [true, false, true]);
});

Deno.test("Alice signs in with her new password, and with the old one no more", async () => {
  await using house = await alicesHouse();
  const { session_id } = await house.begin();
  const password = "staple correct horse";
  await changePassword(house.sql, house.cast.alice, { current: PASSWORD, password, session_id }, later(1));
  const tried = [PASSWORD, password].map((password) => checkPassword(house.sql, { email: EMAIL, password }));
  assert.deepEqual(await Promise.all(tried), [undefined, { id: house.cast.alice.id }]);
});

Deno.test("Alice, who does not know her present password, changes nothing", async () => {
  await using house = await alicesHouse();
  const [here, there] = [await house.begin(), await house.begin()];
  const typed = { current: "a guess of hers", password: "staple correct horse", session_id: here.session_id };
  await assert.rejects(changePassword(house.sql, house.cast.alice, typed, later(1)), Invalid);
  assert.equal(await house.lives(there.session_id), true);
  assert(await checkPassword(house.sql, { email: EMAIL, password: PASSWORD }));
});

// As hashes were made once: half of today's memory, one pass.
const OLD_HASH = (password: string) =>
  argon2id({
    ...{ password, salt: new Uint8Array(16), parallelism: 1, iterations: 1, memorySize: 9_728 },
    ...{ hashLength: 32, outputType: "encoded" },
  });

Deno.test("a password whose hash was made at another cost is hashed anew when Alice signs in", async (t) => {
  await using house = await alicesHouse();
  const { sql, cast } = house;
  const kept = async () =>
    (await sql`select password_hash from users where id = ${cast.alice.id}`)[0].password_hash;
  const old = await OLD_HASH(PASSWORD);
  await sql`update users set password_hash = ${old} where id = ${cast.alice.id}`;
  await t.step("not for a wrong one", async () => {
    assert.equal(await checkPassword(sql, { email: EMAIL, password: "a guess of hers" }), undefined);
    assert.equal(await kept(), old);
  });
  await t.step("for the right one, which lets her in", async () => {
    assert(await checkPassword(sql, { email: EMAIL, password: PASSWORD }));
    assert.match(await kept(), /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });
  await t.step("it is good from then on, and stays", async () => {
    const fresh = await kept();
    assert(await checkPassword(sql, { email: EMAIL, password: PASSWORD }));
    assert.equal(await kept(), fresh);
  });
});
