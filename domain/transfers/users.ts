import { batchesOf } from "../../db/batches.ts";
import type { Sql, Tx } from "../../db/types.ts";
import { isId, newId, newSecret } from "../../lib/ids.ts";
import { hashPassword } from "../../lib/passwords.ts";
import { endSessionsOf } from "../auth/sessions.ts";
import { difference, type NewDeed, record, recordAll } from "../history.ts";
import { type Actor, permit } from "../permissions.ts";
import { Profile } from "../profiles.ts";
import { NewColleague, subjectOf, type User } from "../users.ts";
import { changesBetween, type Line, type Read, read, truth, writeSets } from "./cells.ts";
import type { Intake, Taker } from "./imports.ts";
import type { Report } from "./report.ts";

const COLUMNS = ["id", "email", "name", "role", "time_zone", "active"];

type Kept = Pick<User, "id" | "email" | "name" | "role" | "time_zone" | "disabled_at">;

/**
 * People in: found by id, or else by e-mail address. There are no passwords in a file: who is new sets their own by a
 * reset link, and until then nobody signs in as them.
 */
export const usersIn: Intake = {
  columns: COLUMNS,
  keys: ["email", "id"],
  action: "manage_users",
  async begin(tx, actor, _site, now) {
    // In one order, as whoever changes a role does: two who lower each other do not both succeed.
    await tx`select id from users where role = 'admin' and disabled_at is null order by id for no key update`;
    return taker(tx, actor, now);
  },
};

/** People out, by name, as `usersIn` reads them: first the names of the columns. */
export async function* exportUsers(sql: Sql, actor: Actor): AsyncGenerator<string[][]> {
  permit(actor, "manage_users");
  yield [COLUMNS];
  const batches = batchesOf<Kept>(sql, (db) =>
    db`
    select id, email, name, role, time_zone, disabled_at from users order by lower(name), id`);
  for await (const batch of batches) yield batch.map((user) => Object.values(cellsOf(user)));
}

function cellsOf({ id, email, name, role, time_zone, disabled_at }: Kept): Record<string, string> {
  return { id, email, name, role, time_zone: time_zone ?? "", active: String(disabled_at === null) };
}

interface Plan {
  line: number;
  before?: Kept;
  after: Kept;
}

function taker(tx: Tx, actor: Actor, now: Temporal.Instant): Taker {
  const seen = new Map<string, number>();
  // Of a secret that nobody keeps: no password is the one that it was made of. Once, for it takes its time.
  let hash: Promise<string> | undefined;
  const nobodys = () => hash ??= hashPassword(newSecret());
  let lowered: number | undefined;
  return {
    async take(lines, report) {
      const found = await lockFound(tx, lines);
      const plans: Plan[] = [];
      for (const { line, cells } of lines) {
        const before = found.get(line);
        const key = before?.id ?? (cells.email ?? "").trim().toLowerCase();
        const first = key ? seen.get(key) : undefined;
        seen.set(key, first ?? line);
        const planned = first !== undefined
          ? { issues: [{ path: "email", message: `Line ${first} is about the same person` }] }
          : before
          ? changed(cells, before, now)
          : begun(cells, now);
        if ("issues" in planned) {
          for (const issue of planned.issues) report.problem(line, issue);
          continue;
        }
        if (before && isAdmin(before) && !isAdmin(planned.value)) lowered = line;
        plans.push({ line, before, after: planned.value });
        seen.set(planned.value.id, line);
      }
      await store(tx, actor, plans, { report, nobodys, now });
    },
    async end(report) {
      if (lowered === undefined) return;
      const [{ left }] = await tx<{ left: number }[]>`
        select count(*)::int as left from users where role = 'admin' and disabled_at is null`;
      if (left > 0) return;
      const message = "The site needs an administrator: nobody would be one after this";
      report.problem(lowered, { path: "role", message });
    },
  };
}

const isAdmin = ({ role, disabled_at }: Kept) => role === "admin" && disabled_at === null;

async function lockFound(tx: Tx, lines: readonly Line[]): Promise<Map<number, Kept>> {
  const wanted = lines.map(({ line, cells }) => {
    const id = cells.id?.trim() ?? "";
    return { line, id: isId(id) ? id : null, email: id ? null : cells.email?.trim().toLowerCase() ?? null };
  });
  const matches = await tx<{ line: number; id: string }[]>`
    with wanted as (select * from jsonb_to_recordset(${tx.json(wanted)}) as w (line int, id uuid, email text))
    select w.line, u.id from wanted w join users u on u.id = w.id
    union all
    select w.line, u.id from wanted w join users u on u.email = w.email`;
  const rows = await tx<Kept[]>`
    select id, email, name, role, time_zone, disabled_at from users
    where id = any(${matches.map(({ id }) => id)}) order by id for no key update`;
  const byId = new Map(rows.map((row) => [row.id, row]));
  return new Map(matches.flatMap(({ line, id }) => byId.has(id) ? [[line, byId.get(id)!]] : []));
}

const { email, name, role } = NewColleague.shape;
const Person = NewColleague.pick({ email: true, name: true, role: true }).extend({
  time_zone: Profile.shape.time_zone.optional(),
});
// Made of the bare fields, for a default would be a change.
const PersonChange = Person.extend({ role: role.unwrap() }).partial().extend({
  email: email.optional(),
  name: name.optional(),
});

function changed(cells: Line["cells"], before: Kept, now: Temporal.Instant): Read<Kept> {
  const present = cellsOf(before);
  const named = Object.fromEntries(Object.entries(cells).filter(([name, cell]) => cell !== present[name]));
  const { active, ...change } = typed(named);
  const found = read(PersonChange, change);
  const issues = [...("issues" in found ? found.issues : []), ...wrongActive(active)];
  if ("issues" in found || issues.length > 0) return { issues };
  const { time_zone = before.time_zone, ...rest } = found.value;
  const after = { ...before, ...rest, time_zone: time_zone || null };
  return { value: { ...after, disabled_at: disabledAt(before.disabled_at, active, now) } };
}

