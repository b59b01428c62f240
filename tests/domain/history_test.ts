import assert from "node:assert/strict";
import { approve } from "../../domain/approvals.ts";
import { beginSession, endOwnSession, endSession, type Granted, rotate } from "../../domain/auth/sessions.ts";
import { cancel, change, describe, reschedule } from "../../domain/edits.ts";
import { listNews } from "../../domain/history.ts";
import type { Actor } from "../../domain/permissions.ts";
import { createPolicy, deletePolicy, type NewPolicy, NO_RULES } from "../../domain/policies.ts";
import { changePolicy } from "../../domain/policy_changes.ts";
import { denyChange, getProposal } from "../../domain/proposals.ts";
import { ask } from "../../domain/questions.ts";
import { request } from "../../domain/requests.ts";
import {
  changeResource,
  deactivateResource,
  deleteResource,
  reactivateResource,
  type Resource,
} from "../../domain/resources.ts";
import { sweep } from "../../domain/sweep.ts";
import { changeRole, deactivateUser, reactivateUser } from "../../domain/accounts.ts";
import { changePassword, changeProfile } from "../../domain/profiles.ts";
import { createUser, NewColleague, NewUser, register, setUp } from "../../domain/users.ts";
import { stopHashing } from "../../lib/passwords.ts";
import { type Cast, makeCast, makeResource, NOW, on, PASSWORD } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";

const SECRET = "staple correct horse";
const CAROL = { email: "carol@holdfast.test", name: "Carol", password: SECRET };
const REQUEST = "request-42";
const LATER = NOW.add({ minutes: 5 });

/** A house with a hall, whose people act in the request `REQUEST`. */
async function house({ empty = false } = {}) {
  const database = await testDatabase();
  const cast = empty ? {} as Cast : await makeCast(database.sql);
  const hall = empty ? {} as Resource : await makeResource(database.sql, cast.ada, { name: "Hall" });
  const acting = Object.fromEntries(
    Object.entries(cast).map(([name, actor]: [string, Actor]) => [name, { ...actor, request_id: REQUEST }]),
  ) as unknown as Cast;
  return {
    ...database,
    cast: acting,
    hall,
    signIn: (actor: Actor) =>
      beginSession(
        database.sql,
        { user_id: actor.id, kind: "browser", device: "Firefox", request_id: REQUEST },
        NOW,
      ),
    ask: (actor: Actor, more = {}) => {
      const wish = { ...on("2026-05-05", "10:00", "11:00"), resource_ids: [hall.id], ...more };
      return request(database.sql, actor, wish, NOW);
    },
    async [Symbol.asyncDispose]() {
      stopHashing();
      await database[Symbol.asyncDispose]();
    },
  };
}
type House = Awaited<ReturnType<typeof house>>;

/** What the record has gained since `after`, as a person would say it. */
async function entries({ sql }: Pick<House, "sql">, after = 0) {
  const rows = await sql<Record<string, unknown>[]>`
    select u.name as by, h.action, h.subject_kind as kind, coalesce(h.subject_name, v.reference) as what,
      h.previous_state as before, h.after_state as after, h.details, h.request_id, h.at
    from history h left join users u on u.id = h.actor_id left join reservations v on v.id = h.reservation_id
    where h.id > ${after} order by h.id`;
  return rows.map((row) => ({ ...row, at: `${row.at}` }) as Record<string, unknown>);
}

async function last({ sql }: House): Promise<number> {
  const [{ id }] = await sql<{ id: number }[]>`select coalesce(max(id), 0)::int as id from history`;
  return id;
}

const session = { session: "browser", device: "Firefox" };

interface Case {
  does: string;
  before?: (scene: House) => Promise<unknown>;
  do: (scene: House, made: unknown) => Promise<unknown>;
  expected: [by: string | null, action: string, kind: string, what: string];
  states?: [before: unknown, after: unknown];
  details?: unknown;
}

