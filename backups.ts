import type { Config } from "./config.ts";
import { dumpTo } from "./db/backup/dump.ts";
import type { Sql } from "./db/types.ts";
import { lastRuns } from "./domain/runs.ts";
import { runJob } from "./jobs.ts";

/** What the daily backup is called among the jobs. */
export const DAILY = "backup";
/** How often somebody looks whether it is due, in the words of cron. */
export const LOOKS = "*/5 * * * *";
/** Late after a day and two hours: twice this and five minutes. A day may have 25 hours. */
export const HALF_A_DAY = 13 * 3600;

/** Any number will do, as long as every server takes the same. */
const LOCK = 7_421_064;
const OURS = /^daily-\d{8}T\d{6}Z\.sql\.gz$/;
const ANY = /^(?:daily|holdfast)-(\d{8}T\d{6}Z)\.sql\.gz$/;

type Settings = Pick<Config, "BACKUP_AT" | "BACKUP_KEEP" | "DATA_DIR" | "TIME_ZONE">;

/**
 * Makes the daily backup where it is due: where none has been made since the time of day that the settings name. One
 * that failed or was missed is made up for; of several servers one does it.
 *
 * @returns the file, where one was made
 */
export async function backUpWhenDue(
  sql: Sql,
  settings: Settings,
  now: Temporal.Instant,
): Promise<string | undefined> {
  const due = lastDue(settings, now);
  if (!due) return undefined;
  const connection = await sql.reserve();
  try {
    const [{ mine }] = await connection<{ mine: boolean }[]>`select pg_try_advisory_lock(${LOCK}) as mine`;
    if (!mine || await isMade(sql, due)) return undefined;
    const path = `${settings.DATA_DIR}/backups/${nameAt(now, "daily")}`;
    const run = async () => {
      await folderIn(settings.DATA_DIR);
      const rows = await dumpTo(path, sql, now);
      await keepNewest(settings);
      return rows;
    };
    await runJob(sql, { name: DAILY, schedule: LOOKS, run }, now);
    return path;
  } finally {
    await connection`select pg_advisory_unlock(${LOCK})`.catch(() => {});
    connection.release();
  }
}

/** The last moment at which the clock of the site showed the time of the settings; none where they name none. */
export function lastDue(
  { BACKUP_AT, TIME_ZONE }: Settings,
  now: Temporal.Instant,
): Temporal.Instant | undefined {
  if (!BACKUP_AT) return undefined;
  const plainTime = Temporal.PlainTime.from(BACKUP_AT);
  const today = now.toZonedDateTimeISO(TIME_ZONE).toPlainDate();
  const at = (date: Temporal.PlainDate) =>
    date.toZonedDateTime({ timeZone: TIME_ZONE, plainTime }).toInstant();
  return Temporal.Instant.compare(at(today), now) <= 0 ? at(today) : at(today.subtract({ days: 1 }));
}

async function isMade(sql: Sql, due: Temporal.Instant): Promise<boolean> {
  const made = (await lastRuns(sql)).find(({ job }) => job === DAILY)?.succeeded_at;
  return Boolean(made && Temporal.Instant.compare(made, due) >= 0);
}

/** The folder of the backups, which only its owner may look into. */
export async function folderIn(dataDir: string): Promise<string> {
  const folder = `${dataDir}/backups`;
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** A name that sorts by time. */
export function nameAt(now: Temporal.Instant, kind: "daily" | "holdfast"): string {
  return `${kind}-${now.toString({ smallestUnit: "second" }).replaceAll(/[-:]/g, "")}.sql.gz`;
}

/** The newest backup of a data directory. */
export async function newestIn(dataDir: string): Promise<string | undefined> {
  const names = (await namesIn(`${dataDir}/backups`)).filter((name) => ANY.test(name));
  const newest = names.toSorted((a, b) => ANY.exec(a)![1] < ANY.exec(b)![1] ? -1 : 1).at(-1);
  return newest && `${dataDir}/backups/${newest}`;
}

// Only what was made daily: what somebody made by hand is theirs. What a killed server left half done goes, too.
async function keepNewest({ DATA_DIR, BACKUP_KEEP }: Settings): Promise<void> {
  const folder = `${DATA_DIR}/backups`;
  const names = (await namesIn(folder)).toSorted();
  const old = names.filter((name) => OURS.test(name)).slice(0, -BACKUP_KEEP);
  const left = names.filter((name) => name.endsWith(".part") && OURS.test(name.slice(0, -".part".length)));
  for (const name of [...old, ...left]) await Deno.remove(`${folder}/${name}`);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
