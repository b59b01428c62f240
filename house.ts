import { type Config } from "./config.ts";
import { addressesOf } from "./db/addresses.ts";
import { findPrimary } from "./db/cluster.ts";
import type { Where } from "./db/connect.ts";
import { type Embedded, findRunning, startEmbedded } from "./db/embedded.ts";
import { remember } from "./db/memory.ts";
import type { Sql } from "./db/types.ts";
import { crowd } from "./lib/crowd.ts";
import { DAILY, HALF_A_DAY } from "./backups.ts";
import { JOBS } from "./jobs.ts";
import { secondsBetween } from "./lib/cron.ts";
import { allowance, limit, unlimited } from "./lib/limits.ts";
import { log } from "./lib/log.ts";
import { newSecret } from "./lib/ids.ts";
import { trusting } from "./lib/neighbours.ts";
import type { House } from "./routes/env.ts";
import { rememberIdentities } from "./routes/identities.ts";
import { makeInstruments } from "./routes/instruments.ts";
import { loadAssets } from "./routes/static.ts";
import { figuresOf } from "./routes/vitals.ts";

/** A database that is open, and how to close it. */
export interface Opened {
  where: Where;
  /** More than one: `where` is the one that took changes when it was opened, and another may take its place. */
  addresses: string[];
  close(): Promise<void>;
}

/**
 * Opens the database that the settings name: the one at an address, or one of our own in `DATA_DIR`. `onLost` hears
 * of one of our own that fails again and again and is not started any more.
 */
export async function openDatabase(config: Config, onLost?: (reason: string) => void): Promise<Opened> {
  if (config.DATABASE_URL) {
    const addresses = addressesOf(config.DATABASE_URL);
    const where = addresses.length > 1 ? await findPrimary(addresses) : addresses[0];
    return { where, addresses, close: () => Promise.resolve() };
  }
  const database = log("database");
  const embedded: Embedded = await startEmbedded(config.DATA_DIR, {
    info: (message) => database.info(message),
    warn: (message) => database.warn(message),
    lost: onLost,
  });
  return { where: embedded.connection, addresses: [], close: () => embedded.stop() };
}

/** The same for a command beside a server: where that has the database open, it is shared. */
export async function joinDatabase(config: Config): Promise<Opened> {
  const running = config.DATABASE_URL ? undefined : await findRunning(config.DATA_DIR);
  return running ? { where: running, addresses: [], close: () => Promise.resolve() } : openDatabase(config);
}

/** What every request is given. */
export async function furnish(
  sql: Sql,
  config: Config,
  clock: House["clock"],
  standby?: House["standby"],
): Promise<House> {
  const limited = config.RATE_LIMIT === "on";
  const house: House = {
    sql,
    standby,
    memory: remember(sql),
    config: { ...config, SECRET_KEY: config.SECRET_KEY ?? await keptSecret(config.DATA_DIR) },
    clock,
    identities: await rememberIdentities(sql, config.TIME_ZONE, standby),
    assets: await loadAssets(),
    crowd: crowd({ room: 64, patience: 200, most: 1000 }),
    neighbourOf: trusting(config.TRUSTED_PROXIES),
    instruments: makeInstruments(),
    figures: () => figures(),
    started: clock(),
    jobs: [
      ...JOBS.map(({ name, schedule }) => ({ name, seconds: secondsBetween(schedule) })),
      ...config.BACKUP_AT ? [{ name: DAILY, seconds: HALF_A_DAY }] : [],
    ],
    limits: {
      signIn: limited ? limit(10, 15 * 60) : unlimited,
      guesses: limited ? limit(100, 15 * 60) : unlimited,
      register: limited ? limit(300, 60 * 60) : unlimited,
      calls: limited ? { person: allowance(1200, 60), address: allowance(600, 60) } : undefined,
    },
  };
  const figures = figuresOf(house);
  return house;
}

// Made once and kept beside the embedded database, so that nobody is signed out by a restart.
async function keptSecret(dataDir: string): Promise<string> {
  const path = `${dataDir}/secret.key`;
  try {
    return (await Deno.readTextFile(path)).trim();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const secret = newSecret(48);
  await Deno.writeTextFile(path, `${secret}\n`, { mode: 0o600, createNew: true });
  return secret;
}