const CASES: Case[] = [
  {
    does: "Carol registers",
    do: ({ sql }) => register(sql, { ...NewUser.parse(CAROL), request_id: REQUEST }, NOW),
    expected: ["Carol", "register", "user", "Carol"],
    states: [null, { name: "Carol", email: "carol@holdfast.test", role: "user" }],
  },
  {
    does: "Ada makes an account for Carol",
    do: ({ sql, cast }) => createUser(sql, cast.ada, NewColleague.parse({ ...CAROL, role: "staff" }), NOW),
    expected: ["Ada Admin", "create", "user", "Carol"],
    states: [null, { name: "Carol", email: "carol@holdfast.test", role: "staff" }],
  },
  {
    does: "Ada makes Bob staff",
    do: ({ sql, cast }) => changeRole(sql, cast.ada, { id: cast.bob.id, role: "staff" }, NOW),
    expected: ["Ada Admin", "role", "user", "Bob Booker"],
    states: [{ role: "user" }, { role: "staff" }],
  },
  {
    does: "Bob changes his name",
    do: ({ sql, cast }) => changeProfile(sql, cast.bob, { name: "Bob B.", time_zone: "" }, NOW),
    expected: ["Bob B.", "profile", "user", "Bob B."],
    states: [{ name: "Bob Booker" }, { name: "Bob B." }],
  },
  {
    does: "Bob changes his password, which ends his other session",
    before: ({ signIn, cast }) => signIn(cast.bob),
    do: ({ sql, cast }) =>
      changePassword(
        sql,
        cast.bob,
        { current: PASSWORD, password: SECRET, session_id: crypto.randomUUID() },
        NOW,
      ),
    expected: ["Bob Booker", "password", "user", "Bob Booker"],
    details: { sessions_ended: 1 },
  },
  {
    does: "Bob signs in",
    do: ({ signIn, cast }) => signIn(cast.bob),
    expected: ["Bob Booker", "sign_in", "user", "Bob Booker"],
    details: session,
  },
  {
    does: "Bob signs out",
    before: ({ signIn, cast }) => signIn(cast.bob),
    do: ({ sql }, made) => endSession(sql, (made as Granted).session_id, NOW, REQUEST),
    expected: ["Bob Booker", "sign_out", "user", "Bob Booker"],
    details: session,
  },
  {
    does: "Bob ends a session of his",
    before: ({ signIn, cast }) => signIn(cast.bob),
    do: ({ sql, cast }, made) =>
      endOwnSession(sql, cast.bob, { session_id: (made as Granted).session_id, password: PASSWORD }, NOW),
    expected: ["Bob Booker", "end_session", "user", "Bob Booker"],
    details: session,
  },
  {
    does: "Ada closes Bob's account",
    before: ({ signIn, cast }) => signIn(cast.bob),
    do: ({ sql, cast }) =>
      deactivateUser(sql, cast.ada, { id: cast.bob.id, future: "keep", reason: "Has left" }, NOW),
    expected: ["Ada Admin", "deactivate", "user", "Bob Booker"],
    states: [{ active: true }, { active: false }],
    details: { future: "keep", cancelled: 0, sessions_ended: 1, reason: "Has left" },
  },
  {
    does: "Ada opens Bob's account again",
    before: ({ sql, cast }) =>
      deactivateUser(sql, cast.ada, { id: cast.bob.id, future: "keep", reason: "" }, NOW),
    do: ({ sql, cast }) => reactivateUser(sql, cast.ada, cast.bob.id, NOW),
    expected: ["Ada Admin", "reactivate", "user", "Bob Booker"],
    states: [{ active: false }, { active: true }],
  },
  {
    does: "Ada renames the hall and gives it a tag",
    do: ({ sql, cast, hall }) =>
      changeResource(sql, cast.ada, { id: hall.id, name: "Great Hall", tags: ["old"], units: 1 }, NOW),
    expected: ["Ada Admin", "change", "resource", "Great Hall"],
    states: [{ name: "Hall", tags: [] }, { name: "Great Hall", tags: ["old"] }],
  },
  {
    does: "Ada takes the hall out of service",
    do: ({ sql, cast, hall }) => deactivateResource(sql, cast.ada, { id: hall.id, future: "keep" }, NOW),
    expected: ["Ada Admin", "deactivate", "resource", "Hall"],
    states: [{ active: true }, { active: false }],
    details: { future: "keep" },
  },
  {
    does: "Ada puts the hall back into service",
    before: ({ sql, cast, hall }) => deactivateResource(sql, cast.ada, { id: hall.id, future: "keep" }, NOW),
    do: ({ sql, cast, hall }) => reactivateResource(sql, cast.ada, hall.id, NOW),
    expected: ["Ada Admin", "reactivate", "resource", "Hall"],
    states: [{ active: false }, { active: true }],
  },
  {
    does: "Bob asks for the hall",
    do: ({ ask, cast }) => ask(cast.bob, { purpose: "Choir" }),
    expected: ["Bob Booker", "request", "reservation", "R-1"],
    details: { status: "approved" },
  },
  {
    does: "Bob cancels",
    before: ({ ask, cast }) => ask(cast.bob),
    do: ({ sql, cast }, made) => cancel(sql, cast.bob, { id: (made as { id: string }).id }, NOW),
    expected: ["Bob Booker", "cancel", "reservation", "R-1"],
  },
  {
    does: "Bob says what it is for",
    before: ({ ask, cast }) => ask(cast.bob),
    do: ({ sql, cast }, made) =>
      describe(sql, cast.bob, (made as { id: string }).id, { purpose: "Choir" }, NOW),
    expected: ["Bob Booker", "edit", "reservation", "R-1"],
    states: [{ status: "approved", purpose: "", private: false }, {
      status: "approved",
      purpose: "Choir",
      private: false,
    }],
  },
];

