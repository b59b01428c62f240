import assert from "node:assert/strict";
import { serveSite } from "../support/app.ts";
import { makeCast, makeResource, PASSWORD, ZONE } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";
import { request } from "../../domain/requests.ts";
import { join } from "../../domain/waitlist.ts";
import { type Done, type Given, inPipe, inTerminal } from "../support/terminal.ts";

type Who = "alice" | "bob" | "sam" | "ada" | "operator";

interface Step {
  who: Who;
  args: string[];
  /** What is printed; in a terminal what is said, too. */
  prints?: RegExp;
  /** What is said beside it. */
  says?: RegExp;
  code?: number;
  given?: Given;
}

type Run = (args: readonly string[], given?: Given) => Promise<Done>;

const YES = [{ to: "[y/N]", typed: "y" }];
const CSV = "name,kind,capacity\r\nCellar,room,12\r\n=Attic,room,3\r\n";

/** A day with every command in it, in an order that makes sense. */
function story(site: string, email: (who: Who) => string): Step[] {
  const login = (who: Who): Step => ({
    ...{ who, args: ["login", site, "--email", email(who)], says: /Signed in at .* as / },
    given: { answers: [{ to: "Password: ", typed: PASSWORD }] },
  });
  return [
    { who: "alice", args: ["whoami"], says: /Not signed in at .*Do: holdfast login/, code: 3 },
    login("alice"),
    login("bob"),
    login("sam"),
    login("ada"),
    { who: "alice", args: ["whoami"], prints: /Name +Alice Asker\n/ },
    { who: "alice", args: ["status"], prints: /Status +healthy\n/ },
    {
      who: "ada",
      args: [
        "resources",
        "add",
        "Studio",
        "room",
        "--capacity",
        "4",
        "--tags",
        "quiet,mic",
        "--zone-of-resource",
        ZONE,
        "--requires-approval",
      ],
      prints: /Approval +needed\n/,
    },
    {
      who: "ada",
      args: ["resources", "edit", "studio", "--location", "Second floor"],
      prints: /Location +Second floor\n/,
    },
    {
      who: "alice",
      args: ["resources", "edit", "studio", "--location", "Mine"],
      says: /may not manage resources/,
      code: 4,
    },
    {
      who: "alice",
      args: ["resources", "list", "--kind", "room"],
      prints: /Name +Kind[\s\S]*Hall +room[\s\S]*Studio +room/,
    },
    { who: "alice", args: ["resources", "show", "Studio"], prints: /Tags +mic, quiet|Tags +quiet, mic/ },
    { who: "alice", args: ["resources", "show", "Nowhere"], says: /Nothing is called “Nowhere”/, code: 5 },
    {
      who: "alice",
      args: ["reservations", "create", "Hall", "tomorrow", "14:00", "+90m", "--purpose", "Rehearsal"],
      prints: /Reference +R-1\n[\s\S]*14:00–15:30\n[\s\S]*Status +approved\n/,
    },
    {
      who: "bob",
      args: ["reservations", "create", "Hall", "tomorrow", "15:00", "+90m"],
      says: /Alice|Hall[\s\S]*Free instead:/,
      code: 6,
    },
    { who: "bob", args: ["reservations", "create", "Hall", "yesterday"], says: /not understood/, code: 2 },
    {
      who: "bob",
      args: ["reservations", "create", "tomorrow", "14:00", "+1h", "--any", "kind=boat"],
      says: /There is no boat/,
      code: 2,
    },
    {
      who: "bob",
      args: ["reservations", "create", "tomorrow", "14:00", "+1h", "--any", "sauna"],
      says: /--any kind=room/,
      code: 2,
    },
    { who: "bob", args: ["reservations", "create"], says: /Name a resource, or say --any/, code: 2 },
    {
      who: "alice",
      args: ["resources", "availability", "Hall", "--from", "tomorrow"],
      prints: /14:00–[\d -]*15:30 +taken\n/,
    },
    {
      who: "alice",
      args: ["resources", "list", "--free", "tomorrow 14:00 +1h"],
      prints: /^(?![\s\S]*Hall)[\s\S]*Studio/,
    },
    {
      who: "alice",
      args: ["reservations", "list", "--status", "approved"],
      prints: /R-1 .*14:00–15:30 +Hall +approved +Rehearsal/,
    },
    { who: "sam", args: ["reservations", "list"], prints: /R-1 / },
    {
      who: "sam",
      args: ["reservations", "list", "--mine"],
      prints: /^(?![\s\S]*R-1 )/,
      says: /No reservations/,
    },
    { who: "bob", args: ["reservations", "show", "R-1"], says: /not|no such/i, code: 5 },
    { who: "alice", args: ["reservations", "show", "R-1"], prints: /Purpose +Rehearsal\n/ },
    {
      who: "alice",
      args: ["reservations", "reschedule", "R-1", "tomorrow", "16:00", "+1h"],
      prints: /16:00–17:00\n/,
    },
    {
      who: "alice",
      args: ["reservations", "check-in", "R-1"],
      says: /cannot be checked in: nobody has to check in for it/,
      code: 6,
    },
    {
      who: "alice",
      args: ["reservations", "end", "R-1"],
      says: /cannot be ended: it has not begun/,
      code: 6,
    },
    { who: "alice", args: ["reservations", "history", "R-1"], prints: /When +Action/ },
    {
      who: "bob",
      args: ["reservations", "create", "studio", "tomorrow 9am to 11am", "--purpose", "Podcast"],
      prints: /Status +pending\n/,
    },
    {
      who: "bob",
      args: ["reservations", "create", "studio", "tomorrow 9am to 10am"],
      prints: /Status +pending\n/,
    },
    { who: "sam", args: ["approvals", "list"], prints: /R-2 [\s\S]*Bob Booker/ },
    { who: "bob", args: ["approvals", "list"], says: /may not see the approvals/, code: 4 },
    { who: "sam", args: ["approvals", "ask", "R-2", "How many come?"], prints: /Podcast/ },
    { who: "sam", args: ["approvals", "approve", "R-2"], prints: /R-2 .* approved/ },
    { who: "sam", args: ["approvals", "approve", "R-3"], says: /R-3: [\s\S]*1 of 1 refused/, code: 6 },
    {
      who: "sam",
      args: ["approvals", "deny", "R-3", "--reason", "The other was first"],
      prints: /R-3 .* denied/,
    },
    {
      who: "sam",
      args: ["approvals", "deny", "R-3", "--reason", "Again"],
      says: /already denied/,
      code: 6,
    },
    {
      who: "sam",
      args: ["approvals", "bump", "R-2", "--reason", "The mayor comes"],
      prints: /R-2 .* bumped/,
    },
    {
      who: "bob",
      args: ["reservations", "create", "studio", "in 3 days 9:00 +1h"],
      prints: /Status +pending\n/,
    },
    {
      who: "sam",
      args: ["approvals", "reschedule", "R-4", "in 3 days 11:00 +1h"],
      prints: /11:00–12:00\n/,
    },
    {
      who: "bob",
      args: [
        "reservations",
        "create",
        "Hall",
        "in 5 days 7:00 +1h",
        "--repeat",
        "daily",
        "--times",
        "3",
        "--preview",
      ],
      prints: /reserved[\s\S]*reserved[\s\S]*reserved/,
    },
    {
      who: "bob",
      args: ["reservations", "create", "Hall", "in 5 days 7:00 +1h", "--repeat", "daily", "--times", "3"],
      prints: /07:00–08:00 +approved\n[\s\S]*07:00–08:00 +approved\n[\s\S]*07:00–08:00 +approved\n/,
    },
    {
      who: "alice",
      args: ["reservations", "create", "Hall", "in 6 days 7:00 +1h", "--repeat", "daily", "--times", "3"],
      says: /2 of 3 dates cannot be had/,
      code: 6,
    },
    {
      who: "alice",
      args: [
        ...["reservations", "create", "Hall", "in 6 days 7:00 +1h"],
        ...["--repeat", "daily", "--times", "3", "--conflicts", "skip"],
      ],
      prints: /07:00–08:00 +approved\n/,
    },
    {
      who: "bob",
      args: ["reservations", "create", "Hall", "in 5 days 7:00 +1h", "--repeat", "weekly", "--on", "t"],
      says: /“t” is no weekday/,
      code: 2,
    },
    {
      who: "bob",
      args: ["waitlist", "join", "Hall", "tomorrow", "16:00", "+1h", "--purpose", "Band"],
      prints: /16:00–17:00\n[\s\S]*Status +waiting\n[\s\S]*Place +1\n/,
    },
    { who: "ada", args: ["waitlist", "join", "Hall", "tomorrow", "16:00", "+1h"], prints: /Place +2\n/ },
    { who: "sam", args: ["waitlist", "join", "Hall", "tomorrow", "16:00", "+1h"], prints: /Place +3\n/ },
    { who: "sam", args: ["waitlist", "leave"], says: /Off the waitlist/ },
    {
      who: "sam",
      args: ["waitlist", "join", "tomorrow", "16:00", "+1h", "--attendees", "5", "--any", "kind=room"],
      prints: /What +Any room for 5 people\n[\s\S]*Place +3\n/,
    },
    {
      who: "sam",
      args: ["waitlist", "join", "tomorrow", "16:00", "+1h"],
      says: /tomorrow|resource/,
      code: 5,
    },
    { who: "sam", args: ["waitlist", "leave"], says: /Off the waitlist/ },
    { who: "sam", args: ["waitlist", "leave"], says: /You wait for nothing/, code: 5 },
    { who: "bob", args: ["waitlist", "accept"], says: /Nothing is offered to you/, code: 5 },
    {
      who: "alice",
      args: ["reservations", "cancel", "R-1", "--reason", "Ill"],
      prints: /R-1 .* cancelled/,
    },
    { who: "sam", args: ["waitlist", "list", "--status", "offered"], prints: /Hall +offered/ },
    { who: "bob", args: ["waitlist", "decline"], prints: /Status +declined\n/ },
    { who: "ada", args: ["waitlist", "accept"], prints: /16:00–17:00\n[\s\S]*Status +approved\n/ },
    { who: "alice", args: ["reservations", "export"], prints: /Rehearsal/ },
    {
      who: "ada",
      args: ["reservations", "import", "-"],
      given: { stdin: "resource,requester,start_time\r\n" },
      says: /./,
      code: 2,
    },
    {
      who: "ada",
      args: ["resources", "import", "-", "--dry-run"],
      given: { stdin: CSV },
      prints: /Created +2\n/,
      says: /Nothing was changed/,
    },
    { who: "ada", args: ["resources", "import", "-"], given: { stdin: CSV }, prints: /Created +2\n/ },
    {
      who: "ada",
      args: ["resources", "import", "-"],
      given: { stdin: CSV },
      prints: /Created +0\nUpdated +0\n/,
    },
    {
      who: "ada",
      args: ["resources", "import", "-"],
      given: { stdin: "name,units\r\nCellar,many\r\n" },
      says: /line 2, units: /,
      code: 2,
    },
    { who: "ada", args: ["resources", "export"], prints: /Cellar/ },
    {
      who: "ada",
      args: ["resources", "remove", "Cellar"],
      given: { answers: YES },
      says: /Cellar is out of use/,
    },
    {
      who: "ada",
      args: ["users", "list", "--query", "Bob"],
      prints: /Bob Booker +bob@holdfast\.test +user +yes\n/,
    },
    { who: "bob", args: ["users", "list"], says: /may not manage people/, code: 4 },
    { who: "ada", args: ["users", "role", "bob@holdfast.test", "staff"], prints: /Role +staff\n/ },
    { who: "bob", args: ["approvals", "list"], prints: /R-4|/ },
    { who: "ada", args: ["users", "show", "bob@holdfast.test"], prints: /Role +staff\n/ },
    {
      who: "ada",
      args: ["users", "close", "bob@holdfast.test"],
      given: { answers: YES },
      says: /The account of Bob Booker is closed/,
    },
    { who: "bob", args: ["whoami"], says: /has ended|Not signed in|[Ss]ign in/, code: 3 },
    { who: "ada", args: ["users", "reopen", "bob@holdfast.test"], prints: /Active +yes\n/ },
    { who: "ada", args: ["users", "export"], prints: /bob@holdfast\.test/ },
    {
      who: "ada",
      args: ["users", "import", "-"],
      given: { stdin: "email,name\r\nbob@holdfast.test,Bob Booker\r\n" },
      prints: /Updated +0\n/,
    },
    { who: "sam", args: ["audit", "--action", "bump"], prints: /Sam Says +bump +R-2/ },
    { who: "alice", args: ["logout"], says: /Signed out/ },
    { who: "alice", args: ["logout"], says: /Not signed in/ },
    { who: "operator", args: ["migrate"], prints: /Nothing to do: the database is up to date\n/ },
    {
      who: "operator",
      args: ["backup", "verify"],
      says: /There is no backup in .*\/backups/,
      code: 5,
    },
    { who: "operator", args: ["backup"], says: /holdfast-\d{8}T\d{6}Z\.sql\.gz: \d+ rows, 0\.0 MB/ },
    { who: "operator", args: ["backup", "verify"], says: /: sound, taken at .*, \d+ rows in \d+ tables/ },
    {
      who: "operator",
      args: ["restore", "nowhere.sql.gz"],
      says: /There is no file nowhere\.sql\.gz/,
      code: 5,
    },
    {
      who: "operator",
      args: ["restore", "README.md"],
      says: /at work on this database: stop it first/,
      code: 6,
    },
    { who: "operator", args: ["sweep"], prints: /0 rows changed\n/ },
    { who: "operator", args: ["doctor"], prints: /ok +promises +nothing is held twice/ },
    {
      who: "operator",
      args: ["user", "create", "new@holdfast.test", "New One", "--role", "staff"],
      given: { stdin: "a long enough password\n" },
      prints: /New One <new@holdfast\.test> is staff\n/,
    },
    {
      who: "operator",
      args: ["user", "take-second-factor", "new@holdfast.test"],
      prints: /New One has no second factor\n/,
    },
    {
      who: "operator",
      args: ["user", "take-second-factor", "nobody@holdfast.test"],
      says: /This person/,
      code: 5,
    },
    { who: "operator", args: ["demo"], says: /into an empty database only/, code: 6 },
    { who: "operator", args: ["config"], prints: /SECRET_KEY.*••••••/ },
    { who: "operator", args: ["completion", "bash"], prints: /complete -o default -F _holdfast holdfast/ },
    { who: "operator", args: ["completion", "fish"], prints: /-a 'approve'/ },
    { who: "operator", args: ["completion", "tcsh"], says: /bash, zsh or fish/, code: 2 },
  ];
}

