import { batchesOf } from "../../db/batches.ts";
import type { Db, Sql, Tx } from "../../db/types.ts";
import { listCell, listIn } from "../../lib/csv.ts";
import { isId, newId } from "../../lib/ids.ts";
import { keepOffer } from "../accessories.ts";
import { closeOff } from "../allocations.ts";
import { closeAdded, minuteOf } from "../closure_dates.ts";
import { Conflict, Invalid } from "../errors.ts";
import { doWithFewer } from "../fewer_units.ts";
import { difference, type NewDeed, recordAll } from "../history.ts";
import { compose, judgeWholesAnew, lockCompositions, mustBeSingle } from "../parts.ts";
import { type Actor, permit } from "../permissions.ts";
import { NewResource, recorded, type Resource, ResourceChange, subjectOf } from "../resources.ts";
import { amount, changesBetween, type Line, type Read, read, truth, writeSets } from "./cells.ts";
import type { Intake, Taker } from "./imports.ts";
import type { Report } from "./report.ts";

const COLUMNS = [
  ...["id", "name", "kind", "description", "location", "capacity", "units", "time_zone", "tags", "policy"],
  ...["requires_approval", "active", "parts", "accessory", "offered_with"],
];

/** What a new thing is where the file has no kind for it: the first of its tags that is one of these, or a room. */
const KINDS = ["room", "desk", "bay", "vehicle", "equipment", "instrument", "kit", "parking"];

/** A resource with the names of its policy and of its parts: what a line of a file says. */
type Kept = Omit<Resource, "created_at" | "updated_at" | "part_ids" | "offered_with"> & {
  policy: string | null;
  parts: string[];
  /** With what it is offered. */
  offered: string[];
};

/** Resources in: found by id, or else by name. */
export const resourcesIn: Intake = {
  columns: COLUMNS,
  keys: ["name", "id"],
  action: "manage_resources",
  frees: () => Promise.resolve(true),
  begin: async (tx, actor, { time_zone }, now) =>
    taker(tx, actor, { ...await policiesOf(tx), time_zone, now }),
};

/** Resources out, by name, as `resourcesIn` reads them: first the names of the columns. */
export async function* exportResources(sql: Sql, actor: Actor): AsyncGenerator<string[][]> {
  permit(actor, "export_resources");
  yield [COLUMNS];
  const batches = batchesOf<Kept>(sql, (db) =>
    db`
    select r.*, p.name as policy, ${partNames(db)} from resources r left join policies p on p.id = r.policy_id
    order by lower(r.name), r.id`);
  for await (const batch of batches) {
    yield batch.map((resource) => Object.values(cellsOf(resource)));
  }
}

function cellsOf(r: Kept): Record<string, string> {
  return {
    ...{ id: r.id, name: r.name, kind: r.kind, description: r.description, location: r.location },
    ...{ capacity: r.capacity === null ? "" : String(r.capacity), units: String(r.units) },
    ...{ time_zone: r.time_zone, tags: listCell(r.tags), policy: r.policy ?? "" },
    ...{ requires_approval: String(r.requires_approval), active: String(r.deactivated_at === null) },
    ...{ parts: listCell(r.parts), accessory: String(r.accessory), offered_with: listCell(r.offered) },
  };
}

/** What a line is read against: the policies by name and by id, the site's zone and the moment. */
interface Site {
  ids: Map<string, string>;
  names: Map<string, string>;
  time_zone: string;
  now: Temporal.Instant;
}

async function policiesOf(tx: Tx): Promise<Pick<Site, "ids" | "names">> {
  const rows = await tx<{ id: string; name: string }[]>`select id, name from policies`;
  return {
    ids: new Map(rows.map(({ id, name }) => [name.toLowerCase(), id])),
    names: new Map(rows.map(({ id, name }) => [id, name])),
  };
}

interface Plan {
  line: number;
  before?: Kept;
  after: Kept;
}

