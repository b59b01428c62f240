import { batchesOf } from "../../db/batches.ts";
import type { Db, Sql, Tx } from "../../db/types.ts";
import { listCell } from "../../lib/csv.ts";
import { isId } from "../../lib/ids.ts";
import { change } from "../edits.ts";
import { Conflict, Forbidden, Invalid, type Issue, NotFound } from "../errors.ts";
import { type Actor, may } from "../permissions.ts";
import { rulesOf } from "../policies.ts";
import { hasQuota } from "../quotas.ts";
import { quantityOf } from "../quantities.ts";
import { isPast, request } from "../requests.ts";
import { columns, joined, type Reservation } from "../reservations.ts";
import { statusAt } from "../transitions.ts";
import { changesBetween, type Line } from "./cells.ts";
import type { Intake, Taker } from "./imports.ts";
import { hasCell } from "./staging.ts";
import { type Known, knownIn, type Wished, wished } from "./wishes.ts";

const OUT = [
  ...["reference", "id", "requester", "resources", "start_time", "end_time", "status", "purpose", "private"],
  ...["priority", "attendees", "answers", "quantities"],
];

/** A reservation with what a line of a file says of it beside. */
type Kept = Reservation & { requester_email: string; time_zone: string };

/**
 * Reservations in: found by id or reference, or else asked for anew, for the requester that is named. Each goes
 * through the rules and the constraint as a request of its own: what is in the way is told, and nothing is forced.
 */
export const reservationsIn: Intake = {
  columns: [...OUT, "attested"],
  keys: ["resources", "reference", "id"],
  action: "import_reservations",
  frees: (tx, file) => hasCell(tx, file, ["reference", "id"]),
  begin: (tx, actor, _site, now) => Promise.resolve(taker(tx, actor, now)),
};

/** The actor's own reservations out, or all for whom all are to be seen, as `reservationsIn` reads them. */
export async function* exportReservations(
  sql: Sql,
  actor: Actor,
  now: Temporal.Instant,
): AsyncGenerator<string[][]> {
  yield [OUT];
  const batches = batchesOf<Kept>(sql, (db) =>
    db`
    ${selected(db)}
    where ${may(actor, "see_reservation") ? db`true` : db`v.requester_id = ${actor.id}`}
    order by v.start_time, v.id`);
  for await (const batch of batches) {
    yield batch.map((reservation) => Object.values(cellsOf(reservation, now)));
  }
}

const selected = (db: Db) =>
  db`select ${columns(db)}, u.email as requester_email, v.time_zone from ${joined(db)}`;

function cellsOf(v: Kept, now: Temporal.Instant): Record<string, string> {
  return {
    ...{ reference: v.reference, id: v.id, requester: v.requester_email },
    resources: listCell(v.resources.map(({ name }) => name)),
    ...{ start_time: clockOf(v.start_time, v.time_zone), end_time: clockOf(v.end_time, v.time_zone) },
    ...{ status: statusAt(v, now), purpose: v.purpose, private: String(v.private) },
    ...{ priority: String(v.priority), attendees: v.attendees === null ? "" : String(v.attendees) },
    answers: Object.keys(v.answers).length > 0 ? JSON.stringify(v.answers) : "",
    quantities: v.resources.some(({ quantity }) => quantity > 1)
      ? listCell(v.resources.map(({ quantity }) => String(quantity)))
      : "",
  };
}

const clockOf = (instant: Temporal.Instant, zone: string) =>
  instant.toZonedDateTimeISO(zone).toString({ timeZoneName: "never" });

/** What a file says of a reservation without changing it. */
const FIXED: Record<string, string> = {
  reference: "The reference stays as it is",
  id: "The id stays as it is",
  requester: "Whose it is stays as it is",
  status: "The status is changed on the page of the reservation, by those who may, and not by a file",
  priority: "The priority stays as it is",
  attendees: "The number of people stays as it is",
  answers: "The answers stay as they are",
};

