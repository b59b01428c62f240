import { done, type Person } from "./people.ts";
import {
  type Arena,
  type Attempt,
  makeResources,
  misgivenDates,
  placeOf,
  type Race,
  windowOf,
  wishOf,
} from "./race.ts";

// Who has a reservation and wants another time for it: by a change, by an approver, by what was wished for before.

const RESOURCES = 25;

interface Owned {
  id: string;
  owner: Person;
}

/** Everybody has a reservation somewhere, which wanders from one slot to the next as it is granted. */
async function wanderers(arena: Arena, more: Record<string, unknown> = {}): Promise<Owned[]> {
  const homes = await makeResources(arena, arena.people.length, more);
  return await Promise.all(arena.people.map(async (owner, who) => {
    const body = { resource_id: homes[who], ...wishOf(arena, 0, who) };
    const made = await done(owner, arena.origins[0], "POST", "/reservations", body);
    if (made.status === "pending") {
      await done(arena.ada, arena.origins[0], "POST", `/reservations/${made.id}/approve`, {});
    }
    return { id: made.id, owner };
  }));
}

type Move = (arena: Arena, one: Owned, to: Record<string, unknown>, who: number) => Attempt["send"];

function moving(name: string, send: Move): Race {
  return {
    name,
    winners: 1,
    async open(arena) {
      const ids = await makeResources(arena, RESOURCES);
      const all = await wanderers(arena);
      return (slot) => {
        const { id, turn } = placeOf(ids, slot);
        const attempts = all.map((one, who) => {
          const to = { resource_id: id, ...wishOf(arena, turn, who) };
          return { id: one.id, send: send(arena, one, to, who) };
        });
        return Promise.resolve({ ...windowOf(arena, turn, [id]), attempts });
      };
    },
  };
}

const edit: Move = (_arena, { id, owner }, to) => (origin) =>
  owner.call(origin, "PATCH", `/reservations/${id}`, to);

const reschedule: Move = (arena, { id }, to, who) => (origin) =>
  arena.staff[who % arena.staff.length].call(origin, "POST", `/reservations/${id}/reschedule`, to);

/** Changes of approved reservations that wait for an approver; several approvers say yes at once. */
const proposals: Race = {
  name: "proposal decided",
  winners: 1,
  async open(arena) {
    const ids = await makeResources(arena, RESOURCES, { requires_approval: true });
    const all = await wanderers(arena, { requires_approval: true });
    return async (slot) => {
      const { id, turn } = placeOf(ids, slot);
      const attempts = await Promise.all(all.map(async (one, who) => {
        const to = { resource_id: id, ...wishOf(arena, turn, who) };
        const { proposed_change } = await done(
          one.owner,
          arena.origins[0],
          "PATCH",
          `/reservations/${one.id}`,
          to,
        );
        const body = { change: proposed_change.id };
        const sam = arena.staff[who % arena.staff.length];
        return {
          id: one.id,
          send: (origin: string) => sam.call(origin, "POST", `/reservations/${one.id}/approve`, body),
        };
      }));
      return { ...windowOf(arena, turn, [id]), attempts };
    };
  },
};

/** Hours of a day that series move to. */
const HOURS = 6;

/** Everybody has a series on the same days, and wants it at the same hour of the same resource. */
const seriesChange: Race = {
  name: "series changed",
  winners: 1,
  async open(arena) {
    const ids = await makeResources(arena, Math.ceil(arena.slots / HOURS));
    const homes = await makeResources(arena, arena.people.length);
    const day = arena.base.add({ hours: 24 });
    const all = await Promise.all(arena.people.map(async (owner, who) => {
      const wish = { resource_id: homes[who], start_time: `${day}`, end_time: `${day.add({ hours: 2 })}` };
      const recurrence = { frequency: "daily", count: 3 };
      const { id } = await done(owner, arena.origins[0], "POST", "/series", { ...wish, recurrence });
      return { id, owner };
    }));
    return (slot) => {
      const [id, hour] = [ids[Math.floor(slot / HOURS)], 4 * (slot % HOURS)];
      const from = arena.base.add({ hours: 48 + hour });
      const start = from.add({ minutes: 30 }).toString().slice(11, 16);
      const attempts = all.map((one) => ({
        send: (origin: string) =>
          one.owner.call(origin, "PATCH", `/series/${one.id}`, { scope: "all", start, resource_ids: [id] }),
      }));
      return Promise.resolve({ resource_ids: [id], from, to: from.add({ hours: 4 }), attempts });
    };
  },
  holds: (holders, answers) => misgivenDates(holders, answers, 200),
};

/** So many have cancelled a reservation for the same time and take that back, while the others ask anew. */
const REMORSEFUL = 4;

const restore: Race = {
  name: "restore",
  winners: 1,
  async open(arena) {
    const ids = await makeResources(arena, RESOURCES);
    return async (slot) => {
      const { id, turn } = placeOf(ids, slot);
      const attempts: Attempt[] = [];
      for (const [who, person] of arena.people.entries()) {
        const body = { resource_id: id, ...wishOf(arena, turn, who) };
        const ask = (origin: string) => person.call(origin, "POST", "/reservations", body);
        if (who >= REMORSEFUL) attempts.push({ send: ask });
        else {
          const { id: kept } = await done(person, arena.origins[0], "POST", "/reservations", body);
          await done(person, arena.origins[0], "POST", `/reservations/${kept}/cancel`, {});
          attempts.push({
            id: kept,
            send: (origin) => person.post(origin, `/reservations/${kept}/restore`),
          });
        }
      }
      return { ...windowOf(arena, turn, [id]), attempts };
    };
  },
};

/** Every path on which a reservation comes to another time than it had. */
export const MOVING: readonly Race[] = [
  moving("edit", edit),
  moving("reschedule", reschedule),
  ...[proposals, seriesChange, restore],
];