for (const { does, before, do: work, expected, states, details } of CASES) {
  Deno.test(`one entry says that ${does}, with who, what, before, after and the request`, async () => {
    await using scene = await house();
    const made = await before?.(scene);
    const from = await last(scene);
    await work(scene, made);
    const added = await entries(scene, from);
    assert.equal(added.length, 1, JSON.stringify(added));
    const [{ by, action, kind, what, request_id, at, ...rest }] = added;
    assert.deepEqual([by, action, kind, what], expected);
    assert.deepEqual([request_id, at], [REQUEST, `${NOW}`]);
    if (states) assert.deepEqual([rest.before, rest.after], states);
    if (details) assert.deepEqual(rest.details, details);
  });
}

Deno.test("a resource is on record with all that it was made of, and with all that it was when it was deleted", async () => {
  await using scene = await house();
  await deleteResource(scene.sql, scene.cast.ada, scene.hall.id, LATER);
  const [made, deleted] = (await entries(scene)).filter(({ what }) => what === "Hall");
  assert.deepEqual([made.action, made.before, deleted.action, deleted.after], [
    "create",
    null,
    "delete",
    null,
  ]);
  assert.equal((made.after as Resource).kind, "room");
  assert.deepEqual(deleted.before, made.after);
});

Deno.test("a policy is on record by the name that it had", async () => {
  await using scene = await house();
  const policy_id = crypto.randomUUID();
  await scene.sql`
    insert into policies (id, name, created_at, updated_at) values (${policy_id}, 'Quiet hours', ${NOW}, ${NOW})`;
  await changeResource(scene.sql, scene.cast.ada, { id: scene.hall.id, policy_id }, NOW);
  const [{ before, after }] = (await entries(scene)).slice(-1);
  assert.deepEqual([before, after], [
    { policy_id: null, policy: null },
    { policy_id, policy: "Quiet hours" },
  ]);
});

Deno.test("a policy is on record from its making to its end, with what changed of it", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  const from = await last(scene);
  const rules = { ...NO_RULES, name: "Quiet hours" };
  const id = await createPolicy(sql, cast.ada, { ...rules, max_minutes: 60 }, NOW);
  await changePolicy(sql, cast.ada, { ...rules, id, max_minutes: 90, trusts: [cast.bob.id] }, NOW);
  await changePolicy(sql, cast.ada, { ...rules, id, max_minutes: 90 }, NOW);
  await deletePolicy(sql, cast.ada, id, NOW);
  const added = await entries(scene, from);
  assert.deepEqual(added.map(({ by, action, kind, what }) => [by, action, kind, what]), [
    ["Ada Admin", "create", "policy", "Quiet hours"],
    ["Ada Admin", "change", "policy", "Quiet hours"],
    ["Ada Admin", "delete", "policy", "Quiet hours"],
  ]);
  const [made, changed, deleted] = added as unknown as Record<string, NewPolicy>[];
  assert.deepEqual([made.after.max_minutes, deleted.before.max_minutes], [60, 90]);
  assert.deepEqual([changed.before, changed.after] as unknown[], [
    { max_minutes: 60, trusts: [], approved_at_once: [] },
    { max_minutes: 90, trusts: [cast.bob.id], approved_at_once: ["Bob Booker"] },
  ]);
});

Deno.test("a request is on record with all that was asked", async () => {
  await using scene = await house();
  await scene.ask(scene.cast.bob, { purpose: "Choir", private: true });
  const [{ after }] = (await entries(scene)).slice(-1);
  assert.deepEqual(after, {
    status: "approved",
    start_time: "2026-05-05T08:00:00+00:00",
    end_time: "2026-05-05T09:00:00+00:00",
    purpose: "Choir",
    private: true,
    attendees: null,
    answers: {},
    resource_ids: [scene.hall.id],
  });
});

Deno.test("a move is on record with both times", async () => {
  await using scene = await house();
  const { id } = await scene.ask(scene.cast.bob);
  await reschedule(scene.sql, scene.cast.bob, id, on("2026-05-06", "10:00", "11:00"), LATER);
  const [{ before, after }] = (await entries(scene)).slice(-1) as unknown as Record<
    string,
    { start_time: string }
  >[];
  assert.deepEqual([before.start_time, after.start_time], [
    "2026-05-05T08:00:00+00:00",
    "2026-05-06T08:00:00+00:00",
  ]);
});