function taker(tx: Tx, actor: Actor, site: Site): Taker {
  const seen = new Map<string, number>();
  const composed: Plan[] = [];
  return {
    // A line may name parts that come further down.
    end: (report) => composeAll(tx, actor, composed, report, site.now),
    async take(lines, report) {
      const found = await lockFound(tx, lines);
      const plans: Plan[] = [];
      for (const { line, cells } of lines) {
        const before = found.get(line);
        const key = before?.id ?? (cells.name ?? "").trim().toLowerCase();
        const first = key ? seen.get(key) : undefined;
        seen.set(key, first ?? line);
        const planned = first !== undefined
          ? { issues: [{ path: "name", message: `Line ${first} is about the same resource` }] }
          : before
          ? changed(cells, before, site)
          : begun(cells, site);
        if ("value" in planned) {
          plans.push({ line, before, after: planned.value });
          seen.set(planned.value.id, line);
        } else for (const issue of planned.issues) report.problem(line, issue);
      }
      await store(tx, actor, plans, report, site.now);
      composed.push(...plans.filter(isConnectedAnew));
    },
  };
}

// Whether its parts, or what it is offered with, are others than before.
function isConnectedAnew({ before, after }: Plan): boolean {
  return listCell(before?.parts ?? []) !== listCell(after.parts) ||
    listCell(before?.offered ?? []) !== listCell(after.offered) || before?.accessory !== after.accessory &&
      after.accessory;
}

async function composeAll(
  tx: Tx,
  actor: Actor,
  plans: readonly Plan[],
  report: Report,
  now: Temporal.Instant,
) {
  if (plans.length === 0) return;
  await lockCompositions(tx);
  const said = [
    ...new Set(
      plans.flatMap(({ after }) => [...after.parts, ...after.offered].map((name) => name.toLowerCase())),
    ),
  ];
  const rows = await tx<{ id: string; said: string }[]>`
    select id, lower(name) as said from resources where lower(name) = any(${said})`;
  const ids = new Map(rows.map(({ id, said }) => [said, id]));
  for (const { line, after } of plans) {
    const idOf = (name: string) => ids.get(name.toLowerCase());
    for (const field of ["parts", "offered_with"] as const) {
      const names = field === "parts" ? after.parts : after.offered;
      const unknown = names.find((name) => !idOf(name));
      if (unknown !== undefined) {
        report.problem(line, { path: field, message: `There is no resource called “${unknown}”` });
        continue;
      }
      const connected = names.map((name) => idOf(name)!);
      await tx.savepoint((inner) =>
        field === "parts"
          ? compose(inner, actor, after, connected, now)
          : keepOffer(inner, after, connected, now)
      ).catch((error) => {
        if (!(error instanceof Conflict || error instanceof Invalid)) throw error;
        const message = error instanceof Invalid ? error.issues[0].message : error.message;
        report.problem(line, { path: field, message });
      });
    }
  }
}

// The names of what a resource `r` is composed of, and offered with.
function partNames(db: Db) {
  return db`array(
    select part.name from resource_parts c join resources part on part.id = c.part_id
    where c.whole_id = r.id order by lower(part.name)) as parts, array(
    select other.name from resource_accessories o join resources other on other.id = o.resource_id
    where o.accessory_id = r.id order by lower(other.name)) as offered`;
}

// What lines are about, locked in one order, by line. A name is compared as the database compares names.
async function lockFound(tx: Tx, lines: readonly Line[]): Promise<Map<number, Kept>> {
  const wanted = lines.map(({ line, cells }) => {
    const id = cells.id?.trim() ?? "";
    return { line, id: isId(id) ? id : null, name: id ? null : cells.name?.trim() ?? null };
  });
  const matches = await tx<{ line: number; id: string }[]>`
    with wanted as (select * from jsonb_to_recordset(${tx.json(wanted)}) as w (line int, id uuid, name text))
    select w.line, r.id from wanted w join resources r on r.id = w.id
    union all
    select w.line, r.id from wanted w join resources r on lower(r.name) = lower(w.name)`;
  const rows = await tx<Kept[]>`
    select r.*, (select name from policies where id = r.policy_id) as policy, ${
    partNames(tx)
  } from resources r
    where r.id = any(${matches.map(({ id }) => id)}) order by r.id for no key update of r`;
  const byId = new Map(rows.map((row) => [row.id, row]));
  return new Map(matches.flatMap(({ line, id }) => byId.has(id) ? [[line, byId.get(id)!]] : []));
}

