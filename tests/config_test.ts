import assert from "node:assert/strict";
import { join } from "node:path";
import { BadSettings, maskedConfig, readConfig, SETTING_NAMES } from "../config.ts";

const ROOT = join(import.meta.dirname ?? ".", "..");
const SECRET = "a secret of at least thirty-two characters";
const ADDRESS = "postgres://holdfast:hush@db.example:5432/holdfast";

/** The lines that a person reads whose settings cannot work. */
function complaints(env: Record<string, string>): string[] {
  try {
    readConfig(env);
  } catch (error) {
    assert(error instanceof BadSettings, String(error));
    return error.message.split("\n");
  }
  return [];
}

Deno.test("without any setting Holdfast runs by itself on port 8000 of this machine", () => {
  assert.deepEqual(readConfig({}), {
    PORT: 8000,
    HOST: "127.0.0.1",
    DATABASE_URL: undefined,
    DATA_DIR: "./data",
    BASE_URL: "http://localhost:8000",
    SECRET_KEY: undefined,
    ADMIN_EMAIL: undefined,
    ADMIN_PASSWORD: undefined,
    TIME_ZONE: "UTC",
    REGISTRATION: "open",
    REQUIRE_SECOND_FACTOR: [],
    RATE_LIMIT: "on",
    CORS_ORIGINS: [],
    TRUSTED_PROXIES: [],
    LOG_FORMAT: "json",
    BACKUP_AT: undefined,
    BACKUP_KEEP: 14,
    METRICS_TOKEN: undefined,
  });
});

Deno.test("the settings are those of the documentation, in its order", () => {
  assert.deepEqual(SETTING_NAMES, [
    ...[
      "PORT",
      "HOST",
      "DATABASE_URL",
      "DATA_DIR",
      "BASE_URL",
      "SECRET_KEY",
      "ADMIN_EMAIL",
      "ADMIN_PASSWORD",
    ],
    ...[
      "TIME_ZONE",
      "REGISTRATION",
      "REQUIRE_SECOND_FACTOR",
      "RATE_LIMIT",
      "CORS_ORIGINS",
      "TRUSTED_PROXIES",
      "LOG_FORMAT",
    ],
    ...["BACKUP_AT", "BACKUP_KEEP", "METRICS_TOKEN"],
  ]);
});

Deno.test("the tasks may read every setting", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  for (const task of ["start", "dev", "cli"]) {
    const [, allowed] = /--allow-env=(\S+)/.exec(tasks[task].command) ?? [];
    assert.deepEqual(SETTING_NAMES.filter((name) => !allowed.split(",").includes(name)), [], task);
  }
});

Deno.test("an empty variable counts as not set", () => {
  const empty = Object.fromEntries(SETTING_NAMES.map((name) => [name, ""]));
  assert.deepEqual(readConfig(empty), readConfig({}));
});

Deno.test("what is set is taken as it is", () => {
  const given = {
    HOST: "0.0.0.0",
    DATABASE_URL: ADDRESS,
    DATA_DIR: "/var/lib/holdfast",
    BASE_URL: "https://rooms.example.org",
    SECRET_KEY: SECRET,
    ADMIN_EMAIL: "ada@example.org",
    ADMIN_PASSWORD: "correct horse",
    TIME_ZONE: "Europe/Berlin",
    REGISTRATION: "closed",
    REQUIRE_SECOND_FACTOR: "staff, admin",
    RATE_LIMIT: "off",
    LOG_FORMAT: "pretty",
    BACKUP_AT: "02:30",
    METRICS_TOKEN: "scraped-every-15-s",
  };
  assert.deepEqual(readConfig({ ...given, PORT: "9000", BACKUP_KEEP: "3" }), {
    ...given,
    PORT: 9000,
    BACKUP_KEEP: 3,
    REQUIRE_SECOND_FACTOR: ["staff", "admin"],
    CORS_ORIGINS: [],
    TRUSTED_PROXIES: [],
  });
});

Deno.test("origins are a list with commas between them", () => {
  const CORS_ORIGINS = "https://intranet.example.org, http://localhost:5173,";
  assert.deepEqual(readConfig({ CORS_ORIGINS }).CORS_ORIGINS, [
    "https://intranet.example.org",
    "http://localhost:5173",
  ]);
});

