import { Hono } from "hono";
import { Denial } from "../domain/approvals.ts";
import { Conflict, Invalid } from "../domain/errors.ts";
import { approveChange, denyChange, withdrawChange } from "../domain/proposals.ts";
import { countPending, listChanges } from "../domain/queue.ts";
import { getReservation } from "../domain/reservations.ts";
import { ChangeRow, DecidedChange } from "../views/proposals.tsx";
import { reservationPath } from "../views/words.ts";
import { showQueue } from "./approvals.tsx";
import { actorOf, type Context, type Env } from "./env.ts";
import { check, fields, type Values } from "./forms.ts";
import { done, part, wantsPart } from "./respond.tsx";

/** Changes of what is approved: taken back by whoever asked for them. Their answers come in with the queue's. */
export const proposals = new Hono<Env>();

proposals.post("/reservations/:id/withdraw_change", async (c) => {
  const { sql, now } = c.var;
  const { id, reference } = await getReservation(sql, actorOf(c), c.req.param("id"));
  const { change = "" } = await fields(c);
  await withdrawChange(sql, actorOf(c), { id, change }, now);
  return done(c, { to: reservationPath(reference), notice: { text: "The change is withdrawn" } });
});

/** The answer to a change: its row is what is swapped. */
export async function answeredChange(c: Context, given: string, verb: "approve" | "deny", values: Values) {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const { id, reference, requester_name } = await getReservation(sql, actor, given);
  const change = values.change ?? "";
  try {
    if (verb === "approve") await approveChange(sql, actor, { id, change }, now);
    else {
      const { reason } = check(Denial, { reason: "", ...values });
      await denyChange(sql, actor, { id, change, reason }, now);
    }
    const text = verb === "approve" ? "The change is approved" : "The change is denied";
    const row = wantsPart(c)
      ? <DecidedChange {...{ id: change, reference, text }} waiting={await countPending(sql, actor, now)} />
      : undefined;
    return done(c, {
      to: "/approvals",
      notice: { text: `${text}: ${requester_name} can read it` },
      part: row,
    });
  } catch (error) {
    if (!(error instanceof Invalid || error instanceof Conflict)) throw error;
    const status = error instanceof Invalid ? 422 : 409;
    const reason = error instanceof Invalid ? values.reason ?? "" : undefined;
    const wrong = { id: change, message: error.message, reason };
    if (!wantsPart(c)) return showQueue(c, { change: wrong, status });
    const row = (await listChanges(sql, actor, { limit: 50, all: true }, now)).find((one) =>
      one.proposal.id === change
    );
    const zone = actor.time_zone;
    return row ? part(c, <ChangeRow change={row} zone={zone} now={now} wrong={wrong} />, status) : part(
      c,
      <DecidedChange
        id={change}
        reference={reference}
        text={error.message}
        waiting={await countPending(sql, actor, now)}
      />,
      status,
    );
  }
}
