import { z } from "zod";
import type { Db } from "../../db/types.ts";
import { listIn } from "../../lib/csv.ts";
import type { Issue } from "../errors.ts";
import { readInstant, resolve } from "../periods.ts";
import type { Quantities } from "../quantities.ts";
import { Purpose, text } from "../texts.ts";
import { amount, type Line, type Read, read, truth } from "./cells.ts";

/** What a line asks for, as far as it names it. */
export interface Wished {
  requester_id?: string;
  resource_ids?: string[];
  /** How many of each of those. */
  quantities?: Quantities;
  start_time?: Temporal.Instant;
  end_time?: Temporal.Instant;
  purpose?: string;
  private?: boolean;
  priority?: number;
  attendees?: number | null;
  answers?: Record<string, string>;
  attested?: boolean;
}

/** Whom and what a file may name: people by address, resources by name, both in small letters. */
export interface Known {
  people: Map<string, { id: string; disabled: boolean }>;
  resources: Map<string, { id: string; name: string; time_zone: string }>;
}

const whole = (min: number, max: number) =>
  z.number(`Give a whole number from ${min}`).int(`Give a whole number from ${min}`)
    .min(min, `Give a number from ${min}`).max(max, `Give a number up to ${max}`);

const Words = z.object({
  purpose: Purpose,
  private: z.boolean("Say true or false"),
  priority: whole(0, 100),
  attendees: whole(1, 100_000).nullable(),
  answers: z.record(z.string(), text(500), 'Give the answers as JSON, such as {"key": "answer"}'),
  attested: z.boolean("Say true or false"),
}).partial();

/** Whom and what a batch of lines names. */
export async function knownIn(db: Db, lines: readonly Line[]): Promise<Known> {
  const emails = new Set(lines.map(({ cells }) => cells.requester?.trim().toLowerCase() ?? ""));
  const names = new Set(lines.flatMap(({ cells }) => namesIn(cells.resources ?? "")));
  const people = await db<{ id: string; email: string; disabled: boolean }[]>`
    select id, email, disabled_at is not null as disabled from users where email = any(${[...emails]})`;
  const resources = await db<{ id: string; name: string; said: string; time_zone: string }[]>`
    select r.id, r.name, n.said, r.time_zone from unnest(${[...names]}::text[]) as n (said)
    join resources r on lower(r.name) = lower(n.said)`;
  return {
    people: new Map(people.map((person) => [person.email, person])),
    resources: new Map(resources.map((resource) => [resource.said, resource])),
  };
}

const namesIn = (cell: string) => listIn(cell).map((name) => name.trim()).filter(Boolean);

/**
 * What a line's cells ask for; an empty cell asks for nothing, but for a purpose, which it takes away.
 *
 * @param zone whose clock a time without an offset is on, where the line names no resource
 */
export function wished(cells: Line["cells"], known: Known, zone?: string): Read<Wished> {
  const issues: Issue[] = [];
  const found: Wished = {};
  const given = (name: string) => cells[name]?.trim() ?? "";
  const requester = given("requester").toLowerCase();
  if (requester) {
    const person = known.people.get(requester);
    if (!person) issues.push({ path: "requester", message: `Nobody here has the address ${requester}` });
    else if (person.disabled) {
      issues.push({ path: "requester", message: "The account of this person is closed" });
    } else found.requester_id = person.id;
  }
  const names = namesIn(cells.resources ?? "");
  for (const name of names) {
    const resource = known.resources.get(name);
    if (!resource) issues.push({ path: "resources", message: `There is no resource called “${name}”` });
    else (found.resource_ids ??= []).push(resource.id);
  }
  const many = manyIn(cells.quantities ?? "", names);
  if (typeof many === "string") issues.push({ path: "quantities", message: many });
  else if (found.resource_ids && found.resource_ids.length === names.length) {
    found.quantities = Object.fromEntries(found.resource_ids.map((id, i) => [id, many[i]]));
  }
  const clock = known.resources.get(names[0])?.time_zone ?? zone;
  for (const name of ["start_time", "end_time"] as const) {
    const moment = given(name) ? momentOf(given(name), clock) : undefined;
    if (typeof moment === "string") issues.push({ path: name, message: moment });
    else if (moment) found[name] = moment;
  }
  const words = read(Words, wordsIn(cells));
  return "issues" in words || issues.length > 0
    ? { issues: [...issues, ...("issues" in words ? words.issues : [])] }
    : { value: { ...found, ...words.value } };
}

// How many of each resource that is named, in the same order; one of each where nothing is said. Or what is wrong.
function manyIn(cell: string, names: readonly string[]): number[] | string {
  const given = listIn(cell).map((one) => one.trim()).filter(Boolean);
  if (given.length === 0) return names.map(() => 1);
  const found = given.map(Number);
  if (
    given.length !== names.length || !found.every((one) => Number.isInteger(one) && one >= 1 && one <= 500)
  ) {
    return "Give a whole number from 1 to 500 for each resource, in their order, such as 1, 3";
  }
  return found;
}

function wordsIn(cells: Line["cells"]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name of ["purpose", "private", "priority", "attendees", "answers", "attested"]) {
    const cell = cells[name];
    if (cell === undefined || (name !== "purpose" && cell.trim() === "")) continue;
    if (name === "purpose") found.purpose = cell;
    else if (name === "private" || name === "attested") found[name] = truth(cell);
    else found[name] = name === "answers" ? jsonIn(cell) : amount(cell);
  }
  return found;
}

function jsonIn(cell: string): unknown {
  try {
    return JSON.parse(cell);
  } catch {
    return cell;
  }
}

const EXAMPLE =
  "Give a time with its offset, such as 2026-05-31T14:30:00+02:00, or one on the clock of the resource, " +
  "such as 2026-05-31 14:30";

// A moment, or what is wrong with it.
function momentOf(text: string, zone: string | undefined): Temporal.Instant | string {
  const instant = readInstant(text);
  if (instant) return instant.round({ smallestUnit: "microsecond", roundingMode: "floor" });
  const [, date, time] = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{1,2}:\d{2}(?::00)?)$/.exec(text) ?? [];
  if (!date || !zone) return EXAMPLE;
  const found = resolve({ date, time }, zone);
  if (!found) return EXAMPLE;
  if ("missing" in found) {
    const nearest = found.nearest.toZonedDateTimeISO(zone).toPlainTime().toString({ smallestUnit: "minute" });
    return `${time} does not exist that night: the clocks go forward. The nearest time is ${nearest}`;
  }
  return found.twice ? `${time} is there twice that night: give it with its offset` : found.instant;
}