Deno.test("the address of the site follows the port where it is not set, and ends without a slash", () => {
  assert.equal(readConfig({ PORT: "9000" }).BASE_URL, "http://localhost:9000");
  assert.equal(readConfig({ BASE_URL: "https://example.org/rooms//" }).BASE_URL, "https://example.org/rooms");
});

Deno.test("the log is for people on a terminal and for machines elsewhere, unless it is set", () => {
  const { LOG_FORMAT: onTerminal } = readConfig({}, { terminal: true });
  const { LOG_FORMAT: asSet } = readConfig({ LOG_FORMAT: "json" }, { terminal: true });
  assert.deepEqual([onTerminal, asSet], ["pretty", "json"]);
});

const BAD: [name: string, value: string, line: string][] = [
  ["PORT", "eight", "PORT is not a port"],
  ["PORT", "65536", "PORT is not a port"],
  ["PORT", "-1", "PORT is not a port"],
  ["PORT", "80.5", "PORT is not a port"],
  ["DATABASE_URL", "mysql://db.example/holdfast", "DATABASE_URL is not a postgres:// address"],
  ["DATABASE_URL", "db.example", "DATABASE_URL is not a postgres:// address"],
  ["BASE_URL", "rooms.example.org", "BASE_URL is not an http:// or https:// address"],
  ["BASE_URL", "ftp://rooms.example.org", "BASE_URL is not an http:// or https:// address"],
  [
    "SECRET_KEY",
    "x".repeat(31),
    "SECRET_KEY needs at least 32 characters, in each of its keys where | parts several",
  ],
  [
    "SECRET_KEY",
    `${"x".repeat(32)}|${"y".repeat(31)}`,
    "SECRET_KEY needs at least 32 characters, in each of its keys where | parts several",
  ],
  [
    "SECRET_KEY",
    `${"x".repeat(32)}|`,
    "SECRET_KEY needs at least 32 characters, in each of its keys where | parts several",
  ],
  [
    "SECRET_KEY",
    ` ${"x".repeat(31)} `,
    "SECRET_KEY needs at least 32 characters, in each of its keys where | parts several",
  ],
  ["ADMIN_EMAIL", "ada", "ADMIN_EMAIL is not an e-mail address"],
  ["ADMIN_PASSWORD", "too short", "ADMIN_PASSWORD needs at least 10 characters"],
  ["TIME_ZONE", "Mars/Olympus", "TIME_ZONE is not an IANA time zone; an example: Europe/Berlin"],
  ["TIME_ZONE", "+02:00", "TIME_ZONE is not an IANA time zone; an example: Europe/Berlin"],
  ["REGISTRATION", "yes", "REGISTRATION is either open or closed"],
  ["REQUIRE_SECOND_FACTOR", "everybody", "REQUIRE_SECOND_FACTOR is a list of roles: user,staff,admin"],
  ["RATE_LIMIT", "OFF", "RATE_LIMIT is either on or off"],
  ...[
    "*",
    "intranet.example.org",
    "https://intranet.example.org/",
    "ftp://example.org",
    "https://user@a.example",
  ].map(
    (value): [string, string, string] => [
      ...["CORS_ORIGINS", value] as const,
      "CORS_ORIGINS is a list of origins; an example: https://intranet.example.org",
    ],
  ),
  ...["nginx", "10.0.0.0/33", "10.0.0.1;10.0.0.2"].map((value): [string, string, string] => [
    ...["TRUSTED_PROXIES", value] as const,
    "TRUSTED_PROXIES is a list of addresses or networks; an example: 127.0.0.1, 10.0.0.0/8",
  ]),
  ["LOG_FORMAT", "xml", "LOG_FORMAT is either json or pretty"],
  ["BACKUP_AT", "24:00", "BACKUP_AT is not a time of day; an example: 02:30"],
  ["BACKUP_AT", "daily", "BACKUP_AT is not a time of day; an example: 02:30"],
  ["BACKUP_KEEP", "0", "BACKUP_KEEP is at least 1"],
  ["BACKUP_KEEP", "all", "BACKUP_KEEP is not a number of backups"],
  ["METRICS_TOKEN", "too short", "METRICS_TOKEN needs at least 16 characters, without spaces"],
];