Deno.test("what time decides is on record as nobody's, with what it was and what it became", async () => {
  await using scene = await house();
  await scene.ask(scene.cast.bob);
  await sweep(scene.sql, NOW.add({ hours: 72 }));
  const [{ by, action, after, request_id }] = (await entries(scene)).slice(-1);
  assert.deepEqual([by, action, after, request_id], [null, "complete", { status: "completed" }, null]);
});

Deno.test("the first administrator is on record", async () => {
  await using scene = await house({ empty: true });
  await setUp(scene.sql, { ...NewUser.parse(CAROL), request_id: REQUEST }, NOW);
  const [{ by, action, after }] = await entries(scene);
  assert.deepEqual([by, action, after], ["Carol", "set_up", {
    name: "Carol",
    email: "carol@holdfast.test",
    role: "admin",
  }]);
});

Deno.test("an account that the operator makes at the command line is nobody's deed", async () => {
  await using scene = await house();
  await register(scene.sql, { ...NewUser.parse(CAROL), role: "admin" }, NOW);
  const [{ by, action }] = (await entries(scene)).slice(-1);
  assert.deepEqual([by, action], [null, "register"]);
});

Deno.test("a refresh token that comes again ends its session on record", async () => {
  await using scene = await house();
  const { refresh_token } = await beginSession(
    scene.sql,
    { user_id: scene.cast.bob.id, kind: "api", device: "curl" },
    NOW,
  );
  await rotate(scene.sql, refresh_token, LATER);
  const from = await last(scene);
  await rotate(scene.sql, refresh_token, LATER);
  await rotate(scene.sql, refresh_token, LATER);
  const added = await entries(scene, from);
  assert.deepEqual(added.map(({ by, action, details }) => [by, action, details]), [
    [null, "end_session", { session: "api", device: "curl", token_came_again: true }],
  ]);
});

Deno.test("what changes nothing leaves no entry", async () => {
  await using scene = await house();
  const { sql, cast, hall } = scene;
  const from = await last(scene);
  await changeResource(sql, cast.ada, { id: hall.id, name: "Hall" }, NOW);
  await reactivateResource(sql, cast.ada, hall.id, NOW);
  await changeRole(sql, cast.ada, { id: cast.bob.id, role: "user" }, NOW);
  await reactivateUser(sql, cast.ada, cast.bob.id, NOW);
  await changeProfile(sql, cast.bob, { name: cast.bob.name, time_zone: "" }, NOW);
  assert.deepEqual(await entries(scene, from), []);
});

Deno.test("what is refused leaves no entry", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  const from = await last(scene);
  await assert.rejects(changeRole(sql, cast.ada, { id: cast.ada.id, role: "user" }, NOW));
  await assert.rejects(register(sql, NewUser.parse({ ...CAROL, email: cast.bob.email }), NOW));
  await assert.rejects(deactivateUser(sql, cast.bob, { id: cast.ada.id, future: "keep", reason: "" }, NOW));
  assert.deepEqual(await entries(scene, from), []);
});

Deno.test("no password and no hash is ever on record", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  await register(sql, NewUser.parse(CAROL), NOW);
  await createUser(sql, cast.ada, NewColleague.parse({ ...CAROL, email: "dora@holdfast.test" }), NOW);
  await changePassword(
    sql,
    cast.bob,
    { current: PASSWORD, password: SECRET, session_id: crypto.randomUUID() },
    NOW,
  );
  const { refresh_token } = await scene.signIn(cast.bob);
  const text = JSON.stringify(await sql`select * from history`);
  assert(text.includes("sign_in") && text.includes("password"), "is anything on record?");
  for (const secret of [SECRET, PASSWORD, "argon2", refresh_token]) assert(!text.includes(secret), secret);
});

const TAMPERING: [how: string, statement: string][] = [
  ["an update", "update history set action = 'approve'"],
  ["an update of nothing", "update history set action = 'approve' where false"],
  [
    "an update in place of an insertion",
    "insert into history overriding system value select * from history on conflict (id) do update set at = excluded.at",
  ],
  ["a deletion", "delete from history"],
  ["a truncation", "truncate history"],
  ["a truncation of reservations with all that hangs on them", "truncate reservations cascade"],
  ["a truncation of people with all that hangs on them", "truncate users cascade"],
  [
    "an update by a replica's role",
    "set local session_replication_role = replica; update history set action = ''",
  ],
];
for (const [how, statement] of TAMPERING) {
  Deno.test(`the database itself refuses ${how}, whoever asks`, async () => {
    await using scene = await house();
    await scene.ask(scene.cast.bob);
    const before = await entries(scene);
    assert(before.length > 0);
    await assert.rejects(
      scene.sql.begin((tx) => tx.unsafe(statement)),
      /history is append-only: (UPDATE|DELETE|TRUNCATE) is refused/,
    );
    assert.deepEqual(await entries(scene), before);
  });
}

