import type { Command } from "commander";
import { asking, confirm, find, shown } from "./asked.ts";
import { isId } from "../lib/ids.ts";
import { type Column, note, showOne, showRows } from "./output.ts";
import { findResource } from "./resources.ts";
import type { Json, Site } from "./site.ts";
import { transfers } from "./transfers.ts";
import { readMoment } from "./when.ts";

const PATH = "/api/v1/users";

const COLUMNS: Column[] = [
  { head: "Name", read: (row) => row.name },
  { head: "E-mail", read: (row) => row.email },
  { head: "Role", read: (row) => row.role },
  { head: "Active", read: (row) => row.active ? "yes" : "no" },
];

const findUser = (site: Site, named: string): Promise<Json> =>
  find(site, PATH, named, ({ email, name }) => [email, name]);

/** People and what they did. */
export function people(program: Command): void {
  const group = program.command("users").description("people (administrators)");

  group.command("list").description("everybody").option("-q, --query <text>", "in the name or the address")
    .option("--limit <rows>", "at most so many", "200")
    .action(asking(async ({ site, options, json, csv }) => {
      const rows = await Array.fromAsync(site.list(PATH, { q: options.query }, Number(options.limit)));
      showRows(rows, COLUMNS, { json, csv }, "Nobody is like that");
    }));

  group.command("show").description("one of them").argument("<user>", "e-mail, name or id")
    .action(asking<[string]>(async ({ site, json, csv }, named) => {
      showOne(await findUser(site, named), [...COLUMNS, { head: "Id", read: (row) => row.id }], {
        json,
        csv,
      });
    }));

  group.command("role").description("what somebody may do").argument("<user>", "e-mail, name or id")
    .argument("<role>", "user, staff or admin")
    .action(asking<[string, string]>(async ({ site, json, csv }, named, role) => {
      const { id } = await findUser(site, named);
      showOne(await site.call("PATCH", `${PATH}/${id}`, { body: { role } }), COLUMNS, { json, csv });
    }));

  group.command("close").description("close an account; it can be opened again").argument(
    "<user>",
    "e-mail, name or id",
  )
    .option("--cancel", "cancel what they have reserved").option("--reason <text>").option(
      "--yes",
      "without asking",
    )
    .action(asking<[string]>(async ({ site, options }, named) => {
      const { id, name, email } = await findUser(site, named);
      confirm(`Close the account of ${name} <${email}>?`, options);
      const query = { future: options.cancel ? "cancel" : "keep", reason: options.reason };
      await site.call("DELETE", `${PATH}/${id}`, { query });
      note(`The account of ${name} is closed`);
    }));

  group.command("reopen").description("open a closed account").argument("<user>", "e-mail, name or id")
    .action(asking<[string]>(async ({ site, json, csv }, named) => {
      const { id } = await findUser(site, named);
      showOne(await site.call("PATCH", `${PATH}/${id}`, { body: { active: true } }), COLUMNS, { json, csv });
    }));

  transfers(group, "users");

  program.command("audit").description("what was changed, by whom (staff)")
    .option("--from <time>").option("--to <time>").option(
      "--action <action>",
      "approve, cancel, create_resource, …",
    )
    .option("--actor <user>", "e-mail, name or id (administrators), or id").option(
      "--resource <resource>",
      "name or id",
    )
    .option("--reservation <id>").option("--limit <rows>", "at most so many", "50")
    .addHelpText("after", "\nExample:\n  holdfast audit --from today --action approve")
    .action(asking(async ({ site, zone, now, options, json, csv }) => {
      const moment = (text?: string) => text ? String(readMoment(text, zone, now)) : undefined;
      const query = {
        ...{ from: moment(options.from), to: moment(options.to), action: options.action },
        actor_id: options.actor && !isId(options.actor)
          ? (await findUser(site, options.actor)).id
          : options.actor,
        resource_id: options.resource && (await findResource(site, options.resource)).id,
        reservation_id: options.reservation,
      };
      const rows = await Array.fromAsync(site.list("/api/v1/audit-logs", query, Number(options.limit)));
      showRows(
        rows,
        [
          { head: "When", read: (row) => shown(row.at, zone) },
          { head: "Who", read: (row) => row.actor_name ?? "by itself" },
          { head: "Action", read: (row) => row.action },
          { head: "What", read: (row) => row.subject_name },
          { head: "Why", read: (row) => row.details?.reason },
        ],
        { json, csv },
        "Nothing was changed",
      );
    }));
}
