import type { Command } from "commander";
import { type Asked, asking, shownPeriod } from "./asked.ts";
import { Ended } from "./exits.ts";
import { note, showRows } from "./output.ts";
import { columnsOf, findReservation, pathOf, showReservation } from "./reservations.ts";
import { findResource } from "./resources.ts";
import type { Json } from "./site.ts";
import { readPeriod } from "./when.ts";

/** What waits for a decision, and deciding. */
export function approvals(program: Command): void {
  const group = program.command("approvals").description("what waits for a decision, and deciding (staff)");

  group.command("list").description("what waits for me, with what is in its way")
    .option("--all", "whatever I may decide on, not only what is mine before it is an administrator's")
    .option("--limit <rows>", "at most so many", "200")
    .action(asking(async (asked) => {
      const { site, zone, options } = asked;
      const query = { all: options.all ? "true" : undefined };
      const rows = await Array.fromAsync(site.list("/api/v1/approvals", query, Number(options.limit)));
      showRows(
        rows,
        [
          ...(await columnsOf(asked, rows)).filter(({ head }) => head !== "Status"),
          { head: "Who", read: (row) => row.requester_name },
          {
            head: "In the way",
            read: (row) =>
              row.conflicts.map((one: Json) =>
                `${one.reference ?? (one.offered ? "offered" : "closed")} ${shownPeriod(one, zone)}`
              ).join(
                "; ",
              ),
          },
        ],
        asked,
        "Nothing waits",
      );
    }));

  group.command("approve").description("say yes").argument("<reservation...>", "references or ids")
    .option("--reason <text>").option("--override", "bump what is in the way")
    .addHelpText(
      "after",
      '\nExample:\n  holdfast approvals approve R-1042 R-1043\n  holdfast approvals approve R-1042 --override --reason "Board meeting"',
    )
    .action(
      asking<[string[]]>((asked, ids) =>
        decide(asked, ids, "approve", {
          reason: asked.options.reason,
          force_override: asked.options.override,
        })
      ),
    );

  group.command("deny").description("say no").argument("<reservation...>", "references or ids")
    .requiredOption("--reason <text>", "the requester reads it")
    .action(asking<[string[]]>((asked, ids) => decide(asked, ids, "deny", { reason: asked.options.reason })));

  group.command("bump").description("take back what was approved; its requester is offered what is nearest")
    .argument("<reservation...>", "references or ids").requiredOption(
      "--reason <text>",
      "the requester reads it",
    )
    .action(asking<[string[]]>((asked, ids) => decide(asked, ids, "bump", { reason: asked.options.reason })));

  group.command("ask").description("ask the requester before deciding").argument(
    "<reservation>",
    "its reference or id",
  )
    .argument("<question>")
    .action(asking<[string, string]>((asked, id, question) => decide(asked, [id], "ask", { question })));

  group.command("reschedule").description("decide on another time or place").argument(
    "<reservation>",
    "its reference or id",
  )
    .argument("<when...>").option("--resource <resource>", "elsewhere: its name or id").option(
      "--reason <text>",
    )
    .action(asking<[string, string[]]>(async (asked, id, when) => {
      const { site, now, options } = asked;
      const old = await findReservation(site, id);
      const resource = await findResource(site, options.resource ?? old.resource_id);
      const zone = options.zone ?? resource.time_zone;
      const { start_time, end_time } = readPeriod(when.join(" "), zone, now);
      const body = {
        resource_id: options.resource ? resource.id : undefined,
        ...{ start_time: String(start_time), end_time: String(end_time), reason: options.reason },
      };
      await showReservation(
        { ...asked, zone },
        await site.call("POST", `${await pathOf(site, id)}/reschedule`, { body }),
      );
    }));
}

// One after the other: what is refused is told, and the others are decided all the same.
async function decide(asked: Asked, ids: readonly string[], verb: string, body: Json): Promise<void> {
  const rows: Json[] = [];
  const refused: Ended[] = [];
  for (const id of ids) {
    try {
      rows.push(await asked.site.call("POST", `${await pathOf(asked.site, id)}/${verb}`, { body }));
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
      note(`${id}: ${error.message}`);
      refused.push(error);
    }
  }
  if (rows.length > 0) showRows(rows, await columnsOf(asked, rows), asked, "");
  if (refused.length > 0) throw new Ended(refused[0].code, `${refused.length} of ${ids.length} refused`);
}
