import { done } from "./people.ts";
import {
  type Arena,
  ask,
  type Attempt,
  makeResources,
  type Place,
  placeOf,
  type Race,
  windowOf,
  wishOf,
} from "./race.ts";

// What comes free for those who wait: an offer that is taken more than once, a date that several want after all.

const RESOURCES = 25;

/** Somebody has a slot and gives it up: the first of those who wait is offered it. */
function offering(arena: Arena) {
  const [origin] = arena.origins;
  const [owner, ...others] = arena.people;
  const waiting = others.slice(0, 2);
  let entries: string[] = [];
  return async ({ id: resource_id, turn }: Place): Promise<string[]> => {
    // Nobody can wait for all of the slots of a run at once. Some entries are over already.
    await Promise.all(entries.map((id, who) => waiting[who].call(origin, "DELETE", `/waitlist/${id}`)));
    const body = { resource_id, ...wishOf(arena, turn, 0) };
    const held = await done(owner, origin, "POST", "/reservations", body);
    entries = [];
    for (const person of waiting) entries.push((await done(person, origin, "POST", "/waitlist", body)).id);
    await done(owner, origin, "POST", `/reservations/${held.id}/cancel`, {});
    return entries;
  };
}

/** Who is offered a slot takes it on three devices at once, the next in order tries to, and others ask for it anew. */
const offer: Race = {
  name: "offer accepted",
  winners: 1,
  async open(arena) {
    const ids = await makeResources(arena, RESOURCES);
    const offered = offering(arena);
    return async (slot) => {
      const wanted = placeOf(ids, slot);
      const entries = await offered(wanted);
      const accept = (who: number): Attempt => ({
        send: (origin) => arena.people[who].call(origin, "POST", `/waitlist/${entries[who - 1]}/accept`),
      });
      const attempts = [accept(1), accept(1), accept(1), accept(2)];
      for (const who of [0, 3, 4, 5]) attempts.push({ send: ask(arena, wanted, who) });
      // Those who ask anew are as early as those who were offered it.
      attempts.push(...attempts.splice(0, slot % attempts.length));
      return { ...windowOf(arena, wanted.turn, [wanted.id]), attempts };
    };
  },
};

/** Who is offered a slot leaves it to the next while others ask for it: whoever has it then, it is not they. */
const declined: Race = {
  name: "offer declined",
  async open(arena) {
    const ids = await makeResources(arena, RESOURCES);
    const offered = offering(arena);
    return async (slot) => {
      const wanted = placeOf(ids, slot);
      const [first] = await offered(wanted);
      const decline: Attempt = {
        takes: false,
        send: (origin) => arena.people[1].call(origin, "POST", `/waitlist/${first}/decline`),
      };
      const attempts = [decline, decline];
      for (const who of [0, 3, 4, 5, 6, 7]) attempts.push({ send: ask(arena, wanted, who) });
      attempts.push(...attempts.splice(0, slot % attempts.length));
      return { ...windowOf(arena, wanted.turn, [wanted.id]), attempts };
    };
  },
  holds(holders, answers) {
    const told = answers.filter(({ status }) => status === 201).length;
    if (told > 0) return `${told} were told that they have it before who is next in order`;
    const declines = answers.filter(({ status }) => status === 200).length;
    if (declines !== 1) return `it was declined ${declines} times`;
    if (holders.length !== 1 || holders[0].reservation_id) {
      return `${holders.length} hold it, not who is next in order`;
    }
  },
};

/** Days from one slot of a resource to the next: so many have a second date, each on a day of their own. */
const DAYS = 10;
const WAITING = 4;

/** Several have a series without the date that somebody else had; that comes free, and all want it after all. */
const added: Race = {
  name: "date added to a series",
  winners: 1,
  async open(arena) {
    const ids = await makeResources(arena, 2 * RESOURCES);
    return async (slot) => {
      const { id, turn } = placeOf(ids, slot);
      const from = arena.base.add({ hours: 24 * DAYS * turn });
      const start = from.add({ hours: 9 });
      const wish = { resource_id: id, start_time: `${start}`, end_time: `${start.add({ hours: 2 })}` };
      const [origin] = arena.origins;
      const [owner, ...others] = arena.people;
      const held = await done(owner, origin, "POST", "/reservations", wish);
      const series = await Promise.all(
        others.slice(0, WAITING).map(async (person, who) => {
          const recurrence = { frequency: "daily", interval: who + 1, count: 2 };
          const { id } = await done(person, origin, "POST", "/series", { ...wish, recurrence, mode: "skip" });
          return { id, person };
        }),
      );
      await done(owner, origin, "POST", `/reservations/${held.id}/cancel`, {});
      const start_wall = `${start}`.slice(0, 16);
      // Each on two devices.
      const attempts = [...series, ...series].map(({ id, person }): Attempt => ({
        send: (where) => person.call(where, "POST", `/series/${id}/add`, { start_wall }),
      }));
      return { resource_ids: [id], from, to: from.add({ hours: 24 }), attempts };
    };
  },
  holds(holders, answers) {
    const told = answers.filter(({ status }) => status === 200).length;
    if (told !== 1) return `${told} were told that they have it`;
    if (holders.length !== 1) return `${holders.length} hold it`;
  },
};

/** Every path on which those who wait are given what has come free. */
export const WAITED: readonly Race[] = [offer, declined, added];
