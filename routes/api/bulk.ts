import { z } from "zod";
import { together } from "../../db/transaction.ts";
import type { Sql } from "../../db/types.ts";
import { queueUp } from "../../domain/allocations.ts";
import { Approval } from "../../domain/approvals.ts";
import { cancel } from "../../domain/edits.ts";
import { freeingTogether } from "../../domain/offers.ts";
import { actorOf, type Context } from "../env.ts";
import { problemOf } from "../errors.tsx";
import { Refused } from "../refused.ts";
import { BulkDone } from "./answers.ts";
import { calls } from "./operations.ts";
import { read, reserve } from "./reserving.ts";
import { NewReservation } from "./schemas.ts";

const AT_MOST = 200;
const EXAMPLE = {
  resource_id: "0190a5c2-7b1e-7c33-9d2a-5f4e8a1b6c70",
  start_time: "2027-03-01T09:00:00+01:00",
  end_time: "2027-03-01T10:00:00Z",
};

const Bulk = z.object({
  mode: z.enum(["all_or_nothing", "each"], "The mode is all_or_nothing or each").default("all_or_nothing"),
  cancel: z.array(
    z.object({
      id: z.guid("Give the id of a reservation").toLowerCase(),
      reason: Approval.shape.reason,
    }),
    "Give a list",
  ).default([]),
  create: z.array(NewReservation, "Give a list").default([]),
}).refine(({ create, cancel }) => create.length + cancel.length >= 1, {
  path: ["create"],
  message: "Name something to create or to cancel",
}).refine(({ create, cancel }) => create.length + cancel.length <= AT_MOST, {
  path: ["create"],
  message: `Name at most ${AT_MOST} in one call`,
}).meta({ id: "Bulk", examples: [{ mode: "each", create: [EXAMPLE] }] });
type Bulk = z.output<typeof Bulk>;

/** What became of one of many. */
interface Result {
  action: "cancel" | "create";
  /** Its place in the list that it was sent in. */
  index: number;
  status: number;
  reservation?: unknown;
  problem?: unknown;
}

/** Many reservations in one call, by the same functions as each alone: rules, quotas and approval included. */
export const bulk = calls("/reservations/bulk", "Reservations");

bulk.post("/", {
  id: "changeReservations",
  summary: "Create and cancel many in one call",
  description:
    "Up to 200, what is cancelled first, so that its slots can be had. `all_or_nothing` is one transaction: " +
    "where one is refused, the answer is 409 with a result for each, and nothing is done (424: it would have been). " +
    "What it cancels and takes again never comes free; only what is left over is offered to the waitlist. " +
    "`each` does what can be done, and what it cancels is offered before it can be taken again. What is not understood is refused as a whole with 422.",
  who: "reserve",
  body: Bulk,
  answers: { 200: BulkDone, 409: "Something was refused, so that nothing was done: `results` says what" },
}, async (c, { body }) => {
  if (body.mode === "each") return { results: await one(c.var.sql, c, body) };
  return await together(c.var.sql, async (sql, tx) => {
    const results = await freeingTogether(tx, "anywhere", async () => {
      // In one order, so that two of these do not wait for each other crosswise. Which ones any will be is not known yet.
      await queueUp(tx, body.create.flatMap((wish) => wish.resource_ids ?? wish.resource_id ?? []));
      return await one(sql, c, body);
    }, c.var.now);
    const refused = results.filter(({ status }) => status >= 400).length;
    if (refused === 0) return { results };
    const told = results.map((result) => result.status >= 400 ? result : undone(result));
    throw new Refused(
      409,
      "Nothing was done",
      `${refused} of ${results.length} were refused, so nothing was done`,
      {
        results: told,
      },
    );
  });
});

// One after the other; a refusal takes back what it is about, and no more.
async function one(sql: Sql, c: Context, { cancel: gone, create }: Bulk): Promise<Result[]> {
  const results: Result[] = [];
  const attempt = async (action: Result["action"], index: number, work: (sql: Sql) => Promise<unknown>) => {
    const status = action === "create" ? 201 : 200;
    try {
      results.push({ action, index, status, reservation: await together(sql, work) });
    } catch (error) {
      const { status, body } = problemOf(c, error);
      if (status >= 500) throw error;
      results.push({ action, index, status, problem: body });
    }
  };
  for (const [index, { id, reason }] of gone.entries()) {
    await attempt("cancel", index, async (sql) => {
      await cancel(sql, actorOf(c), { id, reason }, c.var.now);
      return (await read(sql, c, id)).json;
    });
  }
  for (const [index, wish] of create.entries()) {
    await attempt("create", index, async (sql) => (await reserve(sql, c, wish)).json);
  }
  return results;
}

function undone({ action, index }: Result): Result {
  return { action, index, status: 424 };
}
