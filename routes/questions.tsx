import { Hono } from "hono";
import { Invalid } from "../domain/errors.ts";
import { Answer, answer, ask, Question } from "../domain/questions.ts";
import { getReservation } from "../domain/reservations.ts";
import { reservationPath } from "../views/words.ts";
import { answered } from "./approvals.tsx";
import { actorOf, type Env } from "./env.ts";
import { check, fields, orAgain } from "./forms.ts";
import { allowed } from "./middleware.ts";
import { showReservation } from "./reservations.tsx";
import { done } from "./respond.tsx";

/** What an approver wants to know before deciding, and the answer. */
export const questions = new Hono<Env>();

questions.post("/reservations/:id/ask", allowed("see_queue"), async (c) => {
  const { question = "" } = await fields(c);
  return answered(c, c.req.param("id"), async (id) => {
    await ask(c.var.sql, actorOf(c), { id, ...check(Question, { question }) }, c.var.now);
    return "Asked";
  });
});

questions.post("/reservations/:id/answer", async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const { id, reference } = await getReservation(sql, actor, c.req.param("id"));
  const { answer: said = "" } = await fields(c);
  return orAgain(async () => {
    await answer(sql, actor, { id, ...check(Answer, { answer: said }) }, now);
    const text = "Answered: an approver decides on it now";
    return done(c, { to: reservationPath(reference), notice: { text } });
  }, ({ status, message, cause, errors }) => {
    const wrong = cause instanceof Invalid ? { said, message: errors.answer } : undefined;
    return showReservation(c, id, { status, message, answer: wrong });
  });
});
