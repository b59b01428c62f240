import { z } from "zod";
import {
  type Absence,
  delegate,
  endDelegation,
  getAbsence,
  listAbsences,
  NewDelegation,
} from "../../domain/delegations.ts";
import { readInstant } from "../../domain/periods.ts";
import { isId } from "../../lib/ids.ts";
import { actorOf } from "../env.ts";
import { Delegation, listOf } from "./answers.ts";
import { after, list, Paging } from "./json.ts";
import { calls } from "./operations.ts";

/** Who decides while an approver is away, for programs. */
export const delegations = calls("/delegations", "Delegations", "This absence");

delegations.get("/", {
  id: "listDelegations",
  summary: "List who stands in for whom: one's own, or all for administrators",
  who: "delegate",
  query: z.object(Paging),
  fields: Delegation,
  answers: { 200: listOf(Delegation) },
}, async (c, { query: { limit, cursor } }) => {
  const asked = { limit, after: after({ cursor }, startKey) };
  const found = await listAbsences(c.var.sql, actorOf(c), asked, c.var.now);
  return list(c, found, limit, absenceJson, ({ starts_at, id }) => ({ starts_at, id }));
});

delegations.post("/", {
  id: "createDelegation",
  summary: "Let somebody else decide while one is away, whole days from the first to the last",
  who: "delegate",
  body: NewDelegation,
  answers: { 201: Delegation, 409: "One is away at that time already" },
}, async (c, { body }) => {
  const id = await delegate(c.var.sql, actorOf(c), body, c.var.now);
  c.header("Location", `/api/v1/delegations/${id}`);
  return absenceJson(await getAbsence(c.var.sql, actorOf(c), id));
});

delegations.delete("/:id", {
  id: "endDelegation",
  summary: "Be back, before the time or at once",
  who: "delegate",
  answers: { 204: "Nobody stands in any more" },
}, (c, { id }) => endDelegation(c.var.sql, actorOf(c), id, c.var.now));

function absenceJson({ id, user_id, to_user_id, starts_at, ends_at, created_at }: Absence) {
  return { id, user_id, to_user_id, starts_at, ends_at, created_at };
}

function startKey(key: unknown): { starts_at: Temporal.Instant; id: string } | undefined {
  const { starts_at, id } = key as { starts_at?: unknown; id?: unknown };
  const instant = typeof starts_at === "string" ? readInstant(starts_at) : undefined;
  return instant && typeof id === "string" && isId(id) ? { starts_at: instant, id } : undefined;
}
