import assert from "node:assert/strict";
import { SETTING_NAMES } from "../config.ts";

const ROOT = new URL("../", import.meta.url);
const FOLDERS = ["domain", "routes", "views", "db", "lib", "cli"] as const;
/** Those that live inside a request: they are handed the clock and the settings. */
const INSIDE = FOLDERS.filter((folder) => folder !== "cli");
type Folder = typeof FOLDERS[number];

/** Where the arrows may point: from each folder, to itself and to these. */
const MAY_IMPORT: Record<Folder, readonly Folder[]> = {
  domain: ["db", "lib"],
  routes: ["domain", "views", "db", "lib"],
  views: ["domain"],
  db: ["lib"],
  lib: [],
  cli: ["domain", "routes", "db", "lib"],
};

/** The demo fills a database through the domain, as people would. */
const DEMO = /^db\/demo/;

/** Who writes which table; what comes in by files is written set by set. `transitionDue`, `expireChanges` and the storing of a new reservation write several in one
 * statement. */
const WRITERS: Record<string, readonly string[]> = {
  users: [
    "domain/users.ts",
    "domain/accounts.ts",
    "domain/profiles.ts",
    "domain/transfers/users.ts",
    "domain/auth/passwords.ts",
  ],
  sessions: ["domain/auth/sessions.ts"],
  api_tokens: ["domain/auth/tokens.ts"],
  second_factors: ["domain/auth/second_factor.ts"],
  password_resets: ["domain/auth/resets.ts"],
  resources: ["domain/resources.ts", "domain/transfers/resources.ts", "domain/parts.ts"],
  resource_accessories: ["domain/accessories.ts"],
  resource_parts: ["domain/parts.ts"],
  resource_parts_all: ["domain/parts.ts"],
  policies: ["domain/policies.ts", "domain/policy_changes.ts"],
  policy_trusts: ["domain/policies.ts"],
  policy_trusted_groups: ["domain/policies.ts"],
  reservations: [
    "domain/storing.ts",
    "domain/transitions.ts",
    "domain/edits.ts",
    "domain/holds.ts",
    "domain/series_store.ts",
  ],
  series: ["domain/series_store.ts"],
  series_skips: ["domain/series_store.ts"],
  allocations: [
    "domain/storing.ts",
    "domain/allocations.ts",
    "domain/retaking.ts",
    "domain/series_store.ts",
  ],
  waitlist: ["domain/waitlist.ts", "domain/offers.ts"],
  offers: ["domain/offers.ts"],
  doors: ["domain/doors.ts"],
  closures: ["domain/closures.ts"],
  closure_dates: ["domain/closure_dates.ts", "domain/closures.ts"],
  history: [
    "domain/storing.ts",
    "domain/series_store.ts",
    "domain/transitions.ts",
    "domain/history.ts",
    "domain/proposals.ts",
  ],
  outbox: [
    "domain/storing.ts",
    "domain/series_store.ts",
    "domain/transitions.ts",
    "domain/outbox.ts",
    "domain/proposals.ts",
  ],
  groups: ["domain/groups.ts"],
  group_members: ["domain/groups.ts"],
  resource_approvers: ["domain/resource_approvers.ts"],
  delegations: ["domain/delegations.ts"],
  questions: ["domain/questions.ts"],
  proposals: ["domain/proposals.ts", "domain/transitions.ts"],
  replies: ["domain/replies.ts"],
  runs: ["domain/runs.ts"],
  imports: ["domain/transfers/staging.ts"],
  import_lines: ["domain/transfers/staging.ts"],
  migrations: ["db/migrate.ts"],
};

interface Source {
  path: string;
  text: string;
}

async function sourcesIn(folder: string): Promise<Source[]> {
  const found: Source[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await sourcesIn(path));
    else if (/\.tsx?$/.test(name)) found.push({ path, text: await Deno.readTextFile(new URL(path, ROOT)) });
  }
  return found;
}

const everything = async () => (await Promise.all(FOLDERS.map(sourcesIn))).flat();
const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, "");

/** What a file imports: paths from the root for our own, names for packages. */
function importsOf({ path, text }: Source) {
  const said = text.matchAll(/^(import|export)(\s+type)?\s[^;]*?from "([^"]+)"/gms);
  return [...said].map(([, , type, name]) => ({
    typeOnly: Boolean(type),
    name: name.startsWith(".") ? new URL(name, new URL(path, ROOT)).href.slice(ROOT.href.length) : name,
  }));
}

/** Where `pattern` is found: `path: what stands there`. */
async function places(folders: readonly string[], pattern: RegExp, except: readonly string[] = []) {
  const sources = (await Promise.all(folders.map(sourcesIn))).flat();
  assert(sources.length > 0);
  return sources.filter(({ path }) => !except.includes(path)).flatMap(({ path, text }) =>
    [...withoutComments(text).matchAll(pattern)].map(([found]) => `${path}: ${found}`)
  );
}

