import { BadSettings, type Config } from "../config.ts";
import { pendingMigrations } from "../db/migrate.ts";
import type { Sql } from "../db/types.ts";
import { findUnsound } from "../domain/soundness.ts";
import { lastRuns } from "../domain/runs.ts";
import { isSetUp } from "../domain/users.ts";

/** One thing that was looked at. */
export interface Finding {
  what: string;
  ok: boolean;
  found: string;
  /** What to do where it is not as it should be. */
  remedy: string;
}

type WithDatabase = <T>(work: (sql: Sql, config: Config) => Promise<T>) => Promise<T>;

/** Looks at the settings, the database, its shape, its guard, its rows and the background work. */
export async function examine(settings: () => Config, withDatabase: WithDatabase): Promise<Finding[]> {
  let config: Config;
  try {
    config = settings();
  } catch (error) {
    if (!(error instanceof BadSettings)) throw error;
    return [{
      what: "settings",
      ok: false,
      found: error.message,
      remedy: "see the README's table of settings",
    }];
  }
  const read = { what: "settings", ok: true, found: "all of them can be read", remedy: "" };
  const open = config.BASE_URL.startsWith("https:") || /\/\/(localhost|127\.|\[::1\])/.test(config.BASE_URL);
  const address = {
    what: "address",
    ok: open,
    found: config.BASE_URL,
    remedy: "set BASE_URL to the https:// address that people use: cookies are only then marked secure",
  };
  if (!config.DATABASE_URL && !await exists(`${config.DATA_DIR}/db`)) {
    const remedy = "set DATA_DIR to where it is kept, or start Holdfast: it makes one";
    return [read, address, {
      what: "database",
      ok: false,
      found: `there is none in ${config.DATA_DIR}`,
      remedy,
    }];
  }
  try {
    return [read, address, ...await withDatabase((sql) => examineDatabase(sql))];
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return [read, address, { what: "database", ok: false, found, remedy: "see DATABASE_URL or DATA_DIR" }];
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function examineDatabase(sql: Sql): Promise<Finding[]> {
  const [about] = await sql<{ version: string; number: number; now: Temporal.Instant }[]>`
    select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
      clock_timestamp() as now`;
  const apart = Math.abs(about.now.since(Temporal.Now.instant()).total("milliseconds"));
  const pending = await pendingMigrations(sql);
  const findings = [
    {
      what: "database",
      ok: about.number >= 150_000,
      found: `PostgreSQL ${about.version}`,
      remedy: "move to PostgreSQL 15 or later",
    },
    {
      what: "clocks",
      ok: apart < 2_000,
      found: `the database's differs by ${Math.round(apart)} ms`,
      remedy: "let both machines ask a time server",
    },
    {
      what: "shape",
      ok: pending.length === 0,
      found: pending.length === 0 ? "the newest" : `missing: ${pending.join(", ")}`,
      remedy: "deno task cli migrate",
    },
  ];
  return pending.length > 0 ? findings : [...findings, ...await examineRows(sql)];
}

async function examineRows(sql: Sql): Promise<Finding[]> {
  const unsound = await findUnsound(sql, Temporal.Now.instant());
  const [sweep] = (await lastRuns(sql)).filter(({ job }) => job === "sweep");
  const minutes = sweep
    ? Math.round(Temporal.Now.instant().since(sweep.started_at).total("minutes"))
    : undefined;
  const administered = await isSetUp(sql);
  return [
    {
      what: "promises",
      ok: unsound.length === 0,
      found: unsound.length === 0 ? "nothing is held twice, nothing finished holds" : unsound.join("; "),
      remedy: "stop writing and ask for help: this cannot happen by Holdfast alone",
    },
    {
      what: "sweep",
      ok: minutes !== undefined && minutes <= 15 && !sweep.error,
      found: minutes === undefined ? "never ran" : sweep.error ?? `ran ${minutes} minutes ago`,
      remedy: "is the server running? by hand: deno task cli sweep",
    },
    {
      what: "administrator",
      ok: administered,
      found: administered ? "there is one" : "there is none",
      remedy: "deno task cli user create … --role admin",
    },
  ];
}
