import { Hono } from "hono";
import { decideSeveral, outcomesOf, Several } from "../domain/several.ts";
import { SeveralPage } from "../views/several.tsx";
import { showQueue } from "./approvals.tsx";
import { actorOf, type Env } from "./env.ts";
import { check, every, fields, orAgain } from "./forms.ts";
import { allowed } from "./middleware.ts";
import { done, page } from "./respond.tsx";

/** The same answer to several requests of the queue. */
export const several = new Hono<Env>();

several.post("/approvals/several", allowed("see_queue"), async (c) => {
  const { sql, now } = c.var;
  const { verb, reason = "" } = await fields(c);
  const ticked = await every(c, "tick");
  const tick = ticked.map((value) => {
    const [id, version] = value.split(":");
    return { id, version: Number(version) };
  });
  return orAgain(async () => {
    const answer = check(Several, { verb, reason, tick });
    await decideSeveral(sql, actorOf(c), answer, now);
    const of = tick.map(({ id }) => id).join(",");
    return done(c, { to: `/approvals/several?verb=${answer.verb}&of=${encodeURIComponent(of)}` });
  }, ({ errors, status, message }) => {
    const { reason: beside, ...others } = errors;
    const wrong = { reason, message: beside, form: Object.values(others)[0] ?? message };
    return showQueue(c, { several: { ticked, wrong }, status });
  });
});

several.get("/approvals/several", allowed("see_queue"), async (c) => {
  const { sql, now } = c.var;
  const { verb, of = "" } = c.req.query();
  const wanted = verb === "deny" ? "deny" : "approve";
  const outcomes = await outcomesOf(sql, actorOf(c), { verb: wanted, ids: of.split(",") }, now);
  const body = <SeveralPage verb={wanted} outcomes={outcomes} now={now} />;
  return page(c, { title: "Decided together", body });
});
