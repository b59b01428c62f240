import type { Command } from "commander";
import { type Asked, asking, shown, shownPeriod } from "./asked.ts";
import { Ended, EXIT } from "./exits.ts";
import { type Column, showOne, showRows } from "./output.ts";
import { findResource } from "./resources.ts";
import { countedName } from "../domain/quantities.ts";
import { isId } from "../lib/ids.ts";
import { createRepeating, isRepeating, repeating } from "./repeats.ts";
import type { Json, Site } from "./site.ts";
import { transfers } from "./transfers.ts";
import { EXAMPLES, readMoment, readPeriod } from "./when.ts";

const PATH = "/api/v1/reservations";
const WHEN = `when: ${EXAMPLES.slice(0, 3).map((example) => `"${example}"`).join(", ")}`;

/** The columns of reservations, with names for their resources and times in the zone that is asked for. */
export async function columnsOf({ site, zone }: Asked, rows: readonly Json[]): Promise<Column[]> {
  const names = await namesOf(site, rows.flatMap((row) => row.resource_ids));
  return [
    { head: "Reference", read: (row) => row.reference },
    { head: "When", read: (row) => shownPeriod(row, zone) },
    { head: "What", read: (row) => namesIn(row, names) },
    { head: "Status", read: (row) => row.status },
    { head: "Purpose", read: (row) => row.purpose },
  ];
}

/** What a row is about, and how many of each. */
export function namesIn({ resource_ids, quantities }: Json, names: Map<string, string>): string {
  return resource_ids.map((id: string) =>
    countedName({ name: names.get(id) ?? id, quantity: quantities?.[id] ?? 1 })
  ).join(", ");
}