Deno.test("a reservation that is on record cannot be deleted, nor a person who did something", async () => {
  await using scene = await house();
  await scene.ask(scene.cast.bob);
  await assert.rejects(scene.sql`delete from reservations`, { constraint_name: "history_of_reservation" });
  await assert.rejects(scene.sql`delete from users where id = ${scene.cast.ada.id}`, {
    constraint_name: "history_actor_is_user",
  });
});

Deno.test("what others did to somebody's reservations is news to them alone, the newest first", async () => {
  await using scene = await house();
  const { sql, cast, hall } = scene;
  const { id } = await scene.ask(cast.bob);
  const asked = { ...on("2026-05-06", "10:00", "11:00"), resource_ids: [hall.id], requester_id: cast.bob.id };
  const { id: other } = await request(sql, cast.sam, asked, NOW.add({ minutes: 1 }));
  await describe(sql, cast.bob, id, { purpose: "Choir" }, NOW.add({ minutes: 2 }));
  await describe(sql, cast.sam, id, { purpose: "Great choir" }, NOW.add({ minutes: 3 }));
  await cancel(sql, cast.ada, { id: other, reason: "Painters" }, NOW.add({ minutes: 4 }));
  await sweep(sql, NOW.add({ hours: 72 }));
  const told = (who: Actor, since = NOW) =>
    listNews(sql, who, since).then((news) =>
      news.map(
        ({ action, actor_name, reason, reservation_id }) => [action, actor_name, reason, reservation_id],
      )
    );
  const cancelled = ["cancel", "Ada Admin", "Painters", other];
  assert.deepEqual(await told(cast.bob), [
    cancelled,
    ["edit", "Sam Says", null, id],
    ["request", "Sam Says", null, other],
  ]);
  assert.deepEqual(await told(cast.bob, NOW.add({ minutes: 4 })), [cancelled]);
  for (const who of [cast.sam, cast.ada, cast.alice]) assert.deepEqual(await told(who), []);
});

Deno.test("of much that is new the last ten are told", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  const { id } = await scene.ask(cast.bob);
  for (let minutes = 1; minutes <= 12; minutes++) {
    await describe(sql, cast.sam, id, { purpose: `Choir ${minutes}` }, NOW.add({ minutes }));
  }
  assert.deepEqual(
    (await listNews(sql, cast.bob, NOW)).map(({ at }) => NOW.until(at).total("minutes")),
    [12, 11, 10, 9, 8, 7, 6, 5, 4, 3],
  );
});

const MONTH = NOW.add({ hours: 24 * 30 });
const MONTHS_AHEAD = on("2026-08-04", "10:00", "11:00");

Deno.test("a question is news however long ago the request was made", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Held Hall", requires_approval: true });
  const { id } = await scene.ask(cast.bob, { ...MONTHS_AHEAD, resource_ids: [hall.id] });
  await ask(sql, cast.sam, { id, question: "How many come?" }, MONTH);
  assert.deepEqual(
    (await listNews(sql, cast.bob, MONTH)).map(({ action, reason }) => [action, reason]),
    [["ask", "How many come?"]],
  );
});

Deno.test("so is that a change is denied, or that nobody decided on it in time", async () => {
  await using scene = await house();
  const { sql, cast } = scene;
  const hall = await makeResource(sql, cast.ada, { name: "Held Hall", requires_approval: true });
  const { id } = await scene.ask(cast.bob, { ...MONTHS_AHEAD, resource_ids: [hall.id] });
  await approve(sql, cast.sam, { id }, NOW);
  const propose = async () => {
    const slot = on("2026-08-04", "14:00", "15:00");
    assert.equal(await change(sql, cast.bob, id, slot, MONTH), "proposed");
    return (await getProposal(sql, id, MONTH))!.id;
  };
  await denyChange(sql, cast.sam, { id, change: await propose(), reason: "Painters" }, MONTH);
  await propose();
  await sweep(sql, MONTHS_AHEAD.start_time);
  assert.deepEqual(
    (await listNews(sql, cast.bob, MONTH)).map(({ action, actor_name }) => [action, actor_name]),
    [["expire_change", null], ["deny_change", "Sam Says"]],
  );
});
