import { done } from "./people.ts";
import {
  type Arena,
  ask,
  type Attempt,
  makeResources,
  misgivenDates,
  type Place,
  placeOf,
  type Race,
  windowOf,
  wishOf,
} from "./race.ts";

// Who asks for a time that nobody has yet: one by one, several at once, again and again, by a file; and closures.

const RESOURCES = 25;

type Wanting = (arena: Arena, wanted: Place, who: number) => Attempt["send"];

/** Everybody asks for one resource, in ways that `send` knows. */
function asking(name: string, send: Wanting, more: Record<string, unknown> = {}, winners = 1): Race {
  return {
    name,
    winners,
    async open(arena) {
      const ids = await makeResources(arena, RESOURCES, more);
      return (slot) => {
        const wanted = placeOf(ids, slot);
        const attempts = arena.people.map((_, who) => ({ send: send(arena, wanted, who) }));
        return Promise.resolve({ ...windowOf(arena, wanted.turn, [wanted.id]), attempts });
      };
    },
  };
}

const byForm: Wanting = (arena, { id, turn }, who) => (origin) => {
  const { start_time, end_time } = wishOf(arena, turn, who);
  const [date, end_date] = [start_time, end_time].map((time) => time.slice(0, 10));
  const [start, end] = [start_time, end_time].map((time) => time.slice(11, 16));
  return arena.people[who].post(origin, "/reservations", {
    resource: id,
    date,
    start,
    end_date,
    end,
    purpose: "",
  });
};

/** Three resources, of which each wants two: no two of the wishes go together. */
const several: Race = {
  name: "several resources at once",
  winners: 1,
  async open(arena) {
    const ids = await makeResources(arena, 3 * RESOURCES);
    return (slot) => {
      const [first, turn] = [3 * (slot % RESOURCES), Math.floor(slot / RESOURCES)];
      const three = ids.slice(first, first + 3);
      const attempts = arena.people.map((person, who) => {
        const resource_ids = [three[who % 3], three[(who + 1) % 3]];
        const body = { resource_ids, ...wishOf(arena, turn, who) };
        return { send: (origin: string) => person.call(origin, "POST", "/reservations", body) };
      });
      return Promise.resolve({ ...windowOf(arena, turn, three), attempts });
    };
  },
};

const ALIKE = 3;

/** Everybody asks for any that has a tag, which few have: each has one of them, and nobody one that another has. */
const anyOf: Race = {
  name: "any of a kind",
  winners: ALIKE,
  async open(arena) {
    const tag = `alike-${arena.next()}`;
    const ids = await makeResources(arena, ALIKE, { tags: [tag] });
    return (slot) => {
      const attempts = arena.people.map((person, who) => {
        const body = { any_of: { kind: "room", tag }, ...wishOf(arena, slot, who) };
        return { send: (origin: string) => person.call(origin, "POST", "/reservations", body) };
      });
      return Promise.resolve({ ...windowOf(arena, slot, ids), attempts });
    };
  },
};

/** Two resources in one call, all or nothing; half of the calls name them the other way round. */
const bulk: Race = {
  name: "bulk",
  async open(arena) {
    const ids = await makeResources(arena, 2 * RESOURCES);
    return (slot) => {
      const [first, turn] = [2 * (slot % RESOURCES), Math.floor(slot / RESOURCES)];
      const two = ids.slice(first, first + 2);
      const attempts = arena.people.map((person, who) => {
        const named = who % 2 ? two : two.toReversed();
        const create = named.map((resource_id) => ({ resource_id, ...wishOf(arena, turn, who) }));
        return { send: (origin: string) => person.call(origin, "POST", "/reservations/bulk", { create }) };
      });
      return Promise.resolve({ ...windowOf(arena, turn, two), attempts });
    };
  },
  holds(holders, answers) {
    const won = answers.filter(({ status }) => status === 200);
    if (won.length !== 1) return `${won.length} were told that they have it`;
    // deno-lint-ignore no-explicit-any
    const told = won[0].json.results.map((result: any) => result.reservation.id).toSorted();
    const held = holders.map((holder) => holder.reservation_id).toSorted();
    if (`${told}` !== `${held}`) return `${held.length} reservations hold the two, not those that were told`;
  },
};