/** Reservations: what people asked for. */
export function reservations(program: Command): void {
  const group = program.command("reservations").description("what people asked for");

  group.command("list").description("mine; all of them for those who decide")
    .option("--status <status>", "pending, approved, cancelled, …")
    .option("--resource <resource>", "name or id")
    .option("--mine", "only mine, for those who decide")
    .option("--from <time>", "those that end after it", "today")
    .option("--to <time>", "those that begin before it")
    .option("--limit <rows>", "at most so many", "200")
    .addHelpText("after", "\nExample:\n  holdfast reservations list --status approved --from today")
    .action(asking(async (asked) => {
      const { site, zone, now, options } = asked;
      const moment = (text?: string) => text ? String(readMoment(text, zone, now)) : undefined;
      const resource_id = options.resource ? (await findResource(site, options.resource)).id : undefined;
      const requester_id = options.mine ? (await site.call("GET", "/api/v1/auth/me")).id : undefined;
      const query = {
        ...{ status: options.status, resource_id, requester_id },
        from: moment(options.from),
        to: moment(options.to),
      };
      const rows = await Array.fromAsync(site.list(PATH, query, Number(options.limit)));
      showRows(rows, await columnsOf(asked, rows), asked, "No reservations");
    }));

  repeating(
    group.command("create").description("ask for a time")
      .argument("[resource]", "its name or id; none with --any").argument("[when...]", WHEN),
  )
    .option("--any <like...>", "whichever fits best of what is like this: kind=room tag=screen")
    .option("--units <units>", "so many of it")
    .option("--with <resource...>", "others at the same time; all of them or none")
    .option("--accessory <accessory...>", "what to have with it, and how many: Chairs=20")
    .option("--purpose <text>").option("--private", "only those concerned read the purpose")
    .option("--priority <figure>").option("--attendees <people>")
    .option("--override <reason>", "set the rules aside (staff)")
    .addHelpText(
      "after",
      `\nTimes are those of the resource's own zone, unless --zone says otherwise.\n` +
        `Examples:\n${
          EXAMPLES.map((example) => `  holdfast reservations create "Room 1" ${example}`).join("\n")
        }\n  holdfast reservations create tomorrow 9am to 11am --attendees 6 --any kind=room tag=screen` +
        `\n  holdfast reservations create "Room 1" monday 9:00 +1h --repeat weekly --on mon,thu --times 20`,
    )
    .action(asking<[string | undefined, string[]]>(async (asked, named, when) => {
      const { site, now, options } = asked;
      const number = (text?: string) => text === undefined ? undefined : Number(text);
      const words = {
        ...{ purpose: options.purpose, private: options.private, override: options.override },
        ...{ priority: number(options.priority), attendees: number(options.attendees) },
      };
      if (options.any) {
        if (options.with || options.accessory || isRepeating(options)) {
          throw new Ended(
            EXIT.usage,
            "--any is for one resource, once: leave --with, --accessory and --repeat out",
          );
        }
        const any_of = { ...likeOf(options.any), quantity: number(options.units) };
        const period = readPeriod([named ?? "", ...when].join(" "), asked.zone, now);
        const body = { any_of, start_time: `${period.start_time}`, end_time: `${period.end_time}`, ...words };
        return await showReservation(asked, await site.call("POST", PATH, { body }));
      }
      if (!named) throw new Ended(EXIT.usage, "Name a resource, or say --any kind=room");
      const wanted = [];
      for (const name of [named, ...options.with ?? []]) wanted.push(await findResource(site, name));
      const zone = options.zone ?? wanted[0].time_zone;
      const { start_time, end_time } = readPeriod(when.join(" "), zone, now);
      const quantities: Record<string, number> = options.units
        ? { [wanted[0].id]: Number(options.units) }
        : {};
      for (const said of (options.accessory ?? []) as string[]) {
        const [, name, count] = /^(.*?)(?:=(\d+))?$/.exec(said)!;
        const accessory = await findResource(site, name);
        wanted.push(accessory);
        quantities[accessory.id] = Number(count ?? 1);
      }
      const body = {
        ...{ resource_ids: wanted.map(({ id }) => id), quantities },
        ...{ start_time: String(start_time), end_time: String(end_time), ...words },
      };
      if (isRepeating(options)) return await createRepeating({ ...asked, zone }, body);
      await showReservation({ ...asked, zone }, await site.call("POST", PATH, { body }));
    }));

  group.command("show").description("one of them").argument("<reservation>", "its reference or id")
    .action(asking<[string]>(async (asked, id) => {
      await showReservation(asked, await findReservation(asked.site, id));
    }));

  group.command("cancel").description("give one back").argument("<reservation...>", "references or ids")
    .option("--reason <text>")
    .action(asking<[string[]]>(async (asked, ids) => {
      const { reason } = asked.options;
      const rows = [];
      for (const id of ids) {
        rows.push(
          await asked.site.call("POST", `${await pathOf(asked.site, id)}/cancel`, { body: { reason } }),
        );
      }
      showRows(rows, await columnsOf(asked, rows), asked, "Nothing");
    }));

  group.command("check-in").description("say that whoever it is for has come").argument(
    "<reservation>",
    "its reference or id",
  )
    .action(asking<[string]>(async (asked, id) => {
      await showReservation(asked, await asked.site.call("POST", `${await pathOf(asked.site, id)}/check_in`));
    }));

  group.command("end").description("end one before its time: the rest is free").argument(
    "<reservation>",
    "its reference or id",
  )
    .action(asking<[string]>(async (asked, id) => {
      await showReservation(asked, await asked.site.call("POST", `${await pathOf(asked.site, id)}/end`));
    }));

  group.command("reschedule").description(
    "move one; an approved one keeps its time until the new one is sure",
  )
    .argument("<reservation>", "its reference or id").argument("[when...]", WHEN)
    .option("--resource <resource>", "elsewhere: its name or id")
    .option("--units <units>", "so many of it")
    .addHelpText("after", "\nExample:\n  holdfast reservations reschedule R-1042 friday 9am to 11am")
    .action(asking<[string, string[]]>(async (asked, id, when) => {
      const { site, now, options } = asked;
      const old = await findReservation(site, id);
      const resource = await findResource(site, options.resource ?? old.resource_id);
      const period = when.length > 0
        ? readPeriod(when.join(" "), options.zone ?? resource.time_zone, now)
        : undefined;
      const body = {
        resource_id: options.resource ? resource.id : undefined,
        quantities: options.units ? { [resource.id]: Number(options.units) } : undefined,
        start_time: period && String(period.start_time),
        end_time: period && String(period.end_time),
      };
      await showReservation(
        { ...asked, zone: options.zone ?? resource.time_zone },
        await site.call("PATCH", `${PATH}/${old.id}`, { body }),
      );
    }));

  group.command("history").description("what happened to one").argument(
    "<reservation>",
    "its reference or id",
  )
    .action(asking<[string]>(async (asked, id) => {
      const { data } = await asked.site.call("GET", `${await pathOf(asked.site, id)}/history`);
      showRows(
        data,
        [
          { head: "When", read: (row) => shown(row.at, asked.zone) },
          { head: "Action", read: (row) => row.action },
          { head: "By", read: (row) => row.actor_id },
          { head: "Why", read: (row) => row.details?.reason },
        ],
        asked,
        "Nothing happened",
      );
    }));

  transfers(group, "reservations");
}

/** What any resource has to be like: `kind=room`, `tag=screen`. */
export function likeOf(said: readonly string[]): Record<string, string> {
  return Object.fromEntries(said.map((one) => {
    const [, name, value] = /^(kind|tag)=(.+)$/.exec(one) ?? [];
    if (!name) throw new Ended(EXIT.usage, `Say --any kind=room, tag=screen or both, not “${one}”`);
    return [name, value];
  }));
}

/** The reservation that somebody names, by its reference or id. */
export function findReservation(site: Site, named: string): Promise<Json> {
  return site.call("GET", `${PATH}/${encodeURIComponent(named)}`);
}

/** The address of the reservation that somebody names. */
export async function pathOf(site: Site, named: string): Promise<string> {
  return `${PATH}/${isId(named) ? named : (await findReservation(site, named)).id}`;
}

/** One reservation, line by line. */
export async function showReservation(asked: Asked, reservation: Json): Promise<void> {
  const change = reservation.proposed_change;
  showOne(reservation, [
    ...await columnsOf(asked, [reservation]),
    { head: "Decision", read: (row) => row.decision_reason },
    { head: "Waits for", read: () => change && `a decision to move to ${shownPeriod(change, asked.zone)}` },
    { head: "Id", read: (row) => row.id },
  ], asked);
}

/** The names of resources by their ids: names are what people know, and each is asked for once. */
export async function namesOf(site: Site, ids: readonly string[]): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  await Promise.all([...new Set(ids)].map(async (id) => {
    names.set(id, (await site.call("GET", `/api/v1/resources/${id}`)).name);
  }));
  return names;
}
