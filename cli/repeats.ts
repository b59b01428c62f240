import type { Command } from "commander";
import { type Asked, shownPeriod } from "./asked.ts";
import { Ended, EXIT } from "./exits.ts";
import { type Column, note, showOne, showRows } from "./output.ts";
import type { Json } from "./site.ts";

const PATH = "/api/v1/series";
const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const CONFLICTS: Record<string, string> = { refuse: "all_or_nothing", skip: "skip", move: "move" };

/** The options by which a reservation repeats: those of the form. */
export function repeating(command: Command): Command {
  return command
    .option("--repeat <rhythm>", "daily, weekly, monthly or yearly")
    .option("--every <n>", "every so many days, weeks, months or years")
    .option("--on <days>", "of what repeats weekly: monday,thursday")
    .option("--nth <n>", "of what repeats monthly: which of its weekday, 1 to 5, or last")
    .option("--until <date>", "the last day on which it may begin: 2026-06-18")
    .option("--times <n>", "so many times")
    .option("--conflicts <what>", "dates that cannot be had: refuse all, skip or move them", "refuse")
    .option("--preview", "of what repeats: show every date, and reserve nothing");
}

/** Whether a reservation is to repeat. @throws {Ended} where it is said when, but not how */
export function isRepeating({ repeat, ...options }: Record<string, unknown>): boolean {
  const idle = ["every", "on", "nth", "until", "times", "preview"].find((name) =>
    options[name] !== undefined
  );
  if (!repeat && idle) {
    throw new Ended(
      EXIT.usage,
      `--${idle} is of what repeats: add --repeat daily, weekly, monthly or yearly`,
    );
  }
  return Boolean(repeat);
}

/** Asks for a time again and again, or looks at what would come of it; shows every date. */
export async function createRepeating(asked: Asked, wish: Json): Promise<void> {
  const { site, options } = asked;
  const mode = CONFLICTS[options.conflicts];
  if (!mode) throw new Ended(EXIT.usage, "--conflicts is refuse, skip or move");
  const { priority: _, override, ...rest } = wish;
  if (override) throw new Ended(EXIT.usage, "Rules are set aside for one reservation, not for a series");
  const body = { ...rest, recurrence: recurrenceOf(options), mode };
  if (options.preview) {
    const { dates } = await site.call("POST", `${PATH}/preview`, { body });
    return showRows(dates, plannedColumns(asked), asked, "No date");
  }
  const series = await site.call("POST", PATH, { body });
  if (asked.json) return showOne(series, [], asked);
  const { words, dates, skipped } = series;
  note(`${words.charAt(0).toUpperCase()}${words.slice(1)}`);
  showRows(dates, datesColumns(asked), asked, "No date");
  for (const { start_wall, reason } of skipped) note(`Left out: ${start_wall.replace("T", " ")}: ${reason}`);
}

function recurrenceOf({ repeat, every, on, nth, until, times }: Record<string, string | undefined>): Json {
  const number = (text?: string) => text === undefined ? undefined : Number(text);
  return {
    ...{ frequency: repeat, interval: number(every), until, count: number(times) },
    nth: nth === "last" ? -1 : number(nth),
    weekdays: on?.split(/[\s,]+/).filter(Boolean).map(weekdayOf),
  };
}

function weekdayOf(said: string): number {
  const found = DAYS.filter((day) => day.startsWith(said.toLowerCase()));
  if (found.length === 1) return DAYS.indexOf(found[0]) + 1;
  throw new Ended(EXIT.usage, `“${said}” is no weekday: write monday,thursday`);
}

function datesColumns({ zone }: Asked): Column[] {
  return [
    { head: "Reference", read: (row) => row.reference },
    { head: "When", read: (row) => shownPeriod(row, zone) },
    { head: "Status", read: (row) => row.status },
  ];
}

function plannedColumns({ zone }: Asked): Column[] {
  return [
    {
      head: "When",
      read: (row) => row.start_time ? shownPeriod(row, zone) : row.start_wall.replace("T", " "),
    },
    { head: "What becomes of it", read: (row) => row.outcome },
    { head: "Why", read: (row) => row.problems.join("; ") },
  ];
}