const DATES = 3;

/** Where a series is: six days of a resource of its own, of which every wish has at least two in common. */
function week(arena: Arena, ids: string[], slot: number, who: number) {
  const { id, turn } = placeOf(ids, slot);
  const first = arena.base.add({ hours: 6 * 24 * turn });
  const start = first.add({ hours: 24 * (who % 2) + 9, minutes: 15 * (who % 3) });
  return {
    window: { resource_ids: [id], from: first.add({ hours: 24 }), to: first.add({ hours: 48 }) },
    body: {
      ...{ resource_id: id, start_time: `${start}`, end_time: `${start.add({ hours: 2 })}` },
      recurrence: { frequency: "daily", count: DATES },
    },
  };
}

const series: Race = {
  name: "series",
  async open(arena) {
    const ids = await makeResources(arena, RESOURCES);
    return (slot) =>
      Promise.resolve({
        ...week(arena, ids, slot, 0).window,
        attempts: arena.people.map((person, who) => {
          const { body } = week(arena, ids, slot, who);
          return { send: (origin: string) => person.call(origin, "POST", "/series", body) };
        }),
      });
  },
  holds: (holders, answers) => misgivenDates(holders, answers, 201),
};

/** A server takes three files at a time, so that others ask one by one beside them. */
const FILES = 3;

const files: Race = {
  name: "import",
  winners: 1,
  refusals: [422, 429],
  async open(arena) {
    const names = new Map<string, string>();
    const ids = await makeResources(arena, RESOURCES);
    for (const id of ids) {
      names.set(id, (await done(arena.ada, arena.origins[0], "GET", `/resources/${id}`)).name);
    }
    const [sam] = arena.staff;
    return (slot) => {
      const { id, turn } = placeOf(ids, slot);
      const attempts = arena.people.map((person, who) => {
        if (who % 2 === 1 || who >= 2 * FILES * arena.origins.length) {
          return { send: ask(arena, { id, turn }, who) };
        }
        const { start_time, end_time } = wishOf(arena, turn, who);
        const line = `${person.email},${names.get(id)},${start_time},${end_time}`;
        const file = `requester,resources,start_time,end_time\n${line}\n`;
        return { send: (origin: string) => sam.call(origin, "POST", "/reservations/import", file) };
      });
      return Promise.resolve({ ...windowOf(arena, turn, [id]), attempts });
    };
  },
};

/** An administrator closes what everybody asks for: what was given before is cancelled, and nothing is given after. */
const closures: Race = {
  name: "closure",
  async open(arena) {
    const ids = await makeResources(arena, RESOURCES);
    return (slot) => {
      const { id, turn } = placeOf(ids, slot);
      const window = windowOf(arena, turn, [id]);
      const body = {
        ...{ reason: "Painting", reservations: "cancel", resource_ids: [id] },
        ...{ start_time: `${window.from}`, end_time: `${window.to}` },
      };
      const close = { send: (origin: string) => arena.ada.call(origin, "POST", "/closures", body) };
      const attempts = arena.people.map((_, who) => ({ send: ask(arena, { id, turn }, who) }));
      // Not always the first: that some were faster is what it is about.
      attempts.splice(slot % arena.people.length, 0, close);
      return Promise.resolve({ ...window, attempts });
    };
  },
  holds(holders, answers) {
    if (!answers.some(({ json }) => json?.reason === "Painting")) return "the closure was refused";
    const held = holders.filter((holder) => holder.reservation_id).length;
    if (held > 0) return `${held} reservations hold what is closed`;
    if (holders.length !== 1) return `${holders.length} closures hold it`;
  },
};

/** Every path on which somebody asks for a time. */
export const ASKING: readonly Race[] = [
  asking("create", ask),
  asking("create by the form", byForm),
  asking("create, three units", ask, { units: 3 }, 3),
  ...[several, anyOf, bulk, series, files, closures],
];
