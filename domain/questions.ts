import { z } from "zod";
import { transaction } from "../db/transaction.ts";
import type { Db, Sql, Tx } from "../db/types.ts";
import { newId } from "../lib/ids.ts";
import { permitDecision } from "./approvers.ts";
import { Conflict } from "./errors.ts";
import { record } from "./history.ts";
import { announce } from "./outbox.ts";
import { type Actor, permit } from "./permissions.ts";
import { getReservation } from "./reservations.ts";
import { text } from "./texts.ts";
import { type Status, statusAt, type Timed } from "./transitions.ts";

export const Question = z.object({
  question: text(500).refine((said) => said.length > 0, "Ask something"),
});
export const Answer = z.object({
  answer: text(500).refine((said) => said.length > 0, "Write an answer"),
});

/** What an approver asked of a requester, and waits to hear. */
export interface OpenQuestion {
  id: string;
  question: string;
  asked_by_name: string;
  asked_at: Temporal.Instant;
}

/**
 * Asks the requester something before deciding. The request stays pending; in the queue it stands apart until it is
 * answered, and can be decided all the same.
 *
 * @throws {Conflict} when it is no longer pending, or something is asked already
 */
export async function ask(
  sql: Sql,
  actor: Actor,
  { id, question }: { id: string; question: string },
  now: Temporal.Instant,
): Promise<void> {
  permit(actor, "see_queue");
  const before = await getReservation(sql, actor, id);
  await permitDecision(sql, actor, before, now);
  await transaction(sql, async (tx) => {
    const status = await waiting(tx, before.id, "asked about", now);
    const asked = await tx`
      insert into questions (id, reservation_id, asked_by, question, asked_at)
      values (${newId(now.epochMilliseconds)}, ${before.id}, ${actor.id}, ${question}, ${now})
      on conflict do nothing returning id`;
    if (asked.length === 0) {
      throw new Conflict("Something is asked about this request already: wait for the answer");
    }
    const entry = { reservation_id: before.id, action: "ask", details: { question } } as const;
    await record(tx, actor, { ...entry, previous_state: { status } }, now);
    await announce(tx, "reservation.asked", before.id, now);
  });
}

/**
 * Answers what an approver asked: the request is back in the queue.
 *
 * @throws {Conflict} when it is no longer pending, or nothing is asked
 */
export async function answer(
  sql: Sql,
  actor: Actor,
  { id, answer }: { id: string; answer: string },
  now: Temporal.Instant,
): Promise<void> {
  const before = await getReservation(sql, actor, id);
  permit(actor, "answer", before.requester_id);
  await transaction(sql, async (tx) => {
    const status = await waiting(tx, before.id, "answered for", now);
    const answered = await tx`
      update questions set answer = ${answer}, answered_at = ${now}
      where reservation_id = ${before.id} and answered_at is null returning id`;
    if (answered.length === 0) throw new Conflict("Nothing is asked about this request any more");
    const entry = { reservation_id: before.id, action: "answer", details: { answer } } as const;
    await record(tx, actor, { ...entry, previous_state: { status } }, now);
    await announce(tx, "reservation.answered", before.id, now);
  });
}

/** What is asked about a request and not answered yet. */
export async function openQuestion(db: Db, reservation_id: string): Promise<OpenQuestion | undefined> {
  const [row] = await db<OpenQuestion[]>`
    select q.id, q.question, u.name as asked_by_name, q.asked_at
    from questions q join users u on u.id = q.asked_by
    where q.reservation_id = ${reservation_id} and q.answered_at is null`;
  return row;
}

// Locked: whoever decides meanwhile comes before or after.
async function waiting(tx: Tx, id: string, verb: string, now: Temporal.Instant): Promise<Status> {
  const [row] = await tx<Timed[]>`
    select status, start_time, end_time, check_in_until from reservations where id = ${id} for update`;
  const status = statusAt(row, now);
  if (status === "pending") return status;
  throw new Conflict(`This request cannot be ${verb}: it is already ${status.replace("_", " ")}`);
}
