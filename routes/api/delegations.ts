import { Hono } from "hono";
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
import { actorOf, type Env } from "../env.ts";
import { allowed } from "../middleware.ts";
import { body, idOf, list, paging } from "./json.ts";

/** Who decides while an approver is away, for programs. */
export const delegations = new Hono<Env>();

delegations.use(allowed("delegate"));

delegations.get("/", async (c) => {
  const { limit, after } = paging(c, startKey);
  const found = await listAbsences(c.var.sql, actorOf(c), { limit, after }, c.var.now);
  return list(c, found, limit, absenceJson, ({ starts_at, id }) => ({ starts_at, id }));
});

delegations.post("/", async (c) => {
  const id = await delegate(c.var.sql, actorOf(c), await body(c, NewDelegation), c.var.now);
  return c.json(absenceJson(await getAbsence(c.var.sql, actorOf(c), id)), 201);
});

delegations.delete("/:id", async (c) => {
  await endDelegation(c.var.sql, actorOf(c), idOf(c, "This absence"), c.var.now);
  return c.body(null, 204);
});

function absenceJson({ id, user_id, to_user_id, starts_at, ends_at, created_at }: Absence) {
  return { id, user_id, to_user_id, starts_at, ends_at, created_at };
}

function startKey(key: unknown): { starts_at: Temporal.Instant; id: string } | undefined {
  const { starts_at, id } = key as { starts_at?: unknown; id?: unknown };
  const instant = typeof starts_at === "string" ? readInstant(starts_at) : undefined;
  return instant && typeof id === "string" && isId(id) ? { starts_at: instant, id } : undefined;
}
