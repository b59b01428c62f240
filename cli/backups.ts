import type { Command } from "commander";
import { BackupBroken, RestoreRefused } from "../db/backup/errors.ts";
import { now, settings, withDatabase } from "./beside.ts";
import { Ended, EXIT } from "./exits.ts";
import { note } from "./output.ts";
import { bar } from "./progress.ts";

/** Keeping what a site has, and having it again. */
export function backups(program: Command): void {
  const backup = program.command("backup").description(
    "write all of it into one file, as it is now; it may run meanwhile",
  )
    .argument("[file]", "where; - for the standard output; otherwise a file of its own in DATA_DIR/backups")
    .addHelpText(
      "after",
      "\nExamples:\n  deno task cli backup\n  deno task cli backup - > /mnt/elsewhere/holdfast.sql.gz\n" +
        "  deno task cli backup verify",
    )
    .action((file?: string) =>
      inWords(() => withDatabase((sql, config) => write(sql, config.DATA_DIR, file)))
    );

  backup.command("verify").description(
    "restore a backup into a database made for it, and compare every table",
  )
    .argument("[file]", "which; - for the standard input; otherwise the newest in DATA_DIR/backups")
    .action((file?: string) =>
      inWords(() =>
        withDatabase(async (sql, config, where) => {
          const { newestIn } = await import("../backups.ts");
          const { verify } = await import("../db/backup/verify.ts");
          const { findUnsound } = await import("../domain/soundness.ts");
          const path = file ?? await newestIn(config.DATA_DIR);
          if (!path) throw new Ended(EXIT.notFound, `There is no backup in ${config.DATA_DIR}/backups`);
          const progress = bar();
          const found = await verify(sql, where, await open(path), now(), async (scratch) => {
            const unsound = await findUnsound(scratch, Temporal.Now.instant());
            if (unsound.length > 0) {
              throw new BackupBroken(`What this backup restores is not sound: ${unsound.join("; ")}`);
            }
          }, (rows, what) => progress.show(rows, rows, what)).finally(progress.end);
          const rows = Object.values(found.sums).reduce((sum, table) => sum + table.rows, 0);
          note(
            `${path}: sound, taken at ${found.head.taken_at}, ${rows} rows in ${
              Object.keys(found.sums).length
            } tables`,
          );
        })
      )
    );

  program.command("restore").description("put a backup into an empty database, all of it or nothing")
    .argument("<file>", "which; - for the standard input")
    .option("--force", "throw away what is there; where the backup cannot be restored, all of that stays")
    .addHelpText(
      "after",
      "\nExamples:\n  DATA_DIR=/srv/holdfast deno task cli restore backup.sql.gz\n" +
        "  deno task cli restore - < /mnt/elsewhere/holdfast.sql.gz",
    )
    .action((file: string, { force }: { force?: boolean }) =>
      inWords(async () => {
        const from = await open(file);
        await withDatabase(async (sql) => {
          const { restore } = await import("../db/backup/restore.ts");
          const progress = bar();
          const show = (rows: number, what: string) => progress.show(rows, rows, what);
          const { head, sums, applied } = await restore(sql, from, now(), { force, onProgress: show })
            .finally(progress.end);
          note(`Restored: as it was at ${head.taken_at}, ${sums.reservations?.rows ?? 0} reservations`);
          if (applied.length > 0) {
            note(`It was of an older Holdfast, and was brought forward: ${applied.join(", ")}`);
          }
          note(
            "The key that signs is not in a backup: with another one, addresses of door pages have to be made anew",
          );
        });
      })
    );
}

async function write(sql: Parameters<Parameters<typeof withDatabase>[0]>[0], dataDir: string, file?: string) {
  const { dump, dumpTo, writingTo } = await import("../db/backup/dump.ts");
  const { folderIn, nameAt } = await import("../backups.ts");
  const progress = bar();
  try {
    if (file === "-") {
      if (Deno.stdout.isTerminal()) {
        throw new Ended(EXIT.usage, "A backup is nothing for a terminal: > a file");
      }
      await dump(sql, now(), writingTo(Deno.stdout), progress.show);
      return;
    }
    const path = file ?? `${await folderIn(dataDir)}/${nameAt(now(), "holdfast")}`;
    const rows = await dumpTo(path, sql, now(), progress.show);
    const { size } = await Deno.stat(path);
    note(`${path}: ${rows} rows, ${(size / 2 ** 20).toFixed(1)} MB`);
  } finally {
    progress.end();
  }
}

async function open(file: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  if (file === "-") return Deno.stdin.readable;
  try {
    return (await Deno.open(file)).readable;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Ended(EXIT.notFound, `There is no file ${file}`);
  }
}

async function inWords(work: () => Promise<void>): Promise<void> {
  try {
    settings();
    await work();
  } catch (error) {
    if (error instanceof BackupBroken) throw new Ended(EXIT.usage, error.message);
    if (error instanceof RestoreRefused) throw new Ended(EXIT.conflict, error.message);
    throw error;
  }
}