// What has to stand beside a setting for the setting itself to be looked at.
const PARTNERS: Record<string, Record<string, string>> = {
  ADMIN_EMAIL: { ADMIN_PASSWORD: "correct horse" },
  ADMIN_PASSWORD: { ADMIN_EMAIL: "ada@example.org" },
  DATABASE_URL: { SECRET_KEY: SECRET },
};

for (const [name, value, line] of BAD) {
  Deno.test(`${name}=${value} is refused: ${line}`, () => {
    assert.deepEqual(complaints({ ...PARTNERS[name], [name]: value }), [line]);
  });
}

Deno.test("the limits themselves are good", () => {
  for (const PORT of ["0", "65535"]) assert.equal(readConfig({ PORT }).PORT, Number(PORT));
  assert.equal(readConfig({ SECRET_KEY: "x".repeat(32) }).SECRET_KEY, "x".repeat(32));
  const admin = { ADMIN_EMAIL: "ada@example.org", ADMIN_PASSWORD: "ten chars!" };
  assert.equal(readConfig(admin).ADMIN_PASSWORD, "ten chars!");
  for (const TIME_ZONE of ["UTC", "Europe/London", "America/Argentina/Buenos_Aires"]) {
    assert.equal(readConfig({ TIME_ZONE }).TIME_ZONE, TIME_ZONE);
  }
});

Deno.test("each wrong setting has a line of its own", () => {
  const lines = complaints({ PORT: "x", TIME_ZONE: "x", RATE_LIMIT: "x" });
  assert.deepEqual(lines.map((line) => line.split(" ")[0]), ["PORT", "TIME_ZONE", "RATE_LIMIT"]);
});

Deno.test("a database elsewhere wants the secret to be set, as all its replicas must have the same", () => {
  assert.deepEqual(complaints({ DATABASE_URL: ADDRESS }), [
    "SECRET_KEY is required with DATABASE_URL; make one with: openssl rand -base64 48",
  ]);
  assert.deepEqual(complaints({ DATABASE_URL: ADDRESS, SECRET_KEY: SECRET }), []);
});

Deno.test("the first administrator is an address and a password, or neither", () => {
  const line = ["ADMIN_EMAIL and ADMIN_PASSWORD go together"];
  assert.deepEqual(complaints({ ADMIN_EMAIL: "ada@example.org" }), line);
  assert.deepEqual(complaints({ ADMIN_PASSWORD: "correct horse" }), line);
});

Deno.test("no complaint repeats a secret", () => {
  const secrets = {
    DATABASE_URL: "mysql://me:hush@db/x",
    SECRET_KEY: "hushhush",
    ADMIN_EMAIL: "ada@example.org",
    ADMIN_PASSWORD: "hush",
  };
  assert.equal(complaints(secrets).length, 3);
  assert.doesNotMatch(complaints(secrets).join("\n"), /hush/);
});

Deno.test("an operator who looks at the settings sees no secret", () => {
  const shown = maskedConfig(
    readConfig({
      DATABASE_URL: ADDRESS,
      SECRET_KEY: SECRET,
      ADMIN_EMAIL: "ada@example.org",
      ADMIN_PASSWORD: "hush hush hush",
    }),
  );
  assert.deepEqual([shown.DATABASE_URL, shown.SECRET_KEY, shown.ADMIN_PASSWORD, shown.ADMIN_EMAIL], [
    ...["postgres://holdfast:••••••@db.example:5432/holdfast", "••••••", "••••••", "ada@example.org"],
  ]);
});

Deno.test("a program with wrong settings ends at once with a line for each, and opens nothing", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const { code, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", `exec ${tasks.start.command}`],
    cwd: ROOT,
    env: {
      PATH: `${join(Deno.execPath(), "..")}:${Deno.env.get("PATH")}`,
      ...{ PORT: "eight", DATABASE_URL: ADDRESS, SECRET_KEY: "", NO_COLOR: "1" },
    },
    stdin: "null",
  }).output();
  const said = new TextDecoder().decode(stderr).trim().split("\n");
  assert.deepEqual([code, said.filter((line) => line.startsWith("Holdfast"))], [1, [
    "Holdfast cannot start: PORT is not a port",
  ]]);
  assert(!said.some((line) => /^\s+at /.test(line)), said.join("\n"));
});