async function stage() {
  const stack = new AsyncDisposableStack();
  const database = stack.use(await testDatabase());
  // The command line reads the clock of the machine, so the site has to live today.
  const now = Temporal.Now.instant();
  const cast = await makeCast(database.sql, now);
  const hall = await makeResource(database.sql, cast.ada, { name: "Hall" }, now);
  const server = stack.use(await serveSite(database.sql, now, { TIME_ZONE: ZONE }));
  const homes = await Deno.makeTempDir({ prefix: "holdfast-cli-" });
  stack.defer(() => Deno.remove(homes, { recursive: true }));
  const { host, database: name, username } = database.where;
  const operators = {
    ...{ DATABASE_URL: `postgres:///${name}`, PGHOST: host, PGUSER: username },
    SECRET_KEY: "a secret of the tests, long enough to sign with",
  };
  const envOf = (who: Who): Record<string, string> => ({
    XDG_CONFIG_HOME: `${homes}/${who}`,
    ...(who === "operator" ? { ...operators, DATA_DIR: `${homes}/operator` } : {}),
  });
  return {
    ...{ sql: database.sql, cast, hall, server, homes, envOf },
    email: (who: Who) => cast[who as keyof typeof cast]?.email ?? "",
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

for (const mode of ["pipe", "terminal"] as const) {
  Deno.test(`every command does what it says in a ${mode}`, async (t) => {
    await using scene = await stage();
    for (const { who, args, given = {}, prints, says, code = 0 } of story(scene.server.origin, scene.email)) {
      await t.step(`${who}: ${args.join(" ")}`, async () => {
        const run: Run = mode === "pipe"
          ? (args, given) => inPipe(scripted(args), { ...given, stdin: inputOf(args, given) })
          : typing;
        const done = await run(args, { ...given, env: scene.envOf(who) });
        const all = `${done.printed}\n${done.said}`;
        assert.equal(done.code, code, all);
        if (prints) assert.match(done.printed.replace(BOLD, "").replace(MOVES, ""), prints);
        if (says) assert.match(all, says);
        assert(!all.includes(PASSWORD) && !/\n\s+at /.test(all), all);
        if (mode === "pipe") assert.doesNotMatch(done.printed, BOLD);
      });
    }
    await assertSound(scene.sql);
  });
}

// deno-lint-ignore no-control-regex
const BOLD = /\x1b\[\d*m/g;
// deno-lint-ignore no-control-regex
const MOVES = /\x1b\[\d*[A-KS-Z]/g;

// What a person is asked a script says beforehand.
function scripted(args: readonly string[]): string[] {
  if (args[0] === "login") return [...args, "--password-stdin"];
  return ["remove", "close"].includes(args[1]) ? [...args, "--yes"] : [...args];
}

const inputOf = (args: readonly string[], given?: Given) =>
  args[0] === "login" ? `${PASSWORD}\n` : given?.stdin;

// A file or a pipe goes in through a pipe in a terminal, too.
const typing: Run = async (args, given = {}) => {
  if (given.stdin === undefined) return await inTerminal(args, given);
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, given.stdin);
  const done = await inTerminal(args, { ...given, from: file });
  await Deno.remove(file);
  return done;
};

Deno.test("the story has every command in it", async () => {
  const { printed } = await inPipe(["completion", "bash"]);
  const known = [...printed.matchAll(/^ {4}"([a-z ]+)"\) words="([^"]*)"/gm)]
    .filter(([, , words]) => /^--/.test(words)).map(([, path]) => path);
  assert(known.length > 35, printed);
  const told = story("http://localhost", () => "").map(({ args }) => args.join(" "));
  assert.deepEqual(
    known.filter((path) => path && !told.some((args) => `${args} `.startsWith(`${path} `))),
    [],
  );
});

Deno.test("every command has a help with what it does, and the groups have examples", async () => {
  const { printed } = await inPipe(["--help"]);
  assert.match(printed, /Exit codes: 0 done, 1 failed, 2 wrong input, 3 not signed in/);
  for (
    const args of [["resources", "list"], ["reservations", "create"], ["approvals", "approve"], ["login"]]
  ) {
    const { printed, code } = await inPipe([...args, "--help"]);
    assert.equal(code, 0);
    assert.match(printed, /Examples?:\n {2}holdfast/, args.join(" "));
  }
});

Deno.test("a table fits the terminal, and is whole in a pipe", async (t) => {
  await using scene = await stage();
  const { sql, cast, server } = scene;
  const long = "The longest name that a room of this house has, with 漢字 and 🎈";
  await makeResource(
    sql,
    cast.ada,
    { name: long, location: "Far away, behind the hills" },
    Temporal.Now.instant(),
  );
  const env = scene.envOf("alice");
  await inPipe(["login", server.origin, "--email", scene.email("alice"), "--password-stdin"], {
    env,
    stdin: PASSWORD,
  });

  await t.step("in 60 columns no line is longer, and the heading is bold", async () => {
    const { printed } = await inTerminal(["resources", "list"], { env }, 60);
    assert.match(printed, BOLD);
    const lines = printed.replace(BOLD, "").replace(MOVES, "").split("\n");
    assert.deepEqual(lines.filter((line) => [...line].length > 60), []);
    assert.match(printed, /The longest.*…/);
  });
  await t.step("an id is whole in 60 columns, too: it can be given to the next command", async () => {
    const now = Temporal.Now.instant();
    const [{ id: hall }] = await sql<{ id: string }[]>`select id from resources where name = 'Hall'`;
    const start_time = now.add({ hours: 30 });
    const slot = { resource_ids: [hall], start_time, end_time: start_time.add({ hours: 1 }) };
    await request(sql, cast.bob, slot, now);
    const { id } = await join(sql, cast.alice, slot, now);
    const { printed } = await inTerminal(["waitlist", "list"], { env }, 60);
    assert(printed.includes(id), printed);
    const lines = printed.replace(BOLD, "").replace(MOVES, "").split("\n");
    assert.deepEqual(lines.filter((line) => [...line].length > 60), []);
  });
  await t.step("NO_COLOR is heard", async () => {
    const { printed } = await inTerminal(["resources", "list"], { env: { ...env, NO_COLOR: "1" } });
    assert.doesNotMatch(printed, BOLD);
  });
  await t.step("in a pipe nothing is cut", async () => {
    const { printed } = await inPipe(["resources", "list"], { env });
    assert(printed.includes(long));
  });
  await t.step("--json is what the site sent", async () => {
    const { printed } = await inPipe(["resources", "list", "--json"], { env });
    assert.deepEqual(
      JSON.parse(printed).map((row: { name: string }) => row.name).sort(),
      ["Hall", long].sort(),
    );
  });
  await t.step("--csv has the columns of the table", async () => {
    const { printed } = await inPipe(["resources", "list", "--csv"], { env });
    assert.equal(printed.split("\n")[0], "Name,Kind,Location,Places,Units,Tags");
  });
  await t.step("both at once are refused", async () => {
    assert.equal((await inPipe(["resources", "list", "--csv", "--json"], { env })).code, 2);
  });
  await t.step("HOLDFAST_URL and HOLDFAST_TOKEN do without a file", async () => {
    const kept = JSON.parse(await Deno.readTextFile(`${env.XDG_CONFIG_HOME}/holdfast/sign-in.json`));
    const { access_token } = kept.sites[server.origin];
    const elsewhere = {
      XDG_CONFIG_HOME: `${scene.homes}/nobody`,
      HOLDFAST_URL: server.origin,
      HOLDFAST_TOKEN: access_token,
    };
    const { printed, code } = await inPipe(["whoami"], { env: elsewhere });
    assert.deepEqual([code, /Alice Asker/.test(printed)], [0, true]);
  });
  await t.step(
    "the kept sign-in is for its owner's eyes alone, and one that others may read is refused",
    async () => {
      const file = `${env.XDG_CONFIG_HOME}/holdfast/sign-in.json`;
      assert.equal((await Deno.stat(file)).mode! & 0o777, 0o600);
      await Deno.chmod(file, 0o644);
      const { code, said } = await inPipe(["whoami"], { env });
      assert.deepEqual([code, /can be read by others/.test(said)], [1, true]);
      await Deno.chmod(file, 0o600);
    },
  );
  await t.step(
    "two commands at once that find the access token run out renew it once, and both go on",
    async () => {
      const file = `${env.XDG_CONFIG_HOME}/holdfast/sign-in.json`;
      const kept = JSON.parse(await Deno.readTextFile(file));
      kept.sites[server.origin].until = 0;
      await Deno.writeTextFile(file, JSON.stringify(kept));
      const both = await Promise.all([inPipe(["whoami"], { env }), inPipe(["whoami"], { env })]);
      assert.deepEqual(both.map(({ code }) => code), [0, 0]);
      assert.equal((await inPipe(["whoami"], { env })).code, 0);
    },
  );
});

Deno.test("a site that does not answer is told from one that refuses", async () => {
  const { code, said } = await inPipe(["status", "--site", "http://127.0.0.1:1"]);
  assert.deepEqual([code, /127\.0\.0\.1:1 does not answer/.test(said)], [7, true]);
});

Deno.test("a demo site goes into an empty database", async () => {
  await using database = await testDatabase();
  const { host, database: name, username } = database.where;
  const env = {
    ...{ DATABASE_URL: `postgres:///${name}`, PGHOST: host, PGUSER: username, SECRET_KEY: "x".repeat(40) },
  };
  const { code, printed, said } = await inPipe(["demo", "--reservations", "100"], { env });
  assert.equal(code, 0, said);
  assert.match(printed, /ada@demo\.example/);
});
