import { createApp } from "./app.ts";
import { backUpWhenDue, DAILY, LOOKS } from "./backups.ts";
import { BadSettings, type Config, readConfig, SETTING_NAMES } from "./config.ts";
import { type Cluster, follow, NoPrimary } from "./db/cluster.ts";
import { connect } from "./db/connect.ts";
import { DataDirInUse, EmbeddedFailed } from "./db/embedded.ts";
import { isDriversOwn, tellsOfLoss } from "./db/lost.ts";
import { migrate, MigrationRefused } from "./db/migrate.ts";
import type { Sql } from "./db/types.ts";
import { sealAnew } from "./domain/auth/second_factor.ts";
import { Invalid } from "./domain/errors.ts";
import { setUp } from "./domain/users.ts";
import { furnish, openDatabase, type Opened } from "./house.ts";
import { JOBS, runJob } from "./jobs.ts";
import { compressBeside } from "./lib/compress.ts";
import { log, startLogging } from "./lib/log.ts";
import { stopHashing } from "./lib/passwords.ts";

// The database keeps microseconds: what is answered is what is kept.
const clock = () => Temporal.Now.instant().round("microsecond");
const demo = Deno.args.includes("--demo");

/** What is to be undone when the program ends, the last first. */
const undo: (() => Promise<void> | void)[] = [];
let stopping = false;

// Jobs are known to the runtime from the first moment, as it wants them; they work from when there is a database.
let work: ((job: typeof JOBS[number]) => Promise<unknown>) | undefined;
for (const job of JOBS) Deno.cron(job.name, job.schedule, () => work?.(job).then(() => {}));
let backUp: (() => Promise<unknown>) | undefined;
Deno.cron(DAILY, LOOKS, () => backUp?.().then(() => {}));

for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => void stop(0));

// The driver has promises and moments of its own that nobody can catch: a connection that breaks in one of them is lost
// to whoever waited for it, who is told, and must not be the end of the program.
addEventListener("unhandledrejection", (event) => surviveLoss(event, event.reason));
addEventListener("error", (event) => surviveLoss(event, event.error));

try {
  await start(demo ? await demoSettings() : settings());
} catch (error) {
  if (!isExpected(error)) throw error;
  for (const line of error.message.split("\n")) console.error(`Holdfast cannot start: ${line}`);
  await stop(1);
}

async function start(config: Config) {
  await startLogging(config.LOG_FORMAT);
  const database = await openDatabase(config, (reason) => {
    console.error(`Holdfast ends: ${reason}`);
    void stop(1);
  });
  undo.push(database.close);
  const { sql, standby, close } = await openPool(database);
  undo.push(close);
  const applied = await migrate(sql, clock());
  if (applied.length > 0) log("database").info("Migrated: {applied}", { applied: applied.join(", ") });
  if (demo) await fill(sql, config);
  if (config.ADMIN_EMAIL && config.ADMIN_PASSWORD) {
    const admin = {
      email: config.ADMIN_EMAIL.toLowerCase(),
      password: config.ADMIN_PASSWORD,
      name: "Administrator",
    };
    await setUp(sql, admin, clock()).catch((error) => {
      throw error instanceof Invalid ? new BadSettings(`ADMIN_PASSWORD is refused: ${error.message}`) : error;
    });
  }
  const house = await furnish(sql, config, clock, standby);
  // Its ear at the database closes with the pool: to say goodbye would wait for a database that may be gone.
  undo.push(stopHashing);
  work = (job) => runJob(sql, job, clock());
  backUp = () => backUpWhenDue(sql, config, clock());
  void work(JOBS[0]).catch(() => {});
  // Where the key was replaced, what the one before has sealed; a server that cannot leaves it to the next start.
  void sealAnew(sql, house.config.SECRET_KEY).then((count) => {
    if (count > 0) log("main").info("Second factors sealed with the new key: {count}", { count });
  }).catch((error) => log("main").warn("Could not seal anew: {error}", { error: String(error) }));

  undo.push(compressBeside().end);
  const app = createApp(house);
  const server = Deno.serve({
    hostname: config.HOST,
    port: config.PORT,
    onListen: () => log("http").info("Holdfast is open at {address}", { address: config.BASE_URL }),
  }, app.fetch);
  undo.push(() => server.shutdown());
  if (stopping) await stop(0);
}

