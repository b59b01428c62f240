import { Hono } from "hono";
import { find, type Slot } from "../../domain/find.ts";
import { Find, settle } from "../../domain/wishes.ts";
import { actorOf, type Env } from "../env.ts";
import { check } from "../forms.ts";

/** “Find me a slot”, for programs. */
export const finding = new Hono<Env>();

finding.get("/", async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const sought = settle(check(Find, c.req.query()), actor.time_zone, now);
  const { slots, loosen, quotas } = await find(sql, actor, sought, now);
  return c.json({
    data: slots.map(slotJson),
    next_cursor: null,
    loosen: loosen.map(({ wish, message, change, slot }) => ({
      wish,
      message,
      change,
      first: slotJson(slot),
    })),
    quotas,
  });
});

function slotJson({ needs_approval, merits, ...slot }: Slot) {
  return { ...slot, needs_approval: needs_approval ?? null, reasons: merits };
}
