import { batchesOf } from "../../db/batches.ts";
import type { Sql, Tx } from "../../db/types.ts";
import { listCell, listIn } from "../../lib/csv.ts";
import { isId, newId } from "../../lib/ids.ts";
import { closeOff } from "../allocations.ts";
import { closeAdded, minuteOf } from "../closure_dates.ts";
import { Conflict, Invalid } from "../errors.ts";
import { doWithFewer } from "../fewer_units.ts";
import { difference, type NewDeed, recordAll } from "../history.ts";
import { type Actor, permit } from "../permissions.ts";
import { NewResource, recorded, type Resource, ResourceChange, subjectOf } from "../resources.ts";
import { amount, changesBetween, type Line, type Read, read, truth, writeSets } from "./cells.ts";
import type { Intake, Taker } from "./imports.ts";
import type { Report } from "./report.ts";

const COLUMNS = [
  ...["id", "name", "kind", "description", "location", "capacity", "units", "time_zone", "tags", "policy"],
  ...["requires_approval", "active"],
];

/** What a new thing is where the file has no kind for it: the first of its tags that is one of these, or a room. */
const KINDS = ["room", "desk", "bay", "vehicle", "equipment", "instrument", "kit", "parking"];

/** A resource with the name of its policy: what a line of a file says. */
type Kept = Omit<Resource, "created_at" | "updated_at"> & { policy: string | null };

/** Resources in: found by id, or else by name. */
export const resourcesIn: Intake = {
  columns: COLUMNS,
  keys: ["name", "id"],
  action: "manage_resources",
  begin: async (tx, actor, { time_zone }, now) =>
    taker(tx, actor, { ...await policiesOf(tx), time_zone, now }),
};

/** Resources out, by name, as `resourcesIn` reads them: first the names of the columns. */
export async function* exportResources(sql: Sql, actor: Actor): AsyncGenerator<string[][]> {
  permit(actor, "export_resources");
  yield [COLUMNS];
  const batches = batchesOf<Kept>(sql, (db) =>
    db`
    select r.*, p.name as policy from resources r left join policies p on p.id = r.policy_id
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
  return {
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
    },
  };
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
    select r.*, (select name from policies where id = r.policy_id) as policy from resources r
    where r.id = any(${matches.map(({ id }) => id)}) order by r.id for no key update of r`;
  const byId = new Map(rows.map((row) => [row.id, row]));
  return new Map(matches.flatMap(({ line, id }) => byId.has(id) ? [[line, byId.get(id)!]] : []));
}

// A cell that says what is there changes nothing, whatever blanks it has.
function changed(cells: Line["cells"], before: Kept, site: Site): Read<Kept> {
  const present = cellsOf(before);
  const named = Object.fromEntries(Object.entries(cells).filter(([name, cell]) => cell !== present[name]));
  const { active, ...change } = typed(named, site);
  const found = read(ResourceChange, change, { policy_id: "policy" });
  const issues = [...("issues" in found ? found.issues : []), ...wrongActive(active)];
  if ("issues" in found || issues.length > 0) return { issues };
  return { value: becoming(before, defined(found.value), active, site) };
}

function begun(cells: Line["cells"], site: Site): Read<Kept> {
  const id = cells.id?.trim().toLowerCase() || newId(site.now.epochMilliseconds);
  if (!isId(id)) {
    const message = "This is no id: leave it empty where the resource is new, or to find it by its name";
    return { issues: [{ path: "id", message }] };
  }
  const { active, ...input } = typed(cells, site);
  const tags = (input.tags ?? []) as string[];
  const kind = tags.map((tag) => tag.toLowerCase()).find((tag) => KINDS.includes(tag)) ?? "room";
  const found = read(NewResource, { name: "", kind, ...input }, { policy_id: "policy" });
  const issues = [...("issues" in found ? found.issues : []), ...wrongActive(active)];
  if ("issues" in found || issues.length > 0) return { issues };
  const { time_zone = site.time_zone, ...rest } = found.value;
  const bare = { id, ...rest, time_zone, version: 1, deactivated_at: null, policy: null };
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
const NEVER_EMPTY = ["name", "kind", "units", "time_zone", "requires_approval", "active"];

function typed(cells: Line["cells"], { ids }: Site): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [name, cell] of Object.entries(cells)) {
    if (name === "id" || (NEVER_EMPTY.includes(name) && cell.trim() === "")) continue;
    if (name === "capacity" || name === "units") found[name] = amount(cell);
    else if (name === "requires_approval" || name === "active") found[name] = truth(cell);
    else if (name === "tags") found.tags = listIn(cell).map((tag) => tag.trim()).filter(Boolean);
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
      requires_approval, deactivated_at, created_at, updated_at)
    select id, name, kind, description, location, capacity, units, time_zone, tags, policy_id, requires_approval,
      deactivated_at, ${now}, ${now}
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
      after_state: recorded(after, after.policy),
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
      requires_approval = x.requires_approval, deactivated_at = x.deactivated_at,
      version = r.version + 1, updated_at = ${now}
    from ${rowsOf(tx, set)} where r.id = x.id`;
  await recordAll(tx, actor, set.flatMap(({ before, after }) => deedsOf(before!, after)), now);
  const grown = set.filter(({ before, after }) => after.units > before!.units);
  if (grown.length > 0) await closeOff(tx, grown.map(({ after }) => after.id), minuteOf(now));
  for (const { after } of set.filter(({ before, after }) => after.units < before!.units)) {
    await doWithFewer(tx, after, now).catch((error) => {
      throw error instanceof Conflict ? new Invalid([{ path: "units", message: error.message }]) : error;
    });
  }
}

function deedsOf(before: Kept, after: Kept): NewDeed[] {
  const subject = subjectOf(after);
  const states = difference(recorded(before, before.policy), recorded(after, after.policy));
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
  const rows = set.map(({ after: { version: _, policy: __, ...row } }) => row);
  return tx`jsonb_to_recordset(${
    tx.json(JSON.parse(JSON.stringify(rows)))
  }) as x (id uuid, name text, kind text,
    description text, location text, capacity int, units int, time_zone text, tags text[], policy_id uuid,
    requires_approval boolean, deactivated_at timestamptz)`;
}
