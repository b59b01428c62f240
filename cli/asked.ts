import type { Command } from "commander";
import { isId } from "../lib/ids.ts";
import { Ended, EXIT } from "./exits.ts";
import type { Format } from "./output.ts";
import { chooseSite, type Json, type Site } from "./site.ts";

/** What a command is asked: of which site, how to show it, and its own options. */
export interface Asked extends Format {
  site: Site;
  /** The zone in which times are shown, and read where no resource has one of its own. */
  zone: string;
  now: Temporal.Instant;
  // deno-lint-ignore no-explicit-any
  options: Record<string, any>;
}

/** Makes an action of the command line of a function that asks a site. */
export function asking<A extends unknown[]>(work: (asked: Asked, ...args: A) => Promise<void>) {
  return async (...given: unknown[]) => {
    const command = given.pop() as Command;
    given.pop(); // the command's own options, without those of the program
    const options = command.optsWithGlobals();
    if (options.json && options.csv) throw new Ended(EXIT.usage, "Choose one: --json or --csv");
    const zone = options.zone ?? Temporal.Now.timeZoneId();
    const asked = {
      site: await chooseSite(options.site),
      zone: checked(zone),
      now: Temporal.Now.instant(),
      options,
    };
    await work({ ...asked, json: options.json, csv: options.csv }, ...given as A);
  };
}

/** A moment as people read it, in a zone. */
export function shown(instant: string, zone: string): string {
  const { year, month, day, hour, minute } = Temporal.Instant.from(instant).toZonedDateTimeISO(zone);
  const two = (figure: number) => String(figure).padStart(2, "0");
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}`;
}

/** A period as people read it: the day is said once where it is one. */
export function shownPeriod(
  { start_time, end_time }: { start_time: string; end_time: string },
  zone: string,
): string {
  const start = shown(start_time, zone);
  const end = shown(end_time, zone);
  return `${start}–${end.slice(0, 10) === start.slice(0, 10) ? end.slice(11) : end}`;
}

/**
 * One thing of a list by its id, or by its name as people know it.
 *
 * @throws {Ended} where there is none, or several that are like it
 */
export async function find(
  site: Site,
  path: string,
  named: string,
  nameOf: (row: Json) => string[],
): Promise<Json> {
  if (isId(named)) return await site.call("GET", `${path}/${named}`);
  const like = await Array.fromAsync(site.list(path, { q: named }, 200));
  const same = (text: string) => text.toLocaleLowerCase() === named.toLocaleLowerCase();
  const exact = like.filter((row) => nameOf(row).some(same));
  const found = exact.length > 0 ? exact : like;
  if (found.length === 1) return found[0];
  if (found.length === 0) throw new Ended(EXIT.notFound, `Nothing is called “${named}”`);
  const names = found.slice(0, 10).map((row) => `  ${nameOf(row).join("  ")}`);
  throw new Ended(EXIT.usage, `“${named}” could be several; name one by its id:\n${names.join("\n")}`);
}

/** Asks before what cannot be undone. A script says `--yes`. */
export function confirm(question: string, { yes }: { yes?: boolean }): void {
  if (yes) return;
  if (!Deno.stdin.isTerminal()) throw new Ended(EXIT.usage, `${question} Say so with --yes`);
  if (!globalThis.confirm(question)) throw new Ended(EXIT.failed, "Nothing was done");
}

function checked(zone: string): string {
  try {
    Temporal.Now.instant().toZonedDateTimeISO(zone);
    return zone;
  } catch {
    throw new Ended(EXIT.usage, `${zone} is no time zone. An example: Europe/Berlin`);
  }
}