function taker(tx: Tx, actor: Actor, now: Temporal.Instant): Taker {
  const seen = new Map<string, number>();
  return {
    async take(lines, report) {
      // What was planned while the tables were small reads all of them, now that the file itself has filled them.
      await tx`discard plans`;
      const found = await findKnown(tx, lines);
      const known = await knownIn(tx, lines);
      // Asked for once: each line finds them in memory.
      const rules = await rulesOf(tx, [...known.resources.values()].map(({ id }) => id));
      const several = rules.filter((rules) => hasQuota(rules) || rules.part_ids.length > 0);
      const counted = new Set(several.map(({ resource_id }) => resource_id));
      let together: Promise<void>[] = [];
      for (const { line, cells } of lines) {
        // Who has so many problems solves those first: to look at the rest costs more than it tells.
        if (report.full) {
          report.unread();
          continue;
        }
        const before = found.get(nameOf(cells));
        if (!isSimple(cells, known, counted)) {
          await Promise.all(together);
          together = [];
          await one(line, cells, before);
          continue;
        }
        together.push(one(line, cells, before));
        if (together.length < TOGETHER) continue;
        await Promise.all(together);
        together = [];
      }
      await Promise.all(together);

      async function one(line: number, cells: Line["cells"], before?: Kept) {
        const first = before && seen.get(before.id);
        if (before) seen.set(before.id, first ?? line);
        try {
          if (first) refuse("reference", `Line ${first} is about the same reservation`);
          if (nameOf(cells) && !before) {
            refuse(named(cells), "There is no such reservation: leave it empty for a new one");
          }
          if (!before) {
            const { id, reference } = await ask(tx, actor, cells, known, now);
            seen.set(id, line);
            return report.created(line, reference);
          }
          const changes = await edit(tx, actor, before, cells, known, now);
          if (changes.length === 0) report.unchanged();
          else report.updated({ line, name: before.reference, changes });
        } catch (error) {
          for (const issue of issuesOf(error, seen)) report.problem(line, issue);
        }
      }
    },
  };
}

/** So many statements are on their way to the database at once, one behind the other on the one connection. */
const TOGETHER = 32;

// Whether a line is one statement, so that the next may follow it at once: whatever else steps back to where it began
// must not take along what came between.
function isSimple(cells: Line["cells"], known: Known, counted: ReadonlySet<string>): boolean {
  const resource = known.resources.get(cells.resources?.trim() ?? "");
  const one = ["", "1"].includes(cells.quantities?.trim() ?? "");
  return nameOf(cells) === "" && one && resource !== undefined && !counted.has(resource.id);
}

const named = (cells: Line["cells"]) => cells.id?.trim() ? "id" : "reference";
const nameOf = (cells: Line["cells"]) => (cells.id?.trim() || cells.reference?.trim() || "").toLowerCase();

function refuse(path: string, message: string): never {
  throw new Invalid([{ path, message }]);
}

// Those that lines name, by the name that they use.
async function findKnown(tx: Tx, lines: readonly Line[]): Promise<Map<string, Kept>> {
  const names = lines.map(({ cells }) => nameOf(cells));
  const ids = names.filter(isId);
  const numbers = names.flatMap((name) => /^r-(\d{1,15})$/.exec(name)?.[1] ?? []);
  if (ids.length + numbers.length === 0) return new Map();
  const rows = await tx<Kept[]>`
    ${selected(tx)} where v.id = any(${ids}) or v.number = any(${numbers}::bigint[])`;
  return new Map(rows.flatMap((row) => [[row.id, row], [row.reference.toLowerCase(), row]]));
}

