import type { Command } from "commander";
import { type Asked, asking, confirm, find, shownPeriod } from "./asked.ts";
import { type Column, note, showOne, showRows } from "./output.ts";
import { transfers } from "./transfers.ts";
import { readMoment, readPeriod } from "./when.ts";
import type { Json, Site } from "./site.ts";

const PATH = "/api/v1/resources";

const COLUMNS: Column[] = [
  { head: "Name", read: (row) => row.name },
  { head: "Kind", read: (row) => row.kind },
  { head: "Location", read: (row) => row.location },
  { head: "Places", read: (row) => row.capacity, right: true },
  { head: "Units", read: (row) => row.units, right: true },
  { head: "Tags", read: (row) => row.tags.join(", ") },
];

const DETAILS: Column[] = [
  ...COLUMNS,
  { head: "Description", read: (row) => row.description },
  { head: "Time zone", read: (row) => row.time_zone },
  { head: "Approval", read: (row) => row.requires_approval ? "needed" : "" },
  { head: "Active", read: (row) => row.active ? "yes" : "no" },
  { head: "Id", read: (row) => row.id },
];

/** The resource that somebody names, by its name or id. */
export function findResource(site: Site, named: string): Promise<Json> {
  return find(site, PATH, named, ({ name, id }) => [name, id]);
}

/** What can be reserved. */
export function resources(program: Command): void {
  const group = program.command("resources").description("what can be reserved");

  group.command("list").description("those there are")
    .option("-q, --query <text>", "in the name, the description or the place")
    .option("--kind <kind>").option("--tag <tag>").option("--min-capacity <places>")
    .option("--free <period>", 'free all the time of, such as "tomorrow 14:00 +90m"')
    .option("--limit <rows>", "at most so many", "200")
    .addHelpText("after", '\nExample:\n  holdfast resources list --kind room --free "tomorrow 14:00 +90m"')
    .action(asking(async ({ site, zone, now, options, json, csv }) => {
      const free = options.free ? readPeriod(options.free, zone, now) : undefined;
      const query = {
        ...{ q: options.query, kind: options.kind, tag: options.tag, min_capacity: options.minCapacity },
        ...{ free_from: free && String(free.start_time), free_to: free && String(free.end_time) },
      };
      const rows = await Array.fromAsync(site.list(PATH, query, Number(options.limit)));
      showRows(rows, COLUMNS, { json, csv }, "Nothing is like that");
    }));

  group.command("show").description("one of them").argument("<resource>", "its name or id")
    .action(asking<[string]>(async ({ site, json, csv }, named) => {
      showOne(await findResource(site, named), DETAILS, { json, csv });
    }));

  group.command("availability").description("when one of them is taken and when it is free")
    .argument("<resource>", "its name or id")
    .option("--from <time>", "from when", "today").option("--to <time>", "until when; otherwise a day")
    .option("--units <units>", "so many of it at once")
    .addHelpText("after", '\nExample:\n  holdfast resources availability "Room 1" --from monday --to friday')
    .action(asking<[string]>(async ({ site, now, options, json, csv }, named) => {
      const resource = await findResource(site, named);
      const zone = options.zone ?? resource.time_zone;
      const from = readMoment(options.from, zone, now);
      const to = options.to
        ? readMoment(options.to, zone, now)
        : from.toZonedDateTimeISO(zone).add({ days: 1 }).toInstant();
      const query = { from: String(from), to: String(to), units: options.units };
      const found = await site.call("GET", `${PATH}/${resource.id}/availability`, { query });
      if (json) return showOne(found, [], { json });
      const free = ({ free_units }: Json) => `${free_units} of ${resource.units} free`;
      const rows = resource.units > 1
        ? found.counts.map((period: Json) => ({ ...period, state: free(period) }))
        : [
          ...found.busy.map((period: Json) => ({ ...period, state: "taken" })),
          ...found.free.map((period: Json) => ({ ...period, state: "free" })),
        ].sort((a, b) => Temporal.Instant.compare(a.start_time, b.start_time));
      showRows(
        rows,
        [
          { head: "When", read: (row) => shownPeriod(row, zone) },
          { head: "State", read: (row) => row.state },
        ],
        { csv },
        "Nothing",
      );
    }));

  changing(
    group.command("add").description("add one").argument("<name>").argument(
      "<kind>",
      "room, desk, vehicle, …",
    ),
  )
    .addHelpText(
      "after",
      '\nExample:\n  holdfast resources add "Room 1" room --capacity 8 --tags screen,phone',
    )
    .action(asking<[string, string]>(async ({ site, options, json, csv }, name, kind) => {
      const body = { name, kind, ...await changes(site, options) };
      showOne(await site.call("POST", PATH, { body }), DETAILS, { json, csv });
    }));

  changing(
    group.command("edit").description("change one").argument("<resource>", "its name or id")
      .option("--name <name>").option("--kind <kind>"),
  )
    .action(asking<[string]>(async ({ site, options, json, csv }, named) => {
      const { id } = await findResource(site, named);
      const body = { name: options.name, kind: options.kind, ...await changes(site, options) };
      showOne(await site.call("PATCH", `${PATH}/${id}`, { body }), DETAILS, { json, csv });
    }));

  group.command("remove").description("take one out of use; what was never reserved goes for good")
    .argument("<resource>", "its name or id").option("--yes", "without asking")
    .action(asking<[string]>(async ({ site, options }, named) => {
      const { id, name } = await findResource(site, named);
      confirm(`Take ${name} out of use?`, options);
      await site.call("DELETE", `${PATH}/${id}`);
      note(`${name} is out of use`);
    }));

  transfers(group, "resources");
}

function changing(command: Command): Command {
  return command
    .option("--description <text>").option("--location <place>")
    .option("--capacity <places>").option("--units <units>", "how many of the kind, interchangeable")
    .option("--accessory", "had only together with something else").option("--no-accessory")
    .option("--offered-with <resources>", "of an accessory: with what, with commas between them")
    .option(
      "--parts <resources>",
      "what it is composed of: names or ids, with commas between them; none: an empty text",
    )
    .option("--tags <tags>", "with commas between them").option(
      "--zone-of-resource <zone>",
      "its IANA time zone",
    )
    .option("--requires-approval", "somebody decides on each wish").option("--no-requires-approval");
}

async function changes(site: Site, options: Asked["options"]) {
  const number = (text?: string) => text === undefined ? undefined : Number(text);
  return {
    ...{ description: options.description, location: options.location, time_zone: options.zoneOfResource },
    ...{ capacity: number(options.capacity), units: number(options.units) },
    accessory: options.accessory,
    offered_with: options.offeredWith === undefined ? undefined : await idsOf(site, options.offeredWith),
    part_ids: options.parts === undefined ? undefined : await idsOf(site, options.parts),
    tags: options.tags?.split(",").map((tag: string) => tag.trim()).filter(Boolean),
    requires_approval: options.requiresApproval,
  };
}

async function idsOf(site: Site, named: string): Promise<string[]> {
  const ids = [];
  for (const name of named.split(",").map((one) => one.trim()).filter(Boolean)) {
    ids.push((await findResource(site, name)).id);
  }
  return ids;
}
