import { done } from "./people.ts";
import { type Arena, type Attempt, makeResources, placeOf, type Race, windowOf, wishOf } from "./race.ts";

// What approvers give: a time that several wait for, one that somebody has, one that is taken from somebody.

const RESOURCES = 25;
/** So many wait for the same time. */
const WAITING = 4;
const reason = "The mayor comes";

/** Requests that wait for an approver, and hold nothing meanwhile. */
async function waiting(arena: Arena, resource_id: string, turn: number): Promise<string[]> {
  const asking = arena.people.slice(0, WAITING).map((person, who) =>
    done(person, arena.origins[0], "POST", "/reservations", { resource_id, ...wishOf(arena, turn, who) })
  );
  return (await Promise.all(asking)).map(({ id }) => id);
}

function deciding(name: string, body: Record<string, unknown>, winners?: number): Race {
  return {
    name,
    winners,
    async open(arena) {
      const ids = await makeResources(arena, RESOURCES, { requires_approval: true });
      return async (slot) => {
        const { id, turn } = placeOf(ids, slot);
        const asked = await waiting(arena, id, turn);
        // Two approvers for each, so that the same is decided twice, too.
        const attempts = [...asked, ...asked].map((one, i): Attempt => ({
          id: one,
          send: (origin) =>
            arena.staff[i % arena.staff.length].call(origin, "POST", `/reservations/${one}/approve`, body),
        }));
        return { ...windowOf(arena, turn, [id]), attempts };
      };
    },
  };
}

/** Two approvers take the time from who has it, and others want it as soon as it is free. */
const bump: Race = {
  name: "bump",
  async open(arena) {
    const ids = await makeResources(arena, RESOURCES);
    return async (slot) => {
      const { id, turn } = placeOf(ids, slot);
      const wish = (who: number) => ({ resource_id: id, ...wishOf(arena, turn, who) });
      const held = await done(arena.people[0], arena.origins[0], "POST", "/reservations", wish(0));
      const bumping = arena.staff.slice(0, 2).map((sam): Attempt => ({
        takes: false,
        send: (origin) => sam.call(origin, "POST", `/reservations/${held.id}/bump`, { reason }),
      }));
      const others = arena.people.slice(1).map((person, i): Attempt => ({
        send: async (origin) => {
          // By the time that most of them ask, it may have been given up.
          await new Promise((resolve) => setTimeout(resolve, 2 * i));
          return await person.call(origin, "POST", "/reservations", wish(i + 1));
        },
      }));
      return { ...windowOf(arena, turn, [id]), attempts: [...bumping, ...others] };
    };
  },
  holds(holders, answers) {
    const bumped = answers.filter(({ status, json }) => status === 200 && json.status === "bumped");
    if (bumped.length !== 1) return `it was bumped ${bumped.length} times`;
    const told = answers.filter(({ status }) => status === 201);
    if (told.length > 1) return `${told.length} were told that they have it`;
    if (`${holders.map((one) => one.reservation_id)}` !== `${told.map(({ json }) => json.id)}`) {
      return `${holders.length} hold it, and ${told.length} were told so`;
    }
  },
};

/** Every path on which an approver gives somebody a time. */
export const DECIDING: readonly Race[] = [
  deciding("approve", {}, 1),
  deciding("approve with override", { force_override: true, reason }),
  bump,
];