// A cell that says what is there changes nothing, whatever blanks it has.
function changed(cells: Line["cells"], before: Kept, site: Site): Read<Kept> {
  const present = cellsOf(before);
  const named = Object.fromEntries(Object.entries(cells).filter(([name, cell]) => cell !== present[name]));
  const { active, parts = before.parts, offered = before.offered, ...change } = typed(named, site);
  const found = read(ResourceChange, change, { policy_id: "policy" });
  const issues = [...("issues" in found ? found.issues : []), ...wrongActive(active)];
  if ("issues" in found || issues.length > 0) return { issues };
  return { value: becoming({ ...before, parts, offered }, defined(found.value), active, site) };
}

function begun(cells: Line["cells"], site: Site): Read<Kept> {
  const id = cells.id?.trim().toLowerCase() || newId(site.now.epochMilliseconds);
  if (!isId(id)) {
    const message = "This is no id: leave it empty where the resource is new, or to find it by its name";
    return { issues: [{ path: "id", message }] };
  }
  const { active, parts = [], offered = [], ...input } = typed(cells, site);
  const tags = (input.tags ?? []) as string[];
  const kind = tags.map((tag) => tag.toLowerCase()).find((tag) => KINDS.includes(tag)) ?? "room";
  const found = read(NewResource, { name: "", kind, ...input }, { policy_id: "policy" });
  const issues = [...("issues" in found ? found.issues : []), ...wrongActive(active)];
  if ("issues" in found || issues.length > 0) return { issues };
  const { time_zone = site.time_zone, part_ids: _, offered_with: __, ...rest } = found.value;
  const bare = { id, ...rest, time_zone, version: 1, deactivated_at: null, policy: null, parts, offered };
  return { value: becoming(bare, {}, active, site) };
}

// What it is then, with the name of its policy, in service or out of it.
function becoming(before: Kept, change: Partial<Kept>, active: unknown, { names, now }: Site): Kept {
  const after = { ...before, ...change };
  const policy = after.policy_id && (names.get(after.policy_id) ?? null);
  const deactivated_at = active === true
    ? null
    : active === false
    ? before.deactivated_at ?? now
    : before.deactivated_at;
  return { ...after, policy, deactivated_at };
}

/** Where an empty cell says that something stays as it is, or is the default. */
const NEVER_EMPTY = ["name", "kind", "units", "time_zone", "requires_approval", "active", "accessory"];

interface Named {
  parts?: string[];
  offered?: string[];
}

function typed(cells: Line["cells"], { ids }: Site): Record<string, unknown> & Named {
  const found: Record<string, unknown> & Named = {};
  for (const [name, cell] of Object.entries(cells)) {
    if (name === "id" || (NEVER_EMPTY.includes(name) && cell.trim() === "")) continue;
    if (name === "capacity" || name === "units") found[name] = amount(cell);
    else if (["requires_approval", "active", "accessory"].includes(name)) found[name] = truth(cell);
    else if (name === "offered_with") found.offered = listIn(cell).map((one) => one.trim()).filter(Boolean);
    else if (name === "tags") found.tags = listIn(cell).map((tag) => tag.trim()).filter(Boolean);
    else if (name === "parts") found.parts = listIn(cell).map((part) => part.trim()).filter(Boolean);
    else if (name === "time_zone") found.time_zone = cell.trim();
    else if (name !== "policy") found[name] = cell;
    else if (cell.trim() === "") found.policy_id = null;
    // What is no id is refused by the schema, in its words.
    else found.policy_id = ids.get(cell.trim().toLowerCase()) ?? cell;
  }
  return found;
}

const defined = (change: ResourceChange) =>
  Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));

const wrongActive = (active: unknown) =>
  typeof active === "string" ? [{ path: "active", message: "Say true or false" }] : [];