function begun(cells: Line["cells"], now: Temporal.Instant): Read<Kept> {
  const id = cells.id?.trim().toLowerCase() || newId(now.epochMilliseconds);
  if (!isId(id)) {
    const message = "This is no id: leave it empty where the person is new, or to find them by their address";
    return { issues: [{ path: "id", message }] };
  }
  const { active, ...input } = typed(cells);
  const found = read(Person, { email: "", name: "", ...input });
  const issues = [...("issues" in found ? found.issues : []), ...wrongActive(active)];
  if ("issues" in found || issues.length > 0) return { issues };
  const { time_zone, ...rest } = found.value;
  return {
    value: { id, ...rest, time_zone: time_zone || null, disabled_at: disabledAt(null, active, now) },
  };
}

// Without a zone a person reads times in the site's; whatever else is empty stays, or is the default.
function typed(cells: Line["cells"]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [name, cell] of Object.entries(cells)) {
    const text = cell.trim();
    if (name === "time_zone") found.time_zone = text;
    else if (name === "id" || text === "") continue;
    else if (name === "active") found.active = truth(cell);
    else found[name] = name === "role" ? text.toLowerCase() : cell;
  }
  return found;
}

const wrongActive = (active: unknown) =>
  typeof active === "string" ? [{ path: "active", message: "Say true or false" }] : [];

function disabledAt(before: Kept["disabled_at"], active: unknown, now: Temporal.Instant) {
  return active === true ? null : active === false ? before ?? now : before;
}

interface Storing {
  report: Report;
  nobodys: () => Promise<string>;
  now: Temporal.Instant;
}

async function store(tx: Tx, actor: Actor, plans: readonly Plan[], storing: Storing) {
  const { report, now } = storing;
  const differ = plans.filter(({ before, after }) => before && changesOf(before, after).length > 0);
  const fresh = plans.filter(({ before }) => !before);
  for (let i = plans.length - differ.length - fresh.length; i > 0; i--) report.unchanged();
  const refused = ({ line }: Plan, issue: { path: string; message: string }) => report.problem(line, issue);
  await writeSets(tx, fresh, (inner, set) => insert(inner, actor, set, storing), refused);
  await writeSets(tx, differ, (inner, set) => update(inner, actor, set, now), refused);
  for (const { line, before, after } of differ) {
    report.updated({ line, name: before!.name, changes: changesOf(before!, after) });
  }
}

const changesOf = (before: Kept, after: Kept) => changesBetween(cellsOf(before), cellsOf(after));

async function insert(tx: Tx, actor: Actor, set: readonly Plan[], { report, nobodys, now }: Storing) {
  const password_hash = await nobodys();
  const stored = await tx<{ id: string }[]>`
    insert into users (id, email, name, role, time_zone, disabled_at, password_hash, created_at, updated_at)
    select id, email, name, role, time_zone, disabled_at, ${password_hash}, ${now}, ${now}
    from ${rowsOf(tx, set)}
    on conflict do nothing returning id`;
  const there = new Set(stored.map(({ id }) => id));
  const made = set.filter(({ after }) => there.has(after.id)).map(({ after }) => after);
  await recordAll(
    tx,
    actor,
    made.map((user) => ({ subject: subjectOf(user), action: "create", after_state: shown(user) })),
    now,
  );
  for (const { line, after } of set) {
    if (there.has(after.id)) report.created(line, after.name);
    else report.problem(line, { path: "email", message: "This e-mail address already has an account" });
  }
}

async function update(tx: Tx, actor: Actor, set: readonly Plan[], now: Temporal.Instant) {
  await tx`
    update users u set email = x.email, name = x.name, role = x.role, time_zone = x.time_zone,
      disabled_at = x.disabled_at, updated_at = ${now}
    from ${rowsOf(tx, set)} where u.id = x.id`;
  await recordAll(tx, actor, set.flatMap(({ before, after }) => deedsOf(before!, after)), now);
  for (const { before, after } of set) {
    if (before!.disabled_at || !after.disabled_at) continue;
    const sessions_ended = await endSessionsOf(tx, { user_id: after.id }, now);
    const states = { previous_state: { active: true }, after_state: { active: false } };
    const details = { future: "keep", sessions_ended };
    await record(tx, actor, { subject: subjectOf(after), action: "deactivate", ...states, details }, now);
  }
}

const shown = ({ name, email, role, time_zone }: Kept) => ({ name, email, role, time_zone });

function deedsOf(before: Kept, after: Kept): NewDeed[] {
  const subject = subjectOf(after);
  const { role: was, ...old } = shown(before);
  const { role, ...present } = shown(after);
  const states = difference(old, present);
  const opened = { previous_state: { active: false }, after_state: { active: true } };
  return [
    ...(Object.keys(states.after_state).length > 0
      ? [{ subject, action: "change" as const, ...states }]
      : []),
    ...(was !== role ? [{ subject, action: "role" as const, ...difference({ role: was }, { role }) }] : []),
    ...(before.disabled_at && !after.disabled_at
      ? [{ subject, action: "reactivate" as const, ...opened }]
      : []),
  ];
}

function rowsOf(tx: Tx, set: readonly Plan[]) {
  const rows = JSON.parse(JSON.stringify(set.map(({ after }) => after)));
  return tx`jsonb_to_recordset(${tx.json(rows)}) as x (id uuid, email text, name text, role text,
    time_zone text, disabled_at timestamptz)`;
}
