import { find, type Slot } from "../../domain/find.ts";
import { Find, settle } from "../../domain/wishes.ts";
import { actorOf } from "../env.ts";
import { Found } from "./answers.ts";
import { calls } from "./operations.ts";

/** “Find me a slot”, for programs. */
export const finding = calls("/find", "Finding");

finding.get("/", {
  id: "findSlots",
  summary: "Find the best free slots across all resources for a wish",
  description:
    "Each can be reserved at once by who asks. Where there is none, `loosen` says which part of the wish to " +
    "give up, and what is free then.",
  who: "signed in",
  query: Find,
  answers: { 200: Found },
}, async (c, { query }) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const { slots, loosen, quotas } = await find(sql, actor, settle(query, actor.time_zone, now), now);
  return {
    data: slots.map(slotJson),
    next_cursor: null,
    loosen: loosen.map(({ wish, message, change, slot }) => ({
      wish,
      message,
      change,
      first: slotJson(slot),
    })),
    quotas,
  };
});

function slotJson({ needs_approval, merits, ...slot }: Slot) {
  return { ...slot, needs_approval: needs_approval ?? null, reasons: merits };
}