async function store(
  tx: Tx,
  actor: Actor,
  plans: readonly Plan[],
  report: Report,
  now: Temporal.Instant,
): Promise<void> {
  const differ = plans.filter(({ before, after }) => before && changesOf(before, after).length > 0);
  const fresh = plans.filter(({ before }) => !before);
  for (let i = plans.length - differ.length - fresh.length; i > 0; i--) report.unchanged();
  const refused = ({ line }: Plan, issue: { path: string; message: string }) => report.problem(line, issue);
  await writeSets(tx, fresh, (inner, set) => insert(inner, actor, set, report, now), refused);
  await writeSets(tx, differ, (inner, set) => update(inner, actor, set, now), refused);
  for (const { line, before, after } of differ) {
    report.updated({ line, name: before!.name, changes: changesOf(before!, after) });
  }
}

const changesOf = (before: Kept, after: Kept) => changesBetween(cellsOf(before), cellsOf(after));

async function insert(tx: Tx, actor: Actor, set: readonly Plan[], report: Report, now: Temporal.Instant) {
  const stored = await tx<{ id: string }[]>`
    insert into resources (id, name, kind, description, location, capacity, units, time_zone, tags, policy_id,
      requires_approval, accessory, deactivated_at, created_at, updated_at)
    select id, name, kind, description, location, capacity, units, time_zone, tags, policy_id, requires_approval,
      accessory, deactivated_at, ${now}, ${now}
    from ${rowsOf(tx, set)}
    on conflict do nothing returning id`;
  const there = new Set(stored.map(({ id }) => id));
  const made = set.filter(({ after }) => there.has(after.id));
  await recordAll(
    tx,
    actor,
    made.map(({ after }) => ({
      subject: subjectOf(after),
      action: "create",
      after_state: recorded(after, after),
    })),
    now,
  );
  await closeAdded(tx, made.map(({ after }) => after), now);
  for (const { line, after } of set) {
    if (there.has(after.id)) report.created(line, after.name);
    else report.problem(line, { path: "name", message: "Another resource has this name" });
  }
}

async function update(tx: Tx, actor: Actor, set: readonly Plan[], now: Temporal.Instant) {
  await tx`
    update resources r set name = x.name, kind = x.kind, description = x.description, location = x.location,
      capacity = x.capacity, units = x.units, time_zone = x.time_zone, tags = x.tags, policy_id = x.policy_id,
      requires_approval = x.requires_approval, accessory = x.accessory, deactivated_at = x.deactivated_at,
      version = r.version + 1, updated_at = ${now}
    from ${rowsOf(tx, set)} where r.id = x.id`;
  await recordAll(tx, actor, set.flatMap(({ before, after }) => deedsOf(before!, after)), now);
  const grown = set.filter(({ before, after }) => after.units > before!.units);
  if (grown.length > 0) await closeOff(tx, grown.map(({ after }) => after.id), minuteOf(now));
  for (const { before, after } of set) {
    if (before!.deactivated_at !== after.deactivated_at) await judgeWholesAnew(tx, after.id);
    if (before!.units !== after.units) await mustBeSingle(tx, after);
  }
  for (const { after } of set.filter(({ before, after }) => after.units < before!.units)) {
    await doWithFewer(tx, actor, after, now).catch((error) => {
      throw error instanceof Conflict ? new Invalid([{ path: "units", message: error.message }]) : error;
    });
  }
}

function deedsOf(before: Kept, after: Kept): NewDeed[] {
  const subject = subjectOf(after);
  const states = difference(recorded(before, before), recorded(after, after));
  const [was, is] = [before, after].map(({ deactivated_at }) => deactivated_at === null);
  const moved = { previous_state: { active: was }, after_state: { active: is } };
  return [
    ...(Object.keys(states.after_state).length > 0
      ? [{ subject, action: "change" as const, ...states }]
      : []),
    ...(was && !is
      ? [{ subject, action: "deactivate" as const, ...moved, details: { future: "keep" } }]
      : []),
    ...(!was && is ? [{ subject, action: "reactivate" as const, ...moved }] : []),
  ];
}

function rowsOf(tx: Tx, set: readonly Plan[]) {
  const rows = set.map(({ after: { version: _, policy: __, parts: ___, offered: ____, ...row } }) => row);
  return tx`jsonb_to_recordset(${
    tx.json(JSON.parse(JSON.stringify(rows)))
  }) as x (id uuid, name text, kind text,
    description text, location text, capacity int, units int, time_zone text, tags text[], policy_id uuid,
    requires_approval boolean, accessory boolean, deactivated_at timestamptz)`;
}
