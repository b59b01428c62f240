import type { Command } from "commander";
import { type Asked, asking, shown, shownPeriod } from "./asked.ts";
import { Ended, EXIT } from "./exits.ts";
import { type Column, note, showOne, showRows } from "./output.ts";
import { likeInWords } from "../domain/alike.ts";
import { likeOf, namesIn, namesOf, showReservation } from "./reservations.ts";
import { findResource } from "./resources.ts";
import type { Json, Site } from "./site.ts";
import { readPeriod } from "./when.ts";

const PATH = "/api/v1/waitlist";
type Wanted = Parameters<typeof likeInWords>[0];

/** Waiting for what is taken, and answering what is offered. */
export function waitlist(program: Command): void {
  const group = program.command("waitlist").description(
    "waiting for what is taken, and answering what is offered",
  );

  group.command("list").description("what I wait for; what everybody does for those who decide")
    .option("--status <status>", "waiting, offered, accepted, declined, left or expired")
    .option("--resource <resource>", "name or id")
    .option("--mine", "only mine, for those who decide")
    .option("--limit <rows>", "at most so many", "200")
    .action(asking(async (asked) => {
      const { site, options } = asked;
      const resource_id = options.resource ? (await findResource(site, options.resource)).id : undefined;
      const requester_id = options.mine ? await myId(site) : undefined;
      const query = { status: options.status, resource_id, requester_id };
      const rows = await Array.fromAsync(site.list(PATH, query, Number(options.limit)));
      showRows(rows, await columnsOf(asked, rows), asked, "Nobody waits");
    }));

  group.command("join").description("wait for a time that is taken")
    .argument("[resource]", "its name or id; none with --any").argument("[when...]")
    .option("--any <like...>", "whichever comes free of what is like this: kind=room tag=screen")
    .option("--units <units>", "so many of it")
    .option("--with <resource...>", "others at the same time; all of them or none")
    .option("--minutes <minutes>", "any slot of that length within the time")
    .option("--purpose <text>").option("--private", "only those concerned read the purpose")
    .option("--attendees <people>")
    .addHelpText(
      "after",
      '\nExamples:\n  holdfast waitlist join "Room 1" tomorrow 14:00 +90m\n' +
        '  holdfast waitlist join "Room 1" friday 8:00 to 18:00 --minutes 60\n' +
        "  holdfast waitlist join tomorrow 14:00 +90m --attendees 6 --any kind=room tag=screen",
    )
    .action(asking<[string | undefined, string[]]>(async (asked, named, when) => {
      const { site, now, options } = asked;
      const number = (text?: string) => text === undefined ? undefined : Number(text);
      const words = {
        ...{ minutes: number(options.minutes), attendees: number(options.attendees) },
        ...{ purpose: options.purpose, private: options.private },
      };
      if (options.any) {
        if (options.with) throw new Ended(EXIT.usage, "--any is for one resource: leave --with out");
        const any_of = { ...likeOf(options.any), quantity: number(options.units) };
        const period = readPeriod([named ?? "", ...when].join(" "), asked.zone, now);
        const body = { any_of, start_time: `${period.start_time}`, end_time: `${period.end_time}`, ...words };
        return await showEntry(asked, await site.call("POST", PATH, { body }));
      }
      if (!named) throw new Ended(EXIT.usage, "Name a resource, or say --any kind=room");
      const wanted = [];
      for (const name of [named, ...options.with ?? []]) wanted.push(await findResource(site, name));
      const zone = options.zone ?? wanted[0].time_zone;
      const { start_time, end_time } = readPeriod(when.join(" "), zone, now);
      const body = {
        resource_ids: wanted.map(({ id }) => id),
        quantities: options.units ? { [wanted[0].id]: number(options.units) } : undefined,
        ...{ start_time: String(start_time), end_time: String(end_time), ...words },
      };
      await showEntry({ ...asked, zone }, await site.call("POST", PATH, { body }));
    }));

  const one = "its id; none where there is only one";
  group.command("leave").description("wait no longer").argument("[entry]", one)
    .action(asking<[string?]>(async ({ site }, named) => {
      const id = named ?? await onlyOne(site, ["waiting", "offered"]);
      await site.call("DELETE", `${PATH}/${encodeURIComponent(id)}`);
      note("Off the waitlist");
    }));

  group.command("accept").description("take what is offered").argument("[entry]", one)
    .action(asking<[string?]>(async (asked, named) => {
      const id = named ?? await onlyOne(asked.site, ["offered"]);
      await showReservation(asked, await asked.site.call("POST", `${PATH}/${encodeURIComponent(id)}/accept`));
    }));

  group.command("decline").description("leave what is offered to the next").argument("[entry]", one)
    .action(asking<[string?]>(async (asked, named) => {
      const id = named ?? await onlyOne(asked.site, ["offered"]);
      await showEntry(asked, await asked.site.call("POST", `${PATH}/${encodeURIComponent(id)}/decline`));
    }));
}

const myId = async (site: Site): Promise<string> => (await site.call("GET", "/api/v1/auth/me")).id;

// Mine, where it is clear which is meant.
async function onlyOne(site: Site, statuses: readonly string[]): Promise<string> {
  const mine = await Array.fromAsync(site.list(PATH, { requester_id: await myId(site) }, 200));
  const found = mine.filter(({ status }) => statuses.includes(status));
  if (found.length === 1) return found[0].id;
  if (found.length === 0) {
    throw new Ended(
      EXIT.notFound,
      statuses.length === 1 ? "Nothing is offered to you" : "You wait for nothing",
    );
  }
  throw new Ended(EXIT.usage, `Name one by its id:\n${found.map(({ id }) => `  ${id}`).join("\n")}`);
}

async function columnsOf({ site, zone }: Asked, rows: readonly Json[]): Promise<Column[]> {
  const names = await namesOf(site, rows.flatMap((row) => row.resource_ids));
  return [
    { head: "When", read: (row) => shownPeriod(row.offer ?? row, zone) },
    { head: "Minutes", read: (row) => row.minutes },
    { head: "What", read: (row) => namesIn(row, names) || `Any ${likeInWords(row as Wanted)}` },
    { head: "Status", read: (row) => row.status },
    { head: "Place", read: (row) => row.place },
    { head: "Held until", read: (row) => row.offer && shown(row.offer.expires_at, zone) },
    { head: "Id", read: (row) => row.id, whole: true },
  ];
}

async function showEntry(asked: Asked, entry: Json): Promise<void> {
  showOne(entry, await columnsOf(asked, [entry]), asked);
}
