import { Hono } from "hono";
import { type AuditEntry, type AuditKey, listAudit } from "../../domain/audit.ts";
import { Invalid } from "../../domain/errors.ts";
import { readInstant } from "../../domain/periods.ts";
import { isId } from "../../lib/ids.ts";
import { actorOf, type Env } from "../env.ts";
import { allowed } from "../middleware.ts";
import { auditJson, list, paging } from "./json.ts";
import { timeIn } from "./schemas.ts";

/** Everything that was ever changed, for programs of staff. */
export const audit = new Hono<Env>();

const IDS = {
  reservation_id: "a reservation",
  actor_id: "a person",
  resource_id: "a resource",
  user_id: "a person",
};

audit.get("/", allowed("see_audit"), async (c) => {
  const query = c.req.query();
  for (const [path, what] of Object.entries(IDS)) {
    if (query[path] && !isId(query[path])) throw new Invalid([{ path, message: `Give the id of ${what}` }]);
  }
  const { reservation_id, actor_id, resource_id, user_id, action } = query;
  if (action && !/^[a-z_]{1,40}$/.test(action)) {
    throw new Invalid([{ path: "action", message: "Give an action, such as approve" }]);
  }
  const { limit, after } = paging(c, timeKey);
  const found = await listAudit(c.var.sql, actorOf(c), {
    ...{ reservation_id, actor_id, action },
    resources: resource_id ? [resource_id] : undefined,
    people: user_id ? [user_id] : undefined,
    from: timeIn(query, "from"),
    to: timeIn(query, "to"),
  }, { limit, after });
  return list(c, found, limit, auditJson, ({ at, id }: AuditEntry) => ({ at, id }));
});

function timeKey(key: unknown): AuditKey | undefined {
  const { at, id } = key as { at?: unknown; id?: unknown };
  const instant = typeof at === "string" ? readInstant(at) : undefined;
  return instant && typeof id === "string" && /^\d{1,18}$/.test(id) ? { at: instant, id } : undefined;
}
