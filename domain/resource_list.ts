import { firstOf } from "../db/plans.ts";
import type { Db } from "../db/types.ts";
import { offeredWith } from "./accessories.ts";
import { heldOf, heldUnits } from "./allocations.ts";
import { directParts } from "./parts.ts";
import type { Period } from "./periods.ts";
import type { Resource } from "./resources.ts";

/** What to look for; all of it must hold. */
export interface ResourceFilter {
  q?: string;
  kind?: string;
  tag?: string;
  min_capacity?: number;
  /** Only accessories, or only what is reserved by itself. */
  accessory?: boolean;
  /** Only what has as many units free for all of this period: one, where it is not said how many. */
  free?: Period & { quantity?: number };
  /** Deactivated ones are left out unless asked for. */
  deactivated?: boolean;
  limit: number;
  /** The last one of the page before: its name in lower case, and its id. */
  after?: { name: string; id: string };
}

/** A resource in a list, with what it is at this moment. */
export type Listed = Resource & {
  in_use_until: Temporal.Instant | null;
  closed_until: Temporal.Instant | null;
};

/** Resources by name, one more than `limit` where there are more. */
export function listResources(db: Db, filter: ResourceFilter, now: Temporal.Instant): Promise<Listed[]> {
  const { q, kind, tag, min_capacity, free, accessory, deactivated = false, limit, after } = filter;
  const words = q && `%${q.replace(/[\\%_]/g, "\\$&")}%`;
  return firstOf(db, limit + 1, (first) =>
    db<Listed[]>`
    select r.*, ${directParts(db)}, ${offeredWith(db)}, (
      select min(upper(a.period)) from ${heldOf(db, db`tstzrange(${now}, ${now}, '[]')`, now)} a
      having count(distinct a.unit) >= r.units) as in_use_until, (
      select max(upper(d.period)) from closure_dates d
      where d.resource_id = r.id and d.period @> ${now}::timestamptz) as closed_until
    from resources r
    where ${deactivated ? db`true` : db`r.deactivated_at is null`}
      ${
      words
        ? db`and (r.name ilike ${words} or r.kind ilike ${words} or r.location ilike ${words}
          or r.description ilike ${words} or exists (select from unnest(r.tags) t where t ilike ${words}))`
        : db``
    }
      ${accessory === undefined ? db`` : db`and r.accessory = ${accessory}`}
      ${kind ? db`and r.kind = ${kind}` : db``}
      ${tag ? db`and r.tags @> ${[tag.toLowerCase()]}` : db``}
      ${min_capacity ? db`and r.capacity >= ${min_capacity}` : db``}
      ${
      free
        ? db`and r.deactivated_at is null and r.units >= ${free.quantity ?? 1} + 
          ${heldUnits(db, db`tstzrange(${free.start_time}, ${free.end_time}, '[)')`, now)}`
        : db``
    }
      ${after ? db`and (lower(r.name), r.id) > (${after.name}, ${after.id})` : db``}
    order by lower(r.name), r.id
    ${first}`);
}
