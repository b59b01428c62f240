import fc from "fast-check";
import { request } from "../../../domain/requests.ts";
import { changeResource } from "../../../domain/resources.ts";
import { type Action, action, anybody, idsOf, periodOf, slot } from "./world.ts";

const HALL = 0, MANOR = 6, WING = 7;

/** What is done with what is composed of others, in two depths: the manor of the hall and the wing, the wing of halls. */
export const COMPOSING: Action[] = [
  action("compose anew", 3, 10, {
    whole: fc.constantFrom(MANOR, WING, HALL),
    parts: fc.uniqueArray(fc.constantFrom(0, 2, 3, 5, 7), { maxLength: 3 }),
  }, (world, sql, a, now) => {
    const [id] = idsOf(world, [a.whole]);
    return changeResource(sql, world.cast.ada, { id, part_ids: idsOf(world, a.parts) }, now);
  }),
  action(
    "take in a part, or let it go",
    3,
    10,
    { whole: fc.constantFrom(MANOR, WING), part: fc.constantFrom(0, 2, 5, 7) },
    async (world, sql, a, now) => {
      const [id, part_id] = idsOf(world, [a.whole, a.part]);
      const present = await sql<
        { part_id: string }[]
      >`select part_id from resource_parts where whole_id = ${id}`;
      const others = present.map((row) => row.part_id).filter((one) => one !== part_id);
      const part_ids = others.length < present.length ? others : [...others, part_id];
      return changeResource(sql, world.cast.ada, { id, part_ids }, now);
    },
  ),
  action(
    "request a whole",
    6,
    40,
    { who: anybody, whole: fc.constantFrom(MANOR, WING), slot },
    (world, sql, a, now) => {
      const resource_ids = idsOf(world, [a.whole]);
      return request(sql, world.cast[a.who], { ...periodOf(a.slot, now), resource_ids }, now);
    },
  ),
];