async function openPool(
  { where, addresses }: Opened,
): Promise<Partial<Cluster> & Pick<Cluster, "sql" | "close">> {
  const database = log("database");
  if (addresses.length > 1) {
    return await follow(addresses, {
      info: (words) => database.info(words),
      warn: (words) => database.warn(words),
    });
  }
  const sql = connect(where);
  return { sql, close: () => sql.end({ timeout: 5 }) };
}

function surviveLoss(event: Event, error: unknown) {
  if (!tellsOfLoss(error) && !isDriversOwn(error)) return;
  event.preventDefault();
  log("database").warn("A connection was lost: {error}", { error: String(error) });
}

/** Ends in the reverse order of the start: no new requests, those under way finish, then the database closes. */
async function stop(code: number) {
  if (stopping) return;
  stopping = true;
  log("main").info("Closing");
  for (const step of undo.reverse()) {
    try {
      await step();
    } catch (error) {
      // Where the database went first, there is nothing to take leave of; the rest is closed all the same.
      log("main").warn("Could not close: {error}", { error: String(error) });
    }
  }
  Deno.exit(code);
}

function settings(): Config {
  const given = Object.fromEntries(SETTING_NAMES.map((name) => [name, Deno.env.get(name)]));
  return readConfig(given, { terminal: Deno.stderr.isTerminal() });
}

// A database of its own in a folder of its own, gone when the program ends.
async function demoSettings(): Promise<Config> {
  const DATA_DIR = await Deno.makeTempDir({ prefix: "holdfast-demo-" });
  await Deno.chmod(DATA_DIR, 0o711);
  undo.push(() => Deno.remove(DATA_DIR, { recursive: true }));
  const given = Object.fromEntries(
    ["PORT", "HOST", "BASE_URL", "TIME_ZONE", "RATE_LIMIT", "CORS_ORIGINS", "TRUSTED_PROXIES", "LOG_FORMAT"]
      .map((
        name,
      ) => [name, Deno.env.get(name)]),
  );
  return readConfig({ ...given, TIME_ZONE: given.TIME_ZONE ?? "Europe/Berlin", DATA_DIR }, {
    terminal: Deno.stderr.isTerminal(),
  });
}

async function fill(sql: Sql, config: Config) {
  const { fillDemo } = await import("./db/demo.ts");
  const terminal = Deno.stderr.isTerminal();
  const write = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  let shown = -1;
  const { password, sign_in, ...site } = await fillDemo(sql, {
    now: clock(),
    timeZone: config.TIME_ZONE,
    onProgress(done, total, what) {
      const percent = Math.floor(done / total * (terminal ? 100 : 10));
      if (percent === shown) return;
      shown = percent;
      write(terminal ? `\r\x1b[K${what}: ${done} of ${total}` : `${what}: ${done} of ${total}\n`);
    },
  });
  write(
    `${terminal ? "\r\x1b[K" : ""}A demo site: ${site.resources} resources, ${site.people} people, ` +
      `${site.reservations} reservations. It is thrown away at the end.\n` +
      `Sign in at ${config.BASE_URL} with the password ${password} as\n` +
      sign_in.map(({ role, name, email }) => `  ${email.padEnd(24)} ${name}, ${role}\n`).join(""),
  );
}

function isExpected(error: unknown): error is Error {
  return [BadSettings, DataDirInUse, EmbeddedFailed, MigrationRefused, NoPrimary, Deno.errors.AddrInUse]
    .some((kind) => error instanceof kind);
}
