import { z } from "zod";
import { listPending, type Pending } from "../../domain/queue.ts";
import { actorOf } from "../env.ts";
import { listOf, Waiting } from "./answers.ts";
import { after, list, Paging, reservationJson } from "./json.ts";
import { calls } from "./operations.ts";

/** What waits for a decision, for programs. */
export const approvals = calls("/approvals", "Approvals");

approvals.get("/", {
  id: "listApprovals",
  summary: "List what waits for a decision: higher priority first, then the soonest",
  description:
    "Each with what is in its way and who else wants the time. It is decided by `…/approve` and `…/deny`.",
  who: "see_queue",
  query: z.object({
    all: z.enum(["true", "false"], "Say true or false").default("false")
      .describe("Whatever one may decide on, not only what is one's own before it is an administrator's"),
    asked: z.enum(["true", "false"], "Say true or false").default("false")
      .describe("What waits for an answer of its requester, instead of what does not"),
    ...Paging,
  }),
  fields: Waiting,
  answers: { 200: listOf(Waiting) },
}, async (c, { query: { all, asked, limit, cursor } }) => {
  const offset = after({ cursor }, placeKey) ?? 0;
  const which = { limit: limit + 1, offset, asked: asked === "true", all: all === "true" };
  const found = await listPending(c.var.sql, actorOf(c), which, c.var.now);
  const shape = (row: Pending) => ({
    ...reservationJson(row, c.var.now),
    ...{ requester_name: row.requester_name, conflicts: row.conflicts, competitors: row.competitors },
    question: row.question,
  });
  return list(c, found, limit, shape, () => offset + limit);
});

// What is decided meanwhile leaves the queue, so its order has no key that would stay: a page is a place in it.
function placeKey(key: unknown): number | undefined {
  return Number.isSafeInteger(key) && Number(key) >= 0 && Number(key) <= 1_000_000 ? Number(key) : undefined;
}
