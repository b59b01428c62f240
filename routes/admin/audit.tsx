import { Hono } from "hono";
import {
  type AuditEntry,
  type AuditFilter,
  exportAudit,
  findPeople,
  findThings,
  listAudit,
  type Meant,
  namesIn,
} from "../../domain/audit.ts";
import { Invalid } from "../../domain/errors.ts";
import { dayIn, readDate, readInstant } from "../../domain/periods.ts";
import { getReservation } from "../../domain/reservations.ts";
import { csvOf } from "../../lib/csv.ts";
import { AuditPage } from "../../views/admin/audit.tsx";
import { changesOf, lineOf } from "../../views/changes.ts";
import { download, MARK } from "../downloads.ts";
import { actorOf, type Context, type Env } from "../env.ts";
import type { Values } from "../forms.ts";
import { page } from "../respond.tsx";

const PER_PAGE = 50;
const KINDS = { person: "person", resource: "resource, group or policy" };
const FIELDS = ["person", "resource", "reservation", "action", "from", "to"];

/** Everything that was ever changed, for staff. */
export const audit = new Hono<Env>();

audit.get("/", async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const { filter, values, errors } = await readFilter(c);
  const wrong = Object.keys(errors).length > 0;
  const found = wrong ? [] : await listAudit(sql, actor, filter, { limit: PER_PAGE, after: keyOf(c) });
  const entries = found.slice(0, PER_PAGE);
  const last = entries.at(-1);
  const query = queryOf(c);
  const more = new URLSearchParams(query);
  if (last) {
    more.set("after_at", last.at.toString());
    more.set("after_id", last.id);
  }
  const body = (
    <AuditPage
      entries={entries}
      names={await namesIn(sql, entries)}
      values={values}
      errors={errors}
      zone={actor.time_zone}
      now={now}
      query={query}
      next={found.length > PER_PAGE ? `/admin/audit?${more}` : undefined}
    />
  );
  return page(c, { title: "Audit", body, status: wrong ? 422 : 200 });
});

const COLUMNS = [
  ...[
    "id",
    "at",
    "actor_id",
    "actor_name",
    "action",
    "subject_kind",
    "subject_id",
    "subject_name",
    "changes",
  ],
  ...["reason", "previous_state", "after_state", "details", "request_id"],
];

audit.get("/export.csv", async (c) => {
  const { sql, now } = c.var;
  const { time_zone } = actorOf(c);
  let head = `${MARK}${csvOf([COLUMNS])}`;
  const write = async (entries: readonly AuditEntry[]) => {
    const names = await namesIn(sql, entries);
    const rows = entries.map((entry) => {
      const changes = changesOf(entry, names, time_zone, now).map(lineOf).join("; ");
      const cells: Record<string, unknown> = { ...entry, changes, reason: entry.details.reason };
      return COLUMNS.map((column) => cells[column]);
    });
    const text = head + csvOf(rows);
    head = "";
    return text;
  };
  const type = "text/csv; charset=utf-8; header=present";
  return download(c, { name: "audit", extension: "csv", type, batches: await entriesFor(c), write });
});

audit.get("/export.json", async (c) => {
  let first = true;
  const write = (entries: readonly AuditEntry[], last: boolean) => {
    const text = entries.map((entry) => JSON.stringify(entry)).join(",\n");
    const begun = first ? "[\n" : entries.length > 0 ? ",\n" : "";
    first = false;
    return `${begun}${text}${last ? "\n]\n" : ""}`;
  };
  const batches = await entriesFor(c);
  return download(c, { name: "audit", extension: "json", type: "application/json", batches, write });
});

async function entriesFor(c: Context) {
  const { filter, errors } = await readFilter(c);
  const issues = Object.entries(errors).map(([path, message]) => ({ path, message }));
  if (issues.length > 0) throw new Invalid(issues);
  return exportAudit(c.var.sql, actorOf(c), filter);
}

interface Read {
  filter: AuditFilter;
  /** What stands in the fields: names where the address had ids. */
  values: Values;
  errors: Record<string, string>;
}

async function readFilter(c: Context): Promise<Read> {
  const { sql } = c.var;
  const actor = actorOf(c);
  const values: Values = Object.fromEntries(FIELDS.map((name) => [name, c.req.query(name)?.trim()]));
  const errors: Record<string, string> = {};
  const filter: AuditFilter = { action: values.action || undefined };
  const look = async (name: "person" | "resource", find: typeof findPeople) => {
    const typed = values[name];
    if (!typed) return undefined;
    const found: Meant = typed.includes("\0") ? { name: typed, ids: [] } : await find(sql, actor, typed);
    values[name] = found.name;
    if (found.ids.length === 0) errors[name] = `No ${KINDS[name]} matches “${typed}”`;
    return found.ids;
  };
  filter.people = await look("person", findPeople);
  filter.resources = await look("resource", findThings);
  if (values.reservation) {
    const found = await getReservation(sql, actor, values.reservation).catch(() => undefined);
    if (!found) errors.reservation = "Give its number, such as R-123";
    values.reservation = found?.reference ?? values.reservation;
    filter.reservation_id = found?.id;
  }
  filter.from = moment(values, errors, "from", actor.time_zone);
  filter.to = moment(values, errors, "to", actor.time_zone);
  return { filter, values, errors };
}

// A day as a form has it, from its beginning or to its end; or a moment as programs write it.
function moment(values: Values, errors: Record<string, string>, name: "from" | "to", zone: string) {
  const text = values[name];
  if (!text) return undefined;
  const day = readDate(text);
  if (day) return dayIn(day, zone)[name === "from" ? "start_time" : "end_time"];
  const instant = readInstant(text.replace(/ (?=\d{2}:\d{2}$)/, "+"));
  if (!instant) errors[name] = "Give a date, such as 2026-05-31";
  return instant;
}

function queryOf(c: Context): string {
  const given = FIELDS.map((name) => [name, c.req.query(name)?.trim() ?? ""]).filter(([, value]) => value);
  return new URLSearchParams(given).toString();
}

function keyOf(c: Context) {
  const { after_at, after_id = "" } = c.req.query();
  const at = readInstant(after_at);
  return at && /^\d{1,18}$/.test(after_id) ? { at, id: after_id } : undefined;
}
