import type { Sql } from "../db/types.ts";
import { type Holder, holdersOf, type Window } from "./audit.ts";
import { type Answer, type Crowd, done } from "./people.ts";

/** Where a race is run. */
export interface Arena extends Crowd {
  origins: string[];
  /** Apart from the servers: for the audit alone. */
  sql: Sql;
  /** The first moment of the first slot. */
  base: Temporal.Instant;
  slots: number;
  /** A number that no other resource of the run has in its name. */
  next(): number;
}

/** One of those who want a slot. */
export interface Attempt {
  send(origin: string): Promise<Answer>;
  /** The reservation that it would give the slot to, where that is known before. */
  id?: string;
  /** Whether to have it done takes the slot. Without it: yes. */
  takes?: false;
}

export interface Slot extends Window {
  attempts: Attempt[];
}

/** One path that takes time from resources, with many who want the same. */
export interface Race {
  name: string;
  /** How many get a slot: by the answers, and by what is stored. No figure: one at most, for they also free it. */
  winners?: number;
  /** What is refused in words, beside 409. */
  refusals?: number[];
  /** Who must hold a slot in the end, where that is not simply those who were told so. */
  holds?(holders: Holder[], answers: Answer[]): string | undefined;
  open(arena: Arena): Promise<(slot: number) => Promise<Slot>>;
}

/** What came of a race. */
export interface Outcome {
  slots: number;
  requests: number;
  won: number;
  refused: number;
  /** Slots that were not given as they should have been. */
  broken: string[];
  /** Answers that nobody should get. */
  wrong: string[];
}

/** Runs a race: for each slot all at once, the servers by turns; after each, the audit looks at who has it. */
export async function run(race: Race, arena: Arena): Promise<Outcome> {
  const outcome: Outcome = { slots: 0, requests: 0, won: 0, refused: 0, broken: [], wrong: [] };
  const prepare = await race.open(arena);
  for (let number = 0; number < arena.slots; number++) {
    const { attempts, ...window } = await prepare(number);
    const answers = await Promise.all(
      attempts.map(({ send }, i) => send(arena.origins[(i + number) % arena.origins.length])),
    );
    const winners = attempts.flatMap((attempt, i) =>
      answers[i].status < 400 ? [{ ...attempt, id: attempt.id ?? answers[i].json?.id }] : []
    );
    const takers = winners.filter(({ takes }) => takes !== false);
    outcome.slots++;
    outcome.requests += attempts.length;
    outcome.won += takers.length;
    outcome.refused += answers.filter(({ status }) => isRefusal(race, status)).length;
    for (const { status, json } of answers) {
      if (status >= 400 && !isRefusal(race, status)) outcome.wrong.push(`${status} ${json?.detail ?? ""}`);
    }
    const holders = await holdersOf(arena.sql, window);
    const said = race.holds ? race.holds(holders, answers) : misgiven(race, takers, holders);
    if (said) outcome.broken.push(`slot ${number}: ${said}`);
  }
  return outcome;
}

function isRefusal({ refusals = [] }: Race, status: number): boolean {
  return status === 409 || refusals.includes(status);
}

function misgiven({ winners }: Race, told: { id?: string }[], holders: Holder[]): string | undefined {
  const held = new Set(holders.map((holder) => holder.reservation_id));
  if (winners !== undefined && told.length !== winners) return `${told.length} were told that they have it`;
  if (held.size > (winners ?? 1)) return `${held.size} hold it`;
  if (winners !== undefined && held.size !== winners) {
    return `${held.size} hold it, and ${told.length} were told so`;
  }
  const lost = told.filter(({ id }) => winners !== undefined && id && !held.has(id));
  if (lost.length > 0) return "it is held by another than who was told so";
}

/** What is wrong where several wanted a series and one was to have it, told so with this status: undefined where all is right. */
export function misgivenDates(
  holders: readonly Holder[],
  answers: readonly Answer[],
  status: number,
): string | undefined {
  const won = answers.filter((answer) => answer.status === status);
  if (won.length !== 1) return `${won.length} were told that they have it`;
  const dates: { reservation_id: string }[] = won[0].json.dates;
  const told = dates.some(({ reservation_id }) => reservation_id === holders[0]?.reservation_id);
  if (holders.length !== 1 || !told) {
    return `${holders.length} reservations hold a date of it, not the one that was told`;
  }
}

/** Makes resources, and answers their ids. */
export async function makeResources(
  arena: Arena,
  count: number,
  more: Record<string, unknown> = {},
): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const name = `Hall ${arena.next()}`;
    const { id } = await done(arena.ada, arena.origins[0], "POST", "/resources", {
      name,
      kind: "room",
      ...more,
    });
    ids.push(id);
  }
  return ids;
}

/** Where a slot is, for those who share so many resources. */
export interface Place {
  id: string;
  turn: number;
}

export const placeOf = (ids: readonly string[], slot: number): Place => ({
  id: ids[slot % ids.length],
  turn: Math.floor(slot / ids.length),
});

/** One of the people asks for a slot by the API, each in another way. */
export function ask(arena: Arena, { id, turn }: Place, who: number): Attempt["send"] {
  const body = { resource_id: id, ...wishOf(arena, turn, who) };
  return (origin) => arena.people[who].call(origin, "POST", "/reservations", body);
}

/** The middle two hours of a slot of four, shared by all who want it, each in another way. */
export function wishOf(arena: Arena, turn: number, who: number) {
  const from = arena.base.add({ hours: 4 * turn + 1 });
  return {
    start_time: `${from.add({ minutes: 15 * (who % 3) })}`,
    end_time: `${from.add({ minutes: 120 - 15 * (who % 2) })}`,
  };
}

/** The whole of a slot. */
export function windowOf(arena: Arena, turn: number, resource_ids: string[]): Window {
  const from = arena.base.add({ hours: 4 * turn });
  return { resource_ids, from, to: from.add({ hours: 4 }) };
}
