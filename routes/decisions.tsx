import { Hono } from "hono";
import { Bump, bump } from "../domain/bumps.ts";
import { getReservation } from "../domain/reservations.ts";
import { reservationPath } from "../views/words.ts";
import { actorOf, type Env } from "./env.ts";
import { check, fields, orAgain } from "./forms.ts";
import { allowed } from "./middleware.ts";
import { showReservation } from "./reservations.tsx";
import { done } from "./respond.tsx";

/** What an approver does to one reservation, beside the two answers of the queue. */
export const decisions = new Hono<Env>();

decisions.post("/reservations/:id/bump", allowed("see_queue"), async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const { id, reference, requester_name } = await getReservation(sql, actor, c.req.param("id"));
  const { reason = "" } = await fields(c);
  return orAgain(async () => {
    await bump(sql, actor, { id, ...check(Bump, { reason }) }, now);
    const text = `Bumped: its time is free, and ${requester_name} is offered others`;
    return done(c, { to: reservationPath(reference), notice: { text } });
  }, ({ status, message, errors }) =>
    showReservation(c, id, {
      status,
      message,
      bump: errors.reason ? { reason, message: errors.reason } : undefined,
    }));
});
