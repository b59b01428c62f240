import { z } from "zod";
import { type AuditEntry, type AuditKey, listAudit } from "../../domain/audit.ts";
import { readInstant } from "../../domain/periods.ts";
import { actorOf } from "../env.ts";
import { AuditEntry as Entry, listOf } from "./answers.ts";
import { after, auditJson, list, Paging } from "./json.ts";
import { calls } from "./operations.ts";
import { idOf, TimeInAddress } from "./schemas.ts";

/** Everything that was ever changed, for programs of staff. */
export const audit = calls("/audit-logs", "Audit");

audit.get("/", {
  id: "listAuditLogs",
  summary: "Read who changed what, newest first",
  who: "see_audit",
  query: z.object({
    reservation_id: idOf("a reservation").optional(),
    actor_id: idOf("a person").optional(),
    resource_id: idOf("a resource").optional(),
    user_id: idOf("a person").optional(),
    action: z.string().regex(/^[a-z_]{1,40}$/, "Give an action, such as approve").optional(),
    from: TimeInAddress.optional(),
    to: TimeInAddress.optional(),
    ...Paging,
  }),
  fields: Entry,
  answers: { 200: listOf(Entry) },
}, async (c, { query: { resource_id, user_id, limit, cursor, ...filter } }) => {
  const found = await listAudit(c.var.sql, actorOf(c), {
    ...filter,
    resources: resource_id ? [resource_id] : undefined,
    people: user_id ? [user_id] : undefined,
  }, { limit, after: after({ cursor }, timeKey) });
  return list(c, found, limit, auditJson, ({ at, id }: AuditEntry) => ({ at, id }));
});

function timeKey(key: unknown): AuditKey | undefined {
  const { at, id } = key as { at?: unknown; id?: unknown };
  const instant = typeof at === "string" ? readInstant(at) : undefined;
  return instant && typeof id === "string" && /^\d{1,18}$/.test(id) ? { at: instant, id } : undefined;
}