for (const folder of FOLDERS) {
  Deno.test(`${folder} imports ${MAY_IMPORT[folder].join(", ") || "nothing"} of ours, beside itself`, async () => {
    const wrong = (await sourcesIn(folder)).flatMap((source) =>
      importsOf(source).filter(({ name, typeOnly }) => {
        const [top, rest] = name.split("/", 2);
        const ours = FOLDERS.find((one) => one === top);
        if (DEMO.test(source.path) && ours === "domain") return false;
        if (folder === "cli" && rest === undefined) return false; // a program of its own, as `main.ts` is
        if (ours) return ours !== folder && !MAY_IMPORT[folder].includes(ours);
        // A file at the top knows everything; of those only the shape of the settings is known below.
        return rest === undefined && name.endsWith(".ts") && !(name === "config.ts" && typeOnly);
      }).map(({ name }) => `${source.path} imports ${name}`)
    );
    assert.deepEqual(wrong, []);
  });
}

Deno.test("the domain knows no HTTP, no HTML and no log", async () => {
  const packages = (await sourcesIn("domain")).flatMap(importsOf).map(({ name }) => name)
    .filter((name) => !name.includes("/") && !name.startsWith("node:"));
  assert.deepEqual([...new Set(packages)], ["zod"]);
});

Deno.test("views hold no SQL", async () => {
  assert.deepEqual(await places(["views"], /\b(sql|db|tx)(<[^>]*>)?`/g), []);
});

Deno.test("routes hold no SQL, but for the question whether the database answers", async () => {
  assert.deepEqual(await places(["routes"], /\bsql(<[^>]*>)?`[^`]*`/g), ["routes/health.ts: sql`select 1`"]);
});

Deno.test("nobody asks a clock for the date: it comes as a parameter", async () => {
  const asked = await places(
    INSIDE,
    /Date\.now\(\)|new Date\(|Temporal\.Now|(?<!performance\.)\bnow\(\)|current_timestamp/g,
  );
  assert.deepEqual(asked, ["lib/ids.ts: Date.now()"]);
});

Deno.test("nobody but the program and its commands reads the environment", async () => {
  assert.deepEqual(await places(INSIDE, /Deno\.env|process\.env/g), []);
});

Deno.test("text becomes SQL by itself only in migrations and backups", async () => {
  assert.deepEqual(
    await places(FOLDERS, /\.unsafe\(/g, [
      ...["db/migrate.ts", "db/backup/tables.ts", "db/backup/restore.ts", "db/backup/place.ts"],
    ]),
    [],
  );
});

Deno.test("each table is written by those who own it", async () => {
  const written =
    /(?<!for )\b(?:insert into|update|delete from)\s+([a-z_]+)(?=\s+(?:set|where|\(|v\b|a\b|s\b|\$\{))/g;
  const wrong: string[] = [];
  let seen = 0;
  for (const { path, text } of await everything()) {
    if (DEMO.test(path)) continue;
    for (const [, table] of withoutComments(text).matchAll(written)) {
      seen++;
      if (!WRITERS[table]?.includes(path)) wrong.push(`${path} writes ${table}`);
    }
  }
  assert(seen > 20, `only ${seen} writing statements were found`);
  assert.deepEqual(wrong, []);
});

Deno.test("only transitions, and the storing of a new reservation, write a status", async () => {
  const setting = /update reservations[^`]*?\bset\b(?:(?!\bwhere\b|\bfrom\b)[^`])*?\bstatus = /g;
  const paths = (await places(["domain", "db", "routes"], setting)).map((place) => place.split(":")[0]);
  assert.deepEqual([...new Set(paths)], ["domain/transitions.ts"]);
});

Deno.test("every page's router has a view of the same name", async () => {
  const views = (await sourcesIn("views")).map(({ path }) => path.replace("views/", ""));
  // `respond` frames what others draw.
  const routers = (await sourcesIn("routes")).map(({ path }) => path.replace("routes/", ""))
    .filter((path) => path.endsWith(".tsx") && path !== "respond.tsx");
  assert(routers.length > 8);
  assert.deepEqual(routers.filter((path) => !views.includes(path)), []);
});

Deno.test("no file is longer than fits in a head", async () => {
  const sources = [
    ...await everything(),
    ...await sourcesIn("tests"),
    ...await sourcesIn("bench"),
    ...await sourcesIn("prove"),
  ];
  const long = sources.map(({ path, text }) => ({ path, lines: text.split("\n").length }))
    .filter(({ path, lines }) => lines > (path.startsWith("tests/") ? 600 : 400));
  assert.deepEqual(long, []);
});

Deno.test("the README names every setting, every task and every command", async () => {
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const cli = (await sourcesIn("cli")).map(({ text }) => text).join("\n");
  const jobs = await Deno.readTextFile(new URL("jobs.ts", ROOT));
  const commands = [...cli.matchAll(/program\.command\("(\w+)"\)/g), ...jobs.matchAll(/name: "(\w+)"/g)].map((
    [, n],
  ) => n);
  assert(commands.length >= 4);
  const wanted = [
    ...SETTING_NAMES.map((name) => `\`${name}\``),
    ...Object.keys(tasks).filter((task) => task !== "cli").map((task) => `\`deno task ${task}`),
    ...commands.map((name) => `\`deno task cli ${name}`),
  ];
  assert.deepEqual(wanted.filter((word) => !readme.includes(word)), []);
});

Deno.test("the settings' example names settings that exist", async () => {
  const example = await Deno.readTextFile(new URL(".env.example", ROOT));
  const names = [...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
  assert(names.length > 3);
  // The password is Compose's own, and reaches Holdfast inside DATABASE_URL.
  assert.deepEqual(names.filter((name) => !SETTING_NAMES.includes(name)), ["POSTGRES_PASSWORD"]);
});