// Asks for what a line names, as its requester would.
async function ask(tx: Tx, actor: Actor, cells: Line["cells"], known: Known, now: Temporal.Instant) {
  if (!cells.resources?.trim()) refuse("resources", "Name at least one resource");
  const { resource_ids, start_time, end_time, ...rest } = asked(wished(cells, known));
  if (!resource_ids) return refuse("resources", "Name at least one resource");
  if (!start_time) return refuse("start_time", "Give the start");
  if (!end_time) return refuse("end_time", "Give the end");
  if (isPast(start_time, now)) {
    refuse("start_time", "The start has passed: a file brings in only what lies ahead");
  }
  const { attendees, ...wish } = rest;
  const whole = { ...wish, ...(attendees ? { attendees } : {}), resource_ids, start_time, end_time };
  const stored = await request(tx, actor, whole, now);
  const status = cells.status?.trim().toLowerCase() ?? "";
  if (status && status !== stored.status) {
    refuse("status", `By its rules it would be ${stored.status}: write that, or leave this empty`);
  }
  return stored;
}

// Changes what a line says otherwise. A cell that says what is there changes nothing.
async function edit(
  tx: Tx,
  actor: Actor,
  before: Kept,
  cells: Line["cells"],
  known: Known,
  now: Temporal.Instant,
) {
  const present = cellsOf(before, now);
  const differ = Object.fromEntries(
    Object.entries(cells).filter(([name, cell]) =>
      cell !== present[name] && !isSame(name, cell, before, present)
    ),
  );
  for (const name of Object.keys(differ)) if (FIXED[name]) refuse(name, FIXED[name]);
  // How many there are is said of the resources in their order: the one is read with the other.
  const resources = cells.resources?.trim() || present.resources;
  const quantities = cells.quantities ?? ("resources" in differ ? "" : present.quantities);
  const slot: Line["cells"] = "resources" in differ || "quantities" in differ
    ? { resources, quantities }
    : {};
  const { start_time, end_time, resource_ids, purpose, private: secret, ...rest } = asked(
    wished({ ...differ, ...slot }, known, before.time_zone),
  );
  const many = rest.quantities && { quantities: rest.quantities };
  const wish = { start_time, end_time, resource_ids, ...many, purpose, private: secret };
  const names = new Map([...known.resources.values()].map(({ id, name }) => [id, name]));
  const after: Kept = {
    ...before,
    start_time: start_time ?? before.start_time,
    end_time: end_time ?? before.end_time,
    purpose: purpose ?? before.purpose,
    private: secret ?? before.private,
    resources: resource_ids
      ? [...new Set(resource_ids)].sort().map((id) => ({
        ...{ ...before.resources[0], id, name: names.get(id)! },
        quantity: quantityOf(rest.quantities, id),
      }))
      : before.resources,
  };
  const changes = changesBetween(present, { ...cellsOf(after, now), status: present.status });
  if (changes.length > 0) await change(tx, actor, before.id, wish, now);
  return changes;
}

// What time has done since the file was written is no change; nor is it one how something is written.
function isSame(name: string, cell: string, before: Kept, present: Record<string, string>): boolean {
  const text = cell.trim();
  if (name === "attested" || (FIXED[name] && text.toLowerCase() === present[name].toLowerCase())) return true;
  if (text === "" && name !== "purpose") return true;
  if (name !== "status") return false;
  return present.status === "completed" && ["approved", "checked_in"].includes(text) ||
    present.status === "no_show" && text === "approved" ||
    present.status === "expired" && text === "pending" && before.status !== "approved";
}

function asked(read: ReturnType<typeof wished>): Wished {
  if ("issues" in read) throw new Invalid(read.issues);
  return read.value;
}

// What stands against one line; whatever else it is, it ends the whole.
function issuesOf(error: unknown, seen: ReadonlyMap<string, number>): Issue[] {
  if (error instanceof Invalid) return error.issues;
  if (error instanceof Conflict) {
    const line = error.conflicts.map(({ reservation_id }) => seen.get(reservation_id ?? "")).find(Boolean);
    if (line) return [{ path: "start_time", message: `Line ${line} of the file has this time` }];
    const taken = error.conflicts.length > 0;
    return [{ path: taken ? "start_time" : "", message: error.message }];
  }
  if (error instanceof NotFound || error instanceof Forbidden) return [{ path: "", message: error.message }];
  throw error;
}
