import { z } from "zod";
import type { Db, Sql } from "../db/types.ts";
import { approve, Denial, deny } from "./approvals.ts";
import { Conflict, Forbidden, Invalid, NotFound } from "./errors.ts";
import type { Actor } from "./permissions.ts";
import { listPendingById, type Pending } from "./queue.ts";
import { Why } from "./texts.ts";

/** So many requests are decided together at most: as many as a page of the queue has. */
export const AT_ONCE = 50;

const Ticked = z.object({ id: z.string(), version: z.int("Tick the requests on the page").positive() });
const Those = z.array(Ticked).min(1, "Tick at least one request")
  .max(AT_ONCE, `Tick at most ${AT_ONCE} requests`);

/** The same answer to several requests, each as it was when it was looked at. */
export const Several = z.discriminatedUnion("verb", [
  z.object({ verb: z.literal("approve"), tick: Those, reason: Why.optional() }),
  z.object({ verb: z.literal("deny"), tick: Those, reason: Denial.shape.reason }),
], "Say whether to approve or to deny");
export type Several = z.infer<typeof Several>;

/** What became of one of them. */
export interface Answered {
  id: string;
  /** Why it was not done; undefined where it was. */
  why?: string;
}

/**
 * Gives several requests the same answer, one after the other, each in a transaction of its own: what is refused of
 * one stops none of the others. In the order given, so that of two that want the same time the first has it.
 */
export async function decideSeveral(
  sql: Sql,
  actor: Actor,
  { verb, tick, reason = "" }: Several,
  now: Temporal.Instant,
): Promise<Answered[]> {
  const answered: Answered[] = [];
  for (const { id, version } of tick) {
    const one = { id, version, reason };
    const decided = verb === "approve"
      ? approve(sql, actor, { ...one, reason: reason || undefined }, now)
      : deny(sql, actor, one, now);
    answered.push(
      await decided.then(() => ({ id }), (error) => {
        if (!isRefusal(error)) throw error;
        return { id, why: error.message };
      }),
    );
  }
  return answered;
}

function isRefusal(error: unknown): error is Error {
  return [Conflict, Forbidden, Invalid, NotFound].some((kind) => error instanceof kind);
}

/** One of several as it is now: decided as wanted, or why not. */
export interface Outcome {
  request: Pending;
  why?: string;
}

/** What became of several requests, as the database has it: read again it says the same. */
export async function outcomesOf(
  db: Db,
  actor: Actor,
  { verb, ids }: { verb: Several["verb"]; ids: readonly string[] },
  now: Temporal.Instant,
): Promise<Outcome[]> {
  const requests = await listPendingById(db, actor, ids.slice(0, AT_ONCE), now);
  return requests.map((request) => ({ request, why: whyNot(request, actor, verb) }));
}

function whyNot(request: Pending, actor: Actor, verb: Several["verb"]): string | undefined {
  const { status, conflicts, decided_by_name, decided_by_id } = request;
  const wanted = verb === "approve" ? "approved" : "denied";
  if (status === wanted && decided_by_id === actor.id) return undefined;
  if (status !== "pending") {
    const decided = ["approved", "denied", "bumped"].includes(status);
    return `It is already ${status.replace("_", " ")}${decided ? ` by ${decided_by_name}` : ""}`;
  }
  if (!request.may_decide) return "You may not decide on it";
  if (verb === "approve" && conflicts[0]?.offered) {
    return `${conflicts[0].resource_name} is offered to somebody on the waitlist`;
  }
  if (verb === "approve" && conflicts.length > 0) {
    return `${conflicts[0].resource_name} is already taken by ${conflicts[0].requester_name}`;
  }
  return "It was changed since you looked at it: look at it again";
}
