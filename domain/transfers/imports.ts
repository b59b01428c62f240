import { transaction } from "../../db/transaction.ts";
import type { Sql, Tx } from "../../db/types.ts";
import { Conflict } from "../errors.ts";
import { record } from "../history.ts";
import { freeingTogether } from "../offers.ts";
import { type Action, type Actor, permit } from "../permissions.ts";
import type { Line } from "./cells.ts";
import { type Outcome, Report } from "./report.ts";
import { reservationsIn } from "./reservations.ts";
import { resourcesIn } from "./resources.ts";
import {
  claim,
  finish,
  forget,
  getImport,
  type Import,
  keepOutcome,
  type Kind,
  linesOf,
  type Progress,
  type Shape,
  stage,
} from "./staging.ts";
import { usersIn } from "./users.ts";

/** How the lines of one kind of file come in. */
export interface Intake extends Shape {
  /** What who imports it must be allowed to do. */
  action: Action;
  /** Begins with a file: what comes back takes its lines, batch by batch, and is told the end of it. */
  begin(tx: Tx, actor: Actor, site: SiteZone, now: Temporal.Instant): Promise<Taker>;
  /**
   * Whether a file may free time, so that it has to be heeded from the beginning who waits for it. One that only brings
   * in what is new does not: nobody waits for a long one.
   */
  frees?(tx: Tx, file: Import): Promise<boolean>;
}

/** The site's time zone, where a new resource names none. */
export interface SiteZone {
  time_zone: string;
}

export interface Taker {
  take(lines: readonly Line[], report: Report): Promise<void>;
  end?(report: Report): Promise<void>;
}

const INTAKES: Record<Kind, Intake> = {
  resources: resourcesIn,
  users: usersIn,
  reservations: reservationsIn,
};

/** What somebody sends. */
export interface File {
  kind: Kind;
  name: string;
  chunks: AsyncIterable<Uint8Array>;
}

/** What a file's columns may be called. */
export function columnsOf(kind: Kind): readonly string[] {
  return INTAKES[kind].columns;
}

/** What who imports such a file must be allowed to do. */
export function actionOf(kind: Kind): Action {
  return INTAKES[kind].action;
}

/**
 * Stores what a file says, all of it or nothing; with `dry_run` nothing, and the outcome is what would come of it.
 *
 * @throws {Forbidden}
 */
export async function importFile(
  sql: Sql,
  actor: Actor,
  { dry_run, time_zone, progress, ...file }: File & SiteZone & { dry_run: boolean; progress?: Progress },
  now: Temporal.Instant,
): Promise<Outcome> {
  permit(actor, INTAKES[file.kind].action);
  const id = await stage(sql, actor, { ...file, shape: INTAKES[file.kind] }, now, progress);
  try {
    return await run(sql, actor, { id, kind: file.kind, dry_run, time_zone, progress }, now);
  } finally {
    await forget(sql, id);
  }
}

/**
 * Looks at a file and keeps it for who sent it, to be stored by `storeImport` after they have seen what comes of it.
 *
 * @returns the id of the import
 * @throws {Forbidden}
 */
export async function previewFile(
  sql: Sql,
  actor: Actor,
  { time_zone, ...file }: File & SiteZone,
  now: Temporal.Instant,
): Promise<string> {
  permit(actor, INTAKES[file.kind].action);
  const id = await stage(sql, actor, { ...file, shape: INTAKES[file.kind] }, now);
  await keepOutcome(sql, id, await run(sql, actor, { id, kind: file.kind, dry_run: true, time_zone }, now));
  return id;
}

/**
 * Stores a file that was looked at. What has changed since then is seen: where something is in the way now, nothing
 * is stored.
 *
 * @throws {NotFound} where it has run out
 * @throws {Conflict} where it was stored before
 */
export async function storeImport(
  sql: Sql,
  actor: Actor,
  { id, kind, time_zone }: { id: string; kind: Kind } & SiteZone,
  now: Temporal.Instant,
): Promise<Outcome> {
  permit(actor, INTAKES[kind].action);
  const outcome = await run(sql, actor, { id, kind, dry_run: false, time_zone }, now);
  await keepOutcome(sql, id, outcome);
  return outcome;
}

/** What was looked at, or stored, for the page that shows it. @throws {NotFound} */
export async function getPreview(
  sql: Sql,
  actor: Actor,
  which: { id: string; kind: Kind },
  now: Temporal.Instant,
): Promise<Import> {
  permit(actor, INTAKES[which.kind].action);
  return await getImport(sql, actor, which, now);
}

/** Forgets a file that was looked at. @throws {NotFound} */
export async function discardImport(
  sql: Sql,
  actor: Actor,
  which: { id: string; kind: Kind },
  now: Temporal.Instant,
): Promise<void> {
  const { id } = await getImport(sql, actor, which, now);
  await forget(sql, id);
}

/** What was done is taken back with its transaction; what would have come of it is told. */
class TakeBack extends Error {
  constructor(readonly outcome: Outcome) {
    super();
  }
}

// A dry run does all of it and takes it back: there are no rules but those of the storing itself.
async function run(
  sql: Sql,
  actor: Actor,
  { id, kind, dry_run, time_zone, progress }: SiteZone & {
    id: string;
    kind: Kind;
    dry_run: boolean;
    progress?: Progress;
  },
  now: Temporal.Instant,
): Promise<Outcome> {
  const file = await getImport(sql, actor, { id, kind }, now);
  try {
    return await transaction(sql, async (tx) => {
      if (!await claim(tx, id)) throw new Conflict("This file is stored already");
      const report = new Report();
      for (const { line, field, message } of file.problems) report.problem(line, { path: field, message });
      const takeAll = async () => {
        const taker = await INTAKES[kind].begin(tx, actor, { time_zone }, now);
        for await (const lines of linesOf(tx, file)) {
          await taker.take(lines, report);
          progress?.("store", lines.at(-1)!.line);
        }
        await taker.end?.(report);
      };
      const frees = await INTAKES[kind].frees?.(tx, file) ?? false;
      await (frees ? freeingTogether(tx, "anywhere", takeAll, now) : takeAll());
      const outcome = report.end();
      if (dry_run || !report.good) throw new TakeBack(outcome);
      await finish(tx, id, now);
      await recordImport(tx, actor, file, outcome, now);
      return outcome;
    });
  } catch (error) {
    if (error instanceof TakeBack) return error.outcome;
    throw error;
  }
}

async function recordImport(
  tx: Tx,
  actor: Actor,
  { id, kind, file_name }: Import,
  { created, updated }: Outcome,
  now: Temporal.Instant,
) {
  if (created + updated === 0) return;
  const subject = { kind: "import", id, name: file_name || `${kind}.csv` } as const;
  await record(tx, actor, { subject, action: "import", details: { what: kind, created, updated } }, now);
}
